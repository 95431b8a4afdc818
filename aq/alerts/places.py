"""Where a rule is judged: provinces by code, zones by id, feeds by name, the program itself."""

from collections.abc import Mapping, Sequence
from datetime import date

from aq.alerts.rule import Rule
from aq.domain.clock import from_hour_number, kst_day
from aq.domain.provinces import BY_CODE, Province
from aq.domain.zones import KINDS, Zone, zones_named
from aq.zones_file import zone_by_id, zones_on

WATCHDOG = "watchdog"  # the place of rules that watch the program itself


def places(rule: Rule, live: Sequence[str], after: int, until: int) -> tuple[str, ...]:
    """Where a rule is judged in hours of ``after < hour <= until``; `live` are the polled feeds.

    A rule over zones that names none is judged in the zones of its provinces, and in each province
    on the stations of no known zone.
    """
    if rule.kind == "watchdog":
        return (WATCHDOG,)
    if rule.kind == "data_late":
        return (rule.feed,) if rule.feed else tuple(live)
    if rule.over != "zone":
        return rule.places
    first, last = (kst_day(from_hour_number(hour)) for hour in (min(after + 1, until), until))
    there = [zone for zone in zones_on(None, KINDS[rule.pollutant]) if _holds(zone, first, last)]
    if rule.zones:
        named = [zone.id for text in rule.zones for zone in zones_named(there, text)]
        return tuple(dict.fromkeys(named))
    within = [zone.id for zone in there if zone.province.code in rule.places]
    return (*within, *rule.places)


def _holds(zone: Zone, first: date, last: date) -> bool:
    return (zone.since or first) <= last and (zone.until or last) >= first


def zone_of_place(place: str) -> Zone | None:
    """The zone that a place is; None of any other."""
    return None if place in BY_CODE else zone_by_id(place)


def province_of(place: str) -> Province | None:
    """The province that a place is or lies in; None of a feed."""
    zone = zone_of_place(place)
    return zone.province if zone else BY_CODE.get(place)


def place_to_draw(fired: Mapping[str, int], code: str | None) -> str:
    """Of the places where a rule was tried, with how often it fired, the one to look at: the most
    of a province where it is judged there, a zone before the stations of none."""
    own = [place for place in fired if (found := province_of(place)) and found.code == code]
    return max(
        own or fired, key=lambda place: (fired[place] > 0, place not in BY_CODE, fired[place])
    )
