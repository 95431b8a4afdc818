"""Query parameters of the routes: each once, known and in its form, or refused by name."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request

from aq.domain.errors import InputError
from aq.queries import official as bulletin

MAX_LIMIT = 5000
# An instant whose offset has lost its +: in a query a + means a blank.
LOST_PLUS = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]+) (\d\d:?\d\d)")


def parameters(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """Query parameters, each at most once and known; raises `InputError` naming the other."""
    found = checked(query_pairs(request.scope["query_string"]), known)
    for name, value in found.items():
        if len(value) > 500:
            raise InputError("longer than 500 characters", name)
        lost_plus = LOST_PLUS.fullmatch(value)
        if lost_plus:
            meant = "%2B".join(lost_plus.groups())
            raise InputError(f"a + in a query means a blank; write %2B: {name}={meant}", name)
    return found


def checked(pairs: Sequence[tuple[str, str]], known: tuple[str, ...]) -> dict[str, str]:
    """Names and values of a query, each known, given once and not empty. Raises `InputError`."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise InputError(f"unknown parameter; this route takes {allowed}", name)
        if name in found:
            raise InputError("given twice; separate several values by commas", name)
        if not value.strip():
            raise InputError("empty; leave it out or give a value", name)
        found[name] = value
    return found


def query_pairs(query: bytes) -> list[tuple[str, str]]:
    """Names and values of a query, in UTF-8 whether percent-encoded or, as some clients send it,
    not. Raises `InputError` naming the parameter that is in another encoding."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    decoded = []
    for name, value in pairs:
        try:
            decoded.append((name.encode("latin-1").decode(), value.encode("latin-1").decode()))
        except UnicodeDecodeError:
            plain = name.encode("ascii", "replace").decode()
            words = "is not UTF-8 (CP949?); encode it as UTF-8, e.g. 서울 as %EC%84%9C%EC%9A%B8"
            raise InputError(words, plain) from None
    return decoded


def whole_year(text: str) -> int:
    """A year of four digits. Raises `InputError`."""
    if not (text.isascii() and text.isdecimal() and len(text) == 4 and int(text) >= 1900):
        raise InputError("a year like 2026", "year")
    return int(text)


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
