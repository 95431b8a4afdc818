"""A decade of one province over HTTP by DuckDB, from the published folder on a plain server."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from bench import data
from bench.data import Stores, open_runtime, say
from bench.report import Case, below
from tests.serving import listening

CODE, KEY, RUNS = "KR-11", "pm25", 5
SENT = [0]  # bytes of bodies


def run(stores: Stores) -> list[Case]:
    """Yearly means of ten years, each run in a connection that keeps nothing of the one before."""
    say("a decade over HTTP")
    folder = stores.folder / "published"
    _publish(stores, folder)
    seconds, sent = [], 0
    with _served(folder) as address:
        files = [
            f"{address}/{file.relative_to(folder)}" for file in sorted(folder.rglob("*.parquet"))
        ]
        for _ in range(RUNS):
            SENT[0] = 0
            seconds.append(_ask(files))
            sent = SENT[0]
    taken = statistics.median(seconds)
    goals = (below("ms", 1000 * taken, 300), below("MB sent", sent / 1e6, 2))
    return [
        Case(
            bench="published",
            case="ten years of a province by DuckDB over HTTP",
            runs=RUNS,
            ours=taken,
            goals=goals,
        )
    ]


def _publish(stores: Stores, folder: Path) -> None:
    from aq.web.publish.history import year_files

    context = open_runtime(stores.url(data.YEARS))
    for file in year_files(context, context.clock.now()):
        if f"/{CODE}/" in file.path:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.make())
    context.store.close()


def _ask(files: list[str]) -> float:
    """Seconds of the question, as docs/clients.md asks it where httpfs cannot be had."""
    import duckdb
    from fsspec.implementations.http import HTTPFileSystem

    class Published(HTTPFileSystem):  # type: ignore[misc]
        async def _exists(self, path: str, **_: object) -> bool:
            return bool(await self._info(path))

        def modified(self, _: str) -> datetime:
            return datetime(2026, 1, 1, tzinfo=UTC)

    connection = duckdb.connect()
    connection.register_filesystem(Published(skip_instance_cache=True))
    began = time.perf_counter()
    rows = connection.execute(
        f'SELECT year("at") AS year, avg(value) FROM read_parquet(?)'
        f" WHERE pollutant = '{KEY}' GROUP BY year",
        [files],
    ).fetchall()
    taken = time.perf_counter() - began
    if len(rows) < data.YEARS:
        raise SystemExit(f"{len(rows)} years were answered")
    return taken


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    files = StaticFiles(directory=folder)

    async def counts(scope: Scope, receive: Receive, send: Send) -> None:
        async def sends(message: Message) -> None:
            SENT[0] += len(message.get("body", b""))
            await send(message)

        await files(scope, receive, sends)

    app = Starlette()
    app.mount("/", counts)
    with listening(app) as address:
        yield address
