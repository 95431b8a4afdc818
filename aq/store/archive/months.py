"""Months of station hours that stand in the archive: which, their rows, and back into the store.

A month is whole in the store or whole in the archive. Reads go to both; a write to an archived
month brings it back first, so that nothing is pooled from a part of its stations.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from aq.domain.clock import from_hour_number, kst_day, month_hours
from aq.domain.errors import ArchiveError
from aq.domain.pollutants import KEYS
from aq.domain.station_history import Period, period_at
from aq.feeds.registry import FEED_NAMES
from aq.store.engine import ARCHIVE, Txn
from aq.store.schema import retained, station, station_hour, station_hour_rev
from aq.store.upsert import insert_of

Row = Any
FeedHours = dict[tuple[int, int, int], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """An archived month (202501): its hours, the file, what it holds, the store version it had."""

    month: int
    first_hour: int
    last_hour: int
    file: str
    sha256: str
    rows: int
    replaced: int
    version: int
    retained_at: datetime

    @property
    def name(self) -> str:
        """As 2025-01."""
        return month_name(self.month)


def month_name(month: int) -> str:
    """202501 as 2025-01."""
    return f"{month // 100:04}-{month % 100:02}"


def months(
    connection: Connection, first: int | None = None, last: int | None = None
) -> list[Month]:
    """Archived months in order; those with an hour in ``first <= hour <= last``, or all."""
    query = select(retained).order_by(retained.c.month)
    if first is not None:
        query = query.where(retained.c.last_hour >= first)
    if last is not None:
        query = query.where(retained.c.first_hour <= last)
    return [Month(**row) for row in connection.execute(query).mappings()]


def path_of(connection: Connection, month: Month) -> Path:
    """Where the file of a month should be. Raises `ArchiveError` when no folder is known."""
    folder: Path | None = connection.get_execution_options().get(ARCHIVE)
    if folder is None:
        raise ArchiveError(month.file, "is in a folder this program was not told")
    return folder / month.file


def require(connection: Connection, after: int, until: int) -> None:
    """Raise `ArchiveError` where an archive with hours in ``after < hour <= until`` is missing."""
    for month in months(connection, after + 1, until):
        if not path_of(connection, month).is_file():
            raise ArchiveError(month.file, "is not there")


def _read(
    connection: Connection, after: int, until: int, **chosen: Any
) -> Iterable[Any]:  # pa.Table
    from aq.store.archive import files as archives  # noqa: PLC0415 - Parquet is loaded where a month is archived

    for month in months(connection, after + 1, until):
        first, last = max(after + 1, month.first_hour), min(until, month.last_hour)
        yield archives.read(path_of(connection, month), first, last, **chosen)


def station_hours(
    connection: Connection,
    stations: Collection[int],
    after: int,
    until: int,
    feed: str | None,
    as_of: int | None,
) -> list[Row]:
    """Archived station hours with ``after < hour <= until``, with the columns of the store's."""
    from aq.store.archive import files as archives  # noqa: PLC0415

    feeds = [feed] if feed else None
    chosen = {"stations": stations, "feeds": feeds, "as_of": as_of}
    tables = _read(connection, after, until, **chosen)
    return [row for table in tables for row in archives.rows(table)]


def station_block(
    connection: Connection,
    stations: Collection[int],
    keys: Sequence[str],
    feeds: Collection[str],
    after: int,
    until: int,
    as_of: int | None,
) -> list[Row]:
    """Archived station hours in the shape of `aq.store.blocks.station_block`."""
    from aq.store.archive import files as archives  # noqa: PLC0415

    columns = ("station", "hour", "feed", "flags", "version", "bad", *keys)
    chosen = {"stations": stations, "feeds": feeds, "as_of": as_of, "columns": columns}
    tables = _read(connection, after, until, **chosen)
    return [row for table in tables for row in archives.block(table, keys)]


def all_known(
    connection: Connection, station: int, hour: int, key: str
) -> list[tuple[Row, int | None]]:
    """Everything ever known of a pollutant in an archived hour of a station, as rows of a
    `station_block`, with the version that replaced each."""
    from aq.store.archive import files as archives  # noqa: PLC0415

    columns = ("station", "hour", "feed", "flags", "version", "bad", key, "superseded")
    chosen = {"stations": [station], "history": True, "columns": columns}
    return [
        pair
        for table in _read(connection, hour - 1, hour, **chosen)
        for pair in zip(archives.block(table, [key]), table["superseded"].to_pylist(), strict=True)
    ]


def highest(
    connection: Connection,
    key: str,
    periods: Mapping[tuple[int, int], Sequence[Period]],
    after: int,
    until: int,
) -> list[tuple[int, int, int, int, int, int]]:
    """(province, hour, feed, highest valid value, stations with one, the station that has it) of
    archived hours; of several that have it, the one with the lowest number.

    `periods` gives, by (station, feed), when its rows count for a province.
    """
    from aq.store.archive import files as archives  # noqa: PLC0415

    columns = ("station", "hour", "feed", "bad", key)
    bit = 1 << KEYS.index(key)
    found: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    stations = {number for number, _ in periods}
    for table in _read(connection, after, until, stations=stations, columns=columns):
        for number, hour, feed, bad, value in archives.rows(table):
            here = period_at(periods.get((number, feed), ()), hour)
            if here is not None and value is not None and not bad & bit:
                slot = (here.province or 0, hour, feed)
                most, count, less = found.get(slot, (value, 0, -number))
                top, less = max((most, less), (value, -number))
                found[slot] = (top, count + 1, less)
    return [(*slot, value, count, -less) for slot, (value, count, less) in found.items()]


def present(
    connection: Connection, archived: Sequence[Month], feed_id: int, rows: Sequence[dict[str, Any]]
) -> FeedHours:
    """The archived rows of the stations and hours of `rows`, by primary key."""
    from aq.store.archive import files as archives  # noqa: PLC0415

    hours = [row["hour"] for row in rows]
    kept: FeedHours = {}
    for month in archived:
        first, last = max(min(hours), month.first_hour), min(max(hours), month.last_hour)
        if first > last:
            continue
        table = archives.read(
            path_of(connection, month),
            first,
            last,
            stations={row["station"] for row in rows},
            feeds=[FEED_NAMES[feed_id]],
        )
        for row in archives.rows(table):
            kept[row.station, row.hour, row.feed] = row._asdict()
    return kept


def bring_back(txn: Txn, month: Month) -> int:
    """Put an archived month's rows into the store again, as they were; returns the rows of both
    tables. The file stays. Raises `ArchiveError` when it is not the one that was written."""
    from aq.store.archive import files as archives  # noqa: PLC0415

    connection = txn.connection
    path = path_of(connection, month)
    try:
        same = archives.digest(path) == month.sha256
    except OSError:
        raise ArchiveError(month.file, "is not there") from None
    if not same:
        raise ArchiveError(month.file, "is not what was written: its SHA-256 differs")
    insert_rows = insert_of(connection.dialect.name)
    count = 0
    for rows in archives.groups(path):
        count += len(rows)
        replaced = [row for row in rows if row["superseded"] is not None]
        _put(connection, insert_rows(station_hour_rev), replaced)
        _put(connection, insert_rows(station_hour), present_of(rows))
    connection.execute(delete(retained).where(retained.c.month == month.month))
    return count


def present_of(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of an archive's rows those that were known last, as rows of `station_hour`."""
    return [
        {name: value for name, value in row.items() if name != "superseded"}
        for row in rows
        if row["superseded"] is None
    ]


def _put(connection: Connection, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement.on_conflict_do_nothing(), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the store holds of a month: rows, rows replaced, the newest version among them."""

    rows: int
    replaced: int
    version: int


def content(connection: Connection, month: int) -> Content:
    """What the store holds of a month now."""
    first, last = month_hours(month // 100, month % 100)
    counted = []
    for table in (station_hour, station_hour_rev):
        query = select(func.count(), func.coalesce(func.max(table.c.version), 0))
        counted.append(connection.execute(query.where(table.c.hour.between(first, last))).one())
    (rows, newest), (replaced, _) = counted
    return Content(rows=rows, replaced=replaced, version=newest)


def described(
    connection: Connection, month: int
) -> tuple[list[str], list[int], list[dict[str, Any]]]:
    """What a month's station hours in the store are of: feeds, first and last hour (none without
    any), stations by their number."""
    first, last = month_hours(month // 100, month % 100)
    table, within = station_hour, station_hour.c.hour.between(first, last)
    feeds = connection.scalars(select(table.c.feed).where(within).distinct())
    edges = select(func.min(table.c.hour), func.max(table.c.hour)).where(within)
    numbers = select(table.c.station).where(within).distinct()
    query = select(station).where(station.c.id.in_(numbers)).order_by(station.c.id)
    return (
        [FEED_NAMES[number] for number in sorted(feeds)],
        [hour for hour in connection.execute(edges).one() if hour is not None],
        [dict(row) for row in connection.execute(query).mappings()],
    )


def months_before(connection: Connection, hour: int) -> list[int]:
    """Months of which the store has station hours, whole before an hour number, oldest first."""
    names: list[int] = []
    after = -(2**31)
    table = station_hour
    while True:
        query = select(table.c.hour).where(table.c.hour > after).order_by(table.c.hour).limit(1)
        next_hour = connection.scalar(query)
        if next_hour is None:
            return names
        day = kst_day(from_hour_number(next_hour))
        after = month_hours(day.year, day.month)[1]
        if after >= hour:
            return names
        names.append(day.year * 100 + day.month)


def drop(txn: Txn, month: Month) -> None:
    """Take a month's station hours out of the store and record where they are."""
    for table in (station_hour, station_hour_rev):
        hours = table.c.hour.between(month.first_hour, month.last_hour)
        txn.connection.execute(delete(table).where(hours))
    values = {name: getattr(month, name) for name in Month.__dataclass_fields__}
    txn.connection.execute(insert(retained).values(values))
