"""What the demo tells of the authority: tomorrow on page and strip, an advisory to its end."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from aq import app
from aq.cli.demo import fill_notices, stories, yellow_dust
from aq.context import Context, shared, start
from aq.domain.advisories import acts
from aq.domain.clock import Clock
from aq.domain.provinces import BY_CODE
from aq.queries.official import advisories_now, advisories_over
from aq.queries.zones import values_now
from aq.settings import load
from aq.simulator.scenario import Scenario
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from tests.serving import served
from tests.web.test_pages import cells, markup, row_of, run

NOW = datetime(2026, 5, 8, 11, 25, tzinfo=UTC)  # 20:25 KST
PLACE = "경기 남부권: 초미세먼지"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorServer]:
    scenario = Scenario(stories=stories(NOW), yellow=yellow_dust(NOW))
    with SimulatorServer(World(50, seed=17), Clock(NOW), scenario) as running:
        yield running


@pytest.fixture
def at(simulator: SimulatorServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Turns the clocks of simulator, application and page to an instant, and polls."""
    monkeypatch.setenv("AQ_DATABASE_URL", f"sqlite:///{tmp_path / 'demo.db'}")
    monkeypatch.setenv("AQ_FEEDS__AIRKOREA__URL", simulator.airkorea_url)
    monkeypatch.setenv("AQ_FEEDS__AIRKOREA__KEY", "demo")
    monkeypatch.setenv("AQ_FEEDS__OPENMETEO__ENABLED", "false")
    made: list[Context] = []

    def turn(moment: datetime) -> Context:
        simulator.clock = Clock(moment)
        monkeypatch.setenv("AQ_CLOCK", moment.isoformat())
        if shared.cache_info().currsize:
            shared().store.close()
        shared.cache_clear()
        made.append(start(load()))
        assert app.collector(made[-1]).poll("airkorea", moment).ok
        fill_notices(made[-1])
        return made[-1]

    yield turn
    for one in made:
        one.store.close()
    if shared.cache_info().currsize:
        shared().store.close()
    shared.cache_clear()


def test_the_page_shows_yellow_dust_a_day_above_50_and_an_act_with_its_zone_now(at: Any) -> None:
    context = at(NOW)
    body = markup(run(x="pm25"))
    assert "초미세먼지 50 µg/m³ 초과" in body
    days = re.findall(r"<li>([^<]*)</li>", body.split("초미세먼지 50 µg/m³ 초과")[1])
    assert any(day.endswith("경기") for day in days), days
    assert "황사" in body
    (act,) = [act for act in advisories_now(context, NOW) if act.zone == "남부권"]
    (value,) = values_now(context, (act,), NOW)
    assert value is not None
    assert re.search(r"남부권: .{0,200}?지금 ", body, re.DOTALL)


def test_an_advisory_appears_is_raised_lowered_and_cleared_on_the_page(
    at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for minutes in (0, 60, 120, 180):
        context = at(NOW + timedelta(minutes=minutes))
        test = run(x="pm25")
        found = re.search(f"{re.escape(PLACE)} (주의보|경보)", markup(test))
        told.append(found[1] if found else None)
        mark = f"초미세먼지 {told[-1]} 남부권"
        assert (mark in row_of(test, "KR-41")) == (told[-1] is not None)
    assert told == ["주의보", "경보", "주의보", None]
    bounds = NOW - timedelta(hours=3), NOW + timedelta(hours=3)
    held = advisories_over(context, ("KR-41",), "pm25", *bounds)
    story = [one.kind for one in acts(held) if one.advisory.zone == "남부권"]
    assert story == ["issued", "raised", "lowered", "cleared"]


def test_tomorrow_stands_on_page_and_strip(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    context = at(NOW)
    test = run(x="pm25")
    shown = {code: cells(test, f".t17 tr[data-code='{code}'] .fc")[:2] for code in BY_CODE}
    assert all("–" not in days for days in shown.values())
    with served(context) as base:
        strip = requests.get(f"{base}/strip.json?pollutant=pm25&days=2", timeout=10).json()
        page = requests.get(f"{base}/strip?pollutant=pm25&days=2", timeout=10).text
    assert {
        chip["code"]: [day["label"] for day in chip["ahead"]] for chip in strip["chips"]
    } == shown
    assert page.count("내일 <i") == page.count("모레 <i") == 17
    assert "SIMULATED" in page
