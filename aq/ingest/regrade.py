"""Rebuilds stored grades when a standard's file has changed; restartable, a month at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, exists, select

from aq.domain.standards import Standard
from aq.store import Store
from aq.store.rollups import Day, grade_days, standard_id
from aq.store.schema import province_day, province_day_grade, province_grade
from aq.store.schema import standard as standard_table

BLOCK_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradeReport:
    """How many province days were graded anew, and how many superseded standards forgotten."""

    days: int
    forgotten: int
    ok: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {"ok": self.ok, "days": self.days, "forgotten": self.forgotten}


def pending(connection: Connection, number: int) -> list[tuple[int, int, int]]:
    """(feed, day, province) of the days that lack grades by the standard of this number."""
    table, graded = province_day, province_day_grade
    has = exists().where(
        graded.c.standard == number,
        graded.c.pollutant == table.c.pollutant,
        graded.c.province == table.c.province,
        graded.c.day == table.c.day,
        graded.c.feed == table.c.feed,
    )
    query = (
        select(table.c.feed, table.c.day, table.c.province)
        .where(~has)
        .distinct()
        .order_by(table.c.feed, table.c.day.desc(), table.c.province)
    )
    return [(row.feed, row.day, row.province) for row in connection.execute(query)]


def regrade(
    store: Store,
    standards: Sequence[Standard],
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> RegradeReport:
    """Give every stored day the grades of the standards as they are now, newest first.

    Each month is a transaction of its own: stopped and begun again, it goes on where it was. What
    earlier versions of a standard gave is dropped at the end. Grades are a record that can be
    rebuilt, so no store version is taken.
    """
    days = forgotten = 0
    for one in standards:
        with store.write("regrade") as txn:
            number = standard_id(txn.connection, one)
            todo = pending(txn.connection, number)
        for done, (feed, block) in enumerate(_blocks(todo), start=1):
            with store.write("regrade") as txn:
                grade_days(txn.connection, feed, number, one, block)
            days += len(block)
            progress(min(done * BLOCK_DAYS * 17, len(todo)), len(todo))
        with store.write("regrade") as txn:
            forgotten += _forget(txn.connection, one, number)
    return RegradeReport(days=days, forgotten=forgotten)


def _blocks(todo: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, set[Day]]]:
    def month(one: tuple[int, int, int]) -> tuple[int, int]:
        return one[0], one[1] // BLOCK_DAYS

    for (feed, _), days in groupby(todo, month):
        yield feed, {(province, day) for _, day, province in days}


def _forget(connection: Connection, one: Standard, number: int) -> int:
    table = standard_table
    query = select(table.c.id).where(table.c.name == one.id, table.c.id != number)
    stale = list(connection.scalars(query))
    if stale:
        connection.execute(delete(province_grade).where(province_grade.c.standard.in_(stale)))
        connection.execute(
            delete(province_day_grade).where(province_day_grade.c.standard.in_(stale))
        )
        connection.execute(delete(table).where(table.c.id.in_(stale)))
    return len(stale)
