"""Figures: 17 provinces always, gaps as gaps, bands where the grades change, little to send."""

import json
import math

import numpy as np
import plotly.io as pio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aq.domain.pollutants import pollutants
from aq.domain.provinces import PROVINCES
from aq.i18n import text_in
from aq.paths import SHIPPED
from aq.web.charts import province_line as charts
from aq.web.charts import template
from aq.web.charts.downsample import MOST_POINTS, kept, stretches
from aq.web.charts.station_map import MAP_CONFIG
from aq.web.charts.theme import LIGHT
from aq.web.drawings.bands import level_bands
from tests.pages import STANDARD, hours

KO = text_in("ko")
SHAPES = json.loads((SHIPPED / "provinces.geojson").read_text("utf-8"))
STYLE = charts.LineStyle(
    standard=STANDARD, pollutant="pm10", unit="µg/m³", digits=0, revision="KR-11 pm10"
)


def test_shapes_are_the_17() -> None:
    assert {one["id"] for one in SHAPES["features"]} == {one.code for one in PROVINCES}


def test_map_asks_no_other_machine() -> None:
    assert MAP_CONFIG["topojsonURL"].startswith("data:")


def test_a_gap_stays_a_gap_and_is_named() -> None:
    values: list[float | None] = [50.0] * 60 + [None] * 9 + [40.0] * 99
    figure = charts.province_line(hours(values), STYLE, KO, LIGHT)
    line = next(trace for trace in figure.data if trace.line.color == LIGHT.ink)
    assert int(np.isnan(np.asarray(line.y, dtype=float)).sum()) == 9
    assert line.connectgaps is False
    assert any(note.text == "통신장애 9시간" for note in figure.layout.annotations)
    hatched = next(trace for trace in figure.data if trace.fill == "toself")
    assert hatched.fillpattern.shape == "/"


def test_a_short_gap_is_hatched_without_words() -> None:
    figure = charts.province_line(hours([50.0] * 80 + [None] + [50.0] * 80), STYLE, KO, LIGHT)
    assert sum(trace.fill == "toself" for trace in figure.data) == 1
    assert not any("시간" in note.text for note in figure.layout.annotations)


def test_model_values_are_dashed() -> None:
    observed = charts.province_line(hours([1.0] * 48), STYLE, KO, LIGHT)
    modelled = charts.province_line(hours([1.0] * 48, kind="modelled"), STYLE, KO, LIGHT)
    assert [one.line.dash for one in observed.data if one.mode == "lines"] == ["solid"]
    assert [one.line.dash for one in modelled.data if one.mode == "lines"] == ["5px,3px"]


@pytest.mark.parametrize("key", ["pm10", "pm25", "o3", "no2", "so2", "co"])
@given(share=st.floats(0, 3))
def test_the_band_a_value_lies_in_is_its_grade(key: str, share: float) -> None:
    bands = level_bands(STANDARD, key)
    assert [level.letter for _, _, level in bands] == ["A", "B", "C", "D"]
    assert bands[-1][1] == math.inf
    scaled = round(share * bands[-1][0] * pollutants()[key].scale)
    value = scaled / pollutants()[key].scale
    low, high, level = next(band for band in bands if value < band[1])
    grade = STANDARD.grade(key, scaled, "1h")
    assert grade is not None
    assert level == STANDARD.level(grade)
    assert low <= value < high  # a band ends where the next begins


def test_bands_are_labelled_at_the_edge() -> None:
    figure = charts.province_line(hours([200.0] * 48), STYLE, KO, LIGHT)
    words = [note.text for note in figure.layout.annotations]
    assert [one for one in words if one.startswith("<b>")] == [
        "<b>A</b> 좋음",
        "<b>B</b> 보통",
        "<b>C</b> 나쁨",
        "<b>D</b> 매우나쁨",
    ]


def test_an_axis_begins_at_zero_and_holds_the_peak() -> None:
    figure = charts.province_line(hours([10.0, 500.0, 20.0]), STYLE, KO, LIGHT)
    low, high = figure.layout.yaxis.range
    assert low == 0
    assert high > 500


def test_every_figure_carries_the_small_template_alone() -> None:
    assert pio.templates.default == "aq"
    figure = charts.province_line(hours([50.0] * 9), STYLE, KO, LIGHT)
    assert set(figure.to_plotly_json()["layout"]["template"]["data"]) == set(template.TRACES)


def test_a_year_of_hours_is_small_to_send() -> None:
    generator = np.random.default_rng(17)
    values = (60 + 30 * np.sin(np.arange(8760) / 9) + generator.normal(0, 5, 8760)).tolist()
    figure = charts.province_line(hours(values), STYLE, KO, LIGHT)
    assert len(figure.to_json()) < 120_000


_GAPPY = st.lists(
    st.one_of(st.floats(0, 500, width=32), st.just(float("nan"))), min_size=1, max_size=400
)


@settings(deadline=None)
@given(_GAPPY)
def test_thinning_keeps_gaps_ends_and_extremes(numbers: list[float]) -> None:
    values = np.array(numbers)
    index = kept(values, most=40)
    assert list(index) == sorted(set(index.tolist()))
    drawn = values[index]
    if np.isnan(values).all():
        assert np.isnan(drawn).all()
        return
    assert np.nanmax(drawn) == np.nanmax(values)
    assert np.nanmin(drawn) == np.nanmin(values)
    assert len(stretches(drawn)) == len(stretches(values))
    for first, last in stretches(values):
        assert {first, last - 1} <= set(index.tolist())


def test_thinning_leaves_a_screenful_alone() -> None:
    values = np.arange(MOST_POINTS, dtype="float64")
    assert len(kept(values)) == MOST_POINTS
