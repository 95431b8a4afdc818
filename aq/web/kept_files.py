"""Files of ours that a browser keeps for ever, since another content has another address."""

import hashlib
import json
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aq.paths import config_file
from aq.web.drawings.style import sheet

FOLDER = "/kept/"
OUTLINES = "provinces.geojson"
COMPONENTS = ("header", "switch", "table", "playback", "drawing")
FOR_EVER = "public, max-age=31536000, immutable"
TYPES = {"js": "text/javascript", "geojson": "application/geo+json"}
_HERE = Path(__file__).parent / "components"


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """By name (address, content)."""
    contents = {OUTLINES: config_file(OUTLINES).read_bytes()}
    contents |= {f"{name}.js": _module(name).encode() for name in COMPONENTS}
    return {name: (_address(name, body), body) for name, body in contents.items()}


def _address(name: str, body: bytes) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{FOLDER}{stem}.{hashlib.sha256(body).hexdigest()[:16]}.{kind}"


def _module(name: str) -> str:
    """A component's script, after the part that all share, with its style as `sheet`."""
    parts = ("alerts.css",) if name == "drawing" else ("common.css", f"{name}.css")
    own = (sheet() if name == "drawing" else "") + "".join(_read(part) for part in parts)
    style = json.dumps(own, ensure_ascii=False)
    return (
        f"export const sheet = new CSSStyleSheet();\nsheet.replaceSync({style});\n"
        f"{_read('dom.js')}\n{_read(f'{name}.js')}"
    )


def _read(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def address(name: str) -> str:
    """Where a file is found below the root: the provinces' outlines (GeoJSON whose features' `id`
    is the province code), or the module of a component, `drawing.js`."""
    return _files()[name][0]


async def _answer(request: Request) -> Response:
    body = next((body for where, body in _files().values() if where == request.url.path), None)
    if body is None:
        # Not to be kept by a cache: an instance of another version may have it.
        return Response(status_code=404, headers={"Cache-Control": "no-store"})
    kind = request.url.path.rpartition(".")[2]
    return Response(body, media_type=TYPES[kind], headers={"Cache-Control": FOR_EVER})


def route() -> Route:
    """What serves them."""
    return Route(f"{FOLDER}{{name}}", _answer, methods=["GET"])
