"""A rule over the hours of a place: its two levels as lines that can be moved, and what it did."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

import numpy as np

from aq.domain.clock import HOUR
from aq.domain.standards import Standard
from aq.i18n import N_, Text
from aq.queries.live import LineHour
from aq.web.charts.downsample import kept
from aq.web.drawings import week
from aq.web.drawings.bands import Band, level_bands
from aq.web.drawings.map import hatch
from aq.web.drawings.marks import framed_in, svg_text
from aq.web.wording.korean import exact

HEIGHT = 300  # [units] of either picture, so that a level stands at the same share of both
WIDTHS = {"wide": (800, 96, 1200), "narrow": (390, 78, 500)}  # width, right margin, most points
HEADROOM = 1.15  # above the highest value or level
BAR = 9  # height of the bar of what the rule did
# What happened -> words, sign; signs, not colours: colours mean grades.
MARKS = {
    "first": (N_("began"), "▲"),
    "worse": (N_("grew worse"), "★"),
    "better": (N_("grew better"), "▽"),
    "resolved": (N_("ended"), "▽"),
    "unknown": (N_("goes on, no data"), "✕"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Hours ``start < hour end <= end`` in one phase: firing or unknown."""

    start: datetime
    end: datetime
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level of a rule [the line's unit] and what it does, with `{n}` for the number.

    `step` and `most` bound what arrows and pointer choose; a level without a step stays in place.
    """

    name: str
    value: float
    words: str
    step: float | None = None
    most: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """Hours of a place, and what a rule makes of them.

    Attributes
    ----------
    levels : none where the rule watches no value of this line
    changes : transitions of the rule at this place (`at`, `change`), in any order
    alt : what the picture shows, in a sentence
    """

    hours: Sequence[LineHour]
    pollutant: str
    unit: str
    standard: Standard
    digits: int
    levels: Sequence[Level]
    stretches: Sequence[Stretch]
    changes: Sequence[Mapping[str, Any]]
    alt: str


def levels_of(threshold: float, clear_below: float, text: Text) -> tuple[Level, Level]:
    """The two levels of a rule, both in their place."""
    return (
        Level(name="threshold", value=threshold, words=text("fires from {n}", n="{n}")),
        Level(name="clear_below", value=clear_below, words=text("clears below {n}", n="{n}")),
    )


def rule_line(line: RuleLine, text: Text, *, dark: bool) -> str:
    """The line on the bands of its levels, wide and narrow, the rule's levels across both."""
    present = [hour.value for hour in line.hours if hour.value is not None]
    bands = level_bands(line.standard, line.pollutant)
    least = bands[0][1] * 1.5 if bands else 1e-3
    top = max([*present, *(level.value for level in line.levels), least]) * HEADROOM
    pictures = "".join(_picture(line, bands, kind, top, text) for kind in WIDTHS)
    share = {"top": f"{top:.6g}", "head": week.HEAD / HEIGHT, "foot": week.FOOT / HEIGHT}
    scale = "".join(f' data-{name}="{value}"' for name, value in share.items())
    levels = "".join(_level(level, top) for level in line.levels)
    body = f'<div class="levels"{scale}>{pictures}{levels}</div>'
    return framed_in(line.standard, text.lang, dark, body)


def _picture(
    line: RuleLine,
    bands: Sequence[Band],
    kind: str,
    top: float,
    text: Text,
) -> str:
    hours, (width, right, most) = line.hours, WIDTHS[kind]
    axes = week.Axes(
        width=width,
        height=HEIGHT,
        begin=hours[0].at - HOUR,
        end=hours[-1].at,
        top=top,
        right=right,
    )
    values = np.array([math.nan if hour.value is None else hour.value for hour in hours])
    thinned = [hours[place] for place in kept(values, most)]
    return (
        f'<svg class="week {kind}" viewBox="0 0 {width} {HEIGHT}" role="img"'
        f' aria-label="{escape(line.alt)}">{hatch(f"gap-week-{kind}")}'
        f"{week.level_marks(bands, axes, line.standard, line.digits, text)}"
        f"{week.day_marks(axes, text)}{week.gaps(hours, axes, kind, text)}"
        f"{_stretches(line.stretches, axes)}{week.lines(thinned, axes)}"
        f"{_marks(line.changes, hours, axes, text)}"
        f"{svg_text(week.LEFT, 12, line.unit, 'unit')}</svg>"
    )


def _stretches(spans: Sequence[Stretch], axes: week.Axes) -> str:
    """A bar at the foot, solid while the rule fires; its hours shaded."""
    drawn, bottom = "", axes.height - week.FOOT
    for stretch in spans:
        left, right = axes.x(stretch.start), axes.x(stretch.end)
        across = f'x="{left:.1f}" width="{max(1.5, right - left):.1f}"'
        if stretch.phase == "firing":
            tall = bottom - week.HEAD
            drawn += f'<rect class="shade" {across} y="{week.HEAD}" height="{tall:g}"/>'
        drawn += f'<rect class="{stretch.phase}" {across} y="{bottom - BAR:g}" height="{BAR}"/>'
    return drawn


def _marks(
    changes: Sequence[Mapping[str, Any]], hours: Sequence[LineHour], axes: week.Axes, text: Text
) -> str:
    """What the rule did as a sign on the line, its hour as a title; at the foot without a value."""
    values = {hour.at: hour.value for hour in hours}
    drawn = ""
    for change in changes:
        at = datetime.fromisoformat(change["at"])
        if change["change"] not in MARKS or not axes.begin < at <= axes.end:
            continue
        words, sign = MARKS[change["change"]]
        title = f"<title>{escape(f'{text(words)}, {exact(at, text)}')}</title>"
        y = axes.y(values.get(at) or 0) + 4
        drawn += f'<text class="what" x="{axes.x(at):.1f}" y="{y:.1f}">{sign}{title}</text>'
    return drawn


def _level(level: Level, top: float) -> str:
    """A level across the picture; with a step it is a slider."""
    number = f"{level.value:g}"
    words = escape(level.words.replace("{n}", number))
    free = 1 - (week.HEAD + week.FOOT) / HEIGHT
    place = week.HEAD / HEIGHT + (1 - level.value / top) * free
    slider = ""
    if level.step is not None:
        slider = (
            f' role="slider" tabindex="0" aria-orientation="vertical" aria-valuemin="0"'
            f' aria-valuemax="{level.most:g}" aria-valuenow="{number}" aria-valuetext="{words}"'
            f' aria-label="{escape(level.words.replace("{n}", "").strip())}"'
            f' data-level="{level.name}" data-focus="{level.name}" data-step="{level.step:g}"'
            f' data-words="{escape(level.words)}"'
        )
    return (
        f'<div class="level {level.name}" style="top:{place:.2%}"{slider}>'
        f'<i></i><span class="grip">{words}</span></div>'
    )


def stretches(
    events: Sequence[Mapping[str, Any]], phase: str, after: datetime, until: datetime
) -> list[Stretch]:
    """Stretches of an alert within ``after < hour end <= until`` from its transitions.

    Parameters
    ----------
    events : transitions of one rule and place, the newest first, as a back-test gives them
    phase : the phase now
    """
    spans: list[Stretch] = []
    end, now = until, phase
    for event in events:
        # An hour stands at its end: what it brought began an hour before.
        start = datetime.fromisoformat(event["at"]) - HOUR
        if now in ("firing", "unknown") and start < end:
            spans.append(Stretch(start=max(start, after), end=end, phase=now))
        end, now = start, event["before"]
    if now in ("firing", "unknown") and after < end:
        spans.append(Stretch(start=after, end=end, phase=now))
    return spans[::-1]
