"""A question at an open store: its places, the hours there can be, and blocks of rows to read.

Only one block of hours is in memory, however long the range.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aq.domain.clock import (
    day_hours,
    day_number,
    day_of,
    from_day_number,
    from_hour_number,
    kst_day,
    month_end,
    month_start,
)
from aq.domain.errors import InputError
from aq.domain.grading import in_force_on
from aq.domain.model import OBSERVED, URBAN, PlaceHour
from aq.domain.provinces import BY_ID
from aq.domain.standards import Standard
from aq.export.columns import READINGS
from aq.export.grading import Beside, Concentrations, Grader, reads_of
from aq.export.query import ExportQuestion
from aq.feeds.registry import FEED_NAMES, INFO
from aq.store import Connection, Store
from aq.store.archive import months as retained
from aq.store.blocks import (
    StationPlace,
    current_version,
    province_block,
    province_hours,
    province_span,
    station_block,
    station_hours,
    station_span,
    stations_of,
)

# The cell of a row of a block that says why it has no values.
WHY = 3
# Rows of the store that are in memory at once, roughly.
BLOCK_ROWS = 6000
Cells = tuple[Any, ...]
Mark = tuple[tuple[str, bool], ...]  # standard's id, whether it is in force
Graders = tuple[Grader, tuple[Grader, ...]]
Numbers = NDArray[np.intp]
Series = Mapping[int, PlaceHour]  # by hour number


@dataclass(frozen=True, slots=True)
class Place:
    """A province, or a station while it counts for one province and network, with the cells that
    name it. `station` says in which hours that is; None for every hour."""

    id: int
    cells: tuple[str | None, ...]  # province, code, station, station_code
    network: str | None
    station: StationPlace | None = None

    def holds(self, feed: int, hour: int) -> bool:
        """Whether a feed's row of an hour is of this place."""
        return self.station is None or self.station.holds(feed, hour)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Neighbouring columns of some rows: the cells there are, and which of them each row has.

    Few distinct ones occur in a long answer, so a writer makes of each once what it needs: the
    next piece may have the same list, grown at its end.
    """

    cells: Sequence[Cells]
    which: Numbers

    @property
    def width(self) -> int:
        """How many columns it is."""
        return len(self.cells[0])


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows that follow each other, part by part, with the share of the whole done by then."""

    first: str
    last: str
    parts: tuple[Part, ...]
    share: float

    def __len__(self) -> int:
        return len(self.parts[0].which)

    def placed(self) -> Iterator[tuple[int, Part]]:
        """Each part with the place of its first column."""
        start = 0
        for part in self.parts:
            yield start, part
            start += part.width

    def rows(self) -> Iterator[Cells]:
        """The cells of each row, one after the other."""
        columns = [map(part.cells.__getitem__, part.which) for part in self.parts]
        return (tuple(chain.from_iterable(row)) for row in zip(*columns, strict=True))

    def rows_from(self, start: int, count: int) -> "Piece":
        """At most `count` rows, without those before `start`."""
        parts = tuple(Part(part.cells, part.which[start : start + count]) for part in self.parts)
        return replace(self, parts=parts)


def listed(at: str, rows: Sequence[Cells], share: float) -> Piece:
    """The rows of one day or month, each by itself."""
    return Piece(at, at, (Part(rows, np.arange(len(rows))),), share)


@dataclass(frozen=True)
class Reader:
    """A question at an open store: its places, the hours there can be, what to read as of.

    `grader` gives the cells of values; `judges` grade, one for each standard: `grader` itself where
    grades stand in the same cells.
    """

    connection: Connection
    question: ExportQuestion
    places: tuple[Place, ...]
    hours: tuple[int, int] | None
    as_of: int | None
    grader: Grader
    judges: tuple[Grader, ...]
    step: int  # hours read at a time
    back: int  # hours that windows reach back
    graders: dict[Mark, Graders] = field(default_factory=dict)

    def at(self, hour: int) -> "Reader":
        """The reader of a stretch of `blocks`, with what grades its last hour."""
        question, moment = self.question, from_hour_number(hour)
        standards = question.standards if question.apart else (question.standard_at(moment),)
        day = kst_day(moment)
        mark = tuple((standard, in_force_on(standard, day)) for standard in standards)
        names = tuple((standard.id, in_force) for standard, in_force in mark)
        if names not in self.graders:
            self.graders[names] = graders(question, mark)
        grader, judges = self.graders[names]
        return replace(self, grader=grader, judges=judges)

    @property
    def edges(self) -> list[int]:
        """The last hours before another standard, or whether one is in force, begins to hold."""
        standards = (*self.question.standards, *self.question.family)
        days = {
            day
            for standard in standards
            for day in (standard.valid_from, standard.valid_until)
            if day is not None
        }
        return sorted(day_hours(day_number(day))[0] for day in days)

    @cached_property
    def place_numbers(self) -> dict[int, list[int]]:
        """The places of each station (of one that moved several), or the one of a province."""
        numbers: dict[int, list[int]] = {}
        for number, place in enumerate(self.places):
            numbers.setdefault(place.id, []).append(number)
        return numbers

    def place_of(self, number: int, feed: int, hour: int) -> int:
        """The place a row of the store is of; -1 where it counted for a province not asked for."""
        numbers = self.place_numbers[number]
        return next((n for n in numbers if self.places[n].holds(feed, hour)), -1)

    @property
    def hourly_rows(self) -> int:
        """The most rows of readings there can be."""
        if self.hours is None:
            return 0
        count = self.hours[1] - self.hours[0]
        size = {"hour": 1, "day": 24, "month": 24 * 28, "year": 24 * 365}[self.question.grain]
        return -(-count // size) * len(self.places) * len(self.question.keys)

    def done(self, hour: int) -> float:
        """The share of the hours up to and with this one."""
        after, until = self.hours or (hour - 1, hour)
        return (hour - after) / (until - after)

    def blocks(self) -> Iterator[tuple[tuple[int, int], Sequence[Any]]]:
        """((after, until), rows of the store), one stretch of hours after the other.

        The rows are those of `aq.store.blocks`, the hours of a window before `after` included.
        """
        if self.hours is None:
            return
        start, end = self.hours
        read = station_block if self.question.level == "station" else province_block
        numbers = list({place.id for place in self.places})
        keys, feeds = self.grader.reads, self.question.selection.feeds
        after = start
        while after < end:
            until = min(after + self.step, end, *(edge for edge in self.edges if edge > after))
            since = after - self.back
            yield (
                (after, until),
                read(self.connection, numbers, keys, feeds, since, until, self.as_of),
            )
            after = until


def by_series(rows: Iterable[Any]) -> dict[tuple[int, str], dict[int, Any]]:
    """The rows of a block by place and feed, then by hour."""
    series: dict[tuple[int, str], dict[int, Any]] = {}
    for row in rows:
        series.setdefault((row[0], FEED_NAMES[row[2]]), {})[row[1]] = row
    return series


def for_windows(reader: Reader, rows: Sequence[Any]) -> Mapping[tuple[int, str], Series]:
    """The hours of a block by place and feed, as a standard's windows take them."""
    nouns = station_hours if reader.question.level == "station" else province_hours
    series: defaultdict[tuple[int, str], dict[int, PlaceHour]] = defaultdict(dict)
    for hour in nouns(rows, reader.grader.reads):
        series[hour.place, hour.feed][hour.hour] = hour
    return dict(series)


@contextmanager
def reading(store: Store, question: ExportQuestion) -> Iterator[Reader]:
    """One consistent view of the store for a question.

    Raises `InputError` when the store has not come to the question's version yet, `ArchiveError`
    when station hours are asked for whose archive is not there.
    """
    with store.read(question.version) as connection:
        newest = current_version(connection)
        if question.version > newest:
            raise InputError(
                f"this store is at version {newest}, the question is of version {question.version};"
                " it was asked of another store",
                "as_of",
            )
        places = _places(connection, question)
        hours = _hours(connection, question, places) if question.kind == READINGS else None
        if question.level == "station" and hours is not None:
            retained.require(connection, *hours)
        every = [(standard, True) for standard in (*question.standards, *question.family)]
        grader, judges = graders(question, every[: len(question.standards)])
        yield Reader(
            connection=connection,
            question=question,
            places=places,
            hours=hours,
            as_of=question.version if question.version < newest else None,
            grader=grader,
            judges=judges,
            step=max(24, BLOCK_ROWS // max(1, len(places))),
            back=max(
                7 if question.eight_hours else 0,
                *(graders(question, [standard])[1][0].back for standard in every),
            ),
        )


def graders(question: ExportQuestion, standards: Sequence[tuple[Standard, bool]]) -> Graders:
    """What gives a question's values, and what grades its hours: one for each standard, with
    whether it is in force."""
    keys, reads = question.keys, reads_of((*question.standards, *question.family), question.keys)
    if not question.apart:
        ((standard, in_force),) = standards
        grader = Grader(standard, keys, reads, in_force=in_force)
        return grader, (grader,)
    beside = tuple(
        Beside(standard, keys, reads, in_force=in_force) for standard, in_force in standards
    )
    return Concentrations(beside, keys), beside


def _places(connection: Connection, question: ExportQuestion) -> tuple[Place, ...]:
    if question.level != "station":
        return tuple(
            Place(province.id, (province.ko, province.code, None, None), URBAN)
            for province in question.provinces
        )
    # Not ordered by the database: engines differ in how they compare Korean text.
    order = {province.id: number for number, province in enumerate(question.provinces)}
    newest = current_version(connection)
    kept = sorted(
        stations_of(connection, order, question.version if question.version < newest else None),
        key=lambda row: (
            *(order[row.province], row.code is None, row.code or "", row.name, row.id),
            row.network or "",
        ),
    )
    return tuple(
        Place(
            row.id,
            (*_province_cells(row.province), row.name, row.code),
            row.network,
            row if row.spans is not None else None,
        )
        for row in kept
    )


def _province_cells(number: int) -> tuple[str, str]:
    return BY_ID[number].ko, BY_ID[number].code


def _hours(
    connection: Connection, question: ExportQuestion, places: tuple[Place, ...]
) -> tuple[int, int] | None:
    """(after, until): the asked hours, in whole days or months, where the store can have any."""
    if question.level == "station":
        kept = station_span(connection, (place.id for place in places))
    else:
        kept = province_span(connection, (place.id for place in places))
    if kept is None:
        return None
    after, until = question.hours
    if until <= after:
        return None
    if question.grain != "hour":
        after, until = period(after + 1, question.grain)[0], period(until, question.grain)[1]
    after, until = max(after, kept[0] - 1), min(until, kept[1])
    return (after, until) if after < until else None


def period(hour: int, grain: str) -> tuple[int, int]:
    """(after, until) of the day, month or year an hour belongs to."""
    number = day_of(hour)
    if grain == "day":
        return day_hours(number)
    day = from_day_number(number)
    if grain == "year":
        first, last = (day_number(day.replace(month=m, day=d)) for m, d in ((1, 1), (12, 31)))
    else:
        first, last = day_number(month_start(day)), day_number(month_end(day))
    return day_hours(first)[0], day_hours(last)[1]


def head_cells(place: Place, feed: str, key: str) -> Cells:
    """The cells from `province` to `pollutant`. A model has no stations and so no network."""
    network = place.network if INFO[feed].kind == OBSERVED else None
    return (*place.cells, network, key)


@lru_cache(20_000)
def tail_cells(feed: str, why: tuple[str | None, str | None], stations: Cells) -> Cells:
    """The cells from `feed` to `missing_reason`, of (flag, reason) and four cells of stations."""
    return feed, INFO[feed].kind, INFO[feed].status, why[0], *stations, why[1]
