"""Frames of every kind as high as oEmbed says, in a real browser: nothing of them is cut off."""

import re

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from aq.paths import ROOT
from tests.browsing import reader
from tests.waiting import wait_until

WIDTHS = (300, 320, 390, 480, 481, 600, 768)
# What may stay empty below a frame [pixels, or of its height]: room for an act or two, and what a
# font is narrower than is thought, which in a list may be a line in each of the 17.
MOST_EMPTY, MOST_OF_IT = 150, 0.4
FRAMES = (
    "strip",
    "strip?layout=list",
    "strip?layout=scroll",
    "strip?provinces=부산,울산,경남",
    "strip?provinces=부산,울산,경남&layout=list",
    "strip?pollutant=overall&standard=us_epa_2024",
    "strip?pollutant=overall&standard=us_epa_2024&layout=list",
    "strip?source=official",
    "map",
    "map?provinces=부산",
    "map?provinces=부산,울산,경남,대구,제주",
    "map?pollutant=overall&standard=us_epa_2024",
    "map?pollutant=o3",
    "province?province=제주",
    "province?province=인천",
    "province?province=세종",
    "province?province=인천&pollutant=overall&standard=us_epa_2024",
    "calendar?province=서울",
    "calendar?province=서울&pollutant=pm25&standard=us_epa_2024",
    "line?province=서울",
    "line?provinces=서울,부산,제주,인천",
)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_frame_is_as_high_as_its_content(site: str, chromium: Browser, lang: str) -> None:
    wrong = []
    with reader(chromium) as (page, watch):
        for frame in FRAMES:
            address = f"{site}/embed/{frame}{'&' if '?' in frame else '?'}lang={lang}"
            for width in WIDTHS:
                asked = {"url": address, "maxwidth": str(width)}
                high = requests.get(f"{site}/oembed", params=asked, timeout=60).json()["height"]
                page.set_viewport_size({"width": width, "height": 100})
                page.goto(address)
                across, needed = page.evaluate(
                    "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
                )
                if across > width or not needed <= high <= needed + max(
                    MOST_EMPTY, MOST_OF_IT * needed
                ):
                    wrong.append(f"{frame} at {width}: {high} for {needed}, {across} wide")
        assert watch.complaints == []
    assert not wrong, "\n".join(wrong)


def test_source_and_licence_stay_in_sight_in_a_frame_that_is_too_low(
    site: str, chromium: Browser
) -> None:
    with reader(chromium, width=320, height=300) as (page, _):
        page.goto(f"{site}/embed/strip?lang=en")
        assert page.evaluate("document.documentElement.scrollHeight") > 300
        foot = page.locator("footer").bounding_box()
        assert foot is not None
        assert foot["y"] + foot["height"] <= 300


def test_a_strip_in_one_row_is_moved_by_keys(site: str, chromium: Browser) -> None:
    with reader(chromium, width=320, height=300) as (page, _):
        page.goto(f"{site}/embed/strip?layout=scroll")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        # Asked from here: the frame's policy forbids a page to look by itself, again and again.
        moved = "document.querySelector('ol.chips').scrollLeft > 0"
        wait_until(lambda: bool(page.evaluate(moved)))
        found = Axe().run(page).response["violations"]
        assert "scrollable-region-focusable" not in [one["id"] for one in found]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_strip_is_no_higher_than_the_readme_says(
    site: str, chromium: Browser, lang: str
) -> None:
    told = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert "with two days 530; one of 1,280 pixels 110, with two days 165" in told
    (snippet,) = re.findall(r'/strip" [^>]*height="(\d+)"', told)
    heights = {("", 320): int(snippet), ("&days=2", 320): 530}
    heights |= {("", 1280): 110, ("&days=2", 1280): 165}
    with reader(chromium) as (page, _):
        for (days, width), high in heights.items():
            page.set_viewport_size({"width": width, "height": 60})
            page.goto(f"{site}/strip?lang={lang}{days}")
            assert page.evaluate("document.documentElement.scrollHeight") <= high


def test_an_editor_chooses_the_standard_of_a_frame(site: str, chromium: Browser) -> None:
    with reader(chromium, width=1280, height=900) as (page, watch):
        page.goto(f"{site}/embed?lang=en&std=who_2021")
        code = page.locator("code", has_text="<iframe")
        expect(code).to_contain_text("standard=who_2021")
        choice = page.get_by_role("combobox", name="Standard")
        choice.click()
        page.get_by_role("option", name="US", exact=True).click()
        expect(code).to_contain_text("standard=us_epa_2024")
        assert watch.complaints == []
