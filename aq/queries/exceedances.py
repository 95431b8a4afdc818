"""The store's hours at or above a level: the runs of each province over a range."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from aq.context import Context
from aq.domain.averages import THREE_QUARTERS, WINDOW_HOURS, averaged
from aq.domain.clock import day_hours, day_of, floor_hour, hour_number
from aq.domain.episodes import Episode, Run, episodes, runs
from aq.domain.pollutants import Exact, mean_half_up
from aq.domain.provinces import PROVINCES
from aq.domain.selection import Selection
from aq.domain.standards import Standard
from aq.feeds.registry import FEED_NAMES
from aq.store import Connection
from aq.store.reads import days_reaching, pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What counts: values of `averaging` at or above `least` [store's scale]; `grade` where it is
    a level of a standard."""

    least: Exact
    averaging: str
    grade: int | None = None
    complete: Fraction = THREE_QUARTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Spells:
    """Runs by province (id), all 17 of them in page-header order, and the feeds they rest on."""

    runs: Mapping[int, tuple[Run, ...]]
    feeds: tuple[str, ...]


def level_of(standard: Standard, key: str, grade: int) -> Level | None:
    """The level at which a standard gives `grade` or worse; None where it does not grade so."""
    points = standard.pollutants.get(key)
    if points is None:
        return None
    for begin, above in zip(points.begins[1:], points.grades[1:], strict=True):
        if above >= grade:
            return Level(
                least=Fraction(begin, points.parts),
                averaging=points.averaging,
                grade=grade,
                complete=standard.complete,
            )
    return None


def middle_grade(standard: Standard) -> int:
    """The first level that is worse than the middle of a standard."""
    last = len(standard.levels)
    return min(last, last // 2 + 1)


def lasting(
    context: Context, key: str, after: datetime, until: datetime, level: Level, least: int
) -> tuple[Spells, list[Episode]]:
    """The runs of at least `least` hours, and the episodes they make, in order of time."""
    every = spells(context, key, after, until, level)
    kept = {
        place: tuple(run for run in own if run.length >= least) for place, own in every.runs.items()
    }
    return Spells(runs=kept, feeds=every.feeds), episodes(kept)


def spells(context: Context, key: str, after: datetime, until: datetime, level: Level) -> Spells:
    """The runs of hours with ``after < hour end <= until``.

    An hour's value is of the most preferred feed that has one; its window is of that feed alone.
    No mean is higher than the highest of its hours, so only days near one with such an hour are
    read.
    """
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    # A level that is a plain value is compared with values as they are shown, halves up.
    exact = level.least if level.grade else Fraction(2 * level.least - 1, 2)
    by_province: dict[int, tuple[Run, ...]] = {place.id: () for place in PROVINCES}
    feeds: set[str] = set()
    if first >= last:
        return Spells(runs=by_province, feeds=())
    selection = context.settings.selection
    with context.store.read() as connection:
        # The window of the range's first hour reaches into the day before.
        begin, end = day_of(first + 1) - 1, day_of(last)
        # A day's highest hour is kept rounded.
        least = mean_half_up(level.least.numerator, level.least.denominator)
        reaching = days_reaching(connection, key, least, begin, end)
        for province in by_province:
            own: list[Run] = []
            for start, stop in _stretches(reaching.get(province, ()), first, last):
                values, used = _values(connection, key, province, (start, stop), level, selection)
                here = runs(start + 1, values, exact)
                own += here
                feeds |= {
                    used[hour - start - 1] or ""
                    for run in here
                    for hour in range(run.first, run.last + 1)
                }
            by_province[province] = tuple(own)
    there = tuple(name for name in selection.feeds if name in feeds)
    return Spells(runs=by_province, feeds=there)


def _stretches(days: Iterable[int], first: int, last: int) -> Iterator[tuple[int, int]]:
    """(after, until) of hours around days, cut to the range: a day before, and two after."""
    wide = sorted({near for day in days for near in range(day - 1, day + 3)})
    stretch: list[int] = []
    for day in [*wide, None]:
        if stretch and (day is None or day != stretch[-1] + 1):
            start = max(day_hours(stretch[0])[0], first)
            stop = min(day_hours(stretch[-1])[1], last)
            if start < stop:
                yield start, stop
            stretch = []
        if day is not None:
            stretch.append(day)


def _values(
    connection: Connection,
    key: str,
    province: int,
    bounds: tuple[int, int],
    level: Level,
    selection: Selection,
) -> tuple[list[Fraction | None], list[str | None]]:
    """The values of ``start < hour <= stop``, and the feed each is of."""
    start, stop = bounds
    back = WINDOW_HOURS[level.averaging] - 1
    by_feed = {
        FEED_NAMES[feed]: hours
        for feed, hours in pairs(connection, key, province, start - back, stop).items()
    }
    span = range(start - back + 1, stop + 1)
    means: dict[str, list[Fraction | None]] = {}
    for name, hours in by_feed.items():
        series = [Fraction(*hours[hour]) if hour in hours else None for hour in span]
        averages = averaged(series, level.averaging, key, level.complete)
        means[name] = [mean.value for mean in averages[back:]]
    values: list[Fraction | None] = [None] * (stop - start)
    used: list[str | None] = [None] * (stop - start)
    for place, hour in enumerate(range(start + 1, stop + 1)):
        stations = {name: hours.get(hour, (0, 0))[1] for name, hours in by_feed.items()}
        for name in selection.ranked(stations):
            if (value := means[name][place]) is not None:
                values[place], used[place] = value, name
                break
    return values, used
