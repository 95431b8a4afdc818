"""The read-only answers about alerts: their state, the log, Atom and CAP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.responses import Response

from aq.alerts import REASONS, status
from aq.alerts import documents as alert_documents
from aq.alerts import rules as alerting
from aq.alerts.channels import outlets
from aq.context import Context
from aq.domain.clock import kst_iso, parse_since, parse_until
from aq.domain.errors import InputError
from aq.domain.provinces import find_province
from aq.queries.question import Given
from aq.queries.written import last_write
from aq.queries.yellow_dust import recent_yellow_dust
from aq.web.api.parameters import _limit
from aq.web.api.responses import body_response, json_response

FEED_ENTRIES = 100
YELLOW_DUST_DAYS = 7


def alerts(context: Context, given: Given) -> Response:
    """`/api/v1/alerts`: what is on now, and the log of transitions, newest first."""
    limit = _limit(given)
    found = _log(context, given, limit=limit + 1)
    answer = {
        "as_of": kst_iso(context.clock.minute()),
        "simulated": context.store.simulated(),
        "state": status.standing(context.store),
        "items": found[:limit],
        "next": found[limit - 1]["id"] if len(found) > limit else None,
    }
    return json_response(answer)


def _log(context: Context, given: Given, *, limit: int) -> list[dict[str, Any]]:
    """The log by the filters of the route; a cursor is the id of the last transition given."""
    filters: dict[str, Any] = {}
    if "rule" in given:
        filters["rule"] = alerting.known_rule(context.store, given["rule"])
    if "province" in given:
        filters["province"] = find_province(given["province"]).id
    reasons = given.listed("reason") or []
    unknown = next((reason for reason in reasons if reason not in REASONS), None)
    if unknown:
        raise InputError(f"unknown reason {unknown!r}; known are {', '.join(REASONS)}", "reason")
    for name, read in (("since", parse_since), ("until", parse_until)):
        if name in given:
            filters[name] = given.time(read, name)
    if "cursor" in given:
        filters["before"] = status.place_in_log(context.store, given["cursor"])
    return status.log(context.store, limit=limit, reasons=reasons, **filters)


def alerts_atom(context: Context, given: Given) -> Response:
    """`/alerts.atom`: an entry per transition, the newest hundred, and one for each act of yellow
    dust of the last week."""
    lang = given.language(context.settings.lang)
    transitions = status.log(context.store, limit=FEED_ENTRIES)
    own = "alerts.atom" if lang == context.settings.lang else f"alerts.atom?lang={lang}"
    body = atom_feed(context, transitions, lang, own, context.settings.base_path)
    response = body_response(body, "application/atom+xml; charset=utf-8")
    changed = _last_write(context, [alert_documents.changed(event) for event in transitions])
    response.headers["Last-Modified"] = format_datetime(changed.astimezone(UTC), usegmt=True)
    return response


def published_feed(context: Context, lang: str, own: str) -> bytes:
    """The same as a file of a folder, which may stand anywhere where the site has no address."""
    return atom_feed(context, status.log(context.store, limit=FEED_ENTRIES), lang, own, ".")


def atom_feed(
    context: Context, transitions: Sequence[alert_documents.Event], lang: str, own: str, below: str
) -> bytes:
    """The feed at `own` below the site's address, or `below` a path where it has none."""
    return alert_documents.atom(
        transitions,
        outlets().cap.sender,
        lang,
        context.settings.public_root,
        context.clock.minute(),
        simulated=context.store.simulated(),
        yellow_dust=recent_yellow_dust(context, context.clock.minute(), days=YELLOW_DUST_DAYS),
        below=below,
        own=own,
    )


def _last_write(context: Context, changes: Sequence[str]) -> datetime:
    """When the store last took anything, or said anything of an alert: an act that comes late
    carries an earlier instant of its own."""
    written = last_write(context)
    moments = [datetime.fromisoformat(change) for change in changes]
    return max([*moments, *([written] if written else [])], default=context.clock.minute())


def alert_cap(context: Context, given: Given) -> Response:
    """`/api/v1/alerts/{id}.cap`: a CAP 1.2 message of one transition."""
    one = status.event(context.store, given["id"])
    # Where nobody was sent anything, the documents of the feed are what a change refers to.
    earlier = status.same_alert_before(context.store, one)
    body = alert_documents.cap(
        one,
        earlier or status.same_alert_before(context.store, one, told=False),
        outlets().cap,
        context.settings.public_root,
        simulated=context.store.simulated(),
    )
    return body_response(body, "application/cap+xml; charset=utf-8")
