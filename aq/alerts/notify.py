"""Sets what stands against what each receiver was told, and writes down what is due."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aq.alerts.due import NOTHING_SAID, Circumstances, Now, Said, due, step
from aq.alerts.inhibition import Level, Steps, steps
from aq.alerts.log import FRESH_HOURS, RECORD, Entry, event_row
from aq.alerts.official import OfficialAct, severity
from aq.alerts.outbox import Outgoing, held_until
from aq.alerts.rule import Rule
from aq.alerts.rules import Saved
from aq.alerts.silences import silenced_by
from aq.alerts.state import MISSING, Course, Phase, Point, Reason
from aq.domain.model import YellowDust
from aq.store.outbox import FAILED, HELD

Key = tuple[str, str, str]  # rule, place, zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a rule stands in a place (an official one: in a zone of it) by the hours alone; of yellow
    dust, an act that names the place.

    Attributes
    ----------
    level : 0 while no alert is on
    hour, moment : as of which it stands so; an act's to the minute
    heard : the newest hour with data, and its point
    course : of the hours since the checkpoint; None of an act
    act : the authority's; `amended` that it was told elsewhere before it named this place
    ended : what became of the rule or the place where that ends the alert
    """

    saved: Saved
    place: str
    zone: str = ""
    level: int = 0
    unknown: bool = False
    hour: int
    moment: datetime
    since: int | None = None
    fired: int | None = None
    peak: int | None = None
    point: Point = MISSING
    heard: tuple[int, Point] | None = None
    course: Course | None = None
    act: OfficialAct | None = None
    amended: bool = False
    ended: str | None = None

    @property
    def key(self) -> Key:
        """Rule, place and zone."""
        return self.saved.rule.id, self.place, self.zone

    @property
    def rule(self) -> Rule:
        """The rule alone."""
        return self.saved.rule

    @property
    def once(self) -> bool:
        """Whether it is told and has no end."""
        return isinstance(self.act, YellowDust)

    @property
    def phase(self) -> Phase:
        """As people are told it."""
        return Said(level=self.level, unknown=self.unknown).phase

    def undone(self, said: Said) -> bool:
        """Whether what a receiver was told did not happen, by what is known now."""
        if self.ended is not None or (not said.level and self.act is None):
            return False
        if self.act is not None:
            return said.moment is not None and self.act.at < said.moment
        if self.level or self.course is None:
            return False
        since = said.since if said.since is not None else said.hour
        return not self.course.happened(since, said.hour)


@dataclass(slots=True)
class Ledger:
    """All of a pass that is to be written: entries of the log, who was told, messages."""

    events: list[dict[str, Any]] = field(default_factory=list)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)


class Notifications:
    """What every receiver was told last; `tell` says what is due to it now."""

    def __init__(
        self, rows: Sequence[Any], silences: Sequence[Any], numbers: Callable[[str, str], int],
        now: datetime, present: int,
    ) -> None:  # fmt: skip
        self.silences, self.now, self.present, self._numbers = silences, now, present, numbers
        self.before: dict[Key, dict[str, Said]] = {}
        for row in rows:
            held = row.delivery == HELD and row.not_before is not None and row.not_before > now
            said = Said(
                level=row.level,
                unknown=row.unknown,
                hour=row.hour,
                moment=row.moment,
                since=row.since,
                reached=row.delivery != FAILED and not held,
            )
            self.before.setdefault((row.rule, row.place, row.zone), {})[row.receiver] = said
        self.after = {key: dict(said) for key, said in self.before.items()}
        self.stations: Mapping[int, str] = {}
        self.ledger = Ledger()
        self._used: dict[tuple[str, str], int] = {}

    def told_on(self) -> list[Key]:
        """Where some receiver knows of an alert."""
        return [key for key, said in self.before.items() if any(one.level for one in said.values())]

    def tell(self, family: Sequence[Standing]) -> None:
        """Tell a family of rules in one place to whom it is due, the most severe first."""
        ordered = sorted(family, key=lambda one: (-one.rule.rank, one.rule.id))
        for standing in ordered:
            self._tell(standing, [one for one in ordered if one is not standing])

    def _tell(self, standing: Standing, others: Sequence[Standing]) -> None:
        told = self.before.get(standing.key, {})
        former = [name for name, said in told.items() if name and said.level]
        channels = list(dict.fromkeys([*standing.rule.channels, *former]))
        silence = silenced_by(self.silences, standing.rule, standing.place, self.now)
        spoken: dict[Reason, list[str]] = {}
        for channel in channels:
            listens = channel in standing.rule.channels or not standing.level
            reason = self._due(standing, others, channel, silence) if listens else None
            if reason is not None:
                spoken.setdefault(reason, []).append(channel)
        for reason, names in spoken.items():
            self._say(standing, reason, names, muted_by=None)
        if spoken:
            return
        around = self._steps(standing, others, RECORD)
        on_record = self._due(standing, others, RECORD, None)
        if on_record is not None and not (channels and on_record == Reason.REPEAT and silence):
            unsaid = not standing.level and channels and not former
            inhibitor = around.inhibited_by and f"rule:{around.inhibited_by}"
            muted_by = silence or inhibitor or ("unsaid" if unsaid else None)
            self._say(standing, on_record, [], muted_by=muted_by)

    def _due(
        self, standing: Standing, others: Sequence[Standing], receiver: str, silence: str | None
    ) -> Reason | None:
        """Why a receiver is to be told; the public record is neither silenced nor inhibited."""
        said = self._said(standing, receiver)
        around = self._steps(standing, others, receiver)
        given = Circumstances(
            repeat_hours=standing.rule.repeat_hours,
            silenced=silence is not None,
            inhibited=receiver != RECORD and around.inhibited_by is not None,
            undone=standing.undone(said),
            step_up=around.step_up,
            step_down=around.step_down,
        )
        heard = standing.heard[0] if standing.heard is not None else 0
        now = Now(
            level=standing.level,
            once=standing.once,
            clocked=standing.rule.kind == "watchdog",
            unknown=standing.unknown,
            stale=standing.unknown and heard < self.present - FRESH_HOURS,
            hour=standing.hour,
        )
        return due(said, now, given)

    def _said(self, standing: Standing, receiver: str) -> Said:
        return self.after.get(standing.key, {}).get(receiver, NOTHING_SAID)

    def _steps(self, standing: Standing, others: Sequence[Standing], receiver: str) -> Steps:
        own, *rest = [
            Level(
                rule=one.rule.id,
                rank=one.rule.rank,
                on=bool(one.level),
                told_here=receiver == RECORD or receiver in one.rule.channels,
                before=self.before.get(one.key, {}).get(receiver, NOTHING_SAID),
                after=self._said(one, receiver),
            )
            for one in (standing, *others)
        ]
        return steps(own, rest)

    def _say(
        self, standing: Standing, reason: Reason, channels: Sequence[str], *, muted_by: str | None
    ) -> None:
        """Write an entry of the log, and that the record and these channels were told."""
        said = self._said(standing, channels[0] if channels else RECORD)
        entry = self._entry(standing, reason, said, muted_by=muted_by, sent=bool(channels))
        place = standing.key[:2]
        number = self._used.get(place, self._numbers(*place)) + 1
        self._used[place] = number
        event = event_row(
            standing.rule,
            standing.saved.revision,
            standing.place,
            entry,
            number=number,
            now=self.now,
            station=self.stations.get(entry.point.station or 0),
        )
        self.ledger.events.append(event)
        held = held_until(standing.rule, event["severity"], self.now) is not None
        known = Said(
            level=standing.level,
            unknown=standing.unknown,
            hour=standing.hour,
            moment=standing.moment,
            since=entry.since,
        )
        for receiver in (RECORD, *channels):
            reached = receiver == RECORD or not held
            self.after.setdefault(standing.key, {})[receiver] = known.within(reached=reached)
            self.ledger.notifications.append(
                self._row(standing, event["id"], receiver, reason, known)
            )
        self.ledger.outgoing += [
            Outgoing(row=event, rule=standing.rule, channel=name) for name in channels
        ]

    def _row(
        self, standing: Standing, event: str, receiver: str, reason: Reason, known: Said
    ) -> dict[str, Any]:
        rule, place, zone = standing.key
        return {
            "rule": rule,
            "place": place,
            "zone": zone,
            "receiver": receiver,
            "event": event,
            "revision": standing.saved.revision,
            "reason": str(reason),
            "level": known.level,
            "unknown": known.unknown,
            "hour": known.hour,
            "moment": known.moment,
            "since": known.since,
            "message": None,
            "at": self.now,
        }

    def _entry(
        self, standing: Standing, reason: Reason, said: Said, *, muted_by: str | None, sent: bool
    ) -> Entry:
        change = reason
        if reason == Reason.CORRECTION:
            change = step(said.level, standing.level) or reason
        hour, point, peak = _as_of(standing, said, change)
        since = standing.since if standing.level else said.since
        if standing.act is not None:
            since = standing.since
        rank = severity(standing.rule, standing.act)
        held = sent and held_until(standing.rule, rank, self.now) is not None
        began = standing.fired if standing.fired is not None and not said.level else hour
        kind = "catch_up" if began < self.present - FRESH_HOURS else "live"
        if standing.ended is not None:
            kind = "withdrawn"
        elif reason == Reason.CORRECTION or standing.amended:
            kind = "correction"
        return Entry(
            change=change,
            reason=Reason.MUTED if muted_by else Reason.HELD if held else change,
            kind=kind,
            hour=hour,
            before=said.phase,
            after=standing.phase,
            point=point,
            since=since,
            peak=peak,
            muted_by=muted_by,
            back=said.unknown and bool(standing.level) and not standing.unknown,
            ended=standing.ended,
            act=standing.act,
        )


def _as_of(standing: Standing, said: Said, change: Reason) -> tuple[int, Point, int | None]:
    """(hour, point, peak) an entry speaks of: what ended, at its end; what begins without data
    now, at the newest hour with any."""
    course = standing.course
    if not standing.level and course is not None:
        ends = [
            transition for transition in course.transitions if transition.reason == Reason.RESOLVED
        ]
        if ends and (said.since is None or ends[-1].hour >= said.since):
            return ends[-1].hour, ends[-1].point, ends[-1].peak
    if standing.unknown and change != Reason.UNKNOWN and standing.heard is not None:
        return *standing.heard, standing.peak
    return standing.hour, standing.point, standing.peak
