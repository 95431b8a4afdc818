"""Zones (권역) as places: which stations lie in each, and their hours, worked out when asked for.

A zone's hour is not stored: it is worked out from the station hours, which have versions, so it
holds as of any version, follows a station that moved and a table of zones that was corrected.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate, chain, groupby, pairwise
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    case,
    cast,
    func,
    select,
)

from aq.domain.clock import day_bounds, from_hour_number, hour_number, kst_day
from aq.domain.model import URBAN, FeedInfo
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import BY_ID
from aq.domain.selection import Selection
from aq.domain.station_history import merged_spans
from aq.domain.zones import KINDS, PM, Zone, ZoneValue, plain_name, pooled, zone_of
from aq.feeds.registry import FEED_IDS, FEED_NAMES, INFO
from aq.store.archive import months as retained
from aq.store.high_hours import members_table, stations_reaching
from aq.store.reads import STATIONS, station_hours, windows_table
from aq.store.schema import station_hour
from aq.store.station_past import EXPECTED_FOR_HOURS
from aq.store.stations import KeptStation, reported_ranges, stations_of
from aq.zones_file import station_zones, zones_on

DAY = timedelta(days=1)
Members = Mapping[str, Sequence[int]]  # station numbers by place
Windows = Mapping[str, Sequence[tuple[int, int]]]  # (after, until) by place


def stations_by_zone(
    connection: Connection, kind: str, day: date
) -> tuple[dict[str, list[KeptStation]], list[KeptStation]]:
    """(urban stations by zone id, urban stations of no known zone) of a day.

    The operator's list overrules addresses. Only urban stations count, as for a province's mean;
    whether others enter a zone's mean is not published.
    """
    placed: dict[str, list[KeptStation]] = {}
    unplaced: list[KeptStation] = []
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


class Pooled(NamedTuple):
    """What the stations of a place said in one hour to one feed, at the store's scale.

    Attributes
    ----------
    total, n : of fine dust the sum and count of the valid values; of ozone the highest and 1
    heard : stations with a valid value; 0 where there are rows without one
    station : the one with the highest value, of several the one with the lowest number; None of
        fine dust
    """

    place: str
    hour: int
    feed: str
    total: int
    n: int
    heard: int
    station: int | None


def pooled_hours(
    connection: Connection,
    wanted: Iterable[str],
    key: str,
    after: int,
    until: int,
    feeds: Sequence[str],
    as_of: int | None = None,
    windows: Windows | None = None,
) -> Iterator[tuple[str, int, list[Pooled], int]]:
    """(place, hour, what each feed says, stations expected) of ``after < hour <= until``, place by
    place; hours without stations are left out, and where `windows` are given those outside them.

    A place is the id of a zone of the pollutant's kind, or a province's code: its stations that lie
    in no known zone. Raises `ArchiveError` where an archive cannot be read.
    """
    own = set(wanted)
    ranges = [reported_ranges(connection, FEED_IDS[feed]) for feed in feeds]
    for begin, end, members in _stretches(connection, KINDS[key], after, until):
        there = {place: numbers for place, numbers in members.items() if place in own}
        spans = {
            place: [
                (max(first, begin), min(last, end))
                for first, last in (((begin, end),) if windows is None else windows.get(place, ()))
                if first < end and last > begin
            ]
            for place in there
        }
        rows = _pooled(connection, there, key, spans, feeds, as_of, (begin, end))
        by_place = {place: list(group) for place, group in groupby(rows, key=lambda row: row.place)}
        for place, numbers in there.items():
            expected = _expected(numbers, ranges, begin, end)
            hours: dict[int, list[Pooled]] = {}
            for row in by_place.get(place, ()):
                hours.setdefault(row.hour, []).append(row)
            for hour in chain.from_iterable(range(a + 1, b + 1) for a, b in spans[place]):
                count = expected[hour - begin - 1]
                if count or hour in hours:
                    yield place, hour, hours.get(hour, []), count


def hours_to_read(
    connection: Connection, wanted: Iterable[str], key: str, at_least: int, after: int, until: int
) -> dict[str, set[int]]:
    """The hours in which any station of a place is at least so high, by place; each place of
    `wanted` that has stations is in it."""
    own = set(wanted)
    reaching: dict[str, set[int]] = {}
    for begin, end, members in _stretches(connection, KINDS[key], after, until):
        names = [place for place in members if place in own]
        numbered = {number: members[place] for number, place in enumerate(names)}
        for place in names:
            reaching.setdefault(place, set())
        for number, hour in stations_reaching(connection, key, numbered, at_least, begin, end):
            reaching[names[number]].add(hour)
    return reaching


def _stretches(
    connection: Connection, kind: str, after: int, until: int
) -> Iterator[tuple[int, int, Members]]:
    """(after, until, members) of the stretches of hours in which the zones are the same."""
    if until <= after:
        return
    first, last = (kst_day(from_hour_number(hour)) for hour in (after + 1, until))
    days = sorted(
        {
            day
            for zone in zones_on(None, kind)
            for day in (zone.since, zone.until and zone.until + DAY)
            if day and first < day <= last
        }
    )
    edges = [after, *(hour_number(day_bounds(day)[0]) for day in days), until]
    for begin, end in pairwise(edges):
        placed, unplaced = stations_by_zone(connection, kind, kst_day(from_hour_number(end)))
        members = {zone: [station.id for station in own] for zone, own in placed.items()}
        for station in unplaced:
            members.setdefault(BY_ID[station.province].code, []).append(station.id)
        yield begin, end, members


def _expected(
    numbers: Iterable[int], ranges: Sequence[Mapping[int, tuple[int, int]]], after: int, until: int
) -> list[int]:
    """How many of these stations are expected in each hour of ``after < hour <= until``."""
    steps = [0] * (until - after + 1)
    for number in numbers:
        spans = [feed[number] for feed in ranges if number in feed]
        lasting = [(first, last + EXPECTED_FOR_HOURS) for first, last in spans]
        for first, last in merged_spans(lasting, 1):
            if first <= until and last > after:
                steps[max(first - after - 1, 0)] += 1
                steps[min(last, until) - after] -= 1
    return list(accumulate(steps[:-1]))


def _pooled(
    connection: Connection, members: Members, key: str, spans: Windows, feeds: Sequence[str],
    as_of: int | None, stretch: tuple[int, int],
) -> list[Pooled]:  # fmt: skip
    """By place, hour and feed; of the present by the database, of the past and of archives here."""
    if not any(members.values()):
        return []
    after, until = stretch
    if as_of is None and not retained.months(connection, after + 1, until):
        return _grouped(connection, members, key, spans, feeds)
    places = {number: place for place, numbers in members.items() for number in numbers}
    heard: dict[tuple[str, int, str], dict[int, int]] = {}
    for row in station_hours(
        connection, sorted(places), after, until, keys=[key], feeds=feeds, as_of=as_of
    ):
        there = heard.setdefault((places[row.place], row.hour, row.feed), {})
        if row.means[key].valid:
            there[row.place] = row.means[key].total
    found = []
    for slot, by_station in sorted(heard.items()):
        value = pooled(key, by_station) or ZoneValue(total=0, count=0, heard=0)
        found.append(Pooled(*slot, value.total, value.count, value.heard, value.highest_station))
    return found


def _grouped(
    connection: Connection, members: Members, key: str, spans: Windows, feeds: Sequence[str]
) -> list[Pooled]:
    table, names = station_hour, list(members)
    member = members_table({number: members[name] for number, name in enumerate(names)})
    cut = [(number, *span) for number, name in enumerate(names) for span in spans[name]]
    if not cut:
        return []
    window = windows_table(cut)
    # Worked out first: by the index of hours the same question takes twenty times as long.
    member_window = (
        select(member.c.place, member.c.station, window.c.after, window.c.until)
        .where(member.c.place == window.c.place)
        .cte("member_window")
        .prefix_with("MATERIALIZED")
    )
    value = table.c[key]
    counts = value.is_not(None) & (table.c.bad.bitwise_and(1 << KEYS.index(key)) == 0)
    # Of ozone value and station in one number, so that one pass over the rows finds both.
    both = cast(value, BigInteger) * STATIONS + (STATIONS - 1 - table.c.station)
    mean = KINDS[key] == PM
    query = (
        select(
            member_window.c.place,
            table.c.hour,
            table.c.feed,
            func.sum(case((counts, value), else_=0)) if mean else func.max(case((counts, both))),
            func.sum(case((counts, 1), else_=0)),
        )
        .where(
            table.c.station == member_window.c.station,
            table.c.hour > member_window.c.after,
            table.c.hour <= member_window.c.until,
            table.c.feed.in_([FEED_IDS[feed] for feed in feeds]),
        )
        .group_by(member_window.c.place, table.c.hour, table.c.feed)
        .order_by(member_window.c.place, table.c.hour, table.c.feed)
    )
    found = []
    for place, hour, feed, total, heard in connection.execute(query):
        slot = names[place], hour, FEED_NAMES[feed]
        if mean:
            found.append(Pooled(*slot, int(total), heard, heard, None))
        elif heard:
            top = (total // STATIONS, 1, heard, STATIONS - 1 - total % STATIONS)
            found.append(Pooled(*slot, *top))
        else:
            found.append(Pooled(*slot, 0, 0, 0, None))
    return found


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


def zone_hours_of(
    connection: Connection,
    among: Selection,
    wanted: Sequence[Zone],
    key: str,
    after: int,
    until: int,
    as_of: int | None = None,
) -> list[ZoneHour]:
    """The hours (numbers, ``after < hour <= until``) of zones of the pollutant's kind, hour by
    hour; each from the most preferred feed of stations that has a value, never of two."""
    selection = among.of_stations
    own = [zone.id for zone in wanted]
    rows = pooled_hours(connection, own, key, after, until, selection.feeds, as_of)
    found = {(place, hour): (by_feed, expected) for place, hour, by_feed, expected in rows}
    days = {hour: kst_day(from_hour_number(hour)) for hour in range(after + 1, until + 1)}
    return [
        _hour(zone, key, hour, *found.get((zone.id, hour), ([], 0)), selection)
        for hour, day in days.items()
        for zone in wanted
        if zone.kind == KINDS[key] and zone.holds_on(day)
    ]


def _hour(
    zone: Zone, key: str, hour: int, rows: Sequence[Pooled], expected: int, selection: Selection
) -> ZoneHour:
    feed = selection.of_hour({row.feed: row.heard for row in rows})
    row = next((row for row in rows if row.feed == feed and row.heard), None)
    value = row and ZoneValue(
        total=row.total, count=row.n, heard=row.heard, highest_station=row.station
    )
    return ZoneHour(zone=zone, key=key, hour=hour, feed=feed, value=value, expected=expected)
