"""Days of the past as data frames: mean and highest hour with their grades, how many of each, and
those above the limits made for days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import Any

import pandas as pd

from aq.context import Context
from aq.domain.averages import averaged
from aq.domain.clock import (
    KST,
    day_hours,
    day_number,
    day_of,
    from_day_number,
    from_hour_number,
)
from aq.domain.model import Day
from aq.domain.provinces import BY_CODE, BY_ID
from aq.domain.standards import HIGHEST_8H, Breakpoints, Standard
from aq.feeds.registry import INFO
from aq.queries.items import day_sums
from aq.store.reads import province_hours
from aq.store.rollups import Scale, day_grade, days_by_grade

DAY = timedelta(days=1)
# How a day is judged: its mean by breakpoints made for days, or its highest hourly mean by
# breakpoints made for hours.
MEAN, WORST = "mean", "worst"
COLUMNS = (
    "code",
    "day",
    "value",
    "grade",
    "highest",
    "highest_grade",
    "highest_at",
    "hours",
    "total",
    "values",
    "feed",
    "kind",
    "status",
)


def ways(standard: Standard, key: str) -> list[str]:
    """The ways in which a standard can judge a day of a pollutant, the mean first."""
    averaging = {MEAN: "1d", WORST: "1h"}
    return [way for way, over in averaging.items() if (key, over) in standard.tables]


def days(
    context: Context,
    codes: tuple[str, ...],
    key: str,
    first: date,
    last: date,
    standard: str,
    as_of: int | None = None,
) -> pd.DataFrame:
    """A row for each province and KST day ``first <= day <= last`` that the store has a row of.

    Each day is of the most preferred feed that has any of it. Columns: code, day (date), value
    (mean of all station values) and highest (hourly mean) [the pollutant's unit], grade of the
    mean (null where the day is not complete enough or the standard has none for days),
    highest_grade, highest_at (hour end, KST), hours (with a value, 0 to 24), total and
    values (exact sum at the store's scale, and of how many), feed, kind, status. From the roll-up
    of days; as of an earlier store version, pooled from the hours of then.
    """
    rules = context.standards[standard]
    numbers = [BY_CODE[code].id for code in codes]
    with context.store.read() as connection:
        stored = day_sums(connection, numbers, key, first, last, as_of, exact=True)
        chosen = context.settings.selection.of_days(stored)
    rows = [_day(chosen[place], rules) for place in sorted(chosen)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("grade", "highest_grade", "hours"):
        frame[name] = frame[name].astype("Int64")
    for name in ("value", "highest"):
        frame[name] = frame[name].astype("float64")
    # A model's value has no status: None, and not the number that a column of text would make.
    frame["status"] = pd.Series([row[-1] for row in rows], dtype=object)
    return frame


def _day(day: Day, rules: Standard) -> tuple[Any, ...]:
    key, info = day.pollutant, INFO[day.feed]
    value = highest = grade = highest_grade = at = None
    if day.highest is not None and day.highest_hour is not None:
        value = float(rules.figure(key, Fraction(day.total, day.values), "1d"))
        grade = day_grade(rules, key, day.total, day.values, day.hours)
        top = day.top.exact if day.top else day.highest
        highest = float(rules.figure(key, top, "1h"))
        highest_grade = rules.grade(key, top, "1h")
        at = from_hour_number(day.highest_hour).astimezone(KST)
    return (
        BY_ID[day.province].code,
        from_day_number(day.day),
        value,
        grade,
        highest,
        highest_grade,
        at,
        day.hours,
        day.total,
        day.values,
        info.name,
        info.kind,
        info.status,
    )


def judged(frame: pd.DataFrame, way: str) -> "pd.Series[Any]":
    """The grade of each day by the mean or by the highest hour."""
    return frame["grade"] if way == MEAN else frame["highest_grade"]


def periods(first: date, last: date, by: str) -> list[tuple[date, int]]:
    """(first day of the month or year, days of it within the range), in order."""
    out, begin = [], first
    while begin <= last:
        opens = period_of(begin, by)
        follows = period_of(opens + timedelta(days=31 if by == "month" else 366), by)
        out.append((opens, (min(last + DAY, follows) - begin).days))
        begin = follows
    return out


def period_of(day: date, by: str) -> date:
    """The first day of a day's month or year."""
    return day.replace(day=1) if by == "month" else day.replace(month=1, day=1)


def counted(
    frame: pd.DataFrame, way: str, by: str, first: date, last: date, codes: Sequence[str]
) -> dict[tuple[str, date], dict[int, int]]:
    """Days by grade of each province and month or year: grade -> days; 0 are days without one."""
    whole = periods(first, last, by)
    out = {(code, begins): {0: days} for code in codes for begins, days in whole}
    for code, day, grade in zip(frame["code"], frame["day"], judged(frame, way), strict=True):
        if pd.isna(grade):
            continue
        cell = out[code, period_of(day, by)]
        cell[int(grade)] = cell.get(int(grade), 0) + 1
        cell[0] -= 1
    return out


def by_grade(
    context: Context,
    codes: tuple[str, ...],
    key: str,
    first: date,
    last: date,
    standard: str,
    way: str,
    by: str,
    as_of: int | None = None,
) -> dict[tuple[str, date], dict[int, int]]:
    """`counted` of the `days` of the same arguments; those of now are counted by the database."""
    if as_of is not None or last < first:
        frame = days(context, codes, key, first, last, standard, as_of)
        return counted(frame, way, by, first, last, codes)
    points = context.standards[standard].tables.get((key, "1d" if way == MEAN else "1h"))
    whole = periods(first, last, by)
    out = {(code, begins): {0: count} for code in codes for begins, count in whole}
    if points is None:
        return out
    scale = Scale(
        begins=points.begins,
        parts=points.parts,
        grades=points.grades,
        of_highest=way == WORST,
        least_hours=ceil(context.standards[standard].complete * 24) if way == MEAN else 1,
    )
    starts: dict[int, date] = {}
    spans, start = [], day_number(first)
    for begins, count in whole:
        starts[start] = begins
        spans.append((start, start + count - 1))
        start += count
    numbers = [BY_CODE[code].id for code in codes]
    feeds = context.settings.selection.feeds
    with context.store.read() as connection:
        counts = days_by_grade(connection, key, numbers, spans, feeds, scale)
    for province, begin, grade, count in counts:
        cell = out[BY_ID[province].code, starts[begin]]
        cell[grade] = count
        cell[0] -= count
    return out


def limit(rules: Standard, key: str) -> Breakpoints | None:
    """The table of a standard that allows a number of days a year above it: on the day's mean, or
    on its highest 8 h mean."""
    tables = (rules.tables.get((key, averaging)) for averaging in ("1d", HIGHEST_8H))
    return next((table for table in tables if table and table.allowed_per_year is not None), None)


def limits(context: Context, key: str) -> list[Standard]:
    """The standards that allow a number of days a year above a limit."""
    rules = [*context.standards.values(), *context.limits.values()]
    return [standard for standard in rules if limit(standard, key)]


@dataclass(frozen=True, slots=True)
class Highest:
    """The highest 8 h mean of a day at the store's scale, and how many of its 24 windows count."""

    value: Fraction
    windows: int


def highest_8h(
    context: Context, codes: Sequence[str], key: str, year: int, as_of: int | None = None
) -> dict[tuple[str, date, str], Highest]:
    """The highest 8 h mean of each day of a year, by province code, day and feed.

    A window counts for the day it ends on, and needs six of its hours.
    """
    numbers = [BY_CODE[code].id for code in codes]
    first, last = date(year, 1, 1), date(year, 12, 31)
    after, until = day_hours(day_number(first))[0], day_hours(day_number(last))[1]
    feeds = context.settings.selection.feeds
    series: dict[tuple[int, str], dict[int, Fraction]] = {}
    with context.store.read() as connection:
        rows = province_hours(
            connection, numbers, after - 7, until, keys=[key], feeds=feeds, as_of=as_of
        )
    for row in rows:
        if row.means[key].valid:
            series.setdefault((row.place, row.feed), {})[row.hour] = row.means[key].exact
    out: dict[tuple[str, date, str], Highest] = {}
    for (province, feed), hours in series.items():
        span = range(min(hours), max(hours) + 1)
        for hour, mean in zip(span, averaged([hours.get(n) for n in span], "8h", key), strict=True):
            if mean.value is not None and hour > after:
                place = BY_ID[province].code, from_day_number(day_of(hour)), feed
                highest = out.get(place, Highest(mean.value, 0))
                out[place] = Highest(max(highest.value, mean.value), highest.windows + 1)
    return out


def exceedances(
    frame: pd.DataFrame,
    key: str,
    rules: Sequence[Standard],
    year: int,
    highest: Mapping[tuple[str, date, str], Highest] = MappingProxyType({}),
) -> dict[str, tuple[int, dict[str, int]]]:
    """Province code -> (days of a year with enough hours, days above by the limit's id).

    `highest` are the days' highest 8 h means, for limits on them.
    """
    out: dict[str, tuple[int, dict[str, int]]] = {}
    rows: list[Any] = list(frame.itertuples(index=False))
    for row in rows:
        if row.day.year != year:
            continue
        pooled = row.total, row.values, row.hours
        top = highest.get((row.code, row.day, row.feed))
        grades = {
            limit.id: _above_8h(limit, key, top)
            if (key, HIGHEST_8H) in limit.tables
            else day_grade(limit, key, *pooled)
            for limit in rules
        }
        if all(grade is None for grade in grades.values()):
            continue
        whole, above = out.get(row.code, (0, dict.fromkeys(grades, 0)))
        more = {name: above[name] + (grade or 1) - 1 for name, grade in grades.items()}
        out[row.code] = whole + 1, more
    return out


def _above_8h(rules: Standard, key: str, top: Highest | None) -> int | None:
    """The grade of a day's highest 8 h mean, where enough of its windows count."""
    if top is None or top.windows < ceil(rules.complete * 24):
        return None
    return rules.grade(key, top.value, HIGHEST_8H)
