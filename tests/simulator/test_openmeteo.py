"""The simulator's Open-Meteo protocol over a real socket."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pytest
import requests

from aq.domain.clock import KST, Clock, hour_number
from aq.domain.model import Payload
from aq.domain.pollutants import pollutants
from aq.feeds.openmeteo import OpenMeteo as OpenMeteoFeed
from aq.simulator.places import points
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from tests.simulating import model

pytest_plugins = ("tests.simulator_fixtures",)


def test_one_point_gives_an_object_with_the_cell_that_answers(server: SimulatorServer) -> None:
    answer = model(server, hourly="pm10,pm2_5,ammonia", timezone="Asia/Seoul", current="ozone")
    assert answer.headers["X-AQ-Simulated"] == "1"
    found = answer.json()
    assert abs(found["latitude"] - 37.6) < 1e-4
    assert abs(found["longitude"] - 126.8) < 0.21
    assert (found["timezone"], found["utc_offset_seconds"]) == ("Asia/Seoul", 32400)
    assert found["hourly_units"] == {
        "time": "iso8601",
        **dict.fromkeys(("pm10", "pm2_5", "ammonia"), "\u03bcg/m³"),
    }
    hourly = found["hourly"]
    assert hourly["time"][0] == "2026-11-23T00:00"
    assert hourly["time"][-1] == "2026-11-27T23:00"
    assert {len(column) for column in hourly.values()} == {120}
    assert set(hourly["ammonia"]) == {None}
    assert found["current"]["time"] == "2026-11-23T20:00"
    assert found["current"]["interval"] == 3600


def test_lists_give_an_array_with_location_ids(server: SimulatorServer) -> None:
    found = model(server, latitude="37.5665,37.4563,35.1796", longitude="126.978,126.7052,129.0756")
    one, two, three = found.json()
    assert ("location_id" in one, two["location_id"], three["location_id"]) == (False, 1, 2)
    assert one["hourly"] != three["hourly"]


def test_t13_neighbours_in_one_cell_get_the_same_values(server: SimulatorServer) -> None:
    one, two = model(server, latitude="37.55,37.45", longitude="126.9,126.7").json()
    assert (one["latitude"], one["hourly"]) == (two["latitude"], two["hourly"])


def test_t29_without_a_zone_hours_are_gmt(server: SimulatorServer) -> None:
    plain = model(server).json()
    seoul = model(server, timezone="Asia/Seoul").json()
    assert (plain["timezone"], plain["utc_offset_seconds"]) == ("GMT", 0)
    by_hour = dict(zip(seoul["hourly"]["time"], seoul["hourly"]["pm2_5"], strict=True))
    pairs = zip(plain["hourly"]["time"], plain["hourly"]["pm2_5"], strict=True)
    for time, value in list(pairs)[:48]:
        local = datetime.fromisoformat(time).replace(tzinfo=UTC).astimezone(KST)
        assert by_hour[local.strftime("%Y-%m-%dT%H:%M")] == value


def test_hours_are_interpolated_from_three_hourly_states(server: SimulatorServer) -> None:
    values = model(server, hourly="carbon_monoxide").json()["hourly"]["carbon_monoxide"]
    for start in range(0, 96, 3):
        low, one, two, high = values[start : start + 4]
        assert abs(one - (2 * low + high) / 3) <= 1
        assert abs(two - (low + 2 * high) / 3) <= 1


def test_past_days_and_dates_choose_the_hours(server: SimulatorServer) -> None:
    times = model(server, past_days=92, forecast_days=1, timezone="Asia/Seoul").json()["hourly"]
    assert len(times["time"]) == 93 * 24
    assert times["time"][0] == "2026-08-23T00:00"
    dated = model(server, start_date="2026-08-23", end_date="2026-08-23", timezone="Asia/Seoul")
    assert dated.json()["hourly"]["pm2_5"] == times["pm2_5"][:24]


def test_there_is_nothing_before_august_2022_and_beyond_the_horizon(
    server: SimulatorServer,
) -> None:
    old = model(server, start_date="2022-07-30", end_date="2022-08-02").json()["hourly"]["pm2_5"]
    assert [value is None for value in (old[0], old[47], old[48], old[-1])] == [
        True,
        True,
        False,
        False,
    ]
    far = model(server, forecast_days=7).json()["hourly"]["pm2_5"]
    assert [far[0] is None, far[-1] is None] == [False, True]


def test_a_forecast_changes_with_the_next_run_and_the_past_does_not(
    server: SimulatorServer,
) -> None:
    before = model(server, past_days=3).json()["hourly"]
    server.clock = Clock.from_text("2026-11-24T08:30+09:00")
    after = model(server, past_days=3).json()["hourly"]
    assert before["time"] == after["time"]
    assert before["pm2_5"][:72] == after["pm2_5"][:72]
    assert before["pm2_5"][96:120] != after["pm2_5"][96:120]


def test_t13_the_model_follows_the_air_but_is_not_it(world: World, server: SimulatorServer) -> None:
    found = model(server, past_days=60, forecast_days=0, longitude=127.1).json()["hourly"]
    start = datetime.fromisoformat(found["time"][0]).replace(tzinfo=UTC)
    hours = np.arange(hour_number(start), hour_number(start) + len(found["time"]))
    seoul = [i for i, site in enumerate(world.sites) if site.province.ko == "서울"]
    observed = np.nanmean(world.block(hours, seoul).trusted("pm25"), axis=1)
    agreement = np.corrcoef(observed, np.array(found["pm2_5"]))[0, 1]
    assert 0.7 < agreement < 0.995


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"past_days": 93}, "Past days is invalid. Allowed range 0 to 92. Given 93."),
        ({"forecast_days": 8}, "Forecast days is invalid"),
        ({"past_days": 1, "start_date": "2026-11-01", "end_date": "2026-11-02"}, "exclusive"),
        ({"forecast_days": 1, "start_date": "2026-11-01", "end_date": "2026-11-02"}, "exclusive"),
        ({"start_date": "2026-11-01"}, "end_date"),
        ({"start_date": "2026-11-02", "end_date": "2026-11-01"}, "larger or equals"),
        ({"start_date": "2026-13-01", "end_date": "2026-11-01"}, "must be a date"),
        ({"start_date": "2012-01-01", "end_date": "2026-11-01"}, "allowed range"),
        ({"latitude": "91"}, "Latitude must be in range of -90 to 90°. Given: 91.0."),
        ({"latitude": "1,2"}, "same number of elements"),
        ({"latitude": "north"}, "no number"),
        ({"latitude": ""}, "required"),
        ({"timezone": "Mars/Base"}, "Invalid timezone"),
        ({"hourly": "pm25"}, "'pm25'"),
        ({"forecast_days": 0}, "No hour"),
        ({"tz": "GMT"}, "'tz'"),
    ],
)
def test_wrong_requests_are_told_why(
    server: SimulatorServer, params: Mapping[str, object], reason: str
) -> None:
    answer = model(server, **params)
    assert answer.status_code == 400
    assert answer.json()["error"] is True
    assert reason in answer.json()["reason"]


def test_the_products_own_reader_understands_it_without_a_complaint(
    server: SimulatorServer,
) -> None:
    places = [(code, *at) for code, at in points().items()]
    feed = OpenMeteoFeed(places)
    now = server.clock.now()

    def get(operation: str, params: Mapping[str, str]) -> Payload:
        text = requests.get(server.openmeteo_url, params=params, timeout=60).text
        return Payload(operation=operation, text=text, fetched_at=now, params=params)

    since, until = datetime(2026, 11, 21, 15, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)
    answers = [feed.parse(payload, now) for payload in feed.pull(get, since, until)]
    readings = [reading for answer in answers for reading in answer.readings]
    assert [issue for answer in answers for issue in answer.issues] == []
    assert {reading.province for reading in readings} == set(points())
    assert max(reading.hour for reading in readings) == until
    assert all(set(reading.values) == set(pollutants()) for reading in readings)
