"""The routes of pages, frames and pictures for everybody, ready by store version and minute."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aq.context import Context, again
from aq.domain.clock import kst_day
from aq.domain.errors import AqError, InputError
from aq.domain.model import LANGUAGES
from aq.domain.provinces import PROVINCES
from aq.i18n import text_in
from aq.web.api.parameters import checked, query_pairs
from aq.web.api.responses import body_response
from aq.web.catalog import catalog
from aq.web.compressed import compressed, encoding_for
from aq.web.drawings.paint import fixed
from aq.web.public import card, embeds, figure, files, picture_kinds, refusals
from aq.web.public.document import DEFAULT, Place, policy
from aq.web.public.moment import MOMENTS
from aq.web.public.oembed import oembed as oembed_of
from aq.web.public.picture import png
from aq.web.public.picture_kinds import PICTURES, PNG_WIDTH
from aq.web.public.site_pages import plain_page, resolved
from aq.web.response_cache import Shelf, is_known
from aq.web.site import Site, site_of
from aq.web.traffic import CHARGE

log = logging.getLogger(__name__)
LASTING_SECONDS = 86_400
# Kept ready: the plain pages in both languages, frames as asked for. A page is some 10 kB packed.
MOST_READY = 512
STRICT = ("/embed/", "/picture/", "/oembed")
# Tokens of its client's `server.costly_per_minute` for what has to be made; a ready answer is free,
# so that a frame in a page that many read behind one address stays. A token is about 25 ms of
# processor: the same rate as the API's (docs/performance.md).
COSTS = {
    "/embed/{kind}": 2,
    "/oembed": 2,
    "/picture/{kind}.{form}": 5,
    "/card-{lang}.png": 5,
    "/icon-{size}.png": 5,
    "/favicon.ico": 5,
}
PNG_COST = 15
DEAR_PNG = {"stations": 60}
DRAWN = frozenset(COSTS) - {"/embed/{kind}", "/oembed"}
DRAWN_AT_ONCE = 2
LEAST_PACKED = 1_000  # bytes; a smaller answer is sent as it is
PACKED_TYPES = ("text/", "image/svg+xml", "application/xml", "application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for: words of the path and of the query, at a site, in a language."""

    site: Site
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def lang(self, context: Context) -> str:
        """The language the query names, or the site's. Raises `InputError` for an unknown one."""
        lang = self.query.get("lang", context.settings.lang)
        if lang not in LANGUAGES:
            raise InputError(f"known are {', '.join(LANGUAGES)}", "lang")
        return lang


class TooManyError(AqError):
    """The client has asked for more than he may; he may again in so many seconds."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"Too much was asked for from this address; try again in {seconds} s.")


Handler = Callable[[Context, Asked], Response]


def robots(context: Context, asked: Asked) -> Response:
    """`/robots.txt`: where search engines may look."""
    body = files.robots(asked.site, simulated=bool(context.store.simulated()))
    return body_response(body, "text/plain", max_age=3600)


def sitemap(context: Context, asked: Asked) -> Response:
    """`/sitemap.xml`: every page, with the hour that the pages of the present changed last."""
    moment = MOMENTS.of(context)
    body = files.sitemap(context, asked.site, moment.now, moment.hour)
    return body_response(body, "application/xml")


def catalog_jsonld(context: Context, asked: Asked) -> Response:
    """`/catalog.jsonld`: the data sets as a catalogue of DCAT, for open-data portals."""
    body = catalog(asked.site, MOMENTS.of(context).live.country)
    return body_response(body, "application/ld+json")


def manifest(context: Context, asked: Asked) -> Response:
    """`/manifest.webmanifest`: the name and icons of the site as an application."""
    body = files.manifest(asked.lang(context))
    return body_response(body, "application/manifest+json", max_age=LASTING_SECONDS)


def favicon(_context: Context, _asked: Asked) -> Response:
    """`/favicon.ico`: the sign of the site."""
    return body_response(files.favicon(), "image/x-icon", max_age=LASTING_SECONDS)


def icon(_context: Context, _asked: Asked) -> Response:
    """`/icon.svg`: the sign of the site as a drawing."""
    return body_response(files.icon_svg().encode(), "image/svg+xml", max_age=LASTING_SECONDS)


def icon_png(_context: Context, asked: Asked) -> Response:
    """`/icon-{size}.png`: the sign of the site for phones."""
    size = asked.path["size"]
    if size not in map(str, files.ICON_SIZES):
        raise InputError("there is no icon of this size", "size", unknown=True)
    return body_response(files.icon_png(int(size)), "image/png", max_age=LASTING_SECONDS)


def now(context: Context, asked: Asked) -> Response:
    """`/now` and below it `/now/{province}`, `/now/zone/{zone}`: the air now as a plain page."""
    default = context.settings.lang
    page, lang = resolved(
        asked.path.get("rest", ""), asked.lang(context), now=kst_day(context.clock.minute())
    )
    key = asked.query.get("x", DEFAULT)
    place = Place(site=asked.site, page=page, lang=lang, default_lang=default, pollutant=key)
    moment = MOMENTS.of(context)
    if key not in moment.live.standard.keys:
        keys = ", ".join(moment.live.standard.keys)
        raise InputError(f"known are {keys}", "x")
    response = body_response(plain_page(place, moment), "text/html")
    response.headers["Content-Security-Policy"] = policy()
    return response


def card_png(context: Context, asked: Asked) -> Response:
    """`/card-{lang}.png`: the picture of a link to the site, of the newest hour."""
    lang = asked.path["lang"]
    if lang not in LANGUAGES:
        raise InputError(f"known are {', '.join(LANGUAGES)}", "lang", unknown=True)
    return body_response(card.card_png(MOMENTS.of(context), text_in(lang)), "image/png")


def embed(context: Context, asked: Asked) -> Response:
    """`/embed/{kind}`: strip, map, province, calendar or line as a frame for another site."""
    frame = embeds.read(context, asked.path["kind"], asked.site, asked.query)
    body = embeds.page(context, frame, MOMENTS.of(context, frame.standard))
    response = body_response(body, "text/html")
    response.headers["Content-Security-Policy"] = policy(framed=True)
    return response


def oembed(context: Context, asked: Asked) -> Response:
    """`/oembed`: how a frame of ours is put into a page, for programs that ask."""
    body = json.dumps(oembed_of(context, asked.site, asked.query), ensure_ascii=False)
    return body_response(body.encode(), "application/json")


def picture(context: Context, asked: Asked) -> Response:
    """`/picture/{kind}.{form}`: a chart as SVG or PNG, with title, hour, source and licence
    in it."""
    kind, form = asked.path["kind"], asked.path["form"]
    if kind not in PICTURES or form not in ("svg", "png"):
        kinds = ", ".join(PICTURES)
        raise InputError(f"there are {kinds} as svg and png", "kind", unknown=True)
    frame = embeds.read(context, kind, asked.site, asked.query, PICTURES)
    if frame.official:
        raise InputError("pictures show our own means; a frame shows AirKorea's", "source")
    paint = fixed(dark=frame.theme == "dark")
    moment = MOMENTS.of(context, frame.standard)
    place = frame.provinces[0] if frame.provinces else PROVINCES[0]
    own: dict[str, Any] = {
        **picture_kinds.own(kind, asked.query),
        **picture_kinds.chosen(kind, frame.provinces),
    }
    drawn = PICTURES[kind](moment, place, frame.pollutant, frame.text, paint, **own)
    svg = figure.picture(drawn, paint)
    if form == "svg":
        return body_response(svg.encode(), "image/svg+xml")
    return body_response(png(svg, PNG_WIDTH), "image/png")


TABLE: dict[str, tuple[Handler, tuple[str, ...]]] = {
    "/robots.txt": (robots, ()),
    "/sitemap.xml": (sitemap, ()),
    "/catalog.jsonld": (catalog_jsonld, ()),
    "/manifest.webmanifest": (manifest, ("lang",)),
    "/favicon.ico": (favicon, ()),
    "/icon.svg": (icon, ()),
    "/icon-{size}.png": (icon_png, ()),
    "/card-{lang}.png": (card_png, ()),
    "/embed/{kind}": (embed, embeds.PARAMETERS),
    "/oembed": (oembed, ("url", "format", "maxwidth", "maxheight")),
    "/picture/{kind}.{form}": (picture, picture_kinds.PARAMETERS),
    "/now": (now, ("lang", "x")),
    "/now/{rest:path}": (now, ("lang", "x")),
}


def cost_of(path: str, words: Mapping[str, Any]) -> int:
    """The tokens that making an answer of a route takes, by the words of its path."""
    if words.get("form") == "png":
        return DEAR_PNG.get(words["kind"], PNG_COST)
    return COSTS.get(path, 0)


def _endpoint(
    path: str, get_context: Callable[[], Context], shelf: Shelf, drawing: CapacityLimiter
) -> Callable[[Request], Awaitable[Response]]:
    handler, known = TABLE[path]

    def made(request: Request, question: bytes, encoding: str | None) -> Response:
        def make() -> Response:
            cost, charge = cost_of(path, request.path_params), request.scope.get(CHARGE)
            seconds = charge(cost) if cost and charge else 0
            if seconds:
                raise TooManyError(seconds)
            context = get_context()
            response = again(partial(handler, context, _asked(context, request, known)))
            return _packed(response, encoding) if encoding else response

        try:
            return shelf.answer(get_context(), question, make)
        except AqError as error:
            return _refused(get_context(), request, error)
        except Exception:
            log.exception("%s could not be answered", request.url.path)
            return _plain(500, "This could not be made; the log says why.")

    async def endpoint(request: Request) -> Response:
        headers = Headers(scope=request.scope)
        encoding = encoding_for(headers.get("accept-encoding", ""))
        question = _question(request, headers, encoding)
        response = shelf.at_once(get_context, question)
        if response is None and path in DRAWN:
            response = await to_thread.run_sync(made, request, question, encoding, limiter=drawing)
        elif response is None:
            response = await run_in_threadpool(made, request, question, encoding)
        if is_known(headers.get("if-none-match"), response.headers.get("etag")):
            kept = {k: v for k, v in response.headers.items() if k != "content-length"}
            return Response(status_code=304, headers=kept)
        return response

    return endpoint


def _question(request: Request, headers: Headers, encoding: str | None) -> bytes:
    parts = (headers.get("host", ""), request.scope["path"], encoding or "")
    return "\0".join(parts).encode() + b"\0" + bytes(request.scope["query_string"])


def _asked(context: Context, request: Request, known: tuple[str, ...]) -> Asked:
    """The parameters, each given once. A page lets names pass that messengers add to its address;
    a frame or picture refuses them, as who wrote them meant something."""
    pairs = query_pairs(request.scope["query_string"])
    if request.scope["path"].startswith(STRICT):
        query = checked(pairs, known)
    else:
        query = {}
        for name, value in pairs:
            if name in query:
                raise InputError("given twice; separate several values by commas", name)
            if name in known:
                query[name] = value
    query = {name: value.strip() for name, value in query.items()}
    site = site_of(context.settings, request.scope)
    path = {name: str(value) for name, value in request.path_params.items()}
    return Asked(site=site, path=path, query=query)


def _packed(response: Response, encoding: str) -> Response:
    """The answer compressed, where that makes it smaller by much."""
    content_type = response.headers.get("content-type", "")
    body = bytes(response.body)
    if len(body) < LEAST_PACKED or not content_type.startswith(PACKED_TYPES):
        return response
    response.body = compressed(body, encoding, lasting=True)
    response.headers["content-length"] = str(len(response.body))
    response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _refused(context: Context, request: Request, error: AqError) -> Response:
    """What is wrong, as a page in both languages for a reader and as a line for all else."""
    response = _refusal(context, request, error)
    if isinstance(error, TooManyError):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def _refusal(context: Context, request: Request, error: AqError) -> Response:
    status, words = 503, "The store does not answer; try again in a minute."
    if isinstance(error, InputError):
        status = 404 if error.unknown else 400
        words = f"{error.field}: {error}" if error.field else str(error)
    if isinstance(error, TooManyError):
        status, words = 429, str(error)
    path: str = request.scope["path"]
    if path.startswith("/embed/"):
        site, query = site_of(context.settings, request.scope), dict(request.query_params)
        kind = str(request.path_params["kind"])
        body = embeds.refusal(kind, query, site, context.settings.lang, words)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy(framed=True),
        }
        return Response(body, status, media_type="text/html", headers=headers)
    if not path.startswith("/now"):
        return _plain(status, words)
    site = site_of(context.settings, request.scope)
    return refusals.refusal(status, words, site, context.settings.lang)


def _plain(status: int, words: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(f"{words}\n", status, media_type="text/plain", headers=headers)


def routes(get_context: Callable[[], Context]) -> list[Route]:
    """All routes; the context is asked for at the first request."""
    shelf, drawing = Shelf(most=MOST_READY), CapacityLimiter(DRAWN_AT_ONCE)
    return [
        Route(path, _endpoint(path, get_context, shelf, drawing), methods=["GET", "HEAD"])
        for path in TABLE
    ]
