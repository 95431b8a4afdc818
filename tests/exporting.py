"""Stores to export from, and exports read back from every format."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from aq.__main__ import run
from aq.context import Context
from aq.domain.clock import HOUR, KST, kst_iso
from aq.domain.model import URBAN, Reading, Station
from aq.export.manifest import manifest_path
from tests.conftest import NOW
from tests.serving import HOUR_20, SEOUL, fill, write

RANGE = ("--since", "2026-11-22", "--until", "2026-11-23")
NUMBERS = {"value", "coverage", "max", "index", "grade", "stations", "stations_expected"}
SURE = {"standard_error", "mean_low", "mean_high", "grade_low", "grade_high"}
TIMES = {"at", "day", "hour_end", "issued_at", "cleared_at"}
COUNTS = {"hours", "hours_1", "hours_2", "hours_3", "hours_4", "worst_grade"}
FORMULA = Station(name="=cmd|' /C calc'!A0", sido="서울", network="도로변대기")


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The environment of commands that are run in this process."""
    monkeypatch.setenv("AQ_DATABASE_URL", url)
    monkeypatch.setenv("AQ_CLOCK", NOW.isoformat())


def filled(context: Context) -> None:
    """Thirty hours of AirKorea with gaps, flags and odd decimals, and a model beside it."""
    fill(context)
    odd = [
        Reading(
            station=one,
            hour=HOUR_20 - back * HOUR,
            values={"pm10": 801 + back * n, "pm25": 75, "so2": 29, "co": 40 + n, "o3": 314},
            flags={"o3": "implausible"} if back == 2 else {},
        )
        for n, one in enumerate(SEOUL)
        for back in range(4)
    ]
    write(context, *odd, Reading(station=FORMULA, hour=HOUR_20, values={"pm10": 990}))


def confirmed(context: Context, pm10: int, *, hours: int = 3) -> None:
    """Some of the same hours as confirmed values: what one more import brings."""
    stations = [Station(name="중구", sido="서울", code="111121", network=URBAN)]
    write(
        context,
        *(
            Reading(station=one, hour=HOUR_20 - (back + 5) * HOUR, values={"pm10": pm10})
            for one in stations
            for back in range(hours)
        ),
        feed="archive",
    )


def export(path: Path, *options: str, since: tuple[str, ...] = RANGE) -> int:
    """`export … -o path` in this process, in the format of the path's ending."""
    return run(["export", *since, "--format", path.suffix[1:], "-o", str(path), *options])


def read_back(path: Path) -> list[dict[str, Any]]:
    """The rows of an exported file in JSON's types, whatever its format."""
    readers: Mapping[str, Any] = {
        ".csv": _csv,
        ".json": lambda one: json.loads(one.read_text("utf-8"))["items"],
        ".jsonl": lambda one: [json.loads(line) for line in one.read_text("utf-8").splitlines()],
        ".parquet": _parquet,
        ".xlsx": _xlsx,
    }
    rows: list[dict[str, Any]] = readers[path.suffix](path)
    return rows


def _csv(path: Path) -> list[dict[str, Any]]:
    text = io.StringIO(path.read_text("utf-8-sig"))
    return [{name: _cell(name, cell) for name, cell in row.items()} for row in csv.DictReader(text)]


def _cell(name: str, cell: str) -> Any:
    if cell == "":
        return None
    if name in ("thin", "one_station") or name.endswith("in_force"):
        return cell == "true"
    # A standard's own columns stand under its name.
    return float(cell) if name.rsplit(".", maxsplit=1)[-1] in NUMBERS | SURE | COUNTS else cell


def _parquet(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    for row in rows:
        for name in TIMES & set(row):
            at = row[name]
            if at is not None:
                row[name] = kst_iso(at) if hasattr(at, "hour") else str(at)
    return rows


def _xlsx(path: Path) -> list[dict[str, Any]]:
    book = CalamineWorkbook.from_path(path)
    grain = json.loads(manifest_path(path).read_text("utf-8"))["question"]["grain"]
    rows: list[dict[str, Any]] = []
    for name in book.sheet_names:
        if not name.startswith("data"):
            continue
        head, *lines = book.get_sheet_by_name(name).to_python()
        rows += [
            {
                str(key): None if cell == "" else _undated(str(key), cell, grain)
                for key, cell in zip(head, line, strict=True)
            }
            for line in lines
        ]
    return rows


def _undated(name: str, cell: Any, grain: str) -> Any:
    """A date cell as the other formats write it: an instant with offset, a day or a month."""
    if not isinstance(cell, date):
        return cell
    day = cell.isoformat()[:10]
    if name == "day" or (name == "at" and grain != "hour"):
        return day[:7] if grain == "month" else day
    instant = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
    return kst_iso(instant.replace(tzinfo=KST))
