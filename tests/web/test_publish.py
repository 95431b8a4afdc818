"""The published folder: what stands in it, what is left alone, and what it says without us."""

import html
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import duckdb
import pyarrow.parquet as pq
import pytest
import requests
from lxml import etree
from playwright.sync_api import Browser

from aq.__main__ import run
from aq.context import Context
from aq.domain.clock import HOUR, Clock
from aq.domain.errors import AqError
from aq.domain.model import Reading
from aq.web.publish.job import publishing
from aq.web.publish.run import MANIFEST, publish, renew
from aq.web.publish.target import UNDER_WAY, opened
from aq.web.sections import PAGES
from tests.browsing import reader
from tests.conftest import NOW
from tests.serving import HOUR_20, SEOUL, fill, make_runtime, public, served, write


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}", AQ_FEEDS__AIRKOREA__KEY="any")
    fill(made)
    yield made
    made.store.close()


class Quiet(SimpleHTTPRequestHandler):
    """A plain server of files, as any site has one."""

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def static(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    return found


def inodes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_ino
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_serves_all_with_the_origin_stopped(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    publish(context, str(folder))
    context.store.close()
    with static(folder) as address:
        listed = requests.get(f"{address}/{MANIFEST}", timeout=60).json()
        assert (listed["hour"], listed["current_until"]) == (
            "2026-11-23T20:00:00+09:00",
            "2026-11-24T02:00:00+09:00",
        )
        for path, facts in listed["files"].items():
            answer = requests.get(f"{address}/{path}", timeout=60)
            assert (answer.status_code, len(answer.content)) == (200, facts["bytes"]), path
        current = requests.get(f"{address}/api/v1/current.json", timeout=60).json()
        assert len(current["items"]) == 6 * 17
        strip = requests.get(f"{address}/strip.en.html", timeout=60).text
        assert "Seoul" in strip
        assert "2026-11-23T20:00:00+09:00" in strip
        table = pq.read_table(
            BytesIO(requests.get(f"{address}/history/KR-11/2026.parquet", timeout=60).content)
        )
    days = {str(at)[:10] for at in table["at"].to_pylist()}
    assert max(days) <= "2026-11-23"
    question = "select avg(value) from history where pollutant = 'pm10' and code = 'KR-11'"
    connection = duckdb.connect()
    connection.register("history", table)
    assert connection.execute(question).fetchall() == [(62.0,)]
    assert not (folder / UNDER_WAY).exists()


def test_files_are_what_the_routes_answer(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    publish(context, str(folder))
    with served(context) as address:
        for path, route in (
            ("strip.json", "/strip.json"),
            ("strip/pm25.en.json", "/strip.json?pollutant=pm25&lang=en"),
            ("api/v1/provinces/o3.geojson", "/api/v1/provinces.geojson?pollutant=o3"),
            ("api/v1/current.json", "/api/v1/current"),
            ("alerts.atom", "/alerts.atom"),
        ):
            answer = requests.get(address + route, timeout=60).content
            if path.endswith(".atom"):  # the folder may stand anywhere
                answer = answer.replace(b'href="/', b'href="./')
            assert (folder / path).read_bytes() == answer
        page = requests.get(f"{address}/strip", timeout=60).content.removesuffix(b"</body></html>")
        assert (folder / "strip.html").read_bytes().startswith(page)


LINK = re.compile(r'(?:href|src)="((?!#|data:|mailto:)[^"]+)"')


def is_dashboard(path: str) -> bool:
    """Whether a way leads to the program, which a folder outlives: a page, or the site itself."""
    return path in {"", "embed", *PAGES}


@pytest.mark.parametrize("root", ["", "https://air.example.org/"])
def test_no_link_of_the_folder_is_dead(tmp_path: Path, root: str) -> None:
    made = make_runtime(
        f"sqlite:///{tmp_path / 'aq.db'}", AQ_FEEDS__AIRKOREA__KEY="any", AQ_SERVER__PUBLIC_URL=root
    )
    fill(made)
    folder = tmp_path / "public"
    report = publish(made, str(folder))
    made.store.close()
    here = root or "https://anywhere.example/deep/"
    there = files_of(folder)
    ways = 0
    for path in sorted(there):
        if not path.endswith((".html", ".atom")):
            continue
        content = (folder / path).read_text("utf-8")
        assert "127.0.0.1" not in content, path
        for link in LINK.findall(content):
            address = urljoin(here + path, html.unescape(link)).partition("?")[0]
            if not address.startswith(here):
                continue
            way = address.removeprefix(here).rstrip("/")
            found = way in there or f"{way}/index.html" in there or is_dashboard(way)
            # Of the service's yellow dust the feed names the route, of an alert's day the page.
            assert found or path.endswith(".atom"), (path, link)
            ways += 1
    assert ways > 1000
    catalog = json.loads((folder / "catalog.jsonld").read_text("utf-8"))
    named = {
        urljoin(f"{here}catalog.jsonld", form["dcat:downloadURL"]["@id"]).removeprefix(here)
        for dataset in catalog["dcat:dataset"]
        for form in dataset["dcat:distribution"]
    }
    assert named <= there
    assert named >= {path for path in there if path.startswith("history/")}
    country = (folder / "now/index.html").read_text("utf-8")
    documents = re.findall(r'<script type="application/ld\+json">(.*?)</script>', country)
    data = next(doc for doc in map(json.loads, documents) if doc["@type"] == "Dataset")
    own = [form["contentUrl"] for form in data["distribution"]]
    own += [data["includedInDataCatalog"]["url"]]
    assert [urljoin(f"{here}now/", way).removeprefix(here) for way in own] == [
        "api/v1/current.json",
        "catalog.jsonld",
    ]
    assert ("sitemap.xml" in there) == bool(root)
    assert ("Sitemap:" in (folder / "robots.txt").read_text("utf-8")) == bool(root)
    assert (report.note is None) == bool(root)


def test_the_folder_speaks_english_too(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    publish(context, str(folder))
    page = (folder / "now/en/index.html").read_text("utf-8")
    assert 'href="../../alerts.en.atom"' in page
    assert 'href="../../manifest.en.webmanifest"' in page
    feed = etree.parse(folder / "alerts.en.atom").getroot()
    names = {"a": "http://www.w3.org/2005/Atom"}
    assert feed.xpath("a:link[@rel='self']/@href", namespaces=names) == ["./alerts.en.atom"]
    words = json.loads((folder / "manifest.en.webmanifest").read_text("utf-8"))
    assert (words["lang"], words["start_url"]) == ("en", "now/en/")


def test_the_folder_has_a_first_page_unless_another_stands_there(
    context: Context, tmp_path: Path, chromium: Browser
) -> None:
    folder = tmp_path / "public"
    publish(context, str(folder))
    with static(folder) as address, reader(chromium) as (page, _):
        page.goto(f"{address}/")
        page.wait_for_url("**/now/")
        assert page.locator("h1").count() == 1
    own = tmp_path / "own"
    own.mkdir()
    (own / "index.html").write_text("mine", "utf-8")
    publish(context, str(own))
    assert (own / "index.html").read_text("utf-8") == "mine"
    assert "index.html" not in manifest(own)["files"]


def test_what_has_not_changed_is_not_touched(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    first = publish(context, str(folder))
    before = inodes(folder)
    second = publish(context, str(folder))
    assert (second.written, second.unchanged) == (0, first.files)
    after = inodes(folder)
    assert {path for path in after if after[path] != before[path]} == {MANIFEST}
    station = SEOUL[0]
    write(context, Reading(station=station, hour=HOUR_20, values={"pm10": 3000}, flags={}))
    third = publish(context, str(folder))
    changed = {path for path, node in inodes(folder).items() if node != before.get(path)}
    assert third.written == len(changed) - 1
    assert {"api/v1/current.json", "strip.json"} <= changed
    assert not any(path.startswith(("history/", "embed/calendar/")) for path in changed)


def test_an_old_hour_that_changes_renews_its_year(context: Context, tmp_path: Path) -> None:
    fill(context, hours=50)  # the whole day before
    folder = tmp_path / "public"
    publish(context, str(folder))
    before = inodes(folder)
    calendar = "embed/calendar/seoul/index.html"
    with public(context) as address:
        served_frame = requests.get(f"{address}/embed/calendar?province=KR-11", timeout=60).text
    published = (folder / calendar).read_text("utf-8")
    drawn = served_frame[served_frame.index("<h1>") : served_frame.index("<footer>")]
    assert drawn in published
    assert drawn.count("<rect") > 365
    day_before = (HOUR_20 - back * HOUR for back in range(21, 44))
    write(
        context, *(Reading(station=SEOUL[0], hour=at, values={"pm10": 3000}) for at in day_before)
    )
    publish(context, str(folder))
    changed = {path for path, node in inodes(folder).items() if node != before.get(path)}
    assert {"history/KR-11/2026.parquet", calendar} <= changed


def test_a_new_version_alone_makes_a_pass_of_the_schedule(context: Context, tmp_path: Path) -> None:
    folder = str(tmp_path / "public")
    assert publishing(context) == ()
    assert renew(context, folder).written > 0
    assert renew(context, folder).files == 0
    write(context, Reading(station=SEOUL[0], hour=HOUR_20, values={"pm10": 3000}, flags={}))
    assert renew(context, folder).written > 0
    late = Context(
        settings=context.settings,
        clock=Clock(NOW + timedelta(hours=3)),
        store=context.store,
        standards=context.standards,
    )
    assert renew(late, folder).written > 0
    strip = json.loads((Path(folder) / "strip.json").read_text("utf-8"))
    assert any(chip["stale"] for chip in strip["chips"])


def test_a_full_disk_leaves_the_pass_before(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "public"
    publish(context, str(folder))
    before = (folder / MANIFEST).read_bytes()
    write(context, Reading(station=SEOUL[0], hour=HOUR_20, values={"pm10": 3000}, flags={}))

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(AqError, match="disk is full"):
            publish(context, str(folder))
    assert (folder / MANIFEST).read_bytes() == before
    assert not (folder / UNDER_WAY).exists()


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_first_pass_that_fails_keeps_nothing(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "now").write_text("no folder", "utf-8")
    with pytest.raises(AqError, match=r"a file stands where its folder should. Nothing is kept"):
        publish(context, str(folder))
    assert files_of(folder) == {"now"}
    (folder / "now").unlink()
    assert publish(context, str(folder)).written > 0


def test_files_of_somebody_else_are_left_alone(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "robots.txt").write_text("mine", "utf-8")
    with pytest.raises(AqError, match=r"robots.txt stands there already.*Nothing is kept"):
        publish(context, str(folder))
    assert files_of(folder) == {"robots.txt"}
    assert (folder / "robots.txt").read_text("utf-8") == "mine"


def test_a_pass_that_breaks_off_between_files_says_so_and_is_made_up_for(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, replace, places = tmp_path / "public", Path.replace, []

    def breaks(self: Path, target: Path) -> Path:
        places.append(target)
        if len(places) > 5:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", breaks)
        with pytest.raises(
            AqError, match=r"5 of \d+ files were renewed before it and the manifest"
        ):
            publish(context, str(folder))
    assert not (folder / MANIFEST).exists()
    again = renew(context, str(folder))
    assert again.written == again.files
    assert not (folder / UNDER_WAY).exists()


def test_a_pass_of_the_schedule_that_fails_is_no_fault_of_the_program(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    made = make_runtime(
        f"sqlite:///{tmp_path / 'aq.db'}", AQ_PUBLISH__FOLDER=str(tmp_path / "file")
    )
    (job,) = publishing(made)
    report = job.run(NOW)
    made.store.close()
    assert not report.ok
    assert report.as_dict()["error"] == {
        "reason": "not_published",
        "message": f"{tmp_path / 'file'} cannot be written: Not a directory. Nothing is kept",
    }
    assert [record.exc_info for record in caplog.records if record.levelname == "ERROR"] == [None]


def test_addresses_that_take_no_files(context: Context, tmp_path: Path) -> None:
    with pytest.raises(AqError, match="a web server takes no files"):
        publish(context, "https://air.example.org/")
    with pytest.raises(AqError, match="cannot be reached"):
        publish(context, "ftp://127.0.0.1:9/air")
    folder = tmp_path / "new" / "public"
    assert publish(context, folder.as_uri()).written == len(files_of(folder)) - 1


def test_a_folder_of_something_else_and_a_second_publisher_are_refused(
    context: Context, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / MANIFEST).write_text('{"name": "somebody else\'s"}', "utf-8")
    with pytest.raises(AqError, match="none of a published folder"):
        publish(context, str(folder))
    free = tmp_path / "public"
    with opened(str(free)), pytest.raises(AqError, match="publishes there now"):
        publish(context, str(free))


def test_an_address_without_its_package_is_refused(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(AqError, match="pip install s3fs"):
        publish(context, "s3://bucket/air")


def test_an_object_store_holds_the_same(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects: dict[str, bytes] = {}

    class Objects:
        """Of fsspec's filesystem what publishing uses (AbstractFileSystem, its documentation)."""

        protocol = ("s3", "s3a")

        def cat_file(self, path: str) -> bytes:
            if path not in objects:
                raise FileNotFoundError(path)
            return objects[path]

        def info(self, path: str) -> dict[str, int]:
            return {"size": len(self.cat_file(path))}

        def pipe_file(self, path: str, value: bytes, **named: str) -> None:
            assert named["ContentType"]
            objects[path] = value

        def rm_file(self, path: str) -> None:
            del objects[path]

    core = SimpleNamespace(url_to_fs=lambda url: (Objects(), url.removeprefix("s3://")))
    monkeypatch.setitem(sys.modules, "fsspec", SimpleNamespace(core=core))
    folder = tmp_path / "public"
    publish(context, str(folder))
    first = publish(context, "s3://bucket/air")
    local = {f"bucket/air/{path}" for path in inodes(folder)}
    assert objects.keys() == local
    assert (publish(context, "s3://bucket/air").written, first.files) == (0, len(objects) - 1)


def test_the_command(
    context: Context,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AQ_DATABASE_URL", context.settings.database_url)
    monkeypatch.setenv("AQ_CLOCK", NOW.isoformat())
    assert run(["publish", str(tmp_path / "public"), "--json"]) == 0
    assert run(["publish"]) == 2
    (tmp_path / "file").write_text("", "utf-8")
    capsys.readouterr()
    assert run(["publish", str(tmp_path / "file"), "--json"]) == 1
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert (report["ok"], report["error"]["reason"]) == (False, "not_published")
    assert told.err == f"error: {report['error']['message']}\n"


def test_a_page_nobody_renews_says_its_age(
    context: Context, tmp_path: Path, chromium: Browser
) -> None:
    folder = tmp_path / "public"
    publish(context, str(folder))
    with static(folder) as address, reader(chromium) as (page, watch):
        page.clock.set_fixed_time(NOW + timedelta(hours=3))
        page.goto(f"{address}/strip.html")
        assert page.locator("#aq-age").count() == 0
        page.clock.set_fixed_time(NOW + timedelta(hours=9))
        page.reload()
        assert "9시간" in page.locator("#aq-age").inner_text()
        assert page.evaluate("getComputedStyle(document.documentElement).filter") == "grayscale(1)"
    assert watch.complaints == []
