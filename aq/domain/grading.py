"""What a standard says: the grade and index of values, one overall result, and why.

Grading one value is `Standard.grade`, its index `Standard.index`; what is here needs more than one
value or more than one standard.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from aq.domain.clock import kst_day
from aq.domain.errors import InputError
from aq.domain.missing import NEEDED_MISSING
from aq.domain.pollutants import Exact
from aq.domain.standards import Breakpoints, Row, Standard

# Why there is no overall result; the words stand in the message catalogue.
NO_OVERALL, NO_VALUES = "no_overall", "no_values"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One pollutant's share in an overall result; `index` is None where the standard has none,
    `averaging` is of the value that decided it."""

    pollutant: str
    averaging: str
    grade: int
    index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """One result for all pollutants of a place.

    Attributes
    ----------
    index : the standard's number, surcharge in; None where it has none or something is missing
    grade, dominant : the level, and the pollutant that decided it
    missing : pollutants without a value that the standard needs
    reason : why there is no result (`no_overall`, `needed_missing`, `no_values`), None with one
    parts : what each pollutant came to, the highest first
    surcharge : what was added to the highest sub-index
    """

    index: int | None = None
    grade: int | None = None
    dominant: str | None = None
    missing: tuple[str, ...] = ()
    reason: str | None = None
    parts: tuple[Part, ...] = ()
    surcharge: int = 0


Values = Mapping[str, Exact | None]  # by averaging time, at the store's scale


def deciding(standard: Standard, key: str, values: Values) -> tuple[Breakpoints, Exact] | None:
    """The table and the value a pollutant's hour is judged by; None where no value is there.

    Of several tables (O3 over 8 hours and one) the one with the highest index decides, the first of
    equals. A table that hands over says nothing above its last row while another one speaks. A
    value that no table grades is given with the first.
    """
    there = [
        (points, value)
        for points in standard.ways[key]
        if (value := values.get(points.averaging)) is not None
    ]
    if len(there) > 1:
        graded = [way for way in there if way[0].place(way[1]) is not None]
        graded = [way for way in graded if not way[0].beyond(way[1])] or graded
        there = sorted(graded, key=lambda way: -_severity(*way)) or there
    return there[0] if there else None


def _severity(points: Breakpoints, value: Exact) -> int:
    index = points.index(value)
    return points.grade(value) or 0 if index is None else index


def overall(standard: Standard, values: Mapping[tuple[str, str], Exact | None]) -> Overall:
    """The overall result of a place and hour.

    Parameters
    ----------
    values : by pollutant and averaging time, at the store's scale, for the tables of
        `Standard.ways`; None or absent is missing, and never counts as good
    """
    rule = standard.overall
    parts = tuple(sorted(_parts(standard, values), key=_rank))
    if rule is None:
        return Overall(reason=NO_OVERALL, parts=parts)
    there = {part.pollutant for part in parts}
    missing = tuple(key for key in rule.needs if key not in there)
    if missing or not parts:
        reason = NEEDED_MISSING if missing else NO_VALUES
        return Overall(missing=missing, reason=reason, parts=parts)
    worst = parts[0]
    if worst.index is None:
        return Overall(grade=worst.grade, dominant=worst.pollutant, parts=parts)
    added = _surcharge(standard, parts)
    index = min(worst.index + added, max(worst.index, _highest(standard)))
    return Overall(
        index=index,
        grade=standard.grade_of_index(index),
        dominant=worst.pollutant,
        parts=parts,
        surcharge=index - worst.index,
    )


def _parts(standard: Standard, values: Mapping[tuple[str, str], Exact | None]) -> Iterable[Part]:
    for key, ways in standard.ways.items():
        own = {points.averaging: values.get((key, points.averaging)) for points in ways}
        taken = deciding(standard, key, own)
        grade = taken[0].grade(taken[1]) if taken else None
        if taken and grade is not None:
            points, value = taken
            index, averaging = points.index(value), points.averaging
            yield Part(pollutant=key, averaging=averaging, grade=grade, index=index)


def _rank(part: Part) -> tuple[int, int]:
    """The worst first; of equals the first in the standard's file, as sorting is stable."""
    return -(part.index or 0), -part.grade


def _surcharge(standard: Standard, parts: Iterable[Part]) -> int:
    extra = standard.overall.surcharge if standard.overall else None
    if extra is None:
        return 0
    bad = sum(part.grade >= extra.from_grade for part in parts)
    return extra.three if bad >= 3 else extra.two if bad == 2 else 0


def _highest(standard: Standard) -> int:
    last = standard.levels[-1].index
    return last[1] if last else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a value has its grade.

    Attributes
    ----------
    value : as it is shown [the pollutant's unit]
    rounded : at the standard's precision [`unit`, the standard's]
    rounding : `half_up` or `truncate`, to `digits` decimals
    row : the printed line `rounded` falls into
    formula : the index formula with its numbers, None where the standard has no index
    """

    standard: str
    version: str
    hash: str
    pollutant: str
    averaging: str
    value: Decimal
    unit: str
    rounded: Decimal
    rounding: str
    digits: int
    row: Row
    grade: int
    letter: str
    labels: Mapping[str, str]
    index: int | None
    formula: str | None
    sources: tuple[str, ...]
    unverified: tuple[str, ...]


def explain(standard: Standard, key: str, value: Exact, averaging: str) -> Explanation | None:
    """Why `Standard.grade` answers as it does; None where it answers None."""
    points = standard.table(key, averaging)
    place = points.place(value) if points else None
    if points is None or place is None:
        return None
    row, index = points.rows[place], points.index(value)
    level = standard.level(row.grade)
    return Explanation(
        standard=standard.id,
        version=standard.version,
        hash=standard.hash,
        pollutant=key,
        averaging=averaging,
        value=standard.figure(key, value, averaging),
        unit=points.unit,
        rounded=points.rounded(value),
        rounding=points.rounding,
        digits=points.digits,
        row=row,
        grade=row.grade,
        letter=level.letter,
        labels=level.labels,
        index=index,
        formula=_formula(row, points.rounded(value), index),
        sources=tuple(
            f"{source.what}, {source.where}, {source.read}" for source in standard.sources
        ),
        unverified=standard.unverified,
    )


def _formula(row: Row, rounded: Decimal, index: int | None) -> str | None:
    """Ip = (IHi - ILo) / (BPHi - BPLo) x (Cp - BPLo) + ILo, with the numbers of this value."""
    if row.index is None or row.high is None or index is None:
        return None
    low, high = row.index
    value = min(rounded, row.high)
    return f"({high} − {low}) / ({row.high} − {row.low}) × ({value} − {row.low}) + {low} = {index}"


def in_force_on(standard: Standard, day: date) -> bool:
    """Whether a standard was in force on a KST day."""
    over = standard.valid_until is not None and day >= standard.valid_until
    return standard.valid_from <= day and not over


def in_force(standards: Mapping[str, Standard], family: str, at: datetime) -> Standard | None:
    """The standard of a family in force for the hour that ends at `at`, by its KST day.

    None before the family's first standard. Raises `InputError` for an unknown family.
    """
    members = [standard for standard in standards.values() if standard.family == family]
    if not members:
        families = ", ".join(sorted({standard.family for standard in standards.values()}))
        raise InputError(
            f"unknown family of standards {family!r}; known are {families}", "standard"
        )
    day = kst_day(at)
    return next((standard for standard in members if in_force_on(standard, day)), None)
