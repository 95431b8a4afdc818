"""The country's outlines in their levels' colours as an SVG that needs no stylesheet."""

from collections.abc import Sequence
from html import escape

from aq.domain.provinces import BY_CODE
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.web.drawings.map import FIGURE, LETTERS
from aq.web.drawings.outlines import AT_SEA, LABELS, SMALL, WIDTH, outlines, place
from aq.web.drawings.paint import Paint, hatching
from aq.web.drawings.view import shown_digits
from aq.web.wording.korean import number, province_name, shown


def outline_map(
    items: Sequence[CurrentItem],
    standard: Standard,
    text: Text,
    paint: Paint,
    words: str,
    step: int = 1,
) -> str:
    """The provinces of some items with name, letter and value; hatched where there is no level. Of
    others only the land is there, plain. Corners lie on a grid of `step` units."""
    drawn = outlines(step)
    fills = {item.code: _fill(item, standard) for item in items}
    areas = "".join(
        f'<path d="{path}" fill="{fills.get(code, paint.rule)}"/>'
        for code, path in drawn.paths.items()
    )
    labels = "".join(_label(item, standard, text, paint) for item in items)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {drawn.height}" width="100%"'
        f' role="img" aria-label="{escape(words)}" font-family="{paint.font}">'
        f"<defs>{hatching(paint, 'noarea')}</defs>"
        f'<g stroke="{paint.paper}" stroke-width="{1 / step:g}" stroke-linejoin="round"'
        f' transform="scale({step})">{areas}</g>'
        f'<g text-anchor="middle" font-weight="700">{labels}</g></svg>'
    )


def _fill(item: CurrentItem, standard: Standard) -> str:
    return standard.level(item.grade).colour if item.grade else "url(#noarea)"


def _label(item: CurrentItem, standard: Standard, text: Text, paint: Paint) -> str:
    x, y = place(*LABELS[item.code])
    name = province_name(BY_CODE[item.code], text.lang)
    small, side = item.code in SMALL, AT_SEA.get(item.code)
    level = standard.level(item.grade) if item.grade else None
    ink = paint.ink if side or level is None else level.text_colour
    figure = "–"
    if shown(item) is not None:
        figure = number(shown(item), shown_digits(standard, item.pollutant))
        figure += f" {item.letter}" if item.letter else ""
    tag = ""
    if small and not side:
        wide = max(len(name) * LETTERS[text.lang], len(figure) * FIGURE) + 5
        tag = (
            f'<rect x="{x - wide / 2:.0f}" y="{y - 13:.0f}" width="{wide:.0f}" height="28" rx="3"'
            f' fill="{_fill(item, standard)}" stroke="{paint.paper}" stroke-width=".6"/>'
        )
    size, value, step = (11, 12.5, 12) if small or text.lang != "ko" else (13, 16, 15)
    anchor = f' text-anchor="{side}"' if side else ""
    return (
        f'{tag}<text x="{x:.0f}" y="{y - 2:.0f}" font-size="{size}" fill="{ink}"{anchor}>'
        f'{escape(name)}<tspan x="{x:.0f}" dy="{step}" font-size="{value}">{escape(figure)}'
        "</tspan></text>"
    )
