"""What one cell of a confirmed file says: an hour, a scaled value, a text; exact or not at all."""

import re
import unicodedata
from collections.abc import Hashable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from aq.domain.clock import hour_number, parse_hour
from aq.domain.pollutants import pollutants, to_scaled

NEGATIVE, BAD_VALUE = "negative_value", "bad_value"

# Words for "no value" met in public exports of the same data; an empty cell is AirKorea's own.
_MISSING = frozenset({"", "-", "NA", "N/A", "NULL", "null", "NaN", "nan", "None"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE_AS_FLOAT = re.compile(r"(\d+)\.0+", re.ASCII)
_PLAIN_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}", re.ASCII)
# The store's value columns are 32-bit; a larger "concentration" is a slip in the file.
_MAX_SCALED = 2**31 - 1
_SHOWN = 60


def text_of(cell: Hashable) -> str:
    """A cell as composed, trimmed text; whole floats without their ``.0``, nothing as ``""``."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return unicodedata.normalize("NFC", str(cell)).strip()


def shown(cell: Hashable) -> str:
    """A cell as it may stand in a report: short, one line, nothing a terminal would act on."""
    text = str(cell)
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def is_blank(cells: Sequence[Hashable]) -> bool:
    """Whether nothing stands in a row."""
    if cells.count("") == len(cells):  # the 550,000 blank rows of a workbook, at C speed
        return True
    return not text_of(cells[0]) and not any(text_of(cell) for cell in cells)


def _number_of(cell: Hashable) -> Decimal | None:
    """The decimal a cell means, None where it is no finite number.

    A spreadsheet keeps 0.0029 as the double 2.8999999999999998E-3, and writes it so. The shortest
    decimal that gives the same double is the one that was meant, for a cell and for a text alike.
    """
    if isinstance(cell, bool):
        return None
    if isinstance(cell, str):
        text = cell.strip()
        if not _NUMBER.fullmatch(text):
            return None
        cell = float(text)
    if not isinstance(cell, int | float):
        return None
    number = Decimal(repr(cell))
    return number if number.is_finite() else None


@lru_cache(maxsize=1 << 17, typed=True)
def read_value(cell: Hashable, key: str) -> int | str | None:
    """A concentration cell [the pollutant's own unit] as the store's integer, half-up.

    Returns None for a missing value and the kind of issue (`NEGATIVE`, `BAD_VALUE`) for a cell
    that is no concentration. Confirmed files repeat a few thousand numbers, hence the cache.
    """
    if cell is None or (isinstance(cell, str) and cell.strip() in _MISSING):
        return None
    number = _number_of(cell)
    if number is None:
        return BAD_VALUE
    if number < 0:
        return NEGATIVE
    pollutant = pollutants()[key]
    if number * pollutant.scale > _MAX_SCALED:
        return BAD_VALUE
    return to_scaled(number, pollutant)


@lru_cache(maxsize=1 << 17, typed=True)
def read_hour(cell: Hashable) -> tuple[datetime, int] | None:
    """An hour cell (``2024100124``, as number or text) as its end in UTC and its hour number.

    A real date-time cell is Korean clock time. None for anything that is no full hour.
    """
    text = text_of(cell)
    if isinstance(cell, datetime):
        text = f"{cell:%Y-%m-%d %H:%M}" if not (cell.second or cell.microsecond) else ""
    whole = _WHOLE_AS_FLOAT.fullmatch(text)
    try:
        hour = parse_hour(whole[1] if whole else text)
    except (ValueError, OverflowError):  # 9999-12-31 24:00 is beyond the calendar
        return None
    return hour, hour_number(hour)


def is_day(cell: Hashable) -> bool:
    """Whether a time cell names a whole day (``20220101``, ``2022-01-01``) and no hour."""
    return bool(_PLAIN_DAY.fullmatch(text_of(cell)))
