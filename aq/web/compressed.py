"""The framework's own files, packed once, and its pages: sent packed to whoever can read that."""

import gzip
import re
from collections.abc import Collection

import pyarrow as pa
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aq.web.kept_files import FOLDER

# Files under these paths have the hash of their content in their names: they never change.
LASTING = ("/static/", FOLDER)
KINDS = ("text/", "application/javascript", "application/json", "application/geo", "image/svg")
WEAK = "W/"
LEAST = 1024  # bytes; a smaller file is not worth it
# Quality of brotli for what is packed once, and for what is packed each time; gzip's levels.
LASTING_QUALITY, PASSING_QUALITY = 9, 5
LASTING_LEVEL, PASSING_LEVEL = 9, 6
REFUSED = re.compile(r"0(\.0*)?")
PACKED_TAG = re.compile(r'-(?:br|gzip)"')


def encoding_for(accepted: str) -> str | None:
    """The best of our encodings that a header `Accept-Encoding` takes; None for neither."""
    taken = _taken(accepted)
    return next((name for name in ("br", "gzip") if name in taken), None)


def _taken(accepted: str) -> set[str]:
    parts = accepted.lower().replace(" ", "").split(",")
    weighed = (part.partition(";q=") for part in parts)
    return {name for name, _, weight in weighed if not REFUSED.fullmatch(weight)}


def compressed(body: bytes, encoding: str, *, lasting: bool) -> bytes:
    """A body in an encoding; what is packed once and sent often is packed harder."""
    if encoding == "gzip":
        return gzip.compress(body, LASTING_LEVEL if lasting else PASSING_LEVEL, mtime=0)
    codec = pa.Codec("brotli", compression_level=LASTING_QUALITY if lasting else PASSING_QUALITY)
    packed: bytes = codec.compress(body, asbytes=True)
    return packed


class Packed:
    """ASGI middleware: keeps each lasting file packed, in each encoding that was asked for.

    There are as many as the framework and the program have, so nothing is ever dropped.
    """

    def __init__(self, app: ASGIApp, pages: Collection[str] = ()) -> None:
        """`pages` are the paths of pages, which are packed each time."""
        self._app, self._pages = app, pages
        self._files: dict[tuple[str, str], bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a file packed; what cannot be packed goes out as it is."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        accepted = headers.get("accept-encoding", "")
        encoding = encoding_for(accepted)
        ours = scope["type"] == "http" and scope["method"] == "GET" and "range" not in headers
        ours = ours and (scope["path"].startswith(LASTING) or scope["path"] in self._pages)
        if not ours:
            # The framework packs where the header has the word gzip, though it be refused there.
            refused = "gzip" in accepted and "gzip" not in _taken(accepted)
            asked = headers.get("if-none-match", "")
            if asked or refused:
                scope = _asking(scope, packed=not refused)

            async def tagged(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _tag(MutableHeaders(raw=message["headers"]), message["status"], asked)
                await send(message)

            await self._app(scope, receive, tagged)
            return
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await self._answer(scope["path"], encoding, start, bytes(body), send)

        await self._app(_asking(scope), receive, keep)

    async def _answer(
        self, path: str, encoding: str | None, start: Message, body: bytes, send: Send
    ) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        kind = headers.get("content-type", "")
        if "etag" in headers and not headers["etag"].startswith(WEAK):
            headers["etag"] = WEAK + headers["etag"]
        if start["status"] == 200 and len(body) >= LEAST and kind.startswith(KINDS):
            if "accept-encoding" not in headers.get("vary", "").lower():
                headers.add_vary_header("Accept-Encoding")
            if encoding:
                body = await self._packed(path, encoding, body)
                headers["Content-Encoding"] = encoding
                headers["Content-Length"] = str(len(body))
        await send({**start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})

    async def _packed(self, path: str, encoding: str, body: bytes) -> bytes:
        if path in self._pages:
            return await run_in_threadpool(compressed, body, encoding, lasting=False)
        key = path, encoding
        if key not in self._files:
            self._files[key] = await run_in_threadpool(compressed, body, encoding, lasting=True)
        return self._files[key]


def _asking(scope: Scope, *, packed: bool = False) -> Scope:
    """The request with the tags as the application knows them, those of plain bodies; unless it may
    come packed, for an answer that is not packed already."""
    headers = [
        (name, _plain(value) if name == b"if-none-match" else value)
        for name, value in scope["headers"]
        if packed or name != b"accept-encoding"
    ]
    return {**scope, "headers": headers}


def _plain(tags: bytes) -> bytes:
    return PACKED_TAG.sub('"', tags.decode("latin-1")).replace(WEAK, "").encode("latin-1")


def _tag(headers: MutableHeaders, status: int, asked: str) -> None:
    """Give a packed body a strong tag of its own (RFC 9110, 8.8.3.3); that nothing has changed is
    said under the tag of the copy that the asker has."""
    etag = headers.get("etag", "")
    if not etag.startswith('"'):
        return
    if status == 304:
        tags = (tag.strip() for tag in asked.split(","))
        own = (tag for tag in tags if PACKED_TAG.sub('"', tag).removeprefix(WEAK) == etag)
        headers["etag"] = next(own, etag)
    elif "content-encoding" in headers:
        headers["etag"] = f'{etag[:-1]}-{headers["content-encoding"]}"'
