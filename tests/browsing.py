"""A real server on simulated feeds and a real browser that notes every request and complaint."""

import atexit
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from aq.paths import ROOT
from tests.waiting import PATIENCE
from tools.browser_setup import ensure_browser

expect.set_options(timeout=PATIENCE * 1000)
# A spring evening of the simulated year with levels from A to D.
NOW = "2026-05-08T20:25:00+09:00"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SCENARIO = """
[[fault]]
feed = "airkorea"
kind = "missing_provinces"
provinces = ["세종"]
"""


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


@contextmanager
def process(
    *arguments: str, environment: dict[str, str], screen: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m aq …` for as long as the block lasts."""
    command = [sys.executable, "-m", "aq", *arguments]
    started = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=screen
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(60)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for(url: str, started: subprocess.Popen[bytes]) -> None:
    """Until an address answers at all; fails when its process ended before."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert started.poll() is None, f"the process for {url} ended with {started.returncode}"
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except URLError as error:
            if hasattr(error, "code"):
                return
            time.sleep(0.1)
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{url} does not answer")


def own_environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of the product, and those given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AQ_")}
    return {**inherited, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def simulated_feeds(folder: Path) -> Iterator[dict[str, str]]:
    """A feed server; yields the environment that makes the product use it."""
    port, scenario = free_port(), folder / "scenario.toml"
    scenario.write_text(SCENARIO, "utf-8")
    base = f"http://127.0.0.1:{port}"
    environment = own_environment(AQ_CLOCK=NOW)
    options = ("simulate", "--port", str(port), "--scenario", str(scenario))
    with process(*options, environment=environment) as started:
        wait_for(base, started)
        yield own_environment(
            AQ_CLOCK=NOW,
            AQ_DATABASE_URL=f"sqlite:///{folder / 'aq.db'}",
            AQ_SCHEDULER="off",
            AQ_SERVER__COSTLY_PER_MINUTE="60000",  # all tests are one client
            AQ_FEEDS__AIRKOREA__URL=f"{base}/B552584",
            AQ_FEEDS__AIRKOREA__KEY="any",
            AQ_FEEDS__OPENMETEO__URL=f"{base}/v1/air-quality",
            AQ_FEEDS__OPENMETEO__PAST_DAYS="14",
        )


@contextmanager
def dashboard(environment: dict[str, str]) -> Iterator[str]:
    """The dashboard on a port of its own; yields its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with process("serve", "--port", str(port), environment=environment) as started:
        wait_for(f"{address}/healthz", started)
        yield address


@dataclass
class Terminal:
    """A server started on a terminal of its own, and what it has printed there."""

    address: str
    screen: bytearray = field(default_factory=bytearray)

    def links(self) -> list[str]:
        """The administrator's links so far, oldest first."""
        return re.findall(r"http://\S+/local-administrator\?key=[\w-]+", self.screen.decode())


@contextmanager
def terminal_dashboard(environment: dict[str, str]) -> Iterator[Terminal]:
    """The dashboard as somebody starts it who sits before it."""
    master, slave = pty.openpty()
    terminal = Terminal(f"http://127.0.0.1:{free_port()}")

    def read() -> None:
        with suppress(OSError):  # the terminal is closed when the last process has left it
            while piece := os.read(master, 4096):
                terminal.screen.extend(piece)

    options = ("serve", "--port", terminal.address.rsplit(":", 1)[1])
    with process(*options, environment=environment, screen=slave) as started:
        os.close(slave)
        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        wait_for(f"{terminal.address}/healthz", started)
        yield terminal
    reading.join(PATIENCE)
    os.close(master)


@pytest.fixture(scope="session")
def site_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of the site: its store after one poll of both simulated feeds."""
    with simulated_feeds(tmp_path_factory.mktemp("site")) as environment:
        poll = [sys.executable, "-m", "aq", "poll"]
        subprocess.run(poll, cwd=ROOT, env=environment, check=True, capture_output=True)
        yield environment


@pytest.fixture(scope="session")
def site(site_environment: dict[str, str]) -> Iterator[str]:
    """The dashboard after one poll of both simulated feeds; 세종 did not report."""
    with dashboard(site_environment) as address:
        yield address


@cache
def _browser() -> Browser:
    """The process's one browser: Playwright does not start twice in a process."""
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    return playwright.chromium.launch(executable_path=ensure_browser(), args=list(FLAGS))


@pytest.fixture(scope="session")
def chromium() -> Browser:
    """One browser for all tests; each test has a context of its own."""
    return _browser()


@dataclass
class Watch:
    """What a page asked for and complained of."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def outside(self, site: str) -> list[str]:
        """Requests that left for anywhere but the server."""
        own = (site, site.replace("http", "ws", 1), "data:", "blob:")
        return [url for url in self.requests if not url.startswith(own)]


@contextmanager
def reader(
    browser: Browser,
    *,
    width: int = 1280,
    height: int = 1000,
    theme: str = "light",
    zone: str = "Asia/Seoul",
) -> Iterator[tuple[Page, Watch]]:
    """A person's window; `theme` is light or dark, `zone` the computer's."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        locale="ko-KR",
        timezone_id=zone,
    )
    context.set_default_timeout(PATIENCE * 1000)
    page, watch = context.new_page(), Watch()
    page.on("request", lambda request: watch.requests.append(request.url))
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    page.on("console", lambda message: _note(watch, message.type, message.text, message.location))
    try:
        yield page, watch
    finally:
        context.close()


def _note(watch: Watch, kind: str, words: str, location: object) -> None:
    """Keep errors but one of the framework's own: below the root it first looks for its health
    address beside the page (404), then at the root."""
    if kind == "error" and "/_stcore/" not in str(location):
        watch.complaints.append(words)


def drawn(page: Page, address: str) -> None:
    """Open an address and wait until the page stands whole, footer and charts."""
    page.goto(address)
    settled(page)


def settled(page: Page) -> None:
    """Wait until nothing runs and nothing is half drawn."""
    page.wait_for_selector(".aq.foot")
    page.wait_for_selector("[data-test-script-state='notRunning']", state="attached")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')]"
        ".every(chart => chart.querySelector('.main-svg'))"
    )
