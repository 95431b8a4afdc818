"""Files that explain themselves: dates and notes in Excel, days and hour ends, names, ranges, words
on rounding."""

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy
import openpyxl
import pyarrow.parquet as pq
import pytest
import requests

from aq.__main__ import run
from aq.context import Context
from aq.domain.clock import HOUR, day_bounds
from aq.domain.model import URBAN, Reading, Station
from aq.export.about import rounding
from tests.exporting import export, filled, read_back, use
from tests.serving import make_runtime, served, write

SEOUL = ("--province", "서울", "--pollutant", "pm25")
SEOUL_STATION = Station(name="중구", sido="서울", code="111121", network=URBAN)
YEAR_END = day_bounds(date(2025, 12, 31))[1]


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    yield made
    made.store.close()


def test_excel_reads_dates_as_dates_and_numbers_as_numbers(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    shown = {"hour": 'yyyy-mm-dd hh:mm "KST"', "day": "yyyy-mm-dd", "month": "yyyy-mm"}
    last = {
        "hour": datetime(2026, 11, 23, 20),  # noqa: DTZ001 - Excel knows no offset
        "day": datetime(2026, 11, 23),  # noqa: DTZ001
        "month": datetime(2026, 11, 1),  # noqa: DTZ001
    }
    for grain, form in shown.items():
        path = tmp_path / f"{grain}.xlsx"
        assert export(path, *SEOUL, "--grain", grain) == 0
        book = openpyxl.load_workbook(path)
        sheet = book["data"]
        cells = {cell.value: sheet.cell(sheet.max_row, cell.column) for cell in sheet[1]}
        assert (cells["at"].value, cells["at"].number_format) == (last[grain], form)
        assert cells["at"].is_date
        assert isinstance(cells["value"].value, int | float)
        head = {cell.value: cell.comment.text for cell in sheet[1]}
        assert "pm25 µg/m³" in head["value"]
        assert all(head.values())
        about = dict(book["about"].iter_rows(values_only=True))
        assert "rounded half up" in about["rounding"]


def test_hour_24_belongs_to_its_day_and_at_has_another_name(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    columns = ("--columns", "day,hour_end,at,value")
    csv_rows = _lines(tmp_path / "a.csv", *SEOUL, *columns)
    midnight = next(row for row in csv_rows if "T00:00" in row["at"])
    assert midnight["day"] == "2026-11-22"
    assert midnight["hour_end"] == midnight["at"] == "2026-11-23T00:00:00+09:00"
    path = tmp_path / "a.parquet"
    assert export(path, *SEOUL, *columns) == 0
    table = pq.read_table(path)
    assert str(table.schema.field("day").type) == "date32[day]"
    assert table.column("hour_end").equals(table.column("at"))
    days = _lines(tmp_path / "d.csv", *SEOUL, "--grain", "day", "--columns", "day,at")
    assert (
        [row["day"] for row in days] == [row["at"] for row in days] == ["2026-11-22", "2026-11-23"]
    )
    both = ("--standard", "who_2021", "--standard", "airkorea_1h")
    assert list(_lines(tmp_path / "s.csv", *SEOUL, *both)[0])[6:9] == ["at", "day", "hour_end"]
    assert export(tmp_path / "m.csv", *SEOUL, "--grain", "month", "--columns", "day") == 2


def _lines(path: Path, *options: str) -> list[dict[str, str]]:
    assert export(path, *options) == 0
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@pytest.mark.parametrize("name", ["PM2.5", "pm2.5", "PM₂.₅", "초미세먼지", "PM25"])
def test_a_pollutant_may_be_named_as_pages_write_it(
    context: Context, tmp_path: Path, name: str
) -> None:
    filled(context)
    by_key, by_name = tmp_path / "key.csv", tmp_path / "name.csv"
    assert export(by_key, "--pollutant", "pm25") == 0
    assert export(by_name, "--pollutant", name) == 0
    assert by_key.read_bytes() == by_name.read_bytes()


def test_the_last_days_and_hours(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(context)
    path, ranged = tmp_path / "last.csv", tmp_path / "range.csv"
    assert export(path, *SEOUL, "--last", "2d", since=()) == 0
    assert export(ranged, *SEOUL) == 0
    assert path.read_bytes() == ranged.read_bytes()
    question = json.loads((tmp_path / "last.csv.manifest.json").read_text("utf-8"))["question"]
    assert question["since"] == "2026-11-22T00:00:00+09:00"
    assert export(path, *SEOUL, "--last", "3h", since=()) == 0
    ends = [row["at"][11:13] for row in read_back(path)]
    assert ends == ["18", "19", "20"]
    for wrong in ("90", "0d", "d", "99999d", "2w"):
        assert export(path, *SEOUL, "--last", wrong, since=()) == 2
        assert "90d or 48h" in capsys.readouterr().err
    assert export(path, *SEOUL, "--last", "2d") == 2
    assert "leave since out" in capsys.readouterr().err


def test_the_route_takes_names_last_and_several_standards(context: Context, tmp_path: Path) -> None:
    filled(context)
    path = tmp_path / "a.csv"
    both = ("--standard", "who_2021", "--standard", "airkorea")
    assert export(path, *SEOUL, *both, "--last", "2d", since=()) == 0
    with served(context) as base:
        given: dict[str, Any] = {
            "last": "2d",
            "province": "KR-11",
            "pollutant": "PM2.5",
            "standard": "who_2021,airkorea",
        }
        answer = requests.get(f"{base}/api/v1/export", given, timeout=60)
        assert answer.content == path.read_bytes()
        history = f"{base}/api/v1/history?since=2026-11-22&until=2026-11-23&pollutant=초미세먼지"
        assert requests.get(history, timeout=60).json()["items"][0]["pollutant"] == "pm25"


def test_a_standard_says_how_it_rounds(context: Context) -> None:
    who, us = (context.standards[name] for name in ("who_2021", "us_epa_2024"))
    assert "pm25: 15.27 is taken as 15, within the limit of 15" in rounding(who, ("pm25",))
    assert "pm25 cut to 1 decimals" in rounding(us, ("pm25",))
    for standard in context.standards.values():
        assert rounding(standard, tuple(standard.pollutants)).startswith(f"{standard.id}: ")


def test_a_year_is_graded_by_the_limits_of_a_year(context: Context, tmp_path: Path) -> None:
    hours = range(24 * 365)
    write(
        context,
        *(
            Reading(
                station=SEOUL_STATION, hour=YEAR_END - back * HOUR, values={"pm25": 40 + back % 25}
            )
            for back in hours
        ),
        feed="archive",
    )
    mean = numpy.mean([4.0 + (back % 25) / 10 for back in hours])
    options = (*SEOUL, "--grain", "year", "--standard", "who_2021")
    path = tmp_path / "year.csv"
    for since, until in (("2025-01-01", "2025-12-31"), ("2025-06-01", "2025-06-02")):
        assert export(path, *options, since=("--since", since, "--until", until)) == 0
        (row,) = read_back(path)
        assert (row["at"], row["averaging"], row["hours"]) == ("2025", "1y", 8760)
        assert row["value"] == pytest.approx(mean, abs=0.0005)
        assert (row["grade"], row["coverage"]) == (1 if mean < 5.5 else 2, 1.0)
    assert run(["export", "--verify", str(path)]) == 0
    book = tmp_path / "year.xlsx"
    assert export(book, *options, since=("--since", "2025-01-01", "--until", "2025-12-31")) == 0
    cell = openpyxl.load_workbook(book)["data"]["G2"]
    assert (cell.value.year, cell.number_format) == (2025, "yyyy")


def test_several_grains_are_several_files_of_one_version(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(context)
    path = tmp_path / "seoul.csv"
    assert export(path, *SEOUL, "--grain", "hour", "--grain", "day", "--grain", "year") == 0
    assert not path.exists()
    for grain in ("hour", "day", "year"):
        alone, one = tmp_path / "alone.csv", tmp_path / f"seoul-{grain}.csv"
        assert export(alone, *SEOUL, "--grain", grain) == 0
        assert one.read_bytes() == alone.read_bytes()
        assert run(["export", "--verify", str(one)]) == 0
    capsys.readouterr()
    assert export(path, *SEOUL, "--grain", "day", "--grain", "day", "--json") == 0
    assert json.loads(capsys.readouterr().out)["file"] == str(path)
    twice = ("--grain", "day", "--grain", "year")
    assert run(["export", "--last", "2d", *twice, "-o", "-"]) == 2
    (year,) = [row for row in read_back(tmp_path / "seoul-year.csv") if row["at"] == "2026"]
    assert (year["grade"], year["hours"]) == (None, 30.0)


def test_percentiles_are_numpys_of_the_same_hours(context: Context, tmp_path: Path) -> None:
    filled(context)
    names = {"median": 50, "p95": 95, "p98": 98, "p99": 99}
    hours = [row for row in read_back_of(tmp_path / "h.csv") if row["value"] is not None]
    for grain, cut in (("day", 10), ("month", 7), ("year", 4)):
        columns = ("--columns", "province,pollutant,at,hours,max,median,p95,p98,p99")
        groups: dict[tuple[str, ...], list[float]] = {}
        for row in hours:
            # Hour 24 belongs to the day it ends.
            at = (datetime.fromisoformat(row["at"]) - HOUR).isoformat()[:cut]
            groups.setdefault((row["province"], row["pollutant"], at), []).append(row["value"])
        found = _lines(tmp_path / f"{grain}.csv", "--grain", grain, *columns)
        assert len(found) >= len(groups) > 50
        for row in found:
            values = groups.get((row["province"], row["pollutant"], row["at"]), [])
            for name, percent in names.items():
                if not values:
                    assert row[name] == ""
                    continue
                # Hourly means are printed rounded, and pooled as they are.
                unit = {"co": 0.01, "pm10": 0.1, "pm25": 0.1}.get(row["pollutant"], 0.0001)
                wanted = numpy.percentile(values, percent)
                assert float(row[name]) == pytest.approx(wanted, abs=0.51 * unit), (row, name)
    assert "median" not in _lines(tmp_path / "plain.csv", "--grain", "day")[0]


def read_back_of(path: Path) -> list[dict[str, Any]]:
    assert export(path) == 0
    return read_back(path)
