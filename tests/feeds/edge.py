"""A session with a ledger in memory, and servers that fail it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from aq.domain.errors import FeedError
from aq.feeds.airkorea.client import AirKorea
from aq.feeds.base import Get
from aq.feeds.http import Http

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 00:00 KST
KEY = "pLaNtEd+kEy/0123456789=="
OPERATION = "Service/getThing"


class Counted:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, datetime]] = []

    def spend(self, feed: str, operation: str, now: datetime, limit: int | None) -> bool:
        if limit is not None and len(self.calls) >= limit:
            return False
        self.calls.append((feed, operation, now))
        return True


class Edge:
    """An `Http` with its ledger and the waits it asked for."""

    def __init__(self) -> None:
        self.ledger = Counted()
        self.waits: list[float] = []
        self.http = Http(self.ledger, lambda: NOW, self.waits.append)

    def get(
        self,
        url: str,
        *,
        key: str | SecretStr | None = KEY,
        daily_limit: int | None = None,
        timeout: float = 5,
        deadline: float = 30,
    ) -> Get:
        return self.http.client(
            "airkorea",
            url,
            key=("serviceKey", key) if key else None,
            daily_limit=daily_limit,
            refusal=AirKorea().refusal,
            timeout=timeout,
            deadline=deadline,
        )


def success(items: object = "") -> dict[str, object]:
    """A success in AirKorea's envelope."""
    header = {"resultCode": "00", "resultMsg": "NORMAL_CODE"}
    return {"response": {"header": header, "body": {"items": items, "totalCount": 0}}}


def refused(call: Callable[[], object]) -> FeedError:
    with pytest.raises(FeedError) as caught:
        call()
    return caught.value


@contextmanager
def raw_server(answer: bytes, *, stay: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A server that says exactly `answer`, then closes, or with `stay` says nothing more.

    It says that it closes: else the session may take a line again that is just being closed.
    """
    answer = answer.replace(b" OK\r\n", b" OK\r\nConnection: close\r\n", 1)
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []
    done = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(65536))
                connection.sendall(answer)
                if stay:
                    done.wait(60)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    done.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(60)


def closed_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
