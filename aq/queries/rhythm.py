"""The rhythm of a province's air: means by weekday and hour of day, and by month and hour."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from aq.context import Context
from aq.domain.clock import floor_hour, hour_number
from aq.domain.pollutants import Pollutant, mean_half_up, pollutants
from aq.domain.provinces import BY_CODE
from aq.feeds.registry import FEED_NAMES, INFO
from aq.queries.items import pooled_value
from aq.store import blocks as places
from aq.store import rollups

HOURS = range(1, 25)  # an hour is named by its end, 24 closes the day
WEEKDAYS = range(7)  # from Monday
MONTHS = range(1, 13)
# A mean of fewer hours says more of those hours than of the time of day.
LEAST = 5
# Rows of the store held at once: a year of a few feeds.
_STRETCH = 366 * 24
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Hourly means of a range, gathered by the time they belong to.

    Attributes
    ----------
    week : 168 rows of row (weekday, 0 is Monday), hour (1 to 24), total (exact sum of hourly means
        at the store's scale), hours (how many), value (their mean [pollutant's unit], NaN for none)
    year : 288 rows likewise, row being the calendar month, 1 to 12
    sources : feed, kind, status and how many hours are of it, the most first
    expected : hours in the range
    """

    week: pd.DataFrame
    year: pd.DataFrame
    sources: pd.DataFrame
    expected: int

    @property
    def hours(self) -> int:
        """Hours with a value."""
        return int(self.week["hours"].sum())


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
    week: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    year: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    feeds: Counter[str] = Counter()
    for number, scaled, feed in _hours(context, BY_CODE[code].id, key, first, last, as_of):
        day = rollups.day_of(number)
        when, hour = _EPOCH + timedelta(days=day), number - rollups.day_hours(day)[0]
        for cell in (week[when.weekday(), hour], year[when.month, hour]):
            cell[0] += scaled
            cell[1] += 1
        feeds[feed] += 1
    sources = [
        (feed, INFO[feed].kind, INFO[feed].status, hours) for feed, hours in feeds.most_common()
    ]
    return Rhythm(
        week=_cells(week, WEEKDAYS, pollutants()[key]),
        year=_cells(year, MONTHS, pollutants()[key]),
        sources=pd.DataFrame(sources, columns=["feed", "kind", "status", "hours"]),
        expected=max(0, last - first),
    )


def _hours(
    context: Context, province: int, key: str, first: int, last: int, as_of: int | None
) -> Iterator[tuple[int, int, str]]:
    """(hour, mean at the store's scale, feed) of each hour with a value."""
    selection = context.settings.selection
    with context.store.read() as connection:
        stored = places.province_span(connection, [province])
        if stored is None:
            return
        first, last = max(first, stored[0] - 1), min(last, stored[1])
        for start in range(first, last, _STRETCH):
            stop = min(start + _STRETCH, last)
            rows = places.province_block(
                connection, [province], [key], selection.feeds, start, stop, as_of
            )
            totals: dict[int, dict[str, int]] = defaultdict(dict)
            counts: dict[int, dict[str, int]] = defaultdict(dict)
            for row in rows:
                hour, feed = row[1], FEED_NAMES[row[2]]
                totals[hour][feed], counts[hour][feed] = row[places.HEAD : places.HEAD + 2]
            for hour, stations in counts.items():
                taken = selection.of_hour(stations)
                if taken and stations[taken]:
                    yield hour, mean_half_up(totals[hour][taken], stations[taken]), taken


def _cells(
    found: dict[tuple[int, int], list[int]], rows: Iterable[int], pollutant: Pollutant
) -> pd.DataFrame:
    cells = []
    for row in rows:
        for hour in HOURS:
            total, hours = found.get((row, hour), (0, 0))
            value = pooled_value(total, hours, pollutant) if hours else float("nan")
            cells.append((row, hour, total, hours, value))
    return pd.DataFrame(cells, columns=["row", "hour", "total", "hours", "value"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An hour of day and its mean [unit]: on Mondays to Fridays, on Saturdays and Sundays
    (`weekend`), or on all days (`weekend` is None)."""

    weekend: bool | None
    hour: int
    value: float


def extremes(found: Rhythm, pollutant: Pollutant) -> tuple[Moment, Moment] | None:
    """The hour of day with the highest and that with the lowest mean.

    Weekdays and weekends are set against each other where each hour of both rests on `LEAST`
    hours; else all days are one, so that no kind of day is left out. None where nothing does.
    """
    late = found.week["row"] >= 5
    apart = _moments(found.week[~late], False, pollutant)
    apart += _moments(found.week[late], True, pollutant)
    whole = len(apart) == 2 * len(HOURS)
    moments = apart if whole else _moments(found.week, None, pollutant)
    if not moments:
        return None
    return max(moments, key=lambda one: one.value), min(moments, key=lambda one: one.value)


def _moments(cells: pd.DataFrame, weekend: bool | None, pollutant: Pollutant) -> list[Moment]:
    """The hours of day, over all rows, that rest on enough hours."""
    pooled = cells.groupby("hour")[["total", "hours"]].sum()
    pooled = pooled[pooled["hours"] >= LEAST]
    return [
        Moment(weekend=weekend, hour=int(hour), value=pooled_value(int(total), int(n), pollutant))
        for hour, total, n in zip(pooled.index, pooled["total"], pooled["hours"], strict=True)
    ]
