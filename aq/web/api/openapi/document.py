"""The document of OpenAPI 3.1: each route with its parameters, its answer and its refusals."""

from collections.abc import Callable, Mapping
from typing import Any

from aq import __version__
from aq.alerts import REASONS
from aq.domain.model import LANGUAGES
from aq.domain.provinces import PROVINCES
from aq.domain.zones import KINDS
from aq.export.columns import KINDS as EXPORT_KINDS
from aq.export.pipeline import MEDIA_TYPES
from aq.export.query import FORMATS
from aq.export.query import GRAINS as EXPORT_GRAINS
from aq.export.query import LEVELS as EXPORT_LEVELS
from aq.feeds.registry import INFO
from aq.queries.official import DAYS_AHEAD, FORECAST_KEYS
from aq.queries.question import GRAINS
from aq.web.api.openapi import answers, pages, site_files, told
from aq.web.api.openapi.schema import Schema, Schemas
from aq.web.api.openapi.words import POLLUTANTS
from aq.web.api.parameters import MAX_LIMIT

Known = tuple[str, ...]
Table = Mapping[str, tuple[Callable[..., Any], Known]]
JSON = "application/json"
TEXT: Schema = {"type": "string"}
MOMENT = "a KST day (2026-11-22), or an instant with offset (2026-11-22T18:00:00+09:00)"
# Data of each route; what is no JSON stands with its media type.
ANSWERS: dict[str, Any] = {
    "/strip.json": answers.Strip,
    "/api/v1/provinces": answers.Provinces,
    "/api/v1/provinces.geojson": answers.FeatureCollection,
    "/api/v1/stations": answers.Stations,
    "/api/v1/current": answers.Current | answers.CurrentZones,
    "/api/v1/history": answers.History | answers.HistoryZones,
    "/api/v1/export": answers.ExportDocument,
    "/api/v1/readings/{place}/{pollutant}/{at}/trail": answers.Trail,
    "/api/v1/zones": answers.Zones,
    "/api/v1/zones/criteria": answers.Criteria,
    "/api/v1/zones/{zone}/history": answers.ZoneHours,
    "/api/v1/forecast": told.Forecast,
    "/api/v1/forecast/skill": told.Skill,
    "/api/v1/advisories": told.Advisories,
    "/api/v1/alerts": told.Alerts,
    "/api/v1/feeds": told.Feeds,
    "/healthz": told.Health,
    "/oembed": answers.OEmbed,
    "/catalog.jsonld": site_files.Catalog,
    "/manifest.webmanifest": site_files.WebManifest,
    "/api/v1/openapi.json": dict[str, Any],
}
MEDIA = {
    "/strip": ("text/html",),
    "/api/v1/provinces.geojson": ("application/geo+json",),
    "/api/v1/alerts/{id}.cap": ("application/cap+xml",),
    "/alerts.atom": ("application/atom+xml",),
    "/metrics": ("text/plain",),
    "/api/v1/export": (
        JSON,
        "application/zip",
        *(kind.split(";")[0] for kind in MEDIA_TYPES.values()),
    ),
    **pages.MEDIA,
}
REFUSALS = {
    "400": "a parameter is wrong; `error.field` names it",
    "404": "there is no such place, alert or path",
    "422": "too much at once; `error.field` names what to make smaller",
    "429": "too many requests; `Retry-After` [s] says when to come again",
    "500": "the answer could not be made; the log says why",
    "503": "the store does not answer, or hours of the archive cannot be read",
}


def _words(*allowed: str) -> Schema:
    return {"type": "string", "enum": list(allowed)}


def _several(*allowed: str) -> Schema:
    return {"type": "array", "items": _words(*allowed) if allowed else TEXT, "minItems": 1}


def _whole(low: int, high: int, default: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}


def _parameters(standards: list[str], frame: str) -> dict[str, tuple[str, Schema, Any]]:
    """By name, or by path and name, what a parameter says, its schema, and an example; `frame` is
    the address of a frame."""
    names = [getattr(province, kind) for kind in ("code", "ko", "en") for province in PROVINCES]
    fine = _words(*KINDS)
    flag: Schema = {"type": "boolean", "default": False}
    year: Schema = {"type": "integer", "minimum": 1900, "maximum": 9999}
    when: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d(-\d\d(T.+)?)?$"}
    of_pages = pages.parameters(standards, names)
    words, schema, _ = of_pages["url"]
    return {
        **of_pages,
        "url": (words, schema, frame),
        "pollutant": ("pollutants, by comma; all without", _several(*POLLUTANTS), ["pm25"]),
        "province": ("provinces by code or name, by comma", _several(*names), ["KR-11", "부산"]),
        "standard": ("the standard that grades", _words(*standards), "airkorea_1h"),
        "lang": ("language", _words(*LANGUAGES), "en"),
        "days": ("days after today", _whole(0, DAYS_AHEAD, 0), 1),
        "since": (f"begin, {MOMENT}", when, "2026-11-22"),
        "until": (f"end, {MOMENT}; a day is whole", when, "2026-11-23"),
        "last": ("instead of since and until: so much up to now", TEXT, "2d"),
        "grain": ("what a row is of", _words(*GRAINS), "day"),
        "feed": (
            "this feed alone; without it the most preferred that has it",
            _words(*INFO),
            "airkorea",
        ),
        "as_of": (f"as it was known then, {MOMENT}", when, "2026-11-23T20:25:00+09:00"),
        "limit": ("rows a page", _whole(1, MAX_LIMIT, 1000), 10),
        "cursor": ("`next` of the page before", TEXT, None),
        "level": ("of provinces, or of the zones of acts", _words("province", "zone"), "province"),
        "zone": ("zones by id, by comma; with level=zone", _several(), None),
        "explain": ("with the hours and readings behind each grade", flag, True),
        "rule": ("id of a rule", TEXT, None),
        "reason": ("reasons, by comma", _several(*map(str, REASONS)), ["first", "resolved"]),
        "issued": (f"as it stood then, {MOMENT}", when, "2026-11-23"),
        "year": ("a KST year", year, 2026),
        "day": (f"of this day, {MOMENT}", when, "2026-11-23"),
        "format": ("form of the file", _words(*FORMATS), "json"),
        "columns": ("columns by name, by comma", _several(), ["province", "at", "value"]),
        "bom": ("begin CSV with the byte order mark, for Excel", flag, True),
        "zip": ("one zip that explains itself", flag, True),
        "kind": ("readings, or the authority's word", _words(*EXPORT_KINDS), "readings"),
        "place": ("province by code or name, or station by code or name", TEXT, "KR-11"),
        "at": (
            "end of an hour, with offset",
            {**TEXT, "format": "date-time"},
            "2026-11-23T20:00:00+09:00",
        ),
        "id": ("id of a transition of /api/v1/alerts", TEXT, None),
        **dict.fromkeys(
            ("/strip pollutant", "/strip.json pollutant", "/api/v1/provinces.geojson pollutant"),
            ("one pollutant", {**_words(*POLLUTANTS), "default": "pm10"}, "o3"),
        ),
        "trail pollutant": ("one pollutant", _words(*POLLUTANTS[:-1]), "pm10"),
        "/api/v1/forecast pollutant": ("pollutants, by comma", _several(*FORECAST_KEYS), ["pm25"]),
        **dict.fromkeys(
            (f"/api/v1/zones{rest} pollutant" for rest in ("", "/criteria", "/{zone}/history")),
            ("one pollutant that zones are of", fine, "pm25"),
        ),
        "/api/v1/zones/{zone}/history zone": ("id of /api/v1/zones", TEXT, "pm-11-01"),
        "/api/v1/export level": ("place of a row", _words(*EXPORT_LEVELS), "province"),
        "/api/v1/export grain": ("grains of the rows, by comma", _several(*EXPORT_GRAINS), ["day"]),
        "/api/v1/export standard": ("standards, by comma", _several(*standards), ["who_2021"]),
        "/api/v1/forecast/skill days": ("days up to yesterday", _whole(1, 1100, 90), 30),
        "/api/v1/current province": (
            "zones of these provinces, by comma; with level=zone alone",
            _several(*names),
            ["KR-11"],
        ),
        "/api/v1/alerts province": ("one province by code or name", _words(*names), "KR-11"),
    }


NEEDED = {
    "/api/v1/history": ("since", "until"),
    "/api/v1/zones/{zone}/history": ("since", "until"),
    "/oembed": ("url",),
}


def document(table: Table, standards: list[str], base_path: str, frame: str) -> Schema:
    """The document of the routes of data (path to handler and the names of its parameters), and of
    pages, frames (one is at `frame`), pictures and small files."""
    schemas, parameters = Schemas(), _parameters(standards, frame)
    refusal = {JSON: {"schema": schemas.of(answers.Error)}}
    paths = {}
    for path, (handler, names) in (dict(table) | pages.table()).items():
        operation = {
            "operationId": pages.operation_id(path, handler),
            "summary": (handler.__doc__ or "")
            .split("`: ")[-1]
            .split("\n\n")[0]
            .replace("\n    ", " "),
            "parameters": [_parameter(path, name, parameters) for name in names],
            "responses": {
                "200": _answer(path, schemas),
                "304": {"description": "what `If-None-Match` names is still the answer"},
                **_refusals(path, path in table),
            },
        }
        paths[path] = {"get": operation}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Air quality of South Korea's 17 provinces",
            "version": __version__,
            "description": "Read only. Times are the ends of hours with +09:00; null is missing.",
        },
        "servers": [{"url": base_path or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {
                status: {"description": words, "content": refusal}
                for status, words in REFUSALS.items()
            },
        },
    }


def _refusals(path: str, is_data: bool) -> Schema:
    if is_data:
        return {status: {"$ref": f"#/components/responses/{status}"} for status in REFUSALS}
    return {
        status: {
            "description": REFUSALS[status].split(";")[0],
            "content": {kind: {"schema": TEXT} for kind in kinds},
        }
        for status, kinds in pages.refusals(path).items()
    }


def _parameter(path: str, name: str, parameters: Mapping[str, tuple[str, Schema, Any]]) -> Schema:
    own = f"{path.rpartition('/')[2]} {name}", f"{path} {name}"
    words, schema, example = next(parameters[key] for key in (*own, name) if key in parameters)
    in_path = f"{{{name}}}" in path
    described: Schema = {
        "name": name,
        "in": "path" if in_path else "query",
        "required": in_path or name in NEEDED.get(path, ()),
        "description": words,
        "schema": schema,
    }
    if schema.get("type") == "array":
        described |= {"style": "form", "explode": False}
    return described if example is None else {**described, "example": example}


def _answer(path: str, schemas: Schemas) -> Schema:
    of_data = {"schema": schemas.of(ANSWERS[path])} if path in ANSWERS else None
    kinds = MEDIA.get(path, (JSON,))
    content: Schema = {
        kind: of_data
        if of_data and kind.endswith("json") and "ndjson" not in kind
        else {"schema": {}}
        for kind in kinds
    }
    header = {"description": "names this state of the answer", "schema": TEXT}
    return {"description": "the answer", "headers": {"ETag": header}, "content": content}
