"""How high a frame must be to show all that stands in it, by its markup and its style's measures.

Nobody has a browser where a frame is recommended: words are measured by `figure.width_of`, and the
rules are those of `embed.css`. A test holds them against a browser at many widths.
"""

from collections.abc import Callable, Mapping
from typing import Final
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from aq.web.public.figure import width_of, wrapped

# What a later hour may add before the height is asked for again: an act, or that the hour is late.
ROOM = 42  # pixels, as are all lengths here
PADDING = 20  # left and right together
OUTLINED_ABOVE = 480  # a map of outlines in a wider frame, of tiles else
CHIP, SCROLLED_CHIP, SCROLLBAR = 76, 68, 16
LARGEST_DRAWING = 520
MANY = 0.94  # of what width_of says, where a line too many would be one in each of 17
TILE_COLUMNS, TILE_GAP = 4, 5


def height(main: str, width: int) -> int:
    """How high a frame `width` pixels wide is [pixels] whose body's markup is `main`."""
    inner = width - PADDING
    blocks = sum(_block(block, inner) for block in fromstring(f"<div>{main}</div>"))
    return round(16 + blocks + ROOM)


def _block(block: Element, width: float) -> float:
    names = (block.get("class") or "").split()
    kind = next((name for name in names if name in BLOCKS), block.tag)
    return BLOCKS[kind](block, width)


def _words(element: Element) -> str:
    """What is read in an element, without what is for the ear alone."""
    words = element.text or ""
    for child in element:
        words += "" if child.get("class") == "unseen" else _words(child)
        words += child.tail or ""
    return words


def _lines(words: str, size: float, width: float) -> int:
    """In how many lines words of a size stand; a word that is too long is broken."""
    lines = wrapped(words, size, width)
    return max(1, sum(max(1, -int(-width_of(line, size) // max(width, size))) for line in lines))


def _title(block: Element, width: float) -> float:
    return 21 * _lines(_words(block), 16, width) + 6


def _paragraph(block: Element, width: float) -> float:
    return 21 * _lines(_words(block), 14, width)


def _drawing(block: Element, width: float) -> float:
    _, _, across, down = map(float, block.attrib["viewBox"].split())
    return min(width, LARGEST_DRAWING) * down / across


def _outlined(block: Element, width: float) -> float:
    return _drawing(block[0], width) if width + PADDING > OUTLINED_ABOVE else 0


def _chips(block: Element, width: float) -> float:
    names = (block.get("class") or "").split()
    if "list" in names:
        return sum(_listed(chip, width) for chip in block)
    columns = max(1, int(width // CHIP))
    cell = width / columns
    if "scroll" in names:
        columns = len(block)
        cell = max(SCROLLED_CHIP, width / columns)
    highs = [_chip(chip, cell - 4) for chip in block]
    rows = [highs[at : at + columns] for at in range(0, len(highs), columns)]
    return sum(max(row) + 1 for row in rows) + (SCROLLBAR if "scroll" in names else 0)


def _chip(chip: Element, width: float) -> float:
    """Name, letter, and in small its level and value below each other."""
    name, _, *small = chip
    below = sum(18 * _lines(_words(line), 11.7 * MANY, width) for line in small)
    return 11 + 21 * _lines(_words(name), 14, width) + 24 + below


def _listed(chip: Element, width: float) -> float:
    """A line of the strip: name, letter, level and value beside each other; or why not."""
    _, _, level, *value = chip
    left = width - 4 - 73 - 31 - 12 - sum(6 + width_of(_words(part), 14) for part in value)
    return 11 + max(24, 21 * _lines(_words(level), 14 * MANY, left))


def _tiles(block: Element, width: float) -> float:
    if width + PADDING > OUTLINED_ABOVE:
        return 0
    cell = (width - TILE_GAP * (TILE_COLUMNS - 1)) / TILE_COLUMNS - 9
    tiles = [item[0] for item in block if item.get("class") != "legend"]
    highs: list[float] = [max(70, 46 + 15 * _lines(_words(tile[-1]), 12, cell)) for tile in tiles]
    legend = [_legend(item, width * 0.7) for item in block if item.get("class") == "legend"]
    if len(tiles) % TILE_COLUMNS == 1:  # it stands beside a tile that is alone in its row
        highs[-1] = max(highs[-1], *legend)
        legend = []
    rows = [highs[at : at + TILE_COLUMNS] for at in range(0, len(highs), TILE_COLUMNS)]
    return sum(max(row) + TILE_GAP for row in rows) + sum(legend)


def _legend(item: Element, width: float) -> float:
    return sum(19 * _lines(_words(line), 12.5, width) for line in item.iter("p"))


def _scale(block: Element, width: float) -> float:
    """The levels in words, one after the other in as many lines as they need."""
    rows, used = 1, 0.0
    for level in block:
        wide = 20 + width_of(_words(level), 12.5)
        if used and used + wide > width:
            rows, used = rows + 1, 0.0
        used += wide + 12
    return 26 * rows + 12


def _now(block: Element, width: float) -> float:
    """The number, and beside it its level with the unit below."""
    figure, level = block[0], block[1][0]
    left = width - 12 - width_of(_words(figure), 46) - 20
    return max(48, 31 * _lines(_words(level), 17, left) + 22) + 10


def _six(block: Element, width: float) -> float:
    columns = max(1, int((width + 12) // 162))
    return 32 * -(-len(block) // columns) + 12


def _foot(block: Element, width: float) -> float:
    return 6 + 4 + sum(17 * _lines(_words(line), 12, width) + 2 for line in block)


BLOCKS: Final[Mapping[str, Callable[[Element, float], float]]] = {
    "h1": _title,
    "p": _paragraph,
    "{http://www.w3.org/2000/svg}svg": _drawing,
    "outlined": _outlined,
    "chips": _chips,
    "tiles": _tiles,
    "scale": _scale,
    "now": _now,
    "six": _six,
    "footer": _foot,
}
