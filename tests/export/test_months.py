"""Months of confirmed workbooks against means computed here from the workbooks' own cells."""

import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from aq.context import Context
from aq.domain.model import URBAN
from aq.domain.pollutants import pollutants
from aq.domain.provinces import by_address
from aq.ingest.confirmed_files import import_file
from tests.archive_files import HEADER, SAMPLES, row, write_xlsx
from tests.exporting import export, read_back, use
from tests.serving import make_runtime

KEYS = {"SO2": "so2", "CO": "co", "O3": "o3", "NO2": "no2", "PM10": "pm10", "PM25": "pm25"}
REAL = sorted(SAMPLES.glob("history/airkorea_2024_1?.xlsx")) if SAMPLES.exists() else []


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    yield made
    made.store.close()


def pooled(path: Path) -> dict[tuple[str, str], str]:
    """(province, pollutant) -> the plain mean of every urban station's hours together, from the
    cells as they stand in the file, half-up with two decimals more than the value has."""
    found: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    book = CalamineWorkbook.from_path(path)
    for name in book.sheet_names:
        lines = book.get_sheet_by_name(name).to_python()
        if not lines:
            continue
        head = [str(cell).strip() for cell in lines[0]]
        for line in lines[1:]:
            cells = dict(zip(head, line, strict=True))
            if cells["망"] != URBAN:
                continue
            province = by_address(str(cells["주소"]))
            assert province is not None
            for column, key in KEYS.items():
                cell = cells[column]
                if cell != "" and float(cell) >= 0:
                    digits = Decimal(1).scaleb(-pollutants()[key].digits)
                    value = Decimal(repr(float(cell))).quantize(digits, ROUND_HALF_UP)
                    found[province.ko, key].append(value)
    return {
        place: str(
            (sum(values, Decimal(0)) / len(values)).quantize(
                Decimal(1).scaleb(-pollutants()[place[1]].digits - 2), ROUND_HALF_UP
            )
        )
        for place, values in found.items()
    }


def months(tmp_path: Path, since: str, until: str) -> dict[str, dict[tuple[str, str], str]]:
    """month -> (province, pollutant) -> value as printed."""
    path = tmp_path / "months.csv"
    columns = "at,province,pollutant,value"
    asked = ("--since", since, "--until", until)
    assert export(path, "--grain", "month", "--columns", columns, since=asked) == 0
    found: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for line in path.read_text("utf-8").splitlines()[1:]:
        at, province, key, value = line.split(",")
        if value:
            found[at][province, key] = value
    return found


def _own_workbook(path: Path) -> None:
    """Two provinces, uneven stations with gaps, one roadside: October 2024, a few days."""
    chance = random.Random(7)
    lines: list[list[Any]] = []
    for code, place, network in (
        ("525001", "대전 가상구", URBAN),
        ("525002", "대전 가상구", URBAN),
        ("525003", "대전 가상구", "도로변대기"),
        ("111001", "서울 가상구", URBAN),
        ("632001", "강원 가상시", "교외대기"),
    ):
        for hour in range(1, 25):
            for day in (1, 17, 31):
                cells = row(
                    f"202410{day:02}{hour:02}",
                    code=code,
                    name=f"가상{code}",
                    network=network,
                    address=f"{place} 시험로 1",
                    region=place,
                    pm10=chance.choice(["", chance.randrange(1, 200)]),
                    pm25=chance.randrange(1, 90),
                    so2=chance.randrange(1, 99) / 10000,
                    o3=chance.choice(["", 2.8999999999999998e-3, 0.0315]),
                    co=chance.randrange(1, 150) / 100,
                    no2=chance.choice(["", 0.0123]),
                )
                lines.append(cells)
    write_xlsx(path, {"2024.10": [HEADER, *lines]})


def test_a_month_the_range_only_touches_is_given_whole(context: Context, tmp_path: Path) -> None:
    book = tmp_path / "own.xlsx"
    _own_workbook(book)
    import_file(context, book)
    whole = months(tmp_path, "2024-10-01", "2024-10-31")
    assert months(tmp_path, "2024-10-17", "2024-10-17") == whole
    assert months(tmp_path, "2024-09-01", "2024-12-31") == whole


def test_months_of_a_year_are_complete_across_blocks(context: Context, tmp_path: Path) -> None:
    book = tmp_path / "own.xlsx"
    _own_workbook(book)
    import_file(context, book)
    path = tmp_path / "m.json"
    asked = ("--since", "2024-10-01", "--until", "2024-10-31")
    assert export(path, "--grain", "month", "--level", "station", since=asked) == 0
    found = [one for one in read_back(path) if one["pollutant"] == "pm25"]
    assert [(one["station_code"], one["network"], one["hours"]) for one in found] == [
        ("111001", URBAN, 72),
        ("525001", URBAN, 72),
        ("525002", URBAN, 72),
        ("525003", "도로변대기", 72),
        ("632001", "교외대기", 72),
    ]


@pytest.mark.parametrize("book", [Path("own_2024_10.xlsx"), *REAL], ids=lambda one: one.stem)
def test_a_month_is_the_plain_mean_of_all_urban_hours_of_a_workbook(
    context: Context, tmp_path: Path, book: Path
) -> None:
    if book not in REAL:
        book = tmp_path / book
        _own_workbook(book)
    import_file(context, book)
    expected = pooled(book)
    assert expected
    assert len(expected) % 6 == 0
    year_month = f"{book.stem[-7:-3]}-{book.stem[-2:]}"
    found = months(tmp_path, f"{year_month}-01", f"{year_month}-28")
    assert found == {year_month: expected}
