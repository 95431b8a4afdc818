"""What oEmbed gives for an address of ours: the frame that shows the same, and how high it is."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from aq.context import Context
from aq.domain.clock import kst_day
from aq.domain.errors import InputError
from aq.web.api.parameters import checked, query_pairs
from aq.web.parts import view_state
from aq.web.public import embeds
from aq.web.public.embeds import PARAMETERS, Frame
from aq.web.public.moment import MOMENTS
from aq.web.public.paths import BY_SLUG, ROOT
from aq.web.public.site_pages import resolved
from aq.web.site import Site

WIDTH = 768  # pixels, where none is given
LARGEST = 10_000


def oembed(context: Context, site: Site, query: Mapping[str, str]) -> dict[str, Any]:
    """The answer to oEmbed for a frame, a plain page or the live page.

    Raises `InputError` for any other address, for what its frame refuses, and for a form other
    than JSON.
    """
    if query.get("format", "json") != "json":
        raise InputError("only json", "format", code="not_implemented")
    frame = frame_of(context, site, query.get("url", ""))
    width = _pixels(query, "maxwidth", WIDTH)
    high = embeds.height(context, frame, MOMENTS.of(context, frame.standard), width)
    high = min(high, _pixels(query, "maxheight", high))
    title = frame.text(embeds.KINDS[frame.kind])
    return {
        "version": "1.0",
        "type": "rich",
        "provider_name": frame.text("Air Quality 17"),
        "provider_url": site.root,
        "title": title,
        "width": width,
        "height": high,
        "html": embeds.iframe(frame.address, title, high),
        "cache_age": embeds.REFRESH_SECONDS,
    }


def frame_of(context: Context, site: Site, address: str) -> Frame:
    """The frame that shows what an address of ours shows: of the country its strip, of a province
    its values. Raises `InputError` where there is none or where the page itself would refuse."""
    if not f"{address}/".startswith(site.root):
        raise InputError("an address of this site", "url", unknown=True)
    parts = urlsplit(address)
    path = unquote(parts.path).removeprefix(unquote(urlsplit(site.root).path)).strip("/")
    pairs = query_pairs(parts.query.encode())
    if path.startswith("embed/"):
        kind = path.removeprefix("embed/")
        return embeds.read(context, kind, site, checked(pairs, PARAMETERS))
    given, default = dict(pairs), context.settings.lang
    view = view_state.read(given, default)
    lang, province = view.lang, view.province
    if path == ROOT or path.startswith(f"{ROOT}/"):
        below = path.removeprefix(ROOT)
        page, lang = resolved(below, lang, now=kst_day(context.clock.minute()))
        province = BY_SLUG.get(page.below)
        given.pop("std", None)  # these pages have none
        path = page.below if province is None else ""
    if path:
        raise InputError("no frame shows this page", "url", unknown=True)
    kept = {
        "province": province.code if province else "",
        "pollutant": given.get("x", ""),
        "standard": given.get("std", ""),
        "lang": lang if lang != default else "",
    }
    kind = "province" if province else "strip"
    return embeds.read(context, kind, site, {name: value for name, value in kept.items() if value})


def _pixels(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:6]) <= LARGEST:
        raise InputError("whole pixels", name)
    return min(int(text), default)
