"""Every plain page of the site: which there are, what an address names, and their bytes."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from html import escape

from aq.domain.clock import kst_day
from aq.domain.errors import InputError
from aq.domain.model import LANGUAGES
from aq.domain.provinces import PROVINCES, find_province
from aq.domain.zones import Zone
from aq.i18n import text_in
from aq.web.public import card, embeds, files, pages
from aq.web.public.document import Place, document
from aq.web.public.moment import Moment
from aq.web.public.paths import BY_SLUG, PROVINCE_PAGES, ZONE, Page
from aq.web.site import Site
from aq.zones_file import zone_by_id, zones_on

Maker = Callable[[], bytes]


def resolved(rest: str, lang: str, *, now: date) -> tuple[Page, str]:
    """The page and language of what stands after `/now/`. Raises `InputError` for neither.

    A province is named by its word (`seoul`), its Korean name or its code.
    """
    parts = rest.strip("/").split("/")
    if parts[-1] in LANGUAGES:
        lang = parts.pop()
    below = "/".join(parts)
    if not below or below in BY_SLUG:
        return Page(below), lang
    if below.startswith(ZONE):
        zone = zone_by_id(below.removeprefix(ZONE))
        if zone is not None and zone.holds_on(now):
            return Page(below), lang
        raise InputError("there is no such zone today", "zone", unknown=True)
    try:
        return Page(find_province(below).key), lang
    except InputError:
        raise InputError("there is no such province", "province", unknown=True) from None


def plain_page(place: Place, moment: Moment) -> bytes:
    """A page of the site as it is served and published."""
    below = place.page.below
    if below.startswith(ZONE):
        zone = zone_by_id(below.removeprefix(ZONE))
        if zone is None:
            raise InputError("there is no such zone", "zone", unknown=True)
        return zone_page(place, moment, zone)
    if below:
        return document(place, moment, pages.province(place, moment, BY_SLUG[below]))
    return document(place, moment, pages.country(place, moment))


def zone_page(place: Place, moment: Moment, zone: Zone) -> bytes:
    """A zone's page."""
    return document(place, moment, pages.zone(place, moment, zone))


def page_files(moment: Moment, site: Site) -> Iterator[tuple[str, Maker]]:
    """(path below the folder, what makes its bytes) of every plain page in each language."""
    default = moment.context.settings.lang

    def named(page: Page, make: Callable[[Place], bytes]) -> Iterator[tuple[str, Maker]]:
        for lang in LANGUAGES:
            path = f"{page.path(lang, default)}/index.html"
            own = site.seen_from(path)
            place = Place(site=own, page=page, lang=lang, default_lang=default)
            yield path, partial(make, place)

    for page in (Page(), *PROVINCE_PAGES):
        yield from named(page, lambda place: plain_page(place, moment))
    for zone in zones_on(kst_day(moment.now)):
        make = partial(zone_page, moment=moment, zone=zone)
        yield from named(Page(f"{ZONE}{zone.id}"), make)


def first_page(site: Site, default: str) -> bytes:
    """The folder's own page, which leads to the country's; the dashboard is not in the folder."""
    brand, where = escape(text_in(default)("Air Quality 17")), Page().path(default, default)
    return (
        f'<!doctype html>\n<html lang="{default}"><head><meta charset="utf-8">'
        f'<title>{brand}</title><meta http-equiv="refresh" content="0;url={where}/">'
        f'<link rel="canonical" href="{escape(site.url(where))}"></head>'
        f'<body><a href="{where}/">{brand}</a></body></html>\n'
    ).encode()


def frame_files(moment: Moment, site: Site) -> Iterator[tuple[str, Maker]]:
    """The same of the frames: strip and map of the country, place and line of each province."""
    context = moment.context
    for lang in LANGUAGES:
        mark = "" if lang == context.settings.lang else f"/{lang}"
        for kind in ("strip", "map"):
            path = f"embed/{kind}{mark}/index.html"
            frame = embeds.read(context, kind, site.seen_from(path), {"lang": lang})
            yield path, partial(embeds.page, context, frame, moment)
    yield from _province_frames(moment, site, ("province", "line"))


def calendar_files(moment: Moment, site: Site) -> Iterator[tuple[str, Maker]]:
    """The same of the calendars of each province, up to yesterday."""
    return _province_frames(moment, site, ("calendar",))


def _province_frames(
    moment: Moment, site: Site, kinds: Sequence[str]
) -> Iterator[tuple[str, Maker]]:
    context = moment.context
    for lang in LANGUAGES:
        mark = "" if lang == context.settings.lang else f"/{lang}"
        for province in PROVINCES:
            for kind in kinds:
                query = {"lang": lang, "province": province.code}
                path = f"embed/{kind}/{province.key}{mark}/index.html"
                frame = embeds.read(context, kind, site.seen_from(path), query)
                yield path, partial(embeds.page, context, frame, moment)


def picture_files(moment: Moment) -> Iterator[tuple[str, Maker]]:
    """The same of the pictures of a link and of the icons."""
    for lang in LANGUAGES:
        yield f"card-{lang}.png", partial(card.card_png, moment, text_in(lang))
    for size in files.ICON_SIZES:
        yield f"icon-{size}.png", partial(files.icon_png, size)
