"""The rows of days, months and years, pooled from the exact sums and counts of their hours.

A mean is of all valid hourly values of the stations together, as AirKorea's published figures are,
and not a mean of rounded means. Each day or month comes from one feed.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np

from aq.domain.clock import day_of, from_day_number
from aq.domain.pollutants import pollutants, rounded
from aq.domain.selection import heard
from aq.export.columns import PERCENTILES, SURE
from aq.export.grading import NOT_MEASURED, Grader, absence, share_text
from aq.export.reader import (
    WHY,
    Cells,
    Piece,
    Place,
    Reader,
    by_series,
    for_windows,
    head_cells,
    listed,
    period,
    tail_cells,
)
from aq.export.sure import parts_of, sure_cells
from aq.feeds.registry import FEED_IDS
from aq.store.rollups import day_grade

WINDOW, WINDOW_NEEDS = 8, 6  # hours of a mean of 8, and how many must have a value
Slot = tuple[int, str, str]  # number of the place, feed, pollutant


@dataclass(slots=True)
class Pool:
    """What is known of one place, feed and pollutant in a day or month so far; `grades` are the
    hours of each grade, by standard."""

    levels: Sequence[int]
    total: int = 0
    count: int = 0
    hours: int = 0
    largest: tuple[int, int] | None = None
    means: "array[float] | None" = None  # of the hours, where percentiles are asked for
    expected: int | None = None  # stations of the hour that most were expected in
    largest_8h: tuple[float, Sequence[Fraction]] | None = None  # with its window
    grades: list[list[int]] = field(init=False)
    absences: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.grades = [[0] * levels for levels in self.levels]

    def add(self, total: int, count: int, grades: Iterable[int | None]) -> None:
        """Take an hour in by its exact sum and count, with its grades by the standards' windows."""
        for hours, grade in zip(self.grades, grades, strict=True):
            if grade is not None:
                hours[grade - 1] += 1
        if not count:
            return
        self.total += total
        self.count += count
        self.hours += 1
        if self.means is not None:
            self.means.append(total / count)
        if self.largest is None or total * self.largest[1] > self.largest[0] * count:
            self.largest = total, count

    def counted(self, standard: int, *, above: bool) -> tuple[int | None, ...]:
        """Hours of each grade of one of the standards, and the worst grade of an hour; with `above`
        first the hours above each limit."""
        grades = self.grades[standard]
        over = [sum(grades[n:]) for n in range(1, len(grades))] if above else []
        return *over, *grades, max((n for n, hours in enumerate(grades, 1) if hours), default=None)

    @property
    def why(self) -> tuple[str | None, str | None]:
        """(flag, reason): nothing where there is a value, else the commonest."""
        if self.hours:
            return None, None
        return min(
            self.absences,
            key=lambda absence: (-self.absences[absence], absence[1], absence[0] or ""),
        )


def pooled_pieces(reader: Reader) -> Iterator[Piece]:
    """Every day or month of the range that the store has a row of."""
    current: tuple[int, int] | None = None
    pools: dict[Slot, Pool] = {}
    for (after, until), read in reader.blocks():
        series, here = by_series(read), reader.at(until)
        plain = all(judge.plain.issuperset(reader.question.keys) for judge in here.judges)
        windows = {} if plain else for_windows(reader, read)
        hour = after + 1
        while hour <= until:
            bounds = period(hour, reader.question.grain)
            if current is not None and bounds != current:
                yield _piece(reader, current, pools)
                pools = {}
            current = bounds
            last = min(until, bounds[1])
            _add(here, pools, (series, windows), range(hour, last + 1))
            hour = last + 1
    if current is not None:
        yield _piece(reader, current, pools)


def _add(reader: Reader, pools: dict[Slot, Pool], block: tuple[Any, Any], hours: range) -> None:
    (series, windows), judges = block, reader.judges
    levels = [len(judge.standard.levels) for judge in judges]
    for (number, feed), rows in series.items():
        there = reader.place_numbers[number]
        moved = reader.places[there[0]].station is not None
        for key in reader.question.keys:
            at = reader.grader.at[key]
            for hour in hours:
                row = rows.get(hour)
                if row is None:
                    continue
                place = reader.place_of(number, FEED_IDS[feed], hour) if moved else there[0]
                if place < 0:
                    continue
                pool = pools.get((place, feed, key))
                if pool is None:
                    pool = pools[place, feed, key] = Pool(levels, means=_empty(reader))
                total, count = row[at], row[at + 1]
                grades: list[int | None] = []
                for judge in judges:
                    shown = None
                    if key not in judge.plain:
                        shown = judge.hour(key, windows[number, feed], hour)
                    elif count:
                        shown = judge.mean(key, total, count)
                    grades.append(shown.grade if shown else None)
                pool.add(total, count, grades)
                if row[at + 2] is not None:
                    pool.expected = max(pool.expected or 0, row[at + 2])
                if not count:
                    pool.absences[absence(row[WHY], key, NOT_MEASURED)] += 1
            if reader.question.eight_hours:
                _eight_hours(reader, pools, (number, feed, key), rows, hours)


def _piece(reader: Reader, bounds: tuple[int, int], pools: dict[Slot, Pool]) -> Piece:
    day = from_day_number(day_of(bounds[1])).isoformat()
    at = day[: {"day": 10, "month": 7, "year": 4}[reader.question.grain]]
    possible, here = bounds[1] - bounds[0], reader.at(bounds[1])
    rows: list[Cells] = []
    question = reader.question
    told = SURE[0] in question.all_columns
    parts = parts_of(reader, bounds) if question.sure else {}
    for number, place in enumerate(reader.places):
        for key in question.keys:
            taken = _taken(reader, number, key, pools)
            if taken:
                row = _row(here, place, key, (at, possible), taken)
                if told:
                    feed, pool = taken
                    when = (place.id, day_of(bounds[1]), key)
                    standard = here.judges[0].standard
                    row += sure_cells(parts, standard, feed, when, pool.expected, "1d")
                rows.append(row)
    return listed(at, rows, min(1.0, reader.done(bounds[1])))


def _taken(
    reader: Reader, place: int, key: str, pools: dict[Slot, Pool]
) -> tuple[str, Pool] | None:
    """The feed that is chosen of those with a row, and its pool."""
    selection = reader.question.selection
    by_feed = {
        feed: pool
        for feed in selection.feeds
        if (pool := pools.get((place, feed, key))) is not None
    }
    feed = selection.of_period(
        {name: heard(pool.count, pool.hours) for name, pool in by_feed.items()}
    )
    return (feed, by_feed[feed]) if feed else None


def _row(
    reader: Reader, place: Place, key: str, when: tuple[str, int], taken: tuple[str, Pool]
) -> Cells:
    (at, possible), (feed, pool) = when, taken
    averaging = {"day": "1d", "month": "1mo", "year": "1y"}[reader.question.grain]
    judged = [_judged(judge, key, averaging, pool, possible) for judge in reader.judges]
    above = reader.question.named
    counts = [pool.counted(number, above=above) for number in range(len(judged))]
    largest = None
    if pool.largest is not None:
        largest = f"{reader.grader.figure(key, Fraction(*pool.largest), '1h'):f}"
    if reader.question.apart:
        value = _value(reader.grader, key, averaging, pool)
        middle = [
            *reader.grader.cells(key, value, averaging),
            *chain.from_iterable(chain(*pair) for pair in zip(judged, counts, strict=True)),
        ]
        counts = []
    else:
        middle = [*judged[0]]
    return (
        *head_cells(place, feed, key),
        at,
        *((at,) if averaging == "1d" and reader.question.timed else ()),
        *middle,
        *tail_cells(feed, pool.why, (None, None, share_text(pool.hours, possible), None)),
        *(pool.hours, *chain.from_iterable(counts), largest),
        *((*_spread(key, pool), _largest_8h(key, pool)) if above else ()),
    )


def _empty(reader: Reader) -> "array[float] | None":
    return array("d") if reader.question.spread else None


def _spread(key: str, pool: Pool) -> Iterable[str | None]:
    """The percentiles of the hourly means, with the digits of a day's mean."""
    if not pool.means:
        return [None] * len(PERCENTILES)
    pollutant = pollutants()[key]
    found = np.percentile(np.array(pool.means) / pollutant.scale, [*PERCENTILES.values()])
    return [f"{number:.{pollutant.digits + 2}f}" for number in found.tolist()]


def _eight_hours(
    reader: Reader,
    pools: dict[Slot, Pool],
    slot: tuple[int, str, str],
    rows: Mapping[int, Any],
    hours: range,
) -> None:
    """Take the means of the 8 hours that end in some hours in, of what a feed has of a place.

    They are compared as floats and printed of the exact window; a window needs 6 of its hours.
    """
    number, feed, key = slot
    at, first = reader.grader.at[key], hours.start - WINDOW + 1
    means = np.full(len(hours) + WINDOW - 1, np.nan)
    for hour in range(first, hours.stop):
        row = rows.get(hour)
        if row is not None and row[at + 1]:
            means[hour - first] = row[at] / row[at + 1]
    windows = np.lib.stride_tricks.sliding_window_view(means, WINDOW)
    heard = np.isfinite(windows).sum(axis=1)
    totals = np.nansum(windows, axis=1)
    there = reader.place_numbers[number]
    for end in np.flatnonzero(heard >= WINDOW_NEEDS).tolist():
        hour, mean = hours.start + end, float(totals[end] / heard[end])
        place = (
            there[0]
            if reader.places[there[0]].station is None
            else reader.place_of(number, FEED_IDS[feed], hour)
        )
        pool = pools.get((place, feed, key))
        if pool is None or (pool.largest_8h is not None and pool.largest_8h[0] >= mean):
            continue
        inside = (rows.get(earlier) for earlier in range(hour - WINDOW + 1, hour + 1))
        exact = [
            Fraction(row[at], row[at + 1]) for row in inside if row is not None and row[at + 1]
        ]
        pool.largest_8h = mean, exact


def _largest_8h(key: str, pool: Pool) -> str | None:
    """The highest mean of 8 hours, as it is printed."""
    if pool.largest_8h is None:
        return None
    window = pool.largest_8h[1]
    pollutant = pollutants()[key]
    value = rounded(sum(window, Fraction(0)) / len(window), pollutant, pollutant.digits + 2)
    return f"{value:f}"


def _value(grader: Grader, key: str, averaging: str, pool: Pool) -> str | None:
    if not pool.hours:
        return None
    return f"{grader.figure(key, Fraction(pool.total, pool.count), averaging):f}"


def _judged(judge: Grader, key: str, averaging: str, pool: Pool, possible: int) -> Cells:
    """A standard's cells of a day, month or year; a year is graded by the limits of a year, where
    the standard has them and as many of its hours have a value as it asks of a window."""
    grade, standard = None, judge.standard
    if averaging == "1d":
        grade = day_grade(standard, key, pool.total, pool.count, pool.hours)
    elif averaging == "1y" and pool.count and pool.hours >= standard.complete * possible:
        grade = standard.grade(key, Fraction(pool.total, pool.count), averaging)
    return judge.cells(key, _value(judge, key, averaging, pool), averaging, grade)
