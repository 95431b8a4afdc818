"""Drawings: 17 of everything, a reason for what is missing, upstream as text alone, small."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from lxml.html import fragment_fromstring

from aq.domain.forecasts import days_ahead
from aq.domain.model import DAILY, Advisory, ForecastNotice
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.i18n import text_in
from aq.queries.current import CurrentItem, Snapshot
from aq.queries.live import Live
from aq.web.drawings import lead, live, marks
from aq.web.drawings.bands import limit_below
from aq.web.drawings.chips import strip
from aq.web.drawings.map import TILES, map_svg, tiles
from aq.web.drawings.outlines import LABELS, WIDTH, outlines
from aq.web.drawings.place import card
from aq.web.drawings.sparkline import sparkline
from aq.web.drawings.style import sheet
from aq.web.drawings.table import table
from aq.web.drawings.view import View
from tests.pages import HOUR, STANDARD, country, flagged, item, xpath

KEYS = ("pm10", "pm25", "o3", "no2", "so2", "co")
ACT = Advisory(
    pollutant="pm10",
    district="경기",
    zone="<남부권>",
    word="주의보",
    issued_at=HOUR - timedelta(hours=2),
    issue_value=1560,
)


def seen(items: list[CurrentItem], lang: str = "ko", **changes: Any) -> View:
    """A view of these items of PM10; of the other pollutants nothing came."""
    others = [item(one.ko, None, key) for key in KEYS[1:] for one in PROVINCES]
    snapshot = Snapshot(
        as_of=HOUR,
        standard=STANDARD.id,
        in_force=True,
        version=1,
        simulated=True,
        feed="airkorea",
        hour=HOUR,
        items=(*items, *others),
    )
    acts: tuple[Advisory, ...] = changes.pop("acts", ())
    answer = Live(
        now=HOUR + timedelta(minutes=25),
        country=snapshot,
        standard=STANDARD,
        forecast_standard=STANDARD,
        advice_standard=STANDARD,
        acts=acts,
        zone_hours=tuple(None for _ in acts),
        yellow_dust=(),
        trends={"pm10": {code: [40.0, 44.0, None, 60.0, 80.0] for code in BY_CODE}},
        days={"pm10": changes.pop("days", ())},
        tomorrow=(),
    )
    changes = {"pollutant": "pm10", "place": "KR-11", **changes}
    return View(answer=answer, text=text_in(lang), **changes)


def found(markup: str, selector: str) -> list[Any]:
    """The elements of a drawing that a simple selector of CSS finds."""
    elements: list[Any] = fragment_fromstring(markup, create_parent="div").xpath(xpath(selector))
    return elements


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_each_drawing_has_the_17_and_the_reason_of_what_is_missing(lang: str) -> None:
    items = country(50.0, 세종=None, 서울=200.0)
    items[-1] = flagged(items[-1], "통신장애")
    view = seen(items, lang, mine=True)
    why = "통신장애" if lang == "ko" else "communication failure"
    for markup, selector in (
        (strip(view, "KR-11"), ".chip"),
        (map_svg(view), ".area"),
        (tiles(view), ".tile"),
        (table(view), "tbody tr[data-code]"),
    ):
        assert len(found(markup, selector)) == 17
        assert why in markup
    assert len(found(map_svg(view), ".area.g4")) == len(found(map_svg(view), ".area.g0")) == 1
    assert why in card(replace(view, place="KR-50"))


def test_the_chosen_province_is_drawn_last_and_opens_in_its_place() -> None:
    view = seen(country(), place="KR-44", mine=True)
    assert found(map_svg(view), ".area")[-1].get("data-pick") == "KR-44"
    rows = found(table(view), "tbody tr")
    (place,) = (n for n, row in enumerate(rows) if row.get("data-code") == "KR-44")
    assert rows[place + 1].get("class") == "open"
    assert "에어코리아 · 실측 · 미확정" in rows[place + 1].text_content()
    assert "측정소 5곳 중 5곳" in card(view)
    opened = found(tiles(view), "li")
    assert [n for n, one in enumerate(opened) if one.get("class") == "open"] == [8]
    assert not found(table(replace(view, mine=False)), "tr.open")


def test_a_remembered_province_stands_first_and_the_rest_in_page_header_order() -> None:
    names = [one.text for one in found(strip(seen(country(), home="KR-26"), None), ".name")]
    assert names == ["부산", *(one.ko for one in PROVINCES if one.ko != "부산")]


@pytest.mark.parametrize(
    ("begin", "digits", "limit"),
    [(30.5, 0, "30"), (31, 0, "30"), (80.5, 0, "80"), (0.03005, 3, "0.030"), (0.165, 3, "0.164"),
     (15.05, 1, "15.0"), (51, 0, "50")],
)  # fmt: skip
def test_an_axis_names_the_limit_as_standards_publish_it(
    begin: float, digits: int, limit: str
) -> None:
    assert limit_below(begin, digits) == limit


def test_stale_modelled_and_simulated_are_said() -> None:
    items = [replace(one, stale=True, age_hours=3.4, kind="modelled") for one in country()]
    view = seen(items)
    assert "모델" in lead.deck(view)
    assert "자료가 늦어지고 있습니다" in lead.deck(view)
    assert "SIMULATED" in card(view)


def test_an_act_is_the_first_line_marked_everywhere_and_text_alone() -> None:
    view = seen(country(), acts=(ACT,))
    page = live.top(view)
    assert page.index("acts") < page.index("<h1")
    for markup in (page, map_svg(view), tiles(view), table(view)):
        assert "▲" in markup
        assert "<남부권>" not in markup
        assert "&lt;남부권&gt;" in markup
    assert "주의보" in lead.sentence(view)


def test_a_forecast_is_its_word_and_never_a_letter() -> None:
    notice = ForecastNotice(
        kind=DAILY,
        pollutant="pm10",
        issued_at=HOUR,
        day=date(2026, 11, 24),
        words=(("서울", "나쁨"), ("경기남부", "매우나쁨"), ("경기북부", "보통")),
        overall="",
    )
    view = seen(country(), days=days_ahead([notice], "pm10", date(2026, 11, 23), 1))
    (seoul,) = found(table(view), "tr[data-code='KR-11'] .fc")
    assert (seoul.text, seoul.get("class")) == ("나쁨", "fc g3")
    assert "경기 남부 매우나쁨, 경기 북부 보통" in table(view)
    assert "예보 없음" in table(view)
    assert "나쁨" in card(view)


def test_three_hours_tell_the_way_it_goes_and_gaps_tell_none() -> None:
    view = seen(country())
    assert "↗" in marks.arrow(view, "KR-11", "pm10")
    view.answer.trends["pm10"]["KR-11"][-4] = None
    assert marks.arrow(view, "KR-11", "pm10") == ""


def test_a_line_keeps_its_gaps() -> None:
    drawn = sparkline([1.0, 2.0, None, 4.0], 10, 2, "words")
    assert drawn.count("M") == 2
    assert "circle" in drawn
    assert "circle" not in sparkline([1.0, None], 10, 2, "words")
    assert "<svg" not in sparkline([None, None], 10, 2, "none")


def test_outlines_are_small_whole_and_of_all_17() -> None:
    drawn = outlines()
    assert set(drawn.paths) == set(LABELS) == {code for row in TILES for code in row}
    assert all(path.startswith("M") and path.endswith("z") for path in drawn.paths.values())
    assert sum(map(len, drawn.paths.values())) < 25_000
    picture = ElementTree.fromstring(  # noqa: S314 - our own markup
        map_svg(seen(country())).split("</svg>")[0] + "</svg>"
    )
    assert picture.get("viewBox") == f"0 0 {WIDTH} {drawn.height}"


def test_the_sheet_has_both_themes_and_asks_no_other_machine() -> None:
    assert "prefers-color-scheme:dark" in sheet()
    assert "[data-theme=dark]" in sheet()
    assert "http" not in sheet()
    assert "@import" not in sheet()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_whole_of_a_moment_is_small(lang: str) -> None:
    view = seen(country(), lang, mine=True, acts=(ACT,))
    parts = (live.top(view), live.choices(view, [STANDARD]), live.country(view))
    assert sum(len(part.encode()) for part in parts) < 90_000


def test_a_grade_that_hangs_on_one_station_has_a_quiet_mark_and_its_words() -> None:
    items = country(62)
    seoul = replace(items[0], grade_low=2, grade_high=3, one_station=True)
    plain, marked = table(seen(items)), table(seen([seoul, *items[1:]]))
    assert 'class="edge"' not in plain
    assert marked.count('class="edge"') == 1
    assert "경계: 보통~나쁨 (측정소 한 곳에 따라 등급이 바뀜)" in marked
