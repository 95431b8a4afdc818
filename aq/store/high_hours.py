"""Hours in which some station was high: where a mean of stations can have been."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import CTE, Connection, Integer, cast, column, select, values

from aq.domain.model import URBAN
from aq.domain.pollutants import KEYS
from aq.store.schema import province_hour, station_hour
from aq.store.schema_stations import station_period


def hours_reaching(
    connection: Connection, key: str, at_least: int, after: int, until: int
) -> list[int]:
    """The hours (``after < hour <= until``) in which any station's value counts and is at least so
    high, in the order of time; archived months are not looked at."""
    table, bit = station_hour, 1 << KEYS.index(key)
    query = select(table.c.hour).where(
        table.c.hour > after,
        table.c.hour <= until,
        table.c[key] >= at_least,
        table.c.bad.bitwise_and(bit) == 0,
    )
    return list(connection.scalars(query.distinct().order_by(table.c.hour)))


def means_reaching(
    connection: Connection,
    key: str,
    provinces: Iterable[int],
    at_least: int,
    after: int,
    until: int,
) -> list[tuple[int, int]]:
    """(province, hour) of ``after < hour <= until`` in which the mean of any feed, rounded half up,
    is at least so high."""
    table = province_hour
    total, n = table.c[f"{key}_sum"], table.c[f"{key}_n"]
    query = select(table.c.province, table.c.hour).where(
        table.c.province.in_(list(provinces)),
        table.c.hour > after,
        table.c.hour <= until,
        n > 0,
        2 * total >= cast(n, Integer) * (2 * at_least - 1),  # counts are small integers
    )
    return [(province, hour) for province, hour in connection.execute(query.distinct())]


def urban_stations(connection: Connection, provinces: Iterable[int]) -> dict[int, list[int]]:
    """The numbers of the stations that ever counted for a province, by province."""
    period, members = station_period, dict[int, list[int]]()
    query = select(period.c.province, period.c.station).where(
        period.c.superseded.is_(None),
        period.c.network == URBAN,
        period.c.province.in_(list(provinces)),
    )
    for province, number in connection.execute(query.distinct()):
        members.setdefault(province, []).append(number)
    return members


def members_table(members: Mapping[int, Sequence[int]]) -> CTE:
    """Stations by place as a table to join with."""
    pairs = [(place, number) for place, numbers in members.items() for number in numbers]
    columns = column("place", Integer), column("station", Integer)
    return values(*columns, name="member").data(pairs).cte()


def stations_reaching(
    connection: Connection,
    key: str,
    members: Mapping[int, Sequence[int]],
    at_least: int,
    after: int,
    until: int,
) -> list[tuple[int, int]]:
    """(place, hour) of ``after < hour <= until`` in which the value of any of a place's stations
    counts and is at least so high; archived months are not looked at."""
    if not any(members.values()):
        return []
    table, member, bit = station_hour, members_table(members), 1 << KEYS.index(key)
    query = select(member.c.place, table.c.hour).where(
        table.c.station == member.c.station,
        table.c.hour > after,
        table.c.hour <= until,
        table.c[key] >= at_least,
        table.c.bad.bitwise_and(bit) == 0,
    )
    return [(place, hour) for place, hour in connection.execute(query.distinct())]
