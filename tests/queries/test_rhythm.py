"""Rhythm: cells equal a plain recomputation by data frame; preferred feeds, ends; the page."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest

from aq.context import Context
from aq.domain.clock import HOUR, KST, from_hour_number, hour_number
from aq.domain.model import URBAN, Reading, Station
from aq.queries.rhythm import (
    HOURS,
    LEAST,
    MONTHS,
    WEEKDAYS,
    Moment,
    Rhythm,
    extremes,
    rhythm,
    stands_out,
)
from aq.store.hours import put_province_series
from tests.serving import HOUR_20, fill, make_runtime, write
from tests.web.test_pages import context as page_runtime
from tests.web.test_past_pages import body

__all__ = ["page_runtime"]

DAYS = 40  # of hours, into a second month
SEOUL = Station(name="서울 하나", sido="서울", network=URBAN)
AFTER = HOUR_20 - DAYS * 24 * HOUR


@pytest.fixture
def store_runtime(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def scatter(context: Context) -> pd.DataFrame:
    """Hours of two stations in Seoul, some flagged or absent, and a model's hour for each; gives
    the hourly means (scaled) that are to be taken, by hour end (KST) and feed."""
    chance = np.random.default_rng(11)
    readings, kept = [], []
    ends = [HOUR_20 - back * HOUR for back in range(DAYS * 24)]
    modelled = {hour_number(end): int(chance.integers(50, 900)) for end in ends}
    for end in ends:
        valid = []
        for number in range(2):
            if chance.random() < 0.1:
                continue
            scaled, flagged = int(chance.integers(100, 1900)), chance.random() < 0.1
            station = Station(name=f"서울 {number}", sido="서울", network=URBAN)
            flags = {"pm10": "source:통신장애"} if flagged else {}
            readings.append(
                Reading(station=station, hour=end, values={"pm10": scaled}, flags=flags)
            )
            valid += [] if flagged else [scaled]
        mean = Decimal(sum(valid)) / len(valid) if valid else modelled[hour_number(end)]
        scaled = int(Decimal(mean).quantize(Decimal(1), ROUND_HALF_UP))
        kept.append(
            (end.astimezone(KST).replace(tzinfo=None), scaled, "airkorea" if valid else "openmeteo")
        )
    write(context, *readings)
    with context.store.write("test") as txn:
        made = [
            Reading(province="KR-11", hour=from_hour_number(hour), values={"pm10": value})
            for hour, value in modelled.items()
        ]
        put_province_series(txn, "openmeteo", made)
    return pd.DataFrame(kept, columns=["at", "scaled", "feed"])


def plainly(taken: pd.DataFrame, name: str) -> pd.DataFrame:
    """Count, median and quartiles by weekday or month, and hour 1 to 24, of the second before the
    hour ends."""
    within = taken["at"] - timedelta(seconds=1)
    rows = within.dt.day_of_week if name == "week" else within.dt.month
    cells = taken["scaled"].groupby([rows.rename("row"), (within.dt.hour + 1).rename("hour")])
    return cells.describe()


def filled(found: Rhythm, name: str) -> pd.DataFrame:
    cells: pd.DataFrame = getattr(found, name)
    assert list(zip(cells["row"], cells["hour"], strict=True)) == [
        (row, hour) for row in (WEEKDAYS if name == "week" else MONTHS) for hour in HOURS
    ]
    assert cells.loc[cells["hours"] == 0, "value"].isna().all()
    return cells[cells["hours"] > 0].set_index(["row", "hour"])


def test_cells_equal_a_plain_recomputation(store_runtime: Context) -> None:
    taken = scatter(store_runtime)
    found = rhythm(store_runtime, "KR-11", "pm10", AFTER, HOUR_20)
    for name in ("week", "year"):
        expected, got = plainly(taken, name), filled(found, name)
        assert got["hours"].to_dict() == expected["count"].to_dict()
        for ours, theirs in (("value", "50%"), ("low", "25%"), ("high", "75%")):
            assert np.allclose(got[ours], expected.loc[got.index, theirs] / 10)
    assert set(found.year.loc[found.year["hours"] > 0, "row"]) == {10, 11}
    counts = taken["feed"].value_counts().to_dict()
    assert dict(zip(found.sources["feed"], found.sources["hours"], strict=True)) == counts
    assert len(counts) == 2
    assert found.hours == found.expected == DAYS * 24

    within = taken["at"] - timedelta(seconds=1)
    pooled = taken["scaled"].groupby([within.dt.day_of_week >= 5, within.dt.hour + 1]).median()
    ends = extremes(found)
    assert ends is not None
    assert [(one.weekend, one.hour) for one in ends] == [pooled.idxmax(), pooled.idxmin()]

    # Of one week, weekends have two hours at each time of day: all days are one.
    last = within > within.max() - timedelta(days=7)
    pooled = taken.loc[last, "scaled"].groupby(within[last].dt.hour + 1).median()
    found = rhythm(store_runtime, "KR-11", "pm10", HOUR_20 - 7 * 24 * HOUR, HOUR_20)
    ends = extremes(found)
    assert ends is not None
    assert [(one.weekend, one.hour) for one in ends] == [
        (None, pooled.idxmax()),
        (None, pooled.idxmin()),
    ]


def test_midnight_is_hour_24_of_the_day_before_and_versions_stand(store_runtime: Context) -> None:
    midnight = HOUR_20 - 20 * HOUR  # 24:00 of Sunday 22 November
    write(store_runtime, Reading(station=SEOUL, hour=midnight, values={"pm10": 300}))
    before = store_runtime.store.version()
    write(store_runtime, Reading(station=SEOUL, hour=midnight, values={"pm10": 500}))
    for as_of, value in ((None, 50.0), (before, 30.0)):
        found = rhythm(store_runtime, "KR-11", "pm10", AFTER, HOUR_20, as_of)
        [cell] = found.week[found.week["hours"] > 0].itertuples(index=False)
        assert (cell.row, cell.hour, cell.value) == (6, 24, value)
    assert rhythm(store_runtime, "KR-11", "pm10", midnight, HOUR_20).hours == 0
    assert rhythm(store_runtime, "KR-26", "pm10", AFTER, HOUR_20).hours == 0


def test_nothing_is_said_of_too_few_hours(store_runtime: Context) -> None:
    hours = [HOUR_20 - back * 24 * HOUR for back in (0, 3, 4, 5, 6)]  # Monday, and Tue to Fri
    for end in hours[: LEAST - 1]:
        write(store_runtime, Reading(station=SEOUL, hour=end, values={"pm10": 300}))
    found = rhythm(store_runtime, "KR-11", "pm10", AFTER, HOUR_20)
    assert extremes(found) is None
    write(store_runtime, Reading(station=SEOUL, hour=hours[-1], values={"pm10": 300}))
    ends = extremes(rhythm(store_runtime, "KR-11", "pm10", AFTER, HOUR_20))
    assert ends is not None
    assert {(one.weekend, one.hour, one.value) for one in ends} == {(None, 20, 30.0)}


def test_one_storm_makes_no_bad_weekday(store_runtime: Context) -> None:
    """Eight Wednesdays of 30 and three of a storm: their mean is 72, the median stays 30."""
    for week in range(11):
        for day in range(7):
            for hour in (8, 20):
                end = HOUR_20 - (7 * week + day) * 24 * HOUR - (20 - hour) * HOUR
                storm = end.astimezone(KST).weekday() == 2 and week < 3
                values = {"pm10": 1860 if storm else 300}
                write(store_runtime, Reading(station=SEOUL, hour=end, values=values))
    found = rhythm(store_runtime, "KR-11", "pm10", HOUR_20 - 80 * 24 * HOUR, HOUR_20)
    wednesdays = found.week[(found.week["row"] == 2) & (found.week["hours"] > 0)]
    assert set(wednesdays["value"]) == {30.0}
    ends = extremes(found)
    assert ends is not None
    assert not stands_out(*ends)


def test_what_stands_out_is_more_than_the_spread_leaves_open() -> None:
    def moment(value: float, spread: float, hours: int) -> Moment:
        low, high = value - spread / 2, value + spread / 2
        return Moment(weekend=None, hour=8, value=value, low=low, high=high, hours=hours)

    # 100 days that differ by 20: an error of 1.25 * 20 / 1.349 / 10 = 1.86 each, 2.63 together.
    assert stands_out(moment(36, 20, 100), moment(30, 20, 100))
    assert not stands_out(moment(35, 20, 100), moment(30, 20, 100))
    assert not stands_out(moment(30, 0, 9), moment(30, 0, 9))


def test_the_page_says_what_is_there_and_why_there_is_nothing(page_runtime: Context) -> None:
    fill(page_runtime, hours=20)
    told = body("rhythm.py", since="2026-11-23", until="2026-11-23")
    assert "서울 · 미세먼지" in told
    assert "5시간 미만" in told
    assert "5주 이상을 고르세요" in told
    assert "실측 · 미확정" in told
    assert "에어코리아, 20시간" in told
    assert "python -m aq import FILE…" in body("rhythm.py", since="2024-10-01", until="2024-10-31")
    assert "아직 오지 않은 기간입니다" in body("rhythm.py", since="2027-01-01", until="2027-01-31")
    for week in range(1, 6):
        hour = HOUR_20 - 7 * 24 * week * HOUR  # Mondays
        write(page_runtime, Reading(station=SEOUL, hour=hour, values={"pm10": 900}))
        write(page_runtime, Reading(station=SEOUL, hour=hour - HOUR, values={"pm10": 300}))
    told = body("rhythm.py", r="90d")
    assert "5주 이상을 고르세요" not in told
    assert "미세먼지, 20시가 가장 높고(90) 19시가 가장 낮음(30 µg/m³)" in told
