"""What AirKorea computes beside the values: predicted 24 h means, grades, the CAI (khai)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aq.simulator.noise import Floats
from aq.simulator.weather import POLLUTANTS
from aq.simulator.world import DIGITS, Block

# Upper ends of the four grades and of the index (Jeju's air page; tops of PM and O3 from public
# client code), and the step between the end of a grade and the start of the next.
_TOPS: Mapping[str, tuple[float, ...]] = {
    "so2": (0.020, 0.050, 0.150, 1),
    "co": (2, 9, 15, 50),
    "o3": (0.030, 0.090, 0.150, 0.6),
    "no2": (0.030, 0.060, 0.200, 2),
    "pm10": (30, 80, 150, 600),
    "pm25": (15, 35, 75, 500),
}
_STEPS: Mapping[str, float] = {"so2": 0.001, "co": 0.01, "o3": 0.001, "no2": 0.001}
_INDEX_TOPS = (50, 100, 250, 500)
_NEEDED = ("pm10", "pm25", "no2", "o3")
# The predicted mean halves nothing below these [µg/m³]; see `predicted`.
_FIRM: Mapping[str, float] = {"pm10": 70, "pm25": 30}
WINDOW, _FEWEST, _NEWEST_FEWEST = 12, 9, 3


@dataclass(frozen=True, slots=True)
class Facts:
    """Upstream's own results, shape (hours, stations); NaN where it gives none."""

    day: Mapping[str, Floats]
    grade: Mapping[str, Floats]
    grade_1h: Mapping[str, Floats]
    khai: Floats
    khai_grade: Floats


def assess(block: Block, before: int) -> Facts:
    """Results for the hours of `block` after its first `before` ones (at least 11)."""
    native = {key: block.trusted(key) / 10 ** DIGITS[key] for key in POLLUTANTS}
    day = {key: predicted(native[key], firm)[before - WINDOW + 1 :] for key, firm in _FIRM.items()}
    now = {key: values[before:] for key, values in native.items()}
    graded = {**now, **day}
    khai = _khai(graded, now)
    return Facts(
        day=day,
        grade={key: _sub_grade(values, key) for key, values in graded.items()},
        grade_1h={key: _sub_grade(now[key], key) for key in _FIRM},
        khai=khai,
        khai_grade=_grade_by_tops(khai, _INDEX_TOPS),
    )


def predicted(values: Floats, firm: float) -> Floats:
    """AirKorea's 24 h predicted moving mean for every hour but the first 11, whole µg/m³.

    C24E = (12 C12 + 12 C4) / 24; a high hour near the 12 h mean counts 0.75 in C4
    (airkorea.or.kr, caiCalculator). At least 9 of 12 hours are needed; that rule is ours.
    """
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=0)
    long = _mean(windows, _FEWEST)
    newest = windows[..., -4:]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = newest / long[..., None]
        damped = (newest >= firm) & (share >= 0.9) & (share <= 1.7)
    short = _mean(np.where(damped, 0.75 * newest, newest), _NEWEST_FEWEST)
    out: Floats = np.floor((long + short) / 2 + 0.5)
    return out


def _mean(windows: Floats, fewest: int) -> Floats:
    count = np.sum(~np.isnan(windows), axis=-1)
    total = np.nansum(windows, axis=-1)
    return np.where(count >= fewest, total / np.maximum(count, 1), np.nan)


def _sub_grade(values: Floats, key: str) -> Floats:
    step = _STEPS.get(key, 1)
    return _grade_by_tops(np.floor(values / step + 0.5) * step, _TOPS[key])


def _grade_by_tops(values: Floats, tops: tuple[float, ...]) -> Floats:
    """1-4 by upper ends, NaN for NaN; the tolerance is for binary fractions such as 0.03."""
    rank = np.searchsorted(np.array(tops[:3]) + 1e-9, values) + 1.0
    return np.where(np.isnan(values), np.nan, rank)


def _khai(graded: Mapping[str, Floats], now: Mapping[str, Floats]) -> Floats:
    """The highest sub-index; 50 more with two bad pollutants, 75 more with three, 500 at most."""
    parts = np.stack([_sub_index(values, key) for key, values in graded.items()])
    bad = np.sum(parts > 100, axis=0)
    top = np.max(np.where(np.isnan(parts), -1, parts), axis=0) + np.select(
        [bad >= 3, bad == 2], [75, 50], 0
    )
    complete = np.all([~np.isnan(graded[key]) & ~np.isnan(now[key]) for key in _NEEDED], axis=0)
    return np.where(complete, np.minimum(np.floor(top + 0.5), 500), np.nan)


def _sub_index(values: Floats, key: str) -> Floats:
    """The sub-index, linear within each grade."""
    points, index = [0.0], [0.0]
    for number, (top, index_top) in enumerate(zip(_TOPS[key], _INDEX_TOPS, strict=True)):
        if number:
            points.append(points[-1] + _STEPS.get(key, 1))
            index.append(index[-1] + 1)
        points.append(top)
        index.append(index_top)
    out: Floats = np.interp(values, points, index)
    return np.where(np.isnan(values), np.nan, out)
