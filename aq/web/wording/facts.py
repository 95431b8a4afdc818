"""One number with its label, as the pages set several of them in a row; how old the data are."""

from datetime import datetime
from html import escape

from aq.i18n import Text
from aq.web.wording.korean import number


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


def missing_words(hours: int, expected: int, key: str, text: Text) -> str:
    """Which share of a pollutant's hours is missing, in a sentence."""
    what = text.pollutant(key)
    if not expected:
        return text("{what}: no hours in this range", what=what)
    if hours == expected:
        return text("{what}: not one hour is missing", what=what)
    if not hours:
        return text("{what}: no hour has a value", what=what)
    share = percent(expected - hours, expected)
    return text("{what}: {share} of the hours are missing", what=what, share=share)


def percent(part: int, whole: int) -> str:
    """A share in per cent; what is not nothing is never printed as nothing."""
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{number(share, 1)}%"
