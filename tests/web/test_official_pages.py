"""The authority's word on the pages: advisories in force, the days ahead, the list of a year."""

import csv
import io
import re
from datetime import date, timedelta
from html import unescape

import pytest
import requests

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import DAILY, WEEKLY, Advisory, ForecastNotice, Reading, YellowDust
from aq.domain.provinces import BY_CODE
from aq.queries.official import advisories_over
from aq.queries.yellow_dust import yellow_dust_over
from aq.store.model_hours import replace_ahead
from aq.store.notices import put_advisories, put_forecasts
from aq.store.yellow_dust import put_yellow_dust
from aq.web.charts import lines as lines_chart
from aq.web.parts import cache
from tests.conftest import NOW
from tests.serving import HOUR_20, fill, served
from tests.web.test_charts import LIGHT, STANDARD
from tests.web.test_pages import cells, context, markup, row_of, run

__all__ = ["context"]


@pytest.fixture
def told(context: Context) -> Context:
    """A store with an advisory in force, a notice of tomorrow, and one of the week."""
    fill(context)
    issued = NOW - timedelta(hours=3)
    words = (("서울", "나쁨"), ("경기남부", "매우나쁨"), ("경기북부", "보통"), ("부산", "예보없음"))
    with context.store.write("t") as txn:
        put_forecasts(
            txn,
            [
                ForecastNotice(
                    kind=kind,
                    pollutant="pm25",
                    issued_at=issued,
                    day=day,
                    words=said,
                    overall="○ <b>수도권</b>은 나쁨",
                )
                for kind, day, said in (
                    (DAILY, date(2026, 11, 24), words),
                    (WEEKLY, date(2026, 11, 27), (("서울", "높음"),)),
                )
            ],
        )
        advisory = Advisory(
            pollutant="pm25",
            district="경기",
            zone="남부권",
            word="주의보",
            issued_at=issued,
            issue_value=780,
        )
        put_advisories(txn, [advisory])
    return context


def test_the_live_page_says_what_comes_and_what_is_in_force(told: Context) -> None:
    body = markup(run(x="pm25"))
    assert "경기 남부권: 초미세먼지 주의보" in body
    assert "78 µg/m³" in body
    assert "경기 남부 매우나쁨, 경기 북부 보통" in body
    assert "예보 없음" in body
    assert "높음" in body
    assert "&lt;b&gt;수도권" in body
    assert "Official advisories in force" in markup(run(lang="en", x="pm25"))


def test_the_list_of_a_year_counts_by_province(told: Context) -> None:
    body = markup(run("advisories.py"))
    assert "2026년 발령된 특보 1건" in body
    assert "발령 중" in body
    assert "아직 검증할 예보가 없습니다" in markup(run("forecasts.py"))


def test_map_and_table_mark_the_province_and_show_the_days_ahead(told: Context) -> None:
    test = run(x="pm25")
    assert "시도 안 권역에 특보 발령 중" in markup(test)
    marked = "초미세먼지 주의보 남부권"
    rows = {code: row_of(test, code) for code in BY_CODE}
    assert [code for code, row in rows.items() if "▲" in row] == ["KR-41"]
    assert marked in rows["KR-41"]
    (area,) = cells(test, "path[data-pick='KR-41'] title")
    assert area.endswith(f"▲ {marked}")
    days = cells(test, ".t17 tr[data-code='KR-41'] .fc")
    assert days == ["매우나쁨", "–", "–"]  # at 20:25 a reader asks for tomorrow first
    assert "11월 24일(화): 매우나쁨 (경기 남부 매우나쁨, 경기 북부 보통)" in rows["KR-41"]
    assert "11월 24일(화): 예보 없음" in rows["KR-26"]
    assert cells(test, ".t17 thead th.c") == ["내일", "모레", "글피"]
    without = run(x="no2")
    assert cells(without, ".t17 .fc") == []
    assert marked in row_of(without, "KR-41")


def test_a_day_in_four_grades_needs_no_older_weekly_row(told: Context) -> None:
    early = NOW - timedelta(days=2)
    with told.store.write("t") as txn:
        said = {"pollutant": "pm25", "issued_at": early, "words": (("서울", "높음"),)}
        days = (date(2026, 11, 24), date(2026, 11, 28))
        put_forecasts(txn, [ForecastNotice(kind=WEEKLY, day=day, **said) for day in days])
    test = run(x="pm25")
    days = cells(test, ".by-day tbody th")
    assert days == ["11월 24일(화)", "11월 27일(금)", "11월 28일(토)"]
    assert cells(test, ".by-place thead th") == ["시도", *days]
    assert len(cells(test, ".by-place tbody th")) == 17


def act(word: str, issued: float, cleared: float | None, zone: str = "남부권") -> Advisory:
    return Advisory(
        pollutant="pm10",
        district="경기",
        zone=zone,
        word=word,
        issued_at=HOUR_20 - issued * HOUR,
        issue_value=1810,
        cleared_at=None if cleared is None else HOUR_20 - cleared * HOUR,
    )


ACTS = [
    act("주의보", 26, 20),
    act("경보", 24, 22),
    act("주의보", 25, 23, "북부권"),
    act("주의보", 3, None),
]


def test_advisories_lie_over_the_line_in_ink_and_stand_in_a_table(told: Context) -> None:
    with told.store.write("t") as txn:
        put_advisories(txn, ACTS)
    found = run("past.py", p="KR-41")
    body = markup(found)
    assert "이 기간의 특보, 최근 순" in body
    assert body.count('<th scope="row">경기 ') == 4
    assert "주의보" not in markup(run("past.py", p="KR-11")).split("특보, 최근 순")[-1]
    assert "이 기간의 특보" not in markup(run("past.py", p="KR-41", x="no2"))
    figure = cache.line_figure(
        "KR-41", "pm10", HOUR_20 - 29 * HOUR, HOUR_20, "airkorea_1h", "ko", False
    )
    spans = [one for one in figure.layout.shapes if one.fillcolor == LIGHT.ink and one.y1 != 1]
    assert [(one.x0[5:], one.x1[5:]) for one in spans] == [
        ("11-22 18:00", "11-22 19:00"),
        ("11-22 19:00", "11-22 20:00"),
        ("11-22 20:00", "11-22 21:00"),
        ("11-22 21:00", "11-22 22:00"),
        ("11-22 22:00", "11-23 00:00"),
        ("11-23 17:00", "11-23 20:00"),
    ]
    bars = [one for one in figure.layout.shapes if one.fillcolor == LIGHT.ink and one.y1 == 1]
    assert [round(1 - one.y0, 3) for one in bars] == [0.022, 0.022, 0.045, 0.045, 0.022, 0.022]
    grades = {level.colour for level in STANDARD.levels}
    assert not {one.fillcolor for one in (*spans, *bars)} & grades
    hovers = [one.text for one in figure.data if one.name == "공식 특보"]
    assert hovers[2].startswith("<b>경보</b> 경기 남부권<br>2026년 11월 22일(일) 20시")
    assert "<b>주의보</b> 경기 북부권" in hovers[2]
    assert "부터 발령 중" in hovers[5]
    names = [one.text for one in figure.layout.annotations]
    assert [name for name in names if name in ("경보", "주의보")] == ["경보", "주의보"]


def test_yellow_dust_of_the_days_stands_under_the_line_of_the_provinces_it_names(
    told: Context,
) -> None:
    version = told.store.version()
    at = HOUR_20 - 5 * HOUR
    acts = [
        YellowDust(at=at, told="2026112315", sequence="1", areas="서울, 경기, 백령도"),
        YellowDust(at=at - 60 * 24 * HOUR, told="x", sequence="1", areas="서울"),
    ]
    with told.store.write("t") as txn:
        put_yellow_dust(txn, acts)
    body = markup(run("past.py", p="KR-41"))
    assert "서울, 경기, 백령도" in body
    assert "단계와 해제 시각이 없습니다" in body
    assert "백령도" not in markup(run("past.py", p="KR-26"))
    assert "백령도" not in markup(run("past.py", p="KR-41", x="no2"))
    bounds = HOUR_20 - 29 * HOUR, HOUR_20
    assert yellow_dust_over(told, ("KR-41",), *bounds) == (acts[0],)
    assert yellow_dust_over(told, ("KR-41",), *bounds, version) == ()
    assert "백령도" in markup(run("advisories.py"))


def test_days_and_several_provinces_have_the_bands_too(told: Context) -> None:
    with told.store.write("t") as txn:
        put_advisories(txn, ACTS)
    asked = lines_chart.Ask(
        pollutant="pm10",
        since=date(2026, 11, 22),
        last=date(2026, 11, 23),
        after=HOUR_20 - 29 * HOUR,
        until=HOUR_20,
        grain="hour",
        standard="airkorea_1h",
    )
    for spots, count in ((("KR-11", "KR-41"), 6), (("KR-11",), 0)):
        drawn = tuple(("province", BY_CODE[one].id, one) for one in spots)
        figure = lines_chart.figure_of(told, drawn, asked, 0, "ko", False)
        assert len([one for one in figure.data if one.name == "공식 특보"]) == count
    body = markup(run("past.py", p="KR-41", ps="KR-41,KR-11", g="day"))
    assert body.count('<th scope="row">경기 ') == 4


def test_advisories_over_a_line_are_those_known_then(told: Context) -> None:
    version = told.store.version()
    with told.store.write("t") as txn:
        put_advisories(txn, ACTS)
    bounds = HOUR_20 - 29 * HOUR, HOUR_20
    assert len(advisories_over(told, ("KR-41",), "pm10", *bounds)) == 4
    assert advisories_over(told, ("KR-41",), "pm10", *bounds, version) == ()
    assert advisories_over(told, ("KR-11",), "pm10", *bounds) == ()


def test_a_model_s_hours_to_come_are_named_where_the_line_ends_now(told: Context) -> None:
    hours = [
        Reading(hour=HOUR_20 + n * HOUR, values={"pm25": 400}, province="KR-41")
        for n in range(1, 9)
    ]
    with told.store.write("t") as txn:
        replace_ahead(txn, "openmeteo", NOW, hours)
    said = (
        "이어지는 점선은 Open-Meteo 모델이 계산한 앞으로의 값입니다(2026년 11월 23일(월) 20시 기준)"
    )
    assert said in markup(run(x="pm25", p="KR-41"))
    assert said in markup(run("past.py", x="pm25", p="KR-41"))
    past = {"since": "2026-11-20", "until": "2026-11-22"}
    for other in ({"p": "KR-11"}, {"p": "KR-41", "x": "no2"}, {"p": "KR-41", **past}):
        assert "긴 점선은 Open-Meteo" not in markup(run("past.py", **({"x": "pm25"} | other)))
    body = markup(run("past.py", x="pm25", p="KR-41", r="1y"))
    assert "긴 점선은 Open-Meteo" not in body


def test_each_province_s_forecasts_stand_in_a_row(context: Context) -> None:
    fill(context, hours=60)  # PM10 62, 보통, all through the 22nd
    issued = HOUR_20 - 51 * HOUR  # 17:00 of the 21st
    words = (("서울", "나쁨"), ("부산", "보통"))
    notice = ForecastNotice(
        kind=DAILY, pollutant="pm10", issued_at=issued, day=date(2026, 11, 22), words=words
    )
    with context.store.write("t") as txn:
        put_forecasts(txn, [notice])
    whole = markup(run("forecasts.py"))
    body, _, numbers = whole.partition("<details>")
    assert "미세먼지 하루 전 예보는 열흘에" in body
    assert "6,568건" in numbers
    assert "미세먼지 나쁜 날은 없었고, 하루 전에 ‘나쁨’을 예보한 것은 1건입니다" in body
    assert "모두 2건이며, 2026년 11월 22일(일)부터 2026년 11월 22일(일)까지" in body
    assert body.count('<th scope="row">') == 1 + 17  # one lead of all, the 17 of PM10

    def row(name: str) -> list[str]:
        found = re.search(f'<th scope="row">{name}</th>(.*?)</tr>', body)
        assert found
        return re.findall(r'<td class="num"[^>]*>(.*?)</td>', found[1])

    assert row("미세먼지, 하루 전") == ["2", "0", "0", "1", "1"]
    assert row("서울") == ["–", "0 · 0 · 1", "–"]
    assert row("부산") == ["–", "0 · 0 · 0", "–"]
    assert row("제주") == ["–"] * 3


def test_the_list_of_a_year_goes_out_whole_as_a_file(told: Context) -> None:
    body = markup(run("advisories.py"))
    (address,) = re.findall(r'href="(/api/v1/export[^"]*format=csv)"', body)
    with served(told) as base:
        answer = requests.get(base + unescape(address), timeout=60)
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(one["zone"], one["label"]) for one in rows] == [("남부권", "주의보")]
