"""The present of a store version, read once for all that is drawn of it by this process."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from aq.context import Context
from aq.domain.clock import floor_hour
from aq.domain.model import Advisory
from aq.domain.provinces import PROVINCES
from aq.domain.zones import KINDS
from aq.queries.feed_status import FeedStatus, feed_status
from aq.queries.live import Live, live, trends
from aq.queries.model_hours import Ahead, all_hours_ahead
from aq.queries.zones import ZoneHour, zones_now
from aq.zones_file import zone_of_act

WEEK_HOURS = 168
MOST_KEPT = 4
Key = tuple[int, int, datetime, str]
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What is known at a minute by one standard; the longer answers are read when first asked for.

    `drift` is how far the program's clock is before the machine's own: nothing but in a demo.
    """

    context: Context
    now: datetime
    live: Live
    drift: timedelta
    _shared: dict[object, Any] = field(default_factory=dict)

    def shared(self, key: object, make: Callable[[], R]) -> R:
        """What `make` gives, made once for all pages that name the same key."""
        if key not in self._shared:
            self._shared[key] = make()
        made: R = self._shared[key]
        return made

    @cached_property
    def feeds(self) -> tuple[FeedStatus, ...]:
        """How the feeds do."""
        return tuple(feed_status(self.context, self.now))

    @property
    def simulated(self) -> bool:
        """Whether the data are simulated."""
        return self.live.country.simulated

    @property
    def hour(self) -> datetime | None:
        """The end of the hour that is shown as the present."""
        return self.live.country.hour

    @property
    def until(self) -> datetime:
        """The end of the last hour that is drawn: that of the present, or the one before now."""
        return self.hour or floor_hour(self.now)

    @property
    def newest(self) -> datetime | None:
        """The end of the newest hour with a value, however old."""
        items = self.live.country.items
        hours = (item.observed_at or item.last_at for item in items)
        return max((hour for hour in hours if hour), default=None)

    @property
    def sources(self) -> tuple[str, ...]:
        """The feeds of what is now, or of the newest hour where that is too old to be shown."""
        country = self.live.country
        feeds = dict.fromkeys(item.feed for item in country.items if item.feed and item.observed_at)
        if not feeds and country.feed and self.newest:
            return (country.feed,)
        return tuple(feeds)

    @property
    def is_late(self) -> bool:
        """Whether the hour is older than it should be, or there is none."""
        return self.hour is None or any(item.stale for item in self.live.country.items)

    @cached_property
    def week(self) -> Mapping[str, Mapping[str, list[float | None]]]:
        """By pollutant and province the hourly means of a week [pollutant's unit]; where the newest
        hour is too old to be shown as now, up to now."""
        feed = self.live.country.feed
        return trends(self.context, self.until, hours=WEEK_HOURS, feed=feed)

    @cached_property
    def acts_by_zone(self) -> Mapping[str, list[tuple[Advisory, ZoneHour | None]]]:
        """By zone the acts in force in it, each with the zone's newest value."""
        by_zone: dict[str, list[tuple[Advisory, ZoneHour | None]]] = {}
        for act, hour in zip(self.live.acts, self.live.zone_hours, strict=True):
            zone = zone_of_act(act)
            if zone is not None:
                by_zone.setdefault(zone.id, []).append((act, hour))
        return by_zone

    @cached_property
    def zones(self) -> Mapping[str, Mapping[str, ZoneHour]]:
        """By pollutant and zone the newest hour of the last six."""
        return {
            key: {hour.zone.id: hour for hour in zones_now(self.context, key, self.now)}
            for key in KINDS
        }

    def zones_of(self, code: str, keys: Iterable[str]) -> dict[str, list[ZoneHour]]:
        """By pollutant the newest hours of a province's zones."""
        return {
            key: [hour for hour in self.zones[key].values() if hour.zone.province.code == code]
            for key in keys
        }

    @cached_property
    def ahead(self) -> Mapping[str, Mapping[str, Ahead]]:
        """By province and pollutant a model's hours to come."""
        every = all_hours_ahead(self.context, floor_hour(self.now))
        return {province.code: every.get(province.code, {}) for province in PROVINCES}


class Moments:
    """The newest moments, each made once whoever asks first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Moment] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, context: Context, standard: str | None = None) -> Moment:
        """The moment of now by a standard. Raises `StoreError`, `InputError`."""
        now = context.clock.minute()
        chosen = standard or context.settings.display.standard
        with self._lock:
            key = (id(context), context.store.version(), now, chosen)
            if key not in self._kept:
                self._kept[key] = moment(context, now, chosen)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            return self._kept[key]


def moment(context: Context, now: datetime, standard: str) -> Moment:
    """What is known at a minute by a standard."""
    drift = timedelta(0)
    if context.clock.start is not None:
        drift = context.clock.now() - datetime.now(now.tzinfo)
    return Moment(
        context=context,
        now=now,
        live=live(context, now, standard),
        drift=drift,
    )


MOMENTS = Moments()
