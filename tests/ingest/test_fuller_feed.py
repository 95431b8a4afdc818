"""A confirmed file of a part of a province moves no hour and no alert of the fuller feed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aq.context import Context
from aq.domain.clock import HOUR, floor_hour, hour_number, kst_iso
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import find_province
from aq.ingest.confirmed_files import import_file
from aq.queries.current import current
from aq.queries.items import page
from aq.queries.question import PastQuestion
from aq.store.reads import province_hours
from tests.archive_files import csv_text, row
from tests.ingest.test_confirmed_files import HOURLY, runtime_at
from tests.store.test_store import put

LIVE = [Station(name=f"서울{n}", sido="서울", code=f"1001{n:02}", network=URBAN) for n in range(10)]


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = runtime_at(f"sqlite:///{tmp_path}/aq.db", "2026-11-27T15:20+09:00")
    yield made
    made.store.close()


def confirmed(context: Context, folder: Path, stations: int) -> None:
    newest = floor_hour(context.clock.now())
    rows = [
        row(
            kst_iso(newest - back * HOUR)[:16].replace("T", " "),
            code=one.code,
            name=one.name,
            region="서울 중구",
            address="",
            pm10=5,
        )
        for one in LIVE[:stations]
        for back in range(3)
    ]
    path = folder / f"{stations}.csv"
    path.write_text(csv_text(rows), "utf-8")
    assert import_file(context, path).stored == len(rows)


def hours(context: Context, feed: str | None = None) -> list[tuple[str, float]]:
    newest = floor_hour(context.clock.now())
    asked = PastQuestion(
        provinces=(find_province("서울"),),
        keys=("pm10",),
        after=newest - 3 * HOUR,
        until=newest,
        grain="hour",
        standard=HOURLY,
        selection=context.settings.selection.only(feed),
    )
    return [(item["feed"], item["value"]) for item in page(context.store, asked, 10, None)[0]]


def live(context: Context) -> None:
    newest = floor_hour(context.clock.now())
    for back in range(3):
        put(
            context.store,
            *(Reading(station=s, hour=newest - back * HOUR, values={"pm10": 5000}) for s in LIVE),
        )


def test_t50_one_confirmed_station_does_not_outrank_a_full_live_province(
    context: Context, tmp_path: Path
) -> None:
    live(context)
    confirmed(context, tmp_path, 1)
    assert hours(context) == [("airkorea", 500.0)] * 3
    assert hours(context, "archive") == [("archive", 5.0)] * 3
    item = next(
        one
        for one in current(context, context.clock.now(), standard=HOURLY.id, wanted=["pm10"]).items
        if one.province == "서울"
    )
    assert (item.feed, item.value) == ("airkorea", 500.0)


def test_t50_half_of_the_stations_are_enough(context: Context, tmp_path: Path) -> None:
    live(context)
    confirmed(context, tmp_path, 5)
    assert hours(context) == [("archive", 5.0)] * 3


def test_expected_stations_are_those_of_all_observing_feeds(
    context: Context, tmp_path: Path
) -> None:
    live(context)
    confirmed(context, tmp_path, 5)
    newest = floor_hour(context.clock.now())
    with context.store.read() as connection:
        rows = province_hours(
            connection, [find_province("서울").id], hour_number(newest) - 1, hour_number(newest)
        )
    heard = {one.feed: one.means["pm10"].valid for one in rows}
    assert heard == {"airkorea": 10, "archive": 5}
    assert {one.means["pm10"].expected for one in rows} == {10}
