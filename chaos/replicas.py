"""Three workers and two pages on one PostgreSQL, a worker killed on each simulated day."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import requests
from sqlalchemy import func, select

from aq import app
from aq.context import start
from aq.domain.clock import HOUR, Clock, floor_hour, hour_number
from aq.feeds.registry import FEED_IDS
from aq.paths import ROOT
from aq.settings import load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import Store
from aq.store.schema import run, station, station_hour, station_hour_rev
from chaos import Line, Scale, part
from chaos.clocked import SharedTime
from chaos.places import databases
from tests.browsing import free_port
from tests.conftest import NOW
from tests.waiting import PATIENCE, wait_until

WORKERS, PAGES = 3, 2
REALTIME = "getCtprvnRltmMesureDnsty"
FIRST, LAST = (timedelta(minutes=m) for m in (20, 50))  # polls of an hour
AFTER_POLL, AFTER_LEASE, BEFORE_NEXT = (timedelta(minutes=m) for m in (21, 29, 57))
KEYS = ("pm10", "pm25", "o3", "no2", "so2", "co")
Hours = dict[tuple[str, str, int], tuple[object, ...]]


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    hours: int = 0  # simulated
    killed: int = 0
    in_mid_poll: int = 0
    asked: int = 0  # of the pages, while workers died
    unanswered: list[str] = field(default_factory=list)
    outrun: int = 0  # polls whose worker lived but did not end them in time: leases passed
    polls: int = 0  # that the source was asked
    lost: int = 0  # station hours that one process alone has and these have not
    twice: int = 0  # that stand otherwise, or were written twice with different values

    @property
    def once(self) -> bool:
        """Whether each hour was asked for once, but for those a worker had not ended asking for."""
        return self.hours <= self.polls <= self.hours + self.in_mid_poll + self.outrun


class Replicas:
    """The processes, on a clock they share with the simulator."""

    def __init__(
        self, url: str, simulator: SimulatorServer, time_file: Path, workers: int, pages: int
    ) -> None:
        self.time_file, self.count = time_file, workers
        self.log = time_file.with_name("log")
        self.given = {
            "AQ_DATABASE_URL": url,
            "AQ_CLOCK": NOW.isoformat(),
            "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "any-key",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self.pages: list[subprocess.Popen[bytes]] = []
        self.ports = [free_port() for _ in range(pages)]

    def _process(self, *command: str, **more: str) -> subprocess.Popen[bytes]:
        clock = (str(self.time_file), NOW.isoformat())
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "chaos.clocked", *clock, *command],
                env={**os.environ, **self.given, **more},
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def __enter__(self) -> "Replicas":
        self.workers = [self._process("worker") for _ in range(self.count)]
        self.pages = [
            self._process("serve", "--port", str(port), AQ_SCHEDULER="off") for port in self.ports
        ]
        for port in self.ports:
            wait_until(lambda port=port: self.trouble(port) is None, 5 * PATIENCE)
        wait_until(lambda: self.log.read_text().count("polling ") == self.count, 5 * PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, *self.pages):
            process.terminate()
        for process in (*self.workers, *self.pages):
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def alive(self, owner: str) -> bool:
        """Whether the worker that claimed a run still is."""
        return any(owner.endswith(f":{process.pid}") for process in self.workers)

    def kill(self, owner: str | None, chance: random.Random) -> None:
        """SIGKILL for the owner of a run, or any; another takes its place, as systemd sees to."""
        pids = [process.pid for process in self.workers]
        pid = int(owner.rpartition(":")[2]) if owner else chance.choice(pids)
        place = pids.index(pid)
        self.workers[place].kill()
        self.workers[place].wait()
        self.workers[place] = self._process("worker")

    def trouble(self, port: int) -> str | None:
        """Why a page does not answer with 17 provinces, if it does not."""
        try:
            address = f"http://127.0.0.1:{port}/api/v1/current?pollutant=pm10"
            answer = requests.get(address, timeout=PATIENCE)
        except requests.RequestException as error:
            return type(error).__name__
        if answer.status_code != requests.codes.ok or len(answer.json()["items"]) != 17:
            return f"HTTP {answer.status_code}"
        return None


def waited(true: Callable[[], bool]) -> bool:
    """Whether it became so within `PATIENCE`; the clock goes on either way, as clocks do."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass(kw_only=True)
class Life:
    """Drives the clock: it goes on when the hour's poll has ended and nobody alive is at work."""

    store: Store
    replicas: Replicas
    time: SharedTime
    seen: Seen
    chance: random.Random

    def set(self, moment: datetime) -> None:
        """Let it be `moment`."""
        self.time.set((moment - NOW).total_seconds())

    def poll_of(self, hour: datetime, at: timedelta = FIRST) -> tuple[str, str] | None:
        """(state, owner) of a poll of the hour."""
        query = select(run.c.state, run.c.owner).where(run.c.job == "poll:airkorea")
        with self.store.read() as connection:
            found = connection.execute(query.where(run.c.slot == hour + at)).one_or_none()
        return None if found is None else (found.state, found.owner)

    def over(self, hour: datetime, at: timedelta = FIRST, *, dead_too: bool) -> bool:
        """Whether a poll of the hour has ended, or (with `dead_too`) who made it has."""
        found = self.poll_of(hour, at)
        if found is None:
            return False
        return found[0] != "running" or (dead_too and not self.replicas.alive(found[1]))

    def resting(self) -> bool:
        """Whether no worker that lives is in the midst of a run, which its lease must outlast."""
        with self.store.read() as connection:
            query = select(run.c.owner).where(run.c.state == "running")
            owners = connection.scalars(query).all()
        return not any(self.replicas.alive(owner) for owner in owners)

    def hour(self, hour: datetime, *, death: bool) -> None:
        """One simulated hour."""
        self.set(hour + AFTER_POLL)
        if death:
            self._death(hour)
        self.seen.outrun += not waited(lambda: self.over(hour, dead_too=True))
        if not self.over(hour, dead_too=False):
            waited(self.resting)
            self.set(hour + AFTER_LEASE)
            wait_until(lambda: self.over(hour, dead_too=False), 5 * PATIENCE)
        waited(self.resting)
        self.set(hour + BEFORE_NEXT)
        # Else a worker that has read this time asks when the clock shows the next hour, and takes
        # the values it is given for those of an hour to come.
        wait_until(lambda: self.over(hour, LAST, dead_too=False), 5 * PATIENCE)
        waited(self.resting)
        self.seen.hours += 1

    def _death(self, hour: datetime) -> None:
        """Kill who is at the poll, if someone is found at it, else anyone."""
        found, deadline = None, time.monotonic() + PATIENCE
        while found is None and time.monotonic() < deadline:
            found = self.poll_of(hour)
        at_it = found is not None and found[0] == "running"
        self.replicas.kill(found[1] if found and at_it else None, self.chance)
        after = self.poll_of(hour)
        self.seen.in_mid_poll += after is not None and after[0] == "running"
        self.seen.killed += 1

    def ask_pages(self) -> None:
        """Each page has to answer, whoever has died."""
        for port in self.replicas.ports:
            trouble = self.replicas.trouble(port)
            self.seen.asked += 1
            if trouble is not None:
                self.seen.unanswered.append(trouble)


def station_hours(store: Store, until: datetime) -> Hours:
    """{(province, station, hour): values} of the hours that ended by then; two share a name."""
    query = (
        select(
            station.c.sido,
            station.c.name,
            station_hour.c.hour,
            *(station_hour.c[key] for key in KEYS),
        )
        .join(station, station.c.id == station_hour.c.station)
        .where(station_hour.c.feed == FEED_IDS["airkorea"])
        .where(station_hour.c.hour <= hour_number(floor_hour(until)))
    )
    with store.read() as connection:
        return {(row[0], row[1], row[2]): tuple(row[3:]) for row in connection.execute(query)}


def alone(folder: Path, world: World, until: datetime) -> Hours:
    """The hours that one process collects, polling each hour once, with nothing going wrong."""
    with SimulatorServer(world, Clock(NOW)) as simulator:
        given = {
            "AQ_DATABASE_URL": f"sqlite:///{folder / 'alone.db'}",
            "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "any-key",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
            "AQ_FEEDS__AIRKOREA__DAILY_LIMIT": "1000000",  # all days' calls fall on one of our own
        }
        context = start(load(given))
        collector = app.collector(context)
        moment = NOW
        while moment <= until:
            simulator.clock = Clock(moment)
            assert collector.poll("airkorea", moment, force=True).error is None
            moment += HOUR
        found = station_hours(context.store, until)
        context.store.close()
    return found


def live(hours: int, folder: Path, url: str, *, every: int = 24, seed: int = 7) -> Seen:
    """So many simulated hours of three workers and two pages, compared with one process alone.

    A worker is killed at a random one of `every` so many hours.
    """
    world, seen, chance = World(34), Seen(), random.Random(seed)
    until = NOW + (hours - 1) * HOUR
    shared = SharedTime(folder / "time")
    store = start(load({"AQ_DATABASE_URL": url})).store
    with ExitStack() as stack:
        simulator = stack.enter_context(SimulatorServer(world, shared.clock(NOW)))
        replicas = stack.enter_context(Replicas(url, simulator, folder / "time", WORKERS, PAGES))
        life = Life(store=store, replicas=replicas, time=shared, seen=seen, chance=chance)
        first = floor_hour(NOW)
        deaths = {first + (n + chance.randrange(1, every)) * HOUR for n in range(0, hours, every)}
        hour = first
        while hour <= until:
            life.hour(hour, death=hour in deaths)
            if hour in deaths or seen.hours % 6 == 0:
                life.ask_pages()
            hour += HOUR
        seen.polls = simulator.calls[REALTIME]
    seen.lost, seen.twice = compared(store, alone(folder, world, until), until)
    store.close()
    return seen


def compared(store: Store, expected: Hours, until: datetime) -> tuple[int, int]:
    """(hours that are missing, hours that stand otherwise or were written twice)."""
    found = station_hours(store, until)
    lost = len(expected.keys() - found.keys())
    twice = sum(found[key] != expected[key] for key in expected.keys() & found.keys())
    with store.read() as connection:
        changed = select(func.count()).select_from(station_hour_rev)
        return lost, twice + int(connection.scalar(changed) or 0)


@part("replicas")
def replicas(scale: Scale, folder: Path) -> Iterator[Line]:
    """Days of three workers and two pages, a worker killed on each."""
    with databases() as place:
        place.copy(None, "replicas")
        seen = live(24 * scale.days, folder, place.url("replicas"))
    yield Line(
        what=f"worker killed: {scale.days} days of 3 + 2 pages",
        tried=seen.killed,
        survived=seen.killed if seen.once and not seen.unanswered else 0,
        lost=seen.lost,
        twice=seen.twice,
        note=f"{seen.in_mid_poll} in mid-poll; {seen.hours} hours, {seen.polls} polls; pages"
        f" answered {seen.asked - len(seen.unanswered)} of {seen.asked}",
    )
