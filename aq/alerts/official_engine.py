"""Sets the authority's acts against the log: each act that a rule watches is recorded once, and
told once unless it is old. What is written follows from the advisories alone, whoever writes it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from aq.alerts import Decision, Mute, Reason, Relayed, act_key, relay
from aq.alerts.events import act_dict, event_row
from aq.alerts.outbox import Outgoing
from aq.alerts.rules import Saved, holds
from aq.domain.advisories import Act, Zone, zone_of
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst_iso, parse_instant
from aq.domain.provinces import BY_CODE, district_provinces
from aq.store import alerts as rows
from aq.store import notices as official

# Acts newer than this are judged anew every time; older ones when an advisory was written since.
SETTLE_HOURS = 72
# What was done longer ago is no news: it is recorded and not sent, unless it is how things stand.
FRESH_HOURS = 6
# Advisories read beside those in question, so that a zone's story is whole.
CONTEXT = timedelta(days=30)


@dataclass(slots=True)
class Told:
    """What is to be written in the log for a rule and sent; how many entries were taken back."""

    events: list[dict[str, Any]] = field(default_factory=list)
    retracted: int = 0
    outgoing: list[Outgoing] = field(default_factory=list)


def relay_acts(
    connection: Connection, saved: Saved, states: Mapping[tuple[str, str], Any], now: datetime
) -> Told:
    """Bring a rule of kind `official` up to date in all its provinces.

    Raises `ConflictError` when another instance wrote first.
    """
    rule, told = saved.rule, Told()
    present, seen = hour_number(floor_hour(now)), official.newest_version(connection)
    places = {code: _standing(states.get((rule.id, code)), saved) for code in rule.places}
    after = min(
        [
            present - SETTLE_HOURS,
            *(_touched(connection, one) for one in places.values() if one.said),
        ]
    )
    advisories = official.advisories(connection, from_hour_number(after) - CONTEXT, now)
    logged = rows.standing_events(connection, after, present)
    for code, one in places.items():
        province = BY_CODE[code]
        here = [row for row in advisories if province in district_provinces(row.district)]
        silences = rows.silences_since(connection, one.since)
        judged = relay(rule, here, _mutes(saved, silences, province.id), one.since, now)
        number = one.row.seq if one.row else rows.last_number(connection, rule.id, code)
        account = _Account(saved, one, code, judged, now, number)
        account.settle(logged, after)
        rows.retract(connection, account.gone, now)
        account.write(connection, seen)
        told.events += account.events
        told.retracted += len(account.gone)
        told.outgoing += account.outgoing
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Where a rule stands in a province: from when on, and from which of its revisions on, it has
    watched this pollutant there; a change of its channels or hours of rest begins nothing anew."""

    row: Any
    said: Mapping[str, Any]
    since: datetime
    first: int


def _standing(row: Any, saved: Saved) -> _Standing:
    said = json.loads(row.said) if row is not None else {}
    if said.get("pollutant") != saved.rule.pollutant:
        return _Standing(row=row, said={}, since=saved.changed_at, first=saved.revision)
    return _Standing(row=row, said=said, since=parse_instant(said["since"]), first=said["first"])


def _touched(connection: Connection, one: _Standing) -> int:
    """The hour before the earliest issue that was written since a place was last judged."""
    changed = official.first_issued_since(connection, int(one.said["seen"]))
    return hour_number(floor_hour(changed or one.row.updated_at)) - 1


def _mutes(saved: Saved, silences: Sequence[Any], province: int) -> list[Mute]:
    return [
        Mute(
            id=str(row.id),
            since=hour_number(floor_hour(row.since)),
            until=hour_number(floor_hour(end)) + (floor_hour(end) < end),
        )
        for row in silences
        if holds(row, saved.rule, province)
        for end in (row.until if row.ended_at is None else row.ended_at,)
    ]


def _name(zone: Zone) -> str:
    return "/".join(zone[1:])


class _Account:
    """One rule in one province: its acts against what is on record and what people know."""

    def __init__(
        self,
        saved: Saved,
        standing: _Standing,
        place: str,
        judged: Relayed,
        now: datetime,
        number: int,
    ) -> None:
        self.saved, self.standing, self.place = saved, standing, place
        self.judged, self.now, self.number = judged, now, number
        self.present = hour_number(floor_hour(now))
        self.told: dict[str, int] = dict(standing.said.get("told", {}))
        self.last: str | None = standing.row.last_event if standing.row is not None else None
        self.events: list[dict[str, Any]] = []
        self.outgoing: list[Outgoing] = []
        self.gone: list[str] = []

    def settle(self, logged: Sequence[Any], after: int) -> None:
        """Record what is new, retract what did not happen, say what people must know."""
        mine = {
            _logged_key(row): row.id
            for row in logged
            if (row.rule, row.place) == (self.saved.rule.id, self.place)
            and row.revision >= self.standing.first
        }
        begins = not self.standing.said
        decisions = {_key(one): one for one in self.judged.decisions if begins or one.hour > after}
        self.gone = [name for key, name in mine.items() if key not in decisions]
        newest = {zone_of(one.act.advisory): one for one in self.judged.decisions if one.act}
        for key, one in decisions.items():
            if key not in mine and one.act is not None:
                self._record(one, one.act, last=newest[zone_of(one.act.advisory)] is one)
        for zone, act in self.judged.last.items():
            if self.told.get(_name(zone), 0) != self.judged.told.get(zone, 0):
                self._correct(zone, act)

    def _record(self, one: Decision, act: Act, *, last: bool) -> None:
        """Write an event; send it when it is news, or is old but how things stand now."""
        name = _name(zone_of(act.advisory))
        fresh = one.hour >= self.present - FRESH_HOURS
        news = act.level != self.told.get(name, 0)
        send = one.reason != Reason.MUTED and (fresh or last) and news
        self._add(one, "live" if fresh else "catch_up" if send else "backfill", send=send)
        if send or (one.reason == Reason.MUTED and not act.level):
            self._know(name, act.level)

    def _know(self, name: str, level: int) -> None:
        self.told.pop(name, None)
        if level:
            self.told[name] = level

    def _correct(self, zone: Zone, act: Act) -> None:
        """People know another level of a zone than holds by what is known now."""
        known, level = self.told.get(_name(zone), 0), self.judged.told.get(zone, 0)
        change = Reason.RESOLVED if not level else Reason.WORSE if level > known else Reason.BETTER
        one = next(one for one in reversed(self.judged.decisions) if one.act == act)
        corrected = replace(one, reason=change, change=change, muted_by=None)
        self._add(corrected, "correction", send=True)
        self._know(_name(zone), level)

    def _add(self, one: Decision, kind: str, *, send: bool) -> None:
        self.number += 1
        rule = self.saved.rule
        row = event_row(
            rule,
            self.saved.revision,
            self.place,
            one,
            number=self.number,
            kind=kind,
            now=self.now,
        )
        self.events.append(row)
        self.last = row["id"]
        if send:
            self.outgoing.append(Outgoing(row=row, rule=rule, held=one.reason == Reason.HELD))

    def write(self, connection: Connection, seen: int) -> None:
        """Write where the rule stands; raises `ConflictError` when another instance did before."""
        state, before, rule = self.judged.state, self.standing.row, self.saved.rule
        in_force = [act_dict(act) for act in self.judged.last.values() if act.level]
        in_force.sort(key=lambda one: (-one["level"], one["at"], one["zone"]))
        values = {
            "rule": rule.id,
            "place": self.place,
            "revision": self.saved.revision,
            "phase": str(state.phase),
            "hour": state.hour,
            "since": state.since,
            "last_event": self.last,
            "body": rows.dumps(state.as_dict()),
            "settled": rows.dumps(state.as_dict()),
            "said": rows.dumps(
                {
                    "pollutant": rule.pollutant,
                    "since": kst_iso(self.standing.since),
                    "first": self.standing.first,
                    "told": self.told,
                    "seen": seen,
                    "in_force": in_force,
                }
            ),
            "seq": self.number,
            "updated_at": self.now,
        }
        names = ("revision", "body", "said", "seq")
        if before is not None and all(getattr(before, name) == values[name] for name in names):
            return
        expected = before.version if before is not None else None
        rows.put_state(connection, values, expected=expected)


def _key(one: Decision) -> tuple[Any, ...]:
    """`act_key` in the log's own types."""
    hour, change, kind, at, level, _pollutant, district, zone = act_key(one)
    return hour, change, kind, kst_iso(at), level, district, zone


def _logged_key(row: Any) -> tuple[Any, ...]:
    act = json.loads(row.detail)["official"]
    names = ("act", "at", "level", "district", "zone")
    return row.hour, row.change, *(act[name] for name in names)
