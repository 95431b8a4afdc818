"""A pass: what the hours say is evaluated, set against what people were told, and what is due is
written to the log and the outbox.

All of it is one transaction of conditional writes, so that it does not matter which instance does
it, nor how often. Of what follows from the hours nothing decides but the hours themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from aq.alerts.checkpoint import Checkpoints, settled
from aq.alerts.log import number_of
from aq.alerts.notify import Notifications, Standing
from aq.alerts.official import (
    TOLD_FOR,
    ZoneState,
    act_dict,
    act_point,
    dust_name,
    place_state,
    zones,
)
from aq.alerts.outbox import put_messages
from aq.alerts.places import WATCHDOG
from aq.alerts.points import Reader
from aq.alerts.rule import Rule
from aq.alerts.rules import Saved, last_rule, saved_rules
from aq.alerts.state import MISSING, Course, Phase, Point, State
from aq.domain.clock import floor_hour, from_hour_number, hour_number
from aq.domain.errors import StoreError
from aq.domain.model import Advisory
from aq.domain.provinces import BY_CODE, district_provinces, provinces_named
from aq.store import Connection, IntegrityError, Store
from aq.store import alerts as rows
from aq.store.engine import state_of
from aq.store.notices import advisories
from aq.store.reads import station_names
from aq.store.yellow_dust import areas_at_first, yellow_dust_acts

# An hour without data is missing once others have it or this long after its end.
GRACE_HOURS = 2
# Advisories that were over longer ago say nothing of what stands now.
ADVISORY_AGE = timedelta(days=30)
TRIES = 8
Place = tuple[str, str]  # rule, place


@dataclass(slots=True)
class WatchReport:
    """What a pass did: hours evaluated by place, entries of the log, corrections among them,
    messages queued."""

    judged: int = 0
    events: int = 0
    retracted: int = 0
    messages: int = 0
    ok: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {name: value for name, value in asdict(self).items() if name != "ok"}


def watch(store: Store, reader: Reader, now: datetime | None = None) -> WatchReport:
    """Bring every receiver up to date with how every rule stands.

    Raises `StoreError` when other instances keep getting in between.
    """
    moment = now or store.clock.now()
    for _ in range(TRIES):
        try:
            with store.book() as connection:
                return _Pass(connection, reader, moment).run()
        except (rows.ConflictError, IntegrityError):
            continue
    raise StoreError("other instances are judging the same hours; try again", permanent=False)


class _Pass:
    """One pass within one transaction."""

    def __init__(self, connection: Connection, reader: Reader, now: datetime) -> None:
        self.connection, self.reader, self.now = connection, reader, now
        self.version, _ = state_of(connection)
        self.present = hour_number(floor_hour(now))
        self.states = rows.states(connection)
        self.checkpoints = Checkpoints(connection, self.version, self.present)
        self.notifications = Notifications(
            rows.last_notifications(connection),
            rows.silences(connection, after=now),
            self._number,
            now,
            self.present,
        )
        self.written: dict[Place, dict[str, Any]] = {}
        self.report = WatchReport()

    def run(self) -> WatchReport:
        known = {saved.rule.id: saved for saved in saved_rules(self.connection)}
        enabled = [saved for saved in known.values() if saved.rule.enabled]
        groups: list[list[Standing]] = []
        families: dict[tuple[str, ...], list[Saved]] = {}
        for saved in enabled:
            if saved.rule.one_shot:
                groups += self._yellow_dust(saved)
            elif saved.rule.kind == "official":
                groups += self._official(saved)
            elif saved.rule.kind == "watchdog":
                groups.append([self._watchdog(saved)])
            else:
                families.setdefault(saved.rule.family, []).append(saved)
        for family in families.values():
            groups += self._measured(family)
        groups += self._withdrawn(known, {each.key for group in groups for each in group})
        self.notifications.stations = station_names(self.connection, _stations(groups))
        for group in sorted(groups, key=lambda group: group[0].key):
            self.notifications.tell(group)
        self._write()
        return self.report

    def _number(self, rule: str, place: str) -> int:
        """How many entries of the log a rule has in a place."""
        row = self.states.get((rule, place))
        return int(row.seq) if row else rows.last_number(self.connection, rule, place)

    def _places(self, rule: Rule) -> tuple[str, ...]:
        return self.reader.places(rule, self.present - 1, self.present)

    def _measured(self, family: Sequence[Saved]) -> Iterator[list[Standing]]:
        """The rules of a family in each place, evaluated to its newest hour."""
        starts = {
            (saved.rule.id, place): self.checkpoints.start(
                saved, self.states.get((saved.rule.id, place))
            )
            for saved in family
            for place in self._places(saved.rule)
        }
        if not starts:
            return
        # A clock that was set back does not unsay the hours judged before.
        judged = [row.hour for key in starts if (row := self.states.get(key)) is not None]
        newest = max([self.present, *judged])
        first = min(state.hour for state in starts.values())
        rules = [saved.rule for saved in family]
        points = self.reader.points_of(self.connection, rules, first, newest)
        for place in dict.fromkeys(place for _, place in starts):
            here = points.get(place, {})
            yield [
                self._standing(saved, place, here, starts[saved.rule.id, place])
                for saved in family
                if (saved.rule.id, place) in starts
            ]

    def _standing(
        self, saved: Saved, place: str, points: dict[int, Point], start: State
    ) -> Standing:
        late = saved.rule.kind == "data_late"
        newest = max((hour for hour, point in points.items() if point.value is not None), default=0)
        until = max(start.hour, self.present if late else max(newest, self.present - GRACE_HOURS))
        course, checkpoint = settled(saved.rule, points, start, until)
        state, row = course.state, self.states.get((saved.rule.id, place))
        self.report.judged += until - start.hour
        key = saved.rule.id, place
        self._keep(key, saved.revision, state, checkpoint, {"seen": self.version})
        changed = row is not None and row.revision != saved.revision
        return Standing(
            saved=saved,
            place=place,
            level=state.level,
            unknown=state.phase == Phase.UNKNOWN and state.firing,
            hour=state.hour,
            moment=from_hour_number(state.hour),
            since=state.since,
            fired=state.fired,
            peak=state.peak,
            point=points.get(state.hour, MISSING),
            heard=(newest, points[newest]) if newest else None,
            course=course,
            ended="changed" if changed and not state.firing else None,
        )

    def _official(self, saved: Saved) -> Iterator[list[Standing]]:
        """What stands in each zone of a rule's provinces."""
        rule = saved.rule
        found = self._advisories()
        for code in rule.places:
            province = BY_CODE[code]
            here = [row for row in found if province in district_provinces(row.district)]
            acts = zones(rule, here, self.now)
            in_force = [zone for zone in acts.values() if zone.act.level]
            listed = sorted(
                (act_dict(zone.act) for zone in in_force),
                key=lambda act: (-act["level"], act["at"], act["zone"]),
            )
            state = place_state([(zone.act, zone.since) for zone in in_force], self.present)
            self._keep((rule.id, code), saved.revision, state, state, {"in_force": listed})
            for name, zone in acts.items():
                yield [_of_act(saved, code, name, zone)]

    def _yellow_dust(self, saved: Saved) -> Iterator[list[Standing]]:
        """The acts of yellow dust that are news, in each of a rule's provinces that they name. No
        place is on because of one: nothing is known of how it goes on."""
        first, clear = self.now - TOLD_FOR, State(hour=self.present)
        told = {name for rule, _, name in self.notifications.before if rule == saved.rule.id}
        originals = areas_at_first(self.connection, first, self.now)
        for code in saved.rule.places:
            self._keep((saved.rule.id, code), saved.revision, clear, clear, {})
        for act in yellow_dust_acts(self.connection, first, self.now):
            named, name = provinces_named(act.areas), dust_name(act)
            before = provinces_named(originals[act.at, act.sequence])
            for code in saved.rule.places:
                if BY_CODE[code] in named:
                    hour = hour_number(floor_hour(act.at))
                    yield [
                        Standing(
                            saved=saved,
                            place=code,
                            zone=name,
                            hour=hour,
                            moment=act.at,
                            since=hour,
                            act=act,
                            amended=name in told and BY_CODE[code] not in before,
                        )
                    ]

    def _watchdog(self, saved: Saved) -> Standing:
        """It always fires; on the pages nothing is on because of it."""
        clear = State(hour=self.present)
        self._keep((saved.rule.id, WATCHDOG), saved.revision, clear, clear, {})
        return Standing(
            saved=saved,
            place=WATCHDOG,
            level=1,
            hour=self.present,
            moment=from_hour_number(self.present),
            since=saved.since,
        )

    def _advisories(self) -> list[Advisory]:
        return advisories(self.connection, self.now - ADVISORY_AGE, self.now)

    def _withdrawn(
        self, known: Mapping[str, Saved], standing: set[tuple[str, str, str]]
    ) -> Iterator[list[Standing]]:
        """Where people know of an alert, and no rule watches any more."""
        for key in self.notifications.told_on():
            if key in standing:
                continue
            rule, place, zone = key
            saved = known.get(rule)
            ended = "removed" if saved is None else "changed" if saved.rule.enabled else "off"
            row = self.states.get((rule, place))
            yield [
                Standing(
                    saved=saved or last_rule(self.connection, rule),
                    place=place,
                    zone=zone,
                    hour=int(row.hour) if row is not None else self.present,
                    moment=self.now,
                    ended=ended,
                )
            ]
        watched = {
            (saved.rule.id, place)
            for saved in known.values()
            if saved.rule.enabled
            for place in self._places(saved.rule)
        }
        for there, row in self.states.items():
            if there not in watched and (row.phase != Phase.CLEAR or row.revision):
                state = State(hour=row.hour)
                self._keep(there, 0, state, state, {})

    def _keep(
        self, key: Place, revision: int, state: State, checkpoint: State, said: dict[str, Any]
    ) -> None:
        """Keep how a rule stands in a place for the pages, and where to evaluate from next time."""
        self.written[key] = {
            "rule": key[0],
            "place": key[1],
            "revision": revision,
            "phase": str(state.phase),
            "hour": state.hour,
            "since": state.since,
            "body": rows.dumps(state.as_dict()),
            "settled": rows.dumps(checkpoint.as_dict()),
            "said": rows.dumps(said),
        }

    def _write(self) -> None:
        """Entries of the log, who was told, messages, and how everything stands."""
        ledger = self.notifications.ledger
        messages = put_messages(self.connection, ledger.outgoing, self.now)
        for row in ledger.notifications:
            row["message"] = messages.get((row["event"], row["receiver"]))
        first: dict[str, str] = {}
        for (event, _), message in messages.items():
            first.setdefault(event, message)
        last: dict[Place, str] = {}
        for entry in ledger.events:
            entry["message"] = first.get(entry["id"])
            last[entry["rule"], entry["place"]] = entry["id"]
        rows.add_events(self.connection, ledger.events)
        rows.add_notifications(self.connection, ledger.notifications)
        for key, values in self.written.items():
            self._put(key, values, last.get(key))
        self.report.events = len(ledger.events)
        self.report.messages = len({(row["message"], row["receiver"]) for row in
                                    ledger.notifications if row["message"]})  # fmt: skip
        self.report.retracted = sum(event["kind"] == "correction" for event in ledger.events)

    def _put(self, key: Place, values: dict[str, Any], last: str | None) -> None:
        row = self.states.get(key)
        if row is not None and last is None and _same(row, values):
            return
        number = number_of(last) if last else self._number(*key)
        whole = {
            **values,
            "seq": number,
            "last_event": last or (row.last_event if row is not None else None),
            "updated_at": self.now,
        }
        rows.put_state(self.connection, whole, expected=row.version if row is not None else None)


def _same(row: Any, values: Mapping[str, Any]) -> bool:
    return all(getattr(row, name) == values[name] for name in ("revision", "body", "said"))


def _of_act(saved: Saved, place: str, name: str, zone: ZoneState) -> Standing:
    act = zone.act
    return Standing(
        saved=saved,
        place=place,
        zone=name,
        level=act.level,
        hour=hour_number(floor_hour(act.at)),
        moment=act.at,
        since=zone.since,
        point=act_point(act),
        act=act,
    )


def _stations(groups: Sequence[Sequence[Standing]]) -> set[int]:
    """Ids of the stations that decided where a rule looks at single stations."""
    courses: list[Course] = [one.course for group in groups for one in group if one.course]
    points = [one.point for group in groups for one in group]
    points += [one.heard[1] for group in groups for one in group if one.heard]
    points += [change.point for course in courses for change in course.transitions]
    return {point.station for point in points if point.station is not None}
