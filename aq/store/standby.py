"""A hot standby of PostgreSQL to read from: when it may be read, and how far it is behind.

A thread looks at primary and standby twice a second. The standby is read while it answers, is of
this primary, has its schema, holds what this process has written, and is not behind a store version
that this process has already read from the primary. How late it is does not matter: it shows an
older version, whole, and `behind_since` says of when.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError

from aq.domain.clock import Clock
from aq.domain.errors import ConfigError, StandbyLostError
from aq.store.schema import store_version

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 3  # for a standby to answer a look; then the primary is read
# After an answer was broken off, so that its second try and those like it meet the primary.
HOLD_SECONDS = 2.0
# Replay within this is no news to a reader: the next redrawing shows it.
UNTOLD = timedelta(seconds=60)
WHERE = "read_url (config/aq.toml or AQ_READ_URL)"
State = Literal["reading", "own_write", "degraded"]
READING: State = "reading"  # it is read
OWN_WRITE: State = "own_write"  # it does not hold yet what this process has written or seen
DEGRADED: State = "degraded"  # it cannot be read; the primary answers all

# Of the primary the end of what is safe on its disk, of the standby the end of what is replayed:
# both the end of a record. Where the next one goes may lie behind a page's head.
_SIDE = text(
    "SELECT (SELECT system_identifier FROM pg_control_system()),"
    " (SELECT oid::bigint FROM pg_database WHERE datname = current_database()),"
    " pg_is_in_recovery(),"
    " ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
    " ELSE pg_current_wal_flush_lsn() END) - '0/0')::bigint,"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float"
)
_HOLDS = text("SELECT state.version, alembic_version.version_num FROM state, alembic_version")


class _Side(NamedTuple):
    """What primary or standby says of itself: `position` in the log [bytes]; `replayed_before`,
    since the last transaction that a standby replayed was committed [s]."""

    system: int
    database: int
    recovering: bool
    position: int
    replayed_before: float | None
    version: int
    schema: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyStatus:
    """How the standby does, as health, metrics and `doctor` say it.

    Attributes
    ----------
    reason : why it is not read; None while it is
    version : its store version at the last look
    lag_seconds : for how long there has been something that it lacks; 0 when it has all, and where
        the primary does not answer, the age of the last transaction it has
    behind_since : when the first store version that it lacks was committed
    """

    state: State
    reason: str | None = None
    version: int | None = None
    lag_seconds: float | None = None
    behind_since: datetime | None = None

    @property
    def is_read(self) -> bool:
        """Whether reads go to it."""
        return self.state == READING


def first_line(error: DBAPIError) -> str:
    """What the database said, in a line."""
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no reason given"


class Standby:
    """Whether reads go to the standby now. `start` looks first and then goes on looking."""

    def __init__(self, url: str, primary: Engine, clock: Clock, options: Mapping[str, Any]) -> None:
        waits = {"connect_timeout": PATIENCE_SECONDS, "tcp_user_timeout": PATIENCE_SECONDS * 1000}
        given = make_url(url).query
        self.engine = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=10,
            execution_options=dict(options),
            connect_args={name: value for name, value in waits.items() if name not in given},
        )
        self.on_change: Callable[[], None] = lambda: None
        self._primary, self._clock = primary, clock
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._wake, self._ended = threading.Event(), threading.Event()
        self._status = StandbyStatus(state=DEGRADED, reason="it was not looked at yet")
        self._asked: float | None = None  # when it was asked what it did not answer yet
        self._of: _Side | None = None  # the primary when it last answered
        self._mark: tuple[float, int] | None = None  # when a position was seen that it lacks
        self._writes = self._settled = 0  # of this process; those the standby holds
        self._owed: tuple[int, int] | None = None  # writes, and the position that holds them
        self._floor = -1  # the newest store version read from the primary
        self._hold_until = 0.0
        self._logged: bool | None = None  # whether the log's last word of it is that it is not read
        self._told = False  # whether readers are told that they lack something

    def start(self) -> None:
        """Look, and go on looking. Raises `ConfigError` for what is no standby of the primary."""
        wrong = self.look()
        if wrong is not None:
            self.close()
            raise ConfigError(wrong, WHERE)
        self._thread = threading.Thread(target=self._go_on, name="aq standby", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the looking and give the connections back."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2 * PATIENCE_SECONDS)
        self.engine.dispose()

    def _go_on(self) -> None:
        while not self._ended.is_set():
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
            try:
                self.look()
            except Exception:
                log.exception("the standby could not be looked at")
                self._leave("it could not be looked at; the log says why")

    def status(self) -> StandbyStatus:
        """How it does, as of the last look."""
        self._lose_patience()
        return self._status

    def behind_since(self, now: datetime) -> datetime | None:
        """When the first version that a reader lacks was committed, where that is worth saying."""
        status = self._status
        since = status.behind_since if status.is_read else None
        return since if since is not None and now - since >= UNTOLD else None

    def serves(self, least: int) -> bool:
        """Whether to read here, where the store version `least` or a later one is wanted."""
        self._lose_patience()
        status = self._status
        return status.is_read and (status.version or 0) >= least

    def _lose_patience(self) -> None:
        since = self._asked
        if since is not None and time.monotonic() - since > PATIENCE_SECONDS:
            self._leave(f"it has not answered for {PATIENCE_SECONDS} s")

    def wrote(self) -> None:
        """This process has written: until the standby has it, the primary is read."""
        with self._lock:
            self._writes += 1
            if self._status.is_read:
                self._become(replace(self._status, state=OWN_WRITE, reason="a write of its own"))
        self._wake.set()

    def never_before(self, version: int) -> None:
        """A store version was read from the primary: no reader here sees an older one after it."""
        with self._lock:
            self._floor = max(self._floor, version)
            status = self._status
            if status.is_read and (status.version or 0) < version:
                self._become(replace(status, state=OWN_WRITE, reason="a newer version was shown"))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Reads of one view: what breaks them off is told apart from errors of ours."""
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            self.lost(error)
            raise StandbyLostError(
                f"the standby broke off: {first_line(error)}; ask again", permanent=False
            ) from None

    def lost(self, error: DBAPIError) -> None:
        """It failed a reader: the primary is read, at once and for a moment."""
        with self._lock:
            self._hold_until = time.monotonic() + HOLD_SECONDS
            self._leave(first_line(error))

    def _leave(self, reason: str) -> None:
        self._become(replace(self._status, state=DEGRADED, reason=reason))

    def _become(self, status: StandbyStatus) -> None:
        """Take a new status, and say in the log, once, when the standby is left and taken again."""
        with self._lock:
            degraded, self._status = status.state == DEGRADED, status
            is_news, self._logged = degraded != self._logged, degraded
            told = self.behind_since(self._clock.now()) is not None
            is_change, self._told = told != self._told, told
        if is_news and degraded:
            log.warning("the standby is not read, the primary is: %s", status.reason)
        elif is_news:
            log.info("the standby is read, at store version %s", status.version)
        if is_change:
            self.on_change()

    def look(self) -> str | None:
        """Ask both sides and decide; returns what is wrong with the configuration, if anything."""
        writes, now = self._writes, time.monotonic()
        primary = self._ask_primary()
        self._asked = time.monotonic()
        try:
            standby = _ask(self.engine)
        except DBAPIError as error:
            self._leave(first_line(error))
            return None
        finally:
            self._asked = None
        wrong = _wrong(standby, self._of)
        if wrong is not None:
            self._leave(wrong)
            return wrong
        if self._of is not None and standby.schema != self._of.schema:
            self._leave(f"its schema is {standby.schema}, the primary's {self._of.schema}")
            return None
        self._decide(primary, standby, writes, now)
        return None

    def _ask_primary(self) -> _Side | None:
        try:
            self._of = _ask(self._primary)
        except DBAPIError:
            return None
        return self._of

    def _decide(self, primary: _Side | None, standby: _Side, writes: int, now: float) -> None:
        since = self._lacks(primary, standby)
        lag = self._lag(primary, standby, now)
        if since is not None and lag is not None:
            lag = max(lag, (self._clock.now() - since).total_seconds())
        with self._lock:
            if primary is not None and self._owed is None and self._settled != writes:
                self._owed = writes, primary.position
            if self._owed is not None and standby.position >= self._owed[1]:
                self._settled, self._owed = self._owed[0], None
            # A primary that is gone cannot be waited for: the standby's state is all there is.
            complete = primary is None or (
                self._settled == self._writes and standby.version >= self._floor
            )
            on_hold = now < self._hold_until
            state = DEGRADED if on_hold else READING if complete else OWN_WRITE
            reason = self._status.reason if on_hold else None if complete else "a write of its own"
            self._become(
                StandbyStatus(
                    state=state,
                    reason=reason,
                    version=standby.version,
                    lag_seconds=lag,
                    behind_since=since,
                )
            )

    def _lacks(self, primary: _Side | None, standby: _Side) -> datetime | None:
        """When the first version that the standby lacks was committed."""
        if primary is None:
            same = standby.version == self._status.version
            return self._status.behind_since if same else None
        if standby.version >= primary.version:
            return None
        first = select(func.min(store_version.c.committed_at)).where(
            store_version.c.version > standby.version
        )
        try:
            with self._primary.connect() as connection:
                moment: datetime | None = connection.scalar(first)
                return moment
        except DBAPIError:
            return self._status.behind_since

    def _lag(self, primary: _Side | None, standby: _Side, now: float) -> float | None:
        """Since when the standby has lacked a position of the log that was seen [s].

        A primary at rest makes no lag, as the age of the last transaction would have it.
        """
        if primary is None:
            return standby.replayed_before
        if self._mark is None or standby.position >= self._mark[1]:
            behind = standby.position < primary.position
            self._mark = (now, primary.position) if behind else None
        return now - self._mark[0] if self._mark else 0.0


def _ask(engine: Engine) -> _Side:
    with engine.connect() as connection:
        side = connection.execute(_SIDE).one()
        try:
            holds: Sequence[Any] = connection.execute(_HOLDS).one()
        except ProgrammingError:  # it has none of the tables
            holds = (-1, None)
    return _Side(*side, *holds)


def _wrong(standby: _Side, primary: _Side | None) -> str | None:
    """Why this is no standby of the primary, and what to do; None where it is one."""
    if not standby.recovering:
        return (
            "this is no standby: it is the primary itself, or was promoted. Name a hot standby of"
            " the database in AQ_DATABASE_URL, or leave this out"
        )
    if primary is None or standby[:2] == primary[:2]:
        return None
    what = "server" if standby.system != primary.system else "database"
    return (
        f"this is a standby of another {what} than AQ_DATABASE_URL names (system identifier"
        f" {standby.system}, there {primary.system}). Name a hot standby of that one, the same"
        " database in it, or leave this out"
    )


def resumed(pieces: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """The pieces of an answer that is the same whenever it is made; where the standby breaks off,
    the rest of it from the primary."""
    sent = 0
    try:
        for piece in pieces():
            sent += len(piece)
            yield piece
    except StandbyLostError as error:
        log.info("%s: %d bytes were sent, the rest comes from the primary", error, sent)
        for piece in pieces():
            if rest := piece[sent:]:
                yield rest
            sent = max(0, sent - len(piece))
