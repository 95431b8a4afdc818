"""The table of zones: ``zones.csv``, and ``station_zones.csv`` where an operator has one."""

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from aq.domain.errors import ConfigError, InputError
from aq.domain.provinces import find_province
from aq.domain.zones import OZONE, PM, Zone, overlaps, parse_member
from aq.paths import config_file

COLUMNS = (
    *("id", "kind", "province", "zone", "variants", "members", "proof"),
    *("valid_from", "valid_to", "note"),
)
PROOFS = ("official", "press", "inferred", "unknown")


def zones() -> tuple[Zone, ...]:
    """The zones of ``AQ_CONFIG``, else of the program; raises `ConfigError` with file and line."""
    return read_zones(config_file("zones.csv"))


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
