"""`rules`, and the back-test against the live engine, transition for transition."""

import json
from pathlib import Path

import pytest

from aq.__main__ import run
from aq.alerts.rules import from_toml


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AQ_DATABASE_URL", f"sqlite:///{tmp_path / 'aq.db'}")
    return tmp_path


def test_shipped_rules_round_trip(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "dump"]) == 0
    text = capsys.readouterr().out
    assert len(from_toml(text, "dump")) == 11
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
