"""Station hours by year on PostgreSQL: years moved out of the rest, made ahead, dropped when empty.

`station_hour` is partitioned by the KST year of the hour. A year without a partition of its own
stands in the default one, `station_hour_rest`, so that a write never needs one made first.
"""

import re
import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from aq.domain.clock import from_hour_number, kst, kst_day, year_hours
from aq.domain.errors import StoreError
from aq.domain.report import Report
from aq.store.engine import Store

YEARS_AHEAD = 2
# Readers wait behind whoever waits for the table alone: short waits, with pauses for them.
TRIES, WAIT_MS, PAUSE_SECONDS = 60, 500, 0.5
LOCK_NOT_AVAILABLE = "55P03"
_NAME = re.compile(r"station_hour_y(\d{4})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class YearsReport(Report):
    """Years that got a partition (with the rows moved into each) and empty ones dropped."""

    SHOWN = ("ok", "made", "dropped")

    made: dict[int, int]
    dropped: tuple[int, ...]


def take_alone(connection: Connection) -> None:
    """Lock out readers and writers of station hours until the transaction ends.

    Raises `StoreError` when long reads leave no moment for it within a minute.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = {WAIT_MS}"))
    for _ in range(TRIES):
        nested = connection.begin_nested()
        try:
            connection.execute(text("LOCK TABLE station_hour IN ACCESS EXCLUSIVE MODE"))
        except OperationalError as error:
            nested.rollback()
            if getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                raise
            time.sleep(PAUSE_SECONDS)
            continue
        nested.commit()
        connection.execute(text("SET LOCAL lock_timeout = DEFAULT"))
        return
    raise StoreError("station hours are being read all the time; try again", permanent=False)


def partitions(connection: Connection) -> list[int]:
    """The years that have a partition, in order."""
    query = text(
        "SELECT inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhparent = 'station_hour'::regclass"
    )
    matches = (_NAME.search(name) for name in connection.scalars(query))
    return sorted(int(match.group(1)) for match in matches if match)


def keep_years(store: Store, now: datetime) -> YearsReport:
    """Give every year of the rest, this one and the next two a partition; drop old empty ones.

    A transaction a year: stopped and begun again it goes on where it was, and no row is ever out of
    sight. Writers wait meanwhile. Nothing to do on SQLite.
    """
    if store.is_sqlite:
        return YearsReport(made={}, dropped=())
    this = kst(now).year
    with store.read() as connection:
        there = set(partitions(connection))
        wanted = {*range(this, this + YEARS_AHEAD + 1), *_years_of_rest(connection)} - there
        empty = [year for year in sorted(there) if year < this and not _filled(connection, year)]
    made = {}
    for year in sorted(wanted):
        made[year] = _make(store, year)
    dropped = tuple(year for year in empty if _drop(store, year))
    return YearsReport(made=made, dropped=dropped)


def _years_of_rest(connection: Connection) -> set[int]:
    """Years with rows in the rest, found by steps through its index."""
    years = set()
    after = -(2**31)
    query = text("SELECT min(hour) FROM station_hour_rest WHERE hour > :after")
    while (hour := connection.scalar(query, {"after": after})) is not None:
        year = kst_day(from_hour_number(hour)).year
        years.add(year)
        after = year_hours(year)[1]
    return years


def _filled(connection: Connection, year: int) -> bool:
    query = text(f"SELECT EXISTS (SELECT FROM station_hour_y{year:04})")  # noqa: S608 - a number
    return bool(connection.scalar(query))


def _make(store: Store, year: int) -> int:
    """Move a year out of the rest into a partition of its own; returns the rows moved."""
    first, last = year_hours(year)
    name, bounds = f"station_hour_y{year:04}", {"first": first, "last": last}
    with store.write(f"partition {year}") as txn:
        connection = txn.connection
        if year in partitions(connection):  # another instance was faster
            return 0
        connection.execute(
            text(
                f"CREATE TABLE {name} (LIKE station_hour_rest INCLUDING DEFAULTS INCLUDING INDEXES)"
            )
        )
        moved = connection.execute(
            text(  # the name is made of a number
                "WITH moved AS (DELETE FROM station_hour_rest WHERE hour BETWEEN :first AND :last"  # noqa: S608
                f" RETURNING *) INSERT INTO {name} SELECT * FROM moved"
            ),
            bounds,
        ).rowcount
        take_alone(connection)
        connection.execute(
            text(
                f"ALTER TABLE station_hour ATTACH PARTITION {name}"
                f" FOR VALUES FROM ({first}) TO ({last + 1})"
            )
        )
        return moved


def _drop(store: Store, year: int) -> bool:
    """Drop the partition of a year that is still empty when nobody else reads or writes it."""
    with store.write(f"drop {year}") as txn:
        take_alone(txn.connection)
        if year not in partitions(txn.connection) or _filled(txn.connection, year):
            return False
        txn.connection.execute(text(f"DROP TABLE station_hour_y{year:04}"))
        return True
