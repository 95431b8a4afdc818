"""The pollutants of a province as bars against their levels; a click makes one the page's."""

from html import escape

from aq.domain.windows import OVERALL
from aq.queries.current import CurrentItem
from aq.web.drawings.bands import level_bands
from aq.web.drawings.marks import badge, told, word
from aq.web.drawings.view import View
from aq.web.wording.korean import shown


def bars(view: View) -> str:
    """A bar for each pollutant: the levels side by side, a mark where the value lies in its own."""
    cells = "".join(
        f"<li>{_bar(view, item)}</li>"
        for item in view.answer.items_of(view.place)
        if item.pollutant != OVERALL
    )
    return f'<ul class="six">{cells}</ul>'


def _bar(view: View, item: CurrentItem) -> str:
    text = view.text
    current = ' aria-current="true"' if item.pollutant == view.pollutant else ""
    value = escape(view.value(item)) if shown(item) is not None else "–"
    place = position(view, item)
    mark = "" if place is None else f'<u style="left:{place * 100:.1f}%"></u>'
    steps = "".join(
        f'<i class="g{grade}{" on" if grade == item.grade else ""}"></i>'
        for grade in range(1, len(view.standard.levels) + 1)
    )
    return (
        f'<a href="{view.href(x=item.pollutant)}" data-x="{item.pollutant}"'
        f' data-focus="bar-{item.pollutant}" title="{escape(told(view, item))}"{current}>'
        f'<span class="dt">{escape(text.pollutant(item.pollutant))}</span> <span class="dd">{value}'
        f" <small>{escape(item.unit or '')}</small></span>"
        f'<span class="bul" aria-hidden="true">{steps}{mark}</span> <span class="bw">{badge(item)}'
        f" {escape(word(view, item))}</span></a>"
    )


def position(view: View, item: CurrentItem) -> float | None:
    """Where a value stands on its bar, 0 to 1: each level has an equal part of it, the last one is
    as long as the one before; None without a level."""
    if item.grade is None or item.value is None:
        return None
    levels = len(view.standard.levels)
    bands = level_bands(view.standard, item.pollutant, item.averaging or "1h")
    for place, (low, high, level) in enumerate(bands):
        if level == view.standard.level(item.grade):
            last = place == len(bands) - 1 and place
            width = low - bands[place - 1][0] if last else high - low
            share = (item.value - low) / width
            return (item.grade - 1 + min(1.0, max(0.0, share))) / levels
    return None
