"""What machines ask a site for, over a real socket: icons, manifest, robots, sitemap."""

import io
import json
from pathlib import Path

import pytest
import requests
from lxml import etree
from PIL import Image

from aq.context import Context
from aq.domain.provinces import PROVINCES
from aq.web.public.files import robots
from aq.web.sections import PAGES
from aq.web.site import Site
from tests.serving import fill, make_runtime, public

NAMES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "x": "http://www.w3.org/1999/xhtml",
}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    made = make_runtime(
        f"sqlite:///{tmp_path / 'aq.db'}", AQ_SERVER__PUBLIC_URL="https://air.example.org"
    )
    fill(made)
    return made


def test_the_icons_are_pictures_of_the_sizes_they_say(context: Context) -> None:
    with public(context) as address:
        ico = requests.get(f"{address}/favicon.ico", timeout=60)
        large = requests.get(f"{address}/icon-512.png", timeout=60)
        drawing = requests.get(f"{address}/icon.svg", timeout=60)
        unknown = requests.get(f"{address}/icon-7.png", timeout=60)
        listed = requests.get(f"{address}/manifest.webmanifest?lang=en", timeout=60)
    assert ico.headers["Content-Type"] == "image/x-icon"
    assert Image.open(io.BytesIO(ico.content)).info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    assert Image.open(io.BytesIO(large.content)).size == (512, 512)
    assert etree.fromstring(drawing.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert unknown.status_code == 404
    manifest = json.loads(listed.text)
    assert (manifest["short_name"], manifest["lang"]) == ("Air Quality 17", "en")
    assert {icon["sizes"] for icon in manifest["icons"]} == {"any", "180x180", "192x192", "512x512"}


def test_the_sitemap_names_every_page_in_both_languages(context: Context) -> None:
    with public(context) as address:
        answer = requests.get(f"{address}/sitemap.xml", timeout=60)
        allowed = requests.get(f"{address}/robots.txt", timeout=60)
    tree = etree.fromstring(answer.content)
    places = tree.xpath("//s:loc/text()", namespaces=NAMES)
    assert len(places) == len(set(places))
    assert {f"https://air.example.org/{name}" for name in PAGES if name != "live"} <= set(places)
    for province in PROVINCES:
        assert f"https://air.example.org/now/{province.key}" in places
        assert f"https://air.example.org/now/{province.key}/en" in places
    assert "https://air.example.org/now/zone/pm-11-01" in places
    for entry in tree.xpath("//s:url", namespaces=NAMES):
        languages = entry.xpath("x:link/@hreflang", namespaces=NAMES)
        assert languages == ["ko", "en"]
        assert entry.xpath("s:loc/text()", namespaces=NAMES)[0] in entry.xpath(
            "x:link/@href", namespaces=NAMES
        )
    assert "2026-11-23T20:00:00+09:00" in answer.text
    assert "Sitemap: https://air.example.org/sitemap.xml" in allowed.text
    assert "Disallow: /\n" not in allowed.text


def test_robots_stand_below_the_path_and_let_the_catalogue_be_harvested() -> None:
    lines = robots(Site("https://air.example.org/air/"), simulated=False).decode().splitlines()
    assert "Disallow: /air/api/v1/export" in lines
    assert "Allow: /air/api/v1/export?last=90d&format=csv" in lines
    assert "Disallow: /air/metrics" in lines
    assert not any(line.startswith("Disallow: /api") for line in lines)


def test_a_site_of_simulated_data_is_not_indexed() -> None:
    text = robots(Site("https://air.example.org/"), simulated=True).decode()
    assert "User-agent: *\nDisallow: /\n" in text
