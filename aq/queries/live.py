"""What the live page shows of a moment, read at once: pollutants, acts, trends, days to come."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from aq.context import Context
from aq.domain.clock import floor_hour, hour_number
from aq.domain.forecasts import DayAhead
from aq.domain.model import Advisory, YellowDust
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import BY_ID, PROVINCES, district_provinces
from aq.domain.standards import Standard
from aq.queries.current import CurrentItem, Snapshot, current
from aq.queries.official import FORECAST_KEYS, STANDARD, advisories_now, coming_days, next_days
from aq.queries.yellow_dust import recent_yellow_dust
from aq.queries.zones import ZoneHour, values_now
from aq.store.reads import province_hours

# Advice is worded for this standard's four levels, whatever standard is shown.
ADVICE_STANDARD = "airkorea_1h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A moment of the whole country by one standard.

    Attributes
    ----------
    country : 17 items of every pollutant the standard grades
    forecast_standard, advice_standard : whose words forecasts and advice are given in
    acts, zone_hours : what is in force, worst first, and the newest value of each act's zone
    trends : by pollutant and province code the last 24 hourly means [pollutant's unit]
    days : by pollutant the three days a reader asks for now; empty where nothing is forecast
    tomorrow : tomorrow in four grades, an entry for each pollutant a notice speaks of
    """

    now: datetime
    country: Snapshot
    standard: Standard
    forecast_standard: Standard
    advice_standard: Standard
    acts: tuple[Advisory, ...]
    zone_hours: tuple[ZoneHour | None, ...]
    yellow_dust: tuple[YellowDust, ...]
    trends: Mapping[str, Mapping[str, list[float | None]]]
    days: Mapping[str, tuple[DayAhead, ...]]
    tomorrow: tuple[DayAhead, ...]

    @property
    def acts_by_code(self) -> dict[str, tuple[Advisory, ...]]:
        """By province code what is in force in a zone of it, worst first."""
        by_code: dict[str, tuple[Advisory, ...]] = {}
        for act in self.acts:
            for province in district_provinces(act.district):
                by_code[province.code] = (*by_code.get(province.code, ()), act)
        return by_code

    def item(self, code: str, pollutant: str) -> CurrentItem:
        """One province and pollutant."""
        return next(
            item for item in self.country.items if (item.code, item.pollutant) == (code, pollutant)
        )

    def items_of(self, code: str) -> list[CurrentItem]:
        """All pollutants of a province."""
        return [item for item in self.country.items if item.code == code]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHour:
    """An hour (its end) of a line: a value [the pollutant's unit], or why there is none."""

    at: datetime
    value: float | None
    kind: str | None = None
    status: str | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """All hours of a calendar month over some years, ascending [the pollutant's unit], and between
    what `low` and `high` eight of ten of them lie."""

    years: tuple[int, ...]
    month: int
    values: tuple[float, ...]
    low: float
    high: float

    def percentile(self, value: float) -> int:
        """How many of a hundred hours were lower, equal ones half."""
        below, upto = bisect_left(self.values, value), bisect_right(self.values, value)
        return round(50 * (below + upto) / len(self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Consecutive hours of a province, the acts in force in them, and what is usual there."""

    hours: tuple[LineHour, ...]
    acts: tuple[Advisory, ...]
    usual: Usual | None


def live(context: Context, now: datetime, standard: str) -> Live:
    """Everything the drawings of a moment need but the hours before it."""
    country = current(context, now, standard=standard)
    acts = tuple(advisories_now(context, now))
    return Live(
        now=now,
        country=country,
        standard=context.standards[country.standard],
        forecast_standard=context.standards[STANDARD],
        advice_standard=context.standards[ADVICE_STANDARD],
        acts=acts,
        zone_hours=values_now(context, acts, now),
        yellow_dust=recent_yellow_dust(context, now),
        trends=trends(context, country.hour, feed=country.feed) if country.hour else {},
        days={key: next_days(context, now, key) for key in FORECAST_KEYS},
        tomorrow=tuple(
            day for key in FORECAST_KEYS for day in coming_days(context, now, key, 1) if day.notice
        ),
    )


def trends(
    context: Context,
    until: datetime,
    *,
    keys: Sequence[str] = KEYS,
    hours: int = 24,
    feed: str | None = None,
) -> dict[str, dict[str, list[float | None]]]:
    """By pollutant and province code the last `hours` hourly means [pollutant's unit], None where
    missing."""
    last = hour_number(floor_hour(until))
    numbers = [province.id for province in PROVINCES]
    selection = context.settings.selection.only(feed)
    with context.store.read() as connection:
        rows = province_hours(
            connection, numbers, last - hours, last, keys=keys, feeds=selection.feeds
        )
    series: dict[str, dict[str, list[float | None]]] = {
        key: {province.code: [None] * hours for province in PROVINCES} for key in keys
    }
    scales = {key: pollutants()[key].scale for key in keys}
    for (place, hour), of_feeds in groupby(rows, key=attrgetter("place", "hour")):
        by_feed = {row.feed: row.means for row in of_feeds}
        only = next(iter(by_feed)) if len(by_feed) == 1 else None
        code, slot = BY_ID[place].code, hour - (last - hours) - 1
        for key in keys:
            taken = only
            if taken is None:
                heard = {name: means[key].valid for name, means in by_feed.items()}
                taken = selection.of_hour(heard)
            scaled = by_feed[taken][key].scaled if taken else None
            if scaled is not None:
                series[key][code][slot] = scaled / scales[key]
    return series
