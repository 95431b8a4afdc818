"""What the simulated stations measured in any hour: values, flags, outages, and history of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from aq.domain.clock import HOUR, day_bounds, floor_hour, from_hour_number, hour_number, kst_day
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import GWANGJU, JEONNAM, MERGED_NAMES
from aq.simulator.noise import Floats, gauss, smooth, uniform
from aq.simulator.places import BACKGROUND, HARBOUR, ROADSIDE, SUBURBAN, Site, make_sites
from aq.simulator.weather import POLLUTANTS, Hours, Weather

Ints = NDArray[np.int64]

MERGED_SINCE = datetime(2026, 6, 30, 15, tzinfo=UTC)  # 2026-07-01T00:00+09:00
# The station that never came back after this hour, and keeps it in the real-time answer.
DEAD_SINCE = datetime(2026, 5, 13, 5, tzinfo=UTC)
FLAGS = ("", "통신장애", "점검및교정", "장비점검", "자료이상")
# Decimals AirKorea prints from ver 1.5 on; the store keeps one more for PM.
DIGITS: Mapping[str, int] = {"pm10": 0, "pm25": 0, "o3": 4, "no2": 4, "so2": 4, "co": 2}
NONE = -1

_LAG_MINUTES, _LAG_JITTER = 17, 2
_STATION, _OUTAGE, _FLAG, _AHEAD, _LAG = 31, 32, 33, 34, 35
# Factors by network: PM, NO2 and CO, O3, SO2. Ours; the order is the usual one.
_NETWORK: Mapping[str, tuple[float, float, float, float]] = {
    URBAN: (1.0, 1.0, 1.0, 1.0),
    ROADSIDE: (1.08, 1.55, 0.78, 1.05),
    HARBOUR: (1.08, 1.1, 0.95, 1.8),
    SUBURBAN: (0.85, 0.55, 1.12, 0.85),
    BACKGROUND: (0.7, 0.3, 1.22, 0.7),
}
_GROUP: Mapping[str, int] = {"pm10": 0, "pm25": 0, "o3": 2, "no2": 1, "so2": 3, "co": 1}
_ABSOLUTE: Mapping[str, float] = {"pm10": 3.0, "pm25": 2.5}
_OUTAGE_WINDOW = 20 * 24
_STORE_SCALE: Mapping[str, int] = {"pm10": 10, "pm25": 10}


@dataclass(frozen=True, slots=True)
class Block:
    """Measurements of some hours (first axis) at some stations (second).

    `values` are integers at `DIGITS`, `NONE` where no number is given; `flags` are places in
    `FLAGS`; `there` is false where the station has no row at all.
    """

    hours: Hours
    sites: Sequence[Site]
    values: Mapping[str, Ints]
    flags: Mapping[str, NDArray[np.int8]]
    there: NDArray[np.bool_]

    def trusted(self, key: str) -> Floats:
        """Numbers that came without a flag, at `DIGITS`; NaN elsewhere."""
        good = (self.values[key] != NONE) & (self.flags[key] == 0)
        return np.where(good, self.values[key], np.nan)


class World:
    """Stations and their air. Everything follows from `seed`, the station and the hour alone."""

    def __init__(self, stations: int = 650, seed: int = 17) -> None:
        self.seed = seed
        self.sites = make_sites(stations)
        self.weather = Weather(seed)
        self.dead = self._pick(URBAN, "경북")
        self.ahead = self._pick(ROADSIDE, "서울")
        self._keys = np.array([int(site.code) for site in self.sites], np.int64)
        self._province = np.array([site.province.id - 1 for site in self.sites])
        self._network = np.array([_NETWORK[site.network] for site in self.sites])

    def _pick(self, network: str, province: str) -> int | None:
        """The last station of a network in a province that has five or more stations."""
        there = [i for i, site in enumerate(self.sites) if site.province.ko == province]
        sites = [i for i in there if self.sites[i].network == network]
        return sites[-1] if len(there) >= 5 and sites else None

    def block(self, hours: Hours, chosen: Sequence[int] | None = None) -> Block:
        """Measure `hours` (hour numbers of their ends) at the `chosen` stations, or at all."""
        index = np.arange(len(self.sites)) if chosen is None else np.asarray(chosen, np.int64)
        levels = self.weather.levels(hours)
        outage = self._outage(hours, index)
        there = np.ones((len(hours), len(index)), np.bool_)
        if self.dead is not None:
            there[np.ix_(hours > hour_number(DEAD_SINCE), index == self.dead)] = False
        values, flags = {}, {}
        for number, key in enumerate(POLLUTANTS):
            flag, keeps = self._flags(hours, index, number)
            flag = np.where(outage, 1, flag)
            printed = self._measure(levels[key], hours, index, number)
            lost = ((flag != 0) & (outage | ~keeps)) | ~there
            values[key] = np.where(lost, NONE, printed)
            flags[key] = np.where(there, flag, 0).astype(np.int8)
        return Block(hours, [self.sites[i] for i in index], values, flags, there)

    def _measure(self, level: Floats, hours: Hours, index: Ints, number: int) -> Ints:
        """What instruments print of a province's air: the place, its own weather, their noise."""
        key = POLLUTANTS[number]
        keys, time = self._keys[index], hours[:, None]
        place = np.exp(0.10 * gauss(self.seed, _STATION, 0, _GROUP[key], keys))
        own = 0.13 * smooth(time, 6, self.seed, _STATION, 1, _GROUP[key], keys)
        dice = gauss(self.seed, _STATION, 2, number, keys, time)
        true = level[:, self._province[index]] * self._network[index, _GROUP[key]]
        scale = 10 ** DIGITS[key]
        # Beta-ray PM monitors err by some µg/m³ an hour whatever they measure: PM2.5 may come
        # out above PM10, and clean air as 0.
        air = true * place * np.exp(own + 0.09 * dice) + _ABSOLUTE.get(key, 0) * dice
        printed: Ints = np.rint(np.maximum(air, 0) * scale).astype(np.int64)
        return printed

    def _outage(self, hours: Hours, index: Ints) -> NDArray[np.bool_]:
        """Hours in which a station's line is down: 3-30 hours, in about one of eight windows."""
        window, keys = hours[:, None] // _OUTAGE_WINDOW, self._keys[index]
        age = hours[:, None] - window * _OUTAGE_WINDOW
        start = uniform(self.seed, _OUTAGE, 1, keys, window) * (_OUTAGE_WINDOW - 30)
        length = 3 + 27 * uniform(self.seed, _OUTAGE, 2, keys, window)
        happens = uniform(self.seed, _OUTAGE, 0, keys, window) < 0.12
        out: NDArray[np.bool_] = happens & (age >= start) & (age < start + length)
        return out

    def _flags(
        self, hours: Hours, index: Ints, number: int
    ) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
        """(flag, whether a number stays beside it): upkeep of three hours, in about 0.7 %."""
        keys = (self.seed, _FLAG, number, self._keys[index], hours[:, None] // 3)
        kind = 2 + (uniform(*keys, 1) * 3).astype(np.int8)
        flag = np.where(uniform(*keys, 0) < 0.007, kind, 0).astype(np.int8)
        return flag, uniform(*keys, 2) < 0.2

    def published(self, now: datetime, late_minutes: float = 0) -> datetime:
        """The newest hour that upstream shows at `now`: at 17-19 past the hour it ends with."""
        end = floor_hour(now)
        jitter = float(uniform(self.seed, _LAG, hour_number(end))) * _LAG_JITTER
        # With a delay beyond an hour several hours may still be missing.
        while now < end + timedelta(minutes=_LAG_MINUTES + jitter + late_minutes):
            end -= HOUR
        return end

    def is_ahead(self, hour: datetime) -> bool:
        """Whether the hasty roadside station shows this hour four minutes before it ends."""
        return bool(uniform(self.seed, _AHEAD, hour_number(hour)) < 0.5)

    def station(self, site: Site, at: datetime) -> Station:
        """The station as AirKorea names it at `at`."""
        return Station(
            name=site.name,
            sido=sido_label(site, at),
            code=site.code,
            network=site.network,
            address=address(site, at),
            latitude=site.latitude,
            longitude=site.longitude,
            year=site.year,
            items=POLLUTANTS,
        )


def sido_label(site: Site, at: datetime) -> str:
    """`sidoName` at an instant: 광주 and 전남 share one since 2026-07-01."""
    return MERGED_NAMES[0] if _is_merged(site, at) else site.province.ko


def address(site: Site, at: datetime) -> str:
    """The address as the station list prints it at an instant."""
    first = MERGED_NAMES[1] if _is_merged(site, at) else site.province.ko
    return f"{first} {site.district} {site.street}"


def _is_merged(site: Site, at: datetime) -> bool:
    return site.province in (GWANGJU, JEONNAM) and at >= MERGED_SINCE


def hour_range(since: datetime, until: datetime) -> Hours:
    """Hour numbers of the ends with ``since < end <= until``."""
    first, last = hour_number(floor_hour(since)) + 1, hour_number(floor_hour(until))
    return np.arange(first, last + 1, dtype=np.int64)


def history(
    world: World, since: datetime, until: datetime, *, newest_first: bool = False
) -> Iterator[list[Reading]]:
    """Readings with ``since < hour <= until``, one batch per Korean day, to fill a store quickly.

    Stations carry the names and labels of `until`. Flags stand as the `airkorea` feed gives them;
    what upstream itself computes (index, grades) is left out. A station without a row in an hour
    has no reading.
    """
    stations = [world.station(site, until) for site in world.sites]
    days = list(_day_bounds(since, until))
    for first, last in reversed(days) if newest_first else days:
        yield _block_readings(world.block(hour_range(first, last)), stations)


def _day_bounds(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    start = since
    while start < until:
        end = min(until, day_bounds(kst_day(start + timedelta(microseconds=1)))[1])
        yield start, end
        start = end


def _block_readings(block: Block, stations: Sequence[Station]) -> list[Reading]:
    """A block as readings, hour by hour, with values at the store's scale."""
    out: list[Reading] = []
    scaled = {k: block.values[k] * _STORE_SCALE.get(k, 1) for k in POLLUTANTS}
    for row, number in enumerate(block.hours.tolist()):
        hour = from_hour_number(number)
        columns = [scaled[key][row].tolist() for key in POLLUTANTS]
        flagged = _flags_of_hour(block, row)
        there = block.there[row].tolist()
        for place, values in enumerate(zip(*columns, strict=True)):
            if there[place]:
                kept = {k: v for k, v in zip(POLLUTANTS, values, strict=True) if v >= 0}
                flags = flagged.get(place, {})
                out.append(Reading(hour=hour, values=kept, station=stations[place], flags=flags))
    return out


def _flags_of_hour(block: Block, row: int) -> Mapping[int, Mapping[str, str]]:
    """Flags of one hour by place in the block; most places have none."""
    out: dict[int, dict[str, str]] = {}
    for key in POLLUTANTS:
        flags = block.flags[key][row]
        for place in np.flatnonzero(flags).tolist():
            out.setdefault(place, {})[key] = f"source:{FLAGS[flags[place]]}"
    return out
