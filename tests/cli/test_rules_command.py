"""`rules`, and the back-test against the live engine, transition for transition."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from aq.__main__ import run
from aq.alerts.backtest import backtest
from aq.alerts.engine import watch
from aq.alerts.rules import from_toml, rules
from aq.domain.clock import from_hour_number
from aq.store import Store
from aq.store.schema import alert_event
from tests.alerts.test_engine import EPISODE, READER, H, at, everywhere, put, setup


def test_back_test_is_the_live_engine(store: Store) -> None:
    setup(store)
    values = [*EPISODE, 160, 170, None, 180, 20, 150]
    for step, value in enumerate(values):
        if value is not None:
            put(store, H + step, everywhere(value))
        watch(at(store, H + step), READER)
    found = [one.rule for one in rules(store)]
    for one in found:
        since, until = from_hour_number(H - 30), from_hour_number(H + len(values) - 1)
        trial = backtest(store, READER, one, since, until, found)
        tried = [(p, d.key, d.reason) for p, ds in trial.decisions.items() for d in ds]
        with store.read() as connection:
            query = select(alert_event).where(
                alert_event.c.rule == one.id, alert_event.c.retracted_at.is_(None)
            )
            live = [
                (r.place, (r.hour, r.change, r.before, r.after), r.reason)
                for r in connection.execute(query)
            ]
        assert sorted(tried) == sorted(live)
        assert tried


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
