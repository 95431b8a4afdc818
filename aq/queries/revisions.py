"""What was known of one hour, when, from which feed, and how each value is graded."""

import json
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from aq.domain.clock import hour_number, kst_iso
from aq.domain.errors import InputError
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import find_province
from aq.domain.standards import Standard
from aq.feeds.registry import FEED_NAMES, INFO
from aq.store import Connection, Store
from aq.store.reads import find_stations, trail

Item = dict[str, Any]


def trail_items(store: Store, place: str, key: str, at: datetime, standard: Standard) -> list[Item]:
    """The trail of a province or a station (code or name) for the hour ending at `at`.

    Raises `InputError` for a place, pollutant or time that there is not.
    """
    if key not in KEYS:
        raise InputError(f"unknown pollutant {key!r}; known are {', '.join(KEYS)}", "pollutant")
    try:
        hour = hour_number(at)
    except ValueError as error:
        raise InputError(str(error), "at") from None
    with store.read() as connection:
        number, is_station = _place(connection, place)
        rows = trail(connection, number, hour, station=is_station)
    return [_item(row, key, standard, is_station) for row in rows]


def _place(connection: Connection, text: str) -> tuple[int, bool]:
    """(id, whether it is a station)."""
    try:
        return find_province(text).id, False
    except InputError:
        found = find_stations(connection, text)
    if len(found) == 1:
        return found[0].id, True
    if not found:
        message = f"no province and no station is called {text!r}"
        raise InputError(message, "place", code="unknown_place", unknown=True)
    codes = ", ".join(f"{row.sido} {row.name} ({row.code or 'no code'})" for row in found)
    raise InputError(f"several stations are called {text!r}: {codes}; give the code", "place")


def _item(row: Mapping[str, Any], key: str, standard: Standard, is_station: bool) -> Item:
    info = INFO[FEED_NAMES[row["feed"]]]
    pollutant = pollutants()[key]
    if is_station:
        scaled, count = row[key], None
        flag = (json.loads(row["flags"]) if row["flags"] else {}).get(key)
    else:
        count = row[f"{key}_n"]
        scaled = Fraction(row[f"{key}_sum"], count) if count else None
        flag = (json.loads(row["why"]) if row["why"] else {}).get(key)
    grade = (
        standard.grade(key, scaled, "1h")
        if scaled is not None and not (is_station and flag)
        else None
    )
    until = row["known_until"]
    return {
        "value": None if scaled is None else float(standard.figure(key, scaled, "1h")),
        "unit": pollutant.unit,
        "known_from": kst_iso(row["known_from"]),
        "known_until": kst_iso(until) if until else None,
        "version": row["version"],
        "feed": info.name,
        "kind": info.kind,
        "status": info.status,
        "flag": flag,
        "stations": count if info.kind == "observed" else None,
        "grade": grade,
        "letter": standard.level(grade).letter if grade else None,
        "standard": standard.id,
    }
