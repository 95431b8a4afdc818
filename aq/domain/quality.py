"""Flags what may not count: implausible, future, stuck, echoed, spiking. Never deletes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from statistics import median

from aq.domain.clock import HOUR, require_aware
from aq.domain.model import Reading
from aq.domain.pollutants import PPM, pollutants

IMPLAUSIBLE, FUTURE, STUCK, ECHO, SPIKE = "implausible", "future", "stuck", "echo", "spike"
JOIN = " | "


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a station's value of one pollutant is not believed.

    `stuck_hours`: so many equal non-zero hours on end. `spike`: so far [unit] above the median of
    the neighbours, at least.
    """

    stuck_hours: int
    spike: Decimal


# The longest runs of equal non-zero hours in confirmed, that is checked, data of Daejeon's 13
# stations, October to December 2024 (28,704 station hours), were 7 h PM10, 18 h PM2.5, 11 h O3,
# 3 h NO2, 50 h SO2 and 13 h CO: gases of few digits and clean air stand still by themselves. The
# limits stand well above. In the same data no value lay more than 53 µg/m³ PM10, 40 µg/m³ PM2.5,
# 0.035 ppm O3, 0.042 ppm NO2, 0.034 ppm SO2 or 0.93 ppm CO above the median of its hour.
LIMITS: Mapping[str, Limits] = {
    "pm10": Limits(stuck_hours=12, spike=Decimal(500)),
    "pm25": Limits(stuck_hours=24, spike=Decimal(250)),
    "o3": Limits(stuck_hours=16, spike=Decimal("0.15")),
    "no2": Limits(stuck_hours=8, spike=Decimal("0.3")),
    "so2": Limits(stuck_hours=72, spike=Decimal("0.2")),
    "co": Limits(stuck_hours=24, spike=Decimal(10)),
}
# `flag` can make use of so many hours before the ones it is given.
HISTORY_HOURS = max(limits.stuck_hours for limits in LIMITS.values()) - 1
# Beyond the distance above, a spike is ten times the median of at least five neighbours and three
# times the highest of them: a dust front or a great fire reaches a second station and is believed.
SPIKE_RATIO = 10
SPIKE_ALONE = 3
NEIGHBOURS = 5
# An hour is an echo when at least so many pollutants all repeat one of the last day's hours. In
# the confirmed data above, at one, two, three and 24 hours' distance, that never happened.
ECHO_VALUES = 5
ECHO_HOURS = 24
# Values with gases of three digits do repeat by themselves now and then: 3 of 24,973 recorded
# station hours of November 2025 did. Such an hour is an echo only with a witness: the hour before
# repeats at the same distance too, or most stations of the province and hour do.
# Of the hours before that only those of a station can tell whose values of these stood still since.
SLOW = tuple(key for key, limits in LIMITS.items() if limits.stuck_hours - 1 > ECHO_HOURS)

Place = tuple[str, ...]
History = Mapping[Place, Mapping[datetime, Mapping[str, int]]]
# (sido, hour, pollutant) -> (place, value) of the stations that can vouch for each other
Neighbours = Mapping[tuple[str, datetime, str], Sequence[tuple[Place, int]]]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a station's value is held against."""

    history: History
    neighbours: Neighbours
    # (sido, hour) -> how many stations repeat an hour so far back, and how many could
    echoes: Mapping[tuple[str, datetime], tuple[Counter[int], int]]


def flag(
    readings: Iterable[Reading],
    now: datetime,
    previous: Iterable[Reading] = (),
    *,
    confirmed: bool = False,
) -> list[Reading]:
    """The same readings in the same order, with flags where a value may not count.

    Parameters
    ----------
    readings : of one feed; any number of places and hours
    now : aware; a value of an hour that has not ended yet is ``future``
    previous : earlier hours of the same feed, up to `HISTORY_HOURS`, for ``stuck`` and ``echo``;
        without them only the hours among `readings` are compared
    confirmed : people have checked the values, so only what cannot be is flagged: ``implausible``
        and ``future``; no guess of ours overrules them

    A flag joins one that is there already by `JOIN`. Values are never changed. A modelled series
    is neither stuck nor spiking: it is interpolated and has no neighbours.
    """
    require_aware(now)
    readings = list(readings)
    ranges = {key: pollutant.span for key, pollutant in pollutants().items()}
    if confirmed:
        return [_flagged(reading, now, ranges, None) for reading in readings]
    history = _history([*previous, *readings])
    evidence = _Evidence(history, _neighbours(readings), _echoes(readings, history))
    return [_flagged(reading, now, ranges, evidence) for reading in readings]


def _flagged(
    reading: Reading,
    now: datetime,
    ranges: Mapping[str, tuple[int, int]],
    evidence: _Evidence | None,
) -> Reading:
    """One reading with its flags; itself when nothing is wrong with it."""
    flags = dict(reading.flags)
    early = reading.hour > now
    doubts = _doubts(reading, evidence) if evidence and reading.station is not None else {}
    for key, value in reading.values.items():
        low, high = ranges[key]
        readings_of = []
        if not low <= value <= high:
            readings_of.append(IMPLAUSIBLE)
        if early:
            readings_of.append(FUTURE)
        readings_of += doubts.get(key, ())
        words = flags[key].split(JOIN) if key in flags else []
        if readings_of:
            flags[key] = JOIN.join([*words, *(word for word in readings_of if word not in words)])
    return reading if flags == reading.flags else replace(reading, flags=flags)


def _doubts(reading: Reading, evidence: _Evidence) -> dict[str, list[str]]:
    """Flags by pollutant from what the station said before and what its neighbours say."""
    echo = _is_echo(reading, evidence)
    doubts: dict[str, list[str]] = {}
    for key, value in reading.values.items():
        doubtful = {
            STUCK: _is_stuck(reading, key, value, evidence.history),
            SPIKE: _is_spike(reading, key, value, evidence.neighbours),
            ECHO: echo,
        }
        doubts[key] = [word for word, is_so in doubtful.items() if is_so]
    return doubts


def _place(reading: Reading) -> Place:
    station = reading.station
    if station is None:
        return (reading.province or "",)
    return (station.code,) if station.code else (station.sido, station.name)


def _history(readings: Iterable[Reading]) -> History:
    history: dict[Place, dict[datetime, Mapping[str, int]]] = {}
    for reading in readings:
        history.setdefault(_place(reading), {})[reading.hour] = reading.values
    return history


def _neighbours(readings: Iterable[Reading]) -> Neighbours:
    """Values without a flag of upstream's, by province label, hour and pollutant."""
    groups: dict[tuple[str, datetime, str], list[tuple[Place, int]]] = {}
    for reading in readings:
        if reading.station is None or not reading.station.sido:
            continue
        for key, value in reading.values.items():
            if key not in reading.flags:
                group = groups.setdefault((reading.station.sido, reading.hour, key), [])
                group.append((_place(reading), value))
    return groups


def _is_stuck(reading: Reading, key: str, value: int, history: History) -> bool:
    """Whether this hour ends a run of equal values without a gap.

    Zero is clean air. A gas whose last digit is 0 may come from an instrument that gives one digit
    less, stands still for long by itself, and is not judged.
    """
    if key not in LIMITS or value == 0 or (pollutants()[key].unit == PPM and value % 10 == 0):
        return False
    hours = history[_place(reading)]
    return all(
        hours.get(reading.hour - back * HOUR, {}).get(key) == value
        for back in range(1, LIMITS[key].stuck_hours)
    )


def _repeats(reading: Reading, history: History) -> list[int]:
    """How many hours back the same values stood, all of them, in the last day."""
    if len(reading.values) < ECHO_VALUES:
        return []
    hours = history[_place(reading)]
    back = range(1, ECHO_HOURS + 1)
    return [
        hours_back
        for hours_back in back
        if hours.get(reading.hour - hours_back * HOUR) == reading.values
    ]


def _echoes(
    readings: Iterable[Reading], history: History
) -> dict[tuple[str, datetime], tuple[Counter[int], int]]:
    """Of each province label and hour: the stations that repeat, by distance, and all of them."""
    groups: dict[tuple[str, datetime], tuple[Counter[int], int]] = {}
    for reading in readings:
        if reading.station is not None and len(reading.values) >= ECHO_VALUES:
            key = reading.station.sido, reading.hour
            counts, all_ = groups.get(key, (Counter(), 0))
            counts.update(_repeats(reading, history))
            groups[key] = counts, all_ + 1
    return groups


def _is_echo(reading: Reading, evidence: _Evidence) -> bool:
    """Whether all values repeat one hour of the last day: an old hour under a new time."""
    distances = _repeats(reading, evidence.history)
    if not distances or reading.station is None:
        return False
    if any(value % 10 for key, value in reading.values.items() if pollutants()[key].unit == PPM):
        return True  # a fourth digit does not repeat by itself
    counts, stations = evidence.echoes.get(
        (reading.station.sido, reading.hour), (Counter[int](), 0)
    )
    hours = evidence.history[_place(reading)]
    before = reading.hour - HOUR
    return any(
        (before in hours and hours[before] == hours.get(before - back * HOUR))
        or (stations > 1 and 2 * counts[back] > stations)
        for back in distances
    )


def _is_spike(reading: Reading, key: str, value: int, neighbours: Neighbours) -> bool:
    """Whether a value lies beyond all that the other stations of its province and hour say."""
    if key not in LIMITS or reading.station is None:
        return False
    group = neighbours.get((reading.station.sido, reading.hour, key), ())
    floor = LIMITS[key].spike * pollutants()[key].scale
    if value < floor or len(group) <= NEIGHBOURS:
        return False
    place = _place(reading)
    others = [other for where, other in group if where != place]
    if len(others) < NEIGHBOURS:
        return False
    middle = median(others)
    return (
        value - middle >= floor
        and value >= SPIKE_RATIO * middle
        and value >= SPIKE_ALONE * max(others)
    )
