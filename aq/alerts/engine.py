"""Judges the hours that are new, late or revised by every rule, and writes states, log and outbox.

All of it is one transaction of conditional writes, so that it does not matter which instance does
it, nor how often. What is written follows from the hours alone: the last days are judged anew each
time from a settled state, and where that gives another past than the log has, the log's entries are
retracted, the new ones recorded, and a correction is sent where people were told otherwise. Hours
written further back are judged anew a month at a time, a transaction each.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from aq.alerts import Decision, Mute, Phase, Point, Reason, State, replay_family
from aq.alerts.events import event_row
from aq.alerts.official_engine import relay_acts
from aq.alerts.outbox import Outgoing, put_messages
from aq.alerts.points import Points, Reader
from aq.alerts.reconcile import (
    LOOK_BACK_HOURS,
    Account,
    Backlog,
    Desk,
    Place,
    Redo,
    Standing,
    begin_anew,
    deciding_stations,
    redo_of,
)
from aq.alerts.rules import Saved, holds, last_rule, saved_rules
from aq.domain.clock import floor_hour, from_hour_number, hour_number
from aq.domain.errors import StoreError
from aq.domain.provinces import BY_CODE
from aq.store import Store
from aq.store import alerts as rows
from aq.store.engine import state_of
from aq.store.reads import station_names

# Hours newer than this may still come late or be revised, and are judged anew every time.
SETTLE_HOURS = 72
# An hour without data is missing once others have it or this long after its end.
GRACE_HOURS = 2
# Old hours that were written are judged anew in pieces of this length.
PIECE_HOURS = 31 * 24
TRIES = 8
Family = tuple[str, ...]


@dataclass(slots=True)
class WatchReport:
    """What a pass did: hours judged by place, events written, taken back, messages queued.

    `left` are families of rules for which old hours are still to be judged.
    """

    judged: int = 0
    events: int = 0
    retracted: int = 0
    messages: int = 0
    left: tuple[Family, ...] = ()
    ok: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {
            "judged": self.judged,
            "events": self.events,
            "retracted": self.retracted,
            "messages": self.messages,
        }

    def add(self, other: "WatchReport") -> None:
        """Count what another pass did."""
        self.judged += other.judged
        self.events += other.events
        self.retracted += other.retracted
        self.messages += other.messages
        self.left = other.left


def watch(store: Store, reader: Reader, now: datetime | None = None) -> WatchReport:
    """Bring every rule up to date; hours that came since the last time are judged as of their own.

    What stands now comes first; then old hours that were written, a piece at a time, each in a
    transaction of its own. Stopped anywhere, the next call goes on from there. Raises `StoreError`
    when other instances keep getting in between.
    """
    moment = now or store.clock.now()
    report = _tried(store, reader, moment, None)
    waiting = list(report.left)
    while waiting:
        one = _tried(store, reader, moment, waiting[0])
        report.add(one)
        if waiting[0] not in one.left:
            waiting.pop(0)
    return report


def _tried(store: Store, reader: Reader, moment: datetime, family: Family | None) -> WatchReport:
    for _ in range(TRIES):
        try:
            with store.book() as connection:
                return _Pass(connection, reader, moment, family).run()
        except (rows.ConflictError, IntegrityError):
            continue
    raise StoreError("other instances are judging the same hours; try again", permanent=False)


class _Pass:
    """One pass within one transaction: all rules as they stand now, or `old` hours of a family."""

    def __init__(
        self, connection: Connection, reader: Reader, now: datetime, old: Family | None
    ) -> None:
        self.connection, self.reader, self.now, self.old = connection, reader, now, old
        self.version, _ = state_of(connection)
        self.backlog = Backlog(connection, self.version)
        self.present = hour_number(floor_hour(now))
        self.report = WatchReport()
        self.left: list[Family] = []
        self.events: list[dict[str, Any]] = []
        self.outgoing: list[Outgoing] = []

    def run(self) -> WatchReport:
        known = {one.rule.id: one for one in saved_rules(self.connection)}
        enabled = [one for one in known.values() if one.rule.enabled]
        saved = [one for one in enabled if one.rule.kind != "official"]
        states = rows.states(self.connection)
        families: dict[Family, list[Saved]] = {}
        for one in saved:
            families.setdefault(one.rule.family, []).append(one)
        standings: list[Standing] = []
        for key, family in families.items():
            if self.old is None or key == self.old:
                groups = self._groups(family, states)
                standings += self._judge(family, groups)
                if any(one.redo is not None for group in groups for one in group):
                    self.left.append(key)
        self._reconcile(sorted(standings, key=lambda one: one.key))
        if self.old is None:
            self._relay([one for one in enabled if one.rule.kind == "official"], states)
            self._withdraw(known, states)
        self.report.left = tuple(self.left)
        # Each event's row names the message it went into.
        self.report.messages = put_messages(self.connection, self.outgoing, self.now)
        rows.add_events(self.connection, self.events)
        self.report.events = len(self.events)
        return self.report

    def _relay(self, official: Sequence[Saved], states: Mapping[Place, Any]) -> None:
        for one in official:
            told = relay_acts(self.connection, one, states, self.now)
            self.events += told.events
            self.outgoing += told.outgoing
            self.report.retracted += told.retracted

    def _withdraw(self, known: Mapping[str, Saved], states: Mapping[Place, Any]) -> None:
        watched = {
            (one.rule.id, place)
            for one in known.values()
            if one.rule.enabled
            for place in self.reader.places(one.rule)
        }
        left = [row for key, row in states.items() if key not in watched]
        events, outgoing = withdraw(self.connection, left, known, self.now)
        self.events += events
        self.outgoing += outgoing

    def _groups(self, family: Sequence[Saved], states: Mapping[Place, Any]) -> list[list[Standing]]:
        """A family's rules by place, each with where it is to be judged from."""
        groups: list[list[Standing]] = []
        for place in dict.fromkeys(p for one in family for p in self.reader.places(one.rule)):
            group = [
                self._prepare(one, place, states.get((one.rule.id, place)))
                for one in family
                if place in self.reader.places(one.rule)
            ]
            if self.old is None:
                self.backlog.find([one for one in group if not one.fresh])
            groups.append(group)
        return groups

    def _judge(self, family: Sequence[Saved], groups: Sequence[list[Standing]]) -> list[Standing]:
        """All places, from where each is settled to the newest hour; or the old hours left."""
        if self.old is not None:
            groups = [[one for one in group if one.redo is not None] for group in groups]
            groups = [group for group in groups if group]
            far = [group for group in groups if not _near(group)]
            if far:
                return self._replay_old(far)
        for group in groups:
            if _near(group):
                begin_anew(group)
        return self._replay_all(family, groups)

    def _prepare(self, saved: Saved, place: str, row: Any) -> Standing:
        """Where to judge from: the settled state, or for a new rule some hours back."""
        late = saved.rule.kind == "data_late"
        if row is None or row.revision != saved.revision:
            back = 1 if late else max(LOOK_BACK_HOURS, saved.rule.for_hours)
            start = State(hour=min(saved.since, self.present) - back)
            silent = min(saved.since, self.present)
            number = rows.last_number(self.connection, saved.rule.id, place) if row is None else 0
            return Standing(
                saved=saved, place=place, row=row, start=start, fresh=True, silent=silent,
                seen=self.version, number=number,
            )  # fmt: skip
        said = json.loads(row.said)
        start = State.from_dict(json.loads(row.body if late else row.settled))
        redo = Redo.from_dict(said["redo"]) if said.get("redo") else None
        return Standing(
            saved=saved, place=place, row=row, start=start, redo=redo, seen=int(said["seen"]),
            kept=start.hour,
        )  # fmt: skip

    def _points(self, standings: Sequence[Standing], after: int, until: int) -> Points:
        """Points of all places of a family, which watches the same thing everywhere."""
        found: Points = {}
        for rule in {one.rule.id: one.rule for one in standings}.values():
            if set(self.reader.places(rule)) - set(found):
                found |= self.reader.points(self.connection, rule, after, until)
        return found

    def _replay_all(
        self, family: Sequence[Saved], groups: Sequence[list[Standing]]
    ) -> list[Standing]:
        """Each place to its newest hour."""
        every = [one for group in groups for one in group]
        if not every:
            return []
        points = self._points(every, min(one.start.hour for one in every), self.present)
        for group in groups:
            here = points.get(group[0].place, {})
            until = max([self._frontier(family[0], here), *(_reached(one) for one in group)])
            self._replay(group, here, until)
        return [one for one in every if one.state is not None]

    def _frontier(self, saved: Saved, points: Mapping[int, Point]) -> int:
        """The newest hour that can be judged in a place: what has no data yet may be on its way."""
        if saved.rule.kind == "data_late":
            return self.present
        newest = max(points, default=0)
        return max(min(newest, self.present), self.present - GRACE_HOURS)

    def _replay(self, group: list[Standing], points: Mapping[int, Point], until: int) -> None:
        """A family in one place: new rules to where they begin, all to where they are settled,
        then to the newest hour. A new rule does not change what the others said before it came."""
        if not group:
            return
        for one in group:
            one.until, one.state = until, one.start
        mutes = {one.rule.id: self._mutes(one) for one in group}
        fresh = [one for one in group if one.fresh]
        if fresh:
            began = min(until, max(one.silent for one in fresh))
            self._advance(group, fresh, points, mutes, began)
            for one in fresh:
                one.silent, one.settled = began, one.state
        settling = [max(until - SETTLE_HOURS, one.kept) for one in group]
        for end in sorted({*settling, until}):
            self._advance(group, group, points, mutes, end)
            for one, hour in zip(group, settling, strict=True):
                one.settled = one.state if one.settled is None and hour <= end else one.settled
        for one in group:
            silenced = any(mute.since <= until < mute.until for mute in mutes[one.rule.id])
            one.outranked = not silenced and any(
                other.rule.rank > one.rule.rank and other.state is not None and other.state.firing
                for other in group
            )
            one.hushed = silenced or one.outranked
        self.report.judged += sum(until - one.start.hour for one in group)

    @staticmethod
    def _advance(
        group: Sequence[Standing],
        whom: Sequence[Standing],
        points: Mapping[int, Point],
        mutes: Mapping[str, Sequence[Mute]],
        end: int,
    ) -> None:
        """Judge a group together up to an hour, and take that on for some of it."""
        states = [(one.rule, one.state or one.start) for one in group]
        replayed = replay_family(states, points, mutes, end)
        for one in whom:
            found, one.state = replayed[one.rule.id]
            one.decisions += found

    def _replay_old(self, groups: Sequence[list[Standing]]) -> list[Standing]:
        """The oldest piece that is left, in every place that has it."""
        begin = min(redo_of(group[0]).state.hour for group in groups)
        end = begin + PIECE_HOURS
        points = self._points([one for group in groups for one in group], begin, end)
        out: list[Standing] = []
        for group in groups:
            if max(redo_of(one).state.hour for one in group) >= end:
                continue
            for one in group:
                one.start = one.state = redo_of(one).state
                one.piece, one.until, one.changed = True, end, redo_of(one).first
            mutes = {one.rule.id: self._mutes(one) for one in group}
            self._advance(group, group, points.get(group[0].place, {}), mutes, end)
            self.report.judged += sum(end - one.start.hour for one in group)
            self.backlog.leave(group, end)
            out += group
        return out

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
            if holds(row, standing.rule, province.id if province else None)
        ]

    def _reconcile(self, standings: Sequence[Standing]) -> None:
        """Set what was judged against what stands in the log, and write the difference."""
        if not standings:
            return
        first = min(one.start.hour for one in standings)
        last = max(one.until for one in standings)
        logged: dict[Place, list[Any]] = {}
        for row in rows.standing_events(self.connection, first, last):
            logged.setdefault((row.rule, row.place), []).append(row)
        desk = Desk(
            present=self.present,
            now=self.now,
            stations=station_names(self.connection, deciding_stations(standings)),
        )
        gone: list[str] = []
        for one in standings:
            account = Account(desk, one, logged.get(one.key, [])).settle()
            self._write(one, account)
            self.events += account.events
            gone += account.gone
            self.outgoing += account.outgoing
        rows.retract(self.connection, gone, self.now)
        self.report.retracted = len(gone)

    def _write(self, one: Standing, account: Account) -> None:
        """Where a rule stands now; a piece of old hours leaves that as it is."""
        before = one.row
        redo = one.redo.as_dict() if one.redo is not None else None
        said = {"told": account.told, "unknown": account.doubtful, "seen": one.seen, "redo": redo}
        values = {
            "rule": one.rule.id,
            "place": one.place,
            "revision": one.saved.revision,
            "last_event": account.last,
            "said": rows.dumps(said),
            "seq": account.number,
            "updated_at": self.now,
        }
        if not one.piece:
            state = one.state or one.start
            values |= {
                "phase": str(state.phase),
                "hour": state.hour,
                "since": state.since,
                "body": rows.dumps(state.as_dict()),
                "settled": rows.dumps((one.settled or state).as_dict()),
            }
        if before is not None and not account.events and not account.gone and _same(before, values):
            return
        expected = before.version if before is not None else None
        rows.put_state(self.connection, values, expected=expected)


def _near(group: Sequence[Standing]) -> bool:
    """Whether the old hours of a place that are left go in one piece with the newest ones."""
    old = [one for one in group if one.redo is not None]
    return bool(old) and all(
        max(one.start.hour for one in old) - redo_of(one).state.hour <= PIECE_HOURS for one in old
    )


def _reached(standing: Standing) -> int:
    """The hour a rule was judged to before; a value withdrawn does not turn that back."""
    return 0 if standing.fresh else int(standing.row.hour)


def _hour_from(moment: datetime) -> int:
    """The first hour number whose end is not before a moment."""
    floor = floor_hour(moment)
    return hour_number(floor) + (floor < moment)


def _same(before: Any, values: Mapping[str, Any]) -> bool:
    names = ("revision", "hour", "body", "settled", "said")
    return all(getattr(before, name) == values[name] for name in names if name in values)


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
