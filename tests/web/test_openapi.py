"""What the program says of its own answers, held against the answers of a real server."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match
from openapi_spec_validator import validate
from starlette.applications import Starlette

from aq import app
from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import (
    DAILY,
    OVER_50,
    URBAN,
    WEEKLY,
    Advisory,
    ForecastNotice,
    Reading,
    Station,
    YellowDust,
)
from aq.store.notices import put_advisories, put_forecasts
from aq.store.yellow_dust import put_yellow_dust
from aq.web.api.openapi import pages
from aq.web.api.routes import TABLE, routes
from aq.web.public.embeds import KINDS as FRAMES
from aq.web.public.picture_kinds import PICTURES
from aq.web.public.routes import routes as public_routes
from tests.conftest import NOW
from tests.serving import HOUR_20, fill, listening, make_runtime, write

EVERY = {**TABLE, **pages.table()}

CITY_HALL = Station(
    name="중구",
    sido="서울",
    code="111121",
    network=URBAN,
    address="서울 중구 덕수궁길 15",
    latitude=37.5643,
    longitude=126.9757,
)
# What the examples of the document leave open: what there is depends on the store.
MORE: dict[str, list[dict[str, str]]] = {
    "/strip": [{"days": "2", "pollutant": "pm25"}],
    "/strip.json": [{"days": "2", "pollutant": "pm25"}],
    "/api/v1/current": [
        {"level": "zone"},
        {"pollutant": "overall,pm10", "standard": "us_epa_2024", "explain": "true"},
    ],
    "/api/v1/history": [
        {"level": "zone", "zone": "pm-11-01"},
        {"grain": "month"},
        {"pollutant": "overall", "standard": "us_epa_2024"},
    ],
    "/api/v1/zones": [{"pollutant": "pm10"}],
    "/api/v1/advisories": [{"year": "2026"}],
    "/embed/{kind}": [{"kind": kind} for kind in FRAMES],
    "/picture/{kind}.{form}": [
        *({"kind": kind} for kind in PICTURES if kind not in ("forecasts", "rule")),
        {"kind": "hour", "at": "2026-11-23T19"},
        {"kind": "rule", "rule": "pm10-warning"},
        {"form": "png"},
    ],
}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A store with something of every kind: hours, zones, notices, acts, alerts."""
    folder = tmp_path_factory.mktemp("openapi")
    context = make_runtime(
        f"sqlite:///{folder / 'aq.db'}",
        AQ_FEEDS__AIRKOREA__KEY="any",
        AQ_SERVER__PUBLIC_URL="https://air.example.org",
    )
    fill(context, hours=6)
    dust = [(9, 400), (8, 1600), (7, 1600), (6, 1600), (5, 400), (4, 400), (1, 1600), (0, 1600)]
    for back, value in dust:
        values = {"pm10": value, "pm25": 900}
        write(context, Reading(station=CITY_HALL, hour=HOUR_20 - back * HOUR, values=values))
    app.watch(context)
    issued = NOW - timedelta(hours=3)
    with context.store.write("test") as txn:
        put_forecasts(
            txn,
            [
                ForecastNotice(
                    kind=kind, pollutant="pm25", issued_at=at, day=day, words=words, overall="○"
                )
                for kind, at, day, words in (
                    (DAILY, issued, date(2026, 11, 24), (("서울", "나쁨"), ("경기남부", "보통"))),
                    (DAILY, issued - 48 * HOUR, date(2026, 11, 22), (("서울", "나쁨"),)),
                    (WEEKLY, issued, date(2026, 11, 27), (("서울", "높음"),)),
                    (OVER_50, issued, date(2026, 11, 24), (("서울", "높음"),)),
                )
            ],
        )
        act = {"pollutant": "pm25", "district": "서울", "zone": "서울권역", "word": "주의보"}
        put_advisories(
            txn,
            [
                Advisory(**act, issued_at=issued, issue_value=780),
                Advisory(
                    **act,
                    issued_at=issued - 5 * HOUR,
                    issue_value=780,
                    cleared_at=issued - 2 * HOUR,
                    clear_value=300,
                ),
            ],
        )
        put_yellow_dust(
            txn, [YellowDust(at=issued, told="2026112317", sequence="1", areas="서울, 경기")]
        )
    app.watch(context)
    yield context
    context.store.close()


@pytest.fixture(scope="module")
def base(context: Context) -> Iterator[str]:
    every = [*routes(lambda: context), *public_routes(lambda: context)]
    with listening(Starlette(routes=every)) as address:
        yield address


@pytest.fixture(scope="module")
def document(base: str) -> dict[str, Any]:
    described: dict[str, Any] = requests.get(f"{base}/api/v1/openapi.json", timeout=60).json()
    return described


def text(value: Any) -> str:
    """A value as a query has it."""
    if isinstance(value, list):
        return ",".join(map(text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def examples(operation: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The needed parameters alone, then each other with them: as the document shows them."""
    shown = {
        one["name"]: text(one["example"]) for one in operation["parameters"] if "example" in one
    }
    needed = {one["name"]: shown[one["name"]] for one in operation["parameters"] if one["required"]}
    if "limit" in shown:
        needed["limit"] = shown["limit"]
    if {"since", "last"} <= shown.keys():
        needed |= {name: shown[name] for name in ("since", "until")}
    yield needed
    for name in shown.keys() - needed.keys():
        rest = {} if name != "last" else needed
        yield {key: value for key, value in needed.items() if key not in rest} | {name: shown[name]}


def asked(base: str, path: str, given: dict[str, str]) -> requests.Response:
    """The answer to some parameters, those of the path in it."""
    query = dict(given)
    for name in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{name}}}", quote(query.pop(name), safe=""))
    return requests.get(base + path, params=query, timeout=60)


def problems(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    worst = best_match(validator.iter_errors(value))
    return [f"{worst.json_path}: {worst.message[:300]}"] if worst else []


def held(document: dict[str, Any], path: str, answer: requests.Response) -> None:
    """Fails unless the document says that the route may answer like this."""
    responses = document["paths"][path]["get"]["responses"]
    response = responses[str(answer.status_code)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    kind = answer.headers["Content-Type"].split(";")[0]
    schema = response["content"][kind]["schema"]
    if kind.endswith("json") and "ndjson" not in kind:
        assert problems(document, schema, answer.json()) == [], answer.url
    if answer.status_code == 200 and path not in ("/healthz", "/metrics"):
        assert answer.headers["ETag"]


def test_the_document_is_openapi(document: dict[str, Any]) -> None:
    validate(document)
    assert document["paths"].keys() == EVERY.keys()
    for path, item in document["paths"].items():
        names = [parameter["name"] for parameter in item["get"]["parameters"]]
        assert names == list(EVERY[path][1])
        assert item["get"]["summary"]
    for name, schema in document["components"]["schemas"].items():
        assert schema["additionalProperties"] is False, name
        assert all(field["description"] for field in schema["properties"].values()), name


@pytest.mark.parametrize("path", EVERY)
def test_every_example_answers_as_described(
    base: str, document: dict[str, Any], context: Context, path: str
) -> None:
    operation = document["paths"][path]["get"]
    questions = list(examples(operation)) if path != "/api/v1/alerts/{id}.cap" else []
    alerts = requests.get(f"{base}/api/v1/alerts", timeout=60).json()
    if not questions:
        questions = [{"id": entry["id"]} for entry in alerts["items"]]
    if path == "/api/v1/alerts":
        assert alerts["items"], alerts["state"]
        questions += [{"rule": alerts["items"][0]["rule"]}, {"cursor": alerts["items"][0]["id"]}]
    for more in MORE.get(path, ()):
        questions.append({**questions[0], **more})
    if path == "/api/v1/export":
        forms = ("csv", "parquet", "xlsx", "jsonl")
        questions += [{**questions[0], "format": form} for form in forms]
        questions += [{**questions[0], "kind": kind} for kind in ("forecast", "advisory")]
    for question in questions:
        if path == "/api/v1/current" and "province" in question:
            question["level"] = "zone"
        answer = asked(base, path, question)
        assert answer.status_code == 200, (answer.url, answer.text[:300])
        held(document, path, answer)


@pytest.mark.parametrize("path", ["/api/v1/history", "/strip.json", "/healthz"])
def test_a_field_that_is_not_described_would_be_seen(
    base: str, document: dict[str, Any], path: str
) -> None:
    """The check of this file has teeth: what is added, or left out, is a problem."""
    operation = document["paths"][path]["get"]
    whole = asked(base, path, next(examples(operation))).json()
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert problems(document, schema, {**whole, "undocumented": 1})
    for name in whole:
        assert problems(document, schema, {k: v for k, v in whole.items() if k != name}), name


WRONG = ["", " ", "x", "0", "-1", "99999999", "서울", "pm10,pm10", "KR-11,x", "2026-13-01"]
WRONG += ["2026-11-22T20:00:00 09:00", "2999-01-01", "1900-01-01", "\x00", "a" * 501, "true,false"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_parameters_answer_as_described(
    base: str, document: dict[str, Any], data: st.DataObject
) -> None:
    """Right ones, wrong ones and unknown ones together: an answer or a refusal in its one form."""
    path = data.draw(st.sampled_from(sorted(EVERY)))
    operation = document["paths"][path]["get"]
    question = dict(data.draw(st.sampled_from(list(examples_or_none(operation)))))
    for name in data.draw(st.lists(st.sampled_from([*EVERY[path][1], "unknown"]), max_size=2)):
        question[name] = data.draw(st.sampled_from(WRONG) | st.text(max_size=12))
    for name in re.findall(r"{(\w+)}", path):
        question[name] = question.get(name, "x").strip("/. \x00") or "x"
    answer = asked(base, path, question)
    assert answer.status_code in (200, 400, 404, 422), answer.text[:300]
    held(document, path, answer)


def examples_or_none(operation: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The examples, of a route whose parameter of the path has none a name that is not there."""
    for parameter in operation["parameters"]:
        if parameter["required"] and "example" not in parameter:
            yield {parameter["name"]: "nobody"}
            return
    yield from examples(operation)


@pytest.mark.parametrize("path", TABLE)
def test_a_query_that_was_not_encoded_is_read_or_told_how(
    base: str, document: dict[str, Any], path: str
) -> None:
    """Raw UTF-8, CP949, a + that became a blank: on every route, for every parameter."""
    operation = document["paths"][path]["get"]
    names = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
    address = base + re.sub(r"{\w+}", "x", path)
    for name in names:
        lost = requests.get(f"{address}?{name}=2026-11-22T20:00:00+09:00", timeout=60)
        assert lost.status_code == 400
        assert f"{name}=2026-11-22T20:00:00%2B09:00" in lost.json()["error"]["message"]
        cp949 = requests.get(f"{address}?{name}=%BC%AD%BF%EF", timeout=60)
        assert cp949.status_code == 400
        assert "is not UTF-8" in cp949.json()["error"]["message"]
    unknown = requests.get(f"{address}?도시=서울".encode(), timeout=60)
    assert unknown.status_code == 400
    assert unknown.json()["error"]["field"] == "도시"
