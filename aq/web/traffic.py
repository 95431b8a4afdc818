"""Who asks, how often he may, and how many were turned away and why."""

import re
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

MAX_CLIENTS = 10_000  # whose rate is remembered
# Reasons, as `/metrics` names them.
CONNECTIONS, CLIENT_CONNECTIONS, SLOW = "connections", "client_connections", "slow_request"
PAGES, CLIENT_PAGES, OPENINGS = "pages", "client_pages", "page_openings"
ORIGIN = "origin"
MESSAGES, CLIENT_MESSAGES, BAD_MESSAGE = "messages", "client_messages", "bad_message"
RATE = "rate"
REASONS = (
    *(CONNECTIONS, CLIENT_CONNECTIONS, SLOW, PAGES, CLIENT_PAGES, OPENINGS, ORIGIN),
    *(MESSAGES, CLIENT_MESSAGES, BAD_MESSAGE, RATE),
)
_WITH_PORT = re.compile(r"^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$")
ROWS_HEADER = "X-AQ-Rows-At-Most"  # of an export: what its client is charged for
# In an ASGI scope: takes tokens of its client and gives the seconds [s] to wait where there are too
# few, else 0. For what costs only when no ready answer is found.
CHARGE = "aq.charge"
_refused: Counter[str] = Counter()
_lock = threading.Lock()


def count(reason: str) -> None:
    """Count somebody who is turned away."""
    with _lock:
        _refused[reason] += 1


def refused() -> dict[str, int]:
    """How many were turned away since the start, by each of `REASONS`."""
    return {reason: _refused[reason] for reason in REASONS}


@dataclass
class Buckets:
    """A token bucket per client: full at `size`, filled again at a pace, by default in a minute."""

    monotonic: Callable[[], float] = time.monotonic
    _kept: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, client: str, cost: int, size: int, per_minute: int | None = None) -> float:
        """Take `cost` tokens; the seconds to wait when there are too few, else 0."""
        now, pace = self.monotonic(), (per_minute or size) / 60
        with self._lock:
            tokens, since = self._kept.pop(client, (float(size), now))
            tokens = min(float(size), tokens + (now - since) * pace)
            enough = tokens >= cost
            self._kept[client] = (tokens - cost if enough else tokens, now)
            if len(self._kept) > MAX_CLIENTS:
                self._kept.popitem(last=False)
        return 0.0 if enough else (min(cost, size) - tokens) / pace

    def owe(self, client: str, cost: int) -> None:
        """Take tokens for what turned out to be asked for; there may be fewer than none then, for
        which the client's next calls wait."""
        with self._lock:
            tokens, since = self._kept[client]
            self._kept[client] = tokens - cost, since


def client_of(scope: Scope, trusted: tuple[str, ...]) -> str:
    """The client that asks (`client`), by an ASGI scope."""
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    return client((scope.get("client") or ("", 0))[0], forwarded, trusted)


def client(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """The client that asks: the peer, or, when the peer is a trusted proxy, the nearest address it
    forwards for that is none itself. What a client claims of itself is never believed.

    Parameters
    ----------
    peer : address of the connection's other end
    forwarded : X-Forwarded-For, every line of it
    trusted : networks of the proxies that are believed
    """
    if not among(peer, trusted):
        return subscriber(peer)
    for address in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not among(address, trusted):
            return subscriber(address)
    return peer


def stands_for_many(address: str, trusted: tuple[str, ...]) -> bool:
    """Whether an address may be everybody's: a named proxy's, or loopback, where an unnamed one
    looks the same as this machine's own user."""
    return is_loopback(address) or among(address, trusted)


def is_loopback(name: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    found = _address(name)
    return name == "localhost" or (found is not None and found.is_loopback)


def subscriber(address: str) -> str:
    """An address as a rate knows it: an IPv6 subscriber has a whole /64 (RFC 4291, RFC 6177)."""
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address if found is None else str(found)


def origin_of(origin: str | None) -> tuple[str, str]:
    """(scheme, host and port) of an Origin or an address; empty where it is none."""
    try:
        parts = urlsplit(origin or "")
    except ValueError:  # such as http://[
        return "", ""
    return parts.scheme, parts.netloc


def among(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address is of one of these networks."""
    found = _address(address)
    if found is None:
        return False
    return any(found in ip_network(network, strict=False) for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as sockets and proxies write it: a socket of both families gives IPv4 within
    IPv6, some proxies add the client's port."""
    try:
        found = ip_address(_WITH_PORT.sub(r"\1\2", str(text)))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
