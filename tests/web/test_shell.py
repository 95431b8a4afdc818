"""The framework's page as it goes out: whose language, title, cards and first content it has."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_handler

from aq.context import Context
from aq.web.parts.view_state import View
from aq.web.sections import ABOUT, PAGES
from aq.web.shell import Shell
from tests.serving import fill, listening, make_runtime

STATIC = Path(streamlit.__file__).parent / "static"


def first_content(_context: Context, page: str, view: View, _home: str | None) -> str:
    """A body that says for which page and view it was asked."""
    return f"<p>{page} {view.lang}</p>"


@contextmanager
def shell(context: Context, **options: Any) -> Iterator[str]:
    """The framework's own files behind the middleware, on a port of this machine."""
    app = Starlette(
        routes=[Mount("/", create_streamlit_static_handler(str(STATIC), None))],
        middleware=[Middleware(Shell, get_context=lambda: context, **options)],
    )
    with listening(app) as address:
        yield address


@pytest.fixture
def context(tmp_path: Path) -> Context:
    made = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}")
    fill(made)
    return made


def named(page: str, name: str) -> str:
    """The content of a meta element by its name or property."""
    content = re.search(rf'<meta (?:name|property)="{name}" content="([^"]*)"', page)
    assert content, name
    return content[1]


def documents(page: str) -> list[Any]:
    """The JSON-LD of a page."""
    return [json.loads(text) for text in re.findall(r'ld\+json">(.*?)</script>', page)]


def test_the_live_page_has_a_head_of_the_present_hour(context: Context) -> None:
    with shell(context) as address:
        answer = requests.get(f"{address}/", timeout=60)
    page = answer.text
    assert '<html lang="ko">' in page
    assert "<title>자료가 들어온 15곳 모두 미세먼지 ‘보통’ · 대기질 17</title>" in page
    assert page.count("<title>") == 1
    assert "Streamlit</title>" not in page
    told = named(page, "description")
    assert told.startswith("11월 23일(월) 20시 기준.")
    assert "보통 15" in told
    assert "에어코리아" in told
    assert named(page, "og:url") == f"{address}/"
    assert f'<link rel="canonical" href="{address}/">' in page
    assert f'hreflang="en" href="{address}/?lang=en"' in page
    assert named(page, "twitter:card") == "summary_large_image"
    (data,) = documents(page)
    assert data["@type"] == "Dataset"
    assert data["dateModified"].endswith("+09:00")


@pytest.mark.parametrize("page", sorted(ABOUT))
def test_every_page_says_what_it_shows(context: Context, page: str) -> None:
    with shell(context) as address:
        answer = requests.get(f"{address}/{page}?lang=en&p=KR-26&x=pm25", timeout=60)
    assert '<html lang="en">' in answer.text
    assert f"<title>Busan PM2.5 {PAGES[page][1]} · Air Quality 17</title>" in answer.text
    assert named(answer.text, "description").startswith(ABOUT[page])
    assert named(answer.text, "og:image") == f"{address}/card-en.png?hour=2026112311"
    assert named(answer.text, "twitter:card") == "summary_large_image"


def test_every_page_of_the_dashboard_has_words_of_its_own() -> None:
    assert set(ABOUT) == set(PAGES) - {"live"}


def test_a_link_to_a_province_tells_its_value(context: Context) -> None:
    with shell(context) as address:
        seoul = requests.get(f"{address}/?p=KR-11", timeout=60).text
        sejong = requests.get(f"{address}/?p=KR-50&lang=en", timeout=60).text
    assert "<title>서울 미세먼지 ‘보통’, 62 µg/m³ · 대기질 17</title>" in seoul
    assert "Sejong PM10: no data (communication failure)" in sejong
    assert named(seoul, "description") == (
        "11월 23일(월) 20시 기준. 서울: 미세먼지 ‘보통’, 62 µg/m³; 초미세먼지 ‘좋음’, 13 µg/m³;"
        " 오존 ‘보통’, 0.0310 ppm. 에어코리아, 실측 · 미확정"
    )


def test_another_hour_gives_another_page_and_the_same_one_is_not_sent_twice(
    context: Context,
) -> None:
    with shell(context, body=first_content) as address:
        first = requests.get(f"{address}/", timeout=60)
        tag = first.headers["ETag"]
        again = [
            requests.get(f"{address}/", headers={"If-None-Match": seen}, timeout=60)
            for seen in (tag, f"W/{tag}", f'"x", W/{tag}')
        ]
    assert [(answer.status_code, answer.text) for answer in again] == [(304, "")] * 3
    assert '<div id="root"><p>live ko</p></div>' in first.text
    assert first.headers["Cache-Control"] == "no-cache"


def test_the_framework_s_own_files_go_through_untouched(context: Context) -> None:
    script = next((STATIC / "static" / "js").glob("*.js"))
    with shell(context) as address:
        for file in (script, STATIC / "manifest.json", STATIC / "favicon.png"):
            answer = requests.get(f"{address}/{file.relative_to(STATIC)}", timeout=60)
            assert answer.content == file.read_bytes()


def test_while_the_store_is_gone_the_page_says_so_and_is_not_indexed(
    context: Context, tmp_path: Path
) -> None:
    (tmp_path / "aq.db").unlink()
    with shell(context) as address:
        answer = requests.get(f"{address}/", timeout=60)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert '<div id="root"><p>지금은 자료를 읽을 수 없습니다.' in answer.text
    assert 'content="noindex"' in answer.text
    assert "Streamlit</title>" not in answer.text


def test_no_text_of_the_view_becomes_markup(context: Context) -> None:
    wicked = '"><script>alert(1)</script>'
    headers = {"Host": 'a"b'}
    with shell(context) as address:
        for params in ({"p": wicked}, {"x": wicked}, {"std": wicked}, {"lang": wicked}):
            page = requests.get(f"{address}/", params=params, timeout=60).text
            assert "alert(1)" not in page
        page = requests.get(f"{address}/", headers=headers, timeout=60).text
    assert '<link rel="canonical" href="http://127.0.0.1:8501/">' in page


@pytest.mark.parametrize("path", ["/nope", "/past/nope", "/index.html", "/static/js/nope.js"])
def test_an_address_that_is_none_is_said_in_both_languages(context: Context, path: str) -> None:
    with shell(context) as address:
        answer = requests.get(address + path, timeout=60)
        head = requests.head(address + path, timeout=60)
        part = requests.get(address + path, headers={"Range": "bytes=0-9"}, timeout=60)
    assert {answer.status_code, head.status_code, part.status_code} == {404}
    assert answer.headers["Cache-Control"] == "no-store"
    assert '<section lang="ko"><h1>그런 페이지가 없습니다.' in answer.text
    assert '<section lang="en"><h1>There is no such page.' in answer.text
    for way in ("/feeds", "/feeds?lang=en", "/now/seoul", "/now/seoul/en"):
        assert f'href="{address}{way}"' in answer.text
    assert f"<code>{path}: there is no such page</code>" in answer.text
    assert "<script" not in answer.text


def test_no_text_of_an_unknown_address_becomes_markup(context: Context) -> None:
    with shell(context) as address:
        answer = requests.get(f"{address}/%3Cscript%3Ealert(1)%3C%2Fscript%3E", timeout=60)
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
