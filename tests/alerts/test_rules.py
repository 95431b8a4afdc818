"""What becomes of alerts when their rule is switched off, removed or changed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from aq.alerts import Known
from aq.alerts import rules as alert_rules
from aq.alerts.engine import watch
from aq.alerts.rules import (
    channel_names,
    load_rules,
    remove_rule,
    save_rule,
    ship_rules,
    shipped_rules,
)
from aq.alerts.silences import silence
from aq.alerts.status import log, standing
from aq.alerts.wording import compose
from aq.domain.clock import from_hour_number
from aq.paths import SHIPPED
from aq.standards_file import load_standards
from aq.store import Store
from tests.alerts.test_engine import KNOWN, READER, SEOUL, H, at, messages, put, setup
from tests.alerts.test_evaluate import BODY

BUSAN = 8
RULE = {**BODY, "channels": ["journal"]}
NAME = "pm10-warning"


def fire(store: Store) -> None:
    """An alert in 서울 and 부산 of which people were told."""
    setup(store, BODY)
    for step in range(2):
        put(store, H + step, {SEOUL: 170, BUSAN: 170})
        watch(at(store, H + step), READER)
    assert [one["reason"] for one in messages(store)[0]["events"]] == ["first", "first"]


def last(store: Store) -> list[dict[str, Any]]:
    return list(messages(store)[-1]["events"])


@pytest.mark.parametrize("ended", ["off", "removed", "changed"])
def test_those_who_were_told_are_told_that_nobody_watches(store: Store, ended: str) -> None:
    fire(store)
    now = at(store, H + 1)
    if ended == "off":
        save_rule(now, {**RULE, "enabled": False}, KNOWN, "kim")
    elif ended == "removed":
        remove_rule(now, NAME, "kim")
    else:
        save_rule(now, {**RULE, "provinces": ["제주"]}, KNOWN, "kim")
    for _ in range(2):
        watch(now, READER)
    assert len(messages(store)) == 2
    told = last(store)
    assert [one["province"] for one in told] == ["서울", "부산"]
    assert {(one["kind"], one["reason"], one["ended"]) for one in told} == {
        ("withdrawn", "resolved", ended)
    }
    words = {"off": "규칙을 꺼서", "removed": "규칙을 없애서", "changed": "규칙이 바뀌어"}
    assert words[ended] in compose(messages(store)[-1], "ko")[1]
    assert standing(now) == []


def test_a_changed_rule_that_still_fires_says_nothing_and_one_that_does_not_says_so(
    store: Store,
) -> None:
    fire(store)
    now = at(store, H + 1)
    save_rule(now, {**RULE, "threshold": 160, "note": "x"}, KNOWN, "kim")
    watch(now, READER)
    assert len(messages(store)) == 1
    assert [one["phase"] for one in standing(now)] == ["firing", "firing"]
    save_rule(now, {**RULE, "threshold": 200}, KNOWN, "kim")
    watch(now, READER)
    assert {(one["kind"], one["ended"]) for one in last(store)} == {("withdrawn", "changed")}
    assert standing(now) == []


def test_a_rule_switched_on_again_tells_what_is_on(store: Store) -> None:
    fire(store)
    now = at(store, H + 1)
    for enabled in (False, True):
        save_rule(now, {**RULE, "enabled": enabled}, KNOWN, "kim")
        watch(now, READER)
    assert [one["events"][0]["kind"] for one in messages(store)] == ["live", "withdrawn", "live"]
    assert [one["reason"] for one in last(store)] == ["first", "first"]
    assert len({one["id"] for one in log(store)}) == len(log(store))


def test_what_nobody_was_told_of_ends_in_the_log_alone(store: Store) -> None:
    setup(store, BODY)
    put(store, H, {SEOUL: 170})
    silence(at(store, H), who="kim", why="훈련", until=from_hour_number(H + 9), rule_id=NAME)
    put(store, H + 1, {SEOUL: 170})
    watch(at(store, H + 1), READER)
    remove_rule(at(store, H + 1), NAME, "kim")
    watch(at(store, H + 1), READER)
    assert messages(store) == []
    assert [(one["kind"], one["message"]) for one in log(store)][:1] == [("withdrawn", None)]


def test_a_new_rule_tells_what_is_on_and_nothing_of_what_was_before(store: Store) -> None:
    setup(store, {**BODY, "threshold": 900, "clear_below": 900})
    for step, values in enumerate(({SEOUL: 170, BUSAN: 170},) * 3 + ({SEOUL: 170, BUSAN: 20},) * 2):
        put(store, H + step, values)
        watch(at(store, H + step), READER)
    given = [{**RULE, "id": "new", "name": "새 규칙"}]
    load_rules(at(store, H + 4), given, KNOWN, "kim")
    for step in (4, 5, 6):
        put(store, H + step, {SEOUL: 170, BUSAN: 20})
        watch(at(store, H + step), READER)
    assert [(one["place"], one["reason"]) for one in last(store)] == [("KR-11", "first")]
    assert len(messages(store)) == 1
    assert [(one["place"], one["reason"]) for one in log(store)] == [("KR-11", "first")]


def test_instances_that_start_together_ship_the_rules_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has seen that there are none before any of them writes."""
    together, read = Barrier(3), alert_rules.history
    first_look = threading.local()

    def history(given: Store) -> list[dict[str, Any]]:
        found = read(given)
        if not hasattr(first_look, "over"):
            first_look.over = True
            together.wait(60)
        return found

    monkeypatch.setattr(alert_rules, "history", history)
    folder = SHIPPED
    known = Known(standards=load_standards(folder / "standards"), channels=channel_names(folder))
    with ThreadPoolExecutor(3) as pool:
        shipped = list(pool.map(lambda _: ship_rules(store, folder, known), range(3)))
    every = [str(one["id"]) for one in shipped_rules(folder)]
    assert sorted(shipped) == [[], [], every]
