"""The live page's lead: the worst pollutant, acts before means, the way it goes, and advice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from aq.domain.forecasts import three_days
from aq.domain.model import DAILY, WEEKLY, Advisory, ForecastNotice
from aq.domain.provinces import PROVINCES
from aq.i18n import text_in
from aq.paths import ROOT
from aq.queries.current import CurrentItem
from aq.standards_file import load_standards
from aq.web.wording import advice, lead
from aq.web.wording.advisories import place_words
from tests.web.test_headline import country

STANDARD = load_standards(ROOT / "config" / "standards")["airkorea_1h"]
KO, EN = text_in("ko"), text_in("en")
NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 in Korea


def act(zone: str = "남부권", word: str = "주의보", pollutant: str = "pm25") -> Advisory:
    """An act as `getUlfptcaAlarmInfo` gives them (documented row: 경기 남부권, 2020-10-28)."""
    return Advisory(
        pollutant=pollutant,
        district="경기",
        zone=zone,
        word=word,
        issued_at=NOW - timedelta(hours=1),
        issue_value=760,
        cleared_at=None,
        clear_value=None,
    )


def of(pollutant: str, grades: Sequence[int]) -> list[CurrentItem]:
    """17 items of a pollutant with given grades, the rest as `country` makes them."""
    return [
        replace(item, pollutant=pollutant, grade=grade, letter="ABCD"[grade - 1])
        for item, grade in zip(country(), grades, strict=True)
    ]


def test_the_headline_is_of_the_worst_pollutant_not_of_the_first() -> None:
    dust, fine = of("pm10", [1] * 17), of("pm25", [1] * 16 + [3])
    assert lead.leading([*dust, *fine], "pm10") == "pm25"
    assert lead.leading([*dust, *of("o3", [1] * 17)], "o3") == "o3"
    assert lead.leading([*of("pm10", [2] * 3 + [1] * 14), *of("o3", [2] * 17)], "pm10") == "o3"
    assert lead.leading([], "pm10") == "pm10"
    assert lead.leading([*dust, *fine], "overall") == "overall"


def test_no_calm_headline_while_an_act_is_in_force() -> None:
    calm = of("pm10", [1] * 17)
    assert lead.title(calm, [], STANDARD, KO).endswith("‘좋음’")
    said = lead.title(calm, [act()], STANDARD, KO)
    assert said.startswith("경기 남부권 초미세먼지 주의보 발령 중, 시도 평균은")
    many = [act(zone) for zone in ("남부권", "북부권", "동부권")]
    assert lead.title(calm, many, STANDARD, KO).startswith("초미세먼지 주의보 3곳 발령 중")
    bad = of("pm10", [4] * 17)
    assert "발령" not in lead.title(bad, [act()], STANDARD, KO)


def test_of_a_bad_country_no_province_under_an_act_is_called_good_without_it() -> None:
    daegu = [province.ko for province in PROVINCES].index("대구")
    grades = [4] * 17
    grades[daegu] = 1
    bad = of("pm10", grades)
    there = replace(act("대구권역"), district="대구")
    assert "발령" not in lead.title(bad, [act()], STANDARD, KO)  # 경기 is called very poor
    assert "대구는 ‘좋음’" in lead.title(bad, [act()], STANDARD, KO)
    said = lead.title(bad, [there], STANDARD, KO)
    assert "미세먼지 ‘매우나쁨’" in said
    assert "대구" not in said
    assert "good" not in lead.title(bad, [there], STANDARD, EN)


def test_acts_over_a_mixed_calm_country_leave_the_headline_short() -> None:
    mostly = of("pm10", [2] * 12 + [1] * 5)
    halves = of("pm10", [2] * 8 + [1] * 8 + [2])
    halves[-1] = replace(halves[-1], grade=None, letter=None, value=None)
    zones = [act(zone) for zone in ("남부권", "북부권")]
    said = [lead.title(items, zones, STANDARD, KO) for items in (mostly, halves)]
    assert said == [
        "초미세먼지 주의보 2곳 발령 중, 시도 평균은 미세먼지 대체로 ‘보통’",
        "초미세먼지 주의보 2곳 발령 중, 시도 평균은 미세먼지 ‘좋음’~‘보통’",
    ]
    kinds = [act(word="경보"), *zones, act(pollutant="pm10"), act(pollutant="o3")]
    assert lead.title(mostly, kinds, STANDARD, KO).startswith(
        "경기 남부권 초미세먼지 경보·초미세먼지 주의보 2곳 등 5건 발령 중"
    )
    assert lead.title(mostly, kinds, STANDARD, EN).startswith(
        "Gyeonggi Nambu zone PM2.5 warning, PM2.5 advisory in 2 zones and 2 more in force"
    )


def test_a_zone_named_after_its_district_is_named_once() -> None:
    there = replace(act("대구권역"), district="대구")
    assert (place_words(there, KO), place_words(there, EN)) == ("대구권역", "Daegu zone")


def test_a_country_without_data_has_no_means_to_speak_of() -> None:
    said = lead.title(country(None), [act()], STANDARD, EN)
    assert said == "Gyeonggi Nambu zone PM2.5 advisory in force. No PM10 data to show right now"
    korean = lead.title(country(None), [act()], STANDARD, KO)
    assert korean == (
        "경기 남부권 초미세먼지 주의보 발령 중, 지금 보여 드릴 미세먼지 자료가 없습니다"
    )


def test_of_many_acts_the_only_one_of_its_kind_is_named() -> None:
    acts = [act("동부권", "경보"), *(act(zone) for zone in ("남부권", "북부권"))]
    calm = of("pm10", [1] * 17)
    said = lead.title(calm, acts, STANDARD, EN)
    assert "Gyeonggi Dongbu zone PM2.5 warning and PM2.5 advisory in 2 zones in force" in said


def test_an_old_hour_is_spoken_of_in_its_own_time() -> None:
    old = [replace(item, stale=True) for item in of("pm10", [2] * 17)]
    assert "당시" in lead.title(old, [], STANDARD, KO)
    assert lead.title(old, [], STANDARD, EN).startswith("At Mon 23 Nov")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([10, 10, 10, 10], "3시간 전과 비슷합니다."),
        ([40, 60, 70, 80], "3시간 전보다 대체로 높아졌습니다."),
        ([80, 60, 50, 40], "3시간 전보다 대체로 낮아졌습니다."),
        ([20, 21, 22, 21], "3시간 전과 비슷합니다."),
        ([None, 60, 70, 80], None),
        ([80], None),
    ],
)
def test_the_way_it_goes(values: list[float | None], said: str | None) -> None:
    trends = {province.code: values for province in PROVINCES}
    assert lead.direction(trends, 3, KO) == said


def test_provinces_that_go_both_ways_are_counted() -> None:
    trends = {
        province.code: [40.0, 40, 40, 80] if place < 8 else [40.0, 40, 40, 20]
        for place, province in enumerate(PROVINCES)
    }
    assert lead.direction(trends, 3, KO) == "3시간 전보다 8곳은 높아지고 9곳은 낮아졌습니다."
    trends |= {province.code: [40.0] * 4 for province in PROVINCES[8:]}
    assert lead.direction(trends, 3, KO) == "3시간 전보다 8곳이 높아졌습니다."


def notice(day: date, kind: str = DAILY, word: str = "보통", **more: Any) -> ForecastNotice:
    words = tuple((province.ko, word) for province in PROVINCES)
    return ForecastNotice(
        **{"pollutant": "pm25", "issued_at": NOW, "kind": kind, "day": day, "words": words, **more}
    )


@pytest.mark.parametrize(("hour", "first"), [(8, 23), (17, 23), (18, 24), (23, 24)])
def test_today_comes_first_until_the_evening(hour: int, first: int) -> None:
    now = datetime(2026, 11, 23, hour - 9, 30, tzinfo=UTC) if hour >= 9 else None
    now = now or datetime(2026, 11, 22, hour + 15, 30, tzinfo=UTC)
    notices = [notice(date(2026, 11, day)) for day in (23, 24)]
    notices += [notice(date(2026, 11, day), WEEKLY, "낮음") for day in (25, 26)]
    days = three_days(notices, "pm25", now)
    assert [day.day.day for day in days] == [first, first + 1, first + 2]
    kinds = [day.notice.kind if day.notice else None for day in days]
    assert kinds == ([DAILY, DAILY, WEEKLY] if first == 23 else [DAILY, WEEKLY, WEEKLY])


def test_tomorrow_in_words() -> None:
    (day, *_) = three_days([notice(date(2026, 11, 24), word="나쁨")], "pm25", NOW)
    rules = load_standards(ROOT / "config" / "standards")["airkorea"]
    assert lead.tomorrow(day, rules, KO) == "에어코리아는 내일 전국을 ‘나쁨’으로 예보했습니다."
    words = tuple(
        (province.ko, "나쁨" if n < 2 else "좋음") for n, province in enumerate(PROVINCES)
    )
    (day, *_) = three_days([notice(date(2026, 11, 24), words=words)], "pm25", NOW)
    assert "서울" in str(lead.tomorrow(day, rules, KO))


def test_advice_follows_the_worst_pollutant_and_the_acts() -> None:
    good = of("pm10", [1] * 17)[:1]
    assert advice.severity(good, [], STANDARD) == 1
    assert advice.severity([*good, *of("o3", [3] * 17)[:1]], [], STANDARD) == 3
    assert advice.severity(good, [act()], STANDARD) == 3
    assert advice.severity(good, [act(word="경보")], STANDARD) == 4
    assert advice.severity([], [], STANDARD) == 0
    assert advice.by_group(1, ["pm10"], KO) == []
    masks = dict(advice.by_group(3, ["o3"], KO))
    assert masks["마스크"] == "마스크로는 오존 같은 기체를 막지 못합니다."
    assert "KF80" in dict(advice.by_group(4, ["pm25", "o3"], KO))["마스크"]
    assert len(advice.by_group(3, ["pm10"], KO)) == 5
