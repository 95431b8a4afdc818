"""One server in a storm: viewers, hostile clients, a feed that lies, a clock that jumps, kills.

Time passes as fast as the hours are collected. Every choice follows from the seed,
but for the hours in which a minute of the machine's own time has gone by. At the end the store is
compared with one that polled each hour once, with nothing going wrong.
"""

import asyncio
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import requests
from sqlalchemy import func, select
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from aq.context import start
from aq.domain.clock import HOUR, KST, floor_hour, hour_number
from aq.paths import ROOT
from aq.settings import load
from aq.simulator.scenario import KINDS, parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import Store
from aq.store.schema import station_hour
from chaos import Line, Scale, faults, part
from chaos.clocked import SharedTime
from chaos.replicas import REALTIME, alone, station_hours
from tests.browsing import free_port
from tests.conftest import NOW
from tests.waiting import PATIENCE, wait_until

STATIONS = 34
# What each lie is told beside its kind. A value that was wrong and looked whole would stand, as
# nothing tells it: the changed ones come with a province missing, and are asked for again.
FIELDS = {**faults.FIELDS, "late_hour": "minutes = 14"}
WITH = {"changed_values": 'kind = "missing_provinces"\nprovinces = ["서울"]'}
USED_UP = "gateway_22"  # until midnight (KST), so its hour is the last of a day
TRUTH_SECONDS = 60  # within which /healthz tells how the feed does
POLL_SECONDS = 15  # for what the first poll of an hour should bring; else it is filled later
FILLING_HOURS = 8  # after the last hour, for what an outage left to be filled
FLAT = 1.05  # memory of the last quarter by that of the second
MEMORY = 400 * 1024 * 1024  # bytes of the server, at most
VIEWER, FRAMES, COSTLY = (f"198.51.100.{number}" for number in (1, 2, 3))
COSTLY_ROUTES = (
    "/api/v1/export?since=2026-11-22&until=2026-11-24&format=csv",
    "/api/v1/history?since=2026-11-22&until=2026-11-24&limit=5000",
    "/api/v1/current?explain=true",
)


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    hours: int = 0
    kills: int = 0
    lies: set[str] = field(default_factory=set)  # kinds that the feed has told
    asked: int = 0  # of the server, while it should answer
    unanswered: list[str] = field(default_factory=list)
    health: int = 0  # how often /healthz had to tell something
    untold: list[str] = field(default_factory=list)  # what it did not, in time
    memory: list[int] = field(default_factory=list)  # what the server took, hour by hour [bytes]
    filling: int = 0  # hours after the last one until none was missing
    drawn: int = 0  # pages that viewers were shown whole
    refused: int = 0  # of the hostile clients' messages and calls
    tracebacks: int = 0  # in the server's log

    @property
    def largest(self) -> int:
        """The most the server took [bytes]."""
        return max(self.memory, default=0)

    @property
    def growth(self) -> float:
        """Memory of the last quarter by that of the second, medians."""
        size = len(self.memory)
        second, last = self.memory[size // 4 : size // 2], self.memory[3 * size // 4 :]
        return median(last) / median(second) if second and last else 1.0

    @property
    def held(self) -> bool:
        """Whether the server stayed, within its memory, told the truth and refused who floods."""
        well = not (self.unanswered or self.untold or self.tracebacks)
        return well and self.largest < MEMORY and self.refused > 0


class Server:
    """`aq serve` by a shared clock, with as many open files as it may have; killed and started
    again."""

    def __init__(
        self, folder: Path, simulator: SimulatorServer, viewers: int, files: int | None = None
    ) -> None:
        self.folder, self.port = folder, free_port()
        self.limit = ["sh", "-c", f'ulimit -n {files} && exec "$0" "$@"'] if files else []
        self.address = f"http://127.0.0.1:{self.port}"
        self.url = f"sqlite:///{folder / 'aq.db'}"
        self.given = {
            "AQ_DATABASE_URL": self.url,
            "AQ_CLOCK": NOW.isoformat(),
            "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "any-key",
            "AQ_FEEDS__AIRKOREA__TIMEOUT_SECONDS": "4",
            "AQ_FEEDS__AIRKOREA__DEADLINE_SECONDS": "9",
            "AQ_FEEDS__AIRKOREA__DAILY_LIMIT": "100000",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
            "AQ_SERVER__TRUSTED_PROXIES": "127.0.0.1",
            "AQ_SERVER__PAGES_PER_CLIENT": str(viewers + 5),
        }
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        clock = (str(self.folder / "time"), NOW.isoformat())
        command = (sys.executable, "-m", "chaos.clocked", *clock)
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*self.limit, *command, "serve", "--port", str(self.port)],
                env={**os.environ, **self.given},
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def answers(self) -> bool:
        """Whether it is up and well."""
        with suppress(requests.RequestException):
            return requests.get(f"{self.address}/healthz", timeout=PATIENCE).status_code == 200
        return False

    def feed(self) -> dict[str, Any]:
        """What /healthz says of AirKorea, with whether it is stale; nothing while it is silent."""
        with suppress(requests.RequestException):
            said = requests.get(f"{self.address}/healthz", timeout=PATIENCE).json()
            return {**said["feeds"]["airkorea"], "stale": "airkorea" in said["stale"]}
        return {}

    def kill(self) -> None:
        """SIGKILL, and a new one, as systemd sees to."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()
        wait_until(self.answers, 5 * PATIENCE)

    def stop(self) -> None:
        """End it, whichever of its processes is the last."""
        self.process.terminate()
        self.process.wait(PATIENCE)


class Crowd(threading.Thread):
    """Viewers that click, and hostile clients, until stopped; who is cut off comes again."""

    def __init__(self, server: Server, seen: Seen, viewers: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.server, self.seen, self.viewers = server, seen, viewers
        self.chance, self.over = random.Random(seed), False

    def run(self) -> None:
        """All of them, until `over`."""
        asyncio.run(self._all())

    async def _all(self) -> None:
        viewers = [self._viewer(VIEWER, 5.0) for _ in range(self.viewers)]
        hostile = [self._viewer(FRAMES, 0.02) for _ in range(5)]
        await asyncio.gather(*viewers, *hostile, self._idle(), asyncio.to_thread(self._costly))

    async def _viewer(self, client: str, every: float) -> None:
        """A page that is clicked every so often [s]."""
        url = f"{self.server.address.replace('http', 'ws')}/_stcore/stream"
        while not self.over:
            await asyncio.sleep(every * self.chance.random())
            with suppress(OSError, WebSocketException, TimeoutError):
                async with connect(
                    url, additional_headers={"X-Forwarded-For": client}, max_size=None
                ) as page:
                    reading = asyncio.create_task(self._read(page, client))
                    while not self.over and not reading.done():
                        await page.send(self._click())
                        await asyncio.sleep(every)
                    reading.cancel()

    async def _read(self, page: ClientConnection, client: str) -> None:
        try:
            async for message in page:
                kind = ForwardMsg.FromString(message).WhichOneof("type")
                self.seen.drawn += client == VIEWER and kind == "script_finished"
        except WebSocketException:
            self.seen.refused += client == FRAMES

    def _click(self) -> bytes:
        message = BackMsg()
        message.rerun_script.page_name = self.chance.choice(("", "past", "feeds", "alerts"))
        return bytes(message.SerializeToString())

    async def _idle(self) -> None:
        """Connections that send half a request and wait."""
        held: list[socket.socket] = []
        while not self.over:
            with suppress(OSError):
                wire = socket.create_connection(("127.0.0.1", self.server.port), 1)
                wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
                held.append(wire)
            if len(held) > 300:
                held.pop(0).close()
            await asyncio.sleep(0.05)
        for wire in held:
            wire.close()

    def _costly(self) -> None:
        headers = {"X-Forwarded-For": COSTLY}
        while not self.over:
            url = f"{self.server.address}{self.chance.choice(COSTLY_ROUTES)}"
            with suppress(requests.RequestException):
                answer = requests.get(url, headers=headers, timeout=PATIENCE)
                self.seen.refused += answer.status_code == requests.codes.too_many_requests
            time.sleep(0.05)


@dataclass(kw_only=True)
class Storm:
    """Drives the clock from hour to hour."""

    store: Store
    server: Server
    simulator: SimulatorServer
    time: SharedTime
    seen: Seen
    chance: random.Random

    def at(self, moment: datetime) -> None:
        """Let it be `moment`, and see that the server is there."""
        self.time.set((moment - NOW).total_seconds())
        self.seen.asked += 1
        if not self.server.answers():
            self.seen.unanswered.append(f"{moment:%d %H:%M}")

    def tells(self, what: str, true: Callable[[dict[str, Any]], bool]) -> None:
        """See that /healthz comes to say something of the feed within a minute."""
        self.seen.health += 1
        if not waited(lambda: true(self.server.feed() or {"failing_since": "", "stale": ""})):
            self.seen.untold.append(what)

    def heard(self, hour: datetime) -> bool:
        """Whether all stations of an hour are in."""
        query = select(func.count()).where(station_hour.c.hour == hour_number(hour))
        with self.store.read() as connection:
            return connection.scalar(query.select_from(station_hour)) == STATIONS

    def hour(self, hour: datetime, *, kill: bool, lie: str = "", outage: bool = False) -> None:
        """An hour: a lie at the first poll, the truth at the second but in an outage, a kill
        between."""
        if lie:
            self.seen.lies.add(lie)
            said = [f'kind = "{lie}"\n{FIELDS.get(lie, "")}', WITH.get(lie, "")]
            entries = [f'[[fault]]\nfeed = "airkorea"\n{fields}\n' for fields in said if fields]
            self.simulator.scenario = parse("".join(entries))
        before = self.simulator.calls[REALTIME]
        self.at(hour + timedelta(minutes=21))
        waited(lambda: self.simulator.calls[REALTIME] > before or outage, POLL_SECONDS)
        if lie in faults.SAID:
            self.tells(f"{hour:%d %H} {lie}", lambda feed: feed["failing_since"] is not None)
        if kill:
            time.sleep(self.chance.random())
            self.server.kill()
            self.seen.kills += 1
        if not outage:
            self.simulator.scenario = parse("")
        # No later poll brings the values of this hour again, so wrong ones are waited out.
        seconds = TRUTH_SECONDS if lie in WITH else POLL_SECONDS
        for minute in (36, 51, 57):
            self.at(hour + timedelta(minutes=minute))
            if outage or waited(lambda: self.heard(hour), seconds):
                break
        if lie in faults.SAID and lie != USED_UP and not outage:
            self.tells(f"{hour:%d %H} well", lambda feed: feed["failing_since"] is None)
        with suppress(psutil.Error):
            self.seen.memory.append(psutil.Process(self.server.process.pid).memory_info().rss)
        self.seen.hours += 1


def waited(true: Callable[[], bool], seconds: float = TRUTH_SECONDS) -> bool:
    """Whether it became so in time; the clock goes on either way, what lacks is filled later."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def lies(chance: random.Random) -> Iterator[str]:
    """Every kind of lie that the simulator knows, again and again, each time in another order."""
    while True:
        kinds = [kind for kind in KINDS if kind != USED_UP]
        chance.shuffle(kinds)
        yield from kinds


def each_hours(hours: int) -> Callable[[int], bool]:
    """A kill each so many simulated hours."""
    return lambda number: number % hours == hours - 1


def each_minute() -> Callable[[int], bool]:
    """A kill in the hour in which another minute of the machine's own time has gone by."""
    began, kills = time.monotonic(), 0

    def due(_number: int) -> bool:
        nonlocal kills
        is_due = time.monotonic() - began > 60 * (kills + 1)
        kills += is_due
        return is_due

    return due


def live(
    folder: Path, hours: int, viewers: int, kill: Callable[[int], bool], *, seed: int
) -> tuple[Seen, int, int]:
    """So many simulated hours of it, with a kill in those that `kill` names; (what was seen, hours
    lost, hours that stand otherwise)."""
    seen, chance, shared = Seen(), random.Random(seed), SharedTime(folder / "time")
    world, first = World(STATIONS), floor_hour(NOW)
    with ExitStack() as stack:
        simulator = stack.enter_context(SimulatorServer(world, shared.clock(NOW)))
        store = start(load({"AQ_DATABASE_URL": f"sqlite:///{folder / 'aq.db'}"})).store
        server = Server(folder, simulator, viewers)
        stack.callback(server.stop)
        wait_until(server.answers, 5 * PATIENCE)
        crowd = Crowd(server, seen, viewers, seed)
        crowd.start()
        storm = Storm(
            store=store, server=server, simulator=simulator, time=shared, seen=seen, chance=chance
        )
        _hours(storm, first, hours, kill)
        until = first + (hours - 1) * HOUR
        expected = alone(folder, world, until + timedelta(minutes=25))
        names = Counter(name for _, name in {key[:2] for key in expected})

        def lacking() -> int:
            """Station hours that upstream can be asked for: it tells stations by their name."""
            missing = expected.keys() - station_hours(store, until).keys()
            return sum(names[name] == 1 for _, name, _ in missing)

        for number in range(FILLING_HOURS):  # what an outage left is filled in the hours after it
            if not lacking():
                break
            storm.hour(until + (number + 1) * HOUR, kill=False)
            waited(lambda: not lacking())  # by a run that may last longer than an hour of here
            seen.filling = number + 1
        crowd.over = True
        crowd.join(PATIENCE)
        lost, stood = lacking(), station_hours(store, until)
        store.close()
    seen.tracebacks = (folder / "log").read_text("utf-8", "replace").count("Traceback")
    wrong = sum(stood[key] != expected[key] for key in expected.keys() & stood.keys())
    return seen, lost, wrong


def _hours(storm: Storm, first: datetime, hours: int, kill: Callable[[int], bool]) -> None:
    """Hour after hour: a lie in three of four, the clock wrong twice, in a run of a day or more
    an outage of four hours and a quota used up."""
    told = lies(storm.chance)
    back, ahead = hours // 3, 2 * hours // 3
    is_long = hours >= 24
    outage = range(hours // 2, hours // 2 + 4) if is_long else range(0)
    for number in range(hours):
        hour = first + number * HOUR
        lie = next(told) if number % 4 else ""
        lie = USED_UP if is_long and hour.astimezone(KST).hour == 23 else lie
        lie = "http_503_html" if number in outage else lie
        storm.hour(hour, kill=kill(number), lie=lie, outage=number in outage)
        if number in outage[-1:]:
            storm.tells(f"{hour:%d %H} stale", lambda feed: feed["stale"] is True)
        if number == back:  # the clock is set back two hours, and found wrong
            storm.at(hour - 2 * HOUR)
        if number == ahead:  # or three ahead
            storm.at(hour + 3 * HOUR)


@part("storm")
def storm(scale: Scale, folder: Path) -> Iterator[Line]:
    """Viewers, hostile clients, lies, a clock that jumps twice; killed each minute, then never, to
    see whether memory stays flat."""
    quick = scale.days < Scale().days
    killed, calm, viewers = (24, 0, 10) if quick else (36, 16, 50)
    for name, hours, kill in (
        ("killed each minute", killed, each_minute()),
        ("never killed", calm, lambda _number: False),
    ):
        if not hours:
            continue
        place = folder / name.replace(" ", "-")
        place.mkdir()
        seen, lost, wrong = live(place, hours, viewers, kill, seed=scale.seed)
        held = seen.held and (seen.kills > 0 or seen.growth <= FLAT)
        failed = [*seen.unanswered, *seen.untold]
        yield Line(
            what=f"storm: {hours} hours, {viewers} viewers, {name}",
            tried=seen.asked + seen.health,
            survived=seen.asked + seen.health - max(len(failed), not held),
            lost=lost,
            twice=wrong,
            note=f"{seen.kills} kills; {len(seen.lies)} kinds of lies; {seen.filling} hours of"
            f" filling after; {seen.largest / 1e6:.0f} MB at most, last quarter {seen.growth:.2f}"
            f" of the second; {seen.drawn} pages drawn, {seen.refused} refused, {seen.tracebacks}"
            f" tracebacks; seed {scale.seed}"
            f"{'; ' if failed else ''}{', '.join(failed)}",
        )
