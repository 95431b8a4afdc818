"""Whether monthly means rise or fall: seasonal Mann-Kendall, Sen's slope, its interval, STL.

A series is consecutive months, NaN where a month does not count. Test and slope are those of
Hirsch, Slack and Smith (1982, Water Resources Research 18), with Kendall's variance under ties;
they equal pymannkendall's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from aq.domain.stl import YEAR, Floats, trend_of

# With fewer months that count there is no test: three years give each calendar month three values.
LEAST_MONTHS = 36
# STL needs two whole years on end.
LEAST_STRETCH = 2 * YEAR
DRAWS = 999
SEED = 20_170_101
SIGNIFICANT = 0.05
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """What the test says.

    Attributes
    ----------
    slope : Sen's slope [unit of the series a year]
    low, high : 95 % interval of the slope, by moving-block bootstrap
    p : probability of a score as large without any trend
    tau : Kendall's, -1 to 1
    months : months that count
    block : months in a block of the bootstrap
    """

    slope: float
    low: float
    high: float
    p: float
    tau: float
    months: int
    block: int

    @property
    def certain(self) -> bool:
        """Whether chance is a poor explanation: p below 0.05."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """STL of months without a gap: the place of the first, and the smooth course of all."""

    first: int
    trend: Floats


def trend(values: Sequence[float]) -> Trend | None:
    """The trend of a series of months; None where fewer than `LEAST_MONTHS` count."""
    series = np.asarray(values, dtype="float64")
    months = int(np.isfinite(series).sum())
    if months < LEAST_MONTHS:
        return None
    places = np.flatnonzero(np.isfinite(series))
    pairs = _pairs(places)
    slope = float(_slopes(series[None, places], places, pairs)[0])
    block = block_length(months)
    low, high = interval(series, slope, block)
    score, p = _test(series, pairs, places)
    return Trend(
        slope=slope,
        low=low,
        high=high,
        p=p,
        tau=score / len(pairs),
        months=months,
        block=block,
    )


def slope_line(values: Sequence[float] | Floats, slope: float) -> list[tuple[int, float]]:
    """The ends (place, height) of a slope [a year] through the middle of the months that count."""
    series = np.asarray(values, dtype="float64")
    places = np.flatnonzero(np.isfinite(series))
    level = float(np.median(series[places] - slope * places / YEAR))
    return [(int(place), level + slope * int(place) / YEAR) for place in (places[0], places[-1])]


def _test(
    series: Floats, pairs: NDArray[np.int64], places: NDArray[np.int64]
) -> tuple[float, float]:
    """Kendall's score over the calendar months, and the two-sided p of its normal approximation."""
    first, second = places[pairs[:, 0]], places[pairs[:, 1]]
    score = float(np.sign(series[second] - series[first]).sum())
    variance = 0.0
    for month in range(YEAR):
        values = series[month::YEAR]
        values = values[np.isfinite(values)]
        ties = np.unique(values, return_counts=True)[1]
        variance += float(_kendall_variance(np.array([len(values)])) - _kendall_variance(ties))
    if not variance:
        return score, 1.0
    z = max(0.0, abs(score) - 1) / math.sqrt(variance)
    return score, math.erfc(z / math.sqrt(2))


def _kendall_variance(counts: NDArray[np.int64]) -> float:
    """n (n - 1) (2 n + 5) / 18, summed over `counts`."""
    return float((counts * (counts - 1) * (2 * counts + 5)).sum() / 18)


def block_length(months: int) -> int:
    """Months in a block: the cube root of their number, the usual order, three at the least."""
    return max(3, round(float(np.cbrt(months))))


def interval(
    values: Sequence[float] | Floats,
    slope: float,
    block: int,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of Sen's slope over `draws` resampled series.

    What is left of the months that count after slope and calendar month's median are taken away is
    drawn anew in overlapping blocks (Kuensch 1989) and put back in their places. The same seed
    gives the same interval.
    """
    series = np.asarray(values, dtype="float64")
    places = np.flatnonzero(np.isfinite(series))
    season = places % YEAR
    level = series[places] - slope * places / YEAR
    usual = np.array([np.median(level[season == month]) for month in season])
    left = level - usual
    fitted = series[places] - left
    pairs = _pairs(places)
    chance = np.random.default_rng(seed)
    count = len(places)
    blocks = -(-count // block)
    slopes: list[Floats] = []
    for begin in range(0, draws, _AT_ONCE):
        size = min(_AT_ONCE, draws - begin)
        starts = chance.integers(0, count - block + 1, size=(size, blocks))
        order = (starts[:, :, None] + np.arange(block)).reshape(size, -1)[:, :count]
        slopes.append(_slopes(fitted + left[order], places, pairs))
    low, high = np.percentile(np.concatenate(slopes), [2.5, 97.5])
    return float(low), float(high)


def _pairs(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs (as indices into `places`) of the same calendar month."""
    pairs: list[tuple[int, int]] = []
    for month in range(YEAR):
        pairs += combinations(np.flatnonzero(places % YEAR == month).tolist(), 2)
    return np.array(pairs, dtype="int64")


def _slopes(rows: Floats, places: NDArray[np.int64], pairs: NDArray[np.int64]) -> Floats:
    """Sen's seasonal slope [a year] of each row: the median over pairs of one calendar month."""
    first, second = pairs[:, 0], pairs[:, 1]
    years = (places[second] - places[first]) / YEAR
    slopes: Floats = np.median((rows[:, second] - rows[:, first]) / years, axis=1)
    return slopes


def smooth(values: Sequence[float]) -> list[Stretch]:
    """STL (period 12, robust) of each stretch of `LEAST_STRETCH` months or more that all count."""
    series = np.asarray(values, dtype="float64")
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.isfinite(series), [0]))))
    course = [
        (first, last)
        for first, last in edges.reshape(-1, 2).tolist()
        if last - first >= LEAST_STRETCH
    ]
    return [Stretch(first=first, trend=trend_of(series[first:last])) for first, last in course]
