"""The key of a feed is nowhere in what a failed call leaves."""

import base64
import logging
import traceback
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from aq.feeds.airkorea.client import REALTIME
from aq.logs import RedactSecrets
from tests.feeds.edge import (
    KEY,
    OPERATION,
    Edge,
    closed_port,
    raw_server,
    refused,
)


def _faults(httpserver: HTTPServer) -> Iterator[str]:
    """Base URLs that fail in every way, each echoing the query where it can."""
    answers: list[tuple[str, int, Mapping[str, str]]] = [
        ("<html>{}</html>", 503, {}),
        ("{}", 200, {}),
        ("{}", 404, {}),
        ("{}", 429, {}),
        ("{}", 302, {"Location": "http://127.0.0.1:9/{}"}),
        ('{{"response":{{"header":{{"resultCode":"10","resultMsg":"{}"}}}}}}', 200, {}),
        ('{{"response":{{"header":{{"resultCode":"22","resultMsg":"{}"}}}}}}', 200, {}),
        ('{{"error":true,"reason":"{}"}}', 400, {}),
    ]
    for number, (text, status, headers) in enumerate(answers):

        def answer(
            request: Request,
            text: str = text,
            status: int = status,
            headers: Mapping[str, str] = headers,
        ) -> Response:
            query = request.query_string.decode()
            named = {name: value.format(query) for name, value in headers.items()}
            return Response(text.format(query), status=status, headers=named)

        httpserver.expect_request(f"/{number}/{OPERATION}").respond_with_handler(answer)
        yield httpserver.url_for(f"/{number}")
    yield f"http://127.0.0.1:{closed_port()}"
    yield "http://no-such-host.invalid"
    yield "http://[broken"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _spellings() -> list[str]:
    encoded = quote(KEY, safe="")
    return [KEY, encoded, quote(encoded, safe=""), base64.b64encode(KEY.encode()).decode()]


def test_t23_the_key_is_nowhere(
    httpserver: HTTPServer, edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for place in (caplog.handler, logging.getLogger("urllib3.connectionpool")):
        place.addFilter(RedactSecrets())
    urls = [*_faults(httpserver)]
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{") as (cut, _):
        for url in [*urls, cut]:
            error = refused(lambda url=url: edge.get(url, timeout=1)(OPERATION, {"a": "b"}))
            texts = [str(error), repr(error), error.detail]
            for link in _chain(error):
                texts += [str(link), repr(link), *traceback.format_exception(link)]
                frames = traceback.walk_tb(link.__traceback__)
                texts += [
                    repr(value)
                    for frame, _ in frames
                    for name, value in frame.f_locals.items()
                    if frame.f_code.co_filename.endswith("aq/feeds/http.py")
                ]
            found = [form for form in _spellings() for text in texts if form in text]
            assert found == [], url
    assert "serviceKey=***" in caplog.text
    assert [form for form in _spellings() if form in caplog.text] == []


def test_t23_the_real_operation_names_stay_readable(httpserver: HTTPServer, edge: Edge) -> None:
    httpserver.expect_request(f"/{REALTIME}").respond_with_data("", status=404)
    error = refused(lambda: edge.get(httpserver.url_for(""))(REALTIME, {}))
    assert str(error).startswith(f"airkorea {REALTIME}: bad_request")
