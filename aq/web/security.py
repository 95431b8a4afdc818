"""What every answer of the server carries and what no request may do: headers, sizes, rates."""

import math
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aq.web import sharing, sockets, traffic
from aq.web.api.responses import error_response
from aq.web.connection_notice import full
from aq.web.traffic import CHARGE, ROWS_HEADER, Buckets, client_of

MAX_QUERY = 8_192  # bytes; the longest real question names 17 provinces and 6 pollutants
MAX_BODY = 1_048_576  # bytes; nothing here takes a file
EXPORT_COST = 20  # tokens a call takes at the least, and then one for so many rows of its answer
EXPORT_ROWS_A_TOKEN = 10_000
ROWS_A_TOKEN = 1000  # of history, which gives up to 5,000 at once
EXPLAIN_COST = 5  # looks for the stations behind each item
# Answered from ready bodies where nothing is asked for in particular.
FREE = frozenset({"/api/v1/provinces", "/api/v1/current", "/api/v1/feeds", "/api/v1/openapi.json"})
# Names under which answers are counted; all else is of a group, or a page.
NAMED = frozenset(
    {
        *("/strip", "/strip.json", "/healthz", "/metrics", "/api/v1/provinces", "/api/v1/current"),
        *("/api/v1/history", "/api/v1/export", "/api/v1/feeds", "/api/v1/openapi.json"),
    }
)
GROUPS = (("api", "/api/"), ("asset", "/static/"), ("asset", "/kept/"), ("stream", "/_stcore/"))
# Nothing here takes a file or a form; the framework's own ways in for developers are closed.
METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CLOSED = ("/_stcore/metrics", "/_stcore/upload_file", "/_stcore/agent", "/_stcore/script-health")
# Streamlit's own frontend needs inline styles, inline and generated scripts (its component loader),
# blobs (downloads, workers) and its websocket; nothing from any other machine.
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",  # 'self' is the page's own websocket too
        "worker-src 'self' blob:",
        "media-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Limits(sockets.Limits, Protocol):
    """The server's settings that matter here."""

    @property
    def costly_per_minute(self) -> int:
        """Tokens a minute for a client's costly calls."""


class _BodyTooLargeError(Exception):
    """More came than was announced or is allowed."""


class Guard:
    """ASGI middleware around pages and routes.

    A header an answer has set itself is left alone: `/strip` may be framed by anyone.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Callable[[], Limits],
        observe: Callable[[str, int, float], None] = lambda _route, _status, _seconds: None,
        pages: Collection[str] = (),
    ) -> None:
        """`pages` are the addresses that open a websocket; the rest is answered at once."""
        self._app, self._limits, self._observe, self._pages = app, limits, observe, pages
        self._buckets, self._sockets = Buckets(), sockets.Sockets(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with limits and headers."""
        if scope["type"] == "websocket":
            await self._sockets(self._app, scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, began = False, time.monotonic()

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                _dress(headers, scope["path"])
                self._charge(scope, headers)
                seconds = time.monotonic() - began
                self._observe(_route(scope["path"]), message["status"], seconds)
            await send(message)

        ready = self._refused(scope) or sharing.preflight(scope)
        if ready is not None:
            await ready(scope, receive, sending)
            return
        scope[CHARGE] = partial(self._take, scope)
        try:
            await self._app(scope, _measured(receive), sending)
        except _BodyTooLargeError:
            if not started:
                await _too_large()(scope, receive, sending)

    def _refused(self, scope: Scope) -> Response | None:
        if len(scope.get("query_string", b"")) > MAX_QUERY:
            message = f"the query is longer than {MAX_QUERY:,} bytes"
            return error_response(414, "query_too_long", message)
        if scope["path"] in self._pages and self._sockets.full:
            traffic.count(traffic.PAGES)
            return HTMLResponse(
                full(), 503, headers={"Retry-After": "60", "Cache-Control": "no-store"}
            )
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            return _too_large()
        if scope["path"].startswith(CLOSED):
            return error_response(404, "unknown_route", "nothing is here")
        if scope["method"] not in METHODS:
            refusal = error_response(
                405, "method_not_allowed", "here is only to read: GET, HEAD or OPTIONS"
            )
            refusal.headers["Allow"] = "GET, HEAD, OPTIONS"
            return refusal
        return None if scope["method"] == "OPTIONS" else self._too_costly(scope)

    def _too_costly(self, scope: Scope) -> Response | None:
        cost = cost_of(scope["path"].rstrip("/"), scope.get("query_string", b""))
        seconds = self._take(scope, cost) if cost else 0
        if not seconds:
            return None
        refusal = error_response(429, "too_many_requests", f"try again in {seconds} s")
        refusal.headers["Retry-After"] = str(seconds)
        return refusal

    def _take(self, scope: Scope, cost: int) -> int:
        """Take tokens of a client, or count him as refused: the seconds he has to wait, else 0."""
        limits = self._limits()
        size = max(limits.costly_per_minute, cost)
        wait = self._buckets.take(client_of(scope, limits.trusted_proxies), cost, size)
        if not wait:
            return 0
        traffic.count(traffic.RATE)
        return max(1, round(wait + 0.5))

    def _charge(self, scope: Scope, headers: MutableHeaders) -> None:
        """Take of an export's client what its rows cost beyond the call."""
        rest = int(headers.get(ROWS_HEADER, "0")) // EXPORT_ROWS_A_TOKEN - EXPORT_COST
        if rest > 0 and scope["method"] == "GET":
            limits = self._limits()
            rest = min(rest, limits.costly_per_minute)
            self._buckets.owe(client_of(scope, limits.trusted_proxies), rest)


def cost_of(path: str, query: bytes) -> int:
    """The tokens that a call takes, by how much of the store it may read. What is drawn for one
    client alone is charged by its route, where it is not ready (`public.routes.COSTS`)."""
    if not path.startswith("/api/") or (path in FREE and not query):
        return 0
    if path == "/api/v1/export":
        return EXPORT_COST
    given = dict(parse_qsl(query.decode("latin-1")))
    rows = given.get("limit", "")
    if path == "/api/v1/history" and rows.isascii() and rows.isdigit():
        return max(1, math.ceil(int(rows[:9]) / ROWS_A_TOKEN))
    return EXPLAIN_COST if given.get("explain", "false") != "false" else 1


def _route(path: str) -> str:
    """A path as one of few names, so that nobody's typing makes new series."""
    if path in NAMED:
        return path
    return next((name for name, start in GROUPS if path.startswith(start)), "page")


def _dress(headers: MutableHeaders, path: str) -> None:
    own = "content-security-policy" in headers
    data = path.startswith("/api/") or "json" in headers.get("content-type", "")
    headers.setdefault("Content-Security-Policy", DATA_POLICY if data else PAGE_POLICY)
    if not own:
        headers.setdefault("X-Frame-Options", "DENY")
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    sharing.share(headers, path)


def _measured(receive: Receive) -> Receive:
    """A body that may not be larger than `MAX_BODY`, whatever its header says."""
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise _BodyTooLargeError
        return message

    return receiving


def _too_large() -> Response:
    return error_response(413, "body_too_large", f"a body may have up to {MAX_BODY:,} bytes")
