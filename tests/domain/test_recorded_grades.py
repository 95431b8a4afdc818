"""Grades and indices that AirKorea gave are ours, on hours picked from where rules differ.

The rows are hours that AirKorea published between April 2025 and March 2026 (recordings of
getCtprvnRltmMesureDnsty): means right at a half, the newest hour missing, the top row, several bad
pollutants. AirKorea is the source of the data; the 24 h means beside the indices are worked out.
"""

import csv
from fractions import Fraction
from itertools import product

import pytest

from aq.domain.averages import mean_at
from aq.domain.grading import overall
from aq.domain.pollutants import pollutants
from aq.paths import ROOT
from aq.standards_file import load_standards

STANDARD = load_standards(ROOT / "config" / "standards")["airkorea"]
FOLDER = ROOT / "tests" / "fixtures" / "airkorea"
GASES = ("o3", "no2", "so2")


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("recorded_windows.csv"), ids=lambda row: row["kind"])
def test_the_24_hour_grade_of_twelve_hours_is_airkoreas(row: dict[str, str]) -> None:
    hours = [None if h == "-" else 10 * Fraction(h) for h in row["hours_oldest_first"].split()]
    mean = mean_at(hours, "24h-predicted", row["pollutant"], STANDARD.complete).value
    grade = None if mean is None else STANDARD.grade(row["pollutant"], mean, "24h-predicted")
    assert grade == (int(row["grade"]) if row["grade"] else None)


@pytest.mark.parametrize("row", rows("recorded_indices.csv"), ids=lambda row: row["kind"])
def test_the_index_is_airkoreas_for_some_hidden_digit(row: dict[str, str]) -> None:
    particles = {
        (key, "24h-predicted"): 10 * Fraction(row[f"{key}_24h"])
        for key in ("pm10", "pm25")
        if row[f"{key}_24h"]
    }
    co = {("co", "1h"): int(100 * Fraction(row["co"]))} if row["co"] else {}
    kinds: list[list[tuple[tuple[str, str], int]]] = []
    for key in GASES:
        if not row[key]:
            continue
        shown = int(Fraction(row[key]) * pollutants()[key].scale)
        kinds.append([((key, "1h"), max(0, shown + digit)) for digit in range(-5, 6)])
    results = {
        (result.index, result.grade)
        for chosen in product(*kinds)
        for result in [overall(STANDARD, {**particles, **co, **dict(chosen)})]
    }
    wanted = int(row["khai"]) if row["khai"].isdigit() else None
    assert (wanted, int(row["grade"]) if row["grade"] else None) in results
