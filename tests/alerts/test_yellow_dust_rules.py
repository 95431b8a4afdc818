"""Rules that tell acts of yellow dust: each once in each place it names, and no end made up."""

import json
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from werkzeug import Request, Response

from aq.__main__ import run
from aq.alerts import problems
from aq.alerts.backtest import backtest
from aq.alerts.channels import CapSettings
from aq.alerts.documents import CAP, OFFICIAL_NOTE, atom, cap
from aq.alerts.due import Circumstances, Now, Said, due
from aq.alerts.engine import watch
from aq.alerts.rule_file import from_toml, to_toml
from aq.alerts.rules import load_rules, remove_rule, rules, save_rule
from aq.alerts.silences import silence
from aq.alerts.state import Reason
from aq.alerts.status import log, same_alert_before, standing
from aq.alerts.webhook import signature
from aq.alerts.wording import compose
from aq.domain.clock import HOUR, Clock, from_hour_number, kst_day
from aq.domain.model import YellowDust
from aq.i18n import text_in
from aq.paths import ROOT
from aq.simulator.notices import YellowStory
from aq.simulator.scenario import Scenario
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import Store, open_store
from aq.store.alerts import states
from aq.store.engine import migrate
from aq.store.schema import outbox
from aq.store.yellow_dust import put_yellow_dust
from aq.web.parts.alert_log import what_happened
from aq.web.parts.backtests import Trials
from aq.web.parts.periods import Period
from aq.web.wording.alerts import rule_sentence
from tests.alerts.test_engine import KNOWN, READER, H, messages
from tests.cli.test_processes import process
from tests.conftest import NOW
from tests.waiting import wait_until

BODY = {
    "id": "yellow",
    "name": "황사 발표",
    "kind": "official",
    "pollutant": "yellow_dust",
    "channels": ["journal"],
}
BEGIN = from_hour_number(H)
AREAS = "서울, 인천, 경기, 충남(서해안)"


def clocked(store: Store, hours: float) -> Store:
    return Store(store.engine, Clock(BEGIN + hours * HOUR))


def begin(store: Store, hours: float = -60, **changes: Any) -> None:
    load_rules(clocked(store, hours), [{**BODY, **changes}], KNOWN, "test")
    watch(clocked(store, hours), READER)


def act(hours: float = 0, areas: str = AREAS, sequence: str = "1") -> YellowDust:
    return YellowDust(at=BEGIN + hours * HOUR, told="x", sequence=sequence, areas=areas)


def poll(store: Store, hours: float, *acts: YellowDust) -> None:
    """A poll so many hours after H, and the rules after it."""
    here = clocked(store, hours)
    with here.write("notices") as txn:
        put_yellow_dust(txn, acts)
    watch(here, READER)


def sent(store: Store) -> list[tuple[str, str]]:
    return [
        (event["province"], event["reason"])
        for message in messages(store)
        for event in message["events"]
    ]


def test_what_is_told_once_is_told_to_who_has_heard_nothing_of_it() -> None:
    now, heard = Now(level=0, once=True), Said(moment=NOW, hour=H)
    assert due(Said(), now) == Reason.FIRST
    assert due(heard, now) is None
    assert due(heard, now, Circumstances(repeat_hours=1, undone=True)) is None
    assert due(Said(), now, Circumstances(inhibited=True)) == Reason.FIRST
    assert due(Said(), now, Circumstances(silenced=True)) is None


def test_an_act_is_told_once_in_each_place_and_never_ends(store: Store) -> None:
    begin(store)
    for hours in (0.5, 1, 2, 12, 24, 25, 60):
        poll(store, hours, act())
        watch(clocked(store, hours), READER)
    assert sent(store) == [(name, "first") for name in ("서울", "경기", "인천", "충남")]
    (message,) = messages(store)
    event = message["events"][0]
    assert (event["pollutant"], event["value"], event["severity"]) == (None, None, "warning")
    assert (event["before"], event["after"], event["kind"]) == ("clear", "clear", "live")
    assert event["feed"] == "airkorea_alarm"
    assert event["official"] == {
        "act": "occurred",
        "at": "2026-11-23T00:00:00+09:00",
        "level": None,
        "label": None,
        "district": None,
        "zone": None,
        "round": "1",
        "areas": AREAS,
        "told_until": "2026-11-24T00:00:00+09:00",
    }
    assert len(log(store)) == 4
    assert standing(clocked(store, 1)) == []
    title, words = compose(message, "ko", "https://air.example.org")
    assert title == "황사 발표: 서울, 경기, 인천, 충남"
    assert "[공식 발표] 서울: 황사 발생 (1회차) · 11월 23일(월) 0시" in words
    assert words.count(AREAS) == 1
    assert "단계와 해제 시각이 없습니다" in words
    assert "수준" not in words
    assert "특보" not in words
    _, words = compose(message, "en")
    assert "[Official announcement] Seoul: yellow dust has occurred, round 1 · Mon 23 Nov" in words


def test_another_round_is_another_act(store: Store) -> None:
    begin(store, provinces=["서울"])
    poll(store, 1, act(0))
    poll(store, 4, act(0), act(3, sequence="2"))
    assert sent(store) == [("서울", "first")] * 2
    assert [event["official"]["round"] for event in log(store)] == ["2", "1"]


def test_a_corrected_act_is_told_where_it_appears_anew(store: Store) -> None:
    begin(store)
    poll(store, 1, act(areas="서울, 인천"))
    poll(store, 2, act(areas="서울, 부산"))
    poll(store, 3, act(areas="서울"))
    poll(store, 4, act(areas="서울, 부산, 인천"))
    assert sent(store) == [("서울", "first"), ("인천", "first"), ("부산", "first")]
    assert [event["kind"] for event in log(store)] == ["correction", "live", "live"]
    assert not [event for event in log(store) if event["retracted_at"]]
    _, words = compose(messages(store)[-1], "ko")
    assert "정정, 지금 확인된 내용: 부산: 황사 발생 (1회차)" in words


def test_a_day_after_it_an_act_is_no_news(store: Store) -> None:
    poll(store, 1, act())
    begin(store, 24, provinces=["서울"])
    assert sent(store) == [("서울", "first")]
    assert log(store)[0]["kind"] == "catch_up"
    begin(store, 25, id="later")
    assert len(log(store)) == 1


def test_a_late_evening_s_act_is_told_after_midnight(store: Store) -> None:
    begin(store, provinces=["서울"])
    poll(store, 0.5, act(-0.2))  # H is midnight in Korea
    assert sent(store) == [("서울", "first")]


def test_a_rule_switched_off_or_removed_says_nothing_of_it(store: Store) -> None:
    begin(store, provinces=["서울"])
    poll(store, 1, act())
    save_rule(clocked(store, 2), {**BODY, "enabled": False}, KNOWN, "test")
    watch(clocked(store, 2), READER)
    save_rule(clocked(store, 3), BODY | {"provinces": ["서울"]}, KNOWN, "test")
    watch(clocked(store, 3), READER)
    remove_rule(clocked(store, 4), "yellow", "test")
    watch(clocked(store, 4), READER)
    assert sent(store) == [("서울", "first")]
    assert len(log(store)) == 1


def test_a_silence_of_the_place_holds_and_one_of_a_pollutant_does_not(store: Store) -> None:
    begin(store, provinces=["서울", "경기"])
    until = BEGIN + 3 * HOUR
    silence(clocked(store, -1), who="kim", why="훈련", until=until, province="서울")
    silence(clocked(store, -1), who="kim", why="훈련", until=until, pollutant="pm10")
    poll(store, 1, act())
    assert sent(store) == [("경기", "first")]
    poll(store, 4, act())
    assert sent(store) == [("경기", "first"), ("서울", "first")]
    assert sorted(event["reason"] for event in log(store)) == ["first", "first", "muted"]


def test_quiet_hours_hold_it_to_their_end(store: Store) -> None:
    begin(store, provinces=["서울"], quiet={"start": "22:00", "end": "07:00"})
    poll(store, 1, act())
    with store.read() as connection:
        (row,) = connection.execute(select(outbox.c.state, outbox.c.not_before)).all()
    assert (row.state, row.not_before) == ("held", BEGIN + 7 * HOUR)
    assert [event["reason"] for event in log(store)] == ["held"]


@pytest.mark.parametrize(
    "changes",
    [{"threshold": 150}, {"clear_below": 1}, {"for": 2}, {"clear_for": 2}, {"repeat_hours": 3}],
)
def test_a_level_or_a_repeat_is_refused_with_its_field(changes: dict[str, Any]) -> None:
    parsed, (problem,) = problems({**BODY, **changes}, KNOWN)
    assert parsed is None
    assert problem.field in changes
    assert "no level and no end" in str(problem)
    assert "단계와 해제가 없고" in text_in("ko")(problem.message)


def test_only_official_rules_may_tell_it() -> None:
    body = {**BODY, "kind": "air", "threshold": 2, "clear_below": 1}
    parsed, (problem, *_) = problems(body, KNOWN)
    assert parsed is None
    assert problem.field == "pollutant"
    parsed, _ = problems(BODY, KNOWN)
    assert parsed is not None
    text = to_toml([parsed])
    assert 'pollutant = "yellow_dust"' in text
    assert problems(from_toml(text, "dump")[0], KNOWN) == (parsed, [])


def test_documents_have_a_bound_and_no_cancel(store: Store) -> None:
    begin(store, provinces=["서울", "충남"])
    poll(store, 1, act(areas="서울"))
    poll(store, 2, act())
    for event in log(store):
        earlier = same_alert_before(store, event)
        root = fromstring(cap(event, earlier, CapSettings(), "", simulated=False))
        assert root.findtext(f"{{{CAP}}}msgType") == "Alert"
        assert root.findtext(f"{{{CAP}}}note") == OFFICIAL_NOTE
        info = root.find(f"{{{CAP}}}info")
        assert info is not None
        names = [part.tag.partition("}")[2] for part in info]
        assert names.index("onset") + 1 == names.index("expires") < names.index("senderName")
        assert info.findtext(f"{{{CAP}}}expires") == "2026-11-24T00:00:00+09:00"
        assert info.findtext(f"{{{CAP}}}area/{{{CAP}}}areaDesc") == event["province"]
    body = atom(
        log(store), "aq@example.org", "ko", "", NOW, simulated=False, yellow_dust=[act(), act(5)]
    ).decode()
    # An act that rules told stands once, by what they told; one that none told by itself.
    assert body.count("<entry>") == 3
    assert body.count("yellow-dust/") == 1
    assert "황사 발생 (1회차)" in body


def test_the_log_s_page_and_file_say_what_was_told(store: Store) -> None:
    begin(store, provinces=["서울"])
    poll(store, 1, act())
    (event,) = log(store)
    assert what_happened(event, text_in("ko")) == "황사 발생 (1회차), 한 번 알림"
    assert what_happened(event, text_in("en")) == "yellow dust has occurred, round 1, told once"
    assert rule_sentence(BODY, text_in("en")) == (
        "The authority announces yellow dust; each act is told once."
    )


def test_a_back_test_is_the_live_log(store: Store) -> None:
    begin(store)
    poll(store, 1, act(0))
    poll(store, 4, act(3, "서울", "2"))
    since, until = BEGIN - 30 * HOUR, BEGIN + 50 * HOUR
    found = backtest(store, READER, rules(store)[0].rule, since, until).as_dict()
    told = sorted((event["province"], event["at"]) for event in log(store))
    tried = sorted((change["province"], change["at"]) for change in found["transitions"])
    assert tried == told
    counts = ("fired", "night", "cleared", "unknown", "flapped", "longest_hours", "one_shot")
    assert [found[name] for name in counts] == [5, 5, 0, 0, 0, 0, True]
    days = kst_day(since), kst_day(until)
    period = Period(since=days[0], last=days[1], after=since, until=until, words="30일")
    said = Trials(period, text_in("ko")).sentence(found)
    assert "시도별로 모두 5번 알렸을 것" in said
    assert "longest" not in said


def test_the_command_checks_and_tries_it(
    store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("AQ_DATABASE_URL", database_url)
    poll(store, 1, act())
    file = tmp_path / "rules.toml"
    body = {key: value for key, value in BODY.items() if key != "channels"}
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in body.items())
    file.write_text(f"[[rules]]\n{lines}\n", "utf-8")
    assert run(["rules", "check", str(file)]) == 0
    day = f"{BEGIN + timedelta(hours=9):%Y-%m-%d}"
    capsys.readouterr()
    assert run(["rules", "backtest", str(file), "--since", day, "--until", day]) == 0
    said = capsys.readouterr().out
    assert "would have fired 4 times, 4 at night, each told once; would have told nobody" in said
    file.write_text(f"[[rules]]\n{lines}\nthreshold = 1\n", "utf-8")
    assert run(["rules", "check", str(file)]) == 2
    assert "no level and no end" in capsys.readouterr().err


def test_a_worker_tells_a_sink_once(tmp_path: Path) -> None:
    """A real worker polls the simulator's act and posts it; the next one has nothing to add."""
    received: list[dict[str, Any]] = []
    key = "a-key-of-the-webhook"

    def take(request: Request) -> Response:
        stamp, body = request.headers["X-AQ-Timestamp"], request.get_data()
        assert request.headers["X-AQ-Signature"] == signature(key, stamp, body)
        received.append(json.loads(body))
        return Response("", 204)

    (tmp_path / "config").mkdir()
    for path in (ROOT / "config").iterdir():
        (tmp_path / "config" / path.name).symlink_to(path)
    (tmp_path / "config" / "alerts.toml").unlink()
    channel = '[channels.hook]\nkind = "webhook"\nurl = "env:HOOK"\nsecret = "env:KEY"\n'
    rule = {**BODY, "channels": ["hook"]}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in rule.items())
    (tmp_path / "config" / "alerts.toml").write_text(
        f"{channel}private = true\n[[rules]]\n{lines}\n", "utf-8"
    )
    scenario = Scenario(yellow=(YellowStory(NOW - 2 * HOUR, "1", "서울, 인천"),))
    with (
        SimulatorServer(World(34), Clock(NOW), scenario) as simulator,
        HTTPServer(port=0, threaded=True) as web,
    ):
        web.expect_request("/hook").respond_with_handler(take)
        given = {
            "AQ_DATABASE_URL": f"sqlite:///{tmp_path / 'aq.db'}",
            "AQ_CONFIG": str(tmp_path / "config"),
            "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "any-key",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
            "HOOK": web.url_for("/hook"),
            "KEY": key,
        }
        store = open_store(given["AQ_DATABASE_URL"], Clock(NOW))
        migrate(store)
        for hours in range(2):
            later = NOW + hours * HOUR
            simulator.clock = Clock(later)
            with process({**given, "AQ_CLOCK": f"{later.isoformat()}@60"}, "-m", "aq", "worker"):
                wait_until(partial(_done, store, received, later))
        store.close()
    # A worker that ends before it wrote down that it sent sends again, under the same id.
    once = {body["id"]: body for body in received}.values()
    assert [event["province"] for body in once for event in body["events"]] == ["서울", "인천"]


def _done(store: Store, received: list[Any], now: datetime) -> bool:
    """Whether the sink has heard and a pass has gone over the rules at a time."""
    with store.read() as connection:
        return bool(received) and any(row.updated_at >= now for row in states(connection).values())
