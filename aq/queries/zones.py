"""Zones as places: their hours from their stations' hours, the value behind an act, acts unplaced.

A zone's hour is not stored: it is worked out from the station hours, which have versions, so it
holds as of any version, follows a station that moved and a table of zones that was corrected.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from aq.context import Context
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst_day, kst_iso
from aq.domain.model import URBAN, Advisory, FeedInfo
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_ID, PROVINCES
from aq.domain.selection import Selection
from aq.domain.standards import Standard
from aq.domain.zones import KINDS, Zone, ZoneValue, find_zone, plain_name, pooled, zone_of
from aq.feeds.registry import FEED_IDS, INFO
from aq.store import Connection
from aq.store.notices import advisories
from aq.store.reads import station_hours
from aq.store.station_past import EXPECTED_FOR_HOURS
from aq.store.stations import reported_ranges, stations_of
from aq.zones_file import station_zones, zones

Item = dict[str, Any]
# The hours a zone's present value may be of: as long as a value of now is shown at all.
LATEST = 6


def zones_on(day: date, kind: str | None = None) -> tuple[Zone, ...]:
    """The zones of a day, province by province in page-header order."""
    there = (zone for zone in zones() if zone.holds_on(day) and kind in (None, zone.kind))
    return tuple(sorted(there, key=lambda zone: (zone.province.id, zone.kind, zone.id)))


def zone_by_id(name: str) -> Zone | None:
    """A zone by its id."""
    return next((zone for zone in zones() if zone.id == name), None)


def zone_of_act(act: Advisory) -> Zone | None:
    """The zone an act is of, by the zones of its day; None where its words name none."""
    kind = KINDS.get(act.pollutant)
    if kind is None:
        return None
    return find_zone(zones(), kind, act.district, act.zone, kst_day(act.issued_at))


def stations_by_zone(
    connection: Connection, kind: str, day: date
) -> tuple[dict[str, list[Any]], list[Any]]:
    """(urban stations by zone id, urban stations of no known zone) of a day.

    The operator's list overrules addresses. Only urban stations count, as for a province's mean;
    whether others enter a zone's mean is not published.
    """
    placed: dict[str, list[Any]] = {}
    unplaced: list[Any] = []
    there = zones_on(day, kind)
    own = station_zones()
    for station in stations_of(connection):
        if station.network != URBAN or station.province is None:
            continue
        name = own.get((station.name, kind))
        zone = _listed(there, name, station.province) if name else None
        zone = zone or zone_of(there, kind, station.address, day)
        if zone is None:
            unplaced.append(station)
        else:
            placed.setdefault(zone.id, []).append(station)
    return placed, unplaced


def _listed(there: Iterable[Zone], name: str, province: int) -> Zone | None:
    wanted = BY_ID[province]
    return next(
        (
            zone
            for zone in there
            if zone.province == wanted
            and plain_name(name, zone.kind)
            in {plain_name(name_of, zone.kind) for name_of in (zone.name, *zone.variants)}
        ),
        None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneHour:
    """A zone's value at an hour's end, with the stations heard and expected; None without one."""

    zone: Zone
    key: str
    hour: int
    feed: str | None
    value: ZoneValue | None
    expected: int

    @property
    def info(self) -> FeedInfo | None:
        """What its feed is."""
        return INFO[self.feed] if self.feed else None

    @property
    def unit(self) -> str:
        """Its pollutant's unit."""
        return pollutants()[self.key].unit

    @property
    def exact(self) -> Fraction | None:
        """The value at the store's scale, unrounded."""
        return None if self.value is None else Fraction(self.value.total, self.value.count)


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


def zone_hours_of(
    connection: Connection,
    among: Selection,
    wanted: Sequence[Zone],
    key: str,
    after: int,
    until: int,
    as_of: int | None = None,
) -> list[ZoneHour]:
    """`zone_hours` within a transaction, of a choice of feeds."""
    selection, kind = among.of_stations, KINDS[key]
    by_day: dict[date, dict[str, list[int]]] = {}
    for hour in range(after + 1, until + 1):
        day = kst_day(from_hour_number(hour))
        if day not in by_day:
            by_day[day] = _numbers(connection, kind, day, by_day)
    numbers = {
        number
        for members in by_day.values()
        for zone in wanted
        for number in members.get(zone.id, ())
    }
    rows = station_hours(
        connection,
        sorted(numbers),
        after,
        until,
        keys=[key],
        feeds=selection.feeds,
        as_of=as_of,
    )
    ranges = {name: reported_ranges(connection, FEED_IDS[name]) for name in selection.feeds}
    values: dict[int, dict[str, dict[int, int]]] = {}
    for row in rows:
        by_feed = values.setdefault(row.hour, {}).setdefault(row.feed, {})
        if row.means[key].valid:
            by_feed[row.place] = row.means[key].total
    return [
        _hour(zone, key, hour, by_day[kst_day(from_hour_number(hour))], values, ranges, selection)
        for hour in range(after + 1, until + 1)
        for zone in wanted
        if zone.kind == kind and zone.holds_on(kst_day(from_hour_number(hour)))
    ]


def _numbers(
    connection: Connection, kind: str, day: date, days: Mapping[date, dict[str, list[int]]]
) -> dict[str, list[int]]:
    """Station numbers by zone id; asked again only where the zones are others."""
    there = zones_on(day, kind)
    for other, members in days.items():
        if zones_on(other, kind) == there:
            return members
    placed, _ = stations_by_zone(connection, kind, day)
    return {name: [station.id for station in those] for name, those in placed.items()}


def _hour(
    zone: Zone,
    key: str,
    hour: int,
    members: Mapping[str, list[int]],
    values: Mapping[int, Mapping[str, Mapping[int, int]]],
    ranges: Mapping[str, Mapping[int, tuple[int, int]]],
    selection: Any,
) -> ZoneHour:
    own = set(members.get(zone.id, ()))
    by_feed = {
        feed: {number: value for number, value in heard.items() if number in own}
        for feed, heard in values.get(hour, {}).items()
    }
    feed = selection.of_hour({name: len(heard) for name, heard in by_feed.items()})
    expected = sum(
        any(
            first <= hour <= last + EXPECTED_FOR_HOURS
            for first, last in (
                ranges_of[number] for ranges_of in ranges.values() if number in ranges_of
            )
        )
        for number in own
    )
    value = pooled(key, by_feed[feed]) if feed else None
    return ZoneHour(zone=zone, key=key, hour=hour, feed=feed, value=value, expected=expected)


def zone_now(context: Context, zone: Zone, key: str, now: datetime) -> ZoneHour | None:
    """A zone's newest hour with a value, no older than `LATEST` hours; None without one."""
    end = hour_number(floor_hour(now))
    hours = zone_hours(context, [zone], key, end - LATEST, end)
    return next((zone_hour for zone_hour in reversed(hours) if zone_hour.value is not None), None)


def zones_now(context: Context, key: str, now: datetime) -> list[ZoneHour]:
    """Every zone's newest hour of the last `LATEST`; without a value the newest hour there is."""
    end = hour_number(floor_hour(now))
    there = zones_on(kst_day(now), KINDS[key])
    newest: dict[str, ZoneHour] = {}
    for zone_hour in zone_hours(context, there, key, end - LATEST, end):
        if zone_hour.value is not None or zone_hour.zone.id not in newest:
            newest[zone_hour.zone.id] = zone_hour
    return [newest[zone.id] for zone in there if zone.id in newest]


def zone_item(zone_hour: ZoneHour, standard: Standard) -> Item:
    """A zone's hour in JSON's types, graded by the hour's breakpoints of a standard."""
    pollutant = pollutants()[zone_hour.key]
    exact, info = zone_hour.exact, INFO[zone_hour.feed] if zone_hour.feed else None
    grade = None if exact is None else standard.grade(zone_hour.key, exact, "1h")
    level = standard.level(grade) if grade else None
    return {
        "zone": zone_hour.zone.name,
        "zone_id": zone_hour.zone.id,
        "zone_kind": zone_hour.zone.kind,
        "province": zone_hour.zone.province.ko,
        "code": zone_hour.zone.province.code,
        "pollutant": zone_hour.key,
        "at": kst_iso(from_hour_number(zone_hour.hour)),
        "value": None if exact is None else float(standard.figure(zone_hour.key, exact, "1h")),
        "unit": pollutant.unit,
        "basis": "mean" if zone_hour.zone.kind == "PM" else "highest",
        "grade": grade,
        "letter": level.letter if level else None,
        "label": level.label("ko") if level else None,
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
    context: Context, acts: tuple[Advisory, ...], now: datetime
) -> tuple[ZoneHour | None, ...]:
    """The zone's newest value of each act; None where its zone is unknown or has no value."""
    named = [(zone_of_act(act), act.pollutant) for act in acts]
    return tuple(zone_now(context, zone, key, now) if zone else None for zone, key in named)


def zone_facts(context: Context, act: Advisory, now: datetime, *, now_too: bool) -> Item:
    """The zone of an act, and with `now_too` its value now beside the one at issue."""
    zone = zone_of_act(act)
    facts: Item = {"zone_id": zone.id if zone else None}
    if now_too:
        newest = zone_now(context, zone, act.pollutant, now) if zone else None
        item = zone_item(newest, context.standards["airkorea_1h"]) if newest else None
        names = ("value", "at", "stations", "stations_expected")
        facts["zone_now"] = {name: item[name] for name in names} if item else None
    return facts


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
