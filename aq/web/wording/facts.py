"""One province's numbers in a row: what it is, how it was come by, and when."""

from html import escape

from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.web.parts import cache, page
from aq.web.wording.feeds import minute
from aq.web.wording.korean import (
    averaging_words,
    exact,
    grade_word,
    missing_short,
    number,
    provenance,
    shown,
    told_hour,
)


def item_facts(item: CurrentItem, text: Text) -> str:
    """The facts of an item as a definition list."""
    facts = [
        _value(item, text),
        _rule(item, text),
        _stations(item, text),
        _origin(item, text),
    ]
    return '<dl class="facts">' + "".join(markup for markup in facts if markup) + "</dl>"


def fact(value: str, label: str, title: str = "") -> str:
    """A term and its value (markup), for a definition list; `title` shows on hover."""
    hint = f' title="{escape(title)}"' if title else ""
    return f"<div{hint}><dt>{escape(label)}</dt><dd>{value}</dd></div>"


def _value(item: CurrentItem, text: Text) -> str:
    amount, digits = shown(item), cache.shown_digits(item.pollutant, item.standard)
    if amount is None:
        absent = fact(f"{page.badge(item)}{escape(text('no data'))}", missing_short(text, item))
        if item.last_at is None:
            return absent
        last = f"{number(item.last_value, digits)} {item.unit or ''}"
        label = text("last data, {hour}", hour=told_hour(text, item.last_at, cache.moment()))
        return absent + fact(escape(last), label, exact(item.last_at))
    told = f"{number(amount, digits)} {item.unit or ''}".rstrip()
    word = grade_word(item, page.standard(), text.lang) or text("no level")
    hour = text.hour(item.observed_at) if item.observed_at else ""
    if item.stale:
        hour = text("last data, {hour}", hour=hour)
    title = exact(item.observed_at) if item.observed_at else ""
    return fact(f"{page.badge(item)}{escape(word)}", text("level")) + fact(
        escape(told), hour, title
    )


def _rule(item: CurrentItem, text: Text) -> str:
    """What the number is: over how long it is a mean, or which pollutant decided."""
    if item.dominant:
        return fact(escape(text.pollutant(item.dominant)), text("deciding pollutant"))
    if shown(item) is None or item.averaging is None:
        return ""
    return fact(escape(averaging_words(text, item.averaging)), text("graded by"))


def _stations(item: CurrentItem, text: Text) -> str:
    if item.stations is None or not item.stations_expected:
        return ""
    label = text("urban stations heard of those expected")
    if item.thin:
        label = text("stations heard; few, read with care")
    return fact(f"{item.stations} / {item.stations_expected}", label)


def _origin(item: CurrentItem, text: Text) -> str:
    if not item.feed or item.observed_at is None:
        return ""
    label = text.feed(item.feed)
    if item.fetched_at:
        label = text("{feed}, received {hour}", feed=label, hour=minute(item.fetched_at, text))
    title = exact(item.fetched_at) if item.fetched_at else ""
    return fact(escape(provenance(text, item.kind, item.status)), label, title)
