"""An episode over all provinces, judged and sent by real workers that are killed on the way.

Each step is an hour: the simulator's dust rises in one and falls in the next. Workers poll it,
judge it and send to a mail server, a webhook and Apprise's JSON target, all real and on loopback.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from werkzeug import Request, Response

from aq.alerts import Known
from aq.alerts.rules import load_rules
from aq.alerts.webhook import signature
from aq.domain.clock import HOUR, Clock, floor_hour, kst_iso
from aq.domain.provinces import PROVINCES
from aq.paths import ROOT
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import open_store
from aq.store.engine import migrate
from aq.store.schema import outbox
from tests.cli.test_processes import free_port, wait_until
from tests.conftest import NOW

KEY = "a-key-of-the-webhook"
CHANNELS = ("mail", "hook", "json")
CONFIG = """
[channels.mail]
kind = "mail"
url = "env:EPISODE_MAIL"
[channels.hook]
kind = "webhook"
url = "env:EPISODE_HOOK"
secret = "env:EPISODE_KEY"
private = true
[channels.json]
kind = "json"
url = "env:EPISODE_JSON"
private = true
"""
RULE = {
    "id": "dust",
    "name": "먼지",
    "pollutant": "pm10",
    "threshold": 250,
    "clear_below": 250,
    "channels": CHANNELS,
}


@dataclass
class Received:
    """What arrived by channel: (id, body) in the order of arrival."""

    seen: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, channel: str, number: str, body: str) -> None:
        with self.lock:
            self.seen[channel].append((number, body))

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content)
        number = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        self.add("mail", number, mail.get_payload(decode=True).decode())
        return "250 OK"

    def hook(self, request: Request) -> Response:
        stamp, body = request.headers["X-AQ-Timestamp"], request.get_data()
        if request.headers["X-AQ-Signature"] != signature(KEY, stamp, body):
            return Response("", 401)
        self.add("hook", request.headers["Idempotency-Key"], body.decode())
        time.sleep(0.1)  # a receiver that takes its time: some are killed while it answers
        return Response("", 204)

    def json(self, request: Request) -> Response:
        self.add("json", request.headers["Idempotency-Key"], request.get_json()["message"])
        return Response("", 200)


class Episode:
    """Receivers, a simulator and a store; `step` lets workers live through an hour."""

    def __init__(self, folder: Path, url: str, *, speed: int = 30, seed: int = 6) -> None:
        self.folder, self.url, self.speed = folder, url, speed
        self.random, self.received, self.steps = random.Random(seed), Received(), 0
        self.exit = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        shutil.copytree(ROOT / "config", self.folder / "config")
        (self.folder / "config" / "alerts.toml").write_text(CONFIG, "utf-8")
        self.simulator = self.exit.enter_context(SimulatorServer(World(34), Clock(NOW)))
        mail = Controller(self.received, hostname="127.0.0.1", port=free_port())
        mail.start()
        self.exit.callback(mail.stop)
        web = self.exit.enter_context(HTTPServer(port=0, threaded=True))
        web.expect_request("/hook").respond_with_handler(self.received.hook)
        web.expect_request("/json").respond_with_handler(self.received.json)
        options = "from=air@example.org&to=duty@example.org&mode=insecure"
        self.given = {
            "AQ_DATABASE_URL": self.url,
            "AQ_CONFIG": str(self.folder / "config"),
            "AQ_FEEDS__AIRKOREA__URL": self.simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "any-key",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
            "EPISODE_MAIL": f"mailto://127.0.0.1:{mail.port}?{options}",
            "EPISODE_HOOK": web.url_for("/hook"),
            "EPISODE_JSON": f"json://{web.host}:{web.port}/json",
            "EPISODE_KEY": KEY,
        }
        self.store = open_store(self.url, Clock(NOW - HOUR))
        self.exit.callback(self.store.close)
        migrate(self.store)
        load_rules(self.store, [RULE], Known(channels=CHANNELS), "test")
        return self

    def __exit__(self, *_: object) -> None:
        self.exit.close()

    def messages(self) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(select(outbox).order_by(outbox.c.id)))

    def step(self, workers: int = 1, *, kill: bool = False) -> bool:
        """An hour in which workers decide and send; whether messages were left when one was killed.

        Dust stands over all provinces in every other hour. A worker is killed at a random moment
        after the hour's decision is in the store; the others, if any, send what is left.
        """
        moment = NOW + self.steps * HOUR
        factor = 1 if self.steps % 2 else 25
        self.simulator.clock = Clock(moment)
        self.simulator.scenario = parse(f'[[fault]]\nkind = "changed_values"\nfactor = {factor}\n')
        self.steps += 1
        given = {**os.environ, **self.given, "AQ_CLOCK": f"{moment.isoformat()}@{self.speed}"}
        command = [sys.executable, "-m", "aq", "worker"]
        running = [
            subprocess.Popen(command, env=given, cwd=ROOT, stderr=subprocess.DEVNULL)
            for _ in range(workers)
        ]
        try:
            wait_until(lambda: len({row.message for row in self.messages()}) >= self.steps)
            cut = False
            if kill:
                # Channels are drained once a minute of the clock.
                time.sleep(self.random.uniform(0, 75 / self.speed))
                victim = running.pop()
                victim.kill()
                victim.wait()
                cut = any(row.state != "sent" for row in self.messages())
            if running:
                wait_until(lambda: all(row.state == "sent" for row in self.messages()))
        finally:
            for one in running:
                one.kill()
                one.wait()
        return cut

    def account(self) -> "Account":
        """What came of it: every transition of every province against what was received."""
        wanted = {
            (
                province.code,
                kst_iso(floor_hour(NOW) + step * HOUR),
                "resolved" if step % 2 else "first",
            )
            for step in range(self.steps)
            for province in PROVINCES
        }
        rows = self.messages()
        told = {
            (row.channel, event["code"], event["at"], event["change"]): row.message
            for row in rows
            for event in json.loads(row.body)["events"]
        }
        missing = sum((one, *what) not in told for one in CHANNELS for what in wanted)
        strange = len(told) - (len(wanted) * len(CHANNELS) - missing)
        copies = conflicting = 0
        for channel in CHANNELS:
            bodies: dict[str, set[str]] = defaultdict(set)
            for number, body in self.received.seen[channel]:
                copies += number in bodies
                bodies[number].add(body)
            ids = {row.message for row in rows if row.channel == channel}
            missing += len(ids - set(bodies))
            strange += len(set(bodies) - ids)
            conflicting += sum(len(found) > 1 for found in bodies.values())
        return Account(
            messages=len(rows), lost=missing, strange=strange, copies=copies,
            conflicting=conflicting,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Messages due; transitions or messages lost; such as should not be; copies received under an
    id that was there before, and ids with more than one content."""

    messages: int
    lost: int
    strange: int
    copies: int
    conflicting: int


def kills(folder: Path, count: int) -> tuple[int, Account]:
    """So many kills, then an hour in peace: (how many left something unsent, what came of it)."""
    with Episode(folder, f"sqlite:///{folder / 'alerts.db'}") as episode:
        cut = sum(episode.step(kill=True) for _ in range(count))
        episode.step()
        return cut, episode.account()
