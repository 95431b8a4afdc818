"""Serves the application on a socket of this machine, with an end to every connection.

Who connects and sends nothing, or half a request, is let go; who comes when all places are taken
is told so. What proxies say of their clients is left to `security`, which knows the named ones.
"""

import asyncio
import errno
import re
import resource
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import uvicorn
from streamlit import logger as framework
from streamlit.runtime.state.safe_session_state import SafeSessionState
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from aq.domain.errors import AqError
from aq.logs import through_root
from aq.settings import ServerSettings
from aq.web import traffic

REQUEST_SECONDS = 15  # for a whole request to come; nothing here takes a large body
MOST_DESCRIPTORS = 1_048_576  # where the system names no limit
DESCRIPTORS_KEPT = 200  # for the store, the feeds, the scheduler and the log
# An open page takes its socket and three of the event loop that Streamlit makes for it; a page that
# was closed keeps those three until Streamlit lets it go, of which it remembers up to 128.
DESCRIPTORS_A_PAGE, DESCRIPTORS_OF_CLOSED = 3, 3 * 128
MESSAGE_BYTES = 1_048_576  # of a browser; the widgets of the largest page take 20,000
PING_SECONDS = 30
# Frames of a websocket that are no whole message; MESSAGE_BYTES in parts of 16 KiB are so many.
FRAMES_AT_ONCE, FRAMES_PER_MINUTE = 64, 300
FAREWELL_SECONDS = 1.0
BACKLOG = 2_048
# How long a thread keeps the interpreter while others wait [s]; Python's own is 0.005. The event
# loop waits so long behind each page that is being drawn.
TURN_SECONDS = 0.001
_SESSION_LOCKS = [threading.RLock() for _ in range(1021)]  # a few pages may share one
NOT_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections there may be.

    Attributes
    ----------
    connections : in all
    per_client : from one address
    is_shared : whether an address stands for many
    """

    connections: int
    per_client: int
    is_shared: Callable[[str], bool]


class PageSocket(WebSocketsSansIOProtocol):
    """A page's websocket, closed where what carries no message comes without end: pings, pongs and
    parts of messages, which the limits of messages do not see."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._frames, self._over = traffic.Buckets(), False

    def handle_ping(self) -> None:
        """Answer it."""
        if not self._too_many():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Take it as an answer."""
        if not self._too_many():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Put it to its message."""
        if not self._too_many():
            super().handle_cont(event)

    def _too_many(self) -> bool:
        if not self._over and self._frames.take("", 1, FRAMES_AT_ONCE, FRAMES_PER_MINUTE):
            self._over = True
            traffic.count(traffic.MESSAGES)
            self.conn.fail(CloseCode.POLICY_VIOLATION, traffic.MESSAGES)
            self.transport.write(b"".join(self.conn.data_to_send()))
            # Closed at once, the frames that still come would take the word from the line again.
            self.loop.call_later(FAREWELL_SECONDS, self.transport.close)
        return self._over


def raise_descriptors() -> int:
    """Let this process have as many descriptors as it may; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


@cache
def fitted(settings: ServerSettings, descriptors: int) -> ServerSettings:
    """The settings with as many pages and connections as there are descriptors for; where there are
    fewer than they need, half of the connections are left to what is no page."""
    free = max(descriptors - DESCRIPTORS_KEPT - DESCRIPTORS_OF_CLOSED, descriptors // 4)
    pages = min(settings.pages, free // (2 * (1 + DESCRIPTORS_A_PAGE)))
    connections = min(settings.connections, free - DESCRIPTORS_A_PAGE * pages)
    return settings.model_copy(update={"pages": pages, "connections": connections})


def fitted_here(settings: ServerSettings) -> ServerSettings:
    """The settings as far as this process has descriptors for them."""
    return fitted(settings, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def room(settings: ServerSettings) -> Room:
    """How many connections there may be by the settings."""
    return Room(
        connections=settings.connections,
        per_client=settings.connections_per_client,
        is_shared=lambda address: traffic.stands_for_many(address, settings.trusted_proxies),
    )


class Connection(HttpToolsProtocol):
    """HTTP that a client must send within a deadline, as one of a limited number."""

    room: Room

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self.subscriber = ""  # whose connection it is, as limits know him
        self._within = False  # a request has begun and is not here as a whole

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or say that there is no place."""
        super().connection_made(transport)
        self.subscriber = traffic.subscriber(self.client[0]) if self.client else ""
        why = self._no_place()
        if why:
            traffic.count(why)
            self._answer(503, "All places are taken. Try again in a minute.")
        else:
            self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._request_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came. Characters that a client has not percent-encoded in an address, which
        the parser refuses, are encoded for it where the line of the request came in one piece."""
        if not self._within and not data.isascii():
            line, end, rest = data.partition(b"\r\n")
            data = NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], line) + end + rest
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins, the first or a later one of this connection."""
        self._within = True
        if self._deadline is None:
            self._await_request()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The request is here as a whole."""
        self._within = False
        self._request_is_here()
        super().on_message_complete()

    def _no_place(self) -> str:
        if len(self.connections) > self.room.connections:
            return traffic.CONNECTIONS
        address = self.client[0] if self.client else ""
        if self.room.is_shared(address):
            return ""
        own = sum(
            getattr(other, "subscriber", None) == self.subscriber for other in self.connections
        )
        return traffic.CLIENT_CONNECTIONS if own > self.room.per_client else ""

    def _await_request(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _request_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        traffic.count(traffic.SLOW)
        self._answer(408, f"No request came within {REQUEST_SECONDS} seconds.")

    def _answer(self, status: int, words: str) -> None:
        """Say why, and close; once the transport has written it."""
        if self.transport.is_closing():
            return
        body = f"{words}\n".encode()
        head = (
            f"HTTP/1.1 {status} {'Request Timeout' if status == 408 else 'Service Unavailable'}\r\n"
            "content-type: text/plain; charset=utf-8\r\nretry-after: 60\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def quiet_framework() -> None:
    """Have the framework log through the program's own handler.

    It gives each of its loggers a handler when the logger is made, at whatever import.
    """
    framework.setup_formatter = lambda logger: through_root([logger.name])
    framework.init_uvicorn_logs()
    through_root([*framework._loggers, "uvicorn", "uvicorn.error", "uvicorn.access"])


def lock_by_session() -> None:
    """Have all runs of a page share a lock on its state.

    The framework gives each run one of its own: one that ends takes away what is no longer shown,
    while the next one reads it, and fails.
    """
    own = SafeSessionState.__init__

    def shared(self: SafeSessionState, state: Any, yield_callback: Callable[[], None]) -> None:
        own(self, state, yield_callback)
        object.__setattr__(self, "_lock", _SESSION_LOCKS[hash(id(state)) % len(_SESSION_LOCKS)])

    SafeSessionState.__init__ = shared  # type: ignore[method-assign]


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `AqError` where the address is taken or none of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server(
            (host, port),
            family=family,
            backlog=BACKLOG,
            dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AqError(
                f"port {port} is in use: stop what listens there, or give --port"
            ) from None
        raise AqError(f"cannot listen on {host} port {port}: {error.strerror or error}") from None


def run(app: Any, listener: socket.socket, limits: Room) -> bool:
    """Serve until a signal ends it. Returns whether it had started.

    X-Forwarded headers are not read by the server: it believes all of loopback.
    """
    config = uvicorn.Config(
        app,
        http=type("LimitedConnection", (Connection,), {"room": limits}),
        ws=PageSocket,
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        proxy_headers=False,
        access_log=False,
        log_config=None,
        server_header=False,
    )
    sys.setswitchinterval(TURN_SECONDS)
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return server.started
