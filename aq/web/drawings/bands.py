"""Where the levels of a standard begin and end, in the pollutant's own unit."""

import math

from aq.domain.pollutants import pollutants
from aq.domain.standards import Level, Standard
from aq.web.wording.korean import number

Band = tuple[float, float, Level]


def level_bands(standard: Standard, pollutant: str, averaging: str = "1h") -> list[Band]:
    """(low, high, level) of an averaging time's breakpoints [the pollutant's unit], if any.

    A band ends where the next level begins, its rounding folded in, so that a value's band is its
    grade.
    """
    points = standard.tables.get((pollutant, averaging))
    if points is None:
        return []
    scale = pollutants()[pollutant].scale
    bands: list[Band] = []
    low = 0.0
    for begin, grade in zip((*points.begins[1:], math.inf), points.grades, strict=True):
        high, level = begin / points.parts / scale, standard.level(grade)
        if bands and bands[-1][2] == level:
            low = bands.pop()[0]
        bands.append((low, high, level))
        low = high
    return bands


def limit_below(begin: float, digits: int) -> str:
    """The highest printed value of the level below, its limit as standards publish it: 30 of 30.5,
    where the next level begins."""
    steps = 10**digits
    # A begin that is itself printed (31 of a standard that cuts decimals off) belongs to the next.
    return number((math.ceil(begin * steps - 1e-6) - 1) / steps, digits)
