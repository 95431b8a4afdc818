"""The last 24 hours of a province as a line the size of a word."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, PAD = 96, 24, 3


def sparkline(values: Sequence[float | None], least_span: float, grade: int, words: str) -> str:
    """Hourly means, gaps left open, the newest hour a dot in its level's colour.

    `least_span` is what the line's height stands for at least [the pollutant's unit]; `words` are
    for who hears the page.
    """
    present = [value for value in values if value is not None]
    if not present:
        return f'<span class="absent">{escape(words)}</span>'
    low, high = min(present), max(present)
    span = max(least_span, high - low) or 1.0
    bottom = max(0.0, (low + high) / 2 - span / 2)

    def x(place: int) -> float:
        return PAD + place * (WIDTH - 2 * PAD) / max(1, len(values) - 1)

    def y(value: float) -> float:
        return HEIGHT - PAD - (value - bottom) / span * (HEIGHT - 2 * PAD)

    path = ""
    before: tuple[float, float] | None = None
    for place, value in enumerate(values):
        if value is None:
            before = None
            continue
        point: tuple[float, float] = round(x(place)), round(y(value), 1)
        if before is None:
            path += f"M{point[0]} {point[1]:g}h.1"
            point = point[0] + 0.1, point[1]
        else:
            down = _short(point[1] - before[1])
            path += f"l{_short(point[0] - before[0])}{'' if down[0] == '-' else ' '}{down}"
        before = point
    dot = ""
    if values[-1] is not None:
        dot = f'<circle cx="{x(len(values) - 1):.0f}" cy="{y(values[-1]):.1f}" r="2.8"/>'
    return (
        f'<svg class="spark g{grade}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" role="img" aria-label="{escape(words)}"><path d="{path}"/>{dot}</svg>'
    )


def _short(step: float) -> str:
    """A step to a tenth, the shortest way SVG has to write it."""
    text = f"{round(step, 1):g}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
