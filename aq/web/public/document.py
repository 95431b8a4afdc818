"""What every plain page has around its content: head, masthead, source, licence, its own age."""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from aq.domain.clock import kst_iso
from aq.domain.model import LANGUAGES, OBSERVED
from aq.feeds.registry import INFO
from aq.i18n import Text, text_in
from aq.web.drawings.style import sheet
from aq.web.head import Head, markup
from aq.web.public.moment import Moment
from aq.web.public.paths import BY_SLUG, Page
from aq.web.site import Site
from aq.web.wording.facts import older_data
from aq.web.wording.summary import own_means

DEFAULT = "pm10"  # the pollutant of a page that names none
OWN_NAMES = {"ko": "한국어", "en": "English"}
_DATA = re.compile(r' data-(?:pick|focus|code|sort|roving|scroll)(?:="[^"]*")?')
# Said twice: behind a cell what stands in it, for the ear a day that the column has at its head.
_TWICE = re.compile(
    r' title="(?:(?<=class="n heard" title=")|(?<=class="mark" title=")'
    r'|(?<=class="edge" aria-hidden="true" title=")|(?=[^"]*"><b class="fc))[^"]*"'
)
_TITLED = re.compile(r'<title>(?<="><title>)[^<]*</title>(?=</path>)')
_HEARD = re.compile(r'(<b class="fc[^>]*>([^<]*)</b>)<span class="unseen"> ?[^<:]*: \2</span>')
_CLASSES = re.compile(r'class="([^"]*)"')
_ATTRIBUTE = re.compile(r"\[data-([a-z]+)")
_NOT = re.compile(r":not\([^)]*\)")
_CLASS = re.compile(r"\.([a-zA-Z][\w-]*)")
# Says how old the hour is, and turns the page grey when it is no present any more. Its words and
# limits stand in the element, so that one script serves every page and its hash stands for all.
AGE_SCRIPT = """(function(){var t=document.getElementById("age");if(!t)return;
function say(){var d=t.dataset,h=(Date.now()+1e3*d.drift-Date.parse(d.hour))/36e5,n=Math.floor(h);
t.textContent=n<1?"":d.words.replace("{n}",n);t.hidden=n<1;
document.documentElement.className=h>=d.hide?"gone":h>=d.late?"late":"";
document.getElementById("gone").hidden=h<d.hide}say();setInterval(say,6e4)})()"""
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; manifest-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}; script-src '{script}'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page stands: its name below the root, its language, the pollutant it speaks of."""

    site: Site
    page: Page
    lang: str
    default_lang: str
    pollutant: str = DEFAULT

    @property
    def published(self) -> bool:
        """Whether it is a file of a folder."""
        return self.site.published

    @property
    def text(self) -> Text:
        """The words of its language."""
        return text_in(self.lang)

    @property
    def up(self) -> str:
        """The way to the root of the site, relative, so that any folder can be the root."""
        depth = self.page.path(self.lang, self.default_lang).count("/")
        return "../" * (depth + self.published) or "./"

    def way(self, page: Page, lang: str | None = None) -> str:
        """A relative address of another plain page, of the same pollutant."""
        path = page.path(lang or self.lang, self.default_lang)
        asked = f"?x={self.pollutant}" if self.pollutant != DEFAULT else ""
        return f"{self.up}{path}{'/' if self.published else ''}{asked}"

    @property
    def view(self) -> dict[str, str]:
        """Province and pollutant of the page as the dashboard's addresses name them."""
        province = self.page.province
        return {"x": self.pollutant, **({"p": province.code} if province else {})}

    def dashboard(self, name: str, **view: str) -> str:
        """A page of the dashboard with this language and a view."""
        root = self.site.root if self.published else self.up
        return f"{root}{name}?{urlencode({'lang': self.lang, **view})}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A page's own part: `main` is markup, `styles` the rules only it has."""

    title: str
    description: str
    main: str
    styles: str = ""
    image: tuple[str, str] | None = None
    data: tuple[dict[str, object], ...] = ()


def document(place: Place, moment: Moment, content: Content) -> bytes:
    """The page as it is served and published: whole, under 60 kB, without anything to be loaded."""
    text = place.text
    brand = text("Air Quality 17")
    simulated = f"[{text('SIMULATED data')}] " if moment.simulated else ""
    head = markup(
        Head(
            site=place.site,
            lang=place.lang,
            default_lang=place.default_lang,
            title=f"{simulated}{content.title} · {brand}",
            description=content.description,
            brand=brand,
            languages=place.page.addresses(place.site, place.default_lang),
            up=place.up,
            image=content.image,
            data=content.data,
            index=not moment.simulated,
            framed=not place.page.below or place.page.below in BY_SLUG,
        )
    )
    body = _body(place, moment, content)
    if "<svg" in body or 'class="fc' in body:  # else there is no drawing that says a thing twice
        body = said_once(body)
    wide = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(text("Table"))}">'
    body = body.replace('<div class="scroll">', wide)
    styles = pruned(sheet(), body) + page_styles() + content.styles
    late = ' class="late"' if moment.is_late else ""
    return (
        f'<!doctype html>\n<html lang="{place.lang}"{late}>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"{head}\n<style>{styles}</style>\n</head>\n<body>{body}"
        f"<script>{AGE_SCRIPT}</script></body>\n</html>\n"
    ).encode()


def said_once(body: str) -> str:
    """Drawings without what only the dashboard's scripts read and without what is said twice."""
    return _HEARD.sub(r"\1", _TITLED.sub("", _TWICE.sub("", _DATA.sub("", body))))


def policy(*, framed: bool = False) -> str:
    """The policy of a plain page: no script but ours, nothing loaded, no frame but on purpose."""
    return POLICY.format(ancestors="*" if framed else "'none'", script=_script_hash())


@cache
def _script_hash() -> str:
    digest = hashlib.sha256(AGE_SCRIPT.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@cache
def page_styles() -> str:
    """The rules of the plain pages."""
    return compact((Path(__file__).parent / "document.css").read_text("utf-8"))


def pruned(styles: str, body: str) -> str:
    """The rules of a stylesheet that can concern a page: all whose classes stand in it."""
    there = frozenset(name for names in _CLASSES.findall(body) for name in names.split())
    theme = {"theme"} if "data-theme" in body else set()
    return _pruned(styles, there | {"dw"} | theme)


@lru_cache(maxsize=64)
def _pruned(styles: str, there: frozenset[str]) -> str:
    return _kept(compact(styles), there)


def _kept(styles: str, there: frozenset[str]) -> str:
    made, at = "", 0
    while at < len(styles):
        opening = styles.find("{", at)
        if opening < 0:
            break
        selector = styles[at:opening]
        end = _closing(styles, opening)
        block = styles[opening + 1 : end]
        if selector.startswith("@"):
            inner = _kept(block, there)
            made += f"{selector}{{{inner}}}" if inner else ""
        else:
            wanted = [one for one in selector.split(",") if _concerns(one, there)]
            made += f"{','.join(wanted)}{{{block}}}" if wanted else ""
        at = end + 1
    return made


def _concerns(selector: str, there: frozenset[str]) -> bool:
    """Whether a selector can hold: its classes are there, and it asks for no data of the app."""
    theme_only = set(_ATTRIBUTE.findall(selector)) <= ({"theme"} if "theme" in there else set())
    return theme_only and set(_CLASS.findall(_NOT.sub("", selector))) <= there


def _closing(styles: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(styles)):
        depth += {"{": 1, "}": -1}.get(styles[at], 0)
        if not depth:
            return at
    return len(styles) - 1


def compact(styles: str) -> str:
    """A stylesheet without comments and blanks that say nothing."""
    plain = re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL)
    plain = re.sub(r"\s+", " ", plain)
    return re.sub(r" ?([{};,]) ?", r"\1", plain).replace(";}", "}").replace(": ", ":").strip()


def _body(place: Place, moment: Moment, content: Content) -> str:
    foot = _foot(place, moment)
    return (
        f'<div class="dw page">{_masthead(place, moment)}{_age(place, moment)}'
        f"<main>{content.main}</main>{foot}</div>"
    )


def _masthead(place: Place, moment: Moment) -> str:
    text = place.text
    other = next(lang for lang in LANGUAGES if lang != place.lang)
    simulated = f'<b class="sim">{escape(text("SIMULATED data"))}</b>' if moment.simulated else ""
    home = replace(place.page, below="")
    return (
        f'<header class="mast"><a class="brand" href="{place.way(home)}">'
        f"{escape(text('Air Quality 17'))}</a>{simulated}<nav>"
        f'<a href="{escape(place.dashboard("", **place.view))}">{escape(text("Dashboard"))}</a>'
        f'<a href="{place.way(place.page, other)}" lang="{other}" hreflang="{other}">'
        f"{OWN_NAMES[other]}</a></nav></header>"
    )


def _age(place: Place, moment: Moment) -> str:
    """What the script fills in: how old the hour is, and that it is the present no more."""
    text, limits = place.text, moment.context.settings.display
    since = moment.context.store.behind_since
    older = f'<p class="notice">{escape(older_data(text, since))}</p>' if since else ""
    gone = escape(text("These data are too old to tell the air of now."))
    if moment.hour is None:
        return f'{older}<p class="gone notice" id="gone">{gone}</p>'
    words = escape(text("{n} hours ago", n="{n}"))
    return (
        f'{older}<p class="gone notice" id="gone" hidden>{gone}</p>'
        f'<p class="age"><time datetime="{kst_iso(moment.hour)}">'
        f"{escape(text('As of {hour}.', hour=text.hour(moment.hour)))}</time>"
        f' <span id="age" data-hour="{kst_iso(moment.hour)}" data-words="{words}"'
        f' data-late="{limits.stale_after_hours}" data-hide="{limits.hide_after_hours}"'
        f' data-drift="{moment.drift.total_seconds():.0f}" hidden></span></p>'
    )


def _foot(place: Place, moment: Moment) -> str:
    lines = moment.shared(
        ("credits", place.lang),
        lambda: "".join(f"<p>{line}</p>" for line in credits_of(place.text, moment)),
    )
    links = [
        (place.dashboard("past", **place.view), place.text("Past")),
        (f"{place.up}api/v1/current{'.json' if place.published else ''}", "JSON"),
        (place.dashboard("export"), place.text("Export")),
        (place.dashboard("feeds"), place.text("Data status")),
    ]
    ways = "".join(f'<a href="{escape(way)}">{escape(words)}</a>' for way, words in links)
    return f'<footer class="foot">{lines}<nav>{ways}</nav></footer>'


def credits_of(text: Text, moment: Moment) -> Iterable[str]:
    """Whose the data are, under which licence, and what is our own in them (markup)."""
    names = dict.fromkeys(item.feed for item in moment.live.country.items if item.feed)
    infos = [INFO[name] for name in names]
    if infos:
        sources = "; ".join(
            f'<a href="{escape(info.link)}" rel="noreferrer">'
            f"{escape(text.owner(info.attribution))}</a>"
            f" — {escape(text(info.licence))}"
            for info in infos
        )
        yield f"{escape(text('Data:'))} {sources}"
    if any(info.kind == OBSERVED for info in infos):
        yield escape(own_means(text))
    standard = moment.live.standard
    yield escape(
        text(
            "The letters A–{last} are this page's own signs for the levels of: {standard}.",
            last=standard.levels[-1].letter,
            standard=standard.titles[text.lang],
        )
    )
    yield escape(text("Boundaries: National Geographic Information Institute (2023-09-15)"))
