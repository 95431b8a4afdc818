"""Zones on the pages: the value behind an act, the zones of a province, yellow dust, above 50."""

from datetime import date, timedelta

from aq.context import Context
from aq.domain.model import OVER_50, URBAN, Advisory, ForecastNotice, Reading, Station, YellowDust
from aq.store.notices import put_advisories, put_forecasts
from aq.store.yellow_dust import put_yellow_dust
from tests.conftest import NOW
from tests.serving import HOUR_20, fill, write
from tests.web.test_pages import context, markup, run

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
