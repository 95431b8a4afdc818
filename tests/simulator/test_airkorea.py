"""The simulator's AirKorea protocol over a real socket."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pytest
import requests
from defusedxml import ElementTree

from aq.domain.clock import HOUR, Clock, parse_hour
from aq.domain.model import URBAN, Payload
from aq.domain.pollutants import pollutants
from aq.domain.provinces import PROVINCES, by_address, province_of
from aq.feeds.airkorea.client import AirKorea as AirKoreaFeed
from aq.simulator.cai import predicted
from aq.simulator.server import SimulatorServer
from aq.simulator.world import DEAD_SINCE, MERGED_SINCE, World, history
from tests.simulating import CALLS, COUNT, LIST, MEANS, REALTIME, STATION, ask, body, model

pytest_plugins = ("tests.simulator_fixtures",)


def test_real_time_answers_every_station_and_says_that_it_is_simulated(
    server: SimulatorServer,
) -> None:
    answer = ask(server, REALTIME, sidoName="전국")
    assert answer.headers["X-AQ-Simulated"] == "1"
    found = answer.json()["response"]["body"]
    assert found["totalCount"] == len(found["items"]) == COUNT
    assert (found["pageNo"], found["numOfRows"]) == (1, 1000)
    for item in found["items"]:
        assert all(value is None or isinstance(value, str) for value in item.values())


COMMON_FIELDS = {
    *("stationName", "sidoName", "dataTime", "khaiValue", "khaiGrade"),
    *(f"{key}{end}" for key in pollutants() if key != "pm25" for end in ("Value", "Grade", "Flag")),
}
ADDED = {
    "1.0": {"pm25Value", "pm25Grade", "pm25Flag"},
    "1.1": {"pm10Value24", "pm25Value24"},
    "1.2": {"mangName"},
    "1.3": {"pm10Grade1h", "pm25Grade1h"},
    "1.4": {"stationCode"},
    "1.5": set[str](),
}


@pytest.mark.parametrize("ver", ["", *ADDED])
def test_t05_fields_come_with_ver(server: SimulatorServer, ver: str) -> None:
    expected = COMMON_FIELDS.union(*(new for at, new in ADDED.items() if at <= ver))
    for item in body(server, REALTIME, sidoName="서울", ver=ver)["items"]:
        assert set(item) == expected


def test_ver_15_prints_one_digit_more_of_the_gases(server: SimulatorServer) -> None:
    fine = body(server, REALTIME, sidoName="경기")["items"]
    coarse = body(server, REALTIME, sidoName="경기", ver="1.4")["items"]
    digits = {"o3": 4, "no2": 4, "so2": 4, "co": 2}
    for one, other in zip(fine, coarse, strict=True):
        for key, number in digits.items():
            if one[f"{key}Value"] != "-":
                assert len(one[f"{key}Value"].split(".")[1]) == number
                assert len(other[f"{key}Value"].split(".")[1]) == number - 1
                near = abs(float(one[f"{key}Value"]) - float(other[f"{key}Value"]))
                assert near <= 0.5001 * 10 ** (1 - number)
        assert one["pm10Value"] == other["pm10Value"]


def test_t24_ten_rows_come_when_no_number_is_asked_for(server: SimulatorServer) -> None:
    params = {"serviceKey": "k", "sidoName": "전국"}
    answer = requests.get(f"{server.airkorea_url}/{REALTIME}", params=params, timeout=60)
    assert answer.headers["Content-Type"].startswith("application/xml")
    root = ElementTree.fromstring(answer.content)
    assert root.findtext("header/resultCode") == "00"
    assert root.findtext("header/resultMsg") == "NORMAL SERVICE."
    assert len(root.findall("body/items/item")) == 10
    assert [child.tag for child in root[1]] == ["items", "numOfRows", "pageNo", "totalCount"]
    assert root.findtext("body/totalCount") == str(COUNT)


def test_pages_together_are_the_whole(server: SimulatorServer) -> None:
    whole = body(server, REALTIME, sidoName="전국")["items"]
    pages = [
        body(server, REALTIME, sidoName="전국", numOfRows=50, pageNo=number)["items"]
        for number in (1, 2, 3, 4)
    ]
    assert [len(page) for page in pages] == [50, 50, COUNT - 100, 0]
    assert [item for page in pages for item in page] == whole


def test_xml_and_json_say_the_same(server: SimulatorServer) -> None:
    items = body(server, REALTIME, sidoName="부산")["items"]
    root = ElementTree.fromstring(ask(server, REALTIME, sidoName="부산", returnType="xml").content)
    read = [{cell.tag: cell.text for cell in item} for item in root.iter("item")]
    assert read == items


@pytest.mark.parametrize(
    ("minute", "hour"), [("20:05", "19:00"), ("20:16", "19:00"), ("20:20", "20:00")]
)
def test_t26_an_hour_appears_at_seventeen_past(
    server: SimulatorServer, minute: str, hour: str
) -> None:
    server.clock = Clock.from_text(f"2026-11-23T{minute}+09:00")
    times = Counter(item["dataTime"] for item in body(server, REALTIME, sidoName="전국")["items"])
    assert times.most_common(1)[0][0] == f"2026-11-23 {hour}"


def test_t02_midnight_is_the_24_00_of_the_day_before(server: SimulatorServer) -> None:
    server.clock = Clock.from_text("2027-01-01T00:30+09:00")
    items = body(server, REALTIME, sidoName="대전")["items"]
    assert {item["dataTime"] for item in items} == {"2026-12-31 24:00"}
    assert parse_hour("2026-12-31 24:00") == datetime(2026, 12, 31, 15, tzinfo=UTC)


def test_t07_a_dead_station_keeps_its_hour_and_a_hasty_one_is_ahead(
    server: SimulatorServer, world: World
) -> None:
    assert world.dead is not None
    assert world.ahead is not None
    dead, hasty = world.sites[world.dead].code, world.sites[world.ahead].code
    seen = set()
    for hour in range(8, 20):
        server.clock = Clock.from_text(f"2026-11-23T{hour:02d}:57+09:00")
        rows = {
            item["stationCode"]: item for item in body(server, REALTIME, sidoName="전국")["items"]
        }
        assert parse_hour(rows[dead]["dataTime"]) == DEAD_SINCE
        assert rows[dead]["pm10Value"] == rows[dead]["khaiValue"] == "-"
        seen.add(int(rows[hasty]["dataTime"][11:13]) - hour)
        others = {row["dataTime"] for code, row in rows.items() if code not in (dead, hasty)}
        assert others == {f"2026-11-23 {hour:02d}:00"}
    assert seen == {0, 1}


@pytest.mark.parametrize("returned", ["json", "xml"])
def test_a_call_without_key_is_refused_in_xml(server: SimulatorServer, returned: str) -> None:
    answer = ask(server, REALTIME, sidoName="서울", serviceKey="", returnType=returned)
    assert answer.status_code == 200
    assert ElementTree.fromstring(answer.content).findtext(".//returnReasonCode") == "20"


def test_a_wrong_key_is_refused_where_one_is_set(server: SimulatorServer) -> None:
    server.key = "a+b/c=="
    assert b"<returnReasonCode>30<" in ask(server, REALTIME, sidoName="서울").content
    assert body(server, REALTIME, sidoName="서울", serviceKey="a+b/c==")["items"]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"sidoName": "서울", "numOfRows": "0"},
        {"sidoName": "서울", "pageNo": "x"},
        {"sidoName": "서울", "pageNo": "9" * 5000},
    ],
)
def test_bad_parameters_are_refused_with_code_10(
    server: SimulatorServer, params: Mapping[str, str]
) -> None:
    answer = ask(server, REALTIME, **params)
    assert answer.status_code == 400
    header = answer.json()["OpenAPI_ServiceResponse"]["cmmMsgHeader"]
    assert header["returnReasonCode"] == "10"


def test_unknown_operations_and_paths_are_not_found(server: SimulatorServer) -> None:
    answer = ask(server, "ArpltnStatsSvc/getMsrstnAcctoRmmrg")
    assert (answer.status_code, b">12<" in answer.content) == (404, True)
    lost = requests.get(f"{server.url}/elsewhere", timeout=60)
    assert (lost.status_code, lost.headers["X-AQ-Simulated"]) == (404, "1")


def test_only_short_names_are_known(server: SimulatorServer) -> None:
    assert body(server, REALTIME, sidoName="서울특별시")["items"] == []


def test_t01_gwangju_and_jeonnam_are_one_from_july_2026(server: SimulatorServer) -> None:
    server.clock = Clock.from_text("2026-06-30T23:30+09:00")
    before = {name: body(server, REALTIME, sidoName=name)["items"] for name in ("광주", "전남")}
    assert {item["sidoName"] for item in before["광주"]} == {"광주"}
    assert body(server, REALTIME, sidoName="전남광주")["items"] == []
    server.clock = Clock.from_text("2026-07-01T00:30+09:00")
    merged = body(server, REALTIME, sidoName="전남광주")
    assert {item["sidoName"] for item in merged["items"]} == {"전남광주"}
    assert merged["totalCount"] == len(before["광주"]) + len(before["전남"])
    for name, rows in before.items():
        old = body(server, REALTIME, sidoName=name)
        assert old["totalCount"] == 0
        assert [i["stationCode"] for i in old["items"]] == [i["stationCode"] for i in rows]


def test_t01_addresses_and_known_names_tell_gwangju_from_jeonnam(world: World) -> None:
    gwangju = {site.name for site in world.sites if site.province.ko == "광주"}
    jeonnam = {site.name for site in world.sites if site.province.ko == "전남"}
    for site in world.sites:
        for moment in (MERGED_SINCE - HOUR, MERGED_SINCE):
            station = world.station(site, moment)
            assert by_address(station.address) is site.province
        nameless = province_of(station.sido, site.name, None, gwangju, jeonnam)
        assert nameless is site.province


def test_a_stations_history_is_newest_first_and_what_real_time_said(
    server: SimulatorServer,
) -> None:
    now = {i["stationName"]: i for i in body(server, REALTIME, sidoName="서울")["items"]}
    for term, hours in (("DAILY", 24), ("MONTH", 720), ("3MONTH", 2208)):
        rows = body(server, STATION, stationName="종로구", dataTerm=term, numOfRows=3000)["items"]
        assert len(rows) == hours
        times = [parse_hour(row["dataTime"]) for row in rows]
        assert times == sorted(times, reverse=True)
        assert len(set(times)) == hours
    assert {**rows[0], "sidoName": "서울"} == now["종로구"]
    oldest = body(server, STATION, stationName="종로구", dataTerm="DAILY", ver="1.3")["items"][-1]
    assert "stationName" not in oldest
    assert oldest["mangName"] == URBAN


def test_a_station_nobody_knows_has_no_rows_and_a_term_nobody_knows_is_refused(
    server: SimulatorServer,
) -> None:
    assert body(server, STATION, stationName="없는동", dataTerm="DAILY")["totalCount"] == 0
    assert ask(server, STATION, stationName="종로구", dataTerm="YEAR").status_code == 400


def test_province_means_are_over_urban_stations(server: SimulatorServer) -> None:
    found = body(
        server, MEANS, itemCode="PM10", dataGubun="HOUR", searchCondition="WEEK", numOfRows=200
    )
    assert found["totalCount"] == 168
    newest = found["items"][0]
    assert newest["dataTime"] == "2026-11-23 20:00"
    assert set(newest) == {"dataTime", "itemCode", "dataGubun", *(p.key for p in PROVINCES)}
    rows = body(server, REALTIME, sidoName="경기")["items"]
    numbers = [
        int(row["pm10Value"])
        for row in rows
        if row["mangName"] == URBAN and row["pm10Flag"] is None and row["pm10Value"] != "-"
    ]
    assert int(newest["gyeonggi"]) == int(sum(numbers) / len(numbers) + 0.5)


def test_daily_province_means_are_of_whole_days(server: SimulatorServer) -> None:
    rows = body(server, MEANS, itemCode="O3", dataGubun="DAILY", searchCondition="MONTH")["items"]
    assert len(rows) == 30
    assert [rows[0]["dataTime"], rows[-1]["dataTime"]] == ["2026-11-22", "2026-10-24"]
    assert all(len(rows[0][p.key]) == 5 for p in PROVINCES)


def test_t36_the_station_list_has_dmx_as_latitude_until_ver_11(server: SimulatorServer) -> None:
    found = body(server, LIST, ver="1.0")["items"]
    assert len(found) == COUNT
    assert all(33 < float(row["dmX"]) < 39 and 124 < float(row["dmY"]) < 132 for row in found)
    turned = body(server, LIST, ver="1.1")["items"]
    assert [(row["dmY"], row["dmX"]) for row in turned] == [(r["dmX"], r["dmY"]) for r in found]
    seoul = body(server, LIST, addr="서울")["items"]
    assert seoul
    assert all(row["addr"].startswith("서울 ") for row in seoul)
    assert [row["addr"][:2] for row in body(server, LIST, stationName="고성")["items"]] == [
        "강원",
        "경남",
    ]


def test_calls_are_counted_by_service_and_day(server: SimulatorServer) -> None:
    for _ in range(3):
        ask(server, LIST)
    model(server)
    assert server.calls == {"getMsrstnList": 3, "air-quality": 1}
    assert b"SERVICE_KEY_IS_NULL" in ask(server, CALLS).content
    rows = body(server, CALLS, ServiceKey="k", searchDate="2026-11-23")["items"]
    by_name = {row["conectOprtinNm"]: row for row in rows}
    assert by_name["측정소정보 조회 서비스"] == {
        "conectDe": "2026-11-23",
        "conectOprtinNm": "측정소정보 조회 서비스",
        "conectCo": "3",
    }
    assert body(server, CALLS, ServiceKey="k", searchDate="2026-11-22")["items"] == []


def test_grades_and_index_follow_from_the_values(server: SimulatorServer) -> None:
    rows = body(server, REALTIME, sidoName="전국")["items"]
    for row in rows:
        if row["pm25Value24"] != "-":
            value = int(row["pm25Value24"])
            assert row["pm25Grade"] == str(1 + sum(value > top for top in (15, 35, 75)))
        if row["khaiValue"] != "-":
            index = int(row["khaiValue"])
            assert row["khaiGrade"] == str(1 + sum(index > top for top in (50, 100, 250)))
            assert row["pm10Value"] != "-" != row["o3Value"]
    assert sum(row["khaiValue"] != "-" for row in rows) > COUNT * 0.8


def test_the_predicted_mean_is_the_published_formula() -> None:
    hours = np.array([[20.0]] * 8 + [[40.0], [30.0], [100.0], [60.0]])
    # C12 = 32.5; 40 and 30 lie within 0.9-1.7 of it and count 3/4: C4 = (30 + 22.5 + 100 + 60) / 4.
    assert predicted(hours, 30)[-1, 0] == np.floor((32.5 + 53.125) / 2 + 0.5)
    gaps = hours.copy()
    gaps[:4] = np.nan
    assert np.isnan(predicted(gaps, 30)[-1, 0])


def test_the_products_own_reader_understands_it_without_a_complaint(
    server: SimulatorServer,
) -> None:
    now = server.clock.now()
    for kind in ("json", "xml"):
        text = ask(server, REALTIME, sidoName="전국", returnType=kind).text
        payload = Payload(operation=REALTIME, text=text, fetched_at=now, params={"ver": "1.5"})
        answer = AirKoreaFeed().parse(payload, now)
        assert (answer.rows, len(answer.readings), answer.issues) == (COUNT, COUNT, ())


def test_history_is_what_the_feed_reads_from_the_socket(
    server: SimulatorServer, world: World
) -> None:
    now = server.clock.now()
    text = ask(server, REALTIME, sidoName="전국").text
    payload = Payload(operation=REALTIME, text=text, fetched_at=now, params={"ver": "1.5"})
    read = {r.station.code: r for r in AirKoreaFeed().parse(payload, now).readings if r.station}
    hour = datetime(2026, 11, 23, 11, tzinfo=UTC)
    (batch,) = history(world, hour - HOUR, hour)
    for reading in batch:
        assert reading.station is not None
        other = read[reading.station.code]
        assert (other.hour, other.values, other.flags) == (hour, reading.values, reading.flags)
        assert other.station is not None
        assert (other.station.name, other.station.sido) == (
            reading.station.name,
            reading.station.sido,
        )
