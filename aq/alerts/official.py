"""The authority's own acts: the course of a province, what stands in each zone. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aq.alerts.rule import SEVERITIES, YELLOW_DUST, Rule
from aq.alerts.state import Course, Phase, Point, Reason, State, Transition
from aq.domain.advisories import CLEARED, ISSUED, LOWERED, RAISED, Act, Zone, acts, level, zone_of
from aq.domain.clock import floor_hour, hour_number, kst, kst_iso
from aq.domain.model import Advisory, YellowDust
from aq.domain.provinces import BY_CODE, provinces_named

# Acts of yellow dust have no end upstream: so long after one it is still told to whoever does not
# know of it. An act told by its day alone counts from that day's midnight, thus for that day.
TOLD_FOR = timedelta(hours=24)
OCCURRED = "occurred"
OfficialAct = Act | YellowDust

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


def severity(rule: Rule, act: OfficialAct | None) -> int:
    """The rule's severity as a number, a step higher for each level above an advisory (주의보).

    The end of one is as severe as what ends. Yellow dust has no levels.
    """
    if not isinstance(act, Act):
        return rule.rank
    return min(rule.rank + (act.level or level(act.advisory)) - 1, len(SEVERITIES))


def act_dict(act: OfficialAct) -> dict[str, Any]:
    """An authority's act in JSON's types; `level` is what is in force from then on, 0 nothing, None
    where upstream gives none: an act of yellow dust has its round and areas as they were told."""
    if isinstance(act, YellowDust):
        nothing = dict.fromkeys(("level", "label", "district", "zone"))
        told = {"round": act.sequence or None, "areas": act.areas}
        until = {"told_until": kst_iso(act.at + TOLD_FOR)}
        return {"act": OCCURRED, "at": kst_iso(act.at), **nothing, **told, **until}
    row = act.advisory
    return {
        "act": act.kind,
        "at": kst_iso(act.at),
        "level": act.level,
        "label": row.word,
        "district": row.district,
        "zone": row.zone,
    }


def dust_name(act: YellowDust) -> str:
    """Time and round of an act of yellow dust as one word, which names it in the notification
    log."""
    return f"{YELLOW_DUST}/{kst(act.at):%Y%m%dT%H%M%S}/{act.sequence}"[:80]


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


def dust_course(code: str, acts: Iterable[YellowDust], since: datetime, until: datetime) -> Course:
    """The acts of yellow dust of ``since <= at < until`` that name a province, oldest first; each
    begins and is over in its hour, as nothing is known of how it goes on. An act told by its day
    alone is of that day."""
    told = [
        Transition(
            hour=_hour(act.at),
            reason=Reason.FIRST,
            before=Phase.CLEAR,
            state=State(hour=_hour(act.at)),
            point=Point(None),
            since=_hour(act.at),
            act=act,
        )
        for act in acts
        if since <= act.at < until and BY_CODE[code] in provinces_named(act.areas)
    ]
    start, end = State(hour=_hour(since)), State(hour=_hour(until))
    return Course(start=start, transitions=tuple(told), state=end)


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
