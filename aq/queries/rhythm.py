"""The rhythm of a province's air: medians by weekday and hour of day, and by month and hour."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import pi, sqrt

import pandas as pd

from aq.context import Context
from aq.domain.clock import day_hours, day_of, floor_hour, from_day_number, hour_number
from aq.domain.model import HourMean
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.feeds.registry import INFO
from aq.store.blocks import province_span
from aq.store.reads import province_hours

HOURS = range(1, 25)  # an hour is named by its end, 24 closes the day
WEEKDAYS = range(7)  # from Monday
MONTHS = range(1, 13)
# A median of fewer hours says more of those hours than of the time of day.
LEAST = 5
# Of n normal values: the standard error of their median is sqrt(pi / 2) standard deviations by the
# square root of n, and their middle half spans twice 0.6745 standard deviations.
MEDIAN_ERROR, MIDDLE_HALF = sqrt(pi / 2), 2 * 0.6745
CERTAIN = 2  # standard errors that two medians must lie apart to be told apart
# Rows of the store held at once: a year of a few feeds.
_STRETCH = 366 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Hourly means of a range, gathered by the time they belong to.

    A median and the middle half beside it, since one storm moves a mean of a weekday for months.

    Attributes
    ----------
    values : a row an hour with a value: weekday (0 is Monday), month (1 to 12), hour (1 to 24) and
        value [pollutant's unit]
    week : 168 rows of row (weekday), hour, hours (how many), value (their median), low and high
        (their quartiles) [pollutant's unit, NaN for none]
    year : 288 rows likewise, row being the calendar month
    sources : feed, kind, status and how many hours are of it, the most first
    expected : hours in the range
    """

    values: pd.DataFrame
    week: pd.DataFrame
    year: pd.DataFrame
    sources: pd.DataFrame
    expected: int

    @property
    def hours(self) -> int:
        """Hours with a value."""
        return len(self.values)


def rhythm(
    context: Context,
    code: str,
    key: str,
    after: datetime,
    until: datetime,
    as_of: int | None = None,
) -> Rhythm:
    """The rhythm of a province's pollutant over ``after < hour end <= until``.

    Each hour is the hourly mean of the most preferred feed that has one, as every page prints it,
    and counts once; days are KST days of hours 01 to 24.
    """
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    scale = pollutants()[key].scale
    rows: list[tuple[int, int, int, float]] = []
    feeds: Counter[str] = Counter()
    for number, scaled, feed in hours_of(context, BY_CODE[code].id, key, first, last, as_of):
        day = day_of(number)
        when, hour = from_day_number(day), number - day_hours(day)[0]
        rows.append((when.weekday(), when.month, hour, scaled / scale))
        feeds[feed] += 1
    columns = ["weekday", "month", "hour", "value"]
    values = pd.DataFrame(rows, columns=columns).astype({"value": float})
    sources = [
        (feed, INFO[feed].kind, INFO[feed].status, hours) for feed, hours in feeds.most_common()
    ]
    return Rhythm(
        values=values,
        week=_cells(values, "weekday", WEEKDAYS),
        year=_cells(values, "month", MONTHS),
        sources=pd.DataFrame(sources, columns=["feed", "kind", "status", "hours"]),
        expected=max(0, last - first),
    )


def hours_of(
    context: Context, province: int, key: str, first: int, last: int, as_of: int | None
) -> Iterator[tuple[int, int, str]]:
    """(hour, mean at the store's scale, feed) of each hour with a value."""
    selection = context.settings.selection
    with context.store.read() as connection:
        stored = province_span(connection, [province])
        if stored is None:
            return
        first, last = max(first, stored[0] - 1), min(last, stored[1])
        for start in range(first, last, _STRETCH):
            stop = min(start + _STRETCH, last)
            rows = province_hours(
                connection, [province], start, stop, keys=[key], feeds=selection.feeds, as_of=as_of
            )
            by_hour: dict[int, dict[str, HourMean]] = defaultdict(dict)
            for row in rows:
                by_hour[row.hour][row.feed] = row.means[key]
            for hour, means in by_hour.items():
                taken = selection.of_hour({feed: mean.valid for feed, mean in means.items()})
                scaled = means[taken].scaled if taken else None
                if taken and scaled is not None:
                    yield hour, scaled, taken


def _cells(values: pd.DataFrame, row: str, rows: Iterable[int]) -> pd.DataFrame:
    """Every row and hour of day with the number of hours, their median and quartiles."""
    index = pd.MultiIndex.from_product([rows, HOURS], names=["row", "hour"])
    grouped = values.groupby([values[row].rename("row"), "hour"])["value"]
    cells = pd.DataFrame(
        {
            "hours": grouped.size(),
            "value": grouped.median(),
            "low": grouped.quantile(0.25),
            "high": grouped.quantile(0.75),
        }
    ).reindex(index)
    cells["hours"] = cells["hours"].fillna(0).astype(int)
    return cells.reset_index()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An hour of day with its median and quartiles [unit] and how many hours they rest on: on
    Mondays to Fridays, on Saturdays and Sundays (`weekend`), or on all days (None)."""

    weekend: bool | None
    hour: int
    value: float
    low: float
    high: float
    hours: int

    @property
    def error(self) -> float:
        """The standard error of the median, from its middle half [unit]."""
        return MEDIAN_ERROR * (self.high - self.low) / MIDDLE_HALF / sqrt(self.hours)


def curves(rhythm_found: Rhythm) -> tuple[list[Moment], ...]:
    """The course of a day: of weekdays and of weekends where each hour of both rests on `LEAST`
    hours; else of all days together, so that no kind of day is left out."""
    late = rhythm_found.values["weekday"] >= WEEKDAYS[5]
    apart = (
        _moments(rhythm_found.values[~late], False),
        _moments(rhythm_found.values[late], True),
    )
    if all(len(course) == len(HOURS) for course in apart):
        return apart
    return (_moments(rhythm_found.values, None),)


def extremes(rhythm_found: Rhythm) -> tuple[Moment, Moment] | None:
    """The hours of day with the highest and the lowest median; None where nothing rests on enough
    hours."""
    moments = [moment for course in curves(rhythm_found) for moment in course]
    if not moments:
        return None
    highest = max(moments, key=lambda moment: moment.value)
    return highest, min(moments, key=lambda moment: moment.value)


def stands_out(highest: Moment, lowest: Moment) -> bool:
    """Whether two hours of day differ by more than the spread of their days leaves open."""
    error = sqrt(highest.error**2 + lowest.error**2)
    return highest.value - lowest.value > CERTAIN * error


def _moments(values: pd.DataFrame, weekend: bool | None) -> list[Moment]:
    """The hours of day, over all rows, that rest on enough hours."""
    cells = _cells(values.assign(all=0), "all", (0,))
    return [
        Moment(
            weekend=weekend,
            hour=int(hour),
            value=float(value),
            low=float(low),
            high=float(high),
            hours=int(hours),
        )
        for hour, hours, value, low, high in zip(
            *(cells[name] for name in ("hour", "hours", "value", "low", "high")), strict=True
        )
        if hours >= LEAST
    ]
