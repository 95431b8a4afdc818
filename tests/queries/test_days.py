"""Days: calendar and counts equal a plain recomputation from the hours; limits; the pages."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest

from aq.context import Context
from aq.domain.clock import HOUR, day_bounds, from_hour_number, hour_number, kst_day
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS
from aq.i18n import text_in
from aq.queries.days import (
    MEAN,
    WORST,
    counted,
    days,
    exceedances,
    highest_8h,
    limits,
    periods,
)
from aq.store.hours import put_province_series
from aq.store.rollups import refresh
from aq.web.charts.calendar import DayCell, calendar
from aq.web.charts.theme import LIGHT
from aq.web.pages.days import limits_table
from tests.pages import STANDARD
from tests.serving import HOUR_20, make_runtime, write

PLACES = PROVINCES[:2]
CODES = tuple(one.code for one in PLACES)
FIRST, LAST = date(2026, 10, 28), date(2026, 11, 23)


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def scatter(context: Context) -> pd.DataFrame:
    """27 days of hours of two stations in each of two provinces, some flagged or absent; gives
    every valid value: code, hour, value (scaled)."""
    chance = np.random.default_rng(5)
    readings, kept = [], []
    for place in PLACES:
        for number in range(2):
            station = Station(name=f"{place.ko} {number}", sido=place.ko, network=URBAN)
            for back in range(27 * 24 - 4):
                hour = HOUR_20 - back * HOUR
                if chance.random() < (0.6 if kst_day(hour).day == 9 else 0.05):
                    continue
                scaled = int(chance.integers(100, 1900))
                flagged = chance.random() < 0.05
                flags = {"pm10": "source:통신장애"} if flagged else {}
                readings.append(
                    Reading(station=station, hour=hour, values={"pm10": scaled}, flags=flags)
                )
                if not flagged:
                    kept.append((place.code, hour, scaled))
    write(context, *readings)
    return pd.DataFrame(kept, columns=["code", "hour", "value"])


def plain_grade(value: Decimal) -> int:
    """The Korean grade of PM10 [µg/m³] as the printed table has it, on whole numbers."""
    whole = value.quantize(Decimal(1), ROUND_HALF_UP)
    return 1 if whole <= 30 else 2 if whole <= 80 else 3 if whole <= 150 else 4


def plainly(values: pd.DataFrame) -> dict[tuple[str, date], tuple[int | None, int, int]]:
    """(grade of the mean, grade of the highest hour, hours) by province and day."""
    values = values.assign(day=[kst_day(hour) for hour in values["hour"]])
    out = {}
    for place, of_day in values.groupby(["code", "day"]):
        hours = of_day.groupby("hour")["value"]
        means = [Decimal(int(one.sum())) / len(one) / 10 for _, one in hours]
        mean = Decimal(int(of_day["value"].sum())) / len(of_day) / 10
        grade = plain_grade(mean) if len(means) >= 18 else None
        out[place] = grade, plain_grade(max(means)), len(means)
    return out


def test_days_and_counts_equal_a_plain_recomputation(context: Context) -> None:
    expected = plainly(scatter(context))
    found = days(context, CODES, "pm10", FIRST, LAST, "airkorea_1h")
    got = {
        (row.code, row.day): (
            None if pd.isna(row.grade) else row.grade,
            row.highest_grade,
            row.hours,
        )
        for row in found.itertuples(index=False)
    }
    assert got == expected
    assert {grade for grade, _, _ in got.values()} >= {None, 2, 3}
    for way, place in ((MEAN, 0), (WORST, 1)):
        counts = counted(found, way, "month", FIRST, LAST, CODES)
        for (code, begins), cell in counts.items():
            own = [
                one[place]
                for (where, day), one in expected.items()
                if where == code and day.replace(day=1) == begins
            ]
            length = dict(periods(FIRST, LAST, "month"))[begins]
            assert sum(cell.values()) == length
            for grade in (1, 2, 3, 4):
                assert cell.get(grade, 0) == own.count(grade)


def test_days_above_limits_equal_a_plain_count(context: Context) -> None:
    values = scatter(context)
    found = days(context, CODES, "pm10", FIRST, LAST, "airkorea_1h")
    known = {"who_2021": 45, "korea": 100, "us_naaqs": 150, "eu_2008": 50}
    rules = [rule for rule in limits(context, "pm10") if rule.id in known]
    assert len(rules) == len(known)
    values = values.assign(day=[kst_day(hour) for hour in values["hour"]])
    above = exceedances(found, "pm10", rules, 2026)
    for code in CODES:
        whole = 0
        plain = dict.fromkeys(known, 0)
        for _, of_day in values[values["code"] == code].groupby("day"):
            if of_day["hour"].nunique() < 18:
                continue
            whole += 1
            mean = of_day["value"].mean() / 10
            for name, limit in known.items():
                plain[name] += mean >= limit + 0.5
        assert above[code] == (whole, plain)
    assert above[CODES[0]][1]["eu_2008"] > 0


def test_ozone_days_are_counted_by_the_highest_mean_of_8_hours(context: Context) -> None:
    """Ten days of ozone that stands at one value for eight hours of each, near nothing else."""
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    # By the highest 8 h mean [ppm]: 100 µg/m³ at 25 °C is 0.0509, 120 at 20 °C is 0.0601.
    peaks = [500, 513, 520, 600, 602, 610, 700, 709, 710, 800]
    readings = []
    for number, peak in enumerate(peaks):
        first = hour_number(day_bounds(LAST - timedelta(days=len(peaks) - number))[0])
        for hour in range(1, 25):
            value = peak if 10 < hour <= 18 else 10
            at = from_hour_number(first + hour)
            readings.append(Reading(station=station, hour=at, values={"o3": value}))
    write(context, *readings)
    found = days(context, CODES, "o3", FIRST, LAST, "airkorea_1h")
    rules = limits(context, "o3")
    highest = highest_8h(context, CODES, "o3", 2026)
    assert sorted(one.value for one in highest.values()) == peaks
    assert {one.windows for one in highest.values()} == {19, 24}
    # Above 100.5 µg/m³ (0.0512), above 120.5 µg/m³ (0.0604), from 0.071 ppm on.
    assert exceedances(found, "o3", rules, 2026, highest) == {
        CODES[0]: (10, {"who_2021": 9, "eu_2008": 5, "eu_2008_long_term": 5, "us_naaqs_o3": 2})
    }
    table = limits_table(
        exceedances(found, "o3", rules, 2026, highest), rules, "o3", 2026, text_in("ko")
    )
    assert "8시간 평균의 하루 최고값" in table
    assert "0일" in table or "0 days" in table


def test_each_day_is_of_the_most_preferred_feed_that_has_any_of_it(context: Context) -> None:
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    noon = HOUR_20 - 8 * HOUR
    for back in range(12):
        write(context, Reading(station=station, hour=noon - back * HOUR, values={"pm10": 900}))
    write(context, Reading(station=station, hour=noon, values={"pm10": 100}), feed="archive")
    found = days(context, CODES, "pm10", LAST, LAST, "airkorea_1h")
    assert [(row.feed, row.value, row.hours, row.status) for row in found.itertuples()] == [
        ("archive", 10.0, 1, "confirmed")
    ]
    before = days(context, CODES, "pm10", LAST, LAST, "airkorea_1h", context.store.version() - 1)
    assert [(row.feed, row.value) for row in before.itertuples()] == [("airkorea", 90.0)]


def test_days_of_a_model_stand_beside_observed_ones_and_have_no_status(context: Context) -> None:
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    write(context, Reading(station=station, hour=HOUR_20, values={"pm10": 900}))
    with context.store.write("test") as txn:
        put_province_series(
            txn,
            "openmeteo",
            [Reading(province="KR-41", hour=HOUR_20, values={"pm10": 300})],
        )
        refresh(txn, FEED_IDS["openmeteo"], [(PLACES[1].id, hour_number(HOUR_20))], ())
    found = days(context, CODES, "pm10", LAST, LAST, "airkorea_1h")
    assert [(row.kind, row.status) for row in found.itertuples()] == [
        ("observed", "preliminary"),
        ("modelled", None),
    ]


def test_calendar_draws_each_day_once_and_hatches_those_without_a_level() -> None:
    first = date(2024, 1, 1)
    cells = [
        DayCell(day=first + timedelta(days=n), grade=None if n == 40 else 1 + n % 4, about=str(n))
        for n in range(366 + 365)
    ]
    figure = calendar(cells, STANDARD, text_in("ko"), LIGHT)
    bars, hatch = figure.data[0], figure.data[1]
    assert len(set(zip(bars.x, bars.base, strict=True))) == 731
    assert bars.marker.color[0] == STANDARD.level(1).colour
    assert bars.marker.color[40] == "rgba(0,0,0,0)"
    assert sum(one is None for one in hatch.x) == 1
    years = [one.text for one in figure.layout.annotations if "<b>" in one.text]
    assert years == ["<b>2025</b>", "<b>2024</b>"]
    # A decade is still little to send.
    assert len(json.dumps(figure.to_plotly_json(), default=list)) < 150_000


def test_limits_name_their_source_and_mark_what_is_more_than_allowed(context: Context) -> None:
    rules = limits(context, "pm25")
    above = {"KR-11": (300, {"who_2021": 40, "korea": 3, "us_naaqs": 3})}
    body = limits_table(above, rules, "pm25", 2026, text_in("ko"))
    assert "<small>초과</small> <b>40</b>" in body
    assert ">3</td>" in body
    assert "s_pm_history.html" in body
    assert "35 µg/m³, 허용 7일" in body
    assert body.count("자료 없음") == 16 * len(rules)
