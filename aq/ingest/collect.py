"""From upstream into the store: pull, parse, flag, write, pool, grade, all in one transaction."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from aq.domain import quality
from aq.domain.agreement import disagreements
from aq.domain.clock import HOUR, floor_hour, from_hour_number, hour_number, kst
from aq.domain.errors import FeedError, FeedReason, StoreError
from aq.domain.missing import NETWORK_UNKNOWN
from aq.domain.model import MODELLED, Answer, Payload, Reading, RowIssue
from aq.domain.pollutants import KEYS
from aq.domain.provinces import Province, province_of
from aq.domain.report import Report, plain
from aq.domain.standards import Standard
from aq.feeds.base import CountingFeed, Feed, Get, MeansFeed, StationFeed
from aq.feeds.registry import FEED_IDS
from aq.settings import ProvinceData
from aq.store import Store, Txn, runs
from aq.store.answer_keys import record_keys
from aq.store.hours import pool, put_province_series, put_station_hours
from aq.store.reads import station_readings, stations_heard
from aq.store.rollups import refresh
from aq.store.station_past import unknown_networks
from aq.store.stations import Directory, ProvinceRule, Slot
from aq.store.upsert import Written

ISSUES_KEPT = 50
MOST_STATIONS = 3_000  # in an answer
# By these a station belongs to a province and counts in its mean: a list without them is refused.
STATION_KEYS = {"stationName", "addr", "mangName"}
# The model is run again every 12 hours: what it said of the last day may change.
REREAD = 24 * HOUR
FIRST_DAYS = timedelta(days=2)


@dataclass(kw_only=True)
class RunReport(Report):
    """What one run did; printed, stored with the run and shown on the Feeds page."""

    SHOWN = (
        *("feed", "at", "ok", "rows", "stored", "changed", "unchanged", "flagged", "stations"),
        *("skipped", "issues", "calls", "newest_hour", "heard", "grades_compared"),
        *("grades_differ", "complete", "note", "failed", "odd_keys"),
    )

    feed: str
    at: datetime
    rows: int = 0
    stored: int = 0
    changed: int = 0
    unchanged: int = 0
    flagged: int = 0
    stations: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    issues: list[RowIssue] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    newest_hour: datetime | None = None
    heard: int | None = None
    complete: bool = False
    grades_compared: int = 0
    grades_differ: Counter[str] = field(default_factory=Counter)
    note: str | None = None
    error: FeedError | StoreError | None = None
    # Nothing tells the network of any station, so that its rows make no mean.
    no_network: bool = False
    # Services of the feed that failed, by operation, with the reason; the others were taken.
    failed: dict[str, str] = field(default_factory=dict)
    # Keys of the answers that are not as documented, by operation; empty where all are.
    keys: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it did what it should."""
        return self.error is None and not self.no_network

    def read(self, answer: Answer) -> None:
        """Count what an answer held and what of it was skipped."""
        self.rows += answer.rows
        if answer.keys is not None:
            keys = self.keys.setdefault(answer.keys.operation, {})
            for change, names in (("gone", answer.keys.gone), ("new", answer.keys.new)):
                keys.setdefault(change, Counter()).update(names)
        for issue in answer.issues:
            self.issue(issue)

    def issue(self, issue: RowIssue) -> None:
        """Count something that was not stored or not understood, and keep the first of them."""
        self.skipped[issue.kind] += 1
        if len(self.issues) < ISSUES_KEPT:
            self.issues.append(issue)

    @property
    def odd_keys(self) -> dict[str, dict[str, Counter[str]]]:
        """`keys` of the operations whose answers are not as documented."""
        return {name: changes for name, changes in self.keys.items() if any(changes.values())}

    def gone(self) -> set[str]:
        """Documented keys that were missing in an answer."""
        return {key for changes in self.keys.values() for key in changes["gone"]}

    def wrote(self, counts: Written) -> None:
        """Count what the store did with the rows."""
        self.stored += counts.new
        self.changed += counts.changed
        self.unchanged += counts.same

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        error = error_fields(self.error)
        if error is not None and self.error is not None:
            retry_at = getattr(self.error, "retry_at", None)
            error |= {"permanent": self.error.permanent, "retry_at": plain(retry_at)}
        return super().as_dict() | {"error": error}


def error_fields(error: FeedError | StoreError | None) -> dict[str, Any] | None:
    """Why a run failed: a word and a sentence."""
    if error is None:
        return None
    reason = error.reason if isinstance(error, FeedError) else "store"
    return {"reason": str(reason), "message": str(error)}


def station_rule(provinces: ProvinceData) -> ProvinceRule:
    """The address rule of `aq.domain.provinces` with the names of `config/provinces.toml`."""
    names = provinces.merged_stations

    def rule(sido: str, name: str, address: str | None) -> Province | None:
        return province_of(sido, name, address, names.gwangju, names.jeonnam)

    return rule


def ingest(
    txn: Txn,
    feed: str,
    readings: Sequence[Reading],
    directory: Directory,
    standards: Sequence[Standard],
    *,
    only_new: bool = False,
) -> Written:
    """Write readings and all that follows from them: province hours, grades, days.

    With `only_new`, station hours that are held with other values stay as they are.
    """
    of_stations = [reading for reading in readings if reading.station is not None]
    of_provinces = [reading for reading in readings if reading.station is None]
    counts = put_station_hours(txn, feed, of_stations, directory, only_new=only_new)
    slots: set[Slot] = set()
    if of_provinces:
        more, slots = put_province_series(txn, feed, of_provinces)
        counts += more
    follow(txn, directory, standards, {feed: slots})
    return counts


def list_stations(
    txn: Txn, answer: Answer, directory: Directory, standards: Sequence[Standard]
) -> int:
    """Keep a station list; returns how many stations it names."""
    numbers = directory.resolve(answer.stations, listed=True)
    follow(txn, directory, standards)
    return len(set(numbers))


def follow(
    txn: Txn,
    directory: Directory,
    standards: Sequence[Standard],
    written: Mapping[str, set[Slot]] = MappingProxyType({}),
) -> None:
    """All that follows from what was written of stations: province hours, grades, days, in every
    feed. `written` are province hours that were written themselves, by feed."""
    changed = pool(txn, directory)
    for feed, slots in written.items():
        changed.setdefault(feed, set()).update(slots)
    for feed, slots in changed.items():
        refresh(txn, FEED_IDS[feed], slots, standards)


def too_early(name: str, state: Any, now: datetime, *, force: bool) -> FeedError | None:
    """The failure a feed is still left alone for: upstream said until when, or it failed so often
    that it is asked less often (which someone who asks by hand may overrule)."""
    if not state or not state.reason:
        return None
    until = state.retry_at if state.retry_at and state.retry_at > now else None
    if not force and state.pause_until and state.pause_until > now:
        until = max(until, state.pause_until) if until else state.pause_until
    if until is None:
        return None
    return FeedError(name, "", FeedReason(state.reason), state.detail or "", retry_at=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All answers of an operation; `gone` when one of them lacked a documented key."""

    read: tuple[Answer, ...]
    simulated: bool
    gone: bool


def read_operation(
    store: Store,
    parse: Callable[[Payload, datetime], Answer],
    operation: str,
    payloads: Iterable[Payload],
    now: datetime,
    report: RunReport,
) -> Answers:
    """Read all of an operation into the report, and note which keys came beside its contract.

    Raises `FeedError` for an answer that is none, `StoreError`.
    """
    answers, simulated = [], False
    for payload in payloads:
        answer = parse(payload, now)
        simulated |= payload.simulated
        report.read(answer)
        answers.append(answer)
    keys = {name: changes for name, changes in report.keys.items() if name == operation}
    record_keys(store, keys, now)
    gone = any(changes.get("gone") for changes in keys.values())
    return Answers(read=tuple(answers), simulated=simulated, gone=gone)


@dataclass(kw_only=True)
class Collector:
    """Polls live feeds into one store. `gets` holds the bound HTTP call of each feed, `past_days`
    how many days its first poll of an empty store asks for."""

    store: Store
    feeds: Mapping[str, Feed]
    gets: Mapping[str, Get]
    standards: Sequence[Standard]
    provinces: ProvinceData
    past_days: Mapping[str, int]
    complete_share: float

    def poll(self, name: str, now: datetime, *, force: bool = False) -> RunReport:
        """One pass over one feed. Without `force`, an hour that is in is not asked for again.

        Never raises for what upstream or the store does: the report carries the error.
        """
        report = RunReport(feed=name, at=now)
        state = runs.feed_states(self.store).get(name)
        complete = state.complete_hour if state else None
        if not force and complete is not None and complete >= hour_number(floor_hour(now)):
            report.complete, report.note = True, "the hour is in"
            report.newest_hour = from_hour_number(complete)
            return report
        report.error = too_early(name, state, now, force=force)
        if report.error is not None:
            report.note = "not asked: it is to be left alone for a while"
            return report
        with self._failures_recorded(report, now):
            get = self.counted(name, report)
            feed = self.feeds[name]
            if isinstance(feed, StationFeed):
                self._station_list(feed, state, now, get, report)
            self._pull(name, state, now, get, report)
        return report

    def poll_means(self, name: str, now: datetime, term: str = "WEEK") -> RunReport:
        """Read upstream's own province means of the last week (or month): a call a pollutant.

        They are a series of their own, compared with ours and never mixed with it. Either all
        pollutants are stored or none.
        """
        report = RunReport(feed=f"{name}_means", at=now)
        feed = self.feeds[name]
        merged: dict[tuple[str | None, datetime], dict[str, int]] = {}
        with self._failures_recorded(report, now):
            if not isinstance(feed, MeansFeed):
                raise FeedError(name, "", FeedReason.BAD_REQUEST, "gives no province means")
            get = self.counted(name, report)
            simulated = False
            for key in KEYS:
                for payload in feed.pull_province_means(get, key, term):
                    answer = feed.parse(payload, now)
                    simulated |= payload.simulated
                    report.read(answer)
                    for reading in answer.readings:
                        slot = reading.province, reading.hour
                        merged.setdefault(slot, {}).update(reading.values)
            record_keys(self.store, report.keys, now)
            readings = [
                Reading(province=province, hour=hour, values=values)
                for (province, hour), values in merged.items()
            ]
            with self.store.write(f"poll {report.feed}") as txn:
                txn.mark_simulated(simulated)
                directory = Directory(txn, station_rule(self.provinces))
                report.wrote(ingest(txn, report.feed, readings, directory, self.standards))
            newest = max((hour for _, hour in merged), default=None)
            number = hour_number(newest) if newest else None
            report.newest_hour = newest
            runs.record_success(self.store, report.feed, now, number, number)
        return report

    def poll_counts(self, name: str, now: datetime) -> RunReport:
        """Ask upstream how many calls it counted today, to hold ours against it."""
        report = RunReport(feed=f"{name}_counts", at=now)
        feed = self.feeds[name]
        with self._failures_recorded(report, now):
            if not isinstance(feed, CountingFeed):
                raise FeedError(name, "", FeedReason.BAD_REQUEST, "does not count calls")
            payload = feed.pull_call_counts(self.counted(name, report), now)
            counts = feed.read_call_counts(payload, now)
            report.rows = len(counts)
            runs.record_upstream_calls(self.store, name, now, counts)
            runs.record_success(self.store, report.feed, now, None, None)
        return report

    @contextmanager
    def _failures_recorded(self, report: RunReport, now: datetime) -> Iterator[None]:
        """An error of upstream or the store goes into the report, upstream's into the feed's state
        too."""
        try:
            yield
        except FeedError as error:
            report.error = error
            runs.record_failure(self.store, report.feed, now, error)
        except StoreError as error:
            report.error = error

    def counted(self, name: str, report: RunReport) -> Get:
        """A feed's call that is counted in a report."""
        get = self.gets[name]

        def call(operation: str, params: Mapping[str, str]) -> Payload:
            report.calls[operation.rsplit("/", 1)[-1] or name] += 1
            return get(operation, params)

        return call

    def _pull(self, name: str, state: Any, now: datetime, get: Get, report: RunReport) -> None:
        """Ask for what is new; at a model's first start the last days first, so that the page has
        numbers soon, and then its history."""
        since = self._since(name, state, now)
        recent = now - FIRST_DAYS
        if self.feeds[name].info.kind == MODELLED and since < recent:
            newest = self._take(name, (recent, now), now, get, report)
            self._take(name, (since, recent), now, get, report)
        else:
            newest = self._take(name, (since, now), now, get, report)
        record_keys(self.store, report.keys, now)
        if not report.rows:
            detail = "the answer was well-formed and held no row"
            raise FeedError(name, "", FeedReason.UPSTREAM_DOWN, detail)
        self._judge(name, newest, now, report)

    def _take(
        self,
        name: str,
        period: tuple[datetime, datetime],
        now: datetime,
        get: Get,
        report: RunReport,
    ) -> list[Reading]:
        """Read a period and store it in one transaction; returns the readings."""
        feed = self.feeds[name]
        simulated = False
        readings: list[Reading] = []
        for payload in feed.pull(get, *period):
            answer = feed.parse(payload, now)
            simulated |= payload.simulated
            report.read(answer)
            readings += answer.readings
        names = {reading.station.name for reading in readings if reading.station is not None}
        if len(names) > MOST_STATIONS:
            detail = f"it names {len(names):,} stations, of which Korea has 700; nothing is taken"
            raise FeedError(name, "", FeedReason.NOT_UNDERSTOOD, detail)
        readings = quality.flag(readings, now, self._hours_before(name, readings, now))
        report.flagged += sum(1 for reading in readings if reading.flags)
        hourly = next((rules for rules in self.standards if rules.id == "airkorea_1h"), None)
        if hourly is not None:
            compared, differ = disagreements(readings, hourly)
            report.grades_compared += compared
            report.grades_differ += differ
        if readings:
            with self.store.write(f"poll {name}") as txn:
                txn.mark_simulated(simulated)
                directory = Directory(txn, station_rule(self.provinces))
                # A value whose key did not come is not known; what is held of it stays.
                lost = any(key.endswith(("Value", "Flag")) for key in report.gone())
                counts = ingest(txn, name, readings, directory, self.standards, only_new=lost)
                report.wrote(counts)
                for unplaced in directory.unplaced():
                    report.issue(RowIssue(kind="unplaced_station", where=unplaced))
                self._networks(txn, name, readings, report)
        return readings

    def _networks(
        self, txn: Txn, name: str, readings: Sequence[Reading], report: RunReport
    ) -> None:
        """Count the stations of an answer whose network nothing tells: they count for no mean."""
        hours = [hour_number(reading.hour) for reading in readings if reading.station is not None]
        if not hours or not self.feeds[name].info.pooled:
            return
        unknown = unknown_networks(txn.connection, name, min(hours), max(hours))
        for station in unknown:
            report.issue(RowIssue(kind=NETWORK_UNKNOWN, where=station.name))
        stations = {(r.station.sido, r.station.name) for r in readings if r.station is not None}
        if len(unknown) >= len(stations):
            report.no_network = True
            report.note = "nothing tells the network of any station; no province has a mean"

    def _hours_before(
        self, name: str, readings: Sequence[Reading], now: datetime
    ) -> Sequence[Reading]:
        """What the stations said in the hours before, for what can only be seen over time."""
        hours = [reading.hour for reading in readings if reading.station and reading.hour <= now]
        if not hours:
            return ()
        until = hour_number(max(hours)) - 1
        after = until - quality.HISTORY_HOURS
        with self.store.read() as connection:
            return station_readings(
                connection,
                name,
                after,
                until,
                since=max(after, hour_number(min(hours)) - 1 - quality.ECHO_HOURS),
                still=quality.SLOW,
            )

    def _since(self, name: str, state: Any, now: datetime) -> datetime:
        if state is None or state.newest_hour is None:
            return floor_hour(now) - timedelta(days=self.past_days[name])
        return from_hour_number(state.newest_hour) - REREAD

    def _judge(
        self, name: str, readings: Iterable[Reading], now: datetime, report: RunReport
    ) -> None:
        """Find the newest hour and whether it is in: as many stations as the hour before.

        A few stations publish ahead of the others; the hour is the newest that half of them have.
        """
        hours = Counter(reading.hour for reading in readings if reading.hour <= now)
        usual = max(hours.values(), default=0)
        newest = max((hour for hour, heard in hours.items() if 2 * heard >= usual), default=None)
        complete = None
        if newest is not None:
            number = hour_number(newest)
            report.newest_hour, report.heard = newest, hours[newest]
            if self._is_complete(name, number):
                report.complete, complete = newest >= floor_hour(now), number
        runs.record_success(
            self.store, name, now, hour_number(newest) if newest else None, complete
        )

    def _is_complete(self, name: str, hour: int) -> bool:
        if self.feeds[name].info.kind == MODELLED:
            return True
        with self.store.read() as connection:
            here = stations_heard(connection, name, hour)
            before = stations_heard(connection, name, hour - 1)
        return before > 0 and here >= self.complete_share * before

    def _station_list(
        self, feed: StationFeed, state: Any, now: datetime, get: Get, report: RunReport
    ) -> None:
        """Refresh the station list once a KST day. Its service needs its own approval, so a
        refusal is reported and the readings are collected all the same."""
        listed = state.stations_listed_at if state else None
        if listed is not None and kst(listed).date() == kst(now).date():
            return
        name = feed.info.name
        try:
            answers = []
            simulated = False
            for payload in feed.pull_stations(get):
                answers.append(feed.parse(payload, now))
                simulated |= payload.simulated
                report.read(replace(answers[-1], rows=0))
            if gone := report.gone() & STATION_KEYS:
                detail = f"documented keys are missing: {', '.join(sorted(gone))}"
                raise FeedError(name, "", FeedReason.NOT_UNDERSTOOD, detail)
            with self.store.write(f"station list {name}") as txn:
                txn.mark_simulated(simulated)
                directory = Directory(txn, station_rule(self.provinces))
                for answer in answers:
                    report.stations += list_stations(txn, answer, directory, self.standards)
        except FeedError as error:
            report.issue(RowIssue(kind="station_list", where=name, detail=str(error)))
            return
        runs.record_station_list(self.store, name, now)
