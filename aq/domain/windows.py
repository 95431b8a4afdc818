"""A store's province hours through a standard's window: value, grade, index of one hour.

The rows of one place and feed stand by their hour number; a window ends with its hour and takes the
hours before it from the same rows, so that feeds are never mixed. A province's 24 h predicted mean
and NowCast are computed on its hourly means, and are this product's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from aq.domain.averages import WINDOW_HOURS, Mean, mean_at
from aq.domain.grading import Overall, overall
from aq.domain.pollutants import Exact
from aq.domain.standards import Standard

OVERALL = "overall"
Rows = Mapping[int, Any]  # hour number -> store row with <key>_sum and <key>_n


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a standard says of one hour.

    Attributes
    ----------
    figure : the value of the standard's averaging time as it is shown [pollutant's unit]; None for
        `overall`, and where the window has too few hours
    grade : 1 … n, None where the standard does not grade the pollutant
    index : the standard's number; for the `overall` of a standard of levels alone, the level's
    dominant : the pollutant that decided, for `overall`
    """

    figure: Decimal | None = None
    grade: int | None = None
    index: int | None = None
    dominant: str | None = None

    @property
    def value(self) -> float | None:
        """`figure` as a number of JSON."""
        return None if self.figure is None else float(self.figure)

    @property
    def empty(self) -> bool:
        """Whether there is neither a value nor a grade."""
        return self.figure is None and self.grade is None


def window_hours(standard: Standard, key: str) -> int:
    """How many hours, the asked one included, `evaluate` looks at."""
    if key == OVERALL:
        return max(window_hours(standard, one) for one in standard.pollutants)
    return WINDOW_HOURS.get(standard.averaging(key) or "1h", 1)


def hourly(rows: Rows, key: str, hour: int) -> Fraction | None:
    """The exact province mean of an hour at the store's scale; None where nothing is valid."""
    row = rows.get(hour)
    count = getattr(row, f"{key}_n") if row is not None else 0
    return Fraction(getattr(row, f"{key}_sum"), count) if count else None


def inputs(standard: Standard, key: str, rows: Rows, hour: int) -> list[Fraction | None]:
    """The hourly means of the window that ends with `hour`, the oldest first."""
    first = hour - window_hours(standard, key) + 1
    return [hourly(rows, key, one) for one in range(first, hour + 1)]


def windowed(standard: Standard, key: str, rows: Rows, hour: int) -> Mean:
    """The mean a standard takes a pollutant by, with the hours it rests on.

    The hour's own where the standard does not grade the pollutant.
    """
    points = standard.pollutants.get(key)
    if points is None or points.averaging == "1h":
        value = hourly(rows, key, hour)
        return Mean(value, int(value is not None), 1)
    window = inputs(standard, key, rows, hour)
    return mean_at(window, points.averaging, key, standard.complete)


def evaluate(standard: Standard, key: str, rows: Rows, hour: int) -> Evaluated:
    """An hour of one place and feed by a standard, from the rows of its window."""
    if key == OVERALL:
        return _overall(standard, rows, hour)
    value = windowed(standard, key, rows, hour).value
    return Evaluated() if value is None else of_value(standard, key, value)


def of_value(standard: Standard, key: str, value: Exact) -> Evaluated:
    """What a standard says of a value of its own averaging time, at the store's scale."""
    averaging = standard.averaging(key) or "1h"
    return Evaluated(
        figure=standard.figure(key, value, averaging),
        grade=standard.grade(key, value, averaging),
        index=standard.index(key, value, averaging),
    )


def evaluate_overall(standard: Standard, rows: Rows, hour: int) -> Overall:
    """All pollutants of an hour together, with what is missing where there is no result."""
    values = {key: windowed(standard, key, rows, hour).value for key in standard.pollutants}
    return overall(standard, values)


def _overall(standard: Standard, rows: Rows, hour: int) -> Evaluated:
    found = evaluate_overall(standard, rows, hour)
    index = found.grade if found.index is None else found.index
    return Evaluated(grade=found.grade, index=index, dominant=found.dominant)
