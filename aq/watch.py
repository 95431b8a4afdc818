"""Judges the hours that are new, late or revised by every rule, and writes states, log and outbox.

All of it is one transaction of conditional writes, so that it does not matter which instance does
it, nor how often. What is written follows from the hours alone: the last days are judged anew each
time from a settled state, and where that gives another past than the log has, the log's entries are
retracted, the new ones recorded, and a correction is sent where people were told otherwise.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from aq.alert_events import event_row
from aq.alert_points import Points, Reader
from aq.alerting import Saved, holds, saved_rules
from aq.alerts import Decision, Mute, Phase, Point, Reason, State, replay_family
from aq.alerts.decide import SPOKEN
from aq.clock import floor_hour, from_hour_number, hour_number
from aq.errors import StoreError
from aq.messages import Outgoing, put_messages
from aq.regions import BY_CODE
from aq.relay import relay_acts
from aq.store import Store
from aq.store import alerting as rows
from aq.store.alert_hours import first_changed
from aq.store.alerting import ConflictError
from aq.store.engine import state_of

# Hours newer than this may still come late or be revised, and are judged anew every time.
SETTLE_HOURS = 72
# An hour without data is missing once others have it or this long after its end.
GRACE_HOURS = 2
# What happened longer ago is no news: it is recorded and not sent.
FRESH_HOURS = 6
# How far a new rule looks back to see what is going on.
LOOK_BACK_HOURS = 48
TRIES = 8
Place = tuple[str, str]  # rule, place


@dataclass(slots=True)
class WatchReport:
    """What a pass did: hours judged by place, events written, taken back, messages queued."""

    judged: int = 0
    events: int = 0
    retracted: int = 0
    messages: int = 0
    ok: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {
            "judged": self.judged,
            "events": self.events,
            "retracted": self.retracted,
            "messages": self.messages,
        }


@dataclass(slots=True)
class Standing:
    """A rule in a place while it is judged: from which state on, to which hour, what came out."""

    saved: Saved
    place: str
    row: Any
    start: State
    until: int
    fresh_rule: bool = False  # new, or changed since it last judged
    decisions: list[Decision] = field(default_factory=list)
    state: State | None = None
    settled: State | None = None

    @property
    def key(self) -> Place:
        """Rule and place."""
        return self.saved.rule.id, self.place


def watch(store: Store, reader: Reader, now: datetime | None = None) -> WatchReport:
    """Bring every rule up to date; hours that came since the last time are judged as of their own.

    Raises `StoreError` when other instances keep getting in between.
    """
    moment = now or store.clock.now()
    for _ in range(TRIES):
        try:
            with store.book() as connection:
                return _Pass(connection, reader, moment).run()
        except (ConflictError, IntegrityError):
            continue
    raise StoreError("other instances are judging the same hours; try again", permanent=False)


class _Pass:
    """One pass within one transaction."""

    def __init__(self, connection: Connection, reader: Reader, now: datetime) -> None:
        self.connection, self.reader, self.now = connection, reader, now
        self.version, _ = state_of(connection)
        self.changed: dict[tuple[int, int], int | None] = {}
        self.present = hour_number(floor_hour(now))
        self.report = WatchReport()
        self.outgoing: list[Outgoing] = []
        self.events: list[dict[str, Any]] = []

    def run(self) -> WatchReport:
        enabled = [one for one in saved_rules(self.connection) if one.rule.enabled]
        saved = [one for one in enabled if one.rule.kind != "official"]
        states = rows.states(self.connection)
        families: dict[tuple[str, ...], list[Saved]] = {}
        for one in saved:
            families.setdefault(one.rule.family, []).append(one)
        standings: list[Standing] = []
        for family in families.values():
            standings += self._judge(family, states)
        self._reconcile(sorted(standings, key=lambda one: one.key))
        for one in enabled:
            if one.rule.kind == "official":
                told = relay_acts(self.connection, one, states, self.now)
                self.events += told.events
                self.outgoing += told.outgoing
                self.report.retracted += told.retracted
        self.report.messages = put_messages(self.connection, self.outgoing, self.now)
        # After the messages, as each event names the one it went into.
        rows.add_events(self.connection, self.events)
        self.report.events = len(self.events)
        return self.report

    def _judge(self, family: Sequence[Saved], states: Mapping[Place, Any]) -> list[Standing]:
        """All rules of a family in all places, from where each is settled to the newest hour."""
        prepared = [
            self._prepare(one, place, states.get((one.rule.id, place)))
            for one in family
            for place in self.reader.places(one.rule)
        ]
        if not prepared:
            return []
        points = self._points(family, min(one.start.hour for one in prepared))
        by_place: dict[str, list[Standing]] = {}
        for standing in prepared:
            by_place.setdefault(standing.place, []).append(standing)
        for place, group in by_place.items():
            here = points.get(place, {})
            until = max([self._frontier(family[0], here), *(_reached(one) for one in group)])
            self._replay([one for one in group if one.start.hour < until], here, until)
        return [one for one in prepared if one.state is not None]

    def _points(self, family: Sequence[Saved], after: int) -> Points:
        """Points of all places of a family, which watches the same thing everywhere."""
        found: Points = {}
        for one in family:
            if set(self.reader.places(one.rule)) - set(found):
                found |= self.reader.points(self.connection, one.rule, after, self.present)
        return found

    def _prepare(self, saved: Saved, place: str, row: Any) -> Standing:
        """Where to judge from: the settled state, or for a new rule some hours back."""
        late = saved.rule.kind == "data_late"
        if row is None or row.revision != saved.revision:
            back = 1 if late else LOOK_BACK_HOURS
            start = State(hour=self.present - back)
            return Standing(saved, place, row, start, self.present, fresh_rule=True)
        start = State.from_dict(json.loads(row.body if late else row.settled))
        touched = None if late else self._touched(int(json.loads(row.said)["seen"]), start.hour)
        if touched is not None:
            hour = rows.last_clear(
                self.connection, saved.rule.id, place, saved.revision, touched - 1
            )
            start = State(hour=hour)
        return Standing(saved, place, row, start, self.present)

    def _touched(self, seen: int, settled: int) -> int | None:
        """The first settled hour written since a store version: a file or a filled gap."""
        if (seen, settled) not in self.changed:
            none = seen >= self.version
            self.changed[seen, settled] = (
                None if none else first_changed(self.connection, seen, settled)
            )
        return self.changed[seen, settled]

    def _frontier(self, saved: Saved, points: Mapping[int, Point]) -> int:
        """The newest hour that can be judged in a place: what has no data yet may be on its way."""
        if saved.rule.kind == "data_late":
            return self.present
        newest = max(points, default=0)
        return max(min(newest, self.present), self.present - GRACE_HOURS)

    def _replay(self, group: list[Standing], points: Mapping[int, Point], until: int) -> None:
        """A family in one place, first to where it is settled, then to the newest hour."""
        if not group:
            return
        mutes = {one.saved.rule.id: self._mutes(one) for one in group}
        middle = max(until - SETTLE_HOURS, min(one.start.hour for one in group))
        states = [(one.saved.rule, one.start) for one in group]
        for end in (middle, until):
            replayed = replay_family(states, points, mutes, end)
            for one in group:
                found, state = replayed[one.saved.rule.id]
                one.decisions += found
                one.state = state
                one.settled = state if end == middle else one.settled
            states = [(one.saved.rule, replayed[one.saved.rule.id][1]) for one in group]
        for one in group:
            one.until = until
            self.report.judged += until - one.start.hour

    def _mutes(self, standing: Standing) -> list[Mute]:
        province = BY_CODE.get(standing.place)
        after = from_hour_number(standing.start.hour)
        return [
            Mute(
                id=str(row.id),
                since=hour_number(floor_hour(row.since)),
                until=_hour_from(row.until if row.ended_at is None else row.ended_at),
            )
            for row in rows.silences_since(self.connection, after)
            if holds(row, standing.saved.rule, province.id if province else None)
        ]

    def _reconcile(self, standings: Sequence[Standing]) -> None:
        """Set what was judged against what stands in the log, and write the difference."""
        if not standings:
            return
        first, last = min(one.start.hour for one in standings), self.present
        logged: dict[Place, list[Any]] = {}
        for row in rows.standing_events(self.connection, first, last):
            logged.setdefault((row.rule, row.place), []).append(row)
        gone: list[str] = []
        for one in standings:
            written = _Account(self, one, logged.get(one.key, [])).settle()
            self.events += written.events
            gone += written.gone
        rows.retract(self.connection, gone, self.now)
        self.report.retracted = len(gone)


def _reached(standing: Standing) -> int:
    """The hour a rule was judged to before; a value withdrawn does not turn that back."""
    return 0 if standing.fresh_rule else int(standing.row.hour)


def _hour_from(moment: datetime) -> int:
    """The first hour number whose end is not before a moment."""
    floor = floor_hour(moment)
    return hour_number(floor) + (floor < moment)


class _Account:
    """One rule in one place: what was judged against what is on record and what people know."""

    def __init__(self, of: _Pass, standing: Standing, logged: Sequence[Any]) -> None:
        self.of, self.one = of, standing
        self.rule, self.revision = standing.saved.rule, standing.saved.revision
        here = [
            row
            for row in logged
            if row.revision == self.revision and standing.start.hour < row.hour <= standing.until
        ]
        self.logged = {(row.hour, row.change, row.before, row.after): row for row in here}
        said = json.loads(standing.row.said) if standing.row is not None else {}
        self.told: int | None = said.get("told")
        self.doubtful: bool = said.get("unknown", False)
        self.number: int = standing.row.seq if standing.row is not None else 0
        self.events: list[dict[str, Any]] = []
        self.gone: list[str] = []
        self.last: str | None = standing.row.last_event if standing.row is not None else None

    def settle(self) -> "_Account":
        """Record what is new, retract what did not happen, say what people must know."""
        decisions = self.one.decisions
        judged = {one.key for one in decisions}
        stale = [row for key, row in self.logged.items() if key not in judged]
        self.gone = [row.id for row in stale]
        new = [one for one in decisions if one.key not in self.logged]
        speaking = [one for one in new if self._speaks(one)]
        last = speaking[-1] if speaking else None
        state = self.one.state or self.one.start
        if self.one.fresh_rule:
            # A new rule begins with what is on now, not with a past it was not there for.
            new = [one for one in new if one is last and state.firing]
        for decision in new:
            self._record(decision, last=decision is last)
        if self.told is not None and not state.firing:
            self._correct(min((row.hour for row in stale), default=state.hour), state)
        self._write(state)
        return self

    def _speaks(self, decision: Decision) -> bool:
        pending = decision.change == Reason.UNKNOWN and not decision.state.firing
        return decision.change in SPOKEN and decision.reason != Reason.MUTED and not pending

    def _record(self, decision: Decision, *, last: bool) -> None:
        """Write an event; send it when it is news, or is old but how things stand now."""
        fresh = decision.hour >= self.of.present - FRESH_HOURS
        told, doubtful = decision.state.told, decision.change == Reason.UNKNOWN
        news = told != self.told or doubtful != self.doubtful
        again = fresh and decision.change == Reason.REPEAT
        current = fresh or (last and self.one.until >= self.of.present - FRESH_HOURS)
        send = self._speaks(decision) and current and (news or again)
        send = send and (told is not None or self.told is not None)
        kind = "live" if fresh else "catch_up" if send else "backfill"
        self._add(decision, kind, send=send)
        over = decision.reason == Reason.MUTED and not decision.state.firing
        if send or over:
            self.told, self.doubtful = told, doubtful and told is not None

    def _correct(self, hour: int, state: State) -> None:
        """People were told of an alert that, by what is known now, is none."""
        decision = Decision(
            hour=hour,
            reason=Reason.RESOLVED,
            change=Reason.RESOLVED,
            before=Phase.FIRING,
            state=state,
            point=Point(state.value),
        )
        self._add(decision, "correction", send=True)
        self.told, self.doubtful = None, False

    def _add(self, decision: Decision, kind: str, *, send: bool) -> None:
        self.number += 1
        row = event_row(
            self.rule,
            self.revision,
            self.one.place,
            decision,
            number=self.number,
            kind=kind,
            now=self.of.now,
        )
        self.events.append(row)
        self.last = row["id"]
        if send:
            self.of.outgoing.append(
                Outgoing(row=row, rule=self.rule, held=decision.reason == Reason.HELD)
            )

    def _write(self, state: State) -> None:
        one = self.one
        before = one.row
        settled = one.settled or state
        said = {"told": self.told, "unknown": self.doubtful, "seen": self.of.version}
        values = {
            "rule": self.rule.id,
            "place": one.place,
            "revision": self.revision,
            "phase": str(state.phase),
            "hour": state.hour,
            "since": state.since,
            "last_event": self.last,
            "body": rows.dumps(state.as_dict()),
            "settled": rows.dumps(settled.as_dict()),
            "said": rows.dumps(said),
            "seq": self.number,
            "updated_at": self.of.now,
        }
        if before is not None and not self.events and not self.gone and _same(before, values):
            return
        expected = before.version if before is not None else None
        if not rows.put_state(self.of.connection, values, expected=expected):
            raise ConflictError


def _same(before: Any, values: Mapping[str, Any]) -> bool:
    names = ("revision", "hour", "body", "settled", "said")
    return all(getattr(before, name) == values[name] for name in names)
