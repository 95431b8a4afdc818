"""What a reader is told whose plain page there is not: in both languages, with all there are."""

from html import escape

from aq.domain.provinces import PROVINCES
from aq.i18n import N_, text_in
from aq.web.public.document import page_styles
from aq.web.public.paths import Page
from aq.web.site import Site
from aq.web.wording.korean import province_name

WORDS = {
    404: N_("There is no such page. These are the provinces:"),
    400: N_("The address asks for something that is not known. These are the provinces:"),
    503: N_("The data cannot be read at the moment. Try again in a minute."),
}


def page(status: int, detail: str, site: Site, default_lang: str) -> str:
    """The page of a refusal; `detail` says exactly what was wrong, in English."""
    parts = "".join(_part(lang, status, site, default_lang) for lang in ("ko", "en"))
    return (
        '<!doctype html><html lang="ko"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{status} · '
        f"{escape(text_in('ko')('Air Quality 17'))}</title><style>{page_styles()}"
        "body{font:16px/1.6 sans-serif;color:#16191d}a{color:#2f4d6e}"
        "@media(prefers-color-scheme:dark){body{color:#e8eaed}a{color:#b4c8df}}"
        f'</style></head><body><main class="page">{parts}'
        f"<p><code>{escape(detail)}</code></p></main></body></html>"
    )


def _part(lang: str, status: int, site: Site, default_lang: str) -> str:
    text = text_in(lang)
    whole = site.url(Page().path(lang, default_lang))
    country = escape(text("Air quality now"))
    links = "".join(
        f'<a href="{escape(site.url(Page(province.key).path(lang, default_lang)))}">'
        f"{escape(province_name(province, lang))}</a>"
        for province in PROVINCES
    )
    return (
        f'<section lang="{lang}"><h1>{escape(text(WORDS[status]))}</h1>'
        f'<nav class="others"><a href="{escape(whole)}"><b>{country}</b></a>'
        f"{links}</nav></section>"
    )
