"""What doctor finds, and what it says to do about it."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from aq.clock import HOUR
from aq.errors import FeedError, FeedReason
from aq.http import probe
from aq.paths import ROOT
from aq.runtime import Runtime, start
from aq.settings import load
from aq.store import runs
from tests.conftest import NOW


@pytest.fixture
def settings(tmp_path: Path, httpserver: HTTPServer) -> dict[str, str]:
    return {
        "AQ_DATABASE_URL": f"sqlite:///{tmp_path / 'aq.db'}",
        "AQ_CLOCK": NOW.isoformat(),
        "AQ_FEEDS__AIRKOREA__URL": httpserver.url_for("/B552584"),
        "AQ_FEEDS__AIRKOREA__KEY": "any-key",
        "AQ_FEEDS__OPENMETEO__ENABLED": "false",
    }


@pytest.fixture
def runtime(settings: dict[str, str]) -> Iterator[Runtime]:
    made = start(load(settings))
    yield made
    made.store.close()


def doctor(settings: dict[str, str]) -> dict[str, dict[str, str]]:
    command = [sys.executable, "-m", "aq", "doctor", "--json"]
    ended = subprocess.run(
        command, env={**os.environ, **settings}, cwd=ROOT, capture_output=True, check=False
    )
    findings = {one["check"]: one for one in json.loads(ended.stdout)["findings"]}
    fails = any(one["state"] == "fail" for one in findings.values())
    assert ended.returncode == int(fails)
    return findings


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def host_at(moment: datetime) -> Iterator[str]:
    """A host that refuses one question and says what time it has."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        one, _ = listener.accept()
        with one:
            one.recv(65536)
            date = format_datetime(moment, usegmt=True)
            head = f"HTTP/1.1 404 No\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n"
            one.sendall(head.encode())

    thread = threading.Thread(target=answer)
    thread.start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_a_clock_that_is_wrong_is_found_by_the_feeds_own(settings: dict[str, str]) -> None:
    with host_at(datetime.now(UTC) - timedelta(days=1)) as base:
        found = doctor({**settings, "AQ_FEEDS__AIRKOREA__URL": f"{base}/B552584"})
    assert found["network airkorea"]["state"] == "ok"
    assert "+86,4" in found["clock skew"]["found"]
    assert "NTP" in found["clock skew"]["do"]


def test_a_host_that_is_not_reached_or_not_there() -> None:
    assert "refused" in probe(f"http://127.0.0.1:{closed_port()}/x").trouble
    assert "not found" in probe("http://no-such-host.invalid/x").trouble


def test_a_paused_feed_a_wrong_key_and_calls_of_others_are_explained(
    settings: dict[str, str], runtime: Runtime
) -> None:
    error = FeedError("airkorea", "", FeedReason.KEY_NOT_REGISTERED, "code 30")
    for n in range(7):
        runs.record_failure(runtime.store, "airkorea", NOW - HOUR + timedelta(minutes=n), error)
    runs.record_upstream_calls(runtime.store, "airkorea", NOW, {"getMsrstnList": 99})
    refused = FeedError("airkorea_alarm", "", FeedReason.KEY_NOT_APPROVED, "code 20")
    runs.record_failure(runtime.store, "airkorea_alarm:ozone", NOW, refused)
    runs.record_success(runtime.store, "airkorea_alarm:dust", NOW, None, None)
    found = doctor(settings)
    assert found["notices airkorea_alarm:dust"]["state"] == "ok"
    assert "its own approval" in found["notices airkorea_alarm:ozone"]["do"]
    assert "72 planned a day" in found["quota getOzAdvsryOccrrncInfo"]["found"]
    assert found["feed airkorea"]["state"] == "fail"
    assert "check the key" in found["feed airkorea"]["do"]
    assert "7 times in a row" in found["pace airkorea"]["found"]
    assert "who else uses this key" in found["quota airkorea"]["do"]


def test_a_store_of_a_newer_program_is_named_not_touched(
    settings: dict[str, str], runtime: Runtime
) -> None:
    import sqlite3

    path = settings["AQ_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    found = doctor(settings)
    assert "newer than this program" in found["configuration and store"]["found"]
