"""A table as markup: as high as its rows, twenty of them until a reader asks for all; on a phone
each row of a wide one is a card."""

from collections.abc import Callable, Iterable, Sequence
from html import escape

import pandas as pd
import streamlit as st

from aq.i18n import Text
from aq.web.parts import page

ROWS = 20  # the style sheet hides the rows after these while the box is closed
MOST_ROWS = 1000  # of a table that a reader opens
NARROW = 4  # so many columns of numbers stand side by side on a phone


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


def cards(
    label: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    text: Text,
    *,
    numbers: bool = False,
    narrow: int = NARROW,
) -> str:
    """A table of cells (markup) whose rows, on a phone, are cards: each cell under its head.

    With `numbers` all columns but the first are numbers, and up to `narrow` stay a table.
    """
    kind = ' class="num"' if numbers else ""
    first, *others = (escape(word) for word in heads)
    head = f'<th scope="col">{first}</th>'
    head += "".join(f'<th scope="col"{kind}>{word}</th>' for word in others)
    named = [f'{kind} data-head="{word}"' for word in others]
    if numbers and len(heads) <= narrow:
        named = [kind] * len(others)
    body = ""
    for name, *cells in rows:
        body += f'<tr><th scope="row">{name}</th>' + "".join(
            f"<td{attributes}>{cell}</td>" for attributes, cell in zip(named, cells, strict=True)
        )
        body += "</tr>"
    return table(label, f"<tr>{head}</tr>", body, text)


def titled(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    text: Text,
    *,
    numbers: bool = False,
) -> str:
    """Such a table under its heading."""
    return f"<h2>{escape(caption)}</h2>{cards(caption, heads, rows, text, numbers=numbers)}"


def plain(label: str, frame: pd.DataFrame, text: Text, *, numbers: bool = False) -> str:
    """Such a table of a data frame's values as they stand."""
    rows = ([escape(str(cell)) for cell in row] for row in frame.itertuples(index=False, name=None))
    return cards(label, [str(column) for column in frame.columns], rows, text, numbers=numbers)


def opened(
    title: str, key: str, frame: Callable[[], pd.DataFrame], text: Text, *, numbers: bool = False
) -> None:
    """A table that is made and sent once a reader opens it."""
    box = st.expander(title, key=key, on_change="rerun")
    if not box.open:
        return
    whole = frame()
    body = plain(title, whole[:MOST_ROWS], text, numbers=numbers)
    if len(whole) > MOST_ROWS:
        words = text(
            "The first {n} of {all}; the export has them all.",
            n=f"{MOST_ROWS:,}",
            all=f"{len(whole):,}",
        )
        body += f'<p class="muted">{escape(words)}</p>'
    with box:
        page.html(body)
