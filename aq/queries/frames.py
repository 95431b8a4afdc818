"""The past of one province or station as a data frame: its hours, days or months; gaps are rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pandas as pd

from aq.context import Context
from aq.domain.clock import (
    KST,
    day_bounds,
    day_number,
    day_of,
    floor_hour,
    from_hour_number,
    hour_number,
    month_end,
    month_start,
)
from aq.domain.grading import overall
from aq.domain.missing import NOT_ENOUGH_HOURS, gap_reason, reasons
from aq.domain.model import OBSERVED, PlaceHour
from aq.domain.pollutants import pollutants, rounded
from aq.domain.provinces import PROVINCES
from aq.domain.selection import Selection, heard
from aq.domain.standards import PERIODS, Standard
from aq.domain.windows import OVERALL, means_of, window_hours
from aq.domain.zones import Zone
from aq.feeds.registry import FEED_NAMES, INFO
from aq.store import engine, reads
from aq.store.archive import months as retained
from aq.store.rollups import day_grade
from aq.store.zones import ZoneHour, zone_hours_of

LINE_COLUMNS = ("value", "grade", "feed", "stations", "stations_expected", "reason", "detail")
COUNTS = ("grade", "stations", "stations_expected")
Pool = tuple[int, int, int]  # exact sum, count of values, hours with a value
Series = Mapping[int, PlaceHour]


def line(
    context: Context,
    place: int,
    pollutant: str,
    after: datetime,
    until: datetime,
    *,
    level: str = "province",
    standard: Standard | None = None,
    feed: str | None = None,
    as_of: int | None = None,
) -> pd.DataFrame:
    """Hourly means of a province or a station with ``after < hour end <= until``.

    Columns: at (hour end, KST), value [pollutant's unit], grade, feed, kind, status, stations,
    stations_expected, reason, detail. An hour without a value that counts has a NaN and a reason.
    Grades are given where the standard has breakpoints for hourly means. `overall` is the index of
    `standard` by the hour, of a province.
    """
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    selection = context.settings.selection.only(feed)
    if pollutant == OVERALL:
        records = _index(context, place, standard, (first, last), selection, as_of)
    else:
        rows = _rows(context, place, [pollutant], (first, last), selection, level, as_of)
        by_hour = _by_hour(rows)
        records = [
            _hour(by_hour.get(hour, {}), selection, pollutant, standard, level)
            for hour in range(first + 1, last + 1)
        ]
    at = pd.date_range(from_hour_number(first + 1), periods=len(records), freq="h")
    return _frame(records, LINE_COLUMNS, at.tz_convert(KST), COUNTS)


def zone_line(
    context: Context,
    zone: Zone,
    pollutant: str,
    after: datetime,
    until: datetime,
    standard: Standard,
    as_of: int | None = None,
) -> pd.DataFrame:
    """`line` of a zone and a pollutant of its kind; hours in which the zone was none are gaps."""
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    with context.store.read() as connection:
        selection = context.settings.selection
        hours = zone_hours_of(connection, selection, [zone], pollutant, first, last, as_of)
    by_hour = {zone_hour.hour: zone_hour for zone_hour in hours}
    records = [_zone_hour(by_hour.get(hour), standard) for hour in range(first + 1, last + 1)]
    at = pd.date_range(from_hour_number(first + 1), periods=len(records), freq="h")
    return _frame(records, LINE_COLUMNS, at.tz_convert(KST), COUNTS)


def _zone_hour(hour: ZoneHour | None, standard: Standard) -> tuple[Any, ...]:
    if hour is None or hour.value is None or hour.exact is None:
        expected = hour.expected if hour else None
        return None, None, None, 0 if hour else None, expected, "not_received", None
    figure = float(standard.figure(hour.key, hour.exact, "1h"))
    grade = standard.grade(hour.key, hour.exact, "1h")
    return figure, grade, hour.feed, hour.value.heard, hour.expected, None, None


def _frame(
    records: Sequence[tuple[Any, ...]], names: Sequence[str], at: Any, counts: Iterable[str]
) -> pd.DataFrame:
    frame = pd.DataFrame(records, columns=list(names))
    frame["value"] = frame["value"].astype("float64")
    for name in counts:
        frame[name] = frame[name].astype("Int64")
    frame.insert(0, "at", at)
    frame.insert(4, "kind", frame["feed"].map({n: info.kind for n, info in INFO.items()}))
    frame.insert(5, "status", frame["feed"].map({n: info.status for n, info in INFO.items()}))
    return frame


def _rows(
    context: Context,
    place: int,
    keys: Sequence[str],
    hours: tuple[int, int],
    selection: Selection,
    level: str,
    as_of: int | None,
) -> dict[str, dict[int, PlaceHour]]:
    """Rows of a place by feed and hour."""
    read = reads.station_hours if level == "station" else reads.province_hours
    by_feed: dict[str, dict[int, PlaceHour]] = {}
    with context.store.read() as connection:
        options: Any = {"keys": keys, "feeds": selection.feeds, "as_of": as_of}
        for row in read(connection, [place], *hours, **options):
            by_feed.setdefault(row.feed, {})[row.hour] = row
    return by_feed


def _by_hour(by_feed: Mapping[str, Series]) -> dict[int, dict[str, PlaceHour]]:
    """The rows of each hour by feed."""
    hours: dict[int, dict[str, PlaceHour]] = {}
    for feed, rows in by_feed.items():
        for hour, row in rows.items():
            hours.setdefault(hour, {})[feed] = row
    return hours


def _hour(
    rows: Mapping[str, PlaceHour],
    selection: Selection,
    key: str,
    standard: Standard | None,
    level: str,
) -> tuple[Any, ...]:
    """An hour from the feed that is chosen of those with a row of it, or why there is no value."""
    feed = selection.of_hour({name: row.means[key].valid for name, row in rows.items()})
    if feed is None:
        return None, None, None, None, None, "not_received", None
    mean = rows[feed].means[key]
    if mean.valid:
        grade = standard.grade(key, mean.exact, "1h") if standard else None
        pooled = level == "province" and INFO[feed].pooled
        heard = (mean.valid, mean.expected) if pooled else (None, None)
        return _shown(standard, key, mean.exact, "1h"), grade, feed, *heard, None, None
    silent = "not_received" if level == "province" else "no_value"
    heard = (0, mean.expected) if level == "province" else (None, None)
    return None, None, feed, *heard, *gap_reason(reasons(rows[feed]).get(key, silent))


def _shown(standard: Standard | None, key: str, mean: Fraction, averaging: str) -> float:
    """A mean as exports give it [pollutant's unit]."""
    if standard is not None:
        return float(standard.figure(key, mean, averaging))
    pollutant = pollutants()[key]
    return float(rounded(mean, pollutant, pollutant.digits + (2 if averaging in PERIODS else 0)))


def _index(
    context: Context,
    province: int,
    standard: Standard | None,
    hours: tuple[int, int],
    selection: Selection,
    as_of: int | None,
) -> list[tuple[Any, ...]]:
    """The index of each hour, from the first of its feeds that gives one."""
    if standard is None or standard.overall is None:
        raise ValueError("an index is of a standard that has one")
    keys, back = list(standard.pollutants), window_hours(standard, OVERALL) - 1
    whole = (hours[0] - back, hours[1])
    by_feed = _rows(context, province, keys, whole, selection, "province", as_of)
    by_hour = _by_hour(by_feed)
    results = {feed: _overalls(standard, rows, whole) for feed, rows in by_feed.items()}
    records: list[tuple[Any, ...]] = []
    for hour in range(hours[0] + 1, hours[1] + 1):
        rows = by_hour.get(hour, {})
        ranked = selection.of_rows(rows, standard, OVERALL)
        feed = next((feed for feed in ranked if hour in results[feed]), None)
        if feed is None:
            reason = NOT_ENOUGH_HOURS if rows else "not_received"
            records.append((None, None, None, None, None, reason, None))
        else:
            index, grade = results[feed][hour]
            records.append((index, grade, feed, None, None, None, None))
    return records


def _overalls(
    standard: Standard, rows: Series, hours: tuple[int, int]
) -> dict[int, tuple[int, int]]:
    """(index, grade) of the hours of one feed that have a result, in one pass over each pollutant.

    As `aq.domain.windows.evaluate` gives them one by one.
    """
    span = range(hours[0] + 1, hours[1] + 1)
    means = means_of(standard, rows, span)
    results: dict[int, tuple[int, int]] = {}
    for place, hour in enumerate(span):
        if hour in rows:
            result = overall(standard, {way: series[place].value for way, series in means.items()})
            if result.grade is not None:
                index = result.grade if result.index is None else result.index
                results[hour] = (index, result.grade)
    return results


def pooled(
    context: Context,
    place: int,
    pollutant: str,
    since: date,
    last: date,
    *,
    grain: str,
    level: str = "province",
    standard: Standard | None = None,
    as_of: int | None = None,
) -> pd.DataFrame:
    """Means of the KST days or months (`grain`) that `since` to `last`, both inclusive, touch.

    Pooled from exact sums and counts, each from the most preferred feed that has any value of it; a
    province's present days are read from their roll-ups. Columns: at (its first instant, KST),
    value, grade (a day's, by breakpoints made for days), feed, kind, status, hours with a value,
    possible hours, reason.
    """
    if grain == "month":
        since, last = month_start(since), month_end(last)
    days = _days(context, place, pollutant, (since, last), level, as_of)
    records: list[tuple[Any, ...]] = []
    at = pd.date_range(since, last, freq="D" if grain == "day" else "MS", tz=KST)
    for begin in at:
        first = day_number(begin.date())
        numbers = range(first, first + (1 if grain == "day" else begin.days_in_month))
        pools = {
            feed: pool
            for feed, of_feed in days.items()
            if (pool := _sum(of_feed.get(n) for n in numbers)) is not None
        }
        feed = context.settings.selection.of_period(
            {name: heard(*p[1:3]) for name, p in pools.items()}
        )
        taken = (feed, pools[feed]) if feed else None
        records.append(_period(taken, pollutant, grain, 24 * len(numbers), standard))
    names = ("value", "grade", "feed", "hours", "possible", "reason")
    return _frame(records, names, at, ("grade", "hours", "possible"))


def _sum(pools: Iterable[Pool | None]) -> Pool | None:
    there = [pool for pool in pools if pool is not None]
    if not there:
        return None
    return (
        sum(pool[0] for pool in there),
        sum(pool[1] for pool in there),
        sum(pool[2] for pool in there),
    )


def _period(
    taken: tuple[str, Pool] | None,
    key: str,
    grain: str,
    possible: int,
    standard: Standard | None,
) -> tuple[Any, ...]:
    if taken is None or not taken[1][2]:
        return None, None, None, 0, possible, "not_measured" if taken else "not_received"
    feed, (total, count, hours) = taken
    grade = None
    if grain == "day" and standard is not None:
        grade = day_grade(standard, key, total, count, hours)
    value = _shown(standard, key, Fraction(total, count), "1d" if grain == "day" else "1mo")
    return value, grade, feed, hours, possible, None


def _days(
    context: Context,
    place: int,
    key: str,
    ends: tuple[date, date],
    level: str,
    as_of: int | None,
) -> dict[str, dict[int, Pool]]:
    """Pools of each day by feed and day number."""
    by_feed: dict[str, dict[int, Pool]] = {}
    if level == "province" and as_of is None:
        bounds = day_number(ends[0]), day_number(ends[1])
        with context.store.read() as connection:
            for day in reads.days(connection, key, [place], *bounds):
                by_feed.setdefault(day.feed, {})[day.day] = (day.total, day.values, day.hours)
        return by_feed
    hours = hour_number(day_bounds(ends[0])[0]), hour_number(day_bounds(ends[1])[1])
    selection = context.settings.selection
    for feed, rows in _rows(context, place, [key], hours, selection, level, as_of).items():
        pools = by_feed.setdefault(feed, {})
        for hour, row in rows.items():
            mean = row.means[key]
            total, count, valid = pools.get(day_of(hour), (0, 0, 0))
            pools[day_of(hour)] = total + mean.total, count + mean.valid, valid + bool(mean.valid)
    return by_feed


def version_on(context: Context, day: date) -> int | None:
    """The store version at the end of a KST day; None before the first knowledge."""
    return version_at(context, day_bounds(day)[1])


def version_at(context: Context, moment: datetime) -> int | None:
    """The store version last committed by an instant; None before the first knowledge."""
    with context.store.read() as connection:
        return engine.version_at(connection, moment)


def revised_hours(
    context: Context, province_id: int, after: datetime, until: datetime
) -> list[datetime]:
    """Hours a feed has changed, or that several observing feeds have; newest first.

    A model's hour beside an observed one is no second knowledge of it.
    """
    observing = [name for name, info in INFO.items() if info.kind == OBSERVED]
    bounds = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    with context.store.read() as connection:
        hours = reads.revised_hours(connection, province_id, *bounds, observing)
    return [from_hour_number(hour) for hour in hours]


def span(context: Context, province_id: int | None = None) -> list[tuple[str, datetime, datetime]]:
    """(feed, first hour, last hour) of what is stored of a province; of any where it is None."""
    wanted = [province.id for province in PROVINCES] if province_id is None else [province_id]
    with context.store.read() as connection:
        spans = reads.span(connection, wanted)
    return [
        (FEED_NAMES[feed], from_hour_number(first), from_hour_number(last))
        for feed, (first, last) in spans.items()
    ]


def archived_months(context: Context, after: datetime, until: datetime) -> tuple[str, ...]:
    """Months (2025-01) with an hour in ``after < hour end <= until`` whose station hours stand in
    the archive."""
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    with context.store.read() as connection:
        return tuple(month.name for month in retained.months(connection, first + 1, last))
