"""Hours of long ago, from a file or a filled gap: evaluated as if they had been there, no news."""

import json
import random
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from aq import app
from aq.__main__ import run
from aq.alerts.backtest import backtest
from aq.alerts.engine import watch
from aq.alerts.rules import load_rules, rules
from aq.alerts.status import log
from aq.domain.clock import KST
from aq.feeds.registry import FEED_IDS
from aq.store import Store
from aq.store.schema import province_hour
from tests.alerts.test_engine import KNOWN, READER, SEOUL, H, at, messages, put
from tests.alerts.test_evaluate import ALARM, BODY
from tests.alerts.test_properties import emptied, stands
from tests.archive_files import HEADER, row, write_xlsx
from tests.conftest import NOW
from tests.serving import make_runtime

OLD = H - 5000


def fill(store: Store, values: Mapping[int, float]) -> None:
    """Hours of 서울 written at once, as a file is."""
    with store.write("import") as txn:
        written = [
            {
                "province": SEOUL, "hour": hour, "feed": FEED_IDS["archive"],
                "pm10_sum": int(value * 10), "pm10_n": 1, "version": txn.version,
            }
            for hour, value in values.items()
        ]  # fmt: skip
        txn.connection.execute(insert(province_hour), written)
        txn.touch(values)


def air(seed: int, first: int, count: int) -> dict[int, float]:
    chance, value, out = random.Random(seed), 60.0, {}
    for hour in range(first, first + count):
        value = min(420.0, max(10.0, value + chance.uniform(-50, 50)))
        if chance.random() > 0.03:
            out[hour] = value
    return out | {first + count - 1: 20.0}  # an alert without an end would still be on


def begun(store: Store) -> None:
    """Rules that stand since before the old hours; an alert is on now."""
    given = [{**body, "channels": ["journal"]} for body in (BODY, ALARM)]
    load_rules(at(store, OLD), given, KNOWN, "test")
    watch(at(store, OLD), READER)
    for step in range(3):
        put(store, H + step, {SEOUL: 170})
        watch(at(store, H + step), READER)


def test_a_checkpoint_is_dropped_when_anything_older_is_written(store: Store) -> None:
    begun(store)
    sent = messages(store)
    # The run of dust reaches back over hours that came after it was told.
    gap = dict.fromkeys(range(H - 200, H), 160.0)
    fill(store, air(1, OLD, 300) | gap)
    assert watch(at(store, H + 2), READER).events == 0
    assert messages(store) == sent
    after = stands(store)
    assert after["pm10-warning", "KR-11"]["since"] == H - 200
    emptied(store)
    given = [{**body, "channels": ["journal"]} for body in (BODY, ALARM)]
    load_rules(at(store, OLD), given, KNOWN, "test")
    fill(store, air(1, OLD, 300) | gap)
    for step in range(3):
        put(store, H + step, {SEOUL: 170})
    watch(at(store, H + 2), READER)
    assert stands(store) == after


def test_a_checkpoint_spares_the_replay_and_changes_nothing(store: Store) -> None:
    begun(store)
    short = watch(at(store, H + 2), READER).judged
    fill(store, {OLD + 1: 20.0})
    assert watch(at(store, H + 2), READER).judged > 20 * short
    assert watch(at(store, H + 2), READER).judged == short


def test_an_imported_file_of_long_ago_is_no_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'aq.db'}"
    monkeypatch.setenv("AQ_DATABASE_URL", url)
    monkeypatch.setenv("AQ_CLOCK", NOW.isoformat())
    context = make_runtime(url)
    load_rules(context.store, [{**BODY, "channels": ["journal"]}], KNOWN, "test")
    app.watch(context)
    dusty = [row(f"20241001{hour:02}", pm10=400 if hour < 9 else 20) for hour in range(3, 12)]
    write_xlsx(tmp_path / "2024_10.xlsx", {"1": [HEADER, *dusty]})
    assert run(["import", str(tmp_path / "2024_10.xlsx"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["alerts"]["events"] == 0
    assert messages(context.store) == log(context.store) == []
    since, until = (datetime(2024, 10, day, tzinfo=KST) for day in (1, 2))
    trial = backtest(context.store, READER, rules(context.store)[0].rule, since, until)
    changes = [str(one.reason) for one in trial.courses["KR-30"].transitions]
    assert changes == ["pending", "first", "resolved"]
    context.store.close()
