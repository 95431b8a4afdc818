"""The pages of the past in a real browser: stations, several lines, the export's link."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium, drawn, reader, settled, site

__all__ = ["chromium", "site"]

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
        page.mouse.move(*page.evaluate(_PLACE, first))
        page.wait_for_timeout(100)  # the chart picks on hover before it takes a click
        page.mouse.click(*page.evaluate(_PLACE, first))
        page.wait_for_url(f"**st={first}**")
        settled(page)
        expect(page.locator(".st-key-table tr.chosen")).to_have_attribute("data-code", str(first))
        expect(page.locator(".st-key-station-line .main-svg").first).to_be_visible()
        assert watch.outside(site) == []
        assert watch.complaints == []
