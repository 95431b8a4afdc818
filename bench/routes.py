"""`/strip`, `/api/v1/current` and `/now` by the thousand while pages are served, on one core."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request

from bench import data
from bench.data import Stores, environment, say
from bench.report import Case, Goal, below
from bench.serving import ROOT, dashboard
from bench.viewers import quantile

# Answers a second to reach, by path.
PATHS = {"/strip": 1000, "/api/v1/current": 1000, "/now": 2000}
CONNECTIONS, SECONDS = 16, 4.0
PACE = 1000  # answers a second for the latency that readers see
WATCHERS = 5


async def _one(host: str, port: int, request: bytes, end: float, pause: float) -> list[float]:
    """Ask over one kept connection; `pause` seconds between begins, 0 for as fast as it goes."""
    reader, writer = await asyncio.open_connection(host, port)
    taken: list[float] = []
    due = time.perf_counter()
    while due < end:
        if pause:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        began = due if pause else time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"answered {head[:40]!r}")
        at = head.lower().index(b"content-length:") + 15
        await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
        now = time.perf_counter()
        taken.append(now - began)
        due = due + pause if pause else now
    writer.close()
    return taken


async def _load(port: int, path: str, pace: float) -> list[float]:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    end = time.perf_counter() + SECONDS
    pause = CONNECTIONS / pace if pace else 0.0
    tasks = [_one("127.0.0.1", port, request, end, pause) for _ in range(CONNECTIONS)]
    return [one for found in await asyncio.gather(*tasks) for one in found]


def run(stores: Stores) -> list[Case]:
    """The most a second, and how long an answer takes at a thousand a second."""
    own = os.sched_getaffinity(0)
    core = {min(own)}
    cases = []
    with dashboard(stores.url(data.YEARS), cores=core) as (address, _):
        port = int(address.rpartition(":")[2])
        os.sched_setaffinity(0, (own - core) or own)
        command = [sys.executable, "-m", "bench.routes", address]
        given = environment("sqlite://")
        try:
            with subprocess.Popen(command, cwd=ROOT, env=given) as pages:
                for path in PATHS:
                    say(f"{path} with {WATCHERS} viewers")
                    urllib.request.urlopen(address + path).close()
                    most = len(asyncio.run(_load(port, path, 0))) / SECONDS
                    paced = asyncio.run(_load(port, path, PACE))
                    cases.append(_case(path, most, quantile(paced, 0.99)))
                pages.terminate()
        finally:
            os.sched_setaffinity(0, own)
    return cases


def _case(path: str, most: float, slowest: float) -> Case:
    return Case(
        bench="route",
        case=f"{path}, answers a second on one core",
        unit="/s",
        runs=round(most * SECONDS),
        ours=most,
        goals=(
            Goal(text=f"{PATHS[path]} a second", found=most, bound=PATHS[path]),
            below(f"p99 ms at {PACE} a second", 1000 * slowest, 50),
        ),
    )


if __name__ == "__main__":
    from bench.viewers import watch

    watch(sys.argv[1], WATCHERS, 600)
