"""Tries a rule on a stored period: the same decisions as the live engine's, counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aq.alerts import Decision, Reason, Rule, State, relay, replay_family
from aq.alerts.events import act_dict, in_unit, unit_of
from aq.alerts.points import Reader
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst, kst_iso
from aq.domain.provinces import BY_CODE, district_provinces
from aq.store import Store
from aq.store.notices import advisories

# Hours of the Korean clock that count as night.
NIGHT = (22, 7)
# An alert that comes back within so many hours of its end flaps.
FLAP_HOURS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a rule would have done: decisions by place, of hours ``after < hour <= until``."""

    rule: Rule
    after: int
    until: int
    decisions: dict[str, list[Decision]]
    ends: dict[str, State]

    def as_dict(self) -> dict[str, Any]:
        """Counts, by province and in all, the longest alert, flapping, every transition."""
        places = [self._place(name) for name in self.decisions]
        total = {
            key: sum(one[key] for one in places)
            for key in ("fired", "escalated", "cleared", "unknown", "night", "flapped")
        }
        return {
            "rule": self.rule.id,
            "since": kst_iso(from_hour_number(self.after)),
            "until": kst_iso(from_hour_number(self.until)),
            **total,
            "longest_hours": max((one["longest_hours"] for one in places), default=0),
            "unit": unit_of(self.rule),
            "places": places,
            "transitions": [
                self._transition(name, one)
                for name, found in self.decisions.items()
                for one in found
            ],
        }

    def _place(self, name: str) -> dict[str, Any]:
        found = self.decisions[name]
        changes = Counter(one.change for one in found)
        spans = self.spans(name)
        begins = [first for first, _ in spans]
        ends = [last for _, last in spans]
        province = BY_CODE.get(name)
        return {
            "place": name,
            "province": province.ko if province else None,
            "fired": len([one for one in begins if one > self.after]),
            "escalated": sum(one.change == Reason.WORSE for one in found),
            "cleared": sum(_ends(one) for one in found),
            "unknown": changes[Reason.UNKNOWN],
            "night": sum(_is_night(one) for one in begins),
            "flapped": sum(
                later - before <= FLAP_HOURS
                for before, later in zip(ends, begins[1:], strict=False)
            ),
            "longest_hours": max((last - first for first, last in spans), default=0),
        }

    def spans(self, name: str) -> list[tuple[int, int]]:
        """(hour it began, hour it ended) of each alert; the last may go on to the end."""
        spans, began = [], None
        for one in self.decisions[name]:
            if began is None and one.state.firing:
                began = one.hour
            elif began is not None and not one.state.firing:
                spans.append((began, one.hour))
                began = None
        return [*spans, (began, self.until)] if began is not None else spans

    def _transition(self, name: str, one: Decision) -> dict[str, Any]:
        province = BY_CODE.get(name)
        return {
            "place": name,
            "province": province.ko if province else None,
            "at": kst_iso(from_hour_number(one.hour)),
            "reason": str(one.reason),
            "change": str(one.change),
            "before": str(one.before),
            "after": str(one.after),
            "value": in_unit(self.rule, one.point.value),
            "peak": in_unit(self.rule, one.peak),
            "official": act_dict(one.act) if one.act else None,
        }


def _ends(one: Decision) -> bool:
    return one.change in (Reason.RESOLVED, Reason.BETTER) and not one.state.firing


def _is_night(hour: int) -> bool:
    local = kst(from_hour_number(hour)).hour
    return local >= NIGHT[0] or local < NIGHT[1]


def backtest(
    store: Store,
    reader: Reader,
    rule: Rule,
    since: datetime,
    until: datetime,
    others: Sequence[Rule] = (),
) -> Trial:
    """Replay stored hours ``since < hour end <= until`` through the engine's own decisions.

    `others` are the rules that stand beside it: those of its family mute it and are stepped to, as
    in the live engine. Nothing is on at the start of the period.
    """
    after, last = hour_number(floor_hour(since)), hour_number(floor_hour(until))
    if rule.kind == "official":
        return _acts(store, rule, after, last)
    family = [one for one in others if one.family == rule.family and one.id != rule.id]
    with store.read() as connection:
        points = reader.points(connection, rule, after, last)
    decisions, ends = {}, {}
    for place in reader.places(rule):
        group = [rule, *(one for one in family if place in reader.places(one))]
        states = [(one, State(hour=after)) for one in group]
        replayed = replay_family(states, points.get(place, {}), {}, last)
        decisions[place], ends[place] = replayed[rule.id]
    return Trial(rule=rule, after=after, until=last, decisions=decisions, ends=ends)


def _acts(store: Store, rule: Rule, after: int, last: int) -> Trial:
    """The authority's acts of a period, as the rule would have told them."""
    since, until = from_hour_number(after), from_hour_number(last)
    with store.read() as connection:
        rows = advisories(connection, since, until)
    decisions, ends = {}, {}
    for code in rule.places:
        here = [one for one in rows if BY_CODE[code] in district_provinces(one.district)]
        found = relay(rule, here, (), since, until)
        decisions[code] = [one for one in found.decisions if one.hour > after]
        ends[code] = found.state
    return Trial(rule=rule, after=after, until=last, decisions=decisions, ends=ends)
