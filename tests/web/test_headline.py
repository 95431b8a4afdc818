"""The live page's sentences: what they say, and that they claim nothing about what is missing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.provinces import PROVINCES
from aq.i18n import text_in
from aq.web.wording.headline import absences, coverage, headline, late
from tests.pages import STANDARD, country, flagged

KO, EN = text_in("ko"), text_in("en")
GOOD, MODERATE, POOR, WORST = 20.0, 50.0, 100.0, 200.0
YEONGNAM = dict.fromkeys(("대구", "울산", "부산", "경북", "경남"), GOOD)


@pytest.mark.parametrize(
    ("values", "korean", "english"),
    [
        ({}, "전국 미세먼지 ‘보통’", "PM10 moderate across the whole country"),
        (
            {"충남": 110.0, "인천": 90.0, "제주": GOOD},
            "충남·인천 미세먼지 ‘나쁨’, 제주는 ‘좋음’",
            "PM10 poor in Chungnam and Incheon, but good in Jeju",
        ),
        (
            {"서울": WORST, "경기": POOR},
            "서울 미세먼지 ‘매우나쁨’, 경기 ‘나쁨’, 다른 15곳은 ‘보통’",
            "PM10 very poor in Seoul, poor in Gyeonggi, but moderate in 15 others",
        ),
        (
            {"제주": GOOD, **YEONGNAM},
            "미세먼지 대체로 ‘보통’, 영남권·제주는 ‘좋음’",
            "PM10 mostly moderate, but good in Yeongnam and Jeju",
        ),
        (
            {"제주": None},
            "자료가 들어온 16곳 모두 미세먼지 ‘보통’",
            "PM10 moderate in all 16 provinces that have data",
        ),
        (
            {"경남": POOR, "세종": None},
            "경남 미세먼지 ‘나쁨’, 다른 15곳은 ‘보통’",
            "PM10 poor in Gyeongnam, but moderate in 15 others",
        ),
    ],
)
def test_headline(values: dict[str, float | None], korean: str, english: str) -> None:
    items = country(MODERATE, **values)
    assert headline(items, STANDARD, KO) == korean
    assert headline(items, STANDARD, EN) == english


def test_all_missing_is_said_and_nothing_claimed() -> None:
    items = country(None)
    assert headline(items, STANDARD, KO) == "지금 보여 드릴 미세먼지 자료가 없습니다"
    assert headline(items, STANDARD, EN) == "No PM10 data to show right now"


def test_one_province_with_data_is_not_the_country() -> None:
    items = country(None, 서울=MODERATE)
    assert headline(items, STANDARD, KO) == "자료가 들어온 한 곳은 미세먼지 ‘보통’"


@given(st.lists(st.one_of(st.none(), st.floats(0, 400, allow_nan=False)), min_size=17, max_size=17))
def test_a_province_without_a_value_is_never_named(values: list[float | None]) -> None:
    names = [province.ko for province in PROVINCES]
    items = country(None, **dict(zip(names, values, strict=True)))
    said = headline(items, STANDARD, KO)
    for province, value in zip(names, values, strict=True):
        if value is None:
            assert province not in said
    if any(value is None for value in values):
        assert "전국" not in said


def test_coverage_counts_what_came_in() -> None:
    assert coverage(country(MODERATE), KO) == "17곳 모두 자료가 들어왔습니다."
    some = country(MODERATE, 세종=None, 제주=None)
    assert coverage(some, KO) == "17곳 가운데 15곳의 자료가 들어왔습니다."
    assert coverage(country(None), KO) == "17곳 모두 자료가 없습니다."


def test_absences_group_by_reason_with_the_right_particles() -> None:
    items = [
        flagged(one, "통신장애")
        if one.province in ("세종", "제주")
        else flagged(one, "점검및교정")
        if one.province == "서울"
        else one
        for one in country(MODERATE, 세종=None, 제주=None, 서울=None, 경기=None)
    ]
    assert absences(items, KO) == [
        "서울은 점검 및 교정으로 자료가 없습니다.",
        "경기는 이 시각 자료가 아직 들어오지 않았습니다.",
        "제주·세종은 통신장애로 자료가 없습니다.",
    ]
    assert absences(items, EN)[2] == "No data for Jeju and Sejong: communication failure."


def test_late_is_said_with_its_age() -> None:
    items = [replace(one, stale=True, age_hours=3.6) for one in country(MODERATE)]
    assert late(items, KO) == "자료가 늦어지고 있습니다. 마지막 자료는 3시간 전 것입니다."
    assert late(country(MODERATE), KO) is None
