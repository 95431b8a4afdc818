"""Which calls fill which gaps, in which order, within which quota; and what is lost for good."""

import pytest

from aq.context import Context
from aq.domain.backfill_plan import (
    NOT_GIVEN,
    OUT_OF_REACH,
    Budget,
    StationLack,
    history_calls,
    lost,
    means_calls,
    range_calls,
    slots_left,
    within,
)
from aq.domain.clock import from_hour_number, parse_instant
from aq.settings import load
from aq.store import Store, gaps
from tests.ingest.gaps import known_gaps

NOW = 500_000


def lack(station: int, hours: range, *, urban: bool = True) -> StationLack:
    return StationLack(
        station=station,
        name=f"s{station}",
        code=None,
        sido="서울",
        province=1,
        urban=urban,
        hours=tuple(hours),
    )


@pytest.mark.parametrize(
    ("oldest", "term", "cost"),
    [
        (1, "DAILY", 1),
        (11, "DAILY", 1),
        (12, "MONTH", 1),
        (707, "MONTH", 1),
        (708, "3MONTH", 3),
        (2159, "3MONTH", 3),
    ],
)
def test_the_shortest_term_that_reaches_the_oldest_hour(oldest: int, term: str, cost: int) -> None:
    (call,) = history_calls([lack(1, range(NOW - oldest, NOW - oldest + 1))], NOW)
    assert (call.term, call.cost) == (term, cost)


def test_newest_first_then_urban_then_the_most_to_gain() -> None:
    lacks = [
        lack(1, range(NOW - 90, NOW - 50)),
        lack(2, range(NOW - 10, NOW - 5), urban=False),
        lack(3, range(NOW - 8, NOW - 5)),
        lack(4, range(NOW - 12, NOW - 5)),
    ]
    assert [call.target for call in history_calls(lacks, NOW)] == ["4", "3", "2", "1"]


def test_hours_upstream_no_longer_keeps_are_not_asked_for() -> None:
    assert not history_calls([lack(1, range(NOW - 2500, NOW - 2200))], NOW)
    (call,) = history_calls([lack(1, range(NOW - 2500, NOW - 2000))], NOW)
    assert call.first == NOW - 2159
    assert not means_calls(range(NOW - 800, NOW - 720), NOW)


def test_a_weeks_means_are_six_calls_and_older_ones_of_a_month() -> None:
    assert [(c.term, c.cost) for c in means_calls([NOW - 100], NOW)] == [("WEEK", 6)]
    assert [(c.term, c.cost) for c in means_calls([NOW - 300, NOW - 3], NOW)] == [("MONTH", 6)]


def test_ranges_are_months_newest_first() -> None:
    calls = range_calls([*range(NOW - 1500, NOW - 1400), *range(NOW - 800, NOW)])
    assert [(call.first, call.last) for call in calls] == [
        (NOW - 696, NOW - 1),
        (NOW - 800, NOW - 697),
        (NOW - 1500, NOW - 1401),
    ]


@pytest.mark.parametrize(
    ("at", "left"),
    [("2026-11-23T00:00+09:00", 72), ("2026-11-23T23:34+09:00", 2), ("2026-11-23T23:50+09:00", 0)],
)
def test_slots_left_before_midnight(at: str, left: int) -> None:
    assert slots_left(parse_instant(at), (20, 35, 50)) == left


def test_calls_over_the_budget_wait() -> None:
    calls = history_calls([lack(n, range(NOW - 30, NOW)) for n in range(5)], NOW)
    now, later = within(calls, 3)
    assert ([c.target for c in now], [c.target for c in later]) == (["0", "1", "2"], ["3", "4"])
    assert within(calls, 0) == ([], calls)
    assert within(calls, None) == (calls, [])


@pytest.mark.parametrize(
    ("limit", "used", "reserved", "left", "share"),
    [
        (500, 100, 80, 320, 16),
        (500, 450, 80, 0, 0),
        (500, 500, 0, 0, 0),
        (500, 419, 80, 1, 1),
        (None, 9999, 80, None, None),
    ],
)
def test_backfill_gets_what_live_polls_leave_spread_over_the_day(
    limit: int | None, used: int, reserved: int, left: int | None, share: int | None
) -> None:
    budget = Budget(limit=limit, used=used, reserved=reserved)
    assert budget.left == left
    assert budget.share(20) == share


def test_what_no_call_can_bring_is_lost_with_its_reason() -> None:
    found = lost({1: [10, 50, 60], 2: [50]}, [(1, 60)], oldest_reach=20)
    assert found == {(1, 10): OUT_OF_REACH, (1, 50): NOT_GIVEN, (1, 60): None, (2, 50): NOT_GIVEN}


def test_recorded_gaps_read_back_as_stretches(store: Store, environment: dict[str, str]) -> None:
    rows = {
        (1, 100): ("not_running", None),
        (1, 101): ("not_running", None),
        (1, 102): ("unreachable", None),
        (1, 104): ("unreachable", None),
        (2, 100): ("not_running", "not_given"),
    }
    with store.book() as connection:
        gaps.record(connection, "airkorea", (90, 120), rows, store.clock.now())
        gaps.record(connection, "airkorea", (101, 102), {}, store.clock.now())
    context = Context(settings=load(environment), clock=store.clock, store=store, standards={})
    found = known_gaps(context, [1, 2, 3], from_hour_number(99), from_hour_number(103))
    assert [(g.province, g.hours, g.cause, g.lost) for g in found] == [
        (1, 2, "not_running", None),
        (2, 1, "not_running", "not_given"),
    ]
    assert found[0].last == from_hour_number(101)
