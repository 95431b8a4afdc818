"""Recorded answers of AirKorea: months of station hours as they came, read from Parquet files.

A folder holds files of one row per station, hour and content, with the fields of the real-time
answer as text, and `fetched_at`, when a content was first seen. `answer_*.json.gz` beside them, a
whole answer as it came, tells of stations that reported nothing; `networks*.csv` (sido, station,
network) which network a station is of, as answers below ver 1.2 do not.
"""

import csv
import gzip
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aq.domain.clock import hour_number, parse_hour
from aq.domain.errors import InputError

Item = dict[str, object]
Integers = NDArray[np.int64]
NAMES, HOUR, FETCHED = ("sidoName", "stationName"), "dataTime", "fetched_at"
_NEEDED = (*NAMES, HOUR, FETCHED, "pm10Value", "khaiValue")
_UNIX_US = 1_000_000


@dataclass(frozen=True)
class Recorded:
    """The rows of one file in the order of their hours.

    `hours` are hour numbers, `fetched` the instants [s since 1970] at which a content was first
    seen; both by row.
    """

    path: Path
    table: pa.Table
    hours: Integers
    fetched: Integers

    def rows(self, hour: int) -> slice:
        """The rows of an hour."""
        first, last = np.searchsorted(self.hours, [hour, hour + 1])
        return slice(int(first), int(last))


def read_file(path: Path) -> Recorded:
    """A file of recorded answers; raises `InputError` for anything else."""
    table = _table(path, None)
    lacking = [name for name in _NEEDED if name not in table.column_names]
    if lacking:
        raise InputError(f"{path} is no recording: {', '.join(lacking)} is missing", "folder")
    hours = _hours(path, table)
    fetched = table[FETCHED].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    order = np.lexsort((fetched, hours))
    return Recorded(path, table.take(order), hours[order], fetched[order] // _UNIX_US)


def _table(path: Path, columns: list[str] | None) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}", "folder") from None


def _hours(path: Path, table: pa.Table) -> Integers:
    """The hour number of each row."""
    if table.num_rows == 0:
        raise InputError(f"{path} holds no row", "folder")
    codes, texts = distinct(table[HOUR])
    try:
        numbers = [hour_number(parse_hour(str(text))) for text in texts]
    except ValueError as error:
        raise InputError(f"{path}: {error}", "folder") from None
    return np.array(numbers, dtype=np.int64)[codes]


def _hours_of(path: Path) -> set[int]:
    """The hours a file has."""
    return set(np.unique(_hours(path, _table(path, [HOUR]))).tolist())


def distinct(column: pa.ChunkedArray) -> tuple[Integers, list[Any]]:
    """(number of each row's content, the distinct contents); null is a content."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def files(folder: Path) -> list[Path]:
    """The recorded files of a folder by name; raises `InputError` where there are none."""
    paths = sorted(folder.glob("*.parquet"))
    if not paths:
        raise InputError(f"{folder} holds no recording: no file *.parquet", "folder")
    return paths


def networks(folder: Path) -> dict[tuple[str, str], str]:
    """The network of each station (sido, name) that a list in the folder names."""
    known: dict[tuple[str, str], str] = {}
    for path in sorted(folder.glob("networks*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                known[row["sido"], row["station"]] = row["network"]
    return known


def silent_stations(folder: Path) -> list[Item]:
    """The items of a whole answer in the folder whose every field but the names is null."""
    items: dict[tuple[object, object], Item] = {}
    for path in sorted(folder.glob("answer_*.json.gz")):
        for item in json.loads(gzip.decompress(path.read_bytes())):
            if all(value is None for name, value in item.items() if name not in NAMES):
                items[item["sidoName"], item["stationName"]] = item
    return list(items.values())


class Recording:
    """The recorded answers of a folder, an hour at a time; months are read when they are asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths = files(folder)
        self._read: dict[Path, Recorded] = {}
        self._silent = silent_stations(folder)
        self._hours = {path: _hours_of(path) for path in self._paths}
        self._known = sorted(set().union(*self._hours.values()))

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last recorded hour."""
        return self._known[0], self._known[-1]

    def newest(self, until: int) -> int | None:
        """The newest recorded hour up to one; None before the first."""
        place = bisect_right(self._known, until)
        return self._known[place - 1] if place else None

    def items(self, hour: int, now: datetime) -> Sequence[Item]:
        """The answer that was given at `now` with `hour` as its newest: fields as recorded.

        A station hour that was revised shows what was known by then. Stations that reported
        nothing come last, every field null. Empty where the hour was not recorded.
        """
        items: dict[tuple[object, object], Item] = {}
        seconds = now.timestamp()
        for recorded in self._holding(hour):
            rows = recorded.rows(hour)
            fetched = recorded.fetched[rows]
            table = recorded.table.slice(rows.start, rows.stop - rows.start)
            for item, seen in zip(table.drop_columns([FETCHED]).to_pylist(), fetched, strict=True):
                key = item["sidoName"], item["stationName"]
                if key not in items or seen <= seconds:
                    items[key] = item
        if not items:
            return []
        return [*items.values(), *(item for item in self._silent if _key(item) not in items)]

    def _holding(self, hour: int) -> list[Recorded]:
        """The files with this hour; of earlier ones none is kept."""
        wanted = [path for path, hours in self._hours.items() if hour in hours]
        self._read = {path: self._read.get(path) or read_file(path) for path in wanted}
        return list(self._read.values())

    def of_station(self, name: str, after: int, until: int, now: datetime) -> list[Item]:
        """The items of a station by name with ``after < hour <= until`` as known at `now`, the
        newest first."""
        seconds = now.timestamp()
        items: dict[int, Item] = {}
        for path, hours in self._hours.items():
            if not any(after < hour <= until for hour in hours):
                continue
            recorded = self._read.get(path) or read_file(path)
            rows = slice(*np.searchsorted(recorded.hours, [after + 1, until + 1]).tolist())
            table = recorded.table.slice(rows.start, rows.stop - rows.start)
            for place in np.flatnonzero(pc.equal(table[NAMES[1]], name).to_numpy()).tolist():
                hour = int(recorded.hours[rows.start + place])
                if hour not in items or recorded.fetched[rows.start + place] <= seconds:
                    items[hour] = table.slice(place, 1).drop_columns([FETCHED]).to_pylist()[0]
        return [items[hour] for hour in sorted(items, reverse=True)]


def _key(item: Mapping[str, object]) -> tuple[object, object]:
    return item["sidoName"], item["stationName"]
