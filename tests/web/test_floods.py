"""What one hostile visitor can take from the others, at a real server: little, and counted."""

import asyncio
import re
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.websockets import WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from aq.paths import ROOT
from aq.settings import load
from aq.web import server, traffic
from aq.web.sockets import BETWEEN_CLICKS, Sockets
from tests.browsing import dashboard, own_environment
from tests.waiting import PATIENCE, wait_until

PAGES, PAGES_PER_CLIENT = 6, 3


def rerun(**fields: Any) -> bytes:
    """A click, as a browser sends it."""
    message = BackMsg()
    message.rerun_script.page_name = fields.get("page", "feeds")
    return bytes(message.SerializeToString())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A server behind a named proxy, so that a test can be several clients."""
    folder = tmp_path_factory.mktemp("flooded")
    return own_environment(
        AQ_DATABASE_URL=f"sqlite:///{folder / 'aq.db'}",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
        AQ_SERVER__TRUSTED_PROXIES="127.0.0.1",
        AQ_SERVER__PAGES=str(PAGES),
        AQ_SERVER__PAGES_PER_CLIENT=str(PAGES_PER_CLIENT),
        AQ_SERVER__MESSAGES_PER_MINUTE="360",
    )


@pytest.fixture(scope="module")
def address(environment: dict[str, str]) -> Iterator[str]:
    with dashboard(environment) as found:
        yield found


def page(address: str, client: str) -> ClientConnection:
    """An open page of a client."""
    return connect(
        f"{address.replace('http', 'ws')}/_stcore/stream",
        additional_headers={"X-Forwarded-For": client},
        max_size=None,
    )


def closed(stream: ClientConnection) -> tuple[int, str]:
    """The code and reason with which the server has closed a page, once it has."""
    with suppress(ConnectionClosed):
        for _ in stream:
            pass
    return stream.close_code or 0, stream.close_reason or ""


def refusals(address: str) -> dict[str, int]:
    """How many were turned away so far, by reason."""
    text = requests.get(f"{address}/metrics", timeout=60).text
    found = re.findall(r'^aq_refused_total{reason="(\w+)"} ([\d.]+)$', text, re.MULTILINE)
    return {reason: int(float(count)) for reason, count in found}


def test_a_page_that_floods_is_closed_and_the_others_stay(address: str) -> None:
    before = refusals(address)["messages"]
    with page(address, "198.51.100.1") as reader, page(address, "198.51.100.2") as hostile:
        reader.send(rerun())
        with suppress(ConnectionClosed):
            for _ in range(700):
                hostile.send(rerun())
        assert closed(hostile) == (1008, "messages")
        reader.send(rerun())
        reader.recv(PATIENCE)
        assert requests.get(f"{address}/healthz", timeout=60).status_code == 200
    assert refusals(address)["messages"] == before + 1


def test_pages_of_one_client_share_what_a_client_may_say(address: str) -> None:
    """90 at once and six a second: three pages of 60 each come to more."""
    with ExitStack() as stack:
        streams = [stack.enter_context(page(address, "198.51.100.3")) for _ in range(3)]
        with suppress(ConnectionClosed):
            for _ in range(55):
                for stream in streams:
                    stream.send(rerun())
        wait_until(lambda: refusals(address)["client_messages"] > 0)
        with page(address, "198.51.100.4") as other:
            other.send(rerun())
            other.recv(PATIENCE)


@pytest.mark.parametrize(
    ("said", "code"),
    [("words", 1003), (b"\xff\xff\xff\xff", 1003), (b"", 1003)],
)
def test_what_is_no_message_closes_the_page_quietly(
    address: str, said: str | bytes, code: int
) -> None:
    with page(address, "198.51.100.5") as stream:
        stream.send(said)
        assert closed(stream) == (code, "bad_message")


def test_a_visitor_cannot_clear_everybodys_cache_or_stop_the_server(address: str) -> None:
    with page(address, "198.51.100.6") as stream:
        for kind in ("clear_cache", "debug_shutdown_runtime", "set_run_on_save"):
            message = BackMsg()
            setattr(message, kind, True)
            stream.send(message.SerializeToString())
        stream.send(rerun())
        said = stream.recv(PATIENCE)
        assert said


def test_pages_of_a_client_and_of_all_have_an_end_and_say_so(address: str) -> None:
    with ExitStack() as stack:
        for client in ("198.51.100.7", "198.51.100.8"):
            for _ in range(PAGES_PER_CLIENT):
                stack.enter_context(page(address, client)).send(rerun())
            with page(address, client) as one_more:
                assert closed(one_more)[0] == 1008
        # All places are taken: a newcomer is told in words, what is no page goes on.
        newcomer = {"X-Forwarded-For": "198.51.100.9", "Accept": "text/html"}
        with page(address, "198.51.100.9") as stream:
            assert closed(stream) == (1008, "pages")
        answer = requests.get(f"{address}/past", headers=newcomer, timeout=60)
        assert answer.status_code == 503
        assert "지금은 보는 사람이 많아" in answer.text
        assert 'href="strip?lang=ko"' in answer.text
        assert int(answer.headers["Retry-After"]) > 0
        for path in ("/strip", "/healthz", "/api/v1/current"):
            assert requests.get(f"{address}{path}", headers=newcomer, timeout=60).status_code == 200
    wait_until(lambda: requests.get(f"{address}/", headers=newcomer, timeout=60).status_code == 200)


def test_what_is_for_developers_is_closed(address: str) -> None:
    for method, path in (
        ("GET", "/_stcore/metrics"),
        ("PUT", "/_stcore/upload_file/x/y"),
        ("POST", "/_stcore/agent/interact"),
        ("DELETE", "/"),
    ):
        answer = requests.request(method, f"{address}{path}", timeout=60)
        assert answer.status_code in (404, 405), (method, path)


# The connections below the pages: on the server's own protocol, with a shorter deadline.


class Served:
    """A small application on the server's own protocol in a process of its own."""

    PROGRAM = """
import sys
from aq.web import server
server.REQUEST_SECONDS = float(sys.argv[1])
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
listener = server.bound("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
shared = sys.argv[4] == "shared"
server.run(app, listener, server.Room(int(sys.argv[2]), int(sys.argv[3]), lambda _: shared))
"""


@pytest.fixture
def small(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server with a deadline [s], connections in all and per client."""
    arguments = [str(part) for part in request.param]
    command = [sys.executable, "-c", Served.PROGRAM, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as started:
        assert started.stdout is not None
        yield int(started.stdout.readline())
        started.terminate()


def everything(wire: socket.socket) -> bytes:
    """What comes until the other side closes."""
    wire.settimeout(PATIENCE)
    got = b""
    while piece := wire.recv(4096):
        got += piece
    return got


@pytest.mark.parametrize("small", [(0.3, 100, 100, "alone")], indirect=True)
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /again HTTP/1.1\r\nHost",
    ],
)
def test_who_never_finishes_his_request_is_let_go(small: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", small)) as wire:
        wire.sendall(sent)
        got = everything(wire)
        assert b"408" in got
        assert got.count(b"200 OK") == (b"again" in sent) + (b"POST" in sent)


@pytest.mark.parametrize("small", [(60, 5, 100, "alone"), (60, 100, 5, "alone")], indirect=True)
def test_who_comes_when_all_places_are_taken_is_told(small: int) -> None:
    with ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", small))) for _ in range(5)
        ]
        with socket.create_connection(("127.0.0.1", small)) as wire:
            assert b"503 Service Unavailable" in everything(wire)
        idle[0].close()

        def served() -> bool:
            try:
                return requests.get(f"http://127.0.0.1:{small}/", timeout=60).status_code == 200
            except requests.ConnectionError:
                return False

        wait_until(served)


@pytest.mark.parametrize("small", [(60, 100, 5, "shared")], indirect=True)
def test_a_proxy_stands_for_many(small: int) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", small)))
        assert requests.get(f"http://127.0.0.1:{small}/", timeout=60).text == "ok"


def test_a_server_takes_the_descriptors_it_may_have_and_fits_its_limits_to_them(
    tmp_path: Path,
) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1_000))

    program = (
        "import resource; from aq.web import server; from aq.settings import load;"
        "print(server.raise_descriptors(), resource.getrlimit(resource.RLIMIT_NOFILE)[0],"
        " server.fitted_here(load({}).server).connections,"
        " server.fitted_here(load({}).server).pages)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, capture_output=True, cwd=ROOT, preexec_fn=few, check=True, text=True
    )
    hard, soft, connections, pages = map(int, done.stdout.split())
    assert hard == soft == 1_000
    taken = connections + server.DESCRIPTORS_A_PAGE * pages + server.DESCRIPTORS_OF_CLOSED
    assert server.DESCRIPTORS_KEPT + taken <= 1_000
    assert pages < connections / 2
    assert traffic.refused().keys() == set(traffic.REASONS)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "x"])
def test_an_origin_that_is_none_is_refused_without_a_traceback(address: str, origin: str) -> None:
    before = refusals(address)["origin"]
    headers = {"X-Forwarded-For": "198.51.100.10", "Origin": origin}
    url = f"{address.replace('http', 'ws')}/_stcore/stream"
    with connect(url, additional_headers=headers) as stream:
        assert closed(stream) == (1008, "origin")
    assert refusals(address)["origin"] == before + 1


def test_a_page_that_floods_with_what_is_no_message_is_closed(address: str) -> None:
    before = refusals(address)["messages"]
    with page(address, "198.51.100.11") as hostile:
        with suppress(ConnectionClosed):
            for _ in range(700):
                hostile.ping()
        assert closed(hostile) == (1008, "messages")
    assert refusals(address)["messages"] == before + 1


def test_t70_runs_of_a_page_share_the_lock_of_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that begins may not read while the one before takes away what it did not show."""
    monkeypatch.setattr(SafeSessionState, "__init__", SafeSessionState.__init__)
    server.lock_by_session()
    state, entered = SessionState(), threading.Event()
    ending, beginning = (SafeSessionState(state, lambda: None) for _ in range(2))

    def read() -> None:
        beginning.get_widget_states()
        entered.set()

    reader = threading.Thread(target=read)
    with ending._lock:
        reader.start()
        assert not entered.wait(0.05)
    assert entered.wait(PATIENCE)


def test_t71_a_reader_who_has_gone_is_no_traceback() -> None:
    """The framework closes a page whose reader has left, which Starlette refuses."""
    sockets, sent = Sockets(lambda: load({}).server), list[Any]()

    async def framework(scope: Any, receive: Any, send: Any) -> None:
        page = WebSocket(scope, receive, send)
        await page.accept()
        await page.close()
        await page.close()

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "headers": [], "client": ("198.51.100.1", 5), "path": "/"}
    with ThreadPoolExecutor(1) as thread:  # where no loop of another test goes on
        thread.submit(asyncio.run, sockets(framework, scope, receive, send)).result()
    assert sent == ["websocket.accept", "websocket.close"]
    assert sockets.pages == 0


def test_clicks_of_a_client_are_counted_as_they_come_and_passed_on_one_by_one() -> None:
    """Thirty pages that click at once must not stand before everybody's requests."""
    sockets, passed = Sockets(lambda: load({}).server), list[float]()

    async def framework(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] == "websocket.receive":
            passed.append(asyncio.get_running_loop().time())

    async def page(scope: Any) -> list[int]:
        clicks, closed = iter([rerun()] * 3), list[int]()
        left = asyncio.Event()

        async def receive() -> Any:
            for click in clicks:
                return {"type": "websocket.receive", "bytes": click}
            await left.wait()
            return {"type": "websocket.disconnect", "code": 1001}

        async def send(message: Any) -> None:
            closed.append(message["code"])

        async def leave() -> None:
            while len(passed) <= 6:
                await asyncio.sleep(BETWEEN_CLICKS)
            left.set()

        await asyncio.gather(sockets(framework, scope, receive, send), leave())
        return closed

    async def both() -> list[list[int]]:
        passed.append(asyncio.get_running_loop().time())
        scope = {"type": "websocket", "headers": [], "client": ("198.51.100.1", 5), "path": "/"}
        return await asyncio.gather(page(scope), page(scope))

    with ThreadPoolExecutor(1) as thread:  # where no loop of another test goes on
        assert thread.submit(asyncio.run, both()).result() == [[], []]
    began, *clicks = passed
    assert len(clicks) == 6
    assert all(click >= began + n * BETWEEN_CLICKS for n, click in enumerate(clicks))
    assert sockets.pages == 0
