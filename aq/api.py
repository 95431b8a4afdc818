"""The read-only routes: JSON with ETag, errors as JSON, the strip for other sites."""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from aq import __version__, alert_documents, alerting, bulletin, history, metrics, strip
from aq.alerts import REASONS
from aq.clock import day_bounds, kst, kst_iso, parse_instant, parse_since, parse_until
from aq.current import Snapshot, asked_pollutants, current, family_of, find_standard
from aq.errors import AqError, ArchiveError, InputError, StoreError
from aq.evidence import evidence
from aq.export.question import PARAMETERS as EXPORT
from aq.export.route import export_rows
from aq.feeds.infos import INFO
from aq.notice_status import notice_status
from aq.ready import Shelf
from aq.regions import BY_CODE, PROVINCES, find_province
from aq.runtime import Runtime
from aq.schema import KEYS
from aq.status import agreement, feed_status, health
from aq.store.engine import version_at
from aq.trail import trail_items
from aq.windows import OVERALL

CACHE_SECONDS = 30
FEED_ENTRIES = 100
log = logging.getLogger(__name__)
MAX_LIMIT = 5000
Handler = Callable[[Runtime, Mapping[str, str]], Response]


def _body_response(body: bytes, media_type: str, *, max_age: int = CACHE_SECONDS) -> Response:
    headers = {
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Cache-Control": f"public, max-age={max_age}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type=media_type, headers=headers)


def json_response(value: Any) -> Response:
    """JSON as UTF-8 with an ETag of its bytes."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return _body_response(body, "application/json; charset=utf-8")


def error_response(status: int, code: str, message: str, field: str | None = None) -> Response:
    """The one form of errors."""
    error = {"code": code, "message": message, "field": field}
    return JSONResponse({"error": error}, status, headers={"Cache-Control": "no-store"})


def _refused(error: AqError) -> Response:
    if isinstance(error, InputError):
        status = 422 if error.too_large else 404 if error.unknown else 400
        return error_response(status, error.code, str(error), error.field)
    if isinstance(error, ArchiveError):
        return error_response(503, "archived", str(error))
    if isinstance(error, StoreError):
        return error_response(503, "store_unavailable", "the store does not answer; try again")
    return error_response(500, "failed", "the answer could not be made")


def parameters(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """Query parameters, each at most once and known; raises `InputError` naming the other."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise InputError(f"unknown parameter; this route takes {allowed}", name)
        if name in found:
            raise InputError("given twice; separate several values by commas", name)
        if not value.strip():
            raise InputError("empty; leave it out or give a value", name)
        if len(value) > 500:
            raise InputError("longer than 500 characters", name)
        found[name] = value
    return found


def _listed(text: str | None) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] if text else None


def _now(runtime: Runtime) -> datetime:
    """The present minute: within it an unchanged store gives the same bytes and the same ETag."""
    return runtime.clock.now().replace(second=0, microsecond=0)


def strip_html(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/strip`: the header strip as a page of its own, for an iframe."""
    snapshot, options = _strip(runtime, given)
    response = _body_response(
        strip.page(snapshot, runtime.standards[snapshot.standard], options).encode(), "text/html"
    )
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *"
    )
    return response


def strip_json(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/strip.json`: the same as data."""
    snapshot, options = _strip(runtime, given)
    return json_response(strip.data(snapshot, options))


def _strip(runtime: Runtime, given: Mapping[str, str]) -> tuple[Snapshot, strip.Options]:
    standard = find_standard(runtime, given.get("standard"))
    pollutant = given.get("pollutant", "pm10")
    (key,) = asked_pollutants(standard, [pollutant])
    lang = given.get("lang", runtime.settings.lang)
    if lang not in ("ko", "en"):
        raise InputError(f"unknown language {lang!r}; ko or en", "lang")
    days = _days(given)
    if days and key not in bulletin.FORECAST_KEYS:
        raise _never_forecast()
    now = _now(runtime)
    ahead = bulletin.coming_days(runtime, now, key, days) if days else ()
    snapshot = current(runtime, now, standard=standard.id, wanted=[key])
    if ahead:
        snapshot = replace(snapshot, simulated=runtime.store.simulated())
    rules = runtime.standards[bulletin.STANDARD]
    return snapshot, strip.Options(pollutant=key, lang=lang, ahead=ahead, rules=rules)


def _days(given: Mapping[str, str]) -> int:
    """How many days after today the strip shows."""
    text, most = given.get("days", "0"), bulletin.DAYS_AHEAD
    if not (text.isascii() and text.isdecimal()):
        raise InputError(f"how many days after today, 0 to {most}", "days")
    if int(text) > most:
        raise InputError(f"at most {most}; later days have no four grades", "days", too_large=True)
    return int(text)


def provinces(_runtime: Runtime, _given: Mapping[str, str]) -> Response:
    """`/api/v1/provinces`: the 17 in page-header order."""
    items = [
        {"id": one.id, "code": one.code, "province": one.ko, "name_en": one.en, "names": one.names}
        for one in PROVINCES
    ]
    return json_response({"items": items})


def current_items(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/api/v1/current`; with `explain=true` each item carries why it has its grade."""
    now = _now(runtime)
    wanted = _listed(given.get("pollutant"))
    snapshot = current(runtime, now, standard=given.get("standard"), wanted=wanted)
    answer = snapshot.as_dict()
    if _flag(given, "explain"):
        standard = runtime.standards[snapshot.standard]
        for item, shown in zip(snapshot.items, answer["items"], strict=True):
            shown["explanation"] = None
            if item.observed_at is not None:
                place = BY_CODE[item.code]
                found = evidence(runtime, place, item.pollutant, item.observed_at, standard)
                shown["explanation"] = found.as_dict()
    return json_response(answer)


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false")
    if text not in ("true", "false"):
        raise InputError("true or false", name)
    return text == "true"


def _time(read: Callable[[str], datetime], given: Mapping[str, str], name: str) -> datetime:
    try:
        return read(given[name])
    except KeyError:
        raise InputError("needed: a day like 2026-11-23 or an instant with offset", name) from None
    except ValueError as error:
        raise InputError(str(error), name) from None


def _as_of(runtime: Runtime, given: Mapping[str, str]) -> int | None:
    if "as_of" not in given:
        return None
    moment = _time(parse_until, given, "as_of")
    if moment > day_bounds(kst(runtime.clock.now()).date())[1]:
        raise InputError("lies in the future; what will be known then is not known", "as_of")
    with runtime.store.read() as connection:
        version = version_at(connection, moment)
    if version is None:
        raise InputError(f"nothing was known at {kst_iso(moment)} yet", "as_of")
    return version


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit", "1000")
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise InputError("a whole number from 1", "limit")
    if int(text) > MAX_LIMIT:
        raise InputError(f"at most {MAX_LIMIT} items a page", "limit", too_large=True)
    return int(text)


def question(runtime: Runtime, given: Mapping[str, str]) -> history.Question:
    """A question of the past from query parameters; raises `InputError` with the field."""
    after, until = _time(parse_since, given, "since"), _time(parse_until, given, "until")
    if after >= until:
        raise InputError("since must lie before until", "since")
    if after >= runtime.clock.now():
        raise InputError("lies in the future", "since")
    grain = given.get("grain", "hour")
    if grain not in history.GRAINS:
        raise InputError(f"one of {', '.join(history.GRAINS)}", "grain")
    standard = find_standard(runtime, given.get("standard"))
    feed = given.get("feed")
    if feed is not None and feed not in INFO:
        raise InputError(f"unknown feed {feed!r}; known are {', '.join(INFO)}", "feed")
    names = _listed(given.get("province"))
    keys = asked_pollutants(standard, _listed(given.get("pollutant")) or KEYS)
    if grain != "hour" and OVERALL in keys:
        raise InputError("an index is of an hour; there is none of a day or month", "pollutant")
    return history.Question(
        provinces=tuple(find_province(name) for name in names) if names else PROVINCES,
        keys=keys,
        family=() if "standard" in given else family_of(runtime, standard),
        after=after,
        until=until,
        grain=grain,
        standard=standard,
        prefer=(feed,) if feed else runtime.settings.reading,
        as_of=_as_of(runtime, given),
    )


def history_items(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/api/v1/history`, a page at a time."""
    asked = question(runtime, given)
    items, following = history.page(runtime.store, asked, _limit(given), given.get("cursor"))
    answer = {
        "since": kst_iso(asked.after),
        "until": kst_iso(asked.until),
        "grain": asked.grain,
        "standard": asked.standard.id,
        "items": items,
        "next": following,
    }
    return json_response(answer)


def trail(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/api/v1/readings/{place}/{pollutant}/{at}/trail`: what was known of an hour, and when."""
    standard = find_standard(runtime, given.get("standard"))
    at = _time(parse_instant, given, "at")
    items = trail_items(runtime.store, given["place"], given["pollutant"], at, standard)
    return json_response({"place": given["place"], "at": kst_iso(at), "items": items})


def _never_forecast() -> InputError:
    return InputError(f"there are forecasts of {', '.join(bulletin.FORECAST_KEYS)}", "pollutant")


def forecast(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/api/v1/forecast`: the authority's forecast, as it stood at `issued` (now without it)."""
    now = _now(runtime)
    issued = min(_time(parse_until, given, "issued"), now) if "issued" in given else now
    names, keys = _listed(given.get("province")), _listed(given.get("pollutant"))
    for key in keys or ():
        if key not in bulletin.FORECAST_KEYS:
            raise _never_forecast()
    provinces = [find_province(name) for name in names] if names else PROVINCES
    return json_response(
        bulletin.forecast_answer(runtime, issued, provinces, keys or bulletin.FORECAST_KEYS)
    )


def advisories(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/api/v1/advisories`: official advisories in force, or all those issued in a `year`."""
    now = _now(runtime)
    if "year" in given:
        text = given["year"]
        if not (text.isascii() and text.isdecimal() and len(text) == 4 and int(text) >= 1900):
            raise InputError("a year like 2026", "year")
        rows = list(bulletin.advisories_of(runtime, int(text), now).rows)
    else:
        rows = bulletin.advisories_now(runtime, now)
    items = bulletin.advisory_items(rows, now)
    names = _listed(given.get("province"))
    if names:
        codes = {find_province(name).code for name in names}
        items = [one for one in items if codes & set(one["codes"])]
    simulated = runtime.store.simulated()
    return json_response({"as_of": kst_iso(now), "simulated": simulated, "items": items})


def alerts(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/api/v1/alerts`: what is on now, and the log of transitions, newest first."""
    limit = _limit(given)
    found = _log(runtime, given, limit=limit + 1)
    answer = {
        "as_of": kst_iso(_now(runtime)),
        "simulated": runtime.store.simulated(),
        "state": alerting.standing(runtime.store),
        "items": found[:limit],
        "next": found[limit - 1]["id"] if len(found) > limit else None,
    }
    return json_response(answer)


def _log(runtime: Runtime, given: Mapping[str, str], *, limit: int) -> list[dict[str, Any]]:
    """The log by the filters of the route; a cursor is the id of the last transition given."""
    filters: dict[str, Any] = {}
    if "rule" in given:
        filters["rule"] = alerting.known_rule(runtime.store, given["rule"])
    if "province" in given:
        filters["place"] = find_province(given["province"]).code
    reasons = _listed(given.get("reason")) or []
    unknown = next((one for one in reasons if one not in REASONS), None)
    if unknown:
        raise InputError(f"unknown reason {unknown!r}; known are {', '.join(REASONS)}", "reason")
    for name, read in (("since", parse_since), ("until", parse_until)):
        if name in given:
            filters[name] = _time(read, given, name)
    if "cursor" in given:
        filters["before"] = alerting.place_in_log(runtime.store, given["cursor"])
    return alerting.log(runtime.store, limit=limit, reasons=reasons, **filters)


def alerts_atom(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/alerts.atom`: an entry per transition, the newest hundred."""
    lang = given.get("lang", runtime.settings.lang)
    if lang not in ("ko", "en"):
        raise InputError(f"unknown language {lang!r}; ko or en", "lang")
    body = alert_documents.atom(
        alerting.log(runtime.store, limit=FEED_ENTRIES),
        runtime.outlets.cap.sender,
        lang,
        runtime.settings.server.public_url.rstrip("/"),
        _now(runtime),
        simulated=runtime.store.simulated(),
    )
    return _body_response(body, "application/atom+xml; charset=utf-8")


def alert_cap(runtime: Runtime, given: Mapping[str, str]) -> Response:
    """`/api/v1/alerts/{id}.cap`: a CAP 1.2 message of one transition."""
    one = alerting.event(runtime.store, given["id"])
    # Where nobody was sent anything, the documents of the feed are what a change refers to.
    earlier = alerting.same_alert_before(runtime.store, one)
    body = alert_documents.cap(
        one,
        earlier or alerting.same_alert_before(runtime.store, one, told=False),
        runtime.outlets.cap,
        runtime.settings.server.public_url.rstrip("/"),
        simulated=runtime.store.simulated(),
    )
    return _body_response(body, "application/cap+xml; charset=utf-8")


def feeds(runtime: Runtime, _given: Mapping[str, str]) -> Response:
    """`/api/v1/feeds`: each feed's last good poll, last error, calls, next poll; the same of each
    service of notices; and how our province means agree with upstream's own."""
    now = _now(runtime)
    items = [one.as_dict() for one in feed_status(runtime, now)]
    compared = [one.as_dict() for one in agreement(runtime, now)]
    notices = [one.as_dict() for one in notice_status(runtime, now)]
    return json_response(
        {"as_of": kst_iso(now), "items": items, "notices": notices, "agreement": compared}
    )


def healthz(runtime: Runtime, _given: Mapping[str, str]) -> Response:
    """`/healthz`: 200 when the store answers; says what is stale."""
    return JSONResponse(health(runtime), headers={"Cache-Control": "no-store"})


def metrics_text(runtime: Runtime, _given: Mapping[str, str]) -> Response:
    """`/metrics`: feeds, quota, hours, runs and requests, as Prometheus reads them."""
    headers = {"Cache-Control": "no-store"}
    return Response(metrics.scrape(runtime), media_type=metrics.MEDIA_TYPE, headers=headers)


def _described(name: str, *, in_path: bool) -> dict[str, Any]:
    place = {"in": "path", "required": True} if in_path else {"in": "query"}
    return {"name": name, **place, "schema": {"type": "string"}}


def openapi(_runtime: Runtime, _given: Mapping[str, str]) -> Response:
    """`/api/v1/openapi.json`: the routes and their parameters, from the table below."""
    paths = {
        path: {
            "get": {
                "summary": (handler.__doc__ or "").split("`: ")[-1].splitlines()[0],
                "parameters": [_described(name, in_path=f"{{{name}}}" in path) for name in known],
                "responses": {
                    "200": {"description": "the answer"},
                    "400": {"description": "a parameter is wrong; `error.field` names it"},
                },
            }
        }
        for path, (handler, known) in TABLE.items()
    }
    info = {"title": "Air quality of South Korea's 17 provinces", "version": __version__}
    return json_response({"openapi": "3.1.0", "info": info, "paths": paths})


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


STRIP = ("pollutant", "standard", "lang", "days")
HISTORY = (
    *("province", "pollutant", "since", "until", "grain", "standard", "feed", "as_of"),
    *("limit", "cursor"),
)
ALERTS = ("rule", "province", "reason", "since", "until", "limit", "cursor")
READING = ("place", "pollutant", "at", "standard")
# path -> (handler, parameters it takes)
TABLE: dict[str, tuple[Handler, tuple[str, ...]]] = {
    "/strip": (strip_html, STRIP),
    "/strip.json": (strip_json, STRIP),
    "/api/v1/provinces": (provinces, ()),
    "/api/v1/current": (current_items, ("standard", "pollutant", "explain")),
    "/api/v1/history": (history_items, HISTORY),
    "/api/v1/export": (export_rows, EXPORT),
    "/api/v1/readings/{place}/{pollutant}/{at}/trail": (trail, READING),
    "/api/v1/forecast": (forecast, ("province", "pollutant", "issued")),
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
READY = ("/strip", "/strip.json", "/api/v1/provinces", "/api/v1/current")


def _endpoint(
    path: str, get_runtime: Callable[[], Runtime]
) -> Callable[[Request], Awaitable[Response]]:
    handler, known = TABLE[path]
    shelf = Shelf() if path in READY else None

    def answer(request: Request) -> Response:
        def make() -> Response:
            return handler(get_runtime(), {**parameters(request, known), **request.path_params})

        try:
            if shelf is None:
                return make()
            return shelf.answer(get_runtime(), request.scope["query_string"], make)
        except AqError as error:
            return _refused(error)
        except Exception:
            log.exception("%s could not be answered", request.url.path)
            return error_response(500, "failed", "the answer could not be made; see the log")

    async def endpoint(request: Request) -> Response:
        response = shelf.at_once(get_runtime, request.scope["query_string"]) if shelf else None
        if response is None:
            response = await run_in_threadpool(answer, request)
        if _is_known(request.headers.get("if-none-match"), response.headers.get("etag")):
            kept = {k: v for k, v in response.headers.items() if k != "content-length"}
            return Response(status_code=304, headers=kept)
        return response

    return endpoint


def _is_known(asked: str | None, etag: str | None) -> bool:
    """Whether `If-None-Match` names this entity tag, weakly or not, alone or among others."""
    if not asked or not etag:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in asked.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags


def routes(get_runtime: Callable[[], Runtime]) -> list[Route]:
    """All routes; the runtime is asked for at the first request."""
    made = [Route(path, _endpoint(path, get_runtime), methods=["GET"]) for path in TABLE]
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    rest = [Route(path, unknown, methods=every) for path in ("/api", "/api/{rest:path}")]
    return [*made, *rest]
