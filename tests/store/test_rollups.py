"""Grades written hour by hour are those of the same hours graded all at once."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import delete, select

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import PROVINCES
from aq.ingest.regrade import regrade
from aq.store.schema import province_day_grade, province_grade
from tests.serving import HOUR_20, make_runtime, write

PLACES = PROVINCES[:3]
TABLES = (province_grade, province_day_grade)


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def stored(context: Context) -> list[list[str]]:
    """Every row of grades."""
    with context.store.read() as connection:
        return [
            sorted(str(dict(row._mapping)) for row in connection.execute(select(table)))
            for table in TABLES
        ]


def reading(chance: np.random.Generator, number: int, back: int) -> Reading:
    """A station's hour with values at every level, some of them lacking."""
    place = PLACES[number]
    values = {
        key: int(chance.integers(0, most))
        for key, most in (("pm10", 2500), ("pm25", 1200), ("o3", 2000), ("no2", 1500), ("co", 900))
        if chance.random() < 0.8
    }
    station = Station(name=f"{place.ko} 하나", sido=place.ko, network=URBAN)
    return Reading(station=station, hour=HOUR_20 - back * HOUR, values=values)


@pytest.mark.parametrize("seed", [1, 2])
def test_hours_one_by_one_late_and_corrected(context: Context, seed: int) -> None:
    chance = np.random.default_rng(seed)
    # In order, but some hours late by up to a day and some told twice.
    order = sorted(range(60), key=lambda back: -back + chance.integers(0, 24) * chance.integers(2))
    for back in [*order, *chance.integers(0, 60, 15).tolist()]:
        there = [number for number in range(len(PLACES)) if chance.random() < 0.85]
        write(context, *(reading(chance, number, back) for number in there))
    one_by_one = stored(context)
    with context.store.write("test") as txn:
        for table in TABLES:
            txn.connection.execute(delete(table))
    regrade(context.store, context.stored_standards)
    assert one_by_one == stored(context)
    assert len(one_by_one[0]) > 60
    assert len(one_by_one[1]) >= 2 * 3 * 5


def test_hours_without_a_grade_get_one_with_the_next(context: Context) -> None:
    chance = np.random.default_rng(3)
    for back in range(18, 0, -1):  # of one day
        write(context, reading(chance, 0, back))
    before = stored(context)
    with context.store.write("test") as txn:
        txn.connection.execute(delete(province_grade).where(province_grade.c.hour % 3 == 0))
    write(context, reading(chance, 0, 0))
    after = stored(context)
    assert set(before[0]) < set(after[0])
    assert len(after[0]) == len(before[0]) + len(context.stored_standards)
