"""The stations of a province: what each last said, how complete it is, and whether it counts."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aq.context import Context
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst_iso
from aq.domain.missing import reasons
from aq.domain.model import URBAN, StationHour
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_ID, Province
from aq.domain.standards import Standard
from aq.domain.station_history import Change
from aq.feeds.registry import FEED_IDS
from aq.queries.evidence import COUNTS, FLAGGED, NO_NETWORK, NO_VALUE, ROADSIDE
from aq.store.reads import find_stations, station_hours
from aq.store.station_past import EXPECTED_FOR_HOURS, changes_of
from aq.store.stations import Listed, reported_ranges, stations_in, stations_of

NOT_LISTED, SILENT = "not_listed", "silent"
NOT_RECEIVED, NEVER = "not_received", "never"
TREND_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One station and its part in its province's mean of an hour.

    Attributes
    ----------
    ref : AirKorea's code where it is known, else the name: how an address names it
    latitude, longitude : degrees, null where no list has told
    value, grade, flag : of the hour [pollutant's unit]; a flagged number stands beside its flag
    part : why it counts or does not
    heard : end of its newest hour with a row up to the hour, of any observing feed
    first : end of its first hour with a row
    valid : hours of the range with a value that counts, of those asked for
    trend : the last 24 hourly values [unit], null where none counts
    """

    id: int
    ref: str
    name: str
    code: str | None
    network: str | None
    address: str | None
    latitude: float | None
    longitude: float | None
    since: int | None
    value: float | None
    grade: int | None
    flag: str | None
    part: str
    heard: datetime | None
    first: datetime | None
    valid: int
    trend: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """A province's stations at an hour: the newest of the range that any of them has a row of."""

    at: datetime | None
    feed: str | None
    hours: int
    members: tuple[Member, ...]

    def find(self, ref: str) -> Member | None:
        """The station an address names."""
        return next((member for member in self.members if member.ref == ref), None)


def roster(
    context: Context,
    province: int,
    key: str,
    after: datetime,
    until: datetime,
    standard: Standard,
    as_of: int | None = None,
) -> Roster:
    """The stations of a province (by id) over hours with ``after < hour end <= until``.

    Values are of the most preferred observing feed that has the newest hour.
    """
    begin, end = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    selection = context.settings.selection.of_stations
    with context.store.read() as connection:
        stations = stations_in(connection, province, begin + 1, end, as_of)
        numbers = [station.id for station in stations]
        ranges = {name: reported_ranges(connection, FEED_IDS[name]) for name in selection.feeds}
        # The trend may reach back before a short range.
        first = min(begin, end - TREND_HOURS)
        rows = station_hours(
            connection, numbers, first, end, keys=[key], feeds=selection.feeds, as_of=as_of
        )
    slots: dict[tuple[int, int], dict[str, StationHour]] = {}
    for row in rows:
        slots.setdefault((row.place, row.hour), {})[row.feed] = row
    by_station: dict[int, dict[int, StationHour]] = {}
    for (place, at), by_feed in slots.items():
        feed = selection.of_hour({name: row.means[key].valid for name, row in by_feed.items()})
        if feed:
            by_station.setdefault(place, {})[at] = by_feed[feed]
    hour = max((row.hour for row in rows if row.hour > begin), default=None)
    return Roster(
        at=None if hour is None else from_hour_number(hour),
        feed=selection.of_hour(Counter(row.feed for row in rows if row.hour == hour)),
        hours=end - begin,
        members=tuple(
            _member(
                station,
                by_station.get(station.id, {}),
                [each[station.id] for each in ranges.values() if station.id in each],
                (begin, end if hour is None else hour),
                key,
                standard,
            )
            for station in stations
        ),
    )


def _member(
    station: Listed,
    rows: Mapping[int, StationHour],
    ranges: list[tuple[int, int]],
    hours: tuple[int, int],
    key: str,
    standard: Standard,
) -> Member:
    begin, hour = hours
    row, scale = rows.get(hour), pollutants()[key].scale
    raw = None if row is None else row.values[key]
    flag = None if row is None else reasons(row).get(key)
    heard = max((number for number in rows if number <= hour), default=None)
    if heard is None:
        heard = max((last for _, last in ranges if last <= hour), default=None)
    lasts = [last for first, last in ranges if first <= hour]
    first = min((first for first, _ in ranges), default=None)
    counted = {at: own.means[key].total for at, own in rows.items() if own.means[key].valid}
    return Member(
        id=station.id,
        ref=station.code or station.name,
        name=station.name,
        code=station.code,
        network=station.network,
        address=station.address,
        latitude=station.latitude,
        longitude=station.longitude,
        since=station.year,
        value=None if raw is None else raw / scale,
        grade=standard.grade(key, counted[hour], "1h") if hour in counted else None,
        flag=flag,
        part=_part(station, key, row, max(lasts, default=None), hour),
        heard=None if heard is None else from_hour_number(heard),
        first=None if first is None else from_hour_number(first),
        valid=sum(number > begin for number in counted),
        trend=tuple(
            counted[number] / scale if number in counted else None
            for number in range(hour - TREND_HOURS + 1, hour + 1)
        ),
    )


def _part(station: Listed, key: str, row: StationHour | None, last: int | None, hour: int) -> str:
    """Why a station counts in its province's mean of an hour, or does not.

    `last` is its newest hour of all, where it had begun by then: as expected stations are told.
    """
    if station.network != URBAN:
        return ROADSIDE if station.network else NO_NETWORK
    if row is not None and row.means[key].valid:
        return COUNTS
    if row is not None and key in reasons(row):
        return FLAGGED
    if station.items is not None and key not in station.items.split():
        return NOT_LISTED
    return NO_VALUE if row is not None else _silence(last, hour)


def _silence(last: int | None, hour: int) -> str:
    if last is None:
        return NEVER
    return SILENT if hour - last > EXPECTED_FOR_HOURS else NOT_RECEIVED


def station_of(context: Context, ref: str) -> Any:
    """The kept station an address names by code or name; None for none or several."""
    with context.store.read() as connection:
        stations = find_stations(connection, ref)
    return stations[0] if len(stations) == 1 else None


def changes(context: Context, station: int) -> tuple[Change, ...]:
    """How a station (by id) became what it is: moved, reclassified, renamed."""
    with context.store.read() as connection:
        return tuple(changes_of(connection, station))


def named(context: Context, province: int) -> tuple[tuple[str, str], ...]:
    """(ref, name) of a province's stations, by name."""
    with context.store.read() as connection:
        return tuple(
            (station.code or station.name, station.name)
            for station in stations_of(connection, province)
        )


def station_items(
    context: Context, provinces: Collection[Province] | None = None
) -> list[dict[str, Any]]:
    """The stations as they are now, of some provinces or all, those in no province too, with the
    hours between which observing feeds have rows of them."""
    wanted = None if provinces is None else {province.id for province in provinces}
    with context.store.read() as connection:
        rows = stations_of(connection)
        feeds = context.settings.selection.of_stations.feeds
        ranges = [reported_ranges(connection, FEED_IDS[name]) for name in feeds]
    items = []
    for row in rows:
        if wanted is not None and row.province not in wanted:
            continue
        province = BY_ID.get(row.province)
        spans = [hours[row.id] for hours in ranges if row.id in hours]
        first, last = (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (None,) * 2
        items.append(
            {
                "station": row.name,
                "station_code": row.code,
                "province": province.ko if province else None,
                "code": province.code if province else None,
                "network": row.network,
                "counts": province is not None and row.network == URBAN,
                "address": row.address,
                "latitude": row.latitude,
                "longitude": row.longitude,
                "since_year": row.year,
                "pollutants": None if row.items is None else row.items.split(),
                "first_at": None if first is None else kst_iso(from_hour_number(first)),
                "last_at": None if last is None else kst_iso(from_hour_number(last)),
            }
        )
    return items
