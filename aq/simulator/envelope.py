"""data.go.kr's envelopes: success and refusal as XML or JSON text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

Item = Mapping[str, object]
XML, JSON, HTML = "application/xml;charset=UTF-8", "application/json;charset=UTF-8", "text/html"

# Code -> (errMsg, returnAuthMsg) of the gateway, data.go.kr's error code page as of 2026.
GATEWAY: Mapping[str, tuple[str, str]] = {
    "10": ("INVALID_REQUEST_PARAMETER_ERROR", "invalid request parameter"),
    "12": ("SERVICE ERROR", "NO_OPENAPI_SERVICE_ERROR"),
    "20": ("SERVICE ERROR", "SERVICE_ACCESS_DENIED_ERROR"),
    "22": ("SERVICE ERROR", "LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR"),
    "23": ("SERVICE ERROR", "LIMITED_NUMBER_OF_SERVICE_REQUESTS_PER_SECOND_EXCEEDS_ERROR"),
    "30": ("SERVICE ERROR", "SERVICE_KEY_IS_NOT_REGISTERED_ERROR"),
}
KEY_IS_NULL = ("SERVICE ERROR", "SERVICE_KEY_IS_NULL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer before it meets the socket."""

    body: bytes
    kind: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of items, with the counts upstream prints beside it."""

    items: Sequence[Item]
    total: int
    number: int
    rows: int


def gateway_xml(code: str, words: tuple[str, str] | None = None) -> Reply:
    """The gateway's refusal: XML and HTTP 200, whatever was asked for."""
    message, auth = words or GATEWAY[code]
    text = (
        "<OpenAPI_ServiceResponse><cmmMsgHeader>"
        f"<errMsg>{message}</errMsg><returnAuthMsg>{auth}</returnAuthMsg>"
        f"<returnReasonCode>{code}</returnReasonCode></cmmMsgHeader></OpenAPI_ServiceResponse>"
    )
    return Reply(body=text.encode(), kind=XML)


def gateway_json(code: str, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """The gateway's refusal in its newer form: JSON with an HTTP status of its own."""
    message, auth = GATEWAY[code]
    header = {"errMsg": message, "returnAuthMsg": auth, "returnReasonCode": code}
    body = _dump({"OpenAPI_ServiceResponse": {"cmmMsgHeader": header}})
    return Reply(body=body, status=status, headers=headers or {})


def provider_error(code: str, message: str, as_json: bool) -> Reply:
    """A refusal by the provider behind the gateway: the normal envelope, no body."""
    if as_json:
        header = {"resultCode": code, "resultMsg": message}
        return Reply(body=_dump({"response": {"header": header}}))
    return Reply(body=_response_xml(code, message, "").encode(), kind=XML)


def success(page: Page, as_json: bool) -> Reply:
    """The items of a page."""
    if as_json:
        body = {"totalCount": page.total, "items": list(page.items), "pageNo": page.number}
        return _json_success({**body, "numOfRows": page.rows})
    items = "".join(f"<item>{_item_fields(item)}</item>" for item in page.items)
    counts = {"numOfRows": page.rows, "pageNo": page.number, "totalCount": page.total}
    inner = f"<body><items>{items}</items>{_item_fields(counts)}</body>"
    return Reply(body=_response_xml("00", "NORMAL SERVICE.", inner).encode(), kind=XML)


def odd_success(page: Page) -> Reply:
    """The same items in shapes that have been seen or are feared; JSON.

    Items under one more key; numbers as numbers; a grade of -1; keys left out; null and a text
    among the rows.
    """
    rows: list[object] = []
    for place, item in enumerate(page.items):
        odd = dict(item)
        if place % 3 == 0:
            odd = {key: _as_number(value) for key, value in odd.items()}
        if place % 5 == 1:
            odd["pm10Grade"] = "-1"
        if place % 7 == 2:
            odd.pop("stationName", None)
            odd.pop("dataTime", None)
        rows.append(odd)
    rows += [None, "통신장애"]
    return _json_success({"items": {"item": rows}, "totalCount": str(page.total)})


def empty_success(as_json: bool, rows: int) -> Reply:
    """A success without rows, as it is given: an empty text where the list would stand."""
    if not as_json:
        return success(Page(items=(), total=0, number=1, rows=rows), as_json=False)
    return _json_success({"totalCount": 0, "items": "", "pageNo": 1, "numOfRows": rows})


def _as_number(value: object) -> object:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _json_success(body: Mapping[str, object]) -> Reply:
    header = {"resultMsg": "NORMAL_CODE", "resultCode": "00"}
    return Reply(body=_dump({"response": {"body": body, "header": header}}))


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _item_fields(item: Item) -> str:
    return "".join(
        f"<{key}/>" if value is None else f"<{key}>{escape(str(value))}</{key}>"
        for key, value in item.items()
    )


def _response_xml(code: str, message: str, inner: str) -> str:
    header = f"<header><resultCode>{code}</resultCode><resultMsg>{message}</resultMsg></header>"
    return f'<?xml version="1.0" encoding="UTF-8"?><response>{header}{inner}</response>'
