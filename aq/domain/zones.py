"""Zones (권역) of the authority's acts: names as they are spelt, members, a station's zone, values.

Fine dust and ozone have different zones; both change, so a zone holds from a day to a day.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aq.domain.provinces import Province, by_address, district_provinces

PM, OZONE = "PM", "O3"
KINDS = {"pm10": PM, "pm25": PM, "o3": OZONE}
_SUFFIX = re.compile(r"(권역|권)$")
_CITY = re.compile(r"(?<=..)[시군]$")


@dataclass(frozen=True, slots=True)
class Member:
    """A city, county or district, whole or a part of it: where the address has any of the words
    `only`, and none of the words `without`. An empty `name` is the whole province."""

    name: tuple[str, ...]
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def holds(self, address: str) -> bool:
        """Whether an address, province first, lies in it."""
        tokens = address.split()[1:]
        if tuple(tokens[: len(self.name)]) != self.name:
            return False
        rest = " ".join(tokens[len(self.name) :])
        if self.only and not any(word in rest for word in self.only):
            return False
        return not any(word in rest for word in self.without)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone of fine dust (PM) or ozone (O3) of a province, from a day to a day, both inclusive.

    `proof` tells how its members are known: an official page, press, inferred, or unknown.
    """

    id: str
    kind: str
    province: Province
    name: str
    variants: tuple[str, ...]
    members: tuple[Member, ...]
    proof: str
    since: date | None
    until: date | None
    note: str

    @property
    def full_name(self) -> str:
        """With its province: 경기 중부권역."""
        return f"{self.province.ko} {self.name}"

    def holds_on(self, day: date) -> bool:
        """Whether the zone was one on a day."""
        return (self.since or day) <= day <= (self.until or day)


def plain_zone(name: str) -> str:
    """A zone's name without the word for zone: 중부 of 중부권역."""
    return _SUFFIX.sub("", name)


def parse_member(text: str) -> Member:
    """``수원시``, ``창원시_진해구``, ``중구+영종+용유`` (where the address has one of the words),
    ``중구-영종-용유`` (none of them); ``*`` is the whole province."""
    if text == "*":
        return Member(())
    words = re.split(r"[+-]", text)
    name, others = tuple(words[0].split("_")), tuple(words[1:])
    if "+" in text:
        return Member(name, only=others)
    return Member(name, without=others)


def plain_name(text: str, kind: str) -> str:
    """A name as names are compared: without blanks and middle dots, without one 권역 or 권 at its
    end, and of an ozone zone without 시 or 군."""
    name = _SUFFIX.sub("", re.sub(r"[\s·‧・]", "", unicodedata.normalize("NFC", text)))
    return _CITY.sub("", name) if kind == OZONE else name


def find_zone(zones: Iterable[Zone], kind: str, district: str, name: str, day: date) -> Zone | None:
    """The zone an act of a day names within its district; None for none, or for several."""
    provinces = district_provinces(district)
    wanted = plain_name(name, kind)
    named = [
        zone
        for zone in zones
        if zone.kind == kind
        and zone.province in provinces
        and zone.holds_on(day)
        and wanted in {plain_name(own_name, kind) for own_name in (zone.name, *zone.variants)}
    ]
    return named[0] if len(named) == 1 else None


def zones_named(zones: Iterable[Zone], text: str) -> list[Zone]:
    """The zones that a text names: by id, by province and name, or by the name alone."""
    word, _, rest = unicodedata.normalize("NFC", text).strip().partition(" ")
    provinces = district_provinces(word) if rest else ()
    name = rest if provinces else f"{word} {rest}"
    return [
        zone
        for zone in zones
        if zone.id == text.strip()
        or (
            (not provinces or zone.province in provinces)
            and plain_name(name, zone.kind)
            in {plain_name(own_name, zone.kind) for own_name in (zone.name, *zone.variants)}
        )
    ]


def zone_of(zones: Iterable[Zone], kind: str, address: str | None, day: date) -> Zone | None:
    """The zone an address lay in on a day; None where none is known, or several are."""
    province = by_address(address)
    if province is None or not address:
        return None
    holding = [
        zone
        for zone in zones
        if zone.province.id == province.id
        and zone.kind == kind
        and zone.holds_on(day)
        and any(member.holds(address) for member in zone.members)
    ]
    return holding[0] if len(holding) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneValue:
    """A zone's hour: of fine dust the exact sum and count of its stations, of ozone the highest
    (count 1, and how many were heard); integers at the store's scale."""

    total: int
    count: int
    heard: int
    highest_station: int | None = None


def pooled(key: str, values: Mapping[int, int]) -> ZoneValue | None:
    """The zone's value of an hour from its stations' valid ones; None without any.

    Fine dust is judged on the mean of a zone, ozone on its highest station (Clean Air Conservation
    Act, Enforcement Rule, Table 7).
    """
    if not values:
        return None
    if KINDS[key] == PM:
        return ZoneValue(total=sum(values.values()), count=len(values), heard=len(values))
    station = max(values, key=lambda number: (values[number], -number))
    return ZoneValue(total=values[station], count=1, heard=len(values), highest_station=station)


def overlaps(zones: Sequence[Zone]) -> list[tuple[Zone, Zone]]:
    """Zones of one kind and province that cannot be told apart by name on a common day."""
    pairs = []
    for place, zone in enumerate(zones):
        for other in zones[place + 1 :]:
            if (zone.kind, zone.province) != (other.kind, other.province):
                continue
            first = max(zone.since or date.min, other.since or date.min)
            last = min(zone.until or date.max, other.until or date.max)
            names, others = (
                {plain_name(name, zone.kind) for name in (side.name, *side.variants)}
                for side in (zone, other)
            )
            if first <= last and names & others:
                pairs.append((zone, other))
    return pairs
