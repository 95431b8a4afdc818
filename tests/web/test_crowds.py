"""A server flooded, and with more viewers than places: it polls, and tells who is refused."""

import asyncio
import re
import resource
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from aq.context import start
from aq.domain.clock import HOUR, floor_hour, hour_number
from aq.settings import ServerSettings, load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import Store
from aq.store.schema import station_hour
from aq.web import server as web
from bench.flood import FLOODS, frames
from chaos.clocked import SharedTime
from chaos.storm import STATIONS, Server
from tests.conftest import NOW
from tests.waiting import PATIENCE, wait_until

FILES, VIEWERS, PAGES_A_CLIENT = 1_024, 1_000, 10


@dataclass(frozen=True)
class Polling:
    """A server whose scheduler polls a simulated feed by a clock that the test moves."""

    server: Server
    store: Store
    time: SharedTime

    def refuses_messages(self) -> bool:
        """Whether a page was closed, by its own limit or its client's."""
        refused = self.refused()
        return refused["messages"] + refused["client_messages"] > 0

    def stores_the_next_hour(self) -> None:
        """Let the next hour be published, and see it stored while health is told."""
        hour = floor_hour(NOW) + HOUR
        self.time.set((hour + timedelta(minutes=21) - NOW).total_seconds())
        query = select(func.count()).where(station_hour.c.hour == hour_number(hour))

        def stored() -> bool:
            assert self.server.answers()
            with self.store.read() as connection:
                return connection.scalar(query.select_from(station_hour)) == STATIONS

        wait_until(stored)
        wait_until(lambda: self.server.feed().get("failing_since", "silent") is None)

    def refused(self) -> dict[str, int]:
        """How many were turned away so far, by reason."""
        text = requests.get(f"{self.server.address}/metrics", timeout=PATIENCE).text
        counts = re.findall(r'^aq_refused_total{reason="(\w+)"} ([\d.]+)$', text, re.MULTILINE)
        return {reason: int(float(count)) for reason, count in counts}


@contextmanager
def polling(folder: Path, files: int | None = None) -> Iterator[Polling]:
    """The server, up, with the hour before in its store."""
    shared = SharedTime(folder / "time")
    with SimulatorServer(World(STATIONS), shared.clock(NOW)) as simulator:
        store = start(load({"AQ_DATABASE_URL": f"sqlite:///{folder / 'aq.db'}"})).store
        server = Server(folder, simulator, PAGES_A_CLIENT, files)
        try:
            wait_until(server.answers, 5 * PATIENCE)
            yield Polling(server, store, shared)
        finally:
            server.stop()
            store.close()
    assert "Traceback" not in (folder / "log").read_text("utf-8")


@contextmanager
def meanwhile(work: Callable[[Callable[[], bool]], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Do something on a loop of its own until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(work(over.is_set)), daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_the_hour_is_polled_and_answers_come_while_pages_are_flooded(tmp_path: Path) -> None:
    """700 frames a second on one page, and 30 pages of 20 frames a second, at once."""
    with polling(tmp_path) as place:

        async def flood(over: Callable[[], bool]) -> None:
            await asyncio.gather(*(frames(place.server.address, *each, over) for each in FLOODS))

        with meanwhile(flood):
            wait_until(place.refuses_messages)
            place.stores_the_next_hour()
            strip = requests.get(f"{place.server.address}/strip", timeout=PATIENCE)
            assert strip.status_code == 200


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many descriptors for the viewers of the test as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_a_thousand_viewers_of_a_server_of_few_files_are_seated_or_told(tmp_path: Path) -> None:
    """As many as a server with 1,024 files has places for see the page; the others are told why."""
    places = web.fitted(ServerSettings(), FILES).pages
    with polling(tmp_path, FILES) as place:
        url = f"{place.server.address.replace('http', 'ws')}/_stcore/stream"
        outcomes: Counter[str] = Counter()
        tried = threading.Event()

        async def viewer(number: int, stack: AsyncExitStack) -> None:
            client = {"X-Forwarded-For": f"198.51.100.{number // PAGES_A_CLIENT}"}
            try:
                page = await stack.enter_async_context(
                    connect(url, additional_headers=client, max_size=None, open_timeout=PATIENCE)
                )
                outcomes[await _seen(page)] += 1
            except InvalidStatus as refusal:
                words = bytes(refusal.response.body or b"").decode().strip()
                outcomes[f"{refusal.response.status_code} {words}"] += 1

        async def crowd(over: Callable[[], bool]) -> None:
            async with AsyncExitStack() as stack:
                await asyncio.gather(*(viewer(number, stack) for number in range(VIEWERS)))
                tried.set()
                while not over():
                    await asyncio.sleep(0.05)

        with meanwhile(crowd):
            assert tried.wait(PATIENCE)
            seated = outcomes.pop("drawn")
            assert seated == places
            told = outcomes.pop("1008 pages")
            busy = outcomes.pop("503 All places are taken. Try again in a minute.", 0)
            assert not outcomes
            assert seated + told + busy == VIEWERS
            newcomer = {"X-Forwarded-For": "203.0.113.1"}
            answer = requests.get(f"{place.server.address}/", headers=newcomer, timeout=PATIENCE)
            assert (answer.status_code, "지금은 보는 사람이 많아" in answer.text) == (503, True)
            place.stores_the_next_hour()
            refused = place.refused()
            assert refused["pages"] == told + 1
            assert refused["connections"] == busy


async def _seen(page: ClientConnection) -> str:
    """What a viewer comes to see: the page drawn, or the reason of a refusal."""
    message = BackMsg()
    message.rerun_script.page_name = "feeds"
    try:
        await page.send(message.SerializeToString())
        await page.recv()
    except ConnectionClosed as end:
        return f"{end.rcvd.code} {end.rcvd.reason}" if end.rcvd else "cut off"
    return "drawn"
