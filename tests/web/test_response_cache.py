"""Ready answers: the same bytes, made once, and never kept past a change."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.responses import Response

from aq.context import Context
from aq.domain.clock import Clock
from aq.domain.errors import InputError
from aq.queries.feed_status import feed_status, health
from aq.store import open_store
from aq.web.response_cache import LONGEST_QUESTION, LOOK_SECONDS, MOST, OLDEST_SECONDS, Shelf
from tests.serving import fill, make_runtime, served


@pytest.fixture
def context(tmp_path: Path) -> Context:
    found = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}")
    fill(found)
    return found


class Kitchen:
    """Counts what it makes."""

    def __init__(self, status: int = 200) -> None:
        self.made, self.status = 0, status

    def __call__(self) -> Response:
        self.made += 1
        return Response(f"{self.made}".encode(), self.status, headers={"ETag": f'"{self.made}"'})


def test_an_answer_is_made_once_while_nothing_changes(context: Context) -> None:
    shelf, make = Shelf(), Kitchen()
    assert shelf.at_once(lambda: context, b"") is None
    bodies = [shelf.answer(context, b"", make).body for _ in range(3)]
    ready = shelf.at_once(lambda: context, b"")
    assert bodies == [b"1"] * 3
    assert ready is not None
    assert (ready.body, ready.headers["etag"]) == (b"1", '"1"')
    assert shelf.answer(context, b"x=1", make).body == b"2"


def test_headers_that_middleware_adds_do_not_stay(context: Context) -> None:
    shelf, make = Shelf(), Kitchen()
    shelf.answer(context, b"", make).headers["X-Frame-Options"] = "DENY"
    again = shelf.answer(context, b"", make)
    again.headers["Content-Encoding"] = "gzip"
    third = shelf.at_once(lambda: context, b"")
    assert third is not None
    assert not {"x-frame-options", "content-encoding"} & set(third.headers)


def test_a_write_of_this_process_is_seen_at_once(context: Context) -> None:
    shelf, make = Shelf(), Kitchen()
    shelf.answer(context, b"", make)
    with context.store.write("test") as txn:
        assert txn.version
    assert shelf.at_once(lambda: context, b"") is None
    assert shelf.answer(context, b"", make).body == b"2"


def test_a_record_without_a_version_counts_too(context: Context) -> None:
    shelf, make = Shelf(), Kitchen()
    shelf.answer(context, b"", make)
    with context.store.book():
        pass
    assert shelf.at_once(lambda: context, b"") is None


def test_an_answer_about_feeds_serves_for_a_moment_only(context: Context) -> None:
    time = [100.0]
    shelf, make = Shelf(2.0, monotonic=lambda: time[0]), Kitchen()
    assert [shelf.answer(context, b"", make).body for _ in range(3)] == [b"1"] * 3
    time[0] = 102.1
    assert shelf.at_once(lambda: context, b"") is None
    assert shelf.answer(context, b"", make).body == b"2"


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/feeds", "/metrics"])
def test_how_feeds_do_is_read_once_however_many_ask(
    context: Context, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[None] = []
    for module, name in (("aq.web.api.routes", "feed_status"), ("aq.web.metrics", "feed_status")):
        monkeypatch.setattr(f"{module}.{name}", _noting(read, feed_status))
    monkeypatch.setattr("aq.web.api.routes.health", _noting(read, health))
    with served(context) as address:
        for _ in range(20):
            assert requests.get(f"{address}{path}", timeout=60).status_code == 200
    assert 1 <= len(read) < 20


def _noting(read: list[None], function: Callable[..., Any]) -> Callable[..., Any]:
    def noting(*arguments: Any) -> Any:
        read.append(None)
        return function(*arguments)

    return noting


def test_a_write_of_another_process_is_seen_when_the_store_is_looked_at(context: Context) -> None:
    time = [100.0]
    shelf, make = Shelf(monotonic=lambda: time[0]), Kitchen()
    shelf.answer(context, b"", make)
    other = open_store(context.settings.database_url, context.clock)
    with other.write("test") as txn:
        assert txn.version
    other.close()
    assert shelf.at_once(lambda: context, b"") is not None
    time[0] += LOOK_SECONDS * 1.01
    assert shelf.at_once(lambda: context, b"") is None
    assert shelf.answer(context, b"", make).body == b"2"


def test_one_looks_and_the_others_go_on_for_a_while(context: Context) -> None:
    time = [100.0]
    shelf, make = Shelf(monotonic=lambda: time[0]), Kitchen()
    shelf.answer(context, b"", make)
    time[0] += LOOK_SECONDS * 1.01
    asked = [shelf.at_once(lambda: context, b"") for _ in range(3)]
    assert [one and one.body for one in asked] == [None, b"1", b"1"]
    time[0] = 100 + OLDEST_SECONDS * 1.01
    assert shelf.at_once(lambda: context, b"") is None
    shelf.answer(context, b"", make)
    assert shelf.at_once(lambda: context, b"") is not None
    assert make.made == 1


def test_an_answer_is_of_its_minute(context: Context) -> None:
    shelf, make = Shelf(), Kitchen()
    shelf.answer(context, b"", make)
    start = context.clock.now()
    for later, body in ((timedelta(seconds=20), b"1"), (timedelta(minutes=1), b"2")):
        moved = Context(
            settings=context.settings,
            clock=Clock(start + later),
            store=context.store,
            standards=context.standards,
        )
        assert shelf.answer(moved, b"", make).body == body


def test_refusals_and_errors_are_not_kept(context: Context) -> None:
    shelf, make = Shelf(), Kitchen(status=404)
    assert [shelf.answer(context, b"", make).body for _ in range(2)] == [b"1", b"2"]

    def refuse() -> Response:
        raise InputError("no")

    with pytest.raises(InputError):
        shelf.answer(context, b"", refuse)
    assert shelf.answer(context, b"", Kitchen()).body == b"1"


def test_the_shelf_has_an_end(context: Context) -> None:
    shelf, make = Shelf(), Kitchen()
    for number in range(MOST + 1):
        shelf.answer(context, f"n={number}".encode(), make)
    assert shelf.at_once(lambda: context, b"n=0") is None
    assert shelf.at_once(lambda: context, b"n=1") is not None
    long = b"q" * (LONGEST_QUESTION + 1)
    before = make.made
    assert [shelf.answer(context, long, make).status_code for _ in range(2)] == [200, 200]
    assert make.made == before + 2


def test_many_who_ask_at_once_wait_for_one_answer(context: Context) -> None:
    shelf, make, gate = Shelf(), Kitchen(), threading.Event()

    def slow() -> Response:
        assert gate.wait(30)
        return make()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(shelf.answer, context, b"", slow) for _ in range(8)]
        gate.set()
        assert {one.result(30).body for one in asked} == {b"1"}
    assert make.made == 1


def test_routes_give_the_same_bytes_ready_and_made(context: Context) -> None:
    with served(context) as address:
        for path in (
            "/strip",
            "/strip.json?pollutant=pm25",
            "/api/v1/current",
            "/api/v1/provinces",
        ):
            first, second = (requests.get(address + path, timeout=30) for _ in range(2))
            assert first.status_code == second.status_code == 200
            assert first.content == second.content
            assert dict(first.headers) | {"date": ""} == dict(second.headers) | {"date": ""}
            known = {"If-None-Match": second.headers["etag"]}
            third = requests.get(address + path, headers=known, timeout=30)
            assert (third.status_code, third.content) == (304, b"")
        fill(context, hours=1)
        wrong = requests.get(f"{address}/strip?pollutant=x", timeout=30)
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "pollutant")
