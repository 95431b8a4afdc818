"""The pages of alerts: who sees what, acknowledging, silencing, the log, what was on when."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher

from aq import app
from aq.alerts import rules as alerting
from aq.alerts import silences as muting
from aq.alerts import status
from aq.context import Context, shared
from aq.domain.clock import HOUR, kst_iso
from aq.domain.model import URBAN, Reading, Station
from aq.i18n import text_in
from aq.store import outbox
from aq.web import components
from aq.web.drawings.rule_line import stretches
from aq.web.parts.alert_log import log_csv, what_happened
from aq.web.parts.alert_table import folded
from aq.web.parts.deliveries import error_words
from aq.web.parts.silences import tomorrow_morning
from aq.web.traffic import Buckets
from aq.web.wording.alerts import headline
from tests.alert_messages import put
from tests.serving import HOUR_20, write
from tests.web.test_pages import cells, context, markup, run

__all__ = ["context"]


@pytest.fixture
def dusty(context: Context) -> Context:
    """Three hours at 160 µg/m³ of PM10 in 서울 after a quiet day; the shipped rules judge."""
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    quiet = [
        Reading(station=station, hour=HOUR_20 - n * HOUR, values={"pm10": 400})
        for n in range(3, 24)
    ]
    write(context, *quiet)
    app.watch(context)
    dust = [
        Reading(station=station, hour=HOUR_20 - n * HOUR, values={"pm10": 1600}) for n in range(3)
    ]
    write(context, *dust)
    app.watch(context)
    return context


def labels(test: Any) -> set[str]:
    return {one.label for one in test.button}


def test_what_is_on_is_said_with_place_and_since(dusty: Context) -> None:
    body = markup(run("alerts.py"))
    assert "주의보 수준 1곳: 서울" in body
    assert "관청이 권역별로" in body
    assert "160 µg/m³" in body


def test_a_reader_who_is_no_administrator_sees_no_control_that_writes(dusty: Context) -> None:
    for name in ("alerts.py", "rules.py"):
        test = run(name)
        writing = {"확인함", "알림 멈추기", "저장", "복사해서 새 규칙으로", "끄기", "켜기"}
        assert labels(test) & writing == set()
        assert "관리자만 바꿀 수 있습니다" in markup(test)


def test_a_write_is_refused_to_who_is_no_administrator(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str | None] = ["admin"]
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: names[0])
    test = run("rules.py", rule="pm10-warning")
    before = alerting.rules(dusty.store)
    switch = next(one for one in test.button if one.label == "끄기")
    names[0] = None
    switch.click().run()
    assert alerting.rules(dusty.store) == before
    assert "끄기" not in labels(test)


def press(monkeypatch: pytest.MonkeyPatch, *choices: tuple[str, str]) -> None:
    """The next runs of a page find that a browser chose these in the table of alerts."""
    waiting, draw = list(choices), components.drawing

    def drawing(key: str, *args: Any, **named: Any) -> tuple[str, str] | None:
        drawn = draw(key, *args, **named)
        return waiting.pop(0) if key == "standing" and waiting else drawn

    monkeypatch.setattr("aq.web.components.drawing", drawing)


def row_key(context: Context) -> str:
    """The key of the first row of what is on."""
    first = status.standing(context.store)[0]
    return f"{first['rule']}:{first['place']}"


def test_a_button_of_the_row_acknowledges_and_one_silences_until_morning(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    key = row_key(dusty)
    assert cells(run("alerts.py"), ".standing td.do") == ["확인함 내일 아침 8시까지 멈추기"]
    press(monkeypatch, ("hush", key), ("ack", key))
    test = run("alerts.py")
    assert [one.value for one in test.exception] == []
    (silence,) = muting.silences(dusty.store)
    assert (silence["who"], silence["province"]) == ("duty", "서울")
    assert status.standing(dusty.store)[0]["acknowledged"]["who"] == "duty"
    assert cells(test, ".standing td.do") == [""]


def test_a_choice_that_nobody_offered_or_may_make_changes_nothing(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written() -> Any:
        return muting.silences(dusty.store), status.standing(dusty.store)[0]["acknowledged"]

    key, before = row_key(dusty), written()
    for deed in ("hush", "ack"):
        press(monkeypatch, *[(deed, key)] * 2)  # `run` draws the page twice
        assert run("alerts.py").error[0].value.startswith("관리자만 할 수 있습니다")
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    forged = ("hush", "none:KR-11"), ("ack", ""), ("wipe", key), ("open", "<b>")
    press(monkeypatch, *forged)
    for _ in forged[::2]:
        run("alerts.py")
    assert written() == before


def test_an_alert_is_acknowledged_and_silenced(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    test = run("alerts.py")
    next(one for one in test.text_input if one.label.startswith("메모")).set_value("봄")
    next(one for one in test.button if one.label == "확인함").click().run()
    assert status.standing(dusty.store)[0]["acknowledged"]["who"] == "duty"
    next(one for one in test.text_input if one.label == "알림을 멈추는 까닭").set_value("점검")
    next(one for one in test.button if one.label == "알림 멈추기").click().run()
    assert [one.value for one in test.exception] == []
    (silence,) = muting.silences(dusty.store)
    assert (silence["province"], silence["why"], silence["who"]) == ("서울", "점검", "duty")
    next(one for one in test.button if one.label == "알림 멈춤 풀기").click().run()
    assert muting.silences(dusty.store) == []


def button(test: Any, label: str) -> Any:
    return next(one for one in test.button if one.label == label)


def test_everything_at_once_is_not_silenced_a_pollutant_everywhere_is(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    test = run("alerts.py")
    button(test, "알림 멈추기").click().run()
    assert [one.value for one in test.error] == ["알림을 멈추는 까닭을 적으세요."]
    place, rule = (
        next(one for one in test.selectbox if one.key and one.key.startswith(f"silence {name}"))
        for name in ("where", "rule")
    )
    place.set_value("")
    rule.set_value("")
    next(one for one in test.text_input if one.label == "알림을 멈추는 까닭").set_value("훈련")
    button(test, "알림 멈추기").click().run()
    assert "한꺼번에 멈출 수는 없습니다" in test.error[0].value
    assert muting.silences(dusty.store) == []
    chosen = "silence pollutant"
    next(one for one in test.selectbox if one.key and one.key.startswith(chosen)).set_value("pm10")
    button(test, "알림 멈추기").click().run()
    (made,) = muting.silences(dusty.store)
    assert (made["rule"], made["province"], made["pollutant"]) == (None, None, "pm10")
    assert "진행 중, 알림 멈춤" in markup(test)


def test_the_log_says_what_happened_and_why_nobody_was_told() -> None:
    text, quiet = text_in("en"), {"kind": "live", "retracted_at": None, "official": None}
    entry = {**quiet, "change": "first", "reason": "first", "before": "pending"}
    assert what_happened(entry, text) == "began"
    assert what_happened({**entry, "reason": "held"}, text) == "began (held for quiet hours)"
    silenced = {**entry, "reason": "muted", "muted_by": "silence:3", "kind": "backfill"}
    assert what_happened(silenced, text) == "began (filled in later, silenced)"
    below = {**entry, "reason": "muted", "muted_by": "pm10-alarm"}
    assert what_happened(below, text) == "began (the more severe alert was on)"
    gone = {**entry, "change": "nothing", "reason": "nothing", "retracted_at": "2026-01-01"}
    assert what_happened(gone, text) == "fell back before it began (withdrawn by later data)"


def test_the_log_as_a_file_has_all_of_the_choice_with_ids(dusty: Context) -> None:
    asked = {"rule": "pm10-warning", "place": "KR-11", "reasons": []}
    lines = log_csv(asked, text_in("ko")).decode("utf-8-sig").splitlines()
    found = status.log(dusty.store, rule="pm10-warning")
    assert {line.split(",")[0] for line in lines[1:]} == {one["id"] for one in found}
    assert lines[0].startswith("id,시각(끝나는 시각),지역")
    assert log_csv({**asked, "place": "KR-26"}, text_in("ko")).decode("utf-8-sig").count("\n") == 1


def test_the_password_opens_the_form_for_this_page_and_tries_are_counted(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = PasswordHasher(time_cost=1, memory_cost=64).hash("봄바람")
    monkeypatch.setenv("AQ_ADMIN_PASSWORD_HASH", kept)
    monkeypatch.setattr("aq.web.parts.admin._TRIES", Buckets(monotonic=lambda: 0.0))
    monkeypatch.setattr("aq.web.parts.admin._address", lambda _headers: "203.0.113.9")
    shared.cache_clear()

    def give(test: Any, word: str) -> Any:
        test.text_input[0].set_value(word)
        return button(test, "로그인").click().run()

    test = run("rules.py", rule="pm10-warning")
    assert "저장" not in labels(test)
    for _ in range(4):
        assert [one.value for one in give(test, "꽃샘").error] == ["관리자 비밀번호가 아닙니다."]
    assert "저장" in labels(give(test, "봄바람"))
    # A row opens in place: a page loaded anew would end this sign-in.
    assert len(cells(test, ".rules a[data-open]")) == len(alerting.rules(dusty.store)) + 1
    other = run("rules.py", rule="pm10-warning")
    assert "저장" not in labels(other)
    assert "여러 번 시도해 잠시 막았습니다" in give(other, "봄바람").error[0].value
    assert "저장" not in labels(other)
    # He who comes from elsewhere gets in with the right password, however many others try.
    monkeypatch.setattr("aq.web.parts.admin._address", lambda _headers: "198.51.100.7")
    monkeypatch.setattr("aq.web.parts.admin.ALL_TRIES_PER_MINUTE", 1)
    monkeypatch.setattr("aq.web.parts.admin._ALL_TRIES", Buckets(monotonic=lambda: 0.0))
    assert "저장" in labels(give(run("rules.py", rule="pm10-warning"), "봄바람"))
    again = give(run("rules.py", rule="pm10-warning"), "봄바람")
    assert "여러 번 시도해 잠시 막았습니다" in again.error[0].value


def test_tries_are_of_the_client_whom_the_proxy_names_whatever_he_says_before(
    dusty: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """haproxy's `option forwardfor` adds a line of its own below those that came."""
    monkeypatch.setenv(
        "AQ_ADMIN_PASSWORD_HASH", PasswordHasher(time_cost=1, memory_cost=64).hash("x")
    )
    monkeypatch.setenv("AQ_SERVER__TRUSTED_PROXIES", "10.0.0.1")
    monkeypatch.setattr("aq.web.parts.admin._TRIES", Buckets(monotonic=lambda: 0.0))
    shared.cache_clear()
    said = []
    for number in range(6):
        lines = [("x-forwarded-for", f"198.51.100.{number}"), ("x-forwarded-for", "203.0.113.9")]
        handshake = SimpleNamespace(headers=lines, cookies={}, remote_ip="10.0.0.1")
        monkeypatch.setattr(
            "streamlit.runtime.context._get_client_context", lambda handshake=handshake: handshake
        )
        test = run("rules.py", rule="pm10-warning")
        test.text_input[0].set_value("꽃샘")
        said.append(button(test, "로그인").click().run().error[0].value)
    assert said[:5] == ["관리자 비밀번호가 아닙니다."] * 5
    assert "여러 번 시도해 잠시 막았습니다" in said[5]


def fail_one(context: Context) -> None:
    """A message given up, one that waits and one that has left."""
    error = "the connection broke before an answer came"
    put(context.store, "m1", "duty", state="failed", attempts=8, last_error=error)
    put(context.store, "m2", "duty", attempts=1, last_error="HTTP 500")
    put(context.store, "m3", "gone by", state="sent")


def test_messages_that_have_not_left_are_told_to_everyone(context: Context) -> None:
    assert "아직 보내지 못한 알림" not in markup(run("alerts.py"))
    fail_one(context)
    test = run("alerts.py")
    body = markup(test)
    assert "응답이 오기 전에 연결이 끊겼습니다" in body
    assert "HTTP 500" in body
    assert "gone by" not in body
    assert not [one for one in labels(test) if one.startswith("다시 보내기")]


def test_an_administrator_sends_again_what_failed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str | None] = []
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: names.pop() if names else "duty")
    fail_one(context)
    test = run("alerts.py")
    # Still an administrator when the page is drawn, none any more when it comes to write.
    names += [None, "duty"]
    next(one for one in test.button if one.label == "다시 보내기: duty (1건)").click().run()
    assert len(outbox.messages(context.store, [outbox.FAILED])) == 1
    assert [one.value for one in test.error] == ["관리자만 할 수 있습니다. 먼저 로그인하세요."]
    next(one for one in test.button if one.label.startswith("다시 보내기")).click().run()
    assert [one.value for one in test.exception] == []
    states = {row.message: (row.state, row.attempts) for row in outbox.messages(context.store)}
    assert states == {"m1": ("queued", 0), "m2": ("queued", 1), "m3": ("sent", 0)}
    assert not [one for one in labels(test) if one.startswith("다시 보내기")]


def test_what_a_sender_says_of_a_failure_has_korean() -> None:
    text = text_in("ko")
    assert error_words("the service failed (OSError)", text) == "서비스 오류(OSError)"
    assert error_words(None, text) == "–"
    assert error_words("HTTP 500", text) == "HTTP 500"


def test_nothing_on_is_said_plainly() -> None:
    assert headline([], text_in("ko")) == "진행 중인 알림이 없습니다"


def test_stretches_follow_the_transitions_back() -> None:
    def event(hours_back: int, before: str, after: str, **more: Any) -> dict[str, Any]:
        at = kst_iso(HOUR_20 - timedelta(hours=hours_back))
        return {"at": at, "before": before, "after": after, **more}

    after = HOUR_20 - timedelta(hours=10)
    log = [
        event(1, "firing", "unknown"),
        event(4, "pending", "firing"),
        event(9, "firing", "clear"),
    ]
    found = [(one.start, one.end, one.phase) for one in stretches(log, "unknown", after, HOUR_20)]
    back = [HOUR_20 - timedelta(hours=n) for n in (10, 5, 2, 0)]
    assert found == [(back[1], back[2], "firing"), (back[2], back[3], "unknown")]


def test_a_milder_level_is_folded_into_the_more_severe_one_of_its_place() -> None:
    def on(rule: str, place: str, rank: int, **more: Any) -> dict[str, Any]:
        same = {"kind": "air", "pollutant": "pm10", "watch": "value", "alert": True}
        return {"rule": rule, "place": place, "rank": rank, **same, **more}

    rows = folded(
        [
            on("alarm", "KR-11", 3),
            on("warning", "KR-11", 2),
            on("warning", "KR-26", 2),
            on("ozone", "KR-11", 2, pollutant="o3"),
        ]
    )
    assert [(one["rule"], one["place"]) for one in rows] == [
        ("alarm", "KR-11"),
        ("warning", "KR-26"),
        ("ozone", "KR-11"),
    ]
    assert [one["rule"] for one in rows[0]["milder"]] == ["warning"]


def test_a_silence_until_tomorrow_morning_ends_at_eight() -> None:
    assert kst_iso(tomorrow_morning(HOUR_20)) == "2026-11-24T08:00:00+09:00"


def test_whoever_acknowledges_has_a_name(dusty: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "admin")
    test = run("alerts.py")
    button(test, "확인함").click().run()
    assert [one.value for one in test.error] == ["이름을 적으세요."]
    next(one for one in test.text_input if one.label == "이름").set_value("김당직")
    button(test, "확인함").click().run()
    assert status.standing(dusty.store)[0]["acknowledged"]["who"] == "김당직"
