"""What a reader of a file alone should know of it, in words."""

import json
from decimal import Decimal
from fractions import Fraction

from aq.domain.pollutants import pollutants
from aq.domain.standards import Breakpoints, Standard
from aq.export.columns import ZONE, Column
from aq.export.query import ExportQuestion
from aq.feeds.registry import EVERY

_WORDS = {"half_up": "rounded half up", "truncate": "cut"}
# Above a limit by so many of the last digit a mean is still within it, rounded or cut.
ABOVE = Decimal("0.27")


def about(question: ExportQuestion) -> dict[str, str]:
    """Question, zone, units, standards and how they round, whose data it is."""
    infos = [EVERY[name] for name in question.selection.feeds]
    standards = question.standards
    return {
        "question": json.dumps(question.as_dict(), ensure_ascii=False),
        "zone": ZONE,
        "units": json.dumps(units(question), ensure_ascii=False),
        "standard": "; ".join(
            f"{standard.id} {standard.version} {standard.hash}" for standard in standards
        ),
        **(
            {"rounding": " ".join(rounding(standard, question.keys) for standard in standards)}
            if question.layout > 1
            else {}
        ),
        "feeds": "; ".join(f"{info.name}: {info.attribution}; {info.licence}" for info in infos),
    }


def units(question: ExportQuestion) -> dict[str, str]:
    """The unit of each pollutant asked for."""
    return {key: pollutant.unit for key, pollutant in pollutants().items() if key in question.keys}


def note(question: ExportQuestion, column: Column) -> str:
    """What a column says, with the units where `unit` tells them."""
    if "`unit`" not in column.about:
        return column.about
    named = ", ".join(f"{key} {unit}" for key, unit in units(question).items())
    return f"{column.about} ({named})" if named else column.about


def rounding(standard: Standard, keys: tuple[str, ...]) -> str:
    """How a standard brings a mean to its own digits before it grades it, with an example."""
    ways: dict[tuple[str, int, str], list[str]] = {}
    tables = {key: points for key, points in standard.pollutants.items() if key in keys}
    for key, points in tables.items():
        ways.setdefault((points.rounding, points.digits, points.unit), []).append(key)
    told = [
        f"{', '.join(names)} {_WORDS[way]} to {digits} decimals of {unit}"
        for (way, digits, unit), names in ways.items()
    ]
    if not told:
        return f"{standard.id}: grades none of these pollutants."
    example = next((_example(key, points) for key, points in tables.items()), "")
    return f"{standard.id}: an exact mean is, once, when it is graded, {'; '.join(told)}{example}."


def _example(key: str, points: Breakpoints) -> str:
    """A mean just above the first limit that is within it."""
    limit = points.rows[0].high
    if limit is None:
        return ""
    value = limit + ABOVE.scaleb(-points.digits)
    # The table's unit is `step` of the store's integers.
    stored = Fraction(value) * 10**points.digits / points.step
    return f" ({key}: {value} is taken as {points.rounded(stored)}, within the limit of {limit})"
