"""Rebuilds stored grades when a standard's file has changed; restartable, a month at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from aq.domain.report import Report
from aq.domain.standards import Standard
from aq.store import Store
from aq.store.rollups import DayOf, forget_grades, grade_days, standard_id, ungraded_days

BLOCK_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradeReport(Report):
    """How many province days were graded anew, and how many superseded standards forgotten."""

    SHOWN = ("ok", "days", "forgotten")

    days: int
    forgotten: int


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
    for standard in standards:
        with store.write("regrade") as txn:
            number = standard_id(txn.connection, standard)
            todo = ungraded_days(txn.connection, number)
        for done, (feed, block) in enumerate(_day_blocks(todo), start=1):
            with store.write("regrade") as txn:
                grade_days(txn.connection, feed, number, standard, block)
            days += len(block)
            progress(min(done * BLOCK_DAYS * 17, len(todo)), len(todo))
        with store.write("regrade") as txn:
            forgotten += forget_grades(txn.connection, standard, number)
    return RegradeReport(days=days, forgotten=forgotten)


def _day_blocks(todo: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, set[DayOf]]]:
    def month(day: tuple[int, int, int]) -> tuple[int, int]:
        return day[0], day[1] // BLOCK_DAYS

    for (feed, _), days in groupby(todo, month):
        yield feed, {(province, day) for _, day, province in days}
