"""Reading for rules: province hours of a pollutant in few columns, the highest station."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, func, select

from aq.model import URBAN
from aq.schema import FEED_IDS, KEYS, province_hour, station, station_hour, store_version
from aq.store import retained

Row = Any
# More than there will ever be.
STATIONS = 1 << 24


def mean_hours(
    connection: Connection,
    key: str,
    provinces: Iterable[int],
    after: int,
    until: int,
    *,
    empty: bool = False,
) -> Sequence[Row]:
    """(province, hour, feed, sum, n, expected) of a pollutant; hours without a value if `empty`."""
    table = province_hour
    least = 0 if empty else 1
    query = select(
        table.c.province,
        table.c.hour,
        table.c.feed,
        table.c[f"{key}_sum"],
        table.c[f"{key}_n"],
        table.c[f"{key}_exp"],
    ).where(
        table.c.province.in_(list(provinces)),
        table.c.hour > after,
        table.c.hour <= until,
        table.c[f"{key}_n"] >= least,
    )
    return connection.execute(query).all()


def highest_stations(
    connection: Connection, key: str, provinces: Iterable[int], after: int, until: int
) -> list[tuple[int, int, int, int, int, int]]:
    """(province, hour, feed, highest valid value, stations with one, the station that has it) over
    urban stations; of several that have it, the one with the lowest number.

    Raises `ArchiveError` where an archive cannot be read.
    """
    wanted = list(provinces)
    table = station_hour
    bit = 1 << KEYS.index(key)
    # Value and station in one number, so that one pass over the rows finds both.
    both = cast(table.c[key], BigInteger) * STATIONS + (STATIONS - 1 - table.c.station)
    query = (
        select(
            station.c.province,
            table.c.hour,
            table.c.feed,
            func.max(both),
            func.count(table.c[key]),
        )
        .join_from(table, station, station.c.id == table.c.station)
        .where(
            table.c.hour > after,
            table.c.hour <= until,
            table.c[key].is_not(None),
            table.c.bad.bitwise_and(bit) == 0,
            station.c.network == URBAN,
            station.c.province.in_(wanted),
        )
        .group_by(station.c.province, table.c.hour, table.c.feed)
    )
    rows = [
        (province, hour, feed, top // STATIONS, count, STATIONS - 1 - top % STATIONS)
        for province, hour, feed, top, count in connection.execute(query)
    ]
    if not retained.months(connection, after + 1, until):
        return rows
    urban = select(station.c.id, station.c.province).where(
        station.c.network == URBAN, station.c.province.in_(wanted)
    )
    of = {row.id: row.province for row in connection.execute(urban)}
    return [*rows, *retained.highest(connection, key, of, after, until)]


def changed_hours(connection: Connection, version: int, until: int) -> tuple[int, int] | None:
    """The span of the hours up to `until` that were written after a store version."""
    table = store_version
    first, last = connection.execute(
        select(func.min(table.c.first_hour), func.max(table.c.last_hour)).where(
            table.c.version > version, table.c.first_hour <= until
        )
    ).one()
    return None if first is None else (first, min(last, until))


def hours_heard(connection: Connection, feed: str, after: int, until: int) -> list[int]:
    """The hours for which a feed gave anything, in order."""
    table = province_hour
    query = (
        select(table.c.hour)
        .distinct()
        .where(table.c.feed == FEED_IDS[feed], table.c.hour > after, table.c.hour <= until)
        .order_by(table.c.hour)
    )
    return [int(hour) for hour in connection.scalars(query)]


def station_names(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Names of stations by id."""
    query = select(station.c.id, station.c.name).where(station.c.id.in_(list(numbers)))
    return {row.id: row.name for row in connection.execute(query)}
