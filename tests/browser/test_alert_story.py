"""Alerts as a person meets them, in a real browser, a real server and simulated feeds: a rule made
with the sliders fires, is seen, silenced and clears; who may not write cannot."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from aq import app
from aq.alerts import rules as alerting
from aq.alerts import silences as muting
from aq.alerts import status
from aq.cli.demo import fill
from aq.context import Context, start
from aq.domain.clock import Clock, parse_instant
from aq.settings import load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from tests.browser.test_first_paint import MOST_SHIFT, SHIFTS
from tests.browsing import (
    PATIENCE,
    Terminal,
    dashboard,
    drawn,
    own_environment,
    reader,
    settled,
    terminal_dashboard,
)
from tests.waiting import wait_until

# A dusty evening of the simulated year: PM10 in 광주 is 296, then 364, then 304 µg/m³.
BEFORE, ON, AFTER = (f"2026-05-01T{hour}:50:00+09:00" for hour in (19, 20, 21))
LEVEL, STEP = 330, 5  # µg/m³
# Parts of rules and of what is on that stand out of the window, and the page where it scrolls.
CUT = """() => {
    const main = document.querySelector("[data-testid=stMain]");
    const cut = main.scrollWidth > innerWidth ? [`page ${main.scrollWidth}`] : [];
    const look = (root) => {
        for (const part of root.querySelectorAll("*")) {
            if (part.shadowRoot) look(part.shadowRoot);
            const box = part.getBoundingClientRect();
            if (!part.matches(".rules *, .standing *, .levels, .grip, .aq table, .aq p")) continue;
            if (box.width > 1 && box.right > innerWidth + 1) cut.push(part.outerHTML.slice(0, 90));
        }
    };
    look(document);
    return cut;
}"""
# What a reader may press, on either page.
HARMLESS = {"이 설정을 기억해 두고 비교하기", "고른 기록 모두 CSV로"}


@dataclass
class Desk:
    """A store on a simulated feed, moved from hour to hour by hand."""

    simulator: SimulatorServer
    settings: dict[str, str]

    def environment(self, now: str, **more: str) -> dict[str, str]:
        """That of a dashboard at `now`."""
        return own_environment(**self.settings, AQ_CLOCK=now, AQ_SCHEDULER="off", **more)

    def context(self, now: str) -> Context:
        """The product's parts at `now`, the feed at the same time."""
        self.simulator.clock = Clock(parse_instant(now))
        return start(load({**self.settings, "AQ_CLOCK": now}))

    def hour(self, now: str) -> None:
        """What the scheduler does at :50: poll, then judge."""
        context = self.context(now)
        assert app.collector(context).poll("airkorea", context.clock.now(), force=True).ok
        app.watch(context)
        context.store.close()

    def read(self, question: Callable[[Any], Any]) -> Any:
        """An answer of the store."""
        context = self.context(BEFORE)
        try:
            return question(context.store)
        finally:
            context.store.close()

    def written(self) -> Any:
        """All that only an administrator changes."""
        return self.read(
            lambda store: (
                alerting.rules(store),
                alerting.history(store),
                muting.silences(store, over=True),
                [one["acknowledged"] for one in status.log(store)],
            )
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Three days of history and the hour before the story."""
    folder: Path = tmp_path_factory.mktemp("desk")
    world = World(60)
    with SimulatorServer(world, Clock(parse_instant(BEFORE))) as simulator:
        made = Desk(
            simulator,
            {
                "AQ_DATABASE_URL": f"sqlite:///{folder / 'aq.db'}",
                "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
                "AQ_FEEDS__AIRKOREA__KEY": "any",
                "AQ_FEEDS__OPENMETEO__ENABLED": "false",
            },
        )
        context = made.context(BEFORE)
        fill(context, world, 3)
        context.store.close()
        made.hour(BEFORE)
        yield made


@pytest.fixture(scope="module")
def evening(desk: Desk) -> Iterator[Terminal]:
    """The dashboard before the story, on the duty officer's own machine."""
    with terminal_dashboard(desk.environment(BEFORE)) as terminal:
        yield terminal


def sign_in(page: Page, terminal: Terminal) -> None:
    """Open the link that stands on the server's terminal."""
    drawn(page, terminal.links()[-1])


def number(page: Page, label: str) -> Locator:
    """A number of the form."""
    return page.get_by_role("spinbutton", name=label)


def write(page: Page, label: str, to: float) -> None:
    """Write a number into the form."""
    number(page, label).fill(f"{to:g}")
    page.keyboard.press("Enter")
    settled(page)
    expect(number(page, label)).to_have_value(f"{to:g}")


def move_level(page: Page) -> None:
    """The line on which a rule fires, moved by the mouse and by keys, is the number of the form."""
    line, value = page.get_by_role("slider", name="이상이면 울림"), number(page, "울림 기준")
    grip = line.locator(".grip")
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 30, steps=3)
    page.mouse.up()
    expect(value).not_to_have_value(f"{LEVEL}")
    settled(page)
    dragged = float(line.get_attribute("aria-valuenow") or 0)
    assert 0 < dragged < LEVEL
    expect(value).to_have_value(f"{dragged:g}")
    # It clears no higher than it fires: the other line went along.
    expect(number(page, "그침 기준")).to_have_value(f"{dragged:g}")
    line.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("PageUp")
    expect(value).to_have_value(f"{dragged + 11 * STEP:g}")
    settled(page)
    page.keyboard.press("ArrowDown")  # the line has kept the keyboard's place
    expect(value).to_have_value(f"{dragged + 10 * STEP:g}")
    expect(line).to_have_attribute("aria-valuetext", f"{dragged + 10 * STEP:g} 이상이면 울림")


def choose(page: Page, label: str, option: str) -> None:
    """Choose in a box by typing."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")
    settled(page)


def standing(page: Page, *words: str) -> Locator:
    """Rows of what is on that hold all of some words."""
    rows = page.locator(".standing tbody tr")
    for word in words:
        rows = rows.filter(has_text=word)
    return rows


def test_a_rule_made_with_the_sliders_fires_is_seen_silenced_and_clears(
    desk: Desk, evening: Terminal, chromium: Browser
) -> None:
    with reader(chromium) as (page, watch):
        sign_in(page, evening)
        drawn(page, f"{evening.address}/rules?rule=new")
        page.get_by_role("textbox", name="이름", exact=True).fill("광주 먼지")
        page.get_by_role("textbox", name="짧은 이름").fill("pm10-alarm")
        page.keyboard.press("Tab")
        expect(page.locator("p.wrong")).to_contain_text("같은 짧은 이름")
        expect(page.get_by_role("button", name="저장", exact=True)).to_be_disabled()
        page.get_by_role("textbox", name="짧은 이름").fill("gwangju-dust")
        page.keyboard.press("Tab")
        expect(page.locator("p.wrong")).to_have_count(0)
        choose(page, "시도", "광주")
        choose(page, "심각도", "긴급")
        trial = page.locator("p.trial").first
        before = trial.inner_text()
        write(page, "그침 기준", 590)
        expect(page.locator("p.wrong")).to_contain_text("590")
        write(page, "그침 기준", LEVEL)
        write(page, "울림 기준", LEVEL)
        write(page, "울리기까지", 1)
        move_level(page)
        moved = number(page, "울림 기준").input_value()
        page.reload()  # what is not saved is still there
        settled(page)
        expect(page.get_by_role("textbox", name="이름", exact=True)).to_have_value("광주 먼지")
        expect(number(page, "울림 기준")).to_have_value(moved)
        write(page, "울림 기준", LEVEL)
        write(page, "그침 기준", LEVEL)
        expect(page.locator("p.wrong")).to_have_count(0)
        expect(trial).not_to_have_text(before)
        expect(trial).to_contain_text("지난 90일 동안")
        page.get_by_role("button", name="저장", exact=True).click()
        expect(page.get_by_test_id("stToast")).to_contain_text("저장했습니다")
        expect(page.locator(".rules li").filter(has_text="광주 먼지")).to_contain_text("330")
        page.reload()
        settled(page)
        name = page.get_by_role("textbox", name="이름", exact=True)
        expect(name).to_have_value("광주 먼지")
        assert watch.complaints == []
    made = desk.read(lambda store: alerting.rule(store, "gwangju-dust")).rule
    assert (made.threshold, made.clear_below, made.for_hours) == (LEVEL, LEVEL, 1)
    assert made.provinces == ("KR-29",)

    desk.hour(BEFORE)
    desk.hour(ON)
    with (
        terminal_dashboard(desk.environment(ON)) as terminal,
        reader(chromium) as (page, watch),
    ):
        sign_in(page, terminal)
        drawn(page, f"{terminal.address}/alerts")
        expect(page.get_by_role("heading", level=1)).to_have_text("광주 먼지 1곳: 광주")
        row = standing(page, "광주 먼지")
        expect(row).to_contain_text("진행 중")
        expect(row).to_contain_text("364 µg/m³")
        page.locator("summary").filter(has_text="메모를 남기고 확인").click()
        page.get_by_role("textbox", name="메모").fill("창문 닫음")
        page.get_by_role("button", name="확인함", exact=True).click()
        expect(page.get_by_text("local 확인")).to_contain_text("창문 닫음")
        expect(row).to_contain_text("local")
        expect(row.get_by_role("button", name="확인함")).to_have_count(0)
        other = standing(page).filter(has=page.get_by_role("button", name="확인함")).first
        place = other.locator("th a").inner_text()
        other.get_by_role("button", name="확인함").click()
        expect(standing(page, place, "local").first).to_be_visible()
        page.locator("summary").filter(has_text="알림 멈추기").click()
        page.get_by_role("button", name="알림 멈추기", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("까닭을 적으세요")
        page.get_by_role("textbox", name="알림을 멈추는 까닭").fill("점검")
        page.keyboard.press("Tab")
        page.get_by_role("button", name="알림 멈추기", exact=True).click()
        expect(page.get_by_text("점검(local)")).to_contain_text("광주 먼지 · 광주")
        expect(row).to_contain_text("알림 멈춤")
        assert watch.complaints == []

    desk.hour(AFTER)
    with (
        terminal_dashboard(desk.environment(AFTER)) as terminal,
        reader(chromium) as (page, watch),
    ):
        sign_in(page, terminal)
        drawn(page, f"{terminal.address}/alerts")
        expect(standing(page, "광주 먼지")).to_have_count(0)
        page.get_by_role("button", name="알림 멈춤 풀기").click()
        expect(page.get_by_text("점검(local)")).to_have_count(0)
        assert watch.complaints == []
    log = desk.read(lambda store: status.log(store, rule="gwangju-dust"))
    assert [(one["before"], one["after"], one["value"], one["muted_by"]) for one in log] == [
        ("firing", "clear", 304, "silence:1"),
        ("clear", "firing", 363.5, None),
    ]
    assert log[1]["acknowledged"]["note"] == "창문 닫음"


def test_a_reader_who_is_not_signed_in_finds_nothing_that_writes(
    desk: Desk, chromium: Browser
) -> None:
    with (
        dashboard(desk.environment(BEFORE, AQ_ADMIN="off")) as address,
        reader(chromium) as (page, _),
    ):
        page.add_init_script(SHIFTS)
        for name in ("rules", "alerts"):
            drawn(page, f"{address}/{name}")
            assert page.evaluate("window.shift") < MOST_SHIFT
            expect(page.locator(".standing button")).to_have_count(0)
            expect(page.get_by_text("관리자만 바꿀 수 있습니다")).to_be_visible()
            buttons = page.get_by_test_id("stMain").locator("[data-testid^=stBaseButton]")
            # A table's own tools are there and hidden until the pointer is over it.
            expect(buttons.filter(visible=True).first).to_be_visible()
            words = {one.strip() for one in buttons.all_inner_texts()} - {""}
            assert words <= HARMLESS
            assert words
            for width in (320, 390, 1024, 1920):
                page.set_viewport_size({"width": width, "height": 900})
                wait_until(lambda: page.evaluate(CUT) == [])
        page.set_viewport_size({"width": 390, "height": 844})
        drawn(page, f"{address}/rules")
        page.locator(".rules a[data-open=o3-alarm]").click()
        title = page.get_by_role("heading", level=2, name="오존 경보 수준")
        expect(title).to_be_in_viewport()


@dataclass
class Recorded:
    """What a browser sent: to open the page, and to press the button."""

    opening: bytes
    press: bytes
    cookie: str


@pytest.fixture(scope="module")
def recorded(desk: Desk, evening: Terminal, chromium: Browser) -> Recorded:
    """The messages with which an administrator's browser switched a rule off, and on again."""
    frames: list[bytes] = []

    def note(frame: bytes) -> None:
        frames.append(frame)

    with reader(chromium) as (page, _):
        sign_in(page, evening)
        page.on("websocket", lambda one: one.on("framesent", note))
        drawn(page, f"{evening.address}/rules?rule=pm10-warning")
        opening = frames[0]
        page.get_by_role("button", name="끄기", exact=True).click()
        expect(page.get_by_role("button", name="켜기", exact=True)).to_be_visible()
        settled(page)
        press = next(one for one in frames[1:] if _pressed(one))
        assert not _on(desk)
        page.get_by_role("button", name="켜기", exact=True).click()
        expect(page.get_by_role("button", name="끄기", exact=True)).to_be_visible()
        settled(page)
        cookies = page.context.cookies()
    assert _on(desk)
    (cookie,) = (f"{c['name']}={c['value']}" for c in cookies if "administrator" in c["name"])
    return Recorded(opening, press, cookie)


def _pressed(frame: bytes) -> bool:
    message = BackMsg.FromString(frame)
    return any(one.trigger_value for one in message.rerun_script.widget_states.widgets)


def _on(desk: Desk) -> bool:
    found: bool = desk.read(lambda store: alerting.rule(store, "pm10-warning")).rule.enabled
    return found


def replay(address: str, sent: Recorded, host: str, **handshake: Any) -> None:
    """Send a browser's messages again on a connection of one's own and wait until they are worked
    off."""
    port = int(address.rsplit(":", 1)[1])
    cookie = {"Cookie": sent.cookie}  # the worst case: the browser gave it away
    handshake["additional_headers"] = cookie | handshake.get("additional_headers", {})
    with (
        socket.create_connection(("127.0.0.1", port)) as wire,
        connect(f"ws://{host}:{port}/_stcore/stream", sock=wire, **handshake) as stream,
    ):
        for message in (sent.opening, sent.press):
            stream.send(message)
            finished(stream)


def finished(stream: ClientConnection) -> None:
    """Wait until the server has run the page."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        message = ForwardMsg.FromString(bytes(stream.recv(PATIENCE)))  # type: ignore[arg-type]
        if message.WhichOneof("type") == "script_finished":
            return
    pytest.fail("the page did not finish")


def test_a_replayed_message_writes_only_on_a_connection_of_this_machine_to_itself(
    desk: Desk, evening: Terminal, recorded: Recorded
) -> None:
    port = evening.address.rsplit(":", 1)[1]
    before = desk.written()
    for host, handshake in (
        # A name that was turned to this machine, with its page's own origin.
        ("evil.example", {"origin": f"http://evil.example:{port}"}),
        # Forwarded by somebody, whoever he says it is for.
        ("127.0.0.1", {"additional_headers": {"X-Forwarded-For": "127.0.0.1"}}),
        ("127.0.0.1", {"additional_headers": {"Forwarded": "for=127.0.0.1"}}),
    ):
        replay(evening.address, recorded, host, **handshake)
        assert desk.written() == before, (host, handshake)
    # Another site's page, and one of another server of this machine, get no connection at all.
    elsewhere = ("http://evil.example", "null", "http://127.0.0.1:1", "http://localhost:1")
    for origin in elsewhere:
        with pytest.raises(ConnectionClosed):
            replay(evening.address, recorded, "127.0.0.1", origin=origin)
    assert desk.written() == before
    replay(evening.address, replace(recorded, cookie="none=x"), "127.0.0.1", origin=evening.address)
    assert desk.written() == before
    # The same messages do write where they may, else none of this would say anything.
    replay(evening.address, recorded, "127.0.0.1", origin=evening.address)
    assert not _on(desk)


def test_no_request_writes(desk: Desk, evening: Terminal) -> None:
    before = desk.written()
    paths = ("/rules", "/alerts", "/api/v1/alerts", "/api/v1/alerts/none.cap", "/alerts.atom")
    agent = ("/_stcore/agent/interact", "/_stcore/agent/mcp")
    for path in (*paths, *agent):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for headers in ({}, {"Origin": "http://evil.example"}):
                answer = requests.request(
                    method,
                    f"{evening.address}{path}",
                    json={"enabled": False},
                    headers=headers,
                    timeout=30,
                )
                assert 400 <= answer.status_code < 500, (method, path)
    for path in paths:
        asked = f"{evening.address}{path}?rule=pm10-warning&enabled=false&silence=1"
        requests.get(asked, headers={"Host": "evil.example"}, timeout=30)
    assert desk.written() == before
