"""Hours of Korea: 24:00, hour-ending slots, days of hours 01-24."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.clock import (
    HOUR,
    KST,
    Clock,
    day_bounds,
    floor_hour,
    from_hour_number,
    hour_number,
    kst_day,
    kst_iso,
    parse_hour,
    parse_instant,
    parse_since,
    parse_until,
)

DAYS = st.dates(date(1995, 1, 1), date(2100, 12, 30))


def test_t02_24_00_is_the_next_days_midnight() -> None:
    assert parse_hour("2026-08-12 24:00") == parse_hour("2026-08-13 00:00")
    assert kst_iso(parse_hour("2026-12-31 24:00")) == "2027-01-01T00:00:00+09:00"
    assert parse_hour("2024100124") == parse_hour("2024-10-01 24:00")


@pytest.mark.parametrize(
    "text",
    ["2026-08-12 24:01", "2026-08-12 25:00", "2026-02-30 01:00", "2026-08-12", "-", "20:30", ""],
)
def test_an_hour_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each message names the text
        parse_hour(text)


@given(DAYS, st.integers(1, 24))
def test_every_label_belongs_to_its_own_day(day: date, hour: int) -> None:
    moment = parse_hour(f"{day:%Y-%m-%d} {hour:02}:00")
    assert kst_day(moment) == day
    after, until = day_bounds(day)
    assert after < moment <= until


@given(st.integers(200_000, 900_000))
def test_hour_numbers_come_back(number: int) -> None:
    assert hour_number(from_hour_number(number)) == number


@given(DAYS)
def test_a_day_is_24_hours_between_since_and_until(day: date) -> None:
    text = day.isoformat()
    assert parse_until(text) - parse_since(text) == 24 * HOUR
    assert parse_until(text) == parse_since((day + timedelta(days=1)).isoformat())


def test_an_instant_needs_an_offset() -> None:
    assert parse_instant("2026-11-23T20:00+09:00") == datetime(2026, 11, 23, 11, tzinfo=UTC)
    with pytest.raises(ValueError, match=r"offset.*\+09:00"):
        parse_instant("2026-11-23T20:00")
    with pytest.raises(ValueError, match="2026-11-23"):
        hour_number(datetime(2026, 11, 23, 20))  # noqa: DTZ001


def test_only_full_hours_have_a_number() -> None:
    with pytest.raises(ValueError, match="full hour"):
        hour_number(datetime(2026, 11, 23, 20, 1, tzinfo=UTC))
    assert floor_hour(datetime(2026, 11, 23, 20, 59, tzinfo=KST)).minute == 0


def test_the_clock_stands_still_or_runs_at_the_speed_given() -> None:
    still = Clock.from_text("2026-11-23T20:25+09:00")
    assert still.now() == still.now()
    assert still.speed == 0
    ticks = iter([100.0, 102.0])
    fast = Clock(datetime(2026, 1, 1, tzinfo=UTC), 3600, 100.0, lambda: next(ticks))
    assert (fast.now(), fast.now()) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 2, tzinfo=UTC),
    )
    assert Clock.from_text("").start is None
    with pytest.raises(ValueError, match="offset"):
        Clock.from_text("2026-11-23T20:25")


def test_a_clock_runs_at_most_a_million_times_as_fast() -> None:
    assert Clock.from_text("2026-11-23T20:00:00+09:00@1000000").speed == 1_000_000
    with pytest.raises(ValueError, match="1,000,000"):
        Clock.from_text("2026-11-23T20:00:00+09:00@1000001")
