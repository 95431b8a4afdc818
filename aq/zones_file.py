"""The table of zones: ``zones.csv``, and ``station_zones.csv`` where an operator has one."""

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from aq.domain.clock import kst_day
from aq.domain.errors import ConfigError, InputError
from aq.domain.model import Advisory
from aq.domain.provinces import find_province
from aq.domain.zones import KINDS, OZONE, PM, Zone, find_zone, overlaps, parse_member
from aq.paths import config_file

COLUMNS = (
    *("id", "kind", "province", "zone", "variants", "members", "proof"),
    *("valid_from", "valid_to", "note"),
)
PROOFS = ("official", "press", "inferred", "unknown")


def zones() -> tuple[Zone, ...]:
    """The zones of ``AQ_CONFIG``, else of the program; raises `ConfigError` with file and line."""
    return read_zones(config_file("zones.csv"))


def zone_by_id(name: str) -> Zone | None:
    """A zone by its id."""
    return _by_id(config_file("zones.csv")).get(name)


@cache
def _by_id(path: Path) -> Mapping[str, Zone]:
    return {zone.id: zone for zone in read_zones(path)}


def zones_on(day: date | None, kind: str | None = None) -> tuple[Zone, ...]:
    """The zones of a day (None: of all days), province by province in page-header order."""
    there = (zone for zone in zones() if day is None or zone.holds_on(day))
    own = (zone for zone in there if kind in (None, zone.kind))
    return tuple(sorted(own, key=lambda zone: (zone.province.id, zone.kind, zone.id)))


def zone_of_act(act: Advisory) -> Zone | None:
    """The zone an act is of, by the zones of its day; None where its words name none."""
    kind = KINDS.get(act.pollutant)
    if kind is None:
        return None
    return find_zone(zones(), kind, act.district, act.zone, kst_day(act.issued_at))


@cache
def read_zones(path: Path) -> tuple[Zone, ...]:
    """The zones of a file. Raises `ConfigError` for a line that cannot be read, an id that comes
    twice, and two zones of one time whose names cannot be told apart."""
    found: dict[str, Zone] = {}
    for line, row in _rows(path, COLUMNS):
        try:
            zone = _zone(row)
        except (ValueError, InputError) as error:
            raise ConfigError(str(error), f"{path}:{line}") from None
        if zone.id in found:
            raise ConfigError(f"id {zone.id!r} stands there twice", f"{path}:{line}")
        found[zone.id] = zone
    zones = tuple(found.values())
    for zone, other in overlaps(zones):
        raise ConfigError(f"{zone.id} and {other.id} have one name at one time", str(path))
    return zones


def _rows(path: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"cannot be read: {error}", str(path)) from None
    lacking = [name for name in columns if name not in (reader.fieldnames or ())]
    if lacking:
        raise ConfigError(f"lacks the columns {', '.join(lacking)}", str(path))
    for line, row in rows:
        if None in row.values() or None in row:
            raise ConfigError("has more or fewer cells than columns", f"{path}:{line}")
    return rows


def _zone(row: Mapping[str, str]) -> Zone:
    kind, proof = row["kind"], row["proof"]
    if kind not in (PM, OZONE):
        raise ValueError(f"kind is PM or O3, not {kind!r}")
    if proof not in PROOFS:
        raise ValueError(f"proof is one of {', '.join(PROOFS)}, not {proof!r}")
    return Zone(
        id=row["id"],
        kind=kind,
        province=find_province(row["province"]),
        name=row["zone"],
        variants=tuple(filter(None, row["variants"].split("|"))),
        members=tuple(parse_member(part) for part in row["members"].split(";") if part),
        proof=proof,
        since=date.fromisoformat(row["valid_from"]) if row["valid_from"] else None,
        until=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        note=row["note"],
    )


def station_zones() -> Mapping[tuple[str, str], str]:
    """(station name, kind) -> zone name of ``station_zones.csv`` in ``AQ_CONFIG``, which overrules
    addresses; empty without that file. Columns: station, pm_zone, ozone_zone."""
    path = config_file("station_zones.csv")
    return read_station_zones(path) if path.exists() else {}


@cache
def read_station_zones(path: Path) -> Mapping[tuple[str, str], str]:
    """The zones that a file gives stations by name."""
    named = {}
    for _, row in _rows(path, ("station", "pm_zone", "ozone_zone")):
        for kind, column in ((PM, "pm_zone"), (OZONE, "ozone_zone")):
            if row[column].strip():
                named[row["station"].strip(), kind] = row[column].strip()
    return named
