"""The country as a picture: outlines with name and value, and as a grid of tiles for phones."""

from collections.abc import Collection
from html import escape

from aq.domain.provinces import BY_CODE
from aq.queries.current import CurrentItem
from aq.web.drawings.bands import level_bands
from aq.web.drawings.marks import ACT_MARK, act_mark, acts_words, arrow, told, word
from aq.web.drawings.outlines import AT_SEA, LABELS, SMALL, WIDTH, outlines, place
from aq.web.drawings.place import opened
from aq.web.drawings.view import View
from aq.web.wording.korean import listed, number, shown

# West to east and north to south, as far as four columns allow; 제주 has the sea to itself.
TILES = (
    ("KR-28", "KR-11", "KR-41", "KR-42"),
    ("KR-44", "KR-50", "KR-43", "KR-47"),
    ("KR-45", "KR-30", "KR-27", "KR-31"),
    ("KR-29", "KR-46", "KR-48", "KR-26"),
    ("KR-49",),
)
LETTERS = {"ko": 12.0, "en": 7.0}  # units a letter of a small name is wide
FIGURE = 7.2  # and a digit below it


def map_svg(view: View, step: int = 1) -> str:
    """The 17 outlines in their levels' colours, value under name; the chosen one in ink. Their
    corners lie on a grid of `step` units."""
    text, drawn = view.text, outlines(step)
    # The chosen province is drawn last, else its neighbours cover half of its outline.
    items = sorted(view.items, key=lambda item: item.code == view.place)
    areas = "".join(_area(view, item, drawn.paths[item.code]) for item in items)
    areas = f'<g transform="scale({step})">{areas}</g>' if step > 1 else areas
    labels = "".join(_label(view, item) for item in items)
    what = text.pollutant(view.pollutant)
    alt = text("Map of the 17 provinces coloured by level of {what}", what=what)
    if view.acts:
        names = listed((view.name(code) for code in view.acts), text.lang)
        alt += ". " + text("Official advisories in force: {names}", names=names)
    body = (
        f'<svg class="map" viewBox="0 0 {WIDTH} {drawn.height}" role="img"'
        f' aria-label="{escape(alt)}">{hatch("gap-map")}{areas}<g class="names">{labels}</g></svg>'
    )
    return f"{body}{key(view)}"


def hatch(name: str) -> str:
    """The pattern of what is missing, by a name that no other picture of the page has."""
    return (
        f'<defs><pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect class="gap0" width="6" height="6"/>'
        '<rect class="gap1" width="2" height="6"/></pattern></defs>'
    )


def _area(view: View, item: CurrentItem, path: str) -> str:
    about = f"{view.name(item.code)} {item.letter or '–'} {word(view, item)}, {told(view, item)}"
    acts = view.acts.get(item.code)
    about += f" {ACT_MARK} {acts_words(acts, view.text)}" if acts else ""
    chosen = " me" if item.code == view.place else ""
    fill = "" if item.grade else ' fill="url(#gap-map)"'
    return (
        f'<path class="area g{item.grade or 0}{chosen}"{fill} data-pick="{item.code}" d="{path}">'
        f"<title>{escape(about)}</title></path>"
    )


def _label(view: View, item: CurrentItem) -> str:
    """Name and value; a small province with a long name has them on a tag of its own colour."""
    x, y = place(*LABELS[item.code])
    small, name = item.code in SMALL, view.name(item.code)
    mark = f" {ACT_MARK}" if item.code in view.acts else ""
    side, figure = AT_SEA.get(item.code), _figure(view, item)
    kind = "sea" if side else f"g{item.grade or 0}"
    tag = ""
    if small and not side:
        widest = max(len(name + mark) * LETTERS[view.text.lang], len(figure) * FIGURE)
        wide = widest + 5
        tag = (
            f'<rect x="{x - wide / 2:.0f}" y="{y - 13:.0f}" width="{wide:.0f}" height="28" rx="3"/>'
        )
    size = "s" if small or view.text.lang != "ko" else "l"
    anchor = f' text-anchor="{side}"' if side else ""
    step = 12 if size == "s" else 15
    return (
        f'<g class="{kind}">{tag}<text class="{size}"{anchor} x="{x:.0f}" y="{y - 2:.0f}">'
        f'{escape(name + mark)}<tspan x="{x:.0f}" dy="{step}">{escape(figure)}</tspan>'
        "</text></g>"
    )


def _figure(view: View, item: CurrentItem) -> str:
    """What stands under the name: the value, with its letter where colours may not be seen."""
    if shown(item) is None:
        return "–"
    return view.value(item) + (f" {item.letter}" if item.letter else "")


def tiles(view: View, codes: Collection[str] = BY_CODE) -> str:
    """Tiles of a hand's width of the 17 or of some: name, letter, value, where it goes, word; the
    chosen one opens below its row."""
    body = ""
    for row in TILES:
        items = (view.answer.item(code, view.pollutant) for code in row if code in codes)
        body += "".join(_tile(view, item) for item in items)
        if row == TILES[-1]:
            body += f'<li class="legend">{key(view)}</li>'
        if view.mine and view.place in row:
            body += f'<li class="open">{opened(view, view.place)}</li>'
    label = escape(view.text("Air quality of the 17 provinces"))
    return f'<ol class="tiles" data-roving aria-label="{label}">{body}</ol>'


def _tile(view: View, item: CurrentItem) -> str:
    current = ' aria-current="true"' if item.code == view.place else ""
    absent = "" if item.grade else " none"
    return (
        f'<li><a class="tile g{item.grade or 0}{absent}" href="{view.href(p=item.code)}"'
        f' data-pick="{item.code}" data-focus="tile-{item.code}" title="{escape(told(view, item))}"'
        f'{current}><span class="tn">{escape(view.name(item.code))}{act_mark(view, item.code)}'
        f'</span> <b class="tg">{item.letter or "–"}</b> <span class="tv">'
        f"{escape(view.value(item))}{arrow(view, item.code, view.pollutant)}</span> "
        f'<span class="tw">{escape(word(view, item))}</span></a></li>'
    )


def key(view: View) -> str:
    """The scale: letters on their colours, words, and the values where levels begin."""
    text, standard = view.text, view.standard
    averaging = standard.averaging(view.pollutant)
    if averaging:
        bands = level_bands(standard, view.pollutant, averaging)
        points = standard.tables[view.pollutant, averaging]
        scale = [(level, number(low, points.digits)) for low, _, level in bands]
    else:
        scale = [(level, str(level.index[0]) if level.index else "") for level in standard.levels]
    cells = "".join(
        f'<li><b class="bd g{standard.levels.index(level) + 1}">{level.letter}</b>'
        f"<span>{escape(level.label(text.lang))}</span><small>{escape(low)}–</small></li>"
        for level, low in scale
    )
    unit = f"{text.pollutant(view.pollutant)} {view.unit(view.pollutant)}".rstrip()
    marked = ""
    if view.acts:
        words = text("official advisory in force in a zone of the province")
        marked = f'<p class="legend"><span aria-hidden="true">{ACT_MARK}</span> {escape(words)}</p>'
    return f'<div class="key"><small>{escape(unit)}</small><ol>{cells}</ol>{marked}</div>'
