"""What a reader is told whose page there is not: in both languages, with all there are."""

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

from aq.domain.provinces import PROVINCES
from aq.i18n import N_, text_in
from aq.web.public.document import page_styles, policy
from aq.web.public.paths import Page
from aq.web.sections import PAGES, address
from aq.web.site import Site
from aq.web.wording.korean import province_name

WORDS = {
    404: N_("There is no such page. These are all there are:"),
    400: N_("The address asks for something that is not known. These are the pages:"),
    503: N_("The data cannot be read at the moment. Try again in a minute."),
}


def refusal(status: int, detail: str, site: Site, default_lang: str) -> HTMLResponse:
    """The page of a refusal; `detail` says exactly what was wrong, in English."""
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy()}
    return HTMLResponse(_page(status, detail, site, default_lang), status, headers=headers)


def _page(status: int, detail: str, site: Site, default_lang: str) -> str:
    parts = "".join(_part(lang, status, site, default_lang) for lang in ("ko", "en"))
    return (
        '<!doctype html><html lang="ko"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{status} · '
        f"{escape(text_in('ko')('Air Quality 17'))}</title><style>{page_styles()}"
        "body{font:16px/1.6 sans-serif;color:#16191d}a{color:#2f4d6e}nav+nav{margin-top:12px}"
        "@media(prefers-color-scheme:dark){body{color:#e8eaed}a{color:#b4c8df}}"
        f'</style></head><body><main class="page">{parts}'
        f"<p><code>{escape(detail)}</code></p></main></body></html>"
    )


def _part(lang: str, status: int, site: Site, default_lang: str) -> str:
    text = text_in(lang)
    view = {} if lang == default_lang else {"lang": lang}
    pages = {site.url(address(name), view): text(title) for name, (_, title) in PAGES.items()}
    places = {site.url(Page().path(lang, default_lang)): text("Air quality now")}
    for province in PROVINCES:
        where = site.url(Page(province.key).path(lang, default_lang))
        places[where] = province_name(province, lang)
    ways = "".join(f'<nav class="others">{_links(each)}</nav>' for each in (pages, places))
    return f'<section lang="{lang}"><h1>{escape(text(WORDS[status]))}</h1>{ways}</section>'


def _links(names: Mapping[str, str]) -> str:
    return "".join(f'<a href="{escape(way)}">{escape(name)}</a>' for way, name in names.items())
