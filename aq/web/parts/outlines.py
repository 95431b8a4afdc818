"""The provinces' outlines as a file of their own, so that no map sent to a page carries them."""

import hashlib
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aq.paths import config_file

FOR_EVER = "public, max-age=31536000, immutable"


@cache
def _file() -> tuple[str, bytes]:
    """(address, content); another content has another address, so a browser may keep it."""
    body = config_file("provinces.geojson").read_bytes()
    return f"/outlines/{hashlib.sha256(body).hexdigest()[:16]}.geojson", body


def address() -> str:
    """Where a map finds the outlines: GeoJSON whose features' `id` is the province code."""
    return _file()[0]


async def _answer(request: Request) -> Response:
    where, body = _file()
    if request.url.path != where:
        return Response(status_code=404)
    return Response(body, media_type="application/geo+json", headers={"Cache-Control": FOR_EVER})


def route() -> Route:
    """What serves them."""
    return Route("/outlines/{name}", _answer, methods=["GET"])
