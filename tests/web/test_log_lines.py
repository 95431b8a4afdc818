"""The server's log: one line an event in the form that was chosen, and a visitor makes none."""

import json
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from aq.paths import ROOT
from tests.browsing import free_port, own_environment, wait_for
from tests.waiting import PATIENCE


def test_every_line_is_an_event_and_a_visitors_mistakes_make_none(tmp_path: Path) -> None:
    port = free_port()
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{tmp_path / 'aq.db'}",
        AQ_LOGS__FORMAT="json",
        # One feed that nobody answers for: the scheduler has something to say.
        AQ_FEEDS__OPENMETEO__URL="http://127.0.0.1:9/v1/air-quality",
        AQ_FEEDS__OPENMETEO__DEADLINE_SECONDS="1",
    )
    command = [sys.executable, "-m", "aq", "serve", "--port", str(port)]
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        errors = server.stderr
        assert errors is not None
        reading = threading.Thread(target=lambda: lines.extend(errors), daemon=True)
        reading.start()
        wait_for(f"http://127.0.0.1:{port}/healthz", server)
        _mistakes(port)
        server.terminate()
        assert server.wait(PATIENCE) in (0, -15)
        reading.join(PATIENCE)
        assert server.stdout is not None
        assert server.stdout.read() == ""
    events = [json.loads(line) for line in lines]
    assert events[0]["message"] == f"listening on http://127.0.0.1:{port}"
    assert len(events) > 1
    assert all({"at", "level", "logger", "message"} <= set(event) for event in events)
    foreign = [event for event in events if not event["logger"].startswith("aq.")]
    assert foreign == [], foreign
    assert not [event for event in events if "exception" in event]


def _mistakes(port: int) -> None:
    """What a visitor can send that is none of a browser's."""
    base = f"http://127.0.0.1:{port}"
    for sent in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01",  # TLS to a server without
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /%zz%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.sendall(sent)
            wire.settimeout(PATIENCE)
            with suppress(OSError):
                while wire.recv(65536):
                    pass
    for path in ("/../../etc/passwd", "/api/v1/history?since=x", "/component/x/y", "/static/none"):
        requests.get(f"{base}{path}", timeout=60)
    stream = f"ws://127.0.0.1:{port}/_stcore/stream"
    with suppress(InvalidStatus):
        connect(stream, origin="http://evil.example").close()  # type: ignore[arg-type]
    for said in ("words", b"\xff\xfe", b"x" * 2_000_000):
        with connect(stream) as page, suppress(ConnectionClosed):
            page.send(said)
            page.recv(5)
    with suppress(InvalidStatus):
        connect(f"ws://127.0.0.1:{port}/elsewhere").close()
    raw = socket.create_connection(("127.0.0.1", port))
    raw.sendall(
        b"GET /_stcore/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    raw.recv(1000)
    raw.sendall(b"\xff\xff\xff\xff")  # no frame of RFC 6455
    raw.close()
