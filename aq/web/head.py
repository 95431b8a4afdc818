"""What stands in the head of a page for search engines, cards of links and browsers' frames."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from aq.web.site import Site, file_in

# The ground of the page in the light and in the dark theme (.streamlit/config.toml).
GROUND = {"light": "#ffffff", "dark": "#14171a"}
LOCALES = {"ko": "ko_KR", "en": "en_US"}
CARD_SIZE = 1200, 630


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A page's head.

    Attributes
    ----------
    site : where the page stands
    languages : its address by language, whole; `lang` is among them
    default_lang : the language of readers who chose none
    up : the way from the page to the root of the site, as a relative address (`./`, `../../`)
    image : (address of the picture, what it shows); none for pages that are no view of the data
    data : JSON-LD documents
    framed : whether a frame shows the same, which oEmbed gives
    """

    site: Site
    lang: str
    default_lang: str
    title: str
    description: str
    brand: str
    languages: Mapping[str, str]
    up: str = "./"
    image: tuple[str, str] | None = None
    data: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    index: bool = True
    framed: bool = False


def markup(head: Head) -> str:
    """The elements of the head but its charset, viewport and styles."""
    own = head.languages[head.lang]
    lines = [
        f"<title>{escape(head.title)}</title>",
        _named("description", head.description),
        f'<link rel="canonical" href="{escape(own)}">',
        *(
            f'<link rel="alternate" hreflang="{lang}" href="{escape(address)}">'
            for lang, address in _alternates(head)
        ),
        *([] if head.index else [_named("robots", "noindex")]),
        *_card(head, own),
        *_frame(head),
        *(
            [oembed_link(head.site, own, head.title)]
            if head.framed and not head.site.published
            else []
        ),
        *(script_of(document) for document in head.data),
    ]
    return "\n".join(lines)


def _alternates(head: Head) -> list[tuple[str, str]]:
    default = head.languages.get(head.default_lang, head.languages[head.lang])
    return [*head.languages.items(), ("x-default", default)]


def _card(head: Head, own: str) -> list[str]:
    """Open Graph, as KakaoTalk, Naver and others read it, and the card of X."""
    others = [LOCALES[lang] for lang in head.languages if lang != head.lang]
    lines = [
        _property("og:type", "website"),
        _property("og:site_name", head.brand),
        _property("og:title", head.title),
        _property("og:description", head.description),
        _property("og:url", own),
        _property("og:locale", LOCALES[head.lang]),
        *(_property("og:locale:alternate", locale) for locale in others),
        _named("twitter:card", "summary_large_image" if head.image else "summary"),
    ]
    if head.image:
        address, words = head.image
        width, height = CARD_SIZE
        lines += [
            _property("og:image", address),
            _property("og:image:type", "image/png"),
            _property("og:image:width", str(width)),
            _property("og:image:height", str(height)),
            _property("og:image:alt", words),
        ]
    return lines


def _frame(head: Head) -> list[str]:
    """What the browser draws around the page: colours, icons, the application's name."""
    themes = [
        f'<meta name="theme-color" content="{colour}" media="(prefers-color-scheme: {scheme})">'
        for scheme, colour in GROUND.items()
    ]
    up = escape(head.up)
    words, feed = (_file(head, name) for name in ("manifest.webmanifest", "alerts.atom"))
    return [
        *themes,
        _named("color-scheme", "light dark"),
        f'<link rel="icon" href="{up}favicon.ico" sizes="32x32">',
        f'<link rel="icon" href="{up}icon.svg" type="image/svg+xml">',
        f'<link rel="apple-touch-icon" href="{up}icon-180.png">',
        f'<link rel="manifest" href="{up}{words}">',
        f'<link rel="alternate" type="application/atom+xml" href="{up}{feed}"'
        f' title="{escape(head.brand)}">',
    ]


def _file(head: Head, name: str) -> str:
    """The way to a small file in the page's language, asked for or published."""
    if head.site.published:
        return file_in(head.lang, head.default_lang, name)
    return f"{name}?lang={head.lang}"


def oembed_link(site: Site, address: str, title: str) -> str:
    """Where a program finds the frame that shows an address; nothing answers it in a folder."""
    if site.published:
        return ""
    way = site.url("oembed", {"url": address, "format": "json"})
    return (
        f'<link rel="alternate" type="application/json+oembed" href="{escape(way)}"'
        f' title="{escape(title)}">'
    )


def script_of(document: Mapping[str, Any]) -> str:
    """A JSON-LD document as an element; no text in it can end the element."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


def _named(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{escape(content)}">'


def _property(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{escape(content)}">'
