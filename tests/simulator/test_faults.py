"""The simulator's faults on a real socket, scenario files, and the command."""

import gzip
import json
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import requests
from defusedxml import ElementTree

from aq.domain.clock import Clock
from aq.domain.errors import ConfigError
from aq.paths import ROOT
from aq.simulator import scenario as scenarios
from aq.simulator.scenario import KINDS
from aq.simulator.server import SimulatorServer
from tests.simulating import (
    COUNT,
    FIXTURES,
    LIST,
    MEANS,
    NOW,
    REALTIME,
    STATION,
    ask,
    body,
    meet,
    model,
)

pytest_plugins = ("tests.simulator_fixtures",)


def raw(server: SimulatorServer, path: str) -> tuple[bytes, bytes]:
    """Head and body as they come over the socket, to its end."""
    with closing(socket.create_connection((server.host, server.port), timeout=10)) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        got = b""
        while piece := line.recv(65536):
            got += piece
    head, _, rest = got.partition(b"\r\n\r\n")
    return head, rest


def said_length(head: bytes) -> int:
    line = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    return int(line.split(b":")[1])


PATH = f"/B552584/{REALTIME}?serviceKey=k&sidoName=%EC%84%9C%EC%9A%B8&returnType=json&ver=1.5"
REFUSED = {
    "gateway_30": (200, b"<returnReasonCode>30<"),
    "gateway_20": (200, b"<returnReasonCode>20<"),
    "gateway_22": (200, b"<returnReasonCode>22<"),
    "gateway_10_http400": (400, b'"returnReasonCode":"10"'),
    "provider_error": (200, b'"resultCode":"02"'),
    "http_403": (403, b'"returnReasonCode":"30"'),
    "http_429": (429, b'"returnReasonCode":"23"'),
    "http_503_html": (503, b"<html>"),
    "http_504": (504, b"<html>"),
    "garbage": (200, b"\xff\xfe"),
}
BENT = {
    *("late_hour", "old_hour", "future_hour", "changed_values", "missing_provinces"),
    *("empty_items", "xml_instead_of_json", "wrong_shapes"),
}
SICK = {"slow_headers", "slow_body", "cut_body", "wrong_length", "gzip_bomb"}


def test_every_kind_of_fault_has_a_test() -> None:
    assert set(REFUSED) | BENT | SICK == set(KINDS)


@pytest.mark.parametrize("kind", REFUSED)
def test_t15_t16_refusals_have_upstreams_forms(server: SimulatorServer, kind: str) -> None:
    meet(server, f'kind = "{kind}"')
    answer = ask(server, REALTIME, sidoName="서울")
    status, words = REFUSED[kind]
    assert answer.status_code == status
    assert words in answer.content
    assert answer.headers["X-AQ-Simulated"] == "1"
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("kind", ["http_403", "http_429", "http_503_html", "http_504", "garbage"])
def test_refusals_of_the_model(server: SimulatorServer, kind: str) -> None:
    meet(server, f'kind = "{kind}"\nfeed = "openmeteo"')
    answer = model(server)
    assert answer.status_code == REFUSED[kind][0]
    if kind in ("http_403", "http_429"):
        assert answer.json()["error"] is True
    assert ask(server, REALTIME, sidoName="서울").status_code == 200


def test_retry_after_is_given_where_the_scenario_says(server: SimulatorServer) -> None:
    meet(server, 'kind = "http_429"\nretry_after = 7')
    assert ask(server, REALTIME, sidoName="서울").headers["Retry-After"] == "7"


def test_a_cut_body_ends_before_its_length(server: SimulatorServer) -> None:
    meet(server, 'kind = "cut_body"')
    head, got = raw(server, PATH)
    assert 0 < len(got) < said_length(head)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask(server, REALTIME, sidoName="서울")


def test_a_wrong_length_cuts_the_document_without_http_noticing(server: SimulatorServer) -> None:
    meet(server, 'kind = "wrong_length"')
    head, got = raw(server, PATH)
    assert len(got) == said_length(head)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        ask(server, REALTIME, sidoName="서울").json()


def test_slow_headers_outlast_a_patient_client(server: SimulatorServer) -> None:
    meet(server, 'kind = "slow_headers"\nseconds = 0.6')
    with pytest.raises(requests.ReadTimeout):
        requests.get(server.url + PATH, timeout=0.2)
    assert requests.get(server.url + PATH, timeout=60).json()["response"]["body"]["items"]


def test_a_slow_body_comes_in_pieces(server: SimulatorServer) -> None:
    meet(server, 'kind = "slow_body"\nseconds = 0.4')
    with closing(socket.create_connection((server.host, server.port), timeout=10)) as line:
        line.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        pieces = list(iter(lambda: line.recv(1 << 20), b""))
    assert len(pieces) > 5
    head, _, got = b"".join(pieces).partition(b"\r\n\r\n")
    assert len(got) == said_length(head)
    assert json.loads(got)["response"]["header"]["resultCode"] == "00"


def test_a_gzip_bomb_is_small_on_the_wire(server: SimulatorServer) -> None:
    meet(server, 'kind = "gzip_bomb"\nmegabytes = 20')
    head, got = raw(server, PATH)
    assert b"content-encoding: gzip" in head.lower()
    assert len(got) < 200_000
    assert len(gzip.decompress(got)) == 20 * 1024 * 1024


def test_t26_a_late_hour_is_the_one_before(server: SimulatorServer) -> None:
    meet(server, 'kind = "late_hour"\nminutes = 30')
    items = body(server, REALTIME, sidoName="대전")["items"]
    assert {item["dataTime"] for item in items} == {"2026-11-23 19:00"}


def test_an_old_hour_is_served_again(server: SimulatorServer) -> None:
    meet(server, 'kind = "old_hour"\nhours = 5')
    items = body(server, REALTIME, sidoName="대전")["items"]
    assert {item["dataTime"] for item in items} == {"2026-11-23 15:00"}
    rows = body(server, STATION, stationName="종로구", dataTerm="DAILY")["items"]
    assert rows[0]["dataTime"] == "2026-11-23 15:00"


def test_t10_rows_of_a_day_ahead(server: SimulatorServer) -> None:
    meet(server, 'kind = "future_hour"')
    items = body(server, REALTIME, sidoName="대전")["items"]
    assert {item["dataTime"] for item in items} == {"2026-11-24 20:00"}
    means = body(server, MEANS, itemCode="CO", dataGubun="HOUR", searchCondition="WEEK")["items"]
    assert means[0]["dataTime"] == "2026-11-24 20:00"


def test_t27_a_published_hour_takes_other_values(server: SimulatorServer) -> None:
    said = body(server, REALTIME, sidoName="경기")["items"]
    told = model(server).json()["hourly"]["pm2_5"][:20]
    meet(server, 'kind = "changed_values"\nfactor = 2')
    again = body(server, REALTIME, sidoName="경기")["items"]
    for one, other in zip(said, again, strict=True):
        assert one["dataTime"] == other["dataTime"]
        if one["pm10Value"] != "-":
            assert int(other["pm10Value"]) == 2 * int(one["pm10Value"])
    assert np.allclose(model(server).json()["hourly"]["pm2_5"][:20], 2 * np.array(told), atol=0.11)


def test_provinces_can_be_missing(server: SimulatorServer) -> None:
    meet(server, 'kind = "missing_provinces"\nprovinces = ["서울", "제주"]')
    found = body(server, REALTIME, sidoName="전국")
    assert not {"서울", "제주"} & {item["sidoName"] for item in found["items"]}
    assert found["totalCount"] == len(found["items"]) < COUNT
    assert body(server, STATION, stationName="종로구", dataTerm="DAILY")["items"] == []
    means = body(server, MEANS, itemCode="O3", dataGubun="HOUR", searchCondition="WEEK")["items"]
    assert (means[0]["seoul"], means[0]["busan"] != "-") == ("-", True)


def test_t20_empty_items_are_an_empty_text(server: SimulatorServer) -> None:
    meet(server, 'kind = "empty_items"')
    assert body(server, REALTIME, sidoName="전국")["items"] == ""
    root = ElementTree.fromstring(ask(server, REALTIME, sidoName="서울", returnType="xml").content)
    assert root.findall("body/items/item") == []


def test_t15_xml_comes_though_json_was_asked(server: SimulatorServer) -> None:
    meet(server, 'kind = "xml_instead_of_json"')
    answer = ask(server, REALTIME, sidoName="서울")
    assert ElementTree.fromstring(answer.content).findtext("header/resultCode") == "00"


def test_t20_shapes_go_wrong(server: SimulatorServer) -> None:
    meet(server, 'kind = "wrong_shapes"')
    rows = body(server, REALTIME, sidoName="전국")["items"]["item"]
    assert None in rows
    assert "통신장애" in rows
    items = [row for row in rows if isinstance(row, dict)]
    assert any(isinstance(item.get("pm10Value"), float) for item in items)
    assert any(item.get("pm10Grade") == "-1" for item in items)
    assert any("dataTime" not in item for item in items)
    hourly = model(server, hourly="pm10,pm2_5,ozone").json()["hourly"]
    assert len(hourly["pm10"]) == len(hourly["time"]) - 1
    assert hourly["pm2_5"][0] == "n/a"
    assert hourly["ozone"] is None


def test_faults_happen_at_their_times_and_calls(server: SimulatorServer) -> None:
    server.scenario = scenarios.load(FIXTURES / "morning.toml")
    server.clock = Clock.from_text("2026-11-23T08:30+09:00")
    assert body(server, REALTIME, sidoName="대전")["items"][0]["dataTime"] == "2026-11-23 07:00"
    assert model(server).status_code == 200
    server.clock = Clock.from_text("2026-11-23T10:30+09:00")
    assert [ask(server, REALTIME, sidoName="대전").status_code for _ in range(3)] == [429, 429, 200]
    assert body(server, REALTIME, sidoName="대전")["items"][0]["dataTime"] == "2026-11-23 10:00"
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        model(server)


def test_setting_the_scenario_counts_calls_anew(server: SimulatorServer) -> None:
    for _ in range(2):
        meet(server, 'kind = "http_504"\ncalls = 1')
        assert [ask(server, LIST).status_code for _ in range(2)] == [504, 200]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[fault]]\nkind = 'http_418'", "fault 1: unknown kind 'http_418'"),
        ("[[fault]]\n", "unknown kind None"),
        ("[[fault]]\nkind = 'http_504'\n[[fault]]\nkind = 'late_hour'\nminuts = 3",
         "fault 2 (late_hour): unknown field 'minuts'"),
        ("[[fault]]\nkind = 'cut_body'\nminutes = 3", "unknown field 'minutes'"),
        ("[[fault]]\nkind = 'late_hour'\nminutes = '3'", "must be a number"),
        ("[[fault]]\nkind = 'late_hour'\nminutes = -1", "must be a number"),
        ("[[fault]]\nkind = 'late_hour'\nminutes = true", "must be a number"),
        ("[[fault]]\nkind = 'old_hour'\nhours = 1.5", "whole number"),
        ("[[fault]]\nkind = 'empty_items'\nfeed = 'openmeteo'", "no such fault of feed"),
        ("[[fault]]\nkind = 'cut_body'\nfeed = 'waqi'", "no such fault of feed 'waqi'"),
        ("[[fault]]\nkind = 'cut_body'\noperation = 3", "must be a text"),
        ("[[fault]]\nkind = 'cut_body'\nfrom = '2026-11-23T08:00'", "without an offset"),
        ("[[fault]]\nkind = 'cut_body'\nfrom = 2026-11-23T08:00:00", "without an offset"),
        ("[[fault]]\nkind = 'cut_body'\nuntil = 'soon'", "not an ISO instant"),
        ("[[fault]]\nkind = 'cut_body'\nfrom = '2026-11-23T08:00Z'\nuntil = '2026-11-23T08:00Z'",
         "later than"),
        ("[[fault]]\nkind = 'cut_body'\ncalls = [0]", "whole numbers from 1"),
        ("[[fault]]\nkind = 'cut_body'\ncalls = []", "whole numbers from 1"),
        ("[[fault]]\nkind = 'missing_provinces'", "'provinces' is needed"),
        ("[[fault]]\nkind = 'missing_provinces'\nprovinces = ['Seoul']", "short names"),
        ("[[fault]]\nkind = 'missing_provinces'\nprovinces = [['서울']]", "short names"),
        ("[[fault]]\nkind = [3]", "unknown kind [3]"),
        ("[[fault]]\nkind = 'cut_body'\n\n[[fault]]\nkind = 'late_hour'\nminuts = 3",
         "file.toml:6: fault 2 (late_hour): unknown field 'minuts'"),
        ("[[advisory]]\nzone = '서울권'\nissued = 2026-11-23T08:00:00Z", "file.toml:1: advisory 1"),
        ("[faults]\n", "unknown table 'faults'"),
        ("fault = 3", "[[fault]] tables"),
        ("fault", "not readable as TOML"),
    ],
)  # fmt: skip
def test_a_wrong_scenario_is_refused_with_its_entry(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        scenarios.parse(text, "file.toml")
    assert str(caught.value).startswith("file.toml")
    assert words in str(caught.value)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as line:
        port: int = line.getsockname()[1]
    return port


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "aq", "simulate", *arguments]


def test_the_command_serves_until_it_is_stopped() -> None:
    port = free_port()
    arguments = ["--port", str(port), "--stations", "40", "--now", NOW]
    arguments += ["--scenario", str(FIXTURES / "morning.toml")]
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line == f"AQ_FEEDS__AIRKOREA__URL=http://127.0.0.1:{port}/B552584\n"
            params = {"serviceKey": "k", "sidoName": "전국", "returnType": "json"}
            url = f"http://127.0.0.1:{port}/B552584/{REALTIME}"
            found = requests.get(url, params=params, timeout=60).json()["response"]["body"]
            assert found["totalCount"] == 40
        finally:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--port"),
        (["--port", "0"], "--port"),
        (["--port", "9", "--stations", "3"], "--stations"),
        (["--port", "9", "--now", "yesterday"], "not an ISO instant"),
        (["--port", "9", "--now", "2026-11-23T20:00"], "without an offset"),
        (["--port", "9", "--speed", "-1"], "--speed"),
        (["--port", "9", "--scenario", "none.toml"], "none.toml"),
        (
            ["--port", "9", "--scenario", str(FIXTURES / "unknown_kind.toml")],
            "fault 2: unknown kind",
        ),
        (["--port", "9", "--scenario", str(FIXTURES / "unknown_field.toml")], "'minuts'"),
    ],
)
def test_misuse_is_told_and_exits_with_2(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from aq.__main__ import run

    assert run(["simulate", *arguments]) == 2
    assert words in capfd.readouterr().err


def test_a_wrong_clock_in_the_environment_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from aq.__main__ import run

    monkeypatch.setenv("AQ_CLOCK", "noon")
    assert run(["simulate", "--port", "9"]) == 2
    assert "AQ_CLOCK" in capfd.readouterr().err


def test_a_taken_port_is_told(running: SimulatorServer, capfd: pytest.CaptureFixture[str]) -> None:
    from aq.__main__ import run

    assert run(["simulate", "--port", str(running.port), "--stations", "34"]) == 1
    assert f"cannot listen on 127.0.0.1:{running.port}" in capfd.readouterr().err


def test_the_docs_describe_every_fault() -> None:
    text = (Path(ROOT) / "docs" / "simulator.md").read_text("utf-8")
    for name, kind in KINDS.items():
        assert f"`{name}`" in text
        assert all(f"`{field}`" in text for field in kind.fields)
