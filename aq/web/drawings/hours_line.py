"""Hours of a place as a line on the bands of its levels, days as ticks: SVG without a script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape

from aq.domain.clock import HOUR, kst
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.web.drawings.bands import Band, level_bands, limit_below
from aq.web.drawings.paint import Paint
from aq.web.drawings.view import shown_digits
from aq.web.wording.korean import number

LEFT, RIGHT, TOP, BOTTOM = 42, 76, 10, 24
HEADROOM = 1.08  # of the highest value, so that the line does not touch the edge
BAR = 7  # height of a stretch
LEAST_DAYS_APART = 74  # units between the names of two days
LEAST_TICKS_APART = 12  # units between their ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Hourly means of a pollutant [its unit], None where missing; the newest ended at `until`.

    `levels` are values with their words, drawn across; `stretches` are (first hour, hour after the
    last, whether it is known) by their places among the values, drawn as bars at the foot. Hours
    that are `modelled` are dashed. The scale reaches to `least_top` at least.
    """

    values: Sequence[float | None]
    until: datetime
    pollutant: str
    standard: Standard
    words: str
    levels: Sequence[tuple[float, str]] = ()
    stretches: Sequence[tuple[int, int, bool]] = ()
    modelled: Sequence[bool] = ()
    least_top: float = 0.0


def hours_line(line: Line, text: Text, paint: Paint, size: tuple[int, int] = (400, 170)) -> str:
    """The line, with the level at the right of each band and the newest value at its dot."""
    width, height = size
    present = [value for value in line.values if value is not None]
    bands = level_bands(line.standard, line.pollutant)
    marks = (value for value, _ in line.levels)
    top = max([*present, *marks, line.least_top, bands[0][1] if bands else 0.0]) * HEADROOM or 1.0
    frame = _Frame(width, height, top, len(line.values))
    body = "".join(
        (
            _bands(line, bands, frame, text, paint),
            _days(line.until, frame, paint, text),
            _stretches(line, frame, paint),
            _lines(line, frame, paint),
            _levels(line, frame, paint),
            _newest(line, frame, paint),
        )
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="100%"'
        f' role="img" aria-label="{escape(line.words)}" font-family="{paint.font}"'
        f' font-size="11.5" fill="{paint.muted}">{body}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    width: int
    height: int
    top: float
    hours: int

    def x(self, place: float) -> float:
        return LEFT + place * (self.width - LEFT - RIGHT) / max(1, self.hours - 1)

    def y(self, value: float) -> float:
        return self.height - BOTTOM - value / self.top * (self.height - TOP - BOTTOM)


def _bands(line: Line, bands: Sequence[Band], frame: _Frame, text: Text, paint: Paint) -> str:
    drawn = ""
    for low, high, level in bands:
        if low >= frame.top:
            break
        bottom, top = frame.y(low), frame.y(min(high, frame.top))
        drawn += (
            f'<rect x="{LEFT}" y="{top:.1f}" width="{frame.width - LEFT - RIGHT}"'
            f' height="{bottom - top:.1f}" fill="{level.colour}" fill-opacity="{paint.band}"/>'
        )
        if bottom - top >= 12:
            label = escape(f"{level.letter} {level.label(text.lang)}")
            middle = (bottom + top) / 2 + 4
            drawn += f'<text x="{frame.width - RIGHT + 4}" y="{middle:.1f}">{label}</text>'
        if low:
            limit = limit_below(low, shown_digits(line.standard, line.pollutant))
            drawn += f'<text x="{LEFT - 5}" y="{bottom + 4:.1f}" text-anchor="end">{limit}</text>'
    if not bands:
        drawn += f'<text x="{LEFT - 5}" y="{TOP + 8}" text-anchor="end">{frame.top:.3g}</text>'
    base = frame.y(0)
    return drawn + (
        f'<path d="M{LEFT} {base:.1f}H{frame.width - RIGHT}" stroke="{paint.rule}" fill="none"/>'
    )


def _levels(line: Line, frame: _Frame, paint: Paint) -> str:
    """A dashed line a level, its words above it; the lower one's below."""
    drawn, highest = "", max((value for value, _ in line.levels), default=0.0)
    for value, words in line.levels:
        y = frame.y(value)
        under = y - 5 if value == highest else y + 14
        drawn += (
            f'<path d="M{LEFT} {y:.1f}H{frame.width - RIGHT}" stroke="{paint.ink}"'
            f' stroke-dasharray="6 4" fill="none"/><text x="{LEFT + 6}" y="{under:.1f}"'
            f' font-weight="700" fill="{paint.ink}">{escape(words)}</text>'
        )
    return drawn


def _stretches(line: Line, frame: _Frame, paint: Paint) -> str:
    """Bars above the base, pale where the hours are not known."""
    drawn, base = "", frame.y(0)
    for first, end, is_known in line.stretches:
        left, right = frame.x(first - 0.5), frame.x(end - 0.5)
        pale = "" if is_known else ' fill-opacity=".3"'
        drawn += (
            f'<rect x="{left:.1f}" y="{base - BAR:.1f}" width="{max(2.0, right - left):.1f}"'
            f' height="{BAR}" fill="{paint.ink}"{pale}/>'
        )
    return drawn


def _days(until: datetime, frame: _Frame, paint: Paint, text: Text) -> str:
    """A tick at each midnight, with the day that begins there where it has room."""
    drawn, last, ticked = "", -1e9, -1e9
    newest, end = frame.hours - 1, kst(until)
    for place in range((newest - end.hour) % 24, frame.hours, 24):
        hour, x = end - (newest - place) * HOUR, frame.x(place)
        if x - ticked < LEAST_TICKS_APART:
            continue
        ticked = x
        drawn += (
            f'<path d="M{x:.1f} {TOP}V{frame.height - BOTTOM + 4}" stroke="{paint.rule}"'
            ' stroke-dasharray="2 3"/>'
        )
        if x - last >= LEAST_DAYS_APART and x <= frame.width - RIGHT - 20:
            name = text.day(hour.date())
            drawn += f'<text x="{x + 3:.1f}" y="{frame.height - 8}">{name}</text>'
            last = x
    return drawn


def _lines(line: Line, frame: _Frame, paint: Paint) -> str:
    """Solid where the hours are measured, dashed where they are of a model."""
    if not any(line.modelled):
        return _path(tuple(line.values), frame, paint)
    pairs = tuple(zip(line.values, line.modelled, strict=True))
    measured = tuple(None if is_model else value for value, is_model in pairs)
    modelled = tuple(value if is_model else None for value, is_model in pairs)
    return _path(measured, frame, paint) + _path(modelled, frame, paint, ' stroke-dasharray="5 3"')


@lru_cache(maxsize=128)  # the same in every language, and on pages and frames
def _path(values: tuple[float | None, ...], frame: _Frame, paint: Paint, dashes: str = "") -> str:
    points: list[str] = []
    is_open = False
    for place, value in enumerate(values):
        if value is not None:
            start, end = ("L", "") if is_open else ("M", "h.1")
            points.append(f"{start}{frame.x(place):.1f} {frame.y(value):.1f}{end}")
        is_open = value is not None
    return (
        f'<path d="{"".join(points)}" fill="none" stroke="{paint.ink}" stroke-width="1.6"{dashes}'
        ' stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _newest(line: Line, frame: _Frame, paint: Paint) -> str:
    """The newest value as a number beside its dot; nothing where the newest hour is missing."""
    value = line.values[-1] if line.values else None
    if value is None:
        return ""
    x, y = frame.x(frame.hours - 1), frame.y(value)
    told = number(value, shown_digits(line.standard, line.pollutant))
    above = y - 8 if y > TOP + 18 else y + 18
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="{paint.ink}"/>'
        f'<text x="{x + 2:.1f}" y="{above:.1f}" text-anchor="end" font-size="14" font-weight="700"'
        f' fill="{paint.ink}">{told}</text>'
    )
