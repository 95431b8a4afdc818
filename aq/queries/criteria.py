"""Whether the authority could act now, zone by zone, and how past acts stand to the criteria."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from aq.context import Context
from aq.domain.clock import day_bounds, floor_hour, from_hour_number, hour_number, kst_day, kst_iso
from aq.domain.criteria import (
    CRITERIA,
    LATE,
    Crossing,
    Matching,
    Standing,
    crossings,
    matching,
    standings,
)
from aq.domain.model import Advisory
from aq.domain.pollutants import pollutants, to_scaled
from aq.domain.zones import KINDS, Zone
from aq.queries.official import value
from aq.queries.zones import ZoneHour, zone_hours
from aq.store.high_hours import hours_reaching
from aq.store.notices import advisories
from aq.zones_file import zone_of_act, zones_on

# An act's criteria may have been met a day before; an act of longer is told by its row.
BACK = 24
# Hours around those in which a station reached the limit: before for a run, after for the end.
BEFORE, AFTER = 2, 24
Item = dict[str, Any]


def standings_now(context: Context, key: str, now: datetime) -> dict[str, Standing]:
    """By zone id where each zone stands at its newest hour with a value, from a day of hours."""
    end = hour_number(floor_hour(now))
    series: dict[str, list[ZoneHour]] = {}
    for zone_hour in zone_hours(context, zones_on(kst_day(now), KINDS[key]), key, end - BACK, end):
        series.setdefault(zone_hour.zone.id, []).append(zone_hour)
    by_zone = {}
    for name, hours in series.items():
        # Hours that have not come yet say nothing.
        while hours and hours[-1].exact is None:
            hours.pop()
        told = standings(key, [(zone_hour.hour, zone_hour.exact) for zone_hour in hours])
        if told:
            by_zone[name] = told[-1]
    return by_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneYear:
    """A zone's acts of a year against the criteria on its hours; `compared` are the acts of hours
    that are there."""

    zone: Zone
    matching: Matching
    compared: int
    # By act: our value of the hour before its issue and of the hour of its end, at the store's
    # scale; None without one.
    values: dict[Advisory, tuple[float | None, float | None]]


def year_of(context: Context, key: str, year: int, now: datetime) -> list[ZoneYear]:
    """The acts of a pollutant and year against the criteria, zone by zone; zones without acts and
    without a crossing are left out, acts of unknown zones too.

    Only hours in which a station reached the limit, and those about acts, are looked at: a mean of
    stations reaches it in no other.
    """
    first, last = day_bounds(date(year, 1, 1))[0], min(day_bounds(date(year, 12, 31))[1], now)
    if last <= first:
        return []
    with context.store.read() as connection:
        issued = advisories(connection, first, last, issued_after=first)
    acts: dict[str, list[Advisory]] = {}
    for act in issued:
        zone = zone_of_act(act) if act.pollutant == key else None
        if zone is not None:
            acts.setdefault(zone.id, []).append(act)
    stretches = _stretches(
        context, key, (first, last), [a for those in acts.values() for a in those]
    )
    hours: dict[str, dict[int, ZoneHour]] = {}
    zones: dict[str, Zone] = {}
    for begin, end in stretches:
        there = zones_on(kst_day(from_hour_number(end)), KINDS[key])
        for zone_hour in zone_hours(context, there, key, begin, end):
            hours.setdefault(zone_hour.zone.id, {})[zone_hour.hour] = zone_hour
            zones[zone_hour.zone.id] = zone_hour.zone
    years = (
        _zone_year(zone, key, acts.get(name, []), hours.get(name, {}))
        for name, zone in zones.items()
    )
    return [
        zone_year
        for zone_year in sorted(
            years, key=lambda zone_year: (zone_year.zone.province.id, zone_year.zone.id)
        )
        if zone_year.compared or zone_year.matching.not_come
    ]


def _stretches(
    context: Context, key: str, bounds: tuple[datetime, datetime], acts: Sequence[Advisory]
) -> list[tuple[int, int]]:
    """(after, until) of the hours to look at, joined where they meet."""
    lowest = min(
        to_scaled(Decimal(criterion.issue[0]), pollutants()[key]) for criterion in CRITERIA[key]
    )
    first, last = (hour_number(floor_hour(moment)) for moment in bounds)
    with context.store.read() as connection:
        reached = hours_reaching(connection, key, lowest, first, last)
    edges = [(hour - BEFORE - 1, hour + AFTER) for hour in reached]
    for act in acts:
        issued = hour_number(floor_hour(act.issued_at))
        ended = hour_number(floor_hour(act.cleared_at)) if act.cleared_at else issued
        edges.append((issued - LATE // timedelta(hours=1) - BEFORE, ended + 1))
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(edges):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return [(max(begin, first - BEFORE), min(end, last)) for begin, end in joined]


def _zone_year(zone: Zone, key: str, acts: list[Advisory], hours: dict[int, ZoneHour]) -> ZoneYear:
    crossed: list[Crossing] = []
    run: list[tuple[int, Any]] = []
    for hour in sorted(hours):
        if run and hour != run[-1][0] + 1:
            crossed += crossings(standings(key, run))
            run = []
        run.append((hour, hours[hour].exact))
    crossed += crossings(standings(key, run))
    values = {act: _values(act, hours) for act in acts}
    compared = [act for act in acts if values[act][0] is not None]
    return ZoneYear(
        zone=zone, matching=matching(compared, crossed), compared=len(compared), values=values
    )


def _values(act: Advisory, hours: dict[int, ZoneHour]) -> tuple[float | None, float | None]:
    """Our values of the last hour that had ended at an act's issue, and at its end."""
    moments = (act.issued_at, act.cleared_at)
    hours_there = [
        hours.get(hour_number(floor_hour(moment))) if moment is not None else None
        for moment in moments
    ]
    told = [
        None if zone_hour is None or zone_hour.exact is None else float(zone_hour.exact)
        for zone_hour in hours_there
    ]
    return told[0], told[1]


def year_items(years: Sequence[ZoneYear], key: str) -> list[Item]:
    """A line for each zone in JSON's types, with its acts and the crossings without one."""
    return [
        {
            "zone_id": zone_year.zone.id,
            "zone": zone_year.zone.name,
            "province": zone_year.zone.province.ko,
            "pollutant": key,
            "acts": zone_year.compared,
            "met": len(zone_year.matching.met),
            "without": len(zone_year.matching.without),
            "not_come": len(zone_year.matching.not_come),
            "rows": [_act_item(act, zone_year, key) for act in zone_year.values],
            "criteria_without_act": [
                {
                    "begin": kst_iso(from_hour_number(stretch.begin)),
                    "end": None if stretch.end is None else kst_iso(from_hour_number(stretch.end)),
                    "level": stretch.level,
                }
                for stretch in zone_year.matching.not_come
            ],
        }
        for zone_year in years
    ]


def _act_item(act: Advisory, year: ZoneYear, key: str) -> Item:
    scale = pollutants()[key].scale
    issue, clear = year.values[act]
    met = any(act == other for other, _ in year.matching.met)
    return {
        "issued_at": kst_iso(act.issued_at),
        "label": act.word,
        "met": met if issue is not None else None,
        "issue_value": value(act, act.issue_value),
        "our_issue_value": None if issue is None else round(issue / scale, 4),
        "cleared_at": kst_iso(act.cleared_at) if act.cleared_at else None,
        "clear_value": value(act, act.clear_value),
        "our_clear_value": None if clear is None else round(clear / scale, 4),
    }
