"""The rows of days and months, pooled from the exact sums and counts of their hours.

A mean is of all valid hourly values of the stations together, as AirKorea's published figures are,
and not a mean of rounded means. Each day or month comes from one feed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from aq.domain.clock import day_of, from_day_number
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
from aq.store.rollups import day_grade

Slot = tuple[int, str, str]  # place id, feed, pollutant


@dataclass(slots=True)
class Pool:
    """What is known of one place, feed and pollutant in a day or month so far."""

    levels: int
    total: int = 0
    count: int = 0
    hours: int = 0
    largest: tuple[int, int] | None = None
    grades: list[int] = field(init=False)
    absences: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.grades = [0] * self.levels

    def add(self, total: int, count: int, grade: int | None) -> None:
        """Take an hour in by its exact sum and count, with its grade by the standard's window."""
        if grade is not None:
            self.grades[grade - 1] += 1
        if not count:
            return
        self.total += total
        self.count += count
        self.hours += 1
        if self.largest is None or total * self.largest[1] > self.largest[0] * count:
            self.largest = total, count

    @property
    def worst(self) -> int | None:
        """The worst grade of an hour."""
        return max((n for n, hours in enumerate(self.grades, 1) if hours), default=None)

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
        series, grader = by_series(read), reader.grader
        windows = {} if grader.plain.issuperset(reader.question.keys) else for_windows(reader, read)
        hour = after + 1
        while hour <= until:
            bounds = period(hour, reader.question.grain)
            if current is not None and bounds != current:
                yield _piece(reader, current, pools)
                pools = {}
            current = bounds
            last = min(until, bounds[1])
            _add(reader, pools, (series, windows), range(hour, last + 1))
            hour = last + 1
    if current is not None:
        yield _piece(reader, current, pools)


def _add(reader: Reader, pools: dict[Slot, Pool], block: tuple[Any, Any], hours: range) -> None:
    (series, windows), grader = block, reader.grader
    for (place, feed), rows in series.items():
        for key in reader.question.keys:
            pool, at, plain = pools.get((place, feed, key)), grader.at[key], key in grader.plain
            for hour in hours:
                row = rows.get(hour)
                if row is None:
                    continue
                if pool is None:
                    pool = pools[place, feed, key] = Pool(len(reader.question.standard.levels))
                total, count, shown = row[at], row[at + 1], None
                if not plain:
                    shown = grader.hour(key, windows[place, feed], hour)
                elif count:
                    shown = grader.mean(key, total, count)
                pool.add(total, count, shown.grade if shown else None)
                if not count:
                    pool.absences[absence(row[WHY], key, NOT_MEASURED)] += 1


def _piece(reader: Reader, bounds: tuple[int, int], pools: dict[Slot, Pool]) -> Piece:
    day = from_day_number(day_of(bounds[1])).isoformat()
    at = day if reader.question.grain == "day" else day[:7]
    possible = bounds[1] - bounds[0]
    rows: list[Cells] = []
    for place in reader.places:
        for key in reader.question.keys:
            taken = _taken(reader, place, key, pools)
            if taken:
                rows.append(_row(reader.grader, place, key, (at, possible), taken))
    return listed(at, rows, min(1.0, reader.done(bounds[1])))


def _taken(
    reader: Reader, place: Place, key: str, pools: dict[Slot, Pool]
) -> tuple[str, Pool] | None:
    """The feed that is chosen of those with a row, and its pool."""
    selection = reader.question.selection
    by_feed = {
        feed: pool
        for feed in selection.feeds
        if (pool := pools.get((place.id, feed, key))) is not None
    }
    feed = selection.of_period({name: pool.hours for name, pool in by_feed.items()})
    return (feed, by_feed[feed]) if feed else None


def _row(
    grader: Grader, place: Place, key: str, when: tuple[str, int], taken: tuple[str, Pool]
) -> Cells:
    (at, possible), (feed, pool) = when, taken
    averaging = "1d" if len(at) == 10 else "1mo"
    grade = value = largest = None
    if pool.hours and pool.largest is not None:
        standard = grader.standard
        value = f"{standard.figure(key, Fraction(pool.total, pool.count), averaging):f}"
        largest = f"{standard.figure(key, Fraction(*pool.largest), '1h'):f}"
    if averaging == "1d":
        grade = day_grade(grader.standard, key, pool.total, pool.count, pool.hours)
    return (
        *head_cells(place, feed, key),
        at,
        *grader.cells(key, value, averaging, grade),
        *tail_cells(feed, pool.why, (None, None, share_text(pool.hours, possible), None)),
        *(pool.hours, *pool.grades, pool.worst, largest),
    )
