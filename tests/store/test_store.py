"""The store on both engines: distinct rows, revisions, as-of, pooling, roll-ups, claims, calls."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from aq.domain.clock import HOUR, Clock, hour_number
from aq.domain.errors import FeedError, FeedReason, StoreError
from aq.domain.model import URBAN, Answer, ProvinceHour, Reading, Station
from aq.domain.pollutants import KEYS
from aq.domain.standards import Standard
from aq.feeds.registry import FEED_IDS
from aq.ingest.collect import ingest, list_stations, station_rule
from aq.paths import ROOT
from aq.settings import load
from aq.standards_file import load_standards
from aq.store import Store, open_store, runs
from aq.store.engine import LONG_WRITE_SECONDS, migrate, version_at
from aq.store.reads import newest_hours, province_hours, span, station_hours
from aq.store.schema import province_day, province_day_grade, province_hour, station, station_hour
from aq.store.stations import Directory
from aq.store.upsert import Written
from tests.waiting import wait_until

STANDARDS = load_standards(ROOT / "config" / "standards")
HOURLY: Sequence[Standard] = (STANDARDS["airkorea_1h"],)
RULE = station_rule(load({}).provinces)
HOUR_20 = datetime(2026, 11, 23, 11, tzinfo=UTC)
N20 = hour_number(HOUR_20)
DAEJEON = 5


def at(name: str, *, network: str = URBAN, sido: str = "대전", code: str | None = None) -> Station:
    return Station(name=name, sido=sido, network=network, code=code)


def reading(one: Station, hour: datetime = HOUR_20, **values: int) -> Reading:
    return Reading(station=one, hour=hour, values=values)


def put(store: Store, *readings: Reading, feed: str = "airkorea") -> Written:
    with store.write("test") as txn:
        return ingest(txn, feed, readings, Directory(txn, RULE), HOURLY)


def province_row(store: Store, hour: int = N20, as_of: int | None = None) -> ProvinceHour:
    with store.read() as connection:
        rows = province_hours(connection, [DAEJEON], hour - 1, hour, as_of=as_of)
    return rows[0]


def test_a_second_write_of_the_same_changes_nothing(store: Store) -> None:
    rows = [reading(at("읍내동"), pm10=620), reading(at("문평동"), pm10=640)]
    assert put(store, *rows) == Written(new=2)
    version = store.version()
    assert put(store, *rows) == Written(same=2)
    assert store.version() == version


def test_t07_t27_a_changed_value_keeps_the_earlier_one(store: Store) -> None:
    one = at("읍내동")
    put(store, reading(one, pm10=620))
    first = store.version()
    assert put(store, reading(one, pm10=800)) == Written(changed=1)
    with store.read() as connection:
        now = station_hours(connection, [1], N20 - 1, N20)
        then = station_hours(connection, [1], N20 - 1, N20, as_of=first)
    assert [row.values["pm10"] for row in now] == [800]
    assert [row.values["pm10"] for row in then] == [620]
    assert province_row(store).means["pm10"].total == 800
    assert province_row(store, as_of=first).means["pm10"].total == 620


def test_as_of_is_the_last_version_committed_by_then(store: Store) -> None:
    put(store, reading(at("읍내동"), pm10=620))
    with store.read() as connection:
        assert version_at(connection, store.clock.now()) == store.version()
        assert version_at(connection, store.clock.now() - HOUR) is None


def test_t06_only_urban_stations_count_and_are_counted(store: Store) -> None:
    put(
        store,
        reading(at("읍내동"), pm10=600),
        reading(at("문평동"), pm10=610),
        reading(at("대흥동1", network="도로변대기"), pm10=9000),
        reading(at("신흥동"), o3=300),
    )
    row = province_row(store)
    assert (row.means["pm10"].total, row.means["pm10"].valid, row.means["pm10"].expected) == (
        1210,
        2,
        3,
    )
    assert (row.means["o3"].total, row.means["o3"].valid) == (300, 1)


def test_t08_zero_is_a_value_and_missing_is_not_zero(store: Store) -> None:
    put(store, reading(at("읍내동"), pm25=0), reading(at("문평동")))
    row = province_row(store)
    assert (row.means["pm25"].total, row.means["pm25"].valid) == (0, 1)
    assert row.means["pm10"].valid == 0


def test_t09_a_flagged_number_is_kept_and_does_not_count(store: Store) -> None:
    flagged = Reading(
        station=at("읍내동"), hour=HOUR_20, values={"pm10": 990}, flags={"pm10": "source:장비점검"}
    )
    put(store, flagged)
    row = province_row(store)
    assert row.means["pm10"].valid == 0
    assert "source:장비점검" in (row.why or "")
    with store.read() as connection:
        kept = connection.execute(select(station_hour.c.pm10, station_hour.c.flags)).one()
    assert kept.pm10 == 990
    assert "장비점검" in kept.flags


def test_t02_two_spellings_of_midnight_are_one_row(store: Store) -> None:
    midnight = datetime(2026, 11, 22, 15, tzinfo=UTC)
    put(store, reading(at("읍내동"), midnight, pm10=100))
    assert put(store, reading(at("읍내동"), midnight, pm10=100)) == Written(same=1)


def test_t31_stations_of_one_name_in_two_provinces_stay_apart(store: Store) -> None:
    put(
        store,
        reading(at("고성읍", sido="강원", code="632001"), pm10=100),
        reading(at("고성읍", sido="경남", code="738001"), pm10=300),
        reading(at("중앙동", sido="경기"), pm10=100),
        reading(at("중앙동", sido="전남"), pm10=300),
    )
    with store.read() as connection:
        found = connection.execute(select(station.c.name, station.c.province)).all()
    assert sorted((row.name, row.province) for row in found) == [
        ("고성읍", 9),
        ("고성읍", 15),
        ("중앙동", 2),
        ("중앙동", 13),
    ]


def test_t01_stations_of_the_merged_unit_find_their_province_by_address(store: Store) -> None:
    new = at("새동네", sido="전남광주", code="999001")
    put(store, reading(new, pm10=500))
    with store.read() as connection:
        assert connection.scalar(select(station.c.province)) is None
        assert connection.scalar(select(func.count()).select_from(province_hour)) == 0
    listed = Station(name="새동네", sido="", address="전남광주통합특별시 북구 어딘가 1")
    with store.write("list") as txn:
        list_stations(txn, Answer(rows=1, stations=(listed,)), Directory(txn, RULE), HOURLY)
    assert put(store, reading(new, pm10=510)) == Written(changed=1)
    with store.read() as connection:
        assert connection.scalar(select(station.c.province)) == 4
        assert connection.scalar(select(province_hour.c.pm10_sum)) == 510


def test_a_station_silent_for_a_week_is_not_expected(store: Store) -> None:
    old = HOUR_20 - timedelta(days=8)
    put(store, reading(at("읍내동"), old, pm10=1), reading(at("문평동"), old, pm10=1))
    put(store, reading(at("읍내동"), pm10=1))
    assert province_row(store).means["pm10"].expected == 1


def test_simulated_and_real_never_mix(store: Store) -> None:
    with store.write("simulated") as txn:
        txn.mark_simulated(True)
    with pytest.raises(StoreError, match="never mixed"), store.write("real") as txn:
        txn.mark_simulated(False)
    assert store.simulated()


def test_an_error_inside_a_write_leaves_the_store_as_it_was(store: Store) -> None:
    put(store, reading(at("읍내동"), pm10=620))
    before = store.version()

    def broken() -> None:
        with store.write("broken") as txn:
            more = [reading(at("문평동"), pm10=1)]
            ingest(txn, "airkorea", more, Directory(txn, RULE), HOURLY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert store.version() == before
    assert province_row(store).means["pm10"].valid == 1


VALUES = st.dictionaries(st.sampled_from(KEYS), st.integers(0, 2000), max_size=6)
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), VALUES), max_size=25)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=st.lists(ROWS, max_size=4))
def test_roll_ups_equal_a_recomputation(
    store: Store, batches: list[list[tuple[int, int, dict[str, int]]]]
) -> None:
    names = ("가동", "나동", "다동", "라동")
    for rows in batches:
        unique = {(s, h): values for s, h, values in rows}
        put(
            store,
            *(
                reading(at(names[s]), HOUR_20 + h * HOUR, **values)
                for (s, h), values in unique.items()
            ),
        )
    with store.read() as connection:
        stations = connection.execute(select(station_hour)).mappings().all()
        hours = connection.execute(select(province_hour)).mappings().all()
        days = connection.execute(select(province_day)).mappings().all()
    for row in hours:
        for key in KEYS:
            valid = [s[key] for s in stations if s["hour"] == row["hour"] and s[key] is not None]
            assert (row[f"{key}_sum"], row[f"{key}_n"]) == (sum(valid), len(valid))
    for day in days:
        own = [row for row in hours if (row["hour"] + 8) // 24 == day["day"]]
        key = day["pollutant"]
        assert day["sum"] == sum(row[f"{key}_sum"] for row in own)
        assert day["hours"] == sum(1 for row in own if row[f"{key}_n"])


def test_hours_per_grade_follow_a_revision(store: Store) -> None:
    put(store, reading(at("읍내동"), pm10=800))
    put(store, reading(at("읍내동"), pm10=810))
    with store.read() as connection:
        query = select(province_day_grade).where(province_day_grade.c.pollutant == "pm10")
        row = connection.execute(query).one()
    assert (row.h1, row.h2, row.h3, row.h4, row.worst) == (0, 0, 1, 0, 3)


def test_a_run_is_claimed_once_and_taken_over_after_its_lease(store: Store) -> None:
    now = store.clock.now()
    lease = timedelta(minutes=5)

    def claim(owner: str, at: datetime) -> runs.Claim | None:
        return runs.claim(store, "poll:x", now, owner=owner, now=at, lease=lease)

    first = claim("a", now)
    assert first is not None
    assert claim("b", now + timedelta(minutes=4)) is None
    taken = claim("b", now + timedelta(minutes=6))
    assert taken is not None
    assert taken.id == first.id
    runs.finish(store, taken, now, ok=True, report={})
    assert claim("c", now + timedelta(hours=1)) is None
    assert runs.is_over(store, "poll:x", now)


def test_t25_calls_stop_at_the_limit_and_begin_anew_at_midnight(store: Store) -> None:
    ledger = runs.CallLedger(store)
    now = store.clock.now()
    assert [ledger.spend("airkorea", "op", now, 2) for _ in range(3)] == [True, True, False]
    assert ledger.spend("airkorea", "other", now, 2)
    assert ledger.spend("airkorea", "op", now + timedelta(hours=4), 2)
    assert ledger.spent(now) == {("airkorea", "op"): 2, ("airkorea", "other"): 1}


def test_the_span_of_a_feed_is_over_the_provinces_asked_for(store: Store) -> None:
    seoul, daejeon = at("종로구", sido="서울"), at("읍내동")
    put(store, reading(daejeon, HOUR_20 - 5 * HOUR, pm10=1), reading(daejeon, pm10=1))
    put(store, reading(seoul, HOUR_20 - 9 * HOUR, pm10=1), reading(seoul, HOUR_20 - HOUR, pm10=1))
    put(store, reading(seoul, HOUR_20 - 2 * HOUR, pm10=1), feed="openmeteo")
    ours, model = FEED_IDS["airkorea"], FEED_IDS["openmeteo"]
    with store.read() as connection:
        assert span(connection, [DAEJEON]) == {ours: (N20 - 5, N20)}
        assert span(connection, [1, DAEJEON]) == {
            ours: (N20 - 9, N20),
            model: (N20 - 2, N20 - 2),
        }
        assert span(connection, [2]) == span(connection, []) == {}
        assert newest_hours(connection) == {ours: N20, model: N20 - 2}


def test_failing_since_keeps_the_first_failure(store: Store) -> None:
    now = store.clock.now()
    error = FeedError("airkorea", "op", FeedReason.UPSTREAM_DOWN, "HTTP 503")
    runs.record_failure(store, "airkorea", now, error)
    runs.record_failure(store, "airkorea", now + HOUR, error)
    assert runs.feed_states(store)["airkorea"].failing_since == now
    runs.record_success(store, "airkorea", now + 2 * HOUR, N20, None)
    known = runs.feed_states(store)["airkorea"]
    assert (known.failing_since, known.reason, known.newest_hour) == (None, None, N20)


def test_a_store_of_a_newer_program_is_refused(database_url: str, clock: Clock) -> None:
    opened = open_store(database_url, clock)
    migrate(opened)
    with opened.book() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="9999, newer than this program"):
        migrate(opened)
    opened.close()


def test_who_writes_on_and_on_lets_others_write(store: Store) -> None:
    """SQLite has no queue: who waits would look for half a minute at a file that is never free."""
    written: list[str] = []

    def many() -> None:
        for _ in range(20):
            with store.write("long"):
                time.sleep(2 * LONG_WRITE_SECONDS)
            written.append("long")

    writer = threading.Thread(target=many)
    writer.start()
    wait_until(lambda: len(written) > 0)
    with store.book():
        written.append("short")
    writer.join()
    assert written.index("short") < len(written) - 1
