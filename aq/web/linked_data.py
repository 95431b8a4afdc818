"""What a page says of its data in schema.org's words: the data set, and acts in force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aq.domain.clock import kst_iso
from aq.domain.model import Advisory, YellowDust
from aq.domain.pollutants import pollutants
from aq.domain.provinces import provinces_named
from aq.export.vocabulary import licence_address
from aq.feeds.registry import INFO
from aq.i18n import Text
from aq.queries.current import Snapshot
from aq.queries.live import Live
from aq.web import catalog
from aq.web.site import Site
from aq.web.wording.advisories import (
    act_name,
    advisory_words,
    place_words,
    yellow_dust_words,
)
from aq.web.wording.korean import province_name

# The country's corners [degrees, south west and north east], with its islands.
BOX = "33.0 124.5 38.7 131.0"
CONTEXT = "https://schema.org"


def dataset(site: Site, country: Snapshot, text: Text) -> dict[str, Any]:
    """The present values of the 17 provinces as a data set, with where they can be had."""
    keys = list(dict.fromkeys(item.pollutant for item in country.items))
    forms = [*catalog.present(site)[:1], *([] if site.published else catalog.PAST[:1])]
    item = next((item for item in country.items if item.observed_at), None)
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": text("Air quality of the 17 provinces"),
        "description": text(catalog.WHAT),
        "url": site.url(),
        "inLanguage": text.lang,
        "isAccessibleForFree": True,
        "spatialCoverage": {
            "@type": "Place",
            "name": text("South Korea"),
            "geo": {"@type": "GeoShape", "box": BOX},
        },
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "name": text.pollutant(key),
                "unitText": pollutants()[key].unit,
            }
            for key in keys
            if key in pollutants()
        ],
        "distribution": [_download(site, form) for form in forms],
        "includedInDataCatalog": {"@type": "DataCatalog", "url": site.url("catalog.jsonld")},
    }
    if item and item.feed:
        info = INFO[item.feed]
        document |= {
            "dateModified": kst_iso(item.fetched_at or item.observed_at or country.as_of),
            "license": licence_address(info),
            "creditText": f"{text.owner(info.attribution)} — {text(info.licence)}",
            "creator": {
                "@type": "Organization",
                "name": text.owner(info.attribution),
                "url": info.link,
            },
        }
    return document


def _download(site: Site, form: catalog.Form) -> dict[str, str]:
    _, path, query, media_type = form
    address = site.url(path, query)
    return {"@type": "DataDownload", "encodingFormat": media_type, "contentUrl": address}


def announcements(
    site: Site, answer: Live, text: Text, most: int | None = None
) -> list[dict[str, Any]]:
    """A document with an announcement for each act in force, worst first, then for those of yellow
    dust, at `most` so many; none where there is no act. A simulated one says so in its name."""
    graph = [_advisory(site, act, text) for act in answer.acts]
    graph += [_yellow_dust(site, act, text) for act in answer.yellow_dust]
    if answer.country.simulated:
        graph = [{**act, "name": f"SIMULATED: {act['name']}"} for act in graph]
    return [{"@context": CONTEXT, "@graph": graph[:most]}] if graph else []


def _advisory(site: Site, act: Advisory, text: Text) -> dict[str, Any]:
    words = advisory_words(act, text.hour(act.issued_at), text)
    places = [place_words(act, text)]
    return _announcement(site, act_name(act, text), words, act.issued_at, places, text)


def _yellow_dust(site: Site, act: YellowDust, text: Text) -> dict[str, Any]:
    name = yellow_dust_words(act, text.hour(act.at), text)
    words = f"{name}: {text.name(act.areas)}. {text('AirKorea does not say when it ends.')}"
    places = [province_name(province, text.lang) for province in provinces_named(act.areas)]
    return _announcement(site, name, words, act.at, places or [text("South Korea")], text)


def _announcement(
    site: Site, name: str, words: str, posted: datetime, places: Sequence[str], text: Text
) -> dict[str, Any]:
    return {
        "@type": "SpecialAnnouncement",
        "name": name,
        "text": words,
        "datePosted": kst_iso(posted),
        "inLanguage": text.lang,
        "url": site.url("advisories", {"lang": text.lang}),
        "spatialLocation": [{"@type": "AdministrativeArea", "name": place} for place in places],
    }
