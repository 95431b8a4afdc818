"""What a rule says of the authority's own acts: each once, muted or held like any other alert."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aq.alerts.decide import Mute
from aq.alerts.rule import SEVERITIES, Rule
from aq.alerts.state import Decision, Phase, Point, Reason, State
from aq.domain.advisories import CLEARED, ISSUED, LOWERED, RAISED, Act, Zone, acts, level, zone_of
from aq.domain.clock import floor_hour, from_hour_number, hour_number
from aq.domain.model import Advisory

CHANGES = {
    ISSUED: Reason.FIRST,
    RAISED: Reason.WORSE,
    LOWERED: Reason.BETTER,
    CLEARED: Reason.RESOLVED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """What a rule says of one place up to an instant.

    Attributes
    ----------
    decisions : in the order of time
    last : the newest act of each zone that is looked at
    told : the level people are to know by now of each zone where that is any
    """

    decisions: tuple[Decision, ...]
    last: dict[Zone, Act]
    told: dict[Zone, int]
    state: State


def severity(rule: Rule, act: Act | None) -> int:
    """The rule's severity as a number, a step higher for each level above an advisory (주의보).

    The end of one is as severe as what ends.
    """
    if act is None:
        return rule.rank
    return min(rule.rank + (act.level or level(act.advisory)) - 1, len(SEVERITIES))


def act_key(one: Decision) -> tuple[Any, ...]:
    """What makes two decisions of a rule in a place about the same act the same."""
    act = one.act
    if act is None:
        return one.key
    return one.hour, str(one.change), act.kind, act.at, act.level, *zone_of(act.advisory)


def relay(
    rule: Rule, rows: Iterable[Advisory], mutes: Sequence[Mute], since: datetime, now: datetime
) -> Relayed:
    """Judge the advisories of one place: every act of ``since < at <= now``, and the acts by which
    a level was in force at `since`.

    All that is used are the arguments, so it does not matter when or how often one asks: an act
    that becomes known late is judged as of its own time.
    """
    found: list[tuple[datetime, Decision]] = []
    last: dict[Zone, Act] = {}
    told: dict[Zone, int] = {}
    for zone, story in _stories(rule, rows, since, now).items():
        last[zone] = story[-1]
        zone_told, begun = 0, hour_number(floor_hour(story[0].at))
        for place, act in enumerate(story):
            if act.kind == ISSUED:
                begun = hour_number(floor_hour(act.at))
            following = story[place + 1].at if place + 1 < len(story) else None
            for moment, one in _said(rule, act, zone_told, mutes, (following, now)):
                found.append((moment, replace(one, since=begun)))
                if one.reason != Reason.MUTED or not act.level:
                    zone_told = act.level
        if zone_told:
            told[zone] = zone_told
    found.sort(key=lambda one: (one[0], act_key(one[1])[2:]))
    decisions, state = _in_place([one for _, one in found], hour_number(floor_hour(now)))
    return Relayed(decisions=decisions, last=last, told=told, state=state)


def _stories(
    rule: Rule, rows: Iterable[Advisory], since: datetime, now: datetime
) -> dict[Zone, list[Act]]:
    """The acts that count, zone by zone; what was in force at `since` begins its zone's story."""
    found: dict[Zone, list[Act]] = {}
    for act in acts(one for one in rows if one.pollutant == rule.pollutant):
        if act.at > now:
            continue
        story = found.setdefault(zone_of(act.advisory), [])
        if act.at <= since:
            story.clear()
        if act.at > since or act.level:
            story.append(act)
    return {zone: story for zone, story in found.items() if story}


def _said(
    rule: Rule,
    act: Act,
    told: int,
    mutes: Sequence[Mute],
    ends: tuple[datetime | None, datetime],
) -> Iterator[tuple[datetime, Decision]]:
    """An act as of its own time, and once more when a silence ends before the next act."""
    hour = hour_number(floor_hour(act.at))
    change = CHANGES[act.kind]
    muted = _muted_by(mutes, hour)
    unsaid = "unsaid" if not act.level and not told else None
    yield act.at, _decision(rule, act, hour, change, f"silence:{muted.id}" if muted else unsaid)
    if muted is None or not act.level or act.level == told:
        return
    while muted is not None:
        hour = muted.until
        muted = _muted_by(mutes, hour)
    following, now = ends
    moment = from_hour_number(hour)
    if moment <= now and (following is None or moment < following):
        again = Reason.BETTER if act.level < told else Reason.WORSE if told else Reason.FIRST
        yield moment, _decision(rule, act, hour, again, None)


def _muted_by(mutes: Sequence[Mute], hour: int) -> Mute | None:
    return next((one for one in mutes if one.since <= hour < one.until), None)


def _decision(rule: Rule, act: Act, hour: int, change: Reason, muted_by: str | None) -> Decision:
    quiet = rule.quiet
    reason = Reason.MUTED if muted_by else change
    if not muted_by and quiet is not None and quiet.until(max(act.at, from_hour_number(hour))):
        loud = quiet.then == "send_above" and severity(rule, act) > SEVERITIES.index(quiet.above)
        reason = change if loud else Reason.HELD
    row = act.advisory
    return Decision(
        hour=hour,
        reason=reason,
        change=change,
        before=Phase.CLEAR,
        state=State(hour=hour),
        point=Point(row.issue_value if act.level else row.clear_value),
        muted_by=muted_by,
        act=act,
    )


def _in_place(found: Sequence[Decision], present: int) -> tuple[tuple[Decision, ...], State]:
    """The decisions with the state of the whole place before and after each; the state now."""
    in_force: dict[Zone, Decision] = {}
    state = State(hour=present)
    out = []
    for one in found:
        act = one.act
        if act is None:
            continue
        before, since = state.phase, state.since
        in_force.pop(zone_of(act.advisory), None)
        if act.level:
            in_force[zone_of(act.advisory)] = one
        state = _state(in_force, one.hour, since)
        out.append(replace(one, before=before, state=state))
    return tuple(out), _state(in_force, present, state.since)


def _state(in_force: dict[Zone, Decision], hour: int, since: int | None) -> State:
    """A place is on while an advisory is in force in any of its zones."""
    if not in_force:
        return State(hour=hour)
    worst = max(in_force.values(), key=lambda one: (_level(one), one.hour))
    first = since if since is not None else min(one.hour for one in in_force.values())
    return State(
        hour=hour,
        phase=Phase.FIRING,
        since=first,
        fired=first,
        value=worst.point.value,
        told=_level(worst),
    )


def _level(one: Decision) -> int:
    return one.act.level if one.act else 0
