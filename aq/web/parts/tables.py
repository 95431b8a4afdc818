"""A table as markup: as high as its rows, twenty of them until a reader asks for all."""

from html import escape

from aq.i18n import Text

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
