"""The pages in a real browser: what is drawn, what a click does, what is asked of whom."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from aq.domain.provinces import PROVINCES
from aq.web.parts import page as pages_of
from tests.browsing import drawn, reader, settled

PLACES = "/past?ps=KR-11,KR-26&g=day"
PAGES = (*(f"/{pages_of.address(name)}" for name in pages_of.PAGES), PLACES)


def chips(page: Page) -> Any:
    return page.locator(".st-key-strip a.chip")


def rows(page: Page) -> Any:
    return page.locator(".st-key-now .t17 tr[data-code]")


def test_live_page_draws_17_chips_17_rows_17_provinces(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, site)
        expect(chips(page)).to_have_count(17)
        expect(rows(page)).to_have_count(17)
        expect(page.locator(".st-key-now path.area")).to_have_count(17)
        names = [text.split()[0] for text in chips(page).all_inner_texts()]
        assert names == [province.ko for province in PROVINCES]
        expect(page.locator("header").get_by_text("SIMULATED")).to_have_count(1)
        expect(page.locator(".mine")).to_contain_text("SIMULATED")
        assert watch.outside(site) == []
        assert watch.complaints == []


def test_a_chip_reads_province_letter_pollutant(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, _):
        drawn(page, site)
        words = [" ".join(text.split()) for text in chips(page).all_inner_texts()]
        for province, text in zip(PROVINCES, words, strict=True):
            assert re.match(rf"{province.ko} [A-D–] 미세먼지", text)
        assert words[-1] == "세종 – 미세먼지 자료 없음"


def test_missing_is_said_with_its_reason(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, _):
        drawn(page, site)
        row = rows(page).filter(has_text="세종")
        expect(row.locator(".bd.g0").first).to_have_text("–")
        expect(row).to_contain_text("들어오지 않음")
        expect(page.get_by_text("17곳 가운데 16곳의 자료가 들어왔습니다")).to_be_visible()


def test_row_chip_and_map_select_and_the_address_follows(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, _):
        drawn(page, site)
        rows(page).filter(has_text="부산").click()
        page.wait_for_url("**p=KR-26**")
        expect(page.get_by_role("heading", level=2).filter(has_text="부산")).to_be_visible()
        chips(page).filter(has_text="강원").click()
        page.wait_for_url("**p=KR-42**")
        expect(page.get_by_role("heading", level=2).filter(has_text="강원")).to_be_visible()
        settled(page)
        page.locator("path.area[data-pick='KR-45']").click()
        page.wait_for_url("**p=KR-45**")
        expect(rows(page).and_(page.locator(".me"))).to_have_count(1)
        expect(page.locator(".st-key-now .mine select")).to_have_value("KR-45")
        expect(page.locator(".t17 tr.me + tr.open")).to_contain_text("측정소")


def test_redrawing_keeps_what_is_open_and_the_carpet_tells_its_hours(
    site: str, chromium: Browser
) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, f"{site}/?p=KR-11")
        numbers = page.locator(".wave details")
        numbers.locator("summary").click()
        carpet = page.locator("svg.carpet.wide")
        carpet.focus()
        page.keyboard.press("ArrowLeft")
        said = page.locator(".wave .at")
        expect(said).to_contain_text("인천 · 5월 8일(금) 20시")
        page.keyboard.press("ArrowDown")
        expect(said).not_to_contain_text("인천")
        page.get_by_role("link", name="측정소", exact=True).click()
        page.wait_for_url("**s=-stations**")
        settled(page)
        expect(numbers).to_have_attribute("open", "")
        page.locator(".six a[data-x=o3]").click()
        page.wait_for_url("**x=o3**")
        expect(page.locator(".seg a[aria-current]")).to_have_text("오존")
        assert page.locator(".js-plotly-plot").count() == 0
        assert watch.complaints == []


def test_a_province_is_chosen_by_keyboard(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, _):
        drawn(page, site)
        link = rows(page).get_by_role("link", name="대구", exact=True)
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**p=KR-27**")
        expect(link).to_be_focused()


def test_table_sorts_and_reload_keeps_the_view(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, _):
        drawn(page, f"{site}/?p=KR-30&x=pm25")
        page.get_by_role("link", name="시도", exact=True).click()
        page.wait_for_url("**s=order**")
        expect(rows(page).first).to_contain_text("서울")
        page.reload()
        settled(page)
        expect(rows(page).first).to_contain_text("서울")
        expect(page.locator(".t17 tr.me")).to_contain_text("대전")
        expect(page.locator(".seg a[aria-current]")).to_have_text("초미세먼지")


def test_language_switch_keeps_the_view(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, _):
        drawn(page, f"{site}/?p=KR-26")
        page.get_by_role("link", name="English").click()
        page.wait_for_url("**lang=en**")
        expect(page.get_by_role("heading", level=2).filter(has_text="Busan")).to_be_visible()
        assert "p=KR-26" in page.url
        expect(page.locator("html")).to_have_attribute("lang", "en")
        settled(page)
        # What upstream says in Korean alone (outlooks, names of zones) is marked as Korean.
        left = page.evaluate(
            """() => {
                const copy = document.querySelector("[data-testid=stMain]").cloneNode(true);
                for (const one of copy.querySelectorAll("[lang=ko], style")) one.remove();
                return copy.textContent;
            }"""
        )
        korean = set(re.findall("[가-힣]+", left))
        assert korean <= {
            "한국환경공단",
            "에어코리아",
        }  # the owner's name, given beside the English


def test_pages_are_reached_by_the_masthead_and_keep_the_province(
    site: str, chromium: Browser
) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, f"{site}/?p=KR-49")
        page.get_by_role("link", name="지난 기록", exact=True).click()
        page.wait_for_url("**/history?**")
        expect(page.get_by_role("heading", level=1)).to_contain_text("제주")
        assert "p=KR-49" in page.url
        page.get_by_role("navigation", name="페이지").get_by_role("link", name="자료").click()
        page.wait_for_url("**/past?**")
        page.get_by_role("link", name="자료 상태").click()
        page.wait_for_url("**/feeds?**")
        expect(page.get_by_role("heading", level=2).first).to_contain_text("에어코리아")
        assert watch.outside(site) == []
        assert watch.complaints == []


def test_past_page_opens_its_numbers_as_a_table(site: str, chromium: Browser) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, f"{site}/past?p=KR-11&r=30d")
        page.get_by_text("시간별 값을 표로 보기").click()
        table = page.get_by_role("region", name="시간별 값을 표로 보기")
        expect(table.locator("tbody tr:visible")).to_have_count(20)
        page.get_by_text("모두 보기").click()
        expect(table.locator("tbody tr:visible")).not_to_have_count(20)
        assert watch.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", [*PAGES, "/?lang=en"])
def test_axe_finds_nothing_serious(site: str, chromium: Browser, address: str, theme: str) -> None:
    with reader(chromium, theme=theme) as (page, _):
        drawn(page, site + address)
        found = Axe().run(page).response["violations"]
        serious = [
            (one["id"], node["target"], node.get("failureSummary"))
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        assert serious == []


def test_a_phone_says_why_below_and_keeps_the_days_in_their_columns(
    site: str, chromium: Browser
) -> None:
    with reader(chromium, width=390, height=844) as (page, _):
        drawn(page, site)
        expect(page.locator("tr[data-code='KR-50'] + tr.why")).to_contain_text("들어오지 않음")
        expect(page.locator("tr[data-code='KR-50'] .trend")).to_be_hidden()
        lefts = page.locator(".st-key-now .t17").evaluate(
            """(table) => {
                const left = (cell) => Math.round(cell.getBoundingClientRect().left);
                return [...table.querySelectorAll("thead tr, tr[data-code]")]
                    .map((row) => [...row.querySelectorAll(".c")].map(left).join());
            }"""
        )
        assert len(lefts) == 18
        assert len(set(lefts)) == 1


def test_phone_order_is_strip_place_tiles_table_week(site: str, chromium: Browser) -> None:
    with reader(chromium, width=390, height=844) as (page, _):
        drawn(page, site)
        parts = [".st-key-strip", ".mine", ".tiles:not(.zones)", ".t17", ".wave", ".week.narrow"]
        tops = [page.locator(part).bounding_box()["y"] for part in parts]
        assert tops == sorted(tops)


@pytest.mark.parametrize("zone", ["Asia/Seoul", "UTC", "America/New_York"])
def test_a_chart_tells_korean_hours_wherever_it_is_read(
    site: str, chromium: Browser, zone: str
) -> None:
    with reader(chromium, zone=zone) as (page, _):
        drawn(page, f"{site}/past?p=KR-11&r=7d")
        page.wait_for_selector(".js-plotly-plot .main-svg")
        last, far, end = page.evaluate(
            """() => {
                const plot = document.querySelector('.js-plotly-plot');
                const axis = plot._fullLayout.xaxis;
                const mark = plot._fullData.at(-1).x.at(-1);
                // Hours to come, where the model has them, go on behind the mark.
                const drawn = plot._fullData.flatMap((trace) => [...(trace.x ?? [])]);
                const far = Math.max(...drawn.filter((one) => one).map((one) => axis.d2c(one)));
                return [axis.d2c(mark), far, axis.r2c(axis.range[1])];
            }"""
        )
        at = datetime.fromtimestamp(last / 1000, UTC)
        assert (at.month, at.day, at.hour) == (5, 8, 20)
        assert far >= last
        assert end - far == 3_600_000
