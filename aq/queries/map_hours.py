"""Hours of all 17 at once: grade, value or reason of each, as known at a store version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aq.context import Context
from aq.domain.clock import from_hour_number, hour_number
from aq.domain.missing import why_missing
from aq.domain.model import ProvinceHour
from aq.domain.provinces import PROVINCES
from aq.domain.selection import Selection
from aq.domain.standards import Standard
from aq.domain.windows import evaluate, window_hours
from aq.feeds.registry import INFO
from aq.store.reads import province_hours

MOST_FRAMES = 31 * 24
Series = dict[int, ProvinceHour]  # by hour number


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A province in an hour: `value` [the pollutant's unit, or an index], or `reason` and `detail`
    for none. `feed` is the one it was taken of."""

    value: float | None = None
    grade: int | None = None
    feed: str | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An hour (its end) of the 17, in page-header order."""

    at: datetime
    provinces: tuple[Shown, ...]


def frames(
    context: Context,
    key: str,
    standard: str,
    until: datetime,
    hours: int,
    as_of: int | None = None,
) -> list[Frame]:
    """The last `hours` hours up to the one that ends at `until`, at most `MOST_FRAMES` of them.

    Each value is of the most preferred feed that has one, by the standard's own mean.
    """
    rules, last = context.standards[standard], hour_number(until)
    first = last - min(hours, MOST_FRAMES)
    back = window_hours(rules, key) - 1
    numbers = [province.id for province in PROVINCES]
    series: dict[tuple[int, str], Series] = {}
    with context.store.read() as connection:
        for row in province_hours(connection, numbers, first - back, last, as_of=as_of):
            series.setdefault((row.place, row.feed), {})[row.hour] = row
    selection = context.settings.selection
    made = []
    for hour in range(first + 1, last + 1):
        shown = []
        for place in PROVINCES:
            there = {
                feed: rows
                for feed in selection.feeds
                if hour in (rows := series.get((place.id, feed), {}))
            }
            shown.append(_shown(rules, key, hour, selection, there))
        made.append(Frame(at=from_hour_number(hour), provinces=tuple(shown)))
    return made


def _shown(
    rules: Standard, key: str, hour: int, selection: Selection, there: dict[str, Series]
) -> Shown:
    fallback = None
    at_hour = {feed: rows[hour] for feed, rows in there.items()}
    for feed in selection.of_rows(at_hour, rules, key):
        rows = there[feed]
        result = evaluate(rules, key, rows, hour)
        value = result.value if result.value is not None else result.index
        if value is not None or result.grade is not None:
            return Shown(value=value, grade=result.grade, feed=feed)
        if fallback is None:
            reason, detail = why_missing(rows[hour], key, result.missing)
            fallback = Shown(feed=feed, reason=reason, detail=detail)
    return fallback or Shown(reason="not_received")


def sources(made: Sequence[Frame]) -> list[tuple[str, str, str | None]]:
    """(feed, kind, status) of the values shown, each once."""
    feeds = dict.fromkeys(
        shown.feed for frame in made for shown in frame.provinces if shown.feed and not shown.reason
    )
    return [(feed, INFO[feed].kind, INFO[feed].status) for feed in feeds]
