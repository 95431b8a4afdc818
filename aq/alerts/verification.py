"""A rule on a stored period, held against what the authority did in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aq.alerts import Rule
from aq.alerts.backtest import Trial, backtest
from aq.alerts.matching import (
    LABELS,
    OF_PROVINCES,
    OF_ZONES,
    WHY,
    WITHIN_HOURS,
    Matching,
    Span,
    level_of,
    match,
    middle,
    spells,
)
from aq.alerts.places import province_of, zone_of_place
from aq.alerts.points import Reader
from aq.alerts.rule import OFFICIAL
from aq.domain.clock import from_hour_number, kst_iso
from aq.domain.errors import InputError
from aq.domain.model import Advisory
from aq.domain.provinces import BY_CODE, district_provinces
from aq.store import Store
from aq.store.notices import advisories, advisory_span
from aq.zones_file import zone_of_act

# A rule is tried from so long before the period, so that what is on at its begin is on.
RUN_UP = timedelta(hours=72)
LONGEST_WITHIN = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a rule would have met, missed and added, by province code in page-header order."""

    rule: Rule
    since: datetime
    until: datetime
    within: int
    level: int
    known_since: datetime | None  # the first advisory held; before it nothing can be met
    places: dict[str, Matching]

    def as_dict(self) -> dict[str, Any]:
        """Counts in all and by province, every advisory with its alert, every alert without."""
        places = [_place(code, one) for code, one in self.places.items()]
        counts = ("official", "met", "missed", "alerts", "added")
        leads = [lead for one in self.places.values() for lead in one.leads]
        return {
            "rule": self.rule.id,
            "against": "official",
            "since": kst_iso(self.since),
            "until": kst_iso(self.until),
            "pollutant": self.rule.pollutant,
            "level": self.level,
            "label": LABELS[self.level - 1],
            "within_hours": self.within,
            "official_since": kst_iso(self.known_since) if self.known_since else None,
            **{name: sum(place[name] for place in places) for name in counts},
            "lead_hours": _leads(leads),
            "places": places,
            "advisories": [
                {
                    **_named(code),
                    "zone": one.official.zone,
                    "issued_at": kst_iso(one.official.begin),
                    "cleared_at": _end(one.official),
                    "met": one.alert is not None,
                    "alert_at": kst_iso(one.alert.begin) if one.alert else None,
                    "lead_hours": one.lead_hours,
                }
                for code, found in self.places.items()
                for one in found.matches
            ],
            "added_alerts": [
                {
                    **_named(code),
                    "zone": one.zone,
                    "at": kst_iso(one.begin),
                    "until": _end(one),
                }
                for code, found in self.places.items()
                for one in found.added
            ],
            "why": why(self.rule),
        }


def _named(code: str) -> dict[str, str]:
    return {"province": BY_CODE[code].ko, "code": code}


def _end(span: Span) -> str | None:
    return kst_iso(span.end) if span.end else None


def _place(code: str, matching: Matching) -> dict[str, Any]:
    return {
        **_named(code),
        "official": len(matching.matches),
        "met": matching.met,
        "missed": matching.missed,
        "alerts": len(matching.alerts),
        "added": len(matching.added),
        "lead_hours": _leads(matching.leads),
    }


def _leads(leads: list[float]) -> dict[str, float] | None:
    if not leads:
        return None
    return {"median": middle(leads) or 0.0, "least": min(leads), "most": max(leads)}


def why(rule: Rule) -> list[str]:
    """Why a rule and the authority never agree fully; English sentences of the catalogue."""
    return [OF_ZONES if rule.over == "zone" else OF_PROVINCES, *WHY]


def _zone_id(act: Advisory) -> str:
    zone = zone_of_act(act)
    return zone.id if zone else ""


def _alerts(trial: Trial, code: str) -> list[Span]:
    """When the rule was on in a province: in each of its zones, or as a whole."""
    alerts = []
    for place, course in trial.courses.items():
        zone = zone_of_place(place)
        if place != code and (zone is None or zone.province.code != code):
            continue
        for begin, end in course.spans():
            ends = from_hour_number(end) if end < trial.until else None
            name = {"zone": zone.name, "place": zone.id} if zone else {}
            alerts.append(Span(begin=from_hour_number(begin), end=ends, **name))
    return alerts


def against_official(
    store: Store,
    reader: Reader,
    rule: Rule,
    since: datetime,
    until: datetime,
    within: int = WITHIN_HOURS,
) -> Comparison:
    """Hold a rule against the advisories issued in ``since < t <= until``.

    Raises `InputError` for a rule of another kind or of a pollutant that has no advisories.
    """
    if rule.kind != "air" or rule.pollutant not in OFFICIAL:
        names = ", ".join(OFFICIAL)
        raise InputError(f"only rules of measured {names} can be held against advisories", "rule")
    if not 0 <= within <= LONGEST_WITHIN:
        raise InputError(f"hours from 0 to {LONGEST_WITHIN}", "within")
    margin = timedelta(hours=within)
    last = min(until + margin, max(until, store.clock.now()))
    trial = backtest(store, reader, rule, since - RUN_UP, last)
    level = level_of(rule.pollutant, rule.threshold if rule.watch == "value" else None)
    with store.read() as connection:
        rows = advisories(connection, since - RUN_UP, last)
        bounds = advisory_span(connection)
    places = {}
    for code in rule.places:
        here = [
            row
            for row in rows
            if row.pollutant == rule.pollutant and BY_CODE[code] in district_provinces(row.district)
        ]
        official = spells(here, level, _zone_id if rule.over == "zone" else None)
        if rule.zones:
            official = [span for span in official if span.place in trial.courses]
        places[code] = match(official, _alerts(trial, code), (since, until), margin)
    if rule.zones:
        watched = {province_of(place) for place in trial.courses}
        places = {code: found for code, found in places.items() if BY_CODE[code] in watched}
    return Comparison(
        rule=rule,
        since=since,
        until=until,
        within=within,
        level=level,
        known_since=bounds[0] if bounds else None,
        places=places,
    )
