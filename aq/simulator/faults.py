"""What faults do to answers: refusals in upstream's own forms, bent worlds, sick sockets."""

import asyncio
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from starlette.types import Receive, Scope, Send

from aq.simulator import envelope
from aq.simulator.envelope import HTML, Reply
from aq.simulator.scenario import AIRKOREA, Fault
from aq.simulator.view import View

_DOWN = (
    "<!DOCTYPE html><html><head><title>503 Service Unavailable</title></head><body>"
    "<h1>Service Unavailable</h1><p>The service is being maintained.</p></body></html>"
)
_TIMEOUT = "<html><body><h1>504 Gateway Time-out</h1></body></html>"
_LIMIT = "Minutely API request limit exceeded. Please try again in one minute."
_PIECES = 20  # a slow body comes in so many
_MEGABYTE = 1024 * 1024


def view_of(faults: Sequence[Fault]) -> View:
    """The view that the faults of a call make of the world."""
    late, shift, factor, without, empty = 0.0, 0, 1.0, frozenset[str](), False
    for fault in faults:
        match fault.kind:
            case "late_hour":
                late += fault.number("minutes")
            case "old_hour":
                shift -= int(fault.number("hours"))
            case "future_hour":
                shift += int(fault.number("hours"))
            case "changed_values":
                factor *= fault.number("factor")
            case "missing_provinces":
                without |= fault.provinces
            case "empty_items":
                empty = True
    return View(late_minutes=late, shift_hours=shift, factor=factor, without=without, empty=empty)


def refusal_of(faults: Sequence[Fault], feed: str, as_json: bool) -> Reply | None:
    """The answer that stands in for the real one, by the first fault that refuses."""
    for fault in faults:
        make = _REFUSALS.get(fault.kind)
        if make:
            return make(_Case(fault, feed, as_json))
    return None


@dataclass(frozen=True, slots=True)
class _Case:
    """A call that is refused."""

    fault: Fault
    feed: str
    as_json: bool


def _gateway(code: str) -> Callable[[_Case], Reply]:
    return lambda _: envelope.gateway_xml(code)


def _provider(case: _Case) -> Reply:
    return envelope.provider_error("02", "DB_ERROR", case.as_json)


def _forbidden(case: _Case) -> Reply:
    if case.feed == AIRKOREA:
        return envelope.gateway_json("30", 403)
    return openmeteo_error("API key is invalid.", 403)


def _too_many(case: _Case) -> Reply:
    seconds = case.fault.number("retry_after")
    headers = {"Retry-After": f"{seconds:.0f}"} if seconds else {}
    if case.feed == AIRKOREA:
        return envelope.gateway_json("23", 429, headers)
    return openmeteo_error(_LIMIT, 429, headers)


def openmeteo_error(reason: str, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """Open-Meteo's way to say no."""
    body = json.dumps({"error": True, "reason": reason}, ensure_ascii=False).encode()
    return Reply(body=body, status=status, headers=headers or {})


def _bomb(case: _Case) -> Reply:
    body = _blanks(int(case.fault.number("megabytes")))
    return Reply(body=body, headers={"Content-Encoding": "gzip"})


@cache
def _blanks(megabytes: int) -> bytes:
    """A small gzip stream that becomes so many megabytes of blanks."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as stream:
        for _ in range(megabytes):
            stream.write(b" " * _MEGABYTE)
    return out.getvalue()


_REFUSALS: Mapping[str, Callable[[_Case], Reply]] = {
    "gateway_30": _gateway("30"),
    "gateway_20": _gateway("20"),
    "gateway_22": _gateway("22"),
    "gateway_10_http400": lambda _: envelope.gateway_json("10", 400),
    "provider_error": _provider,
    "http_403": _forbidden,
    "http_429": _too_many,
    "http_503_html": lambda _: Reply(body=_DOWN.encode(), kind=HTML, status=503),
    "http_504": lambda _: Reply(body=_TIMEOUT.encode(), kind=HTML, status=504),
    "garbage": lambda _: Reply(body=b'\x00\xff\xfe{"resp\xc3onse": \x80}\r\n\x1f'),
    "gzip_bomb": _bomb,
}


def bend_openmeteo(value: object) -> object:
    """Shapes that a model answer must not be trusted to avoid: a short array, text, a null."""
    place = value[0] if isinstance(value, list) else value
    hourly = place.get("hourly") if isinstance(place, dict) else None
    if isinstance(hourly, dict):
        names = [name for name in hourly if name != "time"]
        for name in names[:1]:
            hourly[name] = hourly[name][:-1]
        for name in names[1:2]:
            hourly[name] = ["n/a", *hourly[name][1:]]
        for name in names[2:3]:
            hourly[name] = None
    return value


class Wire:
    """Sends a reply over the socket, well or ill; an ASGI application for one answer."""

    def __init__(self, reply: Reply, faults: Sequence[Fault], headers: Mapping[str, str]) -> None:
        self.reply = reply
        self.by_kind = {fault.kind: fault for fault in faults}
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; a cut body ends here early, and the server then closes the connection."""
        if "slow_headers" in self.by_kind:
            await asyncio.sleep(self.by_kind["slow_headers"].number("seconds"))
        body = self.reply.body
        if "wrong_length" in self.by_kind:
            body = body[: len(body) * 3 // 4]  # the length said is shorter than the document
        await send(
            {
                "type": "http.response.start",
                "status": self.reply.status,
                "headers": self._headers(len(body)),
            }
        )
        if "cut_body" in self.by_kind:
            half = body[: len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            return
        await self._body(send, body)

    def _headers(self, length: int) -> list[tuple[bytes, bytes]]:
        named = {"Content-Type": self.reply.kind, "Content-Length": str(length)}
        named |= {**self.reply.headers, **self.headers}
        return [(key.lower().encode(), value.encode()) for key, value in named.items()]

    async def _body(self, send: Send, body: bytes) -> None:
        slow = self.by_kind.get("slow_body")
        size = -(-len(body) // _PIECES) if slow else len(body)
        for start in range(0, len(body), max(size, 1)):
            piece = body[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if slow:
                await asyncio.sleep(slow.number("seconds") / _PIECES)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
