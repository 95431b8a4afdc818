"""The authority's notices from upstream into the store: each operation by itself, with a report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aq.domain.call_plan import REREAD
from aq.domain.clock import kst
from aq.domain.errors import FeedError, FeedReason, StoreError
from aq.domain.model import DAILY, FORECAST, WEEKLY, Payload
from aq.feeds.airkorea import DAYS
from aq.feeds.airkorea.paging import NoticeService
from aq.feeds.base import Get
from aq.feeds.registry import NOTICES, part_of
from aq.ingest.collect import RunReport, read_operation, too_early
from aq.store import Store, runs
from aq.store.notices import (
    advisories,
    first_unended,
    newest_advisory,
    newest_forecast,
    put_advisories,
    put_forecasts,
)
from aq.store.upsert import Written
from aq.store.yellow_dust import put_yellow_dust

# At the first start so much is asked for: two weeks of forecasts, this and last year's advisories.
FIRST_FORECASTS, FIRST_ADVISORIES = timedelta(days=14), timedelta(days=365)
MOST_DAYS = timedelta(days=31)  # after a long silence the calls of a day still suffice


def _reason(error: FeedError | StoreError) -> str:
    return str(error.reason) if isinstance(error, FeedError) else "store"


@dataclass(frozen=True, kw_only=True)
class NoticeCollector:
    """Asks feeds of notices and keeps what they say. `gets` holds the bound HTTP calls."""

    store: Store
    feeds: Mapping[str, NoticeService]
    gets: Mapping[str, Get]

    def poll(self, name: str, now: datetime, *, force: bool = False) -> RunReport:
        """One pass. A service that fails leaves the others and the store as they are: each has an
        approval of its own, and a state of its own. The feed fails when all of its services do.

        Never raises for what upstream or the store does: the report carries the first error.
        `force` asks also those that are asked less often because they failed.
        """
        report = RunReport(feed=name, at=now)
        try:
            states = runs.feed_states(self.store)
            parts = self.feeds[name].parts(self._counted(name, report), self._since(name, now), now)
        except StoreError as error:
            report.error = error
            return report
        for operation, payloads in parts:
            part = part_of(name, operation)
            early = too_early(name, states.get(part), now, force=force)
            try:
                if early is not None:
                    raise early
                self._take(name, operation, payloads, now, report)
                runs.record_success(self.store, part, now, None, None)
            except (FeedError, StoreError) as error:
                report.error = report.error or error
                report.failed[operation.rsplit("/", 1)[-1]] = _reason(error)
                if isinstance(error, FeedError) and error is not early:
                    runs.record_failure(self.store, part, now, error)
        if len(report.failed) < len(parts):
            runs.record_success(self.store, name, now, None, None)
        elif isinstance(report.error, FeedError):
            runs.record_failure(self.store, name, now, report.error)
        report.note = self._newest(name)
        return report

    def _counted(self, name: str, report: RunReport) -> Get:
        get = self.gets[name]

        def counted(operation: str, params: Mapping[str, str]) -> Payload:
            report.calls[operation.rsplit("/", 1)[-1]] += 1
            return get(operation, params)

        return counted

    def _since(self, name: str, now: datetime) -> datetime:
        """From when on notices are asked for: the day of the newest held, or the first start's."""
        with self.store.read() as connection:
            if NOTICES[name].kind == FORECAST:
                newest = [newest_forecast(connection, kind) for kind in (DAILY, WEEKLY)]
                issued = [forecast for forecast in newest if forecast is not None]
                since = min(issued, default=now - FIRST_FORECASTS)
                return max(since, now - MOST_DAYS)
            if newest_advisory(connection) is None:
                return now - FIRST_ADVISORIES
            there = advisories(connection, now - REREAD, now)
            # The version before this one read no end of an ozone act: all of them are read anew.
            unended = first_unended(connection, "o3")
        begins = [now - REREAD, *(act.issued_at for act in there if act.cleared_at is None)]
        return min([*begins, *([] if unended is None else (unended, now - FIRST_ADVISORIES))])

    def _take(
        self,
        name: str,
        operation: str,
        payloads: Iterator[Payload],
        now: datetime,
        report: RunReport,
    ) -> None:
        """Read all of an operation, then store it in one transaction."""
        answers = read_operation(
            self.store, self.feeds[name].parse, operation, payloads, now, report
        )
        if operation == DAYS and not any(answer.rows for answer in answers.read):
            detail = "the answers were well-formed and held no notice"
            raise FeedError(name, operation, FeedReason.UPSTREAM_DOWN, detail)
        forecasts = [notice for answer in answers.read for notice in answer.forecasts]
        acts = [act for answer in answers.read for act in answer.advisories]
        yellow = [act for answer in answers.read for act in answer.yellow_dust]
        if forecasts or acts or yellow:
            with self.store.write(f"notices {name}") as txn:
                txn.mark_simulated(answers.simulated)
                # What a key that did not come held is not known; what is held of it stays.
                written: Written = put_forecasts(txn, forecasts, keep=answers.gone)
                written += put_advisories(txn, acts, keep=answers.gone)
                written += put_yellow_dust(txn, yellow)
                report.wrote(written)

    def _newest(self, name: str) -> str:
        """The newest notice in words, for a person who polls by hand."""
        with self.store.read() as connection:
            newest = (
                newest_forecast(connection, DAILY)
                if NOTICES[name].kind == FORECAST
                else newest_advisory(connection)
            )
        return f"newest notice {kst(newest):%Y-%m-%d %H:%M}" if newest else "no notice"
