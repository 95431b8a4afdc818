"""Fewer points for a screen: each unbroken stretch on its own, gaps and extremes kept."""

from typing import Any

import numpy as np
import numpy.typing as npt
from tsdownsample import MinMaxLTTBDownsampler

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
_DOWNSAMPLER: Any = MinMaxLTTBDownsampler  # the library's own signatures are untyped
# A screen is about 1,200 pixels wide; two points a pixel show every spike.
MOST_POINTS = 2400


def stretches(values: Floats) -> list[tuple[int, int]]:
    """(first, past the last) index of each run of numbers between gaps (NaN)."""
    present = np.concatenate(([False], ~np.isnan(values), [False]))
    edges = np.flatnonzero(present[1:] != present[:-1])
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def kept(values: Floats, most: int = MOST_POINTS) -> Indices:
    """Indices to draw, rising; one NaN stays between two stretches so that the line breaks there.

    The highest and the lowest value, and both ends of every stretch, are always among them.
    """
    runs = stretches(values)
    if len(values) <= most or not runs:
        return np.arange(len(values), dtype=np.intp)
    total = sum(last - first for first, last in runs)
    chosen: list[Indices] = []
    for first, last in runs:
        share = max(4, round(most * (last - first) / total))
        chosen.append(first + _of_run(values[first:last], share))
        if last < len(values):
            chosen.append(np.array([last], dtype=np.intp))
    extremes = np.array([np.nanargmin(values), np.nanargmax(values)], dtype=np.intp)
    return np.unique(np.concatenate([*chosen, extremes]))


def _of_run(run: Floats, share: int) -> Indices:
    if len(run) <= share:
        return np.arange(len(run), dtype=np.intp)
    found = _DOWNSAMPLER().downsample(np.ascontiguousarray(run), n_out=share)
    return np.asarray(found, dtype=np.intp)
