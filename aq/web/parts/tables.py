"""A table as markup: as high as its rows, twenty of them until a reader asks for all."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from aq.domain.clock import kst
from aq.i18n import Text
from aq.web.wording.korean import day_words, long_minute, month_words

ROWS = 20  # the style sheet hides the rows after these while the box is closed


def table(label: str, head: str, rows: str, text: Text) -> str:
    """Rows (markup) under their heads; what is too wide scrolls sideways under its label."""
    box = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )
    count = rows.count("<tr")
    if count <= ROWS:
        return box
    summary = escape(text("Show all {n}", n=f"{count:,}"))
    return f'<div class="long"><details><summary>{summary}</summary></details>{box}</div>'


def cards(label: str, heads: Sequence[str], rows: Iterable[Sequence[str]], text: Text) -> str:
    """A table of cells (markup) whose rows, on a phone, are cards: each cell under its head."""
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in heads)
    body = ""
    for first, *others in rows:
        cells = zip(heads[1:], others, strict=True)
        body += f'<tr><th scope="row">{first}</th>' + "".join(
            f'<td data-head="{escape(word)}">{cell}</td>' for word, cell in cells
        )
        body += "</tr>"
    return table(label, f"<tr>{head}</tr>", body, text)


# How a browser's table writes an English date, in the letters of moment.js.
_FORMS = {"hour": "ddd D MMM YYYY HH:mm", "day": "ddd D MMM YYYY", "month": "MMM YYYY"}
_LONE_DIGIT = re.compile(r"(?<!\d)\d(?!\d)")
_FIGURE_SPACE = "\u2007"


def dates(moments: Iterable[date | datetime | None], grain: str, text: Text) -> list[Any]:
    """Cells of a column of dates that sorts by time: hours (with minutes, where they have some),
    days or months, newest first or not.

    Streamlit writes no Korean weekday, so Korean cells are words whose numbers are as wide as two
    digits; English ones are dates, which `date_column` gives their form.
    """
    return [_cell(moment, grain, text) for moment in moments]


def _cell(moment: date | datetime | None, grain: str, text: Text) -> Any:
    if moment is None:
        return "–" if text.lang == "ko" else pd.NaT
    if text.lang == "en":
        return pd.Timestamp(
            kst(moment).replace(tzinfo=None) if isinstance(moment, datetime) else moment
        )
    if isinstance(moment, datetime) and grain == "hour":
        words = long_minute(text, moment)
    else:
        words = day_words(text, moment) if grain == "day" else month_words(text, moment)
    return _LONE_DIGIT.sub(lambda digit: f"{_FIGURE_SPACE}{digit[0]}", words)


def date_column(name: str, grain: str, text: Text) -> dict[str, Any]:
    """The column configuration that such a column needs."""
    if text.lang == "ko":
        return {}
    return {name: st.column_config.DatetimeColumn(format=_FORMS[grain])}
