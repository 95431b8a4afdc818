"""The authority's own acts: the course of a province, what stands in each zone. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aq.alerts.rule import SEVERITIES, Rule
from aq.alerts.state import Course, Phase, Point, Reason, State, Transition
from aq.domain.advisories import CLEARED, ISSUED, LOWERED, RAISED, Act, Zone, acts, level, zone_of
from aq.domain.clock import floor_hour, hour_number
from aq.domain.model import Advisory

CHANGES = {
    ISSUED: Reason.FIRST,
    RAISED: Reason.WORSE,
    LOWERED: Reason.BETTER,
    CLEARED: Reason.RESOLVED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneState:
    """The newest act of a zone, and the hour in which the advisory it is about was issued."""

    act: Act
    since: int


def severity(rule: Rule, act: Act | None) -> int:
    """The rule's severity as a number, a step higher for each level above an advisory (주의보).

    The end of one is as severe as what ends.
    """
    if act is None:
        return rule.rank
    return min(rule.rank + (act.level or level(act.advisory)) - 1, len(SEVERITIES))


def zone_name(zone: Zone) -> str:
    """Pollutant, district and zone as one word, which names a zone in the notification log."""
    return "/".join(zone)


def zones(rule: Rule, rows: Iterable[Advisory], now: datetime) -> dict[str, ZoneState]:
    """The newest act of each zone of a place up to `now`, by the zone's name."""
    found: dict[str, ZoneState] = {}
    for act in acts(row for row in rows if row.pollutant == rule.pollutant):
        if act.at > now:
            continue
        name = zone_name(zone_of(act.advisory))
        begun = act.kind == ISSUED or name not in found
        since = _hour(act.at) if begun else found[name].since
        found[name] = ZoneState(act=act, since=since)
    return found


def course(rule: Rule, rows: Iterable[Advisory], since: datetime, now: datetime) -> Course:
    """The acts of ``since < at <= now`` in a place, in the order of time; a place is on while an
    advisory is in force in any of its zones."""
    in_force: dict[Zone, tuple[Act, int]] = {}
    start = state = State(hour=_hour(since))
    found = []
    for act in acts(row for row in rows if row.pollutant == rule.pollutant):
        if act.at > now:
            continue
        zone, before = zone_of(act.advisory), state
        begun = in_force.get(zone, (act, _hour(act.at)))[1]
        in_force.pop(zone, None)
        if act.level:
            in_force[zone] = (act, begun)
        state = place_state([(other, hour) for other, hour in in_force.values()], _hour(act.at))
        if act.at <= since:
            start = state
            continue
        found.append(
            Transition(
                hour=_hour(act.at),
                reason=CHANGES[act.kind],
                before=before.phase,
                state=state,
                point=act_point(act),
                since=begun,
                act=act,
            )
        )
    end = place_state(list(in_force.values()), _hour(now))
    return Course(start=start, transitions=tuple(found), state=end)


def place_state(in_force: list[tuple[Act, int]], hour: int) -> State:
    """How a place stands with acts in force, each with the hour of its advisory's issue."""
    if not in_force:
        return State(hour=hour)
    worst = max((act for act, _ in in_force), key=lambda act: (act.level, act.at))
    first = min(since for _, since in in_force)
    return State(
        hour=hour,
        phase=Phase.FIRING,
        since=first,
        fired=first,
        value=act_point(worst).value,
        level=worst.level,
    )


def act_point(act: Act) -> Point:
    """The value by which an act was issued or cleared."""
    row = act.advisory
    return Point(row.issue_value if act.level else row.clear_value)


def _hour(moment: datetime) -> int:
    return hour_number(floor_hour(moment))
