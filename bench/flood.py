"""Floods of frames from one client, and how soon others are answered and the feed is polled."""

import asyncio
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from aq.app import _upkeep
from aq.domain.clock import HOUR, floor_hour, kst_iso, parse_instant
from aq.ingest.schedule import TICK_SECONDS
from aq.store import runs
from aq.store.schema import run as run_table
from bench import data
from bench.data import Stores, environment, open_runtime, say
from bench.report import Case, below
from bench.serving import ROOT, dashboard, free_port, process
from bench.viewers import quantile

# (websockets, frames a second of each)
FLOODS = ((1, 700), (30, 20))
PATHS = ("/healthz", "/strip")
AGAIN_SECONDS = 0.25  # after which somebody who was cut off comes again
SECONDS, ASKED = 20.0, 10  # of each flood; questions a second of each path
MOST_WAITING = 400  # questions, so that none waits for another's answer
REST = 3.0  # [s] without a job before anything is measured
# A server starts so many seconds before the minute of a poll, and is flooded until after it.
POLL_MINUTE, BEFORE_POLL, AFTER_POLL = 20, 60.0, 5.0
LATE_SECONDS = TICK_SECONDS + 1.0  # of a poll behind its minute, which is looked for at each tick


async def frames(
    address: str, sockets: int, per_second: float, over: Callable[[], bool] = lambda: False
) -> None:
    """Send clicks over so many websockets until `over`; who is cut off comes again."""
    message = BackMsg()
    message.rerun_script.page_name = "feeds"
    click = message.SerializeToString()

    async def one_socket() -> None:
        url = f"{address.replace('http', 'ws')}/_stcore/stream"
        while not over():
            with suppress(OSError, WebSocketException, TimeoutError):
                async with connect(url, max_size=None) as page:
                    while not over():
                        await page.send(click)
                        await asyncio.sleep(1 / per_second)
            await asyncio.sleep(AGAIN_SECONDS)

    await asyncio.gather(*(one_socket() for _ in range(sockets)))


def _waited(address: str, seconds: float) -> dict[str, list[float]]:
    """How long answers took [s], by path, asked at a steady pace; each late one delays none."""

    def ask(path: str, due: float) -> float:
        with urllib.request.urlopen(address + path) as answer:
            answer.read()
        return time.monotonic() - due

    async def asking() -> dict[str, list[float]]:
        begin, tasks = time.monotonic(), []
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(MOST_WAITING))
        for number in range(round(seconds * ASKED)):
            due = begin + number / ASKED
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks += [
                (path, asyncio.create_task(asyncio.to_thread(ask, path, due))) for path in PATHS
            ]
        taken: dict[str, list[float]] = {path: [] for path in PATHS}
        for path, task in tasks:
            taken[path].append(await task)
        return taken

    return asyncio.run(asking())


def _count_as_graded(url: str) -> None:
    """Take the rebuilding of grades as done: the bench's days were copied without theirs, and a
    server that starts on them would grade a year while it is measured."""
    context = open_runtime(url)
    now = context.clock.now()
    for job in _upkeep(context):
        if job.name.startswith("regrade:"):
            lease = timedelta(minutes=1)
            mine = runs.claim(
                context.store, job.name, job.slot(now), owner="bench", now=now, lease=lease
            )
            if mine is not None:
                runs.finish(context.store, mine, now, True, {})
    context.store.close()


def _await_rest(url: str) -> None:
    """Wait until the jobs that a start brings with it are over: what they take is no flood's."""
    context = open_runtime(url)
    quiet = time.monotonic() + REST
    with closing(context.store):
        while time.monotonic() < quiet:
            with context.store.read() as connection:
                at_work = connection.scalar(
                    select(func.count())
                    .select_from(run_table)
                    .where(run_table.c.finished.is_(None))
                )
            if at_work:
                quiet = time.monotonic() + REST
            time.sleep(0.1)


def _lateness(url: str, slot: datetime) -> float:
    """How long after its minute the poll began [s]; for ever where it did not."""
    context = open_runtime(url)
    query = select(run_table.c.started).where(
        run_table.c.job == "poll:airkorea", run_table.c.slot == slot
    )
    with context.store.read() as connection:
        started = connection.scalar(query)
    context.store.close()
    return float("inf") if started is None else (started - slot).total_seconds()


def run(stores: Stores) -> list[Case]:
    """The slowest hundredth of answers under each flood and without one, and the latest poll."""
    return [_flooded(stores, *flood) for flood in FLOODS]


def _flooded(stores: Stores, sockets: int, per_second: int) -> Case:
    say(f"{sockets} websockets × {per_second} frames a second")
    url, port = stores.copy(1, f"flood{sockets}.db"), free_port()
    _count_as_graded(url)
    base = f"http://127.0.0.1:{port}"
    slot = floor_hour(parse_instant(data.NOW)) + HOUR + timedelta(minutes=POLL_MINUTE)
    began = time.time()
    clock = {"AQ_CLOCK": f"{kst_iso(slot - timedelta(seconds=BEFORE_POLL))}@1@{began}"}
    given = environment(url, **clock)
    simulate = ("-m", "aq", "simulate", "--port", str(port), "--stations", str(data.STATIONS))
    more: dict[str, Any] = {
        "AQ_SCHEDULER": "on",
        "AQ_SERVER__MESSAGES_PER_MINUTE": "1200",  # as a server has it
        "AQ_FEEDS__AIRKOREA__URL": f"{base}/B552584",
        "AQ_FEEDS__AIRKOREA__KEY": "any",
        "AQ_FEEDS__OPENMETEO__ENABLED": "false",
    }
    with (
        process(*simulate, "--seed", str(data.SEED), given=given, answers=base),
        dashboard(url, **clock, **more) as (address, _),
    ):
        _await_rest(url)
        calm = _waited(address, SECONDS / 2)
        command = [sys.executable, "-m", "bench.flood", address, str(sockets), str(per_second)]
        with subprocess.Popen(command, cwd=ROOT, env=environment("sqlite://")) as flooding:
            to_poll = began + BEFORE_POLL - time.time()
            taken = _waited(address, max(SECONDS, to_poll + AFTER_POLL))
            flooding.terminate()
    slowest = {path: quantile(taken[path], 0.99) for path in PATHS}
    return Case(
        bench="flood",
        case=f"{sockets} × {per_second} frames a second: p99 of the slower route",
        runs=len(taken[PATHS[0]]),
        ours=max(slowest.values()),
        limit=max(quantile(calm[path], 0.99) for path in PATHS),
        goals=(
            *(below(f"p99 ms of {path}", 1000 * slowest[path], 200) for path in PATHS),
            below("s after its minute, the poll", _lateness(url, slot), LATE_SECONDS),
        ),
    )


if __name__ == "__main__":
    asyncio.run(frames(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
