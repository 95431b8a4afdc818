"""Days by grade counted in the database are those counted one by one, on both engines."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import insert

from aq.context import Context
from aq.domain.clock import day_bounds, hour_number
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS
from aq.queries.days import MEAN, WORST, by_grade, counted, days
from aq.store.schema import province_day, province_hour
from tests.serving import make_runtime

EPOCH = date(1970, 1, 1)
FIRST, LAST = date(2024, 11, 20), date(2026, 2, 3)
PLACES = PROVINCES[:3]
CODES = tuple(one.code for one in PLACES)


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    scatter(made)
    yield made
    made.store.close()


def scatter(context: Context) -> None:
    """Days of two feeds with holes: whole ones, short ones, ones without a value, at every level
    and right at the cuts."""
    chance = np.random.default_rng(11)
    cuts = context.standards["airkorea_1h"].tables["pm10", "1h"].cuts
    rows, hours_of = [], []
    for feed, share in (("archive", 0.6), ("airkorea", 0.8)):
        for place in PLACES:
            # Days stand for hours: of each feed and province the first and last, without a value.
            for day in (FIRST - timedelta(days=2), LAST + timedelta(days=2)):
                hour = {f"{key}_{part}": 0 for key in KEYS for part in ("sum", "n", "exp")}
                where = {"province": place.id, "feed": FEED_IDS[feed], "why": None}
                hours_of.append({**hour, **where, "hour": hour_number(day_bounds(day)[1])})
            for key in KEYS:
                for number in range((FIRST - EPOCH).days - 2, (LAST - EPOCH).days + 3):
                    if chance.random() > share:
                        continue
                    hours = int(chance.choice([0, 5, 17, 18, 24]))
                    mean = int(chance.choice([0, *cuts, *(cut + 1 for cut in cuts), 333, 5000]))
                    count = hours * 3
                    rows.append(
                        {
                            "pollutant": key,
                            "province": place.id,
                            "day": number,
                            "feed": FEED_IDS[feed],
                            "sum": mean * count + int(chance.integers(0, max(1, count))),
                            "n": count,
                            "hours": hours,
                            "max": mean + 40 if hours else None,
                            "max_hour": number * 24 if hours else None,
                        }
                    )
    with context.store.write("test") as txn:
        txn.connection.execute(insert(province_day), rows)
        hours = [{**one, "version": txn.version} for one in hours_of]
        txn.connection.execute(insert(province_hour), hours)


@pytest.mark.parametrize("by", ["month", "year"])
@pytest.mark.parametrize("way", [MEAN, WORST])
def test_counts_equal_the_days_counted_one_by_one(context: Context, way: str, by: str) -> None:
    some = False
    for standard in ("airkorea_1h", "airkorea", "who_2021", "us_epa_2024"):
        for key in ("pm10", "o3"):
            frame = days(context, CODES, key, FIRST, LAST, standard)
            want = counted(frame, way, by, FIRST, LAST, CODES)
            got = by_grade(context, CODES, key, FIRST, LAST, standard, way, by)
            assert got == want, (standard, key)
            some |= any(grade for cell in got.values() for grade in cell if grade)
    assert some


def test_one_day_a_range_to_come_and_no_day(context: Context) -> None:
    asked = (context, CODES, "pm10")
    for first, last in ((FIRST, FIRST), (date(2031, 1, 1), date(2031, 3, 1))):
        frame = days(*asked, first, last, "airkorea_1h")
        want = counted(frame, MEAN, "month", first, last, CODES)
        assert by_grade(*asked, first, last, "airkorea_1h", MEAN, "month") == want
    assert by_grade(*asked, LAST, LAST - timedelta(days=1), "airkorea_1h", MEAN, "month") == {}


def test_an_earlier_version_is_counted_from_its_hours(context: Context) -> None:
    got = by_grade(context, CODES, "pm10", FIRST, LAST, "airkorea_1h", MEAN, "year", as_of=1)
    assert {grade for cell in got.values() for grade in cell} == {0}
