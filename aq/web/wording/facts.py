"""One number with its label, as the pages set several of them in a row; how old the data are."""

from datetime import datetime
from html import escape

from aq.i18n import Text


def older_data(text: Text, since: datetime) -> str:
    """What a reader of a standby is told that lacks what was stored since an instant."""
    return text(
        "These are the data as of {minute}. Newer ones are stored and will follow.",
        minute=text.minute(since),
    )


def no_store(text: Text) -> str:
    """What a reader is told while the store does not answer."""
    return text(
        "The data cannot be read at the moment: the store does not answer. This page looks again"
        " every half minute and comes back by itself. Whoever runs this service finds the reason"
        " with aq doctor."
    )


def fact(value: str, label: str, title: str = "", *, meta: bool = False) -> str:
    """A term and its value (markup), for a definition list; `title` shows on hover.

    What tells where values come from (`meta`) is set smaller than the values.
    """
    hint = f' title="{escape(title)}"' if title else ""
    kind = ' class="meta"' if meta else ""
    return f"<div{kind}{hint}><dt>{escape(label)}</dt><dd>{value}</dd></div>"
