"""What doctor finds, and what it says to do about it."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic import command as alembic
from click.testing import CliRunner, Result
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from aq.__main__ import main
from aq.alerts.channels import Channel, Outlets
from aq.alerts.delivery import Notifier
from aq.cli import checks
from aq.context import Context, start
from aq.domain.clock import HOUR, Clock
from aq.domain.errors import FeedError, FeedReason
from aq.feeds.http import probe
from aq.paths import ROOT
from aq.settings import load
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import open_store, runs
from aq.store.engine import _alembic
from tests.alert_messages import put
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
def context(settings: dict[str, str]) -> Iterator[Context]:
    made = start(load(settings))
    yield made
    made.store.close()


def aq(settings: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(main, words, env=settings, standalone_mode=False)


def doctor(settings: dict[str, str]) -> dict[str, dict[str, str]]:
    ended = aq(settings, "doctor", "--json")
    assert ended.exception is None, ended.exception
    return told(ended.stdout, ended.return_value)


def doctor_of_its_own(settings: dict[str, str]) -> dict[str, dict[str, str]]:
    """Of a process that has read no configuration yet."""
    ended = subprocess.run(
        [sys.executable, "-m", "aq", "doctor", "--json"],
        env={**os.environ, **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return told(ended.stdout, ended.returncode)


def told(output: str, code: int) -> dict[str, dict[str, str]]:
    findings = {one["check"]: one for one in json.loads(output)["findings"]}
    assert code == int(any(one["state"] == "fail" for one in findings.values()))
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


def test_an_address_without_the_base_path_is_named(settings: dict[str, str]) -> None:
    below = {**settings, "AQ_BASE_PATH": "/air"}
    found = doctor({**below, "AQ_SERVER__PUBLIC_URL": "https://air.example.org"})
    assert found["address"]["state"] == "warn"
    assert "taken as https://air.example.org/air" in found["address"]["found"]
    found = doctor({**below, "AQ_SERVER__PUBLIC_URL": "https://example.org/other/"})
    assert "does not end with base_path /air: set it" in found["address"]["found"]
    assert "address" not in doctor({**below, "AQ_SERVER__PUBLIC_URL": "https://example.org/air/"})


def test_a_host_that_is_not_reached_or_not_there() -> None:
    assert "refused" in probe(f"http://127.0.0.1:{closed_port()}/x").trouble
    assert "not found" in probe("http://no-such-host.invalid/x").trouble


def test_a_paused_feed_a_wrong_key_and_calls_of_others_are_explained(
    settings: dict[str, str], context: Context
) -> None:
    error = FeedError("airkorea", "", FeedReason.KEY_NOT_REGISTERED, "code 30")
    for n in range(7):
        runs.record_failure(context.store, "airkorea", NOW - HOUR + timedelta(minutes=n), error)
    runs.record_upstream_calls(context.store, "airkorea", NOW, {"getMsrstnList": 99})
    refused = FeedError("airkorea_alarm", "", FeedReason.KEY_NOT_APPROVED, "code 20")
    runs.record_failure(context.store, "airkorea_alarm:ozone", NOW, refused)
    runs.record_success(context.store, "airkorea_alarm:dust", NOW, None, None)
    found = doctor(settings)
    assert found["notices airkorea_alarm:dust"]["state"] == "ok"
    assert "its own approval" in found["notices airkorea_alarm:ozone"]["do"]
    assert "72 planned a day" in found["quota getOzAdvsryOccrrncInfo"]["found"]
    assert found["feed airkorea"]["state"] == "fail"
    assert "check the key" in found["feed airkorea"]["do"]
    assert "7 times in a row" in found["pace airkorea"]["found"]
    assert "who else uses this key" in found["quota airkorea"]["do"]


def test_a_store_of_a_newer_program_is_named_not_touched(
    settings: dict[str, str], context: Context
) -> None:
    with sqlite3.connect(store_file(settings)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    found = doctor(settings)
    assert "newer than this program" in found["store"]["found"]
    assert "update the program" in found["store"]["do"]


@pytest.fixture
def polled(settings: dict[str, str]) -> Iterator[SimulatorServer]:
    """A source that has been polled once, at eight in the evening."""
    with SimulatorServer(World(34), Clock(NOW)) as simulator:
        settings["AQ_FEEDS__AIRKOREA__URL"] = simulator.airkorea_url
        assert aq(settings, "poll").return_value == 0
        yield simulator


def store_file(settings: dict[str, str]) -> Path:
    return Path(settings["AQ_DATABASE_URL"].removeprefix("sqlite:///"))


@pytest.mark.parametrize(
    ("fault", "reason", "do"),
    [
        ("gateway_30", "key_not_registered", "check the key"),
        ("gateway_20", "key_not_approved", "ask for this service (활용신청) on data.go.kr"),
        ("gateway_22", "quota_used_up", "calls go on after midnight KST"),
        ("http_503_html", "upstream_down", "polling goes on and fills in"),
    ],
)
def test_what_a_source_refuses_is_explained(
    settings: dict[str, str], polled: SimulatorServer, fault: str, reason: str, do: str
) -> None:
    assert doctor(settings)["feed airkorea"]["state"] == "ok"
    polled.scenario = parse(f'[[fault]]\nkind = "{fault}"\n')
    assert aq(settings, "poll").return_value == 1
    found = doctor(settings)["feed airkorea"]
    assert found["state"] == "fail"
    assert reason in found["found"]
    assert "failing since 2026-11-23T20:25" in found["found"]
    assert do in found["do"]


def test_a_blocked_network_is_told_from_a_feed_that_fails(
    settings: dict[str, str], polled: SimulatorServer
) -> None:
    settings["AQ_FEEDS__AIRKOREA__URL"] = f"http://127.0.0.1:{closed_port()}/B552584"
    found = doctor(settings)
    assert found["network airkorea"]["state"] == "fail"
    assert "127.0.0.1: the connection was refused" in found["network airkorea"]["found"]
    assert "network, DNS, proxy" in found["network airkorea"]["do"]
    assert found["feed airkorea"]["state"] == "ok"  # what is stored is fresh all the same


def test_a_feed_that_nobody_asks_any_more_is_stale(
    settings: dict[str, str], polled: SimulatorServer
) -> None:
    found = doctor({**settings, "AQ_CLOCK": (NOW + 4 * HOUR).isoformat()})["feed airkorea"]
    assert found["state"] == "warn"
    assert "newest hour 2026-11-23T20:00:00+09:00, stale" in found["found"]
    assert "last asked 2026-11-23T20:25" in found["found"]
    assert "worker" in found["do"]


def test_a_channel_that_takes_nothing_is_named_with_its_last_error(
    settings: dict[str, str], context: Context
) -> None:
    nowhere = Channel(
        name="hook",
        kind="webhook",
        url=SecretStr(f"http://127.0.0.1:{closed_port()}/a-secret-path"),
        secret=SecretStr("a-key-of-the-webhook"),
        private=True,
    )
    put(context.store, "m1", "hook", state="failed", last_error="an earlier error")
    put(context.store, "m2", "hook")
    put(context.store, "m3", "mail")
    Notifier(context.store, Outlets(channels={"hook": nowhere}), owner="one").drain("hook", NOW)
    findings = doctor(settings)
    assert "channel mail" not in findings  # waits, and has not been tried
    found = findings["channel hook"]
    assert found["state"] == "warn"
    assert "1 messages given up, 1 tried again" in found["found"]
    assert "the receiver cannot be reached" in found["found"]
    assert "aq rules test-channel hook" in found["do"]
    assert "secret-path" not in json.dumps(findings)


def test_a_full_disk_is_found_before_it_is_full(
    settings: dict[str, str], context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store_file(settings).parent
    left = {folder: 499 * 2**20}
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: SimpleNamespace(free=left.get(path, 2**40))
    )
    found = doctor(settings)["disk"]
    assert found["state"] == "fail"
    assert f"499 MiB free in {folder}" in found["found"]
    assert "make room" in found["do"]
    left[folder] += 2**20
    assert doctor(settings)["disk"]["state"] == "ok"


def test_a_store_that_another_holds_is_found_and_read_all_the_same(
    settings: dict[str, str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PATIENCE", 1)
    settings["AQ_DATABASE_URL"] = database_url
    held = start(load(settings)).store
    with held.write("an import that takes its time"):
        found = doctor(settings)
    assert found["writing"]["state"] == "fail"
    sqlite = database_url.startswith("sqlite")
    assert ("database is locked" if sqlite else "lock timeout") in found["writing"]["found"]
    holder = f"fuser {store_file(settings)}" if sqlite else "pg_stat_activity"
    assert holder in found["writing"]["do"]
    assert (found["store"]["state"], found["feed airkorea"]["state"]) == ("ok", "warn")
    held.close()
    assert "writing" not in doctor(settings)


def test_a_store_of_an_older_program_is_named_and_left_as_it_is(settings: dict[str, str]) -> None:
    store = open_store(settings["AQ_DATABASE_URL"], Clock(NOW))
    with store.book() as connection:
        alembic.upgrade(_alembic(connection), "0005_retention")
    store.close()
    for _ in range(2):
        found = doctor(settings)["store"]
        assert found["state"] == "fail"
        assert "schema 0005_retention is old" in found["found"]
        assert "aq migrate" in found["do"]
    assert aq(settings, "migrate").return_value == 0
    assert doctor(settings)["store"]["state"] == "ok"


def test_a_store_that_is_not_there_is_not_made(settings: dict[str, str], tmp_path: Path) -> None:
    settings["AQ_DATABASE_URL"] = f"sqlite:///{tmp_path / 'new' / 'aq.db'}"
    found = doctor(settings)["store"]
    assert (found["state"], "is not there yet" in found["found"]) == ("warn", True)
    assert "aq restore" in found["do"]
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    settings["AQ_DATABASE_URL"] = f"sqlite:///{tmp_path / 'file' / 'aq.db'}"
    found = doctor(settings)["store"]
    assert (found["state"], "may not be written to" in found["found"]) == ("fail", True)


def test_a_store_that_is_none_or_does_not_answer_is_named(
    settings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("no database " * 100)
    settings["AQ_DATABASE_URL"] = f"sqlite:///{tmp_path / 'text.db'}"
    found = doctor(settings)["store"]
    assert (found["state"], "is not a database" in found["found"]) == ("fail", True)
    assert str(tmp_path / "text.db") in found["found"]
    assert "aq restore" in found["do"]
    away = f"postgresql+psycopg://aq:a-password@127.0.0.1:{closed_port()}/aq"
    findings = doctor({**settings, "AQ_DATABASE_URL": away})
    assert "Connection refused" in findings["store"]["found"]
    assert "a-password" not in json.dumps(findings)
    assert findings["clock"]["state"] == "warn"  # what needs no store is looked at all the same


def test_a_configuration_that_is_not_reached_or_wrong_is_named_with_its_place(
    settings: dict[str, str], tmp_path: Path
) -> None:
    found = doctor_of_its_own({**settings, "AQ_CONFIG": str(tmp_path / "nowhere")})
    assert list(found) == ["configuration"]
    assert str(tmp_path / "nowhere") in found["configuration"]["found"]
    assert "mend what is named" in found["configuration"]["do"]
    folder = shutil.copytree(ROOT / "config", tmp_path / "config")
    text = (folder / "aq.toml").read_text("utf-8")
    (folder / "aq.toml").write_text(text.replace("port = 8501", "port = 'x'"), "utf-8")
    line = text[: text.index("port = 8501")].count("\n") + 1
    found = doctor_of_its_own({**settings, "AQ_CONFIG": str(folder)})
    assert f"aq.toml:{line}: server.port" in found["configuration"]["found"]
    (folder / "aq.toml").write_text(text, "utf-8")
    (folder / "alerts.toml").write_text('[channels.x]\nkind = "pigeon"\n', "utf-8")
    found = doctor_of_its_own({**settings, "AQ_CONFIG": str(folder)})
    assert "alerts.toml:2" in found["configuration"]["found"]


def test_without_a_live_feed_the_key_is_asked_for(settings: dict[str, str]) -> None:
    settings["AQ_FEEDS__AIRKOREA__KEY"] = ""
    assert aq(settings, "migrate").return_value == 0
    found = doctor(settings)["feeds"]
    assert (found["state"], found["found"]) == ("fail", "none is live")
    assert "AQ_FEEDS__AIRKOREA__KEY" in found["do"]
