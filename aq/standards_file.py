"""Standards read from their files, refused with file and line where something is wrong."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import lcm
from pathlib import Path
from types import MappingProxyType

from aq.domain.colour import contrast, too_alike
from aq.domain.errors import ConfigError
from aq.domain.model import LANGUAGES
from aq.domain.pollutants import MICROGRAM, PPM, Pollutant, pollutants
from aq.domain.standards import (
    OVERALL_RULES,
    PM_ONLY,
    ROUNDING,
    TABLES_FOR,
    WINDOWS,
    Breakpoints,
    Level,
    OverallRule,
    Row,
    Source,
    Standard,
    Surcharge,
)
from aq.toml import TomlTable, canonical

SMALLEST_CONTRAST = 4.5  # WCAG 2.2 AA for text on its ground


_STANDARD_KEYS = frozenset(
    {"id", "version", "family", "title", "valid_from", "valid_until", "sources", "unverified"}
    | {"complete", "levels", "pollutants", "overall", "short_title", "place"}
)


# How a choice shows it: no part of what it grades by.
_SHOWN_KEYS = frozenset({"short_title", "place"})
LAST = 99  # the place of a standard that names none


_SOURCE_KEYS = frozenset({"what", "where", "read"})


_LEVEL_KEYS = frozenset(
    {"letter", "label", "colour", "text_colour", "index", "advice", "sensitive"}
)


_TABLE_KEYS = frozenset(
    {"unit", "averaging", "also", "digits", "rounding", "rows", "molar_volume", "allowed_per_year"}
    | {"hands_over"}
)


_OVERALL_KEYS = frozenset({"rule", "needs", "surcharge"})


_SURCHARGE_KEYS = frozenset({"applied", "from_grade", "two", "three"})


def parse_standard(text: str, where: str) -> Standard:
    """A standard from TOML text; raises `ConfigError` with the line of what is wrong."""
    top = TomlTable.read(text, where, _STANDARD_KEYS)
    levels = _levels(top)
    shown, tables = _tables(top, levels)
    graded_by = {key: part for key, part in top.data.items() if key not in _SHOWN_KEYS}
    since, until = top.need("valid_from", date), top.get("valid_until", date)
    if until and until <= since:
        raise top.refuse("valid_until must come after valid_from", "valid_until")
    return Standard(
        id=top.need("id", str),
        version=top.need("version", str),
        family=top.need("family", str),
        titles=(titles := top.words("title", LANGUAGES)),
        short_titles=top.words("short_title", LANGUAGES) if "short_title" in top.data else titles,
        place=top.whole("place", 1, LAST) if "place" in top.data else LAST,
        valid_from=since,
        valid_until=until,
        sources=_sources(top),
        unverified=tuple(str(source) for source in top.get("unverified", list) or ()),
        complete=_complete(top),
        levels=levels,
        pollutants=MappingProxyType(shown),
        tables=MappingProxyType(tables),
        ways=MappingProxyType({key: _ways(key, points, tables) for key, points in shown.items()}),
        overall=_overall(top, shown, len(levels)),
        hash=hashlib.sha256(canonical(graded_by).encode()).hexdigest(),
    )


def _sources(top: TomlTable) -> tuple[Source, ...]:
    found = tuple(
        Source(
            what=table.need("what", str),
            where=table.need("where", str),
            read=table.need("read", date),
        )
        for table in top.array("sources", _SOURCE_KEYS)
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
    levels = tuple(_level(level) for level in tables)
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
            raise table.refuse(f"{key} must be like #B3DAFF", key)
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


def _ways(
    key: str, shown: Breakpoints, tables: Mapping[tuple[str, str], Breakpoints]
) -> tuple[Breakpoints, ...]:
    """The table a pollutant is shown by, and those of its further windows."""
    of_key = (table for (name, _), table in tables.items() if name == key)
    further = [table for table in of_key if table is not shown and table.averaging in WINDOWS]
    return (shown, *{id(table): table for table in further}.values())


def _breakpoints(table: TomlTable, pollutant: Pollutant, levels: Sequence[Level]) -> Breakpoints:
    digits, rounding = table.whole("digits", 0, 6), table.one_of("rounding", ROUNDING)
    rows = _rows(table, digits, levels)
    step = Fraction(10**digits, pollutant.scale) * _conversion(table, pollutant)
    # A row begins half a step of precision below its printed low end with halves up, at the low
    # end itself when truncating; nothing below zero is graded.
    half = Fraction(1, 2) if rounding == "half_up" else 0
    begins = [max((Fraction(row.low) * 10**digits - half) / step, Fraction(0)) for row in rows]
    parts = lcm(*(begin.denominator for begin in begins))
    return Breakpoints(
        unit=table.need("unit", str),
        averaging=table.one_of("averaging", TABLES_FOR),
        also=table.some_of("also", TABLES_FOR),
        digits=digits,
        rounding=rounding,
        hands_over=table.get("hands_over", bool) or False,
        rows=rows,
        allowed_per_year=table.get("allowed_per_year", int),
        step=step,
        begins=tuple(int(begin * parts) for begin in begins),
        parts=parts,
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
    if rule == "highest_index" and any(points.rows[0].index is None for points in shown.values()):
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


def load_standards(folder: Path, own: Path | None = None) -> dict[str, Standard]:
    """All standards of a folder by id, and those of one's own folder, which stand in for shipped
    ones of the same name. Raises `ConfigError` naming file and line."""
    found: dict[str, Standard] = {}
    paths = {path.name: path for place in (folder, own) if place for path in place.glob("*.toml")}
    for _, path in sorted(paths.items()):
        try:
            standard = parse_standard(path.read_text("utf-8"), str(path))
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from None
        except UnicodeDecodeError:
            raise ConfigError("is not UTF-8", str(path)) from None
        if standard.id != path.stem:
            raise ConfigError(f"id {standard.id!r} differs from the file's name", str(path))
        found[standard.id] = standard
    if not found:
        raise ConfigError("holds no standard", str(folder))
    _check_families(found.values(), folder)
    return found


def _check_families(standards: Iterable[Standard], folder: Path) -> None:
    """Refuse two standards of one family that are in force on the same day."""
    ordered = sorted(standards, key=lambda standard: (standard.family, standard.valid_from))
    for before, after in pairwise(ordered):
        if before.family == after.family and (
            before.valid_until is None or before.valid_until > after.valid_from
        ):
            raise ConfigError(
                f"{before.id} and {after.id} of family {before.family!r} are in force together",
                str(folder),
            )
