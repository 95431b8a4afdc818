"""Every standard file reads as it should; a broken one is refused with its line."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import colour
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.colour import _SRGB_TO_XYZ, DEFICIENCIES, contrast, distance, lightness, too_alike
from aq.domain.errors import ConfigError
from aq.domain.pollutants import pollutants
from aq.domain.standards import Breakpoints, Row, Standard
from aq.paths import ROOT
from aq.standards_file import load_standards, parse_standard

FOLDER = ROOT / "config" / "standards"
STANDARDS = load_standards(FOLDER)
LIMITS = load_standards(ROOT / "config" / "limits")
HOURLY = (FOLDER / "airkorea_1h.toml").read_text("utf-8")
INDEXED = (FOLDER / "airkorea.toml").read_text("utf-8")
EVERY = pytest.mark.parametrize("standard", STANDARDS.values(), ids=list(STANDARDS))
ANY = pytest.mark.parametrize(
    "standard", [*STANDARDS.values(), *LIMITS.values()], ids=[*STANDARDS, *LIMITS]
)


def test_the_eight_standards_are_there() -> None:
    assert set(STANDARDS) >= {
        "airkorea_1h",
        "airkorea_1h_2015",
        "eu_eaqi_2024",
        "airkorea",
        "airkorea_2015",
        "who_2021",
        "us_epa_2024",
        "eu_eaqi",
    }


def test_limits_are_of_days_with_a_number_of_days_allowed() -> None:
    assert set(LIMITS) >= {"korea", "us_naaqs", "us_naaqs_o3", "eu_2008", "eu_2008_long_term"}
    for limit in LIMITS.values():
        assert len(limit.levels) == 2
        for (key, averaging), points in limit.tables.items():
            assert averaging == ("8h-max" if key == "o3" else "1d")
            assert points.allowed_per_year is not None


@ANY
def test_a_standard_names_sources_words_and_advice(standard: Standard) -> None:
    assert standard.version.startswith(standard.valid_from.isoformat())
    assert all(source.where and source.read <= date(2026, 11, 28) for source in standard.sources)
    for level in standard.levels:
        for texts in (level.labels, level.advice, level.sensitive):
            assert set(texts) == {"ko", "en"}
            assert all(text.strip() for text in texts.values())
    assert len({level.label("ko") for level in standard.levels}) == len(standard.levels)
    assert set(standard.pollutants) <= set(pollutants())


@ANY
def test_cuts_are_the_printed_rows_with_the_rounding_in_them(standard: Standard) -> None:
    """Each row's first and last printed value, and the stored integers beyond, fall as printed."""
    for (key, averaging), points in standard.tables.items():
        for row in points.rows:
            first = round(Fraction(row.low) * 10**points.digits / points.step)
            inside = [s for s in range(max(first - 90, 0), first + 90) if _in(points, row, s)]
            assert inside, (key, averaging, row)
            assert {standard.grade(key, scaled, averaging) for scaled in inside} == {row.grade}
            below = inside[0] - 1
            if below >= points.smallest and row is not points.rows[0]:
                assert points.place(below) == points.rows.index(row) - 1


def _in(points: Breakpoints, row: Row, scaled: int) -> bool:
    """Whether a stored integer lies in a printed row, by decimals instead of cut points."""
    exact = Decimal(scaled) * Decimal(points.step.numerator) / points.step.denominator
    mode = "ROUND_HALF_UP" if points.rounding == "half_up" else "ROUND_DOWN"
    value = exact.to_integral_value(mode).scaleb(-points.digits)
    return value >= row.low and (row.high is None or value <= row.high)


def test_the_hash_is_of_the_content() -> None:
    hashed = STANDARDS["airkorea_1h"].hash
    assert len(hashed) == 64
    assert parse_standard("# a comment\n\n" + HOURLY, "x").hash == hashed
    assert parse_standard(HOURLY.replace("0.0300", "0.03"), "x").hash == hashed
    shown = HOURLY.replace('en = "Korea, hourly"', 'en = "KR"').replace("place = 1 ", "place = 9 ")
    assert shown != HOURLY
    assert parse_standard(shown, "x").hash == hashed
    changed = HOURLY.replace("[31, 80], [81,", "[31, 81], [82,")
    assert parse_standard(changed, "x").hash != hashed


def test_switching_the_surcharge_off_is_one_word() -> None:
    text = INDEXED.replace("applied = true ", "applied = false ")
    made = parse_standard(text, "x").overall
    assert made is not None
    assert made.surcharge is None
    assert STANDARDS["airkorea"].overall.surcharge is not None


PM10 = "[0, 30], [31, 80], [81, 150], [151]"
BROKEN = [
    (PM10, "[0, 30], [32, 80], [81, 150], [151]", "gap or overlap", "rows"),
    (PM10, "[0, 31], [31, 80], [81, 150], [151]", "gap or overlap", "rows"),
    (PM10, "[0, 30], [31, 80], [81]", "4 levels need 4", "rows"),
    (PM10, "[0, 30], [31], [81, 150], [151]", "gap or overlap", "rows"),
    (PM10, "[0, 30.5], [31, 80], [81, 150], [151]", "more than 0 decimals", "rows"),
    (PM10, "[0, 30], [31, 31], [32, 150], [151]", "does not rise", "rows"),
    (PM10, "[0, 30], [31, 80], [81, 150, 101, 250], [151]", "the levels have no index", "rows"),
    (PM10, "[0, 30], [31, 80], [81, 150], [inf]", "not finite", "rows"),
    (PM10, '[0, 30], [31, 80], [81, "150"], [151]', "not a number", "rows"),
    (PM10, "[0, 30], [31, 80, 81], [82, 150], [151]", "a row is", "rows"),
    ("[pollutants.pm10]", "[pollutants.pm11]", "unknown key 'pm11'", "[pollutants.pm11]"),
    ('averaging = "1h"', 'averaging = "2h"', "known are 1h", "averaging"),
    ('averaging = "1h"', 'averaging = "1mo"', "known are 1h", "averaging"),
    ('also = ["1d"]', 'also = ["2d"]', "known are 1h", "also"),
    ('also = ["1d"]', 'also = ["1h"]', "two tables for pm10 over 1h", "averaging"),
    ('rounding = "half_up"', 'rounding = "up"', "known are half_up", "rounding"),
    ('unit = "ppm"', 'unit = "ppb"', "is kept in ppm", "unit"),
    ('unit = "ppm"', 'unit = "µg/m³"', "molar_volume is missing", "[pollutants.o3]"),
    ("digits = 0", "digit = 0", "unknown key 'digit'", "digit ="),
    ("digits = 0", 'digits = "0"', "must be of kind int", "digits"),
    ("digits = 0", "digits = -1", "must be from 0 to 6", "digits"),
    ("digits = 0", "digits = true", "must be of kind int", "digits"),
    ('family = "airkorea_1h"', "", "family is missing", None),
    ("complete = 0.75", "complete = 1.75", "complete is a share", "complete"),
    ("complete = 0.75", 'complete = "most"', "not a number", "complete"),
    ("valid_from = 2018-03-27", "valid_from = 2018", "must be of kind date", "valid_from"),
    ('label = { ko = "보통", en = "Moderate" }', 'label = { ko = "보통" }', "ko, en", "보통"),
    ('letter = "B"', 'letter = "A"', "same letter", "[[levels]]"),
    ('letter = "B"', "", "letter is missing", "[[levels]]"),
    ('letter = "B"', 'letter = "B"\nindex = [0, 50]', "index range or none", "[[levels]]"),
    ('colour = "#5CC08B"', 'colour = "#A6D4FE"', "lightness", "[[levels]]"),
    ('colour = "#E28A0F"', 'colour = "#3F9F6D"', "apart under", "[[levels]]"),
    ('colour = "#E28A0F"', 'colour = "orange"', "must be like", "orange"),
    ('text_colour = "#FFFFFF"', 'text_colour = "#404040"', "hard to read", "#404040"),
]
BROKEN_INDEX = [
    ("[31, 80, 51, 100]", "[31, 80]", "each row needs its index", "rows"),
    ("[31, 80, 51, 100]", "[31, 80, 51, 120]", "lies in no level", "rows"),
    ("[31, 80, 51, 100]", "[31, 80, 52, 100]", "gap or overlap in the index", "rows"),
    ("index = [51, 100]", "index = [52, 100]", "gap or overlap", "index = [52"),
    ("index = [51, 100]", "index = [100, 51]", "first and last", "index = [100"),
    ('rule = "highest_index"', 'rule = "mean"', "known are highest_index", "rule"),
    ('needs = ["pm10"', 'needs = ["pm1"', "known are pm10", "needs"),
    ("from_grade = 3", "from_grade = 5", "must be from 1 to 4", "from_grade"),
    ("[31, 80, 51, 100]", "[31, 80, 51.5, 100]", "index numbers are whole", "rows"),
    ('needs = ["pm10"', 'needs = [["pm10"]', "known are pm10", "needs"),
    ("valid_from = 2018-03-27", "valid_from = 2018-03-27T00:00:00Z", "kind date", "valid_from"),
    (
        "valid_from = 2018-03-27",
        "valid_from = 2018-03-27\nvalid_until = 2018-03-27",
        "after",
        "until",
    ),
    ("complete = 0.75", "complete = 1e-999999", "far too long", "complete"),
    ("applied = true ", "applied = 1 ", "must be of kind bool", "applied"),
    ('averaging = "1h"', 'averaging = "nowcast"', "made for PM only", "averaging"),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "says", "on"),
    [(HOURLY, *case) for case in BROKEN] + [(INDEXED, *case) for case in BROKEN_INDEX],
)
def test_a_broken_file_is_refused_with_its_line(
    text: str, old: str, new: str, says: str, on: str | None
) -> None:
    """The message says what is wrong, and its line holds the key (`on`) it speaks of."""
    assert old in text
    broken = text.replace(old, new, 1)
    with pytest.raises(ConfigError) as caught:
        parse_standard(broken, "x.toml")
    assert says in str(caught.value)
    name, _, line = caught.value.where.partition(":")
    assert name == "x.toml"
    if on is not None:
        assert on in broken.splitlines()[int(line) - 1]


@given(st.sampled_from(sorted(STANDARDS)), st.data())
def test_whatever_is_written_there_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """A line lost or a value replaced by one of another kind ends in a refusal, never a crash."""
    lines = (FOLDER / f"{name}.toml").read_text("utf-8").splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    value = data.draw(
        st.sampled_from(["0", "-1", '"x"', "[]", "[[1]]", "{}", "nan", "true", "1.5"])
    )
    key, equals, _ = lines[place].partition(" = ")
    lines[place] = f"{key} = {value}" if equals and data.draw(st.booleans()) else ""
    made, where = None, ""
    try:
        made = parse_standard("\n".join(lines), "x.toml")
    except ConfigError as error:
        where = error.where
    assert (made is not None and made.tables) or where.startswith("x.toml")


def test_a_file_that_is_no_toml_or_lacks_everything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x\.toml:2: not readable"):
        parse_standard('id = "x"\nid = "y"\n', "x.toml")
    with pytest.raises(ConfigError, match="levels is missing"):
        parse_standard('id = "x"', "x.toml")
    with pytest.raises(ConfigError, match="holds no standard"):
        load_standards(tmp_path)
    (tmp_path / "other.toml").write_text(HOURLY, "utf-8")
    with pytest.raises(ConfigError, match="differs from the file's name"):
        load_standards(tmp_path)
    (tmp_path / "other.toml").write_bytes("좋음".encode("cp949"))
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_standards(tmp_path)


def test_two_standards_of_a_family_cannot_be_in_force_together(tmp_path: Path) -> None:
    for name in ("one", "two"):
        text = INDEXED.replace('id = "airkorea"', f'id = "{name}"')
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="one and two of family 'airkorea'"):
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


def test_deficiencies_are_the_published_matrices() -> None:
    published = {"protanopia": "Protanomaly", "deuteranopia": "Deuteranomaly"}
    for ours, theirs in published.items():
        matrix = colour.blindness.matrix_cvd_Machado2009(theirs, 1.0)
        assert np.allclose(DEFICIENCIES[ours], matrix, atol=1e-6)
    tritan = colour.blindness.matrix_cvd_Machado2009("Tritanomaly", 1.0)
    assert np.allclose(DEFICIENCIES["tritanopia"], tritan, atol=1e-6)


@EVERY
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
    for level in standard.levels:
        assert contrast(level.colour, level.text_colour) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21, abs=1e-4)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    assert contrast("#FFFFFF", "#8E1026") == pytest.approx(9.3, abs=0.05)
