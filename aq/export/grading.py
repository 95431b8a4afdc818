"""Values and grades of hours as an export prints them, remembered, as few distinct ones occur."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from aq.domain.missing import gap_reason
from aq.domain.pollutants import Pollutant, mean_half_up, pollutants
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL, evaluate, window_hours
from aq.export.columns import ZONE
from aq.store.blocks import EACH, HEAD

NOT_ENOUGH, NOT_MEASURED = "not_enough_hours", "not_measured"


@dataclass(frozen=True, slots=True)
class Shown:
    """The grade of a value, and its cells from `value` to `standard_version`."""

    grade: int | None
    cells: tuple[Any, ...]


class Grader:
    """Hours through a standard. Both ways below give what `aq.domain.windows.evaluate` gives."""

    def __init__(self, standard: Standard, keys: tuple[str, ...]) -> None:
        self.standard = standard
        self.plain = {key for key in keys if key != OVERALL and window_hours(standard, key) == 1}
        # What must be read: `overall` rests on all that the standard grades.
        more = standard.pollutants if OVERALL in keys else ()
        self.reads = tuple(dict.fromkeys([*(key for key in keys if key != OVERALL), *more]))
        # Where a pollutant's sum stands in a row, n and the third after it: read by every row.
        self.at = {key: HEAD + EACH * n for n, key in enumerate(self.reads)}
        self.back = max(window_hours(standard, key) for key in keys) - 1
        self._known: dict[tuple[Any, ...], Shown] = {}

    def hour(self, key: str, rows: Mapping[int, Any], hour: int) -> Shown | None:
        """The hour of one place and feed; None where no value counts."""
        if key in self.plain:
            row, at = rows[hour], self.at[key]
            count = row[at + 1]
            return self.scaled(key, mean_half_up(row[at], count)) if count else None
        found = evaluate(self.standard, key, rows, hour)
        if found.value is None and found.grade is None:
            return None
        known = (key, found.value, found.index, found.dominant, found.grade)
        if known not in self._known:
            value = None if found.value is None else f"{found.value:.{pollutants()[key].digits}f}"
            averaging = self.standard.averaging(key) or "1h"
            self._known[known] = Shown(
                found.grade,
                self.cells(key, value, averaging, found.grade, found.index, found.dominant),
            )
        return self._known[known]

    def scaled(self, key: str, scaled: int) -> Shown:
        """An hourly value at the store's scale."""
        known = (key, scaled)
        if known not in self._known:
            grade = self.standard.grade(key, scaled, "1h")
            index = self.standard.index(key, scaled, "1h")
            value = scaled_text(scaled, pollutants()[key])
            self._known[known] = Shown(grade, self.cells(key, value, "1h", grade, index))
        return self._known[known]

    def cells(
        self,
        key: str,
        value: str | None,
        averaging: str | None = None,
        grade: int | None = None,
        index: int | None = None,
        dominant: str | None = None,
    ) -> tuple[Any, ...]:
        """The cells from `value` to `standard_version`."""
        standard, level = self.standard, self.standard.level(grade) if grade else None
        return (
            value,
            pollutants()[key].unit if key != OVERALL else None,
            averaging or standard.averaging(key) or "1h",
            ZONE,
            index,
            dominant,
            grade,
            level.letter if level else None,
            level.label("ko") if level else None,
            standard.id,
            standard.version,
        )


def scaled_text(scaled: int, pollutant: Pollutant) -> str:
    """The exact decimal text of a stored integer, with all of its decimals."""
    return f"{Decimal(scaled).scaleb(-pollutant.digits):f}"


def pooled_text(total: int, count: int, pollutant: Pollutant) -> str:
    """A mean over many hours, half-up with two decimals more than the store keeps."""
    digits = Decimal(1).scaleb(-pollutant.digits - 2)
    mean = Decimal(total) / (count * pollutant.scale)
    return f"{mean.quantize(digits, ROUND_HALF_UP):f}"


def share_text(part: int, whole: int) -> str:
    """A share from 0 to 1, half-up with three decimals."""
    return f"{Decimal(mean_half_up(1000 * part, whole)).scaleb(-3):f}"


@lru_cache(4096)
def _notes(text: str | None) -> Mapping[str, str]:
    return json.loads(text) if text else {}


def absence(row: Any, key: str, otherwise: str) -> tuple[str | None, str]:
    """(flag, reason) for a row without a value that counts, `otherwise` when it says nothing."""
    notes = _notes(row.notes)
    word = next(iter(notes.values()), None) if key == OVERALL else notes.get(key)
    if word is None:
        return None, otherwise
    reason = gap_reason(word)[0]
    return (word if reason in ("source_flag", "quality_flag") else None), reason
