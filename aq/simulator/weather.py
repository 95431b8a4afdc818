"""Concentrations of the 17 provinces by hour: seasons, days, episodes that cross the country."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aq.domain.provinces import PROVINCES
from aq.simulator.noise import Floats, smooth, uniform
from aq.simulator.places import points

Hours = NDArray[np.int64]  # hours since 1970-01-01T00:00Z, by their end

POLLUTANTS = ("pm10", "pm25", "o3", "no2", "so2", "co")
# Salts keep the noise of different things apart.
_EPISODE, _DUST, _PROVINCE = 11, 12, 13
# Levels against the country's mean: PM, NO2 (and CO), O3, SO2. Ours, after the usual order of the
# provinces: traffic around Seoul, industry at Ulsan, clean air on Jeju.
_LEVELS: Mapping[str, tuple[float, float, float, float]] = {
    "서울": (1.06, 1.55, 0.86, 1.0),
    "경기": (1.14, 1.30, 0.92, 1.0),
    "인천": (1.08, 1.25, 0.94, 1.2),
    "광주": (0.98, 0.95, 1.00, 0.9),
    "대전": (0.99, 1.05, 0.98, 0.8),
    "대구": (1.00, 1.05, 1.00, 0.9),
    "울산": (0.95, 1.00, 1.03, 1.7),
    "부산": (0.95, 1.00, 1.05, 1.3),
    "강원": (0.86, 0.65, 1.06, 0.8),
    "충북": (1.12, 0.90, 1.00, 0.9),
    "충남": (1.15, 0.90, 1.04, 1.1),
    "전북": (1.10, 0.75, 1.03, 0.9),
    "전남": (0.82, 0.65, 1.10, 1.1),
    "경북": (0.95, 0.70, 1.05, 1.1),
    "경남": (0.90, 0.75, 1.07, 1.0),
    "제주": (0.80, 0.50, 1.18, 0.7),
    "세종": (1.05, 0.80, 0.98, 0.8),
}
_WINDOW = 13 * 24  # hours; one episode in each
_DELAY_PER_DEGREE = 6.0  # hours an episode needs for one degree of longitude, about 4 m/s
_WEST = 125.0


class Weather:
    """The air over the provinces; the same for a seed and an hour, however it is asked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        levels = np.array([_LEVELS[province.ko] for province in PROVINCES])
        self._pm, self._no2, self._o3, self._so2 = levels.T
        longitudes = np.array([points()[province.code][1] for province in PROVINCES])
        self._delay = np.rint((longitudes - _WEST) * _DELAY_PER_DEGREE).astype(np.int64)

    def levels(self, hours: Hours) -> Mapping[str, Floats]:
        """True concentrations by pollutant, shape (hours, 17) [µg/m³ for PM, ppm for gases]."""
        winter, sun, rush = _course(hours[:, None])
        episode = self._episode(hours)
        # Stagnant air keeps traffic's gases near the ground: the same noise moves them together.
        calm = np.exp(0.28 * self._wander(hours, 0, 30))
        pm25 = self._pm * calm * (11 + 7 * winter + 1.5 * rush) + episode
        coarse = self._pm * (12 + 4 * winter) * np.exp(0.4 * self._wander(hours, 1, 20))
        no2 = self._no2 * calm * (0.0085 + 0.0055 * winter) * (0.75 + 0.75 * rush)
        ozone = 0.024 + sun * (0.018 + 0.034 * (1 - winter)) - 0.35 * no2
        return {
            "pm10": pm25 * 1.12 + coarse + 0.35 * episode + self._dust(hours),
            "pm25": pm25,
            "o3": np.maximum(0.001, self._o3 * ozone * np.exp(0.16 * self._wander(hours, 2, 16))),
            "no2": no2,
            "so2": self._so2 * 0.0028 * np.exp(0.2 * self._wander(hours, 3, 14)),
            "co": 0.28 + 12 * no2 + 0.003 * episode,
        }

    def _wander(self, hours: Hours, salt: int, spacing: int) -> Floats:
        """Slow noise: common to the country and late in the east, or a province's own."""
        moved = hours[:, None] - self._delay
        own = smooth(hours[:, None], spacing, self.seed, _PROVINCE, salt, np.arange(1, 18))
        shared = smooth(moved, spacing, self.seed, _PROVINCE, salt, 0)
        return 0.8 * shared + 0.6 * own

    def _episode(self, hours: Hours) -> Floats:
        """PM2.5 that an episode of 2-4 days adds [µg/m³]; starts lie 7-19 days apart."""
        moved = hours[:, None] - self._delay
        window = moved // _WINDOW
        age = moved - window * _WINDOW - uniform(self.seed, _EPISODE, 1, window) * 144
        length = 48 + 48 * uniform(self.seed, _EPISODE, 2, window)
        winter = _course(moved)[0]
        top = (14 + 52 * uniform(self.seed, _EPISODE, 3, window)) * (0.3 + 0.7 * winter)
        uneven = 0.8 + 0.35 * uniform(self.seed, _EPISODE, 4, window, np.arange(17))
        hill = np.minimum(1, 1.4 * _bump(age / length))
        out: Floats = hill * top * uneven * np.sqrt(self._pm)
        return out

    def _dust(self, hours: Hours) -> Floats:
        """PM10 of yellow dust [µg/m³]: about one spring window in three, a day long."""
        moved = hours[:, None] - self._delay
        window = moved // _WINDOW
        day = (moved + 9) / 24 % 365.2425
        happens = (uniform(self.seed, _DUST, 1, window) < 0.35) & (day > 60) & (day < 145)
        age = moved - window * _WINDOW - uniform(self.seed, _DUST, 2, window) * 240
        length = 18 + 16 * uniform(self.seed, _DUST, 3, window)
        top = 180 + 420 * uniform(self.seed, _DUST, 4, window)
        weaker = 1 - 0.012 * self._delay  # it settles on its way east
        return np.where(happens, _bump(age / length) * top * weaker, 0.0)


def _course(hours: Hours) -> tuple[Floats, Floats, Floats]:
    """(winter 0-1, sunlight chemistry 0-1, traffic about 0-1) at each hour's end, Korean time."""
    clock = (hours + 9) % 24
    day = (hours + 9) / 24 % 365.2425
    # PM is highest from December to March and lowest in August.
    winter = 0.5 + 0.5 * np.cos(2 * np.pi * (day - 35) / 365.2425)
    sun = np.exp(-(((clock - 15.5) / 3.6) ** 2))
    rush = np.exp(-(((clock - 9) / 2.2) ** 2)) + 0.9 * np.exp(-(((clock - 20.5) / 2.8) ** 2))
    return winter, sun, rush


def _bump(share: Floats) -> Floats:
    """A smooth hill over 0-1, nothing outside."""
    inside = (share > 0) & (share < 1)
    out: Floats = np.where(inside, np.sin(np.pi * np.clip(share, 0, 1)) ** 2, 0.0)
    return out
