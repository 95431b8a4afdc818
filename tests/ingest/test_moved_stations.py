"""Stations that count for another province now take their hours along, out of the one before."""

from sqlalchemy import select

from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Answer, Station
from aq.feeds.registry import FEED_IDS
from aq.ingest.collect import ingest, list_stations
from aq.store import Store
from aq.store.schema import province_day, province_hour
from aq.store.stations import Directory
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


def two_stations(store: Store, feed: str) -> None:
    for hours, value in ((1, 600), (0, 700)):
        hour = HOUR_20 - hours * HOUR
        put(
            store,
            reading(at("읍내동"), hour, pm10=value),
            reading(at("문평동", code=CODE), hour, pm10=value + 90),
            feed=feed,
        )


def listed(store: Store, one: Station) -> None:
    with store.write("list") as txn:
        answer = Answer(rows=1, stations=(one,))
        assert list_stations(txn, answer, Directory(txn, RULE), HOURLY) == 1


def test_a_listed_station_leaves_the_province_it_counted_for_in_every_feed(store: Store) -> None:
    for feed in ("airkorea", "archive"):
        two_stations(store, feed)
        assert sums(store, feed) == {DAEJEON: [(1290, 2), (1490, 2)]}
    listed(store, IN_SEJONG)
    for feed in ("airkorea", "archive"):
        assert sums(store, feed) == {DAEJEON: [(600, 1), (700, 1)], SEJONG: [(690, 1), (790, 1)]}


def test_days_and_new_hours_follow_a_station_that_moves_with_a_reading(store: Store) -> None:
    two_stations(store, "airkorea")
    later = HOUR_20 + HOUR
    with store.write("test") as txn:
        directory = Directory(txn, RULE)
        ingest(txn, "airkorea", [reading(IN_SEJONG, later, pm10=500)], directory, HOURLY)
    assert sums(store, "airkorea") == {
        DAEJEON: [(600, 1), (700, 1)],
        SEJONG: [(690, 1), (790, 1), (500, 1)],
    }
    query = select(province_day.c.province, province_day.c.max).where(
        province_day.c.pollutant == "pm10", province_day.c.hours > 0
    )
    with store.read() as connection:
        assert dict(map(tuple, connection.execute(query))) == {DAEJEON: 700, SEJONG: 790}


def test_a_station_that_becomes_a_roadside_one_counts_no_more(store: Store) -> None:
    two_stations(store, "airkorea")
    listed(store, at("문평동", code=CODE, network="도로변대기"))
    assert sums(store, "airkorea") == {DAEJEON: [(600, 1), (700, 1)]}
