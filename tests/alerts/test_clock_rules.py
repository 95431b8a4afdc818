"""A clock that is wrong for a while: rules that go by the clock are as before once it is right."""

import pytest

from aq.alerts.engine import watch
from aq.alerts.rules import load_rules
from aq.store import Store
from tests.alerts.test_engine import KNOWN, READER, H, at, messages, setup
from tests.alerts.test_engine import hours as measured
from tests.alerts.test_evaluate import BODY
from tests.alerts.test_points import LATE, hours
from tests.alerts.test_signs_of_life import DOG

YEAR = 365 * 24


def changes(store: Store) -> list[str]:
    return [event["change"] for sent in messages(store) for event in sent["events"]]


@pytest.mark.parametrize("wrong", [-YEAR, -30, 30, YEAR])
def test_t73_a_watchdog_speaks_within_its_interval_of_a_clock_that_was_put_right(
    store: Store, wrong: int
) -> None:
    load_rules(at(store, H), [DOG], KNOWN, "test")
    watch(at(store, H), READER)
    watch(at(store, H + wrong), READER)
    before = len(messages(store))
    for step in range(1, 7):
        watch(at(store, H + step), READER)
    assert len(messages(store)) > before


@pytest.mark.parametrize("wrong", [-YEAR, -30, 30, YEAR])
def test_t73_late_data_are_told_after_a_clock_was_wrong(store: Store, wrong: int) -> None:
    setup(store, LATE)
    hours(store, *range(H - 3, H + 1))
    watch(at(store, H), READER)
    watch(at(store, H + wrong), READER)
    hours(store, H + 1)
    watch(at(store, H + 1), READER)
    assert changes(store) == (["first", "resolved"] if wrong > 0 else [])
    for step in range(2, 8):
        watch(at(store, H + step), READER)
    hours(store, H + 8)
    watch(at(store, H + 8), READER)
    assert changes(store)[-2:] == ["first", "resolved"]


@pytest.mark.parametrize("wrong", [-YEAR, -30, 30, YEAR])
def test_t73_a_measured_alert_begins_repeats_and_ends_after_a_clock_was_wrong(
    store: Store, wrong: int
) -> None:
    setup(store, {**BODY, "provinces": ["경기"], "repeat_hours": 3})
    measured(store, 0, 160, 170)
    watch(at(store, H + 1 + wrong), READER)
    measured(store, 2, 180, 180, 180, 180)
    told = changes(store)
    assert told[0] == "first"
    assert "repeat" in told
    measured(store, 6, 60)
    assert changes(store)[-1] == "resolved"
    measured(store, 7, 160, 170)
    assert changes(store)[-1] == "first"
