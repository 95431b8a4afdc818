"""Means over windows: exact, missing is never zero, one window agrees with the whole series."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.clock import parse_hour
from aq.series import (
    WINDOW_HOURS,
    Mean,
    Pooled,
    averaged,
    daily,
    mean_at,
    monthly,
    nowcast,
    pool,
    predicted,
    rolling,
    rolling_pooled,
)

HOURS = st.lists(st.none() | st.integers(0, 30_000), min_size=1, max_size=60)
SOLID = st.lists(st.integers(0, 30_000), min_size=24, max_size=48)
AVERAGING = st.sampled_from(sorted(WINDOW_HOURS))
PLAIN = st.sampled_from([1, 8, 24])


@given(
    HOURS, AVERAGING, st.sampled_from(["pm10", "pm25"]), st.sampled_from(["half_up", "truncate"])
)
def test_one_window_agrees_with_the_whole_series(
    values: list[int | None], averaging: str, key: str, rounding: str
) -> None:
    whole = averaged(values, averaging, key, rounding=rounding)
    for end, found in enumerate(whole, start=1):
        assert mean_at(values[:end], averaging, key, rounding=rounding) == found


@given(st.integers(0, 30_000), AVERAGING)
def test_a_constant_series_has_its_own_mean(value: int, averaging: str) -> None:
    # A firm hour near its own 12 h mean counts three quarters in the predicted mean.
    firm = averaging == "24h-predicted" and value >= 700
    expected = floor(Fraction(7, 8) * value + Fraction(1, 2)) if firm else value
    hours = WINDOW_HOURS[averaging]
    assert averaged([value] * 30, averaging, "pm10")[-1] == Mean(expected, hours, hours)


@given(HOURS, PLAIN, st.fractions(Fraction(1, 24), 1))
def test_a_plain_mean_is_of_the_hours_that_are_there(
    values: list[int | None], hours: int, complete: Fraction
) -> None:
    found = rolling(values, hours, complete)
    for end, one in enumerate(found, start=1):
        known = [value for value in values[max(0, end - hours) : end] if value is not None]
        assert (one.hours, one.expected) == (len(known), hours)
        if len(known) < ceil(complete * hours):
            assert one.value is None
        else:
            exact = Decimal(sum(known)) / len(known)
            assert one.value == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(("hours", "least"), [(1, 1), (8, 6), (24, 18)])
def test_three_quarters_of_the_hours_are_needed(hours: int, least: int) -> None:
    enough = [None] * (hours - least) + [100] * least
    assert rolling(enough, hours)[-1] == Mean(100, least, hours)
    too_few = [None] * (hours - least + 1) + [100] * (least - 1)
    assert rolling(too_few, hours)[-1] == Mean(None, least - 1, hours)


@given(SOLID, st.integers(0, 23), PLAIN)
def test_missing_is_not_zero(values: list[int], gone: int, hours: int) -> None:
    holed: list[int | None] = list(values)
    holed[gone] = None
    lowest = min(values)
    for one in rolling(holed, hours, Fraction(1, 24)):
        assert one.value is None or one.value >= lowest


@given(SOLID, st.integers(0, 23), st.integers(0, 5000), PLAIN)
def test_plain_means_never_fall_as_an_hour_rises(
    values: list[int], place: int, more: int, hours: int
) -> None:
    higher = [value + more * (number == place) for number, value in enumerate(values)]
    for before, after in zip(rolling(values, hours), rolling(higher, hours), strict=True):
        assert (before.value is None) == (after.value is None)
        assert (after.value or 0) >= (before.value or 0)


def test_a_window_ends_with_its_hour_and_forgets_the_one_before_it() -> None:
    values = [8000, *[100] * 8]
    found = rolling(values, 8)
    assert found[7].value == mean_at(values[:8], "8h", "o3").value == 1088  # 8700/8 = 1087.5
    assert found[8].value == 100
    assert found[4] == Mean(None, 5, 8)


def test_truncated_means_are_not_rounded_up_first() -> None:
    # 54.96 µg/m³ of PM10 is 54 when decimals are cut off; rounded to 55.0 first it would be 55.
    values = [550] * 15 + [549] * 9
    assert mean_at(values, "24h", "pm10", rounding="truncate").value == 549
    assert mean_at(values, "24h", "pm10").value == 550


# airkorea.or.kr/web/caiCalculator: C24E = (12 C12 + 12 C4) / 24, worked by hand.
PREDICTED = [
    # all hours below M: C12 = 20, C4 = 20
    ([200] * 12, 700, 200, "low and steady"),
    # all at 80: C12 = 80, each of C4 is 0.75 x 80 = 60; (80 + 60) / 2
    ([800] * 12, 700, 700, "high and steady counts three quarters"),
    # eight at 20, four at 100: C12 = 46.67, 100/46.67 = 2.14 > 1.7: C4 = 100; 73.33
    ([200] * 8 + [1000] * 4, 700, 733, "a rise is believed"),
    # eight at 200, four at 80: C12 = 160, 80/160 = 0.5 < 0.9: C4 = 80; 120
    ([2000] * 8 + [800] * 4, 700, 1200, "so is a fall"),
    # three at 60 below M and one at 80 near the mean: C12 = 61.67, 80/61.67 = 1.297, so 60 of it;
    # C4 = 60; (61.667 + 60) / 2 = 60.83
    ([600] * 11 + [800], 700, 608, "only the hour at or above M is reduced"),
]


@pytest.mark.parametrize(("values", "firm", "expected", "why"), PREDICTED)
def test_predicted_mean_by_hand(values: list[int], firm: int, expected: int, why: str) -> None:
    assert predicted(values, firm)[-1] == Mean(expected, 12, 12), why


def test_the_edges_of_the_reduction_belong_to_it() -> None:
    # One hour x among eleven of 80: x / C12 = 1.7 exactly at x = 12 C12 / 1.7 ... by hand:
    # eleven at 103 and one at 187: C12 = (11*103 + 187) / 12 = 110, 187/110 = 1.7.
    # C4 = (3 x 77.25 + 140.25) / 4 = 93; (110 + 93) / 2 = 101.5
    assert predicted([1030] * 11 + [1870], 700)[-1].value == 1015
    # One step more is above 1.7: C12 = 110.0083, C4 = (3 x 77.25 + 187.1) / 4 = 104.7125; 107.36
    assert predicted([1030] * 11 + [1871], 700)[-1].value == 1074
    # Exactly M is reduced: (70 + 52.5) / 2 = 61.25; one step below is not.
    assert predicted([700] * 12, 700)[-1].value == 613
    assert predicted([699] * 12, 700)[-1].value == 699


def test_the_predicted_mean_needs_nine_hours_three_of_four_and_the_newest() -> None:
    steady = [200] * 12
    assert predicted([None] * 3 + steady[:9], 700)[-1] == Mean(200, 9, 12)
    assert predicted([None] * 4 + steady[:8], 700)[-1] == Mean(None, 8, 12)
    assert predicted([*steady[:11], None], 700)[-1] == Mean(None, 11, 12)
    assert predicted([*steady[:8], None, None, 200, 200], 700)[-1] == Mean(None, 10, 12)
    assert predicted([*steady[:8], None, 200, 200, 200], 700)[-1] == Mean(200, 11, 12)


@pytest.mark.parametrize(
    ("newest_first", "expected", "why"),
    [
        # w = 10/40 -> 1/2: (40 + 5 + 2.5) / (1 + 1/2 + 1/4) = 27.142... cut to 27.1
        ([400, 100, 100], 271, "the weight is never below one half"),
        # w = 30/40 = 3/4: (40 + 22.5) / 1.75 = 35.714... cut to 35.7
        ([400, 300], 357, "two hours are enough"),
        # w = 30/40; the second hour is missing: (40 + 0.5625 x 30) / (1 + 0.5625) = 36.4
        ([400, None, 300], 364, "a missing hour is in neither sum"),
        ([None, 300, 300], 300, "the newest may be missing"),
        ([400, None, None, 300], None, "two of the newest three are needed"),
        ([0, 0, 0], 0, "clean air"),
    ],
)
def test_nowcast_by_hand(newest_first: list[int | None], expected: int | None, why: str) -> None:
    assert nowcast(newest_first[::-1])[-1].value == expected, why


@given(st.lists(st.none() | st.integers(0, 9000), min_size=12, max_size=12))
def test_nowcast_lies_between_the_least_and_the_largest(values: list[int | None]) -> None:
    found = nowcast(values)[-1].value
    known = [value for value in values if value is not None]
    assert found is None or min(known) <= found <= max(known)


def test_pooled_windows_weigh_each_station_hour_alike() -> None:
    pairs = [(100, 1), (900, 3)]
    assert rolling_pooled(pairs, 8, Fraction(1, 4))[-1] == Mean(250, 2, 8)
    assert rolling([100, 300], 8, Fraction(1, 4))[-1] == Mean(200, 2, 8)
    assert rolling_pooled([(0, 0), (900, 3)], 8, Fraction(1, 8))[-1] == Mean(300, 1, 8)


def test_windows_that_do_not_exist_and_pm_means_of_gases_are_refused() -> None:
    with pytest.raises(ValueError, match="windows are 1h, 8h"):
        averaged([1], "2h", "pm10")
    with pytest.raises(ValueError, match="made for PM only, not for o3"):
        mean_at([1], "nowcast", "o3")


def test_t02_a_day_is_its_hours_01_to_24() -> None:
    first = parse_hour("2024-10-01 23:00")
    days = daily(first, [(10, 1), (20, 1), (30, 1), None])
    # 23:00 and 24:00 are of the 1st, 01:00 of the 2nd.
    assert days[date(2024, 10, 1)] == Pooled(30, 2, 2, 24)
    assert days[date(2024, 10, 2)] == Pooled(30, 1, 1, 24)
    assert list(days) == [date(2024, 10, 1), date(2024, 10, 2)]


@given(st.lists(st.none() | st.tuples(st.integers(0, 9000), st.integers(1, 40)), max_size=800))
def test_days_and_months_pool_every_station_hour_once(pairs: list[tuple[int, int] | None]) -> None:
    days = daily(datetime(2024, 1, 15, 16, tzinfo=UTC), pairs)
    months = monthly(days)
    for found in (pool(days.values()), pool(months.values())):
        assert (found.total if found else 0) == sum(pair[0] for pair in pairs if pair)
        assert (found.count if found else 0) == sum(pair[1] for pair in pairs if pair)
        assert (found.hours if found else 0) == sum(pair is not None for pair in pairs)


def test_a_month_expects_all_its_hours_and_has_two_digits_more() -> None:
    month = monthly({date(2024, 2, 3): Pooled(1000, 3, 1, 24)})[date(2024, 2, 1)]
    assert month.expected == 29 * 24
    assert (month.mean, month.fine) == (333, 33333)
    assert not month.complete()
    assert pool([]) is None
    assert Pooled(0, 0, 0, 24).mean is None
    assert Pooled(5, 1, 18, 24).complete()
