"""AirKorea's bodies, JSON or XML: the items of a success, the named reason of a refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree

from aq.domain.clock import kst_midnight_after
from aq.domain.errors import FeedError, FeedReason
from aq.feeds.base import load_json, shown

NAME = "airkorea"
SUCCESS, NO_DATA = "00", "03"

# data.go.kr's error codes: its error code page as of 2026 and older lists (02, 03, 11, 32).
REASONS: Mapping[str, FeedReason] = {
    "01": FeedReason.UPSTREAM_DOWN,
    "02": FeedReason.UPSTREAM_DOWN,
    "04": FeedReason.UPSTREAM_DOWN,
    "05": FeedReason.UPSTREAM_DOWN,
    "10": FeedReason.BAD_REQUEST,
    "11": FeedReason.BAD_REQUEST,
    "12": FeedReason.BAD_REQUEST,
    "20": FeedReason.KEY_NOT_APPROVED,
    "22": FeedReason.QUOTA_USED_UP,
    "23": FeedReason.RATE_LIMITED,
    "29": FeedReason.ADDRESS_REFUSED,
    "30": FeedReason.KEY_NOT_REGISTERED,
    "31": FeedReason.KEY_EXPIRED,
    "32": FeedReason.ADDRESS_REFUSED,
    "99": FeedReason.UPSTREAM_DOWN,
}
# What the status alone says, where the body says nothing.
_BY_STATUS: Mapping[int, FeedReason] = {
    400: FeedReason.BAD_REQUEST,
    401: FeedReason.KEY_NOT_REGISTERED,
    403: FeedReason.KEY_NOT_APPROVED,
    404: FeedReason.BAD_REQUEST,
    429: FeedReason.RATE_LIMITED,
}
_KEY_HINT = (
    "{service} needs an approval of its own, and a new one takes 1 to 2 hours to take effect"
)


@dataclass(frozen=True, slots=True)
class Body:
    """A readable body: result code and words, items, and what it says of its paging."""

    code: str
    words: str
    items: Sequence[object] = ()
    total: int = 0
    page_size: int = 0


def read_body(text: str, success: str = SUCCESS) -> Body:
    """Read a body by its first character, whatever was asked for. Raises ``ValueError``.

    One service says 200 for a success, all others 00.
    """
    text = text.lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return _envelope(load_json(text), success)
    if text.startswith("<"):
        try:
            root = ElementTree.fromstring(text)
            tree = {root.tag: _tree(root)}
        except ParseError:
            raise ValueError("neither JSON nor XML") from None
        except RecursionError:
            raise ValueError("nested too deeply") from None
        return _envelope(tree, success)
    raise ValueError("empty body" if not text else "neither JSON nor XML")


def _tree(element: Element) -> object:
    """An XML element as JSON would have it: repeated children become a list, empty ones None."""
    if not len(element):
        return element.text
    out: dict[str, object] = {}
    for child in element:
        if child.tag == "item":
            out.setdefault("item", [])
            repeated = out["item"]
            if isinstance(repeated, list):
                repeated.append(_tree(child))
        else:
            out[child.tag] = _tree(child)
    return out


def _envelope(data: object, success: str) -> Body:
    gateway = _under(data, "OpenAPI_ServiceResponse", "cmmMsgHeader")
    if gateway is not None:
        both = (gateway.get("returnAuthMsg"), gateway.get("errMsg"))
        said = " / ".join(dict.fromkeys(str(word) for word in both if word))
        return Body(_code(gateway.get("returnReasonCode")), said)
    header = _under(data, "response", "header")
    if header is None:
        raise ValueError("no response header")
    code, words = _code(header.get("resultCode")), str(header.get("resultMsg") or "")
    if code != success:
        return Body(code, words)
    body = _under(data, "response", "body")
    if body is None or "items" not in body:
        raise ValueError("a success without items")
    return Body(
        code, words, _items(body["items"]), _count(body.get("totalCount")),
        _count(body.get("numOfRows")),
    )  # fmt: skip


def _under(data: object, *path: str) -> Mapping[str, object] | None:
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else None


def _code(cell: object) -> str:
    return str(cell if cell is not None else "").strip().zfill(2)


def _count(cell: object) -> int:
    text = str(cell).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _items(items: object) -> Sequence[object]:
    """The rows in any shape met: a list, ``{"item": …}``, one object, ``""`` when empty."""
    if isinstance(items, Mapping):
        items = items["item"] if set(items) == {"item"} else [items]
    if isinstance(items, Mapping):
        return [items]
    if isinstance(items, list):
        return items
    if items is None or (isinstance(items, str) and not items.strip()):
        return []
    raise ValueError("items are no list")


def refusal(
    operation: str, status: int, text: str, now: datetime, success: str = SUCCESS
) -> FeedError | None:
    """The error an answer is, or None when it holds data.

    The status counts first, but a body that names a code says more than 403 or 429 does.
    """
    try:
        body = read_body(text, success)
    except ValueError as error:
        return _unreadable(operation, status, text, str(error))
    if status < 300 and body.code in (success, NO_DATA):
        return None
    reason = _reason(status, body)
    detail = f"code {shown(body.code, 8)} {shown(body.words, 120)}".strip()
    if status != 200:
        detail = f"HTTP {status}, {detail}"
    if reason in (FeedReason.KEY_NOT_APPROVED, FeedReason.KEY_NOT_REGISTERED):
        detail += "; " + _KEY_HINT.format(service=operation.split("/", maxsplit=1)[0])
    retry_at = kst_midnight_after(now) if reason is FeedReason.QUOTA_USED_UP else None
    return FeedError(NAME, operation, reason, detail, retry_at=retry_at)


def _reason(status: int, body: Body) -> FeedReason:
    if body.code == "20" and "KEY_IS_NULL" in body.words.upper().replace(" ", "_"):
        return FeedReason.KEY_MISSING  # one of the three meanings of code 20
    known = REASONS.get(body.code)
    return known or status_reason(status) or FeedReason.NOT_UNDERSTOOD


def status_reason(status: int) -> FeedReason | None:
    """What an HTTP status alone says; None for one that says nothing is wrong."""
    if status >= 500:
        return FeedReason.UPSTREAM_DOWN
    return _BY_STATUS.get(status)


def _unreadable(operation: str, status: int, text: str, why: str) -> FeedError:
    reason = status_reason(status) or FeedReason.NOT_UNDERSTOOD
    html = text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))
    if html and status == 403:
        reason = FeedReason.ADDRESS_REFUSED  # a firewall's page, not the gateway's
    said = "an HTML page" if html else why
    return FeedError(NAME, operation, reason, f"HTTP {status}: {said}")
