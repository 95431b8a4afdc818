"""How far grades called sure may be relied on: recorded hours with a fifth of the stations away.

Every province hour of a recording is judged by `aq.domain.confidence` from all of its urban
stations, and graded again without a fifth of them, drawn at random with a fixed seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aq.domain.confidence import confidence
from aq.domain.model import URBAN
from aq.domain.standards import Breakpoints, Standard

SEED = 20260101
AWAY = 5  # one station of so many is taken away, at least one


@dataclass(slots=True)
class SureHours:
    """Province hours of a pollutant: called sure or not, and those that keep their grade."""

    pollutant: str
    sure: int = 0
    sure_kept: int = 0
    unsure: int = 0
    unsure_kept: int = 0
    one_station: int = field(default=0)  # of the unsure, those that hang on one station

    def as_dict(self) -> dict[str, Any]:
        """In JSON's types, with the share of the sure ones that keep their grade."""
        return {
            "pollutant": self.pollutant,
            "sure": self.sure,
            "sure_kept": self.sure_kept,
            "sure_kept_share": round(self.share, 6),
            "unsure": self.unsure,
            "unsure_kept": self.unsure_kept,
            "one_station": self.one_station,
        }

    @property
    def share(self) -> float:
        """The share of the sure hours that keep their grade, 0 to 1; 1 of none."""
        return self.sure_kept / self.sure if self.sure else 1.0


@dataclass(frozen=True)
class Recorded:
    """Station hours of a recording: numbers of provinces, stations and hours, values by pollutant
    at the store's scale, negative where there is none."""

    province: NDArray[np.int64]
    station: NDArray[np.int64]
    hour: NDArray[np.int64]
    values: Mapping[str, NDArray[np.int64]]


def recorded(
    stations: list[tuple[str, str]],
    networks: Mapping[tuple[str, str], str],
    station: NDArray[np.int64],
    hour: NDArray[np.int64],
    values: Mapping[str, NDArray[np.int64]],
) -> Recorded:
    """The hours of the urban stations; of all where no list of networks was recorded."""
    provinces = {sido: number for number, (sido, _) in enumerate(stations)}
    urban = np.array([networks.get(name, URBAN) == URBAN for name in stations], dtype=bool)
    of_station = np.array([provinces[sido] for sido, _ in stations], dtype=np.int64)
    kept = urban[station]
    return Recorded(
        province=of_station[station[kept]],
        station=station[kept],
        hour=hour[kept],
        values={key: numbers[kept] for key, numbers in values.items()},
    )


def sure_hours(hours: Recorded, standard: Standard) -> list[SureHours]:
    """What became of the grades of each pollutant when a fifth of the stations was away."""
    by_pollutant = []
    for key, numbers in hours.values.items():
        points = standard.table(key, "1h")
        if points is not None:
            there = numbers >= 0
            parts = (hours.province[there], hours.station[there], hours.hour[there], numbers[there])
            by_pollutant.append(_of_pollutant(key, points, *parts))
    return by_pollutant


def _of_pollutant(
    key: str,
    points: Breakpoints,
    province: NDArray[np.int64],
    station: NDArray[np.int64],
    hour: NDArray[np.int64],
    values: NDArray[np.int64],
) -> SureHours:
    sure, random = SureHours(key), np.random.default_rng(SEED)
    expected = {
        number: len(np.unique(station[province == number])) for number in np.unique(province)
    }
    order = np.lexsort((station, hour, province))
    place, when = province[order], hour[order]
    edges = np.flatnonzero((np.diff(place) != 0) | (np.diff(when) != 0)) + 1
    for rows in np.split(order, edges):
        if not len(rows):
            continue
        heard = values[rows].tolist()
        result = confidence(
            [(value, 1) for value in heard], expected[province[rows[0]]], points.grade
        )
        away = ceil(len(heard) / AWAY)
        left = values[random.permutation(rows)[away:]]
        own = points.grade(Fraction(sum(heard), len(heard)))
        kept = len(left) > 0 and points.grade(Fraction(int(left.sum()), len(left))) == own
        if result is not None and result.sure:
            sure.sure += 1
            sure.sure_kept += kept
        else:
            sure.unsure += 1
            sure.unsure_kept += kept
            sure.one_station += result is not None and result.one_station
    return sure
