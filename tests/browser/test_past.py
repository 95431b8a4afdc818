"""The pages of the past in a real browser: stations, several lines, the export's link."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browsing import ROOT, drawn, reader, settled

_PLACE = """ref => {
    const plot = document.querySelector('.st-key-station-map .js-plotly-plot');
    const trace = plot.data[1];
    const at = trace.customdata.indexOf(ref);
    const [x, y] = plot._fullLayout.geo._subplot.projection([trace.lon[at], trace.lat[at]]);
    const box = plot.getBoundingClientRect();
    return [box.left + x, box.top + y];
}"""


def _stations(page: Page) -> Any:
    return page.locator(".st-key-table tbody tr")


def test_a_station_is_chosen_on_the_map_and_in_the_table(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, f"{site}/stations?p=KR-26")
        rows = _stations(page)
        first = rows.nth(0).get_attribute("data-code")
        other = rows.nth(1).get_attribute("data-code")
        rows.nth(1).get_by_role("button").click()
        page.wait_for_url(f"**st={other}**")
        settled(page)
        expect(page.locator(".st-key-table tr.chosen")).to_have_attribute("data-code", str(other))
        expect(page.locator(".st-key-station-map .js-plotly-plot")).to_be_visible()
        page.mouse.move(*page.evaluate(_PLACE, first))
        page.wait_for_timeout(100)  # the chart picks on hover before it takes a click
        page.mouse.click(*page.evaluate(_PLACE, first))
        page.wait_for_url(f"**st={first}**")
        settled(page)
        expect(page.locator(".st-key-table tr.chosen")).to_have_attribute("data-code", str(first))
        expect(page.locator(".st-key-station-line .main-svg").first).to_be_visible()
        assert watch.outside(site) == []
        assert watch.complaints == []


_LINES = """names => {
    const plot = document.querySelector('.st-key-past .js-plotly-plot');
    const lines = (plot?.data ?? []).filter(trace => trace.mode.startsWith('lines') && trace.name
        && trace.fill !== 'toself');  // stretches of advisories are no lines
    return [...new Set(lines.map(trace => trace.name))].sort().join() === names;
}"""


def _shows(page: Page, *names: str) -> None:
    """Until the chart has just these lines."""
    page.wait_for_function(_LINES, arg=",".join(sorted(names)))


def test_several_places_are_drawn_in_one_chart_each_named(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, f"{site}/past?ps=KR-11,KR-26,KR-49")
        _shows(page, "서울", "부산", "제주")
        page.get_by_role("button", name="일별", exact=True).click()
        page.wait_for_url("**g=day**")
        settled(page)
        _shows(page, "서울", "부산", "제주")
        page.get_by_role("combobox", name="지역").click()
        page.get_by_role("option", name="대구", exact=True).click()
        page.wait_for_url("**KR-27**")
        _shows(page, "서울", "부산", "제주", "대구")
        page.reload()
        settled(page)
        _shows(page, "서울", "부산", "제주", "대구")
        assert watch.outside(site) == []
        assert watch.complaints == []


def test_the_exports_link_gives_the_bytes_of_the_command(
    site: str, site_environment: dict[str, str], chromium: Browser, tmp_path: Path
) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, f"{site}/export?ps=KR-26&xs=pm10&r=7d")
        with page.expect_download() as waiting:
            page.get_by_role("link", name="파일 내려받기").click()
        given = Path(waiting.value.path()).read_bytes()
        page.get_by_text("명령으로 받기").click()
        shown = page.locator("[data-testid=stCode] code").inner_text()
        assert watch.complaints == []
    words = [*shlex.split(shown)[1:-1], str(tmp_path / "air.csv")]
    subprocess.run([sys.executable, *words], cwd=ROOT, env=site_environment, check=True)
    assert (tmp_path / "air.csv").read_bytes() == given
    assert len(given.splitlines()) > 1
