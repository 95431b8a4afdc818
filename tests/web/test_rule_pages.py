"""The page of rules: forms, drafts in the address, what is saved and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.alerts import rules as alerting
from aq.alerts.rules import known_to, shipped_rules
from aq.alerts.wording import SHIPPED_NAMES, rule_title
from aq.context import Context
from aq.i18n import text_in
from aq.paths import SHIPPED
from aq.web.parts import rule_drafts
from aq.web.wording.alerts import rule_sentence
from tests.web.test_alert_pages import button, dusty
from tests.web.test_pages import cells, context, markup, run

__all__ = ["context", "dusty"]


def test_an_administrator_switches_a_rule_off_and_it_is_on_record(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    test = run("rules.py", rule="pm10-warning")
    (switch,) = (one for one in test.button if one.label == "끄기")
    switch.click().run()
    assert [one.value for one in test.exception] == []
    assert not alerting.rule(dusty.store, "pm10-warning").rule.enabled
    assert alerting.history(dusty.store, "pm10-warning")[0]["who"] == "duty"


def test_a_form_that_changes_nothing_has_nothing_to_save(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    test = run("rules.py", rule="pm10-warning")

    def save() -> Any:
        return next(one for one in test.button if one.label == "저장")

    assert save().disabled
    level = fires(test)
    before = level.value
    level.set_value(before + 5).run()
    assert not save().disabled
    next(one for one in test.number_input if one.label.startswith("울림 기준")).set_value(
        before
    ).run()
    assert save().disabled


def test_presets_begin_a_new_rule_and_a_change_is_told_before_it_is_saved(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    test = run("rules.py", rule="pm10-warning")
    assert "저장하면 바뀌는 것" not in markup(test)
    level = fires(test)
    level.set_value(165.0).run()
    assert "울림 기준(이상): 150 → 165" in markup(test)
    saved = alerting.rules(dusty.store)
    button(test, "더 일찍").click().run()
    assert [one.value for one in test.exception] == []
    assert next(one for one in test.number_input if one.label.startswith("울림 기준")).value == 120
    button(test, "밤에는 조용히").click().run()
    assert next(one for one in test.toggle).value
    assert alerting.rules(dusty.store) == saved


def test_what_is_wrong_stands_beside_its_field(dusty: Context) -> None:
    test = run("rules.py", rule="pm10-warning")
    clear = next(one for one in test.number_input if one.label.startswith("그침 기준"))
    clear.set_value(300.0).run()
    assert [one.value for one in test.exception] == []
    assert 'class="wrong"' in markup(test)


def test_a_copy_is_a_form_of_a_new_rule_and_saved_only_then(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    before = alerting.rules(dusty.store)
    test = run("rules.py", rule="pm10-warning")
    button(test, "복사해서 새 규칙으로").click().run()
    assert [one.value for one in test.exception] == []
    assert alerting.rules(dusty.store) == before
    button(test, "저장").click().run()
    made, whole = (
        alerting.rule(dusty.store, one).rule for one in ("pm10-warning-2", "pm10-warning")
    )
    assert made.name == f"{whole.name} 2"
    assert made.as_body() == {**whole.as_body(), "id": made.id, "name": made.name}


def test_a_removed_rule_is_taken_again(dusty: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    before = alerting.rule(dusty.store, "o3-alarm").rule
    alerting.remove_rule(dusty.store, "o3-alarm", "duty")
    test = run("rules.py")
    button(test, f"{before.name} 되살리기").click().run()
    assert [one.value for one in test.exception] == []
    assert alerting.rule(dusty.store, "o3-alarm").rule == before


def test_a_draft_lives_in_the_address_and_is_discarded_by_a_click(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    saved = alerting.rules(dusty.store)
    test = run("rules.py", rule="pm10-warning")
    fires(test).set_value(165.0).run()
    draft = test.query_params["draft"]
    again = run("rules.py", rule="pm10-warning", draft=draft)
    assert fires(again).value == 165
    assert "울림 기준(이상): 150 → 165" in markup(again)
    assert cells(again, ".rules a[aria-current]")[0].count("저장 안 됨") == 1
    # Another rule is opened and the first again: what was changed is still there.
    other = run("rules.py", rule="o3-alarm", draft=draft)
    assert "울림 기준(이상):" not in markup(other)
    assert json.loads(other.query_params["draft"]) == {"pm10-warning": {"threshold": 165}}
    button(again, "고친 것 버리기").click().run()
    assert [one.value for one in again.exception] == []
    assert fires(again).value == 150
    assert "draft" not in again.query_params
    assert alerting.rules(dusty.store) == saved


def fires(test: Any) -> Any:
    return next(one for one in test.number_input if one.label.startswith("울림 기준"))


@pytest.mark.parametrize(
    "forged",
    [
        '{"pm10-warning": {"threshold": null, "for": -1, "quiet": {"start": "x", "end": "y",'
        ' "days": []}, "x": 1, "name": "<b>"}, "nobody": {"threshold": 3}}',
        '{"pm10-warning": {"threshold": -1e300, "clear_below": 1e300, "for": "2", "zones": ["?"],'
        ' "channels": ["a", "a"], "repeat_hours": 1e9, "enabled": "no"}}',
        '{"pm10-warning": {"pollutant": "?", "watch": "grade", "standard": "?"}}',
    ],
)
def test_an_address_may_hold_anything(dusty: Context, forged: str) -> None:
    before = alerting.rules(dusty.store)
    run("rules.py", rule="pm10-warning", draft=forged)
    assert alerting.rules(dusty.store) == before


@pytest.mark.parametrize(
    "forged",
    ["{", "[1]", "[" * 5000, '{"a": 3}', '{"a": {"channels": "b", "threshold": "NaN", "x": 1}}'],
)
def test_what_is_no_draft_is_none(forged: str) -> None:
    assert rule_drafts.read(forged) == {}


def test_a_draft_too_long_for_an_address_is_said_to_be(dusty: Context) -> None:
    test = run("rules.py", rule="pm10-warning")
    next(one for one in test.text_area if one.label == "메모").set_value("봄" * 1500).run()
    assert "새로 고치면 사라집니다" in markup(test)
    assert "draft" not in test.query_params


@given(
    threshold=st.floats(0, 600).map(lambda number: round(number, 3)),
    channels=st.lists(st.text(max_size=5), max_size=2),
    repeat=st.none() | st.integers(1, 168),
)
def test_a_draft_reads_back_as_it_was(
    threshold: float, channels: list[str], repeat: int | None
) -> None:
    changes = {"threshold": threshold, "channels": channels, "repeat_hours": repeat}
    assert rule_drafts.read(json.dumps({"a": changes})) == {"a": changes}


def test_two_settings_stand_side_by_side(dusty: Context) -> None:
    test = run("rules.py", rule="pm10-warning")
    assert "나란히 비교" not in markup(test)
    fires = next(one for one in test.number_input if one.label.startswith("울림 기준"))
    fires.set_value(165.0).run()
    assert [one.value for one in test.exception] == []
    body = markup(test)
    assert "나란히 비교" in body
    assert "지난 90일 동안 한 번도 울리지 않았을 것입니다" in body
    assert "지난 90일 동안 1번 울렸을 것입니다" in body
    button(test, "이 설정을 기억해 두고 비교하기").click().run()
    fires = next(one for one in test.number_input if one.label.startswith("울림 기준"))
    fires.set_value(155.0).run()
    assert "<h3>견줄 설정</h3>" in markup(test)


def test_a_level_beyond_what_can_be_dragged_is_kept_as_it_is(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    body = alerting.rule(dusty.store, "pm10-alarm").rule.as_body()
    high = {**body, "threshold": 812, "for": 30, "clear_below": 148.5}
    alerting.save_rule(dusty.store, high, known_to(dusty), "duty")
    test = run("rules.py", rule="pm10-alarm")
    assert button(test, "저장").disabled  # what the form read is what is saved
    next(one for one in test.text_area if one.label == "메모").set_value("봄").run()
    button(test, "저장").click().run()
    assert [one.value for one in test.exception] == []
    assert alerting.rule(dusty.store, "pm10-alarm").rule.as_body() == {**high, "note": "봄"}


def test_a_shipped_rule_has_a_name_in_both_languages_until_it_is_renamed() -> None:
    shipped = {one["id"]: one["name"] for one in shipped_rules(SHIPPED)}
    assert set(shipped) == set(SHIPPED_NAMES)
    for rule, name in shipped.items():
        assert rule_title(rule, name, text_in("ko")) == name
        assert rule_title(rule, name, text_in("en")) == SHIPPED_NAMES[rule]
        assert rule_title(rule, "먼지", text_in("en")) == "먼지"


def test_a_rule_in_a_sentence() -> None:
    body = {"kind": "air", "pollutant": "pm10", "threshold": 150, "for": 2, "clear_below": 100}
    assert rule_sentence(body, text_in("en")) == (
        "PM10 (the province's mean) at 150 µg/m³ or above for 2 h; clears below 100 µg/m³ for 1 h."
    )


def test_rules_that_tell_nobody_are_named_where_they_stand(dusty: Context) -> None:
    body = markup(run("rules.py", rule="pm10-warning"))
    assert "아무에게도 알리지 않습니다" in body
    assert "보낼 곳이 하나도 설정되어 있지 않아 아무에게도 알리지 못했을 것입니다" in body
    assert "a=pm10-warning" in markup(run("alerts.py"))
