"""Groups what is to be told into messages of the outbox: one a pass, receiver and language."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aq.alerts.log import event_dict
from aq.alerts.rule import SEVERITIES, Rule
from aq.domain.clock import kst_iso
from aq.store import Connection
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
    "held_until",
    "messages",
    "put_messages",
    "resend",
]

# (whether it is a digest, channel, language, held until)
Group = tuple[bool, str, str, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An entry of the log (its row) on its way to one channel."""

    row: dict[str, Any]
    rule: Rule
    channel: str


def held_until(rule: Rule, severity: int, now: datetime) -> datetime | None:
    """When quiet hours let a message of a severity leave; None where it may leave now."""
    quiet = rule.quiet
    if quiet is None:
        return None
    loud = quiet.then == "send_above" and severity > SEVERITIES.index(quiet.above)
    return None if loud else quiet.until(now)


def put_messages(
    connection: Connection, outgoing: Sequence[Outgoing], now: datetime
) -> dict[tuple[str, str], str]:
    """Write messages; gives the id of the message each (entry, channel) went into.

    What is told at once is one message, the most severe first; a digest gathers what quiet hours
    held back until their end.
    """
    groups: dict[Group, list[dict[str, Any]]] = {}
    for one in outgoing:
        until = held_until(one.rule, one.row["severity"], now)
        quiet = one.rule.quiet
        digest = until is not None and quiet is not None and quiet.then == "digest"
        key = (digest, one.channel, one.rule.language, until)
        groups.setdefault(key, []).append(one.row)
    _, simulated = state_of(connection)
    made = []
    went: dict[tuple[str, str], str] = {}
    for group, events in sorted(groups.items(), key=lambda item: str(item[0])):
        events.sort(key=_order)
        waiting = rows.held_digest(connection, *group[1:3], group[3]) if group[0] else None
        message = waiting.message if waiting is not None else _message_id(events, digest=group[0])
        went |= {(event["id"], group[1]): message for event in events}
        shown = [event_dict({**event, "message": message}) for event in events]
        if waiting is not None and _joined(connection, waiting, shown):
            continue
        made.append(_outbox_row(group, message, shown, now, simulated=simulated))
    rows.add_messages(connection, made)
    return went


def _order(event: dict[str, Any]) -> tuple[Any, ...]:
    """The most severe first, then in page-header order, then by rule."""
    return -event["severity"], event["hour"], event["province"] or 99, event["rule"], event["id"]


def _message_id(events: Sequence[dict[str, Any]], *, digest: bool) -> str:
    """The same for the same entries, whoever writes them."""
    parts = "\n".join(sorted(event["id"] for event in events))
    made = hashlib.sha256(parts.encode()).hexdigest()[:32]
    return f"{rows.DIGEST}{made}" if digest else made


def _joined(connection: Connection, waiting: Any, shown: Sequence[dict[str, Any]]) -> bool:
    """Add entries to a digest that still waits."""
    body = json.loads(waiting.body)
    body["events"] += shown
    return rows.set_body(connection, waiting.id, rows.dumps(body))


def _outbox_row(
    group: Group, message: str, shown: list[dict[str, Any]], now: datetime, *, simulated: bool
) -> dict[str, Any]:
    digest, channel, language, until = group
    newest = max(event["at"] for event in shown)
    body = {
        "id": message,
        "kind": "digest" if digest else "alert",
        "at": None if digest else newest,
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
