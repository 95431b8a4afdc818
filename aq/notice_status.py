"""How the services of the authority's notices are doing, each by itself, and their calls."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from aq.clock import kst_iso
from aq.feeds.airkorea_alarm import DUST, OZONE
from aq.feeds.airkorea_forecast import DAYS, WEEK
from aq.model import DAILY, WEEKLY
from aq.notices import ALARM, FORECAST, FORECAST_AT, calls_ahead, part_of, planned_calls
from aq.runtime import Runtime
from aq.schedule import daily_slot, next_slot
from aq.store.official import newest_advisory, newest_forecast
from aq.store.runs import CallLedger, feed_states

SERVICES = ((FORECAST, DAYS), (FORECAST, WEEK), (ALARM, DUST), (ALARM, OZONE))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeStatus:
    """One service of notices; instants in UTC, calls of the KST day."""

    feed: str
    service: str  # its name within the store: airkorea_alarm:dust
    operation: str
    newest: datetime | None  # issue of the newest notice held
    last_ok: datetime | None
    failing_since: datetime | None
    reason: str | None
    detail: str | None
    retry_at: datetime | None
    pause_until: datetime | None
    failures: int
    next_poll: datetime
    calls_today: int
    calls_ahead: int  # of the polls still to come today; kept back from filling gaps
    calls_planned: int  # a day, when all goes well
    daily_limit: int | None

    @property
    def within(self) -> bool:
        """Whether the calls made and those to come keep within the day's limit."""
        limit = self.daily_limit
        return limit is None or self.calls_today + self.calls_ahead <= limit

    def as_dict(self) -> dict[str, Any]:
        """In JSON's types."""
        return {
            name: kst_iso(value) if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }


def notice_status(runtime: Runtime, now: datetime) -> list[NoticeStatus]:
    """Every service of notices that is asked; none without AirKorea's key."""
    settings = runtime.settings
    minutes = settings.schedule.minutes
    states = feed_states(runtime.store)
    spent = CallLedger(runtime.store).spent(now)
    planned, ahead = planned_calls(now, minutes), calls_ahead(now, minutes)
    with runtime.store.read() as connection:
        newest = {
            DAYS: newest_forecast(connection, DAILY),
            WEEK: newest_forecast(connection, WEEKLY),
            DUST: newest_advisory(connection, ("pm10", "pm25")),
            OZONE: newest_advisory(connection, ("o3",)),
        }
    found = []
    for feed, operation in SERVICES:
        if feed not in settings.notice_feeds:
            continue
        known = states.get(part_of(feed, operation))
        found.append(
            NoticeStatus(
                feed=feed,
                service=part_of(feed, operation),
                operation=operation,
                newest=newest[operation],
                last_ok=known.last_ok if known else None,
                failing_since=known.failing_since if known else None,
                reason=known.reason if known else None,
                detail=known.detail if known else None,
                retry_at=known.retry_at if known else None,
                pause_until=known.pause_until if known else None,
                failures=known.failures if known else 0,
                next_poll=_next(feed, known, now, minutes),
                calls_today=spent.get((feed, operation), 0),
                calls_ahead=ahead[operation],
                calls_planned=planned[operation],
                daily_limit=settings.daily_limit(feed),
            )
        )
    return found


def _next(feed: str, known: Any, now: datetime, minutes: tuple[int, ...]) -> datetime:
    """The next slot that is not within a wait."""
    waits = (known.retry_at, known.pause_until) if known else ()
    start = max([now, *(one - timedelta(microseconds=1) for one in waits if one)])
    if feed == ALARM:
        return next_slot(start, minutes)
    day = timedelta(days=1)
    return min(daily_slot(start, at) + day for at in FORECAST_AT)
