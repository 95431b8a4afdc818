"""A failing feed is asked less often and recovers; when hours appear is learned; calls counted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from aq import app
from aq.context import Context, start
from aq.domain.clock import HOUR, Clock, kst
from aq.domain.errors import FeedError, FeedReason
from aq.domain.publication import Publication, learn, overdue, pause_until
from aq.i18n import text_in
from aq.queries.feed_status import feed_status
from aq.settings import load
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import Store, runs
from aq.web.parts.feed_pace import pace_facts
from tests.conftest import NOW
from tests.web.test_pages import _status as down

WORLD = World(34)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, None), (5, None), (6, 55), (7, 115), (8, 115), (5000, 115)]
)
def test_after_two_hours_of_failures_a_feed_is_asked_less_often(
    failures: int, minutes: int | None
) -> None:
    expected = None if minutes is None else NOW + minutes * MINUTE
    assert pause_until(failures, NOW) == expected


def test_what_is_usual_is_learned_from_a_day_at_least() -> None:
    seen = [(NOW.replace(minute=0) + n * HOUR, 20) for n in range(40)]
    seen += [(NOW.replace(minute=0) + n * HOUR, 50) for n in range(40, 44)]
    told = [(end, end + lag * MINUTE) for end, lag in seen]
    assert learn(told[:23]) is None
    known = learn(told)
    assert known is not None
    assert (known.usual, known.bound, known.hours) == (20, 65, 44)
    assert set(known.by_hour) == set(range(24))


@pytest.mark.parametrize(
    ("age", "minute", "late"), [(0, 40, False), (1, 40, False), (1, 51, True), (2, 10, True)]
)
def test_late_is_later_than_the_learned_bound(age: int, minute: int, late: bool) -> None:
    known = Publication(usual=20, bound=50, by_hour={}, hours=300)
    now = NOW.replace(minute=minute)
    assert overdue(NOW.replace(minute=0) - age * HOUR, known, now) is late


def test_the_first_sight_of_an_hour_is_kept_only_where_it_says_something(store: Store) -> None:
    number = int(NOW.timestamp()) // 3600
    end = NOW.replace(minute=0)

    def seen() -> list[int]:
        known = runs.seen_hours(store, "airkorea", end - 9 * HOUR)
        return [round((moment - hour) / MINUTE) for hour, moment in known]

    runs.record_success(store, "airkorea", end - 10 * MINUTE, number - 1, None)
    assert seen() == []  # nobody had looked before: it may have been there for long
    runs.record_success(store, "airkorea", end + 20 * MINUTE, number, None)
    runs.record_success(store, "airkorea", end + 35 * MINUTE, number, number)
    assert seen() == [20]
    error = FeedError("airkorea", "", FeedReason.UNREACHABLE)
    runs.record_failure(store, "airkorea", end + 80 * MINUTE, error)
    runs.record_success(store, "airkorea", end + 95 * MINUTE, number + 1, None)
    assert seen() == [20, 35]


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(WORLD, Clock(NOW)) as server:
        yield server


@pytest.fixture
def context(database_url: str, simulator: SimulatorServer) -> Iterator[Context]:
    made = start(
        load(
            {
                "AQ_DATABASE_URL": database_url,
                "AQ_CLOCK": NOW.isoformat(),
                "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
                "AQ_FEEDS__AIRKOREA__KEY": "any-key",
                "AQ_FEEDS__OPENMETEO__ENABLED": "false",
            }
        )
    )
    yield made
    made.store.close()


def test_the_breaker_opens_says_so_and_closes_by_itself(
    context: Context, simulator: SimulatorServer
) -> None:
    collector = app.collector(context)
    simulator.scenario = parse('[[fault]]\nfeed = "airkorea"\nkind = "http_403"\n')
    moments = [NOW + n * 15 * MINUTE for n in range(60)]
    asked = []
    for moment in moments[:30]:
        before = simulator.calls["getCtprvnRltmMesureDnsty"]
        assert collector.poll("airkorea", moment).error is not None
        asked.append(simulator.calls["getCtprvnRltmMesureDnsty"] > before)
    assert asked[:6] == [True] * 6
    assert sum(asked[6:]) == 3  # after an hour, then every second hour
    status = next(one for one in feed_status(context, moments[29]) if one.feed == "airkorea")
    assert status.pause_until is not None
    assert status.failures == 9
    assert status.next_poll is not None
    assert status.next_poll >= status.pause_until > moments[29]
    simulator.scenario = parse("")
    simulator.clock = Clock(moments[-1])
    reports = [collector.poll("airkorea", moment) for moment in moments[30:45]]
    assert reports[-1].error is None
    status = next(one for one in feed_status(context, moments[-1]) if one.feed == "airkorea")
    assert (status.failures, status.pause_until, status.failing_since) == (0, None, None)


def test_someone_who_asks_by_hand_is_not_held_back(
    context: Context, simulator: SimulatorServer
) -> None:
    error = FeedError("airkorea", "", FeedReason.UNREACHABLE)
    for n in range(8):
        runs.record_failure(context.store, "airkorea", NOW - n * MINUTE, error)
    assert app.collector(context).poll("airkorea", NOW).error is not None
    assert simulator.calls.total() == 0
    assert app.collector(context).poll("airkorea", NOW, force=True).error is None


def test_upstreams_count_of_calls_stands_beside_ours(
    context: Context, simulator: SimulatorServer
) -> None:
    simulator.key = "any-key"
    collector = app.collector(context)
    collector.poll("airkorea", NOW)
    report = collector.poll_counts("airkorea", NOW)
    assert report.error is None
    status = next(one for one in feed_status(context, NOW) if one.feed == "airkorea")
    # Upstream counts by service, under its Korean name; which operation was called is not told.
    assert status.counted["대기오염정보 조회 서비스"] == (1, 1)
    assert status.counted["측정소정보 조회 서비스"] == (1, 1)
    assert status.counted_at == NOW
    spent = sum(status.calls_today.values())
    assert status.calls_reserved is not None
    assert status.calls_left == 500 - spent - status.calls_reserved


def test_own_records_go_with_age_and_what_is_done_once_stays_done(store: Store) -> None:
    def add(job: str, days: int) -> None:
        runs.record(store, job, NOW - timedelta(days=days), True, {"rows": 1})

    for days in (300, 200, 99, 1):
        add("poll:airkorea", days)
    add("regrade:abc", 300)
    ledger = runs.CallLedger(store)
    for days in (500, 3):
        ledger.spend("airkorea", "x", NOW - timedelta(days=days), None)
    assert runs.tidy(store, NOW).dropped == {
        "run": 2,
        "calls": 1,
        "upstream_calls": 0,
        "publication": 0,
    }
    kept = [(one.job, (NOW - one.started).days) for one in runs.recent_runs(store)]
    assert kept == [("poll:airkorea", 1), ("poll:airkorea", 99), ("regrade:abc", 300)]
    assert runs.tidy(store, NOW).dropped["run"] == 0


def test_the_feeds_page_tells_the_usual_minute_by_hour_of_day() -> None:
    midnight = NOW.replace(hour=15, minute=0)  # 24:00 in Korea
    ends = [midnight - back * HOUR for back in range(72)]
    known = learn((end, end + (41 if kst(end).hour in (0, 1, 9) else 17) * MINUTE) for end in ends)
    assert known is not None
    assert {hour for hour, lag in known.by_hour.items() if lag == 41} == {0, 1, 9}
    feed = replace(
        down(FeedReason.UPSTREAM_DOWN), usual_minute=known.usual, usual_by_hour=known.by_hour
    )
    facts = {label: (value, more) for label, value, more in pace_facts(feed, text_in("ko"))}
    value, more = facts["시각별로는"]
    assert value == "빠르면 17분 뒤(2–8, 10–23시 자료), 늦으면 41분 뒤(1, 9, 24시 자료)"
    assert more.startswith("01 :41, 02 :17")
    assert more.endswith("24 :41")
    alike = replace(feed, usual_by_hour=dict.fromkeys(range(24), 17))
    assert "시각별로는" not in {label for label, _, _ in pace_facts(alike, text_in("ko"))}
