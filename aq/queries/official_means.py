"""Means that upstream publishes of cities and stations against ours, worked out when asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from aq.context import Context
from aq.domain.agreement import Agreement, MeanPair, agreement, printed_step
from aq.domain.clock import day_bounds, from_day_number, hour_number, month_end
from aq.domain.model import (
    CITY_HOUR,
    OFFICIAL_SERIES,
    STATION_DAY,
    STATION_MONTH,
    URBAN,
    OfficialMean,
)
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE, BY_ID
from aq.feeds.airkorea import CITY_MEANS, STATION_DAYS, STATION_MONTHS
from aq.feeds.registry import part_of
from aq.store import Connection
from aq.store.official_means import Sums, newest_periods, official_means, station_sums
from aq.store.runs import feed_states, last_report
from aq.store.stations import stations_of

FEED = "airkorea"
OPERATIONS = (CITY_MEANS, STATION_DAYS, STATION_MONTHS)
# Of each series the newest periods that are held are compared: hours, days, months.
COMPARED = {CITY_HOUR: 72, STATION_DAY: 7, STATION_MONTH: 1}
# Ours stands beside a day or month only with three quarters of its hours.
NEEDED = Fraction(3, 4)
Pairs = dict[str, list[MeanPair]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialService:
    """An operation of upstream's own means: when it answered last, or why it fails since when."""

    feed: str
    operation: str
    last_ok: datetime | None
    failing_since: datetime | None
    reason: str | None
    detail: str | None


def official_services(context: Context) -> list[OfficialService]:
    """The operations that were asked."""
    states = feed_states(context.store)
    services = []
    for operation in OPERATIONS:
        state = states.get(part_of(FEED, operation))
        if state is not None:
            services.append(
                OfficialService(
                    feed=FEED,
                    operation=operation,
                    last_ok=state.last_ok,
                    failing_since=state.failing_since,
                    reason=state.reason,
                    detail=state.detail,
                )
            )
    return services


def official_left_out(context: Context) -> dict[str, int]:
    """What the last reading of these means left out, by kind."""
    jobs = [f"official:{FEED}", f"manual:{FEED}_official"]
    last = last_report(context.store, jobs) or {}
    return dict(last.get("skipped", {}))


def official_agreement(context: Context) -> list[Agreement]:
    """By series and pollutant how the means that upstream publishes agree with ours; those with
    anything to compare.

    Ours of a city is the mean of its urban stations, by their addresses as they are now; of a
    station's day or month the mean of its hours. Which hours and stations upstream takes is not
    published. A name that several stations have is left out.
    """
    with context.store.read() as connection:
        stations = stations_of(connection)
        lines = []
        for series in OFFICIAL_SERIES:
            periods = newest_periods(connection, series, COMPARED[series])
            theirs = official_means(connection, series, periods)
            pairs: Pairs = {key: [] for key in KEYS}
            for period in periods:
                there = [mean for mean in theirs if mean.period == period]
                _compare(connection, series, period, there, stations, pairs)
            for key in KEYS:
                step = printed_step(mean.values[key] for mean in theirs if key in mean.values)
                lines.append(agreement(series, key, pairs[key], step))
    return [line for line in lines if line.hours]


def _compare(
    connection: Connection,
    series: str,
    period: int,
    theirs: Iterable[OfficialMean],
    stations: Sequence[Any],
    pairs: Pairs,
) -> None:
    after, until = _hours(series, period)
    needed = max(Fraction(1), (until - after) * NEEDED)
    by_station = dict(station_sums(connection, FEED, after, until))
    members = _cities(stations) if series == CITY_HOUR else _names(stations, by_station)
    for mean in theirs:
        own = [
            by_station[n] for n in members.get((mean.province, mean.place), ()) if n in by_station
        ]
        for key, printed in mean.values.items():
            total, count = (sum(sums[key][part] for sums in own) for part in (0, 1))
            if count >= needed:
                ours = Fraction(total, count)
                pairs[key].append((ours, printed, _where(mean), period))


def _hours(series: str, period: int) -> tuple[int, int]:
    """(after, until) of a period."""
    if series == CITY_HOUR:
        return period - 1, period
    first = last = from_day_number(period)
    if series == STATION_MONTH:
        last = month_end(first)
    return hour_number(day_bounds(first)[0]), hour_number(day_bounds(last)[1])


def _cities(stations: Sequence[Any]) -> Mapping[tuple[str, str], list[int]]:
    """Urban stations by province code and the city of their address."""
    members: dict[tuple[str, str], list[int]] = {}
    for station in stations:
        tokens = (station.address or "").split()
        if station.network == URBAN and station.province is not None and len(tokens) > 1:
            city = BY_ID[station.province].code, tokens[1]
            members.setdefault(city, []).append(station.id)
    return members


def _names(
    stations: Sequence[Any], heard: Mapping[int, Sums]
) -> Mapping[tuple[str, str], list[int]]:
    """Stations that were heard by name; no name that several of them have."""
    members: dict[tuple[str, str], list[int]] = {}
    for station in stations:
        if station.id in heard:
            members.setdefault(("", station.name), []).append(station.id)
    return {name: own for name, own in members.items() if len(own) == 1}


def _where(mean: OfficialMean) -> str:
    return f"{BY_CODE[mean.province].ko} {mean.place}" if mean.province else mean.place
