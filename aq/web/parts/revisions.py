"""What was known of one hour and when: the trail of a province's value."""

from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from aq.domain.provinces import BY_CODE
from aq.i18n import Text
from aq.queries.frames import revised_hours
from aq.queries.revisions import trail_items
from aq.web.parts import cache, page
from aq.web.parts.tables import table
from aq.web.wording.korean import long_hour, number, provenance


def show(code: str, pollutant: str, after: datetime, until: datetime) -> None:
    """A choice of the hours with more than one known value, and the trail of the one chosen."""
    text = page.words()
    hours = revised_hours(cache.context(), BY_CODE[code].id, after, until)
    if not hours:
        words = text("No hour of this range has more than one known value.")
        page.html(f'<p class="muted">{escape(words)}</p>')
        return
    chosen = st.selectbox(
        text("Revisions of an hour (hours whose value has changed)"),
        hours,
        index=None,
        format_func=lambda one: long_hour(text, one),
        placeholder=text("Choose an hour"),
        key=f"trail {code} {text.lang}",
        width=420,
    )
    if chosen is not None:
        one = cache.context()
        items = trail_items(one.store, code, pollutant, chosen, page.standard())
        digits = cache.shown_digits(pollutant, page.standard().id)
        page.html(trail_table(items, digits, text))


def trail_table(items: list[dict[str, Any]], digits: int, text: Text) -> str:
    """Value, grade, feed, status, and from when until when it was known."""
    columns = (
        text("Value"),
        text("Level"),
        text("Source"),
        text("Status"),
        text("Known from"),
        text("Known until"),
    )
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    rows = "".join(_row(item, digits, text) for item in items)
    return table(text("Revisions"), f"<tr>{head}</tr>", rows, text)


def _row(one: dict[str, Any], digits: int, text: Text) -> str:
    until = one["known_until"]
    cells = (
        f"{number(one['value'], digits)} {one['unit']}",
        _level(one, text),
        text.feed(one["feed"]),
        provenance(text, one["kind"], one["status"]),
        text.minute(datetime.fromisoformat(one["known_from"])),
        text.minute(datetime.fromisoformat(until)) if until else text("now"),
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _level(one: dict[str, Any], text: Text) -> str:
    if not one["grade"]:
        return "–"
    level = cache.context().standards[one["standard"]].level(one["grade"])
    return f"{level.letter} {level.label(text.lang)}"
