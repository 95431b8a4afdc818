"""notification: who was told what, from what was kept of it per rule and place"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011_notifications"
down_revision = "0010_answer_keys"

HOUR = 3_600_000_000  # [µs]


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    notification = op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=32), nullable=False),
        sa.Column("zone", sa.String(length=80), server_default="", nullable=False),
        sa.Column("receiver", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("unknown", sa.Boolean(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("moment", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=True),
        sa.Column("message", sa.String(length=64), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("event", "receiver", "zone", name="uq_notification_event"),
    )
    op.create_index(
        "ix_notification_last",
        "notification",
        ["rule", "place", "zone", "receiver", "id"],
        unique=False,
    )
    connection = op.get_bind()
    states = connection.execute(
        sa.text(
            "SELECT s.rule, s.place, s.revision, s.hour, s.body, s.said, s.last_event,"
            " s.updated_at, r.body AS rule_body"
            " FROM alert_state s LEFT JOIN alert_rule r ON r.id = s.rule"
        )
    ).all()
    told = [row for state in states for row in _told(state)]
    if told:
        connection.execute(sa.insert(notification), told)
    for state in states:
        # The state to begin from was made by other rules: it is made anew from the hours.
        connection.execute(
            sa.text("UPDATE alert_state SET said = :said WHERE rule = :rule AND place = :place"),
            {
                "said": json.dumps({**json.loads(state.said), "seen": -1}, ensure_ascii=False),
                "rule": state.rule,
                "place": state.place,
            },
        )


def _told(state: Any) -> Iterator[dict[str, Any]]:
    """What the public record and each channel of a rule knew of a place."""
    rule = json.loads(state.rule_body) if state.rule_body else {}
    body, said = json.loads(state.body), json.loads(state.said)
    if "pollutant" in said:
        yield from _told_acts(state, said, rule.get("channels", []))
        return
    told = said.get("told")
    level = told or (body["value"] if rule.get("watch") == "grade" and body["value"] else 1)
    common = {"hour": state.hour, "moment": state.hour * HOUR, "since": body["since"]}
    if body["fired"] is not None:
        unknown = body["phase"] == "unknown"
        yield _row(state, "", level=level, unknown=unknown, **common)
    for channel in rule.get("channels", []) if told is not None else ():
        yield _row(state, channel, level=told, unknown=said.get("unknown", False), **common)


def _told_acts(state: Any, said: dict[str, Any], channels: list[str]) -> Iterator[dict[str, Any]]:
    acts = {f"{act['district']}/{act['zone']}": act for act in said.get("in_force", [])}
    for name in {**acts, **said.get("told", {})}:
        act = acts.get(name)
        moment = int(datetime.fromisoformat(act["at"]).timestamp()) * 1_000_000 if act else None
        at = moment if moment is not None else state.updated_at
        common = {
            "zone": f"{said['pollutant']}/{name}",
            "hour": at // HOUR,
            "moment": at,
            "since": json.loads(state.body)["since"],
        }
        if act:
            yield _row(state, "", level=act["level"], **common)
        for channel in channels if name in said.get("told", {}) else ():
            yield _row(state, channel, level=said["told"][name], **common)


def _row(state: Any, receiver: str, *, unknown: bool = False, **told: Any) -> dict[str, Any]:
    return {
        "rule": state.rule,
        "place": state.place,
        "zone": "",
        "receiver": receiver,
        "event": state.last_event or f"{state.rule}.{state.place}.0",
        "revision": state.revision,
        "reason": "first",
        "unknown": unknown,
        "message": None,
        "at": state.updated_at,
        **told,
    }
