"""Plain pages and frames in a real browser: readable by all, usable by a thumb, honest of age."""

from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browsing import reader

# Links that stand alone, as a thumb meets them; those within a sentence are exempt (WCAG 2.5.8).
TARGETS = ".mast a, .chip, .others a, .foot nav a, .t17 tbody th a, summary"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/now", "/now/seoul/en", "/embed/strip?layout=list"])
def test_a_phone_of_320_pixels_reads_all(
    site: str, chromium: Browser, address: str, theme: str
) -> None:
    with reader(chromium, width=320, height=640, theme=theme) as (page, watch):
        page.goto(site + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.title()
        serious = [
            (violation["id"], node["target"])
            for violation in Axe().run(page).response["violations"]
            if violation["impact"] in ("serious", "critical")
            and violation["id"] != "meta-refresh"  # how a frame without a script stays of now
            for node in violation["nodes"]
        ]
        assert serious == []
        sizes = page.eval_on_selector_all(
            TARGETS,
            "found => found.map(one => one.getBoundingClientRect())"
            ".map(box => [box.width, box.height])",
        )
        assert all(min(size) >= 24 for size in sizes), sizes
        assert watch.complaints == []


@pytest.mark.parametrize(("hours", "kind"), [(0, ""), (3, "late"), (7, "gone")])
def test_a_page_says_its_age_by_itself(site: str, chromium: Browser, hours: int, kind: str) -> None:
    with reader(chromium) as (page, _):
        # The server's clock stands at 20:25; the reader's goes on by so many hours.
        page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
        page.goto(f"{site}/now/en")
        expect(page.locator("html")).to_have_class(kind)
        expect(page.locator("#gone")).to_be_visible(visible=kind == "gone")
        if hours:
            expect(page.locator("#age")).to_have_text(f"{hours} hours ago")


def test_a_framed_map_is_tiles_in_a_narrow_column_and_outlines_in_a_wide_one(
    site: str, chromium: Browser
) -> None:
    with reader(chromium, width=320, height=640) as (page, watch):
        page.goto(f"{site}/embed/map?lang=en&pollutant=o3")
        outlines, tiles = page.locator(".outlined svg"), page.locator(".tiles")
        expect(tiles).to_be_visible()
        expect(outlines).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.set_viewport_size({"width": 768, "height": 900})
        expect(outlines).to_be_visible()
        expect(tiles).to_be_hidden()
        assert watch.complaints == []
