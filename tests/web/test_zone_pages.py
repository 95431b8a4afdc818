"""Zones on the pages: the value behind an act, the zones of a province, yellow dust, above 50."""

from datetime import date, timedelta

import requests
from lxml.html import fromstring

from aq.context import Context
from aq.domain.model import OVER_50, URBAN, Advisory, ForecastNotice, Reading, Station, YellowDust
from aq.store.notices import put_advisories, put_forecasts
from aq.store.yellow_dust import put_yellow_dust
from aq.web.first_paint import first_paint
from aq.web.parts import view_state
from tests.conftest import NOW
from tests.serving import HOUR_20, fill, public, write
from tests.web.test_pages import context, markup, run
from tests.web.test_plain_pages import LARGEST

__all__ = ["context"]


def test_an_act_stands_beside_its_zone_s_value_now_and_the_zone_has_a_page(
    context: Context,
) -> None:
    fill(context)
    where = Station(name="평택", sido="경기", address="경기 평택시 비전동", network=URBAN)
    write(context, Reading(station=where, hour=HOUR_20, values={"pm25": 660}))
    given = {"pollutant": "pm25", "district": "경기", "word": "주의보", "issue_value": 780}
    with context.store.write("t") as txn:
        issued = NOW - timedelta(hours=3)
        acts = [Advisory(zone=zone, issued_at=issued, **given) for zone in ("남부권", "도심권")]
        put_advisories(txn, acts)
        told = YellowDust(
            at=NOW - timedelta(hours=6), told="202611231400", sequence="1", areas="서울, <충남>"
        )
        put_yellow_dust(txn, [told])
        over = ForecastNotice(
            kind=OVER_50,
            pollutant="pm25",
            issued_at=issued,
            day=date(2026, 11, 24),
            words=(("서울", "50 초과"), ("경기", "50 이하")),
        )
        put_forecasts(txn, [over])
    body = markup(run(x="pm25"))
    assert "지금 66 µg/m³" in body
    assert "측정소 1곳 중 1곳" in body
    assert "권역표에 없는 권역" in body
    assert "황사: " in body
    assert "서울, &lt;충남&gt;" in body
    body = markup(run("zones.py", x="pm25", p="KR-41", z="pm-41-04"))
    assert "경기: 초미세먼지 특보 권역" in body
    assert "66 µg/m³" in body
    assert "남부권: 최근 24시간" in body
    assert "평택시" in body
    year = markup(run("advisories.py"))
    assert "<h2>황사</h2>" in year
    assert "서울, 충남" in year


def test_above_50_is_told_with_what_it_is_for(context: Context) -> None:
    fill(context)
    daily = {"pollutant": "pm25", "issued_at": NOW - timedelta(hours=3)}
    with context.store.write("t") as txn:
        put_forecasts(
            txn,
            [
                ForecastNotice(
                    kind="daily", day=date(2026, 11, 24), words=(("서울", "나쁨"),), **daily
                ),
                ForecastNotice(
                    kind=OVER_50,
                    day=date(2026, 11, 24),
                    words=(("서울", "50 초과"), ("경기", "50 이하")),
                    **daily,
                ),
            ],
        )
    body = markup(run(x="pm25"))
    assert "초미세먼지 50 µg/m³ 초과 예보" in body
    assert "내일: 서울" in body
    assert "비상저감조치" in body


def test_a_province_opens_to_its_zones(context: Context) -> None:
    """On the live page, in its first paint and on the plain page: value, letter, word, the act in
    force, and the way to the zone's page; a zone without a value says why."""
    fill(context)
    where = Station(name="평택", sido="경기", address="경기 평택시 비전동", network=URBAN)
    values = {"pm10": 900, "pm25": 660, "o3": 1234}
    write(context, Reading(station=where, hour=HOUR_20, values=values))
    act = Advisory(
        pollutant="pm25",
        district="경기",
        zone="남부권",
        word="주의보",
        issued_at=NOW,
    )
    with context.store.write("t") as txn:
        put_advisories(txn, [act])
    asked = {"x": "pm25", "p": "KR-41"}
    painted = first_paint(context, "live", view_state.read(asked), None)
    with public(context) as address:
        plain = requests.get(f"{address}/now/gyeonggi", timeout=60).text
        wide = [requests.get(f"{address}/now/{name}", timeout=60) for name in ("경남", "경북/en")]
    for body, way in (
        (markup(run(**asked)), "zones?"),
        (painted, "zones?"),
        (plain, "zone/pm-41-04"),
    ):
        page = fromstring(f"<div>{body}</div>" if "<html" not in body else body)
        (tiles, *_) = [
            tiles
            for tiles in page.xpath("//ol[contains(@class, 'zones')]")
            if "초미세먼지" in tiles.get("aria-label")
        ]
        (tile,) = tiles.xpath(".//a[contains(., '남부권')]")
        words = " ".join(tile.text_content().split())
        assert words == "남부권▲ 주의보 C 66 나쁨"
        assert way in tile.get("href")
        assert tile.get("title") == "66 µg/m³ · 1/1"
        assert "g3" in tile.get("class").split()
        absent = tiles.xpath(".//a[contains(., '북부권')]")[0]
        assert "자료 없음" in absent.text_content()
        assert absent.get("title") == "권역 안에 도시대기 측정소가 없음"
    assert painted.count('data-keep="zones"') == 1
    assert "0.1234" in plain
    assert all(len(page.content) <= LARGEST for page in wide)
    assert 'data-keep="zones"' not in markup(run(x="no2", p="KR-41"))
