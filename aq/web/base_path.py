"""The application below a path of a larger site, `/air`, whichever way the proxy in front asks."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aq.context import shared

# Names of answers that are data: where one stands under a path that is not ours, a page would be
# taken for it.
DATA = frozenset({"healthz", "metrics", "strip.json", "alerts.atom", "catalog.jsonld"})


class BasePath:
    """ASGI middleware, outermost: takes the base path off an address, and passes on what remains.

    A proxy may have taken it off already, so an address without it is ours too.
    """

    def __init__(self, app: ASGIApp, base: Callable[[], str]) -> None:
        self._app, self._base = app, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, send `/air` to `/air/` and a page's address with a slash to the one without, or
        refuse what asks for data under another path."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        base, path = self._base(), scope["path"]
        if base and path == base:
            await _moved(f"{base}/", scope)(scope, receive, send)
            return
        if base and path.startswith(f"{base}/"):
            path = path[len(base) :]
        if scope["type"] == "http" and len(path) > 1 and path.endswith("/"):
            # Links of a page are relative to its address without one. Nothing of the path is taken
            # for a host.
            await _moved(f"{base}/{path.strip('/')}", scope)(scope, receive, send)
            return
        refusal = _elsewhere(path, base) if scope["type"] == "http" else None
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app({**scope, "path": path, "root_path": base}, receive, send)


def _moved(path: str, scope: Scope) -> Response:
    """Sends to another path with the same question."""
    query = scope["query_string"].decode("latin-1")
    return RedirectResponse(f"{quote(path)}{'?' if query else ''}{query}", 308)


def _elsewhere(path: str, base: str) -> Response | None:
    """A refusal of data under a path where there is none, which the framework answers by a page."""
    parts = path.split("/")
    if len(parts) < 3 or not (parts[-1] in DATA or "api" in parts[2:-1]):
        return None
    if parts[1] == "api":
        return None
    where = f"the site stands under {base}/" if base else "the site stands under no path"
    error = {
        "code": "unknown_path",
        "message": f"there is nothing here: {where} (setting base_path, AQ_BASE_PATH)",
        "field": None,
    }
    return JSONResponse({"error": error}, 404, headers={"Cache-Control": "no-store"})


def below(path: str) -> str:
    """A path of ours as a page links to it."""
    return f"{shared().settings.base_path}{path}"
