"""Pictures that stand alone: a drawing with its title, hour, source and licence within it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from aq.domain.standards import Level
from aq.web.drawings.paint import Paint

PAD, TITLE, NOTE = 24, 22, 12.5
# A letter's width as a share of its size: Korean ones fill their square, Latin ones half of it.
WIDE, NARROW, BLANK = 0.93, 0.56, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing (an SVG element `size` units large) with the words around it."""

    title: str
    note: str
    drawing: str
    size: tuple[int, int]
    foot: Sequence[str]
    simulated: str = ""
    levels: Sequence[Level] = ()
    lang: str = "ko"


def width_of(words: str, size: float) -> float:
    """About how wide a line is [units] in letters of a size."""
    blanks = words.count(" ") * (BLANK - NARROW)
    return size * (blanks + sum(WIDE if ord(letter) > 0x2E80 else NARROW for letter in words))


def wrapped(words: str, size: float, width: float) -> list[str]:
    """A text in lines of at most a width, broken between words."""
    lines: list[str] = []
    for word in words.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def at(drawing: str, x: float, y: float, width: float, height: float) -> str:
    """A drawing at a place within another; what would be cut at its edge takes a quarter longer."""
    place = f'<svg overflow="visible" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    return drawing.replace("<svg", place, 1).replace(' width="100%"', "", 1)


def picture(figure: Figure, paint: Paint) -> str:
    """The whole picture as an SVG file of a width of its own."""
    width = figure.size[0] + 2 * PAD
    titles = wrapped(figure.title, TITLE, figure.size[0])
    foot = [line for told in figure.foot for line in wrapped(told, NOTE, figure.size[0])]
    y = PAD + 20.0
    body = ""
    if figure.simulated:
        body += text_line(figure.simulated, PAD, y - 4, NOTE, paint.ink, 700)
        y += 24
    for line in titles:
        body += text_line(line, PAD, y, TITLE, paint.ink, 700)
        y += TITLE * 1.3
    body += text_line(figure.note, PAD, y - 4, NOTE, paint.muted)
    y += 10
    body += at(figure.drawing, PAD, y, *figure.size)
    y += figure.size[1] + 22
    if figure.levels:
        body += level_keys(figure.levels, figure.lang, PAD, y, paint)
        y += 28
    for line in foot:
        body += text_line(line, PAD, y, NOTE, paint.muted)
        y += NOTE * 1.5
    height = round(y + PAD / 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img" aria-label="{escape(figure.title)}"'
        f' font-family="{paint.font}"><rect width="{width}" height="{height}"'
        f' fill="{paint.paper}"/>{body}</svg>'
    )


def level_keys(levels: Sequence[Level], lang: str, x: float, y: float, paint: Paint) -> str:
    """The scale in a row: each letter on its colour, with its word."""
    body = ""
    for level in levels:
        words = level.label(lang)
        body += (
            f'<rect x="{x:g}" y="{y - 14:g}" width="20" height="18" rx="3" fill="{level.colour}"/>'
            f'<text x="{x + 10:g}" y="{y:g}" text-anchor="middle" font-size="{NOTE:g}"'
            f' font-weight="700" fill="{level.text_colour}">{escape(level.letter)}</text>'
        )
        body += text_line(words, x + 26, y, NOTE, paint.ink)
        x += 26 + width_of(words, NOTE) + 16
    return body


def text_line(words: str, x: float, y: float, size: float, colour: str, weight: int = 400) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" fill="{colour}">'
        f"{escape(words)}</text>"
    )
