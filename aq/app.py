"""Wires a process: collectors, notifier and scheduler from its context."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from aq import context as contexts
from aq.alerts.channels import outlets
from aq.alerts.delivery import Notifier, NotifyReport
from aq.alerts.engine import WatchReport
from aq.alerts.engine import watch as watch_hours
from aq.alerts.heartbeat import beat
from aq.alerts.points import reader_of
from aq.alerts.rules import known_to, rules_folder, ship_rules
from aq.context import Context
from aq.domain.clock import floor_minute
from aq.domain.slots import daily_slot
from aq.feeds.airkorea.paging import NoticeService
from aq.feeds.base import Feed, Get
from aq.feeds.http import Http
from aq.feeds.registry import client, make
from aq.ingest.backfill import Filler
from aq.ingest.collect import Collector
from aq.ingest.notices import NoticeCollector
from aq.ingest.regrade import logged, regrade
from aq.ingest.schedule import (
    Job,
    Report,
    Scheduler,
    fill_jobs,
    jobs,
    notice_jobs,
    owner_name,
    watched,
)
from aq.settings import Settings
from aq.store.partitions import keep_years
from aq.store.runs import CallLedger, tidy

TIDY_AT, YEARS_AT = timedelta(hours=4, minutes=44), timedelta(hours=4, minutes=52)
RETAIN_AT = timedelta(hours=5, minutes=8)


def start(settings: Settings | None = None, *, reader: bool = False) -> Context:
    """A process's context, with channels checked too. Raises `ConfigError`."""
    outlets()
    return contexts.start(settings, reader=reader)


def read_configuration(settings: Settings) -> None:
    """Whether standards, limits and channels can be used. Raises `ConfigError`."""
    contexts.read_standards(settings)
    outlets()


def collector(context: Context) -> Collector:
    """A collector over the live feeds, with its HTTP session."""
    settings = context.settings
    http = Http(CallLedger(context.store), context.clock.now)
    made: dict[str, Feed] = {}
    gets: dict[str, Get] = {}
    for name in settings.live_feeds:
        feed = make(name, settings)
        made[name] = feed
        gets[name] = client(http, name, feed, settings)
    return Collector(
        store=context.store,
        feeds=made,
        gets=gets,
        standards=context.stored_standards,
        provinces=settings.provinces,
        past_days={name: settings.feeds.of(name).first_days for name in made},
        complete_share=settings.schedule.complete_share,
    )


def notice_collector(context: Context) -> NoticeCollector:
    """What collects the authority's forecasts and advisories."""
    settings = context.settings
    http = Http(CallLedger(context.store), context.clock.now)
    made = {name: make(name, settings) for name in settings.notice_feeds}
    return NoticeCollector(
        store=context.store,
        feeds={name: feed for name, feed in made.items() if isinstance(feed, NoticeService)},
        gets={name: client(http, name, made[name], settings) for name in made},
    )


def filler(context: Context, polling: Collector | None = None) -> Filler:
    """What fills the gaps of the live feeds."""
    settings = context.settings
    return Filler(
        collector=polling or collector(context),
        limits={name: settings.daily_limit(name) for name in settings.live_feeds},
        minutes=settings.schedule.minutes,
    )


def watch(context: Context) -> WatchReport:
    """Bring every receiver up to date; a store that has no rule gets the shipped ones first. A
    complete pass is told to `[heartbeat]`, where there is one."""
    ship_rules(context.store, rules_folder(), known_to(context))
    report = watch_hours(context.store, reader_of(context))
    heartbeat = outlets().heartbeat
    if heartbeat is not None:
        beat(heartbeat.get_secret_value())
    return report


def notifier(context: Context) -> Notifier:
    """What sends the messages of the outbox."""
    public_url = context.settings.public_root
    return Notifier(context.store, outlets(), owner=owner_name(), public_url=public_url)


def deliveries(context: Context) -> list[Job]:
    """A job per channel, each minute, so that none waits for another; one for those made since the
    start, and for those gone."""
    sending, there = notifier(context), tuple(outlets().channels)
    made = [
        Job(name=f"deliver:{name}", slot=floor_minute, run=partial(sending.drain, name))
        for name in there
    ]
    return [*made, Job(name="deliver", slot=floor_minute, run=partial(_others, context, there))]


def _others(context: Context, known: Sequence[str], now: datetime) -> NotifyReport:
    """Drain channels that were made since the start; messages for channels that are gone fail."""
    sending = notifier(context)
    report = sending.fail_unknown(now)
    for name in sending.outlets.channels:
        if name not in known:
            report += sending.drain(name, now)
    return report


def scheduler(context: Context, more: Sequence[Job] = ()) -> Scheduler:
    """A scheduler that polls the live feeds, fills their gaps and judges what came; beside that
    it does what the process itself adds. What judges reads the primary."""
    context = replace(context, store=context.store.primary)
    store, schedule = context.store, context.settings.schedule
    polling = collector(context)
    official = notice_jobs(notice_collector(context), schedule.minutes)
    filling = filler(context, polling)
    polls = jobs(polling, schedule.minutes, filling.limits)
    judged = [*polls, *fill_jobs(filling), *official]
    return Scheduler(
        store,
        [
            *_upkeep(context),
            *watched(judged, partial(watch, context)),
            *deliveries(context),
            *more,
        ],
        context.clock,
        lease=timedelta(seconds=schedule.lease_seconds),
    )


def _upkeep(context: Context) -> list[Job]:
    """Grades of a changed standard, leftovers, PostgreSQL's years, months for the archive."""
    store = context.store
    # One run for each content of the standards, whoever starts first with it.
    hashes = "-".join(standard.hash[:12] for standard in context.stored_standards)
    grades = Job(
        name=f"regrade:{hashes}",
        slot=lambda _now: datetime(1970, 1, 1, tzinfo=UTC),
        run=lambda _now: regrade(store, context.stored_standards, logged),
    )
    tidying = Job(
        name="tidy", slot=partial(daily_slot, at=TIDY_AT), run=lambda now: tidy(store, now)
    )
    years = Job(
        name="years", slot=partial(daily_slot, at=YEARS_AT), run=lambda now: keep_years(store, now)
    )
    retaining = Job(
        name="retain", slot=partial(daily_slot, at=RETAIN_AT), run=partial(_retain, context)
    )
    return [
        grades,
        tidying,
        *([] if store.is_sqlite else [years]),
        *([retaining] if context.settings.retention.station_months else []),
    ]


def _retain(context: Context, now: datetime) -> Report:
    from aq.ingest.retention import A_RUN, retain  # noqa: PLC0415 - Parquet is loaded where used

    months, folder = context.settings.retention.station_months, context.settings.archive_folder
    return retain(context.store, folder, months, now, most=A_RUN)
