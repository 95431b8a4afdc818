"""The framework's own files, packed once, and its pages: sent packed to whoever can read that."""

import gzip
from collections.abc import Collection

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Files under this path have the hash of their content in their names: they never change.
STATIC = "/static/"
KINDS = ("text/", "application/javascript", "application/json", "image/svg")
WEAK = "W/"
LEAST = 1024  # bytes; a smaller file is not worth it


class Packed:
    """ASGI middleware: keeps each file of the framework packed, as often as it is asked for.

    There are as many as the framework has, so nothing is ever dropped.
    """

    def __init__(self, app: ASGIApp, pages: Collection[str] = ()) -> None:
        """`pages` are the paths of pages, which are packed each time."""
        self._app, self._pages = app, pages
        self._files: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a file packed; what cannot be packed goes out as it is."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        takes = "gzip" in headers.get("accept-encoding", "") and "range" not in headers
        ours = scope["type"] == "http" and scope["method"] == "GET"
        ours = ours and (scope["path"].startswith(STATIC) or scope["path"] in self._pages)
        if not takes or not ours:
            await self._app(scope, receive, send)
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
                await self._answer(scope["path"], start, bytes(body), send)

        await self._app(_asking(scope), receive, keep)

    async def _answer(self, path: str, start: Message, body: bytes, send: Send) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        kind = headers.get("content-type", "")
        if "etag" in headers and not headers["etag"].startswith(WEAK):
            headers["etag"] = WEAK + headers["etag"]
        if start["status"] == 200 and len(body) >= LEAST and kind.startswith(KINDS):
            body = await self._packed(path, body)
            headers["Content-Encoding"] = "gzip"
            headers["Content-Length"] = str(len(body))
            headers.add_vary_header("Accept-Encoding")
        await send({**start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})

    async def _packed(self, path: str, body: bytes) -> bytes:
        if path in self._pages:
            return await run_in_threadpool(gzip.compress, body, 6, mtime=0)
        if path not in self._files:
            self._files[path] = await run_in_threadpool(gzip.compress, body, 9, mtime=0)
        return self._files[path]


def _asking(scope: Scope) -> Scope:
    """The request with the tag as the application knows it: packed bytes have a weak one."""
    headers = [
        (name, value.removeprefix(WEAK.encode()) if name == b"if-none-match" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}
