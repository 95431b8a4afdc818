"""Whatever the order and delay of hours, batches, instances and stops: what stands follows from the
hours alone, and what every receiver was told comes to agree with it."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from aq.alerts import Phase, State
from aq.alerts.engine import GRACE_HOURS, watch
from aq.alerts.log import FRESH_HOURS
from aq.alerts.rules import load_rules
from aq.alerts.silences import silence
from aq.domain.clock import Clock, from_hour_number
from aq.store import Store, open_store
from aq.store.schema import alert_state, metadata, outbox, province_hour, state
from tests.alerts.test_engine import KNOWN, READER, H, put
from tests.alerts.test_evaluate import ALARM, BODY

# Seoul and Gyeonggi are judged; values at and around the levels of the rules.
PLACES = (1, 2)
LEVELS = st.sampled_from([20, 99, 100, 149, 150, 200, 299, 300, 400])
# What is missing is known to be after the hours it is waited for.
LOST_LONG_AGO = FRESH_HOURS - GRACE_HOURS
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


def play(
    stores: Sequence[Store],
    case: str,
    puts: Sequence[Put],
    who: Callable[[int], int],
    *,
    silenced: bool = False,
) -> None:
    """Write each value at its time, and make a pass after every moment; with `silenced`, 서울 is
    until an hour before the last."""
    begin(stores[0], case)
    moments = sorted({moment for moment, _, _ in puts})
    if silenced:
        until = from_hour_number(H + moments[-1] - 1)
        silence(at(stores[0], H - 60), who="kim", why="훈련", until=until, province="서울")
    for moment in moments:
        for _, hour, value in [one for one in puts if one[0] == moment]:
            put(stores[0], H + hour, dict.fromkeys(PLACES, value))
        watch(at(stores[who(moment) % len(stores)], H + moment), READER)


def stands(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    """How every rule stands in every place."""
    with store.read() as connection:
        found = connection.execute(select(alert_state)).all()
    return {(row.rule, row.place): json.loads(row.body) for row in found}


def told(store: Store) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """What each receiver was sent of each rule and place, in order: by messages of the outbox."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    with store.read() as connection:
        for row in connection.execute(select(outbox).order_by(outbox.c.id)):
            for event in json.loads(row.body)["events"]:
                key = row.channel, event["rule"], event["place"]
                found.setdefault(key, []).append(event)
    return found


def agree(store: Store) -> None:
    """Fails unless every receiver knows of each alert that is on, or of a more severe one there,
    and of none that is not; nothing was said twice in a row; and nothing is due."""
    found = told(store)
    with store.read() as connection:
        values = select(func.max(province_hour.c.hour)).where(province_hour.c.pm10_n > 0)
        heard = connection.scalar(values) or 0
    states = {key: State.from_dict(body) for key, body in stands(store).items()}
    severe = {place: states.get(("pm10-alarm", place)) for _, place in states}
    for (rule, place), stood in states.items():
        events = found.get(("journal", rule, place), [])
        knows = events[-1]["after"] if events else "clear"
        alarm = severe[place]
        if rule == "pm10-warning" and alarm is not None and alarm.firing:
            continue  # the alarm speaks for both; what is so is told once it is over
        expected = str(stood.phase) if stood.firing else "clear"
        if knows == "clear" and stood.phase == Phase.UNKNOWN and heard < stood.hour - LOST_LONG_AGO:
            continue  # no news to who knows of no alert
        assert knows == expected, (rule, place, [event["change"] for event in events])
        for before, after in pairwise(events):
            assert before["after"] != "clear" or after["after"] != "clear"
            if before["after"] == after["after"] == "firing":
                assert after["change"] in ("worse", "better", "repeat")


@pytest.mark.parametrize("case", CASES)
def test_hours_in_order_end_alike_in_any_batches_by_any_instances(
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
        one_by_one = stands(store)
        agree(store)
        play([store, other], case, batched, lambda moment: who >> moment & 1)
        assert stands(store) == one_by_one
        agree(store)

    check()
    other.close()


ARRIVALS = st.lists(
    st.tuples(
        MAYBE,
        st.lists(st.tuples(st.sampled_from([0, 0, 0, 1, 2, 5, 30, 80, 800]), MAYBE), max_size=2),
    ),
    min_size=1,
    max_size=9,
)
Arrivals = list[tuple[float | None, list[tuple[int, float | None]]]]


def lead_alike(store: Store, case: str, hours: Arrivals, *, silenced: bool) -> None:
    """Fails unless hours late and revised lead where they would have led in time, and people know
    it; with `silenced`, after a silence of 서울 too."""
    puts: list[Put] = []
    final: list[float | None] = []
    for hour, (first, later) in enumerate(hours):
        puts.append((hour, hour, first))
        moment, value = hour, first
        for delay, value in sorted(later, key=lambda one: one[0]):
            moment = max(moment, hour + delay)
            puts.append((moment, hour, value))
        final.append(value if later else first)
    # Late enough that nothing is waited for any more, and no silence holds.
    last = (max(moment for moment, _, _ in puts) + 3, 0, final[0])
    in_time = [(hour, hour, value) for hour, value in enumerate(final)]
    play([store], case, [*in_time, last], int)
    expected = stands(store)
    agree(store)
    play([store], case, [*puts, last], int, silenced=silenced)
    assert stands(store) == expected
    agree(store)


@pytest.mark.parametrize("case", CASES)
def test_late_and_revised_hours_lead_where_they_would_have_led_in_time(
    store: Store, case: str
) -> None:
    @examples(store, 16)
    @given(hours=ARRIVALS, silenced=st.booleans())
    @example(hours=[(300, []), (300, []), (100, [(1, None)])], silenced=False)
    @example(hours=[(300, []), (300, [(1, 150)])], silenced=False)
    @example(
        hours=[(None, [(30, 300)]), (300, []), (150, []), (None, []), (None, []), (None, [])],
        silenced=False,
    )
    def check(hours: Arrivals, silenced: bool) -> None:
        lead_alike(store, case, hours, silenced=silenced)

    check()


class StoppedError(Exception):
    """The process died."""


@pytest.mark.parametrize("case", CASES)
def test_stopped_at_any_statement_a_pass_is_made_again_and_nothing_is_told_twice(
    store: Store, case: str
) -> None:
    @examples(store, 8)
    @given(
        values=st.lists(MAYBE, min_size=2, max_size=8),
        stops=st.lists(st.integers(0, 14), min_size=2, max_size=8),
    )
    def check(values: list[float | None], stops: list[int]) -> None:
        begin(store, case)
        for hour, value in enumerate(values):
            put(store, H + hour, dict.fromkeys(PLACES, value))
            left = [stops[hour % len(stops)]]

            def die(*_: object, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] < 0:
                    raise StoppedError

            event.listen(store.engine, "before_cursor_execute", die)
            with suppress(StoppedError):
                watch(at(store, H + hour), READER)
            event.remove(store.engine, "before_cursor_execute", die)
            watch(at(store, H + hour), READER)
            agree(store)
        watch(at(store, H + len(values) + 3), READER)
        agree(store)

    check()
