"""One message to one channel: mail, webhook, file, or whatever Apprise speaks."""

import json
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from typing import Any

from apprise import Apprise, AppriseAsset
from apprise.plugins.email.smtp import AppriseSMTPController

from aq.alerts.channels import FILE, MAIL, WEBHOOK, Channel
from aq.alerts.webhook import DeliveryError, addresses, post

_STATUS = re.compile(r"error=(\d{3})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is sent. `id` is the same in every copy; `data` is what machines read."""

    id: str
    title: str
    body: str
    data: dict[str, Any]

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
        with _apprise_words() as words:
            try:
                taken = _mail(url, parcel) if channel.kind == MAIL else _other(channel, url, parcel)
            except DeliveryError:
                raise
            except Exception as error:  # a plugin's own words may hold the address
                raise DeliveryError(f"the service failed ({type(error).__name__})") from None
        if not taken:
            raise DeliveryError(_why(words))


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


def _plugin(url: str) -> Any:
    asset = AppriseAsset(app_id="aq", app_desc="", storage_mode="memory")
    asset.http_redirects = False
    made = Apprise.instantiate(url, asset=asset)
    if made is None:
        raise DeliveryError("Apprise does not accept the channel's URL", permanent=True)
    return made


def _other(channel: Channel, url: str, parcel: Parcel) -> bool:
    plugin = _plugin(url)
    if channel.kind == "json":
        addresses(plugin.host, plugin.port or 443, private=channel.private)
        plugin.headers["Idempotency-Key"] = parcel.id
        plugin.payload_extras["id"] = parcel.id
    return bool(plugin.notify(body=parcel.body, title=parcel.title, body_format="text"))


def _mail(url: str, parcel: Parcel) -> bool:
    """A mail under a Message-ID of ours, which Apprise would make anew at each attempt."""
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


def _why(words: list[str]) -> str:
    """Our own words for what Apprise said."""
    said = " ".join(words)
    status = _STATUS.search(said)
    if status:
        return f"the service answered {status.group(1)}"
    if "onnection error" in said:
        return "the service cannot be reached"
    return "the service did not take the message"
