"""A run of a page: of one store version and one view; and maps that carry no outlines."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from aq.context import shared
from aq.paths import SHIPPED
from aq.web import kept_files
from aq.web.parts import cache
from aq.web.parts.page_cache import once, one_run
from tests.conftest import NOW
from tests.serving import fill, make_runtime


def test_once_holds_for_a_run_and_no_longer() -> None:
    asked: list[int] = []

    @once
    def counted() -> int:
        asked.append(1)
        return len(asked)

    assert [counted(), counted()] == [1, 2]
    with one_run():
        assert [counted(), counted()] == [3, 3]
    with one_run():
        assert counted() == 4
    assert counted() == 5


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite:///{tmp_path / 'aq.db'}"
    monkeypatch.setenv("AQ_DATABASE_URL", url)
    monkeypatch.setenv("AQ_CLOCK", NOW.isoformat())
    shared.cache_clear()
    yield url
    shared().store.close()
    shared.cache_clear()


def test_what_is_stored_during_a_run_is_seen_by_the_next(store: str) -> None:
    other = make_runtime(store)
    with one_run():
        before = cache.version()
        fill(other)
        assert cache.version() == before
    with one_run():
        assert cache.version() == (store, other.store.version())
        assert cache.version() != before
    other.store.close()


def test_the_map_names_a_file_that_holds_the_outlines() -> None:
    answer = _answered(kept_files.address(kept_files.OUTLINES))
    assert json.loads(answer.body) == json.loads((SHIPPED / "provinces.geojson").read_text("utf-8"))
    assert "immutable" in answer.headers["cache-control"]
    assert _answered("/kept/other.geojson").status_code == 404


def _answered(path: str) -> Response:
    request = Request({"type": "http", "method": "GET", "path": path, "headers": []})
    with ThreadPoolExecutor(1) as thread:  # this one may have a browser's loop running
        answer: Response = thread.submit(asyncio.run, kept_files.route().endpoint(request)).result()
    return answer
