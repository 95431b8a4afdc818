"""The simulated world: stations, air, flags, history; the same for a seed and an hour."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aq.domain.clock import HOUR, hour_number, kst_day
from aq.domain.errors import InputError
from aq.domain.model import URBAN
from aq.domain.pollutants import pollutants
from aq.domain.provinces import PROVINCES
from aq.paths import ROOT
from aq.simulator.places import FEWEST, ROADSIDE, make_sites
from aq.simulator.world import DEAD_SINCE, World, history, hour_range
from tests.simulating import COUNT

pytest_plugins = ("tests.simulator_fixtures",)


def test_stations_are_as_many_and_of_the_kinds_of_reality() -> None:
    sites = make_sites(657)
    networks = Counter(site.network for site in sites)
    assert sorted(networks.values()) == [11, 27, 30, 61, 528]
    provinces = Counter(site.province.ko for site in sites)
    assert provinces["경기"] == 125
    assert provinces["세종"] == 6
    assert len({site.code for site in sites}) == 657
    assert all(len(site.code) == 6 and site.code.isdigit() for site in sites)


@given(st.integers(FEWEST, 1500))
@settings(max_examples=15, deadline=None)
def test_any_number_of_stations_gives_each_province_two_and_an_urban_one(number: int) -> None:
    sites = make_sites(number)
    assert len(sites) == number
    for province in PROVINCES:
        own = [site for site in sites if site.province is province]
        assert len(own) >= 2
        assert any(site.network == URBAN for site in own)


def test_t31_a_name_is_unique_but_for_one_that_two_provinces_share() -> None:
    names = Counter(site.name for site in make_sites(650))
    assert [name for name, times in names.items() if times > 1] == ["고성"]
    twins = [site for site in make_sites(650) if site.name == "고성"]
    assert {site.province.ko for site in twins} == {"강원", "경남"}
    assert twins[0].code != twins[1].code


@pytest.mark.parametrize("number", [FEWEST - 1, 5001])
def test_a_number_of_stations_out_of_bounds_is_refused(number: int) -> None:
    with pytest.raises(InputError, match=f"{number} stations: give a number from 34 to 5000"):
        World(number)


def same(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(one.values[key], other.values[key])
        and np.array_equal(one.flags[key], other.flags[key])
        for key in pollutants()
    )


@given(
    seed=st.integers(0, 2**31 - 1),
    hour=st.integers(420_000, 560_000),
    before=st.integers(0, 30),
    place=st.integers(0, 39),
)
@settings(max_examples=25, deadline=None)
def test_an_hour_of_a_station_is_the_same_however_it_is_asked(
    seed: int, hour: int, before: int, place: int
) -> None:
    alone = World(40, seed).block(np.array([hour]), [place])
    much = World(40, seed).block(np.arange(hour - before, hour + 5))
    for key in pollutants():
        assert alone.values[key][0, 0] == much.values[key][before, place]
        assert alone.flags[key][0, 0] == much.flags[key][before, place]


def test_another_process_measures_the_same(world: World) -> None:
    code = (
        "import numpy as np; from aq.simulator.world import DEAD_SINCE, World;"
        f"b = World({COUNT}, 17).block(np.arange(498000, 498024));"
        "print(sum(int(v.sum()) for v in b.values.values()))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    here = world.block(np.arange(498000, 498024))
    assert int(out.stdout) == sum(int(values.sum()) for values in here.values.values())


def test_another_seed_is_another_air(world: World) -> None:
    hours = np.arange(498000, 498024)
    assert not same(world.block(hours), World(COUNT, seed=18).block(hours))


@pytest.fixture(scope="module")
def year(world: World) -> Any:
    until = datetime(2026, 4, 30, 15, tzinfo=UTC)
    return world.block(hour_range(until - timedelta(days=365), until), range(0, COUNT, 3))


def test_seasons_and_days_have_their_course(year: Any) -> None:
    clock, day = (year.hours + 9) % 24, (year.hours + 9) // 24 % 365
    winter, summer = (day < 75) | (day > 345), (day > 170) & (day < 245)
    pm25, ozone, no2 = (year.trusted(key) for key in ("pm25", "o3", "no2"))
    assert np.nanmean(pm25[winter]) > 1.3 * np.nanmean(pm25[summer])
    assert np.nanmean(ozone[summer & (clock == 15)]) > 2 * np.nanmean(ozone[summer & (clock == 5)])
    assert np.nanmean(no2[clock == 9]) > 1.4 * np.nanmean(no2[clock == 3])
    networks = np.array([site.network for site in year.sites])
    assert np.nanmean(no2[:, networks == ROADSIDE]) > 1.2 * np.nanmean(no2[:, networks == URBAN])


def test_values_are_plausible_and_some_are_flagged(year: Any) -> None:
    for key, pollutant in pollutants().items():
        scale = 10 if key.startswith("pm") else 1
        numbers = year.values[key][year.values[key] >= 0] * scale
        low, high = pollutant.span
        assert low <= int(numbers.min()) <= int(numbers.max()) <= high
        assert 0.004 < np.mean(year.flags[key] > 0) < 0.03
    kept = (year.flags["pm10"] > 1) & (year.values["pm10"] >= 0)
    lost = (year.flags["pm10"] > 1) & (year.values["pm10"] < 0)
    assert 0 < kept.sum() < lost.sum()


def test_t11_pm25_is_above_pm10_at_times_but_not_often(year: Any) -> None:
    share = np.mean(year.values["pm25"] > year.values["pm10"])
    assert 0.002 < share < 0.07


def test_an_outage_takes_all_pollutants_of_a_station_for_hours(year: Any) -> None:
    down = np.all([year.flags[key] == 1 for key in pollutants()], axis=0)
    alone = down[1:-1] & ~down[:-2] & ~down[2:]
    assert down.sum() > 20
    assert alone.sum() == 0
    assert all((year.values[key][down] == -1).all() for key in pollutants())


def test_a_dead_station_has_no_rows_after_its_last_hour(world: World) -> None:
    assert world.dead is not None
    last = hour_number(DEAD_SINCE)
    block = world.block(np.arange(last - 30, last + 31), [world.dead])
    assert block.there[:, 0].tolist() == [True] * 31 + [False] * 30
    for key in pollutants():
        assert (block.values[key][:31] >= 0).any()
        assert (block.values[key][31:] == -1).all()
        assert not block.flags[key][31:].any()


def test_bad_air_comes_from_the_west(world: World) -> None:
    hours = np.arange(490_000, 490_000 + 24 * 200)
    pm25 = world.weather.levels(hours)["pm25"]
    west, east = pm25[:, 2], pm25[:, 6]  # 인천, 울산: 2.6 degrees, 16 hours
    following = np.corrcoef(west[:-16], east[16:])[0, 1]
    leading = np.corrcoef(west[16:], east[:-16])[0, 1]
    assert following > 0.6
    assert following > leading + 0.1
    assert 50 < pm25.max() < 120


def test_yellow_dust_lifts_pm10_above_300_in_spring_only(world: World) -> None:
    hours = np.arange(430_000, 430_000 + 24 * 365 * 6)
    pm10 = world.weather.levels(hours)["pm10"].max(axis=1)
    days = (hours + 9) / 24 % 365.2425
    dusty = days[pm10 > 300]
    assert dusty.size
    assert dusty.min() > 55
    assert dusty.max() < 150


def test_history_gives_days_of_readings_that_are_the_worlds(world: World) -> None:
    until = datetime(2026, 11, 23, 11, tzinfo=UTC)
    since = until - timedelta(days=2)
    batches = list(history(world, since, until))
    days = [{kst_day(reading.hour) for reading in batch} for batch in batches]
    assert [len(day) for day in days] == [1, 1, 1]
    hours = sorted({reading.hour for batch in batches for reading in batch})
    assert hours == [since + number * HOUR for number in range(1, 49)]
    block = world.block(hour_range(since, until))
    assert sum(map(len, batches)) == int(block.there.sum()) == 48 * (COUNT - 1)
    first = batches[0][0]
    assert first.station is not None
    assert first.station.code == world.sites[0].code
    expected = {
        key: int(block.values[key][0, 0]) * (10 if key.startswith("pm") else 1)
        for key in pollutants()
        if block.values[key][0, 0] >= 0
    }
    assert dict(first.values) == expected


def test_history_backwards_is_the_same_days(world: World) -> None:
    until = datetime(2026, 11, 20, 15, tzinfo=UTC)
    forward = list(history(world, until - timedelta(days=3), until))
    backward = list(history(world, until - timedelta(days=3), until, newest_first=True))
    assert backward == forward[::-1]
