"""Rows of a confirmed file into readings; what cannot be taken becomes an issue, never a guess."""

import re
from array import array
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aq.domain.clock import HOUR, from_hour_number, kst_iso, require_aware
from aq.domain.model import Answer, Reading, RowIssue, Station
from aq.domain.provinces import MERGED_NAMES, by_address
from aq.feeds.confirmed.cells import is_blank, read_hour, read_value, shown, text_of
from aq.feeds.confirmed.header import Columns

_CODE = re.compile(r"\d{6}", re.ASCII)
# Hours of marks kept together: dense data cost 8 bytes a row, a lone hour 2 kB.
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class BadRow:
    """Lines that do not form a row at all: how many, and why."""

    lines: int
    detail: str


Cells = Sequence[Hashable]
Row = tuple[int, Cells | BadRow]


@dataclass(frozen=True, slots=True)
class _Known:
    """A station met in this table, with its number among them."""

    number: int
    station: Station


def _sido(region: str, address: str) -> str | None:
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
    """

    def __init__(self, columns: Columns, where: str, now: datetime) -> None:
        self._columns, self._where = columns, where
        self._latest = require_aware(now) + HOUR
        self._stations: dict[tuple[Hashable, ...], _Known | RowIssue] = {}
        self._numbers: dict[tuple[str, ...], int] = {}
        self._marks: dict[tuple[int, int], array[int]] = {}
        self._issues: list[RowIssue] = []
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

    def parse(self, rows: Iterable[Row]) -> tuple[Answer, int]:
        """The answer the `rows` give, and how many of its readings have no known network."""
        self._issues = []
        readings: list[Reading] = []
        stations: dict[int, Station] = {}
        count = unknown_network = 0
        for number, cells in rows:
            if isinstance(cells, BadRow):
                count += cells.lines
                self._issue("bad_row", number, cells.detail)
                continue
            if is_blank(cells):
                continue
            count += 1
            known = self._station(number, cells)
            reading = self._reading(number, cells, known) if known else None
            if known and reading:
                readings.append(reading)
                stations[known.number] = known.station
                unknown_network += known.station.network is None
        answer = Answer(
            rows=count,
            readings=readings,
            stations=tuple(stations.values()),
            issues=tuple(self._issues),
        )
        return answer, unknown_network

    def _issue(self, kind: str, number: int, detail: str) -> None:
        where = f"{self._where}:{number}"
        self._issues.append(RowIssue(kind=kind, where=where, detail=detail))

    def _station(self, number: int, cells: Cells) -> _Known | None:
        """The station of a row, or None with an issue when the row does not name one."""
        if len(cells) != self._columns.width and not self._fits(cells):
            detail = f"{len(cells)} cells under a header of {self._columns.width}"
            self._issue("bad_row", number, detail)
            return None
        identity = tuple([cells[index] for index in self._identity])
        known = self._stations.get(identity)
        if known is None:
            known = self._stations[identity] = self._meet(cells)
        if isinstance(known, RowIssue):
            self._issue(known.kind, number, known.detail)
            return None
        return known

    def _fits(self, cells: Cells) -> bool:
        """Whether every cell stands under a header; a shifted row would put values elsewhere."""
        width = self._columns.width
        return len(cells) >= width and is_blank(cells[width:])

    def _meet(self, cells: Cells) -> _Known | RowIssue:
        """A station seen for the first time in this table, or the issue its rows get."""
        columns = self._columns

        def text(index: int | None) -> str:
            return "" if index is None else text_of(cells[index])

        name, code, address = text(columns.name), text(columns.code), text(columns.address)
        sido = _sido(text(columns.region), address)
        if not name:
            return RowIssue(kind="bad_station", where="", detail="no station name")
        if code and not _CODE.fullmatch(code):
            detail = f"station code {shown(code)} is not six digits"
            return RowIssue(kind="bad_station", where="", detail=detail)
        if sido is None:
            detail = shown(text(columns.region) or address)
            return RowIssue(kind="unknown_province", where="", detail=detail)
        station = Station(
            name=name,
            sido=sido,
            code=code or None,
            network="".join(text(columns.network).split()) or None,
            address=address or None,
        )
        key = (code,) if code else (sido, name)
        return _Known(self._numbers.setdefault(key, len(self._numbers)), station)

    def _reading(self, number: int, cells: Cells, known: _Known) -> Reading | None:
        """The reading of a row, or None with an issue when its hour is none, too late or known."""
        found = read_hour(cells[self._columns.hour])
        if found is None:
            self._issue("bad_time", number, shown(cells[self._columns.hour]))
            return None
        hour, hour_index = found
        if hour > self._latest:
            self._issue("future_hour", number, shown(cells[self._columns.hour]))
            return None
        values, issues = self._values(cells)
        if not self._is_new(number, known, hour_index, values):
            return None
        for kind, detail in issues:
            self._issue(kind, number, detail)
        return Reading(hour=hour, values=values, station=known.station)

    def _values(self, cells: Cells) -> tuple[dict[str, int], list[tuple[str, str]]]:
        """The scaled values of a row and (kind, detail) of the cells that are none."""
        values: dict[str, int] = {}
        issues: list[tuple[str, str]] = []
        for key, index in self._columns.values:
            value = read_value(cells[index], key)
            if isinstance(value, int):
                values[key] = value
            elif value is not None:
                issues.append((value, f"{key} {shown(cells[index])}"))
        return values, issues

    def _is_new(
        self, number: int, known: _Known, hour_index: int, values: Mapping[str, int]
    ) -> bool:
        """Whether this station and hour come for the first time; the first row is kept.

        Of each row only a 64-bit mark of its values stays, enough to tell a repeated row
        (``duplicate``) from one that contradicts the first (``conflict``).
        """
        block, slot = divmod(hour_index, _BLOCK)
        marks = self._marks.get((known.number, block))
        if marks is None:
            marks = self._marks[known.number, block] = array("q", bytes(8 * _BLOCK))
        mark = hash(tuple(values.items())) or 1
        if not marks[slot]:
            marks[slot] = mark
            return True
        kind = "duplicate" if marks[slot] == mark else "conflict"
        station, at = known.station, kst_iso(from_hour_number(hour_index))
        self._issue(kind, number, f"{station.sido} {station.name} {at}")
        return False
