"""A store copied while it is written to, lost and restored; files that are no copies refused."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aq.domain.clock import Clock
from aq.domain.errors import InputError, StoreError
from aq.ingest.collect import ingest, station_rule
from aq.paths import ROOT, SHIPPED
from aq.settings import load
from aq.simulator.world import World, history
from aq.standards_file import load_standards
from aq.store import Store, open_store
from aq.store import backup as copies
from aq.store.engine import migrate
from aq.store.stations import Directory
from chaos.places import Databases, contents, databases
from tests.conftest import NOW

WORLD = World(34)
STANDARDS = tuple(
    one
    for name, one in load_standards(SHIPPED / "standards").items()
    if name in ("airkorea_1h", "airkorea")
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "aq.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{path}", Clock(NOW))
    migrate(opened)
    yield opened
    opened.close()


def write(store: Store, days: int, stop: threading.Event | None = None) -> int:
    """A transaction for each day of simulated history, newest first."""
    version = 0
    batches = history(WORLD, NOW.replace(minute=0) - timedelta(days=days), NOW.replace(minute=0))
    for readings in batches:
        with store.write("test") as txn:
            txn.mark_simulated(True)
            rule = station_rule(load({}).provinces)
            ingest(txn, "airkorea", readings, Directory(txn, rule), STANDARDS)
            version = txn.version
        if stop is not None and stop.is_set():
            break
    return version


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def aq(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AQ_DATABASE_URL": url, "AQ_CLOCK": NOW.isoformat()}
    command = [sys.executable, "-m", "aq", *words]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_copied_while_written_lost_and_restored(store: Store, path: Path, tmp_path: Path) -> None:
    write(store, 1)
    stop = threading.Event()
    writer = threading.Thread(target=write, args=(store, 30, stop))
    writer.start()
    before = store.version()
    during = copies.backup(f"sqlite:///{path}", tmp_path / "during.db")
    after = store.version()
    stop.set()
    writer.join()
    assert before <= during.version <= after
    with closing(sqlite3.connect(tmp_path / "during.db")) as connection:
        newest = connection.execute("SELECT max(version) FROM store_version").fetchone()
        rows = connection.execute("SELECT max(version) FROM station_hour").fetchone()
    assert newest == rows == (during.version,)

    last = copies.backup(f"sqlite:///{path}", tmp_path / "last.db")
    store.close()
    kept = dump(path)
    for file in path.parent.iterdir():
        file.unlink()
    made = aq(f"sqlite:///{path}", "restore", str(tmp_path / "last.db"), "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["rows"] == last.rows
    assert dump(path) == kept
    assert aq(f"sqlite:///{path}", "current").returncode == 0


def test_the_store_that_was_there_is_kept(store: Store, path: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{path}"
    write(store, 1)
    one = copies.backup(url, tmp_path / "one.db").version
    write(store, 2)
    two = store.version()
    store.close()
    made = copies.restore(url, tmp_path / "one.db", NOW)
    assert made.kept is not None
    assert (copies.describe(Path(made.kept)).version, made.version) == (two, one)


def test_a_store_in_use_is_not_replaced(store: Store, path: Path, tmp_path: Path) -> None:
    write(store, 1)
    copies.backup(f"sqlite:///{path}", tmp_path / "one.db")
    before = dump(path)
    with store.read(), pytest.raises(StoreError, match="in use"):
        copies.restore(f"sqlite:///{path}", tmp_path / "one.db", NOW)
    assert dump(path) == before
    assert not list(path.parent.glob(".*"))


def test_a_damaged_copy_or_another_file_changes_nothing(
    store: Store, path: Path, tmp_path: Path
) -> None:
    write(store, 1)
    url = f"sqlite:///{path}"
    copies.backup(url, tmp_path / "whole.db")
    data = bytearray((tmp_path / "whole.db").read_bytes())
    data[4096 * 5 : 4096 * 9] = os.urandom(4096 * 4)
    (tmp_path / "damaged.db").write_bytes(data)
    (tmp_path / "cut.db").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.db").write_text("no database")
    (tmp_path / "empty.db").write_bytes(b"")
    with closing(sqlite3.connect(tmp_path / "newer.db")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999_future')")
        connection.commit()
    store.close()
    before = dump(path)
    for name in ("damaged.db", "cut.db", "text.db", "empty.db", "newer.db"):
        with pytest.raises(InputError):
            copies.restore(url, tmp_path / name, NOW)
        assert dump(path) == before


def test_another_file_is_not_overwritten_by_a_backup(
    store: Store, path: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{path}"
    (tmp_path / "letter.txt").write_text("dear reader")
    for target in (tmp_path / "letter.txt", path, tmp_path / "no" / "such" / "folder.db"):
        with pytest.raises((InputError, StoreError)):
            copies.backup(url, target)
    assert (tmp_path / "letter.txt").read_text() == "dear reader"
    copies.backup(url, tmp_path / "twice.db")
    copies.backup(url, tmp_path / "twice.db")


def test_postgresql_is_sent_to_its_own_tools(tmp_path: Path) -> None:
    ended = aq("postgresql+psycopg://u:secret-word@localhost/aq", "backup", str(tmp_path / "x"))
    assert ended.returncode == 2
    assert "pg_dump" in ended.stderr
    assert "secret-word" not in ended.stderr


def test_postgresql_is_copied_and_restored_by_its_own_tools(tmp_path: Path) -> None:
    """As docs/operations.md says: the copy has every row, and the program works on it."""
    with databases() as place:
        tools = place.server.bin_path  # of the server's own version, as they must be
        place.copy(None, "aq")
        made = open_store(place.url("aq"), Clock(NOW))
        migrate(made)
        write(made, 1)
        made.close()
        for tool, *words in (
            ("pg_dump", "--format=custom", f"--file={tmp_path / 'aq.dump'}", libpq(place, "aq")),
            ("psql", "--command=CREATE DATABASE aq_restored", libpq(place, "postgres")),
            (
                *("pg_restore", "--exit-on-error", "--single-transaction"),
                *(f"--dbname={libpq(place, 'aq_restored')}", tmp_path / "aq.dump"),
            ),
        ):
            subprocess.run([tools / tool, *words], check=True)
        expected = contents(place.url("aq"))
        assert expected
        assert contents(place.url("aq_restored")) == expected
        restored = open_store(place.url("aq_restored"), Clock(NOW))
        before = restored.version()
        assert write(restored, 2) > before  # sequences and partitions go on where they were
        restored.close()


def libpq(place: Databases, name: str) -> str:
    """The address of a database as PostgreSQL's own tools take it."""
    return place.url(name).replace("+psycopg", "")


def test_a_command_typed_without_the_services_environment_works_on_its_store(
    store: Store, path: Path, tmp_path: Path
) -> None:
    write(store, 1)
    file = tmp_path / "env"
    file.write_text(f"# of the service\nAQ_DATABASE_URL=sqlite:///{path}\nAQ_LANG='en'\n", "utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AQ_")},
        "AQ_ENV_FILE": str(file),
    }

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aq", *words]
        return subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )

    copy = tmp_path / "copy.db"
    made = typed("backup", str(copy))
    assert made.returncode == 0
    assert made.stderr.startswith(f"store: {path}\n")
    store.close()
    path.unlink()
    restored = typed("restore", str(copy))
    assert (restored.returncode, restored.stderr) == (0, f"store: {path}\n")
    assert path.exists()
    environment["AQ_DATABASE_URL"] = f"sqlite:///{tmp_path / 'other.db'}"
    assert typed("backup", str(copy)).stderr.startswith(f"store: {tmp_path / 'other.db'}\n")


def test_postgresql_may_be_named_as_its_own_tools_do() -> None:
    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        settings = load({"AQ_DATABASE_URL": f"{scheme}://aq:p%40ss@db.example:5433/aq"})
        assert settings.database_url == "postgresql+psycopg://aq:p%40ss@db.example:5433/aq"
