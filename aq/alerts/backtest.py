"""Tries a rule on a stored period: evaluated as the live pass does it, and counted."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aq.alerts.evaluate import evaluate
from aq.alerts.log import in_unit, unit_of
from aq.alerts.official import act_dict, course, dust_course
from aq.alerts.places import province_of, zone_of_place
from aq.alerts.points import Points, Reader
from aq.alerts.rule import Rule
from aq.alerts.state import Course, Phase, Reason, State, Transition
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst, kst_iso
from aq.domain.provinces import BY_CODE, district_provinces
from aq.domain.station_history import merged_spans
from aq.store import Connection, Store
from aq.store.notices import advisories
from aq.store.yellow_dust import yellow_dust_acts

# Hours of the Korean clock that count as night.
NIGHT = (22, 7)
# So many hours are read from one that may be over the threshold on, before it is known whether more
# are needed.
AT_ONCE = 24
# An alert that comes back within so many hours of its end flaps.
FLAP_HOURS = 6
Window = tuple[int, int]  # after, until


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a rule would have done: its course in each place, of ``after < hour <= until``."""

    rule: Rule
    after: int
    until: int
    courses: dict[str, Course]

    def as_dict(self) -> dict[str, Any]:
        """Counts, by province and in all, the longest alert, flapping, every transition."""
        places = [self._place(name) for name in self.courses]
        total = {
            key: sum(place[key] for place in places)
            for key in ("fired", "escalated", "cleared", "unknown", "night", "flapped")
        }
        return {
            "rule": self.rule.id,
            "one_shot": self.rule.one_shot,
            "since": kst_iso(from_hour_number(self.after)),
            "until": kst_iso(from_hour_number(self.until)),
            **total,
            "longest_hours": max((place["longest_hours"] for place in places), default=0),
            "unit": unit_of(self.rule),
            "receivers": list(self.rule.channels),
            "places": places,
            "transitions": [
                self._transition(name, transition)
                for name, found in self.courses.items()
                for transition in found.transitions
            ],
        }

    def _place(self, name: str) -> dict[str, Any]:
        found = self.courses[name].transitions
        changes = Counter(transition.reason for transition in found)
        spans = self.courses[name].spans()
        begins = [first for first, _ in spans]
        ends = [last for _, last in spans]
        return {
            **_named(name),
            "fired": changes[Reason.FIRST]
            if self.rule.one_shot
            else len([begin for begin in begins if begin > self.after]),
            "escalated": changes[Reason.WORSE],
            "cleared": sum(_ends(transition) for transition in found),
            "unknown": changes[Reason.UNKNOWN],
            "night": sum(_is_night(begin) for begin in begins),
            "flapped": sum(
                later - before <= FLAP_HOURS and not self.rule.one_shot
                for before, later in zip(ends, begins[1:], strict=False)
            ),
            "longest_hours": max((last - first for first, last in spans), default=0),
        }

    def _transition(self, name: str, transition: Transition) -> dict[str, Any]:
        return {
            **_named(name),
            "at": kst_iso(from_hour_number(transition.hour)),
            "reason": str(transition.reason),
            "change": str(transition.reason),
            "before": str(transition.before),
            "after": str(transition.after),
            "value": in_unit(self.rule, transition.point.value),
            "peak": in_unit(self.rule, transition.peak),
            "official": act_dict(transition.act) if transition.act else None,
        }


def _named(place: str) -> dict[str, str | None]:
    province, zone = province_of(place), zone_of_place(place)
    return {
        "place": place,
        "province": province.ko if province else None,
        "zone": zone.name if zone else None,
    }


def _ends(transition: Transition) -> bool:
    # Of official acts a place may go on in another zone.
    return transition.reason == Reason.RESOLVED and not transition.state.firing


def _is_night(hour: int) -> bool:
    local = kst(from_hour_number(hour)).hour
    return local >= NIGHT[0] or local < NIGHT[1]


def backtest(store: Store, reader: Reader, rule: Rule, since: datetime, until: datetime) -> Trial:
    """Evaluate stored hours ``since < hour end <= until``. Nothing is on at the start."""
    after, last = hour_number(floor_hour(since)), hour_number(floor_hour(until))
    if rule.kind == "watchdog":
        return Trial(rule=rule, after=after, until=last, courses={})
    if rule.kind == "official":
        return Trial(rule=rule, after=after, until=last, courses=_acts(store, rule, after, last))
    with store.read() as connection:
        found = courses(reader, connection, rule, after, last)
    return Trial(rule=rule, after=after, until=last, courses=found)


def courses(
    reader: Reader, connection: Connection, rule: Rule, after: int, until: int,
    province: int | None = None,
) -> dict[str, Course]:  # fmt: skip
    """The course of a rule in each place over ``after < hour <= until``, nothing on at the start.

    Hours that are below the threshold while nothing is going on change nothing, so they are not
    read: from each hour that may be at it on, as many as are needed until all is clear again.
    """
    places = reader.places(rule, after, until, province)
    reaching = reader.hours_to_read(connection, rule, after, until)
    points: Points
    if reaching is None:
        points = reader.points(connection, rule, after, until)
        return {
            place: evaluate(rule, points.get(place, {}), State(hour=after), until)
            for place in places
            if rule.over != "zone" or points.get(place) or place not in BY_CODE
        }
    spans = {
        place: merged_spans(
            [(hour - 1, min(hour + AT_ONCE, until)) for hour in (*reaching.get(place, ()), until)],
            apart=0,
        )
        for place in places
        if place in reaching or rule.over != "zone" or place not in BY_CODE
    }
    course_of: dict[str, Course] = {}
    points = {place: {} for place in spans}
    unread: Mapping[str, Sequence[Window]] = spans
    while unread:
        for place, hours in reader.points(connection, rule, after, until, unread).items():
            points.get(place, {}).update(hours)
        longer = {}
        for place in unread:
            course_of[place] = evaluate(rule, points[place], State(hour=after), until)
            longer[place] = _going_on(course_of[place], spans[place], until)
            spans[place] = merged_spans([*spans[place], *longer[place]], apart=0)
        unread = {place: more for place, more in longer.items() if more}
    return {place: course_of[place] for place in places if place in course_of}


def _going_on(course: Course, spans: Sequence[Window], until: int) -> list[Window]:
    """The hours to read after spans at whose end not all is clear: as many as the span has."""
    changes = [transition.hour for transition in course.transitions]
    more = []
    for (first, last), following in zip(spans, [*(a for a, _ in spans[1:]), until], strict=True):
        place = bisect_right(changes, last) - 1
        if last < following and place >= 0 and course.transitions[place].after != Phase.CLEAR:
            more.append((last, min(2 * last - first, following)))
    return more


def _acts(store: Store, rule: Rule, after: int, last: int) -> dict[str, Course]:
    """The authority's acts of a period, by place."""
    since, until = from_hour_number(after), from_hour_number(last)
    with store.read() as connection:
        if rule.one_shot:
            acts = yellow_dust_acts(connection, since, until)
            return {code: dust_course(code, acts, since, until) for code in rule.places}
        rows = advisories(connection, since, until)
    return {
        code: course(
            rule,
            [row for row in rows if BY_CODE[code] in district_provinces(row.district)],
            since,
            until,
        )
        for code in rule.places
    }
