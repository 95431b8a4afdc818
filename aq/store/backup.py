"""Whole copies of the embedded store: taken while it is in use, read back, put in its place."""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from aq.domain.errors import InputError, StoreError
from aq.store import answer_keys, official_means, yellow_dust  # noqa: F401 - their tables are counted too
from aq.store.engine import known_revisions
from aq.store.presence import holders, leftovers
from aq.store.schema import metadata

PAGES = 4096  # copied at a time, 16 MiB
WAIT = 5.0  # seconds for a lock
PG_DUMP = (
    "PostgreSQL is copied by its own tools: pg_dump --format=custom --file=FILE DATABASE, and"
    " restored into a new database (docs/operations.md): pg_restore --exit-on-error"
    " --single-transaction --dbname=NEW FILE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a copy holds: schema, store version, rows by table; `kept` is what it replaced."""

    path: str
    size: int
    schema: str
    version: int
    rows: dict[str, int]
    kept: str | None = None


def store_file(url: str) -> Path:
    """The embedded store's file. Raises `InputError` for another engine, saying what to use."""
    parsed = make_url(url)
    if parsed.drivername != "sqlite" or not parsed.database:
        raise InputError(PG_DUMP)
    return Path(parsed.database)


def backup(
    url: str, target: Path, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Copy:
    """Copy the store as of one instant, without holding up its writers, and read the copy back.

    `target` appears only once it is whole and verified; an older copy there is replaced, any other
    file is not. Raises `InputError` for a target that may not be written, `StoreError` otherwise.
    """
    source = store_file(url)
    if not source.exists():
        raise StoreError(f"there is no store at {source}")
    if target.exists():
        if target.samefile(source):
            raise InputError("the copy cannot stand in the store's own place", "file")
        describe(target)
    with _beside(target) as fresh:
        with _errors(source), closing(sqlite3.connect(source, timeout=WAIT)) as connection:
            connection.execute("BEGIN")  # one view for the counts and the copy
            rows = _rows(connection)
            _copied(connection, fresh, progress)
            connection.rollback()
        made = describe(fresh)
        if made.rows != rows:
            raise StoreError("the copy read back differs from the store; nothing was kept")
        os.replace(fresh, target)
    return _named(made, target)


def restore(url: str, source: Path, now: datetime) -> Copy:
    """Put a copy in the store's place; the store that was there is kept beside it.

    Raises `InputError` for a file that is no whole copy, `StoreError` while the store is in use.
    """
    target = store_file(url)
    wanted = describe(source)
    if target.exists() and target.samefile(source):
        raise InputError("this is the store itself", "file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(target) as fresh:
        with _errors(source), closing(sqlite3.connect(source, timeout=WAIT)) as connection:
            _copied(connection, fresh, lambda _done, _all: None)
        made = describe(fresh)
        if made.rows != wanted.rows:
            raise StoreError("what was restored differs from the file; the store was left alone")
        _owned_like(fresh, target if target.exists() else target.parent)
        kept = _set_aside(target, now)
        os.replace(fresh, target)
    return _named(made, target, kept)


def _owned_like(fresh: Path, model: Path) -> None:
    """Give a file the owner of the store, or of its folder, and the store's mode: who restores may
    be root, and who opens the store is the service."""
    status = model.stat()
    with _errors(fresh):
        if os.geteuid() == 0:
            os.chown(fresh, status.st_uid, status.st_gid)
        if model.is_file():
            fresh.chmod(stat.S_IMODE(status.st_mode))


def describe(path: Path) -> Copy:
    """What a copy holds, once every page of it has been checked.

    Raises `InputError` for a file that is damaged, no store, or of a newer program.
    """
    try:
        with closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True)) as connection:
            (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if answer != "ok":
                raise InputError(f"{path.name} is damaged: {answer}", "file")
            (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if schema not in known_revisions():
                raise InputError(
                    f"{path.name} has schema {schema}, unknown to this program", "file"
                )
            (version,) = connection.execute("SELECT version FROM state WHERE id = 1").fetchone()
            rows = _rows(connection)
    except (sqlite3.Error, TypeError) as error:
        raise InputError(f"{path.name} is no copy of a store: {error}", "file") from None
    size = path.stat().st_size
    return Copy(path=str(path), size=size, schema=schema, version=version, rows=rows)


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _rows(connection: sqlite3.Connection) -> dict[str, int]:
    there = {
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
    }
    counts = {}
    for name in sorted(there & set(metadata.tables)):  # names of our own schema, never from outside
        (counts[name],) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()  # noqa: S608
    return counts


def _copied(
    connection: sqlite3.Connection, target: Path, progress: Callable[[int, int], None]
) -> None:
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(
            copy, pages=PAGES, progress=lambda _status, left, all_: progress(all_ - left, all_)
        )
        copy.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new file in the target's folder, gone if it was not moved into place."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _errors(target):
            fresh.touch(mode=0o600)
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: {error}") from None


def _set_aside(target: Path, now: datetime) -> str | None:
    """Keep the store that is there under another name; refuse while a program has it open."""
    using = holders(target)
    if using:
        words = ", ".join(map(str, using))
        raise StoreError(
            f"{target} is in use by process {words}; stop the server and workers first"
        )
    if not target.exists():
        for part in leftovers(target):  # of a store that was lost: they would spoil the new one
            part.unlink()
        return None
    try:
        with closing(sqlite3.connect(target, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # only granted to a lone user
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(f"{target} is in use; stop the server and workers first") from None
    except sqlite3.DatabaseError:
        pass  # damaged, which may be why it is replaced
    kept = target.with_name(f"{target.name}.replaced-{now:%Y%m%dT%H%M%SZ}")
    for end in ("", "-wal", "-shm"):
        part = target.with_name(target.name + end)
        if part.exists():
            part.rename(kept.with_name(kept.name + end))
    return str(kept)


def _named(made: Copy, target: Path, kept: str | None = None) -> Copy:
    return Copy(
        path=str(target),
        size=made.size,
        schema=made.schema,
        version=made.version,
        rows=made.rows,
        kept=kept,
    )
