"""The data sets as a catalogue in DCAT 3 (JSON-LD), as open-data portals harvest it."""

import json
from collections.abc import Sequence

from aq.export.pipeline import MEDIA_TYPES
from aq.export.vocabulary import licence_address
from aq.feeds.registry import INFO
from aq.i18n import N_, text_in
from aq.queries.current import Snapshot
from aq.web.site import Site

# W3C's vocabularies of DCAT 3 (Recommendation of 22 August 2024), and what the words stand for.
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
MEDIA = "https://www.iana.org/assignments/media-types/"
HOURLY = "http://publications.europa.eu/resource/authority/frequency/HOURLY"
# (name, path, query, media type) of a distribution.
Form = tuple[str, str, dict[str, str], str]
PRESENT: tuple[Form, ...] = (
    ("JSON", "api/v1/current", {}, "application/json"),
    ("GeoJSON", "api/v1/provinces.geojson", {}, "application/geo+json"),
)
# The same where nothing answers a question.
PRESENT_FILES: tuple[Form, ...] = (
    ("JSON", "api/v1/current.json", {}, "application/json"),
    *PRESENT[1:],
)
PAST: tuple[Form, ...] = (
    ("CSV", "api/v1/export", {"last": "90d", "format": "csv"}, "text/csv"),
    ("Parquet", "api/v1/export", {"last": "90d", "format": "parquet"}, MEDIA_TYPES["parquet"]),
)
WHAT = N_(
    "Hourly air quality of the 17 provinces of South Korea: PM10, PM2.5, ozone, nitrogen"
    " dioxide, sulphur dioxide and carbon monoxide as means of urban stations, with levels."
)


def present(site: Site) -> Sequence[Form]:
    """The forms in which the present values can be had."""
    return PRESENT_FILES if site.published else PRESENT


def catalog(site: Site, country: Snapshot, past: Sequence[Form] = PAST) -> bytes:
    """The catalogue: present values and history, each with its distributions (`past` those of the
    history) and its licence."""
    now, hourly = "Air quality now", "Hourly air quality"
    datasets = [
        _dataset(site, country, "current", f"{now}, 17 provinces of South Korea", present(site)),
        _dataset(site, country, "history", f"{hourly}, 17 provinces of South Korea", past),
    ]
    document = {
        "@context": CONTEXT,
        "@id": site.url("catalog.jsonld"),
        "@type": "dcat:Catalog",
        "dct:title": _text("Air quality of the 17 provinces"),
        "dct:description": _text(WHAT),
        "dct:publisher": _publisher(site),
        "foaf:homepage": {"@id": site.url()},
        "dcat:dataset": datasets,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _dataset(
    site: Site,
    country: Snapshot,
    name: str,
    title: str,
    distributions: Sequence[Form],
) -> dict[str, object]:
    licence: dict[str, object] = {}
    if country.feed:
        info = INFO[country.feed]
        licence = {
            "dct:license": {"@id": licence_address(info)},
            "dct:rights": f"{info.attribution} — {info.licence}",
        }
    modified = country.hour.isoformat() if country.hour else None
    return {
        "@id": site.url("catalog.jsonld") + f"#{name}",
        "@type": "dcat:Dataset",
        "dct:title": {"@value": f"SIMULATED: {title}" if country.simulated else title},
        "dct:description": _text(WHAT),
        "dct:publisher": _publisher(site),
        "dct:spatial": {"@id": "http://publications.europa.eu/resource/authority/country/KOR"},
        "dct:accrualPeriodicity": {"@id": HOURLY},
        **({"dct:modified": {"@value": modified, "@type": "xsd:dateTime"}} if modified else {}),
        **licence,
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": form,
                "dcat:accessURL": {"@id": site.url(path, query)},
                "dcat:downloadURL": {"@id": site.url(path, query)},
                "dcat:mediaType": {"@id": MEDIA + media_type},
            }
            for form, path, query, media_type in distributions
        ],
    }


def _publisher(site: Site) -> dict[str, object]:
    return {"@id": site.url(), "@type": "foaf:Agent", "foaf:name": _text("Air Quality 17")}


def _text(message: str) -> list[dict[str, str]]:
    return [{"@value": text_in(lang)(message), "@language": lang} for lang in ("ko", "en")]
