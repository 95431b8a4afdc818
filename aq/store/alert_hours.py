"""Reading for rules: province hours of a pollutant in few columns, the highest station."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from aq.model import URBAN
from aq.schema import FEED_IDS, KEYS, province_hour, station, station_hour

Row = Any


def mean_hours(
    connection: Connection, key: str, provinces: Iterable[int], after: int, until: int
) -> Sequence[Row]:
    """(province, hour, feed, sum, n, expected) of a pollutant, hours with a value alone."""
    table = province_hour
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
        table.c[f"{key}_n"] > 0,
    )
    return connection.execute(query).all()


def highest_stations(
    connection: Connection, key: str, provinces: Iterable[int], after: int, until: int
) -> Sequence[Row]:
    """(province, hour, feed, highest valid value, stations with one) over urban stations."""
    table = station_hour
    bit = 1 << KEYS.index(key)
    query = (
        select(
            station.c.province,
            table.c.hour,
            table.c.feed,
            func.max(table.c[key]),
            func.count(table.c[key]),
        )
        .join_from(table, station, station.c.id == table.c.station)
        .where(
            table.c.hour > after,
            table.c.hour <= until,
            table.c[key].is_not(None),
            table.c.bad.bitwise_and(bit) == 0,
            station.c.network == URBAN,
            station.c.province.in_(list(provinces)),
        )
        .group_by(station.c.province, table.c.hour, table.c.feed)
    )
    return connection.execute(query).all()


def first_changed(connection: Connection, version: int, until: int) -> int | None:
    """The first hour up to `until` that was written after a store version; None without one."""
    table = province_hour
    query = select(func.min(table.c.hour)).where(table.c.hour <= until, table.c.version > version)
    found = connection.scalar(query)
    return None if found is None else int(found)


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
