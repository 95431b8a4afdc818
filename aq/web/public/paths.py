"""Addresses of the plain pages, the same served and published.

`/now` is the country's, `/now/seoul` a province's; `/en` after them is the other language.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aq.domain.model import LANGUAGES
from aq.domain.provinces import PROVINCES, Province
from aq.web.site import Site
from aq.zones_file import zone_by_id

ROOT = "now"
ZONE = "zone/"
BY_SLUG: Mapping[str, Province] = {province.key: province for province in PROVINCES}


@dataclass(frozen=True, slots=True)
class Page:
    """A plain page: the country's, or below it a province's (`seoul`) or a zone's (`zone/…`)."""

    below: str = ""

    @property
    def province(self) -> Province | None:
        """The province that it is about, or its zone lies in; None of the country's page."""
        if self.below.startswith(ZONE):
            zone = zone_by_id(self.below.removeprefix(ZONE))
            return zone.province if zone else None
        return BY_SLUG.get(self.below)

    def path(self, lang: str, default: str) -> str:
        """Its path without a slash before it; the site's own language is not named."""
        parts = [ROOT, self.below, "" if lang == default else lang]
        return "/".join(part for part in parts if part)

    def addresses(self, site: Site, default: str) -> dict[str, str]:
        """Its address by language, whole."""
        return {lang: site.url(self.path(lang, default)) for lang in LANGUAGES}


PROVINCE_PAGES = tuple(Page(slug) for slug in BY_SLUG)


def slug(code: str) -> str:
    """The word in the address of a province's page."""
    return next(province.key for province in PROVINCES if province.code == code)
