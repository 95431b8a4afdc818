"""Rows of a confirmed file as columns of hours; what cannot be taken becomes an issue, no guess."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from aq.domain.clock import HOUR, floor_hour, from_hour_number, hour_number, kst_iso
from aq.domain.model import Reading, RowIssue, Station
from aq.domain.networks import network_of
from aq.domain.provinces import MERGED_NAMES, by_address
from aq.feeds.confirmed.cells import (
    BAD_VALUE,
    MISSING,
    VALUE_ISSUES,
    code_of,
    is_blank,
    line_of,
    read_hour,
    read_value,
    shown,
)
from aq.feeds.confirmed.header import Columns

Ints = npt.NDArray[np.int32]
_CODE = re.compile(r"\d{6}", re.ASCII)
# Hours of marks kept together: dense data cost 8 bytes a row, a lone hour 2 kB.
_BLOCK = 256
_NO_STATION = _NO_HOUR = -1
# Different cells of a column that are remembered; confirmed files repeat a few thousand.
_REMEMBERED = 1 << 17
# Odd 64-bit numbers, so that rows whose values differ have different marks.
_MARK = np.array([(2 * n + 1) * 0x9E3779B97F4A7C15 % 2**64 | 1 for n in range(16)], np.uint64)


@dataclass(frozen=True, slots=True)
class BadRow:
    """Lines that do not form a row at all: how many, and why."""

    lines: int
    detail: str


Cells = Sequence[Hashable]
Row = tuple[int, Cells | BadRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Station hours in columns, in the order of the file.

    Attributes
    ----------
    stations : the stations of the table so far
    station : index into them
    hour : hour number of the hour's end
    values : by pollutant the store's scaled integer, `MISSING` where there is none
    """

    stations: Sequence[Station]
    station: Ints
    hour: Ints
    values: dict[str, Ints]

    def __len__(self) -> int:
        return len(self.hour)

    def readings(self) -> list[Reading]:
        """The same, an object a row."""
        keys, columns = tuple(self.values), [column.tolist() for column in self.values.values()]
        ends = {number: from_hour_number(number) for number in set(self.hour.tolist())}
        cells = zip(*columns, strict=True) if columns else repeat((), len(self))
        return [
            Reading(
                station=self.stations[station],
                hour=ends[hour],
                values={k: v for k, v in zip(keys, row, strict=True) if v != MISSING},
            )
            for station, hour, row in zip(
                self.station.tolist(), self.hour.tolist(), cells, strict=True
            )
        ]


@dataclass(kw_only=True)
class Parsed:
    """What some rows gave: how many they were, the hours, issues.

    `left_out` counts the rows that gave no hour, by the kind of their issue; `lost` those of them
    that could not be read, and rows with a value cell that is no number.
    """

    hours: Hours
    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    issues: list[RowIssue] = field(default_factory=list)


class _Cells(dict[Hashable, int]):
    """What each cell of a column means, found once for each different cell."""

    def __init__(self, meaning: Callable[[Hashable], int]) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, cell: Hashable) -> int:
        found = self._meaning(cell)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[cell] = found
        return found

    def read(self, column: Sequence[Hashable]) -> Ints:
        """The meaning of every cell of a column."""
        if bool in set(map(type, column)):  # True equals 1, and is no number
            column = [repr(cell) if isinstance(cell, bool) else cell for cell in column]
        return np.fromiter(map(self.__getitem__, column), np.int32, len(column))


def station_label(region: str, address: str) -> str | None:
    """The province label of a station as `province_of` takes it, None when unknown.

    A station of the merged 전남광주 keeps that label while its address tells 광주 from 전남;
    without one the second token of the region tells.
    """
    token = (region or address).split(maxsplit=1)[:1]
    province = by_address(region or address)
    if token and token[0] in MERGED_NAMES and (by_address(address) or not province):
        return MERGED_NAMES[0]
    return province.ko if province else None


class RowParser:
    """Reads the rows of one table in order, batch by batch; remembers its stations and hours.

    Parameters
    ----------
    columns : what stands where
    where : ``file:sheet``, the beginning of every issue's place
    now : aware; an hour that ends more than an hour after it is skipped
    epoch : day 0 of the workbook, where it is one
    """

    def __init__(
        self, columns: Columns, where: str, now: datetime, epoch: date | None = None
    ) -> None:
        self._columns, self._where = columns, where
        self._latest = hour_number(floor_hour(now + HOUR))
        self._stations: list[Station] = []
        self._met: dict[tuple[Hashable, ...], int] = {}
        self._refused: dict[int, tuple[str, str]] = {}  # below _NO_STATION: kind and detail
        self._numbers: dict[Station, int] = {}
        self._places: dict[tuple[str, ...], int] = {}
        self._place_of: list[int] = []
        self._words: set[str] = set()
        self._marks: dict[tuple[int, int], npt.NDArray[np.uint64]] = {}
        self._issues: list[RowIssue] = []
        self._left_out: Counter[str] = Counter()
        self._hours = _Cells(lambda cell: _or(read_hour(cell, epoch), _NO_HOUR))
        self._values = {
            key: _Cells(lambda cell, key=key: read_value(cell, key))  # type: ignore[misc]
            for key, _ in columns.values
        }
        self._identity = tuple(
            index
            for index in (
                columns.region,
                columns.network,
                columns.code,
                columns.name,
                columns.address,
            )
            if index is not None
        )

    def header_issues(self) -> list[RowIssue]:
        """One issue for each column nobody knows; its cells are not read."""
        return [
            RowIssue(kind="unknown_column", where=self._where, detail=name)
            for name in self._columns.unknown
        ]

    def parse(self, rows: Iterable[Row]) -> Parsed:
        """What the `rows` say."""
        self._issues, self._left_out = [], Counter()
        numbers: list[int] = []
        table: list[Cells] = []
        width = self._columns.width
        for number, cells in rows:
            if isinstance(cells, BadRow):
                self._leave_out("bad_row", number, cells.detail, cells.lines)
            elif is_blank(cells):
                continue
            elif len(cells) != width and not self._fits(cells):
                detail = f"{len(cells)} cells under a header of {width}"
                self._leave_out("bad_row", number, detail)
            else:
                numbers.append(number)
                table.append(cells if len(cells) == width else cells[:width])
        count = self._left_out.total() + len(table)
        hours, bad_cells = self._read(numbers, table) if table else (self._none(), 0)
        self._issues.sort(key=lambda issue: int(issue.where.rpartition(":")[2]))
        return Parsed(
            hours=hours,
            rows=count,
            left_out=self._left_out,
            lost=bad_cells + self._left_out.total() - self._left_out["duplicate"],
            issues=self._issues,
        )

    def _none(self) -> Hours:
        empty = np.empty(0, np.int32)
        return Hours(
            stations=self._stations,
            station=empty,
            hour=empty,
            values={key: empty for key, _ in self._columns.values},
        )

    def _issue(self, kind: str, number: int, detail: str) -> None:
        where = f"{self._where}:{number}"
        self._issues.append(RowIssue(kind=kind, where=where, detail=detail))

    def _leave_out(self, kind: str, number: int, detail: str, rows: int = 1) -> None:
        self._left_out[kind] += rows
        self._issue(kind, number, detail)

    def _fits(self, cells: Cells) -> bool:
        """Whether every cell stands under a header; a shifted row would put values elsewhere."""
        width = self._columns.width
        return len(cells) >= width and is_blank(cells[width:])

    def _read(self, numbers: Sequence[int], table: Sequence[Cells]) -> tuple[Hours, int]:
        """The hours of rows that are whole, and how many of them have a cell that is no number."""
        columns: list[tuple[Hashable, ...]] = list(zip(*table, strict=True))
        station = self._station_column(numbers, columns)
        hour_cells = columns[self._columns.hour]
        hour = self._hours.read(hour_cells)
        values = {key: self._values[key].read(columns[at]) for key, at in self._columns.values}

        known = station >= 0
        timed = known & (hour != _NO_HOUR)
        taken = timed & (hour <= self._latest)
        for at in np.flatnonzero(~known).tolist():
            kind, detail = self._refused[int(station[at])]
            self._leave_out(kind, numbers[at], detail)
        for at in np.flatnonzero(known & ~taken).tolist():
            kind = "future_hour" if timed[at] else "bad_time"
            self._leave_out(kind, numbers[at], shown(hour_cells[at]))
        taken[self._repeats(numbers, np.flatnonzero(taken), station, hour, values)] = False
        no_number = np.zeros(len(taken), np.bool_)
        for key, index in self._columns.values:
            column = values[key]
            for at in np.flatnonzero(taken & (column < MISSING)).tolist():
                kind = VALUE_ISSUES[int(column[at])]
                self._issue(kind, numbers[at], f"{key} {shown(columns[index][at])}")
            no_number |= taken & (column == BAD_VALUE)
            values[key] = np.maximum(column, MISSING)
        hours = Hours(
            stations=self._stations,
            station=station[taken],
            hour=hour[taken],
            values={key: column[taken] for key, column in values.items()},
        )
        return hours, int(no_number.sum())

    def _station_column(
        self, numbers: Sequence[int], columns: Sequence[tuple[Hashable, ...]]
    ) -> Ints:
        """The station of each row, or a number below zero that stands for why there is none."""
        met = self._met
        found = []
        for number, identity in zip(
            numbers, zip(*(columns[index] for index in self._identity), strict=True), strict=True
        ):
            station = met.get(identity)
            if station is None:
                station = met[identity] = self._meet(number, columns, identity)
            found.append(station)
        return np.array(found, np.int32)

    def _meet(
        self,
        number: int,
        columns: Sequence[tuple[Hashable, ...]],
        identity: tuple[Hashable, ...],
    ) -> int:
        """A station seen for the first time in this table, or the number of its rows' issue."""
        cells = dict(zip(self._identity, identity, strict=True))
        about = self._columns

        def text(index: int | None) -> str:
            return "" if index is None else line_of(cells[index])

        name, address, word = text(about.name), text(about.address), text(about.network)
        code = "" if about.code is None else code_of(cells[about.code])
        sido = station_label(text(about.region), address)
        if not name:
            return self._refuse("bad_station", "no station name")
        if code and not _CODE.fullmatch(code):
            return self._refuse("bad_station", f"station code {shown(code)} is not six digits")
        if sido is None:
            return self._refuse("unknown_province", shown(text(about.region) or address))
        network = network_of(word)
        if word and network is None and word not in self._words:
            self._words.add(word)
            self._issue("unknown_network", number, f"{shown(word)} is no known network")
        station = Station(
            name=name, sido=sido, code=code or None, network=network, address=address or None
        )
        known = self._numbers.get(station)
        if known is None:
            known = self._numbers[station] = len(self._stations)
            self._stations.append(station)
            place = (code,) if code else (sido, name)
            self._place_of.append(self._places.setdefault(place, len(self._places)))
        return known

    def _refuse(self, kind: str, detail: str) -> int:
        number = _NO_STATION - len(self._refused) - 1
        self._refused[number] = (kind, detail)
        return number

    def _repeats(
        self,
        numbers: Sequence[int],
        rows: npt.NDArray[np.intp],
        station: Ints,
        hour: Ints,
        values: dict[str, Ints],
    ) -> list[int]:
        """Rows whose station and hour came before.

        Of each row only a 64-bit mark of its values stays, enough to tell a repeated row
        (``duplicate``) from one that contradicts the first (``conflict``); the first is kept.
        """
        mark = np.ones(len(hour), np.uint64)
        for factor, column in zip(_MARK, values.values(), strict=False):
            mark += (np.maximum(column, MISSING).astype(np.int64).view(np.uint64) + 7) * factor
            mark ^= mark >> np.uint64(29)
        mark = np.maximum(mark, 1)
        places = np.array(self._place_of, np.int64)[station[rows]]
        keys = (places << 32) | hour[rows].astype(np.int64)
        order = np.argsort(keys, kind="stable")
        blocks = keys[order] // _BLOCK
        repeated: list[int] = []
        for group in np.split(order, np.flatnonzero(np.diff(blocks)) + 1) if len(order) else []:
            at = rows[group]
            where = (int(places[group[0]]), int(hour[at[0]]) // _BLOCK)
            marks = self._marks.get(where)
            if marks is None:
                marks = self._marks[where] = np.zeros(_BLOCK, np.uint64)
            slots = hour[at] % _BLOCK
            firsts = np.ones(len(slots), np.bool_)
            firsts[1:] = slots[1:] != slots[:-1]
            firsts &= marks[slots] == 0
            marks[slots[firsts]] = mark[at[firsts]]
            for place in np.flatnonzero(~firsts).tolist():
                row = int(at[place])
                repeated.append(row)
                same = marks[slots[place]] == mark[row]
                found_station = self._stations[station[row]]
                end = kst_iso(from_hour_number(int(hour[row])))
                kind = "duplicate" if same else "conflict"
                self._leave_out(
                    kind, numbers[row], f"{found_station.sido} {found_station.name} {end}"
                )
        return repeated


def _or(value: Any, other: int) -> int:
    return other if value is None else int(value)
