"""Days by grade, counted by the database from the roll-up of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, func, literal, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from aq.schema import FEED_IDS, province_day


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
) -> list[tuple[int, int, int, int]]:
    """(province, first day of the period, grade, days) where there are any.

    `periods` are (first, last) days since 1970, in order and without a gap. A day is of the first
    of `feeds` with an hour that has a value.
    """
    numbers = [FEED_IDS[name] for name in feeds]
    parts: list[Any] = [
        _counted(key, provinces, periods, number, numbers[:place], scale)
        for place, number in enumerate(numbers)
    ]
    counts: dict[tuple[int, int, int], int] = {}
    for row in connection.execute(union_all(*parts)):
        place = row[0], row[1], row[2]
        counts[place] = counts.get(place, 0) + row[3]
    return [(*place, days) for place, days in counts.items()]


def _counted(
    key: str,
    provinces: Sequence[int],
    periods: Sequence[tuple[int, int]],
    feed: int,
    better: Sequence[int],
    scale: Scale,
) -> Select[Any]:
    table = province_day
    mean = (2 * table.c.sum + table.c.n) // (2 * table.c.n)
    value = table.c.max if scale.of_highest else mean
    places = zip(scale.cuts, scale.grades, strict=False)
    grade = _first_of([(value <= cut, each) for cut, each in places], scale.grades[-1])
    period = _place_of(table.c.day, periods)
    here = [
        table.c.pollutant == key,
        table.c.province.in_(list(provinces)),
        table.c.day.between(periods[0][0], periods[-1][1]),
        table.c.feed == feed,
        table.c.hours >= max(1, scale.least_hours),
        value >= scale.smallest,
    ]
    if better:
        other = province_day.alias()
        same = [other.c[name] == table.c[name] for name in ("pollutant", "province", "day")]
        here.append(~exists().where(and_(*same, other.c.feed.in_(better), other.c.hours > 0)))
    columns = (table.c.province, period.label("period"), grade.label("grade"))
    return select(*columns, func.count()).where(*here).group_by(*columns)


def _first_of(cases: list[tuple[ColumnElement[bool], int]], rest: int) -> ColumnElement[int]:
    return case(*cases, else_=rest) if cases else literal(rest)


def _place_of(day: ColumnElement[int], periods: Sequence[tuple[int, int]]) -> ColumnElement[int]:
    """The first day of the period a day lies in, found by halves."""
    if len(periods) == 1:
        return literal(periods[0][0])
    half = len(periods) // 2
    lower, upper = _place_of(day, periods[:half]), _place_of(day, periods[half:])
    return case((day < periods[half][0], lower), else_=upper)
