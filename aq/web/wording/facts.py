"""One number with its label, as the pages set several of them in a row."""

from html import escape


def fact(value: str, label: str, title: str = "") -> str:
    """A term and its value (markup), for a definition list; `title` shows on hover."""
    hint = f' title="{escape(title)}"' if title else ""
    return f"<div{hint}><dt>{escape(label)}</dt><dd>{value}</dd></div>"
