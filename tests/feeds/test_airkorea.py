"""AirKorea's answers: rows, stations, shapes and refusals, from recordings in its own form."""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import URBAN, Answer, Payload, Reading
from aq.domain.pollutants import pollutants
from aq.feeds.airkorea.client import (
    MAX_PAGES,
    PAGE_ROWS,
    PROVINCE_MEANS,
    REALTIME,
    STATION_HISTORY,
    STATIONS,
    AirKorea,
)
from aq.paths import ROOT

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 KST
HOUR_20 = datetime(2026, 11, 23, 11, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)
FIXTURES = ROOT / "tests" / "fixtures" / "airkorea"
FEED = AirKorea()


def recorded(name: str) -> str:
    return (FIXTURES / name).read_text("utf-8")


def items(name: str = "realtime.json") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(recorded(name))["response"]["body"]["items"]
    return found


def envelope(rows: object, **body: object) -> str:
    header = {"resultCode": "00", "resultMsg": "NORMAL_CODE"}
    return json.dumps({"response": {"header": header, "body": {"items": rows} | body}})


def parse(text: str, operation: str = REALTIME, **params: str) -> Answer:
    payload = Payload(operation=operation, text=text, fetched_at=NOW, params=params)
    return FEED.parse(payload, NOW)


def only(change: Mapping[str, object]) -> Answer:
    """The answer to one good row with `change` in it."""
    return parse(envelope([items()[0] | change]))


def by_name(answer: Answer) -> dict[str, Reading]:
    return {
        f"{one.station.sido} {one.station.name}": one
        for one in answer.readings
        if one.station is not None
    }


def test_a_row_is_read_whole() -> None:
    found = by_name(parse(recorded("realtime.json")))["서울 가온동"]
    assert found.hour == HOUR_20
    assert found.values == {"pm10": 340, "pm25": 140, "o3": 213, "no2": 187, "so2": 26, "co": 41}
    assert found.flags == {}
    assert found.station is not None
    assert (found.station.code, found.station.network) == ("911001", URBAN)


def test_t01_rows_count_and_a_total_of_0_does_not() -> None:
    answer = parse(recorded("realtime.json"))
    assert json.loads(recorded("realtime.json"))["response"]["body"]["totalCount"] == 0
    assert answer.rows == len(answer.readings) == len(items())
    assert {"전남광주 서석", "전남광주 빛고을"} <= set(by_name(answer))


def test_t02_24_00_is_the_next_days_midnight() -> None:
    found = by_name(parse(recorded("realtime.json")))["경기 마루동"]
    assert found.hour == datetime(2026, 11, 22, 15, tzinfo=UTC)


def test_t02_two_spellings_of_one_instant_are_one_hour() -> None:
    row = items()[0]
    late, early = row | {"dataTime": "2026-11-22 24:00"}, row | {"dataTime": "2026-11-23 00:00"}
    same = parse(envelope([late, early]))
    assert (len(same.readings), same.issues) == (1, ())
    other = parse(envelope([late, early | {"pm10Value": "99"}]))
    assert [issue.kind for issue in other.issues] == ["duplicate"]
    assert other.readings[0].values["pm10"] == 990


def test_t03_value_grade_and_flag_are_kept_apart() -> None:
    found = by_name(parse(recorded("realtime.json")))
    down, young = found["서울 나래동"], found["서울 다솜동"]
    assert down.values == {}
    assert down.flags == dict.fromkeys(pollutants(), "source:통신장애")
    assert down.upstream is not None
    assert down.upstream.grades == {"pm10": 1}
    assert (down.upstream.khai, down.upstream.pm10_24h) == (None, None)
    assert young.values["pm10"] == 70
    assert young.upstream is not None
    assert "pm10" not in young.upstream.grades
    assert young.upstream.khai is None


def test_t04_the_grade_of_the_hour_and_of_24_hours_differ() -> None:
    upstream = by_name(parse(recorded("realtime.json")))["서울 가온동"].upstream
    assert upstream is not None
    assert (upstream.grades["pm25"], upstream.grades["pm25_1h"]) == (2, 1)
    assert (upstream.pm10_24h, upstream.pm25_24h) == (36, 17)
    assert (upstream.khai, upstream.khai_grade) == (58, 2)


@pytest.mark.parametrize("grade", ["-1", "-", "", None])
def test_t03_a_grade_of_minus_one_is_missing(grade: str | None) -> None:
    answer = only({"pm10Grade": grade, "khaiGrade": grade, "khaiValue": grade})
    upstream = answer.readings[0].upstream
    assert upstream is not None
    assert "pm10" not in upstream.grades
    assert (upstream.khai, upstream.khai_grade) == (None, None)
    assert answer.issues == ()


@pytest.mark.parametrize("grade", ["0.5", "7", "좋음", "1e400", [1]])
def test_a_grade_that_is_none_is_reported(grade: object) -> None:
    answer = only({"pm10Grade": grade})
    assert [issue.kind for issue in answer.issues] == ["bad_value"]
    assert answer.readings[0].values["pm10"] == 340


def test_t05_no_pm25_key_at_all_is_loud() -> None:
    rows = items()
    for row in rows:
        for key in [key for key in row if key.startswith("pm25")]:
            del row[key]
    with pytest.raises(FeedError, match="pm25Value") as caught:
        parse(envelope(rows))
    assert caught.value.reason is FeedReason.NOT_UNDERSTOOD
    assert parse(envelope([rows[0], items()[1]])).rows == 2


def test_t05_t24_the_call_asks_for_everything() -> None:
    asked: list[tuple[str, Mapping[str, str]]] = []

    def get(operation: str, params: Mapping[str, str]) -> Payload:
        asked.append((operation, params))
        return Payload(operation=operation, text=recorded("realtime.json"), fetched_at=NOW)

    assert len(list(FEED.pull(get, NOW - timedelta(hours=1), NOW))) == 1
    ((operation, params),) = asked
    assert operation == REALTIME
    expected = {"sidoName": "전국", "ver": "1.5", "numOfRows": "1000", "returnType": "json"}
    assert params == expected | {"pageNo": "1"}


def test_t06_t07_each_station_keeps_its_own_hour_and_network() -> None:
    answer = parse(recorded("realtime.json"))
    found = by_name(answer)
    networks = {one.station.network for one in found.values() if one.station is not None}
    assert networks == {URBAN, "도로변대기", "항만"}
    dead = found["제주 사라동"]
    assert dead.hour == datetime(2025, 10, 20, 7, tzinfo=UTC)
    assert dead.values == {}


@pytest.mark.parametrize("cell", ["-", "", None, " - ", "-999", "-999.000"])
def test_t08_t57_missing_is_absent_and_never_zero(cell: str | None) -> None:
    answer = only({"pm10Value": cell})
    assert "pm10" not in answer.readings[0].values
    assert answer.issues == ()


def test_t08_zero_is_a_value() -> None:
    assert by_name(parse(recorded("realtime.json")))["경기 마루동"].values["pm25"] == 0


def test_t09_a_number_next_to_a_flag_is_kept_and_flagged() -> None:
    found = by_name(parse(recorded("realtime.json")))["서울 라온로"]
    assert (found.values["pm10"], found.flags["pm10"]) == (4120, "source:점검및교정")
    assert (found.values["o3"], found.flags["o3"]) == (1, "source:자료이상")
    assert set(found.flags) == {"pm10", "o3"}


@pytest.mark.parametrize("flag", [None, "", "-", " "])
def test_t09_no_flag_in_all_its_spellings(flag: str | None) -> None:
    assert only({"pm10Flag": flag}).readings[0].flags == {}


def test_t33_the_blanks_of_the_tables_do_not_make_another_flag() -> None:
    one, other = only({"pm10Flag": "점검 및 교정"}), only({"pm10Flag": "점검및교정"})
    assert one.readings[0].flags == other.readings[0].flags


def test_t10_a_day_ahead_is_not_stored() -> None:
    answer = only({"dataTime": "2026-11-24 20:00"})
    assert answer.readings == ()
    assert [issue.kind for issue in answer.issues] == ["future"]
    assert len(only({"dataTime": "2026-11-23 21:00"}).readings) == 1


def test_t11_more_pm25_than_pm10_stays() -> None:
    assert by_name(parse(recorded("realtime.json")))["경기 중앙동(가람)"].values["pm25"] == 250


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("나쁨", "bad_value"),
        ("1e400", "bad_value"),
        ("1e12", "bad_value"),
        ("NaN", "bad_value"),
        ("Infinity", "bad_value"),
        ("٣٤", "bad_value"),
        ("9" * 5000, "bad_value"),
        (True, "bad_value"),
        ({"a": 1}, "bad_value"),
        ("-1", "negative_value"),
        ("-0.001", "negative_value"),
    ],
)
def test_a_bad_value_costs_itself_alone(cell: object, kind: str) -> None:
    answer = only({"pm10Value": cell})
    assert [issue.kind for issue in answer.issues] == [kind]
    assert len(answer.issues[0].detail) < 120
    assert answer.readings[0].values["pm25"] == 140
    assert "pm10" not in answer.readings[0].values


@pytest.mark.parametrize("cell", ["", "-", " - ", "--", "–", "−", "null", "NULL", None])
def test_t08_a_dash_of_any_kind_is_no_value_and_no_flag(cell: object) -> None:
    answer = only({"pm10Value": cell, "pm25Flag": cell})
    assert (answer.issues, answer.readings[0].flags) == ((), {})
    assert "pm10" not in answer.readings[0].values
    assert answer.readings[0].values["pm25"] == 140


@pytest.mark.parametrize("word", ["통신장애", "점검 및 교정", "장비점검", "자료이상"])
def test_t09_a_flag_s_word_in_place_of_a_value_is_the_flag(word: str) -> None:
    answer = only({"pm10Value": word, "pm10Flag": None})
    assert answer.issues == ()
    assert answer.readings[0].flags == {"pm10": "source:" + word.replace(" ", "")}


def test_bare_json_numbers_are_read_exactly() -> None:
    text = envelope([items()[0]]).replace('"0.0213"', "0.02130").replace('"34"', "34")
    assert parse(text).readings[0].values["o3"] == 213
    for word in ("NaN", "1e400", "-Infinity", "9" * 5000):
        broken = parse(text.replace('"pm10Value": 34', f'"pm10Value": {word}'))
        assert "pm10" not in broken.readings[0].values
        assert broken.issues


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"stationName": None}, "bad_station"),
        ({"stationName": "가" * 500}, "bad_station"),
        ({"stationName": "가\x00나"}, "bad_station"),
        ({"stationName": "\ud800"}, "bad_station"),
        ({"dataTime": None}, "bad_time"),
        ({"dataTime": "2026-11-23 24:01"}, "bad_time"),
        ({"dataTime": "2026-02-30 10:00"}, "bad_time"),
        ({"dataTime": "9999-12-31 24:00"}, "bad_time"),
        ({"dataTime": "어제"}, "bad_time"),
    ],
)
def test_a_bad_row_is_skipped_and_reported(change: Mapping[str, object], kind: str) -> None:
    good = items()[4]
    answer = parse(envelope([items()[0] | change, "not a row", good]))
    assert sorted(issue.kind for issue in answer.issues) == sorted([kind, "bad_row"])
    assert (answer.rows, len(answer.readings)) == (3, 1)


def test_t31_the_same_name_in_two_provinces_is_two_stations() -> None:
    rows = [row for row in items() if row["stationName"] == "고운"]
    assert len(parse(envelope(rows)).readings) == 2
    for row in rows:
        row["stationCode"] = ""
    found = by_name(parse(envelope(rows)))
    assert set(found) == {"강원 고운", "경남 고운"}
    assert found["경남 고운"].values["pm10"] == 550


def test_t55_a_row_whose_every_field_is_null_is_a_station_that_reported_nothing() -> None:
    """Some ten in every recorded answer of 2025: names, and not even a time."""
    names = {"sidoName", "stationName", "mangName", "stationCode"}
    dead = {name: cell if name in names else None for name, cell in items()[0].items()}
    answer = parse(envelope([dead, items()[4]]))
    assert [issue.kind for issue in answer.issues] == ["silent_station"]
    assert (answer.rows, len(answer.readings)) == (2, 1)


@pytest.mark.parametrize("rows", [[], "", None, {"item": []}])
def test_t20_empty_is_an_answer(rows: object) -> None:
    assert parse(envelope(rows)) == Answer(rows=0)


def test_t20_no_data_is_an_answer() -> None:
    text = '{"response":{"header":{"resultCode":"03","resultMsg":"NODATA_ERROR"}}}'
    assert parse(text) == Answer(rows=0)


def test_t20_one_object_or_items_within_items() -> None:
    row = items()[0]
    expected = parse(envelope([row]))
    assert expected.rows == 1
    assert parse(envelope(row)) == parse(envelope({"item": [row]})) == expected
    assert parse(envelope({"item": row})) == expected


def test_t19_only_the_code_tells_success() -> None:
    text = recorded("realtime.json").replace("NORMAL_CODE", "NORMAL SERVICE.")
    assert parse(text) == parse(recorded("realtime.json"))


def test_xml_says_the_same_as_json() -> None:
    rows = items()[:2]
    assert parse(recorded("realtime.xml")) == parse(envelope(rows))


def test_xml_that_would_blow_up_is_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><response>&c;</response>'
    with pytest.raises(FeedError) as caught:
        parse(bomb)
    assert caught.value.reason is FeedReason.NOT_UNDERSTOOD


class Pages:
    """Upstream with `total` rows that gives at most `cap` a page and claims `claimed`."""

    def __init__(self, total: int, cap: int, claimed: int) -> None:
        self.rows = [
            items()[0] | {"stationName": f"동{n}", "stationCode": ""} for n in range(total)
        ]
        self.cap, self.claimed = cap, claimed
        self.calls = 0

    def get(self, operation: str, params: Mapping[str, str]) -> Payload:
        self.calls += 1
        size = min(self.cap, int(params["numOfRows"]))
        first = (int(params["pageNo"]) - 1) * size
        page = self.rows[first : first + size]
        text = envelope(page, totalCount=self.claimed, numOfRows=size, pageNo=params["pageNo"])
        return Payload(operation=operation, text=text, fetched_at=NOW)


@pytest.mark.parametrize(
    ("total", "cap", "claimed", "calls"),
    [
        (650, 1000, 650, 1),
        (650, 1000, 0, 1),
        (1000, 1000, 0, 2),
        (1300, 1000, 0, 2),
        (1300, 1000, 1000, 2),
        (650, 100, 650, 7),
        (650, 100, 0, 7),
        (0, 1000, 0, 1),
        (0, 1000, 650, 1),
    ],
)
def test_t24_pages_go_on_by_the_rows_that_come(
    total: int, cap: int, claimed: int, calls: int
) -> None:
    upstream = Pages(total, cap, claimed)
    found = [FEED.parse(payload, NOW) for payload in FEED.pull(upstream.get, NOW, NOW)]
    assert sum(answer.rows for answer in found) == total
    assert upstream.calls == calls


def test_a_server_that_ignores_the_page_number_is_left() -> None:
    text = envelope([items()[0]] * PAGE_ROWS, totalCount=5000)
    calls: list[str] = []

    def get(operation: str, params: Mapping[str, str]) -> Payload:
        calls.append(params["pageNo"])
        return Payload(operation=operation, text=text, fetched_at=NOW)

    assert len(list(FEED.pull(get, NOW, NOW))) == 1
    assert calls == ["1", "2"]


def test_pages_without_end_are_bounded() -> None:
    upstream = Pages(50 * PAGE_ROWS, PAGE_ROWS, 0)
    assert len(list(FEED.pull(upstream.get, NOW, NOW))) == MAX_PAGES


def test_t30_t36_the_station_list() -> None:
    stations = parse(recorded("stations.json"), STATIONS).stations
    seen = [(one.sido, one.name) for one in stations]
    assert seen == [
        ("서울", "가온동"),
        ("경기", "마루동"),
        ("전남광주", "서석"),
        ("전남광주", "빛고을"),
        ("강원", "고운"),
        ("경남", "고운"),
        ("제주", "사라동"),
    ]
    turned, plain, without = stations[1], stations[0], stations[-1]
    assert (turned.latitude, turned.longitude) == (37.4095, 127.2551)
    assert (plain.latitude, plain.longitude) == (37.5712, 126.9911)
    assert (without.latitude, without.year) == (None, None)
    assert plain.items == ("so2", "co", "o3", "no2", "pm10", "pm25")
    assert stations[2].items == ("pm10", "pm25")
    assert plain.year == 1998


@pytest.mark.parametrize("position", [("199000.1", "451000.2"), ("37.5", "38.5"), ("north", "1")])
def test_t36_what_is_no_place_in_korea_is_reported(position: tuple[str, str]) -> None:
    row = items("stations.json")[0] | {"dmX": position[0], "dmY": position[1]}
    answer = parse(envelope([row]), STATIONS)
    assert (answer.stations[0].latitude, answer.stations[0].longitude) == (None, None)
    assert [issue.kind for issue in answer.issues] == ["bad_position"]


def test_a_nameless_station_is_reported() -> None:
    answer = parse(envelope([{"addr": "서울"}, 7]), STATIONS)
    assert [issue.kind for issue in answer.issues] == ["bad_station"] * 2


def test_the_history_of_one_station() -> None:
    asked: list[tuple[str, Mapping[str, str]]] = []

    def get(operation: str, params: Mapping[str, str]) -> Payload:
        asked.append((operation, params))
        text = recorded("station_history.json")
        return Payload(operation=operation, text=text, fetched_at=NOW, params=params)

    (payload,) = FEED.pull_station_history(get, "중앙동(가람)", "MONTH")
    assert asked[0][0] == STATION_HISTORY
    assert {"stationName": "중앙동(가람)", "dataTerm": "MONTH", "ver": "1.5"}.items() <= (
        asked[0][1].items()
    )
    readings = FEED.parse(payload, NOW).readings
    assert {one.station.name for one in readings if one.station} == {"중앙동(가람)"}
    assert max(one.hour for one in readings) == datetime(2026, 11, 22, 15, tzinfo=UTC)
    with pytest.raises(ValueError, match="3MONTH"):
        list(FEED.pull_station_history(get, "중앙동(가람)", "YEAR"))


def test_province_means() -> None:
    def get(operation: str, params: Mapping[str, str]) -> Payload:
        text = recorded("province_means.json")
        return Payload(operation=operation, text=text, fetched_at=NOW, params=params)

    (payload,) = FEED.pull_province_means(get, "pm10", "WEEK")
    assert payload.operation == PROVINCE_MEANS
    expected = {"itemCode": "PM10", "dataGubun": "HOUR", "searchCondition": "WEEK"}
    assert expected.items() <= payload.params.items()
    readings = FEED.parse(payload, NOW).readings
    assert len(readings) == 17 + 15
    (seoul,) = [one for one in readings if one.province == "KR-11" and one.hour == HOUR_20]
    assert seoul.values == {"pm10": 200}
    assert {one.province for one in readings if one.hour < HOUR_20}.isdisjoint({"KR-29", "KR-46"})


_CELLS = st.none() | st.booleans() | st.text(max_size=8) | st.integers() | st.floats() | st.just([])
_KEYS = sorted(items()[0])


@given(st.lists(st.dictionaries(st.sampled_from(_KEYS), _CELLS), max_size=5))
def test_any_row_is_read_or_reported(changes: list[dict[str, object]]) -> None:
    rows = [deepcopy(items()[0]) | change for change in changes]
    answer = parse(envelope([*rows, items()[4]]))
    assert answer.rows == len(rows) + 1
    assert len(answer.readings) + len(answer.issues) >= 1
    for one in answer.readings:
        assert all(0 <= value < 2**31 for value in one.values.values())
        assert one.station is not None
        one.station.name.encode()
