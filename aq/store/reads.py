"""Reading the past and the present: province hours, days, stations, as of any store version."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    SmallInteger,
    Table,
    column,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
    values,
)

from aq.clock import from_hour_number
from aq.model import Reading, Station
from aq.regions import PROVINCES
from aq.schema import (
    FEED_IDS,
    KEYS,
    province_day,
    province_day_grade,
    province_hour,
    province_hour_rev,
    station,
    station_hour,
    station_hour_rev,
    store_version,
)
from aq.store import retained

Row = Any


def _as_of(table: Table, history: Table, version: int) -> Any:
    """Rows as they stood at `version`: the present ones not newer, and those replaced later."""
    names = [column.name for column in table.columns]
    then = select(*(history.c[name] for name in names)).where(
        history.c.version <= version, history.c.superseded > version
    )
    return union_all(select(table).where(table.c.version <= version), then).subquery()


def province_hours(
    connection: Connection,
    provinces: Iterable[int],
    after: int,
    until: int,
    *,
    feed: str | None = None,
    as_of: int | None = None,
) -> Sequence[Row]:
    """Province hours with ``after < hour <= until`` of all feeds or one, by province and hour."""
    source = province_hour if as_of is None else _as_of(province_hour, province_hour_rev, as_of)
    query = select(source).where(
        source.c.province.in_(list(provinces)), source.c.hour > after, source.c.hour <= until
    )
    if feed:
        query = query.where(source.c.feed == FEED_IDS[feed])
    query = query.order_by(source.c.province, source.c.hour, source.c.feed)
    return connection.execute(query).all()


def station_hours(
    connection: Connection,
    stations: Iterable[int],
    after: int,
    until: int,
    *,
    feed: str | None = None,
    as_of: int | None = None,
) -> Sequence[Row]:
    """Station hours with ``after < hour <= until``, by station and hour, archived ones too.

    Raises `ArchiveError` where an archive cannot be read.
    """
    numbers = list(stations)
    source = station_hour if as_of is None else _as_of(station_hour, station_hour_rev, as_of)
    query = select(source).where(
        source.c.station.in_(numbers), source.c.hour > after, source.c.hour <= until
    )
    if feed:
        query = query.where(source.c.feed == FEED_IDS[feed])
    query = query.order_by(source.c.station, source.c.hour, source.c.feed)
    rows = connection.execute(query).all()
    archived = retained.station_hours(connection, numbers, after, until, feed, as_of)
    if not archived:
        return rows
    return sorted([*rows, *archived], key=lambda row: (row.station, row.hour, row.feed))


def recent_hours(connection: Connection, after: int, until: int) -> Sequence[Row]:
    """All province hours of a short stretch with the time each was committed."""
    table = province_hour
    query = (
        select(table, store_version.c.committed_at)
        .join(store_version, store_version.c.version == table.c.version)
        .where(table.c.hour > after, table.c.hour <= until)
        .order_by(table.c.province, table.c.hour)
    )
    return connection.execute(query).all()


def last_with_value(
    connection: Connection, province: int, key: str, until: int, feeds: Iterable[str]
) -> tuple[int, int, int, str] | None:
    """(hour, sum, n, feed id) of the newest hour up to `until` with a value of one of `feeds`."""
    table = province_hour
    query = (
        select(table.c.hour, table.c[f"{key}_sum"], table.c[f"{key}_n"], table.c.feed)
        .where(table.c.province == province, table.c.hour <= until, table.c[f"{key}_n"] > 0)
        .where(table.c.feed.in_([FEED_IDS[name] for name in feeds]))
        .order_by(table.c.hour.desc(), table.c.feed)
        .limit(1)
    )
    found = connection.execute(query).first()
    return tuple(found) if found else None


def span(connection: Connection, provinces: Iterable[int]) -> dict[int, tuple[int, int]]:
    """(first, last) province hour by feed id, over `provinces`: what history there is."""
    table = province_hour
    pairs = [(feed, province) for province in provinces for feed in FEED_IDS.values()]
    if not pairs:
        return {}
    pair = (
        values(column("feed", SmallInteger), column("province", SmallInteger), name="pair")
        .data(pairs)
        .cte()
    )
    # Each edge by itself, so that an index gives it; a group would be walked through.
    here = (table.c.feed == pair.c.feed) & (table.c.province == pair.c.province)
    first, last = (
        select(edge(table.c.hour)).where(here).correlate(pair).scalar_subquery()
        for edge in (func.min, func.max)
    )
    found = connection.execute(select(pair.c.feed, first, last)).all()
    out: dict[int, tuple[int, int]] = {}
    for feed, begin, end in found:
        if begin is not None:
            known = out.get(feed, (begin, end))
            out[feed] = (min(begin, known[0]), max(end, known[1]))
    return out


def days(
    connection: Connection,
    key: str,
    provinces: Iterable[int],
    first: int,
    last: int,
    *,
    standard: int | None = None,
) -> Sequence[Row]:
    """Day roll-ups ``first <= day <= last`` of a pollutant; with a standard also their grades."""
    table, grades = province_day, province_day_grade
    query = select(table).where(
        table.c.pollutant == key,
        table.c.province.in_(list(provinces)),
        table.c.day.between(first, last),
    )
    if standard is not None:
        extra = [grades.c[name] for name in ("h1", "h2", "h3", "h4", "worst", "grade")]
        same = [
            grades.c[name] == table.c[name] for name in ("pollutant", "province", "day", "feed")
        ]
        matched = literal(standard) == grades.c.standard
        for clause in same:
            matched &= clause
        query = query.outerjoin(grades, matched).add_columns(*extra)
    return connection.execute(query.order_by(table.c.province, table.c.day, table.c.feed)).all()


def station_readings(
    connection: Connection, feed: str, after: int, until: int, *, since: int, still: Iterable[str]
) -> list[Reading]:
    """The values of stations with ``after < hour <= until``, without flags.

    Up to the hour `since` only of stations at which a pollutant of `still` had one value in all
    rows of the day up to it: what is to be seen in those hours is a value that never changes.
    """
    kept = {
        row.id: Station(name=row.name, sido=row.sido, code=row.code)
        for row in connection.execute(
            select(station.c.id, station.c.name, station.c.sido, station.c.code)
        )
    }
    table, day = station_hour, station_hour.alias()
    quiet = (
        select(day.c.station)
        .where(day.c.feed == FEED_IDS[feed], day.c.hour > since, day.c.hour <= since + 24)
        .group_by(day.c.station)
        .having(or_(false(), *(func.min(day.c[key]) == func.max(day.c[key]) for key in still)))
    )
    query = select(table.c.station, table.c.hour, *(table.c[key] for key in KEYS)).where(
        table.c.feed == FEED_IDS[feed],
        table.c.hour > after,
        table.c.hour <= until,
        or_(table.c.hour > since, table.c.station.in_(quiet)),
    )
    ends = {number: from_hour_number(number) for number in range(after + 1, until + 1)}
    return [
        Reading(
            station=kept[row[0]],
            hour=ends[row[1]],
            values={k: v for k, v in zip(KEYS, row[2:], strict=True) if v is not None},
        )
        for row in connection.execute(query)
    ]


def stations_heard(connection: Connection, feed: str, hour: int) -> int:
    """How many stations have a row of `feed` for this hour."""
    table = station_hour
    query = select(func.count()).where(table.c.hour == hour, table.c.feed == FEED_IDS[feed])
    return int(connection.scalar(query) or 0)


def committed_at(connection: Connection, version: int) -> datetime | None:
    """When a store version was committed."""
    query = select(store_version.c.committed_at).where(store_version.c.version == version)
    found: datetime | None = connection.scalar(query)
    return found


def newest_hours(connection: Connection) -> dict[int, int]:
    """The newest province hour of each feed, by feed id."""
    found = span(connection, (province.id for province in PROVINCES))
    return {feed: last for feed, (_first, last) in found.items()}


def trail(
    connection: Connection, place: int, hour: int, *, station: bool
) -> list[Mapping[str, Any]]:
    """Everything ever known of one hour of a place, by feed and then by when it became known.

    Rows carry the columns of the hour with `known_from` and `known_until` (None: known still).
    """
    table, history = (
        (station_hour, station_hour_rev) if station else (province_hour, province_hour_rev)
    )
    name = "station" if station else "province"
    began, ended = store_version.alias(), store_version.alias()
    now = (
        select(table, began.c.committed_at.label("known_from"), null().label("known_until"))
        .join(began, began.c.version == table.c.version)
        .where(table.c[name] == place, table.c.hour == hour)
    )
    columns = [history.c[column.name] for column in table.columns]
    before = (
        select(
            *columns,
            began.c.committed_at.label("known_from"),
            ended.c.committed_at.label("known_until"),
        )
        .join(began, began.c.version == history.c.version)
        .join(ended, ended.c.version == history.c.superseded)
        .where(history.c[name] == place, history.c.hour == hour)
    )
    rows: list[Mapping[str, Any]] = [
        *connection.execute(now).mappings(),
        *connection.execute(before).mappings(),
    ]
    if station:
        rows += [
            {
                **row,
                "known_from": committed_at(connection, row["version"]),
                "known_until": ended and committed_at(connection, ended),
            }
            for row in retained.all_known(connection, place, hour)
            for ended in [row["superseded"]]
        ]
    return sorted(rows, key=lambda row: (row["feed"], row["version"]))


def find_stations(connection: Connection, text: str) -> Sequence[Row]:
    """Stations with this code or this name."""
    match = (station.c.code == text) | (station.c.name == text)
    return connection.execute(select(station).where(match).order_by(station.c.id)).all()
