"""One message to one channel: mail, webhook, file, or whatever Apprise speaks."""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from typing import Any

import requests

from aq.alerts.channels import FILE, KAKAOTALK, MAIL, SCHEMES, WEBHOOK, Channel
from aq.alerts.webhook import LONGEST_WAIT, DeliveryError, addresses, asked_wait, post
from aq.paths import home

TOO_MANY = 429
KEPT = "apprise"  # folder in var/ for what a service has Apprise keep: KakaoTalk renews its token


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is sent, or a part of it. `id` is the same in every copy and part; `data` is what
    machines read, `link` the page a tap on it opens."""

    id: str
    title: str
    body: str
    data: dict[str, Any]
    link: str = ""

    def as_json(self) -> bytes:
        """The parcel as one line of JSON."""
        whole = {**self.data, "id": self.id, "title": self.title, "text": self.body}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def send(channel: Channel, parcel: Parcel) -> None:
    """Give a parcel to a channel; raises `DeliveryError`, free of addresses and keys."""
    url = channel.url.get_secret_value() if channel.url else ""
    if channel.kind == FILE:
        _append(channel, parcel)
    elif channel.kind == WEBHOOK:
        secret = channel.secret.get_secret_value() if channel.secret else ""
        post(url, secret, parcel.id, parcel.as_json(), private=channel.private)
    else:
        _by_apprise(channel, url, parcel)


def _by_apprise(channel: Channel, url: str, parcel: Parcel) -> None:
    with _apprise_words() as words:
        _heard.answer = None
        try:
            taken = _mail(url, parcel) if channel.kind == MAIL else _other(channel, url, parcel)
        except DeliveryError:
            raise
        except Exception as error:  # a plugin's own words may hold the address
            raise DeliveryError(f"the service failed ({type(error).__name__})") from None
    if not taken:
        raise _refused(words)


def _append(channel: Channel, parcel: Parcel) -> None:
    """One write of one line at the end of the file, on the disk before it counts as sent."""
    if channel.path is None:
        raise DeliveryError("the channel names no file", permanent=True)
    try:
        channel.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(channel.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, parcel.as_json() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise DeliveryError(f"the file cannot be written: {error.strerror}") from None


class _Answers:
    """Stands for `requests` in a plugin's module: Apprise keeps a service's answer to itself, and
    what the service asks for, and why it refuses, stands in it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def request(self, *given: Any, **named: Any) -> Any:
        _heard.answer = requests.request(*given, **named)  # noqa: S113 - plugins give a time-out
        return _heard.answer

    def post(self, *given: Any, **named: Any) -> Any:
        return self.request("POST", *given, **named)


_heard = threading.local()
_answers = _Answers()


def _plugin(url: str) -> Any:
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - most sites have no such channel

    keeps = url.startswith(SCHEMES[KAKAOTALK])
    asset = AppriseAsset(
        app_id="aq",
        app_desc="",
        storage_mode="auto" if keeps else "memory",
        storage_path=str(home() / "var" / KEPT) if keeps else None,
        pem_autogen=False,
    )
    asset.http_redirects = False
    made = Apprise.instantiate(url, asset=asset)
    if made is None:
        raise DeliveryError("Apprise does not accept the channel's URL", permanent=True)
    module = sys.modules[type(made).__module__]
    if getattr(module, "requests", None) is requests:
        module.requests = _answers  # type: ignore[attr-defined]
    return made


def _other(channel: Channel, url: str, parcel: Parcel) -> bool:
    plugin = _plugin(url)
    if channel.kind == "json":
        addresses(plugin.host, plugin.port or 443, private=channel.private)
        plugin.headers["Idempotency-Key"] = parcel.id
        plugin.payload_extras["id"] = parcel.id
    if channel.kind == KAKAOTALK and parcel.link:
        plugin.link = plugin.link or parcel.link
    return bool(plugin.notify(body=parcel.body, title=parcel.title, body_format="text"))


def _mail(url: str, parcel: Parcel) -> bool:
    """A mail under a Message-ID of ours, which Apprise would make anew at each attempt."""
    from apprise.plugins.email.smtp import AppriseSMTPController  # noqa: PLC0415 - as above

    plugin = _plugin(url)
    sender = plugin.from_addr[1]
    with AppriseSMTPController(
        host=plugin.smtp_host,
        port=plugin.port,
        secure_mode=plugin.secure_mode,
        user=plugin.user,
        password=plugin.password,
        verify_certificate=plugin.verify_certificate,
        socket_connect_timeout=plugin.socket_connect_timeout,
    ) as smtp:
        taken = True
        for name, address in plugin.targets:
            mail = EmailMessage()
            mail["Subject"] = parcel.title
            mail["From"] = formataddr((plugin.from_addr[0] or "", sender))
            mail["To"] = formataddr((name or "", address))
            mail["Date"] = formatdate()
            mail["Message-ID"] = f"<{parcel.id}@{sender.rpartition('@')[2]}>"
            mail["Auto-Submitted"] = "auto-generated"
            mail.set_content(parcel.body, cte="base64")
            taken = bool(smtp.sendmail(sender, [address], mail.as_string())) and taken
        return taken


class _Words(logging.Handler):
    """Catches what Apprise says in one thread; it names hosts and tokens, so it goes no further."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread, self.said = threading.get_ident(), list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.said.append(record.getMessage())


@contextmanager
def _apprise_words() -> Iterator[list[str]]:
    logger = logging.getLogger("apprise")
    logger.propagate = False
    words = _Words()
    logger.addHandler(words)
    try:
        yield words.said
    finally:
        logger.removeHandler(words)


def _refused(words: list[str]) -> DeliveryError:
    """Our own words for why a service did not take a message, and how long it asks to wait."""
    answer = getattr(_heard, "answer", None)
    if answer is not None and not answer.ok:
        status = int(answer.status_code)
        wait = asked_wait(status, answer.headers, time.time())
        if status == TOO_MANY and "Retry-After" not in answer.headers:
            wait = _wait_in(answer) or wait
        said = _service_words(answer)
        words_here = f"the service answered {status}{f': {said}' if said else ''}"
        return DeliveryError(words_here, permanent=status in (400, 404, 413), wait=wait)
    if "onnection error" in " ".join(words):
        return DeliveryError("the service cannot be reached")
    return DeliveryError("the service did not take the message")


def _service_words(answer: Any) -> str:
    """What a service itself says of its refusal; where it has no such word, nothing."""
    try:
        body = answer.json()
        names = ("description", "error_description", "msg", "message", "error")
        found = next((body[name] for name in names if isinstance(body.get(name), str)), "")
    except (ValueError, AttributeError):
        return ""
    return str(found)[:120]


def _wait_in(answer: Any) -> float | None:
    """Seconds that Discord and Telegram name in the body of a 429."""
    try:
        body = answer.json()
        given = body.get("retry_after") or body.get("parameters", {}).get("retry_after")
        return min(float(given), LONGEST_WAIT)
    except (ValueError, TypeError, AttributeError):
        return None
