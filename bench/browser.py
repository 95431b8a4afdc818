"""The page in a real browser: the first one after a start, a click to its chart, a new hour."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import data
from bench.data import Stores, environment, say
from bench.report import Case, below, faster
from bench.serving import ROOT, dashboard, free_port, plain_page, process
from tests.browsing import FLAGS
from tools.browser_setup import ensure_browser

CLICKS = 8
PATIENCE_MS = 90_000
# The line of a province is drawn: ours names its place, the plain page's figure has a path.
LINE = ".st-key-past svg.week.wide[data-place={code}]"
DRAWN = """code => [...document.querySelectorAll('.js-plotly-plot')].some(one =>
    one.layout && String(one.layout.uirevision || '').startsWith(code)
    && one.querySelector('.scatterlayer path.js-line'))"""
STRIP = ".st-key-strip a.chip"
NUMBERS = f"{STRIP}[data-pick=KR-11] .bd"
FIRST_PAINT = "#aq-first .chip .bd"
# A slow line: bytes a second of 1.6 Mbit/s, and its delay [ms].
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
CODES = ("KR-26", "KR-42", "KR-27", "KR-49", "KR-41", "KR-31", "KR-45", "KR-28", "KR-30")


@contextmanager
def window() -> Iterator[Page]:
    """A person's window of its own browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure_browser(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, locale="ko-KR")
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


def _until_drawn(page: Page, code: str, *, ours: bool) -> None:
    if ours:
        page.wait_for_selector(LINE.format(code=code))
    else:
        page.wait_for_function(DRAWN, arg=code, polling="raf")


def _clicks(page: Page, selector: str, *, ours: bool) -> float:
    """Median seconds from a click on a province to its line."""
    seconds = []
    for code in CODES[:CLICKS]:
        target = page.locator(selector.format(code=code)).first
        target.wait_for()
        began = time.perf_counter()
        target.click()
        _until_drawn(page, code, ours=ours)
        seconds.append(time.perf_counter() - began)
        page.wait_for_selector("[data-test-script-state='notRunning']", state="attached")
    return statistics.median(seconds)


def _click(stores: Stores) -> Case:
    say("click to chart")
    with window() as page:
        with dashboard(stores.url(data.YEARS)) as (address, _):
            page.goto(f"{address}/?p=KR-11")
            _until_drawn(page, "KR-11", ours=True)
            ours = _clicks(page, STRIP + "[data-pick={code}]", ours=True)
        with plain_page(stores) as address:
            page.goto(address)
            page.wait_for_selector(".js-plotly-plot .scatterlayer path.js-line")
            plain = _clicks(page, "[data-testid=stRadio] label:has-text('{code}')", ours=False)
    return Case(
        bench="browser",
        case="click on a province to its chart, in the browser",
        runs=CLICKS,
        ours=ours,
        plain=plain,
        goals=(faster("the plain page", plain, ours, 2),),
    )


def _first(stores: Stores) -> Case:
    say("first page after a start")
    seconds = []
    with window() as page:
        for _ in range(3):
            port = free_port()
            address = f"http://127.0.0.1:{port}"
            given = environment(stores.url(data.YEARS), AQ_SCHEDULER="off")
            arguments = ("-m", "aq", "serve", "--port", str(port))
            began = time.perf_counter()
            with process(*arguments, given=given, answers=f"{address}/_stcore/health"):
                page.goto(address)
                page.wait_for_selector(NUMBERS)
                seconds.append(time.perf_counter() - began)
                page.goto("about:blank")
    ours = statistics.median(seconds)
    return Case(
        bench="browser",
        case="from start to numbers in the browser",
        runs=3,
        ours=ours,
        goals=(below("s", ours, 3),),
    )


def _hour(stores: Stores) -> Case:
    """A poll in a process of its own stores the next hour while a page is open."""
    say("a new hour on an open page")
    url = stores.copy(data.YEARS, "open.db")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    clock = environment(url)
    simulate = ("-m", "aq", "simulate", "--port", str(port), "--stations", str(data.STATIONS))
    feeds: dict[str, Any] = {
        "AQ_FEEDS__AIRKOREA__URL": f"{base}/B552584",
        "AQ_FEEDS__AIRKOREA__KEY": "any",
        "AQ_FEEDS__OPENMETEO__URL": f"{base}/v1/air-quality",
    }
    with (
        process(*simulate, "--seed", str(data.SEED), given=clock, answers=base),
        dashboard(url, **feeds) as (address, _),
        window() as page,
    ):
        page.goto(address)
        page.wait_for_selector(".st-key-now .lead .meta time[datetime*='T19:00']")
        page.wait_for_selector(".aq.foot")
        poll = [sys.executable, "-m", "bench.polling"]
        with subprocess.Popen(
            poll, cwd=ROOT, env={**clock, **feeds}, stdout=subprocess.PIPE, text=True
        ) as polling:
            page.wait_for_selector(".st-key-now .lead .meta time[datetime*='T20:00']")
            seen = time.time()
            answered = float((polling.stdout.read() if polling.stdout else "").split()[-1])
    ours = seen - answered
    return Case(
        bench="browser",
        case="last byte of the answer to the hour on an open page",
        runs=1,
        ours=ours,
        goals=(below("s", ours, 1),),
    )


def _slow(stores: Stores) -> list[Case]:
    """A first visit over a slow line: until a number stands, and all that goes over the wire."""
    say("a first visit over a slow line")
    sizes: list[float] = []
    with dashboard(stores.url(data.YEARS)) as (address, _), window() as page:
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", SLOW)
        network.on("Network.loadingFinished", lambda one: sizes.append(one["encodedDataLength"]))
        # A frame's payload is told in base64, four characters for three bytes.
        network.on(
            "Network.webSocketFrameReceived",
            lambda one: sizes.append(0.75 * len(one["response"]["payloadData"])),
        )
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(FIRST_PAINT)
        seconds = time.perf_counter() - began
        page.wait_for_selector("#aq-first", state="detached")
        page.wait_for_selector(LINE.format(code="KR-11").split("[")[0])
    megabytes = sum(sizes) / 1e6
    return [
        Case(
            bench="browser",
            case="first number of a first visit at 1.6 Mbit/s",
            runs=1,
            ours=seconds,
            goals=(below("s", seconds, 1.5),),
        ),
        Case(
            bench="browser",
            case="all of a first visit to the live page, over the wire",
            runs=1,
            unit="MB",
            ours=megabytes,
            goals=(below("MB", megabytes, 1.2),),
        ),
    ]


def run(stores: Stores) -> list[Case]:
    """All cases that need a browser."""
    return [_first(stores), *_slow(stores), _click(stores), _hour(stores)]
