"""Query parameters of the routes: each once, known and in its form, or refused by name."""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request

from aq.context import Context
from aq.domain.errors import InputError
from aq.queries import official as bulletin

MAX_LIMIT = 5000


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


def _now(context: Context) -> datetime:
    """The present minute: within it an unchanged store gives the same bytes and the same ETag."""
    return context.clock.now().replace(second=0, microsecond=0)


def _days(given: Mapping[str, str]) -> int:
    """How many days after today the strip shows."""
    text, most = given.get("days", "0"), bulletin.DAYS_AHEAD
    if not (text.isascii() and text.isdecimal()):
        raise InputError(f"how many days after today, 0 to {most}", "days")
    if int(text) > most:
        raise InputError(f"at most {most}; later days have no four grades", "days", too_large=True)
    return int(text)


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit", "1000")
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise InputError("a whole number from 1", "limit")
    if int(text) > MAX_LIMIT:
        raise InputError(f"at most {MAX_LIMIT} items a page", "limit", too_large=True)
    return int(text)
