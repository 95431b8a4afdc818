"""`rules`, and the back-test against the live engine, transition for transition."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_httpserver import HTTPServer

from aq.__main__ import run
from aq.alerts.rule_file import from_toml
from aq.cli.rules import command as rules_command
from aq.paths import SHIPPED
from aq.settings import load


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AQ_DATABASE_URL", f"sqlite:///{tmp_path / 'aq.db'}")
    return tmp_path


def test_shipped_rules_round_trip(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "dump"]) == 0
    text = capsys.readouterr().out
    assert len(from_toml(text, "dump")) == 12
    (here / "rules.toml").write_text(text, "utf-8")
    assert run(["rules", "check", str(here / "rules.toml")]) == 0
    assert run(["rules", "load", str(here / "rules.toml")]) == 0
    assert "changed: none" in capsys.readouterr().out
    assert run(["rules", "dump"]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("change", [("clear_below = 100", "clear_below = 0"), ("= 2", '= "x"')])
def test_a_bad_file_changes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str]
) -> None:
    run(["rules", "dump"])
    text = capsys.readouterr().out
    (here / "bad.toml").write_text(text.replace(*change), "utf-8")
    for command in ("load", "check"):
        assert run(["rules", command, str(here / "bad.toml")]) == 2
    capsys.readouterr()
    run(["rules", "dump"])
    assert capsys.readouterr().out == text


def test_back_test_of_an_empty_store(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["rules", "backtest", "pm10-warning", "--since", "2024-01-01", "--until", "2024-12-31"]
    assert run([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fired"] == 0
    assert (
        run(["rules", "backtest", "nobody", "--since", "2024-01-01", "--until", "2024-01-02"]) == 2
    )
    assert run(["rules", "restore", "pm10-warning", "--revision", "7"]) == 2


BAD = """
[[rules]]
id = "PM 25"
name = "나쁨"
provinces = ["경기", "평양", "아틀란티스"]
pollutant = "pm25"
threshold = "seventy-five"
for = 2
clear_below = 35
quiet = { start = "22", end = "07:00" }
channels = "duty"

[[rules]]
id = "second"
name = "둘째"
threshold = 75
clear_below = 100
sevrity = "alarm"
"""


def test_every_wrong_line_is_named_at_once_with_the_form_expected(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = here / "bad.toml"
    file.write_text(BAD, "utf-8")
    for asked in (["check", str(file)], ["load", str(file)], ["backtest", str(file)]):
        assert run(["rules", *asked]) == 2
        said = capsys.readouterr().err
        for line, words in (
            (3, "id: must be small letters, digits and -"),
            (5, "평양"),
            (5, "아틀란티스"),
            (7, "threshold: must be a number, like 75"),
            (11, 'channels: must be a list of channel names, like ["duty"]'),
            (18, "sevrity: is not a field of a rule"),
        ):
            assert f"bad.toml:{line}: rule" in said
            assert words in said
        assert "tuple" not in said
    good = BAD.replace('"PM 25"', '"pm25"').replace('"seventy-five"', "75")
    good = (
        good.replace(', "평양", "아틀란티스"', "")
        .replace('"duty"', "[]")
        .replace("sevrity", "severity")
    )
    file.write_text(good, "utf-8")
    assert run(["rules", "check", str(file)]) == 2
    said = capsys.readouterr().err
    assert "bad.toml:10: rule 'pm25': quiet.start: must be a time of day, like \"22:00\"" in said
    assert "bad.toml:16: rule 'second': threshold: 75 lies below the clear level 100" in said


def test_a_rule_that_can_reach_nobody_is_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rules", "list"]) == 0
    said = capsys.readouterr().out
    assert said.count("TELLS NOBODY") == 12
    assert "12 rules that are on tell nobody" in said
    assert run(["rules", "list", "--json"]) == 0
    assert {tuple(one["tells"]) for one in json.loads(capsys.readouterr().out)["rules"]} == {()}
    assert run(["rules", "backtest", "pm10-warning"]) == 0
    assert "would have told nobody" in capsys.readouterr().out
    assert run(["rules", "dump"]) == 0
    (here / "own.toml").write_text(capsys.readouterr().out, "utf-8")
    assert run(["rules", "check", str(here / "own.toml")]) == 0
    assert capsys.readouterr().out.count("would tell nobody") == 12


def test_a_file_is_tried_before_it_is_loaded(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "mine.toml").write_text(
        '[[rules]]\nid = "mine"\nname = "나쁨"\npollutant = "pm25"\n'
        "threshold = 75\nclear_below = 35\n",
        "utf-8",
    )
    assert run(["rules", "backtest", str(here / "mine.toml"), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["rules"]
    assert (found["rule"], found["tells_nobody"]) == ("mine", True)
    assert run(["rules", "list"]) == 0
    assert "mine" not in capsys.readouterr().out


@pytest.fixture
def configured(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of one's own, and a home for what is kept."""
    shutil.copytree(SHIPPED, here / "config")
    monkeypatch.setenv("AQ_CONFIG", str(here / "config"))
    monkeypatch.setenv("AQ_HOME", str(here))
    monkeypatch.chdir(here)
    return here


def test_a_rule_is_made_by_questions_from_place_to_test_message(
    configured: Path, httpserver: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    httpserver.expect_request("/in").respond_with_data("", 200)
    url = f"json://{httpserver.host}:{httpserver.port}/in"
    answers = [
        "아틀란티스", "경기, Seoul", "pm25", "inf", "칠십", "75", "0", "", "", "22-7",
        "22:00-07:00", "duty", "json", url, "", "우리 동네 나쁨", "", "",
    ]  # fmt: skip
    made = CliRunner().invoke(rules_command, ["new"], input="\n".join(answers) + "\n")
    assert made.exit_code == 0, made.output
    assert "would have told duty" in made.output
    told = f"{made.output}{made.stderr}"
    assert told.count("a number, like 75") >= 2
    assert "whole hours from 1 to 168, like 2" in told
    assert url not in (configured / "config" / "alerts.toml").read_text("utf-8")
    assert (configured / "var" / "channels.env").stat().st_mode & 0o077 == 0
    (body,) = from_toml((configured / "pm25-gyeonggi.toml").read_text("utf-8"), "x")
    assert body["provinces"] == ["KR-11", "KR-41"]
    assert body["quiet"]["start"] == "22:00"
    assert run(["rules", "list"]) == 0
    assert "우리 동네 나쁨: tells duty" in capsys.readouterr().out
    # A json channel to this machine is refused until it is said to be private.
    assert "private = true" in f"{made.output}{made.stderr}"


def test_a_channel_that_apprise_refuses_is_told_with_its_reason(configured: Path) -> None:
    answers = ["", "", "", "", "", "", "talk", "kakaotalk", "kakaotalk://no/!!", "", *[""] * 9]
    made = CliRunner().invoke(rules_command, ["new"], input="\n".join(answers) + "\n")
    assert "accept this kakaotalk:// URL: An invalid KakaoTalk" in f"{made.output}{made.stderr}"
    assert not (configured / "var" / "channels.env").exists()
    before = (SHIPPED / "alerts.toml").read_text("utf-8")
    assert before == (configured / "config" / "alerts.toml").read_text("utf-8")


def test_a_rule_on_a_zone_and_where_the_page_is(configured: Path) -> None:
    """경기 중부권 is a zone of fine dust and of ozone, 경기 도심권 of nothing; ftp is no page."""
    (configured / "config" / "aq.toml").write_text("[server]\nport = 9000\n", "utf-8")
    answers = [
        "경기 도심권", "경기 중부권", "no2", "pm25", "", "", "", "", "talk", "json",
        "json://localhost/in", "", "", "n", "", "ftp://a", "https://air.example.org/",
    ]  # fmt: skip
    made = CliRunner().invoke(rules_command, ["new"], input="\n".join(answers) + "\n")
    assert made.exit_code == 0, f"{made.output}{made.stderr}"
    assert "경기 중부권 is no zone of no2" in f"{made.output}{made.stderr}"
    (body,) = from_toml((configured / "pm25.toml").read_text("utf-8"), "x")
    assert (body["over"], body["zones"], body["provinces"]) == ("zone", ["경기 중부권"], [])
    assert body["name"] == "경기 중부권 초미세먼지 75"
    settings = load()
    assert settings.server.public_url == "https://air.example.org"
    assert settings.server.port == 9000
