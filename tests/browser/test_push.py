"""The news on an open page, without the page's own pulse: only the server's push can bring them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import PROVINCES
from aq.web.parts.page import PULSE_SECONDS
from tests.browsing import dashboard, own_environment, reader, settled
from tests.conftest import NOW
from tests.serving import HOUR_20, make_runtime, write

# A browser that never wakes for what is asked again every half minute.
NO_PULSE = f"""
const kept = window.setInterval;
window.setInterval = (work, wait, ...rest) =>
    wait >= {PULSE_SECONDS * 1000} ? 0 : kept(work, wait, ...rest);
"""
SHOWN = ".lead .meta time[datetime*='T{hour}:00']"


def hour_of(context: Context, hours_back: int, tenths: int) -> None:
    """The country's PM10 of an hour, as another process of the same store writes it."""
    readings = [
        Reading(
            station=Station(name=f"{one.ko} 하나", sido=one.ko, network=URBAN),
            hour=HOUR_20 - hours_back * HOUR,
            values={"pm10": tenths},
        )
        for one in PROVINCES
    ]
    write(context, *readings)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}")
    hour_of(made, 1, 620)
    yield made
    made.store.close()


@pytest.fixture
def replica(context: Context, tmp_path: Path) -> Iterator[str]:
    """A process that serves pages and polls nothing."""
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{tmp_path / 'aq.db'}",
        AQ_CLOCK=NOW.isoformat(),
        AQ_SCHEDULER="off",
        AQ_FEEDS__AIRKOREA__KEY="any",
    )
    with dashboard(environment) as address:
        yield address


def shown(page: Page, hour: str) -> None:
    page.wait_for_selector(SHOWN.format(hour=hour))
    settled(page)


def test_a_new_hour_and_its_revision_reach_open_pages(
    context: Context, replica: str, chromium: Browser
) -> None:
    with reader(chromium) as (live, watch), reader(chromium) as (past, _):
        for page in (live, past):
            page.add_init_script(NO_PULSE)
        live.goto(f"{replica}/?p=KR-26&s=order")
        past.goto(f"{replica}/past?p=KR-26")
        shown(live, "19")
        settled(past)
        hour_of(context, 0, 810)
        shown(live, "20")
        last = past.locator(".js-plotly-plot").first
        past.wait_for_function(_LAST_VALUE + " === 81", arg=last.element_handle())
        hour_of(context, 0, 1520)
        expect(live.locator(".t17 tr.me")).to_contain_text("152")
        # The view is the one the reader had chosen.
        expect(live.locator(".t17 tbody tr").first).to_contain_text("서울")
        expect(live.get_by_role("heading", level=2).filter(has_text="부산")).to_be_visible()
        assert "p=KR-26" in live.url
        assert watch.complaints == []


_LAST_VALUE = "plot => (plot._fullData ?? []).flatMap(one => [...(one.y ?? [])]).at(-1)"


def test_who_is_writing_a_rule_is_left_alone(
    context: Context, replica: str, chromium: Browser
) -> None:
    with reader(chromium) as (rules, _), reader(chromium) as (live, _):
        for page in (rules, live):
            page.add_init_script(NO_PULSE)
            page.goto(replica)
            shown(page, "19")
        # From the live page, which is redrawn, to one that is not.
        rules.get_by_role("link", name="알림", exact=True).click()
        rules.get_by_role("link", name="규칙").click()
        rules.wait_for_url("**/rules**")
        settled(rules)
        runs = []
        rules.on("websocket", lambda _socket: runs.append("anew"))
        rules.evaluate(_COUNT_RUNS)
        hour_of(context, 0, 810)
        shown(live, "20")
        hour_of(context, 0, 1520)
        expect(live.locator(".t17 tbody")).to_contain_text("152")
        assert rules.evaluate("window.runs") == 0
        assert runs == []


# Streamlit says on the page's root whether its script runs.
_COUNT_RUNS = """() => {
    window.runs = 0;
    const root = document.querySelector('[data-test-script-state]');
    new MutationObserver(() => {
        if (root.dataset.testScriptState === 'running') window.runs += 1;
    }).observe(root, { attributes: true, attributeFilter: ['data-test-script-state'] });
}"""
