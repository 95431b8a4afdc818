"""The past as items: hours as they were, days and months pooled from sums and counts.

Each hour comes from the most preferred feed that has a value for it; a day or month from the most
preferred feed that has any of it, so that a mean never mixes feeds. Items come by time, then in
page-header order, then by pollutant; a page ends at a whole moment.
"""

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from aq.domain.clock import (
    day_bounds,
    day_hours,
    day_number,
    day_of,
    floor_hour,
    from_day_number,
    from_hour_number,
    hour_number,
    kst_day,
    kst_iso,
    month_end,
    month_start,
    parse_instant,
)
from aq.domain.errors import InputError
from aq.domain.grading import in_force_on
from aq.domain.missing import why_missing
from aq.domain.model import Day, ProvinceHour
from aq.domain.pollutants import Pollutant, pollutants, rounded
from aq.domain.provinces import Province
from aq.domain.selection import heard
from aq.domain.standards import Standard
from aq.domain.windows import Evaluated, evaluate, window_hours
from aq.feeds.registry import INFO
from aq.queries.question import PastQuestion
from aq.store import Connection, Store
from aq.store.reads import days as day_rows
from aq.store.reads import province_hours, span
from aq.store.rollups import day_grade, pool_days

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pooled:
    """Exact sum and count of a day or month of one feed, and the hours that have a value."""

    feed: str
    total: int
    count: int
    hours: int


SHORTEST, LONGEST = 6, 24 * 14  # hours read at once


def page(
    store: Store, question: PastQuestion, limit: int, cursor: str | None
) -> tuple[list[Item], str | None]:
    """Items from `cursor` on, about `limit` of them, and the cursor of the rest or None."""
    after = question.after
    if cursor:
        try:
            after = parse_instant(cursor)
        except ValueError:
            raise InputError("not a cursor that an earlier answer gave", "cursor") from None
        if not question.after <= after < question.until:
            raise InputError("not a cursor of this question", "cursor")
    items_of_page: list[Item] = []
    previous = after
    with store.read() as connection:
        for end, items in moments(connection, question, after):
            if items_of_page and len(items_of_page) + len(items) > limit:
                return items_of_page, kst_iso(previous)
            items_of_page += items
            previous = end
    return items_of_page, None


def moments(
    connection: Connection, question: PastQuestion, after: datetime
) -> Iterator[tuple[datetime, list[Item]]]:
    """(end of the moment, its items) for each hour, day or month after `after` with any row."""
    if question.grain == "hour":
        yield from _hours(connection, question, after)
    else:
        yield from _days_or_months(connection, question, after)


def _hours(
    connection: Connection, question: PastQuestion, after: datetime
) -> Iterator[tuple[datetime, list[Item]]]:
    numbers = [province.id for province in question.provinces]
    standards = (question.standard, *question.family)
    back = max(window_hours(standard, key) for standard in standards for key in question.keys) - 1
    start, end = _within_stored(connection, numbers, after, question.until)
    for first, last in _stretches(start, end):
        rows = province_hours(connection, numbers, first - back, last, as_of=question.as_of)
        series: dict[tuple[int, str], dict[int, ProvinceHour]] = {}
        for row in rows:
            series.setdefault((row.place, row.feed), {})[row.hour] = row
        present = sorted({row.hour for row in rows if first < row.hour <= last})
        for hour in present:
            items = [
                item
                for province in question.provinces
                for key in question.keys
                if (item := _hour_item(question, province, key, hour, series)) is not None
            ]
            if items:
                yield from_hour_number(hour), items


def _within_stored(
    connection: Connection, numbers: list[int], after: datetime, until: datetime
) -> tuple[int, int]:
    """The hours asked for, cut to those between the first and the last that are stored."""
    start, end = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    stored = span(connection, numbers).values()
    if not stored:
        return end, end
    first, last = min(begin for begin, _ in stored) - 1, max(end_hour for _, end_hour in stored)
    return max(start, first), min(end, last)


def _hour_item(
    question: PastQuestion,
    province: Province,
    key: str,
    hour: int,
    series: Mapping[tuple[int, str], Mapping[int, ProvinceHour]],
) -> Item | None:
    """The hour from the most preferred feed with a value; else from the first that has a row."""
    there = {
        feed: rows
        for feed in question.selection.feeds
        if hour in (rows := series.get((province.id, feed), {}))
    }
    taken, standard = None, question.standard_at(from_hour_number(hour))
    at_hour = {feed: rows[hour] for feed, rows in there.items()}
    for feed in question.selection.of_rows(at_hour, standard, key):
        result = evaluate(standard, key, there[feed], hour)
        if not result.empty:
            taken = there[feed][hour], result
            break
        taken = taken or (there[feed][hour], result)
    return _hour_fields(question, province, key, taken) if taken else None


def _hour_fields(
    question: PastQuestion, province: Province, key: str, taken: tuple[ProvinceHour, Evaluated]
) -> Item:
    row, result = taken
    mean = row.means[key] if INFO[row.feed].pooled and key in pollutants() else None
    stations, expected = (mean.valid, mean.expected) if mean else (None, None)
    coverage = round(stations / expected, 3) if stations is not None and expected else None
    end = from_hour_number(row.hour)
    standard = question.standard_at(end)
    reason, detail = why_missing(row, key, result.missing) if result.empty else (None, None)
    return {
        **_fields(standard, province, key, kst_iso(end), row.feed),
        "in_force": in_force_on(standard, kst_day(end)),
        "value": result.value,
        "index": result.index,
        "dominant": result.dominant,
        **graded(standard, result.grade),
        "averaging": result.averaging or standard.averaging(key),
        "missing_reason": reason,
        "missing_detail": detail,
        "stations": stations,
        "stations_expected": expected,
        "coverage": coverage,
    }


def _fields(standard: Standard, province: Province, key: str, at: str, feed: str) -> Item:
    info = INFO[feed]
    return {
        "province": province.ko,
        "code": province.code,
        "pollutant": key,
        "at": at,
        "unit": pollutants()[key].unit if key in pollutants() else None,
        "standard": standard.id,
        "feed": feed,
        "kind": info.kind,
        "status": info.status,
    }


def graded(standard: Standard, grade: int | None) -> Item:
    """A grade with its letter and its Korean word."""
    level = standard.level(grade) if grade else None
    return {
        "grade": grade,
        "letter": level.letter if level else None,
        "label": level.label("ko") if level else None,
    }


def _days_or_months(
    connection: Connection, question: PastQuestion, after: datetime
) -> Iterator[tuple[datetime, list[Item]]]:
    first = from_day_number(day_of(hour_number(floor_hour(after)) + 1))
    last = from_day_number(day_of(hour_number(floor_hour(question.until))))
    if question.grain == "month":  # months are given whole, at both ends
        first, last = month_start(first), month_end(last)
    pooled: dict[tuple[str, str, int], dict[str, Pooled]] = {}
    numbers = [province.id for province in question.provinces]
    for key in question.keys:
        for day in day_sums(connection, numbers, key, first, last, question.as_of):
            label = _label(from_day_number(day.day), question.grain)
            by_feed = pooled.setdefault((label, key, day.province), {})
            before = by_feed.get(day.feed, Pooled(day.feed, 0, 0, 0))
            by_feed[day.feed] = Pooled(
                day.feed,
                before.total + day.total,
                before.count + day.values,
                before.hours + day.hours,
            )
    for label in sorted({label for label, _, _ in pooled}):
        items = []
        for province in question.provinces:
            for key in question.keys:
                by_feed = pooled.get((label, key, province.id), {})
                taken = question.selection.of_period(
                    {f: heard(pool.count, pool.hours) for f, pool in by_feed.items()}
                )
                if taken and by_feed[taken].hours:
                    items.append(_pooled_item(question, province, key, label, by_feed[taken]))
        if items:
            yield _label_end(label), items


def day_sums(
    connection: Connection,
    numbers: Sequence[int],
    key: str,
    first: date,
    last: date,
    as_of: int | None = None,
    *,
    exact: bool = False,
) -> Iterable[Day]:
    """Days from the roll-up; as of an earlier version, pooled from the hours of then. With `exact`
    the highest hour too, by its sum and count."""
    begin, end = day_number(first), day_number(last)
    if as_of is None:
        return day_rows(connection, key, numbers, begin, end, exact=exact)
    bounds = day_hours(begin)[0], day_hours(end)[1]
    return pool_days(province_hours(connection, numbers, *bounds, keys=[key], as_of=as_of), [key])


def _pooled_item(
    question: PastQuestion, province: Province, key: str, label: str, taken: Pooled
) -> Item:
    possible = 24 if len(label) == 10 else 24 * calendar.monthrange(*_year_month(label))[1]
    averaging = "1d" if len(label) == 10 else "1mo"
    end = _label_end(label)
    standard = question.standard_at(end)
    grade = None
    if averaging == "1d":
        grade = day_grade(standard, key, taken.total, taken.count, taken.hours)
    return {
        **_fields(standard, province, key, label, taken.feed),
        "in_force": in_force_on(standard, kst_day(end)),
        "value": float(standard.figure(key, Fraction(taken.total, taken.count), averaging)),
        "index": None,
        "dominant": None,
        **graded(standard, grade),
        "averaging": averaging,
        "missing_reason": None,
        "missing_detail": None,
        "stations": None,
        "stations_expected": None,
        "coverage": round(taken.hours / possible, 3),
    }


def pooled_value(total: int, count: int, pollutant: Pollutant) -> float:
    """A mean over many hours [pollutant's unit], half-up with two digits more than the store's."""
    return float(rounded(Fraction(total, count), pollutant, pollutant.digits + 2))


def _stretches(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Stretches of hours from a short one to a fortnight: who wants few rows has few read."""
    size = SHORTEST
    while first < last:
        yield first, min(first + size, last)
        first, size = first + size, min(2 * size, LONGEST)


def _label(day: date, grain: str) -> str:
    return day.isoformat() if grain == "day" else f"{day:%Y-%m}"


def _year_month(label: str) -> tuple[int, int]:
    return int(label[:4]), int(label[5:7])


def _label_end(label: str) -> datetime:
    """The instant at which a day or month is over, in UTC: the cursor after it."""
    if len(label) == 10:
        return day_bounds(date.fromisoformat(label))[1]
    year, month = _year_month(label)
    return day_bounds(date(year, month, calendar.monthrange(year, month)[1]))[1]
