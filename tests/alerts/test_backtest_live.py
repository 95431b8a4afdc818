"""A back-test is the live pass: alerts begin and end in the same hours, whatever a rule watches."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from aq.alerts import Course, Rule, State, evaluate
from aq.alerts.backtest import backtest
from aq.alerts.engine import watch
from aq.alerts.rules import load_rules, rules
from aq.domain.clock import from_hour_number, hour_number
from aq.domain.model import URBAN
from aq.feeds.registry import FEED_IDS
from aq.store import Store
from aq.store.schema import alert_event, province_hour, station, station_hour
from aq.store.schema_stations import station_period
from tests.alerts.test_engine import KNOWN, READER, SEOUL, H, at
from tests.alerts.test_evaluate import ALARM, BODY
from tests.alerts.test_properties import emptied, examples

AIRKOREA = FEED_IDS["airkorea"]
GRADE = {**BODY, "watch": "grade", "threshold": 3, "clear_below": 3}
RULES = (
    {**BODY, "repeat_hours": 5},
    {**ALARM, "severity": "warning"},
    {**GRADE, "id": "grade", "for": 1, "clear_for": 2},
    {**GRADE, "id": "grade-day", "standard": "airkorea"},
    {
        **BODY, "id": "index", "watch": "index", "standard": "us_epa_2024",
        "threshold": 101, "clear_below": 90,
    },
    {**BODY, "id": "station", "over": "any_station", "for": 1},
    {**BODY, "id": "zone", "over": "zone", "clear_for": 2},
    {**BODY, "id": "night", "quiet": {"start": "22:00", "end": "07:00"}},
)  # fmt: skip


def put(store: Store, hour: int, value: int | None) -> None:
    """Two stations of 서울 and their mean; None: the hour never came."""
    if value is None:
        return
    with store.write("test") as txn:
        row = {"hour": hour, "feed": AIRKOREA, "version": txn.version}
        values = {1: value, 2: value * 6 // 10}
        txn.connection.execute(
            insert(station_hour),
            [{**row, "station": number, "pm10": one, "bad": 0} for number, one in values.items()],
        )
        pooled = {"pm10_sum": sum(values.values()), "pm10_n": 2}
        txn.connection.execute(insert(province_hour).values({**row, "province": SEOUL, **pooled}))
        txn.touch([hour])


def told(store: Store, name: str) -> list[tuple[str, int]]:
    """The begins and ends of a rule's alerts as they were told, in order."""
    with store.read() as connection:
        query = select(alert_event).where(alert_event.c.rule == name)
        found = connection.execute(query.order_by(alert_event.c.hour)).all()
    return [(row.change, row.hour) for row in found if row.change in ("first", "resolved")]


def lived(store: Store, values: Sequence[int | None]) -> None:
    emptied(store)
    names = {1: "종로구", 2: "중구"}
    with store.book() as connection:
        connection.execute(
            insert(station),
            [
                {"id": n, "name": name, "sido": "서울", "province": SEOUL, "network": URBAN}
                for n, name in names.items()
            ],
        )
        held = {"first_hour": H - 100, "last_hour": H + 1000, "version": 0, "feed": AIRKOREA}
        connection.execute(
            insert(station_period),
            [{**held, "station": n, "province": SEOUL, "network": URBAN} for n in names],
        )
    given = [{**one, "channels": ["journal"], "provinces": ["서울"]} for one in RULES]
    load_rules(at(store, H - 60), given, KNOWN, "test")
    watch(at(store, H - 60), READER)
    for step, value in enumerate(values):
        put(store, H + step, value)
        watch(at(store, H + step), READER)
    watch(at(store, H + len(values) + 1), READER)


def over_every_hour(store: Store, rule: Rule, since: datetime, until: datetime) -> Course:
    """The course in 서울 with no hour stepped over."""
    after, last = hour_number(since), hour_number(until)
    with store.read() as connection:
        points = READER.points(connection, rule, after, last)["KR-11"]
    return evaluate(rule, points, State(hour=after), last)


def test_a_back_test_gives_the_alerts_that_were_told_for_every_kind_of_rule(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()
    # So that what follows an hour over the threshold is read in many steps.
    monkeypatch.setattr("aq.alerts.backtest.AT_ONCE", 1)

    @examples(store, 8)
    @given(
        values=st.lists(
            st.one_of(st.none(), st.integers(100, 4500), st.integers(700, 900)),
            min_size=4,
            max_size=30,
        )
    )
    @example(values=[900, 1600, 1700, 4200, 4300, None, 1400, 900, 200, 200, 3300] * 2)
    def check(values: list[int | None]) -> None:
        lived(store, values)
        since, until = from_hour_number(H - 1), from_hour_number(H + len(values) - 1)
        for saved in rules(store):
            name = saved.rule.id
            found = backtest(store, READER, saved.rule, since, until).courses["KR-11"]
            assert found == over_every_hour(store, saved.rule, since, until)
            expected = []
            for begin, end in found.spans():
                expected += [("first", begin), ("resolved", end)]
            if found.state.firing:
                expected.pop()
            # The last passes come when the hours after the last are missing.
            assert told(store, name) == expected
            seen.update(name for _ in expected)

    check()
    assert seen == {str(one["id"]) for one in RULES}
