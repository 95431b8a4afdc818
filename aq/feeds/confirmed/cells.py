"""What one cell of a confirmed file says: an hour, a scaled value, a text; exact or not at all."""

import re
import unicodedata
from collections.abc import Hashable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from aq.domain.clock import EARLIEST, KST, LATEST, hour_number, written_moment
from aq.domain.missing import source_word
from aq.domain.pollutants import pollutants, to_scaled
from aq.feeds.base import is_missing

# What a value cell gives instead of a scaled integer (which is never negative).
MISSING, NEGATIVE, BAD_VALUE = -1, -2, -3
VALUE_ISSUES = {NEGATIVE: "negative_value", BAD_VALUE: "bad_value"}

# Words for "no value" met in public exports of the same data, beside those of every feed and
# AirKorea's own; -999 is the official mark in files up to 2013, as a number too.
_MISSING_WORDS = frozenset({"na", "n/a", "nan", "none", "결측", "결측값"})
_MISSING_MARKS = frozenset({Decimal(-999), Decimal(-9999)})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE_AS_FLOAT = re.compile(r"(\d+)\.0+", re.ASCII)
_PLAIN_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}", re.ASCII)
# A workbook's days are numbers: 45566 is 2024-10-01 where day 0 is 1899-12-30.
EPOCH_1900, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_SERIALS = range(20_000, 80_000)
# A spreadsheet's time is a binary fraction of a day, so an hour may be off by a part of a second.
_OFF = timedelta(seconds=1)
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


def line_of(cell: Hashable) -> str:
    """A cell as text on one line: a break inside a quoted address is a blank."""
    return " ".join(text_of(cell).split())


def code_of(cell: Hashable) -> str:
    """A station code cell as its digits: ``111121.0`` and ``'111121`` are 111121."""
    text = text_of(cell).removeprefix("'")
    whole = _WHOLE_AS_FLOAT.fullmatch(text)
    return whole[1] if whole else text


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


def read_value(cell: Hashable, key: str) -> int:
    """A concentration cell [the pollutant's own unit] as the store's integer, half-up; `MISSING`,
    or `NEGATIVE` or `BAD_VALUE` for a cell that is no concentration."""
    if is_missing(cell) or source_word(cell) or text_of(cell).casefold() in _MISSING_WORDS:
        return MISSING
    number = _number_of(cell)
    if number is None:
        return BAD_VALUE
    if number < 0:
        return MISSING if number in _MISSING_MARKS else NEGATIVE
    pollutant = pollutants()[key]
    if number * pollutant.scale > _MAX_SCALED:
        return BAD_VALUE
    return to_scaled(number, pollutant)


def read_hour(cell: Hashable, epoch: date | None = None) -> int | None:
    """An hour cell as the hour number of its end; None for anything that is no full hour.

    Korean clock time unless the text carries an offset: ``2024100124`` as number or text, a date
    with a time in any of the ways that spreadsheets write one, a date-time cell (up to a second
    off), and a date cell, which is how midnight is read. With `epoch`, day 0 of the workbook the
    cell stands in, also a number of days since.
    """
    try:
        moment = _moment_of(cell, epoch)
        if moment is None:
            return None
        moment = moment.astimezone(UTC) + _OFF
        full = moment.replace(minute=0, second=0, microsecond=0)
        if moment - full > 2 * _OFF or not EARLIEST <= full < LATEST:
            return None
        return hour_number(full)
    except (ValueError, OverflowError):  # no such day; 9999-12-31 24:00 is beyond the calendar
        return None


def _moment_of(cell: Hashable, epoch: date | None) -> datetime | None:
    if isinstance(cell, datetime):
        return cell if cell.tzinfo else cell.replace(tzinfo=KST)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=KST)
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    if epoch and isinstance(cell, int | float) and _SERIALS.start <= cell < _SERIALS.stop:
        return datetime(epoch.year, epoch.month, epoch.day, tzinfo=KST) + timedelta(days=cell)
    text = text_of(cell)
    whole = _WHOLE_AS_FLOAT.fullmatch(text)
    return written_moment(whole[1] if whole else text)


def is_day(cell: Hashable) -> bool:
    """Whether a time cell names a whole day (``20220101``, ``2022-01-01``) and no hour."""
    return bool(_PLAIN_DAY.fullmatch(text_of(cell)))
