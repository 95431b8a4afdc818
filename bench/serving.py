"""Servers of a bench: the dashboard, the plain page, the simulator, each a process on a port."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS
from bench import data
from bench.data import Stores, environment

ROOT = Path(__file__).parents[1]
PATIENCE = 90  # seconds
# All viewers of the bench are one client, who may say as much as they all.
QUIET = {
    "AQ_SCHEDULER": "off",
    "STREAMLIT_SERVER_HEADLESS": "true",
    "AQ_SERVER__MESSAGES_PER_MINUTE": "100000",
}


def free_port() -> int:
    """A port nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


@contextmanager
def process(
    *arguments: str, given: Mapping[str, str], answers: str, cores: set[int] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process until the block ends, begun once `answers` (an address) does."""
    command = (sys.executable, *arguments)
    with program(command, given=given, answers=answers, cores=cores) as started:
        yield started


@contextmanager
def program(
    command: Sequence[str],
    *,
    given: Mapping[str, str],
    answers: str,
    cores: set[int] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Any program until the block ends, as `process` does it."""
    started = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(given),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if cores:
        os.sched_setaffinity(started.pid, cores)
    try:
        wait_for(answers, started)
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for(url: str, started: subprocess.Popen[bytes]) -> None:
    """Until an address answers; raises when the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if started.poll() is not None:
            raise RuntimeError(f"the process for {url} ended with {started.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{url} does not answer")


@contextmanager
def dashboard(
    url: str, *, cores: set[int] | None = None, **more: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The dashboard on a store; yields its address and process."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    given = environment(url, **{**QUIET, **more})
    arguments = ("-m", "aq", "serve", "--port", str(port))
    with process(*arguments, given=given, answers=f"{address}/healthz", cores=cores) as started:
        yield address, started


@contextmanager
def plain_page(stores: Stores) -> Iterator[str]:
    """The plain page on a year of province means."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    given = {**environment("sqlite://", **QUIET), "PLAIN_DATABASE": str(plain_table(stores))}
    arguments = ("-m", "streamlit", "run", "bench/plain_page.py", "--server.port", str(port))
    with process(*arguments, given=given, answers=f"{address}/_stcore/health"):
        yield address


def plain_table(stores: Stores) -> Path:
    """A year of province means in one table, as `to_sql` leaves it: values, no key, no index."""
    path = stores.folder / "plain_page.db"
    if path.exists():
        return path
    codes = " ".join(f"WHEN {one.id} THEN '{one.code}'" for one in PROVINCES)
    values = ", ".join(
        f"1.0 * {key}_sum / nullif({key}_n, 0) / {pollutants()[key].scale} AS {key}" for key in KEYS
    )
    with sqlite3.connect(path) as connection:
        connection.execute("ATTACH ? AS store", (str(stores.path(data.YEARS)),))
        connection.execute(
            f"CREATE TABLE plain AS SELECT CASE province {codes} END AS code, hour, {values}"
            " FROM store.province_hour WHERE feed = ? ORDER BY hour",
            (FEED_IDS["airkorea"],),
        )
    return path
