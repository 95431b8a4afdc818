"""What a reader has before the scripts, how little moves when they have run, and by keyboard."""

import gzip
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import reader, settled
from tests.waiting import wait_until

MOST_BYTES = 1_200_000  # of a first visit, as they go over the wire
MOST_OF_A_CLICK = 60_000  # bytes of the websocket
MOST_SHIFT = 0.1
FINGER = 43.5  # pixels, 44 less what rounding takes
SHIFTS = """window.shift = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
SMALL = """(finger) => {
    const small = [];
    const look = (root) => {
        for (const part of root.querySelectorAll("*")) {
            if (part.shadowRoot) look(part.shadowRoot);
            if (!part.matches("a[href], button, select, input, summary")) continue;
            const box = part.getBoundingClientRect();
            // What stands off the screen comes there by keyboard alone.
            if (!box.width || box.right < 0) continue;
            if (box.width < finger || box.height < finger) small.push(part.outerHTML.slice(0, 120));
        }
    };
    look(document);
    return small;
}"""
FOCUSED = """() => {
    let part = document.activeElement;
    while (part?.shadowRoot?.activeElement) part = part.shadowRoot.activeElement;
    return part?.dataset.focus ?? part?.className;
}"""


def whole(page: Page) -> None:
    """Until the first paint has made way for the page."""
    page.wait_for_selector("#aq-first", state="detached")
    settled(page)


def test_numbers_stand_in_the_root_before_any_script(site: str, chromium: Browser) -> None:
    request = urllib.request.Request(f"{site}/?p=KR-26", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["ETag"].startswith('W/"')
        again = urllib.request.Request(request.full_url, headers=dict(request.header_items()))
        again.add_header("If-None-Match", answer.headers["ETag"])
    with pytest.raises(urllib.error.HTTPError, match="304"):
        urllib.request.urlopen(again, timeout=30)
    assert len(body) < 60_000
    html = gzip.decompress(body).decode()
    root = html.split('<div id="root">')[1].split("<script")[0]
    assert root.count('class="chip"') == 17
    assert root.count("data-code=") == 17
    assert "<h1>" in root
    context = chromium.new_context(java_script_enabled=False, locale="ko-KR")
    page = context.new_page()
    page.goto(f"{site}/?p=KR-26")
    expect(page.locator(".mine")).to_be_visible()
    expect(page.locator(".mine option[selected]")).to_have_text("부산")
    context.close()


def test_a_phone_gets_little_sees_nothing_move_and_hits_everything(
    site: str, chromium: Browser
) -> None:
    with reader(chromium, width=390, height=844) as (page, watch):
        page.add_init_script(SHIFTS)
        sizes: list[float] = []
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda one: sizes.append(one["encodedDataLength"]))
        # A frame's payload is told in base64, four characters for three bytes.
        frames: list[float] = []
        network.on("Network.webSocketFrameReceived", lambda one: frames.append(_bytes(one)))
        page.goto(f"{site}/?p=KR-26")
        whole(page)
        assert sum(sizes) + sum(frames) < MOST_BYTES
        frames.clear()
        assert page.evaluate("window.shift") < MOST_SHIFT
        assert page.evaluate(SMALL, FINGER) == []
        live = page.locator(".st-key-now [aria-live]").first
        expect(live).to_be_attached()
        page.get_by_role("link", name="시도", exact=True).click()
        page.wait_for_url("**s=order**")
        expect(live).to_contain_text("표 정렬: 시도 낮은 순")
        settled(page)
        assert 0 < sum(frames) < MOST_OF_A_CLICK
        # The province is remembered by the browser: first in the strip of the next visit.
        page.locator(".tile[data-pick='KR-49']").click()
        page.wait_for_url("**p=KR-49**")
        wait_until(lambda: _first_name(page.request.get(site).text()) == "제주")
        page.goto(site)
        whole(page)
        expect(page.locator(".st-key-strip .chip .name").first).to_have_text("제주")
        expect(page.locator(".mine select")).to_have_value("KR-49")
        for address in ("/past", "/rules"):
            page.goto(site + address)
            whole(page)
            assert page.evaluate("window.shift") < MOST_SHIFT
        assert watch.complaints == []


def _first_name(html: str) -> str:
    """The first province of the strip in a first paint."""
    chip = html.split('class="chip"', maxsplit=2)[1]
    return chip.split('class="name">')[1].split("<", maxsplit=1)[0]


def _bytes(frame: dict[str, Any]) -> float:
    return len(frame["response"]["payloadData"]) * 0.75


def test_my_place_is_six_stops_away_and_arrows_go_through_lists(
    site: str, chromium: Browser
) -> None:
    with reader(chromium) as (page, _):
        page.goto(f"{site}/?p=KR-26")
        whole(page)
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED) == "skip"
        stops = 1
        while page.evaluate(FOCUSED) != "mine":
            page.keyboard.press("Tab")
            stops += 1
            assert stops <= 7  # six before it
        page.locator(".skip").focus()
        page.keyboard.press("Enter")
        assert page.evaluate(FOCUSED) == "mine"
        page.locator(".st-key-strip .chip[data-pick='KR-11']").focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate(FOCUSED) == "KR-41"
        page.keyboard.press("End")
        assert page.evaluate(FOCUSED) == "KR-50"
        page.locator(".t17 [data-focus=row-KR-26]").focus()
        before = page.evaluate(FOCUSED)
        page.keyboard.press("ArrowUp")
        assert page.evaluate(FOCUSED) != before
        page.emulate_media(media="print")
        expect(page.locator(".st-key-past")).to_be_hidden()
        assert page.evaluate("document.body.dataset.address") == page.url


def test_the_sections_are_one_stop_and_arrows_reach_each(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, _):
        page.goto(f"{site}/?p=KR-26")
        whole(page)
        links = page.locator("header nav a[href]:not([lang])")
        names = links.evaluate_all("all => all.map((link) => link.dataset.focus)")
        assert len(names) == 4  # the page one is on is none
        page.locator(".skip").focus()
        page.keyboard.press("Tab")
        reached = [page.evaluate(FOCUSED)]
        for _again in names[1:]:
            page.keyboard.press("ArrowRight")
            reached.append(page.evaluate(FOCUSED))
        assert reached == names
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED) == "en"
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(FOCUSED) == names[-1]
