"""A rule's alerts held against the authority's advisories: met, missed, added, and how early."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from aq.domain.advisories import acts, zone_of
from aq.domain.model import Advisory
from aq.i18n import N_

# Values at which the three levels may be issued [the pollutant's unit], read in November 2026 from
# gyeongnam.go.kr (대기오염경보제) and air.daegu.go.kr (menu_id=00000771).
ISSUED_AT: Mapping[str, tuple[Decimal, ...]] = {
    "pm10": (Decimal(150), Decimal(300)),
    "pm25": (Decimal(75), Decimal(150)),
    "o3": (Decimal("0.12"), Decimal("0.3"), Decimal("0.5")),
}
LABELS = ("주의보", "경보", "중대경보")
WITHIN_HOURS = 3
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

    def near(self, moment: datetime, within: timedelta) -> bool:
        """Whether it is on at any time within `within` of an instant."""
        return self.begin <= moment + within and (self.end is None or self.end >= moment - within)

    def shares(self, other: "Span") -> bool:
        """Whether the two may be of one place."""
        return not self.place or not other.place or self.place == other.place

    def touches(self, other: "Span", within: timedelta) -> bool:
        """Whether the two are ever on at once, or less than `within` apart, in one place."""
        if not self.shares(other):
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
    def met(self) -> int:
        """How many advisories were met."""
        return len(self.leads)

    @property
    def missed(self) -> int:
        """How many were not."""
        return len(self.matches) - self.met


def level_of(pollutant: str, threshold: Decimal | None) -> int:
    """The official level a rule is held against: the highest issued at or below its threshold, else
    the lowest; without a threshold in the pollutant's unit the lowest."""
    below = [at for at in ISSUED_AT[pollutant] if threshold is not None and at <= threshold]
    return max(1, len(below))


def spells(
    rows: Iterable[Advisory], level: int, place_of: Callable[[Advisory], str] | None = None
) -> list[Span]:
    """From when to when each zone was at a level or above; of one pollutant and province."""
    found: list[Span] = []
    on: dict[tuple[str, str, str], Span] = {}
    for act in acts(rows):
        zone = zone_of(act.advisory)
        if act.level >= level:
            place = place_of(act.advisory) if place_of else ""
            on.setdefault(zone, Span(begin=act.at, end=None, zone=zone[2], place=place))
        elif zone in on:
            found.append(replace(on.pop(zone), end=act.at))
    found += on.values()
    return sorted(found, key=lambda span: (span.begin, span.zone))


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
            there = [
                alert for alert in alerts if alert.shares(span) and alert.near(span.begin, within)
            ]
            nearest = min(there, key=lambda alert: abs(alert.begin - span.begin), default=None)
            matches.append(Match(official=span, alert=nearest))
    own = tuple(alert for alert in alerts if since < alert.begin <= until)
    added = tuple(
        alert for alert in own if not any(alert.touches(span, within) for span in official)
    )
    return Matching(matches=tuple(matches), alerts=own, added=added)


def middle(leads: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return median(leads) if leads else None
