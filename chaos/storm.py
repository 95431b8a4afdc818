"""One server in a storm: viewers, hostile clients, a feed that lies, a clock that jumps, kills.

Time passes as fast as the hours are collected. Every choice follows from the seed. At the end the
store is compared with one that polled each hour once, with nothing going wrong.
"""

import asyncio
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import requests
from sqlalchemy import func, select
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from aq.context import start
from aq.domain.clock import HOUR, floor_hour, hour_number
from aq.paths import ROOT
from aq.settings import load
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import Store
from aq.store.schema import station_hour
from chaos import Line, Scale, part
from chaos.clocked import SharedTime
from chaos.replicas import alone, station_hours
from tests.browsing import free_port
from tests.conftest import NOW
from tests.waiting import PATIENCE, wait_until

SEED, STATIONS = 20_261_128, 34
LIES = (
    *(
        "gateway_20",
        "gateway_10_http400",
        "provider_error",
        "http_403",
        "http_429",
        "http_503_html",
    ),
    *(
        "http_504",
        "garbage",
        "gzip_bomb",
        "cut_body",
        "wrong_length",
        "wrong_shapes",
        "empty_items",
    ),
    *("xml_instead_of_json", "old_hour", "future_hour"),
)
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
    asked: int = 0  # of the server, while it should answer
    unanswered: list[str] = field(default_factory=list)
    memory: int = 0  # the most the server took [bytes]
    drawn: int = 0  # pages that viewers were shown whole
    refused: int = 0  # of the hostile clients' messages and calls


class Server:
    """`aq serve` by a shared clock; killed and started again."""

    def __init__(self, folder: Path, simulator: SimulatorServer, viewers: int) -> None:
        self.folder, self.port = folder, free_port()
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
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "chaos.clocked", *clock, "serve", "--port", str(self.port)],
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
        with suppress(psutil.Error):
            size = psutil.Process(self.server.process.pid).memory_info().rss
            self.seen.memory = max(self.seen.memory, size)

    def heard(self, hour: datetime) -> bool:
        """Whether all stations of an hour are in."""
        query = select(func.count()).where(station_hour.c.hour == hour_number(hour))
        with self.store.read() as connection:
            return connection.scalar(query.select_from(station_hour)) == STATIONS

    def hour(self, hour: datetime, *, kill: bool, lie: bool) -> None:
        """An hour: a lie at the first poll, the truth at the second, a kill between."""
        if lie:
            kind = self.chance.choice(LIES)
            extra = "hours = 1" if kind == "old_hour" else ""
            extra = "megabytes = 60" if kind == "gzip_bomb" else extra
            text = f'[[fault]]\nkind = "{kind}"\nfeed = "airkorea"\n{extra}\n'
            self.simulator.scenario = parse(text)
        before = self.simulator.calls["getCtprvnRltmMesureDnsty"]
        self.at(hour + timedelta(minutes=21))
        waited(lambda: self.simulator.calls["getCtprvnRltmMesureDnsty"] > before)
        if kill:
            time.sleep(self.chance.random())
            self.server.kill()
            self.seen.kills += 1
        self.simulator.scenario = parse("")
        for minute in (36, 51, 57):
            self.at(hour + timedelta(minutes=minute))
            if waited(lambda: self.heard(hour)):
                break
        self.seen.hours += 1


def waited(true: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether it became so in time; the clock goes on either way, what lacks is filled later."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def live(
    folder: Path, hours: int, viewers: int, *, every: int, seed: int = SEED
) -> tuple[Seen, int, int]:
    """So many simulated hours of it, with a kill each `every` hours; (what was seen, hours lost,
    hours that stand otherwise)."""
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
        back, ahead = hours // 3, 2 * hours // 3
        for number in range(hours):
            hour = first + number * HOUR
            storm.hour(hour, kill=number % every == every - 1, lie=number % 2 == 1)
            if number == back:  # the clock is set back two hours, and found wrong
                storm.at(hour - 2 * HOUR)
            if number == ahead:  # or three ahead
                storm.at(hour + 3 * HOUR)
        until = first + (hours - 1) * HOUR
        storm.at(until + timedelta(minutes=59))
        crowd.over = True
        crowd.join(PATIENCE)
        expected = alone(folder, world, until + timedelta(minutes=25))
        stood = station_hours(store, until)
        store.close()
    lost = len(expected.keys() - stood.keys())
    wrong = sum(stood[key] != expected[key] for key in expected.keys() & stood.keys())
    return seen, lost, wrong


@part("storm")
def storm(scale: Scale, folder: Path) -> Iterator[Line]:
    """Viewers, hostile clients, lies, a clock that jumps twice, kills."""
    quick = scale.days < Scale().days
    hours, viewers = (24, 10) if quick else (120, 50)
    seen, lost, wrong = live(folder, hours, viewers, every=6)
    held = not seen.unanswered and seen.memory < MEMORY and seen.refused > 0
    yield Line(
        what=f"storm: {hours} hours, {viewers} viewers, killed each 6",
        tried=seen.asked,
        survived=seen.asked - len(seen.unanswered) if held else 0,
        lost=lost,
        twice=wrong,
        note=f"{seen.kills} kills; {seen.memory / 1e6:.0f} MB at most; {seen.drawn} pages drawn,"
        f" {seen.refused} refused; seed {SEED}",
    )
