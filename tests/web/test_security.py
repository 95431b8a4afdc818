"""Headers, sizes and rates, as a client meets them at the real server."""

import asyncio
import itertools
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from starlette.responses import PlainTextResponse
from starlette.types import Message

from aq.settings import ServerSettings
from aq.web.security import Guard, cost_of
from aq.web.traffic import ROWS_HEADER, Buckets, client_of
from tests.browsing import dashboard, own_environment

PAGES = ("/", "/feeds", "/past")
DATA = ("/api/v1/provinces", "/healthz", "/strip.json", "/api/v1/nothing")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("guarded")
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{folder / 'aq.db'}",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
        AQ_SERVER__COSTLY_PER_MINUTE="40",
        AQ_SERVER__TRUSTED_PROXIES="127.0.0.1",
    )
    with dashboard(environment) as found:
        yield found


@pytest.mark.parametrize("path", [*PAGES, *DATA])
def test_every_answer_carries_the_headers(address: str, path: str) -> None:
    headers = requests.get(address + path, timeout=60).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert ("default-src 'none'" in policy) == (path in DATA)
    assert not {"http:", "https:", "ws:", "wss:", "*"} & set(policy.replace(";", "").split())
    assert "http" not in policy


def test_the_strip_alone_may_be_framed(address: str) -> None:
    headers = requests.get(f"{address}/strip", timeout=60).headers
    assert "frame-ancestors *" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_long_queries_and_large_bodies_are_refused(address: str) -> None:
    answer = requests.get(f"{address}/api/v1/current?pollutant={'x' * 9000}", timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (414, "query_too_long")
    answer = requests.post(f"{address}/api/v1/current", data=b"x" * 2_000_000, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_a_length_that_is_no_number_is_refused(address: str) -> None:
    host, port = urlsplit(address).hostname or "", urlsplit(address).port or 0
    with socket.create_connection((host, port), timeout=20) as one:
        one.sendall(b"POST /api/v1/current HTTP/1.1\r\nHost: x\r\nContent-Length: 9e9\r\n\r\n")
        assert one.recv(100).split()[1] in (b"400", b"413")


def test_costly_calls_are_limited_by_client_and_told_when_to_return(address: str) -> None:
    url = f"{address}/api/v1/history?since=2026-11-01&until=2026-11-02"

    def ask(client: str) -> requests.Response:
        return requests.get(url, headers={"X-Forwarded-For": client}, timeout=60)

    statuses = [ask("198.51.100.7").status_code for _ in range(60)]
    assert statuses[:40] == [200] * 40
    assert 429 in statuses[40:]
    refused = next(answer for _ in range(60) if (answer := ask("198.51.100.7")).status_code == 429)
    assert refused.json()["error"]["code"] == "too_many_requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert ask("198.51.100.8").status_code == 200
    assert requests.get(f"{address}/api/v1/current", timeout=60).status_code == 200


def test_pictures_are_paid_for_and_ready_frames_are_free(address: str) -> None:
    """Of 40 tokens a minute two PNG of 15 are drawn at once; a frame is made for 2, then ready."""

    def ask(path: str, client: str) -> requests.Response:
        return requests.get(address + path, headers={"X-Forwarded-For": client}, timeout=60)

    def refused() -> int:
        metrics = requests.get(f"{address}/metrics", timeout=60).text
        return int(float(metrics.split('aq_refused_total{reason="rate"} ')[1].split()[0]))

    before = refused()
    pictures = [
        f"/picture/map.png?pollutant={pollutant}&theme={theme}&lang={lang}"
        for pollutant in ("pm10", "pm25", "o3", "no2")
        for theme in ("light", "dark")
        for lang in ("ko", "en")
    ]
    answers = [ask(path, "198.51.100.20") for path in pictures]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert {answer.status_code for answer in answers} == {200, 429}
    late = [answer for answer in answers if answer.status_code == 429]
    assert refused() == before + len(late)
    assert 1 <= int(late[0].headers["Retry-After"]) <= 60
    assert f"try again in {late[0].headers['Retry-After']} s" in late[0].text
    assert ask(pictures[-1], "198.51.100.21").status_code == 200
    assert requests.get(f"{address}/healthz", timeout=60).status_code == 200
    frames = [ask("/embed/strip", "198.51.100.22").status_code for _ in range(100)]
    assert frames == [200] * 100


@pytest.mark.parametrize(("rows", "status"), [(200_000, 200), (600_000, 429)])
def test_an_export_is_paid_for_by_its_rows(rows: int, status: int) -> None:
    """Of 60 tokens one with up to 200,000 rows takes 20, and one with 600,000 all."""
    answer = PlainTextResponse("rows", headers={ROWS_HEADER: str(rows)})
    guard = Guard(answer, limits=lambda: ServerSettings(costly_per_minute=60))
    scope = {"type": "http", "method": "GET", "path": "/api/v1/export", "query_string": b""}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as thread:  # where no loop of another test goes on
        for _ in range(2):
            asked = {**scope, "headers": [], "client": ("198.51.100.9", 1)}
            thread.submit(asyncio.run, guard(asked, receive, send)).result()
    assert [message["status"] for message in sent if "status" in message] == [200, status]


def test_a_bucket_fills_again() -> None:
    seconds = itertools.count(step=6)
    buckets = Buckets(monotonic=lambda: float(next(seconds)))
    assert [buckets.take("a", 20, 40) for _ in range(4)] == [0.0, 0.0, 18.0, 12.0]
    assert buckets.take("b", 20, 40) == 0.0


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "10.1.1.1", "203.0.113.9"),  # who is no proxy is not believed
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "8.8.8.8, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "nonsense"),
        ("127.0.0.1", "198.51.100.7", "127.0.0.1"),  # loopback is no proxy by itself
        ("2001:db8:1:2:3::9", "", "2001:db8:1:2::/64"),  # a subscriber has a whole /64
        ("10.0.0.1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),  # as a socket of both families says
        ("10.0.0.1", "198.51.100.7:50123", "198.51.100.7"),  # as some proxies write it
        ("10.0.0.1", "[2001:db8:1:2::3]:50123", "2001:db8:1:2::/64"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2:443", "198.51.100.7"),
    ],
)
def test_whose_call_it_is(peer: str, forwarded: str, client: str) -> None:
    scope = {"type": "http", "client": (peer, 1), "headers": []}
    if forwarded:
        scope["headers"] = [(b"x-forwarded-for", forwarded.encode())]
    assert client_of(scope, ("10.0.0.0/8",)) == client


def test_a_wrong_network_is_refused_at_the_start(tmp_path: Path) -> None:
    from aq.domain.errors import ConfigError
    from aq.settings import load

    with pytest.raises(ConfigError, match="AQ_SERVER__TRUSTED_PROXIES"):
        load({"AQ_SERVER__TRUSTED_PROXIES": "my proxy"})


@pytest.mark.parametrize(
    ("path", "query", "cost"),
    [
        ("/", "", 0),
        ("/strip", "pollutant=pm25", 0),
        ("/api/v1/current", "", 0),
        ("/api/v1/current", "explain=true", 5),
        ("/api/v1/current", "pollutant=pm10", 1),
        ("/api/v1/history", "since=2026-11-01", 1),
        ("/api/v1/history", "limit=10", 1),
        ("/api/v1/history", "limit=5000", 5),
        ("/api/v1/history", f"limit={'9' * 5000}", 1_000_000),
        ("/api/v1/history", "limit=x", 1),
        ("/api/v1/export", "", 20),
        ("/api/v1/advisories", "year=2026", 1),
    ],
)
def test_a_call_costs_by_what_it_reads(path: str, query: str, cost: int) -> None:
    assert cost_of(path, query.encode()) == cost
