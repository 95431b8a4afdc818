"""AirKorea's refusals: four forms of one error, each with its named reason."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import Payload
from aq.feeds.airkorea.client import REALTIME, STATIONS, AirKorea
from aq.paths import ROOT

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 KST
MIDNIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)
FIXTURES = ROOT / "tests" / "fixtures" / "airkorea"
FEED = AirKorea()


def recorded(name: str) -> str:
    return (FIXTURES / name).read_text("utf-8")


GATEWAY = "<OpenAPI_ServiceResponse><cmmMsgHeader><returnReasonCode>{}</returnReasonCode>{}"
GATEWAY += "</cmmMsgHeader></OpenAPI_ServiceResponse>"
REASONS = [
    ("01", "APPLICATION_ERROR", FeedReason.UPSTREAM_DOWN),
    ("04", "HTTP_ERROR", FeedReason.UPSTREAM_DOWN),
    ("05", "SERVICETIMEOUT_ERROR", FeedReason.UPSTREAM_DOWN),
    ("10", "INVALID_REQUEST_PARAMETER_ERROR", FeedReason.BAD_REQUEST),
    ("11", "NO_MANDATORY_REQUEST_PARAMETERS_ERROR", FeedReason.BAD_REQUEST),
    ("12", "NO_OPENAPI_SERVICE_ERROR", FeedReason.BAD_REQUEST),
    ("20", "SERVICE_ACCESS_DENIED_ERROR", FeedReason.KEY_NOT_APPROVED),
    ("20", "SERVICE_KEY_IS_NULL", FeedReason.KEY_MISSING),
    ("22", "LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR", FeedReason.QUOTA_USED_UP),
    ("23", "…_PER_SECOND_EXCEEDS_ERROR", FeedReason.RATE_LIMITED),
    ("29", "BLACKLIST_IP_ACCESS_ERROR", FeedReason.ADDRESS_REFUSED),
    ("30", "SERVICE_KEY_IS_NOT_REGISTERED_ERROR", FeedReason.KEY_NOT_REGISTERED),
    ("31", "DEADLINE_HAS_EXPIRED_ERROR", FeedReason.KEY_EXPIRED),
    ("32", "UNREGISTERED_IP_ERROR", FeedReason.ADDRESS_REFUSED),
    ("99", "UNKNOWN_ERROR", FeedReason.UPSTREAM_DOWN),
    ("77", "SOMETHING_NEW", FeedReason.NOT_UNDERSTOOD),
]


@pytest.mark.parametrize(("code", "words", "reason"), REASONS)
def test_t15_t16_all_forms_of_an_error_mean_the_same(
    code: str, words: str, reason: FeedReason
) -> None:
    inner = {"returnReasonCode": code, "returnAuthMsg": words, "errMsg": "SERVICE ERROR"}
    forms = [
        GATEWAY.format(code, f"<returnAuthMsg>{words}</returnAuthMsg>"),
        '\ufeff\n<?xml version="1.0"?>' + GATEWAY.format(code, f"<errMsg>{words}</errMsg>"),
        json.dumps({"OpenAPI_ServiceResponse": {"cmmMsgHeader": inner}}),
        json.dumps({"response": {"header": {"resultCode": code, "resultMsg": words}}}),
        f"<response><header><resultCode>{code}</resultCode><resultMsg>{words}</resultMsg>"
        "</header><body/></response>",
    ]
    for text in forms:
        error = FEED.refusal(REALTIME, 200, {}, text, NOW)
        assert error is not None
        assert error.reason is reason
        assert code in error.detail
        assert words in error.detail
        assert error.retry_at == (MIDNIGHT if code == "22" else None)


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (400, recorded("gateway_10.json"), FeedReason.BAD_REQUEST),
        (403, recorded("gateway_30.xml"), FeedReason.KEY_NOT_REGISTERED),
        (403, "Forbidden", FeedReason.KEY_NOT_APPROVED),
        (403, recorded("unavailable.html"), FeedReason.ADDRESS_REFUSED),
        (401, "Unauthorized", FeedReason.KEY_NOT_REGISTERED),
        (404, "API not found", FeedReason.BAD_REQUEST),
        (429, "", FeedReason.RATE_LIMITED),
        (429, recorded("provider_22.json"), FeedReason.QUOTA_USED_UP),
        (503, recorded("unavailable.html"), FeedReason.UPSTREAM_DOWN),
        (504, '{"response":{}}', FeedReason.UPSTREAM_DOWN),
        (200, recorded("unavailable.html"), FeedReason.NOT_UNDERSTOOD),
        (200, "", FeedReason.NOT_UNDERSTOOD),
        (200, "[1, 2]", FeedReason.NOT_UNDERSTOOD),
        (200, '{"response":{"header":{"resultCode":"00"}}}', FeedReason.NOT_UNDERSTOOD),
        (200, '{"items":[]}', FeedReason.NOT_UNDERSTOOD),
        (200, "[" * 100_000, FeedReason.NOT_UNDERSTOOD),
        (200, recorded("realtime.json")[:-9], FeedReason.NOT_UNDERSTOOD),
    ],
)
def test_t16_status_first_and_then_the_body(status: int, text: str, reason: FeedReason) -> None:
    error = FEED.refusal(REALTIME, status, {}, text, NOW)
    assert error is not None
    assert error.reason is reason
    assert error.operation == REALTIME


def test_a_success_under_an_error_status_is_no_success() -> None:
    error = FEED.refusal(REALTIME, 502, {}, recorded("realtime.json"), NOW)
    assert error is not None
    assert error.reason is FeedReason.UPSTREAM_DOWN


def test_t17_the_message_names_the_service_and_the_wait() -> None:
    error = FEED.refusal(STATIONS, 200, {}, recorded("gateway_30.xml"), NOW)
    assert error is not None
    assert "MsrstnInfoInqireSvc" in error.detail
    assert "1 to 2 hours" in error.detail


def test_t22_an_error_is_never_an_empty_answer() -> None:
    for name in ("gateway_30.xml", "gateway_10.json", "provider_22.json", "unavailable.html"):
        payload = Payload(operation=REALTIME, text=recorded(name), fetched_at=NOW)
        with pytest.raises(FeedError):
            FEED.parse(payload, NOW)


@given(st.text())
def test_any_text_is_an_answer_or_an_error_with_a_name(text: str) -> None:
    error = FEED.refusal(REALTIME, 200, {}, text, NOW)
    assert error is not None
    assert error.reason is FeedReason.NOT_UNDERSTOOD
