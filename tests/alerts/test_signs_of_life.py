"""Somebody elsewhere notices when the program dies: a heartbeat after a pass, a watchdog rule."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from aq import app
from aq.alerts import problems
from aq.alerts.backtest import backtest
from aq.alerts.channels import Channel, Outlets, parse_outlets
from aq.alerts.engine import watch
from aq.alerts.heartbeat import beat
from aq.alerts.rule_file import from_toml, to_toml
from aq.alerts.rules import load_rules, rules
from aq.alerts.status import standing
from aq.alerts.wording import compose
from aq.cli.alert_checks import death, jumps, reach
from aq.domain.clock import from_hour_number
from aq.domain.errors import ConfigError
from aq.store import Store, outbox
from aq.store.runs import record
from tests.alerts.test_engine import KNOWN, READER, H, at, messages
from tests.alerts.test_evaluate import BODY
from tests.cli.test_processes import free_port
from tests.conftest import NOW
from tests.serving import make_runtime

DOG = {
    "id": "alive",
    "name": "알림 점검",
    "kind": "watchdog",
    "repeat_hours": 6,
    "channels": ["journal"],
}


def test_a_watchdog_tells_at_its_interval_and_nothing_is_on_because_of_it(store: Store) -> None:
    load_rules(at(store, H), [DOG], KNOWN, "test")
    for step in range(14):
        watch(at(store, H + step), READER)
        watch(at(store, H + step), READER)
    sent = messages(store)
    assert [one["events"][0]["change"] for one in sent] == ["first", "repeat", "repeat"]
    title, words = compose(sent[1], "ko")
    assert title == "알림 점검"
    assert "알림이 정상으로 작동하고 있습니다" in words
    assert "기준" not in words
    assert standing(at(store, H + 13)) == []
    (rule,) = [saved.rule for saved in rules(store)]
    assert backtest(store, READER, rule, from_hour_number(H), from_hour_number(H + 9)).courses == {}
    (body,) = from_toml(to_toml([rule]), "x")
    assert problems(body, KNOWN)[0] == rule


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"repeat_hours": None}, "repeat_hours"),
        ({"threshold": 5}, "threshold"),
        ({"pollutant": "pm25"}, "pollutant"),
        ({"provinces": ["서울"]}, "provinces"),
    ],
)
def test_what_a_watchdog_cannot_say_is_refused(changes: dict[str, object], field: str) -> None:
    body = {key: value for key, value in {**DOG, **changes}.items() if value is not None}
    rule, found = problems(body, KNOWN)
    assert rule is None
    assert [problem.field for problem in found] == [field]


def test_a_complete_pass_is_told_and_a_service_that_fails_stops_nothing(
    database_url: str, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_runtime(database_url)
    url = httpserver.url_for("/ping/secret-token")
    outlets = Outlets(heartbeat=SecretStr(url))
    monkeypatch.setattr("aq.app.outlets", lambda: outlets)
    httpserver.expect_request("/ping/secret-token").respond_with_data("OK")
    assert app.watch(context).ok
    assert len(httpserver.log) == 1
    httpserver.clear()
    httpserver.expect_request("/ping/secret-token").respond_with_data("", 500)
    assert app.watch(context).ok
    assert not beat(url)
    assert not beat(f"http://127.0.0.1:{free_port()}/ping/secret-token")
    assert url in outlets.secrets
    context.store.close()


def test_the_heartbeat_stands_in_the_environment() -> None:
    text = '[heartbeat]\nurl = "env:BEAT"\n'
    found = parse_outlets(text, "x", {"BEAT": "https://hc.example.org/1"}).heartbeat
    assert found is not None
    assert found.get_secret_value() == "https://hc.example.org/1"
    for value in ("", "ftp://x", "hc.example.org"):
        with pytest.raises(ConfigError, match="BEAT"):
            parse_outlets(text, "x", {"BEAT": value})
    with pytest.raises(ConfigError, match="x:2"):
        parse_outlets('[heartbeat]\nurl = "https://hc.example.org/1"\n', "x", {})


def test_doctor_says_who_is_told_and_who_notices(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = make_runtime(database_url)
    outlets = Outlets()
    monkeypatch.setattr("aq.cli.alert_checks.outlets", lambda: outlets)
    load_rules(context.store, [BODY, {**DOG, "channels": ["journal"]}], KNOWN, "test")
    (found,) = reach(context)
    assert found.state == "warn"
    assert found.found == "2 of 2 rules that are on tell nobody: alive, pm10-warning"
    (found,) = death(context)
    assert found.state == "warn"
    assert "rules new" not in found.do
    assert [*jumps(context)] == []
    channel = Channel(name="journal", kind="file", path=tmp_path / "a")
    outlets = Outlets(channels={"journal": channel})
    (found,) = reach(context)
    assert "1 of 2 rules that are on tell nobody: pm10-warning" in found.found
    (found,) = death(context)
    assert (found.state, found.found) == ("ok", "watchdog alive")
    record(context.store, "clock", NOW, True, {"jump_seconds": -21600, "host": "gate"})
    (found,) = jumps(context)
    assert "the clock of gate went back by 6:00:00" in found.found
    assert json.dumps(found.do)
    context.store.close()


def test_t67_a_channel_made_while_the_program_runs_is_sent_to(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, known = make_runtime(database_url), [Outlets()]
    monkeypatch.setattr("aq.app.outlets", lambda: known[0])
    jobs = app.deliveries(context)
    path = tmp_path / "told.jsonl"
    known[0] = Outlets(channels={"journal": Channel(name="journal", kind="file", path=path)})
    load_rules(context.store, [DOG], KNOWN, "test")
    watch(context.store, READER, NOW)
    for job in jobs:
        job.run(NOW)
    assert len(path.read_text("utf-8").splitlines()) == 1
    assert [row.state for row in outbox.messages(context.store)] == ["sent"]
    context.store.close()
