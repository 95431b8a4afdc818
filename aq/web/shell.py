"""Rewrites the framework's page as it is served: language, title, cards, first content.

The framework serves one file for every page, in English, named after itself, and empty. Its file
stays as it is; what a reader, a search engine or a messenger gets has the head of the page asked
for, computed from the data, and may have content that stands there before any script has run.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aq.context import Context, asked_pollutants
from aq.domain.errors import AqError
from aq.domain.model import LANGUAGES
from aq.domain.provinces import BY_CODE
from aq.i18n import Text, text_in
from aq.queries.current import CurrentItem
from aq.web import kept_files, linked_data
from aq.web.connection_notice import script
from aq.web.drawings.view import shown_digits
from aq.web.head import Head, markup
from aq.web.parts.view_state import PLACE_COOKIE, View, read
from aq.web.public.card import card_of
from aq.web.public.moment import MOMENTS
from aq.web.public.refusals import refusal
from aq.web.response_cache import Shelf, is_known
from aq.web.sections import ABOUT, PAGES, address
from aq.web.site import Site, site_of
from aq.web.wording import summary
from aq.web.wording.facts import no_store
from aq.web.wording.korean import number, province_name, shown

log = logging.getLogger(__name__)
# Makes HTML of ours (each text of it escaped) for a page (its name in PAGES), its view and the
# province that the browser remembers.
Body = Callable[[Context, str, View, str | None], str]
# What of the framework's page is not ours: its title and icon, a font that no page uses, its
# description of an interface that is closed here, and its words for who has no scripts.
_THEIRS = (
    re.compile(rb"<title>[^<]*</title>"),
    re.compile(rb'<link rel="shortcut icon"[^>]*>'),
    re.compile(rb'<link\s+rel="preload"[^>]*as="font"[^>]*>'),
    re.compile(rb'<link rel="service-desc"[^>]*>'),
    re.compile(rb"<noscript>.*?</noscript>", re.DOTALL),
)
_ROOT = b'<div id="root"></div>'


def no_body(_context: Context, _page: str, _view: View, _home: str | None) -> str:
    """Nothing before the scripts."""
    return ""


class Shell:
    """ASGI middleware around the framework's pages, which it gives at every address it does not
    know too: there a reader is told that there is no such page. Other answers stay as they are."""

    def __init__(
        self, app: ASGIApp, get_context: Callable[[], Context], body: Body = no_body
    ) -> None:
        """`body` gives what stands in `#root` until the framework draws there."""
        self._app, self._get_context, self._body = app, get_context, body
        self._pages = {f"/{address(name)}": name for name in PAGES}
        self._shelf = Shelf()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a page with its own head; a page whose head cannot be made goes out without."""
        page = self._pages.get(scope["path"]) if scope["type"] == "http" else None
        if page is None or scope["method"] not in ("GET", "HEAD"):
            await self._other(scope, receive, send)
            return
        question = _question(scope)
        response = self._shelf.at_once(self._get_context, question)
        if response is None:
            original = await _asked(self._app, scope, receive)
            if original.status_code != 200:
                await original(scope, receive, send)
                return
            response = await run_in_threadpool(self._answer, scope, page, question, original)
        etag = response.headers["etag"]
        if is_known(Headers(scope=scope).get("if-none-match"), etag):
            response = Response(
                status_code=304, headers={"ETag": etag, "Cache-Control": "no-cache"}
            )
        await response(scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = False

        async def sending(message: Message) -> None:
            nonlocal is_page
            if message["type"] == "http.response.start":
                files = isinstance(scope.get("endpoint"), StaticFiles)
                kind = Headers(raw=message["headers"]).get("content-type", "")
                is_page = files and message["status"] < 300 and kind.startswith("text/html")
            if not is_page:
                await send(message)

        await self._app(scope, receive, sending)
        if is_page:
            settings, path = self._get_context().settings, quote(scope["path"])
            words = f"{settings.base_path}{path}: there is no such page"
            none = refusal(404, words, site_of(settings, scope), settings.lang)
            await none(scope, receive, send)

    def _answer(self, scope: Scope, page: str, question: bytes, original: Response) -> Response:
        def make() -> Response:
            context = self._get_context()
            params = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            view, home = read(params, context.settings.lang), _home(scope)
            if view.province is None and home:
                view = replace(view, province=BY_CODE[home])
            head = page_head(context, page, view, site_of(context.settings, scope))
            body = self._body(context, page, view, home)
            return _response(rewritten(bytes(original.body), head, body))

        try:
            return self._shelf.answer(self._get_context(), question, make)
        except AqError as error:
            log.warning("%s goes out without data: %s", scope["path"], error)
            return self._without_data(scope, page, bytes(original.body))
        except Exception:
            log.exception("the head of %s could not be made", scope["path"])
        return _response(bytes(original.body))

    def _without_data(self, scope: Scope, page: str, original: bytes) -> Response:
        """The page while the store does not answer: it says so, and comes back by its script."""
        context = self._get_context()
        params = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        view, site = read(params, context.settings.lang), site_of(context.settings, scope)
        text = text_in(view.lang)
        brand = text("Air Quality 17")
        head = Head(
            site=site,
            lang=view.lang,
            default_lang=context.settings.lang,
            title=f"{text(PAGES[page][1])} · {brand}",
            description=no_store(text),
            brand=brand,
            languages=_languages(page, view, site, context),
            index=False,
        )
        response = _response(rewritten(original, head, f"<p>{escape(head.description)}</p>"))
        response.status_code = 503
        response.headers["Retry-After"] = "30"
        return response


def rewritten(page: bytes, head: Head, body: str) -> bytes:
    """The framework's page with our head, and with `body` where it will draw.

    Each replacement holds by itself: where a later framework writes its page otherwise, the head
    is still put before `</head>`.
    """
    page = page.replace(b'<html lang="en">', f'<html lang="{head.lang}">'.encode(), 1)
    for theirs in _THEIRS:
        page = theirs.sub(b"", page)
    page = page.replace(b"</head>", f"{markup(head)}{_modules()}\n</head>".encode(), 1)
    return page.replace(
        _ROOT, b'<div id="root">' + body.encode() + b"</div>" + _without_scripts(head), 1
    )


@cache
def _modules() -> str:
    """The components that every page has, fetched while the framework loads."""
    parts = (kept_files.address(f"{name}.js").removeprefix("/") for name in ("header", "drawing"))
    return "".join(f'<link rel="modulepreload" href="{part}">' for part in parts)


def _without_scripts(head: Head) -> bytes:
    """Where somebody without scripts finds the present values."""
    text = text_in(head.lang)
    words = escape(text("This page needs scripts. The air right now, as a plain page:"))
    link = escape(text("Air quality now"))
    way = f"{head.up}now?lang={head.lang}"
    return f'<noscript><p>{words} <a href="{way}">{link}</a></p></noscript>'.encode()


def _response(page: bytes) -> Response:
    content = page.replace(b"</body>", script() + b"</body>")
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Cache-Control": "no-cache",
        "Vary": "Cookie",
    }
    return Response(content, media_type="text/html", headers=headers)


def _question(scope: Scope) -> bytes:
    host = dict(scope["headers"]).get(b"host", b"")
    path: str = scope["path"]
    home = (_home(scope) or "").encode()
    return b"\0".join((host, path.encode(), bytes(scope["query_string"]), home))


def _home(scope: Scope) -> str | None:
    """The code of the province that the browser remembers, where it does and there is one."""
    cookies: SimpleCookie = SimpleCookie()
    with suppress(CookieError):
        cookies.load(Headers(scope=scope).get("cookie", ""))
    morsel = cookies.get(PLACE_COOKIE)
    return morsel.value if morsel and morsel.value in BY_CODE else None


async def _asked(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    """The framework's own answer, whole and uncompressed."""
    unwanted = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
    headers = [(name, value) for name, value in scope["headers"] if name not in unwanted]
    response = Response()
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            response.status_code = message["status"]
            response.raw_headers = list(message["headers"])
        else:
            body.extend(message.get("body", b""))

    await app({**scope, "method": "GET", "headers": headers}, receive, keep)
    response.body = bytes(body)
    return response


def page_head(context: Context, page: str, view: View, site: Site) -> Head:
    """The head of a page of the dashboard for a view, by the data as they are now."""
    text = text_in(view.lang)
    standards = context.standards
    standard = standards.get(view.standard or "", standards[context.settings.display.standard])
    keys = asked_pollutants(standard, None)
    pollutant = view.pollutant if view.pollutant in keys else keys[0]
    moment = MOMENTS.of(context, standard.id)
    live = moment.live
    country, items = live.country, live.country.of(pollutant)
    chosen = view.province.code if view.province else None

    def printed(item: CurrentItem) -> str:
        return number(shown(item), shown_digits(standard, item.pollutant))

    told = summary.description(items, standard, text)
    brand = text("Air Quality 17")
    if page == "live":
        title = summary.country_title(country, live.acts, pollutant, standard, text)
        if chosen is not None:
            item = live.item(chosen, pollutant)
            title = summary.province_title(item, standard, printed(item), text)
            told = summary.province_description(live.items_of(chosen), standard, printed, text)
        data = [
            linked_data.dataset(site, country, text),
            *linked_data.announcements(site, live, text),
        ]
    else:
        title = _page_title(page, view, pollutant, text)
        told = f"{text(ABOUT[page])} {told}"
        data = []
    simulated = f"[{text('SIMULATED data')}] " if country.simulated else ""
    return Head(
        site=site,
        lang=view.lang,
        default_lang=context.settings.lang,
        title=f"{simulated}{title} · {brand}",
        description=told,
        brand=brand,
        languages=_languages(page, view, site, context),
        image=card_of(site, moment, text),
        data=data,
        index=not country.simulated,
        framed=page == "live",
    )


def _page_title(page: str, view: View, pollutant: str, text: Text) -> str:
    parts = [text(PAGES[page][1])]
    if view.province:
        parts = [province_name(view.province, text.lang), text.pollutant(pollutant), *parts]
    return " ".join(parts)


def _languages(page: str, view: View, site: Site, context: Context) -> Mapping[str, str]:
    """The page's address in each language: the view kept, what goes without saying left out."""
    display, default = context.settings.display.standard, context.settings.lang
    standard = view.standard if view.standard in context.standards else display
    shown = {
        "p": view.province.code if view.province else "",
        "x": view.pollutant if view.pollutant != "pm10" else "",
        "std": standard if standard != display else "",
    }
    kept = {name: value for name, value in shown.items() if value}
    return {
        lang: site.url(address(page), {**({} if lang == default else {"lang": lang}), **kept})
        for lang in LANGUAGES
    }
