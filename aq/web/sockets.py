"""The pages' websocket: how many there may be, how often each may speak, and what it may say."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnected
from streamlit.proto.BackMsg_pb2 import BackMsg

from aq.web import traffic
from aq.web.traffic import Buckets, client_of, is_loopback

# A reader who drags a slider sends ten messages a second for a few seconds.
SOCKET_BURST, SOCKET_PER_MINUTE = 60, 300
CLIENT_BURST_SECONDS = 15  # of the client's own pace at once
OPENING_COST = 3  # messages; a page that is opened is drawn whole
# [s] A click makes the framework begin a thread, for which the event loop waits up to this long;
# clicks of one client that come at once are passed on so far apart, with others' requests between.
BETWEEN_CLICKS = 0.05
POLICY, UNREADABLE = 1008, 1003  # close codes of RFC 6455
# What a reader's page says. The rest is for developers: a visitor may not clear everybody's cache.
HEARD = frozenset({"rerun_script", "stop_script", "app_heartbeat"})
log = logging.getLogger(__name__)


class Limits(Protocol):
    """The server's settings that matter here."""

    @property
    def trusted_proxies(self) -> tuple[str, ...]:
        """Networks whose X-Forwarded-For is believed."""

    @property
    def public_url(self) -> str:
        """Where readers find the page; empty where it is not set."""

    @property
    def pages(self) -> int:
        """Open pages of all readers together."""

    @property
    def pages_per_client(self) -> int:
        """Open pages of one client."""

    @property
    def messages_per_minute(self) -> int:
        """Messages of all pages of one client."""


Judge = Callable[[Message], Awaitable[Message | None]]


class _Inbox:
    """What a page says: measured as it comes, passed on in order, each message at its turn."""

    def __init__(self, receive: Receive, judge: Judge, turn: Callable[[], float]) -> None:
        self._receive, self._judge, self._turn = receive, judge, turn
        self._waiting: deque[tuple[float, Message]] = deque()  # (turn, message)
        self._coming: asyncio.Future[Message] | None = None

    async def receive(self) -> Message:
        """The next message; that the page is gone comes before all that still waits."""
        loop = asyncio.get_running_loop()
        while True:
            left = self._waiting[0][0] - loop.time() if self._waiting else None
            if left is not None and left <= 0:
                return self._waiting.popleft()[1]
            self._coming = self._coming or asyncio.ensure_future(self._receive())
            if not (await asyncio.wait({self._coming}, timeout=left))[0]:
                continue
            message, self._coming = await self._judge(self._coming.result()), None
            if message and message["type"] != "websocket.receive":
                return message
            if message:
                self._waiting.append((self._turn(), message))

    def close(self) -> None:
        """Stop reading."""
        if self._coming:
            self._coming.cancel()


class Sockets:
    """The open pages of this process, and the rules they are held to."""

    def __init__(self, limits: Callable[[], Limits]) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._by_socket, self._by_client = Buckets(), Buckets()
        self._last_turn: dict[str, float] = {}  # of each client with an open page, by the loop
        self._next = 0

    @property
    def pages(self) -> int:
        """How many are open."""
        return self._open.total()

    @property
    def full(self) -> bool:
        """Whether the next page would be refused whoever asks."""
        return self.pages >= self._limits().pages

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 1008, or pass on with what is said measured."""
        client = client_of(scope, self._limits().trusted_proxies)
        scope = _as_asked(scope, self._limits().public_url)
        why = traffic.ORIGIN if _is_foreign(scope) else self._no_place(client)
        if why:
            log.debug("page of %s refused: %s", client, why)
            await _refuse(why, scope, receive, send)
            return
        self._open[client] += 1
        inbox = _Inbox(receive, self._judge(client, send), lambda: self._turn(client))
        try:
            await app(scope, inbox.receive, send)
        except WebSocketDisconnected as error:  # the framework closes what is closed already
            log.debug("page of %s is gone: %s", client, error)
        finally:
            inbox.close()
            self._open[client] -= 1
            self._open += Counter()  # drops those without any
            if client not in self._open:
                self._last_turn.pop(client, None)

    def _no_place(self, client: str) -> str:
        limits = self._limits()
        if self.full:
            return traffic.PAGES
        if self._open[client] >= limits.pages_per_client and not is_loopback(client):
            return traffic.CLIENT_PAGES
        return traffic.OPENINGS if self._say(client, OPENING_COST) else ""

    def _judge(self, client: str, send: Send) -> Judge:
        """What becomes of each message of a new page: none where it asks for what is not heard."""
        self._next += 1
        name = str(self._next)

        async def judged(message: Message) -> Message | None:
            if message["type"] != "websocket.receive":
                return message
            why = self._too_many(name, client)
            kind = _kind(message)
            if why or not kind:
                why = why or traffic.BAD_MESSAGE
                traffic.count(why)
                log.debug("page of %s closed: %s", client, why)
                code = UNREADABLE if why == traffic.BAD_MESSAGE else POLICY
                await send({"type": "websocket.close", "code": code, "reason": why})
                return {"type": "websocket.disconnect", "code": code, "reason": why}
            return message if kind in HEARD else None

        return judged

    def _turn(self, client: str) -> float:
        """When the client's next click is passed on, by the loop's clock."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._last_turn.get(client, now) + BETWEEN_CLICKS)
        self._last_turn[client] = turn
        return turn

    def _too_many(self, socket: str, client: str) -> str:
        if self._by_socket.take(socket, 1, SOCKET_BURST, SOCKET_PER_MINUTE):
            return traffic.MESSAGES
        return traffic.CLIENT_MESSAGES if self._say(client, 1) else ""

    def _say(self, client: str, cost: int) -> float:
        per_minute = self._limits().messages_per_minute
        burst = max(OPENING_COST, per_minute * CLIENT_BURST_SECONDS // 60)
        return self._by_client.take(client, cost, burst, per_minute)


def _as_asked(scope: Scope, public_url: str) -> Scope:
    """A request of the public address's own page, under the name the reader has asked for: a proxy
    before the server may have dropped its port or put another name."""
    headers = MutableHeaders(scope=scope)
    asked = traffic.origin_of(headers.get("origin"))
    if not public_url or asked != traffic.origin_of(public_url):
        return scope
    headers["host"] = asked[1]
    return {**scope, "headers": headers.raw}


def _is_foreign(scope: Scope) -> bool:
    """Whether a page of another address asks. The framework would look for its own address at a
    service of the internet first, each time."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    return origin is not None and traffic.origin_of(origin)[1] != headers.get("host")


def _kind(message: Message) -> str:
    """What a browser's message asks for; empty where it is none."""
    data = message.get("bytes")
    if not data:
        return ""
    try:
        return BackMsg.FromString(data).WhichOneof("type") or ""
    except DecodeError:
        return ""


async def _refuse(why: str, scope: Scope, receive: Receive, send: Send) -> None:
    traffic.count(why)
    await receive()
    subprotocol = next(iter(scope.get("subprotocols") or ()), None)
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    await send({"type": "websocket.close", "code": POLICY, "reason": why})
