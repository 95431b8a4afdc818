"""Reading the past and the present: province hours, days, stations, as of any store version."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    SmallInteger,
    Table,
    and_,
    cast,
    column,
    false,
    func,
    null,
    or_,
    select,
    union,
    values,
)

from aq.domain.clock import from_hour_number
from aq.domain.model import (
    URBAN,
    Day,
    HourMean,
    PlaceHour,
    ProvinceHour,
    Reading,
    Station,
    StationHour,
)
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES
from aq.domain.station_history import KNOWN
from aq.feeds.registry import FEED_IDS, FEED_NAMES
from aq.store import blocks
from aq.store.archive import months as retained
from aq.store.schema import (
    province_day,
    province_hour,
    province_hour_rev,
    station,
    station_feed,
    station_hour,
    station_hour_rev,
    store_version,
)
from aq.store.schema_stations import station_period
from aq.store.station_past import present_periods

Row = Any
DAY_PARTS = ("sum", "n", "hours", "max", "max_hour")


def province_hours(
    connection: Connection,
    provinces: Iterable[int],
    after: int,
    until: int,
    *,
    keys: Sequence[str] = KEYS,
    feeds: Iterable[str] = tuple(FEED_IDS),
    as_of: int | None = None,
) -> list[ProvinceHour]:
    """Province hours with ``after < hour <= until``, by province, hour and feed."""
    rows = blocks.province_block(connection, provinces, keys, feeds, after, until, as_of)
    return blocks.province_hours(rows, keys)


def station_hours(
    connection: Connection,
    stations: Iterable[int],
    after: int,
    until: int,
    *,
    keys: Sequence[str] = KEYS,
    feeds: Iterable[str] = tuple(FEED_IDS),
    as_of: int | None = None,
) -> list[StationHour]:
    """Station hours with ``after < hour <= until``, by station and hour, archived ones too.

    Raises `ArchiveError` where an archive cannot be read.
    """
    rows = blocks.station_block(connection, stations, keys, feeds, after, until, as_of)
    return blocks.station_hours(rows, keys)


def upstream_grades(
    connection: Connection,
    stations: Collection[int],
    hour: int,
    feed: str,
    as_of: int | None = None,
) -> dict[int, str]:
    """Upstream's own grades of an hour by station, as they are kept; of an archived hour from its
    file. Raises `ArchiveError` where that cannot be read."""

    def part(table: Table) -> Select[Any]:
        return select(table.c.station, table.c.grades)

    tables, bounds = (station_hour, station_hour_rev), (hour - 1, hour)
    rows = [*blocks.read(connection, tables, part, stations, [feed], bounds, as_of)]
    rows += retained.station_hours(connection, stations, hour - 1, hour, feed, as_of)
    return {row.station: row.grades for row in rows if row.grades}


def recent_hours(connection: Connection, after: int, until: int) -> list[ProvinceHour]:
    """All province hours of a short stretch with the time each was committed."""
    table = province_hour
    columns = [table.c[f"{key}_{what}"] for key in KEYS for what in ("sum", "n", "exp")]
    head = (table.c.province, table.c.hour, table.c.feed, table.c.why, table.c.version)
    query = (
        select(*head, *columns, store_version.c.committed_at)
        .join(store_version, store_version.c.version == table.c.version)
        .where(table.c.hour > after, table.c.hour <= until)
        .order_by(table.c.province, table.c.hour)
    )
    rows = connection.execute(query).all()
    hours = blocks.province_hours(rows, KEYS)
    return [hour._replace(committed_at=row[-1]) for hour, row in zip(hours, rows, strict=True)]


def last_with_value(
    connection: Connection, province: int, key: str, until: int, feeds: Sequence[str]
) -> list[ProvinceHour]:
    """Of each of `feeds` that has a value in it, the newest hour up to `until` in which any of them
    has one."""
    table = province_hour
    valued = select(table.c.hour).where(
        table.c.province == province,
        table.c.hour <= until,
        table.c[f"{key}_n"] > 0,
        table.c.feed.in_([FEED_IDS[name] for name in feeds]),
    )
    hour = connection.scalar(valued.order_by(table.c.hour.desc()).limit(1))
    if hour is None:
        return []
    rows = province_hours(connection, [province], hour - 1, hour, keys=[key], feeds=feeds)
    return [row for row in rows if row.means[key].valid]


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
    edges = connection.execute(select(pair.c.feed, first, last)).all()
    out: dict[int, tuple[int, int]] = {}
    for feed, begin, end in edges:
        if begin is not None:
            whole = out.get(feed, (begin, end))
            out[feed] = (min(begin, whole[0]), max(end, whole[1]))
    return out


def days(
    connection: Connection,
    key: str,
    provinces: Iterable[int],
    first: int,
    last: int,
    *,
    exact: bool = False,
) -> list[Day]:
    """Day roll-ups ``first <= day <= last`` of a pollutant, by province, day and feed; with `exact`
    the highest hour too, by its sum and count."""
    table, hour = province_day, province_hour
    query = (
        select(table.c.province, table.c.day, table.c.feed, *(table.c[name] for name in DAY_PARTS))
        .where(
            table.c.pollutant == key,
            table.c.province.in_(list(provinces)),
            table.c.day.between(first, last),
        )
        .order_by(table.c.province, table.c.day, table.c.feed)
    )
    if exact:
        highest = (hour.c[f"{key}_sum"], hour.c[f"{key}_n"])
        query = query.outerjoin(hour, of_highest_hour()).add_columns(*highest)
    rows = connection.execute(query).all()
    tops = [HourMean(*row[8:]) if exact and row[9] else None for row in rows]
    return [
        Day(key, row[0], row[1], FEED_NAMES[row[2]], row[3], row[4], row[5], row[6], row[7], top)
        for row, top in zip(rows, tops, strict=True)
    ]


def of_highest_hour() -> ColumnElement[bool]:
    """Whether a province hour is the highest of its day roll-up."""
    day, hour = province_day, province_hour
    return and_(
        hour.c.province == day.c.province, hour.c.hour == day.c.max_hour, hour.c.feed == day.c.feed
    )


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
    moment: datetime | None = connection.scalar(query)
    return moment


def feed_numbers(connection: Connection) -> set[int]:
    """The numbers of all feeds that the store has stations or province hours of."""
    feed = province_hour.c.feed
    numbers = set(connection.scalars(select(station_feed.c.feed).distinct()))
    number = connection.scalar(select(func.min(feed)))
    while number is not None:
        numbers.add(number)
        number = connection.scalar(select(func.min(feed)).where(feed > number))
    return numbers


def newest_hours(connection: Connection) -> dict[int, int]:
    """The newest province hour of each feed, by feed id."""
    spans = span(connection, (province.id for province in PROVINCES))
    return {feed: last for feed, (_first, last) in spans.items()}


class Known(NamedTuple):
    """An hour of a place as it was known from an instant to another (None: known still)."""

    hour: PlaceHour
    known_from: datetime
    known_until: datetime | None


def trail(connection: Connection, place: int, hour: int, key: str, *, station: bool) -> list[Known]:
    """Everything ever known of a pollutant in one hour of a place, by feed and then by when it
    became known."""
    tables, part = blocks.station_part([key]) if station else blocks.province_part([key])
    table, history = tables
    began, ended = store_version.alias(), store_version.alias()
    name = next(iter(table.primary_key)).name
    now = (
        part(table)
        .add_columns(began.c.committed_at, null())
        .join(began, began.c.version == table.c.version)
        .where(table.c[name] == place, table.c.hour == hour)
    )
    before = (
        part(history)
        .add_columns(began.c.committed_at, ended.c.committed_at)
        .join(began, began.c.version == history.c.version)
        .join(ended, ended.c.version == history.c.superseded)
        .where(history.c[name] == place, history.c.hour == hour)
    )
    rows: list[Sequence[Any]] = [*connection.execute(now), *connection.execute(before)]
    if station:
        rows += [
            (*row, committed_at(connection, row[4]), end and committed_at(connection, end))
            for row, end in retained.all_known(connection, place, hour, key)
        ]
    rows.sort(key=itemgetter(2, 4))
    nouns: Sequence[PlaceHour] = (
        blocks.station_hours(rows, [key]) if station else blocks.province_hours(rows, [key])
    )
    return [Known(noun, *row[-2:]) for noun, row in zip(nouns, rows, strict=True)]


def revised_hours(
    connection: Connection, province: int, after: int, until: int, feeds: Iterable[str]
) -> list[int]:
    """Hours with ``after < hour <= until`` that a feed has changed or several of `feeds` have, the
    newest first."""

    def within(table: Table) -> Select[Any]:
        here = (table.c.province == province, table.c.hour > after, table.c.hour <= until)
        return select(table.c.hour).where(*here)

    several = (
        within(province_hour)
        .where(province_hour.c.feed.in_([FEED_IDS[name] for name in feeds]))
        .group_by(province_hour.c.hour)
        .having(func.count() > 1)
    )
    hours = connection.scalars(union(several, within(province_hour_rev)))
    return sorted(hours.all(), reverse=True)


def find_stations(connection: Connection, text: str) -> Sequence[Row]:
    """Stations with this code or this name."""
    match = (station.c.code == text) | (station.c.name == text)
    return connection.execute(select(station).where(match).order_by(station.c.id)).all()


def days_reaching(
    connection: Connection, key: str, scaled: int, first: int, last: int
) -> dict[int, set[int]]:
    """Days ``first <= day <= last`` with an hourly mean of at least `scaled`, by province id."""
    table = province_day
    query = select(table.c.province, table.c.day).where(
        table.c.pollutant == key, table.c.day.between(first, last), table.c.max >= scaled
    )
    out: dict[int, set[int]] = {}
    for row in connection.execute(query):
        out.setdefault(row.province, set()).add(row.day)
    return out


def pairs(
    connection: Connection, key: str, province: int, after: int, until: int
) -> dict[int, dict[int, tuple[int, int]]]:
    """(sum, count) of a province's hours with ``after < hour <= until``, by feed id and hour;
    hours without a valid value are left out."""
    table = province_hour
    count = table.c[f"{key}_n"]
    query = select(table.c.hour, table.c.feed, table.c[f"{key}_sum"], count).where(
        table.c.province == province, table.c.hour > after, table.c.hour <= until, count > 0
    )
    out: dict[int, dict[int, tuple[int, int]]] = {}
    for hour, feed, total, n in connection.execute(query):
        out.setdefault(feed, {})[hour] = (total, n)
    return out


# More than there will ever be.
STATIONS = 1 << 24


Windows = Sequence[tuple[int, int, int]]  # place, after, until; those of a place do not overlap


def windows_table(windows: Windows) -> CTE:
    """Windows as a table to join with: a place's hours ``after < hour <= until``."""
    columns = column("place", Integer), column("after", Integer), column("until", Integer)
    return values(*columns, name="span").data(list(windows)).cte()


def mean_hours(
    connection: Connection, key: str, windows: Windows, *, empty: bool = False
) -> Sequence[Row]:
    """(province, hour, feed, sum, n, expected) of a pollutant in the windows of provinces; hours
    without a value if `empty`."""
    if not windows:
        return []
    table, window, n = province_hour, windows_table(windows), province_hour.c[f"{key}_n"]
    query = select(
        table.c.province,
        table.c.hour,
        table.c.feed,
        table.c[f"{key}_sum"],
        n,
        table.c[f"{key}_exp"],
    ).where(
        table.c.province == window.c.place,
        table.c.hour > window.c.after,
        table.c.hour <= window.c.until,
        n >= (0 if empty else 1),
    )
    return connection.execute(query).all()


def highest_stations(
    connection: Connection, key: str, windows: Windows
) -> list[tuple[int, int, int, int, int, int]]:
    """(province, hour, feed, highest valid value, stations with one, the station that has it) over
    urban stations in the windows of provinces; of several that have it, the one with the lowest
    number.

    Raises `ArchiveError` where an archive cannot be read.
    """
    if not windows:
        return []
    table, period, window = station_hour, station_period, windows_table(windows)
    bit = 1 << KEYS.index(key)
    # Value and station in one number, so that one pass over the rows finds both.
    both = cast(table.c[key], BigInteger) * STATIONS + (STATIONS - 1 - table.c.station)
    query = (
        select(
            period.c.province,
            table.c.hour,
            table.c.feed,
            func.max(both),
            func.count(table.c[key]),
        )
        .where(
            period.c.superseded.is_(None),
            period.c.network == URBAN,
            period.c.province == window.c.place,
            table.c.station == period.c.station,
            table.c.feed == period.c.feed,
            table.c.hour > window.c.after,
            table.c.hour <= window.c.until,
            table.c.hour.between(period.c.first_hour, period.c.last_hour),
            table.c[key].is_not(None),
            table.c.bad.bitwise_and(bit) == 0,
        )
        .group_by(period.c.province, table.c.hour, table.c.feed)
    )
    rows = [
        (province, hour, feed, top // STATIONS, count, STATIONS - 1 - top % STATIONS)
        for province, hour, feed, top, count in connection.execute(query)
    ]
    wanted, afters, untils = (set(part) for part in zip(*windows, strict=True))
    after, until = min(afters), max(untils)
    if not retained.months(connection, after + 1, until):
        return rows
    urban = {
        (number, feed): kept
        for number, by_feed in present_periods(connection).items()
        for feed, parts in by_feed.items()
        if feed != KNOWN
        and (kept := [part for part in parts if part.network == URBAN and part.province in wanted])
    }
    return [*rows, *retained.highest(connection, key, urban, after, until)]


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
