"""Values and grades of hours as an export prints them, remembered, as few distinct ones occur."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aq.domain.missing import NEEDED_MISSING, gap_reason
from aq.domain.pollutants import Pollutant, mean_half_up, pollutants, rounded
from aq.domain.standards import PERIODS, Standard
from aq.domain.windows import OVERALL, Evaluated, Rows, evaluate, of_value, window_hours
from aq.export.columns import ZONE
from aq.store.blocks import EACH, HEAD

Numbers = NDArray[np.intp]
NOT_ENOUGH, NOT_MEASURED = "not_enough_hours", "not_measured"


@dataclass(frozen=True, slots=True)
class Shown:
    """The grade of a value, and its cells from `value` to `standard_version`."""

    grade: int | None
    cells: tuple[Any, ...]


class Grader:
    """Hours through a standard. Both ways below give what `aq.domain.windows.evaluate` gives.

    `reads` are the pollutants that a row of the store has, see `reads_of`.
    """

    def __init__(
        self,
        standard: Standard,
        keys: tuple[str, ...],
        reads: tuple[str, ...],
        *,
        in_force: bool = True,
    ) -> None:
        self.standard, self.reads, self.in_force = standard, reads, in_force
        self.plain = {key for key in keys if key != OVERALL and window_hours(standard, key) == 1}
        # Where a pollutant's sum stands in a row, n and the third after it: read by every row.
        self.at = {key: HEAD + EACH * n for n, key in enumerate(self.reads)}
        asked = [key for key in keys if key != OVERALL or standard.overall]
        self.back = max((window_hours(standard, key) for key in asked), default=1) - 1
        self._known: dict[tuple[Any, ...], Shown] = {}

    def rests_on(self, key: str) -> tuple[str, ...]:
        """The pollutants of a row that count for a pollutant or an index."""
        return (key,) if key in self.at else tuple(self.standard.pollutants)

    def hour(self, key: str, rows: Rows, hour: int) -> Shown | None:
        """The hour of one place and feed by its window; None where no value counts."""
        result = evaluate(self.standard, key, rows, hour)
        return None if result.empty else self._shown(key, result)

    def lacks(self, key: str, rows: Rows, hour: int) -> tuple[str, ...]:
        """The pollutants that an `overall` without a result needs and lacks."""
        return evaluate(self.standard, key, rows, hour).missing if key == OVERALL else ()

    def figure(self, key: str, value: Fraction, averaging: str) -> Decimal:
        """A mean as it is printed [pollutant's unit]."""
        return self.standard.figure(key, value, averaging)

    def mean(self, key: str, total: int, count: int) -> Shown:
        """An hour's own mean, of its exact sum and count."""
        mark = (key, total, count)
        if mark not in self._known:
            self._known[mark] = self._shown(
                key, of_value(self.standard, key, Fraction(total, count))
            )
        return self._known[mark]

    def apart(self, key: str, totals: Numbers, counts: Numbers, rounded: Numbers) -> "NDArray[Any]":
        """Which hourly means the standard takes otherwise than what `rounded` says of them."""
        points = self.standard.table(key, "1h")
        if points is None:
            return np.zeros(len(totals), dtype=bool)
        rows = [
            np.searchsorted(points.begins, parts, side="right")
            for parts in (totals * points.parts // counts, rounded * points.parts)
        ]
        steps = [points.steps(totals, counts), points.steps(rounded, 1)]
        indexed = points.rows[0].index is not None
        return np.asarray((rows[0] != rows[1]) | ((steps[0] != steps[1]) & indexed))

    def _shown(self, key: str, result: Evaluated) -> Shown:
        mark = (key, result)
        if mark not in self._known:
            value = None if result.figure is None else f"{result.figure:f}"
            cells = self.cells(
                key, value, result.averaging, result.grade, result.index, result.dominant
            )
            self._known[mark] = Shown(result.grade, cells)
        return self._known[mark]

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
            _unit(key),
            averaging or standard.averaging(key) or "1h",
            ZONE,
            index,
            dominant,
            grade,
            level.letter if level else None,
            level.label("ko") if level else None,
            standard.id,
            standard.version,
            self.in_force,
        )


class Beside(Grader):
    """Hours by one of several standards, whose columns stand beside the hour's own value."""

    def cells(
        self,
        key: str,
        value: str | None,
        averaging: str | None = None,
        grade: int | None = None,
        index: int | None = None,
        dominant: str | None = None,
    ) -> tuple[Any, ...]:
        """The cells of the standard's columns, from its `value` to its `label`; all are null where
        the standard judges no such mean."""
        standard, level = self.standard, self.standard.level(grade) if grade else None
        averaging = averaging or standard.averaging(key)
        if averaging is None or standard.table(key, averaging) is None:
            averaging = value = None
        words = (level.letter, level.label("ko")) if level else (None, None)
        return value, averaging, index, dominant, grade, *words, self.in_force


class Concentrations(Grader):
    """Hours by no standard: the hour's own mean, with the digits of the store.

    An `overall` has none; it is there where one of the standards `beside` has a result.
    """

    def __init__(self, beside: Sequence[Beside], keys: tuple[str, ...]) -> None:
        super().__init__(beside[0].standard, keys, beside[0].reads)
        self.plain, self.beside = {key for key in keys if key != OVERALL}, beside

    def rests_on(self, key: str) -> tuple[str, ...]:
        """The pollutants of a row that count for a pollutant or an index."""
        return (key,) if key in self.at else self.reads

    def hour(self, key: str, rows: Rows, hour: int) -> Shown | None:
        """No value of an `overall`; None where no standard has a result."""
        there = any(
            beside.hour(key, rows, hour) for beside in self.beside if beside.standard.overall
        )
        return Shown(None, self.cells(key, None)) if there else None

    def lacks(self, key: str, rows: Rows, hour: int) -> tuple[str, ...]:
        """The pollutants that the first standard with an `overall` needs and lacks."""
        return next(beside for beside in self.beside if beside.standard.overall).lacks(
            key, rows, hour
        )

    def figure(self, key: str, value: Fraction, averaging: str) -> Decimal:
        """A mean with the digits of the store, of days and longer with two more."""
        pollutant = pollutants()[key]
        return rounded(value, pollutant, pollutant.digits + (2 if averaging in PERIODS else 0))

    def mean(self, key: str, total: int, count: int) -> Shown:
        """An hour's own mean, of its exact sum and count."""
        value = scaled_text(mean_half_up(total, count), pollutants()[key])
        return Shown(None, self.cells(key, value))

    def apart(self, key: str, totals: Numbers, counts: Numbers, rounded: Numbers) -> "NDArray[Any]":
        """None: no standard takes a mean otherwise than its rounded number."""
        return np.zeros(len(totals), dtype=bool)

    def cells(
        self, key: str, value: str | None, averaging: str | None = None, *_: Any
    ) -> tuple[Any, ...]:
        """The cells from `value` to `zone`."""
        return value, _unit(key), averaging or "1h", ZONE


def reads_of(standards: Sequence[Standard], keys: tuple[str, ...]) -> tuple[str, ...]:
    """The pollutants to read: an `overall` rests on all that its standard grades."""
    more = [key for standard in standards if standard.overall for key in standard.pollutants]
    plain = [key for key in keys if key != OVERALL]
    return tuple(dict.fromkeys([*plain, *(more if OVERALL in keys else ())]))


def _unit(key: str) -> str | None:
    return pollutants()[key].unit if key != OVERALL else None


def scaled_text(scaled: int, pollutant: Pollutant) -> str:
    """The exact decimal text of a stored integer, with all of its decimals."""
    return f"{Decimal(scaled).scaleb(-pollutant.digits):f}"


def share_text(part: int, whole: int) -> str:
    """A share from 0 to 1, half-up with three decimals."""
    return f"{Decimal(mean_half_up(1000 * part, whole)).scaleb(-3):f}"


@lru_cache(4096)
def _notes(text: str | None) -> Mapping[str, str]:
    return json.loads(text) if text else {}


def absence(
    why: str | None, key: str, otherwise: str, needed: Sequence[str] = ()
) -> tuple[str | None, str]:
    """(flag, reason) by the reasons of a row without a value that counts, `otherwise` when they say
    nothing.

    Of an `overall` the flag names the pollutants it needs and lacks.
    """
    if needed:
        return " ".join(needed), NEEDED_MISSING
    notes = _notes(why)
    word = next(iter(notes.values()), None) if key == OVERALL else notes.get(key)
    if word is None:
        return None, otherwise
    reason = gap_reason(word)[0]
    return (word if reason in ("source_flag", "quality_flag") else None), reason
