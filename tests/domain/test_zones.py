"""Zones: names as they are spelt, a station's zone by its address, fine dust and ozone."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from aq.domain.errors import ConfigError
from aq.domain.zones import OZONE, PM, find_zone, parse_member, plain_name, pooled, zone_of
from aq.zones_file import read_station_zones, read_zones, zones
from tests.feeds.test_airkorea_notices import SAMPLES

DAY = date(2026, 11, 23)


def named(kind: str, district: str, name: str, day: date = DAY) -> str | None:
    zone = find_zone(zones(), kind, district, name, day)
    return zone.id if zone else None


def test_the_table_has_the_zones_of_today_and_of_before() -> None:
    today = Counter(zone.kind for zone in zones() if zone.holds_on(DAY))
    assert today == {PM: 60, OZONE: 139}
    before = [zone for zone in zones() if zone.kind == PM and zone.holds_on(date(2025, 6, 1))]
    assert len(before) == 58  # as data.go.kr 15150444 counts them in 2025


@pytest.mark.parametrize(
    "name", ["서부권역", "서부권", "서부", " 서 부 권역 "]
)  # the suffix, blanks and both together
def test_a_name_is_found_however_its_suffix_is_spelt(name: str) -> None:
    assert named(PM, "전북", name) == "pm-45-01"


def test_names_of_provinces_variants_and_times() -> None:
    assert named(PM, "인천", "영종·영흥권역") == named(PM, "인천", "영종영흥권역")
    assert named(PM, "강원", "영서 남부") == named(PM, "강원", "영서남부권역")
    assert named(OZONE, "충남", "당진시") == named(OZONE, "충남", "당진")
    assert named(OZONE, "부산", "중구") is None  # a district is not cut to one letter
    assert plain_name("중구", OZONE) == "중구"
    assert named(PM, "전남광주", "동부권역") is not None
    assert named(PM, "충남", "동부권역") is None
    # What was one zone's name then is another's, or nobody's, now.
    assert named(PM, "전북", "정읍권역", date(2020, 3, 1)) is not None
    assert named(PM, "전북", "정읍권역") is None
    assert named(PM, "경북", "서부권역", date(2025, 12, 31)) is not None
    assert named(PM, "경북", "서부권역", date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("kind", "address", "zone"),
    [
        (PM, "서울 중구 덕수궁길 15", "서울권역"),
        (OZONE, "서울 중구 덕수궁길 15", "도심권"),
        (PM, "경기 용인시 처인구 중부대로", "남부권"),
        (PM, "인천 중구 서해대로 471", "서부권역"),
        (PM, "인천 중구 영종대로 85 (운서동)", "영종·영흥권역"),
        (PM, "인천 옹진군 백령면 연화리", None),
        (PM, "인천광역시 옹진군 영흥면 외리", "영종·영흥권역"),
        (OZONE, "경남 창원시 진해구 경화동", "창원(진해)"),
        (OZONE, "울산 울주군 온산읍 덕신리", "연안권"),
        (OZONE, "울산 울주군 언양읍", "서부권"),
        (PM, "세종특별자치시 조치원읍", "세종권역"),
        (PM, "전남광주통합특별시 광산구 오선동", "광주권역"),
        (PM, "전남광주통합특별시 여수시 월내동", "동부권역"),
        (PM, "경북 안동시 명륜동", None),  # members of the five zones of 2026 are not known
        (PM, "", None),
        (PM, "독도", None),
    ],
)
def test_a_station_s_zone_follows_from_its_address(
    kind: str, address: str, zone: str | None
) -> None:
    found = zone_of(zones(), kind, address, DAY)
    assert (found.name if found else None) == zone


def test_a_moved_county_is_in_the_zone_of_its_day() -> None:
    assert getattr(zone_of(zones(), PM, "경북 안동시 명륜동", date(2025, 6, 1)), "name", "") == (
        "서부권역"
    )
    assert getattr(zone_of(zones(), PM, "대구 군위군 군위읍", DAY), "name", "") == "군위권역"


def test_every_listed_station_outside_gyeongbuk_and_the_islands_has_one_zone() -> None:
    for path in SAMPLES.glob("airkorea/stationInfo_hansan529_derived.json"):
        stations = json.loads(path.read_text("utf-8"))
        for kind, least in ((PM, 0.9), (OZONE, 0.97)):
            placed = sum(zone_of(zones(), kind, one["addr"], DAY) is not None for one in stations)
            assert placed / len(stations) > least
            lacking = {
                one["addr"].split()[0]
                for one in stations
                if zone_of(zones(), kind, one["addr"], DAY) is None
            }
            assert lacking <= {"경북", "인천", "경상북도", "대구"}


def test_fine_dust_is_a_mean_and_ozone_the_highest_station() -> None:
    mean = pooled("pm25", {1: 750, 2: 760, 3: 770})
    assert mean is not None
    assert (mean.total, mean.count, mean.heard) == (2280, 3, 3)
    highest = pooled("o3", {7: 1042, 5: 1232, 6: 943})
    assert highest is not None
    assert (highest.total, highest.count, highest.heard, highest.highest_station) == (1232, 1, 3, 5)
    assert pooled("pm10", {}) is None


HEAD = "id,kind,province,zone,variants,members,proof,valid_from,valid_to,note\n"
LINE = "a,PM,서울,서울권역,,*,press,,,\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEAD + LINE + LINE, r":3.*twice"),
        (HEAD + LINE + LINE.replace("a,", "b,", 1), "one name at one time"),
        (HEAD + LINE.replace("PM", "PM10"), r":2.*kind"),
        (HEAD + LINE.replace("서울,", "평양,", 1), r":2.*unknown province"),
        (HEAD + LINE.replace("press,,", "press,2026-13-01,"), ":2"),
        (HEAD + "a,PM\n", ":2.*cells"),
        ("id,kind\n", "lacks the columns"),
    ],
)
def test_a_table_that_cannot_be_read_names_file_and_line(
    tmp_path: Path, text: str, what: str
) -> None:
    path = tmp_path / "zones.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_zones(path)
    assert "zones.csv" in str(caught.value)
    assert __import__("re").search(what, str(caught.value))


def test_a_list_of_stations_is_read() -> None:
    assert parse_member("중구+영종").only == ("영종",)
    assert parse_member("창원시_진해구").name == ("창원시", "진해구")


def test_an_operator_s_list_of_stations_overrules(tmp_path: Path) -> None:
    path = tmp_path / "station_zones.csv"
    path.write_text("station,pm_zone,ozone_zone\n명륜동,동북권역,\n", "utf-8-sig")
    assert dict(read_station_zones(path)) == {("명륜동", PM): "동북권역"}
