"""Trend, episodes and gaps as the framework runs them: what an address asks for is drawn."""

from datetime import date, timedelta

import pandas as pd
import pytest

from aq.context import Context
from aq.web.pages.year import worst_week
from tests.serving import fill
from tests.web.test_pages import MAIN, context, markup, run

__all__ = ["MAIN", "context"]

PAGES = ("trend.py", "episodes.py", "gaps.py")


def body(page: str, **params: str) -> str:
    """The markup of a page whose address has these parameters."""
    test = run(page, **params)
    for name, value in params.items():
        test.query_params[name] = value
    test.run()
    assert [one.value for one in test.exception] == []
    return markup(test)


def test_gaps_names_causes_and_commands(context: Context) -> None:
    fill(context, hours=20)
    told = body("gaps.py", since="2026-11-23", until="2026-11-23")
    assert "미세먼지: 전체 시간의 0.6%가 비어 있습니다" in told
    assert "python -m aq backfill --since 2026-11-23 --until 2026-11-23" in told
    assert "338시간" in told
    assert "실측 · 미확정" in told


def test_episodes_follow_level_value_and_length(context: Context) -> None:
    fill(context, hours=20)
    days = {"since": "2026-11-23", "until": "2026-11-23"}
    assert "‘나쁨’ 이상인 사례가 없습니다" in body("episodes.py", **days)
    assert "미세먼지 ‘보통’ 이상 1차례, 가장 긴 것은 20시간" in body(
        "episodes.py", level="2", **days
    )
    assert "60.0 µg/m³ 이상 1차례" in body("episodes.py", over="60", **days)
    assert "60.0 µg/m³ 이상인 사례가 없습니다" in body("episodes.py", over="60", least="24", **days)
    assert "이 기준에는 이 물질의 등급이 없습니다" not in body("episodes.py", **days)


def test_trend_says_why_there_is_none_and_what_would_fill_it(context: Context) -> None:
    fill(context, hours=20)
    told = body("trend.py", p="KR-26")
    assert "부산 · 미세먼지: 추세를 말하기에는 달수가 모자람" in told
    assert "36개월은 있어야" in told
    assert "python -m aq import" in told


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_range_says_what_would_fill_it(context: Context, page: str) -> None:
    fill(context, hours=20)
    told = body(page, since="2024-10-01", until="2024-10-31")
    assert "python -m aq import FILE…" in told
    assert "아직 오지 않은 기간입니다" in body(page, since="2027-01-01", until="2027-01-31")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_index_and_what_cannot_be_read_are_no_error(
    context: Context, page: str, lang: str
) -> None:
    fill(context, hours=20)
    told = body(page, lang=lang, x="overall", std="airkorea")
    assert ("오염물질을 하나" if lang == "ko" else "choose one of them") in told
    wrong = {"level": "99", "over": "nan", "least": "x", "cause": "rain", "feed": "none"}
    assert "<h1>" in body(page, lang=lang, **wrong)


@pytest.mark.parametrize("page", ["days.py", "year.py"])
def test_days_are_those_known_on_the_day_asked_for(context: Context, page: str) -> None:
    fill(context, hours=20)
    range_ = {"since": "2026-11-23", "until": "2026-11-23"}
    early = body(page, **range_, asof="2020-01-01")
    assert "2020년 1월 1일(수)에는 아직 모은 자료가 없었습니다" in early
    assert "<table" not in early
    assert "까지 알려진 값입니다" in body(page, **range_, asof="2026-11-23")


def test_the_carpet_speaks_of_its_hours_and_of_no_longer_range_than_it_shows(
    context: Context,
) -> None:
    fill(context, hours=60)
    told = body("when.py", since="2026-11-22", until="2026-11-22")
    assert "이 24시간 동안 ‘나쁨’이 된 곳은 없습니다" in told
    assert "마지막 31일" not in told
    assert "마지막 31일" in body("when.py", r="90d")


def test_the_past_at_a_glance_says_a_sentence_for_each_question(context: Context) -> None:
    fill(context, hours=60)
    test = run("history.py", p="KR-11")
    assert [one.value for one in test.exception] == []
    assert "서울의 지난 90일" in markup(test)


def test_the_worst_week_is_that_of_the_highest_mean_and_has_days_enough() -> None:
    first = date(2026, 4, 27)  # a Monday
    values = [*[40.0] * 7, *[90.0, 90.0, None, 90.0, 90.0, 90.0, 20.0], *[200.0] * 3]
    table = pd.DataFrame(
        {"day": [first + timedelta(days=n) for n in range(len(values))], "value": values}
    )
    week = worst_week(table)
    assert week is not None
    assert week[0] == date(2026, 5, 4)
    assert week[1] == pytest.approx(470 / 6)
    assert worst_week(table.iloc[:7]) is None


def test_the_picture_below_a_chart_is_of_what_is_shown(context: Context) -> None:
    fill(context, hours=60)
    days = {"since": "2026-11-22", "until": "2026-11-23"}
    asked = "lang=ko&amp;standard=airkorea_1h&amp;pollutant"
    span = "since=2026-11-22&amp;until=2026-11-23"
    line = body("past.py", ps="KR-11,KR-26", x="o3", **days)
    assert f"/picture/line.png?{asked}=o3&amp;provinces=KR-11%2CKR-26&amp;{span}" in line
    assert f"/picture/carpet.svg?{asked}=pm10&amp;{span}" in body("when.py", **days)
    assert "/picture/line" not in body("past.py", g="day", **days)
    assert "/picture/line" not in body("past.py", asof="2026-11-23", **days)
