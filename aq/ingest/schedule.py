"""The scheduler: a steady tick that finds what is due by the clock and claims it in the store.

APScheduler runs the jobs: a pool of threads, one run of a job at a time, none dropped. The beat
that hands them over is counted on the monotonic clock, which nobody can set, as APScheduler's own
interval stands on the wall clock. What is due is decided here, from `now`, so that a sleeping
laptop, a clock that runs fast (`AQ_CLOCK=…@speed`), one that was set back or ahead and several
instances all do the same thing: each (job, slot) runs once.
"""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from aq import memory as heap
from aq.domain.clock import Clock
from aq.domain.errors import AqError, FeedError, FeedReason, StoreError
from aq.domain.slots import daily_slot, latest_daily, latest_slot
from aq.feeds.base import AheadFeed, CountingFeed, MeansFeed, OfficialMeansFeed
from aq.feeds.registry import SPECS
from aq.ingest import systemd
from aq.ingest.backfill import MINUTES as FILL_MINUTES
from aq.ingest.backfill import Filler
from aq.ingest.clock_watch import CLOCK_JOB, ClockWatch, words_of
from aq.ingest.collect import Collector
from aq.ingest.model_hours import poll_ahead
from aq.ingest.notices import NoticeCollector
from aq.ingest.official_means import official_means_of_day
from aq.logs import redact
from aq.store import Store, runs

TICK_SECONDS = 5.0
AT_ONCE = 10  # runs of this process
# A run that takes longer hangs; systemd is then no longer told that all is well.
HANGS = timedelta(minutes=30)
# When the hours of yesterday are surely published.
MEANS_AT = timedelta(hours=2, minutes=40)
# When the means of yesterday are surely worked out.
OFFICIAL_AT = timedelta(hours=3, minutes=25)
# When most of the day's calls are made, and some can still be counted.
COUNTS_AT = timedelta(hours=23, minutes=42)
# A few minutes after polls, and between them.
MESSAGE_LENGTH = 300  # of an exception in a run's record
WATCH_MINUTES = (5, 15, 25, 40, 55)
log = logging.getLogger(__name__)


def owner_name() -> str:
    """Who this instance is in a run's record."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Report(Protocol):
    """What a run says of itself."""

    @property
    def ok(self) -> bool:
        """Whether it did what it should."""

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do once a slot. `slot` gives the newest slot at or before an instant."""

    name: str
    slot: Callable[[datetime], datetime]
    run: Callable[[datetime], Report]
    feed: str | None = None  # whose state tells of a failure


@dataclass(frozen=True, slots=True)
class Crash:
    """A run that ended by an exception nobody foresaw."""

    message: str
    ok: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        error = {"reason": str(FeedReason.PROGRAM_ERROR), "message": self.message}
        return {"ok": False, "error": error}


class Scheduler:
    """Does due jobs until stopped."""

    def __init__(
        self, store: Store, jobs: Sequence[Job], clock: Clock, *, lease: timedelta
    ) -> None:
        self._store, self._jobs, self._clock, self._lease = store, jobs, clock, lease
        self._seen: dict[str, datetime] = {}
        self._running: dict[str, float] = {}
        self._refused: dict[str, str] = {}  # why the store refused a job, while it does
        self._stopping = threading.Event()
        self._pool = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(AT_ONCE)},
            # By default a run that comes a second late is dropped.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        self._beat = threading.Thread(target=self._hand_over, name="aq beat", daemon=True)

    def start(self) -> None:
        """Begin ticking in the background, the first tick at once."""
        self._pool.start()
        self._beat.start()
        systemd.ready()

    def _hand_over(self) -> None:
        """Hand every job to the pool at each beat; those still running are passed over."""
        seconds = max(0.1, TICK_SECONDS / max(1.0, self._clock.speed))
        watch = ClockWatch(self._clock)
        while not self._stopping.is_set():
            for job in self._jobs:
                self._pool.add_job(self._look, args=(job,), id=job.name, replace_existing=True)
            self._watch(watch)
            self._stopping.wait(seconds)

    def stop(self) -> None:
        """Stop ticking; a run under way ends first."""
        self._stopping.set()
        self._beat.join()
        self._pool.shutdown(wait=True)

    def _look(self, job: Job) -> None:
        """A tick; one that fails, as while the store does not answer, is a line of the log."""
        self._running[job.name] = time.monotonic()
        try:
            self.tick(job)
        except StoreError as error:
            if self._refused.get(job.name) != str(error):  # it is said once, not at each tick
                log.error("%s: %s", job.name, error)
            self._refused[job.name] = str(error)
        except Exception:
            log.exception("%s: failed", job.name)
        else:
            self._refused.pop(job.name, None)
        finally:
            self._running.pop(job.name, None)

    def _watch(self, watch: ClockWatch) -> None:
        """Name a jump of the wall clock; tell systemd that no run hangs."""
        jump = watch.look()
        if jump is not None:
            log.warning("clock: the wall clock went %s", words_of(jump))
            report = {"jump_seconds": round(jump.total_seconds()), "host": socket.gethostname()}
            try:
                runs.record(self._store, CLOCK_JOB, self._clock.now(), True, report)
            except StoreError as error:
                log.error("clock: %s", error)
        longest = max(HANGS.total_seconds(), 3 * self._lease.total_seconds())
        if all(time.monotonic() - begun < longest for begun in [*self._running.values()]):
            systemd.alive()

    def tick(self, job: Job) -> Report | None:
        """Do the newest due run of a job unless someone has; None when there was none."""
        now = self._clock.now()
        slot = job.slot(now)
        if self._seen.get(job.name) == slot:
            return None
        due = runs.unset(self._store, job.name, slot, now)
        if runs.is_over(self._store, job.name, due):
            self._seen[job.name] = slot
            return None
        mine = runs.claim(
            self._store, job.name, due, owner=owner_name(), now=now, lease=self._lease
        )
        if mine is None:
            # Another instance is at it. Look again: it may die, and its lease then passes.
            return None
        runs.close_left(self._store, job.name, due, now)
        report = self._outcome(job, now)
        heap.give_back()
        runs.finish(self._store, mine, self._clock.now(), report.ok, report.as_dict())
        self._seen[job.name] = slot
        log.info("%s: %s", job.name, json.dumps(report.as_dict(), ensure_ascii=False))
        return report

    def _outcome(self, job: Job, now: datetime) -> Report:
        """What a run has come to: its report, or what no report foresaw. A run always ends."""
        try:
            return job.run(now)
        except StoreError:
            raise  # nothing can be recorded; the lease passes and the run is done again
        except Exception as error:
            log.exception("%s failed", job.name)
            crash = Crash(redact(f"{type(error).__name__}: {error}")[:MESSAGE_LENGTH])
            if job.feed is not None:
                failure = FeedError(job.feed, "", FeedReason.PROGRAM_ERROR, crash.message)
                runs.record_failure(self._store, job.feed, self._clock.now(), failure)
            return crash


def jobs(
    collector: Collector, minutes: Sequence[int], limits: Mapping[str, int | None] | None = None
) -> list[Job]:
    """A poll of each live feed at the minutes given; upstream's own means once a day. `limits`:
    calls a KST day."""
    made = []
    for name, feed in collector.feeds.items():
        slot = partial(latest_slot, minutes=minutes)
        poll = partial(collector.poll, name)
        made.append(Job(name=f"poll:{name}", slot=slot, run=poll, feed=name))
        if isinstance(feed, MeansFeed):
            daily = partial(daily_slot, at=MEANS_AT)
            means = partial(collector.poll_means, name)
            made.append(Job(name=f"means:{name}", slot=daily, run=means))
        if isinstance(feed, OfficialMeansFeed):
            daily = partial(daily_slot, at=OFFICIAL_AT)
            limit = (limits or {}).get(name)
            official = partial(official_means_of_day, collector, name, limit=limit, minutes=minutes)
            made.append(Job(name=f"official:{name}", slot=daily, run=official))
        if isinstance(feed, AheadFeed):
            times = partial(latest_daily, times=SPECS[name].ahead_at)
            ahead = partial(poll_ahead, collector, name)
            made.append(Job(name=f"ahead:{name}", slot=times, run=ahead))
        if isinstance(feed, CountingFeed):
            daily = partial(daily_slot, at=COUNTS_AT)
            counts = partial(collector.poll_counts, name)
            made.append(Job(name=f"counts:{name}", slot=daily, run=counts))
    return made


def fill_jobs(filler: Filler) -> list[Job]:
    """A look for the gaps of each live feed, five times an hour."""
    slot = partial(latest_slot, minutes=FILL_MINUTES)
    return [
        Job(name=f"backfill:{name}", slot=slot, run=partial(filler.scheduled, name))
        for name in filler.collector.feeds
    ]


def watched(after: Sequence[Job], judge: Callable[[], Report]) -> list[Job]:
    """Jobs that bring hours, each judged by the rules at its end, and a job of the rules' own.

    The own one serves late data, silences that end and new rules, when no feed brings anything.
    """

    def then_judge(job: Job, now: datetime) -> Report:
        report = job.run(now)
        try:
            judge()
        except AqError as error:
            log.warning("alert rules after %s: %s", job.name, error)
        except Exception:  # the rules' own job fails by it too, and is seen
            log.exception("alert rules after %s", job.name)
        return report

    judged = [replace(job, run=partial(then_judge, job)) for job in after]
    slot = partial(latest_slot, minutes=WATCH_MINUTES)
    return [*judged, Job(name="watch", slot=slot, run=lambda _now: judge())]


def notice_jobs(collector: NoticeCollector, minutes: Sequence[int]) -> list[Job]:
    """Forecasts when they are issued, and advisories at the minutes of the polls."""
    return [
        Job(
            name=f"poll:{name}",
            slot=partial(latest_daily, times=times)
            if (times := SPECS[name].times)
            else partial(latest_slot, minutes=minutes),
            run=partial(collector.poll, name),
        )
        for name in collector.feeds
    ]
