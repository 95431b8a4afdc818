"""Memory of the default process over a day of the clock, polling and with viewers."""

import subprocess
import sys
import time
from typing import Any

import psutil

from bench import data
from bench.data import Stores, environment, say
from bench.report import Case, below
from bench.serving import ROOT, dashboard, free_port, process

SPEED = 900  # a day in 96 s
HOURS = 24
VIEWERS = 10


def run(stores: Stores) -> list[Case]:
    """A process that polls 650 stations from the simulator and serves ten viewers for 24 hours."""
    say(f"{HOURS} hours at {SPEED} times the speed")
    url = stores.copy(1, "memory.db")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    clock = {"AQ_CLOCK": f"{data.NOW}@{SPEED}"}
    given = environment(url, **clock)
    simulate = ("-m", "aq", "simulate", "--port", str(port), "--stations", str(data.STATIONS))
    feeds: dict[str, Any] = {
        "AQ_SCHEDULER": "on",
        "AQ_FEEDS__AIRKOREA__URL": f"{base}/B552584",
        "AQ_FEEDS__AIRKOREA__KEY": "any",
        "AQ_FEEDS__OPENMETEO__URL": f"{base}/v1/air-quality",
    }
    with (
        process(*simulate, "--seed", str(data.SEED), given=given, answers=base),
        dashboard(url, **clock, **feeds) as (address, server),
    ):
        viewers = [sys.executable, "-m", "bench.memory", address]
        with subprocess.Popen(viewers, cwd=ROOT, env=environment("sqlite://")) as watching:
            try:
                levels = _sample(psutil.Process(server.pid))
            finally:
                watching.terminate()
    quarter = len(levels) // 4
    settled = sum(levels[quarter : 2 * quarter]) / quarter
    last = sum(levels[-quarter:]) / quarter
    return [
        Case(
            bench="memory",
            case=f"after {HOURS} hours with {VIEWERS} viewers (MB: largest)",
            unit="MB",
            runs=1,
            ours=last,
            ours_mb=max(levels),
            goals=(
                below("MB", last, 350),
                below("last quarter ÷ second", last / settled, 1.1),
            ),
        )
    ]


def _sample(process: psutil.Process) -> list[float]:
    """Resident memory [MB], once a second over the hours."""
    levels = []
    for _ in range(HOURS * 3600 // SPEED):
        time.sleep(1)
        levels.append(process.memory_info().rss / 1024**2)
    return levels


if __name__ == "__main__":
    from bench.viewers import watch

    watch(sys.argv[1], VIEWERS, 600)
