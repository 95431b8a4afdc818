"""Opening the store, bringing its schema up to date, and transactions with a store version."""

import hashlib
import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from aq.domain.clock import Clock
from aq.domain.errors import StoreError
from aq.paths import ROOT
from aq.store.presence import Place
from aq.store.schema import state, store_version
from aq.store.standby import Standby, first_line

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)
BUSY_SECONDS = 30
# After a write of data as long as the first, a thread leaves the file to others for the second.
LONG_WRITE_SECONDS, TURN_SECONDS = 0.1, 0.12
FIRST_WITH_USABLE = "0014_usable_from"
ARCHIVE = "aq_archive"  # the option of every connection that names the archive's folder
# Before a view is taken on PostgreSQL, so that no year of station hours moves under a reader's
# feet: who moves one waits for those who read, and who begins to read waits for the move.
SETTLE = text("LOCK TABLE ONLY station_hour IN ACCESS SHARE MODE")
_NAMED = re.compile(r'^revision = "(.+)"', re.MULTILINE)
# Any number will do as long as all instances agree on it.
MIGRATION_LOCK = int.from_bytes(hashlib.sha256(b"aq migration").digest()[:4], "big")


class Txn:
    """A writing transaction. `version` is taken when first asked for, so that a write which
    changes nothing leaves no trace; the state row is locked from the start, so versions are
    committed in their order."""

    def __init__(self, connection: Connection, now: datetime, what: str) -> None:
        self.connection, self.now, self.what = connection, now, what
        self._version: int | None = None
        self._hours: tuple[int, int] | None = None
        query = select(state.c.version, state.c.simulated).where(state.c.id == 1)
        self._before, self._simulated = connection.execute(query.with_for_update()).one()

    @property
    def version(self) -> int:
        """The store version of this transaction."""
        if self._version is None:
            self._version = self._before + 1
            self.connection.execute(update(state).values(version=self._version))
        return self._version

    @property
    def changed(self) -> bool:
        """Whether anything asked for a version."""
        return self._version is not None

    def touch(self, hours: Iterable[int]) -> None:
        """Remember that measured hours are written: what judges them looks at those again."""
        numbers = [*hours, *(self._hours or ())]
        if numbers:
            self._hours = min(numbers), max(numbers)

    def mark_simulated(self, simulated: bool) -> None:
        """Remember whether this store holds simulated data; refuse to mix the two."""
        if self._simulated is None:
            self.connection.execute(update(state).values(simulated=simulated))
            self._simulated = simulated
        elif self._simulated != simulated:
            own, came = ("simulated", "real") if self._simulated else ("real", "simulated")
            raise StoreError(
                f"this store holds {own} data and is offered {came} data; the two are never"
                " mixed. Use another AQ_DATABASE_URL for the simulator"
            )

    def _finish(self) -> None:
        if self._version is None:
            return
        first, last = self._hours or (None, None)
        latest = self.connection.scalar(select(func.max(store_version.c.committed_at)))
        self.connection.execute(
            insert(store_version).values(
                version=self._version,
                committed_at=max(self.now, latest) if latest else self.now,
                what=self.what,
                first_hour=first,
                last_hour=last,
            )
        )


class Store:
    """One database. `read` and `write` hand out connections; functions in `aq.store` use them.

    With a `standby` it is what `read` gives while it may be read; all writes go to the primary.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        place: Place | None = None,
        standby: Standby | None = None,
    ) -> None:
        self.engine, self.clock, self._place, self.standby = engine, clock, place, standby
        self._commits = count(1)
        self._own = threading.local()  # each thread's last write of data: when it ended, its length
        # Of this process so far; caches see by it that there was another one. What a standby lacks
        # counts too, as answers say it.
        self.writes = 0
        if standby is not None:
            standby.on_change = self._count

    def _count(self) -> None:
        self.writes = next(self._commits)

    @cached_property
    def primary(self) -> "Store":
        """The same database without its standby: for what decides by what it reads."""
        return self if self.standby is None else Store(self.engine, self.clock, self._place)

    @property
    def behind_since(self) -> datetime | None:
        """Since when there are newer data than those that are read; None where that is no news."""
        return self.standby.behind_since(self.clock.now()) if self.standby else None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded store."""
        return self.engine.dialect.name == "sqlite"

    def _check(self) -> None:
        """Raise `StoreLostError` when the store's file is not the one that is open any more."""
        if self._place is not None:
            self._place.check(self.engine.raw_connection, self.clock.now)

    @contextmanager
    def read(self, least: int = 0) -> Iterator[Connection]:
        """A consistent view for several reads, of the store version `least` or a later one.

        Raises `StandbyLostError` when the standby breaks off, which by then is not read any more.
        """
        self._check()
        standby = self.standby if self.standby and self.standby.serves(least) else None
        with _translated(), ExitStack() as stack:
            if standby is not None:
                try:
                    connection = stack.enter_context(self._view(standby.engine))
                    stack.enter_context(standby.watched())
                except (OperationalError, InterfaceError) as error:
                    standby.lost(error)
                    standby = None
            if standby is None:
                connection = stack.enter_context(self._view(self.engine))
            yield connection

    @contextmanager
    def _view(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(SETTLE)
                yield connection

    @contextmanager
    def book(self) -> Iterator[Connection]:
        """A short write of the program's own records (runs, calls, feed states): no version."""
        self._check()
        with _translated(), self.engine.connect() as connection:
            connection.execution_options(aq_write=True)
            with connection.begin():
                yield connection
        if self.standby is not None:
            self.standby.wrote()
        self._count()

    @contextmanager
    def write(self, what: str) -> Iterator[Txn]:
        """A write of data: all of it or nothing, under the next store version."""
        self._let_others_in()
        with self.book() as connection:
            began = time.monotonic()
            txn = Txn(connection, self.clock.now(), what)
            yield txn
            txn._finish()
        self._own.ended = time.monotonic()
        self._own.took = self._own.ended - began

    def _let_others_in(self) -> None:
        """Wait for a moment after a long write of the same thread: SQLite has no queue of writers,
        and who waits looks each tenth of a second whether it is free."""
        if self.is_sqlite and getattr(self._own, "took", 0.0) > LONG_WRITE_SECONDS:
            time.sleep(max(0.0, self._own.ended + TURN_SECONDS - time.monotonic()))

    def version(self) -> int:
        """The newest committed store version; caches key on it."""
        with self.read() as connection:
            version = int(connection.scalar(select(state.c.version).where(state.c.id == 1)) or 0)
            if self.standby is not None and connection.engine is self.engine:
                self.standby.never_before(version)
        return version

    def simulated(self) -> bool:
        """Whether this store holds simulated data."""
        with self.read() as connection:
            return bool(connection.scalar(select(state.c.simulated).where(state.c.id == 1)))

    def close(self) -> None:
        """Give all connections back."""
        if self.standby is not None:
            self.standby.close()
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except InterfaceError as error:  # the connection was closed under our feet
        raise StoreError(
            f"the store does not answer: {first_line(error)}", permanent=False
        ) from None
    except DatabaseError as error:
        # Its subclasses but the first speak of our statements; the plain one of the file.
        if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
            raise
        raise StoreError(
            f"the store does not answer: {first_line(error)}", permanent=False
        ) from None


def _sqlite_connect(connection: Any, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    if connection.execute("PRAGMA query_only").fetchone()[0]:  # opened by `_read_only`
        connection.execute("PRAGMA temp_store=MEMORY")
        return
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        # An hour touches a page for each station, mostly those of the hour before: they go back to
        # the file once for several hours.
        "wal_autocheckpoint=8000",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "temp_store=MEMORY",
        "cache_size=-8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    # A read transaction that turns into a write fails at once in WAL, whatever the busy timeout.
    write = connection.get_execution_options().get("aq_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def open_store(url: str, clock: Clock, archive: Path | None = None, read_url: str = "") -> Store:
    """Connect without touching the schema; archives of station hours are looked for in `archive`.
    Where `read_url` names a hot standby of the database, reads go there once it is started.

    Raises `StoreError` when the store's folder cannot be made.
    """
    options = {ARCHIVE: archive}
    place = None
    parsed = make_url(url)
    if parsed.drivername == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            folder = Path(parsed.database).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"cannot make {folder}: {error.strerror}") from None
            place = Place(Path(parsed.database).absolute())
        engine = create_engine(url, execution_options=options)
        if place is not None and _only_to_read(place.path):
            # Nothing beside the file says that somebody writes it, and nothing can be put there.
            event.listen(engine, "do_connect", partial(_read_only, place.path))
        elif place is not None:
            _watch(engine, place)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    else:
        engine = create_engine(
            url, pool_pre_ping=True, pool_size=5, max_overflow=10, execution_options=options
        )
    standby = Standby(read_url, engine, clock, options) if read_url else None
    return Store(engine, clock, place, standby)


def _only_to_read(path: Path) -> bool:
    """Whether a store stands in a folder that takes no file, left whole by its last writer."""
    beside = path.with_name(f"{path.name}-wal")
    return path.exists() and not os.access(path.parent, os.W_OK) and not beside.exists()


def _read_only(path: Path, *_arguments: Any) -> Any:
    address = f"file:{quote(str(path))}?immutable=1"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _watch(engine: Engine, place: Place) -> None:
    """Have each new connection open the file that the others have open, or none."""
    event.listen(engine, "do_connect", lambda *_arguments: place.begin())
    event.listen(engine, "first_connect", lambda _connection, _record: place.opened())


def _alembic(connection: Connection | None = None) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - only where a schema is not up to date

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    """The revision of a store's schema; None of an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _revisions() -> list[str]:
    """Every schema this program can read, in their order, which is that of the files' names."""
    files = sorted((ROOT / "migrations" / "versions").glob("[0-9]*.py"))
    return [_NAMED.findall(path.read_text("utf-8"))[0] for path in files]


def schema_revisions(store: Store) -> tuple[str | None, str]:
    """(revision the store has, revision this program needs)."""
    with _translated(), store.engine.connect() as connection:
        return _revision(connection), _revisions()[-1]


def known_revisions() -> frozenset[str]:
    """Every schema this program can read."""
    return frozenset(_revisions())


def _usable_from(head: str) -> str:
    """This schema, and the oldest one whose programs may use what it makes of a store.

    A migration that takes away or changes what the program before reads says `contracts = True`;
    the others only add.
    """
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    scripts = ScriptDirectory.from_config(_alembic()).walk_revisions()
    breaking = (script.revision for script in scripts if getattr(script.module, "contracts", False))
    return f"{head} {next(breaking, FIRST_WITH_USABLE)}"


def usable(store: Store, revision: str | None) -> bool:
    """Whether this program may use a store of a schema: a known one, or one that says so."""
    revisions = known_revisions()
    if revision is None or revision in revisions:
        return True
    query = select(state.c.usable_from).where(state.c.id == 1)
    try:
        with store.read() as connection:
            made_by, _, oldest = str(connection.scalar(query)).partition(" ")
            return made_by == revision and oldest in revisions
    except DatabaseError:
        return False


def try_to_write(store: Store, seconds: int) -> None:
    """Take the right to write and give it back. Raises `StoreError` when it is not to be had."""
    with _translated(), store.engine.connect() as connection:
        connection.detach()  # its patience is not that of others
        connection.execution_options(aq_write=True)
        if store.is_sqlite:
            driver = connection.connection.dbapi_connection
            driver.execute(f"PRAGMA busy_timeout = {seconds * 1000}")  # type: ignore[union-attr]
        with connection.begin():
            if not store.is_sqlite:
                connection.execute(text(f"SET LOCAL lock_timeout = '{seconds}s'"))
            connection.execute(select(state.c.version).with_for_update())


def migrate(store: Store) -> tuple[str | None, str]:
    """Bring the schema up to date, once whoever else tries; returns (before, after).

    A schema that is up to date is left alone, so that a store which takes no writer can be read.
    Raises `StoreError` for a store that a newer program has written.
    """
    have, head = schema_revisions(store)
    if have == head:
        return have, head
    if have is not None and have not in known_revisions() and usable(store, have):
        log.warning("the store has the newer schema %s, which this program may still use", have)
        return have, head
    with store.book() as connection:
        if not store.is_sqlite:
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            connection.execute(lock, {"key": MIGRATION_LOCK})
        before = _revision(connection)
        if before is not None and before not in known_revisions():
            raise StoreError(
                f"the store has schema {before}, newer than this program can read ({head})."
                " Update the program or use another store"
            )
        from alembic import command  # noqa: PLC0415 - as above

        command.upgrade(_alembic(connection), "head")
        if connection.scalar(select(func.count()).select_from(state)) == 0:
            connection.execute(insert(state).values(id=1, version=0, simulated=None))
        connection.execute(update(state).values(usable_from=_usable_from(head)))
        return before, head


def state_of(connection: Connection) -> tuple[int, bool]:
    """(newest store version, whether the data are simulated), of the view a connection has."""
    row = connection.execute(
        select(state.c.version, state.c.simulated).where(state.c.id == 1)
    ).one()
    return int(row.version), bool(row.simulated)


def version_at(connection: Connection, moment: datetime) -> int | None:
    """The last store version committed by `moment`; None before the first."""
    query = select(func.max(store_version.c.version)).where(store_version.c.committed_at <= moment)
    version = connection.scalar(query)
    return None if version is None else int(version)
