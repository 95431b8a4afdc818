"""Fills gaps: looks for them, makes the calls a day's quota allows, records what stays missing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aq.domain import quality
from aq.domain.backfill_plan import (
    HISTORY,
    MEANS,
    REACH,
    Budget,
    Call,
    StationLack,
    history_calls,
    lost,
    means_calls,
    range_calls,
    slots_left,
    within,
)
from aq.domain.clock import HOUR, floor_hour, from_hour_number, hour_number
from aq.domain.errors import FeedError, FeedReason, StoreError
from aq.domain.model import Reading, Station
from aq.domain.report import Report
from aq.feeds.base import Feed, Get, HistoryFeed
from aq.ingest.collect import Collector, RunReport, error_fields, ingest, station_rule
from aq.store import gaps, runs
from aq.store.quota import budget_of
from aq.store.stations import Directory

# Minutes of the hour at which gaps are filled: apart from the polls.
MINUTES = (2, 12, 25, 40, 55)
# How far back the scheduler looks by itself; a person may ask for more.
LOOK_BACK = timedelta(days=92)
# The newest hours are still coming in by themselves.
SETTLED = 2
MOST_FAILURES = 2  # in a row; then the rest is left for the next run


@dataclass(kw_only=True)
class FillReport(Report):
    """What one look for gaps found and did. Gaps are counted in province hours."""

    SHOWN = (
        *("feed", "at", "ok", "gaps", "filled", "open", "lost", "stations"),
        *("calls_made", "calls_waiting", "rows", "stored", "changed"),
    )

    feed: str
    at: datetime
    gaps: int = 0
    filled: int = 0
    open: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    stations: int = 0  # stations with hours missing
    calls_made: int = 0
    calls_waiting: int = 0  # left for later runs by the quota
    rows: int = 0
    stored: int = 0
    changed: int = 0
    budget: Budget | None = None
    note: str | None = None
    error: FeedError | StoreError | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        names, quota = ("limit", "used", "reserved", "left"), None
        if self.budget is not None:
            quota = {name: getattr(self.budget, name) for name in names}
        ends = {"quota": quota, "note": self.note, "error": error_fields(self.error)}
        return super().as_dict() | ends


@dataclass(frozen=True, slots=True)
class _Found:
    """A look at the store: hour bounds, what is missing, and the calls that would fill it."""

    after: int
    until: int
    provinces: Mapping[int, Sequence[int]]
    lacks: Sequence[StationLack]
    calls: Sequence[Call]

    @property
    def missing(self) -> int:
        """Province hours."""
        return sum(len(hours) for hours in self.provinces.values())

    def open_hours(self) -> set[tuple[int, int]]:
        """(province, hour) that a call not yet made may bring."""
        out = {
            (province, hour)
            for call in self.calls
            if call.kind not in (HISTORY, MEANS)
            for province, hours in self.provinces.items()
            for hour in hours
            if call.first <= hour <= call.last
        }
        for call in self.calls:
            lack = call.lack
            if lack is not None and lack.urban and lack.province is not None:
                out |= {(lack.province, hour) for hour in lack.hours if hour >= call.first}
        return out


@dataclass(kw_only=True)
class Filler:
    """Fills the gaps of live feeds. `limits`: calls a KST day; `minutes`: those of the polls."""

    collector: Collector
    limits: Mapping[str, int | None]
    minutes: Sequence[int]

    def budget(self, name: str, now: datetime) -> Budget:
        """A feed's calls of today, of which filling may use what yields to it."""
        store, limit = self.collector.store, self.limits.get(name)
        return budget_of(store, name, now, limit=limit, minutes=self.minutes, filling=True)

    def scheduled(self, name: str, now: datetime) -> FillReport:
        """A run of the scheduler: what the last quarter of a year lacks, with a share of the
        day's calls."""
        return self.run(name, now, shared=True)

    def run(
        self,
        name: str,
        now: datetime,
        *,
        after: datetime | None = None,
        until: datetime | None = None,
        shared: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> FillReport:
        """Fill what is missing with ``after < hour <= until``; the last quarter of a year without.

        Each call is stored in a transaction of its own, with the note that it was made: a run may
        be stopped anywhere and started again. Never raises for what upstream or the store does.
        """
        report = FillReport(feed=name, at=now)
        try:
            look = self._look(name, now, after, until)
            report.gaps = report.open = look.missing
            report.stations = len(look.lacks)
            budget = report.budget = self.budget(name, now)
            allowed = _allowed(budget, look.calls, now, shared)
            calls, waiting = within(look.calls, allowed)
            report.calls_waiting = sum(call.cost for call in waiting)
            if waiting and not shared:
                report.note = "today's quota allows no more; run again tomorrow or leave it"
            self._make_all(name, calls, now, report, progress)
            if look.missing or look.calls:
                self._record(name, now, self._look(name, now, after, until), report)
        except StoreError as error:
            report.error = error
        return report

    def _make_all(
        self,
        name: str,
        calls: Sequence[Call],
        now: datetime,
        report: FillReport,
        progress: Callable[[int, int], None],
    ) -> None:
        """Make the calls in their order, without a kind that upstream refuses, until two in a row
        fail. The first reason is kept under a name of its own: the live polls go on."""
        own, refused, failures = f"{name}_backfill", set[str](), 0
        if not calls:
            return
        state = runs.feed_states(self.collector.store).get(own)
        if state and state.retry_at and state.retry_at > now:
            reason = FeedReason(state.reason)
            report.error = FeedError(name, "", reason, state.detail or "", retry_at=state.retry_at)
            return
        for done, call in enumerate(calls):
            progress(done, len(calls))
            if call.kind in refused:
                continue
            try:
                self._make(name, call, now, report)
                failures = 0
            except FeedError as error:
                report.error = report.error or error
                if error.permanent or error.retry_at is not None:
                    refused.add(call.kind)
                    continue
                failures += 1
                if failures == MOST_FAILURES:
                    break
        progress(len(calls), len(calls))
        if isinstance(report.error, FeedError):
            runs.record_failure(self.collector.store, own, now, report.error)
        else:
            runs.record_success(self.collector.store, own, now, None, None)

    def _look(
        self, name: str, now: datetime, after: datetime | None, until: datetime | None
    ) -> _Found:
        newest = hour_number(floor_hour(now))
        last = newest - SETTLED
        if until is not None:
            last = min(last, hour_number(floor_hour(until)))
        stations = isinstance(self.collector.feeds[name], HistoryFeed)
        with self.collector.store.read() as connection:
            oldest = gaps.first_hour(connection, name)
            if after is not None:
                first = hour_number(floor_hour(after))
            elif oldest is not None:
                first = max(oldest - 1, hour_number(floor_hour(now - LOOK_BACK)))
            else:
                return _Found(last, last, {}, (), ())
            if first >= last:
                return _Found(last, last, {}, (), ())
            provinces = gaps.province_lacks(connection, name, first, last)
            missing = {hour for hours in provinces.values() for hour in hours}
            ranges = gaps.asked_ranges(connection, name, now)
            if not stations:
                fresh = _not_asked(missing, ranges.get("range", ()))
                return _Found(first, last, provinces, (), range_calls(fresh))
            whole = after is not None
            lacks = gaps.station_lacks(connection, name, first, last, now=now, whole=whole)
            theirs = gaps.province_lacks(connection, f"{name}_means", first, last)
            both = {
                hour for number, hours in provinces.items() for hour in {*hours} & {*theirs[number]}
            }
            means = means_calls(_not_asked(both, ranges.get(MEANS, ())), newest)
            return _Found(first, last, provinces, lacks, [*means, *history_calls(lacks, newest)])

    def _make(self, name: str, call: Call, now: datetime, report: FillReport) -> None:
        """Make one call and store what it brings."""
        if call.kind == MEANS:
            made = self.collector.poll_means(name, now, call.term)
            report.calls_made += sum(made.calls.values())
            if made.error is not None:
                raise made.error
            report.stored, report.rows = report.stored + made.stored, report.rows + made.rows
            with self.collector.store.book() as connection:
                is_complete = gaps.has_all(connection, f"{name}_means", call)
                gaps.remember(connection, name, call, now, is_complete=is_complete)
            return
        counted = RunReport(feed=name, at=now)
        feed, get = self.collector.feeds[name], self.collector.counted(name, counted)
        try:
            readings, simulated = _call_readings(feed, get, call, now, counted)
        except FeedError as error:
            if call.lack is None or error.reason is not FeedReason.BAD_REQUEST:
                raise
            readings, simulated = [], False  # upstream does not know this one station
        finally:
            report.calls_made += sum(counted.calls.values())
        with self.collector.store.write(f"backfill {name}") as txn:
            if readings:
                txn.mark_simulated(simulated)
                directory = Directory(txn, station_rule(self.collector.provinces))
                standards = self.collector.standards
                counted.wrote(ingest(txn, name, readings, directory, standards))
            if call.lack is None:
                is_complete = gaps.has_all(txn.connection, name, call)
            else:
                given = {hour_number(reading.hour) for reading in readings}
                is_complete = given.issuperset(call.lack.hours)
            gaps.remember(txn.connection, name, call, now, is_complete=is_complete)
        report.rows += counted.rows
        report.stored += counted.stored
        report.changed += counted.changed

    def _record(self, name: str, now: datetime, left: _Found, report: FillReport) -> None:
        """Record what is still missing, with cause, and what of it is lost."""
        stations = isinstance(self.collector.feeds[name], HistoryFeed)
        reach = hour_number(floor_hour(now)) - REACH if stations else 0
        whys = lost(left.provinces, left.open_hours(), reach)
        with self.collector.store.book() as connection:
            causes = gaps.causes(connection, name, {hour for _, hour in whys})
            rows = {place: (causes[place[1]], why) for place, why in whys.items()}
            gaps.record(connection, name, (left.after, left.until), rows, now)
        report.lost = Counter(why for why in whys.values() if why)
        report.open = sum(why is None for why in whys.values())
        report.filled = report.gaps - left.missing


def _allowed(budget: Budget, calls: Sequence[Call], now: datetime, shared: bool) -> int | None:
    """How many calls this run may make: all that is left, or its share of the day."""
    if budget.left is None or not shared or not calls:
        return budget.left
    share = budget.share(slots_left(now, MINUTES) + 1) or 0
    return min(budget.left, max(share, calls[0].cost))


def _not_asked(hours: set[int], ranges: Sequence[tuple[int, int]]) -> set[int]:
    return {hour for hour in hours if not any(span[0] <= hour <= span[1] for span in ranges)}


def _call_readings(
    feed: Feed, get: Get, call: Call, now: datetime, report: RunReport
) -> tuple[list[Reading], bool]:
    """The readings a call brings, flagged, and whether a simulator gave them."""
    if call.lack is not None and isinstance(feed, HistoryFeed):
        payloads = feed.pull_station_history(get, call.lack.name, call.term)
    else:
        first, last = from_hour_number(call.first) - HOUR, from_hour_number(call.last)
        payloads = feed.pull(get, first, last)
    readings: list[Reading] = []
    simulated = False
    for payload in payloads:
        answer = feed.parse(payload, now)
        simulated |= payload.simulated
        report.read(answer)
        readings += answer.readings
    if call.lack is not None:
        readings = [
            own for reading in readings if (own := _of_station(call.lack, reading)) is not None
        ]
    flagged = quality.flag(readings, now)
    inside = [r for r in flagged if call.first <= hour_number(r.hour) <= call.last]
    return inside, simulated


def _of_station(lack: StationLack, reading: Reading) -> Reading | None:
    """A reading as one of the station asked for; None when upstream answered for another one of
    the same name."""
    given = reading.station
    if given is None or (given.code and lack.code and given.code != lack.code):
        return None
    own = Station(name=lack.name, sido=lack.sido, code=lack.code or given.code)
    return replace(reading, station=replace(own, network=given.network))
