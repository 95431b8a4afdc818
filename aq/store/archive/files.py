"""A month of station hours as a Parquet file: written in whole days, read back, read in part.

A row is one of `station_hour`, or with `superseded` one of its history, with every column of the
store as it is: values are integers at the store's scale. Beside them stand the columns that a
person with the file alone needs: time, province, station. Row groups are days, so that an hour or
a week is found without the rest.
"""

import os
from collections import namedtuple
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Integer, SmallInteger, null, select
from sqlalchemy.sql.elements import ColumnElement

from aq.domain.clock import KST, from_hour_number
from aq.domain.errors import ArchiveError
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import BY_ID
from aq.domain.station_history import Period, period_at
from aq.feeds.registry import FEED_IDS, FEED_NAMES
from aq.store.schema import station, station_hour, station_hour_rev
from aq.store.station_past import present_periods

FORM = "1"
DAY = 24
_COLUMNS = tuple(column.name for column in station_hour.columns)
_ABOUT = {
    "at": "end of the hour, +09:00",
    "province": "where the row counted when the file was written",
    "station": "number of the station in the store that wrote the file",
    "hour": "end of the hour, hours since 1970-01-01T00:00Z",
    "feed": "where the row comes from",
    "bad": "bit i is set when the i-th pollutant of the file must not count",
    "flags": "JSON {pollutant: why it does not count}",
    "khai": "AirKorea's own index",
    "khai_grade": "AirKorea's own grade of it",
    "pm10_24h": "AirKorea's own 24 h value [µg/m³]",
    "pm25_24h": "AirKorea's own 24 h value [µg/m³]",
    "grades": "AirKorea's own grades: so2 co o3 no2 pm10 pm25 pm10_1h pm25_1h",
    "version": "store version that wrote the row",
    "superseded": "store version that replaced the row; null for what was known last",
}
Row = Any
Periods = Mapping[int, Mapping[int, Sequence[Period]]]  # by station and feed


@cache
def schema() -> pa.Schema:
    """The columns of a file, each with what it is."""
    table = pollutants()
    fields = [
        pa.field("at", pa.timestamp("ms", tz="+09:00")),
        *(pa.field(name, pa.string()) for name in ("province", "station_name", "station_code")),
    ]
    for column in station_hour.columns:
        small = pa.int16() if isinstance(column.type, SmallInteger) else pa.int64()
        kind = pa.int32() if type(column.type) is Integer else small
        text = column.name in ("flags", "grades", "feed")
        fields.append(pa.field(column.name, pa.string() if text else kind))
    fields.append(pa.field("superseded", pa.int64()))
    about = {
        **_ABOUT,
        **{key: f"{pollutant.unit} x {pollutant.scale}" for key, pollutant in table.items()},
    }
    described = [
        field.with_metadata({"about": about[field.name]}) if field.name in about else field
        for field in fields
    ]
    return pa.schema(described, metadata={"aq_station_hours": FORM, "zone": "+09:00"})


def _within(table: Any, first: int, last: int) -> ColumnElement[bool]:
    clause: ColumnElement[bool] = table.c.hour.between(first, last)
    return clause


def days(connection: Connection, first: int, last: int) -> Iterator[pa.Table]:
    """The rows of the store with ``first <= hour <= last`` as tables of a day each, in order."""
    query = select(station.c.id, station.c.name, station.c.code)
    names = {row.id: (row.name, row.code) for row in connection.execute(query)}
    periods = present_periods(connection)
    for begin in range(first, last + 1, DAY):
        end = min(begin + DAY - 1, last)
        present = select(station_hour, null().label("superseded")).where(
            _within(station_hour, begin, end)
        )
        past = [station_hour_rev.c[name] for name in (*_COLUMNS, "superseded")]
        replaced = select(*past).where(_within(station_hour_rev, begin, end))
        rows = [*connection.execute(present).all(), *connection.execute(replaced).all()]
        if rows:
            # By hour, station, feed; what was replaced before what was known last.
            rows.sort(key=lambda row: (row.hour, row.station, row.feed, row.version))
            yield _table(rows, names, periods)


def _table(
    rows: Sequence[Row], names: Mapping[int, tuple[str | None, ...]], periods: Periods
) -> pa.Table:
    columns = dict(zip((*_COLUMNS, "superseded"), zip(*rows, strict=True), strict=True))
    ends = {hour: from_hour_number(hour).astimezone(KST) for hour in set(columns["hour"])}
    facts = zip(
        *(
            (_province_at(periods, row.station, row.feed, row.hour), *names[row.station])
            for row in rows
        ),
        strict=True,
    )
    made = {
        **columns,
        "feed": [FEED_NAMES[number] for number in columns["feed"]],
        "at": [ends[hour] for hour in columns["hour"]],
        **dict(zip(("province", "station_name", "station_code"), facts, strict=True)),
    }
    arrays = [pa.array(made[field.name], field.type) for field in schema()]
    return pa.Table.from_arrays(arrays, schema=schema())


def _province_at(periods: Periods, number: int, feed: int, hour: int) -> str | None:
    here = period_at(periods.get(number, {}).get(feed, ()), hour)
    return BY_ID[here.province].ko if here is not None and here.province else None


def write(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write a file of these days and see it on the disk. Raises `OSError`."""
    with path.open("wb") as file:
        with pq.ParquetWriter(
            file, schema(), compression="zstd", write_page_checksum=True
        ) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=max(1, table.num_rows))
        file.flush()
        os.fsync(file.fileno())


def holds(path: Path, tables: Iterable[pa.Table]) -> bool:
    """Whether a file, read back, is these days to the last cell."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        groups = iter(range(file.num_row_groups))
        for table in tables:
            number = next(groups, None)
            if number is None or not file.read_row_group(number).equals(table):
                return False
        return next(groups, None) is None


def digest(path: Path) -> str:
    """The SHA-256 of a file. Raises `OSError`."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def groups(path: Path) -> Iterator[list[dict[str, Any]]]:
    """All rows of a file, a day at a time, as rows of the store (`superseded` added).

    Raises `ArchiveError` for a file that cannot be read or is none of ours.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if (file.schema_arrow.metadata or {}).get(b"aq_station_hours") != FORM.encode():
                raise ArchiveError(path.name, "is no archive of station hours")
            for number in range(file.num_row_groups):
                table = file.read_row_group(number, columns=[*_COLUMNS, "superseded"])
                rows = table.to_pylist()
                for row in rows:
                    row["feed"] = FEED_IDS[row["feed"]]
                yield rows
    except (OSError, pa.ArrowException, KeyError) as error:
        raise ArchiveError(path.name, _why(error)) from None


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "is not there"
    return f"cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"


def read(
    path: Path,
    first: int,
    last: int,
    *,
    columns: Sequence[str] = _COLUMNS,
    stations: Collection[int] | None = None,
    feeds: Collection[str] | None = None,
    as_of: int | None = None,
    history: bool = False,
) -> pa.Table:
    """Columns of the rows with ``first <= hour <= last``, as known last or at a store version.

    With `history` every row ever known, whatever replaced it. Raises `ArchiveError` when the file
    is not there or cannot be read.
    """
    import pyarrow.dataset as ds  # noqa: PLC0415 - it loads pandas, which few commands need

    superseded, version = ds.field("superseded"), ds.field("version")
    chosen = (ds.field("hour") >= first) & (ds.field("hour") <= last)
    if stations is not None:
        chosen &= ds.field("station").isin(pa.array(list(stations), pa.int32()))
    if feeds is not None:
        chosen &= ds.field("feed").isin(pa.array(list(feeds), pa.string()))
    if as_of is not None:
        chosen &= (version <= as_of) & (superseded.is_null() | (superseded > as_of))
    elif not history:
        chosen &= superseded.is_null()
    try:
        return pq.read_table(
            path, columns=list(columns), filters=chosen, page_checksum_verification=True
        )
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(path.name, _why(error)) from None


def rows(table: pa.Table) -> list[Row]:
    """Rows with the table's columns as names, `feed` as the store's number."""
    kind: Any = namedtuple("Archived", table.column_names)  # type: ignore[misc]  # known then only
    cells = [
        [FEED_IDS[name] for name in column.to_pylist()] if label == "feed" else column.to_pylist()
        for label, column in zip(table.column_names, table.columns, strict=True)
    ]
    return [kind._make(cell) for cell in zip(*cells, strict=True)]


def block(table: pa.Table, keys: Sequence[str]) -> list[Row]:
    """Rows in the shape of `aq.store.blocks.station_block`: place, hour, feed, flags, version, and
    per pollutant sum, count (1 where it counts) and raw value."""
    bad = table["bad"].to_pylist()
    cells: list[Sequence[Any]] = [
        table["station"].to_pylist(),
        table["hour"].to_pylist(),
        [FEED_IDS[name] for name in table["feed"].to_pylist()],
        table["flags"].to_pylist(),
        table["version"].to_pylist(),
    ]
    for key in keys:
        bit, values = 1 << KEYS.index(key), table[key].to_pylist()
        counts = [
            int(value is not None and not mark & bit)
            for value, mark in zip(values, bad, strict=True)
        ]
        sums = [value if n else 0 for value, n in zip(values, counts, strict=True)]
        cells += [sums, counts, values]
    return list(zip(*cells, strict=True))


def about_columns() -> list[dict[str, str]]:
    """Name, type and meaning of each column, for a manifest."""
    return [
        {
            "name": field.name,
            "type": str(field.type),
            "about": (field.metadata or {}).get(b"about", b"").decode(),
        }
        for field in schema()
    ]
