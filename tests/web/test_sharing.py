"""What other programs meet: CORS, caches, raw and lost characters, places as data."""

import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser

from aq.context import Context
from aq.domain.provinces import PROVINCES
from aq.web.api.routes import TABLE
from aq.web.sharing import is_open
from tests.browsing import dashboard, own_environment, reader
from tests.serving import fill, make_runtime, served
from tests.web.test_publish import static

FOREIGN = {"Origin": "https://newsroom.example"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("shared")
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{folder / 'aq.db'}", AQ_FEEDS__OPENMETEO__ENABLED="false"
    )
    with dashboard(environment) as found:
        yield found


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}", AQ_FEEDS__AIRKOREA__KEY="any")
    fill(made)
    yield made
    made.store.close()


@pytest.fixture
def base(context: Context) -> Iterator[str]:
    with served(context) as found:
        yield found


def test_every_route_of_data_is_open() -> None:
    assert [path for path in TABLE if not is_open(path)] == []


@pytest.mark.parametrize("path", ["/strip", "/strip.json", "/api/v1/current", "/alerts.atom"])
def test_any_origin_may_read_and_ask_first(address: str, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = requests.request(method, address + path, headers=FOREIGN, timeout=60)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert "stale-if-error" in answer.headers["Cache-Control"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
    asks = {**FOREIGN, "Access-Control-Request-Method": "GET"}
    asks["Access-Control-Request-Headers"] = "if-none-match"
    answer = requests.options(address + path, headers=asks, timeout=60)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD"


def test_a_page_of_another_origin_reads_with_fetch(
    address: str, tmp_path: Path, chromium: Browser
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>news</title>", "utf-8")
    with static(tmp_path) as newsroom, reader(chromium) as (page, _):
        page.goto(f"{newsroom}/index.html")
        found = page.evaluate(
            """async where => {
              const answer = await fetch(where, { headers: { "If-None-Match": '"other"' } });
              return [answer.headers.get("ETag"), (await answer.json()).items.length];
            }""",
            f"{address}/api/v1/current?pollutant=pm10",
        )
    assert found[0]
    assert found[1] == 17


def test_a_refusal_can_be_read_from_elsewhere_too(address: str) -> None:
    answer = requests.get(f"{address}/api/v1/current?x=1", headers=FOREIGN, timeout=60)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (400, "*")


@pytest.mark.parametrize("path", ["/", "/rules", "/local-administrator", "/_stcore/health"])
def test_what_belongs_to_a_person_is_not_open(address: str, path: str) -> None:
    answer = requests.get(address + path, headers=FOREIGN, timeout=60)
    assert answer.headers.get("Access-Control-Allow-Origin") != "*"


def test_t66_raw_utf8_in_a_query_is_read(address: str) -> None:
    place = urlsplit(address)
    with socket.create_connection((str(place.hostname), place.port or 0), 60) as client:
        head = f"Host: {place.netloc}\r\nConnection: close\r\n\r\n"
        client.sendall(f"GET /api/v1/stations?province=서울 HTTP/1.1\r\n{head}".encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")


def test_another_encoding_and_a_lost_plus_are_told(base: str) -> None:
    answer = requests.get(f"{base}/api/v1/stations?province=%BC%AD%BF%EF", timeout=60)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "province")
    assert "UTF-8" in answer.json()["error"]["message"]
    since = "since=2026-11-23T10:00:00+09:00&until=2026-11-23"
    answer = requests.get(f"{base}/api/v1/history?{since}", timeout=60)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "since")
    meant = answer.json()["error"]["message"].rpartition(": ")[2]
    assert meant == "since=2026-11-23T10:00:00%2B09:00"
    address = f"{base}/api/v1/history?{meant}&until=2026-11-23"
    assert requests.get(address, timeout=60).status_code == 200


def test_outlines_carry_the_present_values(base: str) -> None:
    answer = requests.get(f"{base}/api/v1/provinces.geojson?pollutant=pm10", timeout=60)
    assert answer.headers["Content-Type"].startswith("application/geo+json")
    features = answer.json()["features"]
    assert [feature["id"] for feature in features] == [province.code for province in PROVINCES]
    seoul, sejong = features[0]["properties"], features[-1]["properties"]
    assert (seoul["value"], seoul["letter"], seoul["name_en"]) == (62.0, "B", "Seoul")
    assert (sejong["value"], sejong["colour"], sejong["missing_reason"]) == (
        None,
        None,
        "source_flag",
    )
    two = requests.get(f"{base}/api/v1/provinces.geojson?pollutant=pm10,o3", timeout=60)
    assert (two.status_code, two.json()["error"]["field"]) == (400, "pollutant")


def test_outer_rings_run_against_the_clock_and_holes_with_it(base: str) -> None:
    """RFC 7946, 3.1.6; by the sign of the area, as `ST_IsPolygonCCW` has it."""
    collection = requests.get(f"{base}/api/v1/provinces.geojson", timeout=60).json()
    outer, holes = [], []
    for feature in collection["features"]:
        for polygon in feature["geometry"]["coordinates"]:
            areas = [sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) for ring in polygon]
            outer.append(areas[0])
            holes += areas[1:]
    assert (len(outer), len(holes)) == (106, 1)
    assert min(outer) > 0 > max(holes)


def test_stations_come_by_pages(base: str) -> None:
    every = requests.get(f"{base}/api/v1/stations", timeout=60).json()
    assert every["next"] is None
    found, cursor = [], "0"
    while cursor:
        address = f"{base}/api/v1/stations?limit=5&cursor={cursor}"
        page = requests.get(address, timeout=60).json()
        assert len(page["items"]) <= 5
        found, cursor = found + page["items"], page["next"]
    assert found == every["items"]
    wrong = requests.get(f"{base}/api/v1/stations?cursor=x", timeout=60)
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "cursor")


def test_stations_say_where_they_are_and_whether_they_count(base: str) -> None:
    every = requests.get(f"{base}/api/v1/stations", timeout=60).json()["items"]
    assert len(every) == len(PROVINCES)
    answer = requests.get(f"{base}/api/v1/stations?province=서울", timeout=60)
    (seoul,) = answer.json()["items"]
    assert (seoul["station"], seoul["code"], seoul["counts"]) == ("서울 하나", "KR-11", True)
    assert seoul["last_at"] == "2026-11-23T20:00:00+09:00"
    wrong = requests.get(f"{base}/api/v1/stations?province=없음", timeout=60)
    assert wrong.json()["error"]["field"] == "province"
