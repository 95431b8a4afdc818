"""Drains the outbox: each channel for itself, at least once, again after a failure, to a limit."""

import hashlib
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from itertools import chain
from typing import Any

from aq.alerts.channels import Channel, Outlets
from aq.alerts.fit import ANY, LIMITS, fit
from aq.alerts.senders import Parcel, send
from aq.alerts.webhook import DeliveryError
from aq.alerts.wording import sheet
from aq.domain.clock import KST, kst
from aq.domain.errors import InputError
from aq.i18n import text_in
from aq.logs import redact
from aq.store import Store, outbox

ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
LEASE = timedelta(minutes=5)
BATCH = 20
# A wait that a receiver asks for is sat out up to this [s]; a longer one is a later attempt.
PATIENCE = 20.0
WAITED_FOR = timedelta(days=1)
DIGEST_AT = clock_time(8)  # KST; weekly on Mondays
_random = random.SystemRandom()
Send = Callable[[Channel, Parcel], None]


@dataclass(slots=True)
class NotifyReport:
    """What a pass over a channel did."""

    sent: int = 0
    retried: int = 0
    failed: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything that was due has left."""
        return not (self.retried or self.failed)

    def __add__(self, other: "NotifyReport") -> "NotifyReport":
        return NotifyReport(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return asdict(self)


class Notifier:
    """Sends what is due. Any number of instances may do it at once."""

    def __init__(
        self, store: Store, outlets: Outlets, *, owner: str, public_url: str = "", via: Send = send,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.store, self.outlets, self.owner = store, outlets, owner
        self.public_url, self._send, self._sleep = public_url, via, sleep

    def drain(self, name: str, now: datetime) -> NotifyReport:
        """Send a channel's due messages until one fails or none is left."""
        channel, report = self.outlets.channels[name], NotifyReport()
        while True:
            size = 1 if channel.digest is None else BATCH
            rows = outbox.claim(self.store, name, owner=self.owner, now=now, lease=LEASE,
                                limit=size)  # fmt: skip
            if not rows:
                return report
            groups = self._groups(channel, rows, now)
            for number, group in enumerate(groups, start=1):
                if not self._attempt(channel, group, now, report):
                    for row in chain.from_iterable(groups[number:]):
                        outbox.release(self.store, row, now)
                    return report
            if channel.digest is not None:
                return report

    def fail_unknown(self, _now: datetime) -> NotifyReport:
        """Messages for channels that are gone fail where everyone can see them."""
        error = "no channel of this name is configured"
        return NotifyReport(failed=outbox.fail_unknown(self.store, self.outlets.channels, error))

    def _groups(self, channel: Channel, rows: Sequence[Any], now: datetime) -> list[list[Any]]:
        """Each message alone, or those of one digest and language once its time has come."""
        if channel.digest is None:
            return [[row] for row in rows]
        groups: dict[tuple[datetime, str], list[Any]] = {}
        for row in rows:
            due = digest_time(row.created_at, channel.digest)
            if due <= now:
                groups.setdefault((due, row.language), []).append(row)
            else:
                outbox.release(self.store, row, due, outbox.HELD)
        return list(groups.values())

    def _attempt(
        self, channel: Channel, rows: Sequence[Any], now: datetime, report: NotifyReport
    ) -> bool:
        """Send what is left of a message; a part that was taken is not sent again."""
        parcels, pause = self._parcels(channel, rows), LIMITS.get(channel.kind, ANY).pause
        for number in range(min(row.part for row in rows), len(parcels)):
            try:
                self._send_patiently(channel, parcels[number])
            except DeliveryError as error:
                self._failed(rows, now, error, report)
                return False
            if number + 1 < len(parcels):
                outbox.advance(self.store, *rows, part=number + 1)
                self._sleep(pause)
        outbox.settle(self.store, *rows, state=outbox.SENT, now=now)
        report.sent += len(rows)
        return True

    def _send_patiently(self, channel: Channel, parcel: Parcel) -> None:
        """Send, and where the service asks for a short wait, wait and send again."""
        waited = 0.0
        while True:
            try:
                return self._send(channel, parcel)
            except DeliveryError as error:
                if error.wait is None or waited + error.wait > PATIENCE:
                    raise
                waited += max(error.wait, 0.1)
                self._sleep(error.wait)

    def _failed(
        self, rows: Sequence[Any], now: datetime, error: DeliveryError, report: NotifyReport
    ) -> None:
        """What went together is tried again together, so that its copy has the same id. A wait that
        the receiver asks for is no failed attempt, for a day."""
        young = now - min(row.created_at for row in rows) < WAITED_FOR
        attempts, words = max(row.attempts for row in rows), redact(str(error))
        if error.wait is not None and young:
            for row in rows:
                outbox.release(self.store, row, now + timedelta(seconds=error.wait), error=words)
        elif error.permanent or attempts >= ATTEMPTS:
            outbox.settle(self.store, *rows, state=outbox.FAILED, now=now, error=words)
            report.failed += len(rows)
            return
        else:
            again = now + backoff(attempts)
            outbox.settle(
                self.store, *rows, state=outbox.QUEUED, now=now, next_attempt=again, error=words
            )
        report.retried += len(rows)

    def _parcels(self, channel: Channel, rows: Sequence[Any]) -> list[Parcel]:
        """A message as its channel takes it: one parcel, or a part each."""
        bodies = [json.loads(row.body) for row in rows]
        body = bodies[0]
        if channel.digest is not None:
            due = kst(digest_time(rows[0].created_at, channel.digest))
            events = [event for one in bodies for event in one["events"]]
            simulated = any(one.get("simulated") for one in bodies)
            number = digest_id(f"digest.{channel.name}.{due:%Y%m%d}", rows)
            body = {"id": number, "kind": "digest", "simulated": simulated, "events": events}
        lang = rows[0].language or channel.lang
        limits = LIMITS.get(channel.kind, ANY)
        made = sheet(body, lang, self.public_url)
        title = made.title if limits.titled else ""
        return [
            Parcel(id=made.id, title=title, body=words, data=body, link=made.link)
            for words in fit(made, limits, text_in(lang))
        ]


def backoff(attempts: int) -> timedelta:
    """How long to wait after a number of attempts: doubled each time, give or take half."""
    wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return timedelta(seconds=wait.total_seconds() * _random.uniform(0.5, 1.5))


def digest_time(created: datetime, digest: str) -> datetime:
    """The first time after a message's making at which its channel is told all at once."""
    local = kst(created)
    due = datetime.combine(local.date(), DIGEST_AT, KST)
    while due < local or (digest == "weekly" and due.weekday() != 0):
        due += timedelta(days=1)
    return due


def digest_id(start: str, rows: Sequence[Any]) -> str:
    """The same for the same messages: another part of the digest is another message."""
    parts = "\n".join(sorted(row.message for row in rows))
    return f"{start}.{hashlib.sha256(parts.encode()).hexdigest()[:16]}"


def try_channel(outlets: Outlets, name: str, now: datetime, via: Send = send) -> str:
    """Send a message that says it is a test; gives its id. Raises `InputError` or
    `DeliveryError`."""
    channel = outlets.channels.get(name)
    if channel is None:
        known = ", ".join(outlets.channels) or "none"
        raise InputError(f"unknown channel {name!r}; configured are {known}", "channel")
    text, number = text_in(channel.lang), f"test.{int(now.timestamp())}"
    title = text("[Test] Air Quality 17")
    words = text("This is a test of the channel; no level was reached.")
    data = {"kind": "test", "events": []}
    via(channel, Parcel(id=number, title=title, body=f"{words}\n{number}", data=data))
    return number
