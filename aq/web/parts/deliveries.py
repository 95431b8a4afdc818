"""Messages of alerts that wait or failed: why, since when, and sent again by an administrator."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from aq.alerts import outbox
from aq.i18n import Text
from aq.logs import redact
from aq.web.parts import admin, cache, page
from aq.web.wording.korean import N_, long_minute

SHOWN = 50
# Those that need a person first.
STATE_WORDS = {
    outbox.FAILED: N_("failed, given up"),
    outbox.SENDING: N_("being sent"),
    outbox.QUEUED: N_("waiting for the next try"),
    outbox.HELD: N_("held until its time"),
}
# What senders say of a failure; {why} is a number or a name that needs no words of ours.
ERROR_WORDS = {
    "host": N_("the host's name was not found"),
    "private": N_(
        "the address is of this machine or a private network; set private = true for the channel"
        " to allow that"
    ),
    "receiver": N_("the receiver cannot be reached"),
    "certificate": N_("the receiver's certificate was not accepted"),
    "broken": N_("the connection broke before an answer came"),
    "redirect": N_("HTTP {why}: sent elsewhere, not followed"),
    "status": N_("the service answered {why}"),
    "reach": N_("the service cannot be reached"),
    "refused": N_("the service did not take the message"),
    "service": N_("the service failed ({why})"),
    "file": N_("the file cannot be written: {why}"),
    "no file": N_("the channel names no file"),
    "url": N_("Apprise does not accept the channel's URL"),
    "gone": N_("no channel of this name is configured"),
}
_ERRORS = [
    (re.compile(re.escape(one).replace(r"\{why\}", "(.+)")), one) for one in ERROR_WORDS.values()
]


def draw(name: str | None, text: Text) -> None:
    """The table, and for an administrator a button for each channel; nothing when all has left."""
    store = cache.context().store
    found: list[Any] = []
    for state in STATE_WORDS:
        found += outbox.messages(store, [state], SHOWN)
    if not found:
        return
    page.html(f"<h2>{escape(text('Messages that have not left'))}</h2>")
    _table(found[:SHOWN], text)
    waiting = sum(count for (_, state), count in outbox.counts(store).items() if state != "sent")
    if waiting > SHOWN:
        words = text("{n} of {all} are shown.", n=SHOWN, all=waiting)
        page.html(f'<p class="muted">{escape(words)}</p>')
    if name is not None:
        _buttons([one for one in found[:SHOWN] if one.state == outbox.FAILED], text)


def news() -> tuple[object, ...]:
    """What changes when a message leaves, fails or is tried again."""
    found = outbox.counts(cache.context().store)
    return tuple(sorted((*key, count) for key, count in found.items() if key[1] != outbox.SENT))


def error_words(said: str | None, text: Text) -> str:
    """Why an attempt failed, in the reader's language and free of secrets; a dash before one."""
    if not said:
        return "–"
    for pattern, message in _ERRORS:
        match = pattern.fullmatch(said)
        if match:
            return text(message, why=match.group(1) if match.groups() else "")
    return redact(said)


def _table(found: Sequence[Any], text: Text) -> None:
    heads = [
        *(text("Channel"), text("State"), text("Tries"), text("Last failure")),
        *(text("Written"), text("Next try")),
    ]
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(_row(one, text) for one in found)
    page.html(
        '<div class="scroll" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>",
        "standing",
    )


def _row(one: Any, text: Text) -> str:
    state = escape(text(STATE_WORDS[one.state]))
    waits = one.state in (outbox.HELD, outbox.QUEUED)
    cells = [
        f"<b>{state}</b>" if one.state == outbox.FAILED else state,
        str(one.attempts),
        escape(error_words(one.last_error, text)),
        _stamp(one.created_at, text),
        _stamp(one.next_attempt if waits else None, text),
    ]
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(one.channel)}</th>{row}</tr>'


def _stamp(at: datetime | None, text: Text) -> str:
    return long_minute(text, at) if at else "–"


def _buttons(failed: Sequence[Any], text: Text) -> None:
    """A channel fails as a whole, so what it lost is sent again as a whole."""
    numbers: dict[str, list[int]] = {}
    for one in failed:
        numbers.setdefault(one.channel, []).append(one.id)
    for channel, lost in sorted(numbers.items()):
        label = text("Send again: {channel} ({n})", channel=channel, n=len(lost))
        if st.button(label, key=f"resend {channel}"):
            admin.write(partial(_resend, lost))


def _resend(numbers: Sequence[int], who: str) -> None:
    context = cache.context()
    for number in numbers:
        outbox.resend(context.store, number, context.clock.now(), who)
