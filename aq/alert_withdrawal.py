"""Alerts that end because nobody watches: the rule is off, gone, or watches elsewhere."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from aq.alert_events import event_row
from aq.alerting import Saved, last_rule
from aq.alerts import Decision, Phase, Point, Reason, State
from aq.messages import Outgoing
from aq.store import alerting as rows

Found = tuple[list[dict[str, Any]], list[Outgoing]]


def withdraw(
    connection: Connection, left: Sequence[Any], saved: Mapping[str, Saved], now: datetime
) -> Found:
    """Take back where rules stand in places they do not watch; (events, what is to be sent).

    Each alert that was on is put on record as ended by its rule, and those who were told of it are
    told so, once: the state that says it was on is cleared in the same transaction.

    Parameters
    ----------
    left : states of rules that are off or gone, or of places that a rule no longer watches
    saved : all rules there are, by id
    """
    events: list[dict[str, Any]] = []
    outgoing: list[Outgoing] = []
    for row in left:
        state, said = State.from_dict(json.loads(row.body)), json.loads(row.said)
        told = bool(said.get("told"))
        if state.phase == Phase.CLEAR and not told and not said.get("redo"):
            continue
        values = _cleared(row, state, said, now)
        if state.firing or told:
            known = saved.get(row.rule)
            one = known or last_rule(connection, row.rule)
            ended = "removed" if known is None else "changed" if known.rule.enabled else "off"
            values["seq"] = row.seq + 1
            event = event_row(
                one.rule,
                one.revision,
                row.place,
                _end(state),
                number=row.seq + 1,
                kind="withdrawn",
                now=now,
                ended=ended,
            )
            values["last_event"] = event["id"]
            events.append(event)
            outgoing += [Outgoing(row=event, rule=one.rule, held=False)] if told else []
        rows.put_state(connection, values, expected=row.version)
    return events, outgoing


def _end(state: State) -> Decision:
    return Decision(
        hour=state.hour,
        reason=Reason.RESOLVED,
        change=Reason.RESOLVED,
        before=state.phase,
        state=State(hour=state.hour),
        point=Point(state.value),
        since=state.since,
        peak=state.peak,
    )


def _cleared(row: Any, state: State, said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    clear = rows.dumps(State(hour=state.hour).as_dict())
    return {
        "rule": row.rule,
        "place": row.place,
        "phase": str(Phase.CLEAR),
        "since": None,
        "body": clear,
        "settled": clear,
        # An official rule's begins anew.
        "said": rows.dumps(
            {} if "pollutant" in said else {**said, "told": None, "unknown": False, "redo": None}
        ),
        "updated_at": now,
    }
