"""A recording served in the real protocol: the clock's hour, fields as recorded, dead stations."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from aq import app
from aq.cli.simulate import command
from aq.context import Context, start
from aq.domain.clock import HOUR, Clock, kst_iso
from aq.queries.current import current
from aq.settings import load
from aq.simulator.recording import Recording
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from tests.recordings import FIRST, STEADY, data_time, row, steady, write_month
from tests.simulating import LIST, MEANS, REALTIME, STATION, ask, body

AT = timedelta(minutes=25)
NETWORKS = {
    ("서울", "가온동"): "도시대기",
    ("부산", "바다동"): "도시대기",
    ("서울", "큰길"): "도로변대기",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimulatorServer]:
    rows = [*steady(hours=30), *steady("큰길", 30), *steady("바다동", 30, "부산")]
    # The hour that ends at 20:00 was not recorded; 08:00 was revised two hours later.
    rows = [one for one in rows if one["dataTime"] != "2025-12-01 20:00"]
    late = FIRST + 9 * HOUR + AT
    rows.append(row(hour=FIRST + 7 * HOUR, fetched=late, pm10Value="99"))
    folder = write_month(tmp_path / "r", rows, silent=[("경북", "화북면")], networks=NETWORKS)
    recording = Recording(folder)
    with SimulatorServer(World(34), Clock(FIRST + 7 * HOUR + AT), recording=recording) as made:
        yield made


def items(server: SimulatorServer, sido: str = "전국") -> list[dict[str, object]]:
    found: list[dict[str, object]] = body(server, REALTIME, sidoName=sido)["items"]
    return found


def test_the_clocks_hour_is_served_with_its_fields_as_recorded(server: SimulatorServer) -> None:
    first, *_, dead = items(server)
    assert first == {**dict.fromkeys(first), **STEADY} | {
        "sidoName": "서울", "stationName": "가온동", "dataTime": "2025-12-01 08:00",
    }  # fmt: skip
    assert "mangName" not in first
    assert (dead["stationName"], dead["dataTime"], dead["pm10Value"]) == ("화북면", None, None)
    assert [one["stationName"] for one in items(server, "부산")] == ["바다동"]
    assert ask(server, REALTIME, sidoName="전국").headers["X-AQ-Simulated"] == "1"


def test_before_a_quarter_past_the_hour_before_is_the_newest(server: SimulatorServer) -> None:
    server.clock = Clock(FIRST + 8 * HOUR + timedelta(minutes=10))
    assert items(server)[0]["dataTime"] == "2025-12-01 08:00"
    server.clock = Clock(FIRST + 23 * HOUR + AT)
    assert items(server)[0]["dataTime"] == "2025-12-01 24:00"


def test_an_hour_that_was_not_recorded_shows_the_one_before(server: SimulatorServer) -> None:
    server.clock = Clock(FIRST + 19 * HOUR + AT)
    assert items(server)[0]["dataTime"] == "2025-12-01 19:00"
    server.clock = Clock(FIRST - HOUR)
    assert ask(server, REALTIME, sidoName="전국").json()["response"]["body"]["totalCount"] == 0


def test_a_revised_hour_is_as_it_was_known_then(server: SimulatorServer) -> None:
    def of_8(at: timedelta) -> object:
        server.clock = Clock(FIRST + 7 * HOUR + at)
        hours = body(server, STATION, stationName="가온동", dataTerm="DAILY")["items"]
        return next(one["pm10Value"] for one in hours if one["dataTime"] == "2025-12-01 08:00")

    assert [of_8(AT), of_8(HOUR + AT), of_8(2 * HOUR + AT)] == ["40", "40", "99"]


def test_a_stations_hours_come_newest_first(server: SimulatorServer) -> None:
    hours = body(server, STATION, stationName="바다동", dataTerm="DAILY")["items"]
    assert [one["dataTime"] for one in hours] == [
        data_time(FIRST + number * HOUR) for number in range(7, -1, -1)
    ]
    assert {one["sidoName"] for one in hours} == {None}
    assert body(server, MEANS, itemCode="PM10", dataGubun="HOUR", searchCondition="WEEK")[
        "items"
    ] in ([], "")


def test_the_station_list_has_the_networks_beside_the_recording(server: SimulatorServer) -> None:
    found = body(server, LIST)["items"]
    assert {(one["stationName"], one["mangName"]) for one in found} == {
        (name, network) for (_, name), network in NETWORKS.items()
    }


@pytest.fixture
def context(server: SimulatorServer, tmp_path: Path) -> Iterator[Context]:
    made = start(
        load(
            {
                "AQ_DATABASE_URL": f"sqlite:///{tmp_path / 'aq.db'}",
                "AQ_CLOCK": kst_iso(FIRST + 7 * HOUR + AT),
                "AQ_FEEDS__AIRKOREA__URL": server.airkorea_url,
                "AQ_FEEDS__AIRKOREA__KEY": "k",
                "AQ_FEEDS__OPENMETEO__URL": server.openmeteo_url,
            }
        )
    )
    yield made
    made.store.close()


def test_a_recorded_hour_goes_through_the_whole_line(context: Context) -> None:
    """Urban stations alone count, a dead one is no error, and the store says SIMULATED."""
    report = app.collector(context).poll("airkorea", context.clock.now(), force=True)
    assert report.error is None
    assert report.as_dict()["skipped"] == {"silent_station": 1}
    shown = current(context, context.clock.now(), wanted=["pm10"])
    assert shown.simulated
    seoul = next(one for one in shown.items if one.province == "서울")
    assert (seoul.value, seoul.stations, seoul.letter) == (40.0, 1, "B")


def test_the_options_of_a_recording(tmp_path: Path) -> None:
    folder = write_month(tmp_path / "r", steady(hours=2))
    run = CliRunner().invoke
    asked = ["--port", "9", "--since", "2025-12-01"]
    assert "--since goes with --recording" in run(command, asked).output
    asked = ["--port", "9", "--recording", str(folder), "--since", "soon"]
    assert run(command, asked).exit_code == 2
    assert Recording(folder).bounds[1] - Recording(folder).bounds[0] == 1


def test_processes_that_start_later_live_at_the_same_time() -> None:
    first = Clock.from_text(f"{kst_iso(FIRST)}@600")
    second = Clock.from_text(first.as_text())
    assert abs(second.now() - first.now()) < timedelta(seconds=60)
    behind = Clock.from_text(f"{kst_iso(FIRST)}@1@1")
    assert behind.now() - first.now() > timedelta(days=365)


def test_a_poll_without_any_network_is_not_all_well(tmp_path: Path) -> None:
    """Answers below ver 1.2 name no network; where no list does either, no province has a mean."""
    folder = write_month(tmp_path / "r", [*steady(hours=8), *steady("바다동", 8, "부산")])
    with SimulatorServer(
        World(34), Clock(FIRST + 7 * HOUR + AT), recording=Recording(folder)
    ) as server:
        made = start(
            load(
                {
                    "AQ_DATABASE_URL": f"sqlite:///{tmp_path / 'aq.db'}",
                    "AQ_CLOCK": kst_iso(FIRST + 7 * HOUR + AT),
                    "AQ_FEEDS__AIRKOREA__URL": server.airkorea_url,
                    "AQ_FEEDS__AIRKOREA__KEY": "k",
                }
            )
        )
        report = app.collector(made).poll("airkorea", made.clock.now(), force=True)
        assert report.skipped["network_unknown"] == 2
        assert (report.error, report.ok) == (None, False)
        shown = current(made, made.clock.now(), wanted=["pm10"])
        reasons = {one.province: one.missing_reason for one in shown.items}
        assert reasons["서울"] == reasons["부산"] == "network_unknown"
        made.store.close()
