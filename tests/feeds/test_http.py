"""The session against a real socket: faults, retries, quota, deadlines."""

import gzip
import json
import random
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from aq.domain.errors import FeedReason
from aq.domain.model import Payload
from aq.feeds.http import ATTEMPTS, CALLS_PER_HOST, MAX_BODY, UNREADABLE_ATTEMPTS, probe
from tests.feeds.edge import (
    KEY,
    MIDNIGHT,
    NOW,
    OPERATION,
    Edge,
    closed_port,
    raw_server,
    refused,
    success,
)


def test_an_answer_comes_with_what_asked_for_it(httpserver: HTTPServer, edge: Edge) -> None:
    httpserver.expect_request(f"/base/{OPERATION}").respond_with_json(success())
    payload = edge.get(httpserver.url_for("/base"))(OPERATION, {"sidoName": "전국"})
    assert isinstance(payload, Payload)
    assert json.loads(payload.text) == success()
    assert (payload.operation, payload.params) == (OPERATION, {"sidoName": "전국"})
    assert payload.fetched_at == NOW
    assert not payload.simulated
    assert edge.ledger.calls == [("airkorea", OPERATION, NOW)]
    request = httpserver.log[0][0]
    assert request.args["sidoName"] == "전국"
    assert request.headers["User-Agent"].startswith("aq/")


def test_a_password_of_netrc_goes_to_no_feed(
    httpserver: HTTPServer, edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(
        f"machine {httpserver.host} login me password mine\ndefault login a password b\n"
    )
    monkeypatch.setenv("NETRC", str(netrc))
    httpserver.expect_request("/").respond_with_json(success())
    edge.get(httpserver.url_for("/"))("", {})
    probe(httpserver.url_for("/"))
    assert len(httpserver.log) == 2
    assert not any("Authorization" in request.headers for request, _ in httpserver.log)


def test_simulated_answers_are_marked(httpserver: HTTPServer, edge: Edge) -> None:
    httpserver.expect_request("/").respond_with_json(success(), headers={"X-AQ-Simulated": "1"})
    assert edge.get(httpserver.url_for("/"))("", {}).simulated


@pytest.mark.parametrize("given", [KEY, quote(KEY, safe=""), f" {KEY}\n", SecretStr(KEY)])
def test_t18_either_form_of_the_key_is_encoded_once(
    httpserver: HTTPServer, edge: Edge, given: str | SecretStr
) -> None:
    httpserver.expect_request("/").respond_with_json(success())
    edge.get(httpserver.url_for("/"), key=given)("", {})
    request = httpserver.log[0][0]
    assert request.args["serviceKey"] == KEY
    assert f"serviceKey={quote(KEY, safe='')}".encode() in request.query_string


def test_no_key_no_parameter(httpserver: HTTPServer, edge: Edge) -> None:
    httpserver.expect_request("/").respond_with_json(success())
    edge.get(httpserver.url_for("/"), key=None)("", {"a": "1,2"})
    assert httpserver.log[0][0].query_string == b"a=1,2"


def test_nobody_listens(edge: Edge) -> None:
    error = refused(lambda: edge.get(f"http://127.0.0.1:{closed_port()}")(OPERATION, {}))
    assert error.reason is FeedReason.UNREACHABLE
    assert "refused" in error.detail
    assert not error.permanent
    assert len(edge.ledger.calls) == ATTEMPTS
    first, second = edge.waits
    assert 0.5 <= first <= 1.5
    assert 1.0 <= second <= 3.0


def test_an_unknown_host_and_no_address(edge: Edge) -> None:
    error = refused(lambda: edge.get("http://no-such-host.invalid")(OPERATION, {}))
    assert (error.reason, error.detail) == (
        FeedReason.UNREACHABLE,
        "the host's name was not found",
    )
    error = refused(lambda: edge.get("no address")(OPERATION, {}))
    assert error.reason is FeedReason.BAD_REQUEST


def test_tls_that_is_none(edge: Edge) -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n\r\n") as (url, _):
        error = refused(lambda: edge.get(url.replace("http:", "https:"))(OPERATION, {}))
    assert error.reason is FeedReason.UNREACHABLE
    assert "TLS" in error.detail


def test_no_byte_comes(edge: Edge) -> None:
    with raw_server(b"", stay=True) as (url, _):
        error = refused(lambda: edge.get(url, timeout=0.1)(OPERATION, {}))
    assert error.reason is FeedReason.UNREACHABLE
    assert "no answer within" in error.detail


def test_a_body_that_stops_coming(edge: Edge) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"
    with raw_server(head, stay=True) as (url, _):
        error = refused(lambda: edge.get(url, timeout=3, deadline=6.5)(OPERATION, {}))
    assert (error.reason, error.detail) == (FeedReason.UNREACHABLE, "the answer stopped coming")


def test_a_header_that_never_ends_is_left_behind_at_the_deadline(edge: Edge) -> None:
    """No read timeout fires here: the socket would wait for 60 s."""
    with raw_server(b"HTTP/1.1 200 OK\r\nX-Slow: ", stay=True) as (url, _):
        error = refused(lambda: edge.get(url, timeout=60, deadline=0.2)(OPERATION, {}))
    assert error.reason is FeedReason.UNREACHABLE
    assert len(edge.ledger.calls) == 1


def test_a_body_byte_by_byte_ends_at_the_deadline(httpserver: HTTPServer, edge: Edge) -> None:
    leave = threading.Event()

    def drip(_: Request) -> Response:
        def bytes_forever() -> Iterator[bytes]:
            while not leave.wait(0.02):
                yield b" "

        return Response(bytes_forever(), content_type="application/json")

    httpserver.expect_request(f"/{OPERATION}").respond_with_handler(drip)
    error = refused(lambda: edge.get(httpserver.url_for(""), deadline=0.3)(OPERATION, {}))
    leave.set()
    assert error.reason is FeedReason.UNREACHABLE
    assert len(edge.ledger.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"response":{"header"',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{",
        b'HTTP/1.1 200 OK\r\n\r\n{"response":{"header":',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xb0\xa1\xb0\xa1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n<html></html",
    ],
    ids=["length", "chunk", "no length", "not gzip", "empty", "cp949", "html"],
)
def test_a_cut_or_foreign_body_is_not_understood_and_asked_for_once_more(
    edge: Edge, answer: bytes
) -> None:
    with raw_server(answer) as (url, seen):
        error = refused(lambda: edge.get(url)(OPERATION, {}))
    assert error.reason is FeedReason.NOT_UNDERSTOOD
    assert not error.permanent
    assert len(seen) == len(edge.ledger.calls) == UNREADABLE_ATTEMPTS


@pytest.mark.parametrize("packed", [True, False], ids=["gzip bomb", "plain"])
def test_a_body_without_measure_is_given_up(
    httpserver: HTTPServer, edge: Edge, *, packed: bool
) -> None:
    body = b" " * (MAX_BODY + 1)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    httpserver.expect_request(f"/{OPERATION}").respond_with_data(
        gzip.compress(body, 1) if packed else body, headers=headers
    )
    error = refused(lambda: edge.get(httpserver.url_for(""))(OPERATION, {}))
    assert error.reason is FeedReason.NOT_UNDERSTOOD
    assert "larger than 32 MiB" in error.detail


def test_ten_megabytes_of_garbage_are_not_understood(httpserver: HTTPServer, edge: Edge) -> None:
    garbage = random.Random(7).randbytes(10 * 2**20)
    httpserver.expect_request(f"/{OPERATION}").respond_with_data(garbage)
    error = refused(
        lambda: edge.get(httpserver.url_for(""), timeout=60, deadline=300)(OPERATION, {})
    )
    assert error.reason is FeedReason.NOT_UNDERSTOOD
    assert len(error.detail) < 500
    assert len(edge.ledger.calls) == UNREADABLE_ATTEMPTS


def test_gzip_of_a_fair_size_is_read(httpserver: HTTPServer, edge: Edge) -> None:
    body = gzip.compress(json.dumps(success([{"a": "가" * 500_000}]), ensure_ascii=False).encode())
    httpserver.expect_request("/").respond_with_data(body, headers={"Content-Encoding": "gzip"})
    assert "가가" in edge.get(httpserver.url_for("/"))("", {}).text


def test_a_redirect_is_not_followed(httpserver: HTTPServer, edge: Edge) -> None:
    httpserver.expect_request(f"/{OPERATION}").respond_with_data(
        "{}", status=302, headers={"Location": httpserver.url_for("/elsewhere")}
    )
    httpserver.expect_request("/elsewhere").respond_with_json(success())
    error = refused(lambda: edge.get(httpserver.url_for(""))(OPERATION, {}))
    assert error.reason is FeedReason.NOT_UNDERSTOOD
    assert {request.path for request, _ in httpserver.log} == {f"/{OPERATION}"}


def test_t21_html_503_is_retried_and_then_answered(httpserver: HTTPServer, edge: Edge) -> None:
    page = "<!DOCTYPE html><html><body>out of service</body></html>"
    for _ in range(2):
        httpserver.expect_ordered_request(f"/{OPERATION}").respond_with_data(page, status=503)
    httpserver.expect_ordered_request(f"/{OPERATION}").respond_with_json(success())
    edge.get(httpserver.url_for(""))(OPERATION, {})
    assert len(edge.ledger.calls) == 3
    error_page = refused(lambda: edge.get(httpserver.url_for("/down"))(OPERATION, {}))
    assert error_page.reason is FeedReason.UPSTREAM_DOWN


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_t16_a_gateway_status_without_words_is_upstream_down(
    httpserver: HTTPServer, edge: Edge, status: int
) -> None:
    httpserver.expect_request(f"/{OPERATION}").respond_with_data("", status=status)
    error = refused(lambda: edge.get(httpserver.url_for(""))(OPERATION, {}))
    assert error.reason is FeedReason.UPSTREAM_DOWN
    assert f"HTTP {status}" in error.detail
    assert len(edge.ledger.calls) == ATTEMPTS


@pytest.mark.parametrize(
    ("header", "waits", "retry_at"),
    [
        ("7", [7.0, 7.0], NOW + timedelta(seconds=7)),
        ("0", None, NOW),
        ("Mon, 23 Nov 2026 11:25:09 GMT", [9.0, 9.0], NOW + timedelta(seconds=9)),
        ("3600", [], NOW + timedelta(hours=1)),
        ("Mon, 23 Nov 2026 13:25:00 GMT", [], NOW + timedelta(hours=2)),
        ("soon", None, None),
        (None, None, None),
    ],
)
def test_retry_after(
    httpserver: HTTPServer,
    edge: Edge,
    header: str | None,
    waits: list[float] | None,
    retry_at: datetime | None,
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    httpserver.expect_request(f"/{OPERATION}").respond_with_data("", status=429, headers=headers)
    error = refused(lambda: edge.get(httpserver.url_for(""))(OPERATION, {}))
    assert error.reason is FeedReason.RATE_LIMITED
    assert error.retry_at == retry_at
    if waits is None:
        assert len(edge.waits) == ATTEMPTS - 1
        assert all(0.5 <= wait <= 3 for wait in edge.waits)
    else:
        assert edge.waits == waits


def test_a_wait_beyond_the_deadline_is_not_begun(httpserver: HTTPServer, edge: Edge) -> None:
    httpserver.expect_request(f"/{OPERATION}").respond_with_data(
        "", status=503, headers={"Retry-After": "50"}
    )
    error = refused(lambda: edge.get(httpserver.url_for(""), deadline=20)(OPERATION, {}))
    assert edge.waits == []
    assert error.retry_at == NOW + timedelta(seconds=50)


def test_what_upstream_said_is_told_though_it_then_fell_silent(
    httpserver: HTTPServer, edge: Edge
) -> None:
    leave = threading.Event()

    def silent(_: Request) -> Response:
        leave.wait(60)
        return Response("")

    headers = {"Retry-After": "7"}
    httpserver.expect_ordered_request(f"/{OPERATION}").respond_with_data("", 429, headers)
    httpserver.expect_ordered_request(f"/{OPERATION}").respond_with_handler(silent)
    error = refused(lambda: edge.get(httpserver.url_for(""), timeout=2, deadline=20)(OPERATION, {}))
    leave.set()
    assert (error.reason, error.retry_at) == (FeedReason.RATE_LIMITED, NOW + timedelta(seconds=7))
    assert "429" in error.detail
    assert "no answer within 2 s" in error.detail


def test_no_attempt_is_begun_that_could_not_be_heard(httpserver: HTTPServer, edge: Edge) -> None:
    httpserver.expect_request(f"/{OPERATION}").respond_with_data("", status=429)
    get = edge.get(httpserver.url_for(""), timeout=20, deadline=20.4)
    error = refused(lambda: get(OPERATION, {}))
    assert error.reason is FeedReason.RATE_LIMITED
    assert (edge.waits, len(edge.ledger.calls)) == ([], 1)


def test_t17_a_refused_key_makes_no_retry_storm(httpserver: HTTPServer, edge: Edge) -> None:
    body = {
        "OpenAPI_ServiceResponse": {
            "cmmMsgHeader": {
                "returnReasonCode": "30",
                "returnAuthMsg": f"SERVICE_KEY_IS_NOT_REGISTERED_ERROR {KEY}",
            }
        }
    }
    httpserver.expect_request(f"/{OPERATION}").respond_with_json(body, status=403)
    error = refused(lambda: edge.get(httpserver.url_for(""))(OPERATION, {}))
    assert error.reason is FeedReason.KEY_NOT_REGISTERED
    assert error.permanent
    assert len(edge.ledger.calls) == 1
    assert KEY not in str(error)


def test_t25_every_attempt_is_counted_and_the_limit_stops_the_next(
    httpserver: HTTPServer, edge: Edge
) -> None:
    httpserver.expect_request(f"/{OPERATION}").respond_with_data("", status=503)
    get = edge.get(httpserver.url_for(""), daily_limit=2)
    error = refused(lambda: get(OPERATION, {}))
    assert error.reason is FeedReason.QUOTA_USED_UP
    assert error.retry_at == MIDNIGHT
    assert len(edge.ledger.calls) == len(httpserver.log) == 2
    assert refused(lambda: get(OPERATION, {})).reason is FeedReason.QUOTA_USED_UP
    assert len(httpserver.log) == 2


def test_t21_no_more_than_two_calls_at_once_to_a_host(edge: Edge) -> None:
    lock, inside, most = threading.Lock(), [0], [0]
    together = threading.Barrier(CALLS_PER_HOST)

    def slow(_: Request) -> Response:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        together.wait(60)  # nobody leaves before as many as may are inside
        with lock:
            inside[0] -= 1
        return Response(json.dumps(success()))

    with HTTPServer(threaded=True) as server:
        server.expect_request("/").respond_with_handler(slow)
        get = edge.get(server.url_for("/"))
        threads = [threading.Thread(target=get, args=("", {})) for _ in range(3 * CALLS_PER_HOST)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert most[0] == CALLS_PER_HOST
    assert len(edge.ledger.calls) == len(threads)
