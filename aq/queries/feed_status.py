"""How the feeds and the store are doing, for the Feeds page, the routes and `doctor`."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aq.context import Context
from aq.domain.agreement import Agreement, compare
from aq.domain.call_plan import day_start, every_hour
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst_iso
from aq.domain.model import DAILY, OVER_50, WEEKLY, AnswerKey
from aq.domain.provinces import PROVINCES, Province
from aq.domain.publication import LEARNING, lateness, learn, overdue
from aq.domain.report import plain
from aq.domain.slots import daily_slot, feed_table
from aq.feeds.airkorea import DAYS, DUST, OVER, OZONE, WEEK, YELLOW
from aq.feeds.registry import (
    FEED_IDS,
    FEED_NAMES,
    INFO,
    NOTICES,
    SPECS,
    calls_ahead,
    part_of,
    served_by,
)
from aq.store import Store
from aq.store.answer_keys import odd_keys
from aq.store.gaps import gap_counts
from aq.store.notices import newest_advisory, newest_forecast
from aq.store.quota import budget_of
from aq.store.reads import newest_hours, province_hours
from aq.store.runs import (
    CallLedger,
    counted_upstream,
    failing_jobs,
    feed_states,
    last_report,
    seen_hours,
)
from aq.store.yellow_dust import newest_yellow_dust

MONTH = 31 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """One feed as the Feeds page shows it; instants in UTC."""

    feed: str
    title: str
    kind: str
    status: str | None
    live: bool
    last_ok: datetime | None
    failing_since: datetime | None
    reason: str | None
    detail: str | None
    retry_at: datetime | None
    newest_hour: datetime | None
    complete_hour: datetime | None
    # Of the last poll that read rows: what was left out by kind, grades against upstream's own.
    skipped: dict[str, int] = field(default_factory=dict)
    grades_compared: int = 0
    grades_differ: int = 0
    calls_today: dict[str, int]
    daily_limit: int | None
    next_poll: datetime | None
    attribution: str
    licence: str
    link: str
    # How often it failed in a row; until when it is asked less often for that.
    failures: int = 0
    pause_until: datetime | None = None
    # Minutes after an hour's end at which it usually appears, the newest did, and is late.
    usual_minute: int | None = None
    newest_minute: int | None = None
    late_minute: int | None = None
    late: bool = False
    # The usual minute by hour of day (KST, of the hour's end).
    usual_by_hour: dict[int, int] = field(default_factory=dict)
    # Calls of today kept for live polls, left for filling gaps, and waiting for later.
    calls_reserved: int | None = None
    calls_left: int | None = None
    calls_waiting: int = 0
    # Upstream's own count of a day's calls beside ours, and when it was asked.
    counted_at: datetime | None = None
    counted: dict[str, tuple[int, int]] = field(default_factory=dict)
    # Province hours missing: still to be had, lost.
    gaps_open: int = 0
    gaps_lost: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The status in JSON's types; instants with +09:00."""
        return dict(plain(self))


def feed_status(context: Context, now: datetime) -> list[FeedStatus]:
    """Every feed there is, live or not, in order of preference."""
    settings = context.settings
    states = feed_states(context.store)
    spent = CallLedger(context.store).spent(now)
    upcoming = feed_table(states, settings.live_feeds, now, settings.schedule.minutes)
    with context.store.read() as connection:
        newest = newest_hours(connection)
        missing = gap_counts(connection)
    statuses = []
    for name in settings.feeds.prefer:
        info, state = INFO[name], states.get(name)
        hour = newest.get(FEED_IDS[name])
        complete = state.complete_hour if state else None
        last = last_report(context.store, [f"poll:{name}", f"manual:{name}"]) or {}
        statuses.append(
            FeedStatus(
                feed=name,
                title=info.title,
                kind=info.kind,
                status=info.status,
                live=name in settings.live_feeds,
                last_ok=state.last_ok if state else None,
                failing_since=state.failing_since if state else None,
                reason=state.reason if state else None,
                detail=state.detail if state else None,
                retry_at=state.retry_at if state else None,
                newest_hour=from_hour_number(hour) if hour is not None else None,
                complete_hour=from_hour_number(complete) if complete is not None else None,
                skipped=last.get("skipped", {}),
                grades_compared=last.get("grades_compared", 0),
                grades_differ=sum(last.get("grades_differ", {}).values()),
                calls_today={op: n for (feed, op), n in spent.items() if feed == name},
                daily_limit=settings.daily_limit(name),
                next_poll=upcoming.get(name),
                attribution=info.attribution,
                licence=info.licence,
                link=info.link,
                failures=state.failures if state else 0,
                pause_until=state.pause_until if state else None,
                gaps_open=missing.get(name, (0, 0))[0],
                gaps_lost=missing.get(name, (0, 0))[1],
                **(_care(context, name, hour, now) if name in settings.live_feeds else {}),
            )
        )
    return statuses


def _care(context: Context, name: str, newest: int | None, now: datetime) -> dict[str, Any]:
    """When a live feed's hours appear, its calls of today, and upstream's count of them."""
    settings, store = context.settings, context.store
    seen = seen_hours(store, name, now - LEARNING)
    publication = learn(seen)
    end = from_hour_number(newest) if newest is not None else None
    last = last_report(store, [f"backfill:{name}"]) or {}
    waiting = int(last.get("calls_waiting", 0))
    limit, minutes = settings.daily_limit(name), settings.schedule.minutes
    budget = budget_of(store, name, now, limit=limit, minutes=minutes, filling=waiting > 0)
    counted = counted_upstream(store, name, served_by(name))
    return {
        "usual_minute": publication.usual if publication else None,
        "usual_by_hour": publication.by_hour if publication else {},
        "late_minute": publication.bound if publication else None,
        "newest_minute": lateness(end, seen) if end else None,
        "late": overdue(end, publication, now),
        "calls_reserved": budget.reserved if budget.limit else None,
        "calls_left": budget.left,
        "calls_waiting": waiting,
        "counted_at": counted[0] if counted else None,
        "counted": counted[1] if counted else {},
    }


def agreement(context: Context, now: datetime) -> list[Agreement]:
    """Our province means of the last month against upstream's own, a line per pollutant."""
    return _compared(context, now, PROVINCES, "airkorea_means")


def second_opinion(context: Context, now: datetime) -> list[Agreement]:
    """The means of Seoul of the last month from AirKorea's stations against the city's own
    service, a line per pollutant; no hours where that is not asked."""
    return _compared(context, now, PROVINCES[:1], "seoul")


def _compared(
    context: Context, now: datetime, provinces: Sequence[Province], other: str
) -> list[Agreement]:
    """The means of the last month of AirKorea's stations against those of another feed."""
    until, numbers = hour_number(floor_hour(now)), [province.id for province in provinces]
    with context.store.read() as connection:
        theirs, ours = (
            province_hours(connection, numbers, until - MONTH, until, feeds=[name])
            for name in (other, "airkorea")
        )
    return compare(ours, theirs)


def answer_keys(context: Context) -> list[AnswerKey]:
    """Keys of the last answers that are not as documented."""
    return odd_keys(context.store)


def health(context: Context) -> dict[str, Any]:
    """What `/healthz` says: the store answers (else an error was raised), and what is stale."""
    now, standby = context.clock.now(), context.store.standby
    limit = context.settings.display.stale_after_hours
    with context.store.read() as connection:
        newest = newest_hours(connection)
    ages = {
        FEED_NAMES[feed]: (now - from_hour_number(hour)).total_seconds() / 3600
        for feed, hour in newest.items()
        if FEED_NAMES[feed] in context.settings.live_feeds
    }
    waiting = {
        status.feed: {
            "failing_since": kst_iso(status.failing_since) if status.failing_since else None,
            "reason": status.reason,
            "paused_until": kst_iso(status.pause_until) if status.pause_until else None,
            "late": status.late,
            "gaps_open": status.gaps_open,
            "gaps_lost": status.gaps_lost,
        }
        for status in feed_status(context, now)
        if status.live
    }
    stale = [name for name in context.settings.live_feeds if name not in ages or ages[name] > limit]
    return {
        "status": "ok",
        "store": "ok",
        "version": context.store.version(),
        "simulated": context.store.simulated(),
        "age_hours": {name: round(age, 2) for name, age in ages.items()},
        "stale": stale,
        "feeds": waiting,
        "failing_jobs": {
            job.name: {"since": kst_iso(job.at), "error": job.error}
            for job in failing(context.store, now)
        },
        "standby": plain(standby.status()) if standby else None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingJob:
    """A job whose newest run ended without having done what it should."""

    name: str
    at: datetime
    error: str


def failing(store: Store, now: datetime) -> list[FailingJob]:
    """The jobs whose newest run of the last day failed, with what it said."""
    reasons = []
    for row in failing_jobs(store, now - timedelta(days=1)):
        error = json.loads(row.report or "{}").get("error")
        words = error.get("message") or error.get("reason") if isinstance(error, dict) else error
        reasons.append(FailingJob(name=row.job, at=row.started, error=str(words or "no reason")))
    return reasons


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
        return dict(plain(self))


def notice_status(context: Context, now: datetime) -> list[NoticeStatus]:
    """Every service of notices that is asked; none without the key it goes with."""
    settings = context.settings
    minutes = settings.schedule.minutes
    states = feed_states(context.store)
    spent = CallLedger(context.store).spent(now)
    ahead = calls_ahead(NOTICES, now, minutes)
    planned = calls_ahead(NOTICES, day_start(now), minutes, of=now)
    with context.store.read() as connection:
        newest = {
            DAYS: newest_forecast(connection, DAILY),
            WEEK: newest_forecast(connection, WEEKLY),
            DUST: newest_advisory(connection, ("pm10", "pm25")),
            OZONE: newest_advisory(connection, ("o3",)),
            OVER: newest_forecast(connection, OVER_50),
            YELLOW: newest_yellow_dust(connection),
        }
    statuses = []
    polled = settings.notice_feeds
    services = [(feed, declared.name) for feed in polled for declared in SPECS[feed].operations]
    for feed, operation in services:
        state = states.get(part_of(feed, operation))
        statuses.append(
            NoticeStatus(
                feed=feed,
                service=part_of(feed, operation),
                operation=operation,
                newest=newest.get(operation),
                last_ok=state.last_ok if state else None,
                failing_since=state.failing_since if state else None,
                reason=state.reason if state else None,
                detail=state.detail if state else None,
                retry_at=state.retry_at if state else None,
                pause_until=state.pause_until if state else None,
                failures=state.failures if state else 0,
                next_poll=_next(feed, state, now, minutes),
                calls_today=spent.get((feed, operation), 0),
                calls_ahead=ahead[operation],
                calls_planned=planned[operation],
                daily_limit=settings.daily_limit(feed),
            )
        )
    return statuses


def planned_calls(context: Context, name: str, now: datetime) -> Counter[str]:
    """Calls by operation on the KST day of `now` when all goes well: a poll of hours at every slot,
    what is asked once a day, and those of the notices that go with the same key."""
    minutes = context.settings.schedule.minutes
    names = (name, *served_by(name))
    calls = Counter(calls_ahead(names, day_start(now), minutes, of=now))
    for place, operation in enumerate(SPECS[name].operations):
        calls[operation.name] += operation.once + (0 if place else len(every_hour(minutes)))
    return +calls


def _next(feed: str, state: Any, now: datetime, minutes: tuple[int, ...]) -> datetime:
    """The next slot that is not within a wait."""
    waits = (state.retry_at, state.pause_until) if state else ()
    start = max([now, *(wait - timedelta(microseconds=1) for wait in waits if wait)])
    day = timedelta(days=1)
    return min(daily_slot(start, at) + day for at in SPECS[feed].times or every_hour(minutes))
