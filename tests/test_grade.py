"""A standard grades as its printed table says; a broken file is refused with its line."""

import csv
from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise
from pathlib import Path

import colour
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.colour import _SRGB_TO_XYZ, DEFICIENCIES, distance, lightness, too_alike
from aq.errors import ConfigError
from aq.grade import Standard, load_standards, parse_standard
from aq.paths import ROOT
from aq.units import pollutants, to_scaled

FOLDER = ROOT / "config" / "standards"
STANDARDS = load_standards(FOLDER)
HOURLY = STANDARDS["airkorea_1h"]
EXAMPLES = sorted((Path(__file__).parent / "standards").glob("*.csv"))


def _rows() -> list[tuple[str, dict[str, str]]]:
    found = []
    for path in EXAMPLES:
        with path.open(encoding="utf-8", newline="") as file:
            found += [(path.stem, row) for row in csv.DictReader(file)]
    return found


@pytest.mark.parametrize(("name", "row"), _rows())
def test_worked_examples(name: str, row: dict[str, str]) -> None:
    scaled = to_scaled(Decimal(row["value"]), pollutants()[row["pollutant"]])
    standard = STANDARDS[name]
    grade = standard.grade(row["pollutant"], scaled, row["averaging"])
    assert grade == (int(row["grade"]) if row["grade"] else None)
    assert (standard.label(grade, "ko") if grade else "") == row["label"]
    index = standard.index(row["pollutant"], scaled, row["averaging"])
    assert index == (int(row["index"]) if row.get("index") else None)


def test_every_standard_has_worked_examples() -> None:
    assert {path.stem for path in EXAMPLES} == set(STANDARDS)


@given(st.sampled_from(sorted(STANDARDS)), st.sampled_from(sorted(pollutants())), st.data())
def test_grades_never_fall_as_values_rise(name: str, key: str, data: st.DataObject) -> None:
    standard = STANDARDS[name]
    averaging = standard.averaging(key) or "1h"
    low = data.draw(st.integers(0, 30_000))
    high = data.draw(st.integers(low, 30_000))
    before, after = standard.grade(key, low, averaging), standard.grade(key, high, averaging)
    assert before is not None
    assert after is not None
    assert 1 <= before <= after <= len(standard.levels)


@pytest.mark.parametrize("key", sorted(pollutants()))
def test_each_cut_lies_half_a_step_above_the_printed_one(key: str) -> None:
    points = HOURLY.pollutants[key]
    scale = pollutants()[key].scale
    half = Decimal(1).scaleb(-points.digits) / 2
    for grade, row in enumerate(points.rows[:-1], start=1):
        upto = row.high or Decimal(0)
        on = int(upto * scale)
        above = int((upto + half) * scale)  # the first value that rounds up, where it is whole
        assert HOURLY.grade(key, on, "1h") == grade
        assert HOURLY.grade(key, above - 1, "1h") == grade
        assert HOURLY.grade(key, above + 1, "1h") == grade + 1


def test_t03_negative_and_other_averages_have_no_grade() -> None:
    assert HOURLY.grade("pm10", -1, "1h") is None
    assert HOURLY.grade("pm10", 800, "24h") is None
    assert HOURLY.grade("o3", 800, "1d") is None
    assert HOURLY.grade("pm10", 805, "1d") == 3
    assert HOURLY.grade("overall", 80, "1h") is None


def test_the_hash_is_of_the_content() -> None:
    text = (FOLDER / "airkorea_1h.toml").read_text("utf-8")
    assert parse_standard("# a comment\n\n" + text, "x").hash == HOURLY.hash
    changed = text.replace("[31, 80], [81,", "[31, 81], [82,")
    assert parse_standard(changed, "x").hash != HOURLY.hash
    assert HOURLY.valid_from == date(2018, 3, 27)


PM10 = "[0, 30], [31, 80], [81, 150], [151]"
BROKEN = [
    (PM10, "[0, 30], [32, 80], [81, 150], [151]", "gap or overlap"),
    (PM10, "[0, 31], [31, 80], [81, 150], [151]", "gap or overlap"),
    (PM10, "[0, 30], [31, 80], [81]", "4 levels need 4"),
    (PM10, "[0, 30.5], [31, 80], [81, 150], [151]", "more than 0 decimals"),
    (PM10, "[0, 30], [31, 31], [32, 150], [151]", "does not rise"),
    ("[pollutants.pm10]", "[pollutants.pm11]", "unknown key 'pm11'"),
    ('averaging = "1h"', 'averaging = "2h"', "known are 1h"),
    ('also = ["1d"]', 'also = ["2d"]', "known are 1h"),
    ('rounding = "half_up"', 'rounding = "up"', "known are half_up"),
    ('unit = "ppm"', 'unit = "ppb"', "is kept in ppm"),
    ("digits = 0", "digit = 0", "unknown key 'digit'"),
    ('family = "airkorea_1h"', "", "family is missing"),
    ('colour = "#46B37B"', 'colour = "#A6D4FE"', "lightness"),
    ('colour = "#C97A00"', 'colour = "#3F9F6D"', "apart under"),
    ('text_colour = "#FFFFFF"', 'text_colour = "#404040"', "hard to read"),
]


@pytest.mark.parametrize(("old", "new", "says"), BROKEN)
def test_a_broken_file_is_refused_with_its_line(old: str, new: str, says: str) -> None:
    text = (FOLDER / "airkorea_1h.toml").read_text("utf-8")
    assert old in text
    with pytest.raises(ConfigError, match=r"x\.toml(:\d+)?: .*") as caught:
        parse_standard(text.replace(old, new, 1), "x.toml")
    assert says in str(caught.value)


def test_a_file_that_is_no_toml_or_lacks_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x\.toml: not readable"):
        parse_standard("id = ", "x.toml")
    with pytest.raises(ConfigError, match="complete|levels"):
        parse_standard('id = "x"', "x.toml")
    with pytest.raises(ConfigError, match="holds no standard"):
        load_standards(tmp_path)
    (tmp_path / "other.toml").write_text((FOLDER / "airkorea_1h.toml").read_text("utf-8"))
    with pytest.raises(ConfigError, match="differs from the file's name"):
        load_standards(tmp_path)


def _reference(one: str, other: str, deficiency: str) -> float:
    seen = []
    for text in (one, other):
        rgb = np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.clip(np.array(DEFICIENCIES[deficiency]) @ colour.models.eotf_sRGB(rgb), 0, 1)
        xyz = 100 * np.array(_SRGB_TO_XYZ) @ linear
        white = np.array([95.047, 100, 108.883])
        spec = colour.XYZ_to_CIECAM02(xyz, white, 64 / np.pi / 5, 20)
        seen.append(colour.JMh_CIECAM02_to_CAM02UCS(np.array([spec.J, spec.M, spec.h])))
    return float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("standard", STANDARDS.values(), ids=list(STANDARDS))
def test_colours_are_told_apart_by_everyone(standard: Standard) -> None:
    colours = [level.colour for level in standard.levels]
    assert too_alike(colours) is None
    for one, other in combinations(colours, 2):
        for deficiency in DEFICIENCIES:
            ours = distance(one, other, deficiency)
            assert ours == pytest.approx(_reference(one, other, deficiency), abs=0.01)
            assert ours >= 15
    falls = [lightness(a) - lightness(b) for a, b in pairwise(colours)]
    assert min(falls) >= 5
