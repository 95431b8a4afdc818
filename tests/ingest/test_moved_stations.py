"""A station has a past: it counts for what its own row says, in whatever order the files come."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from aq.context import Context
from aq.domain.clock import HOUR, Clock, hour_number, parse_hour
from aq.domain.model import URBAN, Answer, Reading, Station
from aq.domain.provinces import find_province
from aq.feeds.registry import FEED_IDS
from aq.ingest.collect import ingest, list_stations
from aq.ingest.confirmed_files import import_file
from aq.store import Store, open_store
from aq.store.engine import migrate
from aq.store.schema import (
    province_day,
    province_day_grade,
    province_grade,
    province_hour,
    station,
    station_feed,
    station_hour,
)
from aq.store.schema_stations import station_period, station_silence, station_statement
from aq.store.stations import Directory
from tests.archive_files import CASES, csv_text, row
from tests.ingest.test_confirmed_files import runtime_at
from tests.store.test_store import DAEJEON, HOUR_20, HOURLY, RULE, at, put, reading

SEJONG = 17
CODE = "525001"
IN_SEJONG = Station(
    name="문평동", sido="", network=URBAN, code=CODE, address="세종특별자치시 한누리대로 1"
)


def sums(store: Store, feed: str) -> dict[int, list[tuple[int, int]]]:
    """{province: its (sum, stations with a value) of pm10 by the hour}."""
    table = province_hour
    query = select(table.c.province, table.c.pm10_sum, table.c.pm10_n)
    query = query.where(table.c.feed == FEED_IDS[feed], table.c.pm10_n > 0).order_by(table.c.hour)
    found: dict[int, list[tuple[int, int]]] = {}
    with store.read() as connection:
        for province, total, count in connection.execute(query):
            found.setdefault(province, []).append((total, count))
    return found


def two_stations(store: Store, feed: str, **facts: Any) -> None:
    for hours, value in ((1, 600), (0, 700)):
        hour = HOUR_20 - hours * HOUR
        put(
            store,
            reading(at("읍내동"), hour, pm10=value),
            reading(at("문평동", code=CODE, **facts), hour, pm10=value + 90),
            feed=feed,
        )


def listed(store: Store, one: Station) -> None:
    with store.write("list") as txn:
        answer = Answer(rows=1, stations=(one,))
        assert list_stations(txn, answer, Directory(txn, RULE), HOURLY) == 1


def now_of(store: Store, code: str = CODE) -> Any:
    with store.read() as connection:
        return connection.execute(select(station).where(station.c.code == code)).one()


def test_t46_rows_that_say_where_they_count_stay_when_a_list_says_otherwise(store: Store) -> None:
    for feed in ("airkorea", "archive"):
        two_stations(store, feed)
    listed(store, IN_SEJONG)
    for feed in ("airkorea", "archive"):
        assert sums(store, feed) == {DAEJEON: [(1290, 2), (1490, 2)]}


def test_t46_a_station_that_moves_takes_only_its_own_hours_along(store: Store) -> None:
    two_stations(store, "airkorea")
    later = HOUR_20 + HOUR
    with store.write("test") as txn:
        directory = Directory(txn, RULE)
        ingest(txn, "airkorea", [reading(IN_SEJONG, later, pm10=500)], directory, HOURLY)
    assert sums(store, "airkorea") == {DAEJEON: [(1290, 2), (1490, 2)], SEJONG: [(500, 1)]}
    query = select(province_day.c.province, province_day.c.max).where(
        province_day.c.pollutant == "pm10", province_day.c.hours > 0
    )
    with store.read() as connection:
        assert dict(map(tuple, connection.execute(query))) == {DAEJEON: 745, SEJONG: 500}


def test_t46_silent_rows_count_by_what_a_list_says_of_the_station(store: Store) -> None:
    two_stations(store, "airkorea", network=None)
    assert sums(store, "airkorea") == {DAEJEON: [(600, 1), (700, 1)]}
    listed(store, at("문평동", code=CODE))
    assert sums(store, "airkorea") == {DAEJEON: [(1290, 2), (1490, 2)]}
    listed(store, at("문평동", code=CODE, network="도로변대기"))
    assert sums(store, "airkorea") == {DAEJEON: [(600, 1), (700, 1)]}


# Files and what they do to the store.


def dump(store: Store) -> dict[str, Any]:
    """Everything the store holds of stations and provinces, without versions and row numbers."""
    with store.read() as connection:
        codes = {
            one.id: one.code or f"{one.sido} {one.name}"
            for one in connection.execute(select(station))
        }
        facts = ("code", "sido", "name", "province", "network", "address")
        tables: dict[str, Any] = {
            "station": sorted(
                tuple(str(getattr(one, name)) for name in facts)
                for one in connection.execute(select(station))
            )
        }
        for table in (
            *(station_statement, station_period, station_silence, station_feed, station_hour),
            *(province_hour, province_day, province_grade, province_day_grade),
        ):
            names = [c.name for c in table.columns if c.name not in ("version", "superseded")]
            query = select(*(table.c[name] for name in names))
            if "superseded" in table.columns:
                query = query.where(table.c.superseded.is_(None))
            tables[table.name] = sorted(
                str([codes[v] if n == "station" else v for n, v in zip(names, cells, strict=True)])
                for cells in connection.execute(query)
            )
    return tables


def month(label: str, *stations: dict[str, Any], days: Sequence[int] = (1,)) -> str:
    """A file of some days of a month (``202306``) of stations given by their cells."""
    rows = [
        row(f"{label}{day:02}{hour:02}", **cells)
        for cells in stations
        for day in days
        for hour in range(1, 25)
    ]
    return csv_text(rows)


GUNWI = {"code": "437601", "name": "군위읍", "pm10": 100}
DAEGU = {"code": "422111", "name": "수창동", "region": "대구 중구", "address": "대구 중구 1"}
POHANG = {"code": "437112", "name": "장흥동", "region": "경북 포항시", "address": "경북 포항시 1"}
JUNE = month(
    "202306",
    {**GUNWI, "region": "경북 군위군", "address": "경북 군위군 군청로 200"},
    {**DAEGU, "pm10": 20},
    {**POHANG, "pm10": 40},
    days=(30,),
)
JULY = month(
    "202307",
    {**GUNWI, "region": "대구 군위군", "address": "대구 군위군 군청로 200"},
    {**DAEGU, "pm10": 20},
    {**POHANG, "pm10": 40},
)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = runtime_at(f"sqlite:///{tmp_path}/aq.db", "2026-11-28T10:00+09:00")
    yield made
    made.store.close()


def files(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"{number}.csv" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    return paths


def days(store: Store) -> dict[tuple[str, str], float]:
    """PM10 day means by (province, label of the day's last hour)."""
    found = {}
    with store.read() as connection:
        query = select(province_day).where(province_day.c.pollutant == "pm10", province_day.c.n > 0)
        for one in connection.execute(query):
            found[one.province, one.day] = one.sum / one.n / 10
    return found


def day(text: str) -> int:
    return (hour_number(parse_hour(f"{text} 24:00")) + 9) // 24 - 1


def of(name: str) -> int:
    return find_province(name).id


@pytest.mark.parametrize("order", ["01", "10", "0101", "100", "011"])
def test_t46_a_county_that_changes_its_province_counts_where_it_was(
    context: Context, tmp_path: Path, order: str
) -> None:
    paths = files(tmp_path, JUNE, JULY)
    for number in order:
        import_file(context, paths[int(number)])
    june, july = day("2023-06-30"), day("2023-07-01")
    assert days(context.store) == {
        (of("대구"), june): 20.0,
        (of("경북"), june): 70.0,
        (of("대구"), july): 60.0,
        (of("경북"), july): 40.0,
    }
    assert now_of(context.store, "437601").province == of("대구")


def test_t46_a_file_of_the_past_changes_nothing_of_now(context: Context, tmp_path: Path) -> None:
    store, now = context.store, parse_hour("2026-11-28 09:00")
    gunwi = Station(name="군위읍", sido="대구", code="437601", network=URBAN)
    put(store, reading(gunwi, now, pm10=503), reading(at("수창동", sido="대구"), now, pm10=503))
    before = sums(store, "airkorea")
    with store.read() as connection:
        grades = connection.execute(select(province_grade)).all()
    for path in files(tmp_path, JUNE, JULY):
        import_file(context, path)
    assert sums(store, "airkorea") == before
    with store.read() as connection:
        kept = select(province_grade).where(province_grade.c.hour == hour_number(now))
        assert connection.execute(kept).all() == grades
    assert now_of(store, "437601").name == "군위읍"


def test_t46_a_station_that_becomes_a_roadside_one_counts_until_then(
    context: Context, tmp_path: Path
) -> None:
    one = {"code": "111121", "name": "중구", "region": "서울 중구", "address": "", "pm10": 100}
    two = {"code": "111123", "name": "종로구", "region": "서울 종로구", "address": "", "pm10": 20}
    paths = files(
        tmp_path,
        month("202312", one, two, days=(31,)),
        month("202401", {**one, "network": "도로변대기"}, two),
    )
    for order in permutations(paths):
        for path in order:
            import_file(context, path)
        assert days(context.store) == {
            (of("서울"), day("2023-12-31")): 60.0,
            (of("서울"), day("2024-01-01")): 20.0,
        }


def test_t46_an_older_file_renames_no_station_back(context: Context, tmp_path: Path) -> None:
    new = {"code": "111121", "name": "중구", "region": "서울 중구", "address": "서울 중구 15"}
    old = {**new, "name": "정동", "address": "서울 중구 정동 28번지"}
    paths = files(tmp_path, month("201807", new), month("200401", old))
    for path in paths:
        import_file(context, path)
    assert now_of(context.store, "111121").name == "중구"
    listed(context.store, Station(name="중구", sido="", network=URBAN, address="서울 중구 15"))
    with context.store.read() as connection:
        assert len(connection.execute(select(station)).all()) == 1


def test_a_listed_station_and_the_coded_one_of_its_name_are_one(store: Store) -> None:
    listed(store, Station(name="문평동", sido="대전", network=URBAN, address="대전 어딘가 1"))
    put(store, reading(at("다른동", code=CODE), HOUR_20 - 50 * HOUR, pm10=1))
    put(store, reading(at("문평동", code=CODE), pm10=2))
    with store.read() as connection:
        (one,) = connection.execute(select(station)).all()
    assert (one.code, one.name, one.address) == (CODE, "문평동", "대전 어딘가 1")


CLOCK = Clock.from_text("2026-11-28T10:00+09:00")


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "aq.db"
    made = open_store(f"sqlite:///{path}", CLOCK)
    migrate(made)
    made.close()
    return path


# What a station may say of itself in a week, and files made of such weeks.
WORDS = st.fixed_dictionaries(
    {
        "region": st.sampled_from(["대구 군위군", "경북 군위군", "세종"]),
        "network": st.sampled_from([URBAN, "도로변대기", ""]),
        "name": st.sampled_from(["군위읍", "군위"]),
    }
)
STATIONS = ("437601", "111121", "525999")


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_files_in_any_order_any_number_of_times_give_one_store(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path, data: st.DataObject
) -> None:
    start = parse_hour("2016-12-20 01:00")
    weeks = data.draw(st.lists(st.integers(0, 5), min_size=2, max_size=4, unique=True))
    batches = []
    for week in weeks:
        batch = []
        for code in data.draw(st.sets(st.sampled_from(STATIONS), min_size=1)):
            words = data.draw(WORDS)
            one = Station(
                name=words["name"] + code[-1],
                sido=words["region"].split()[0],
                code=code,
                network=words["network"] or None,
            )
            for hour in data.draw(st.sets(st.integers(0, 3), min_size=1)):
                moment = start + timedelta(weeks=week) + hour * 17 * HOUR
                value = 100 * week + hour
                batch.append(Reading(station=one, hour=moment, values={"pm10": value}))
        batches.append(batch)
    order = data.draw(st.permutations(range(len(batches))))
    again = data.draw(st.lists(st.sampled_from(range(len(batches))), max_size=2))
    dumps = []
    for numbers in (range(len(batches)), (*order, *again)):
        path = tmp_path_factory.mktemp("order") / "aq.db"
        shutil.copy(empty_store, path)
        made = open_store(f"sqlite:///{path}", CLOCK)
        for number in numbers:
            put(made, *batches[number], feed="archive")
        dumps.append(dump(made))
        made.close()
    assert dumps[0] == dumps[1]


def test_the_shared_cases_of_moved_stations(context: Context) -> None:
    """Read where they are; the same kinds of our own stand above."""
    expected = {
        "gunwi_2023_06.csv": {("대구", "2023-06-30"): 20.0, ("경북", "2023-06-30"): 70.0},
        "gunwi_2023_07.csv": {("대구", "2023-07-01"): 60.0, ("경북", "2023-07-01"): 40.0},
        "net_2024_01.csv": {("서울", "2024-01-01"): 20.0},
        "net_2023_12.csv": {("서울", "2023-12-31"): 60.0},
    }
    paths = [path for name in expected for path in CASES.glob(name)]
    for path in [*paths, *reversed(paths)]:
        import_file(context, path)
    found = days(context.store)
    for path in paths:
        for (province, label), mean in expected[path.name].items():
            assert found[of(province), day(label)] == mean
