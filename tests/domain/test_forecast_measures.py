"""Measures of forecasts against a plain count, and their intervals against what is known."""

import random
from datetime import date, timedelta

import pytest

from aq.domain.clock import day_bounds
from aq.domain.forecast_measures import LEAST_DAYS, Pair, measures, pairs
from aq.domain.model import DAILY, ForecastNotice

FIRST = date(2025, 11, 1)


def pair(day: int, forecast: int, observed: int, before: int | None = 2, usual: int = 2) -> Pair:
    return Pair(
        day=FIRST + timedelta(days=day), province="KR-11", pollutant="pm25", lead=1,
        forecast=forecast, observed=observed, before=before, usual=usual,
    )  # fmt: skip


def test_the_measures_are_those_of_the_two_by_two_table() -> None:
    # 3 hits, 1 miss, 2 false alarms, 4 quiet days of which one has the grade wrong.
    table = [(3, 3), (4, 3), (3, 3), (2, 3), (3, 2), (3, 1), (1, 1), (2, 2), (2, 2), (1, 2)]
    found = measures([pair(day, *both) for day, both in enumerate(table)])
    assert (found.days, found.bad) == (10, 4)
    assert found.hit_rate.value == 0.5
    assert found.pod.value == 0.75
    assert found.far.value == pytest.approx(2 / 5)
    assert found.csi.value == pytest.approx(3 / 6)
    assert found.bias.value == pytest.approx(5 / 4)
    # Persistence and climatology say 보통 each day: right on 4 of 10.
    assert found.skill_persistence.value == pytest.approx((0.5 - 0.4) / 0.6)
    assert found.skill_climatology.value == pytest.approx((0.5 - 0.4) / 0.6)
    assert found.pod.low is None  # ten days are too few for an interval


def test_what_is_not_defined_is_none() -> None:
    found = measures([pair(day, 2, 2, before=None) for day in range(40)])
    assert found.hit_rate.value == 1
    assert (found.hit_rate.low, found.hit_rate.high) == (1, 1)
    for measure in (found.pod, found.far, found.csi, found.bias, found.skill_persistence):
        assert measure.value is None
    assert found.skill_climatology.value is None  # a reference that is never wrong


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    dice, inside, rounds = random.Random(5), 0, 60
    for _ in range(rounds):
        group = [pair(day, 2, 2 if dice.random() < 0.7 else 1) for day in range(120)]
        rate = measures(group).hit_rate
        assert rate.low is not None
        assert rate.high is not None
        inside += rate.low <= 0.7 <= rate.high
    assert inside / rounds > 0.85


def test_the_same_pairs_give_the_same_interval_and_provinces_of_a_day_go_together() -> None:
    dice = random.Random(1)
    one = [pair(day, 2, dice.choice((1, 2, 3))) for day in range(LEAST_DAYS)]
    assert measures(one) == measures(list(reversed(one)))
    # Seventeen copies of a province are not seventeen times the evidence.
    single, many = measures(one).hit_rate, measures(one * 17).hit_rate
    assert (single.low, single.high) == (many.low, many.high)


def test_pairs_take_the_last_notice_of_the_day_of_issue_and_the_day_before_it() -> None:
    target = date(2025, 12, 10)
    start = day_bounds(date(2025, 12, 9))[0]
    given = [
        ForecastNotice(
            kind=DAILY, pollutant="pm25", day=target, issued_at=start + timedelta(hours=hour),
            words=(("서울", word), ("부산", "예보없음")),
        )
        for hour, word in ((5, "좋음"), (17, "나쁨"))
    ]  # fmt: skip
    observed = {
        ("KR-11", "pm25", target): 3,
        ("KR-11", "pm25", date(2025, 12, 8)): 2,
        ("KR-11", "pm25", date(2025, 12, 9)): 4,
        ("KR-11", "pm25", date(2025, 12, 7)): 2,
        ("KR-26", "pm25", target): 2,
    }
    (found,) = pairs(given, observed)
    assert (found.lead, found.forecast, found.observed) == (1, 3, 3)
    assert (found.before, found.usual) == (2, 2)
