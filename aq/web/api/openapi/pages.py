"""Pages, frames, pictures and small files in the document: parameters and media types."""

import re
from collections.abc import Callable
from typing import Any

from aq.domain.provinces import PROVINCES
from aq.web.api.openapi.schema import Schema
from aq.web.api.openapi.words import POLLUTANTS
from aq.web.public import embeds, files
from aq.web.public.paths import BY_SLUG
from aq.web.public.picture_kinds import PICTURES
from aq.web.public.routes import COSTS, TABLE

NOW, FRAME, PICTURE = "/now/{rest:path}", "/embed/{kind}", "/picture/{kind}.{form}"
# The addresses of a route that takes a whole path.
SPELT = {NOW: ("/now/{province}", "/now/zone/{zone}")}
HTML, PLAIN = "text/html", "text/plain"
MEDIA: dict[str, tuple[str, ...]] = {
    "/robots.txt": (PLAIN,),
    "/sitemap.xml": ("application/xml",),
    "/catalog.jsonld": ("application/ld+json",),
    "/manifest.webmanifest": ("application/manifest+json",),
    "/favicon.ico": ("image/x-icon",),
    "/icon.svg": ("image/svg+xml",),
    "/icon-{size}.png": ("image/png",),
    "/card-{lang}.png": ("image/png",),
    PICTURE: ("image/svg+xml", "image/png"),
    **dict.fromkeys((FRAME, "/now", *SPELT[NOW]), (HTML,)),
}


def table() -> dict[str, tuple[Callable[..., Any], tuple[str, ...]]]:
    """Path to handler and names of parameters, those of the path first."""
    return {
        spelt: (handler, (*re.findall(r"{(\w+)}", spelt), *names))
        for path, (handler, names) in TABLE.items()
        for spelt in SPELT.get(path, (path,))
    }


def operation_id(path: str, handler: Callable[..., Any]) -> str:
    """A name of its own for each address."""
    below = re.findall(r"{(\w+)}", path) if path in SPELT[NOW] else []
    return "_".join([handler.__name__, *below])


def refusals(path: str) -> dict[str, tuple[str, ...]]:
    """By status the media types in which a page, frame or file says what is wrong."""
    kinds = (HTML, PLAIN) if path.startswith(("/now", "/embed/")) else (PLAIN,)
    rate = ("429",) if path in COSTS else ()
    return dict.fromkeys(("400", "404", *rate, "500", "503"), kinds)


def parameters(standards: list[str], names: list[str]) -> dict[str, tuple[str, Schema, Any]]:
    """By path and name what a parameter says, its schema, and an example."""

    def words(*allowed: str, **more: Any) -> Schema:
        return {"type": "string", "enum": list(allowed), **more}

    several = {"type": "array", "items": words(*names), "minItems": 1}
    pixels: Schema = {"type": "integer", "minimum": 1, "maximum": 10_000}
    slugs = [*BY_SLUG, *(name for place in PROVINCES for name in (place.code, place.ko))]
    text: Schema = {"type": "string"}
    described: dict[str, tuple[str, Schema, Any]] = {
        f"{FRAME} kind": ("what the frame shows", words(*embeds.KINDS), "map"),
        f"{PICTURE} kind": ("what the picture shows", words(*PICTURES), "map"),
        f"{PICTURE} form": ("a drawing, or pixels", words("svg", "png"), "svg"),
        f"{FRAME} source": (
            "our means, or AirKorea's own in strip, map and province",
            words(*embeds.SOURCES, default="own"),
            "official",
        ),
        f"{PICTURE} source": ("our means", words("own"), "own"),
        f"{PICTURE} at": (
            "of `hour`: the hour on Korea's clock, by default the newest",
            {**text, "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}$"},
            None,
        ),
        f"{PICTURE} since": (
            "of `line` and `carpet`: its first day, or an instant",
            text,
            None,
        ),
        f"{PICTURE} until": ("of `line` and `carpet`: its last day, or an instant", text, None),
        f"{PICTURE} rule": ("of `rule`: the id of a rule, as in /api/v1/alerts", text, None),
        "/now/{province} province": ("a province", words(*slugs), "seoul"),
        "/now/zone/{zone} zone": ("id of /api/v1/zones", text, "pm-11-01"),
        "size": (
            "edge [pixels]",
            {"type": "integer", "enum": list(files.ICON_SIZES)},
            files.ICON_SIZES[0],
        ),
        "x": ("the pollutant shown first", words(*POLLUTANTS, default="pm10"), "o3"),
        "theme": ("colours", words(*embeds.THEMES, default="auto"), "dark"),
        "layout": ("how a strip is set", words(*embeds.LAYOUTS, default="wrap"), "list"),
        "provinces": ("provinces by code or name, by comma", several, ["KR-26", "울산"]),
        "url": ("address of a frame or page of this site", {**text, "format": "uri"}, None),
        "/oembed format": ("form of the answer", words("json"), "json"),
        "maxwidth": ("at most so wide [pixels]", pixels, 320),
        "maxheight": ("at most so high [pixels]", pixels, 600),
    }
    for path in (FRAME, PICTURE):
        described |= {
            f"{path} province": ("the same as provinces", several, ["KR-11"]),
            f"{path} pollutant": ("one pollutant", words(*POLLUTANTS), "o3"),
            f"{path} standard": ("the standard that grades", words(*standards), "who_2021"),
        }
    return described
