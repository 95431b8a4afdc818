"""Flags: what is not believed is marked, never changed and never dropped."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.clock import HOUR
from aq.domain.model import Reading, Station
from aq.domain.pollutants import pollutants
from aq.domain.quality import ECHO_VALUES, HISTORY_HOURS, LIMITS, NEIGHBOURS, flag

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)
END = datetime(2026, 11, 23, 11, tzinfo=UTC)
FULL = {"pm10": 340, "pm25": 140, "o3": 213, "no2": 187, "so2": 26, "co": 41}


def reading(
    values: dict[str, int],
    hour: datetime = END,
    name: str = "가온동",
    flags: dict[str, str] | None = None,
    **place: str,
) -> Reading:
    """A station's reading, or a province's when one is given."""
    station = None if place else Station(name=name, sido="서울")
    return Reading(hour=hour, values=values, station=station, flags=flags or {}, **place)


@pytest.mark.parametrize("key", sorted(pollutants()))
def test_the_range_is_inclusive(key: str) -> None:
    pollutant = pollutants()[key]
    top = int(pollutant.high * pollutant.scale)
    assert flag([reading({key: top})], NOW)[0].flags == {}
    assert flag([reading({key: top + 1})], NOW)[0].flags == {key: "implausible"}


def test_zero_is_a_value() -> None:
    assert flag([reading(dict.fromkeys(FULL, 0))], NOW)[0].flags == {}


def test_t10_an_hour_that_has_not_ended_is_future() -> None:
    (found,) = flag([reading(FULL, END + HOUR)], NOW)
    assert found.flags == dict.fromkeys(FULL, "future")
    assert found.values == FULL


def test_t09_flags_join_the_one_of_the_source_and_stay_when_asked_again() -> None:
    (once,) = flag([reading({"pm10": 99999}, flags={"pm10": "source:점검및교정"})], NOW)
    assert once.flags == {"pm10": "source:점검및교정 | implausible"}
    assert flag([once], NOW) == [once]


def test_a_flag_without_a_value_is_kept() -> None:
    (found,) = flag([reading({}, flags={"pm10": "source:통신장애"})], NOW)
    assert found.flags == {"pm10": "source:통신장애"}


def test_t11_more_pm25_than_pm10_is_left_alone() -> None:
    given_reading = reading({"pm10": 120, "pm25": 350})
    assert flag([given_reading], NOW) == [given_reading]


@pytest.mark.parametrize("key", sorted(LIMITS))
def test_stuck_at_the_hour_that_completes_the_run(key: str) -> None:
    needed = LIMITS[key].stuck_hours
    before = [reading({key: 77}, END - back * HOUR) for back in range(1, needed)]
    assert flag([reading({key: 77})], NOW, before)[0].flags == {key: "stuck"}
    assert flag([reading({key: 77})], NOW, before[:-1])[0].flags == {}
    assert flag([reading({key: 78})], NOW, before)[0].flags == {}


@pytest.mark.parametrize(
    ("key", "hours", "spike"),
    # Runs and distances stand above what three confirmed months of Daejeon's 13 stations hold
    # (October to December 2024): 7, 18, 11, 3, 50, 13 h; 53, 40 µg/m³ and 0.035, 0.042, 0.034,
    # 0.93 ppm.
    [
        ("pm10", 12, 5000),
        ("pm25", 24, 2500),
        ("o3", 16, 1500),
        ("no2", 8, 3000),
        ("so2", 72, 2000),
        ("co", 24, 1000),
    ],
)
def test_the_limits_are_the_numbers_written_down(key: str, hours: int, spike: int) -> None:
    before = [reading({key: 77}, END - back * HOUR) for back in range(1, hours)]
    assert flag([reading({key: 77})], NOW, before)[0].flags == {key: "stuck"}
    assert flag([reading({key: 77})], NOW, before[:-1])[0].flags == {}
    low = spike // 20
    calm = [reading({key: low}, name=f"동{n}") for n in range(5)]
    assert flag([*calm, reading({key: spike + low})], NOW)[-1].flags == {key: "spike"}
    assert flag([*calm, reading({key: spike + low - 1})], NOW)[-1].flags == {}


def test_a_spike_is_so_far_above_the_median_not_so_high() -> None:
    """5,100 beside neighbours of 200 (510 and 20 µg/m³) lies 490 above them: no spike."""
    calm = [reading({"pm10": 200}, name=f"동{n}") for n in range(5)]
    assert flag([*calm, reading({"pm10": 5100})], NOW)[-1].flags == {}
    assert flag([*calm, reading({"pm10": 5200})], NOW)[-1].flags == {"pm10": "spike"}


def test_a_second_station_at_a_third_of_the_height_vouches_for_it() -> None:
    calm = [reading({"pm10": 400}, name=f"동{n}") for n in range(5)]
    second = reading({"pm10": 3000}, name="옆동")
    assert flag([*calm, second, reading({"pm10": 9000})], NOW)[-1].flags == {"pm10": "spike"}
    assert flag([*calm, second, reading({"pm10": 8999})], NOW)[-1].flags == {}


def test_a_hole_or_a_zero_ends_a_run() -> None:
    hours = LIMITS["no2"].stuck_hours * 2
    run = [reading({"no2": 151}, END - back * HOUR) for back in range(1, hours)]
    assert flag([reading({"no2": 151})], NOW, run)[0].flags == {"no2": "stuck"}
    assert flag([reading({"no2": 151})], NOW, run[:3] + run[4:])[0].flags == {}
    zeros = [reading({"no2": 0}, END - back * HOUR) for back in range(1, hours)]
    assert flag([reading({"no2": 0})], NOW, zeros)[0].flags == {}


def test_a_run_of_another_station_of_the_same_name_does_not_count() -> None:
    other = Station(name="가온동", sido="경남")
    run = [
        Reading(hour=END - back * HOUR, values={"no2": 151}, station=other) for back in range(1, 30)
    ]
    assert flag([reading({"no2": 151})], NOW, run)[0].flags == {}


@pytest.mark.parametrize(("key", "value"), [("so2", 30), ("co", 40), ("no2", 150)])
def test_a_gas_of_one_digit_less_is_not_stuck(key: str, value: int) -> None:
    run = [reading({key: value}, END - back * HOUR) for back in range(1, HISTORY_HOURS + 1)]
    assert flag([reading({key: value})], NOW, run)[0].flags == {}
    moved = [reading({key: value + 1}, one.hour) for one in run]
    assert flag([reading({key: value + 1})], NOW, moved)[0].flags == {key: "stuck"}


def test_confirmed_values_are_only_held_against_what_can_be() -> None:
    run = [reading(FULL, END - back * HOUR) for back in range(1, HISTORY_HOURS + 1)]
    assert flag([reading(FULL)], NOW, run, confirmed=True)[0].flags == {}
    (found,) = flag([reading({"pm10": 99999}, END + HOUR)], NOW, run, confirmed=True)
    assert found.flags == {"pm10": "implausible | future"}


def test_t10_an_old_hour_under_a_new_time_is_an_echo() -> None:
    (found,) = flag([reading(FULL)], NOW, [reading(FULL, END - 24 * HOUR)])
    assert found.flags == dict.fromkeys(FULL, "echo")
    moved = FULL | {"o3": FULL["o3"] + 1}
    assert flag([reading(FULL)], NOW, [reading(moved, END - HOUR)])[0].flags == {}
    assert flag([reading(FULL)], NOW, [reading(FULL, END - 25 * HOUR)])[0].flags == {}


COARSE = {"pm10": 340, "pm25": 140, "o3": 210, "no2": 180, "so2": 30, "co": 40}


def test_t56_an_hour_of_three_digits_that_repeats_by_itself_is_no_echo() -> None:
    before = reading(COARSE | {"pm10": 350}, END - HOUR)
    again = [before, reading(COARSE, END - 2 * HOUR)]
    assert flag([reading(COARSE)], NOW, again)[0].flags == {}
    # With the hour before repeating at the same distance it is one.
    run = [*again, reading(COARSE | {"pm10": 350}, END - 3 * HOUR)]
    assert flag([reading(COARSE)], NOW, run)[0].flags == dict.fromkeys(COARSE, "echo")


def test_t56_three_digits_are_an_echo_where_most_stations_repeat() -> None:
    others = [COARSE | {"pm10": 100 + 10 * number} for number in range(4)]
    old = [reading(one, END - 5 * HOUR, f"동{number}") for number, one in enumerate(others)]
    now = [reading(one, END, f"동{number}") for number, one in enumerate(others)]
    assert all(one.flags == dict.fromkeys(COARSE, "echo") for one in flag(now, NOW, old))
    moved = [reading(one | {"o3": 300}, END, f"동{number}") for number, one in enumerate(others)]
    assert not any(one.flags for one in flag([now[0], *moved[1:]], NOW, old))


def test_few_equal_values_are_no_echo() -> None:
    few = dict(list(FULL.items())[: ECHO_VALUES - 1])
    assert flag([reading(few)], NOW, [reading(few, END - HOUR)])[0].flags == {}


def test_t13_a_model_is_neither_stuck_nor_an_echo() -> None:
    series = [reading(FULL, END - back * HOUR, province="KR-11") for back in range(100)]
    assert all(not found.flags for found in flag(series, NOW))


def test_a_spike_stands_alone_among_its_neighbours() -> None:
    calm = [reading({"pm10": 400 + 10 * n}, name=f"동{n}") for n in range(NEIGHBOURS)]
    high = reading({"pm10": 9000})
    assert flag([*calm, high], NOW)[-1].flags == {"pm10": "spike"}
    assert all(not found.flags for found in flag([*calm, high], NOW)[:-1])
    assert flag([*calm[1:], high], NOW)[-1].flags == {}


def test_a_dust_front_is_no_spike() -> None:
    """Half the province high, half low: spread itself is the evidence."""
    low = [reading({"pm10": 600}, name=f"서{n}") for n in range(6)]
    high = [reading({"pm10": 9000}, name=f"동{n}") for n in range(6)]
    assert all(not found.flags for found in flag([*low, *high], NOW))


def test_a_flagged_neighbour_vouches_for_nothing() -> None:
    flagged = {"pm10": "source:장비점검"}
    calm = [reading({"pm10": 400}, name=f"동{n}", flags=flagged) for n in range(9)]
    assert flag([*calm, reading({"pm10": 9000})], NOW)[-1].flags == {}


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        flag([], datetime(2026, 11, 23, 20))  # noqa: DTZ001 - the point of the test


_READINGS = st.lists(
    st.builds(
        reading,
        st.dictionaries(st.sampled_from(sorted(FULL)), st.integers(0, 10**6)),
        st.integers(-30, 1).map(lambda hours: END + timedelta(hours=hours)),
        st.sampled_from(["가온동", "나래동"]),
        st.dictionaries(st.sampled_from(sorted(FULL)), st.just("source:자료이상")),
    ),
    max_size=40,
)


@given(_READINGS)
def test_nothing_is_changed_dropped_or_unflagged(readings: list[Reading]) -> None:
    found = flag(readings, NOW)
    assert [(one.hour, one.station, one.values) for one in found] == [
        (one.hour, one.station, one.values) for one in readings
    ]
    for before, after in zip(readings, found, strict=True):
        assert all(after.flags[key].startswith(text) for key, text in before.flags.items())
        assert set(after.flags) <= set(after.values) | set(before.flags)
