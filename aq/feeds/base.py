"""What a feed is, and how any feed reads JSON, numbers and texts it cannot trust."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from aq.domain.errors import FeedError
from aq.domain.model import Answer, FeedInfo, Payload, RowIssue
from aq.domain.pollutants import Pollutant, pollutants, to_scaled

Get = Callable[[str, Mapping[str, str]], Payload]  # (operation, params) -> Payload

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER = 40
_MISSING = re.compile(r"[-‐-―−\s]*|null|-999(?:\.0+)?", re.IGNORECASE)
# The store's value columns are 32-bit; a larger "concentration" is a slip of upstream.
_MAX_SCALED = 2**31 - 1
_SHOWN = 80


class Feed(Protocol):
    """One source of air-quality data. Only `pull` causes calls, through the `get` it is given."""

    @property
    def info(self) -> FeedInfo:
        """What the feed is; printed beside its values."""

    def pull(self, get: Get, since: datetime, until: datetime) -> Iterator[Payload]:
        """Ask for the hours with ``since < end <= until``, as far as the source can give them."""

    def parse(self, payload: Payload, now: datetime) -> Answer:
        """Read a payload. Pure. Raises `FeedError` when it is no answer at all."""

    def refusal(
        self, operation: str, status: int, headers: Mapping[str, str], text: str, now: datetime
    ) -> FeedError | None:
        """The error an HTTP answer is, or None when it is data. Pure."""


@runtime_checkable
class StationFeed(Feed, Protocol):
    """A feed whose stations are listed by a call of its own."""

    def pull_stations(self, get: Get) -> Iterator[Payload]:
        """Ask for the list of stations."""


@runtime_checkable
class MeansFeed(Feed, Protocol):
    """A feed that also gives its own means of whole provinces, a pollutant a call."""

    def pull_province_means(self, get: Get, item: str, term: str) -> Iterator[Payload]:
        """Ask for upstream's hourly province means of one pollutant over ``WEEK`` or ``MONTH``."""


@runtime_checkable
class AheadFeed(Feed, Protocol):
    """A modelled feed that also gives hours to come; they are no readings."""

    def pull_ahead(self, get: Get, now: datetime) -> Payload:
        """Ask for the hours after `now`."""

    def parse_ahead(self, payload: Payload, now: datetime) -> Answer:
        """Read the hours after `now`. Pure; raises `FeedError`."""


@runtime_checkable
class OfficialMeansFeed(Feed, Protocol):
    """A feed whose upstream also publishes means of cities, and of stations' days and months."""

    def pull_official_means(self, get: Get, now: datetime) -> list[tuple[str, Iterator[Payload]]]:
        """(operation, payloads) of what is to be asked once a day."""


@runtime_checkable
class CountingFeed(Feed, Protocol):
    """A feed whose upstream says how many calls of a key it counted today."""

    def pull_call_counts(self, get: Get, now: datetime) -> Payload:
        """Ask for today's counts."""

    def read_call_counts(self, payload: Payload, now: datetime) -> dict[str, int]:
        """Calls of the day of `now` (KST) by operation. Pure; raises `FeedError`."""


@runtime_checkable
class HistoryFeed(MeansFeed, Protocol):
    """A feed that gives the past of one station a call, and its province means."""

    def pull_station_history(self, get: Get, station_name: str, term: str) -> Iterator[Payload]:
        """Ask for one station's hours of the last ``DAILY``, ``MONTH`` or ``3MONTH``."""


class BadValueError(ValueError):
    """A cell that is neither a number of the right kind nor missing; `kind` is its issue's."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


def load_json(text: str) -> object:
    """JSON with every number left as its text: exact, whatever its size. Raises ``ValueError``."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def shown(cell: object, longest: int = _SHOWN) -> str:
    """A cell as it may stand in a report: short, one line, nothing a terminal would act on."""
    text = str(cell)
    text = text if len(text) <= longest else f"{text[:longest]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def text_of(cell: object, longest: int = _SHOWN) -> str:
    """A cell as composed, trimmed text of one line.

    ``""`` for null, for ``"-"`` and for what is no text a store or a page could hold.
    """
    if not isinstance(cell, str):
        return ""
    text = unicodedata.normalize("NFC", cell).strip()
    return "" if text == "-" or len(text) > longest or not text.isprintable() else text


def is_missing(cell: object) -> bool:
    """Whether a cell says that there is no value: null, empty, a dash, or AirKorea's mark -999."""
    return cell is None or (isinstance(cell, str) and bool(_MISSING.fullmatch(cell.strip())))


def number_of(cell: object) -> Decimal | None:
    """The exact number a cell holds, None when missing; raises `BadValueError` for all else."""
    if is_missing(cell):
        return None
    text = cell.strip() if isinstance(cell, str) else ""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise BadValueError("bad_value")
    return Decimal(text)


def concentration(cell: object, pollutant: Pollutant, unit: str | None = None) -> int | None:
    """A concentration cell [unit, default the pollutant's own] as the store's integer.

    None when missing. Raises `BadValueError` for words, numbers below zero and numbers that no
    instrument and no column can hold.
    """
    number = number_of(cell)
    if number is None:
        return None
    if number < 0:
        raise BadValueError("negative_value")
    if number > _MAX_SCALED:
        raise BadValueError("bad_value")
    scaled = to_scaled(number, pollutant, unit)
    if scaled > _MAX_SCALED:
        raise BadValueError("bad_value")
    return scaled


def concentrations(
    cells: Mapping[str, object], where: str, issues: list[RowIssue]
) -> dict[str, int]:
    """The concentrations of a row by pollutant, as the store's integers, from its cells by
    pollutant; what cannot be read is left out and becomes an issue of the row `where`."""
    values: dict[str, int] = {}
    for key, cell in cells.items():
        try:
            value = concentration(cell, pollutants()[key])
        except BadValueError as error:
            issues.append(RowIssue(kind=error.kind, where=where, detail=f"{key} {shown(cell)}"))
            continue
        if value is not None:
            values[key] = value
    return values
