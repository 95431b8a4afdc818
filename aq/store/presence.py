"""Whether the embedded store's file is still the one that is open, and what saves it when not."""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aq.domain.errors import StoreLostError

log = logging.getLogger(__name__)
UNSAVED = "what was open could not be saved"


@dataclass
class Place:
    """Where the embedded store stands. SQLite goes on writing into a file that was deleted or
    replaced, and all of it would be lost with the process."""

    path: Path
    _file: tuple[int, int] | None = None
    _rescued: Path | None = None
    _told: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def opened(self) -> None:
        """Remember the file that the first connection has opened."""
        if self._file is None:
            self._file = _identity(self.path)

    def lost(self) -> bool:
        """Whether another file, or none, stands where the opened one stood."""
        return self._file is not None and _identity(self.path) != self._file

    def begin(self) -> None:
        """Raise `StoreLostError` before a connection would make a new file over what another
        program wrote: SQLite takes the `-wal` of the lost one for the new one's, and empties it."""
        left = leftovers(self.path)
        if self.lost() or (left and not self.path.exists()):
            raise StoreLostError(
                f"{self.path} was deleted or replaced under a running program"
                + (f"; {', '.join(map(str, left))} of it is still there" if left else "")
                + ". Nothing is opened and no new store is made: a server or worker that still has"
                f" it open saves it beside as {self.path.name}.rescued-… (aq doctor names both);"
                " stop it, then aq restore that file or a copy. If none runs and the data are not"
                " wanted, move what is left away"
            )

    def check(self, borrow: Callable[[], Any], now: Callable[[], datetime]) -> None:
        """Raise `StoreLostError` when the file is lost, once what is open is saved beside it.

        `borrow` gives a connection that still has the lost file open.
        """
        if not self.lost():
            return
        with self._lock:
            if self._rescued is None:
                self._rescued = self._rescue(borrow, now())
        saved = f"what was open is saved as {self._rescued}" if self._rescued else UNSAVED
        error = StoreLostError(
            f"{self.path} was deleted or replaced under the running program; {saved}. Nothing is"
            " stored any more: stop the program, put the store back (aq restore), start it again"
        )
        if not self._told:
            self._told = True
            log.error("%s", error)
        raise error

    def _rescue(self, borrow: Callable[[], Any], now: datetime) -> Path | None:
        end = f"rescued-{now:%Y%m%dT%H%M%SZ}-{os.getpid()}"
        target = self.path.with_name(f"{self.path.name}.{end}")
        try:
            connection = borrow()
        except StoreLostError:
            return None
        try:
            target.touch(mode=0o600)
            with closing(sqlite3.connect(target)) as copy:
                connection.dbapi_connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
        except (OSError, sqlite3.Error):
            target.unlink(missing_ok=True)
            return None
        finally:
            connection.close()
        return target


def leftovers(path: Path) -> list[Path]:
    """What SQLite keeps beside a store while it is open or after a crash, and is there."""
    file = path.resolve()  # SQLite names them after the file that a link leads to
    beside = (file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))
    return [part for part in beside if part.exists()]


def rescued(path: Path) -> list[Path]:
    """Copies that programs saved of a lost store, newest last."""
    return sorted(path.parent.glob(f"{path.name}.rescued-*"))


def holders(path: Path) -> list[int]:
    """Processes of this machine that have a file open, deleted or not, as far as one may see."""
    names = {str(path.absolute()), f"{path.absolute()} (deleted)"}
    numbers = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if os.readlink(link) in names:
                numbers.add(int(link.parts[2]))
    return sorted(numbers - {os.getpid()})


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
