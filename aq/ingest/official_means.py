"""Upstream's own means of cities and of stations' days and months: asked once a day, kept apart."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from aq.domain.errors import FeedError, FeedReason, StoreError
from aq.domain.model import Payload
from aq.feeds.base import OfficialMeansFeed
from aq.feeds.registry import SPECS, part_of
from aq.ingest.collect import Collector, RunReport, read_operation
from aq.store import runs
from aq.store.official_means import put_official_means
from aq.store.quota import budget_of


def poll_official_means(collector: Collector, name: str, now: datetime) -> RunReport:
    """Read the means that a feed's upstream publishes itself; each operation by itself.

    Never raises for what upstream or the store does: the report carries the first error and the
    reason of each operation that failed, and what the others said is kept.
    """
    report = RunReport(feed=f"{name}_official", at=now)
    feed = collector.feeds[name]
    if not isinstance(feed, OfficialMeansFeed):
        report.error = FeedError(name, "", FeedReason.BAD_REQUEST, "gives no means of its own")
        return report
    for operation, payloads in feed.pull_official_means(collector.counted(name, report), now):
        part = part_of(name, operation)
        try:
            _take(collector, name, operation, payloads, now, report)
            runs.record_success(collector.store, part, now, None, None)
        except (FeedError, StoreError) as error:
            report.error = report.error or error
            told = error.reason if isinstance(error, FeedError) else "store"
            report.failed[operation.rsplit("/", 1)[-1]] = str(told)
            if isinstance(error, FeedError):
                runs.record_failure(collector.store, part, now, error)
    return report


def official_means_of_day(
    collector: Collector, name: str, now: datetime, *, limit: int | None, minutes: Sequence[int]
) -> RunReport:
    """`poll_official_means` with what filling gaps leaves of the day's calls (`limit`); where
    that is too little nothing is asked, and the report's note says so."""
    budget = budget_of(collector.store, name, now, limit=limit, minutes=minutes, filling=True)
    filled = runs.last_report(collector.store, [f"backfill:{name}"]) or {}
    waiting = int(filled.get("calls_waiting", 0))
    needed = sum(operation.once for operation in SPECS[name].operations if operation.yields)
    if budget.left is not None and budget.left - waiting < needed:
        note = f"not asked: of {budget.left} calls left today, filling gaps needs {waiting}"
        return RunReport(feed=f"{name}_official", at=now, note=note)
    return poll_official_means(collector, name, now)


def _take(
    collector: Collector,
    name: str,
    operation: str,
    payloads: Iterator[Payload],
    now: datetime,
    report: RunReport,
) -> None:
    """Read all of an operation, then store it in one transaction."""
    parse = collector.feeds[name].parse
    answers = read_operation(collector.store, parse, operation, payloads, now, report)
    means = [mean for answer in answers.read for mean in answer.official_means]
    if means:
        with collector.store.write(f"official means {name}") as txn:
            txn.mark_simulated(answers.simulated)
            report.wrote(put_official_means(txn, means, keep=answers.gone))
