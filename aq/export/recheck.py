"""A file exported before against today's answer, row by row: which grades differ, by which rule.

A standard that is corrected gives other grades for the same values. What was exported stays true of
its values then, and each row with another grade is counted under the rule that makes it differ.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from pathlib import Path
from typing import Any

from aq.domain.pollutants import rounded_like
from aq.domain.windows import OVERALL

Row = Mapping[str, Any]
VALUES = frozenset({"value", "max"})
# What a standard says of a value, and what follows from it.
GRADES = frozenset({"index", "dominant", "grade", "letter", "label", "averaging", "worst_grade"})
# What a result without a grade says instead, and the standard's own name for itself.
WORDS = frozenset({"standard", "standard_version", "in_force", "flag", "missing_reason", "unit"})
GASES = frozenset({"o3", "no2", "so2"})
KOREAN = "airkorea"
TOP = 250  # the index above which the Korean index has its top row

ONE_ROUNDING = "a mean is rounded once, when it is graded"
FOUR_DIGITS = "gases are graded by four digits"
HOURS_NEEDED = "the predicted mean needs 9 of 12 and 3 of 4 hours, not the newest"
TOP_ROW = "the top row of the index"
NEEDS_PM = "the US index needs both PM"
EVERY_WINDOW = "O3 and SO2 in the US are judged by every window"
US_PM10 = "PM10 above 424 is one row of the US index"
IN_FORCE = "another standard was in force then"
FOLLOWS = "the index of all pollutants follows from one of these"
OTHER = "the standard has another table"


@dataclass(slots=True)
class Recheck:
    """What a file and today's answer have in common.

    `same_values` : every row is there with its place, time and value; `rows` : how many were
    compared; `regraded` : those with another grade; `rules` : the same by rule, a row under each
    that it has
    """

    same_values: bool = True
    rows: int = 0
    regraded: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def text(self) -> str:
        """The rules in words."""
        return "; ".join(f"{rule}: {count:,} rows" for rule, count in self.rules.most_common())


def compare(before: Path, now: Path, form: str) -> Recheck:
    """Compare two files of one question and format."""
    result = Recheck()
    for old, new in zip_longest(rows_of(before, form), rows_of(now, form)):
        if old is None or new is None:
            result.same_values = False
            return result
        result.rows += 1
        kinds = {name: _kind(name) for name in old}
        differs = {
            name for name, kind in kinds.items() if kind in GRADES and old[name] != new.get(name)
        }
        changed = {
            name for name, kind in kinds.items() if kind in VALUES and _other_value(old, new, name)
        }
        moved = any(old[name] != new.get(name) for name, kind in kinds.items() if kind == "place")
        # Where each standard has its own columns, each is looked at by itself.
        rules = {
            name: rule_of(*(_of_standard(row, name) for row in (old, new)))
            for name in sorted({_standard_of(column) for column in differs | changed})
        }
        # A value appears or goes only where a window's rule says so.
        moved |= any(
            rules[_standard_of(column)] not in (HOURS_NEEDED, EVERY_WINDOW) for column in changed
        )
        if moved:
            result.same_values = False
            return result
        result.regraded += bool(rules)
        result.rules.update(set(rules.values()))
    return result


def _kind(name: str) -> str:
    """What a column holds, whichever standard it is of: `place` is what no standard says."""
    kind = name.rpartition(".")[2]
    if kind.startswith("hours_"):
        return "grade"
    return kind if kind in VALUES | GRADES | WORDS else "place"


def _standard_of(column: str) -> str:
    """The standard a column is of, where each has its own columns; else ""."""
    return column.rpartition(".")[0]


def _of_standard(row: Row, standard: str) -> Row:
    """A row with the columns of one of its standards, as a file of that standard alone has them."""
    if not standard:
        return row
    own = {
        column.rpartition(".")[2]: cell
        for column, cell in row.items()
        if _standard_of(column) == standard
    }
    return {**row, "standard": standard, **own}


def rows_of(path: Path, form: str) -> Iterator[Row]:
    """The rows of an exported file by column, null as None."""
    if form == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                yield {name: cell or None for name, cell in row.items()}
    elif form == "jsonl":
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
    elif form == "json":
        yield from json.loads(path.read_text("utf-8"))["items"]
    elif form == "parquet":
        import pyarrow.parquet as pq  # noqa: PLC0415 - only for this format

        for batch in pq.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    else:
        from python_calamine import load_workbook  # noqa: PLC0415 - only for this format

        head, *lines = load_workbook(path).get_sheet_by_index(0).to_python()
        for line in lines:
            yield {
                str(name): None if cell == "" else cell
                for name, cell in zip(head, line, strict=True)
            }


def _other_value(old: Row, new: Row, name: str) -> bool:
    """Whether a value is another one, at the digits the file gives it with."""
    before, after = old[name], new.get(name)
    if before is None or after is None:
        return before is not after
    try:
        shown, present = Decimal(str(before)), Decimal(str(after))
    except InvalidOperation:
        return bool(before != after)
    return shown not in rounded_like(present, shown)


def rule_of(old: Row, new: Row) -> str:
    """Why a row has another grade."""
    standard, key = str(new.get("standard") or ""), new.get("pollutant")
    averaging = new.get("averaging")
    rule = OTHER
    if old.get("standard") != new.get("standard"):
        rule = IN_FORCE
    elif standard.startswith("us_epa"):
        rule = _us_rule(old, new)
    elif key == OVERALL:
        rule = FOLLOWS
    elif averaging == "24h-predicted" and (old.get("value") is None) != (new.get("value") is None):
        rule = HOURS_NEEDED
    elif standard.startswith(KOREAN) and key in GASES:
        rule = FOUR_DIGITS
    elif standard.startswith(KOREAN) and int(old.get("index") or 0) > TOP:
        rule = TOP_ROW
    elif key is not None:
        rule = ONE_ROUNDING
    return rule


def _us_rule(old: Row, new: Row) -> str:
    key = new.get("pollutant")
    if key == OVERALL:
        return NEEDS_PM if new.get("grade") is None else FOLLOWS
    if key in ("o3", "so2"):
        return EVERY_WINDOW
    return US_PM10 if key == "pm10" and int(old.get("index") or 0) > 300 else ONE_ROUNDING
