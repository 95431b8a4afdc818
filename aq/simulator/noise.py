"""Noise without history: hashed numbers and smooth curves that depend on their keys alone."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]

# splitmix64 (Steele, Lea & Flood 2014): increment and the two multipliers of its finaliser.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)
_SQRT3 = float(np.sqrt(3))
_LOW16 = np.uint64(0xFFFF)


def _bits(*keys: ArrayLike) -> Bits:
    """64 well-mixed bits per combination of integer keys; keys broadcast against each other."""
    mixed = np.zeros((), np.uint64)
    with np.errstate(over="ignore"):
        for key in keys:
            mixed = (mixed ^ np.asarray(key, np.int64).view(np.uint64)) + _STEP
            mixed = (mixed ^ (mixed >> _S30)) * _FIRST
            mixed = (mixed ^ (mixed >> _S27)) * _SECOND
            mixed = mixed ^ (mixed >> _S31)
    return mixed


def uniform(*keys: ArrayLike) -> Floats:
    """Numbers in [0, 1) by key."""
    high: Floats = (_bits(*keys) >> np.uint64(11)).astype(np.float64)
    return high * 2.0**-53


def gauss(*keys: ArrayLike) -> Floats:
    """Nearly normal numbers by key: mean 0, deviation 1, never beyond 3.5.

    The sum of four 16-bit numbers of one hash; a true normal's far tails would be spikes that no
    station shows.
    """
    bits = _bits(*keys)
    total: Floats = np.zeros(bits.shape)
    for shift in (0, 16, 32, 48):
        total += (bits >> np.uint64(shift)) & _LOW16
    return (total / 65535 - 2) * _SQRT3


def smooth(hours: ArrayLike, spacing: int, *keys: ArrayLike) -> Floats:
    """A smooth random curve over `hours`, with one random knot every `spacing` hours."""
    time = np.asarray(hours, np.int64)
    knot = time // spacing
    share = (time - knot * spacing) / spacing
    weight = share * share * (3 - 2 * share)
    out: Floats = gauss(*keys, knot) * (1 - weight) + gauss(*keys, knot + 1) * weight
    return out
