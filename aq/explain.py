"""Why an hour has its grade: the hours behind it, the mean, the table row, the formula in numbers.

What stands here is recomputed from the same rows and by the same functions that grade the hour, so
that an explanation cannot say something else than the page does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from aq.clock import from_hour_number, kst_iso
from aq.grade import Explanation as Ruling
from aq.grade import Overall
from aq.grade import explain as rule
from aq.standards import Row, Source, Standard
from aq.text import Text, text_in
from aq.units import from_scaled, pollutants
from aq.windows import OVERALL, Rows, evaluate_overall, inputs, windowed

# How a mean is taken, by averaging time; the sentences are in the message catalogue.
MEANS: Mapping[str, str] = {
    "1h": "the hour's own value",
    "8h": "mean of 8 hours",
    "24h": "mean of 24 hours",
    "24h-predicted": "predicted 24 h mean: half the mean of 12 hours, half that of the last 4,"
    " in which high hours near it count three quarters",
    "nowcast": "NowCast: the last 12 hours, the newer the heavier",
}
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
    value : the mean of the standard's averaging time, at the store's precision
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
        found: dict[str, Any] = _plain(self)
        return found

    def as_text(self, lang: str) -> str:
        """The explanation as lines for people."""
        return "\n".join(_lines(self, text_in(lang)))


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
        found: dict[str, Any] = _plain(self)
        return found

    def as_text(self, lang: str) -> str:
        """The result first, then each pollutant."""
        blocks = [_overall_lines(self, text_in(lang))]
        blocks += [_lines(part, text_in(lang)) for part in self.parts]
        return "\n\n".join("\n".join(block) for block in blocks)


def explain(
    standard: Standard, key: str, rows: Rows, hour: int
) -> Explanation | OverallExplanation:
    """Why `aq.windows.evaluate` answers as it does for these rows and this hour.

    Raises ``KeyError`` for a pollutant that is not in the pollutant table.
    """
    if key == OVERALL:
        return _explain_overall(standard, rows, hour)
    pollutant, averaging = pollutants()[key], standard.averaging(key) or "1h"
    window = inputs(standard, key, rows, hour)
    mean = windowed(standard, key, rows, hour)
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
                value=None if value is None else from_scaled(value, pollutant),
            )
            for number, value in enumerate(window, start=first)
        ),
        hours=mean.hours,
        expected=mean.expected,
        needed=None if averaging == "nowcast" else ceil(standard.complete * mean.expected),
        value=None if mean.value is None else from_scaled(mean.value, pollutant),
        ruling=ruling,
        reason=reason,
        sources=standard.sources,
        unverified=standard.unverified,
    )


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


def _plain(value: Any) -> Any:
    """A value in JSON's types, dataclasses as tables of their fields."""
    if isinstance(value, datetime):
        return kst_iso(value)
    if isinstance(value, Source | Decimal | Fraction | date):
        return str(value)
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _lines(one: Explanation, text: Text) -> list[str]:
    title = text(
        "{name} by {standard}", name=text.pollutant(one.pollutant), standard=_named(one, text)
    )
    lines = [title, text("How: {how}", how=text(MEANS[one.averaging]))]
    lines.append(
        text("Hours with a value: {n} of {all}", n=one.hours, all=one.expected) + _least(one, text)
    )
    lines += [f"  {kst_iso(hour.at)}  {_shown(hour, one.unit, text)}" for hour in one.inputs]
    if one.value is not None:
        lines.append(text("Mean: {value} {unit}", value=one.value, unit=one.unit))
    lines += _ruled(one.ruling, text) if one.ruling else [_without(one, text)]
    lines += [text("Source: {what}", what=source) for source in told_sources(one, text)]
    lines += [text("Not verified: {what}", what=text(doubt)) for doubt in one.unverified]
    return lines


def told_sources(one: Explanation, text: Text) -> list[str]:
    """The sources of the standard, what was read of each in the reader's language."""
    return [str(replace(source, what=text(source.what))) for source in one.sources]


def _shown(hour: Hour, unit: str, text: Text) -> str:
    return text("no value") if hour.value is None else f"{hour.value} {unit}"


def _named(one: Explanation | OverallExplanation, text: Text) -> str:
    return f"{one.title[text.lang]} ({one.standard} {one.version}, {one.hash[:12]})"


def _least(one: Explanation, text: Text) -> str:
    if one.needed is None:
        return text("; two of the newest three are needed")
    return text("; {n} are needed", n=one.needed)


def _ruled(ruling: Ruling, text: Text) -> list[str]:
    how = {"half_up": text("rounded, halves up"), "truncate": text("cut off")}[ruling.rounding]
    lines = [
        text(
            "At the standard's precision ({how}, decimals: {digits}): {value} {unit}",
            how=how,
            digits=ruling.digits,
            value=ruling.rounded,
            unit=ruling.unit,
        ),
        text("Row of the table: {row} {unit}", row=_row(ruling.row), unit=ruling.unit),
    ]
    if ruling.formula:
        lines.append(text("Index: {formula}", formula=ruling.formula))
    word = ruling.labels[text.lang]
    lines.append(
        text("Grade {grade}: {letter} {word}", grade=ruling.grade, letter=ruling.letter, word=word)
    )
    return lines


def _row(row: Row) -> str:
    return f"{row.low} –" if row.high is None else f"{row.low} – {row.high}"


def _without(one: Explanation, text: Text) -> str:
    if one.reason == MISSING_HOURS:
        return text("No grade: not enough hours")
    return text("No grade: the standard has no row for this value")


def _overall_lines(one: OverallExplanation, text: Text) -> list[str]:
    result = one.result
    lines = [text("{name} by {standard}", name=text.pollutant(OVERALL), standard=_named(one, text))]
    for part in result.parts:
        number = text("grade {grade}", grade=part.grade) if part.index is None else str(part.index)
        lines.append(f"  {text.pollutant(part.pollutant)}: {number}")
    if result.missing:
        names = ", ".join(text.pollutant(key) for key in result.missing)
        lines.append(text("No index: {names} missing", names=names))
    if result.dominant:
        lines.append(text("Decided by {name}", name=text.pollutant(result.dominant)))
    if result.surcharge:
        lines.append(text("Added for several bad pollutants: {n}", n=result.surcharge))
    if result.index is not None:
        lines.append(text("Index: {formula}", formula=result.index))
    if result.grade and one.labels:
        word = one.labels[text.lang]
        lines.append(
            text("Grade {grade}: {letter} {word}", grade=result.grade, letter=one.letter, word=word)
        )
    return lines
