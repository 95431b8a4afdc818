"""Keys of answers that are not as documented, on the feeds page; nothing where all are."""

from collections.abc import Sequence
from html import escape

from aq.domain.model import AnswerKey
from aq.feeds.registry import SPECS
from aq.i18n import Text
from aq.web.wording.korean import N_

CHANGES = {"gone": N_("missing: {names}"), "new": N_("new: {names}")}


def section(keys: Sequence[AnswerKey], text: Text) -> str:
    """What changed in each operation's answers, and since when."""
    if not keys:
        return ""
    by_operation: dict[str, list[AnswerKey]] = {}
    for key in keys:
        by_operation.setdefault(key.operation, []).append(key)
    items = "".join(_item(name, those, text) for name, those in by_operation.items())
    note = text(
        "Fields that the service documents and did not send, or sent without documenting them."
        " Nothing is read from a field that is not known."
    )
    title = escape(text("Answers that are not as documented"))
    return f"<h2>{title}</h2><ul>{items}</ul><p class='muted'>{escape(note)}</p>"


def _item(operation: str, keys: Sequence[AnswerKey], text: Text) -> str:
    parts = [
        text(words, names=", ".join(key.name for key in keys if key.change == change))
        for change, words in CHANGES.items()
        if any(key.change == change for key in keys)
    ]
    since = text("since {when}", when=text.minute(min(key.since for key in keys)))
    spec = next((spec for spec in SPECS.values() if spec.operation(operation)), None)
    name = text.operation(spec.name, operation) if spec else operation
    told = f"{'; '.join(parts)} ({since})"
    return f'<li><b title="{escape(operation)}">{escape(name)}</b>: {escape(told)}</li>'
