"""Lists of stations as files (NIER's yearbooks, AirKorea's own): networks by code and year."""

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from aq.domain.networks import network_of
from aq.feeds.confirmed.cells import code_of, is_blank, line_of, shown
from aq.feeds.confirmed.files import tables
from aq.feeds.confirmed.header import header_words
from aq.feeds.confirmed.rows import BadRow, station_label

_CODE = re.compile(r"\d{6}", re.ASCII)
_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
_YEAR_HEADERS = ("연도", "년도", "기준연도", "year")
# What a name of a file or sheet says of the network of all its stations.
_URBAN_NAMES = ("도시대기", "urban")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedStation:
    """A row of a list: a station of a network in a year. `code` or `name` and `sido` name it."""

    year: int
    network: str
    name: str
    sido: str
    code: str | None
    address: str | None


@dataclass(kw_only=True)
class StationList:
    """What a list said, and how many rows of it said nothing usable, by reason."""

    rows: int = 0
    stations: list[ListedStation] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)


def read_list(path: Path, year: int | None, network: str | None) -> StationList | None:
    """The stations a file lists; None when it is no list of stations.

    `year` and `network` hold where neither a column nor the name of the file or sheet says
    otherwise. Raises `InputError` for a file that cannot be read.
    """
    found = StationList()
    seen = False
    with ExitStack() as stack:
        for where, rows in tables(path, stack):
            filled = ((n, row) for n, row in rows if isinstance(row, BadRow) or not is_blank(row))
            number, header = next(filled, (0, ()))
            if isinstance(header, BadRow):
                return None
            columns = header_words(header, extra=dict.fromkeys(_YEAR_HEADERS, "year"))
            if "hour" in columns or not {"code", "name"} & columns.keys():
                if not seen and number and columns:
                    return None
                found.remarks += [f"{where}: no list of stations"] if number else []
                continue
            seen = True
            _take(found, filled, columns, where, (year, network))
    return found if seen else None


def _take(
    found: StationList,
    rows: Iterator[tuple[int, Sequence[Hashable] | BadRow]],
    columns: dict[str, int],
    where: str,
    given: tuple[int | None, str | None],
) -> None:
    named_year = _year_of(where)
    named_network = "도시대기" if any(n in where.casefold() for n in _URBAN_NAMES) else ""
    for number, cells in rows:
        found.rows += 1
        if isinstance(cells, BadRow):
            found.left_out["bad_row"] += cells.lines
            continue

        def text(key: str, cells: Sequence[Hashable] = cells) -> str:
            at = columns.get(key)
            return "" if at is None or at >= len(cells) else line_of(cells[at])

        at = columns.get("code")
        code = code_of(cells[at]) if at is not None and at < len(cells) else ""
        word = text("network") or given[1] or named_network
        network = network_of(word)
        year = _year_of(text("year")) or given[0] or named_year
        sido = station_label(text("region"), text("address"))
        reason = None
        if network is None:
            reason = "unknown_network" if word else "no_network"
        elif year is None:
            reason = "no_year"
        elif code and not _CODE.fullmatch(code):
            reason = "bad_station"
        elif not code and not (text("name") and sido):
            reason = "no_code"
        if reason or network is None or year is None:
            found.left_out[reason or ""] += 1
            if len(found.remarks) < 5:
                found.remarks.append(f"{where}:{number}: {reason} {shown(word)}".rstrip())
            continue
        found.stations.append(
            ListedStation(
                year=year,
                network=network,
                name=text("name"),
                sido=sido or "",
                code=code or None,
                address=text("address") or None,
            )
        )


def _year_of(text: str) -> int | None:
    """The year a cell or a name holds: ``2019``, ``19년``."""
    full = _YEAR.search(text)
    if full:
        return int(full[0])
    short = re.search(r"(?<!\d)(\d\d)년", text)
    return 2000 + int(short[1]) if short else None
