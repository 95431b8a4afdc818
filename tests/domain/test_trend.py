"""Trends equal the libraries asked directly, the interval is the same each time, gaps are gaps."""

import math
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pymannkendall
import pytest
from sqlalchemy import insert
from statsmodels.tsa.seasonal import STL

from aq.context import Context
from aq.domain.clock import day_bounds
from aq.domain.provinces import find_province
from aq.domain.trend import LEAST_MONTHS, block_length, interval, smooth, trend
from aq.feeds.registry import FEED_IDS
from aq.i18n import text_in
from aq.queries.months import monthly_trend, months
from aq.store.schema import province_day
from aq.web.pages.trend import figure, months_table, too_few
from aq.web.wording.trend import verdict
from tests.serving import HOUR_20, make_runtime

SEOUL = find_province("서울")


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url, AQ_FEEDS__AIRKOREA__KEY="any")
    yield made
    made.store.close()


def made_up(years: int, slope: float, seed: int = 3, gone: tuple[int, ...] = ()) -> list[float]:
    """Months with a season, noise and `slope` a year; NaN at the places of `gone`."""
    chance = random.Random(seed)
    values = [
        45 + slope * n / 12 + 15 * math.cos(math.pi * n / 6) + chance.gauss(0, 3)
        for n in range(12 * years)
    ]
    return [math.nan if n in gone else value for n, value in enumerate(values)]


@pytest.mark.parametrize("gone", [(), (5, 17, 18, 40, 77)])
@pytest.mark.parametrize("slope", [-1.2, 0.0, 0.7])
def test_test_and_slope_are_the_library_s_own(slope: float, gone: tuple[int, ...]) -> None:
    values = made_up(10, slope, gone=gone)
    one = trend(values)
    assert one is not None
    direct: Any = pymannkendall.seasonal_test(np.array(values), period=12)
    expected = (direct.slope, direct.p, direct.Tau)
    assert (one.slope, one.p, one.tau) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert one.months == 120 - len(gone)
    assert one.certain == direct.h
    assert one.low < one.slope < one.high


def test_the_interval_is_the_same_each_time_and_of_its_seed() -> None:
    values = made_up(8, -0.8, gone=(3, 30))
    slope = -0.8
    assert interval(values, slope, 5) == interval(values, slope, 5)
    assert interval(values, slope, 5) != interval(values, slope, 5, seed=1)


def test_without_noise_the_interval_is_the_slope() -> None:
    values = [10 + 2 * n / 12 + (n % 12) for n in range(72)]
    low, high = interval(values, 2.0, 4)
    assert low == pytest.approx(2.0)
    assert high == pytest.approx(2.0)


def test_the_interval_holds_the_true_slope_mostly() -> None:
    held = 0
    for seed in range(40):
        values = made_up(10, -0.8, seed=seed)
        direct: Any = pymannkendall.seasonal_test(np.array(values), period=12)
        low, high = interval(values, direct.slope, block_length(120), draws=199)
        held += low <= -0.8 <= high
    assert held >= 32


def test_too_few_months_have_no_trend() -> None:
    values = made_up(4, -1.0)
    some = [*values[: LEAST_MONTHS - 1], *[math.nan] * 13]
    assert trend(some) is None
    assert trend([*values[:LEAST_MONTHS], *[math.nan] * 12]) is not None
    assert trend([]) is None


def test_smooth_lines_stop_at_gaps_and_equal_the_library_s() -> None:
    values = made_up(8, -1.0, gone=(30, 50))
    first, last = smooth(values)
    assert (first.first, len(first.trend)) == (0, 30)
    assert (last.first, len(last.trend)) == (51, 45)  # 31 to 49 are 19 months: too short
    direct = STL(np.array(values[51:]), period=12, robust=True).fit().trend
    np.testing.assert_allclose(last.trend, direct, rtol=1e-9)
    assert smooth(made_up(1, 0.0)) == []


def write_days(
    context: Context, feed: str, since: date, until: date, hours: int = 24, slope: float = -1.5
) -> None:
    """Day roll-ups of Seoul's PM10, a station an hour."""
    rows, day = [], since
    while day <= until:
        years = (day - date(2016, 1, 1)).days / 365.25
        mean = 450 + 10 * slope * years + 100 * math.cos(2 * math.pi * years)
        rows.append(
            {
                "pollutant": "pm10",
                "province": SEOUL.id,
                "day": (day - date(1970, 1, 1)).days,
                "feed": FEED_IDS[feed],
                "sum": round(mean) * hours,
                "n": hours,
                "hours": hours,
                "max": round(mean),
                "max_hour": 0,
            }
        )
        day += timedelta(days=1)
    with context.store.write("test") as txn:
        txn.connection.execute(insert(province_day), rows)


def test_months_are_pooled_from_the_most_preferred_feed(context: Context) -> None:
    write_days(context, "archive", date(2024, 1, 1), date(2024, 1, 10))
    write_days(context, "airkorea", date(2024, 1, 1), date(2024, 2, 29), slope=0)
    write_days(context, "openmeteo", date(2024, 1, 1), date(2024, 3, 31), slope=0)
    after, until = day_bounds(date(2024, 1, 20))[0], day_bounds(date(2024, 4, 2))[1]
    table = months(context, "pm10", SEOUL.id, after, until)
    assert list(table["month"]) == [date(2024, n, 1) for n in range(1, 5)]
    assert list(table["feed"])[:3] == ["archive", "airkorea", "openmeteo"]
    assert list(table["hours"]) == [240, 29 * 24, 31 * 24, 0]
    assert list(table["expected"]) == [31 * 24, 29 * 24, 31 * 24, 30 * 24]
    # January is not complete enough, March is a model's, April is empty.
    assert list(table["counts"]) == [False, True, False, False]
    first = (date(2024, 2, 1) - date(2016, 1, 1)).days
    means = [
        round(450 + 100 * math.cos(2 * math.pi * n / 365.25)) for n in range(first, first + 29)
    ]
    assert table["value"][1] == pytest.approx(sum(means) / len(means) / 10, abs=5e-4)


def test_months_of_a_model_count_where_nothing_is_measured(context: Context) -> None:
    write_days(context, "openmeteo", date(2024, 1, 1), date(2024, 3, 31))
    after, until = day_bounds(date(2024, 1, 1))[0], day_bounds(date(2024, 3, 31))[1]
    assert list(months(context, "pm10", SEOUL.id, after, until)["counts"]) == [True] * 3
    assert months(context, "pm10", SEOUL.id, until, until).empty


def test_ten_years_read_in_a_citizens_words(context: Context) -> None:
    write_days(context, "archive", date(2016, 1, 1), date(2025, 12, 31))
    after, until = day_bounds(date(2016, 1, 1))[0], day_bounds(date(2025, 12, 31))[1]
    table, one, stretches = monthly_trend(context, "pm10", SEOUL.code, after, until)
    assert one is not None
    assert one.slope == pytest.approx(-1.5, abs=0.02)
    korean = verdict(table, one, "pm10", text_in("ko"))
    assert korean == "10년 동안 해마다 1.50 µg/m³씩 낮아짐(우연으로 보기 어려움)"
    english = verdict(table, one, "pm10", text_in("en"))
    assert english == "over 10 years lower by 1.50 µg/m³ each year, hardly by chance"
    assert len(months_table(table, stretches, "pm10", text_in("ko"))) == 120
    drawn = figure(context, "pm10", SEOUL.code, after, until, "ko", True)
    assert [len(trace.x) for trace in drawn.data] == [120, 120, 2]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_too_few_months_are_said_plainly(context: Context, lang: str) -> None:
    write_days(context, "archive", date(2024, 10, 1), date(2024, 12, 31))
    after = day_bounds(date(2024, 10, 1))[0]
    table, one, stretches = monthly_trend(context, "pm10", SEOUL.code, after, HOUR_20)
    assert one is None
    assert stretches == []
    words = too_few(table, text_in(lang))
    assert "36" in words
    assert "python -m aq import" in words
    drawn = figure(context, "pm10", SEOUL.code, after, HOUR_20, lang, False)
    assert len(drawn.data) == 1
