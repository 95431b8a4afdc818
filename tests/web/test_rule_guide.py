"""Guided set-up on the rules page: from place to a rule that is on, a channel made and tried."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from aq.alerts import rules as alerting
from aq.alerts.channels import outlets
from aq.alerts.guide import free_name
from aq.context import Context
from aq.i18n import text_in
from aq.paths import SHIPPED
from tests.web.test_alert_pages import button, context, dusty
from tests.web.test_pages import markup, run

__all__ = ["context", "dusty"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of one's own, and a home for what is kept."""
    shutil.copytree(SHIPPED, tmp_path / "config")
    monkeypatch.setenv("AQ_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("AQ_HOME", str(tmp_path))
    return tmp_path


def opened(**params: str) -> Any:
    test = run("rules.py", **params)
    test.session_state["guide"] = True
    return test.run()


def field(kind: Any, key: str) -> Any:
    return next(one for one in kind if (one.key or "").startswith(f"guide {key}"))


def test_a_reader_is_not_asked(dusty: Context) -> None:
    assert "단계별로 알림 만들기" not in {one.label for one in run("rules.py").expander}


def test_from_the_questions_to_a_rule_that_is_on(
    own: Path, dusty: Context, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    monkeypatch.setattr("aq.web.parts.admin.who", lambda: "duty")
    httpserver.expect_request("/in").respond_with_data("", 200)
    url = f"https://{httpserver.host}:{httpserver.port}/in"
    test = opened()
    field(test.selectbox, "x").set_value("pm10").run()
    field(test.multiselect, "where").set_value(["KR-11"])
    field(test.toggle, "quiet").set_value(True)
    test.run()
    assert [one.value for one in test.exception] == []
    body = markup(test)
    assert "지난 1년이라면" in body
    assert field(test.text_input, "name").value == "서울 미세먼지 150"
    name = own / "config" / "alerts.toml"
    before = name.read_text("utf-8")
    field(test.selectbox, "ch").set_value("\0new").run()
    next(one for one in test.text_input if one.label == "받는 주소").set_value(url)
    next(one for one in test.selectbox if one.label == "종류").set_value("webhook")
    button(test, "보낼 곳 만들기").click().run()
    assert [one.value for one in test.exception] == []
    assert [one.value for one in test.error] == []
    assert list(outlets().channels) == ["duty"]
    assert url not in name.read_text("utf-8") != before
    assert url in (own / "var" / "channels.env").read_text("utf-8")
    field(test.selectbox, "ch").set_value("duty").run()
    field(test.button, "try").click().run()
    assert "private = true" in test.error[0].value
    button(test, "이 알림 켜기").click().run()
    assert [one.value for one in test.exception] == []
    saved = alerting.rule(dusty.store, "pm10-seoul").rule
    assert (saved.channels, saved.threshold, saved.for_hours) == (("duty",), 150, 2)
    assert saved.name == "서울 미세먼지 150"
    assert saved.quiet is not None
    assert saved.quiet.start == "22:00"
    assert alerting.history(dusty.store, "pm10-seoul")[0]["who"] == "duty"


def test_a_name_says_place_and_level_in_the_language_and_is_free() -> None:
    body = {"pollutant": "pm25", "provinces": ["KR-11", "KR-26"], "threshold": 75.0}
    assert free_name(body, (), text_in("ko")) == "서울 외 1곳 초미세먼지 75"
    assert free_name({**body, "provinces": ["KR-11"]}, (), text_in("en")) == "Seoul PM2.5 75"
    everywhere = {"pollutant": "o3", "threshold": 0.12}
    taken = {"전국 오존 0.12", "전국 오존 0.12 (2)"}
    assert free_name(everywhere, taken, text_in("ko")) == "전국 오존 0.12 (3)"
    zoned = {"pollutant": "pm10", "provinces": [], "zones": ["경기 남부권"]}
    assert free_name(zoned, (), text_in("ko")) == "경기 남부권 미세먼지"
