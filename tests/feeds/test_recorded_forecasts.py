"""Recorded forecast notices as the 17 provinces: the right grade for every province and day."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from aq.domain.clock import kst
from aq.domain.forecasts import outlooks
from aq.domain.model import Answer, ForecastNotice
from aq.domain.provinces import PROVINCES
from aq.feeds.airkorea.forecasts import read_days, read_weeks
from tests.feeds.test_airkorea_notices import items, sample

DAY_2016 = "old_host_getMinuDustFrcstDspth_2016-04-01.json"
WEEK_2023 = "getMinuDustWeekFrcstDspth_2023-01-30_items.json"
# A digit for each of the 17 in page-header order, read by eye from the notices; - is 예보없음.
BY_HAND_2016 = {
    ("pm10", 5): "2222223322223233-",
    ("pm10", 11): "2223223322233233-",
    ("pm25", 5): "2223222322233223-",
    ("pm25", 11): "2223223322233233-",
}
BY_HAND_2023 = {
    "2023-02-02": "11111111111111111",
    "2023-02-03": "11111111111111111",
    "2023-02-04": "12211111112111111",
    "2023-02-05": "12211111122111111",
}
HALVES = {"경기": ("경기남부", "경기북부"), "강원": ("영서", "영동", "강원영서", "강원영동")}
DAILY_WORDS = ("좋음", "보통", "나쁨", "매우나쁨")
WEEKLY_WORDS = ("낮음", "높음")


def grades(notice: ForecastNotice) -> str:
    return "".join("-" if one.grade is None else str(one.grade) for one in outlooks(notice))


def plain(text: str, words: tuple[str, ...]) -> str:
    """The same from the text alone, the long way."""
    said: Mapping[str, str] = dict(re.findall(r"([가-힣]+)\s*:\s*([가-힣]+)", text))
    found = ""
    for province in PROVINCES:
        there = [said.get(name, "") for name in HALVES.get(province.ko, (province.ko,))]
        known = [words.index(word) + 1 for word in there if word in words]
        found += str(max(known)) if known else "-"
    return found


def check_days(rows: list[dict[str, Any]]) -> Answer:
    answer = read_days(rows)
    assert len(answer.forecasts) == len(rows)
    for row, notice in zip(rows, answer.forecasts, strict=True):
        assert grades(notice) == plain(row["informGrade"], DAILY_WORDS)
    return answer


def check_weeks(rows: list[dict[str, Any]]) -> Answer:
    answer = read_weeks(rows)
    texts = {
        row[f"frcst{name}Dt"]: row[f"frcst{name}Cn"]
        for row in rows
        for name in ("One", "Two", "Three", "Four")
    }
    assert len(answer.forecasts) == len(texts)
    for notice in answer.forecasts:
        assert grades(notice) == plain(texts[notice.day.isoformat()], WEEKLY_WORDS)
    return answer


def test_our_own_notices_give_every_province_its_grade() -> None:
    days = check_days(items("forecast_days.json"))
    # The worse of 경기's halves, 강원's better one where the other has none.
    assert {grades(one)[1] for one in days.forecasts if one.day == date(2026, 11, 24)} >= {"4"}
    weeks = check_weeks(items("forecast_week.json"))
    assert grades(weeks.forecasts[2])[1] == "2"


@pytest.mark.parametrize("separator", [",", ", "])
def test_a_notice_in_the_words_of_2016_gives_every_province_its_grade(separator: str) -> None:
    """The text of the notice of 1 April 2016, 11 o'clock, PM10: 세종 has 예보없음."""
    names = "서울 경기북부 경기남부 영서 영동 대전 세종 충북 충남"
    names += " 부산 대구 울산 경북 경남 광주 전북 전남 제주"
    bad, none = {"부산", "울산", "경남", "광주", "전북", "전남", "제주"}, {"세종"}
    text = separator.join(
        f"{name} : {'나쁨' if name in bad else '예보없음' if name in none else '보통'}"
        for name in (*names.split(), "인천")
    )
    row = {**items("forecast_days.json")[0], "informGrade": text}
    (notice,) = check_days([row]).forecasts
    assert grades(notice) == BY_HAND_2016["pm10", 11]


def test_t32_the_recording_of_2016_gives_every_province_and_day_its_grade() -> None:
    for path in sample(DAY_2016):
        answer = check_days(json.loads(path.read_text("utf-8"))["list"])
        for notice in answer.forecasts:
            key = notice.pollutant, kst(notice.issued_at).hour
            today = notice.day == date(2016, 4, 1)
            assert grades(notice) == (BY_HAND_2016.get(key, "-" * 17) if today else "-" * 17)


def test_t32_the_recording_of_2023_gives_every_province_and_day_its_grade() -> None:
    for path in sample(WEEK_2023):
        answer = check_weeks(json.loads(path.read_text("utf-8")))
        found = {one.day.isoformat(): grades(one) for one in answer.forecasts}
        assert found == BY_HAND_2023
