"""An explanation says what the grade rests on, in numbers that give the grade again."""

import json
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.explanation import Explanation, OverallExplanation, explain
from aq.domain.grading import explain as rule
from aq.domain.windows import OVERALL, Rows, evaluate
from aq.i18n import Text, _catalogue
from aq.web.wording import explanation as module
from aq.web.wording.explanation import explanation_text
from tests.domain.test_windows import CAI, CLEAN, HOUR, STANDARDS, row, steady

INDEXED = ("airkorea", "us_epa_2024")


def _one(standard: str, key: str, rows: Rows) -> Explanation:
    found = explain(STANDARDS[standard], key, rows, HOUR)
    assert isinstance(found, Explanation)
    return found


def test_a_predicted_mean_with_its_formula() -> None:
    found = _one("airkorea", "pm25", steady(12, **CLEAN | {"pm25": 240}))
    assert (found.hours, found.expected, found.needed) == (12, 12, 9)
    assert [str(hour.value) for hour in found.inputs] == ["24.0"] * 12
    assert found.inputs[-1].at > found.inputs[0].at
    assert found.ruling is not None
    assert (found.ruling.grade, found.ruling.index) == (2, 72)
    assert found.ruling.formula == "(100 − 51) / (35 − 16) × (24 − 16) + 51 = 72"
    text = explanation_text(found, "ko")
    assert "(100 − 51) / (35 − 16) × (24 − 16) + 51 = 72" in text
    assert "등급 2: B 보통" in text
    assert CAI.hash[:12] in text
    assert text.count("24.0 µg/m³") == 13  # twelve hours and their mean


def test_a_converted_gas_is_shown_in_both_units() -> None:
    found = _one("eu_eaqi", "o3", steady(1, o3=600))
    assert found.ruling is not None
    assert (str(found.value), found.unit) == ("0.0600", "ppm")
    # 0.06 x 1000 x 48 / 24.055 = 119.73
    assert (str(found.ruling.rounded), found.ruling.unit) == ("119.7", "µg/m³")
    assert "100.1 – 130.0 µg/m³" in explanation_text(found, "en")


def test_missing_hours_are_shown_as_missing_and_are_the_reason() -> None:
    rows = steady(8, **CLEAN) | {HOUR - 2: row()}
    found = _one("airkorea", "pm10", rows)
    assert found.reason == "not_enough_hours"
    assert (found.hours, found.needed, found.value, found.ruling) == (7, 9, None, None)
    assert [hour.value is None for hour in found.inputs] == [True] * 4 + [False] * 5 + [
        True,
        False,
        False,
    ]
    assert "No grade: not enough hours" in explanation_text(found, "en")
    assert "등급 없음" in explanation_text(found, "ko")


def test_a_value_the_standard_has_no_row_for() -> None:
    found = _one("eu_eaqi", "co", steady(1, **CLEAN))
    assert found.reason == "not_graded"
    assert "no row" in explanation_text(found, "en")


def test_all_pollutants_together() -> None:
    rows = steady(12, **CLEAN | {"no2": 1000, "o3": 1200})
    found = explain(CAI, OVERALL, rows, HOUR)
    assert isinstance(found, OverallExplanation)
    assert (found.result.index, found.result.surcharge, found.letter) == (225, 50, "C")
    assert [part.pollutant for part in found.parts] == list(CAI.pollutants)
    text = explanation_text(found, "en")
    assert "Added for several bad pollutants: 50" in text
    assert "Decided by Ozone" in text
    missing = explain(CAI, OVERALL, steady(12, **CLEAN | {"o3": None}), HOUR)
    assert "No index: Ozone missing" in explanation_text(missing, "en")


@pytest.mark.parametrize("name", sorted(STANDARDS))
@given(value=st.none() | st.integers(0, 30_000), hours=st.integers(0, 24))
def test_an_explanation_agrees_with_the_grade(name: str, value: int | None, hours: int) -> None:
    standard, rows = STANDARDS[name], steady(hours, **dict.fromkeys(CLEAN, value))
    for key in standard.keys:
        found, graded = explain(standard, key, rows, HOUR), evaluate(standard, key, rows, HOUR)
        if isinstance(found, OverallExplanation):
            assert found.result.grade == graded.grade
        else:
            assert (found.ruling.grade if found.ruling else None) == graded.grade
            assert (found.ruling.index if found.ruling else None) == graded.index
        again = json.loads(json.dumps(found.as_dict()))
        assert (again["standard"], again["hash"]) == (name, standard.hash)
        for lang in ("ko", "en"):
            assert standard.version in explanation_text(found, lang)


@pytest.mark.parametrize("table", sorted({key for one in INDEXED for key in STANDARDS[one].tables}))
@given(value=st.integers(0, 30_000))
def test_an_index_is_the_printed_formula(table: tuple[str, str], value: int) -> None:
    for name in INDEXED:
        ruling = rule(STANDARDS[name], table[0], value, table[1])
        if ruling is None or ruling.row.index is None or ruling.row.high is None:
            continue
        row, (low, high) = ruling.row, ruling.row.index
        reached = Fraction(min(ruling.rounded, row.high) - row.low) / Fraction(row.high - row.low)
        assert ruling.index == floor((high - low) * reached + low + Fraction(1, 2))


def test_every_sentence_has_its_korean() -> None:
    asked = set()

    class Listening(Text):
        def __call__(self, message: str, **values: object) -> str:
            asked.add(message)
            return str(super().__call__(message, **values))

    for name, standard in STANDARDS.items():
        for rows in (steady(24, **CLEAN), steady(24, **dict.fromkeys(CLEAN, 1400)), steady(2)):
            for key in standard.pollutants:
                module._lines(_one(name, key, rows), Listening("en"))
            whole = explain(standard, OVERALL, rows, HOUR)
            assert isinstance(whole, OverallExplanation)
            module._overall_lines(whole, Listening("en"))
    assert asked - set(_catalogue("ko")) - {"PM10", "PM2.5", "NO₂", "SO₂", "CO"} == set()
