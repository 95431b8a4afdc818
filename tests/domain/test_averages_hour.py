"""The mean of one hour's window: as in the whole series, and at the edges of each rule."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.averages import WINDOW_HOURS, Mean, averaged, mean_at, nowcast, predicted

HOURS = st.lists(st.none() | st.integers(0, 30_000), min_size=1, max_size=60)
AVERAGING = st.sampled_from(sorted(WINDOW_HOURS))


@given(HOURS, AVERAGING, st.sampled_from(["pm10", "pm25"]))
def test_one_window_agrees_with_the_whole_series(
    values: list[int | None], averaging: str, key: str
) -> None:
    for end, mean in enumerate(averaged(values, averaging, key), start=1):
        assert mean_at(values[:end], averaging, key) == mean


# airkorea.or.kr/web/caiCalculator: C24E = (12 C12 + 12 C4) / 24, worked by hand.
PREDICTED = [
    # all hours below M: C12 = 20, C4 = 20
    ([200] * 12, 700, 200, "low and steady"),
    # all at 80: C12 = 80, each of C4 is 0.75 x 80 = 60; (80 + 60) / 2
    ([800] * 12, 700, 700, "high and steady counts three quarters"),
    # eight at 20, four at 100: C12 = 46.67, 100/46.67 = 2.14 > 1.7: C4 = 100; 73.33
    ([200] * 8 + [1000] * 4, 700, Fraction(2200, 3), "a rise is believed"),
    # eight at 200, four at 80: C12 = 160, 80/160 = 0.5 < 0.9: C4 = 80; 120
    ([2000] * 8 + [800] * 4, 700, 1200, "so is a fall"),
    # three at 60 below M and one at 80 near the mean: C12 = 61.67, 80/61.67 = 1.297, so 60 of it;
    # C4 = 60; (61.667 + 60) / 2 = 60.83
    ([600] * 11 + [800], 700, Fraction(3650, 6), "only the hour at or above M is reduced"),
]


@pytest.mark.parametrize(("values", "firm", "expected", "why"), PREDICTED)
def test_predicted_mean_by_hand(
    values: list[int], firm: int, expected: int | Fraction, why: str
) -> None:
    assert predicted(values, firm)[-1] == Mean(expected, 12, 12), why


def test_the_edges_of_the_reduction_belong_to_it() -> None:
    # Eleven at 103 and one at 187: C12 = (11*103 + 187) / 12 = 110, 187/110 = 1.7.
    # C4 = (3 x 77.25 + 140.25) / 4 = 93; (110 + 93) / 2 = 101.5
    assert predicted([1030] * 11 + [1870], 700)[-1].value == 1015
    # One step more is above 1.7: C12 = 110.0083, C4 = (3 x 77.25 + 187.1) / 4 = 104.7125; 107.36
    assert predicted([1030] * 11 + [1871], 700)[-1].value == Fraction(13201, 24) + Fraction(
        "523.5625"
    )
    # Exactly M is reduced: (70 + 52.5) / 2 = 61.25; one step below is not.
    assert predicted([700] * 12, 700)[-1].value == Fraction("612.5")
    assert predicted([699] * 12, 700)[-1].value == 699


def test_the_predicted_mean_needs_nine_hours_and_three_of_four() -> None:
    steady = [200] * 12
    assert predicted([None] * 3 + steady[:9], 700)[-1] == Mean(200, 9, 12)
    assert predicted([None] * 4 + steady[:8], 700)[-1] == Mean(None, 8, 12)
    assert predicted([*steady[:11], None], 700)[-1] == Mean(200, 11, 12)
    assert predicted([*steady[:8], None, None, 200, 200], 700)[-1] == Mean(None, 10, 12)
    assert predicted([*steady[:8], None, 200, 200, 200], 700)[-1] == Mean(200, 11, 12)


@pytest.mark.parametrize(
    ("newest_first", "expected", "why"),
    [
        # w = 10/40 -> 1/2: (40 + 5 + 2.5) / (1 + 1/2 + 1/4) = 27.142...
        ([400, 100, 100], Fraction(1900, 7), "the weight is never below one half"),
        # w = 30/40 = 3/4: (40 + 22.5) / 1.75 = 35.714...
        ([400, 300], Fraction(2500, 7), "two hours are enough"),
        # w = 30/40; the second hour is missing: (40 + 0.5625 x 30) / (1 + 0.5625) = 36.4
        ([400, None, 300], 364, "a missing hour is in neither sum"),
        ([None, 300, 300], 300, "the newest may be missing"),
        ([400, None, None, 300], None, "two of the newest three are needed"),
        ([0, 0, 0], 0, "clean air"),
    ],
)
def test_nowcast_by_hand(
    newest_first: list[int | None], expected: int | Fraction | None, why: str
) -> None:
    assert nowcast(newest_first[::-1])[-1].value == expected, why


def test_windows_that_do_not_exist_and_pm_means_of_gases_are_refused() -> None:
    with pytest.raises(ValueError, match="windows are 1h, 8h"):
        averaged([1], "2h", "pm10")
    with pytest.raises(ValueError, match="made for PM only, not for o3"):
        mean_at([1], "nowcast", "o3")
