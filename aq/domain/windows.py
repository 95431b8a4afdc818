"""A store's province hours through a standard's window: value, grade, index of one hour.

The rows of one place and feed stand by their hour number; a window ends with its hour and takes the
hours before it from the same rows, so that feeds are never mixed. A province's 24 h predicted mean
and NowCast are computed on its hourly means, and are this product's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aq.domain.averages import WINDOW_HOURS, Mean, mean_at
from aq.domain.grading import Overall, overall
from aq.domain.pollutants import mean_half_up, pollutants
from aq.domain.standards import Standard

OVERALL = "overall"
Rows = Mapping[int, Any]  # hour number -> store row with <key>_sum and <key>_n


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a standard says of one hour.

    Attributes
    ----------
    value : of the standard's averaging time [pollutant's unit]; None for `overall`, and where the
        window has too few hours
    grade : 1 … n, None where the standard does not grade the pollutant
    index : the standard's number; for the `overall` of a standard of levels alone, the level's
    dominant : the pollutant that decided, for `overall`
    """

    value: float | None = None
    grade: int | None = None
    index: int | None = None
    dominant: str | None = None


def window_hours(standard: Standard, key: str) -> int:
    """How many hours, the asked one included, `evaluate` looks at."""
    if key == OVERALL:
        return max(window_hours(standard, one) for one in standard.pollutants)
    return WINDOW_HOURS.get(standard.averaging(key) or "1h", 1)


def hourly(rows: Rows, key: str, hour: int) -> int | None:
    """The province mean of an hour at the store's scale, half-up; None where nothing is valid."""
    row = rows.get(hour)
    count = getattr(row, f"{key}_n") if row is not None else 0
    return mean_half_up(getattr(row, f"{key}_sum"), count) if count else None


def inputs(standard: Standard, key: str, rows: Rows, hour: int) -> list[int | None]:
    """The hourly means of the window that ends with `hour`, the oldest first."""
    first = hour - window_hours(standard, key) + 1
    return [hourly(rows, key, one) for one in range(first, hour + 1)]


def windowed(standard: Standard, key: str, rows: Rows, hour: int) -> Mean:
    """The mean a standard takes a pollutant by, with the hours it rests on.

    The hour's own where the standard does not grade the pollutant. Rounded at the store's scale as
    the standard rounds, so that cutting off twice cuts off once.
    """
    points = standard.pollutants.get(key)
    if points is None or points.averaging == "1h":
        value = hourly(rows, key, hour)
        return Mean(value, int(value is not None), 1)
    window = inputs(standard, key, rows, hour)
    return mean_at(window, points.averaging, key, standard.complete, points.rounding)


def evaluate(standard: Standard, key: str, rows: Rows, hour: int) -> Evaluated:
    """An hour of one place and feed by a standard, from the rows of its window."""
    if key == OVERALL:
        return _overall(standard, rows, hour)
    scaled = windowed(standard, key, rows, hour).value
    if scaled is None:
        return Evaluated()
    averaging = standard.averaging(key) or "1h"
    return Evaluated(
        value=scaled / pollutants()[key].scale,
        grade=standard.grade(key, scaled, averaging),
        index=standard.index(key, scaled, averaging),
    )


def evaluate_overall(standard: Standard, rows: Rows, hour: int) -> Overall:
    """All pollutants of an hour together, with what is missing where there is no result."""
    values = {key: windowed(standard, key, rows, hour).value for key in standard.pollutants}
    return overall(standard, values)


def _overall(standard: Standard, rows: Rows, hour: int) -> Evaluated:
    found = evaluate_overall(standard, rows, hour)
    index = found.grade if found.index is None else found.index
    return Evaluated(grade=found.grade, index=index, dominant=found.dominant)
