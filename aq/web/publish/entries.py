"""What is published beside the history: paths, and what makes the bytes of each.

A provider yields the entries of one kind; `PROVIDERS` names them all.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from aq.context import Context
from aq.domain.model import LANGUAGES
from aq.domain.pollutants import KEYS
from aq.queries import official as bulletin
from aq.queries.question import Given
from aq.web import strip
from aq.web.api.alerts import published_feed
from aq.web.api.parameters import MAX_LIMIT
from aq.web.api.places import outlined
from aq.web.api.responses import json_response
from aq.web.api.routes import TABLE
from aq.web.catalog import Form, catalog
from aq.web.public import files
from aq.web.public import routes as public
from aq.web.public.moment import MOMENTS
from aq.web.public.paths import Page
from aq.web.public.pictures import last_year
from aq.web.public.site_pages import (
    calendar_files,
    first_page,
    frame_files,
    page_files,
    picture_files,
)
from aq.web.publish.ageing import with_age
from aq.web.publish.history import DaysFile, year_files
from aq.web.site import Site, file_in, published_site

DAY_OLD = 36  # hours after which a calendar up to yesterday says how old it is
FEED_ENTRIES = 100  # CAP messages, as many as the Atom feed has entries


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its path below the folder, how its bytes are made, and their media type."""

    path: str
    make: Callable[[], bytes]
    media_type: str


Provider = Callable[[Context, Site], Iterator[Entry]]
JSON = "application/json"
INDEX = "index.html"  # of the folder itself; one that stands there already remains
FIRST = "pm10"  # the pollutant of the strip and of the outlines without a question
# Read routes as they stand without a question, under a name that any web server knows. How feeds
# and runs do is of the program, which a folder outlives.
DATA = {
    "api/v1/provinces.json": "/api/v1/provinces",
    "api/v1/stations.json": "/api/v1/stations",
    "api/v1/current.json": "/api/v1/current",
    "api/v1/zones.json": "/api/v1/zones",
    "api/v1/forecast.json": "/api/v1/forecast",
    "api/v1/advisories.json": "/api/v1/advisories",
    "api/v1/alerts.json": "/api/v1/alerts",
    "api/v1/openapi.json": "/api/v1/openapi.json",
}

WHOLE = {"/api/v1/stations": {"limit": str(MAX_LIMIT)}}  # every station on its one page


def answer(context: Context, route: str, **given: str) -> bytes:
    """The body that a route of data answers."""
    return bytes(TABLE[route][0](context, Given(given)).body)


def data(context: Context, _site: Site) -> Iterator[Entry]:
    """The answers of the read routes."""
    for path, route in DATA.items():
        yield Entry(path, partial(answer, context, route, **WHOLE.get(route, {})), JSON)
    live = MOMENTS.of(context).live
    for key in KEYS:
        shown = replace(live.country, items=live.country.of(key))
        outlines = bytes(outlined(shown, live.standard).body)
        for name in (f"provinces/{key}", *(["provinces"] if key == FIRST else [])):
            yield Entry(f"api/v1/{name}.geojson", partial(bytes, outlines), "application/geo+json")


def strips(context: Context, _site: Site) -> Iterator[Entry]:
    """The strip of each pollutant in each language, as a page that says its age and as data."""
    live = MOMENTS.of(context).live
    rules = context.standards[bulletin.STANDARD]
    for lang in LANGUAGES:
        mark = "" if lang == context.settings.lang else f".{lang}"
        for key in KEYS:
            shown = replace(live.country, items=live.country.of(key))
            options = strip.Options(pollutant=key, lang=lang, rules=rules)
            page = with_age(context, strip.page(shown, live.standard, options).encode())
            content = bytes(json_response(strip.data(shown, options)).body)
            for name in (f"strip/{key}{mark}", *([f"strip{mark}"] if key == FIRST else [])):
                yield Entry(f"{name}.html", partial(bytes, page), "text/html")
                yield Entry(f"{name}.json", partial(bytes, content), JSON)


def documents(context: Context, _site: Site) -> Iterator[Entry]:
    """The Atom feed of alerts in each language, and the CAP message of each of its entries."""
    for lang in LANGUAGES:
        name = file_in(lang, context.settings.lang, "alerts.atom")
        yield Entry(name, partial(published_feed, context, lang, name), "application/atom+xml")
    log = json.loads(answer(context, "/api/v1/alerts", limit=str(FEED_ENTRIES)))
    for item in log["items"]:
        yield Entry(
            f"api/v1/alerts/{item['id']}.cap",
            partial(answer, context, "/api/v1/alerts/{id}.cap", id=item["id"]),
            "application/cap+xml",
        )


def for_machines(context: Context, site: Site) -> Iterator[Entry]:
    """Robots, sitemap where the site has an address, catalogue, manifest and icons."""
    default, moment, root = context.settings.lang, MOMENTS.of(context), site.seen_from("")
    past = [_form(file) for file in year_files(context, moment.now)]
    described = partial(catalog, root, moment.live.country, past)
    yield Entry("catalog.jsonld", described, "application/ld+json")
    for lang in LANGUAGES:
        yield Entry(
            file_in(lang, default, "manifest.webmanifest"),
            partial(files.manifest, lang, f"{Page().path(lang, default)}/"),
            "application/manifest+json",
        )
    for path in ("/robots.txt", "/favicon.ico", "/icon.svg", *(["/sitemap.xml"] * bool(site.root))):
        handler, _ = public.TABLE[path]
        response = handler(context, public.Asked(site=site))
        yield Entry(
            path.strip("/"),
            partial(bytes, response.body),
            (response.media_type or "application/octet-stream"),
        )


def _form(file: DaysFile) -> Form:
    _, code, year = file.path.removesuffix(".parquet").split("/")
    return (f"Parquet {code} {year}", file.path, {}, file.media_type)


def pages(context: Context, site: Site) -> Iterator[Entry]:
    """The plain pages, which know their age, the frames, and the pictures of links and icons."""
    moment = MOMENTS.of(context)
    first = partial(first_page, site.seen_from(INDEX), context.settings.lang)
    yield Entry(INDEX, first, "text/html")
    for path, make in page_files(moment, site):
        yield Entry(path, make, "text/html")
    for path, make in frame_files(moment, site):
        yield Entry(path, partial(_aged, context, make), "text/html")
    for path, make in picture_files(moment):
        yield Entry(path, make, "image/png")


def calendars(context: Context) -> Iterator[DaysFile]:
    """The calendar of each province, made anew once a day or where a day of it has changed."""
    moment = MOMENTS.of(context)
    if moment.hour is None:
        return
    first, last = last_year(moment)
    for path, make in calendar_files(moment, published_site(context.settings)):
        yield DaysFile(
            path=path,
            first=first,
            last=last,
            make=partial(_aged, context, make, DAY_OLD),
            media_type="text/html",
        )


def _aged(context: Context, make: Callable[[], bytes], limit: int | None = None) -> bytes:
    return with_age(context, make(), limit)


PROVIDERS: tuple[Provider, ...] = (data, strips, documents, pages, for_machines)


def entries(context: Context, site: Site) -> Iterator[Entry]:
    """All that is published beside the history."""
    for provider in PROVIDERS:
        yield from provider(context, site)
