"""Reading the past and the present: province hours, days, stations, as of any store version."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    SmallInteger,
    Table,
    and_,
    cast,
    column,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union,
    union_all,
    values,
)

from aq.domain.clock import from_hour_number
from aq.domain.model import URBAN, Reading, Station
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS
from aq.store.archive import months as retained
from aq.store.schema import (
    province_day,
    province_day_grade,
    province_hour,
    province_hour_rev,
    station,
    station_feed,
    station_hour,
    station_hour_rev,
    store_version,
)

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
    connection: Connection, province: int, key: str, until: int, feeds: Sequence[str]
) -> Sequence[Row]:
    """(hour, sum, n, feed id) of each of `feeds` that has a value in the newest hour up to `until`
    in which any of them has one."""
    table = province_hour
    total, count = table.c[f"{key}_sum"].label("sum"), table.c[f"{key}_n"].label("n")
    query = (
        select(table.c.hour, total, count, table.c.feed)
        .where(table.c.province == province, table.c.hour <= until, table.c[f"{key}_n"] > 0)
        .where(table.c.feed.in_([FEED_IDS[name] for name in feeds]))
        .order_by(table.c.hour.desc(), table.c.feed)
        .limit(len(feeds))
    )
    rows = connection.execute(query).all()
    return [row for row in rows if row.hour == rows[0].hour]


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
    exact: bool = False,
) -> Sequence[Row]:
    """Day roll-ups ``first <= day <= last`` of a pollutant; with a standard also their grades.

    With `exact` also the exact sum and count of the highest hour, `max_sum` and `max_n`; null where
    that hour is not there.
    """
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
    if exact:
        hour = province_hour
        query = query.outerjoin(hour, of_highest_hour()).add_columns(
            hour.c[f"{key}_sum"].label("max_sum"), hour.c[f"{key}_n"].label("max_n")
        )
    return connection.execute(query.order_by(table.c.province, table.c.day, table.c.feed)).all()


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
    found: datetime | None = connection.scalar(query)
    return found


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


def slots(connection: Connection, key: str, after: int, until: int) -> Sequence[Row]:
    """(province, hour, feed, n, why) of all province hours with ``after < hour <= until``.

    `n` is the number of valid values of a pollutant, `why` the store's JSON of reasons.
    """
    table = province_hour
    query = select(
        table.c.province, table.c.hour, table.c.feed, table.c[f"{key}_n"].label("n"), table.c.why
    ).where(table.c.hour > after, table.c.hour <= until)
    return connection.execute(query).all()


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
