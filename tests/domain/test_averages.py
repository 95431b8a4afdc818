"""Means over windows, days and months: exact, honest about missing hours, equal to plain sums."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.averages import (
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
from aq.domain.clock import KST
from aq.domain.standards import WINDOWS
from aq.paths import ROOT
from aq.standards_file import load_standards

STANDARDS = load_standards(ROOT / "config" / "standards")
HOURS = st.lists(st.none() | st.integers(0, 2500), max_size=60)
PAIRS = st.lists(st.none() | st.tuples(st.integers(0, 9000), st.integers(0, 9)), max_size=60)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def window(values: list, place: int, hours: int) -> list:
    """The window that ends at a place, newest first, shorter at the start."""
    return values[max(0, place - hours + 1) : place + 1][::-1]


def test_every_window_of_a_standard_can_be_made() -> None:
    assert set(WINDOW_HOURS) == set(WINDOWS)
    for standard in STANDARDS.values():
        for (key, averaging), points in standard.tables.items():
            if averaging in WINDOWS:
                made = averaged([10] * 24, averaging, key, standard.complete, points.rounding)
                assert made[-1].value is not None


@given(st.integers(0, 3000), st.sampled_from(sorted(WINDOW_HOURS)))
def test_a_constant_series_has_its_own_mean(value: int, averaging: str) -> None:
    """Only the predicted mean is lower above its threshold: half of it counts three quarters."""
    last = averaged([value] * 30, averaging, "pm10")[-1]
    damped = averaging == "24h-predicted" and value >= 700
    assert last.value == (half_up(Fraction(7 * value, 8)) if damped else value)
    assert last.hours == last.expected == WINDOW_HOURS[averaging]


@given(
    HOURS,
    st.sampled_from(sorted(WINDOW_HOURS)),
    st.sampled_from(["pm10", "pm25"]),
    st.sampled_from(["half_up", "truncate"]),
)
def test_one_window_agrees_with_the_whole_series(
    values: list, averaging: str, key: str, rounding: str
) -> None:
    whole = averaged(values, averaging, key, rounding=rounding)
    for end, found in enumerate(whole, start=1):
        assert mean_at(values[:end], averaging, key, rounding=rounding) == found


@given(HOURS, st.sampled_from([1, 8, 24]), st.sampled_from(["half_up", "truncate"]))
def test_rolling_means_are_plain_means(values: list, hours: int, rounding: str) -> None:
    found = rolling(values, hours, Fraction(3, 4), rounding)
    assert len(found) == len(values)
    for place, mean in enumerate(found):
        known = [value for value in window(values, place, hours) if value is not None]
        assert (mean.hours, mean.expected) == (len(known), hours)
        if len(known) < ceil(Fraction(3, 4) * hours):
            assert mean.value is None
        else:
            exact = Fraction(sum(known), len(known))
            assert mean.value == (half_up(exact) if rounding == "half_up" else floor(exact))


@given(PAIRS, st.sampled_from([8, 24]))
def test_pooled_windows_are_sum_of_sums_by_sum_of_counts(pairs: list, hours: int) -> None:
    for place, mean in enumerate(rolling_pooled(pairs, hours, Fraction(1, 2))):
        known = [pair for pair in window(pairs, place, hours) if pair is not None and pair[1]]
        assert mean.hours == len(known)
        if len(known) * 2 < hours:
            assert mean.value is None
        else:
            exact = Fraction(sum(total for total, _ in known), sum(count for _, count in known))
            assert mean.value == half_up(exact)


def test_a_pair_without_stations_is_a_missing_hour() -> None:
    assert rolling_pooled([(30, 3), (0, 0)], 2, Fraction(1, 2))[-1] == Mean(10, 1, 2)
    assert rolling_pooled([(0, 0)], 1, Fraction(1, 2))[-1] == Mean(None, 0, 1)


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
    assert [mean.value for mean in found[5:]] == [133, 114, 100, 0]


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


def test_cut_means_are_not_rounded_up_first() -> None:
    """54.96 µg/m³ of PM10 is 54 when cut; rounded to 55.0 first it would be 55."""
    values: list[int | None] = [550] * 15 + [549] * 9
    assert mean_at(values, "24h", "pm10", rounding="truncate").value == 549
    assert mean_at(values, "24h", "pm10").value == 550


def _plain_predicted(hours: list, firm: int) -> int | None:
    """The printed formula, in fractions; `hours` newest first."""
    known = [Fraction(value) for value in hours if value is not None]
    newest = [Fraction(value) for value in hours[:4] if value is not None]
    if len(known) < 9 or len(newest) < 3 or hours[0] is None:
        return None
    c12 = sum(known) / len(known)
    share = [
        value * Fraction(3, 4)
        if value >= firm and c12 * Fraction(9, 10) <= value <= c12 * Fraction(17, 10)
        else value
        for value in newest
    ]
    return half_up((12 * c12 + 12 * sum(share) / len(share)) / 24)


@given(st.lists(st.none() | st.integers(0, 1500), max_size=40), st.sampled_from([300, 700]))
def test_the_predicted_mean_is_the_printed_formula(values: list, firm: int) -> None:
    for place, mean in enumerate(predicted(values, firm)):
        assert mean.value == _plain_predicted(window(values, place, 12), firm)


def test_the_predicted_mean_by_hand() -> None:
    # C12 = C4 = 40: below M nothing is damped.
    assert predicted([400] * 12, 700)[-1] == Mean(400, 12, 12)
    # C12 = 70; all of C4 counts 52.5: (70 + 52.5) / 2 = 61.25, halves up.
    assert predicted([700] * 12, 700)[-1].value == 613
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
    assert predicted([*rest, 800, 800, 800, 900], 700)[-1].value == 884
    # 89.9 is below 0.9 of C12 (with 0.1 more elsewhere): C4 = (240 + 89.9) / 4, result 91.2375.
    assert predicted([rest[0] + 1, *rest[1:], 800, 800, 800, 899], 700)[-1].value == 912
    # 170 = 1.7 of C12 = 100 is damped to 127.5, 170.1 is not.
    high = [938] * 4 + [937] * 4 + [933, 933, 934]
    assert sum(high) + 1700 == 12_000
    assert predicted([*high, 1700], 2000)[-1].value == 1063
    assert predicted([*high, 1700], 1000)[-1].value == 1009
    assert predicted([high[0] - 1, *high[1:], 1701], 1000)[-1].value == 1063


def test_t03_nothing_is_predicted_for_an_hour_without_a_value() -> None:
    assert predicted([500] * 12 + [None], 700)[-1] == Mean(None, 11, 12)
    assert predicted([500] * 9 + [None, 500, 500], 700)[-1] == Mean(500, 11, 12)
    assert predicted([500] * 9 + [None, None, 500], 700)[-1] == Mean(None, 10, 12)
    assert predicted([None] * 3 + [500] * 9, 700)[-1] == Mean(500, 9, 12)
    assert predicted([None] * 4 + [500] * 8, 700)[-1] == Mean(None, 8, 12)


def _plain_nowcast(hours: list) -> int | None:
    """The printed formula, in fractions; `hours` newest first."""
    known = {age: Fraction(value) for age, value in enumerate(hours) if value is not None}
    if len([age for age in known if age < 3]) < 2:
        return None
    largest = max(known.values())
    weight = max(min(known.values()) / largest if largest else Fraction(0), Fraction(1, 2))
    total = sum(weight**age * value for age, value in known.items())
    return floor(total / sum(weight**age for age in known))


@given(HOURS)
def test_nowcast_is_the_printed_formula(values: list) -> None:
    for place, mean in enumerate(nowcast(values)):
        assert mean.value == _plain_nowcast(window(values, place, 12))


def test_nowcast_by_hand() -> None:
    # w = 1/2; (40 + 20/2) / (1 + 1/2) = 33.33 µg/m³, cut.
    assert nowcast([200, 400])[-1] == Mean(333, 2, 12)
    # w = 20/25 = 0.8; (25 + 0.8 x 20) / 1.8 = 22.78, cut to 22.7.
    assert nowcast([200, 250])[-1].value == 227
    # The second newest hour is missing: (40 + 20/4) / (1 + 1/4) = 36.
    assert nowcast([200, None, 400])[-1] == Mean(360, 2, 12)
    assert nowcast([200, None, None])[-1] == Mean(None, 1, 12)
    assert nowcast([100] * 9 + [None, None, 100])[-1].value is None
    assert nowcast([9000] + [100] * 12)[-1].value == 100


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


FIRST = datetime(2026, 2, 27, 23, tzinfo=KST)


def test_t02_hour_24_belongs_to_the_day_that_ends() -> None:
    """Hours end at 23:00, 24:00 and 01:00: two of the 27th, one of the 28th."""
    days = daily(FIRST, [(100, 1), (300, 2), (500, 1)])
    assert days == {
        date(2026, 2, 27): Pooled(400, 3, 2, 24),
        date(2026, 2, 28): Pooled(500, 1, 1, 24),
    }
    new_year = daily(datetime(2026, 12, 31, 23, tzinfo=KST), [(1, 1), (1, 1), (1, 1)])
    assert [day.year for day in new_year] == [2026, 2027]


def test_days_and_months_are_pooled_and_say_their_hours() -> None:
    """A month is not the mean of its days: 1 hour of 100 and 3 of 20 are 40, not 60."""
    one, three = Pooled(100, 1, 1, 24), Pooled(60, 3, 3, 24)
    months = monthly({date(2026, 2, 3): three, date(2026, 2, 1): one, date(2026, 3, 1): one})
    assert months == {
        date(2026, 2, 1): Pooled(160, 4, 4, 28 * 24),
        date(2026, 3, 1): Pooled(100, 1, 1, 31 * 24),
    }
    assert months[date(2026, 2, 1)].mean == 40
    assert monthly({date(2024, 2, 29): one})[date(2024, 2, 1)].expected == 29 * 24
    assert pool([]) is None
    assert pool([one, three]) == Pooled(160, 4, 4, 48)


def test_a_mean_of_a_day_has_two_digits_more_and_halves_up() -> None:
    assert (Pooled(200, 3, 3, 24).mean, Pooled(200, 3, 3, 24).fine) == (67, 6667)
    assert (Pooled(1, 8, 8, 24).mean, Pooled(1, 8, 8, 24).fine) == (0, 13)
    assert (Pooled(0, 0, 0, 24).mean, Pooled(0, 0, 0, 24).fine) == (None, None)
    assert Pooled(0, 5, 5, 24).mean == 0


@pytest.mark.parametrize(("hours", "complete"), [(17, False), (18, True), (24, True), (0, False)])
def test_a_day_is_complete_with_18_hours(hours: int, complete: bool) -> None:
    day = Pooled(hours, hours, hours, 24)
    assert day.complete() is complete
    assert day.coverage == Fraction(hours, 24)
    assert day.complete(Fraction(1)) is (hours == 24)


@given(PAIRS)
def test_days_hold_every_hour_once(pairs: list) -> None:
    days = daily(FIRST, pairs)
    together = pool(days.values())
    known = [pair for pair in pairs if pair is not None and pair[1]]
    if together is None:
        assert pairs == []
        return
    assert (together.total, together.count) == (sum(t for t, _ in known), sum(n for _, n in known))
    assert together.hours == len(known)
    last = (FIRST + timedelta(hours=len(pairs) - 1, microseconds=-1)).date()
    assert together.expected == 24 * ((last - FIRST.date()).days + 1)
