"""The read-only routes: JSON with ETag, errors as JSON, the strip for other sites."""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cache, partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from aq.context import Context, again, asked_pollutants, find_standard
from aq.domain.clock import (
    kst_day,
    kst_iso,
    parse_instant,
    parse_until,
)
from aq.domain.errors import AqError, InputError
from aq.domain.provinces import BY_CODE, PROVINCES, find_province
from aq.domain.report import plain
from aq.export.query import PARAMETERS as EXPORT
from aq.queries import items as history
from aq.queries import official as bulletin
from aq.queries.current import Snapshot, current
from aq.queries.evidence import evidence
from aq.queries.feed_status import agreement, answer_keys, feed_status, health, notice_status
from aq.queries.official_means import official_agreement
from aq.queries.question import Given, past_question
from aq.queries.revisions import trail_items
from aq.queries.yellow_dust import recent_yellow_dust, yellow_dust_items, yellow_dust_of
from aq.queries.zones import (
    value_facts,
    values_now,
    zone_facts,
)
from aq.web import metrics, strip
from aq.web.api.alerts import alert_cap, alerts, alerts_atom
from aq.web.api.openapi.document import document
from aq.web.api.parameters import _days, _limit, parameters, whole_year
from aq.web.api.places import provinces, provinces_geojson, stations
from aq.web.api.responses import (
    JSON_TYPE,
    _refused,
    body_response,
    error_response,
    json_response,
    json_text,
)
from aq.web.api.zones import (
    current_zones,
    history_zones,
    of_zones,
    zone_criteria,
    zone_history,
    zones,
)
from aq.web.export_route import export_rows
from aq.web.response_cache import Shelf, is_known
from aq.web.site import site_of

log = logging.getLogger(__name__)
Handler = Callable[[Context, Given], Response]


def strip_html(context: Context, given: Given) -> Response:
    """`/strip`: the header strip as a page of its own, for an iframe."""
    snapshot, options = _strip(context, given)
    response = body_response(
        strip.page(snapshot, context.standards[snapshot.standard], options).encode(), "text/html"
    )
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *"
    )
    return response


def strip_json(context: Context, given: Given) -> Response:
    """`/strip.json`: the same as data."""
    snapshot, options = _strip(context, given)
    return json_response(strip.data(snapshot, options))


def _strip(context: Context, given: Given) -> tuple[Snapshot, strip.Options]:
    standard = find_standard(context, given.get("standard"))
    pollutant = given.get("pollutant", "pm10")
    (key,) = asked_pollutants(standard, [pollutant])
    lang = given.language(context.settings.lang)
    days = _days(given)
    if days and key not in bulletin.FORECAST_KEYS:
        raise _never_forecast()
    now = context.clock.minute()
    ahead = bulletin.coming_days(context, now, key, days) if days else ()
    snapshot = current(context, now, standard=standard.id, wanted=[key])
    if ahead:
        snapshot = replace(snapshot, simulated=context.store.simulated())
    rules = context.standards[bulletin.STANDARD]
    over = bulletin.over_50_codes(context, now) if ahead and key == "pm25" else {}
    options = strip.Options(pollutant=key, lang=lang, ahead=ahead, rules=rules, over_50=over)
    return snapshot, options


def current_items(context: Context, given: Given) -> Response:
    """`/api/v1/current`; with `explain=true` each item carries why it has its grade; with
    `level=zone` the items are zones."""
    if of_zones(given):
        return current_zones(context, given)
    if "province" in given:
        raise InputError("goes with level=zone; all 17 are answered else", "province")
    now = context.clock.minute()
    wanted = given.pollutants()
    snapshot = current(context, now, standard=given.get("standard"), wanted=wanted)
    answer = snapshot.as_dict()
    if given.flag("explain"):
        standard = context.standards[snapshot.standard]
        for item, shown in zip(snapshot.items, answer["items"], strict=True):
            shown["explanation"] = None
            if item.observed_at is not None:
                place = BY_CODE[item.code]
                found = evidence(context, place, item.pollutant, item.observed_at, standard)
                shown["explanation"] = found.as_dict()
    return json_response(answer)


def history_items(context: Context, given: Given) -> Response:
    """`/api/v1/history`, a page at a time; with `level=zone` the hours of zones."""
    if of_zones(given):
        return history_zones(context, given)
    asked = past_question(context, given)
    items, following = history.page(context.store, asked, _limit(given), given.get("cursor"))
    answer = {
        "since": kst_iso(asked.after),
        "until": kst_iso(asked.until),
        "grain": asked.grain,
        "standard": asked.standard.id,
        "items": items,
        "next": following,
    }
    return json_response(answer)


def trail(context: Context, given: Given) -> Response:
    """`/api/v1/readings/{place}/{pollutant}/{at}/trail`: what was known of an hour, and when."""
    standard = find_standard(context, given.get("standard"))
    at = given.time(parse_instant, "at")
    items = trail_items(context.store, given["place"], given["pollutant"], at, standard)
    return json_response({"place": given["place"], "at": kst_iso(at), "items": items})


def forecast_skill(context: Context, given: Given) -> Response:
    """`/api/v1/forecast/skill`: how good the forecasts of the last `days` (90) were, with 95 %
    intervals: by pollutant and lead, by season, by province."""
    now = context.clock.minute()
    text = given.get("days", "90")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_SKILL_DAYS):
        raise InputError(f"whole days from 1 to {MOST_SKILL_DAYS}", "days")
    last = kst_day(now) - timedelta(days=1)
    first = last - timedelta(days=int(text) - 1)
    groups = bulletin.forecast_groups(context, first, last)
    return json_response(
        {
            "as_of": kst_iso(now),
            "items": bulletin.group_items(groups),
            "over_50": bulletin.over_50_items(context, first, last),
        }
    )


def _never_forecast() -> InputError:
    return InputError(f"there are forecasts of {', '.join(bulletin.FORECAST_KEYS)}", "pollutant")


def forecast(context: Context, given: Given) -> Response:
    """`/api/v1/forecast`: the authority's forecast, as it stood at `issued` (now without it)."""
    now = context.clock.minute()
    issued = min(given.time(parse_until, "issued"), now) if "issued" in given else now
    names, keys = given.listed("province"), given.pollutants()
    for key in keys or ():
        if key not in bulletin.FORECAST_KEYS:
            raise _never_forecast()
    provinces = [find_province(name) for name in names] if names else PROVINCES
    return json_response(
        bulletin.forecast_answer(context, issued, provinces, keys or bulletin.FORECAST_KEYS)
    )


def advisories(context: Context, given: Given) -> Response:
    """`/api/v1/advisories`: official advisories in force, or all those issued in a `year`; beside
    them the acts of yellow dust of today and yesterday, or of the year."""
    now = context.clock.minute()
    if "year" in given:
        year = whole_year(given["year"])
        rows = list(bulletin.advisories_of(context, year, now).rows)
        acts = yellow_dust_of(context, year, now)
        values: list[dict[str, object]] = [{} for _ in rows]
    else:
        rows = bulletin.advisories_now(context, now)
        acts = recent_yellow_dust(context, now)
        values = [value_facts(context, newest) for newest in values_now(context, rows, now)]
    yellow = yellow_dust_items(acts)
    items = [
        {**item, **zone_facts(row), **value}
        for item, row, value in zip(bulletin.advisory_items(rows, now), rows, values, strict=True)
    ]
    names = given.listed("province")
    if names:
        codes = {find_province(name).code for name in names}
        items = [one for one in items if codes & set(one["codes"])]
        yellow = [one for one in yellow if codes & set(one["codes"])]
    return json_response(
        {
            "as_of": kst_iso(now),
            "simulated": context.store.simulated(),
            "items": items,
            "yellow_dust": yellow,
        }
    )


def feeds(context: Context, _given: Given) -> Response:
    """`/api/v1/feeds`: each feed's last good poll, last error, calls, next poll; the same of each
    service of notices; how our province means agree with upstream's own, and our means of cities
    and stations with those it publishes; and which keys of the answers are not as documented."""
    now = context.clock.minute()
    items = [feed.as_dict() for feed in feed_status(context, now)]
    compared = [one.as_dict() for one in agreement(context, now)]
    notices = [service.as_dict() for service in notice_status(context, now)]
    keys = plain(answer_keys(context))
    return json_response(
        {
            "as_of": kst_iso(now),
            "items": items,
            "notices": notices,
            "agreement": compared,
            "official_means": [
                {"series": line.series, **line.as_dict()} for line in official_agreement(context)
            ],
            "keys": keys,
        }
    )


def healthz(context: Context, _given: Given) -> Response:
    """`/healthz`: 200 when the store answers; says what is stale."""
    return JSONResponse(health(context), headers={"Cache-Control": "no-store"})


def metrics_text(context: Context, _given: Given) -> Response:
    """`/metrics`: feeds, quota, hours, runs and requests, as Prometheus reads them."""
    headers = {"Cache-Control": "no-store"}
    return Response(metrics.scrape(context), media_type=metrics.MEDIA_TYPE, headers=headers)


def openapi(context: Context, _given: Given) -> Response:
    """`/api/v1/openapi.json`: the routes with their parameters, answers and refusals, as OpenAPI
    3.1."""
    frame = site_of(context.settings).url("embed/map")
    written = _document(tuple(sorted(context.standards)), context.settings.base_path, frame)
    return body_response(written, JSON_TYPE)


@cache
def _document(standards: tuple[str, ...], base_path: str, frame: str) -> bytes:
    """Written once: its types take a tenth of a second to be read."""
    return json_text(document(TABLE, list(standards), base_path, frame)).encode()


async def unknown(request: Request) -> Response:
    """Every path under /api/ that is not a route, and every method but GET and HEAD."""
    there = any(route.matches(request.scope)[0] is not Match.NONE for route in _paths())
    if there:
        response = error_response(405, "method_not_allowed", "this is read only; use GET")
        response.headers["Allow"] = "GET, HEAD"
        return response
    return error_response(404, "unknown_path", "there is nothing here; see /api/v1/openapi.json")


def _paths() -> list[Route]:
    return [Route(path, unknown, methods=["GET"]) for path in TABLE]


MOST_SKILL_DAYS = 1100
STRIP = ("pollutant", "standard", "lang", "days")
HISTORY = (
    *("province", "pollutant", "since", "until", "grain", "standard", "feed", "as_of"),
    *("limit", "cursor", "level", "zone"),
)
CURRENT = ("standard", "pollutant", "explain", "level", "zone", "province")
ALERTS = ("rule", "province", "reason", "since", "until", "limit", "cursor")
READING = ("place", "pollutant", "at", "standard")
# path -> (handler, parameters it takes)
TABLE: dict[str, tuple[Handler, tuple[str, ...]]] = {
    "/strip": (strip_html, STRIP),
    "/strip.json": (strip_json, STRIP),
    "/api/v1/provinces": (provinces, ()),
    "/api/v1/provinces.geojson": (provinces_geojson, ("pollutant", "standard")),
    "/api/v1/stations": (stations, ("province", "limit", "cursor")),
    "/api/v1/current": (current_items, CURRENT),
    "/api/v1/history": (history_items, HISTORY),
    "/api/v1/export": (export_rows, EXPORT),
    "/api/v1/readings/{place}/{pollutant}/{at}/trail": (trail, READING),
    "/api/v1/zones": (zones, ("province", "pollutant", "day")),
    "/api/v1/zones/criteria": (zone_criteria, ("pollutant", "year")),
    "/api/v1/zones/{zone}/history": (
        zone_history,
        ("zone", "pollutant", "since", "until", "as_of"),
    ),
    "/api/v1/forecast": (forecast, ("province", "pollutant", "issued")),
    "/api/v1/forecast/skill": (forecast_skill, ("days",)),
    "/api/v1/advisories": (advisories, ("province", "year")),
    "/api/v1/alerts": (alerts, ALERTS),
    "/api/v1/alerts/{id}.cap": (alert_cap, ("id",)),
    "/alerts.atom": (alerts_atom, ("lang",)),
    "/api/v1/feeds": (feeds, ()),
    "/healthz": (healthz, ()),
    "/metrics": (metrics_text, ()),
    "/api/v1/openapi.json": (openapi, ()),
}


# Routes that many ask alike; all they show is of the store's version and the minute.
READY = (
    *("/strip", "/strip.json", "/api/v1/provinces", "/api/v1/current"),
    *("/api/v1/provinces.geojson", "/api/v1/stations"),
)
# Routes that show how feeds and runs do, too; with how long an answer serves [s].
BRIEFLY = {"/api/v1/feeds": 2.0, "/healthz": 2.0}


def _endpoint(
    path: str, get_context: Callable[[], Context]
) -> Callable[[Request], Awaitable[Response]]:
    handler, known = TABLE[path]
    shelf = Shelf(BRIEFLY.get(path, math.inf)) if path in READY or path in BRIEFLY else None

    def answer(request: Request) -> Response:
        def make() -> Response:
            given = {**parameters(request, known), **request.path_params}
            return again(partial(handler, get_context(), Given(given)))

        try:
            if shelf is None:
                return make()
            return shelf.answer(get_context(), request.scope["query_string"], make)
        except AqError as error:
            return _refused(error)
        except Exception:
            log.exception("%s could not be answered", request.url.path)
            return error_response(500, "failed", "the answer could not be made; see the log")

    async def endpoint(request: Request) -> Response:
        response = shelf.at_once(get_context, request.scope["query_string"]) if shelf else None
        if response is None:
            response = await run_in_threadpool(answer, request)
        if _is_current(request.headers, response.headers):
            kept = {k: v for k, v in response.headers.items() if k != "content-length"}
            return Response(status_code=304, headers=kept)
        return response

    return endpoint


def _is_current(asked: Mapping[str, str], answer: Mapping[str, str]) -> bool:
    """Whether the copy that the asker has is the answer still: by its tag, or without one by the
    time it was changed last (RFC 9110, 13.1)."""
    if "if-none-match" in asked:
        return is_known(asked["if-none-match"], answer.get("etag"))
    since, changed = asked.get("if-modified-since"), answer.get("last-modified")
    if since is None or changed is None:
        return False
    try:
        return parsedate_to_datetime(since) >= parsedate_to_datetime(changed)
    except (TypeError, ValueError):  # no date, or one without its zone: as if not asked
        return False


def routes(get_context: Callable[[], Context]) -> list[Route]:
    """All routes; the context is asked for at the first request."""
    made = [Route(path, _endpoint(path, get_context), methods=["GET"]) for path in TABLE]
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    rest = [Route(path, unknown, methods=every) for path in ("/api", "/api/{rest:path}")]
    return [*made, *rest]
