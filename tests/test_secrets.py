"""Keys planted wherever a key can stand are in nothing that leaves the program."""

import base64
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from pytest_httpserver import HTTPServer

from aq.domain.clock import Clock
from aq.paths import ROOT
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import open_store, outbox
from tests.alert_messages import put
from tests.browsing import free_port, own_environment, wait_for
from tests.conftest import NOW
from tests.waiting import wait_until

# As data.go.kr gives them: Base64 with signs that are encoded in a query.
AIRKOREA = "Zq7+pl4nted/airkorea/K3y+Zq7/aaaa=="
OPENMETEO = "pl4nted-openmeteo-k3y"
PASSWORD = "pl4nted-p4ssword"  # of a database
PATHS = (
    *("/", "/feeds", "/strip", "/strip.json", "/api/v1/feeds", "/api/v1/current", "/healthz"),
    *("/metrics", "/api/v1/openapi.json", "/api/v1/nothing", "/api/v1/current?serviceKey=x"),
    "/api/v1/export?since=2026-11-23&until=2026-11-23&format=json",
    "/api/v1/history?since=2026-11-23&until=2026-11-23",
)


def forms() -> list[str]:
    found = []
    for secret in (AIRKOREA, OPENMETEO, PASSWORD):
        coded = base64.b64encode(secret.encode()).decode().rstrip("=")
        found += [
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote(quote(secret, safe="")),
            coded,
        ]
    return [*found, "pl4nted"]


def clean(what: str, text: str) -> None:
    for form in forms():
        assert form not in text, f"{what} shows a secret"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[tuple[dict[str, str], SimulatorServer]]:
    with SimulatorServer(World(34), Clock(NOW)) as simulator:
        yield (
            own_environment(
                AQ_DATABASE_URL=f"sqlite:///{tmp_path / 'aq.db'}",
                AQ_CLOCK=NOW.isoformat(),
                AQ_FEEDS__AIRKOREA__URL=simulator.airkorea_url,
                AQ_FEEDS__AIRKOREA__KEY=quote(AIRKOREA, safe=""),
                # Nobody listens there: the whole URL stands in the library's own exception.
                AQ_FEEDS__OPENMETEO__URL=f"http://user:{PASSWORD}@127.0.0.1:{free_port()}/v1",
                AQ_FEEDS__OPENMETEO__KEY=OPENMETEO,
                AQ_FEEDS__OPENMETEO__DEADLINE_SECONDS="2",
                AQ_LOGS__FORMAT="json",
            ),
            simulator,
        )


def aq(environment: dict[str, str], *words: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "aq", *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout + ended.stderr


def test_planted_keys_are_nowhere_to_be_found(
    environment: tuple[dict[str, str], SimulatorServer], tmp_path: Path
) -> None:
    given, simulator = environment
    simulator.key = AIRKOREA
    clean("poll", said := aq(given, "poll", "--json"))
    assert '"rows": 34' in said  # the key itself works
    simulator.scenario = parse('[[fault]]\nkind = "gateway_30"\n')
    for words in (
        ("poll", "--json"),
        ("poll",),
        ("doctor", "--json"),
        ("current", "--json"),
        ("backfill", "--since", "2026-11-01", "--until", "2026-11-23", "--json"),
        ("export", "--since", "2026-11-23", "--until", "2026-11-23", "--format", "csv", "-o", "-"),
        ("backup", str(tmp_path / "copy.db")),
    ):
        clean(" ".join(words), aq(given, *words))

    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as file:
        command = [sys.executable, "-m", "aq", "serve", "--port", str(port)]
        server = subprocess.Popen(command, env=given, cwd=ROOT, stdout=file, stderr=file)
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for(f"{base}/healthz", server)
            wait_until(lambda: b"poll:openmeteo" in log.read_bytes())
            for path in PATHS:
                answer = requests.get(base + path, timeout=60)
                clean(path, answer.text + str(answer.headers))
        finally:
            server.terminate()
            server.wait()
    logged = log.read_text("utf-8")
    assert "poll:openmeteo" in logged
    clean("the log", logged)
    with closing(sqlite3.connect(tmp_path / "aq.db")) as connection:
        clean("the store", "\n".join(connection.iterdump()))


CHANNELS = """
[channels.hook]
kind = "webhook"
url = "env:PLANTED_HOOK"
secret = "env:PLANTED_KEY"
private = true
[channels.json]
kind = "json"
url = "env:PLANTED_JSON"
private = true
[channels.mail]
kind = "mail"
url = "env:PLANTED_MAIL"
[channels.ntfy]
kind = "ntfy"
url = "env:PLANTED_NTFY"
"""


def test_planted_secrets_of_channels_are_nowhere_to_be_found(
    environment: tuple[dict[str, str], SimulatorServer], tmp_path: Path, httpserver: HTTPServer
) -> None:
    """Each channel fails in its own way: what a receiver answers, and where nobody listens."""
    given, _ = environment
    said_back = "pl4nted: /in/pl4nted-path us3r:pl4nted-json"
    httpserver.expect_request("/in/pl4nted-path").respond_with_data(said_back, 500)
    httpserver.expect_request("/pl4nted-json-path").respond_with_data(said_back, 403)
    here, nobody = f"{httpserver.host}:{httpserver.port}", f"127.0.0.1:{free_port()}"
    given |= {
        "AQ_CONFIG": str(tmp_path / "config"),
        "PLANTED_HOOK": f"http://{here}/in/pl4nted-path?token=pl4nted-query",
        "PLANTED_KEY": "pl4nted-hmac-key",
        "PLANTED_JSON": f"json://us3r:pl4nted-json@{here}/pl4nted-json-path",
        "PLANTED_MAIL": f"mailto://us3r:pl4nted-mail@{nobody}?from=a@x.org&to=b@x.org",
        "PLANTED_NTFY": f"ntfy://us3r:pl4nted-ntfy@{nobody}/pl4nted-topic",
    }
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "alerts.toml").write_text(CHANNELS, "utf-8")
    names = ("hook", "json", "mail", "ntfy")
    for name in names:
        for words in (("--json",), ()):
            clean(f"test-channel {name}", said := aq(given, "rules", "test-channel", name, *words))
            assert name in said
    store = open_store(given["AQ_DATABASE_URL"], Clock(NOW))
    for name in names:
        put(store, f"m-{name}", name)
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as file:
        command = [sys.executable, "-m", "aq", "serve", "--port", str(port)]
        server = subprocess.Popen(command, env=given, cwd=ROOT, stdout=file, stderr=file)
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for(f"{base}/healthz", server)
            wait_until(lambda: all(row.last_error for row in outbox.messages(store)))
            for path in ("/api/v1/alerts", "/alerts.atom", "/alerts", "/api/v1/feeds", "/metrics"):
                answer = requests.get(base + path, timeout=20)
                clean(path, answer.text + str(answer.headers))
        finally:
            server.terminate()
            server.wait()
    for words in (("doctor", "--json"), ("rules", "dump"), ("rules", "list", "--json")):
        clean(" ".join(words), aq(given, *words))
    for name in ("PLANTED_HOOK", "PLANTED_JSON", "PLANTED_MAIL"):
        wrong = {**given, name: f"pl4nted{given[name]}"}
        clean(f"a wrong {name}", said := aq(wrong, "rules", "list"))
        assert name in said
    store.close()
    clean("the log", log.read_text("utf-8"))
    with closing(sqlite3.connect(tmp_path / "aq.db")) as connection:
        clean("the store", "\n".join(connection.iterdump()))


def test_a_databases_password_is_in_no_error() -> None:
    url = f"postgresql+psycopg://aq:{PASSWORD}@127.0.0.1:9/aq"
    given = {**os.environ, "AQ_DATABASE_URL": url}
    for words in (("current",), ("doctor",), ("migrate",), ("backup", "x.db")):
        said = aq(given, *words)
        assert said
        clean(" ".join(words), said)
    clean(
        "a wrong setting", aq({**given, "AQ_DATABASE_URL": f"mysql://a:{PASSWORD}@x/y"}, "current")
    )
