"""One rule in one place: what was judged, set against what is on record and what people were told.

The difference is what is written: new entries of the log, entries taken back, and messages.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from aq.alerts import Decision, Phase, Point, Reason, Rule, State
from aq.alerts.decide import SPOKEN
from aq.alerts.events import event_row
from aq.alerts.outbox import Outgoing
from aq.alerts.rule import LONGEST_HOURS
from aq.alerts.rules import Saved
from aq.store import alerts as rows
from aq.store.reads import changed_hours

# What happened longer ago is no news: it is recorded and not sent.
FRESH_HOURS = 6
Place = tuple[str, str]  # rule, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Redo:
    """Old hours to judge anew: from which state on, and the span of hours written since."""

    state: State
    first: int
    last: int

    def as_dict(self) -> dict[str, Any]:
        """JSON's types."""
        return {"state": self.state.as_dict(), "first": self.first, "last": self.last}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Redo":
        """Inverse of `as_dict`."""
        return cls(state=State.from_dict(data["state"]), first=data["first"], last=data["last"])


@dataclass(slots=True, kw_only=True)
class Standing:
    """A rule in a place while it is judged: from which state on, to which hour, what came out.

    Attributes
    ----------
    row : of the store; None for a rule that never judged there
    fresh : the rule is new, or was changed since it last judged
    silent : up to this hour a fresh rule only looks at what is on
    number : of its last event, where there is no row
    hushed : a silence or a more severe alert mutes it in the newest hour
    outranked : no silence does, but a more severe alert
    kept : the hour it was settled at before
    changed : the first settled hour that was written since
    redo : old hours that are left for later
    seen : all that was written up to this store version is judged or in `redo`
    piece : only old hours are judged, which changes nothing of what stands now
    """

    saved: Saved
    place: str
    row: Any
    start: State
    fresh: bool = False
    silent: int = 0
    changed: int | None = None
    number: int = 0
    hushed: bool = False
    outranked: bool = False
    kept: int = 0
    redo: Redo | None = None
    seen: int = 0
    piece: bool = False
    until: int = 0
    decisions: list[Decision] = field(default_factory=list)
    state: State | None = None
    settled: State | None = None

    @property
    def key(self) -> Place:
        """Rule and place."""
        return self.saved.rule.id, self.place

    @property
    def rule(self) -> Rule:
        """The rule alone."""
        return self.saved.rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an account is written with: the newest hour, the moment, names of stations by id."""

    present: int
    now: datetime
    stations: Mapping[int, str]


class Account:
    """Writes the difference between what was judged and what stands; `settle` does it."""

    def __init__(self, desk: Desk, standing: Standing, logged: Sequence[Any]) -> None:
        self.desk, self.one, self.rule = desk, standing, standing.rule
        self.revision = standing.saved.revision
        here = [
            row
            for row in logged
            if row.revision == self.revision and standing.start.hour < row.hour <= standing.until
        ]
        self.logged = {(row.hour, row.change, row.before, row.after): row for row in here}
        row = standing.row
        said = json.loads(row.said) if row is not None else {}
        told = said.get("told")
        self.told: int | None = told if isinstance(told, int) else None
        self.doubtful: bool = said.get("unknown", False)
        self.number: int = row.seq if row is not None else standing.number
        self.last: str | None = row.last_event if row is not None else None
        self.events: list[dict[str, Any]] = []
        self.gone: list[str] = []
        self.outgoing: list[Outgoing] = []

    def settle(self) -> "Account":
        """Record what is new, retract what did not happen, say what people must know."""
        judged = {one.key for one in self.one.decisions}
        stale = [row for key, row in self.logged.items() if key not in judged]
        self.gone = [row.id for row in stale]
        new = self._new(self.one.decisions)
        # How things stand now; a past that comes to be known before it is no news.
        speaking = [one for one in self.one.decisions if speaks(one)]
        last = speaking[-1] if speaking else None
        for decision in new:
            self._record(decision, last=decision is last)
        if not self.one.piece:
            state = self.one.state or self.one.start
            self._set_right(state, min((row.hour for row in stale), default=state.hour))
        return self

    def _new(self, decisions: Sequence[Decision]) -> list[Decision]:
        """What is to be recorded: a rule begins with what is on, not with a past it was not there
        for; of that only hours written later are recorded."""
        one, since = self.one, self.one.saved.since
        past = [each for each in decisions if each.hour <= one.silent]
        new = [each for each in decisions if each.hour > one.silent]
        began = next((each for each in reversed(past) if speaks(each)), None)
        if past and began is not None and past[-1].state.firing:
            new = [began, *new]
        elif not one.fresh:
            first = one.changed if one.changed is not None else since + 1
            new = [each for each in new if each.hour > since or each.hour >= first]
        return [each for each in new if each.key not in self.logged]

    def _record(self, decision: Decision, *, last: bool) -> None:
        """Write an event; send it when it is news, or is old but how things stand now."""
        fresh = decision.hour >= self.desk.present - FRESH_HOURS
        told, doubtful = decision.state.told, decision.change == Reason.UNKNOWN
        news = told != self.told or doubtful != self.doubtful
        again = fresh and decision.change == Reason.REPEAT
        current = fresh or (last and self.one.until >= self.desk.present - FRESH_HOURS)
        send = not self.one.piece and speaks(decision) and current and (news or again)
        send = send and (told is not None or self.told is not None)
        self._add(decision, "live" if fresh else "catch_up" if send else "backfill", send=send)
        over = decision.reason == Reason.MUTED and not decision.state.firing
        if send or (over and not self.one.piece):
            self.told, self.doubtful = told, doubtful and told is not None

    def _set_right(self, state: State, hour: int) -> None:
        """Say what is so where the last thing people were told is no longer true."""
        if not state.firing:
            if self.told is not None and not self.one.hushed:
                changed = self.one.fresh and self.one.row is not None
                kind = "withdrawn" if changed else "correction"
                self._say(state, Reason.RESOLVED, hour, kind)
            self.told, self.doubtful = None, False
            return
        unknown = state.phase == Phase.UNKNOWN
        if state.told is None and self.one.outranked:
            # The more severe alert is on after all, and speaks for both until this one is told.
            self.told, self.doubtful = None, False
        if state.told is None or self.one.hushed:
            return
        if self.told is None:
            self._say(state, Reason.FIRST, state.hour, "correction")
        elif self.told != state.told:
            change = Reason.WORSE if state.told > self.told else Reason.BETTER
            self._say(state, change, state.hour, "correction")
        elif self.doubtful != unknown:
            change = Reason.UNKNOWN if unknown else Reason.REPEAT
            self._say(state, change, state.hour, "correction")

    def _say(self, state: State, change: Reason, hour: int, kind: str) -> None:
        decision = Decision(
            hour=hour,
            reason=change,
            change=change,
            before=Phase.FIRING,
            state=state,
            point=Point(state.value),
            since=state.since,
            peak=state.peak,
        )
        ended = "changed" if kind == "withdrawn" else None
        self._add(decision, kind, send=True, ended=ended)
        self.told, self.doubtful = state.told, state.phase == Phase.UNKNOWN

    def _add(self, decision: Decision, kind: str, *, send: bool, ended: str | None = None) -> None:
        self.number += 1
        row = event_row(
            self.rule,
            self.revision,
            self.one.place,
            decision,
            number=self.number,
            kind=kind,
            now=self.desk.now,
            station=self.desk.stations.get(decision.point.station or 0),
            ended=ended,
        )
        self.events.append(row)
        if kind != "backfill":
            self.last = row["id"]
        if send:
            held = decision.reason == Reason.HELD
            self.outgoing.append(Outgoing(row=row, rule=self.rule, held=held))


def speaks(decision: Decision) -> bool:
    """Whether people are told of a decision: something was on, and nothing mutes it."""
    pending = decision.change == Reason.UNKNOWN and not decision.state.firing
    return decision.change in SPOKEN and decision.reason != Reason.MUTED and not pending


def deciding_stations(standings: Collection[Standing]) -> set[int]:
    """Ids of the stations that decided anything of what was judged."""
    return {
        each.point.station
        for one in standings
        for each in one.decisions
        if each.point.station is not None
    }


# How far a new rule looks back to see what is going on.
LOOK_BACK_HOURS = 48


class Backlog:
    """Finds the old hours of a place, as of one store version; says when none are left."""

    def __init__(self, connection: Connection, version: int) -> None:
        self.connection, self.version = connection, version
        self._changed: dict[tuple[int, int], tuple[int, int] | None] = {}

    def find(self, group: Sequence[Standing]) -> None:
        """Where settled hours of a place were written since, begin before them: all rules of a
        family at once, from an hour at which nothing was on."""
        if not group or group[0].rule.kind == "data_late":
            return
        spans = [self._written(one.seen, one.start.hour) for one in group]
        found = [span for span in spans if span is not None]
        if found:
            self._begin_before(group, found)
        for one in group:
            one.seen = self.version

    def _begin_before(self, group: Sequence[Standing], found: list[tuple[int, int]]) -> None:
        before = [one.redo for one in group if one.redo is not None]
        first = min([span[0] for span in found] + [one.first for one in before])
        last = max([span[1] for span in found] + [one.last for one in before])
        hour = min([first - 1] + [one.state.hour for one in before])
        while True:
            clear = min(self._last_clear(one, hour) for one in group)
            if clear == hour:
                break
            hour = clear
        for one in group:
            one.redo = Redo(state=State(hour=hour), first=first, last=last)

    def _last_clear(self, one: Standing, hour: int) -> int:
        """The newest hour up to `hour` at which a rule had nothing on in a place."""
        began = one.saved.since - max(LOOK_BACK_HOURS, one.rule.for_hours)
        found = rows.last_clear(self.connection, one.rule.id, one.place, one.saved.revision, hour)
        # Of the hours just before a rule came, only what was on then stands in the log.
        if found == rows.NEVER:
            return min(hour, began)
        if found is None:
            whole = hour <= began or hour > one.saved.since + LONGEST_HOURS
            return hour if whole else began
        return found

    def _written(self, seen: int, settled: int) -> tuple[int, int] | None:
        """The settled hours written since a store version: a file, a filled gap, a revision."""
        if (seen, settled) not in self._changed:
            none = seen >= self.version
            self._changed[seen, settled] = (
                None if none else changed_hours(self.connection, seen, settled)
            )
        return self._changed[seen, settled]

    def leave(self, group: Sequence[Standing], end: int) -> None:
        """What remains of old hours after a piece: nothing where all is as it was before."""
        same = all(
            end >= redo_of(one).last
            and one.state is not None
            and one.state.phase == Phase.CLEAR
            and self._last_clear(one, end) == end
            for one in group
        )
        for one in group:
            state = one.state or one.start
            one.redo = None if same else replace(redo_of(one), state=state)


def begin_anew(group: Sequence[Standing]) -> None:
    """Judge what is left of old hours together with the newest ones."""
    for one in group:
        if one.redo is not None:
            one.start, one.changed, one.redo = one.redo.state, one.redo.first, None


def redo_of(one: Standing) -> Redo:
    """The old hours a rule has left in a place; raises ``ValueError`` for none."""
    if one.redo is None:
        raise ValueError("no old hours are left")
    return one.redo
