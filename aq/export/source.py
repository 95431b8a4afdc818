"""A question at an open store: its places, the hours there can be, and blocks of rows to read.

Only one block of hours is in memory, however long the range.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from aq.errors import InputError
from aq.export.columns import READINGS
from aq.export.grading import Grader
from aq.export.question import Question
from aq.feeds.infos import INFO
from aq.model import OBSERVED, URBAN
from aq.regions import BY_ID
from aq.store import Store, retained
from aq.store.places import (
    current_version,
    province_block,
    province_span,
    station_block,
    station_span,
    stations_of,
)
from aq.store.rollups import day_hours, day_of

# Rows of the store that are in memory at once, roughly.
BLOCK_ROWS = 6000
EPOCH = date(1970, 1, 1)
Cells = tuple[Any, ...]
Row = tuple[Cells, ...]  # in parts that repeat from row to row, which makes writing them cheap
Series = Mapping[int, Any]  # hour number -> row of the store


@dataclass(frozen=True, slots=True)
class Place:
    """A province or a station, with the cells that name it."""

    id: int
    cells: tuple[str | None, ...]  # province, code, station, station_code
    network: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The rows of one hour, day or month, with the share of the whole that is done by then."""

    at: str
    rows: list[Row]
    share: float


@dataclass(frozen=True)
class Reader:
    """A question at an open store: its places, the hours there can be, what to read as of."""

    connection: Connection
    asked: Question
    places: tuple[Place, ...]
    hours: tuple[int, int] | None
    as_of: int | None
    grader: Grader

    @property
    def hourly_rows(self) -> int:
        """The most rows of readings there can be."""
        if self.hours is None:
            return 0
        count = self.hours[1] - self.hours[0]
        size = {"hour": 1, "day": 24, "month": 24 * 28}[self.asked.grain]
        return -(-count // size) * len(self.places) * len(self.asked.keys)

    def done(self, hour: int) -> float:
        """The share of the hours up to and with this one."""
        after, until = self.hours or (hour - 1, hour)
        return (hour - after) / (until - after)

    def blocks(self) -> Iterator[tuple[tuple[int, int], dict[tuple[int, int], Series]]]:
        """((after, until), series by place and feed id), one stretch of hours after the other."""
        if self.hours is None:
            return
        size = max(24, BLOCK_ROWS // max(1, len(self.places)))
        start, end = self.hours
        for after in range(start, end, size):
            until = min(after + size, end)
            yield (after, until), self._series(after - self.grader.back, until)

    def _series(self, after: int, until: int) -> dict[tuple[int, int], Series]:
        keys = self.grader.reads
        read = station_block if self.asked.level == "station" else province_block
        numbers = [place.id for place in self.places]
        found: dict[tuple[int, int], dict[int, Any]] = {}
        rows = read(self.connection, numbers, keys, self.asked.prefer, after, until, self.as_of)
        for row in rows:
            found.setdefault((row.place, row.feed), {})[row.hour] = row
        return dict(found)


@contextmanager
def reading(store: Store, asked: Question) -> Iterator[Reader]:
    """One consistent view of the store for a question.

    Raises `InputError` when the store has not come to the question's version yet, `ArchiveError`
    when station hours are asked for whose archive is not there.
    """
    with store.read() as connection:
        newest = current_version(connection)
        if asked.version > newest:
            raise InputError(
                f"this store is at version {newest}, the question is of version {asked.version};"
                " it was asked of another store",
                "as_of",
            )
        places = _places(connection, asked)
        hours = _hours(connection, asked, places) if asked.kind == READINGS else None
        if asked.level == "station" and hours is not None:
            retained.require(connection, *hours)
        yield Reader(
            connection=connection,
            asked=asked,
            places=places,
            hours=hours,
            as_of=asked.version if asked.version < newest else None,
            grader=Grader(asked.standard, asked.keys),
        )


def _places(connection: Connection, asked: Question) -> tuple[Place, ...]:
    if asked.level == "province":
        return tuple(
            Place(one.id, (one.ko, one.code, None, None), URBAN) for one in asked.provinces
        )
    # Not ordered by the database: engines differ in how they compare Korean text.
    order = {one.id: number for number, one in enumerate(asked.provinces)}
    kept = sorted(
        stations_of(connection, order),
        key=lambda row: (order[row.province], row.code is None, row.code or "", row.name, row.id),
    )
    return tuple(
        Place(row.id, (*_province_cells(row.province), row.name, row.code), row.network)
        for row in kept
    )


def _province_cells(number: int) -> tuple[str, str]:
    return BY_ID[number].ko, BY_ID[number].code


def _hours(
    connection: Connection, asked: Question, places: tuple[Place, ...]
) -> tuple[int, int] | None:
    """(after, until): the asked hours, in whole days or months, where the store can have any."""
    if asked.level == "station":
        kept = station_span(connection, (place.id for place in places))
    else:
        kept = province_span(connection, (place.id for place in places))
    if kept is None:
        return None
    after, until = asked.hours
    if until <= after:
        return None
    if asked.grain != "hour":
        after, until = period(after + 1, asked.grain)[0], period(until, asked.grain)[1]
    after, until = max(after, kept[0] - 1), min(until, kept[1])
    return (after, until) if after < until else None


def period(hour: int, grain: str) -> tuple[int, int]:
    """(after, until) of the day or month an hour belongs to."""
    day = day_of(hour)
    if grain == "day":
        return day_hours(day)
    first = (EPOCH + timedelta(days=day)).replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return day_hours((first - EPOCH).days)[0], day_hours((following - EPOCH).days)[0]


def flat(row: Row) -> Cells:
    """The cells of a row, one after the other."""
    return tuple(chain.from_iterable(row))


def head_cells(place: Place, feed: str, key: str) -> Cells:
    """The cells from `province` to `pollutant`. A model has no stations and so no network."""
    network = place.network if INFO[feed].kind == OBSERVED else None
    return (*place.cells, network, key)


@lru_cache(20_000)
def tail_cells(feed: str, why: tuple[str | None, str | None], stations: Cells) -> Cells:
    """The cells from `feed` to `missing_reason`, of (flag, reason) and four cells of stations."""
    return feed, INFO[feed].kind, INFO[feed].status, why[0], *stations, why[1]
