"""A store's province hours through a standard's window: value, grade, index of one hour.

The rows of one place and feed stand by their hour number; a window ends with its hour and takes the
hours before it from the same rows, so that feeds are never mixed. A province's 24 h predicted mean
and NowCast are computed on its hourly means, and are this product's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from aq.domain.averages import WINDOW_HOURS, Mean, averaged, mean_at
from aq.domain.grading import Overall, deciding, overall
from aq.domain.model import PlaceHour
from aq.domain.pollutants import Exact
from aq.domain.standards import Standard

OVERALL = "overall"
Rows = Mapping[int, PlaceHour]  # by hour number


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
    averaging : of the value, where another one than the standard shows the pollutant by decided
    missing : pollutants that an `overall` needs and that have no value
    """

    figure: Decimal | None = None
    grade: int | None = None
    index: int | None = None
    dominant: str | None = None
    averaging: str | None = None
    missing: tuple[str, ...] = ()

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
        return max(window_hours(standard, pollutant) for pollutant in standard.pollutants)
    ways = standard.ways.get(key, ())
    return max((WINDOW_HOURS.get(points.averaging, 1) for points in ways), default=1)


def hourly(rows: Rows, key: str, hour: int) -> Fraction | None:
    """The exact province mean of an hour at the store's scale; None where nothing is valid."""
    row = rows.get(hour)
    mean = row.means[key] if row is not None else None
    return mean.exact if mean and mean.valid else None


def inputs(averaging: str, key: str, rows: Rows, hour: int) -> list[Fraction | None]:
    """The hourly means of the window that ends with `hour`, the oldest first."""
    first = hour - WINDOW_HOURS.get(averaging, 1) + 1
    return [hourly(rows, key, number) for number in range(first, hour + 1)]


def windowed(
    standard: Standard, key: str, rows: Rows, hour: int, averaging: str | None = None
) -> Mean:
    """The mean a standard takes a pollutant by, with the hours it rests on.

    Over `averaging` where one is given. The hour's own where the standard does not grade the
    pollutant.
    """
    averaging = averaging or standard.averaging(key) or "1h"
    if averaging not in WINDOW_HOURS or averaging == "1h":
        value = hourly(rows, key, hour)
        return Mean(value, int(value is not None), 1)
    return mean_at(inputs(averaging, key, rows, hour), averaging, key, standard.complete)


def judged(standard: Standard, key: str, rows: Rows, hour: int) -> tuple[str, Mean]:
    """The averaging time that decides a pollutant's hour, and its mean."""
    ways = standard.ways.get(key, ())
    if len(ways) < 2:
        return standard.averaging(key) or "1h", windowed(standard, key, rows, hour)
    means = {
        points.averaging: windowed(standard, key, rows, hour, points.averaging) for points in ways
    }
    taken = deciding(standard, key, {name: mean.value for name, mean in means.items()})
    averaging = taken[0].averaging if taken else ways[0].averaging
    return averaging, means[averaging]


def means_of(standard: Standard, rows: Rows, span: range) -> dict[tuple[str, str], list[Mean]]:
    """What `windowed` gives of each hour of `span`, by pollutant and averaging time, in one pass
    over each pollutant's series."""
    made: dict[tuple[str, str], list[Mean]] = {}
    for key, ways in standard.ways.items():
        values = [hourly(rows, key, hour) for hour in span]
        for points in ways:
            means = averaged(values, points.averaging, key, standard.complete)
            made[key, points.averaging] = means
    return made


def evaluate(standard: Standard, key: str, rows: Rows, hour: int) -> Evaluated:
    """An hour of one place and feed by a standard, from the rows of its window."""
    if key == OVERALL:
        return _overall(standard, rows, hour)
    averaging, mean = judged(standard, key, rows, hour)
    return Evaluated() if mean.value is None else of_value(standard, key, mean.value, averaging)


def of_value(standard: Standard, key: str, value: Exact, averaging: str = "1h") -> Evaluated:
    """What a standard says of a mean at the store's scale."""
    own = standard.averaging(key) or "1h"
    return Evaluated(
        figure=standard.figure(key, value, averaging),
        grade=standard.grade(key, value, averaging),
        index=standard.index(key, value, averaging),
        averaging=None if averaging == own else averaging,
    )


def evaluate_overall(standard: Standard, rows: Rows, hour: int) -> Overall:
    """All pollutants of an hour together, with what is missing where there is no result."""
    values = {
        (key, points.averaging): windowed(standard, key, rows, hour, points.averaging).value
        for key, ways in standard.ways.items()
        for points in ways
    }
    return overall(standard, values)


def _overall(standard: Standard, rows: Rows, hour: int) -> Evaluated:
    result = evaluate_overall(standard, rows, hour)
    index = result.grade if result.index is None else result.index
    missing = result.missing if result.grade is None else ()
    return Evaluated(grade=result.grade, index=index, dominant=result.dominant, missing=missing)
