"""An hour through a standard's window: from store rows to value, grade, index, dominant."""

from collections import UserDict
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.averages import averaged
from aq.domain.model import HourMean, ProvinceHour
from aq.domain.pollutants import pollutants
from aq.domain.standards import Standard
from aq.domain.windows import (
    OVERALL,
    Evaluated,
    Rows,
    evaluate,
    evaluate_overall,
    hourly,
    window_hours,
    windowed,
)
from aq.paths import ROOT
from aq.standards_file import load_standards

STANDARDS = load_standards(ROOT / "config" / "standards")
CAI = STANDARDS["airkorea"]
HOUR = 480_000
EVERY = pytest.mark.parametrize("standard", STANDARDS.values(), ids=list(STANDARDS))
KEYS = tuple(pollutants())


def row(**values: int | None) -> ProvinceHour:
    """A store row with one station's value for each pollutant; None is a missing one."""
    known = {key: values.get(key) for key in KEYS}
    means = {key: HourMean(value or 0, int(value is not None)) for key, value in known.items()}
    return ProvinceHour(1, HOUR, "airkorea", means)


def steady(hours: int, **values: int | None) -> dict[int, ProvinceHour]:
    """The same row for so many hours that end with `HOUR`."""
    return {HOUR - back: row(**values) for back in range(hours)}


CLEAN = {"pm10": 200, "pm25": 100, "o3": 250, "no2": 100, "so2": 30, "co": 40}


@EVERY
def test_the_window_is_the_standards(standard: Standard) -> None:
    lengths = {"1h": 1, "8h": 8, "24h": 24, "24h-predicted": 12, "nowcast": 12}
    for key in standard.pollutants:
        assert window_hours(standard, key) == max(
            lengths[points.averaging] for points in standard.ways[key]
        )
    assert window_hours(standard, OVERALL) == max(
        window_hours(standard, key) for key in standard.pollutants
    )


@EVERY
def test_steady_air_is_graded_by_its_own_value(standard: Standard) -> None:
    rows = steady(24, **CLEAN)
    for key, points in standard.pollutants.items():
        found = evaluate(standard, key, rows, HOUR)
        assert found.value == CLEAN[key] / pollutants()[key].scale
        assert found.grade == standard.grade(key, CLEAN[key], points.averaging)
        assert found.index == standard.index(key, CLEAN[key], points.averaging)


@EVERY
def test_without_rows_nothing_is_said(standard: Standard) -> None:
    for key in standard.keys:
        needed = standard.overall.needs if standard.overall and key == OVERALL else ()
        assert evaluate(standard, key, {}, HOUR) == Evaluated(missing=needed)
        assert evaluate(standard, key, steady(24), HOUR) == Evaluated(missing=needed)


@EVERY
@given(st.lists(st.none() | st.integers(0, 6000), min_size=30, max_size=30))
def test_an_hour_agrees_with_the_series(standard: Standard, values: list[int | None]) -> None:
    rows: Rows = {HOUR - 29 + place: row(pm10=value) for place, value in enumerate(values)}
    averaging = standard.averaging("pm10") or ""
    whole = averaged(values, averaging, "pm10", standard.complete)
    assert windowed(standard, "pm10", rows, HOUR) == whole[-1]


def test_a_province_mean_is_pooled_over_its_stations_and_exact() -> None:
    means = {"pm10": HourMean(1001, 2), "o3": HourMean(0, 0)}
    rows = {HOUR: ProvinceHour(1, HOUR, "airkorea", means)}
    assert hourly(rows, "pm10", HOUR) == Fraction(1001, 2)
    assert evaluate(CAI, "co", {HOUR: row(co=35)}, HOUR).figure == Decimal("0.35")
    assert hourly(rows, "o3", HOUR) is None
    assert hourly(rows, "pm10", HOUR - 1) is None


def test_too_few_hours_of_the_window_are_no_value_and_the_gases_stay() -> None:
    rows = steady(8, **CLEAN)
    assert evaluate(CAI, "pm10", rows, HOUR) == Evaluated()
    assert evaluate(CAI, "o3", rows, HOUR).grade == 1
    assert windowed(CAI, "pm10", rows, HOUR).hours == 8
    found = evaluate_overall(CAI, rows, HOUR)
    assert (found.reason, found.missing) == ("needed_missing", ("pm10", "pm25"))
    assert evaluate(CAI, OVERALL, rows, HOUR) == Evaluated(missing=("pm10", "pm25"))


def test_the_hour_after_the_window_does_not_count() -> None:
    rows = steady(24, **CLEAN) | {HOUR + 1: row(pm10=9000), HOUR - 24: row(pm10=9000)}
    for standard in STANDARDS.values():
        assert evaluate(standard, "pm10", rows, HOUR).value == 20.0


def test_cai_is_the_highest_subindex_and_names_it() -> None:
    rows = steady(12, **CLEAN | {"pm25": 240})
    # (100 - 51) / (35 - 16) x (24 - 16) + 51 = 71.6
    assert evaluate(CAI, OVERALL, rows, HOUR) == Evaluated(grade=2, index=72, dominant="pm25")
    assert evaluate(CAI, "pm25", rows, HOUR) == Evaluated(figure=Decimal("24.0"), grade=2, index=72)


@pytest.mark.parametrize(
    ("bad", "index", "grade", "dominant"),
    [
        # PM10 115: 174; O3 0.1200: (250-101)/(0.1500-0.0901) x 0.0299 + 101 = 175.4;
        # NO2 0.1000: (250-101)/(0.2000-0.0601) x 0.0399 + 101 = 143.5
        ({"no2": 1000}, 143, 3, "no2"),
        ({"no2": 1000, "o3": 1200}, 175 + 50, 3, "o3"),
        ({"no2": 1000, "o3": 1200, "co": 1000}, 175 + 75, 3, "o3"),
        ({"no2": 1000, "o3": 1200, "co": 1000, "so2": 1400}, 235 + 75, 4, "so2"),
    ],
)
def test_cai_adds_for_several_bad_pollutants(
    bad: dict[str, int], index: int, grade: int, dominant: str
) -> None:
    found = evaluate(CAI, OVERALL, steady(12, **CLEAN | bad), HOUR)
    assert found == Evaluated(index=index, grade=grade, dominant=dominant)


@pytest.mark.parametrize("gone", ["pm10", "pm25", "no2", "o3"])
def test_cai_needs_four_pollutants(gone: str) -> None:
    rows = steady(12, **CLEAN | {gone: None})
    assert evaluate(CAI, OVERALL, rows, HOUR) == Evaluated(missing=(gone,))
    assert evaluate_overall(CAI, rows, HOUR).missing == (gone,)


def test_cai_does_without_so2_and_co() -> None:
    found = evaluate(CAI, OVERALL, steady(12, **CLEAN | {"so2": None, "co": None}), HOUR)
    assert found.grade == 1


def test_a_standard_of_levels_gives_the_worst_level_as_its_index() -> None:
    european = STANDARDS["eu_eaqi"]
    # O3 0.0600 ppm x 1000 x 48 / 24.055 = 119.7 µg/m³, the third level at 20 °C
    found = evaluate(european, OVERALL, steady(24, **CLEAN | {"o3": 600}), HOUR)
    assert found == Evaluated(grade=3, index=3, dominant="o3")


def test_us_pm10_is_cut_off_once() -> None:
    american = STANDARDS["us_epa_2024"]
    # NowCast of a steady 54.9 is 54.9, cut to 54: still the first level.
    assert evaluate(american, "pm10", steady(12, pm10=549), HOUR).grade == 1
    assert evaluate(american, "pm10", steady(12, pm10=550), HOUR).grade == 2


def test_one_hour_standards_look_at_one_row_only() -> None:
    asked = []

    class Listening(UserDict[int, ProvinceHour]):
        def get(self, hour: int, default: object = None) -> object:
            asked.append(hour)
            return super().get(hour, default)

    rows = Listening(steady(24, **CLEAN))
    assert evaluate(STANDARDS["airkorea_1h"], "pm10", rows, HOUR).grade == 1
    assert asked == [HOUR]
