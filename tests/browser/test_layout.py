"""Every page, both languages, seven widths: little moves, nothing is cut, pictures stand high, and
on a phone no table scrolls sideways."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from aq.web.sections import PAGES, address
from tests.browser.test_first_paint import MOST_SHIFT, SHIFTS, whole
from tests.browsing import reader
from tests.waiting import wait_until

# English words are the longer ones, so that they have more widths to fit.
WIDTHS = {"ko": (320, 390, 900, 1024, 1280, 1920), "en": (320, 390, 768, 1024, 1280, 1920)}
ADDRESSES = {name: f"/{address(name)}?" for name in PAGES}
ADDRESSES["several places"] = "/past?ps=KR-11,KR-26&g=day&"
LOWEST_PICTURE = 500  # pixels from the top, at 390 × 844
# What stands beyond the viewport's edge, and text that its box cuts without saying so. What scrolls
# sideways within a frame of its own is whole, and a drawing has its own frame.
CUT = """(width) => {
    const main = document.querySelector("[data-testid=stMain]"), cut = [];
    if (main.scrollWidth > width) cut.push(`sideways ${main.scrollWidth}`);
    const free = (part) => {
        for (let at = part; at && at !== main; at = at.parentElement ?? at.getRootNode().host) {
            const style = getComputedStyle(at);
            if (style.clipPath !== "none") return true;
            if (at !== part && /auto|scroll/.test(style.overflowX)) return true;
        }
        return false;
    };
    const look = (root) => {
        for (const part of root.querySelectorAll("*")) {
            if (part.shadowRoot) look(part.shadowRoot);
            const box = part.getBoundingClientRect(), style = getComputedStyle(part);
            if (!box.width || !box.height || box.right < 0) continue;
            if (style.visibility === "hidden") continue;
            if (width <= 390 && part.matches(".aq .scroll") && part.scrollWidth > part.clientWidth)
                cut.push(`table ${part.ariaLabel} ${part.scrollWidth}`);
            const drawing = part instanceof SVGElement && part.ownerSVGElement;
            const clips = /hidden|clip/.test(style.overflowX) && !part.childElementCount
                && part.tagName !== "INPUT"
                && part.scrollWidth > part.clientWidth + 1
                && !(style.textOverflow === "ellipsis" && part.closest("[title]"));
            const beyond = !drawing && box.right > width + 1;
            let out = false;
            if (drawing && part.tagName === "text") {
                const frame = drawing.getBoundingClientRect();
                out = getComputedStyle(drawing).overflowX === "hidden"
                    && (box.left < frame.left - 2 || box.right > frame.right + 2);
            }
            if ((beyond || clips || out) && !free(part)) cut.push(part.outerHTML.slice(0, 160));
        }
    };
    look(main);
    return cut;
}"""
CHIPS_IN_SIGHT = """() => [...document.querySelectorAll("li")].filter(
    (chip) => chip.getBoundingClientRect().right <= innerWidth).length"""
PICTURE = """() => {
    const main = document.querySelector("[data-testid=stMain]"), tops = [];
    const look = (root) => {
        for (const part of root.querySelectorAll("*")) {
            if (part.shadowRoot) look(part.shadowRoot);
            const box = part.getBoundingClientRect();
            if (part.matches("svg, table") && box.width > 120 && box.height > 24)
                tops.push(box.top + main.scrollTop);
        }
    };
    const room = document.querySelector(".st-key-picture");
    if (room) look(room);
    return tops.length ? Math.min(...tops) : null;
}"""


def _uncut(page: Page, width: int) -> list[Any]:
    """What is cut at a width once charts have their new size."""
    left: list[Any] = []

    def none() -> bool:
        left[:] = page.evaluate(CUT, width)
        return not left

    try:
        wait_until(none)
    except AssertionError:
        return left
    return []


@pytest.mark.parametrize(("width", "height", "lang"), [(390, 844, "ko"), (1280, 1000, "en")])
def test_nothing_moves_is_cut_or_stands_low(
    site: str, chromium: Browser, width: int, height: int, lang: str
) -> None:
    moved, cut, tops = {}, {}, {}
    with reader(chromium, width=width, height=height) as (page, watch):
        page.add_init_script(SHIFTS)
        for name, where in ADDRESSES.items():
            page.goto(f"{site}{where}lang={lang}")
            whole(page)
            moved[name] = page.evaluate("window.shift")
            tops[name] = page.evaluate(PICTURE)
            for narrow in WIDTHS[lang]:
                page.set_viewport_size({"width": narrow, "height": height})
                cut[name, narrow] = _uncut(page, narrow)
            page.set_viewport_size({"width": width, "height": height})
        assert watch.complaints == []
    assert {name: shift for name, shift in moved.items() if shift >= MOST_SHIFT} == {}
    assert {where: parts for where, parts in cut.items() if parts} == {}
    assert sum(top is not None for top in tops.values()) >= len(PAGES) // 2
    if width == 390:
        low = {name: top for name, top in tops.items() if top and top >= LOWEST_PICTURE}
        assert low == {}


def test_a_frame_of_the_strip_wraps_its_chips(site: str, chromium: Browser) -> None:
    with reader(chromium, width=390) as (page, _):
        page.goto(f"{site}/strip?days=2")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate(CHIPS_IN_SIGHT) == 17


def test_the_live_page_prints_on_one_page(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, _):
        page.goto(f"{site}/?p=KR-26&lang=en")
        whole(page)
        sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
        assert len(sheets) == 1
