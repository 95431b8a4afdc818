"""Every plain page of the site: which there are, what an address names, and their bytes."""

from collections.abc import Callable, Iterator
from datetime import date

from aq.domain.clock import kst_day
from aq.domain.errors import InputError
from aq.domain.model import LANGUAGES
from aq.domain.provinces import find_province
from aq.queries.zones import zone_by_id, zones_on
from aq.web.public import pages
from aq.web.public.document import Place, document
from aq.web.public.moment import Moment
from aq.web.public.paths import BY_SLUG, PROVINCE_PAGES, Page
from aq.web.site import Site

ZONE = "zone/"
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


def plain_page(place: Place, moment: Moment, pollutant: str = pages.DEFAULT) -> bytes:
    """A page of the site as it is served and published."""
    below = place.page.below
    if below.startswith(ZONE):
        zone = zone_by_id(below.removeprefix(ZONE))
        if zone is None:
            raise InputError("there is no such zone", "zone", unknown=True)
        return document(place, moment, pages.zone(place, moment, zone))
    if below:
        content = pages.province(place, moment, BY_SLUG[below], pollutant)
        return document(place, moment, content)
    return document(place, moment, pages.country(place, moment, pollutant))


def page_files(moment: Moment, site: Site) -> Iterator[tuple[str, Maker]]:
    """(path below the folder, what makes its bytes) of every plain page in each language."""
    default = moment.context.settings.lang
    zones = [Page(f"{ZONE}{zone.id}") for zone in zones_on(kst_day(moment.now))]
    for page in (Page(), *PROVINCE_PAGES, *zones):
        for lang in LANGUAGES:
            place = Place(site=site, page=page, lang=lang, default_lang=default, published=True)

            def make(place: Place = place) -> bytes:
                return plain_page(place, moment)

            yield f"{page.path(lang, default)}/index.html", make
