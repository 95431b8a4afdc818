"""Keys planted wherever a key can stand are in nothing that leaves the program."""

import base64
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from aq.clock import Clock
from aq.paths import ROOT
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from tests.browser import free_port, own_environment, wait_for
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
