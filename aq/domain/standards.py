"""A standard is data: reads, checks and holds breakpoints, averaging, levels, colours and advice.

Values come at the store's scale: integers of stations, exact means of several. The standard's own
rounding (80.4 µg/m³ of PM10 is 80, 80.5 is 81) and its own unit are folded into where each row
begins, so that a mean is rounded once, and grading it is one bisection over integers.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from aq.domain.pollutants import Exact, pollutants, rounded

# Averaging times of values: windows that end with an hour, the highest 8 h mean of a KST day, then
# the plain means of a KST day, month and year. No table is made for a month, so a month is never
# graded. Two windows are made for PM alone.
WINDOWS = ("1h", "8h", "24h", "24h-predicted", "nowcast")
PERIODS = ("1d", "1mo", "1y")
HIGHEST_8H = "8h-max"
AVERAGING = (*WINDOWS, HIGHEST_8H, *PERIODS)
TABLES_FOR = (*WINDOWS, HIGHEST_8H, "1d", "1y")
PM_ONLY = ("24h-predicted", "nowcast")
ROUNDING = ("half_up", "truncate")
OVERALL_RULES = ("highest_index", "worst_grade")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where numbers come from: what was read, where, and when."""

    what: str
    where: str
    read: date

    def __str__(self) -> str:
        return f"{self.what}: {self.where}, {self.read}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of a standard: letter, words, colours (#RRGGBB), index range, health advice."""

    letter: str
    labels: Mapping[str, str]
    colour: str
    text_colour: str
    index: tuple[int, int] | None
    advice: Mapping[str, str]
    sensitive: Mapping[str, str]

    def label(self, lang: str) -> str:
        """The level's word in a language."""
        return self.labels[lang]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One printed line of a table: `low` to `high` (open when None) [its unit], grade, index."""

    low: Decimal
    high: Decimal | None
    grade: int
    index: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakpoints:
    """How one pollutant is graded over one averaging time.

    Attributes
    ----------
    unit : of `rows`; `averaging` and `also` name the averaging times the rows are made for
    digits, rounding : the precision a value is brought to first, and how
    hands_over : above the last row a further table decides, where it says anything
    step : decimal steps of the standard's unit and precision that one stored integer is
    begins : where each row begins [1 / `parts` of a stored integer], with the rounding folded in
    grades : the grade of each row
    spans : (low, high) of each row in steps of the precision; None for an open one
    """

    unit: str
    averaging: str
    also: tuple[str, ...]
    digits: int
    rounding: str
    hands_over: bool
    rows: tuple[Row, ...]
    allowed_per_year: int | None
    step: Fraction
    begins: tuple[int, ...]
    parts: int
    grades: tuple[int, ...]
    spans: tuple[tuple[int, int] | None, ...]

    @property
    def smallest(self) -> int:
        """The smallest stored integer the rows speak of (0 for nearly all)."""
        return -(-self.begins[0] // self.parts)

    @property
    def cuts(self) -> tuple[int, ...]:
        """The largest stored integer of each row but the last."""
        return tuple(-(-begin // self.parts) - 1 for begin in self.begins[1:])

    def place(self, value: Exact) -> int | None:
        """Which row a value falls into, from 0; None below the first one."""
        place = bisect_right(self.begins, value.numerator * self.parts // value.denominator) - 1
        return place if place >= 0 else None

    def grade(self, value: Exact) -> int | None:
        """The grade of the row a value falls into."""
        place = self.place(value)
        return None if place is None else self.grades[place]

    def beyond(self, value: Exact) -> bool:
        """Whether a further table decides, because the value lies above the last row."""
        span = self.spans[-1]
        return self.hands_over and span is not None and self._steps(value) > span[1]

    def rounded(self, value: Exact) -> Decimal:
        """A value in the standard's unit, at the standard's precision."""
        return Decimal(self._steps(value)).scaleb(-self.digits)

    def index(self, value: Exact) -> int | None:
        """The index, halves up; all in integers, as every hour that is written asks for it."""
        place = self.place(value)
        if place is None:
            return None
        span, index = self.spans[place], self.rows[place].index
        if index is None or span is None:
            return None
        (low, high), (bottom, top) = span, index
        part, whole = min(self._steps(value), high) - low, high - low
        return bottom + (2 * (top - bottom) * part + whole) // (2 * whole)

    def same(self, value: Exact, other: Exact) -> bool:
        """Whether both have one grade and one index."""
        return self.grade(value) == self.grade(other) and self.index(value) == self.index(other)

    def steps(self, total: Any, count: Any) -> Any:
        """A mean in steps of the standard's precision, of integers or arrays of them: the one place
        where it is rounded."""
        over, under = total * self.step.numerator, count * self.step.denominator
        return (2 * over + under) // (2 * under) if self.rounding == "half_up" else over // under

    def _steps(self, value: Exact) -> int:
        return int(self.steps(value.numerator, value.denominator))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surcharge:
    """What is added to the highest sub-index when several pollutants reach `from_grade`."""

    from_grade: int
    two: int
    three: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallRule:
    """How pollutants make one result: the highest index or the worst grade, and what it needs."""

    rule: str
    needs: tuple[str, ...]
    surcharge: Surcharge | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A grading standard, as its file says; `hash` is of the content, not of its layout.

    `pollutants` holds the table each pollutant is shown by, `tables` those of every averaging time,
    `ways` those an hour of a pollutant is judged by: the one it is shown by, and those of further
    windows.
    `complete` is the share of a window's hours that must have a value. In force on the days
    ``valid_from <= day < valid_until``. A choice of standards shows `short_titles` in the order of
    `place`; neither is part of the hash.
    """

    id: str
    version: str
    family: str
    titles: Mapping[str, str]
    short_titles: Mapping[str, str]
    place: int
    valid_from: date
    valid_until: date | None
    sources: tuple[Source, ...]
    unverified: tuple[str, ...]
    complete: Fraction
    levels: tuple[Level, ...]
    pollutants: Mapping[str, Breakpoints]
    tables: Mapping[tuple[str, str], Breakpoints]
    ways: Mapping[str, tuple[Breakpoints, ...]]
    overall: OverallRule | None
    hash: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The pollutants graded, and `overall` where they make one result."""
        return (*self.pollutants, *(("overall",) if self.overall else ()))

    def table(self, key: str, averaging: str) -> Breakpoints | None:
        """The breakpoints made for an averaging time, None where there are none.

        Raises ``ValueError`` for an averaging time that is none of `AVERAGING`, so that a slip is
        not a missing grade.
        """
        points = self.tables.get((key, averaging))
        if points is None and averaging not in AVERAGING:
            raise ValueError(f"averaging {averaging!r}; known are {', '.join(AVERAGING)}")
        return points

    def grade(self, key: str, value: Exact, averaging: str) -> int | None:
        """1 … n for a value of this averaging time; None where no breakpoints are made for it, and
        for a negative value. Raises ``ValueError`` as `table` does."""
        points = self.table(key, averaging)
        return points.grade(value) if points else None

    def index(self, key: str, value: Exact, averaging: str) -> int | None:
        """The sub-index of a value, nearest integer; None where there is none.

        Above the last row it stays at that row's end.
        """
        points = self.table(key, averaging)
        return points.index(value) if points else None

    def figure(self, key: str, value: Exact, averaging: str) -> Decimal:
        """A mean as it is shown and exported [pollutant's unit]: rounded from the exact one.

        It has the digits of the store (means of days and longer two more), and more of them where
        the standard would grade the shorter number otherwise: whoever looks the number up in the
        published table finds this grade and index. A window's mean is cut where the standard cuts.
        """
        pollutant, points = pollutants()[key], self.table(key, averaging)
        digits = pollutant.digits + (2 if averaging in PERIODS else 0)
        cut = bool(points and points.rounding == "truncate" and averaging in WINDOWS[1:])
        while True:
            shown = rounded(value, pollutant, digits, cut=cut)
            again = Fraction(shown) * pollutant.scale
            if points is None or points.same(value, again):
                return shown
            digits += 1

    def grade_of_index(self, index: int) -> int | None:
        """The level an index number lies in; the last one above its end."""
        for number, level in enumerate(self.levels, start=1):
            if level.index and (index <= level.index[1] or number == len(self.levels)):
                return number
        return None

    def level(self, grade: int) -> Level:
        """The level of a grade from 1 to n."""
        return self.levels[grade - 1]

    def letter(self, grade: int) -> str:
        """The letter of a grade from 1 to n."""
        return self.levels[grade - 1].letter

    def label(self, grade: int, lang: str) -> str:
        """The word of a grade from 1 to n in a language."""
        return self.levels[grade - 1].labels[lang]

    def averaging(self, key: str) -> str | None:
        """The averaging time of the values this standard shows a pollutant by."""
        points = self.pollutants.get(key)
        return points.averaging if points else None
