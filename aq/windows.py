"""A store's province hours through a standard's window: value, grade, index of one hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aq.grade import Standard
from aq.units import mean_half_up, pollutants


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a standard says of one hour; `value` [pollutant's unit] is of its averaging time."""

    value: float | None = None
    grade: int | None = None
    index: int | None = None
    dominant: str | None = None


def hourly(rows: Mapping[int, Any], key: str, hour: int) -> int | None:
    """The province mean of an hour at the store's scale, half-up; None where nothing is valid."""
    row = rows.get(hour)
    count = getattr(row, f"{key}_n") if row is not None else 0
    return mean_half_up(getattr(row, f"{key}_sum"), count) if count else None


def evaluate(standard: Standard, key: str, rows: Mapping[int, Any], hour: int) -> Evaluated:
    """An hour of one place and feed by a standard, from the rows of its window."""
    scaled = hourly(rows, key, hour)
    if scaled is None:
        return Evaluated()
    return Evaluated(
        value=scaled / pollutants()[key].scale, grade=standard.grade(key, scaled, "1h")
    )
