"""The small files of the site that are JSON: the application's manifest, the catalogue of DCAT."""

from typing import NotRequired, TypedDict


class Icon(TypedDict):
    src: str
    sizes: str
    type: str
    purpose: NotRequired[str]


class WebManifest(TypedDict):
    name: str
    short_name: str
    lang: str
    start_url: str
    scope: str
    display: str
    background_color: str
    theme_color: str
    icons: list[Icon]


Node = TypedDict("Node", {"@id": str})
Said = TypedDict("Said", {"@value": str, "@language": NotRequired[str]})
Instant = TypedDict("Instant", {"@value": str, "@type": str})
Agent = TypedDict("Agent", {"@id": str, "@type": str, "foaf:name": list[Said]})
Distribution = TypedDict(
    "Distribution",
    {
        "@type": str,
        "dct:title": str,
        "dcat:accessURL": Node,
        "dcat:downloadURL": Node,
        "dcat:mediaType": Node,
    },
)
Dataset = TypedDict(
    "Dataset",
    {
        "@id": str,
        "@type": str,
        "dct:title": Said,
        "dct:description": list[Said],
        "dct:publisher": Agent,
        "dct:spatial": Node,
        "dct:accrualPeriodicity": Node,
        "dct:modified": NotRequired[Instant],
        "dct:license": NotRequired[Node],
        "dct:rights": NotRequired[str],
        "dcat:distribution": list[Distribution],
    },
)
Catalog = TypedDict(
    "Catalog",
    {
        "@context": dict[str, str],
        "@id": str,
        "@type": str,
        "dct:title": list[Said],
        "dct:description": list[Said],
        "dct:publisher": Agent,
        "foaf:homepage": Node,
        "dcat:dataset": list[Dataset],
    },
)
