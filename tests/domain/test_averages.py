"""Means over windows of hours: exact, honest about missing hours, equal to plain sums."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.averages import (
    WINDOW_HOURS,
    Mean,
    averaged,
    mean_at,
    nowcast,
    predicted,
    rolling,
)
from aq.domain.standards import WINDOWS
from aq.paths import ROOT
from aq.standards_file import load_standards

STANDARDS = load_standards(ROOT / "config" / "standards")
HOURS = st.lists(st.none() | st.integers(0, 2500), max_size=60)
EXACT = st.lists(st.none() | st.fractions(0, 2500, max_denominator=40), max_size=40)


def window(values: list, place: int, hours: int) -> list:
    """The window that ends at a place, newest first, shorter at the start."""
    return values[max(0, place - hours + 1) : place + 1][::-1]


def test_every_window_of_a_standard_can_be_made() -> None:
    assert set(WINDOW_HOURS) == set(WINDOWS)
    for standard in STANDARDS.values():
        for key, averaging in standard.tables:
            if averaging in WINDOWS:
                made = averaged([10] * 24, averaging, key, standard.complete)
                assert made[-1].value is not None


@given(st.integers(0, 3000), st.sampled_from(sorted(WINDOW_HOURS)))
def test_a_constant_series_has_its_own_mean(value: int, averaging: str) -> None:
    """Only the predicted mean is lower above its threshold: half of it counts three quarters."""
    last = averaged([value] * 30, averaging, "pm10")[-1]
    damped = averaging == "24h-predicted" and value >= 700
    assert last.value == (Fraction(7 * value, 8) if damped else value)
    assert last.hours == last.expected == WINDOW_HOURS[averaging]


@given(HOURS | EXACT, st.sampled_from(sorted(WINDOW_HOURS)), st.sampled_from(["pm10", "pm25"]))
def test_one_window_agrees_with_the_whole_series(values: list, averaging: str, key: str) -> None:
    for end, mean in enumerate(averaged(values, averaging, key), start=1):
        assert mean_at(values[:end], averaging, key) == mean


@given(HOURS | EXACT, st.sampled_from([1, 8, 24]))
def test_rolling_means_are_plain_means(values: list, hours: int) -> None:
    found = rolling(values, hours, Fraction(3, 4))
    assert len(found) == len(values)
    for place, mean in enumerate(found):
        known = [value for value in window(values, place, hours) if value is not None]
        assert (mean.hours, mean.expected) == (len(known), hours)
        if len(known) < ceil(Fraction(3, 4) * hours):
            assert mean.value is None
        else:
            assert mean.value == Fraction(sum(known), len(known))


@pytest.mark.parametrize(("hours", "least"), [(8, 6), (24, 18)])
def test_a_window_needs_three_quarters_of_its_hours(hours: int, least: int) -> None:
    values: list[int | None] = [100] * least
    series = [None] * (hours - least) + values
    assert rolling(series, hours)[-1] == Mean(100, least, hours)
    assert rolling([None, *series[:-1], None], hours)[-1] == Mean(None, least - 1, hours)
    # At the start of a series, hours that are not there are missing too.
    found = rolling(values, hours)
    assert [mean.value for mean in found] == [None] * (least - 1) + [100]
    assert found[0] == Mean(None, 1, hours)


@pytest.mark.parametrize("averaging", sorted(WINDOW_HOURS))
def test_t08_missing_is_not_zero_and_zero_is_not_missing(averaging: str) -> None:
    gaps = [500 if hour % 6 else None for hour in range(49)][:-1]
    assert averaged(gaps, averaging, "pm10")[-1].value == 500
    assert averaged([0] * 24, averaging, "pm10")[-1].value == 0
    assert averaged([None] * 24, averaging, "pm10")[-1] == Mean(None, 0, WINDOW_HOURS[averaging])
    assert averaged([], averaging, "pm10") == []


def test_an_hour_leaves_its_window() -> None:
    found = rolling([800, *[0] * 8], 8)
    assert [mean.value for mean in found[5:]] == [Fraction(800, 6), Fraction(800, 7), 100, 0]


@given(
    st.lists(st.integers(0, 3000), min_size=24, max_size=40),
    st.integers(0, 23),
    st.integers(0, 5000),
    st.sampled_from([1, 8, 24]),
)
def test_plain_means_never_fall_as_an_hour_rises(
    values: list, place: int, more: int, hours: int
) -> None:
    higher = [value + more * (number == place) for number, value in enumerate(values)]
    for before, after in zip(rolling(values, hours), rolling(higher, hours), strict=True):
        assert (before.value is None) == (after.value is None)
        assert (after.value or 0) >= (before.value or 0)


def _plain_predicted(hours: list, firm: int) -> Fraction | None:
    """The printed formula, in fractions; `hours` newest first."""
    known = [Fraction(value) for value in hours if value is not None]
    newest = [Fraction(value) for value in hours[:4] if value is not None]
    if len(known) < 9 or len(newest) < 3:
        return None
    c12 = sum(known) / len(known)
    share = [
        value * Fraction(3, 4)
        if value >= firm and c12 * Fraction(9, 10) <= value <= c12 * Fraction(17, 10)
        else value
        for value in newest
    ]
    return (12 * c12 + 12 * sum(share) / len(share)) / 24


@given(EXACT | st.lists(st.none() | st.integers(0, 1500), max_size=40), st.sampled_from([300, 700]))
def test_the_predicted_mean_is_the_printed_formula(values: list, firm: int) -> None:
    for place, mean in enumerate(predicted(values, firm)):
        assert mean.value == _plain_predicted(window(values, place, 12), firm)


def test_the_predicted_mean_by_hand() -> None:
    # C12 = C4 = 40: below M nothing is damped.
    assert predicted([400] * 12, 700)[-1] == Mean(400, 12, 12)
    # C12 = 70; all of C4 counts 52.5: (70 + 52.5) / 2 = 61.25.
    assert predicted([700] * 12, 700)[-1].value == Fraction("612.5")
    # 69.9 is below M = 70.
    assert predicted([699] * 12, 700)[-1].value == 699
    # Eight at 200, four at 80: C12 = 160, and 80 is half of it: a fall is believed.
    assert predicted([2000] * 8 + [800] * 4, 700)[-1].value == 1200
    # C12 = (11 x 30 + 120) / 12 = 37.5; 120 is 3.2 of it, so C4 = (90 + 120) / 4 = 52.5.
    assert predicted([300] * 11 + [1200], 700)[-1].value == 450
    # C12 = 100 exactly and the newest hour 90 = 0.9 of it: damped to 67.5. The other three are 80,
    # 0.8 of C12: not damped. C4 = (240 + 67.5) / 4 = 76.875, result 88.4375.
    rest = [1087] * 6 + [1089, 1089]
    assert sum(rest) + 3 * 800 + 900 == 12_000
    assert predicted([*rest, 800, 800, 800, 900], 700)[-1].value == Fraction("884.375")
    # 89.9 is below 0.9 of C12 (with 0.1 more elsewhere): C4 = (240 + 89.9) / 4, result 91.2375.
    assert predicted([rest[0] + 1, *rest[1:], 800, 800, 800, 899], 700)[-1].value == Fraction(
        "912.375"
    )
    # 170 = 1.7 of C12 = 100 is damped to 127.5, 170.1 is not.
    high = [938] * 4 + [937] * 4 + [933, 933, 934]
    assert sum(high) + 1700 == 12_000
    # C4 = (280 + 170) / 4 = 112.5 or (280 + 127.5) / 4 = 101.875, and half of each.
    assert predicted([*high, 1700], 2000)[-1].value == Fraction("1062.5")
    assert predicted([*high, 1700], 1000)[-1].value == Fraction("1009.375")
    assert predicted([high[0] - 1, *high[1:], 1701], 1000)[-1].value == Fraction("1062.625")


def test_t03_nine_of_twelve_and_three_of_four_are_needed_and_not_the_newest() -> None:
    assert predicted([500] * 12 + [None], 700)[-1] == Mean(500, 11, 12)
    assert predicted([500] * 12 + [None, None], 700)[-1] == Mean(None, 10, 12)
    assert predicted([500] * 9 + [None, 500, 500], 700)[-1] == Mean(500, 11, 12)
    assert predicted([500] * 9 + [None, None, 500], 700)[-1] == Mean(None, 10, 12)
    assert predicted([None] * 3 + [500] * 9, 700)[-1] == Mean(500, 9, 12)
    assert predicted([None] * 4 + [500] * 8, 700)[-1] == Mean(None, 8, 12)


def _plain_nowcast(hours: list) -> Fraction | None:
    """The printed formula, in fractions; `hours` newest first."""
    known = {age: Fraction(value) for age, value in enumerate(hours) if value is not None}
    if len([age for age in known if age < 3]) < 2:
        return None
    largest = max(known.values())
    weight = max(min(known.values()) / largest if largest else Fraction(0), Fraction(1, 2))
    total = sum(weight**age * value for age, value in known.items())
    return total / sum(weight**age for age in known)


@given(HOURS | EXACT)
def test_nowcast_is_the_printed_formula(values: list) -> None:
    for place, mean in enumerate(nowcast(values)):
        assert mean.value == _plain_nowcast(window(values, place, 12))


def test_nowcast_by_hand() -> None:
    # w = 1/2; (40 + 20/2) / (1 + 1/2) = 33.33 µg/m³.
    assert nowcast([200, 400])[-1] == Mean(Fraction(1000, 3), 2, 12)
    # w = 20/25 = 0.8; (25 + 0.8 x 20) / 1.8 = 22.78.
    assert nowcast([200, 250])[-1].value == Fraction(4100, 18)
    # The second newest hour is missing: (40 + 20/4) / (1 + 1/4) = 36.
    assert nowcast([200, None, 400])[-1] == Mean(360, 2, 12)
    assert nowcast([200, None, None])[-1] == Mean(None, 1, 12)
    assert nowcast([100] * 9 + [None, None, 100])[-1].value is None
    assert nowcast([9000] + [100] * 12)[-1].value == 100
    # 17.41, worked out with EPA's weights (0.5 at the least) by hand.
    hours = [13, 16, 10, 21, 74, 64, 53, 82, 90, 75, 80, 50]
    value = nowcast([10 * hour for hour in reversed(hours)])[-1].value
    assert STANDARDS["us_epa_2024"].figure("pm25", value, "nowcast") == Decimal("17.4")


@given(HOURS, st.sampled_from(["1h", "8h", "24h", "nowcast"]))
def test_a_mean_lies_within_its_window(values: list, averaging: str) -> None:
    for place, mean in enumerate(averaged(values, averaging, "pm25")):
        known = [v for v in window(values, place, WINDOW_HOURS[averaging]) if v is not None]
        if mean.value is not None:
            assert min(known) <= mean.value <= max(known)


def test_averaging_times_that_end_with_no_hour_are_refused() -> None:
    for make in (averaged, mean_at):
        with pytest.raises(ValueError, match="'1d'; windows are 1h"):
            make([1], "1d", "pm10")
        for averaging in ("24h-predicted", "nowcast"):
            with pytest.raises(ValueError, match="made for PM only, not for o3"):
                make([1], averaging, "o3")


@pytest.mark.parametrize(
    ("share", "hours", "needed"),
    [
        (Fraction(3, 4), 24, 18),
        (Fraction(3, 4), 8, 6),
        (Fraction(2, 3), 8, 6),
        (Fraction(1, 2), 9, 5),
    ],
)
def test_a_share_that_is_no_whole_number_of_hours_asks_for_the_next(
    share: Fraction, hours: int, needed: int
) -> None:
    """Two thirds of eight hours are 5.33: six are needed."""
    for known, enough in ((needed, True), (needed - 1, False)):
        series = [None] * (hours - known) + [10] * known
        assert (rolling(series, hours, share)[-1].value is not None) == enough
