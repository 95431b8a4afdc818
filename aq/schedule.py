"""The scheduler: a steady tick that finds what is due by the clock and claims it in the store.

APScheduler supplies the tick; what is due is decided here, from `now`, so that a sleeping laptop,
a clock that runs fast (`AQ_CLOCK=…@speed`) and several instances all do the same thing: each
(job, slot) runs once.
"""

import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from aq.clock import HOUR, Clock, floor_hour
from aq.collect import Collector, RunReport
from aq.store import Store, runs

TICK_SECONDS = 5.0
KEEP_RUNS = timedelta(days=90)
log = logging.getLogger(__name__)


def owner_name() -> str:
    """Who this instance is in a run's record."""
    return f"{socket.gethostname()}:{os.getpid()}"


def latest_slot(now: datetime, minutes: Sequence[int]) -> datetime:
    """The newest scheduled minute at or before `now`, in UTC."""
    hour = floor_hour(now)
    slots = [h + timedelta(minutes=m) for h in (hour - HOUR, hour) for m in minutes]
    return max(slot for slot in slots if slot <= now)


def next_slot(now: datetime, minutes: Sequence[int]) -> datetime:
    """The first scheduled minute after `now`, in UTC."""
    hour = floor_hour(now)
    slots = [h + timedelta(minutes=m) for h in (hour, hour + HOUR) for m in minutes]
    return min(slot for slot in slots if slot > now)


class Scheduler:
    """Runs due polls of the live feeds until stopped."""

    def __init__(
        self,
        store: Store,
        collector: Collector,
        clock: Clock,
        *,
        minutes: Sequence[int],
        lease: timedelta,
        after_run: Callable[[RunReport], None] = lambda _report: None,
    ) -> None:
        self._store, self._collector, self._clock = store, collector, clock
        self._minutes, self._lease, self._after_run = minutes, lease, after_run
        self._seen: dict[str, datetime] = {}
        self._ticker = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        """Begin ticking in background threads, one per feed, the first tick at once."""
        seconds = max(0.1, TICK_SECONDS / max(1.0, self._clock.speed))
        for name in self._collector.feeds:
            self._ticker.add_job(
                self.tick,
                "interval",
                args=[name],
                seconds=seconds,
                next_run_time=datetime.now(self._ticker.timezone),
                id=name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        self._ticker.start()

    def stop(self) -> None:
        """Stop ticking; a run under way ends first."""
        self._ticker.shutdown(wait=True)

    def tick(self, name: str) -> RunReport | None:
        """Do the newest due poll of a feed unless someone has; None when there was none."""
        now = self._clock.now()
        slot = latest_slot(now, self._minutes)
        if self._seen.get(name) == slot:
            return None
        job = f"poll:{name}"
        if runs.is_over(self._store, job, slot):
            self._seen[name] = slot
            return None
        mine = runs.claim(self._store, job, slot, owner=owner_name(), now=now, lease=self._lease)
        if mine is None:
            # Another instance is at it. Look again: it may die, and its lease then passes.
            return None
        report = self._collector.poll(name, now)
        runs.finish(self._store, mine, self._clock.now(), report.ok, report.as_dict())
        self._seen[name] = slot
        log.info("poll %s", name, extra={"report": report.as_dict()})
        self._after_run(report)
        return report


def feed_table(
    states: Mapping[str, Any], names: Sequence[str], now: datetime, minutes: Sequence[int]
) -> dict[str, datetime]:
    """When each feed is polled next: the next slot, or after upstream's own waiting time."""
    upcoming = {}
    for name in names:
        known = states.get(name)
        retry_at = known.retry_at if known else None
        start = retry_at if retry_at and retry_at > now else now
        upcoming[name] = next_slot(start, minutes)
    return upcoming
