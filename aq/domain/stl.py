"""The smooth course of a monthly series: STL (Cleveland et al. 1990, J. Official Statistics 6).

Season and trend are taken apart by local regression of degree one, robustly. The spans are those
the authors recommend for a season of twelve months; the figures equal statsmodels' to rounding.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

YEAR = 12  # months in a season
SEASONAL = 7  # values of one calendar month that a smoothing of the season spans
TREND = 23  # months: the next odd number above 1.5 YEAR / (1 - 1.5 / SEASONAL)
LOW_PASS = 13  # months: the next odd number above YEAR
ROUNDING = 1e-12  # of the largest value
INNER, OUTER = 2, 15  # passes of the two loops where outliers are to count less
_NEAR, _FAR = 0.001, 0.999  # shares of the bandwidth within which a weight is one, beyond it none


def trend_of(series: Floats) -> Floats:
    """The trend of consecutive months.

    Parameters
    ----------
    series : at least two years without a gap [any unit], shape (months,)

    Returns
    -------
    the smooth course [same unit], shape (months,)
    """
    count = len(series)
    weights, season, trend = np.ones(count), np.zeros(count), np.zeros(count)
    for robust in (False, *[True] * OUTER):
        if robust:
            weights = _weights_of(series - trend - season, np.abs(series).max())
        for _ in range(INNER):
            cycle = _season_of(series - trend, weights)
            season = cycle[YEAR:-YEAR] - _low_pass(cycle)
            trend = _smooth(series - season, TREND, weights, np.arange(1.0, count + 1))
    return trend


def _season_of(detrended: Floats, weights: Floats) -> Floats:
    """Each calendar month smoothed over the years, one year longer at both ends."""
    cycle = np.empty(len(detrended) + 2 * YEAR)
    for month in range(YEAR):
        values = detrended[month::YEAR]
        at = np.arange(0.0, len(values) + 2)
        cycle[month::YEAR] = _smooth(values, SEASONAL, weights[month::YEAR], at)
    return cycle


def _low_pass(cycle: Floats) -> Floats:
    """What of the season is no season: three running means and a smoothing."""
    for span in (YEAR, YEAR, 3):
        cycle = np.convolve(cycle, np.full(span, 1 / span), "valid")
    return _smooth(cycle, LOW_PASS, np.ones(len(cycle)), np.arange(1.0, len(cycle) + 1))


def _smooth(values: Floats, span: int, weights: Floats, at: Floats) -> Floats:
    """Local lines through the `span` values nearest to each place of `at` (the first value is 1).

    Where all weights of a neighbourhood are nought the value itself stays, beyond the ends the
    nearest smoothed one.
    """
    count = len(values)
    width = min(span, count)
    place = np.clip(at, 1, count)
    left = np.clip(place - (span + 1) // 2 + 1, 1, count - width + 1)
    bandwidth = np.maximum(at - left, left + width - 1 - at) + max(0, span - count) // 2
    near = left[:, None] + np.arange(width)  # places of the neighbours, shape (at, width)
    index = near.astype(np.intp) - 1
    distance = np.abs(near - at[:, None]) / bandwidth[:, None]
    weight = np.where(distance <= _NEAR, 1.0, (1 - distance**3) ** 3)
    weight = np.where(distance <= _FAR, weight, 0.0) * weights[index]
    total = weight.sum(axis=1)
    known = total > 0
    weight[known] /= total[known, None]
    middle = (weight * near).sum(axis=1)
    spread = (weight * (near - middle[:, None]) ** 2).sum(axis=1)
    sloping = np.sqrt(spread) > _NEAR * (count - 1)
    slope = np.where(sloping, (at - middle) / np.where(sloping, spread, 1.0), 0.0)
    weight *= slope[:, None] * (near - middle[:, None]) + 1
    smooth: Floats = (weight * values[index]).sum(axis=1)
    smooth = np.where(known, smooth, values[place.astype(np.intp) - 1])
    return np.where(known, smooth, smooth[np.searchsorted(at, place)])


def _weights_of(remainder: Floats, largest: float) -> Floats:
    """Bisquare weights: an outlier of six median deviations counts nothing.

    A remainder that is only the rounding of the computer's own figures has no outliers.
    """
    size = np.abs(remainder)
    limit = 6 * np.median(size)
    if limit <= ROUNDING * largest:
        return np.ones(len(size))
    weights = np.where(size <= _NEAR * limit, 1.0, 0.0)
    between = (size > _NEAR * limit) & (size <= _FAR * limit)
    weights[between] = (1 - (size[between] / limit) ** 2) ** 2
    return weights
