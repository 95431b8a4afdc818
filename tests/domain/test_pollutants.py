"""Scaled integers and the one conversion; examples of GRADES: 0.090 ppm O3 is about 177 µg/m³."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.errors import ConfigError
from aq.domain.pollutants import (
    MICROGRAM,
    PPM,
    from_scaled,
    mean_half_up,
    parse_pollutants,
    pollutants,
    to_scaled,
)

TABLE = pollutants()


@pytest.mark.parametrize(
    ("key", "mass", "ppm"),
    [
        ("o3", "176.7", "0.0900"),
        ("no2", "112.9", "0.0600"),
        ("so2", "131.0", "0.0500"),
        ("co", "10310", "9.00"),
    ],
)
def test_t12_mass_becomes_mixing_ratio_at_25_degrees(key: str, mass: str, ppm: str) -> None:
    scaled = to_scaled(Decimal(mass), TABLE[key], MICROGRAM)
    assert from_scaled(scaled, TABLE[key]) == Decimal(ppm)


def test_t12_units_never_mix_silently() -> None:
    with pytest.raises(ValueError, match="no conversion from ppm to µg/m³"):
        to_scaled(Decimal(1), TABLE["pm10"], PPM)
    with pytest.raises(ValueError, match="no conversion"):
        to_scaled(Decimal(1), TABLE["o3"], "ppb")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        to_scaled(Decimal(text), TABLE["pm10"])


@given(st.sampled_from(sorted(TABLE)), st.integers(0, 10**6))
def test_what_is_stored_comes_back_exactly(key: str, scaled: int) -> None:
    assert to_scaled(from_scaled(scaled, TABLE[key]), TABLE[key]) == scaled


def test_floating_point_dust_is_rounded_away() -> None:
    assert to_scaled(Decimal("2.8999999999999998E-3"), TABLE["so2"]) == 29


@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=200))
def test_a_mean_is_half_up_of_the_exact_one(values: list[int]) -> None:
    exact = Decimal(sum(values)) / len(values)
    assert abs(Decimal(mean_half_up(sum(values), len(values))) - exact) <= Decimal("0.5")
    assert mean_half_up(values[0] * 7, 7) == values[0]


def test_a_half_goes_up() -> None:
    assert mean_half_up(161, 2) == 81
    assert mean_half_up(160, 2) == 80


def test_a_broken_table_names_its_file() -> None:
    with pytest.raises(ConfigError, match=r"p.toml.*unit, digits, low, high"):
        parse_pollutants('[pm10]\nunit = "x"\n', "p.toml")
    with pytest.raises(ConfigError, match=r"p.toml.*TOML"):
        parse_pollutants("[pm10", "p.toml")
