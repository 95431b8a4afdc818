"""Rebuilds stored grades when a standard's file has changed; restartable, some days at a time."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import monotonic, sleep

from aq.domain.report import Report
from aq.domain.standards import Standard
from aq.store import Store
from aq.store.rollups import (
    DayOf,
    forget_grades,
    grade_days,
    standard_id,
    stored_id,
    ungraded_days,
)

BLOCK_DAYS = 3  # of one feed and 17 provinces, graded in a tenth of a second
log = logging.getLogger(__name__)


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

    Some days are a transaction of their own: stopped and begun again, it goes on where it was.
    After each it rests as long as that took, or polls would wait for the lock until it has ended.
    What earlier versions of a standard gave is dropped at the end. Grades are a record that can be
    rebuilt, so no store version is taken.
    """
    days = forgotten = 0
    for standard in standards:
        with store.write("regrade") as txn:
            number = standard_id(txn.connection, standard)
            todo = ungraded_days(txn.connection, number)
        for done, (feed, block) in enumerate(_day_blocks(todo), start=1):
            began = monotonic()
            with store.write("regrade") as txn:
                grade_days(txn.connection, feed, number, standard, block)
            sleep(monotonic() - began)
            days += len(block)
            progress(min(done * BLOCK_DAYS * 17, len(todo)), len(todo))
        with store.write("regrade") as txn:
            forgotten += forget_grades(txn.connection, standard, number)
    return RegradeReport(days=days, forgotten=forgotten)


def left(store: Store, standards: Sequence[Standard]) -> int:
    """How many province days still lack the grades of the standards as they are now."""
    with store.read() as connection:
        numbers = [stored_id(connection, standard) for standard in standards]
        return sum(len(ungraded_days(connection, number)) for number in numbers)


def logged(done: int, whole: int) -> None:
    """Say in the log how far it is, about every tenth of the way."""
    step = max(1, whole // 10)
    if done == whole or done // step > max(0, done - BLOCK_DAYS * 17) // step:
        log.info("grades of the present standards: %d of %d province days", done, whole)


def _day_blocks(todo: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, set[DayOf]]]:
    def place(day: tuple[int, int, int]) -> tuple[int, int]:
        return day[0], day[1] // BLOCK_DAYS

    for (feed, _), days in groupby(todo, place):
        yield feed, {(province, day) for _, day, province in days}
