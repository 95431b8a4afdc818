"""Confirmed history files of our own making, for the tests that read them."""

import csv
import io
import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from aq.domain.errors import InputError
from aq.domain.model import URBAN, Reading
from aq.feeds.confirmed.files import FileBatch, parse_rows, read

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
HEADER = [
    *("지역", "망", "측정소코드", "측정소명", "측정일시"),
    *("SO2", "CO", "O3", "NO2", "PM10", "PM25", "주소"),
]
SAMPLES = Path(os.environ.get("AQ_SAMPLES", "../shared/feeds/samples"))
# Small files with the right answer beside them, read in addition to our own where they are.
CASES = Path(os.environ.get("AQ_CASES", "../shared/cases"))


def row(hour: object = "2024100101", **cells: object) -> list[Any]:
    """A good row of our own station, with cells replaced by their header (in Latin letters)."""
    given = {
        "지역": cells.get("region", "대전 가상구"),
        "망": cells.get("network", URBAN),
        "측정소코드": cells.get("code", "525001"),
        "측정소명": cells.get("name", "가상동"),
        "측정일시": hour,
        "주소": cells.get("address", "대전 가상구 시험로 1"),
    }
    values = {"SO2": 0.0029, "CO": 0.5, "O3": 0.021, "NO2": 0.012, "PM10": 31, "PM25": 12}
    return [cells.get(name.lower(), {**given, **values}[name]) for name in HEADER]


def write_xlsx(path: Path | io.BytesIO, sheets: dict[str, Sequence[Sequence[Any]]]) -> None:
    book = xlsxwriter.Workbook(path, {"in_memory": True})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if cell != "":
                    sheet.write(number, column, cell)
    book.close()


def csv_text(rows: Iterable[Sequence[Any]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADER, *rows])
    return text.getvalue()


def collect(path: Path) -> list[FileBatch]:
    return list(read(path, NOW))


def readings(path: Path) -> list[Reading]:
    return [one for batch in collect(path) for one in batch.answer.readings]


def kinds(batches: Iterable[FileBatch]) -> Counter[str]:
    return Counter(issue.kind for batch in batches for issue in batch.answer.issues)


def parsed(*rows: Sequence[Any], header: Sequence[Any] = HEADER) -> Any:
    return parse_rows(header, list(enumerate(rows, 2)), "file.xlsx:month", NOW)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        next(read(path, NOW))
    assert caught.value.field == "file"
    return str(caught.value)


def zip_bytes(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return content.getvalue()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    path.write_bytes(zip_bytes(members))
    return path


def workbook_bytes(*rows: Sequence[Any]) -> bytes:
    content = io.BytesIO()
    write_xlsx(content, {"a": [HEADER, *rows], "spare": []})
    return content.getvalue()
