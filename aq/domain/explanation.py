"""Why an hour has its grade: the hours behind it, the mean, the table row, the formula in numbers.

What stands here is recomputed from the same rows and by the same functions that grade the hour, so
that an explanation cannot say something else than the page does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from aq.domain.clock import from_hour_number
from aq.domain.grading import Explanation as Ruling
from aq.domain.grading import Overall
from aq.domain.grading import explain as rule
from aq.domain.pollutants import Pollutant, pollutants, rounded
from aq.domain.report import plain
from aq.domain.standards import Source, Standard
from aq.domain.windows import OVERALL, Rows, evaluate_overall, inputs, judged

MISSING_HOURS, NOT_GRADED = "not_enough_hours", "not_graded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of a window: its end, and the province mean [pollutant's unit] or None."""

    at: datetime
    value: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why one pollutant of one hour has its grade, or why it has none.

    Attributes
    ----------
    unit : of `inputs` and `value`, the pollutant's own
    hours, expected, needed : hours with a value, hours of the window, and how many must be there
        (None for NowCast, which asks for two of the newest three)
    value : the mean of the standard's averaging time, as it is shown
    ruling : rounding, table row, formula, index, grade, words; None where there is no grade
    reason : `not_enough_hours` or `not_graded` where there is no grade
    """

    standard: str
    title: Mapping[str, str]
    version: str
    hash: str
    pollutant: str
    unit: str
    averaging: str
    inputs: tuple[Hour, ...]
    hours: int
    expected: int
    needed: int | None
    value: Decimal | None
    ruling: Ruling | None
    reason: str | None
    sources: tuple[Source, ...]
    unverified: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything in JSON's types; instants with +09:00, exact numbers as text."""
        return dict(plain(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallExplanation:
    """Why all pollutants together have their index: the result, and each pollutant's own story."""

    standard: str
    title: Mapping[str, str]
    version: str
    hash: str
    result: Overall
    letter: str | None
    labels: Mapping[str, str] | None
    parts: tuple[Explanation, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything in JSON's types."""
        return dict(plain(self))


def explain(
    standard: Standard, key: str, rows: Rows, hour: int
) -> Explanation | OverallExplanation:
    """Why `aq.domain.windows.evaluate` answers as it does for these rows and this hour.

    Raises ``KeyError`` for a pollutant that is not in the pollutant table.
    """
    if key == OVERALL:
        return _explain_overall(standard, rows, hour)
    pollutant, (averaging, mean) = pollutants()[key], judged(standard, key, rows, hour)
    window = inputs(averaging, key, rows, hour)
    ruling = None if mean.value is None else rule(standard, key, mean.value, averaging)
    reason = MISSING_HOURS if mean.value is None else None if ruling else NOT_GRADED
    first = hour - len(window) + 1
    return Explanation(
        standard=standard.id,
        title=standard.titles,
        version=standard.version,
        hash=standard.hash,
        pollutant=key,
        unit=pollutant.unit,
        averaging=averaging,
        inputs=tuple(
            Hour(
                at=from_hour_number(number),
                value=None if value is None else _input(value, pollutant),
            )
            for number, value in enumerate(window, start=first)
        ),
        hours=mean.hours,
        expected=mean.expected,
        needed=None if averaging == "nowcast" else ceil(standard.complete * mean.expected),
        value=None if mean.value is None else standard.figure(key, mean.value, averaging),
        ruling=ruling,
        reason=reason,
        sources=standard.sources,
        unverified=standard.unverified,
    )


def _input(value: Fraction, pollutant: Pollutant) -> Decimal:
    """An hour of a window with two digits more than the store's, unless it is exact without."""
    return rounded(value, pollutant, pollutant.digits + (0 if value.denominator == 1 else 2))


def _explain_overall(standard: Standard, rows: Rows, hour: int) -> OverallExplanation:
    result = evaluate_overall(standard, rows, hour)
    level = standard.level(result.grade) if result.grade else None
    made = (explain(standard, key, rows, hour) for key in standard.pollutants)
    return OverallExplanation(
        standard=standard.id,
        title=standard.titles,
        version=standard.version,
        hash=standard.hash,
        result=result,
        letter=level.letter if level else None,
        labels=level.labels if level else None,
        parts=tuple(part for part in made if isinstance(part, Explanation)),
    )
