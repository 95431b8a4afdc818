"""The strip: 17 chips in page-header order, the reader's own province before them."""

from html import escape

from aq.queries.current import CurrentItem
from aq.web.drawings.marks import badge, told, word
from aq.web.drawings.view import View


def strip(view: View, current: str | None) -> str:
    """Each chip reads province, letter, pollutant; its word and value stand behind.

    `current` is the code of the province the page is about, where it is about one.
    """
    items = sorted(view.items, key=lambda item: item.code != view.home)
    chips = "".join(f"<li>{_chip(view, item, item.code == current)}</li>" for item in items)
    label = escape(view.text("Air quality of the 17 provinces"))
    return f'<nav class="strip" aria-label="{label}"><ol data-scroll data-roving>{chips}</ol></nav>'


def _chip(view: View, item: CurrentItem, chosen: bool) -> str:
    current = ' aria-current="true"' if chosen else ""
    return (
        f'<a class="chip" href="{view.href(p=item.code)}" data-pick="{item.code}"'
        f' data-focus="{item.code}" title="{escape(told(view, item))}"{current}>'
        f'<span class="name">{escape(view.name(item.code))}</span> {badge(item)} '
        f"<small>{escape(view.text.pollutant(view.pollutant))}</small> "
        f'<span class="unseen">{escape(word(view, item))}</span></a>'
    )
