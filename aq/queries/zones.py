"""Zones as places: their hours now and then, the value behind an act, acts unplaced."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from aq.context import Context
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst_day, kst_iso
from aq.domain.model import Advisory
from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.domain.zones import KINDS, Zone
from aq.queries.items import graded
from aq.store.notices import advisories
from aq.store.zones import ZoneHour, stations_by_zone, zone_hours_of
from aq.zones_file import zone_of_act, zones_on

__all__ = [
    "ZoneHour",
    "unplaced_acts",
    "unplaced_stations",
    "value_facts",
    "values_now",
    "why",
    "zone_facts",
    "zone_hours",
    "zone_item",
    "zone_list",
    "zones_now",
]
Item = dict[str, Any]
# The hours a zone's present value may be of: as long as a value of now is shown at all.
LATEST = 6


def zone_hours(
    context: Context,
    wanted: Sequence[Zone],
    key: str,
    after: int,
    until: int,
    as_of: int | None = None,
) -> list[ZoneHour]:
    """The hours (numbers, ``after < hour <= until``) of zones of the pollutant's kind, hour by
    hour; each from the most preferred feed of stations that has a value, never of two."""
    selection = context.settings.selection
    with context.store.read() as connection:
        return zone_hours_of(connection, selection, wanted, key, after, until, as_of)


def zones_now(
    context: Context, key: str, now: datetime, wanted: Sequence[Zone] | None = None
) -> list[ZoneHour]:
    """The newest hour of the last `LATEST` of the `wanted` zones, by default of all there are;
    without a value the newest hour there is."""
    end = hour_number(floor_hour(now))
    there = zones_on(kst_day(now), KINDS[key]) if wanted is None else wanted
    newest: dict[str, ZoneHour] = {}
    for zone_hour in zone_hours(context, there, key, end - LATEST, end):
        if zone_hour.value is not None or zone_hour.zone.id not in newest:
            newest[zone_hour.zone.id] = zone_hour
    return [newest[zone.id] for zone in there if zone.id in newest]


def zone_item(zone_hour: ZoneHour, standard: Standard) -> Item:
    """A zone's hour in JSON's types, graded by the hour's breakpoints of a standard."""
    exact, info = zone_hour.exact, zone_hour.info
    grade = None if exact is None else standard.grade(zone_hour.key, exact, "1h")
    return {
        "zone": zone_hour.zone.name,
        "zone_id": zone_hour.zone.id,
        "zone_kind": zone_hour.zone.kind,
        "province": zone_hour.zone.province.ko,
        "code": zone_hour.zone.province.code,
        "pollutant": zone_hour.key,
        "at": kst_iso(from_hour_number(zone_hour.hour)),
        "value": None if exact is None else float(standard.figure(zone_hour.key, exact, "1h")),
        "unit": zone_hour.unit,
        "basis": "mean" if zone_hour.zone.kind == "PM" else "highest",
        **graded(standard, grade),
        "standard": standard.id,
        "feed": zone_hour.feed,
        "kind": info.kind if info else None,
        "status": info.status if info else None,
        "stations": zone_hour.value.heard if zone_hour.value else 0,
        "stations_expected": zone_hour.expected,
        "thin": zone_hour.value is not None and 2 * zone_hour.value.heard < zone_hour.expected,
        "missing_reason": None if zone_hour.value else why(zone_hour),
    }


def why(zone_hour: ZoneHour) -> str:
    """Why an hour has no value."""
    if not zone_hour.zone.members:
        return "members_unknown"
    return "not_received" if zone_hour.expected else "no_station"


def values_now(
    context: Context, acts: Sequence[Advisory], now: datetime
) -> tuple[ZoneHour | None, ...]:
    """The zone's newest value of each act; None where its zone is unknown or has no value."""
    named = [(act.pollutant, zone_of_act(act)) for act in acts]
    newest = {
        (key, zone_hour.zone.id): zone_hour
        for key in {key for key, _ in named}
        for zone_hour in zones_now(
            context, key, now, [zone for other, zone in named if zone and other == key]
        )
        if zone_hour.value is not None
    }
    return tuple(newest.get((key, zone.id)) if zone else None for key, zone in named)


def zone_facts(act: Advisory) -> Item:
    """The zone of an act."""
    zone = zone_of_act(act)
    return {"zone_id": zone.id if zone else None}


def value_facts(context: Context, newest: ZoneHour | None) -> Item:
    """The value of an act's zone now, beside the one at issue."""
    item = zone_item(newest, context.standards["airkorea_1h"]) if newest else None
    names = ("value", "at", "stations", "stations_expected")
    return {"zone_now": {name: item[name] for name in names} if item else None}


def unplaced_acts(context: Context, now: datetime, days: int = 365) -> Counter[tuple[str, str]]:
    """Acts of the last days whose words name no zone of their day, by district and zone."""
    with context.store.read() as connection:
        rows = advisories(connection, now - timedelta(days=days), now)
    return Counter((act.district, act.zone) for act in rows if zone_of_act(act) is None)


def unplaced_stations(context: Context, now: datetime) -> dict[str, int]:
    """How many urban stations have no known zone today, by kind."""
    with context.store.read() as connection:
        return {
            kind: len(stations_by_zone(connection, kind, kst_day(now))[1])
            for kind in dict.fromkeys(KINDS.values())
        }


def zone_list(day: date) -> list[Item]:
    """The zones of a day in JSON's types."""
    order = {province: place for place, province in enumerate(PROVINCES)}
    return [
        {
            "zone_id": zone.id,
            "zone": zone.name,
            "zone_kind": zone.kind,
            "province": zone.province.ko,
            "code": zone.province.code,
            "members": [" ".join(member.name) or zone.province.ko for member in zone.members],
            "proof": zone.proof,
            "valid_from": zone.since.isoformat() if zone.since else None,
            "valid_to": zone.until.isoformat() if zone.until else None,
            "note": zone.note or None,
        }
        for zone in sorted(zones_on(day), key=lambda zone: (order[zone.province], zone.id))
    ]
