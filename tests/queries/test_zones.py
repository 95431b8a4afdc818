"""Zone hours against an independent computation, behind acts, in the routes, as of a version."""

import csv
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import requests

from aq.__main__ import run
from aq.context import Context
from aq.domain.clock import hour_number, parse_hour, parse_instant
from aq.domain.model import URBAN, Advisory, Answer, Reading, Station
from aq.feeds.airkorea.readings import read_rows
from aq.ingest.collect import list_stations, station_rule
from aq.paths import ROOT
from aq.queries.criteria import standings_now, year_items, year_of
from aq.queries.zones import unplaced_acts, unplaced_stations, zone_hours
from aq.store.notices import put_advisories
from aq.store.stations import Directory
from aq.zones_file import zone_by_id, zones_on
from tests.conftest import NOW
from tests.exporting import export, read_back, use
from tests.feeds.test_airkorea_notices import SAMPLES
from tests.serving import HOUR_20, make_runtime, served, write

RECORDED = Path(os.environ.get("AQ_RECORDED", ROOT.parent / "shared" / "feeds" / "recorded"))
HOUR = timedelta(hours=1)
PLACES = {
    "수지": "경기 용인시 수지구 풍덕천동",
    "평택": "경기 평택시 비전동",
    "안성": "경기 안성시 봉산동",
    "수원": "경기 수원시 팔달구 인계동",
}


def station(name: str, address: str, network: str = URBAN) -> Station:
    return Station(name=name, sido=address.split(maxsplit=1)[0], address=address, network=network)


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def reading(name: str, at: datetime, network: str = URBAN, **values: int) -> Reading:
    return Reading(station=station(name, PLACES[name], network), hour=at, values=values)


def filled(context: Context) -> None:
    """Two hours of 남부권: three urban stations, one of them flagged, a roadside one, one apart."""
    rows = [
        reading("수지", HOUR_20, pm25=760, o3=1200),
        reading("평택", HOUR_20, pm25=770, o3=1310),
        Reading(
            station=station("안성", PLACES["안성"]),
            hour=HOUR_20,
            values={"pm25": 9999, "o3": 9999},
            flags={"pm25": "source:통신장애", "o3": "source:통신장애"},
        ),
        reading("수원", HOUR_20, pm25=100, o3=100),
        reading("수지", HOUR_20 - HOUR, pm25=750, o3=900),
    ]
    write(context, *rows)


def test_a_zone_s_hour_is_of_its_urban_stations_that_count(context: Context) -> None:
    filled(context)
    pm, ozone = zone_by_id("pm-41-04"), zone_by_id("o3-41-04")
    assert pm is not None
    assert ozone is not None
    end = hour_number(HOUR_20)
    before, now = zone_hours(context, [pm], "pm25", end - 2, end)
    assert (before.exact, now.exact) == (750, 765)
    assert now.value is not None
    assert (now.value.heard, now.expected) == (2, 3)
    (highest,) = zone_hours(context, [ozone], "o3", end - 1, end)
    assert highest.exact == 1310
    version = context.store.version()
    write(context, reading("수지", HOUR_20, pm25=900, o3=1200))
    (then,) = zone_hours(context, [pm], "pm25", end - 1, end, version)
    (later,) = zone_hours(context, [pm], "pm25", end - 1, end)
    assert (then.exact, later.exact) == (765, 835)


def act(zone: str, **more: Any) -> Advisory:
    given: dict[str, Any] = {"pollutant": "pm25", "district": "경기", "word": "주의보"}
    given |= {"issued_at": HOUR_20 - 3 * HOUR, "issue_value": 780}
    return Advisory(zone=zone, **given | more)


def test_an_act_names_its_zone_s_value_now_and_an_unknown_zone_stays_text(
    context: Context,
) -> None:
    filled(context)
    with context.store.write("t") as txn:
        put_advisories(txn, [act("남부권역"), act("도심권")])
    with served(context) as base:
        items = requests.get(f"{base}/api/v1/advisories", timeout=60).json()["items"]
        told = {one["zone"]: one for one in items}
        assert told["남부권역"]["zone_id"] == "pm-41-04"
        now = told["남부권역"]["zone_now"]
        assert (now["value"], now["stations"], now["stations_expected"]) == (76.5, 2, 3)
        assert (told["도심권"]["zone_id"], told["도심권"]["zone_now"]) == (None, None)
        listed = requests.get(f"{base}/api/v1/zones", params={"province": "경기"}, timeout=60)
        assert len(listed.json()["items"]) == 8
        old = requests.get(
            f"{base}/api/v1/zones", params={"province": "전북", "day": "2020-03-01"}, timeout=60
        ).json()["items"]
        assert sum(one["zone_kind"] == "PM" for one in old) == 14
        values = requests.get(f"{base}/api/v1/zones", params={"pollutant": "o3"}, timeout=60)
        by_id = {one["zone_id"]: one for one in values.json()["items"]}
        assert (by_id["o3-41-04"]["value"], by_id["o3-41-04"]["basis"]) == (0.131, "highest")
        assert by_id["o3-49-01"]["missing_reason"] == "no_station"
        page = requests.get(
            f"{base}/api/v1/zones/pm-41-04/history",
            params={"since": "2026-11-23", "until": "2026-11-23"},
            timeout=60,
        ).json()
        assert [one["value"] for one in page["items"]] == [75.0, 76.5]
        assert page["items"][1]["grade"] == 4
        for path in ("zones/nowhere/history", "zones?pollutant=co", "zones?day=yesterday"):
            assert requests.get(f"{base}/api/v1/{path}", timeout=60).status_code == 400
    assert unplaced_acts(context, NOW) == {("경기", "도심권"): 1}
    assert unplaced_stations(context, NOW) == {"PM": 0, "O3": 0}


def test_zones_stand_in_current_and_history_beside_provinces(context: Context) -> None:
    filled(context)

    def ask(base: str, path: str, **given: Any) -> tuple[int, Any]:
        answer = requests.get(f"{base}/api/v1/{path}", params=given, timeout=60)
        return answer.status_code, answer.json()

    with served(context) as base:
        _, whole = ask(base, "current", pollutant="pm25")
        assert len(whole["items"]) == 17
        assert "level" not in whole
        _, now = ask(base, "current", level="zone", province="경기", pollutant="pm25,o3")
        assert {item["code"] for item in now["items"]} == {"KR-41"}
        by_id = {(item["zone_id"], item["pollutant"]): item for item in now["items"]}
        assert len(now["items"]) == len(by_id) == 8
        south = by_id["pm-41-04", "pm25"]
        assert (south["value"], south["grade"], south["stations_expected"]) == (76.5, 4, 3)
        assert by_id["pm-41-01", "pm25"]["missing_reason"] == "no_station"
        days = {"since": "2026-11-23", "until": "2026-11-23", "level": "zone", "pollutant": "pm25"}
        _, past = ask(base, "history", zone="pm-41-04,pm-41-02", **days)
        told = [(item["at"][11:13], item["zone_id"], item["value"]) for item in past["items"]]
        assert told == [
            ("19", "pm-41-04", 75.0),
            ("20", "pm-41-02", 10.0),
            ("20", "pm-41-04", 76.5),
        ]
        paged: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            _, page = ask(base, "history", zone="pm-41-04,pm-41-02", limit=1, **days, **cursor)
            paged += page["items"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert paged == past["items"]
        wrong: list[tuple[str, dict[str, str], str]] = [
            ("current", {"zone": "pm-41-04"}, "zone"),
            ("current", {"province": "경기"}, "province"),
            ("current", {"level": "city"}, "level"),
            ("current", {"level": "zone", "explain": "true"}, "explain"),
            ("current", {"level": "zone", "zone": "nowhere"}, "zone"),
            ("current", {"level": "zone", "pollutant": "co"}, "pollutant"),
            ("history", {**days, "grain": "day"}, "grain"),
            ("history", {**days, "cursor": "1.x"}, "cursor"),
            ("history", {**days, "cursor": "1.0"}, "cursor"),
        ]
        for path, given, field in wrong:
            status, answer = ask(base, path, **given)
            assert (status, answer["error"]["field"]) == (400, field)
        status, answer = ask(base, "history", **{**days, "since": "2024-01-01"})
        assert (status, answer["error"]["field"]) == (422, "until")


def test_zones_are_exported_and_a_file_of_them_is_verified(
    context: Context, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(context)
    use(monkeypatch, database_url)
    asked = ("--since", "2026-11-23", "--until", "2026-11-23", "--level", "zone")
    path = tmp_path / "zones.jsonl"
    assert export(path, "--province", "경기", since=asked) == 0
    rows = {(one["zone_id"], one["pollutant"], one["at"][11:13]): one for one in read_back(path)}
    ours = rows["pm-41-04", "pm25", "20"]
    assert (ours["value"], ours["stations"], ours["stations_expected"]) == (76.5, 2, 3)
    assert (ours["basis"], ours["grade"], ours["letter"]) == ("mean", 4, "D")
    assert rows["o3-41-04", "o3", "20"]["value"] == 0.131
    assert export(tmp_path / "z.csv", "--pollutant", "pm25", since=asked) == 0
    for file in (path, tmp_path / "z.csv"):
        assert run(["export", "--verify", str(file)]) == 0
    for wrong in (("--grain", "day"), ("--pollutant", "co")):
        assert export(tmp_path / "no.csv", *wrong, since=asked) == 2


def test_a_year_s_acts_are_held_against_the_criteria(context: Context) -> None:
    """One act after the second hour over the limit, one without, and a crossing without an act."""
    series = {-30: 800, -29: 810, -28: 300, -10: 800, -9: 820, -8: 200, 0: 400}
    write(context, *(reading("평택", HOUR_20 + n * HOUR, pm25=v) for n, v in series.items()))
    after_second = HOUR_20 - 29 * HOUR + timedelta(minutes=15)
    rows = [
        act("남부권", issued_at=after_second, cleared_at=after_second + HOUR, clear_value=300),
        act("남부권", issued_at=HOUR_20 + timedelta(minutes=10)),
    ]
    with context.store.write("t") as txn:
        put_advisories(txn, rows)
    (item,) = year_items(year_of(context, "pm25", 2026, NOW), "pm25")
    told = {name: item[name] for name in ("zone_id", "acts", "met", "without", "not_come")}
    assert told == {"zone_id": "pm-41-04", "acts": 2, "met": 1, "without": 1, "not_come": 1}
    first, second = item["rows"]
    assert (first["met"], first["our_issue_value"], first["our_clear_value"]) == (True, 81.0, 30.0)
    assert (second["met"], second["our_issue_value"]) == (False, 40.0)
    assert year_of(context, "pm25", 2025, NOW) == []
    standing = standings_now(context, "pm25", HOUR_20 - 10 * HOUR)["pm-41-04"]
    assert (standing.level, standing.reached) == (0, 1)
    with served(context) as base:
        asked = {"pollutant": "pm25", "year": "2026"}
        answer = requests.get(f"{base}/api/v1/zones/criteria", params=asked, timeout=60).json()
        assert answer["items"] == [item]
        wrong = requests.get(f"{base}/api/v1/zones/criteria", params={"year": "26"}, timeout=60)
        assert wrong.status_code == 400


def test_recorded_days_equal_an_independent_computation(context: Context) -> None:
    """A day of November 2025 by zone, against plain sums over the recording and a table of zones
    read anew from its members' words."""
    file = RECORDED / "2025-11.parquet"
    derived = "airkorea/stationInfo_hansan529_derived.json"
    addresses = {
        (one["cityShort"], one["stationName"]): (one["addr"], one["mangName"])
        for path in SAMPLES.glob(derived)
        for one in json.loads(path.read_text("utf-8"))
    }
    if not file.exists() or not addresses:
        return
    from pyarrow import parquet

    columns = ["sidoName", "stationName", "dataTime", "fetched_at", "pm25Value", "pm25Flag"]
    columns += ["pm10Value", "pm10Flag", "o3Value", "o3Flag"]
    rows = parquet.read_table(
        file,
        columns=columns,
        filters=[("dataTime", ">=", "2025-11-20 01"), ("dataTime", "<=", "2025-11-20 24:00")],
    ).to_pylist()
    latest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["fetched_at"]):
        latest[row["sidoName"], row["stationName"], row["dataTime"]] = row
    kept = [row for row in latest.values() if (row["sidoName"], row["stationName"]) in addresses]
    now = parse_instant("2025-11-21T01:00+09:00")
    with context.store.write("list") as txn:
        listed = [
            Station(name=name, sido=sido, address=address, network=network)
            for (sido, name), (address, network) in addresses.items()
        ]
        directory = Directory(txn, station_rule(context.settings.provinces))
        list_stations(
            txn, Answer(rows=len(listed), stations=listed), directory, context.stored_standards
        )
    plain = [{k: v for k, v in row.items() if k != "fetched_at"} for row in kept]
    write(context, *read_rows(plain, now).readings)
    compared = 0
    for key, kind in (("pm25", "PM"), ("pm10", "PM"), ("o3", "O3")):
        expected = independent(kept, addresses, key, kind)
        zones = zones_on(parse_instant("2025-11-20T12:00+09:00").date(), kind)
        first, last = (hour_number(parse_hour(f"2025-11-20 {hour}")) for hour in ("01:00", "24:00"))
        for one in zone_hours(context, zones, key, first - 1, last):
            mine = None if one.exact is None else float(one.exact)
            theirs = expected.get((one.zone.province.ko, one.zone.name, one.hour))
            assert mine == (None if theirs is None else pytest.approx(theirs)), (one.zone, one.hour)
            compared += theirs is not None
    assert compared > 4000


def independent(
    rows: list[dict[str, Any]],
    addresses: dict[tuple[str, str], tuple[str, str]],
    key: str,
    kind: str,
) -> dict[tuple[str, str, int], float]:
    """Values by province, zone and hour at the store's scale, from words of the table alone."""
    members: dict[str, list[tuple[str, str]]] = {}
    with (ROOT / "config" / "zones.csv").open(encoding="utf-8") as text:
        for line in csv.DictReader(text):
            there = line["valid_from"] <= "2025-11-20" <= (line["valid_to"] or "9999")
            if line["kind"] == kind and there:
                for member in line["members"].split(";"):
                    members.setdefault(line["province"], []).append((member, line["zone"]))
    values: dict[tuple[str, str, int], list[float]] = {}
    scale = 10000 if key == "o3" else 10
    for row in rows:
        address, network = addresses[row["sidoName"], row["stationName"]]
        cell = row[f"{key}Value"]
        if network != "도시대기" or cell in (None, "", "-") or row[f"{key}Flag"]:
            continue
        province, _, rest = address.partition(" ")
        names = [zone for member, zone in members.get(province[:2], []) if within(rest, member)]
        if len(names) == 1:
            hour = hour_number(parse_hour(row["dataTime"]))
            values.setdefault((row["sidoName"], names[0], hour), []).append(float(cell) * scale)
    return {place: max(found) if kind == "O3" else fmean(found) for place, found in values.items()}


def within(rest: str, member: str) -> bool:
    if member == "*":
        return True
    for sign, wanted in (("+", True), ("-", False)):
        if sign in member:
            name, *words = member.split(sign)
            return rest.startswith(name + " ") and any(word in rest for word in words) is wanted
    return (rest + " ").startswith(member.replace("_", " ") + " ")
