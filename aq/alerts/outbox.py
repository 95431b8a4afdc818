"""Events that are to be sent, as messages in the outbox: one per hour, channel and language."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from aq.alerts import SEVERITIES, Rule
from aq.alerts.events import event_dict
from aq.domain.clock import from_hour_number, kst_iso
from aq.store import alerts as rows
from aq.store.engine import state_of
from aq.store.outbox import FAILED, HELD, QUEUED, SENDING, SENT, counts, messages, resend

__all__ = [
    "FAILED",
    "HELD",
    "QUEUED",
    "SENDING",
    "SENT",
    "Outgoing",
    "counts",
    "messages",
    "put_messages",
    "resend",
]

# (hour or None for a digest, channel, language, held until)
Group = tuple[int | None, str, str, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An event's row with the rule that says where it goes; `held`: it was quiet at its hour."""

    row: dict[str, Any]
    rule: Rule
    held: bool


def put_messages(connection: Connection, outgoing: Sequence[Outgoing], now: datetime) -> int:
    """Write messages and name in each event's row the one it went into; how many were written.

    What fires in one hour is one message, the most severe first; a digest gathers what quiet hours
    held back until their end.
    """
    groups: dict[Group, list[dict[str, Any]]] = {}
    for one in outgoing:
        until = _held_until(one, now)
        digest = (
            until is not None and one.rule.quiet is not None and one.rule.quiet.then == "digest"
        )
        for channel in one.rule.channels:
            hour = None if digest else one.row["hour"]
            groups.setdefault((hour, channel, one.rule.language, until), []).append(one.row)
    _, simulated = state_of(connection)
    made = []
    for group, events in sorted(groups.items(), key=lambda item: str(item[0])):
        events.sort(key=_order)
        message = _message_id(group, events)
        for event in events:
            event["message"] = event["message"] or message
        shown = [event_dict(event) for event in events]
        if group[0] is None and _joined(connection, group, message, shown):
            continue
        made.append(_outbox_row(group, message, shown, now, simulated=simulated))
    rows.add_messages(connection, made)
    return len(made)


def _held_until(one: Outgoing, now: datetime) -> datetime | None:
    """When a message may leave: quiet at its hour or quiet now, it waits for the end."""
    quiet = one.rule.quiet
    if quiet is None:
        return None
    loud = quiet.then == "send_above" and one.row["severity"] > SEVERITIES.index(quiet.above)
    if loud:
        return None
    then = quiet.until(from_hour_number(one.row["hour"])) if one.held else None
    return quiet.until(now) or (then if then is not None and then > now else None)


def _order(event: dict[str, Any]) -> tuple[Any, ...]:
    """The most severe first, then in page-header order, then by rule."""
    return -event["severity"], event["hour"], event["province"] or 99, event["rule"], event["id"]


def _message_id(group: Group, events: Sequence[dict[str, Any]]) -> str:
    """The same for the same events; a digest's is of its channel and the end of the quiet."""
    hour, channel, language, until = group
    parts = [event["id"] for event in events]
    if hour is None:
        parts = ["digest", channel, language, str(until)]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:32]


def _joined(
    connection: Connection, group: Group, message: str, shown: Sequence[dict[str, Any]]
) -> bool:
    """Add events to a digest that still waits."""
    waiting = rows.held_message(connection, message, group[1], group[2])
    if waiting is None:
        return False
    body = json.loads(waiting.body)
    body["events"] += shown
    return rows.set_body(connection, waiting.id, rows.dumps(body))


def _outbox_row(
    group: Group, message: str, shown: list[dict[str, Any]], now: datetime, *, simulated: bool
) -> dict[str, Any]:
    hour, channel, language, until = group
    body = {
        "id": message,
        "kind": "digest" if hour is None else "alert",
        "at": kst_iso(from_hour_number(hour)) if hour is not None else None,
        "decided_at": kst_iso(now),
        "language": language,
        "simulated": simulated,
        "events": shown,
    }
    return {
        "message": message,
        "channel": channel,
        "language": language,
        "body": rows.dumps(body),
        "state": "queued" if until is None else "held",
        "attempts": 0,
        "created_at": now,
        "not_before": until,
        "next_attempt": until or now,
    }
