"""Small files that machines ask a site for: icons, manifest, robots, sitemap."""

import json
import struct
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

from aq.context import Context
from aq.domain.clock import kst_day, kst_iso
from aq.domain.model import LANGUAGES
from aq.i18n import text_in
from aq.web.catalog import PAST
from aq.web.head import GROUND
from aq.web.public.paths import PROVINCE_PAGES, Page
from aq.web.public.picture import png
from aq.web.sections import PAGES, address
from aq.web.site import Site
from aq.zones_file import zones_on

INK, PAPER = "#16191d", "#ffffff"
ICON_SIZES = (180, 192, 512)
FAVICON_SIZES = (16, 32, 48)
# The two digits as drawn shapes, so that the sign needs no font.
_ONE = "M82 0H527V120H388V741H279C232 711 182 692 107 679V587H242V120H82Z"
_SEVEN = "M186 0H334C347 289 370 441 542 651V741H50V617H383C242 421 199 257 186 0Z"
# What has no place in a search engine's index: streams, downloads, the framework's own ways.
NOT_INDEXED = ("/_stcore/", "/api/v1/export", "/metrics", "/healthz", "/local-administrator")


def icon_svg(*, rounded: bool = True) -> str:
    """The sign of the site: the number of provinces in white on ink."""
    corner = ' rx="210"' if rounded else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1440 1440">'
        f'<rect width="1440" height="1440"{corner} fill="{INK}"/>'
        f'<g fill="{PAPER}" transform="translate(130 1090) scale(1 -1)">'
        f'<path d="{_ONE}"/><path transform="translate(590 0)" d="{_SEVEN}"/></g></svg>'
    )


@cache
def icon_png(size: int) -> bytes:
    """The sign `size` pixels wide; large ones fill their square, which phones cut themselves."""
    return png(icon_svg(rounded=size < min(ICON_SIZES)), size)


@cache
def favicon() -> bytes:
    """The sign as an ICO file of PNG pictures in the sizes that browsers show."""
    pictures = [(size, icon_png(size)) for size in FAVICON_SIZES]
    offset = 6 + 16 * len(pictures)
    entries = b""
    for size, picture in pictures:
        entries += struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(picture), offset)
        offset += len(picture)
    head = struct.pack("<HHH", 0, 1, len(pictures))
    return head + entries + b"".join(picture for _, picture in pictures)


def manifest(lang: str, start: str = "") -> bytes:
    """The web application's manifest; its addresses, `start` too, are relative to its own."""
    text = text_in(lang)
    content = {
        "name": text("Air quality of the 17 provinces"),
        "short_name": text("Air Quality 17"),
        "lang": lang,
        "start_url": start or f"./?lang={lang}",
        "scope": "./",
        "display": "minimal-ui",
        "background_color": GROUND["light"],
        "theme_color": GROUND["light"],
        "icons": [
            {"src": "icon.svg", "sizes": "any", "type": "image/svg+xml"},
            *(
                {
                    "src": f"icon-{size}.png",
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": "any maskable",
                }
                for size in ICON_SIZES
            ),
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def robots(site: Site, *, simulated: bool) -> bytes:
    """Where search engines may look; nowhere on a site of simulated data. Of the exports those that
    the catalogue names."""
    base = urlsplit(site.root).path.rstrip("/")
    shut = ["/"] if simulated else NOT_INDEXED
    named = [] if simulated else [f"{path}?{urlencode(query)}" for _, path, query, _ in PAST]
    lines = ["User-agent: *", *(f"Disallow: {base}{path}" for path in shut)]
    lines += [f"Allow: {base}/{path}" for path in named]
    if site.root:
        lines += ["", f"Sitemap: {site.url('sitemap.xml')}"]
    return "\n".join([*lines, ""]).encode()


def sitemap(context: Context, site: Site, now: datetime, changed: datetime | None) -> bytes:
    """Every page in each language, those of the present with the time they `changed` last."""
    pages: list[tuple[Mapping[str, str], bool]] = []
    default = context.settings.lang
    for name in PAGES:
        where = address(name)
        asked = {lang: site.url(where, _lang(lang, default)) for lang in LANGUAGES}
        pages.append((asked, name == "live"))
    zones = [Page(f"zone/{zone.id}") for zone in zones_on(kst_day(now))]
    plain = (Page(), *PROVINCE_PAGES, *zones)
    pages += [(page.addresses(site, default), True) for page in plain]
    stamp = f"<lastmod>{kst_iso(changed)}</lastmod>" if changed else ""
    lines = [
        _entry(addresses, lang, stamp if present else "")
        for addresses, present in pages
        for lang in addresses
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n' + "\n".join(lines) + "\n</urlset>\n"
    ).encode()


def _lang(lang: str, default: str) -> Mapping[str, str]:
    return {} if lang == default else {"lang": lang}


def _entry(addresses: Mapping[str, str], lang: str, stamp: str) -> str:
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{other}" href="{escape(where)}"/>'
        for other, where in addresses.items()
    )
    return f"<url><loc>{escape(addresses[lang])}</loc>{stamp}{others}</url>"
