"""A rule on a stored period held against what the authority did in it: met, missed, added, how
early."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from aq.alerts import Rule
from aq.alerts.backtest import Trial, backtest
from aq.alerts.places import province_of, zone_of_place
from aq.alerts.points import Reader
from aq.alerts.rule import OFFICIAL
from aq.domain.advisories import acts, zone_of
from aq.domain.clock import from_hour_number, kst_iso
from aq.domain.errors import InputError
from aq.domain.model import Advisory
from aq.domain.provinces import BY_CODE, district_provinces
from aq.i18n import N_
from aq.store import Store
from aq.store.notices import advisories, advisory_span
from aq.zones_file import zone_of_act

# Values at which the three levels may be issued [the pollutant's unit], read in November 2026 from
# gyeongnam.go.kr (대기오염경보제) and air.daegu.go.kr (menu_id=00000771).
ISSUED_AT: Mapping[str, tuple[Decimal, ...]] = {
    "pm10": (Decimal(150), Decimal(300)),
    "pm25": (Decimal(75), Decimal(150)),
    "o3": (Decimal("0.12"), Decimal("0.3"), Decimal("0.5")),
}
LABELS = ("주의보", "경보", "중대경보")
WITHIN_HOURS, LONGEST_WITHIN = 3, 48
# A rule is tried from so long before the period, so that what is on at its begin is on.
RUN_UP = timedelta(hours=72)
OF_PROVINCES = N_(
    "Authorities act on the mean of a zone, which is a part of a province; rules on provinces."
)
OF_ZONES = N_("Which stations an authority counts in a zone is not published; here the urban ones.")
WHY = (
    N_("An authority weighs the weather to come and may act earlier, later or not at all."),
    N_("It acts on the values of that hour; stored hours may have been corrected since."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that is on from `begin` to `end` (None: it goes on), of a zone if it names one.

    `place` is the zone's id where zones are held against zones; without it the span is of all of
    the province.
    """

    begin: datetime
    end: datetime | None
    zone: str = ""
    place: str = ""

    def touches(self, other: "Span", within: timedelta) -> bool:
        """Whether the two are ever on at once, or at most `within` apart, in one place."""
        if self.place and other.place and self.place != other.place:
            return False
        before = self.end is None or self.end >= other.begin - within
        return before and (other.end is None or self.begin <= other.end + within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An official advisory with the alert that met it; None: it was missed."""

    official: Span
    alert: Span | None

    @property
    def lead_hours(self) -> float | None:
        """Hours from the alert to the advisory; below 0 the alert came later."""
        if self.alert is None:
            return None
        return (self.official.begin - self.alert.begin) / timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """One province: every official advisory, the alerts, those of them that met no advisory."""

    matches: tuple[Match, ...]
    alerts: tuple[Span, ...]
    added: tuple[Span, ...]

    @property
    def leads(self) -> list[float]:
        """Lead hours of the advisories that were met."""
        return [one.lead_hours for one in self.matches if one.lead_hours is not None]

    @property
    def counts(self) -> dict[str, int]:
        """How many of what."""
        advisories, met = len(self.matches), len(self.leads)
        counts = {"official": advisories, "met": met, "missed": advisories - met}
        return {**counts, "alerts": len(self.alerts), "added": len(self.added)}


def level_of(pollutant: str, threshold: Decimal | None) -> int:
    """The official level a rule is held against: the highest issued at or below its threshold, else
    the lowest; without a threshold in the pollutant's unit the lowest."""
    below = [at for at in ISSUED_AT[pollutant] if threshold is not None and at <= threshold]
    return max(1, len(below))


def spells(
    rows: Iterable[Advisory], level: int, place_of: Callable[[Advisory], str] | None = None
) -> list[Span]:
    """From when to when each zone was at a level or above; of one pollutant and province."""
    past: list[Span] = []
    on: dict[tuple[str, str, str], Span] = {}
    for act in acts(rows):
        zone = zone_of(act.advisory)
        if act.level >= level:
            place = place_of(act.advisory) if place_of else ""
            on.setdefault(zone, Span(begin=act.at, end=None, zone=zone[2], place=place))
        elif zone in on:
            past.append(replace(on.pop(zone), end=act.at))
    return sorted([*past, *on.values()], key=lambda span: (span.begin, span.zone))


def match(
    official: Sequence[Span],
    alerts: Sequence[Span],
    period: tuple[datetime, datetime],
    within: timedelta,
) -> Matching:
    """Hold a province's alerts against its advisories, of both those that begin in ``since < t <=
    until``.

    An advisory is met by an alert that is on at any time within `within` of its issue; of several
    by the one that began nearest to it. An alert is added when no advisory of any zone was in force
    while it was on, or within `within` of that.
    """
    since, until = period
    matches = []
    for span in official:
        if since < span.begin <= until:
            issue = replace(span, end=span.begin)
            there = [alert for alert in alerts if alert.touches(issue, within)]
            nearest = min(there, key=lambda alert: abs(alert.begin - span.begin), default=None)
            matches.append(Match(official=span, alert=nearest))
    own = tuple(alert for alert in alerts if since < alert.begin <= until)
    added = tuple(
        alert for alert in own if not any(alert.touches(span, within) for span in official)
    )
    return Matching(matches=tuple(matches), alerts=own, added=added)


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
        places = [
            {**_named(code), **comparison.counts, "lead_hours": _leads(comparison.leads)}
            for code, comparison in self.places.items()
        ]
        every = [comparison.counts for comparison in self.places.values()]
        names = Matching(matches=(), alerts=(), added=()).counts
        return {
            "rule": self.rule.id,
            "against": "official",
            "since": kst_iso(self.since),
            "until": kst_iso(self.until),
            "pollutant": self.rule.pollutant,
            "level": self.level,
            "label": LABELS[self.level - 1],
            "within_hours": self.within,
            "official_since": _iso(self.known_since),
            **{name: sum(counts[name] for counts in every) for name in names},
            "lead_hours": _leads(
                [n for comparison in self.places.values() for n in comparison.leads]
            ),
            "places": places,
            "advisories": [
                {
                    **_named(code),
                    "zone": entry.official.zone,
                    "issued_at": kst_iso(entry.official.begin),
                    "cleared_at": _iso(entry.official.end),
                    "met": entry.alert is not None,
                    "alert_at": _iso(entry.alert.begin if entry.alert else None),
                    "lead_hours": entry.lead_hours,
                }
                for code, comparison in self.places.items()
                for entry in comparison.matches
            ],
            "added_alerts": [
                {
                    **_named(code),
                    "zone": entry.zone,
                    "at": kst_iso(entry.begin),
                    "until": _iso(entry.end),
                }
                for code, comparison in self.places.items()
                for entry in comparison.added
            ],
            # Why a rule and the authority never agree fully: English sentences of the catalogue.
            "why": [OF_ZONES if self.rule.over == "zone" else OF_PROVINCES, *WHY],
        }


def _named(code: str) -> dict[str, str]:
    return {"province": BY_CODE[code].ko, "code": code}


def _iso(moment: datetime | None) -> str | None:
    return kst_iso(moment) if moment else None


def _leads(leads: list[float]) -> dict[str, float] | None:
    return {"median": median(leads), "least": min(leads), "most": max(leads)} if leads else None


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
    store: Store, reader: Reader, rule: Rule, since: datetime, until: datetime,
    within: int = WITHIN_HOURS,
) -> Comparison:  # fmt: skip
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
        rows = [row for row in advisories(connection, since - RUN_UP, last)
                if row.pollutant == rule.pollutant]  # fmt: skip
        bounds = advisory_span(connection)
    watched = {province_of(place) for place in trial.courses}
    places = {}
    for code in rule.places:
        if rule.zones and BY_CODE[code] not in watched:
            continue
        here = [row for row in rows if BY_CODE[code] in district_provinces(row.district)]
        official = spells(here, level, _zone_id if rule.over == "zone" else None)
        if rule.zones:
            official = [span for span in official if span.place in trial.courses]
        places[code] = match(official, _alerts(trial, code), (since, until), margin)
    return Comparison(
        rule=rule, since=since, until=until, within=within, level=level,
        known_since=bounds[0] if bounds else None, places=places,
    )  # fmt: skip
