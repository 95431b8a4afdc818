"""A signed POST to an address that is looked up once, checked, and then connected to."""

import hashlib
import hmac
import ipaddress
import socket
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import urllib3

from aq import __version__

TIMEOUT = urllib3.Timeout(connect=10, read=20)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class DeliveryError(Exception):
    """A message was not taken. The words are our own and hold no address; `permanent` says that
    trying again cannot help, `wait` how long the receiver asks to be left alone [s]."""

    def __init__(self, detail: str, *, permanent: bool = False, wait: float | None = None) -> None:
        self.permanent, self.wait = permanent, wait
        super().__init__(detail)


# A receiver that says 429 without a time is left alone for so long, and never for longer than an
# hour at a time [s].
UNSAID_WAIT, LONGEST_WAIT = 60.0, 3600.0


def asked_wait(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """How long an answer asks to wait [s]: `Retry-After` in seconds or as a date (RFC 9110 section
    10.2.3); None for an answer that asks nothing."""
    given = headers.get("Retry-After", "").strip()
    if status not in (429, 503) or (status == 503 and not given):
        return None
    try:
        wait = float(given)
    except ValueError:
        try:
            wait = parsedate_to_datetime(given).timestamp() - now
        except ValueError:
            wait = UNSAID_WAIT
    return min(max(wait, 0.0), LONGEST_WAIT)


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet, in whatever dress it comes."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def addresses(host: str, port: int, *, private: bool) -> list[str]:
    """The addresses of a host. Raises `DeliveryError` when any of them is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise DeliveryError("the host's name was not found") from None
    made = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not private and not all(is_public(one) for one in made):
        raise DeliveryError(
            "the address is of this machine or a private network; set private = true for the"
            " channel to allow that",
            permanent=True,
        )
    return made


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and the hex HMAC-SHA256 of timestamp, a full stop and the body."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def post(url: str, secret: str, key: str, body: bytes, *, private: bool) -> None:
    """POST a JSON body under an idempotency key; raises `DeliveryError` unless it was taken (2xx).

    The name is looked up once: what was checked is what is connected to. Redirects are refused.
    """
    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    host = parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    timestamp = str(int(time.time()))
    headers = {
        "Host": parts.netloc.rsplit("@", 1)[-1],
        "User-Agent": f"aq/{__version__}",
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": key,
        "X-AQ-Timestamp": timestamp,
        "X-AQ-Signature": signature(secret, timestamp, body),
    }
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    error = DeliveryError("the receiver cannot be reached")
    for address in addresses(host, port, private=private):
        try:
            pool = _pool(address, port, host, secure=secure)
            status, wait = _answer(pool, target, headers, body)
        except urllib3.exceptions.SSLError:
            error = DeliveryError("the receiver's certificate was not accepted")
        except urllib3.exceptions.NewConnectionError:
            continue
        except urllib3.exceptions.HTTPError:
            error = DeliveryError("the connection broke before an answer came")
        else:
            return _judge(status, wait)
        break
    raise error


def _pool(address: str, port: int, host: str, *, secure: bool) -> urllib3.HTTPConnectionPool:
    if not secure:
        return urllib3.HTTPConnectionPool(address, port, timeout=TIMEOUT, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        address, port, timeout=TIMEOUT, maxsize=1, server_hostname=host, assert_hostname=host
    )


def _answer(
    pool: urllib3.HTTPConnectionPool, target: str, headers: dict[str, str], body: bytes
) -> tuple[int, float | None]:
    """(the status of the answer, how long it asks to wait); its body is nobody's business."""
    with pool:
        response = pool.urlopen(
            "POST",
            target,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        response.close()
        return response.status, asked_wait(response.status, response.headers, time.time())


def _judge(status: int, wait: float | None) -> None:
    if 300 <= status < 400:
        raise DeliveryError(f"HTTP {status}: sent elsewhere, not followed", permanent=True)
    if not 200 <= status < 300:
        raise DeliveryError(f"HTTP {status}", wait=wait)
