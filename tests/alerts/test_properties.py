"""Whatever the batches, instances, delays and revisions: the same alerts, and people know them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from aq.alerts import Mute, Phase, Point, Reason, Rule, State, replay_family
from aq.alerts.engine import watch
from aq.alerts.rules import load_rules
from aq.domain.clock import Clock, from_hour_number
from aq.store import Store, open_store
from aq.store.schema import alert_event, alert_state, metadata, outbox, state
from tests.alerts.test_decide import ALARM, BODY, FAMILY, H0, points, rule
from tests.alerts.test_engine import KNOWN, READER, H, put

# Seoul and Gyeonggi are judged; values at and around the levels of the rules.
PLACES = (1, 2)
LEVELS = st.sampled_from([20, 99, 100, 149, 150, 200, 299, 300, 400])
MAYBE = st.one_of(st.none(), LEVELS)
GRADES = {**BODY, "watch": "grade", "threshold": 3, "clear_below": 3, "for": 1, "clear_for": 2}
CASES: Mapping[str, Sequence[dict[str, Any]]] = {
    "one rule": ({**BODY, "repeat_hours": 4},),
    "two levels": (BODY, ALARM),
    "grades": (GRADES,),
}
Put = tuple[int, int, float | None]  # clock [hours after H], hour, value


def examples(store: Store, count: int) -> settings:
    return settings(
        max_examples=count if store.is_sqlite else count // 4,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def emptied(store: Store) -> None:
    """The store as if nothing had been written."""
    kept = ("state", "standard")
    with store.book() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in kept:
                connection.execute(table.delete())
        connection.execute(state.update().values(version=0, simulated=None))


def at(store: Store, hour: int) -> Store:
    return Store(store.engine, Clock(from_hour_number(hour) + timedelta(minutes=25)))


def begin(store: Store, case: str) -> None:
    emptied(store)
    given = [{**one, "channels": ["journal"], "provinces": ["서울", "경기"]} for one in CASES[case]]
    load_rules(at(store, H - 60), given, KNOWN, "test")
    watch(at(store, H - 60), READER)


def play(stores: Sequence[Store], case: str, puts: Sequence[Put], who: Callable[[int], int]) -> int:
    """Write each value at its time, judge after every moment; gives the last hour of the clock."""
    begin(stores[0], case)
    moments = sorted({moment for moment, _, _ in puts})
    for moment in moments:
        for _, hour, value in [one for one in puts if one[0] == moment]:
            put(stores[0], H + hour, dict.fromkeys(PLACES, value))
        watch(at(stores[who(moment) % len(stores)], H + moment), READER)
    return moments[-1] if moments else 0


def outcome(store: Store) -> tuple[Any, ...]:
    """How everything stands, and the log without what was taken back."""
    with store.read() as connection:
        stands = {
            (row.rule, row.place): row.body for row in connection.execute(select(alert_state))
        }
        log = sorted(
            (row.rule, row.place, row.hour, row.change, row.before, row.after, row.reason)
            for row in connection.execute(select(alert_event))
            if row.retracted_at is None and row.kind != "correction"
        )
    return stands, log


def known_to_people(store: Store) -> dict[tuple[str, str], str]:
    """What the last message of each rule and place said."""
    found: dict[tuple[str, str], str] = {}
    with store.read() as connection:
        for row in connection.execute(select(outbox).order_by(outbox.c.id)):
            for one in json.loads(row.body)["events"]:
                found[one["rule"], one["place"]] = one["change"]
    return found


@pytest.mark.parametrize("case", CASES)
def test_hours_in_order_give_the_same_in_any_batches_by_any_instances(
    store: Store, database_url: str, case: str
) -> None:
    other = open_store(database_url, store.clock)

    @examples(store, 12)
    @given(
        values=st.lists(LEVELS, min_size=1, max_size=12),
        cuts=st.sets(st.integers(0, 11)),
        who=st.integers(0, 2**12),
    )
    def check(values: list[float], cuts: set[int], who: int) -> None:
        last = len(values) - 1
        times = sorted({*(cut for cut in cuts if cut < last), last})
        batched = [
            (min(time for time in times if time >= hour), hour, value)
            for hour, value in enumerate(values)
        ]
        play([store], case, [(hour, hour, value) for hour, value in enumerate(values)], int)
        one_by_one = outcome(store)
        play([store, other], case, batched, lambda moment: who >> moment & 1)
        assert outcome(store) == one_by_one

    check()
    other.close()


@pytest.mark.parametrize("case", CASES)
def test_late_and_revised_hours_lead_where_they_would_have_led_in_time(
    store: Store, case: str
) -> None:
    delays = st.sampled_from([0, 0, 0, 1, 2, 5, 30, 80, 800])
    arrival = st.tuples(delays, MAYBE)
    hours = st.lists(st.tuples(MAYBE, st.lists(arrival, max_size=2)), min_size=1, max_size=9)

    @examples(store, 16)
    @given(hours=hours)
    @example(hours=[(300, []), (300, []), (100, [(1, None)])])
    def check(hours: list[tuple[float | None, list[tuple[int, float | None]]]]) -> None:
        puts: list[Put] = []
        final: list[float | None] = []
        for hour, (first, later) in enumerate(hours):
            puts.append((hour, hour, first))
            moment, value = hour, first
            for delay, value in sorted(later, key=lambda one: one[0]):
                moment = max(moment, hour + delay)
                puts.append((moment, hour, value))
            final.append(value if later else first)
        # Late enough that nothing is waited for any more.
        last = (max(moment for moment, _, _ in puts) + 3, 0, final[0])
        in_time = [(hour, hour, value) for hour, value in enumerate(final)]
        play([store], case, [*in_time, last], int)
        expected = outcome(store)
        play([store], case, [*puts, last], int)
        assert outcome(store) == expected
        # What people were told last is how things stand.
        told = known_to_people(store)
        with store.read() as connection:
            for row in connection.execute(select(alert_state)):
                stands = State.from_dict(json.loads(row.body))
                said = json.loads(row.said)
                assert said["told"] == stands.told
                if case != "two levels":  # there one level's end is told by the other
                    said_last = told.get((row.rule, row.place), "resolved")
                    assert (said_last != "resolved") == stands.firing
                    assert said["unknown"] == (stands.firing and stands.phase == Phase.UNKNOWN)

    check()


def _muted(since: int, hours: int) -> Mute:
    return Mute(id="1", since=H0 + since, until=H0 + since + hours)


RULES: Sequence[Sequence[Rule]] = (
    FAMILY,
    (rule(clear_for=3, repeat_hours=2),),
    (rule(watch="grade", threshold=3, clear_below=2),),
)


@given(
    values=st.lists(st.one_of(st.none(), st.integers(1, 400)), min_size=1, max_size=40),
    family=st.sampled_from(RULES),
    mutes=st.lists(st.builds(_muted, st.integers(0, 39), st.integers(1, 20)), max_size=2),
)
def test_missing_data_never_end_an_alert(
    values: list[int | None], family: Sequence[Rule], mutes: list[Mute]
) -> None:
    series = points(*values)
    if family[0].watch == "grade":
        series = {hour: Point(one.value and 1 + one.value % 4) for hour, one in series.items()}
    start = [(one, State(hour=H0 - 1)) for one in family]
    found = replay_family(start, series, {one.id: mutes for one in family}, H0 + len(values) - 1)
    for one in family:
        decisions, end = found[one.id]
        on = False
        for decision in decisions:
            if on and not decision.state.firing:
                value = decision.point.value
                assert value is not None
                assert value < one.levels[1]
            if decision.point.value is None:
                assert decision.state.firing == on
                assert decision.change in (Reason.UNKNOWN, Reason.FIRST, Reason.BETTER)
            on = decision.state.firing
        assert end.firing == on
