"""The plain pages over a real socket: what they show, what they refuse, how large they are."""

import gzip
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette
from starlette.middleware import Middleware

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import Advisory, YellowDust
from aq.domain.provinces import PROVINCES
from aq.store.notices import put_advisories
from aq.store.yellow_dust import put_yellow_dust
from aq.web.base_path import BasePath
from aq.web.public.moment import Moments
from aq.web.public.routes import routes
from aq.web.public.site_pages import page_files
from aq.web.site import Site
from aq.zones_file import zone_of_act
from tests.conftest import NOW
from tests.serving import HOUR_20, fill, listening, make_runtime, public

LARGEST = 60_000  # bytes of a page before it is packed
# As `getUlfptcaAlarmInfo` documents one of this zone.
ACT = Advisory(
    pollutant="pm25",
    district="경기",
    zone="남부권",
    word="주의보",
    issued_at=NOW - HOUR,
    issue_value=780,
)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    made = make_runtime(
        f"sqlite:///{tmp_path / 'aq.db'}", AQ_SERVER__PUBLIC_URL="https://air.example.org"
    )
    fill(made)
    return made


def test_the_country_is_there_without_a_script(context: Context) -> None:
    with public(context) as address:
        answer = requests.get(f"{address}/now", timeout=60)
    page = answer.text
    assert '<html lang="ko">' in page
    assert len(page.encode()) <= LARGEST
    for province in PROVINCES:
        assert f">{province.ko}<" in page
    assert "자료가 들어온 15곳 모두 미세먼지 ‘보통’" in page
    assert "통신장애" in page
    assert '<time datetime="2026-11-23T20:00:00+09:00"' in page
    assert "에어코리아" in page
    assert "공공누리 제3유형" in page
    assert 'href="./now/seoul"' in page
    assert 'href="./past?lang=ko' in page
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert '<link rel="canonical" href="https://air.example.org/now">' in page
    assert 'hreflang="en" href="https://air.example.org/now/en"' in page


def test_a_day_of_many_acts_is_told_in_few_lines(context: Context) -> None:
    with context.store.write("test") as txn:
        put_advisories(txn, [ACT, *(replace(ACT, zone=f"제{n}권역") for n in range(59))])
    with public(context) as address:
        for path, more in (("now", "그 밖에 55건"), ("now/en", "55 more")):
            page = requests.get(f"{address}/{path}", timeout=60).text
            assert len(page.encode()) <= LARGEST
            (acts,) = re.findall(r"<aside class=.acts.*?</aside>", page, re.DOTALL)
            assert acts.count("<li>") == 6
            assert re.search(rf'<a href="[^"]*advisories[^"]*">{more}</a>', page)
            assert page.count('"SpecialAnnouncement"') == 5


@pytest.mark.parametrize(
    "path",
    ["embed/strip?provinces=부산,울산", "picture/map.svg?pollutant=미세먼지", "now?x=pm25&q=서울"],
)
def test_a_question_in_raw_utf8_is_read(context: Context, path: str) -> None:
    with public(context) as address:
        assert requests.get(f"{address}/{path}".encode(), timeout=60).status_code == 200
        cp949 = requests.get(f"{address}/embed/strip?provinces=%BA%CE%BB%EA", timeout=60)
        assert cp949.status_code == 400
        assert "is not UTF-8" in cp949.text


@pytest.mark.parametrize("path", ["now/en", "now?lang=en"])
def test_english_stands_under_its_own_address(context: Context, path: str) -> None:
    with public(context) as address:
        page = requests.get(f"{address}/{path}", timeout=60).text
    assert '<html lang="en">' in page
    assert '<link rel="canonical" href="https://air.example.org/now/en">' in page
    assert "Seoul" in page


def test_every_province_has_its_page(context: Context) -> None:
    with public(context) as address:
        for name in ("seoul", "서울", "KR-11", "seoul/en"):
            page = requests.get(f"{address}/now/{name}", timeout=60).text
            assert "62 µg/m³" in page, name
        page = requests.get(f"{address}/now/seoul", timeout=60).text
    assert len(page.encode()) <= LARGEST
    assert page.count('role="img"') >= 3  # a week of each fine dust and of ozone
    for name in ("미세먼지", "초미세먼지", "오존", "이산화질소", "아황산가스", "일산화탄소"):
        assert f">{name}<" in page
    assert "../stations?lang=ko&amp;p=KR-11" in page


def announced(page: str) -> list[str]:
    """The names of the acts in the JSON-LD of a page."""
    documents = [json.loads(text) for text in re.findall(r'ld\+json">(.*?)</script>', page)]
    graphs = [document.get("@graph", []) for document in documents]
    kinds = {act["@type"] for graph in graphs for act in graph}
    assert kinds <= {"SpecialAnnouncement"}
    return [act["name"] for graph in graphs for act in graph]


def test_acts_in_force_are_announced_on_the_pages_of_their_places(context: Context) -> None:
    dust = YellowDust(at=NOW - 2 * HOUR, told="202611231800", sequence="1", areas="경기 광주, 인천")
    with context.store.write("test") as txn:
        put_advisories(txn, [ACT])
        put_yellow_dust(txn, [dust])
    zone = zone_of_act(ACT)
    assert zone is not None
    advisory, yellow = "Gyeonggi Nambu zone PM2.5 advisory", "Yellow dust announced at"
    with public(context) as address:
        names = {
            path: announced(requests.get(f"{address}/now/{path}en", timeout=60).text)
            for path in ("", "gyeonggi/", "incheon/", "gwangju/", f"zone/{zone.id}/")
        }
    assert [names[""][0], names["gyeonggi/"][0]] == [advisory] * 2
    assert len(names[""]) == len(names["gyeonggi/"]) == 2
    (only,) = names["incheon/"]
    assert only.startswith(yellow)
    assert names["gwangju/"] == []  # the city of Gyeonggi is meant
    assert names[f"zone/{zone.id}/"] == [advisory]


def test_a_province_is_described_by_its_own_air(context: Context) -> None:
    with public(context) as address:
        page = requests.get(f"{address}/now/seoul/en", timeout=60).text
    assert (
        '<meta name="description" content="As of Mon 23 Nov 20:00. Seoul: PM10 Moderate, 62 µg/m³;'
        " PM2.5 Good, 13 µg/m³; Ozone Moderate, 0.0310 ppm. AirKorea, observed · unconfirmed"
        in page
    )


def test_links_keep_the_view(context: Context) -> None:
    with public(context) as address:
        country = requests.get(f"{address}/now?x=pm25", timeout=60).text
        seoul = requests.get(f"{address}/now/seoul/en?x=pm25", timeout=60).text
        plain = requests.get(f"{address}/now", timeout=60).text
    for way in ("./?lang=ko&amp;x=pm25", "./now/en?x=pm25", "./now/seoul?x=pm25"):
        assert f'href="{way}"' in country
    for way in ("../../?lang=en&amp;x=pm25&amp;p=KR-11", "../../now/seoul?x=pm25"):
        assert f'href="{way}"' in seoul
    assert '<link rel="canonical" href="https://air.example.org/now">' in country
    assert 'href="./now/en"' in plain


def test_an_address_of_a_host_alone_is_completed_by_the_base_path(tmp_path: Path) -> None:
    below = make_runtime(
        f"sqlite:///{tmp_path / 'aq.db'}",
        AQ_SERVER__PUBLIC_URL="https://example.org/",
        AQ_BASE_PATH="/air",
    )
    fill(below)
    with public(below) as address:
        page = requests.get(f"{address}/now", timeout=60).text
    assert '<link rel="canonical" href="https://example.org/air/now">' in page
    assert 'property="og:image" content="https://example.org/air/card-ko.png' in page


@pytest.mark.parametrize("base", ["", "/air"])
def test_an_address_with_a_slash_at_its_end_is_sent_to_the_one_without(
    context: Context, base: str
) -> None:
    outermost = Middleware(BasePath, base=lambda: base)
    site = Starlette(routes=routes(lambda: context), middleware=[outermost])
    with listening(site) as address:
        for path in ("/now", "/now/seoul", "/now/en", "/embed/strip"):
            asked = f"{address}{base}{path}/?lang=en"
            answer = requests.get(asked, timeout=60, allow_redirects=False)
            assert (answer.status_code, answer.headers["Location"]) == (
                308,
                f"{base}{path}?lang=en",
            )
        for elsewhere in ("//evil.example/", "/%2Fevil.example/", "/%5Cevil.example/"):
            answer = requests.get(address + elsewhere, timeout=60, allow_redirects=False)
            assert re.match(r"/(?![/\\])", answer.headers["Location"])


def test_a_zone_has_its_page(context: Context) -> None:
    with public(context) as address:
        answer = requests.get(f"{address}/now/zone/pm-41-01", timeout=60)
    assert answer.status_code == 200
    assert "고양시" in answer.text
    assert "경기" in answer.text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("now/atlantis", 404, "there is no such province"),
        ("now/zone/nowhere", 404, "there is no such zone"),
        ("now?x=plutonium", 400, "known are"),
        ("now?lang=xx", 400, "known are ko, en"),
        ("now?lang=ko&lang=en", 400, "given twice"),
    ],
)
def test_what_is_not_there_is_said_in_both_languages(
    context: Context, path: str, status: int, words: str
) -> None:
    with public(context) as address:
        answer = requests.get(f"{address}/{path}", timeout=60)
    assert answer.status_code == status
    assert words in answer.text
    assert '<section lang="ko">' in answer.text
    assert '<section lang="en">' in answer.text
    assert 'href="https://air.example.org/now/seoul"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_text_of_an_address_becomes_markup(context: Context) -> None:
    with public(context) as address:
        for path in ("now/%3Cscript%3Ealert(1)", "now?x=%3Cscript%3Ealert(1)"):
            assert "<script>alert" not in requests.get(f"{address}/{path}", timeout=60).text


def test_a_page_is_packed_for_who_takes_it_and_sent_once(context: Context) -> None:
    with public(context) as address:
        plain = requests.get(f"{address}/now", headers={"Accept-Encoding": "identity"}, timeout=60)
        packed = requests.get(f"{address}/now", headers={"Accept-Encoding": "gzip"}, timeout=60)
        tag = packed.headers["ETag"]
        # A proxy that packs by itself makes a tag weak; a cache may name several.
        again = [
            requests.get(f"{address}/now", headers={"If-None-Match": seen}, timeout=60)
            for seen in (tag, f"W/{tag}", f'"x", {tag}')
        ]
    assert plain.text == packed.text
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 3
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert [answer.status_code for answer in again] == [304, 304, 304]


def test_an_hour_too_old_is_said_and_greyed(tmp_path: Path) -> None:
    late = HOUR_20 + timedelta(hours=4)
    made = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}", AQ_CLOCK=late.isoformat())
    fill(made)
    with public(made) as address:
        page = requests.get(f"{address}/now/en", timeout=60).text
    assert '<html lang="en" class="late">' in page
    assert "Late data: the newest hour ended 4 hours ago." in page


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    made = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}")
    with public(made) as address:
        for path in ("now", "now/seoul", "now/zone/pm-41-01"):
            answer = requests.get(f"{address}/{path}", timeout=60)
            assert answer.status_code == 200, path
    assert "자료" in answer.text


def test_every_published_page_is_whole_and_its_ways_lead_to_others(context: Context) -> None:
    moment, site = Moments().of(context), Site("https://air.example.org/", published=True)
    files = {path: make() for path, make in page_files(moment, site)}
    assert {"now/index.html", "now/en/index.html", "now/seoul/index.html"} <= set(files)
    for path, body in files.items():
        assert len(body) <= LARGEST
        folder = path.removesuffix("index.html")
        for way in re.findall(r'href="(\.[^"#?]*)"', body.decode()):
            target = (Path("/site") / folder / way).as_posix()
            assert ".." not in Path(target).resolve().as_posix()
            if "/now" in way:
                named = Path(target).resolve().relative_to("/site").as_posix()
                assert f"{named}/index.html" in files, (path, way)


def test_json_ld_tells_the_data_set(context: Context) -> None:
    with public(context) as address:
        page = requests.get(f"{address}/now/en", timeout=60).text
    (text,) = re.findall(r'ld\+json">(.*?)</script>', page)
    document = json.loads(text)
    assert document["@type"] == "Dataset"
    assert document["url"] == "https://air.example.org/"
    assert len(gzip.compress(page.encode())) < 20_000


def test_every_route_is_a_path_of_its_own(context: Context) -> None:
    paths = [route.path for route in routes(lambda: context)]
    assert len(paths) == len(set(paths))
