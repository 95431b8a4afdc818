"""What was known of one hour, when, from which feed, and how each value is graded."""

from datetime import datetime
from typing import Any

from aq.domain.clock import hour_number, kst_iso
from aq.domain.errors import InputError
from aq.domain.missing import reasons
from aq.domain.model import OBSERVED, StationHour
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import find_province
from aq.domain.standards import Standard
from aq.feeds.registry import INFO
from aq.store import Connection, Store
from aq.store.reads import Known, find_stations, trail

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
        states = trail(connection, number, hour, key, station=is_station)
    return [_item(state, key, standard) for state in states]


def _place(connection: Connection, text: str) -> tuple[int, bool]:
    """(id, whether it is a station)."""
    try:
        return find_province(text).id, False
    except InputError:
        stations = find_stations(connection, text)
    if len(stations) == 1:
        return stations[0].id, True
    if not stations:
        message = f"no province and no station is called {text!r}"
        raise InputError(message, "place", code="unknown_place", unknown=True)
    codes = ", ".join(f"{row.sido} {row.name} ({row.code or 'no code'})" for row in stations)
    raise InputError(f"several stations are called {text!r}: {codes}; give the code", "place")


def _item(state: Known, key: str, standard: Standard) -> Item:
    row, mean = state.hour, state.hour.means[key]
    info, pollutant, flag = INFO[row.feed], pollutants()[key], reasons(row).get(key)
    is_station = isinstance(row, StationHour)
    scaled = row.values[key] if isinstance(row, StationHour) else mean.exact if mean.valid else None
    grade = None
    if scaled is not None and not (is_station and flag):
        grade = standard.grade(key, scaled, "1h")
    return {
        "value": None if scaled is None else float(standard.figure(key, scaled, "1h")),
        "unit": pollutant.unit,
        "known_from": kst_iso(state.known_from),
        "known_until": kst_iso(state.known_until) if state.known_until else None,
        "version": row.version,
        "feed": info.name,
        "kind": info.kind,
        "status": info.status,
        "flag": flag,
        "stations": mean.valid if info.kind == OBSERVED and not is_station else None,
        "grade": grade,
        "letter": standard.level(grade).letter if grade else None,
        "standard": standard.id,
    }
