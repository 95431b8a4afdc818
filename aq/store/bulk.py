"""Many new station hours at once, from columns: no object a row."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from aq.domain.model import Station
from aq.domain.pollutants import KEYS
from aq.feeds.registry import FEED_IDS
from aq.store.archive import months as retained
from aq.store.engine import Txn
from aq.store.schema import station_hour
from aq.store.stations import Directory
from aq.store.upsert import upsert_cells

Ints = NDArray[np.int32]
_EMPTY = ("flags", "khai", "khai_grade", "pm10_24h", "pm25_24h", "grades")


def put_new_hours(
    txn: Txn,
    feed: str,
    stations: Sequence[Station],
    columns: tuple[Ints, Ints, Mapping[str, Ints]],
    directory: Directory,
) -> bool:
    """Write station hours without flags, none of which is stored yet; False, with nothing done,
    where one is, or where their months stand in the archive.

    `columns` are the index into `stations`, the hour number and by pollutant the scaled value, -1
    where there is none.
    """
    which, hours, values = columns
    feed_id = FEED_IDS[feed]
    first, last = int(hours.min()), int(hours.max())
    named = np.unique(which).tolist()
    numbers = np.zeros(len(stations), np.int64)
    numbers[named] = directory.resolve([stations[place] for place in named])
    own = numbers[which]
    keys = own * (1 << 32) + hours
    if len(np.unique(keys)) < len(keys) or retained.months(txn.connection, first, last):
        return False
    held = _held(txn.connection, feed_id, np.unique(own).tolist(), first, last)
    if np.isin(held, keys, assume_unique=True).any():
        return False
    cells: dict[str, Any] = {
        "station": own.tolist(),
        "hour": hours.tolist(),
        "feed": repeat(feed_id),
        **{key: _cells(values.get(key)) for key in KEYS},
        "bad": repeat(0),
        **dict.fromkeys(_EMPTY, repeat(None)),
        "version": repeat(txn.version),
    }
    upsert_cells(txn.connection, station_hour, cells, len(keys))
    txn.touch((first, last))
    directory.touch(feed_id, own, hours)
    spoken: dict[int, list[int]] = {}
    for place in named:
        at = np.sort(hours[which == place]).tolist()
        number = int(numbers[place])
        directory.heard(feed_id, number, stations[place], at)
        spoken.setdefault(number, []).extend(at)
    directory.past.extend(feed_id, {number: sorted(at) for number, at in spoken.items()})
    return True


def _cells(column: Ints | None) -> Any:
    if column is None:
        return repeat(None)
    return [None if value < 0 else value for value in column.tolist()]


def _held(
    connection: Connection, feed_id: int, stations: Sequence[int], first: int, last: int
) -> NDArray[np.int64]:
    """The stored rows of some stations and hours, station and hour in one number."""
    table = station_hour
    query = select(table.c.station, table.c.hour).where(
        table.c.feed == feed_id,
        table.c.hour.between(first, last),
        table.c.station.in_(stations),
    )
    rows = connection.execute(query).all()
    return np.array([station * (1 << 32) + hour for station, hour in rows], np.int64)
