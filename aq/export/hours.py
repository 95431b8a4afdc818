"""The rows of single hours, each from the most preferred feed that has a value for it.

A stretch of hours is worked through as columns: the row of each hour and place is chosen, and the
cells of the values that occur are made once each.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np

from aq.domain.clock import day_of, from_day_number, from_hour_number, kst_iso
from aq.domain.model import HourMean
from aq.domain.pollutants import pollutants
from aq.domain.windows import OVERALL
from aq.export.columns import SURE
from aq.export.grading import (
    NOT_ENOUGH,
    NOT_MEASURED,
    Grader,
    Shown,
    absence,
    scaled_text,
    share_text,
)
from aq.export.query import ExportQuestion
from aq.export.reader import (
    WHY,
    Cells,
    Numbers,
    Part,
    Piece,
    Reader,
    Series,
    for_windows,
    head_cells,
    tail_cells,
)
from aq.export.sure import NOT_SURE, parts_of, sure_cells
from aq.feeds.registry import INFO

# More than there can be of a province in an hour.
MOST_STATIONS = 1 << 16
NO_STATIONS = (None, None, None, None)
NO_REASON = (None, None)
# Cells of a kind that are remembered.
REMEMBERED = 20_000


def hour_pieces(reader: Reader) -> Iterator[Piece]:
    """Every hour of the range that the store has rows of, by place, then by pollutant."""
    question, count = reader.question, len(reader.question.keys)
    heads = [
        head_cells(place, feed, key)
        for place in reader.places
        for feed in question.selection.feeds
        for key in question.keys
    ]
    values, sources, grader = _Numbered(), _Numbered(), reader.grader
    # One of each standard that has its own columns.
    judged = [_Numbered() for judge in reader.judges if judge is not reader.grader]
    for (after, until), rows in reader.blocks():
        if max(len(grades.cells) for grades in (values, sources, *judged)) > REMEMBERED:
            values, sources = _Numbered(), _Numbered()
            judged = [_Numbered() for _ in judged]
        here = reader.at(until)
        if here.grader is not grader:
            # What is remembered is of one standard, in force or not.
            values, judged = _Numbered(), [_Numbered() for _ in judged]
            grader = here.grader
        block = _Block(here, (after, until), rows, values, sources)
        if len(block.hours) == 0:
            continue
        for place, key in enumerate(question.keys):
            (block.plain if key in grader.plain else block.windowed)(key, place)
        first = (block.places * len(question.selection.feeds))[:, None]
        which = ((first + block.feeds) * count + np.arange(count)).ravel()
        times = [time_cells(question, hour) for hour in range(after + 1, until + 1)]
        parts = (
            Part(heads, which),
            Part(times, np.repeat(block.hours, count)),
            Part(values.cells, block.value_of.ravel()),
            *(
                Part(cells.cells, block.by_standard(judge, cells).ravel())
                for judge, cells in zip(here.judges, judged, strict=False)
            ),
            Part(sources.cells, block.source_of.ravel()),
            *((block.sure(),) if SURE[0] in question.all_columns else ()),
        )
        first_at, last_at = (times[block.hours[end]][0] for end in (0, -1))
        yield Piece(first_at, last_at, parts, reader.done(until))


def time_cells(question: ExportQuestion, hour: int) -> Cells:
    """`at`, and the columns of `time_columns` where the question has them."""
    at = kst_iso(from_hour_number(hour))
    return (at, from_day_number(day_of(hour)).isoformat(), at) if question.timed else (at,)


class _Numbered:
    """Distinct cells, numbered as they come; found again by what they were made of."""

    def __init__(self) -> None:
        self.cells: list[Cells] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, make: Callable[..., Cells], *made_of: Hashable) -> int:
        """The number of the cells that `make` gives of what is known, made once."""
        number = self._numbers.get(made_of)
        if number is None:
            number = self._numbers[made_of] = len(self.cells)
            self.cells.append(make(*made_of))
        return number


def _as_given(cells: Cells) -> Cells:
    return cells


def _of_feed(cells: Cells, feed: str | None) -> Cells:
    return *cells, feed


class _Block:
    """A stretch of hours: the hours and places there are rows of, in order, and what each shows.

    Attributes
    ----------
    hours, places : of each pair, counted from the first of the stretch and of the question
    feeds : by pair and pollutant, which feed it is from, counted from the most preferred
    value_of, source_of : by pair and pollutant the number of its cells from `value` on and of those
        from `feed` on
    """

    def __init__(
        self,
        reader: Reader,
        hours: tuple[int, int],
        rows: Sequence[Any],
        values: _Numbered,
        sources: _Numbered,
    ) -> None:
        after, until = hours
        self.reader, self.rows, self.after = reader, rows, after
        self._values, self._sources = values, sources
        self.columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * 3
        numbers = {
            number: there[0] if reader.places[there[0]].station is None else None
            for number, there in reader.place_numbers.items()
        }
        rank = {feed: number for number, feed in enumerate(reader.question.selection.ids)}
        places = _integers(
            [
                reader.place_of(number, feed, hour) if numbers[number] is None else numbers[number]
                for number, hour, feed in zip(*self.columns[:3], strict=True)
            ]
        )
        since = _integers(self.columns[1]) - after - 1
        feeds = _integers([rank[number] for number in self.columns[2]])
        # The row of each feed, hour and place, -1 for none; earlier hours are of windows alone.
        grid = np.full((len(rank), until - after, len(reader.places)), -1)
        here = np.flatnonzero((since >= 0) & (places >= 0))
        grid[feeds[here], since[here], places[here]] = here
        self.hours, self.places = np.nonzero((grid >= 0).any(axis=0))
        self.grid = grid[:, self.hours, self.places]
        shape = (len(self.hours), len(reader.question.keys))
        self.feeds, self.value_of, self.source_of = (np.zeros(shape, np.intp) for _ in range(3))

    def plain(self, key: str, place: int) -> None:
        """Hours that stand by themselves: of the feed that is chosen by its stations."""
        at = self.reader.grader.at[key]
        total, heard = (_integers(self.columns[n]) for n in (at, at + 1))
        feeds = self.reader.question.selection.of_hours(
            np.where(self.grid >= 0, heard[self.grid], -1)
        )
        row = np.take_along_axis(self.grid, feeds[None], axis=0)[0]
        self.feeds[:, place] = feeds
        valid = np.flatnonzero(heard[row] > 0)
        of_valid = total[row[valid]], heard[row[valid]]
        self.value_of[valid, place] = _means(self.reader.grader, self._values, key, *of_valid)
        self.source_of[valid, place] = self._heard(key, feeds[valid], row[valid], heard)
        for pair in np.flatnonzero(heard[row] == 0).tolist():
            self._absent(key, (pair, place), int(feeds[pair]), int(row[pair]))

    def _heard(self, key: str, feeds: Numbers, rows: Numbers, heard: Numbers) -> Numbers:
        """The numbers of the sources of values, by feed and the stations heard and expected."""
        kinds = feeds
        if self.reader.question.level == "province":
            expected = _integers(self.columns[self.reader.grader.at[key] + 2])
            kinds = (feeds * MOST_STATIONS + heard[rows]) * MOST_STATIONS + expected[rows]
        _, first, which = np.unique(kinds, return_index=True, return_inverse=True)
        pairs = zip(feeds[first].tolist(), rows[first].tolist(), strict=True)
        return _integers([self._source(key, feed, row) for feed, row in pairs])[which]

    def windowed(self, key: str, place: int) -> None:
        """Hours by the standard's window, which goes back over the rows of the same feed."""
        grader = self.reader.grader
        for pair in range(len(self.hours)):
            there, feed, shown = self._first(grader, key, pair)
            if shown is not None:
                self.feeds[pair, place] = feed
                self.value_of[pair, place] = self._values.number(_as_given, shown.cells)
                self.source_of[pair, place] = self._source(key, feed, int(self.grid[feed, pair]))
            else:
                needed = grader.lacks(key, *self._window(pair, there))
                self._absent(key, (pair, place), there, int(self.grid[there, pair]), needed)

    def _first(self, judge: Grader, key: str, pair: int) -> tuple[int, int, Shown | None]:
        """The most preferred feed with a row of the hour, the first of them that gives a value by
        the standard's window, and what it gives; None where none does."""
        selection = self.reader.question.selection
        ats = [judge.at[name] + 1 for name in judge.rests_on(key)]
        stations = {
            name: max(self.rows[row][at] for at in ats)
            for name, row in zip(selection.feeds, self.grid[:, pair].tolist(), strict=True)
            if row >= 0
        }
        there = [selection.feeds.index(name) for name in selection.ranked(stations)]
        for feed in there:
            shown = judge.hour(key, *self._window(pair, feed))
            if shown is not None:
                return there[0], feed, shown
        return there[0], there[0], None

    def by_standard(self, judge: Grader, cells: _Numbered) -> Numbers:
        """By pair and pollutant the number of a standard's own cells.

        A window may be of another feed than the hour's own value: where the hour's feed has too few
        hours of it, the next one may have enough.
        """
        numbers = np.zeros_like(self.value_of)
        names = self.reader.question.selection.feeds
        for place, key in enumerate(self.reader.question.keys):
            numbers[:, place] = cells.number(_of_feed, judge.cells(key, None), None)
            if key in judge.plain and judge.standard.averaging(key):
                at, feeds = judge.at[key], self.feeds[:, place]
                row = np.take_along_axis(self.grid, feeds[None], axis=0)[0]
                total, heard = (_integers(self.columns[n])[row] for n in (at, at + 1))
                for feed, name in enumerate(names):
                    valid = np.flatnonzero((heard > 0) & (feeds == feed))
                    of_valid = total[valid], heard[valid]
                    numbers[valid, place] = _means(judge, cells, key, *of_valid, feed=name)
            elif key in judge.standard.keys:
                for pair in range(len(self.hours)):
                    _, feed, shown = self._first(judge, key, pair)
                    if shown is not None:
                        numbers[pair, place] = cells.number(_of_feed, shown.cells, names[feed])
        return numbers

    def sure(self) -> Part:
        """How sure the means are, by the first standard; nulls where nobody asks for it."""
        question, judge = self.reader.question, self.reader.judges[0]
        cells, which = _Numbered(), np.zeros_like(self.value_of)
        cells.number(_as_given, NOT_SURE)
        if question.sure:
            until = self.after + int(self.hours[-1]) + 1
            parts = parts_of(self.reader, (self.after, until))
            for place, key in enumerate(question.keys):
                if key == OVERALL:
                    continue
                for pair in range(len(self.hours)):
                    feed = int(self.feeds[pair, place])
                    hour = self.after + 1 + int(self.hours[pair])
                    province = self.reader.places[self.places[pair]].id
                    expected = self.rows[self.grid[feed, pair]][judge.at[key] + 2]
                    told = sure_cells(
                        parts,
                        judge.standard,
                        question.selection.feeds[feed],
                        (province, hour, key),
                        expected,
                        "1h",
                    )
                    which[pair, place] = cells.number(_as_given, told)
        return Part(cells.cells, which.ravel())

    def _window(self, pair: int, feed: int) -> tuple[Series, int]:
        """The rows of a pair's place and feed, and its hour."""
        number = self.reader.places[self.places[pair]].id
        name = self.reader.question.selection.feeds[feed]
        return self.series[number, name], self.after + 1 + int(self.hours[pair])

    @cached_property
    def series(self) -> Mapping[tuple[int, str], Series]:
        """The rows by place and feed."""
        return for_windows(self.reader, self.rows)

    def _absent(
        self, key: str, cell: tuple[int, int], feed: int, row: int, needed: Sequence[str] = ()
    ) -> None:
        """Say of a pair and pollutant that there is no value that counts, and why."""
        cells, why = _nothing(self.reader, key, self.rows[row], needed)
        self.feeds[cell] = feed
        self.value_of[cell] = self._values.number(_as_given, cells)
        self.source_of[cell] = self._source(key, feed, row, why)

    def _source(
        self, key: str, feed: int, row: int, why: tuple[str | None, str | None] = NO_REASON
    ) -> int:
        name = self.reader.question.selection.feeds[feed]
        stations = _stations(self.reader, name, self.rows[row], key)
        return self._sources.number(tail_cells, name, why, stations)


def _means(
    grader: Grader,
    cells: _Numbered,
    key: str,
    totals: Numbers,
    heard: Numbers,
    *,
    feed: str | None = None,
) -> Numbers:
    """The numbers of the cells of hourly means, by exact sum and count; with `feed` after them
    where it is given.

    Most means have the same cells as the one rounded to the store's scale, of which there are few;
    those that the standard would then grade otherwise are looked at by themselves.
    """

    def make(key: str, total: int, count: int, *feeds: str) -> Cells:
        return *grader.mean(key, total, count).cells, *feeds

    means = (2 * totals + heard) // (2 * heard)
    apart = grader.apart(key, totals, heard, means)
    totals, heard = np.where(apart, totals, means), np.where(apart, heard, 1)
    _, first, which = np.unique(
        totals * MOST_STATIONS + heard, return_index=True, return_inverse=True
    )
    pairs = zip(totals[first].tolist(), heard[first].tolist(), strict=True)
    more = () if feed is None else (feed,)
    return _integers([cells.number(make, key, *pair, *more) for pair in pairs])[which]


def _integers(numbers: Any) -> Numbers:
    """Integers as an array, None as -1."""
    try:
        return np.array(numbers, dtype=np.intp)
    except TypeError:
        return np.array([-1 if number is None else number for number in numbers], dtype=np.intp)


def _nothing(
    reader: Reader, key: str, row: Any, needed: Sequence[str]
) -> tuple[Cells, tuple[str | None, str | None]]:
    """Cells and (flag, reason) of an hour without a value that counts.

    A station's number that came with a flag is printed beside its flag, without a grade.
    """
    plain = key in reader.grader.plain
    raw = row[reader.grader.at[key] + 2] if plain and reader.question.level == "station" else None
    value = None if raw is None else scaled_text(raw, pollutants()[key])
    why = absence(row[WHY], key, NOT_MEASURED if plain else NOT_ENOUGH, needed)
    return reader.grader.cells(key, value), why


def _stations(reader: Reader, feed: str, row: Any, key: str) -> Cells:
    """Stations heard and expected in the hour, their share, and whether that is thin."""
    if key == OVERALL or reader.question.level == "station" or not INFO[feed].pooled:
        return NO_STATIONS
    at = reader.grader.at[key]
    return _heard(row[at + 1], row[at + 2])


@cache
def _heard(heard: int, expected: int | None) -> Cells:
    if not expected:
        return heard, expected, None, None
    return heard, expected, share_text(heard, expected), HourMean(0, heard, expected).thin
