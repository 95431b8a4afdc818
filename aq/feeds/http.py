"""The one HTTP session: timeouts, deadlines, bounded retries, quota ledger, secrets kept in."""

import email.utils
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Protocol
from urllib.parse import quote, unquote, urlencode, urlsplit

import requests
import urllib3
from pydantic import SecretStr

from aq import __version__
from aq.domain.clock import kst_midnight_after
from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import Payload
from aq.feeds.base import Get
from aq.logs import redact, register

ATTEMPTS = 3
# A body that cannot be read may have been cut on the way; asking a third time has never helped.
UNREADABLE_ATTEMPTS = 2
MAX_WAIT = 60.0  # seconds a Retry-After is waited for; a longer one is left to a later run
FIRST_BACKOFF = 1.0  # seconds, doubled each time, give or take half
MAX_BODY = 32 * 2**20  # bytes after decompression; a full answer of AirKorea is under 1 MiB
CALLS_PER_HOST = 2  # more in parallel made upstream drop connections
NO_ADDRESS = "the feed's url is no web address"
_CHUNK = 64 * 1024
_SIMULATED = "X-AQ-Simulated"
_RETRIED = frozenset(
    {
        FeedReason.UNREACHABLE,
        FeedReason.UPSTREAM_DOWN,
        FeedReason.RATE_LIMITED,
        FeedReason.NOT_UNDERSTOOD,
    }
)
_random = random.SystemRandom()

Refusal = Callable[[str, int, Mapping[str, str], str, datetime], FeedError | None]


class Ledger(Protocol):
    """Counts the calls of a KST day, across all processes that share a store."""

    def spend(self, feed: str, operation: str, now: datetime, limit: int | None) -> bool:
        """Count one call about to be made; False, and nothing counted, when `limit` is reached."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """A whole answer: status, headers, text and whether a simulator gave it."""

    status: int
    headers: Mapping[str, str]
    text: str


IN_PATH = "{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upstream:
    """What `client` was told of a feed."""

    feed: str
    base_url: str
    key: tuple[str, SecretStr] | None
    key_names: Mapping[str, str]
    daily_limit: int | None
    refusal: Refusal
    timeout: float
    deadline: float

    def url(self, operation: str) -> str:
        """The address of an operation; the empty one is the base URL itself. Where the base URL has
        ``{key}`` in it, the key stands there and not in the query."""
        url = f"{self.base_url}/{operation}" if operation else self.base_url
        if self.key and IN_PATH in url:
            return url.replace(IN_PATH, quote(self.key[1].get_secret_value(), safe=""))
        return url

    def query(self, operation: str, params: Mapping[str, str]) -> str:
        """`params` and the key, each encoded exactly once."""
        key: list[tuple[str, str]] = []
        if self.key and IN_PATH not in self.base_url:
            name = self.key_names.get(operation, self.key[0])
            key.append((name, self.key[1].get_secret_value()))
        return urlencode([*key, *params.items()], quote_via=quote, safe=",")

    def error(
        self,
        operation: str,
        reason: FeedReason,
        detail: str,
        retry_at: datetime | None = None,
    ) -> FeedError:
        """A `FeedError` of this feed, free of secrets."""
        return FeedError(self.feed, operation, reason, redact(detail), retry_at=retry_at)


class _Unusable(Exception):  # noqa: N818 - control flow between two functions of this file
    """A call that gave no reply; holds only words of our own, never the request."""

    def __init__(self, reason: FeedReason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


@dataclass(slots=True)
class _Outcome:
    """What the calling thread gets from the one that talks: a reply or why there is none."""

    reply: _Reply | None = None
    failure: _Unusable = field(
        default_factory=lambda: _Unusable(FeedReason.UNREACHABLE, "the call broke off")
    )


class Http:
    """One `requests` session for the process, safe to share between threads.

    Parameters
    ----------
    ledger : counts every attempt before it is sent
    now : the product's clock, for day limits, Retry-After dates and `fetched_at`
    sleep : waits [s] between attempts
    """

    def __init__(
        self,
        ledger: Ledger,
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ledger, self._now, self._sleep = ledger, now, sleep
        self._session = requests.Session()
        self._session.auth = _nobody
        self._session.headers.update(
            {
                "User-Agent": f"aq/{__version__} (regional air-quality dashboard)",
                "Accept": "application/json, application/xml;q=0.5",
                "Accept-Encoding": "gzip",
            }
        )
        self._lock = threading.Lock()
        self._hosts: dict[str, threading.BoundedSemaphore] = {}

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def client(
        self,
        feed_name: str,
        base_url: str,
        *,
        key: tuple[str, SecretStr | str] | None = None,
        key_names: Mapping[str, str] | None = None,
        daily_limit: int | None = None,
        refusal: Refusal,
        timeout: float = 20.0,
        deadline: float = 120.0,
    ) -> Get:
        """A feed's bound call: ``get(operation, params)`` gives a `Payload` or a `FeedError`.

        Parameters
        ----------
        key : the query parameter's name and the secret, in either form the portal prints it
        key_names : operations whose parameter for the key has another name
        daily_limit : calls a KST day and operation may make; None for no limit
        refusal : the feed's own reading of an answer
        timeout : seconds for connecting, and for each wait for bytes
        deadline : seconds for a call with all its attempts and waits; the first attempt may use
            them all, a later one is begun only where its whole `timeout` is left
        """
        upstream = _Upstream(
            feed=feed_name,
            base_url=base_url.rstrip("/"),
            key=_decoded(key),
            key_names=key_names or {},
            daily_limit=daily_limit,
            refusal=refusal,
            timeout=timeout,
            deadline=deadline,
        )
        if upstream.key:
            register([upstream.key[1].get_secret_value()])

        def get(operation: str, params: Mapping[str, str]) -> Payload:
            return self._call(upstream, operation, dict(params))

        return get

    def _call(self, upstream: _Upstream, operation: str, params: Mapping[str, str]) -> Payload:
        """Attempt a call until it succeeds, fails for good, or its deadline comes.

        What upstream said is the reason that is raised, though it was silent at a later attempt.
        """
        end = time.monotonic() + upstream.deadline
        attempt = 0
        told: FeedError | None = None
        while True:
            attempt += 1
            self._spend(upstream, operation)
            outcome = self._attempt(upstream, operation, params, end)
            if isinstance(outcome, Payload):
                return outcome
            if outcome.reason is not FeedReason.UNREACHABLE:
                told = outcome
            # One begun too late to be heard would cost a call and hide why the last one failed.
            wait = self._wait(outcome, attempt, end - upstream.timeout)
            if wait is None:
                raise _first_said(upstream, told, outcome)
            self._sleep(wait)

    def _spend(self, upstream: _Upstream, operation: str) -> None:
        now = self._now()
        if not self._ledger.spend(upstream.feed, operation, now, upstream.daily_limit):
            detail = f"{upstream.daily_limit} calls were made today; no call was made"
            retry_at = kst_midnight_after(now)
            raise upstream.error(operation, FeedReason.QUOTA_USED_UP, detail, retry_at)

    def _wait(self, error: FeedError, attempt: int, latest: float) -> float | None:
        """Seconds before the next attempt, or None when there shall be none after `latest`."""
        attempts = ATTEMPTS
        if error.reason is FeedReason.NOT_UNDERSTOOD:
            attempts = UNREADABLE_ATTEMPTS
        if error.reason not in _RETRIED or attempt >= attempts:
            return None
        wait = FIRST_BACKOFF * 2 ** (attempt - 1) * _random.uniform(0.5, 1.5)
        if error.retry_at is not None:
            seconds = (error.retry_at - self._now()).total_seconds()
            if seconds > MAX_WAIT:
                return None
            wait = max(wait, seconds)
        return wait if time.monotonic() + wait < latest else None

    def _attempt(
        self, upstream: _Upstream, operation: str, params: Mapping[str, str], end: float
    ) -> Payload | FeedError:
        """One attempt. An error is given back, not raised: a traceback would hold the URL."""
        outcome = self._exchange(upstream, operation, params, end)
        reply, now = outcome.reply, self._now()
        if reply is None:
            return upstream.error(operation, outcome.failure.reason, outcome.failure.detail)
        error = upstream.refusal(operation, reply.status, reply.headers, reply.text, now)
        if error is None:
            error = _by_status(upstream, operation, reply.status)
        if error is None:
            return Payload(
                operation=operation,
                text=reply.text,
                fetched_at=now,
                simulated=_SIMULATED in reply.headers,
                params=params,
            )
        retry_at = error.retry_at
        if not error.permanent and error.reason is not FeedReason.QUOTA_USED_UP:
            retry_at = _retry_after(reply.headers, now) or retry_at
        return upstream.error(operation, error.reason, error.detail, retry_at)

    def _exchange(
        self, upstream: _Upstream, operation: str, params: Mapping[str, str], end: float
    ) -> _Outcome:
        """Talk in a thread of its own and stop listening to it at the deadline.

        Name look-ups have no timeout, and one byte of header a second never meets a read timeout:
        only leaving them behind bounds a call. The thread ends with its socket's next timeout.
        """
        outcome = _Outcome()
        query = upstream.query(operation, params)
        url = f"{upstream.url(operation)}?{query}" if query else upstream.url(operation)

        def talk() -> None:
            try:
                outcome.reply = self._talk(url, upstream.timeout, end)
            except _Unusable as failure:
                outcome.failure = failure

        thread = threading.Thread(target=talk, name=f"http-{upstream.feed}", daemon=True)
        thread.start()
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            late = _Unusable(FeedReason.UNREACHABLE, "no answer within the deadline")
            return _Outcome(failure=late)
        return outcome

    def _talk(self, url: str, timeout: float, end: float) -> _Reply:
        """Send a request and read the whole answer; raises `_Unusable`."""
        host = self._host(url)
        if not host.acquire(timeout=max(0.0, end - time.monotonic())):
            detail = "two calls to the host are still under way"
            raise _Unusable(FeedReason.UNREACHABLE, detail)
        try:
            timeout = max(0.01, min(timeout, end - time.monotonic()))
            with _sent(self._session, url, timeout) as response:
                body = _body(response, end)
                return _Reply(response.status_code, response.headers, _decoded_text(response, body))
        finally:
            host.release()

    def _host(self, url: str) -> threading.BoundedSemaphore:
        try:
            name = urlsplit(url).netloc
        except ValueError:
            raise _Unusable(FeedReason.BAD_REQUEST, NO_ADDRESS) from None
        with self._lock:
            return self._hosts.setdefault(name, threading.BoundedSemaphore(CALLS_PER_HOST))


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a host answers at all: `trouble` in words, else the time it says it has."""

    host: str
    trouble: str = ""
    date: datetime | None = None

    def skew(self, now: datetime) -> timedelta | None:
        """How far `now` is ahead of the host's clock; None when it told no time."""
        return None if self.date is None else now - self.date


def probe(url: str, timeout: float = 5.0) -> Probe:
    """Ask a feed's host for its root, without a key: it need not like the question."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    with requests.Session() as session:
        session.auth = _nobody
        try:
            with _sent(session, f"{parts.scheme}://{parts.netloc}/", timeout) as response:
                text = response.headers.get("Date", "")
        except _Unusable as failure:
            return Probe(host, failure.detail)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return Probe(host)
    return Probe(host, date=date if date.tzinfo else None)


def _first_said(upstream: _Upstream, told: FeedError | None, last: FeedError) -> FeedError:
    """The last error, or what upstream had told before it fell silent, with both in its words."""
    if told is None or told is last:
        return last
    detail = f"{told.detail}; asked again: {last.detail}"
    return upstream.error(last.operation, told.reason, detail, told.retry_at)


def _decoded(key: tuple[str, SecretStr | str] | None) -> tuple[str, SecretStr] | None:
    """The key as it is before encoding: the portal prints an encoded form and a decoded one."""
    if key is None:
        return None
    name, secret = key
    plain = (secret.get_secret_value() if isinstance(secret, SecretStr) else secret).strip()
    return name, SecretStr(unquote(plain) if "%" in plain else plain)


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign a request as nobody: without this a name and password of ~/.netrc would go along."""
    return request


def _sent(session: requests.Session, url: str, timeout: float) -> requests.Response:
    """Headers of an answer. A foreign exception holds the URL, so its words are never used."""
    try:
        return session.get(url, timeout=timeout, stream=True, allow_redirects=False)
    except requests.exceptions.SSLError:
        detail = "no secure connection: the host's certificate or TLS was not accepted"
    except requests.exceptions.Timeout:
        detail = f"no answer within {timeout:g} s"
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.MissingSchema,
    ):
        raise _Unusable(FeedReason.BAD_REQUEST, NO_ADDRESS) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        detail = _why_unconnected(error)
    raise _Unusable(FeedReason.UNREACHABLE, detail)


def _why_unconnected(error: Exception) -> str:
    """Our own words for a connection that failed, from the innermost exception's class."""
    inner: object = error.args[0] if error.args else None
    inner = getattr(inner, "reason", inner)
    if isinstance(inner, urllib3.exceptions.NameResolutionError):
        return "the host's name was not found"
    if isinstance(inner, urllib3.exceptions.NewConnectionError):
        return "the connection was refused or the network is not reachable"
    return "the connection broke before an answer came"


def _body(response: requests.Response, end: float) -> bytes:
    """The body, decompressed, as it comes and no further than the deadline and `MAX_BODY`."""
    parts: list[bytes] = []
    size = 0
    try:
        while part := response.raw.read1(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > MAX_BODY:
                break
            if time.monotonic() > end:
                raise _Unusable(FeedReason.UNREACHABLE, "the answer came too slowly")
    except urllib3.exceptions.TimeoutError:
        failure = _Unusable(FeedReason.UNREACHABLE, "the answer stopped coming")
    except (urllib3.exceptions.HTTPError, HTTPException, OSError):
        failure = _Unusable(FeedReason.NOT_UNDERSTOOD, "the answer was cut off")
    else:
        if size <= MAX_BODY:
            return b"".join(parts)
        detail = f"the answer is larger than {MAX_BODY // 2**20} MiB"
        failure = _Unusable(FeedReason.NOT_UNDERSTOOD, detail)
    raise failure


def _decoded_text(response: requests.Response, body: bytes) -> str:
    """The body as text. Data must be UTF-8; an error page may be in anything."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        if response.status_code == 200:
            detail = "the answer is not UTF-8 text"
            raise _Unusable(FeedReason.NOT_UNDERSTOOD, detail) from None
        return body.decode("utf-8", errors="replace")


def _by_status(upstream: _Upstream, operation: str, status: int) -> FeedError | None:
    """What a status means that the feed itself had nothing to say about."""
    if status == 200:
        return None
    reason = FeedReason.NOT_UNDERSTOOD
    if status >= 500:
        reason = FeedReason.UPSTREAM_DOWN
    elif status == 429:
        reason = FeedReason.RATE_LIMITED
    elif status >= 400:
        reason = FeedReason.BAD_REQUEST
    detail = f"HTTP {status}"
    if 300 <= status < 400:
        detail += ": sent elsewhere, not followed; is the feed's url right?"
    return upstream.error(operation, reason, detail)


def _retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The instant a Retry-After header names, in seconds or as a date; None without one."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 8:
        return now + timedelta(seconds=int(text))
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
