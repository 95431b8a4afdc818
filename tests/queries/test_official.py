"""Forecasts and advisories by route, and how good a forecast was against a plain count."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from aq.alerts.verification import spells
from aq.context import Context
from aq.domain.clock import parse_instant
from aq.domain.forecast_skill import scores, total
from aq.domain.model import (
    DAILY,
    OVER_50,
    URBAN,
    WEEKLY,
    Advisory,
    ForecastNotice,
    Reading,
    Station,
)
from aq.domain.provinces import PROVINCES
from aq.feeds.airkorea.advisories import read_ozone
from aq.paths import ROOT
from aq.queries.official import advisories_now, forecast_scores, over_50_scores
from aq.store.notices import put_advisories, put_forecasts
from tests.conftest import NOW
from tests.serving import fill, make_runtime, served, write

HOUR = timedelta(hours=1)
FIXTURES = ROOT / "tests" / "fixtures" / "official"
WORDS = ("좋음", "보통", "나쁨", "매우나쁨")


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url, AQ_FEEDS__AIRKOREA__KEY="any")
    yield made
    made.store.close()


@pytest.fixture
def base(context: Context) -> Iterator[str]:
    with served(context) as address:
        yield address


def ask(address: str, **params: str) -> Any:
    answer = requests.get(address, params=params, timeout=60)
    return answer.status_code, answer.json()


def notice(issued: datetime, day: date, *words: tuple[str, str], **more: Any) -> ForecastNotice:
    given: dict[str, Any] = {"kind": DAILY, "pollutant": "pm25", "overall": "○ 짙겠음."}
    return ForecastNotice(issued_at=issued, day=day, words=words, **given | more)


def test_the_route_gives_what_was_forecast_when(context: Context, base: str) -> None:
    tomorrow = date(2026, 11, 24)
    early, late = NOW - 9 * HOUR, NOW - 3 * HOUR
    with context.store.write("t") as txn:
        put_forecasts(
            txn,
            [
                notice(early, tomorrow, ("서울", "보통"), ("경기남부", "나쁨")),
                notice(
                    late, tomorrow, ("서울", "나쁨"), ("경기남부", "나쁨"), ("경기북부", "보통")
                ),
                notice(late, date(2026, 11, 26), ("서울", "높음"), kind=WEEKLY, confidence="높음"),
            ],
        )
    status, found = ask(f"{base}/api/v1/forecast", pollutant="pm25")
    assert status == 200
    assert len(found["items"]) == 2 * 17
    assert [one["province"] for one in found["items"][:17]] == [one.ko for one in PROVINCES]
    seoul, gyeonggi = found["items"][:2]
    assert (seoul["grade"], seoul["letter"], seoul["label"]) == (3, "C", "나쁨")
    assert (seoul["day"], seoul["lead_days"]) == ("2026-11-24", 1)
    assert seoul["issued_at"] == "2026-11-23T17:25:00+09:00"
    assert [part["region"] for part in gyeonggi["parts"]] == ["경기남부", "경기북부"]
    weekly = found["items"][17]
    assert (weekly["kind"], weekly["levels"], weekly["label"]) == ("weekly", 2, "높음")
    assert found["notices"][1]["confidence"] == "높음"
    when = {"issued": "2026-11-23T12:00+09:00", "province": "서울"}
    _, before = ask(f"{base}/api/v1/forecast", **when)
    assert [one["grade"] for one in before["items"]] == [2]
    assert ask(f"{base}/api/v1/forecast", pollutant="no2")[0] == 400
    assert ask(f"{base}/api/v1/forecast", issued="gestern")[1]["error"]["field"] == "issued"


def ahead(context: Context) -> None:
    """Tomorrow and the day after, issued at 17:25, and a weekly notice (no four grades)."""
    late = NOW - 3 * HOUR
    with context.store.write("t") as txn:
        put_forecasts(
            txn,
            [
                notice(NOW - 9 * HOUR, date(2026, 11, 24), ("서울", "보통")),
                notice(
                    late,
                    date(2026, 11, 24),
                    *(("서울", "나쁨"), ("경기남부", "매우나쁨"), ("부산", "예보없음")),
                    ("제주", "<b>"),
                ),
                notice(late, date(2026, 11, 25), ("서울", "좋음")),
                notice(late, date(2026, 11, 26), ("서울", "높음"), kind=WEEKLY),
            ],
        )


def test_the_strip_shows_the_days_ahead_by_choice(context: Context, base: str) -> None:
    fill(context)
    plain = requests.get(f"{base}/strip?pollutant=pm25", timeout=60)
    ahead(context)
    assert requests.get(f"{base}/strip?pollutant=pm25", timeout=60).content == plain.content
    answer = requests.get(f"{base}/strip?pollutant=pm25&days=2", timeout=60)
    assert len(answer.content) < 12 * 1024
    assert "<script" not in answer.text
    assert answer.text.count("<li") == 17
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.split("<body>")[1]))
    assert "서울 A 초미세먼지 내일 C 나쁨 모레 A 좋음" in text
    assert "경기 A 초미세먼지 내일 D 매우나쁨 모레 – 예보 없음" in text
    assert "내일·모레: 에어코리아 예보, 11월 23일(월) 17시 발표" in text
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    known = {"If-None-Match": answer.headers["ETag"]}
    again = requests.get(f"{base}/strip?pollutant=pm25&days=2", headers=known, timeout=60)
    assert again.status_code == 304
    assert answer.headers["Cache-Control"] == plain.headers["Cache-Control"]
    english = requests.get(f"{base}/strip?pollutant=pm25&days=1&lang=en", timeout=60).text
    assert "Tue <i" in english
    assert "Wed <i" not in english


def test_the_strip_s_data_has_the_days_ahead(context: Context, base: str) -> None:
    fill(context)
    ahead(context)
    assert "ahead" not in ask(f"{base}/strip.json", pollutant="pm25")[1]
    _, found = ask(f"{base}/strip.json", pollutant="pm25", days="2")
    assert [one["day"] for one in found["ahead"]] == ["2026-11-24", "2026-11-25"]
    assert found["ahead"][0]["issued_at"] == "2026-11-23T17:25:00+09:00"
    chips = {one["province"]: one["ahead"] for one in found["chips"]}
    assert chips["서울"] == [
        {"day": "2026-11-24", "grade": 3, "letter": "C", "label": "나쁨"},
        {"day": "2026-11-25", "grade": 1, "letter": "A", "label": "좋음"},
    ]
    assert [one["label"] for one in chips["부산"]] == ["예보없음", None]
    assert chips["제주"][0] == {"day": "2026-11-24", "grade": None, "letter": None, "label": "<b>"}
    _, ozone = ask(f"{base}/strip.json", pollutant="o3", days="1")
    assert ozone["ahead"][0]["issued_at"] is None
    assert ozone["chips"][0]["ahead"][0]["grade"] is None


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"days": "3"}, 422, "days"),
        ({"days": "-1"}, 400, "days"),
        ({"days": "²"}, 400, "days"),
        ({"days": "two"}, 400, "days"),
        ({"days": "9" * 400}, 422, "days"),
        ({"days": "1", "pollutant": "no2"}, 400, "pollutant"),
        ({"days": "1", "pollutant": "no2,pm10"}, 400, "pollutant"),
    ],
)
@pytest.mark.parametrize("path", ["strip", "strip.json"])
def test_days_the_strip_cannot_show_are_refused(
    base: str, path: str, given: dict[str, str], status: int, field: str
) -> None:
    told, answer = ask(f"{base}/{path}", **given)
    assert (told, answer["error"]["field"]) == (status, field)


def test_the_route_gives_advisories_in_force_and_of_a_year(context: Context, base: str) -> None:
    def act(word: str, issued: int, cleared: int | None, district: str = "경기") -> Advisory:
        return Advisory(
            pollutant="pm25",
            district=district,
            zone="남부권",
            word=word,
            issued_at=NOW - issued * HOUR,
            cleared_at=None if cleared is None else NOW - cleared * HOUR,
            issue_value=780,
        )

    rows = [act("주의보", 4, None), act("경보", 2, None), act("주의보", 9, 5, "전남광주")]
    with context.store.write("t") as txn:
        put_advisories(txn, rows)
    _, found = ask(f"{base}/api/v1/advisories")
    (one,) = found["items"]
    assert (one["label"], one["level"], one["issue_value"], one["unit"]) == (
        "경보",
        2,
        78.0,
        "µg/m³",
    )
    _, year = ask(f"{base}/api/v1/advisories", year="2026")
    assert len(year["items"]) == 3
    _, jeonnam = ask(f"{base}/api/v1/advisories", year="2026", province="전남")
    assert [row["provinces"] for row in jeonnam["items"]] == [["광주", "전남"]]
    assert ask(f"{base}/api/v1/advisories", year="2025")[1]["items"] == []
    assert ask(f"{base}/api/v1/advisories", year="voriges")[0] == 400


def test_verification_equals_a_plain_recomputation() -> None:
    dice = random.Random(7)
    days = [date(2026, 10, 1) + timedelta(days=n) for n in range(30)]
    notices, said, observed = [], {}, {}
    for day in days:
        for lead in (0, 1, 2):
            for hour in (5, 17):
                grade = dice.randint(1, 4)
                start = datetime(day.year, day.month, day.day, tzinfo=UTC) - 9 * HOUR
                issued = start - timedelta(days=lead) + hour * HOUR
                notices.append(notice(issued, day, ("제주", WORDS[grade - 1])))
                said[day, lead] = grade  # the evening's stands
        if dice.random() < 0.9:
            observed["KR-49", "pm25", day] = dice.randint(1, 4)
    dice.shuffle(notices)
    for score in scores(notices, observed):
        pairs = [
            (said[day, score.lead], observed["KR-49", "pm25", day])
            for day in days
            if ("KR-49", "pm25", day) in observed
        ]
        assert score.days == len(pairs)
        assert score.hits == len([1 for f, o in pairs if f > 2 and o > 2])
        assert score.misses == len([1 for f, o in pairs if f < 3 and o > 2])
        assert score.false_alarms == len([1 for f, o in pairs if f > 2 and o < 3])
        assert score.same_grade == len([1 for f, o in pairs if f == o])
    assert [score.lead for score in scores(notices, observed)] == [0, 1, 2]


def test_the_store_s_days_are_held_against_the_forecasts(context: Context) -> None:
    """24 hours of PM2.5 at 40 µg/m³ are bad by the daily cut points; 30 are not."""
    day = date(2026, 11, 22)
    end = datetime(2026, 11, 22, 15, tzinfo=UTC)
    readings = [
        Reading(
            station=Station(name=f"{name} 하나", sido=name, network=URBAN),
            hour=end - back * HOUR,
            values={"pm25": level},
        )
        for name, level in (("서울", 400), ("부산", 300))
        for back in range(24)
    ]
    write(context, *readings)
    with context.store.write("t") as txn:
        issued = end - 31 * HOUR  # 17:00 of the day before
        put_forecasts(
            txn, [notice(issued, day, ("서울", "보통"), ("부산", "나쁨"), ("제주", "나쁨"))]
        )
    found = forecast_scores(context, day, day)
    told = {one.province.ko: (one.hits, one.misses, one.false_alarms, one.lead) for one in found}
    assert told == {"서울": (0, 1, 0, 1), "부산": (0, 0, 1, 1)}
    assert total(found) == {("pm25", 1): (2, 0, 1, 1, 0)}


def test_days_above_50_are_held_against_their_own_notices(context: Context, base: str) -> None:
    """50.4 µg/m³ is printed as 50, which is not above; a day of few hours is not counted."""
    day, end = date(2026, 11, 22), datetime(2026, 11, 22, 15, tzinfo=UTC)
    levels = (("서울", 505, 24), ("부산", 504, 24), ("인천", 600, 24), ("제주", 900, 6))
    readings = [
        Reading(
            station=Station(name=f"{name} 하나", sido=name, network=URBAN),
            hour=end - back * HOUR,
            values={"pm25": level},
        )
        for name, level, hours in levels
        for back in range(hours)
    ]
    write(context, *readings)
    words = (("서울", "50 초과"), ("부산", "50 초과"), ("인천", "50 이하"), ("제주", "50 초과"))
    issued = end - 31 * HOUR
    with context.store.write("t") as txn:
        put_forecasts(txn, [replace(notice(issued, day, *words), kind=OVER_50)])
    found = over_50_scores(context, day, day)
    told = {one.province.ko: (one.hits, one.misses, one.false_alarms) for one in found}
    assert told == {"서울": (1, 0, 0), "부산": (0, 0, 1), "인천": (0, 1, 0)}
    answer = requests.get(f"{base}/api/v1/forecast/skill", timeout=60).json()
    assert answer["over_50"] == [
        {
            "pollutant": "pm25",
            "lead_days": 1,
            "days": 3,
            "hits": 1,
            "misses": 1,
            "false_alarms": 1,
            "same": 1,
        }
    ]
    # They are no daily notices of four grades.
    assert forecast_scores(context, day, day) == []


CUTS = {"pm10": (30, 80, 150), "pm25": (15, 35, 75)}  # the Korean daily cut points, by hand


def plain_scores(
    said: dict[tuple[str, date, int], dict[str, str]],
    hours: dict[tuple[str, str, date], list[int]],
) -> dict[tuple[str, str, int], tuple[int, int, int, int, int]]:
    """The same count the long way: `said` by pollutant, day and lead, `hours` in tenths."""
    found: dict[tuple[str, str, int], list[int]] = {}
    for (pollutant, day, lead), words in said.items():
        for place in ("서울", "경기", "부산"):
            halves = ["경기남부", "경기북부"] if place == "경기" else [place]
            grades = [WORDS.index(words[one]) + 1 for one in halves if words[one] in WORDS]
            values = hours.get((place, pollutant, day))
            if not grades or not values:
                continue
            forecast = max(grades)
            # Half-up to a whole number, as the standard grades PM.
            mean = int(sum(values) / len(values) / 10 + 0.5)
            observed = 1 + sum(mean > cut for cut in CUTS[pollutant])
            row = found.setdefault((place, pollutant, lead), [0, 0, 0, 0, 0])
            row[0] += 1
            row[1] += forecast > 2 and observed > 2
            row[2] += forecast < 3 and observed > 2
            row[3] += forecast > 2 and observed < 3
            row[4] += forecast == observed
    return {key: (row[0], row[1], row[2], row[3], row[4]) for key, row in found.items()}


def test_the_store_s_verification_equals_a_count_the_long_way(context: Context) -> None:
    """Three provinces, two pollutants, ten days, notices corrected during the day, all random."""
    dice = random.Random(11)
    days = [date(2026, 11, 12) + timedelta(days=n) for n in range(10)]
    readings, hours = [], {}
    for day in days:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - 9 * HOUR
        for place in ("서울", "경기", "부산"):
            levels = {key: dice.choice((90, 250, 500, 1100)) for key in CUTS}
            for hour in range(1, 25):
                # Every hour of a day lies on one side of a cut point, so that rounding is no part.
                values = {key: level + dice.randint(-20, 20) for key, level in levels.items()}
                station = Station(name=f"{place} 하나", sido=place, network=URBAN)
                readings.append(Reading(station=station, hour=start + hour * HOUR, values=values))
                for key, value in values.items():
                    hours.setdefault((place, key, day), []).append(value)
    write(context, *readings)
    said, notices = {}, []
    for key in CUTS:
        for day in days:
            start = datetime(day.year, day.month, day.day, tzinfo=UTC) - 9 * HOUR
            for lead in (0, 1, 2):
                for hour in (5, 11, 17, 23):
                    regions = ("서울", "경기남부", "경기북부", "부산")
                    words = {one: dice.choice((*WORDS, "예보없음")) for one in regions}
                    issued = start - timedelta(days=lead) + hour * HOUR
                    notices.append(notice(issued, day, *words.items(), pollutant=key))
                    said[key, day, lead] = words  # that of 23:00 stands
    dice.shuffle(notices)
    with context.store.write("t") as txn:
        put_forecasts(txn, notices)
    found = {
        (one.province.ko, one.pollutant, one.lead): (
            *(one.days, one.hits, one.misses, one.false_alarms, one.same_grade),
        )
        for one in forecast_scores(context, days[0], days[-1])
    }
    plain = plain_scores(said, hours)
    assert found == plain
    assert len(plain) == 3 * 2 * 3
    assert all(sum(row[part] for row in plain.values()) for part in range(5))


def test_t51_an_ozone_act_is_right_in_answer_rule_and_spells(context: Context, base: str) -> None:
    """Of the fixture: cleared, over midnight, a severe warning and an unknown level in force."""
    rows = json.loads((FIXTURES / "alarm_ozone.json").read_text("utf-8"))
    acts = read_ozone(rows["response"]["body"]["items"]).advisories
    with context.store.write("t") as txn:
        put_advisories(txn, acts)
    _, answer = ask(f"{base}/api/v1/advisories", year="2026")
    told = {one["zone"]: one for one in answer["items"]}
    assert {zone: (one["level"], one["label"]) for zone, one in told.items()} == {
        "중부권": (None, "4"),
        "동북권": (3, "중대경보"),
        "순천시": (1, "주의보"),
        "서부권역": (2, "경보"),
        "서남권": (1, "주의보"),
    }
    suncheon = told["순천시"]
    assert (suncheon["cleared_at"], suncheon["max_value"]) == ("2026-08-03T01:00:00+09:00", 0.139)
    august = parse_instant("2026-08-03T15:00+09:00")
    assert {one.zone for one in advisories_now(context, august)} == {"중부권", "동북권"}
    worst = spells(acts, 3)
    assert [(one.zone, one.end) for one in worst] == [("동북권", None)]
    assert {one.zone for one in spells(acts, 1)} == {*told, "당진시"}
