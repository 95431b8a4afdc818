"""The station values behind the means of provinces, for how sure those are."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aq.domain.confidence import Confidence, Part, confidence
from aq.domain.pollutants import Exact, pollutants, rounded
from aq.domain.standards import Standard
from aq.store import Connection
from aq.store.blocks import EACH, HEAD, station_block
from aq.store.station_past import urban_stations

# (province, time, pollutant) -> the sum and count of each of its stations; time is the hour, or
# what a caller makes of it.
Parts = Mapping[tuple[int, int, str], Sequence[Part]]


def station_parts(
    connection: Connection,
    feed: str,
    hours: tuple[int, int],
    keys: Sequence[str],
    *,
    as_of: int | None = None,
    time: Callable[[int], int] = lambda hour: hour,
) -> Parts:
    """What each station that counts adds to its province's mean in the hours
    ``hours[0] < hour <= hours[1]`` of a feed.

    Raises `ArchiveError` where an archived month cannot be read.
    """
    periods: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for station, province, first, last in urban_stations(connection, feed, hours, as_of):
        periods[station].append((province, first, last))
    parts: defaultdict[tuple[int, int, str], dict[int, Part]] = defaultdict(dict)
    for row in station_block(connection, periods, keys, [feed], *hours, as_of):
        station, hour = row[0], row[1]
        place = next((at for at, first, last in periods[station] if first <= hour <= last), None)
        if place is None:
            continue
        for number, key in enumerate(keys):
            total, count = row[HEAD + EACH * number : HEAD + EACH * number + 2]
            if count:
                by_station = parts[place, time(hour), key]
                before = by_station.get(station, (0, 0))
                by_station[station] = before[0] + total, before[1] + count
    return {which: list(by_station.values()) for which, by_station in parts.items()}


def of_hour(
    standard: Standard, key: str, parts: Sequence[Part], expected: int | None, averaging: str = "1h"
) -> Confidence | None:
    """How sure a mean is and its grade by a standard, by its breakpoints for that mean."""
    return confidence(parts, expected, lambda value: standard.grade(key, value, averaging))


def confidence_fields(key: str, sure: Confidence | None) -> dict[str, Any]:
    """Confidence as the fields that answers have, numbers in the pollutant's unit."""
    if sure is None:
        return {}
    pollutant = pollutants()[key]
    digits = pollutant.digits + 2

    def shown(value: Exact | None) -> float | None:
        return None if value is None else float(rounded(value, pollutant, digits))

    error = sure.standard_error
    return {
        "standard_error": None if error is None else round(error / pollutant.scale, digits),
        "mean_low": shown(sure.low),
        "mean_high": shown(sure.high),
        "grade_low": sure.grades[0] if sure.grades else None,
        "grade_high": sure.grades[-1] if sure.grades else None,
        "one_station": sure.one_station,
    }
