"""The whole of it below a path of a larger site, on the real server."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from defusedxml.ElementTree import fromstring
from playwright.sync_api import Browser

from aq.domain.errors import ConfigError
from aq.settings import load
from tests.browsing import dashboard, drawn, own_environment, reader

BASE = "/air"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("below")
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{folder / 'aq.db'}",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
        AQ_BASE_PATH="air/",
    )
    with dashboard(environment) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/healthz", "application/json"),
        ("/strip.json", "application/json"),
        ("/api/v1/current", "application/json"),
        ("/alerts.atom", "application/atom+xml"),
        ("/metrics", "text/plain"),
        ("/sitemap.xml", "application/xml"),
        ("/_stcore/health", "text/"),
    ],
)
def test_a_route_answers_below_the_path(address: str, path: str, media_type: str) -> None:
    for base in (BASE, ""):  # a proxy may take the path off
        answer = requests.get(address + base + path, timeout=60)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(media_type)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/other/api/v1/current", "/other/healthz"])
def test_data_that_is_not_there_is_no_page(address: str, path: str) -> None:
    for base in (BASE, ""):
        answer = requests.get(address + base + path, timeout=60)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("application/json")


def test_a_page_that_is_not_there_leads_to_those_below_the_path(address: str) -> None:
    for base in (BASE, ""):
        answer = requests.get(f"{address}{base}/nope", timeout=60)
        assert answer.status_code == 404
        assert f"{BASE}/nope: there is no such page" in answer.text
        assert f'href="{address}{BASE}/feeds"' in answer.text
        ways = re.findall(r'href="([^"]*)"', answer.text)
        assert [way for way in ways if not way.startswith(f"{address}{BASE}/")] == []


def test_an_address_that_ends_with_a_slash_is_the_one_without(address: str) -> None:
    for path in ("/past/?lang=en", "/now/seoul/?lang=en"):
        answer = requests.get(address + BASE + path, timeout=60)
        assert (answer.status_code, answer.url) == (200, address + BASE + path.replace("/?", "?"))


def test_addresses_name_the_path(address: str) -> None:
    answer = requests.get(f"{address}{BASE}?lang=en", timeout=60, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{BASE}/?lang=en")
    tree = fromstring(requests.get(f"{address}{BASE}/sitemap.xml", timeout=60).content)
    places = [place.text or "" for place in tree.iter() if place.tag.endswith("}loc")]
    assert places
    assert all(place.startswith(f"{address}{BASE}/") for place in places)
    page = requests.get(f"{address}{BASE}/past", timeout=60).text
    assert f'rel="canonical" href="{address}{BASE}/past' in page


def test_pages_work_below_the_path(address: str, chromium: Browser) -> None:
    with reader(chromium) as (page, watch):
        drawn(page, f"{address}{BASE}/?lang=en")
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        own = [link for link in links if link.startswith(address)]
        assert own
        assert [link for link in own if not link.startswith(f"{address}{BASE}/")] == []
        drawn(page, f"{address}{BASE}/feeds")
    assert watch.outside(address) == []
    assert watch.complaints == []


@pytest.mark.parametrize("path", ["/a b", "/../x", "http://x", "/ä"])
def test_a_path_that_is_none_is_refused(tmp_path: Path, path: str) -> None:
    given = {"AQ_DATABASE_URL": f"sqlite:///{tmp_path / 'aq.db'}", "AQ_BASE_PATH": path}
    with pytest.raises(ConfigError, match="base_path"):
        load(given)
