"""Days by grade, counted by the database from the roll-up of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, exists, func, select
from sqlalchemy.sql.elements import ColumnElement

from aq.schema import FEED_IDS, province_day
from aq.store.reads import span
from aq.store.rollups import day_of

Counted = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How a day's value becomes a grade.

    `cuts` are the largest stored integers of each grade but the last, `smallest` the least that has
    a grade; with `of_highest` the highest hourly mean is graded, else the mean of a day that has
    `least_hours` hours with a value.
    """

    cuts: tuple[int, ...]
    grades: tuple[int, ...]
    smallest: int
    of_highest: bool
    least_hours: int


def days_by_grade(
    connection: Connection,
    key: str,
    provinces: Sequence[int],
    periods: Sequence[tuple[int, int]],
    feeds: Sequence[str],
    scale: Scale,
) -> list[Counted]:
    """(province, first day of the period, grade, days) where there are any.

    `periods` are (first, last) days since 1970. A day is of the first of `feeds` with an hour that
    has a value.
    """
    counts: dict[tuple[int, int, int], int] = {}
    # A feed is asked of no period it has nothing of: the walk would find that out day by day.
    known = span(connection, provinces)
    numbers = [FEED_IDS[name] for name in feeds if FEED_IDS[name] in known]
    for place, number in enumerate(numbers):
        # A statement a period: each walks its days in the order of the key, so nothing is sorted.
        query = _counts(key, provinces, number, numbers[:place], scale)
        begin, end = (day_of(hour) for hour in known[number])
        for first, last in periods:
            if last < begin or first > end:
                continue
            period = {"first": first, "last": last}
            for province, days, *under in connection.execute(query, period):
                for grade, (low, high) in zip(
                    scale.grades, pairwise([0, *under, days]), strict=True
                ):
                    if high > low:
                        cell = province, first, grade
                        counts[cell] = counts.get(cell, 0) + high - low
    return [(*cell, days) for cell, days in counts.items()]


def _counts(
    key: str,
    provinces: Sequence[int],
    feed: int,
    better: Sequence[int],
    scale: Scale,
) -> Select[Any]:
    """(province, days, days up to each cut) of a period."""
    table = province_day
    under = [func.count(case((_below(cut + 1, scale), 1))) for cut in scale.cuts]
    here = [
        table.c.pollutant == key,
        table.c.province.in_(list(provinces)),
        table.c.day.between(bindparam("first"), bindparam("last")),
        table.c.feed == feed,
        table.c.hours >= max(1, scale.least_hours),
        ~_below(scale.smallest, scale),
    ]
    if better:
        other = province_day.alias()
        same = [other.c[name] == table.c[name] for name in ("pollutant", "province", "day")]
        here.append(~exists().where(and_(*same, other.c.feed.in_(better), other.c.hours > 0)))
    query = select(table.c.province, func.count(), *under).where(*here)
    return query.group_by(table.c.province)


def _below(bound: int, scale: Scale) -> ColumnElement[bool]:
    """Whether a day's value is less than a stored integer; a mean is one rounded half-up."""
    table = province_day
    if scale.of_highest:
        return table.c.max < bound
    return 2 * table.c.sum + table.c.n < 2 * bound * table.c.n
