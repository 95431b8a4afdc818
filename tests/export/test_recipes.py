"""The recipes of docs/export.md, run as they stand there, count the same days."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest
from openpyxl.utils import column_index_from_string

from aq.context import Context
from aq.domain.clock import HOUR, day_bounds
from aq.domain.model import URBAN, Reading, Station
from tests.exporting import export, use
from tests.serving import make_runtime, write

DOC = Path(__file__).parents[2] / "docs" / "export.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
COUNTIFS = re.compile(r'data!(\w+):\1,(A2|">=([\d.]+)")')
LAST = day_bounds(date(2026, 11, 22))[1]
# Daily means [µg/m³], and hours with a value: around both limits, one day of too few hours.
DAYS = (
    (15.27, 24),
    (15.5, 24),
    (15.4, 24),
    (35.49, 24),
    (35.5, 24),
    (90.0, 17),
    (90.0, 18),
    (3, 0),
)
STATIONS = (
    Station(name="중구", sido="서울", code="111121", network=URBAN),
    Station(name="연동", sido="제주", code="339111", network=URBAN),
)


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    yield made
    made.store.close()


def blocks() -> dict[str, str]:
    """The recipe of each language."""
    section = DOC.read_text("utf-8").split("## Recipes")[1].split("\n## ")[0]
    return dict(BLOCK.findall(section))


def fill_days(context: Context) -> None:
    """Each day of `DAYS` in 서울, the half of it in 제주: the mean of its hours is the number."""
    for place, station in enumerate(STATIONS):
        write(
            context,
            *(
                Reading(
                    station=station,
                    hour=LAST - (24 * back + 23 - hour) * HOUR,
                    values={"pm25": _stored(mean / (place + 1), hour, hours)},
                )
                for back, (mean, hours) in enumerate(DAYS)
                for hour in range(hours)
            ),
            feed="archive",
        )


def _stored(mean: float, hour: int, hours: int) -> int:
    """Tenths of an hour, so that the day's mean is `mean` to the nearest tenth of its hours."""
    total = round(mean * 10 * hours)
    return total // hours + (hour < total % hours)


def test_the_recipes_count_the_same_days(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_days(context)
    monkeypatch.chdir(tmp_path)
    columns = "province,day,value,coverage"
    asked = ("--pollutant", "PM2.5", "--grain", "day", "--columns", columns)
    assert f"--columns {columns}" in DOC.read_text("utf-8")
    since = ("--last", "365d")
    assert export(tmp_path / "days.csv", *asked, "--bom", since=since) == 0
    assert export(tmp_path / "days.xlsx", *asked, since=since) == 0
    wanted = {"서울": (4, 2), "제주": (3, 1)}
    assert _counted(tmp_path / "days.csv") == wanted
    recipes = blocks()
    space: dict[str, object] = {}
    exec(recipes["python"], space)  # noqa: S102 - the recipe of our own documentation
    above = space["above"]
    assert {row[0]: (row[1], row[2]) for row in above.itertuples()} == wanted  # type: ignore[attr-defined]
    assert {row[0]: row[1:] for row in duckdb.sql(recipes["sql"]).fetchall()} == wanted
    assert _in_excel(tmp_path / "days.xlsx", recipes["excel"]) == wanted
    for limit in ("15.5", "35.5"):
        assert f"value >= {limit}" in recipes["r"]
    assert "coverage >= 0.75" in recipes["r"]


def _counted(path: Path) -> dict[str, tuple[int, int]]:
    """By hand: a day is rounded half up and compared with the limits themselves."""
    above: dict[int, Counter[str]] = {15: Counter(), 35: Counter()}
    for row in csv.DictReader(path.read_text("utf-8-sig").splitlines()):
        if row["value"] and float(row["coverage"]) >= 0.75:
            for limit, counter in above.items():
                counter[row["province"]] += int(float(row["value"]) + 0.5) > limit
    return {place: (above[15][place], above[35][place]) for place in above[15]}


def _in_excel(path: Path, recipe: str) -> dict[str, tuple[int, ...]]:
    """What the formulas count on the cells of the file: openpyxl reads cells and computes none."""
    sheet = openpyxl.load_workbook(path)["data"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    formulas = [COUNTIFS.findall(line) for line in recipe.splitlines()]

    def meets(row: tuple[object, ...], place: object, column: str, limit: str) -> bool:
        cell = row[column_index_from_string(column) - 1]
        return float(str(cell or 0)) >= float(limit) if limit else cell == place

    return {
        str(place): tuple(
            sum(all(meets(row, place, column, limit) for column, _, limit in tests) for row in rows)
            for tests in formulas
        )
        for place in {row[0] for row in rows}
    }
