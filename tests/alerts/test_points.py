"""What rules watch, read from the store: grades, indices, the highest station, late feeds."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from aq.alerts import Rule, parse_rule
from aq.alerts.engine import watch
from aq.alerts.points import reader_of
from aq.alerts.rules import load_rules
from aq.alerts.status import log
from aq.alerts.wording import compose
from aq.context import Context
from aq.domain.clock import from_hour_number, hour_number
from aq.domain.model import URBAN, Reading, Station
from aq.domain.publication import learn, overdue
from aq.domain.windows import evaluate
from aq.feeds.registry import FEED_IDS
from aq.store import Store
from aq.store.reads import province_hours
from aq.store.schema import province_hour, publication
from tests.alerts.test_engine import READER, STANDARDS, H, at, messages, setup
from tests.alerts.test_evaluate import BODY, KNOWN
from tests.serving import HOUR_20, make_runtime, write

GRADED = {**BODY, "watch": "grade", "threshold": 3, "clear_below": 3, "provinces": ["서울"]}
ASKED = (
    ("airkorea_1h", "pm10", "grade"),
    ("airkorea", "pm10", "grade"),
    ("airkorea", "pm25", "index"),
    ("airkorea", "overall", "index"),
    ("airkorea", "overall", "grade"),
    ("us_epa_2024", "pm25", "index"),
    ("us_epa_2024", "o3", "grade"),
    ("who_2021", "pm10", "grade"),
)


def graded(standard: str, pollutant: str, what: str) -> Rule:
    changes = {"standard": standard, "pollutant": pollutant, "watch": what}
    level = {"threshold": 2, "clear_below": 2} if what == "grade" else {}
    return parse_rule({**GRADED, "threshold": 60, "clear_below": 50, **changes, **level}, KNOWN)


def test_grades_and_indices_are_those_of_the_standards_window(store: Store) -> None:
    @settings(
        max_examples=12 if store.is_sqlite else 4,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        values=st.lists(st.one_of(st.none(), st.integers(1, 3000)), min_size=1, max_size=40),
        feeds=st.integers(0, 2**40),
    )
    def check(values: list[int | None], feeds: int) -> None:
        rows = []
        for place, value in enumerate(values):
            for number, feed in enumerate(("airkorea", "openmeteo")):
                if not feeds >> (place + 20 * number) & 1:
                    continue
                sums = {f"{key}_sum": value or 0 for key in ("pm10", "pm25", "o3", "co")}
                counts = {f"{key}_n": int(value is not None) for key in ("pm10", "pm25", "o3")}
                key = {"province": 1, "hour": H + place, "feed": FEED_IDS[feed], "version": 1}
                rows.append({**key, **sums, **counts})
        with store.book() as connection:
            connection.execute(province_hour.delete())
            if rows:
                connection.execute(insert(province_hour), rows)
        last = H + len(values)
        with store.read() as connection:
            for standard, pollutant, what in ASKED:
                rule = graded(standard, pollutant, what)
                got = READER.points(connection, rule, H + 2, last)["KR-11"]
                wanted: dict[int, Any] = {}
                for feed in ("openmeteo", "airkorea"):  # the preferred one last
                    hours = {
                        row.hour: row
                        for row in province_hours(connection, [1], 0, last, feeds=[feed])
                    }
                    for hour in hours:
                        found = evaluate(STANDARDS[standard], pollutant, hours, hour)
                        value = found.grade if what == "grade" else found.index
                        if hour > H + 2 and value is not None:
                            wanted[hour] = value, FEED_IDS[feed]
                assert {hour: (one.value, one.feed) for hour, one in got.items()} == wanted

    check()


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def ozone(name: str, value: int, *, network: str = URBAN, flagged: bool = False) -> Reading:
    station = Station(name=name, sido="서울", network=network)
    flags = {"o3": "source:점검"} if flagged else {}
    return Reading(station=station, hour=HOUR_20, values={"o3": value}, flags=flags)


def test_the_highest_valid_urban_station_decides_and_is_named(context: Context) -> None:
    body = {
        **BODY, "id": "o3", "pollutant": "o3", "over": "any_station", "for": 1,
        "threshold": 0.12, "clear_below": 0.12, "channels": ["journal"],
    }  # fmt: skip
    load_rules(at(context.store, hour_number(HOUR_20) - 2), [body], KNOWN, "test")
    watch(at(context.store, hour_number(HOUR_20) - 2), reader_of(context))
    write(
        context,
        ozone("종로구", 1100),
        ozone("은평구", 1300),
        ozone("강남구", 1290),
        ozone("서울역", 1900, network="도로변대기"),
        ozone("한강대로", 2500, flagged=True),
    )
    watch(context.store, reader_of(context))
    (entry,) = [one for one in log(context.store) if one["reason"] == "first"]
    assert (entry["station"], entry["value"], entry["stations"]) == ("은평구", 0.13, 3)
    (message,) = messages(context.store)
    assert "오존 0.13 ppm · 측정소 은평구" in compose(message, "ko")[1]
    assert "station Eunpyeong-gu" in compose(message, "en")[1]


def test_a_province_without_stations_is_judged_by_the_model(store: Store) -> None:
    fields = {"province": 1, "hour": H, "feed": FEED_IDS["openmeteo"], "version": 1}
    with store.book() as connection:
        row = {**fields, "pm10_sum": 1700, "pm10_n": 1}
        connection.execute(insert(province_hour).values(row))
    rule = parse_rule({**BODY, "over": "any_station"}, KNOWN)
    with store.read() as connection:
        (point,) = READER.points(connection, rule, H - 1, H)["KR-11"].values()
    assert (point.value, point.stations, point.station) == (1700, None, None)


LATE = {
    "id": "late", "name": "자료 지연", "kind": "data_late", "threshold": 3, "clear_below": 2,
    "feed": "airkorea",
}  # fmt: skip


def published(store: Store, lag: int) -> list[tuple[datetime, datetime]]:
    """Two days of hours that each appeared `lag` minutes after their end."""
    seen = [
        (from_hour_number(hour), from_hour_number(hour) + timedelta(minutes=lag))
        for hour in range(H - 48, H)
    ]
    rows = [{"feed": "airkorea", "hour": hour_number(end), "seen": moment} for end, moment in seen]
    with store.book() as connection:
        connection.execute(insert(publication), rows)
    return seen


def hours(store: Store, *numbers: int) -> None:
    with store.write("test") as txn:
        for hour in numbers:
            row = {
                "province": 1,
                "hour": hour,
                "feed": FEED_IDS["airkorea"],
                "version": txn.version,
            }
            txn.connection.execute(insert(province_hour).values({**row, "pm10_n": 1}))
        txn.touch(numbers)


@pytest.mark.parametrize("lag", [20, 100, 200])
def test_a_feed_is_late_from_when_the_feeds_page_says_so(store: Store, lag: int) -> None:
    known = learn(published(store, lag))
    hours(store, H - 1)
    rule = parse_rule({**LATE, "threshold": 2}, KNOWN)
    with store.read() as connection:
        points = READER.points(connection, rule, H - 1, H + 12)["airkorea"]
    for hour, point in points.items():
        late = overdue(from_hour_number(H - 1), known, from_hour_number(hour))
        assert point.value == (hour - (H - 1) if late else 0)
    assert any(point.value for point in points.values())


def test_late_data_are_told_once_and_their_end_too(store: Store) -> None:
    setup(store, LATE)
    hours(store, H)
    for step in range(8):
        watch(at(store, H + step), READER)
    hours(store, H + 8)
    watch(at(store, H + 8), READER)
    told = [(one["at"], one["events"][0]["reason"]) for one in messages(store)]
    assert [reason for _, reason in told] == ["first", "resolved"]
    event = messages(store)[0]["events"][0]
    assert (event["place"], event["value"], event["unit"]) == ("airkorea", 3, "h")
    words = compose(messages(store)[0], "ko")[1]
    assert "3 h" in words


def test_a_feed_as_slow_as_ever_is_not_late(store: Store) -> None:
    published(store, 300)
    setup(store, LATE)
    hours(store, H)
    for step in range(5):
        watch(at(store, H + step), READER)
    assert messages(store) == []


def test_hours_that_were_never_heard_of_are_no_lateness(store: Store) -> None:
    setup(store, LATE)
    watch(at(store, H), READER)
    assert messages(store) == []
