"""Seoul's own service: both spellings, its refusals, a key in the address and in no message."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from aq.domain.clock import kst_iso
from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import Answer, Payload
from aq.feeds import registry
from aq.feeds.http import Http
from aq.feeds.seoul import FIELDS, OPERATION, Seoul
from aq.paths import ROOT
from aq.settings import load
from tests.feeds.test_airkorea_notices import SAMPLES
from tests.feeds.test_every_feed import Unlimited

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)
FIXTURES = ROOT / "tests" / "fixtures" / "seoul"
RECORDING = (FIXTURES / "recording.json").read_text("utf-8")
BAD_KEY = "<RESULT><CODE>INFO-100</CODE><MESSAGE>인증키가 유효하지 않습니다.</MESSAGE></RESULT>"


def parsed(text: str) -> Answer:
    return Seoul().parse(Payload(operation=OPERATION, text=text, fetched_at=NOW), NOW)


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(RECORDING)["RealtimeCityAir"]["row"]
    return found


def body(items: list[dict[str, Any]]) -> str:
    result = {"CODE": "INFO-000", "MESSAGE": ""}
    return json.dumps({"RealtimeCityAir": {"RESULT": result, "row": items}})


def old(row: Mapping[str, Any]) -> dict[str, Any]:
    return {before: row[new] for new, before in FIELDS.values() if new in row}


def test_t42_both_spellings_of_every_field_give_the_same() -> None:
    answer = parsed(RECORDING)
    assert (answer.rows, len(answer.readings), len(answer.issues)) == (25, 25, 0)
    first = answer.readings[0]
    assert kst_iso(first.hour) == "2026-11-23T20:00:00+09:00"
    assert first.values == {"pm10": 380, "pm25": 180, "o3": 210, "no2": 310, "so2": 30, "co": 50}
    assert first.upstream is not None
    assert (first.upstream.khai, first.upstream.khai_grade) == (66, 2)
    assert parsed(body([old(row) for row in rows()])).readings == answer.readings
    under_inspection = answer.readings[3]
    assert "pm10" not in under_inspection.values
    assert set(under_inspection.flags.values()) == {"source:점검중"}


def test_the_answer_of_2021_is_read() -> None:
    for path in SAMPLES.glob("seoul/RealtimeCityAir_2021*.json"):
        answer = parsed(path.read_text("utf-8"))
        assert not answer.issues
        assert [one.station.name for one in answer.readings if one.station] == [
            "중구", "종로구", "용산구",
        ]  # fmt: skip
        assert answer.readings[0].values["o3"] == 480


def test_xml_is_read_as_json_is() -> None:
    cells = "".join(f"<{key}>{cell}</{key}>" for key, cell in rows()[0].items())
    result = "<RESULT><CODE>INFO-000</CODE><MESSAGE/></RESULT>"
    text = f"<RealtimeCityAir>{result}<row>{cells}</row></RealtimeCityAir>"
    assert parsed(text).readings == parsed(body(rows()[:1])).readings


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("INFO-100", FeedReason.KEY_NOT_REGISTERED),
        ("ERROR-337", FeedReason.QUOTA_USED_UP),
        ("ERROR-336", FeedReason.BAD_REQUEST),
        ("ERROR-500", FeedReason.UPSTREAM_DOWN),
    ],
)
def test_a_refusal_is_named_in_xml_and_in_json(code: str, reason: FeedReason) -> None:
    result = {"RESULT": {"CODE": code, "MESSAGE": "m"}}
    for text in (BAD_KEY.replace("INFO-100", code), json.dumps(result)):
        with pytest.raises(FeedError) as caught:
            parsed(text)
        assert caught.value.reason is reason
    nothing = parsed(json.dumps({"RESULT": {"CODE": "INFO-200", "MESSAGE": ""}}))
    assert (nothing.rows, nothing.readings) == (0, ())


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"MSRMT_DT": "202611232030"}, "bad_time"),
        ({"MSRMT_DT": "202613232000"}, "bad_time"),
        ({"MSRMT_DT": "202611250100"}, "future"),
        ({"MSRSTN_NM": None}, "bad_station"),
        ({"PM": -1}, "negative_value"),
        ({"PM": "many"}, "bad_value"),
    ],
)
def test_what_cannot_be_read_is_counted(change: dict[str, Any], kind: str) -> None:
    answer = parsed(body([{**rows()[0], **change}, *rows()[1:]]))
    assert [one.kind for one in answer.issues] == [kind]
    midnight = parsed(body([{**rows()[0], "MSRMT_DT": "202611222400"}]))
    assert kst_iso(midnight.readings[0].hour) == "2026-11-23T00:00:00+09:00"


def test_the_key_stands_in_the_address_and_in_no_message(httpserver: HTTPServer) -> None:
    secret = "a+secret/of=seoul"
    httpserver.expect_request("/a%2Bsecret%2Fof%3Dseoul/json/RealtimeCityAir/1/100/")
    httpserver.expect_request("/a+secret/of=seoul/json/RealtimeCityAir/1/100/").respond_with_data(
        BAD_KEY, content_type="text/xml"
    )
    settings = load(
        {
            "AQ_FEEDS__SEOUL__URL": httpserver.url_for("/") + "{key}/json",
            "AQ_FEEDS__SEOUL__KEY": secret,
        }
    )
    feed = registry.make("seoul", settings)
    http = Http(Unlimited(), lambda: NOW, lambda _: None)
    get = registry.client(http, "seoul", feed, settings)
    with pytest.raises(FeedError) as caught:
        list(feed.pull(get, NOW - timedelta(hours=1), NOW))
    http.close()
    assert secret not in str(caught.value)
    (request, _) = httpserver.log[0]
    assert request.query_string == b""
    assert request.full_path.startswith("/a")
