"""A standard is data: reads, checks and holds breakpoints, averaging, levels, colours and advice.

Values come as the store's scaled integers. The standard's own rounding (80.4 µg/m³ of PM10 is 80,
80.5 is 81) and its own unit are folded into the cut points, so that grading a value is one
bisection over integers.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from types import MappingProxyType

from aq.colour import contrast, too_alike
from aq.errors import ConfigError
from aq.toml_table import TomlTable, canonical
from aq.units import MICROGRAM, PPM, Pollutant, pollutants

# Averaging times of values: windows that end with an hour, then the plain means of a KST day,
# month and year. No table is made for a month, so a month is never graded. Two windows are made
# for PM alone.
WINDOWS = ("1h", "8h", "24h", "24h-predicted", "nowcast")
AVERAGING = (*WINDOWS, "1d", "1mo", "1y")
TABLES_FOR = (*WINDOWS, "1d", "1y")
PM_ONLY = ("24h-predicted", "nowcast")
ROUNDING = ("half_up", "truncate")
LANGUAGES = ("ko", "en")
OVERALL_RULES = ("highest_index", "worst_grade")
SMALLEST_CONTRAST = 4.5  # WCAG 2.2 AA for text on its ground

_STANDARD_KEYS = frozenset(
    {"id", "version", "family", "title", "valid_from", "valid_until", "sources", "unverified"}
    | {"complete", "levels", "pollutants", "overall"}
)
_SOURCE_KEYS = frozenset({"what", "where", "read"})
_LEVEL_KEYS = frozenset(
    {"letter", "label", "colour", "text_colour", "index", "advice", "sensitive"}
)
_TABLE_KEYS = frozenset(
    {"unit", "averaging", "also", "digits", "rounding", "rows", "molar_volume", "allowed_per_year"}
)
_OVERALL_KEYS = frozenset({"rule", "needs", "surcharge"})
_SURCHARGE_KEYS = frozenset({"applied", "from_grade", "two", "three"})


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
    step : decimal steps of the standard's unit and precision that one stored integer is
    smallest : the smallest stored integer the rows speak of (0 for nearly all)
    cuts : the largest stored integer of each row but the last, with the rounding folded in
    grades : the grade of each row
    spans : (low, high) of each row in steps of the precision; None for an open one
    """

    unit: str
    averaging: str
    also: tuple[str, ...]
    digits: int
    rounding: str
    rows: tuple[Row, ...]
    allowed_per_year: int | None
    step: Fraction
    smallest: int
    cuts: tuple[int, ...]
    grades: tuple[int, ...]
    spans: tuple[tuple[int, int] | None, ...]

    def row(self, scaled: int) -> Row | None:
        """The row a stored integer falls into; None below the first one."""
        return self.rows[bisect_left(self.cuts, scaled)] if scaled >= self.smallest else None

    def rounded(self, scaled: int) -> Decimal:
        """A stored integer in the standard's unit, at the standard's precision."""
        return Decimal(self._steps(scaled)).scaleb(-self.digits)

    def index(self, scaled: int) -> int | None:
        """The index, halves up; all in integers, as every hour that is written asks for it."""
        place = bisect_left(self.cuts, scaled)
        span, index = self.spans[place], self.rows[place].index
        if scaled < self.smallest or index is None or span is None:
            return None
        (low, high), (bottom, top) = span, index
        part, whole = min(self._steps(scaled), high) - low, high - low
        return bottom + (2 * (top - bottom) * part + whole) // (2 * whole)

    def _steps(self, scaled: int) -> int:
        """A stored integer in steps of the standard's precision."""
        over, under = self.step.numerator, self.step.denominator
        if self.rounding == "half_up":
            return (2 * scaled * over + under) // (2 * under)
        return scaled * over // under


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

    `pollutants` holds the table each pollutant is shown by, `tables` those of every averaging time.
    `complete` is the share of a window's hours that must have a value. In force on the days
    ``valid_from <= day < valid_until``.
    """

    id: str
    version: str
    family: str
    titles: Mapping[str, str]
    valid_from: date
    valid_until: date | None
    sources: tuple[Source, ...]
    unverified: tuple[str, ...]
    complete: Fraction
    levels: tuple[Level, ...]
    pollutants: Mapping[str, Breakpoints]
    tables: Mapping[tuple[str, str], Breakpoints]
    overall: OverallRule | None
    hash: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The pollutants graded, and `overall` where they make one result."""
        return (*self.pollutants, *(("overall",) if self.overall else ()))

    def grade(self, key: str, scaled: int, averaging: str) -> int | None:
        """1 … n for a stored integer of this averaging time.

        None where no breakpoints are made for it, and for a negative value. Raises ``ValueError``
        for an averaging time that is none of `AVERAGING`, so that a slip is not a missing grade.
        """
        points = self.tables.get((key, averaging))
        if points is None:
            _known_averaging(averaging)
            return None
        if scaled < points.smallest:
            return None
        return points.grades[bisect_left(points.cuts, scaled)]

    def index(self, key: str, scaled: int, averaging: str) -> int | None:
        """The sub-index of a stored integer, nearest integer; None where there is none.

        Above the last row it stays at that row's end.
        """
        points = self.tables.get((key, averaging))
        if points is None:
            _known_averaging(averaging)
            return None
        return points.index(scaled)

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


def _known_averaging(averaging: str) -> None:
    if averaging not in AVERAGING:
        raise ValueError(f"averaging {averaging!r}; known are {', '.join(AVERAGING)}")


def parse_standard(text: str, where: str) -> Standard:
    """A standard from TOML text; raises `ConfigError` with the line of what is wrong."""
    top = TomlTable.read(text, where, _STANDARD_KEYS)
    levels = _levels(top)
    shown, tables = _tables(top, levels)
    since, until = top.need("valid_from", date), top.get("valid_until", date)
    if until and until <= since:
        raise top.refuse("valid_until must come after valid_from", "valid_until")
    return Standard(
        id=top.need("id", str),
        version=top.need("version", str),
        family=top.need("family", str),
        titles=top.words("title", LANGUAGES),
        valid_from=since,
        valid_until=until,
        sources=_sources(top),
        unverified=tuple(str(one) for one in top.get("unverified", list) or ()),
        complete=_complete(top),
        levels=levels,
        pollutants=MappingProxyType(shown),
        tables=MappingProxyType(tables),
        overall=_overall(top, shown, len(levels)),
        hash=hashlib.sha256(canonical(top.data).encode()).hexdigest(),
    )


def _sources(top: TomlTable) -> tuple[Source, ...]:
    found = tuple(
        Source(
            what=one.need("what", str), where=one.need("where", str), read=one.need("read", date)
        )
        for one in top.array("sources", _SOURCE_KEYS)
    )
    if not found:
        raise top.refuse("sources is missing")
    return found


def _complete(top: TomlTable) -> Fraction:
    share = Fraction(top.number("complete"))
    if not 0 < share <= 1:
        raise top.refuse("complete is a share of hours above 0, up to 1", "complete")
    return share


def _levels(top: TomlTable) -> tuple[Level, ...]:
    tables = top.array("levels", _LEVEL_KEYS)
    if len(tables) < 2:
        raise top.refuse("levels is missing: at least two are needed", "levels")
    levels = tuple(_level(one) for one in tables)
    for table, before, after in zip(tables[1:], levels, levels[1:], strict=False):
        ranges = before.index, after.index
        if (ranges[0] is None) != (ranges[1] is None):
            raise table.refuse("either every level has an index range or none")
        if ranges[0] and ranges[1] and ranges[1][0] != ranges[0][1] + 1:
            raise table.refuse("index ranges must follow each other: gap or overlap", "index")
    if len({level.letter for level in levels}) < len(levels):
        raise top.refuse("two levels have the same letter", "levels")
    problem = too_alike([level.colour for level in levels])
    if problem:
        raise top.refuse(problem, "levels")
    return levels


def _level(table: TomlTable) -> Level:
    for key in ("colour", "text_colour"):
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", table.need(key, str)):
            raise table.refuse(f"{key} must be like #A6D4FF", key)
    colour, text_colour = table.need("colour", str), table.need("text_colour", str)
    if contrast(colour, text_colour) < SMALLEST_CONTRAST:
        raise table.refuse(f"{text_colour} on {colour} is hard to read", "text_colour")
    index = table.get("index", list)
    if index is not None and not (
        len(index) == 2 and all(isinstance(end, int) for end in index) and index[0] < index[1]
    ):
        raise table.refuse("index must be its first and last number", "index")
    return Level(
        letter=table.need("letter", str),
        labels=table.words("label", LANGUAGES),
        colour=colour,
        text_colour=text_colour,
        index=(index[0], index[1]) if index else None,
        advice=table.words("advice", LANGUAGES),
        sensitive=table.words("sensitive", LANGUAGES),
    )


def _tables(
    top: TomlTable, levels: Sequence[Level]
) -> tuple[dict[str, Breakpoints], dict[tuple[str, str], Breakpoints]]:
    """(the table each pollutant is shown by, every table by pollutant and averaging time)."""
    shown: dict[str, Breakpoints] = {}
    tables: dict[tuple[str, str], Breakpoints] = {}
    outer = top.inner("pollutants", pollutants())
    for key in outer.data:
        main = outer.inner(key, _TABLE_KEYS | {"other"})
        for table in (main, *main.array("other", _TABLE_KEYS)):
            made = _breakpoints(table, pollutants()[key], levels)
            shown.setdefault(key, made)
            for averaging in (made.averaging, *made.also):
                if averaging in PM_ONLY and not key.startswith("pm"):
                    raise table.refuse(f"{averaging} is made for PM only", "averaging")
                if (key, averaging) in tables:
                    raise table.refuse(f"two tables for {key} over {averaging}", "averaging")
                tables[key, averaging] = made
    if not shown:
        raise top.refuse("no pollutant is graded", "pollutants")
    return shown, tables


def _breakpoints(table: TomlTable, pollutant: Pollutant, levels: Sequence[Level]) -> Breakpoints:
    digits, rounding = table.whole("digits", 0, 6), table.one_of("rounding", ROUNDING)
    rows = _rows(table, digits, levels)
    step = Fraction(10**digits, pollutant.scale) * _conversion(table, pollutant)
    # The first integer of a row is the ceiling of where it begins: half a step of precision
    # below its printed low end with halves up, the low end itself when truncating.
    half = Fraction(1, 2) if rounding == "half_up" else 0
    begins = [ceil((Fraction(row.low) * 10**digits - half) / step) for row in rows]
    return Breakpoints(
        unit=table.need("unit", str),
        averaging=table.one_of("averaging", TABLES_FOR),
        also=table.some_of("also", TABLES_FOR),
        digits=digits,
        rounding=rounding,
        rows=rows,
        allowed_per_year=table.get("allowed_per_year", int),
        step=step,
        smallest=max(begins[0], 0),
        cuts=tuple(begin - 1 for begin in begins[1:]),
        grades=tuple(row.grade for row in rows),
        spans=tuple(
            None
            if row.high is None
            else (int(row.low.scaleb(digits)), int(row.high.scaleb(digits)))
            for row in rows
        ),
    )


def _conversion(table: TomlTable, pollutant: Pollutant) -> Fraction:
    """How much of the standard's unit one of the store's unit is.

    µg/m³ = ppm x 1000 x molar mass / molar volume; the standard names its own volume [L/mol], as
    reference temperatures differ (24.055 at 20 °C, 24.45 at 25 °C, both at 1 atm).
    """
    unit = table.need("unit", str)
    if unit == pollutant.unit:
        return Fraction(1)
    if (unit, pollutant.unit) != (MICROGRAM, PPM) or pollutant.molar_mass is None:
        raise table.refuse(f"{pollutant.key} is kept in {pollutant.unit}, not {unit!r}", "unit")
    volume = table.number("molar_volume")
    if volume <= 0:
        raise table.refuse("molar_volume must be above 0", "molar_volume")
    return 1000 * Fraction(pollutant.molar_mass) / Fraction(volume)


def _rows(table: TomlTable, digits: int, levels: Sequence[Level]) -> tuple[Row, ...]:
    step = Decimal(1).scaleb(-digits)
    rows: list[Row] = []
    for cells in table.need("rows", list):
        if not isinstance(cells, list) or len(cells) not in (1, 2, 4):
            raise table.refuse("a row is [low], [low, high] or [low, high, index, index]", "rows")
        row = _row(table, [table.exact(cell, "rows") for cell in cells], len(rows), levels)
        for end in (row.low, row.high):
            if end is not None and end != round(end, digits):
                raise table.refuse(f"{end} in rows has more than {digits} decimals", "rows")
        if row.low < 0 or (row.high is not None and row.high <= row.low):
            raise table.refuse(f"the row from {row.low} does not rise", "rows")
        if rows and (rows[-1].high is None or row.low != rows[-1].high + step):
            before = f"{rows[-1].low} to {rows[-1].high}"
            raise table.refuse(f"gap or overlap between the rows {before} and {row.low}", "rows")
        if rows and row.index and rows[-1].index and row.index[0] != rows[-1].index[1] + 1:
            raise table.refuse(f"gap or overlap in the index before {row.index[0]}", "rows")
        rows.append(row)
    if not rows or (levels[0].index is None and len(rows) != len(levels)):
        raise table.refuse(f"{len(levels)} levels need {len(levels)} rows", "rows")
    return tuple(rows)


def _row(table: TomlTable, cells: list[Decimal], place: int, levels: Sequence[Level]) -> Row:
    """A row; its grade is its place, or the level its index numbers lie in."""
    low, high = cells[0], cells[1] if len(cells) > 1 else None
    if levels[0].index is None:
        if len(cells) == 4:
            raise table.refuse("rows have index numbers, the levels have no index", "rows")
        return Row(low=low, high=high, grade=place + 1, index=None)
    if len(cells) != 4:
        raise table.refuse("levels have an index, so each row needs its index numbers", "rows")
    bottom, top = (int(cell) for cell in cells[2:])
    if any(cell != int(cell) for cell in cells[2:]):
        raise table.refuse("index numbers are whole", "rows")
    for grade, level in enumerate(levels, start=1):
        if level.index and level.index[0] <= bottom < top <= level.index[1]:
            return Row(low=low, high=high, grade=grade, index=(bottom, top))
    raise table.refuse(f"index {bottom} to {top} lies in no level", "rows")


def _overall(top: TomlTable, shown: Mapping[str, Breakpoints], levels: int) -> OverallRule | None:
    if "overall" not in top.data:
        return None
    table = top.inner("overall", _OVERALL_KEYS)
    rule = table.one_of("rule", OVERALL_RULES)
    if rule == "highest_index" and any(one.rows[0].index is None for one in shown.values()):
        raise table.refuse("highest_index needs levels with an index", "rule")
    surcharge = None
    if "surcharge" in table.data:
        more = table.inner("surcharge", _SURCHARGE_KEYS)
        made = Surcharge(
            from_grade=more.whole("from_grade", 1, levels),
            two=more.whole("two", 0, 500),
            three=more.whole("three", 0, 500),
        )
        surcharge = made if more.need("applied", bool) else None
    return OverallRule(rule=rule, needs=table.some_of("needs", shown), surcharge=surcharge)


def load_standards(folder: Path) -> dict[str, Standard]:
    """All standards of a folder by id; raises `ConfigError` naming file and line."""
    found: dict[str, Standard] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            one = parse_standard(path.read_text("utf-8"), str(path))
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from None
        except UnicodeDecodeError:
            raise ConfigError("is not UTF-8", str(path)) from None
        if one.id != path.stem:
            raise ConfigError(f"id {one.id!r} differs from the file's name", str(path))
        found[one.id] = one
    if not found:
        raise ConfigError("holds no standard", str(folder))
    _check_families(found.values(), folder)
    return found


def _check_families(standards: Iterable[Standard], folder: Path) -> None:
    """Refuse two standards of one family that are in force on the same day."""
    ordered = sorted(standards, key=lambda one: (one.family, one.valid_from))
    for before, after in pairwise(ordered):
        if before.family == after.family and (
            before.valid_until is None or before.valid_until > after.valid_from
        ):
            raise ConfigError(
                f"{before.id} and {after.id} of family {before.family!r} are in force together",
                str(folder),
            )
