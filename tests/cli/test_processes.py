"""Real processes: the server, two workers on one database, and how they end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from aq.context import start
from aq.domain.clock import Clock, hour_number
from aq.paths import ROOT
from aq.settings import load
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import runs
from aq.store.reads import stations_heard
from tests.conftest import NOW
from tests.waiting import PATIENCE, wait_until


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def process(given: dict[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **given},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def settings_for(url: str, simulator: SimulatorServer) -> dict[str, str]:
    return {
        "AQ_DATABASE_URL": url,
        "AQ_CLOCK": NOW.isoformat(),
        "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
        "AQ_FEEDS__AIRKOREA__KEY": "any-key",
        "AQ_FEEDS__OPENMETEO__ENABLED": "false",
    }


def test_two_workers_on_one_database_do_each_run_once(database_url: str) -> None:
    with SimulatorServer(World(60), Clock(NOW)) as simulator:
        given = settings_for(database_url, simulator)
        context = start(load(given))
        with (
            process(given, "-m", "aq", "worker") as one,
            process(given, "-m", "aq", "worker") as other,
        ):
            wait_until(lambda: simulator.calls["getCtprvnMesureLIst"] == 6)
            wanted = {"regrade", "tidy", "poll", "means", "counts", "backfill"}

            def all_done() -> bool:
                recent = runs.recent_runs(context.store)
                jobs = {run.job.split(":")[0] for run in recent}
                return wanted <= jobs and {run.state for run in recent} == {"done"}

            wait_until(all_done)
            time.sleep(1)
            for child in (one, other):
                child.send_signal(signal.SIGTERM)
                assert child.wait(PATIENCE) == 0
        assert simulator.calls["getCtprvnRltmMesureDnsty"] == 1
        assert simulator.calls["getCtprvnMesureLIst"] == 6
        context.store.close()


@pytest.mark.parametrize("how", ["aq serve", "streamlit run"])
def test_the_server_polls_serves_and_ends(how: str, tmp_path: object) -> None:
    port = free_port()
    with SimulatorServer(World(60), Clock(NOW)) as simulator:
        given = settings_for(f"sqlite:///{tmp_path}/aq.db", simulator)
        command = ["-m", "aq", "serve", "--port", str(port)]
        if how == "streamlit run":
            command = ["-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)]
            command += ["--server.headless", "true"]
        base = f"http://127.0.0.1:{port}"

        def arrived() -> bool:
            try:
                answer = requests.get(f"{base}/api/v1/current?pollutant=pm10", timeout=60)
            except requests.ConnectionError:
                return False
            return any(item["value"] is not None for item in answer.json()["items"])

        with process(given, *command) as child:
            wait_until(arrived)
            assert requests.get(f"{base}/", timeout=60).status_code == 200
            assert requests.get(f"{base}/healthz", timeout=60).json()["status"] == "ok"
            assert requests.get(f"{base}/strip", timeout=60).text.count("<li") == 17
            assert requests.get(f"{base}/api/v1/x", timeout=60).json()["error"]["code"]
            child.send_signal(signal.SIGTERM)
            assert child.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_without_any_network_it_starts_and_says_which_feed(tmp_path: object) -> None:
    port = free_port()
    given = {
        "AQ_DATABASE_URL": f"sqlite:///{tmp_path}/aq.db",
        "AQ_FEEDS__OPENMETEO__URL": "http://127.0.0.1:9/v1/air-quality",
        "AQ_FEEDS__OPENMETEO__DEADLINE_SECONDS": "2",
    }

    def failing() -> bool:
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/api/v1/feeds", timeout=60).json()
        except requests.ConnectionError:
            return False
        feed = next(one for one in answer["items"] if one["feed"] == "openmeteo")
        return feed["reason"] == "unreachable" and feed["failing_since"] is not None

    with process(given, "-m", "aq", "serve", "--port", str(port)) as child:
        wait_until(failing)
        items = requests.get(f"http://127.0.0.1:{port}/api/v1/current", timeout=60).json()["items"]
        assert {item["missing_reason"] for item in items} == {"feed_down"}
        child.send_signal(signal.SIGTERM)


def test_a_wrong_setting_stops_the_server_before_it_listens() -> None:
    with process({"AQ_SERVER__PORT": "x"}, "-m", "aq", "serve") as child:
        assert child.wait(PATIENCE) == 2
        assert child.stderr is not None
        assert b"AQ_SERVER__PORT" in child.stderr.read()


def test_a_worker_that_dies_in_mid_run_is_replaced_within_its_lease(database_url: str) -> None:
    """One worker is killed while upstream keeps it waiting; the other takes the hour over."""
    with SimulatorServer(World(60), Clock(NOW)) as simulator:
        # A clock that runs, as a lease passes by it: a quarter of a minute a second. The lease is
        # over in four seconds, the slot only after a minute.
        given = settings_for(database_url, simulator)
        given |= {"AQ_CLOCK": f"{NOW.isoformat()}@15", "AQ_SCHEDULE__LEASE_SECONDS": "60"}
        context = start(load(given))
        operation = "getCtprvnRltmMesureDnsty"
        simulator.scenario = parse(
            f'[[fault]]\noperation = "{operation}"\nkind = "slow_headers"\nseconds = 30\n'
        )
        with process(given, "-m", "aq", "worker") as one:
            wait_until(lambda: simulator.calls[operation] == 1)
            one.kill()
            one.wait(PATIENCE)
        simulator.scenario = parse("")
        with process(given, "-m", "aq", "worker"):

            def taken_over() -> bool:
                done = runs.recent_runs(context.store, "poll:airkorea")
                return bool(done) and done[-1].state == "done"

            wait_until(taken_over)
        first = runs.recent_runs(context.store, "poll:airkorea")[-1]
        with context.store.read() as connection:
            assert stations_heard(connection, "airkorea", hour_number(NOW.replace(minute=0))) == 60
        assert first.owner.endswith(str(one.pid)) is False
        context.store.close()
