"""Grades written hour by hour are those of the same hours graded all at once."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from sqlalchemy import delete, select

from aq.context import Context
from aq.domain.clock import HOUR, KST, day_hours, day_of, hour_number
from aq.domain.model import URBAN, HourMean, ProvinceHour, Reading, Station
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES
from aq.ingest.regrade import regrade
from aq.paths import ROOT
from aq.standards_file import load_standards
from aq.store.rollups import day_grade, pool_days
from aq.store.schema import province_day_grade, province_grade
from tests.serving import HOUR_20, make_runtime, write

PLACES = PROVINCES[:3]
STANDARDS = load_standards(ROOT / "config" / "standards")
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


def province_hour_row(hour: int, total: int, count: int) -> ProvinceHour:
    """A province hour with PM10 alone."""
    means = dict.fromkeys(KEYS, HourMean(0, 0)) | {"pm10": HourMean(total, count)}
    return ProvinceHour(1, hour, "archive", means)


def test_t02_hour_24_belongs_to_the_day_that_ends() -> None:
    """Hours end at 23:00, 24:00 and 01:00: two of the 27th, one of the 28th."""
    first = hour_number(datetime(2026, 2, 27, 23, tzinfo=KST))
    pairs = ((100, 1), (300, 2), (500, 1))
    rows = [province_hour_row(first + n, *pair) for n, pair in enumerate(pairs)]
    days = pool_days(rows, ["pm10"])
    assert [(day.day, day.total, day.values, day.hours) for day in days] == [
        (day_of(first), 400, 3, 2),
        (day_of(first) + 1, 500, 1, 1),
    ]


def test_a_day_is_not_a_mean_of_means_and_its_highest_hour_is_exact() -> None:
    """An hour of one station at 100 and one of three at 20 are 40, not 60; of two hours that are
    both 30.5 at the store's scale the higher one is the highest."""
    rows = [
        province_hour_row(day_hours(20_000)[0] + n, *pair)
        for n, pair in enumerate(((9138, 30), (9160, 30), (1000, 1), (600, 3)), start=1)
    ]
    pooled = [pool_days(some)[0] for some in (rows[:2], rows[2:])]
    assert (pooled[0].highest, pooled[0].highest_hour) == (305, rows[1].hour)
    assert pooled[0].top == HourMean(9160, 30)
    assert Fraction(pooled[1].total, pooled[1].values) == 400


@pytest.mark.parametrize(
    ("key", "mean", "grade"),
    [
        # Province days of AirKorea's confirmed files, 2014 to 2018: exact means [µg/m³].
        ("pm10", "30.458", 1),
        ("pm10", "80.458", 2),
        ("pm10", "30.464", 1),
        ("pm25", "15.478", 1),
        ("pm25", "35.455", 2),
        ("pm25", "35.458", 2),
        ("pm25", "15.458", 1),
        ("pm25", "15.5", 2),
    ],
)
def test_a_days_mean_is_rounded_once(key: str, mean: str, grade: int) -> None:
    exact = 10 * Fraction(mean)
    pooled = exact.numerator, exact.denominator
    standard = STANDARDS["airkorea_1h"]
    assert day_grade(standard, key, *pooled, 24) == grade
    assert standard.figure(key, exact, "1d") == Decimal(mean)
    assert day_grade(standard, key, *pooled, 17) is None
