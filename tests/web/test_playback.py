"""The map in time: each hour of the 17 with value or reason, bounded, as known then; its slider."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import PROVINCES
from aq.queries.map_hours import MOST_FRAMES, frames, sources
from aq.web.pages.playback import asked_hour
from tests.browsing import chromium, drawn, reader, site
from tests.serving import HOUR_20, fill, make_runtime, write

__all__ = ["chromium", "site"]
JEJU, SEJONG = 15, 16


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def test_every_hour_has_all_17_with_a_value_or_a_reason(context: Context) -> None:
    fill(context)
    made = frames(context, "pm10", "airkorea_1h", HOUR_20, 24)
    assert [one.at for one in made] == [HOUR_20 - back * HOUR for back in range(23, -1, -1)]
    assert {len(one.provinces) for one in made} == {len(PROVINCES)}
    last = made[-1].provinces
    assert (last[0].value, last[0].grade, last[0].feed) == (62.0, 2, "airkorea")
    assert (last[SEJONG].reason, last[SEJONG].detail) == ("source_flag", "통신장애")
    assert last[JEJU].reason == "not_received"
    assert made[-2].provinces[JEJU].value == 62.0
    assert sources(made) == [("airkorea", "observed", "preliminary")]


def test_frames_are_bounded_and_of_what_was_known(context: Context) -> None:
    fill(context, hours=3)
    before = context.store.version()
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    write(context, Reading(station=station, hour=HOUR_20, values={"pm10": 1000}))
    assert len(frames(context, "pm10", "airkorea_1h", HOUR_20, 9999)) == MOST_FRAMES
    now = frames(context, "pm10", "airkorea_1h", HOUR_20, 1)[0].provinces[0]
    then = frames(context, "pm10", "airkorea_1h", HOUR_20, 1, before)[0].provinces[0]
    assert (now.value, then.value) == (100.0, 62.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-11-23T18", HOUR_20 - 2 * HOUR),
        ("2026-11-24T18", HOUR_20),
        ("0001-01-01T00", HOUR_20),
        ("yesterday", HOUR_20),
        (None, HOUR_20),
    ],
)
def test_an_hour_is_read_from_the_address(given: str | None, expected: object) -> None:
    assert asked_hour(given, HOUR_20, HOUR_20 + timedelta(minutes=1)) == expected


def test_the_slider_moves_the_map_and_the_address(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, f"{site}/playback")
        expect(page.locator(".st-key-playback path.area")).to_have_count(17)
        expect(page.locator(".st-key-playback output")).to_have_text("5월 8일(금) 20시")
        page.get_by_role("slider").focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**at=2026-05-08T19**")
        expect(page.get_by_role("heading", level=1)).to_contain_text("5월 8일(금) 19시")
        assert watch.outside(site) == []
        assert watch.complaints == []
