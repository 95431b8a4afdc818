"""Hours of long ago, from a file or a filled gap: recorded, never sent, a month at a time."""

import json
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import event, insert

from aq import app
from aq.__main__ import run
from aq.alerts import engine as watching
from aq.alerts.engine import watch
from aq.alerts.rules import load_rules, log
from aq.feeds.registry import FEED_IDS
from aq.store import Store
from aq.store.schema import province_hour
from tests.alerts.test_decide import ALARM, BODY
from tests.alerts.test_engine import KNOWN, READER, SEOUL, H, at, messages, put, setup
from tests.alerts.test_properties import emptied, outcome
from tests.archive_files import HEADER, row, write_xlsx
from tests.conftest import NOW
from tests.serving import make_runtime

OLD = H - 5000


def fill(store: Store, values: Mapping[int, float]) -> None:
    """Hours of 서울 written at once, as a file is."""
    with store.write("import") as txn:
        rows = [
            {
                "province": SEOUL, "hour": hour, "feed": FEED_IDS["archive"],
                "pm10_sum": int(value * 10), "pm10_n": 1, "version": txn.version,
            }
            for hour, value in values.items()
        ]  # fmt: skip
        txn.connection.execute(insert(province_hour), rows)
        txn.touch(values)


def air(seed: int, first: int, count: int) -> dict[int, float]:
    chance, value, out = random.Random(seed), 60.0, {}
    for hour in range(first, first + count):
        value = min(420.0, max(10.0, value + chance.uniform(-50, 50)))
        if chance.random() > 0.03:
            out[hour] = value
    return out | {first + count - 1: 20.0}  # an alert without an end would still be on


def lived(store: Store, monkeypatch: pytest.MonkeyPatch, piece: int) -> tuple[object, ...]:
    """Two files of old hours, the second between the first's; an alert is on now."""
    monkeypatch.setattr(watching, "PIECE_HOURS", piece)
    setup(store)
    for step in range(3):
        put(store, H + step, {SEOUL: 170})
        watch(at(store, H + step), READER)
    sent = messages(store)
    fill(store, air(1, OLD, 300) | air(2, OLD + 600, 100))
    watch(at(store, H + 2), READER)
    fill(store, air(3, OLD + 300, 300))
    watch(at(store, H + 2), READER)
    assert messages(store) == sent
    return outcome(store)


def test_pieces_lead_where_one_piece_would_have_led(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = lived(store, monkeypatch, 10**6)
    emptied(store)
    assert lived(store, monkeypatch, 50) == whole
    old = [one for one in log(store, limit=10_000) if one["kind"] == "backfill"]
    assert len(old) > 20
    assert all(one["message"] is None for one in old)


def test_old_hours_are_judged_in_transactions_of_their_own_and_go_on_after_a_stop(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PIECE_HOURS", 100)
    setup(store, BODY, ALARM)
    fill(store, air(1, OLD, 700))

    class StoppedError(Exception):
        pass

    commits = []

    def count(_connection: object) -> None:
        commits.append(1)
        if len(commits) == 4:
            raise StoppedError

    event.listen(store.engine, "commit", count)
    with pytest.raises(StoppedError):
        watch(at(store, H), READER)
    event.remove(store.engine, "commit", count)
    begun = outcome(store)
    watch(at(store, H), READER)
    done = outcome(store)
    assert len(begun[1]) < len(done[1])
    watch(at(store, H), READER)
    assert outcome(store) == done
    emptied(store)
    setup(store, BODY, ALARM)
    fill(store, air(1, OLD, 700))
    monkeypatch.setattr(watching, "PIECE_HOURS", 10**6)
    watch(at(store, H), READER)
    assert outcome(store) == done


def test_an_imported_file_is_judged_at_once_and_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'aq.db'}"
    monkeypatch.setenv("AQ_DATABASE_URL", url)
    monkeypatch.setenv("AQ_CLOCK", NOW.isoformat())
    context = make_runtime(url)
    app.watch(context)
    given = [{**BODY, "channels": ["journal"]}]
    load_rules(context.store, given, KNOWN, "test")
    app.watch(context)
    dusty = [row(f"20241001{hour:02}", pm10=400 if hour < 9 else 20) for hour in range(3, 12)]
    write_xlsx(tmp_path / "2024_10.xlsx", {"1": [HEADER, *dusty]})
    assert run(["import", str(tmp_path / "2024_10.xlsx"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["alerts"]["events"] > 0
    found = [one for one in log(context.store) if one["rule"] == "pm10-warning"]
    assert [one["change"] for one in found] == ["resolved", "first", "pending"]
    assert {(one["kind"], one["message"]) for one in found} == {("backfill", None)}
    assert messages(context.store) == []
    assert run(["import", str(tmp_path / "2024_10.xlsx")]) == 0
    assert len([one for one in log(context.store) if one["rule"] == "pm10-warning"]) == 3
    context.store.close()
