"""A store of version 0.1, updated: nothing is told twice and nothing is forgotten.

The rows are made by us as 0.1 wrote them (aq/alerts/engine.py and official_engine.py of 0.1.0).
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from aq.alerts.engine import watch
from aq.alerts.silences import silences
from aq.alerts.status import log, standing
from aq.domain.clock import Clock, from_hour_number, kst_iso
from aq.store import Store, open_store
from aq.store.engine import _alembic, migrate
from aq.store.notices import put_advisories
from tests.alerts.test_engine import READER, SEOUL, H, at, messages, put
from tests.alerts.test_evaluate import BODY
from tests.alerts.test_official_rules import act

LAST_OF_0_1 = "0008_feed_span"
BUSAN, DAEGU = 8, 6
MICRO = 1_000_000
NOW = from_hour_number(H) + timedelta(minutes=25)


def state_of_0_1(**changes: Any) -> dict[str, Any]:
    found = {
        "hour": H, "phase": "firing", "under": "clear", "over": 4, "below": 0, "since": H - 3,
        "fired": H - 2, "value": 1700, "peak": 1700, "told": 1, "told_at": H - 2, "hushed": False,
        "lower": 0,
    }  # fmt: skip
    return found | changes


def write(store: Store, table: str, **values: Any) -> None:
    with store.book() as connection:
        names = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f":{name}" for name in values)
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)  # noqa: S608


def alert_of_0_1(
    store: Store, rule: str, code: str, number: int, state: dict[str, Any], said: dict[str, Any]
) -> None:
    """An alert that is on: its state, and the entry of the log that says it began."""
    moment = int(NOW.timestamp()) * MICRO
    event = f"{rule}.{code}.1"
    told = said.get("told")
    detail = {
        "name": "PM10", "rule_kind": "air", "pollutant": "pm10", "watch": "value",
        "standard": None, "over": "mean", "threshold": 150.0, "clear_below": 100.0, "for": 2,
        "unit": "µg/m³", "note": "", "muted_by": None, "back": False, "station": None,
        "ended": None,
    }  # fmt: skip
    write(
        store, "alert_event", id=event, rule=rule, revision=1, place=code, province=number,
        hour=H - 2, decided_at=moment, reason="first" if told else "muted", change="first",
        kind="live", severity=2, before="pending", after="firing", value=170.0, peak=170.0,
        since=H - 3, message="m1" if told else None, detail=json.dumps(detail),
    )  # fmt: skip
    write(
        store, "alert_state", rule=rule, place=code, version=3, revision=1, phase=state["phase"],
        hour=H, since=state["since"], last_event=event, body=json.dumps(state),
        settled=json.dumps(state), said=json.dumps(said), seq=1, updated_at=moment,
    )  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Store:
    """A store as 0.1 left it: on in 서울 and told, on in 부산 and silenced, over in 대구 unsaid."""
    store = open_store(f"sqlite:///{tmp_path / 'old.db'}", Clock(NOW))
    with store.book() as connection:
        command.upgrade(_alembic(connection), LAST_OF_0_1)
        connection.execute(sa.text("INSERT INTO state (id, version) VALUES (1, 0)"))
    body = {**BODY, "channels": ["journal"], "severity": "warning", "repeat_hours": 12}
    moment = int((NOW - timedelta(hours=60)).timestamp()) * MICRO
    write(
        store, "alert_rule", id=BODY["id"], name=BODY["name"], body=json.dumps(body), revision=1,
        enabled=True, since=H - 60, changed_at=moment,
    )  # fmt: skip
    told = {"told": 1, "unknown": False, "seen": 0, "redo": None}
    alert_of_0_1(store, str(BODY["id"]), "KR-11", SEOUL, state_of_0_1(), told)
    unsaid = state_of_0_1(told=None, told_at=None, hushed=True)
    alert_of_0_1(store, str(BODY["id"]), "KR-26", BUSAN, unsaid, {**told, "told": None})
    alert_of_0_1(store, str(BODY["id"]), "KR-27", DAEGU, state_of_0_1(), told)
    until = int((NOW + timedelta(hours=2)).timestamp()) * MICRO
    write(
        store, "silence", province=BUSAN, since=moment, until=until, why="훈련", who="kim",
        created_at=moment,
    )  # fmt: skip
    write(
        store, "acknowledgement", event=f"{BODY['id']}.KR-11.1", who="lee", at=moment, note="봤음"
    )
    yield store
    store.close()


def dust(store: Store, hour: int, daegu: float) -> None:
    put(store, hour, {SEOUL: 170, BUSAN: 170, DAEGU: daegu})


def test_nothing_is_told_twice_and_nothing_forgotten(old: Store) -> None:
    migrate(old)
    for back in range(3, -1, -1):
        dust(old, H - back, 170)
    assert watch(at(old, H), READER).events == 0
    # 대구 ends, which it was told of; 부산 is told when its silence is over; 서울 goes on.
    for step in range(1, 4):
        dust(old, H + step, 60)
        watch(at(old, H + step), READER)
    sent = [(e["province"], e["change"]) for one in messages(old) for e in one["events"]]
    assert sent == [("대구", "resolved"), ("부산", "first")]
    seen = {one["province"]: one["acknowledged"] for one in standing(at(old, H + 3))}
    assert seen["서울"]["who"] == "lee"
    assert [one["why"] for one in silences(old)] == ["훈련"]
    assert f"{BODY['id']}.KR-11.1" in {one["id"] for one in log(old)}
    # Twelve hours after it was found on.
    for step in range(4, 13):
        dust(old, H + step, 60)
        watch(at(old, H + step), READER)
    sent = [(e["province"], e["change"]) for one in messages(old) for e in one["events"]]
    assert sent[2:] == [("서울", "repeat")]


def test_acts_that_were_told_are_not_told_again(old: Store) -> None:
    moment = int(NOW.timestamp()) * MICRO
    issued = from_hour_number(H - 1)
    body = {"id": "official", "name": "특보", "kind": "official", "pollutant": "pm25",
            "channels": ["journal"]}  # fmt: skip
    write(
        old, "alert_rule", id="official", name="특보", body=json.dumps(body), revision=1,
        enabled=True, since=H - 60, changed_at=moment,
    )  # fmt: skip
    listed = {"act": "issued", "at": kst_iso(issued), "level": 1, "label": "주의보",
              "district": "경기", "zone": "남부권"}  # fmt: skip
    said = {"pollutant": "pm25", "since": kst_iso(issued), "first": 1, "told": {"경기/남부권": 1},
            "seen": 0, "in_force": [listed]}  # fmt: skip
    alert_of_0_1(old, "official", "KR-41", 2, state_of_0_1(), said)
    migrate(old)

    with at(old, H).write("notices") as txn:
        put_advisories(txn, [act(-1, None)])
    assert watch(at(old, H), READER).messages == 0
    with at(old, H).write("notices") as txn:
        put_advisories(txn, [act(-1, 1)])
    watch(at(old, H + 1), READER)
    sent = [(e["rule"], e["change"]) for one in messages(old) for e in one["events"]]
    assert ("official", "resolved") in sent
