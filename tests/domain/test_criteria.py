"""The criteria of advisories on the hours of a zone, by the law's table and by acts that were."""

from datetime import date, timedelta

import pytest

from aq.domain.clock import from_hour_number, hour_number, parse_instant
from aq.domain.criteria import criteria_on, crossings, matching, standings
from aq.domain.model import Advisory

START = hour_number(parse_instant("2025-12-01T01:00+09:00"))


def told(key: str, *values: float | None, start: int = START) -> list[tuple[int, int]]:
    scale = 10_000 if key == "o3" else 10
    series = [
        (start + place, None if value is None else round(value * scale))
        for place, value in enumerate(values)
    ]
    return [(one.level, one.reached) for one in standings(key, series)]


def test_fine_dust_needs_two_hours_in_a_row() -> None:
    assert told("pm25", 80, 60, 80, 74.4, 80, 75, 34) == [
        (0, 1), (0, 0), (0, 1), (0, 0), (0, 1), (1, 0), (0, 0),
    ]  # fmt: skip
    assert told("pm25", 80, None, 80) == [(0, 1), (0, 0), (0, 1)]
    assert told("pm10", 160, 155, 99) == [(0, 1), (1, 0), (0, 0)]
    # Rounded as printed: 74.5 is 75.
    assert told("pm25", 74.5, 74.5)[-1][0] == 1


def test_a_warning_steps_down_to_an_advisory_and_then_ends() -> None:
    levels = [level for level, _ in told("pm25", 80, 160, 151, 150, 76, 74, 40, 34)]
    assert levels == [0, 1, 2, 2, 2, 1, 1, 0]
    assert [level for level, _ in told("pm10", 310, 310, 160, 149, 100, 99)] == [0, 2, 2, 1, 1, 0]
    assert [level for level, _ in told("pm25", 160, 160, 20)] == [0, 2, 0]
    # An hour without a value ends nothing.
    assert [level for level, _ in told("pm25", 80, 80, None, 40)] == [0, 1, 1, 1]


def test_ozone_is_judged_by_the_hour_and_has_three_levels() -> None:
    levels = [level for level, _ in told("o3", 0.1199, 0.12, 0.3, 0.5, 0.4999, 0.2999, 0.1199)]
    assert levels == [0, 1, 2, 3, 2, 1, 0]


def test_the_limits_of_the_year_count() -> None:
    mid = hour_number(parse_instant("2018-06-29T01:00+09:00"))
    assert told("pm25", 80, 80, start=mid)[-1] == (0, 0)
    assert told("pm25", 90, 90, 60, 49, start=mid)[1:] == [(1, 0), (1, 0), (0, 0)]
    assert criteria_on("pm25", date(2014, 5, 1)) is None
    assert told("pm25", 80, 80, start=hour_number(parse_instant("2018-07-01T01:00+09:00")))[-1][0]


def act(hour: int, **more: object) -> Advisory:
    return Advisory(
        pollutant="pm10",
        district="전북",
        zone="서부권역",
        word="주의보",
        issued_at=from_hour_number(hour) + timedelta(minutes=10),
    )


@pytest.mark.parametrize(
    ("key", "values"),
    [
        # The two hours each zone of 전북 had before its acts of a 1 December, as its office told.
        ("pm10", (167, 161)),
        ("pm25", (102, 94)),
        ("pm10", (162, 197)),
        ("pm25", (92, 114)),
        ("pm10", (163, 154)),
        ("pm25", (83, 90)),
    ],
)
def test_acts_of_jeonbuk_came_after_the_second_hour(key: str, values: tuple[int, int]) -> None:
    assert told(key, *values) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ((0.1249, 0.1402), [1, 1]),  # 익산, 28 June 2025
        ((0.1232, 0.1199), [1, 0]),  # 원주 중앙동 alone of 강원 영서남부, 4 May 2024
        ((0.133, 0.101), [1, 0]),  # 당진시, 28 September 2020, the documented row
    ],
)
def test_acts_of_ozone_came_with_the_hour(values: tuple[float, ...], levels: list[int]) -> None:
    assert [level for level, _ in told("o3", *values)] == levels


def test_acts_are_held_against_the_criteria() -> None:
    series = [(START + n, v) for n, v in enumerate((1600, 1600, 1600, 900, 900, 1600, 1600, 800))]
    found = crossings(standings("pm10", series))
    assert [(one.begin - START, one.end and one.end - START) for one in found] == [(1, 3), (6, 7)]
    result = matching([act(START + 1), act(START + 12)], found)
    assert [one.begin - START for _, one in result.met] == [1]
    assert [one.issued_at for one in result.without] == [act(START + 12).issued_at]
    assert [one.begin - START for one in result.not_come] == [6]
    assert crossings(standings("pm10", series[:2]))[0].end is None
