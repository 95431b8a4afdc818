"""The routes on a real socket, over both engines."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import Reading, Station
from aq.web.api.routes import TABLE
from tests.serving import HOUR_20, SEOUL, fill, make_runtime, served, write

HEADER = "서울 경기 인천 광주 대전 대구 울산 부산 강원 충북 충남 전북 전남 경북 경남 제주 세종"
ORDER = HEADER.split(" ")


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url, AQ_FEEDS__AIRKOREA__KEY="any")
    yield made
    made.store.close()


@pytest.fixture
def base(context: Context) -> Iterator[str]:
    with served(context) as address:
        yield address


def get(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers=headers, timeout=60)


def items(address: str) -> list[dict[str, Any]]:
    answer = get(address)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_current_has_17_items_per_pollutant_in_page_header_order(
    context: Context, base: str
) -> None:
    fill(context)
    found = items(f"{base}/api/v1/current")
    by_key: dict[str, list[str]] = {}
    for item in found:
        by_key.setdefault(item["pollutant"], []).append(item["province"])
    assert set(by_key) == {"pm10", "pm25", "o3", "no2", "so2", "co"}
    assert all(provinces == ORDER for provinces in by_key.values())
    seoul = found[0]
    assert (seoul["value"], seoul["unit"], seoul["letter"]) == (62.0, "µg/m³", "B")
    assert seoul["label"] == "보통"
    assert seoul["observed_at"] == "2026-11-23T20:00:00+09:00"
    assert (seoul["feed"], seoul["kind"], seoul["status"]) == (
        "airkorea",
        "observed",
        "preliminary",
    )
    assert (seoul["stations"], seoul["stations_expected"], seoul["thin"]) == (1, 1, False)
    assert (seoul["stale"], seoul["missing_reason"]) == (False, None)


def test_missing_has_a_reason_and_the_last_value(context: Context, base: str) -> None:
    fill(context)
    found = {item["province"]: item for item in items(f"{base}/api/v1/current?pollutant=pm10")}
    sejong, jeju = found["세종"], found["제주"]
    assert (sejong["value"], sejong["grade"], sejong["letter"]) == (None, None, None)
    assert (sejong["missing_reason"], sejong["missing_detail"]) == ("source_flag", "통신장애")
    assert (jeju["missing_reason"], jeju["value"]) == ("not_received", None)
    assert (jeju["last_value"], jeju["last_at"]) == (62.0, "2026-11-23T19:00:00+09:00")


def test_t22_an_empty_store_gives_17_reasons(base: str) -> None:
    found = items(f"{base}/api/v1/current?pollutant=pm10")
    assert [item["province"] for item in found] == ORDER
    assert {item["missing_reason"] for item in found} == {"no_history"}


@pytest.mark.parametrize(("age", "shown"), [(1, "now"), (2, "late"), (5, "late"), (6, "not")])
def test_t10_an_old_number_is_marked_and_then_not_shown(
    context: Context, base: str, age: int, shown: str
) -> None:
    hour = HOUR_20 - age * HOUR  # it is 20:25
    write(context, *(Reading(station=one, hour=hour, values={"pm10": 400}) for one in SEOUL))
    seoul = items(f"{base}/api/v1/current?pollutant=pm10")[0]
    assert seoul["stale"] is (shown != "now")
    if shown == "not":
        assert (seoul["value"], seoul["grade"], seoul["missing_reason"]) == (None, None, "stale")
        assert seoul["last_value"] == 40.0
    else:
        assert (seoul["value"], seoul["missing_reason"]) == (40.0, None)
        assert seoul["age_hours"] == pytest.approx(age + 25 / 60, abs=0.01)


def test_one_station_of_four_is_thin(context: Context, base: str) -> None:
    write(
        context, *(Reading(station=one, hour=HOUR_20 - HOUR, values={"pm10": 400}) for one in SEOUL)
    )
    write(context, Reading(station=SEOUL[0], hour=HOUR_20, values={"pm10": 400}))
    seoul = items(f"{base}/api/v1/current?pollutant=pm10")[0]
    assert (seoul["stations"], seoul["stations_expected"], seoul["thin"]) == (1, 4, True)


def test_a_fallback_feed_is_labelled_and_ends_by_itself(context: Context, base: str) -> None:
    model = [Reading(province="KR-11", hour=HOUR_20, values={"pm10": 300})]
    write(context, *model, feed="openmeteo")
    seoul = items(f"{base}/api/v1/current?pollutant=pm10")[0]
    assert (seoul["feed"], seoul["kind"], seoul["status"]) == ("openmeteo", "modelled", None)
    assert (seoul["stations"], seoul["stations_expected"]) == (None, None)
    fill(context)
    seoul = items(f"{base}/api/v1/current?pollutant=pm10")[0]
    assert (seoul["feed"], seoul["value"]) == ("airkorea", 62.0)


def test_an_answer_is_known_by_its_etag(context: Context, base: str) -> None:
    fill(context)
    first = get(f"{base}/api/v1/current")
    again = get(f"{base}/api/v1/current", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for seen in (f"W/{first.headers['ETag']}", f'"x", {first.headers["ETag"]}', "*"):
        assert get(f"{base}/api/v1/current", **{"If-None-Match": seen}).status_code == 304
    assert get(f"{base}/api/v1/current", **{"If-None-Match": '"x"'}).status_code == 200
    assert get(f"{base}/healthz", **{"If-None-Match": ""}).status_code == 200
    assert "max-age" in first.headers["Cache-Control"]
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"


def test_history_pages_through_all_hours_once(context: Context, base: str) -> None:
    fill(context)
    query = "province=서울,부산&pollutant=pm10&since=2026-11-22&until=2026-11-23T20:00%2B09:00"
    seen: list[tuple[str, str]] = []
    cursor = ""
    for _ in range(50):
        answer = get(f"{base}/api/v1/history?{query}&limit=7{cursor}").json()
        seen += [(item["at"], item["province"]) for item in answer["items"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={requests.utils.quote(answer['next'])}"
    assert len(seen) == len(set(seen)) == 60
    assert seen == sorted(seen, key=lambda one: (one[0], ORDER.index(one[1])))
    assert seen[0][0] == "2026-11-22T15:00:00+09:00"
    assert seen[-1][0] == "2026-11-23T20:00:00+09:00"


def test_a_range_wider_than_what_is_stored_is_answered_at_once(context: Context, base: str) -> None:
    fill(context, hours=3)
    found = items(f"{base}/api/v1/history?since=1900-01-02&until=2999-12-30&province=서울&limit=50")
    assert len(found) == 3 * 6


def test_history_by_day_and_month_is_pooled(context: Context, base: str) -> None:
    fill(context)
    query = f"{base}/api/v1/history?province=KR-11&pollutant=pm10&since=2026-11-01&until=2026-11-23"
    days = items(f"{query}&grain=day")
    assert [(day["at"], day["value"]) for day in days] == [
        ("2026-11-22", 62.0),
        ("2026-11-23", 62.0),
    ]
    assert [day["coverage"] for day in days] == [round(10 / 24, 3), round(20 / 24, 3)]
    (month,) = items(f"{query}&grain=month")
    assert (month["at"], month["value"]) == ("2026-11", 62.0)
    assert month["coverage"] == round(30 / (24 * 30), 3)


def test_history_as_of_before_the_first_knowledge_is_refused(context: Context, base: str) -> None:
    fill(context)
    query = f"{base}/api/v1/history?since=2026-11-22&until=2026-11-23&as_of=2020-01-01"
    answer = get(query)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "as_of")


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/api/v1/current?pollutant=pm99", 400, "pollutant"),
        ("/api/v1/current?standard=nope", 400, "standard"),
        ("/api/v1/current?polutant=pm10", 400, "polutant"),
        ("/api/v1/current?pollutant=pm10&pollutant=o3", 400, "pollutant"),
        ("/api/v1/history", 400, "since"),
        ("/api/v1/history?since=2026-11-24&until=2026-11-23", 400, "since"),
        ("/api/v1/history?since=2026-02-30&until=2026-11-23", 400, "since"),
        ("/api/v1/history?since=2026-11-22T20:00&until=2026-11-23", 400, "since"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&province=평양", 400, "province"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&grain=week", 400, "grain"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&limit=0", 400, "limit"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&limit=99999", 422, "limit"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&cursor=x", 400, "cursor"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&feed=waqi", 400, "feed"),
        ("/api/v1/current?explain=yes", 400, "explain"),
        ("/api/v1/history?since=0001-01-01&until=2026-11-23", 400, "since"),
        ("/api/v1/history?since=9999-12-31&until=9999-12-31", 400, "since"),
        ("/api/v1/history?since=2026-11-24&until=2026-11-25", 400, "since"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&as_of=2030-01-01", 400, "as_of"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&limit=²", 400, "limit"),
        ("/api/v1/history?since=2026-11-22&until=2026-11-23&province=", 400, "province"),
        ("/api/v1/current?pollutant=", 400, "pollutant"),
        ("/api", 404, None),
        ("/strip?pollutant=x", 400, "pollutant"),
        ("/strip?lang=fr", 400, "lang"),
        ("/api/v1/nothing", 404, None),
        ("/api/anything/else", 404, None),
    ],
)
def test_a_bad_question_is_refused_with_its_field(
    base: str, path: str, status: int, field: str | None
) -> None:
    answer = get(base + path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "field"}
    assert error["field"] == field


def test_the_strip_reads_like_the_page_header(context: Context, base: str) -> None:
    fill(context)
    answer = get(f"{base}/strip")
    html = answer.text
    assert len(answer.content) < 12 * 1024
    assert "<script" not in html
    assert html.count("<li") == 17
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<body>")[1]))
    assert "서울 B 미세먼지" in text
    assert "세종 – 미세먼지" in text
    assert [ORDER.index(name) for name in re.findall(r"<b>([^<]+)</b>", html) if name in ORDER] == [
        *range(17)
    ]
    assert "11월 23일(월) 20시" in text
    assert "에어코리아" in text
    assert "http" not in html.replace('http-equiv="refresh"', "")
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    data = get(f"{base}/strip.json").json()
    assert data["chips"][0]["text"] == "서울 B 미세먼지"


def test_the_strip_says_model_when_modelled(context: Context, base: str) -> None:
    model = [Reading(province="KR-11", hour=HOUR_20, values={"pm10": 300})]
    write(context, *model, feed="openmeteo")
    assert "모델" in get(f"{base}/strip").text
    assert "model" in get(f"{base}/strip?lang=en").text


def test_provinces_feeds_and_health(context: Context, base: str) -> None:
    fill(context)
    assert [one["province"] for one in items(f"{base}/api/v1/provinces")] == ORDER
    feeds = {one["feed"]: one for one in items(f"{base}/api/v1/feeds")}
    assert list(feeds) == ["archive", "airkorea", "seoul", "openmeteo"]
    assert feeds["airkorea"]["next_poll"] == "2026-11-23T20:35:00+09:00"
    health = get(f"{base}/healthz")
    assert health.status_code == 200
    assert health.json()["stale"] == ["openmeteo"]


def test_the_api_describes_itself(base: str) -> None:
    described = get(f"{base}/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert described["paths"].keys() > TABLE.keys()
    for path in TABLE:
        answer = get(f"{base}{path}")
        if path.endswith("{id}.cap"):  # the route is there, an alert of this name is not
            assert answer.status_code == 404
            assert answer.json()["error"]["field"] == "id"
        else:
            assert answer.status_code in (200, 400), path


def test_an_item_explains_itself(context: Context, base: str) -> None:
    fill(context)
    roadside = Station(name="길가", sido="서울", network="도로변대기")
    doubtful = Reading(
        station=SEOUL[0], hour=HOUR_20, values={"pm10": 990}, flags={"pm10": "source:장비점검"}
    )
    write(context, Reading(station=roadside, hour=HOUR_20, values={"pm10": 900}), doubtful)
    seoul = items(f"{base}/api/v1/current?pollutant=pm10&explain=true")[0]["explanation"]
    assert [(one["station"], one["value"], one["part"]) for one in seoul["stations"]] == [
        ("길가", 90.0, "other_network"),
        ("서울 0", 99.0, "flagged"),
        ("서울 하나", 62.0, "counts"),
    ]
    assert seoul["explanation"]["standard"] == "airkorea_1h"
    assert seoul["explanation"]["hash"] == context.standards["airkorea_1h"].hash
    sejong = items(f"{base}/api/v1/current?pollutant=pm10&explain=true")[16]
    assert sejong["explanation"] is None


def test_the_trail_says_what_was_known_and_when(context: Context, base: str) -> None:
    one = SEOUL[0]
    write(context, Reading(station=one, hour=HOUR_20, values={"pm10": 800}))
    write(context, Reading(station=one, hour=HOUR_20, values={"pm10": 810}))
    write(context, Reading(station=one, hour=HOUR_20, values={"pm10": 790}), feed="archive")
    for place in ("서울", "KR-11", one.name):
        found = items(f"{base}/api/v1/readings/{place}/pm10/2026-11-23T20:00+09:00/trail")
        seen = [(one["feed"], one["value"], one["letter"], one["status"]) for one in found]
        assert seen == [
            ("archive", 79.0, "B", "confirmed"),
            ("airkorea", 80.0, "B", "preliminary"),
            ("airkorea", 81.0, "C", "preliminary"),
        ]
        assert [one["known_until"] is None for one in found] == [True, False, True]
        assert found[1]["known_from"] == "2026-11-23T20:25:00+09:00"


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("평양/pm10/2026-11-23T20:00+09:00", 404, "place"),
        ("서울/pm1/2026-11-23T20:00+09:00", 400, "pollutant"),
        ("서울/pm10/2026-11-23T20:00", 400, "at"),
        ("서울/pm10/2026-11-23T20:30+09:00", 400, "at"),
        ("서울/pm10/0001-01-01T00:00+09:00", 400, "at"),
    ],
)
def test_a_trail_of_nothing_is_refused(base: str, path: str, status: int, field: str) -> None:
    answer = get(f"{base}/api/v1/readings/{path}/trail")
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)


def test_nothing_is_written_over_http(context: Context, base: str) -> None:
    fill(context)
    before = context.store.version()
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = requests.request(method, f"{base}/api/v1/current", timeout=60)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert answer.json()["error"]["code"] == "method_not_allowed"
        assert requests.request(method, f"{base}/api/nope", timeout=60).status_code == 404
    assert context.store.version() == before
