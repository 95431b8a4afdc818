"""AirKorea's notices: forecasts and advisories, from recordings in its own form."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aq.domain.advisories import known_level
from aq.domain.clock import kst, kst_iso
from aq.domain.errors import FeedError, FeedReason
from aq.domain.forecasts import GRADES, outlooks
from aq.domain.model import DAILY, WEEKLY, Answer, Payload
from aq.domain.provinces import FORECAST_REGIONS, PROVINCES, district_provinces, provinces_named
from aq.feeds.airkorea import DAYS, DUST, OZONE, WEEK, YELLOW
from aq.feeds.airkorea.advisories import AirKoreaAlarm, read_dust, read_ozone
from aq.feeds.airkorea.forecasts import AirKoreaForecast, issue_time, read_days, read_over_50
from aq.feeds.airkorea.forecasts import read_weeks as read_weeks_of
from aq.feeds.airkorea.paging import NoticeService
from aq.feeds.airkorea.yellow_dust import act_time, read_yellow_dust
from aq.paths import ROOT

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 KST
FIXTURES = ROOT / "tests" / "fixtures" / "official"
SAMPLES = Path(os.environ.get("AQ_SAMPLES", ROOT.parent / "shared" / "feeds" / "samples"))
FORECAST, ALARM = AirKoreaForecast(), AirKoreaAlarm()


def recorded(name: str) -> str:
    return (FIXTURES / name).read_text("utf-8")


def items(name: str) -> list[Any]:
    found: list[Any] = json.loads(recorded(name))["response"]["body"]["items"]
    return found


def sample(name: str) -> list[Path]:
    """A recording beside the project, where there is one."""
    return list(SAMPLES.glob(f"airkorea/{name}"))


def parsed(feed: NoticeService, operation: str, name: str) -> Answer:
    return feed.parse(Payload(operation=operation, text=recorded(name), fetched_at=NOW), NOW)


Getter = Callable[[str, Mapping[str, str]], Payload]


def noting(
    asked: list[tuple[str, dict[str, str]]], text: Callable[[Mapping[str, str]], str]
) -> Getter:
    def get(operation: str, params: Mapping[str, str]) -> Payload:
        asked.append((operation.rsplit("/", 1)[-1], dict(params)))
        return Payload(operation=operation, text=text(params), fetched_at=NOW, params=params)

    return get


def empty(_params: Mapping[str, str]) -> str:
    header = {"resultCode": "00", "resultMsg": "NORMAL_CODE"}
    return json.dumps({"response": {"header": header, "body": {"items": "", "totalCount": 0}}})


def test_t32_t33_a_notice_is_read_region_by_region() -> None:
    answer = parsed(FORECAST, DAYS, "forecast_days.json")
    assert not answer.issues
    assert len(answer.forecasts) == answer.rows == 5
    evening = answer.forecasts[2]
    assert (evening.kind, evening.pollutant, evening.day) == (DAILY, "pm25", date(2026, 11, 24))
    assert kst_iso(evening.issued_at) == "2026-11-23T17:00:00+09:00"
    words = dict(evening.words)
    assert len(words) == 19
    assert (words["경기남부"], words["영동"], words["세종"]) == ("매우나쁨", "좋음", "예보없음")
    assert answer.forecasts[1].overall.splitlines()[1] == "다만 오전에는 짙겠음."


@pytest.mark.parametrize(
    "text",
    ["서울 : 보통,제주 : 매우나쁨", "서울: 보통, 제주: 매우나쁨", "서울:보통 ,제주 :매우 나쁨,"],
)
def test_t33_both_separators_and_both_spellings_are_read(text: str) -> None:
    row = {**items("forecast_days.json")[0], "informGrade": text}
    row["infornOverall"] = row.pop("informOverall")
    (notice,) = read_days([row]).forecasts
    assert notice.words == (("서울", "보통"), ("제주", "매우나쁨"))
    assert notice.overall.startswith("○")
    week = items("forecast_week.json")[0]
    week["presnatnDT"] = week.pop("presnatnDt")
    assert len(read_weeks_of([week]).forecasts) == 4


def test_t32_the_weekly_notice_has_other_names_and_a_confidence_that_is_no_region() -> None:
    answer = parsed(FORECAST, WEEK, "forecast_week.json")
    assert [notice.day.day for notice in answer.forecasts] == [26, 27, 28, 29]
    assert {notice.kind for notice in answer.forecasts} == {WEEKLY}
    third = answer.forecasts[2]
    assert third.confidence == "보통"
    words = dict(third.words)
    assert "신뢰도" not in words
    assert (words["강원영서"], words["강원영동"], words["경기남부"]) == ("높음", "낮음", "높음")
    assert kst_iso(third.issued_at) == "2026-11-23T17:30:00+09:00"
    assert not answer.issues


def test_unknown_words_are_kept_as_text_and_counted() -> None:
    row = {**items("forecast_days.json")[0], "informGrade": "서울 : 아주좋음,독도 : 좋음"}
    answer = read_days([row])
    assert answer.forecasts[0].words == (("서울", "아주좋음"), ("독도", "좋음"))
    assert [(one.kind, one.detail) for one in answer.issues] == [
        ("unknown_region", "독도"),
        ("unknown_grade", "서울 아주좋음"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"dataTime": "어제 발표"},
        {"dataTime": "2026-13-01 05시 발표"},
        {"informData": "2026-02-30"},
        {"informCode": "NO2"},
        {"informGrade": "서울 보통"},
        {"informGrade": None},
    ],
)
def test_an_unreadable_notice_is_left_out_and_reported(change: dict[str, Any]) -> None:
    rows = items("forecast_days.json")
    answer = read_days([{**rows[0], **change}, *rows[1:], None, "통신장애"])
    assert len(answer.forecasts) == len(rows) - 1
    assert [one.kind for one in answer.issues] == ["bad_notice"] * 3


def test_24_oclock_of_an_issue_is_the_next_day() -> None:
    found = issue_time("2026-11-23 24시 발표")
    assert found is not None
    assert kst_iso(found) == "2026-11-24T00:00:00+09:00"
    assert issue_time("2026-11-23 25시 발표") is None


def test_t34_no_ozone_in_winter_is_no_error() -> None:
    answer = parsed(FORECAST, DAYS, "forecast_days.json")
    assert {notice.pollutant for notice in answer.forecasts} == {"pm10", "pm25"}
    assert not answer.issues


def test_every_day_since_the_last_notice_is_asked_for_and_the_week_only_when_it_is_out() -> None:
    asked: list[tuple[str, dict[str, str]]] = []
    before_five = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 17:00 KST
    list(FORECAST.pull(noting(asked, empty), before_five - timedelta(days=1), before_five))
    assert [(name, params["searchDate"]) for name, params in asked] == [
        ("getMinuDustFrcstDspth", "2026-11-22"),
        ("getMinuDustFrcstDspth", "2026-11-23"),
        ("getMinuDustWeekFrcstDspth", "2026-11-22"),
        ("getMinuDustFrcstDspth50Over", "2026-11-22"),
        ("getMinuDustFrcstDspth50Over", "2026-11-23"),
    ]
    assert all("InformCode" not in params for _, params in asked)


def test_t35_advisories_in_force_are_those_without_any_clear_time() -> None:
    answer = parsed(ALARM, DUST, "alarm_dust.json")
    assert not answer.issues
    open_ones = [one for one in answer.advisories if one.cleared_at is None]
    assert [one.number for one in open_ones] == ["302", "303", "304", "306"]
    cleared = answer.advisories[0]
    assert (cleared.issue_value, cleared.clear_value, cleared.word) == (780, 330, "주의보")
    assert kst_iso(cleared.cleared_at or NOW) == "2026-11-23T15:00:00+09:00"


def test_24_oclock_of_an_advisory_is_the_next_day() -> None:
    by_number = {one.number: one for one in parsed(ALARM, DUST, "alarm_dust.json").advisories}
    assert kst_iso(by_number["304"].issued_at) == "2026-11-23T00:00:00+09:00"
    assert kst_iso(by_number["305"].cleared_at or NOW) == "2026-11-23T00:00:00+09:00"


def test_t51_an_ozone_act_has_a_digit_for_its_level_and_ends_by_a_time_of_day() -> None:
    answer = parsed(ALARM, OZONE, "alarm_ozone.json")
    by_number = {one.number: one for one in answer.advisories}
    documented = by_number["40"]
    assert (documented.pollutant, documented.district, documented.zone) == ("o3", "충남", "당진시")
    values = documented.issue_value, documented.clear_value, documented.max_value
    assert values == (1330, 1010, 1330)
    assert kst_iso(documented.issued_at) == "2020-09-28T15:00:00+09:00"
    assert kst_iso(documented.cleared_at or NOW) == "2020-09-28T16:00:00+09:00"
    words = {number: one.word for number, one in by_number.items()}
    assert words == {
        "40": "주의보", "41": "주의보", "42": "경보", "43": "주의보", "44": "중대경보", "45": "4",
    }  # fmt: skip
    over_midnight = by_number["43"].cleared_at
    assert kst_iso(over_midnight or NOW) == "2026-08-03T01:00:00+09:00"
    assert [(one.kind, one.detail) for one in answer.issues] == [("unknown_grade", "4")]
    assert known_level(by_number["45"]) is None


@pytest.mark.parametrize("empty_form", ["", "-", None, " ", "absent"])
def test_t51_an_ozone_act_without_a_clear_time_is_in_force(empty_form: str | None) -> None:
    row = items("alarm_ozone.json")[-1]
    for name in ("clearTime", "clearVal"):
        row.pop(name)
        if empty_form != "absent":
            row[name] = empty_form
    (act,) = read_ozone([row]).advisories
    assert (act.cleared_at, act.clear_value) == (None, None)


@pytest.mark.parametrize(
    ("issue", "clear", "ends"),
    [
        ("15:00", "24:00", "2020-09-29T00:00:00+09:00"),
        ("24:00", "02:00", "2020-09-29T02:00:00+09:00"),
        ("15:00", "15:00", "2020-09-29T15:00:00+09:00"),
        ("15:00", "00:00", "2020-09-29T00:00:00+09:00"),
    ],
)
def test_t51_a_clear_time_that_is_not_after_the_issue_is_the_next_day_s(
    issue: str, clear: str, ends: str
) -> None:
    row = {**items("alarm_ozone.json")[-1], "issueTime": issue, "clearTime": clear}
    row["dataTime"] = row.pop("dataDate")  # the old host's name of the day
    (act,) = read_ozone([row]).advisories
    assert kst_iso(act.cleared_at or NOW) == ends


@pytest.mark.parametrize("level", [2, "2", " 2 ", "02", "２", "경보"])
def test_t51_a_level_is_known_in_any_form_of_its_digit(level: object) -> None:
    answer = read_ozone([{**items("alarm_ozone.json")[-1], "issueLvl": level}])
    assert [act.word for act in answer.advisories] == ["경보"]
    assert answer.issues == ()


@pytest.mark.parametrize("level", ["4", 7, "<b>1</b>", True, [1], 2.5])
def test_t51_a_level_nobody_knows_is_none_of_the_known(level: object) -> None:
    answer = read_ozone([{**items("alarm_ozone.json")[-1], "issueLvl": level}])
    (act,) = answer.advisories
    assert known_level(act) is None
    assert [issue.kind for issue in answer.issues] == ["unknown_grade"]


@pytest.mark.parametrize("clear", ["--:--", "–", "—", ":", "null", "NULL"])
def test_t51_a_clear_time_of_dashes_is_none(clear: str) -> None:
    ozone = {**items("alarm_ozone.json")[-1], "clearTime": clear}
    dust = {**items("alarm_dust.json")[0], "clearDate": clear, "clearTime": clear}
    for answer in (read_ozone([ozone]), read_dust([dust])):
        assert [act.cleared_at for act in answer.advisories] == [None]
        assert answer.issues == ()


def test_one_act_with_several_ends_has_the_latest_in_any_order_and_says_so() -> None:
    row = {**items("alarm_ozone.json")[-1], "issueTime": "14:00"}
    rows = [{**row, "clearTime": clear} for clear in ("9:30", None, "16:00", "15:00")]
    for order in (rows, rows[::-1], [rows[1], rows[0], rows[3], rows[2]]):
        answer = read_ozone(list(order))
        (act,) = answer.advisories
        assert act.cleared_at == act.issued_at + timedelta(hours=19.5)
        assert {issue.kind for issue in answer.issues} == {"duplicate"}
    assert read_ozone([row, row]).issues == ()


def test_a_zone_that_no_name_is_does_not_become_the_whole_district() -> None:
    for zone in ("가" * 61, 7, "남부\x00권"):
        answer = read_ozone([{**items("alarm_ozone.json")[-1], "moveName": zone}])
        assert answer.advisories == ()
        assert [issue.kind for issue in answer.issues] == ["bad_notice"]


def test_a_time_past_the_calendar_is_a_bad_row_of_yellow_dust() -> None:
    rows: list[object] = [{"dataTime": "9999-12-31 24", "tmCnt": "1", "tmArea": "서울"}]
    assert [issue.kind for issue in read_yellow_dust(rows).issues] == ["bad_notice"]


def test_t51_an_ozone_act_without_a_level_is_kept_and_one_without_a_time_is_not() -> None:
    row = items("alarm_ozone.json")[-1]
    kept = read_ozone([{**row, "issueLvl": None}])
    assert [one.word for one in kept.advisories] == [""]
    assert [one.kind for one in kept.issues] == ["unknown_grade"]
    for change in (
        {"clearTime": "내일"},
        {"issueTime": ""},
        {"dataDate": ""},
        {"districtName": ""},
    ):
        left_out = read_ozone([{**row, **change}])
        assert not left_out.advisories
        assert [one.kind for one in left_out.issues] == ["bad_notice"]


@pytest.mark.parametrize(
    "change",
    [
        {"issueTime": "25:00"},
        {"issueDate": "", "dataDate": ""},
        {"clearTime": "내일"},
        {"clearDate": "2026-11-23", "clearTime": ""},
        {"itemCode": "NO2"},
        {"districtName": None},
        {"issueGbn": ""},
    ],
)
def test_an_unreadable_advisory_is_left_out_and_reported(change: dict[str, Any]) -> None:
    rows = items("alarm_dust.json")
    answer = read_dust([{**rows[0], **change}, *rows[1:]])
    assert [one.number for one in answer.advisories] == ["302", "303", "304", "305", "306"]
    assert [one.kind for one in answer.issues] == ["bad_notice"]


def test_an_unknown_kind_of_act_is_kept_as_text_and_counted() -> None:
    row = {**items("alarm_dust.json")[0], "issueGbn": "예비주의보", "issueVal": "많음"}
    answer = read_dust([row])
    assert (answer.advisories[0].word, answer.advisories[0].issue_value) == ("예비주의보", None)
    assert {one.kind for one in answer.issues} == {"unknown_grade", "bad_value"}


def test_t35_both_years_are_asked_for_around_new_year_and_past_a_hundred_rows() -> None:
    row = items("alarm_dust.json")[0]
    header = {"resultCode": "00", "resultMsg": "NORMAL_CODE"}

    def paged(params: Mapping[str, str]) -> str:
        rows = [{**row, "sn": str(number)} for number in range(251)]
        first = (int(params["pageNo"]) - 1) * 100
        body = {"items": rows[first : first + 100], "totalCount": 251, "numOfRows": 100}
        return json.dumps({"response": {"header": header, "body": body}})

    asked: list[tuple[str, dict[str, str]]] = []
    new_year = datetime(2026, 12, 31, 20, tzinfo=UTC)  # 2027-01-01 05:00 KST
    payloads = list(ALARM.pull(noting(asked, paged), new_year - timedelta(days=7), new_year))
    for operation in ("getUlfptcaAlarmInfo", "getOzAdvsryOccrrncInfo"):
        pages = [(p["year"], p["pageNo"]) for name, p in asked if name == operation]
        assert pages == [(y, n) for y in ("2026", "2027") for n in ("1", "2", "3")]
    # At other hours of the day only fine dust, which may be in force over midnight, asks twice.
    asked.clear()
    noon = new_year + timedelta(hours=7)
    list(ALARM.pull(noting(asked, paged), noon - timedelta(days=7), noon))
    years: dict[str, set[str]] = {name.rpartition("/")[2]: set() for name, _ in asked}
    for name, p in asked:
        years[name.rpartition("/")[2]].add(p["year"])
    assert years == {
        "getUlfptcaAlarmInfo": {"2026", "2027"},
        "getOzAdvsryOccrrncInfo": {"2027"},
        "getYlwsndAdvsryOccrrncInfo": {"2027"},
    }
    dust = [one for one in payloads if one.operation == DUST and one.params["year"] == "2027"]
    assert sum(len(ALARM.parse(one, NOW).advisories) for one in dust) == 251


@pytest.mark.parametrize("feed", [FORECAST, ALARM])
def test_a_refusal_carries_the_feed_s_own_name(feed: NoticeService) -> None:
    text = (FIXTURES.parent / "airkorea" / "gateway_30.xml").read_text("utf-8")
    for body in (text, "", "<html></html>", "null"):
        with pytest.raises(FeedError) as caught:
            feed.parse(Payload(operation="S/op", text=body, fetched_at=NOW), NOW)
        assert caught.value.feed == feed.info.name
    found = feed.refusal("S/op", 200, {}, text, NOW)
    assert found is not None
    assert found.reason is FeedReason.KEY_NOT_REGISTERED


def test_yellow_dust_has_a_time_a_round_and_areas_and_nothing_is_made_up() -> None:
    answer = parsed(ALARM, YELLOW, "yellow_dust.json")
    second, first, day_only = answer.yellow_dust
    assert (kst_iso(second.at), second.sequence) == ("2026-04-18T09:00:00+09:00", "2")
    assert (kst_iso(first.at), first.told) == ("2026-04-18T06:00:00+09:00", "202604180600")
    assert kst_iso(day_only.at) == "2026-04-17T00:00:00+09:00"
    assert [one.ko for one in provinces_named(second.areas)] == ["서울", "경기", "인천", "강원"]
    named = [one.ko for one in provinces_named(first.areas)]
    assert named == ["경기", "인천", "광주", "충남", "전남"]
    assert [(one.kind, one.detail) for one in answer.issues] == [("unknown_region", "서해5도")]
    broken = [
        {"dataTime": "어제", "tmArea": "서울"},
        {"dataTime": "20260230", "tmArea": "서울"},
        {},
    ]
    assert [one.kind for one in read_yellow_dust(broken).issues] == ["bad_notice"] * 3


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-04-18 24:00", "2026-04-19T00:00:00+09:00"),
        ("2026.04.18 9", None),
        ("2026041809", "2026-04-18T09:00:00+09:00"),
        ("20260418093015", "2026-04-18T09:30:15+09:00"),
        ("2026-04-18T09:30:15", "2026-04-18T09:30:15+09:00"),
        ("2026-04-18 09:30:15.0", "2026-04-18T09:30:15+09:00"),
        ("2026-04-18 09시 30분", "2026-04-18T09:30:00+09:00"),
        ("2026-04-18 25:00", None),
    ],
)
def test_the_time_of_yellow_dust_is_read_in_every_form_met(text: str, at: str | None) -> None:
    found = act_time(text)
    assert (kst_iso(found) if found else None) == at


def test_over_50_reads_every_region_that_comes() -> None:
    rows = items("forecast_over_50.json")
    notices = read_over_50(rows).forecasts
    assert [one.day.day for one in notices] == [22, 23, 24]
    above = {one.province.ko for one in outlooks(notices[1]) if one.grade == 2}
    assert above == {"서울", "인천", "경기"}
    assert {one.grade for one in outlooks(notices[0])} == {1}
    more = read_over_50([{**rows[0], "gyeonggiBuk50Over": "O", "seoul50Over": "0"}])
    assert {one.kind for one in more.issues} == {"unknown_region", "unknown_grade"}
    assert dict(more.forecasts[0].words)["gyeonggiBuk50Over"] == "50 초과"
    assert dict(more.forecasts[0].words)["서울"] == "0"


def test_districts_lie_in_provinces() -> None:
    assert [one.ko for one in district_provinces("경기")] == ["경기"]
    assert [one.ko for one in district_provinces("전남광주")] == ["광주", "전남"]
    assert not district_provinces("독도")
    covered = {one for provinces in FORECAST_REGIONS.values() for one in provinces}
    assert covered == set(PROVINCES)


# Recordings that the project may not carry are read where they lie beside it.
def test_t32_the_recorded_notice_of_2016() -> None:
    for path in sample("old_host_getMinuDustFrcstDspth_2016-04-01.json"):
        rows = json.loads(path.read_text("utf-8"))["list"]
        answer = read_days(rows)
        assert len(answer.forecasts) == 14
        assert not answer.issues
        for row, notice in zip(rows, answer.forecasts, strict=True):
            assert len(notice.words) == 19
            for region, word in notice.words:
                assert f"{region} : {word}" in row["informGrade"].split(",")
                assert word in GRADES[DAILY]
        (pm10,) = [
            one
            for one in answer.forecasts
            if (one.pollutant, one.day, kst(one.issued_at).hour) == ("pm10", date(2016, 4, 1), 11)
        ]
        bad = [region for region, word in pm10.words if word == "나쁨"]
        assert bad == ["부산", "울산", "경남", "광주", "전북", "전남", "제주"]
        assert dict(pm10.words)["세종"] == "예보없음"


def test_t32_the_recorded_weekly_notice_of_2023() -> None:
    for path in sample("getMinuDustWeekFrcstDspth_2023-01-30_items.json"):
        answer = read_weeks_of(json.loads(path.read_text("utf-8")))
        assert not answer.issues
        high = {
            notice.day.isoformat(): [region for region, word in notice.words if word == "높음"]
            for notice in answer.forecasts
        }
        assert high == {
            "2023-02-02": [],
            "2023-02-03": [],
            "2023-02-04": ["인천", "경기남부", "충남"],
            "2023-02-05": ["인천", "경기남부", "충남", "충북"],
        }
        assert [notice.confidence for notice in answer.forecasts] == [
            "높음",
            "보통",
            "보통",
            "보통",
        ]


def test_t51_the_documented_ozone_act() -> None:
    for path in sample("../contracts/getOzAdvsryOccrrncInfo_documented_row.json"):
        payload = Payload(operation=OZONE, text=path.read_text("utf-8"), fetched_at=NOW)
        answer = ALARM.parse(payload, NOW)
        (own,) = [
            one for one in parsed(ALARM, OZONE, "alarm_ozone.json").advisories if one.number == "40"
        ]
        assert answer.advisories == (replace(own, number="296"),)
        assert not answer.issues


def test_t35_the_documented_advisories_of_2020() -> None:
    for path in sample("getUlfptcaAlarmInfo_2020_documented_rows.json"):
        payload = Payload(operation=DUST, text=path.read_text("utf-8"), fetched_at=NOW)
        answer = ALARM.parse(payload, NOW)
        assert [(one.district, one.zone, one.pollutant) for one in answer.advisories] == [
            ("경기", "남부권", "pm25"),
            ("전북", "정읍권역", "pm10"),
        ]
        assert all(one.cleared_at is not None for one in answer.advisories)
