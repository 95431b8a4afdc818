"""Messages of the outbox as the watch writes them, for tests of what becomes of them."""

import json
from typing import Any

from sqlalchemy import insert

from aq.store import Store
from aq.store.schema import outbox
from tests.conftest import NOW


def event(code: str = "KR-11", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"pm10-advisory.{code}.1", "rule": "pm10-advisory", "rule_name": "PM10 주의보 수준",
        "rule_kind": "air", "place": code, "code": code, "pollutant": "pm10", "watch": "value",
        "standard": None, "over": "mean", "threshold": 150.0, "clear_below": 100.0, "for": 2,
        "value": 162.5, "peak": 162.5, "unit": "µg/m³", "at": "2026-11-23T20:00:00+09:00",
        "since": "2026-11-23T19:00:00+09:00", "reason": "first", "change": "first", "kind": "live",
        "severity": "alarm", "before": "pending", "after": "firing", "stations": 24,
        "stations_expected": 25, "feed": "airkorea", "feed_kind": "observed",
        "status": "preliminary", "note": "",
        **changes,
    }  # fmt: skip


def body(number: str, *events: dict[str, Any], simulated: bool = False) -> dict[str, Any]:
    return {
        "id": number, "kind": "alert", "at": "2026-11-23T20:00:00+09:00", "language": "ko",
        "simulated": simulated, "events": list(events or [event()]),
    }  # fmt: skip


def put(store: Store, number: str, channel: str, **values: Any) -> None:
    row = {
        "message": number, "channel": channel, "language": "ko", "state": "queued",
        "body": json.dumps(body(number), ensure_ascii=False), "created_at": NOW,
        "next_attempt": NOW, **values,
    }  # fmt: skip
    with store.book() as connection:
        connection.execute(insert(outbox).values(row))
