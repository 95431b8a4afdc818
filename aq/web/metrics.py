"""`/metrics`: how feeds, quota, hours, runs and the server itself do, as Prometheus reads it.

All but the requests is read from the store at each scrape, so every instance tells the same.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from threading import Lock
from weakref import WeakKeyDictionary

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aq import __version__
from aq.context import Context
from aq.domain.clock import from_hour_number
from aq.domain.provinces import BY_ID
from aq.queries.feed_status import FeedStatus, failing, feed_status
from aq.queries.operations import Operations, operations
from aq.web import traffic

KEEP_SECONDS = 2.0  # what was read of the store serves for so long, however often it is asked for
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_registry = CollectorRegistry()
_requests = Histogram(
    "aq_http_request_seconds",
    "Time to answer, by route and class of status.",
    ("route", "status"),
    registry=_registry,
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


class _Refused(Collector):
    """Who was turned away."""

    def collect(self) -> Iterator[Metric]:
        """Count at each scrape."""
        family = CounterMetricFamily(
            "aq_refused", "Who was turned away by this process, by reason.", labels=("reason",)
        )
        for reason, count in traffic.refused().items():
            family.add_metric([reason], count)
        yield family


_registry.register(_Refused())
ProcessCollector(registry=_registry)
PlatformCollector(registry=_registry)
GCCollector(registry=_registry)
_scraping = Lock()


def observe(route: str, status: int, seconds: float) -> None:
    """Count an answer of the server."""
    _requests.labels(route, f"{status // 100}xx").observe(seconds)


def scrape(context: Context) -> bytes:
    """The whole text. Raises `StoreError` when the store does not answer."""
    with _scraping:
        return _of_the_store(context) + generate_latest(_registry)


# store -> (until when, writes of this process, text)
_read: WeakKeyDictionary[object, tuple[float, int, bytes]] = WeakKeyDictionary()


def _of_the_store(context: Context) -> bytes:
    """What the store tells, read anew after a write of this process or `KEEP_SECONDS`."""
    store = context.store
    store.version()  # it must answer now
    until, writes, text = _read.get(store, (0.0, -1, b""))
    if time.monotonic() >= until or writes != store.writes:
        writes, once = store.writes, CollectorRegistry()
        once.register(_Fixed(list(_families(context, context.clock.now()))))
        text = generate_latest(once)
        _read[store] = time.monotonic() + KEEP_SECONDS, writes, text
    return text


class _Fixed(Collector):
    """Families that are computed already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Give them."""
        return iter(self._families)


def _gauge(name: str, words: str, labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"aq_{name}", words, labels=labels)


def _families(context: Context, now: datetime) -> Iterator[Metric]:
    live = [feed for feed in feed_status(context, now) if feed.live]
    yield from _feeds(live)
    yield from _quota(live)
    found = operations(context, now)
    yield from _hours(found, now)
    yield from _runs(found)
    yield _failing(context, now)
    yield from _store(context, found)


def _feeds(live: list[FeedStatus]) -> Iterator[Metric]:
    up = _gauge("feed_up", "1 while the last poll of a feed went well.", ("feed",))
    failures = _gauge("feed_failures", "Failures in a row since the last success.", ("feed",))
    late = _gauge("feed_late", "1 when the next hour is later than learned.", ("feed",))
    gaps = _gauge(
        "gap_hours", "Province hours missing: open (to be had) or lost.", ("feed", "state")
    )
    for feed in live:
        up.add_metric([feed.feed], float(feed.failing_since is None and feed.last_ok is not None))
        failures.add_metric([feed.feed], feed.failures)
        late.add_metric([feed.feed], float(feed.late))
        gaps.add_metric([feed.feed, "open"], feed.gaps_open)
        gaps.add_metric([feed.feed, "lost"], feed.gaps_lost)
    yield from (up, failures, late, gaps)


def _quota(live: list[FeedStatus]) -> Iterator[Metric]:
    made = _gauge("calls_today", "Calls of this KST day.", ("feed", "operation"))
    limit = _gauge("calls_limit", "Calls a KST day that the key allows.", ("feed",))
    kept = _gauge("calls_reserved", "Calls of today kept for live polls.", ("feed",))
    left = _gauge("calls_left", "Calls of today left for filling gaps.", ("feed",))
    waiting = _gauge("calls_waiting", "Calls that would fill gaps and wait for quota.", ("feed",))
    for feed in live:
        for operation, count in feed.calls_today.items():
            made.add_metric([feed.feed, operation.rpartition("/")[2] or feed.feed], count)
        for family, value in (
            (limit, feed.daily_limit),
            (kept, feed.calls_reserved),
            (left, feed.calls_left),
            (waiting, feed.calls_waiting),
        ):
            if value is not None:
                family.add_metric([feed.feed], value)
    yield from (made, limit, kept, left, waiting)


def _hours(found: Operations, now: datetime) -> Iterator[Metric]:
    age = _gauge(
        "newest_hour_age_seconds",
        "Age of the newest hour a feed has of a province.",
        ("feed", "province"),
    )
    for (feed, province), hour in found.newest.items():
        seconds = (now - from_hour_number(hour)).total_seconds()
        age.add_metric([feed, BY_ID[province].code], seconds)
    yield age


def _failing(context: Context, now: datetime) -> Metric:
    family = _gauge("job_failing", "1 while a job's newest run of the last day failed.", ("job",))
    for job in failing(context.store, now):
        family.add_metric([job.name], 1)
    return family


def _runs(found: Operations) -> Iterator[Metric]:
    ended = _gauge("runs_24h", "Runs of the last day by job and state.", ("job", "state"))
    errors = _gauge("run_errors_24h", "Failed runs of the last day by reason.", ("job", "reason"))
    mean = _gauge("run_seconds_mean", "Mean length of the last day's runs.", ("job",))
    most = _gauge("run_seconds_max", "Longest of the last day's runs.", ("job",))
    for job, run in found.runs.items():
        for state, count in run.states.items():
            ended.add_metric([job, state], count)
        for reason, count in run.errors.items():
            errors.add_metric([job, reason], count)
        if run.seconds:
            mean.add_metric([job], sum(run.seconds) / len(run.seconds))
            most.add_metric([job], max(run.seconds))
    yield from (ended, errors, mean, most)


def _store(context: Context, found: Operations) -> Iterator[Metric]:
    version = _gauge("store_version", "Newest store version.")
    version.add_metric([], context.store.version())
    messages = _gauge("outbox_messages", "Messages by state.", ("state",))
    for state, count in found.messages.items():
        messages.add_metric([state], count)
    size = _gauge("store_bytes", "Size of the embedded store's file.")
    if found.store_bytes is not None:
        size.add_metric([], found.store_bytes)
    archived = _gauge("archive_months", "Months of station hours by state of file.", ("state",))
    for state in ("fine", "missing"):
        archived.add_metric([state], found.archive[state])
    build = _gauge("build_info", "The program's version.", ("version",))
    build.add_metric([__version__], 1)
    yield from (version, messages, size, archived, build)
    if found.standby is not None:
        read = _gauge("standby_read", "1 while this process reads from the standby.")
        read.add_metric([], found.standby.is_read)
        lag = _gauge("standby_lag_seconds", "How long the standby has lacked something.")
        if found.standby.lag_seconds is not None:
            lag.add_metric([], found.standby.lag_seconds)
        yield from (read, lag)
