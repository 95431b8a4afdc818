"""Query parameters of the routes: each once, known and in its form, or refused by name."""

from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.requests import Request

from aq.context import Context, asked_pollutants, family_of, find_standard
from aq.domain.clock import day_bounds, kst, kst_iso, parse_since, parse_until
from aq.domain.errors import InputError
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES, find_province
from aq.domain.sources import INFO
from aq.domain.windows import OVERALL
from aq.queries import items as history
from aq.queries import official as bulletin
from aq.queries.frames import version_at

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


def _listed(text: str | None) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] if text else None


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


def _as_of(context: Context, given: Mapping[str, str]) -> int | None:
    if "as_of" not in given:
        return None
    moment = _time(parse_until, given, "as_of")
    if moment > day_bounds(kst(context.clock.now()).date())[1]:
        raise InputError("lies in the future; what will be known then is not known", "as_of")
    version = version_at(context, moment)
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


def question(context: Context, given: Mapping[str, str]) -> history.Question:
    """A question of the past from query parameters; raises `InputError` with the field."""
    after, until = _time(parse_since, given, "since"), _time(parse_until, given, "until")
    if after >= until:
        raise InputError("since must lie before until", "since")
    if after >= context.clock.now():
        raise InputError("lies in the future", "since")
    grain = given.get("grain", "hour")
    if grain not in history.GRAINS:
        raise InputError(f"one of {', '.join(history.GRAINS)}", "grain")
    standard = find_standard(context, given.get("standard"))
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
        family=() if "standard" in given else family_of(context, standard),
        after=after,
        until=until,
        grain=grain,
        standard=standard,
        selection=context.settings.selection.only(feed),
        as_of=_as_of(context, given),
    )
