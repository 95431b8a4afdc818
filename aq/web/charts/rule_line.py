"""A rule over a line of hours: its levels, and when it would have fired. No Streamlit, no store."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from aq.domain.clock import HOUR
from aq.i18n import N_, Text
from aq.web.charts import province_line as charts
from aq.web.charts.theme import Palette
from aq.web.charts.time_axis import stamp_of

# The bar of what a rule did stands under the line, this high [share of the plot].
BAR = 0.035


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Hours ``start < hour end <= end`` in one phase: firing or unknown."""

    start: datetime
    end: datetime
    phase: str


def rule_line(
    frame: pd.DataFrame,
    style: charts.LineStyle,
    levels: tuple[float, float] | None,
    stretches: Sequence[Stretch],
    text: Text,
    colours: Palette,
) -> go.Figure:
    """The hours of a province with a rule's two levels and the stretches it fires in.

    Parameters
    ----------
    frame : as `aq.queries.line` gives it
    levels : (threshold, clear level) [the line's unit]; None where the rule watches no such value
    """
    if levels is not None:
        # The bands and gaps must reach as high as the rule does, above the data too.
        style = replace(style, reach=levels[0])
    figure = charts.province_line(frame, style, text, colours)
    if levels is not None:
        _level(figure, levels[0], text("fires from {n}", n=f"{levels[0]:g}"), "dash", colours)
        _level(figure, levels[1], text("clears below {n}", n=f"{levels[1]:g}"), "dot", colours)
    for stretche in stretches:
        firing = stretche.phase == "firing"
        figure.add_shape(
            type="rect",
            xref="x",
            yref="paper",
            x0=stamp_of(stretche.start),
            x1=stamp_of(stretche.end),
            y0=0,
            y1=BAR,
            fillcolor=colours.ink if firing else colours.missing,
            line_width=0,
            layer="above",
        )
        if firing:
            figure.add_shape(
                type="rect",
                xref="x",
                yref="paper",
                x0=stamp_of(stretche.start),
                x1=stamp_of(stretche.end),
                y0=0,
                y1=1,
                fillcolor=colours.ink,
                opacity=0.08,
                line_width=0,
                layer="below",
            )
    return figure


# What happened -> (words, sign); signs, not colours: colours mean grades.
MARKS = {
    "first": (N_("began"), "triangle-up"),
    "worse": (N_("grew worse"), "star"),
    "better": (N_("grew better"), "triangle-down-open"),
    "resolved": (N_("ended"), "triangle-down-open"),
    "unknown": (N_("goes on, no data"), "x"),
}


def marks(
    figure: go.Figure,
    frame: pd.DataFrame,
    events: Sequence[Mapping[str, Any]],
    text: Text,
    colours: Palette,
) -> None:
    """Sign the hours in which a rule fired, grew worse or better, cleared or lost its data.

    `events` are transitions of one rule and place (`at`, `change`); they stand on the line, those
    without a value at its foot.
    """
    values = {at: float(value) for at, value in zip(frame["at"], frame["value"], strict=True)}
    for change, (words, sign) in MARKS.items():
        hours = [
            datetime.fromisoformat(event["at"]) for event in events if event["change"] == change
        ]
        heights = [values.get(hour, math.nan) for hour in hours]
        figure.add_trace(
            go.Scatter(
                x=[stamp_of(hour) for hour in hours],
                y=[0 if math.isnan(height) else height for height in heights],
                mode="markers",
                marker={"symbol": sign, "size": 9, "color": colours.ink},
                name=text(words),
                hovertemplate=f"%{{x}}<br>{text(words)}<extra></extra>",
            )
        )


def _level(figure: go.Figure, value: float, words: str, dash: str, colours: Palette) -> None:
    figure.add_hline(
        y=value,
        line={"color": colours.ink, "width": 1, "dash": dash},
        annotation={
            "text": words,
            "font": {"size": 11, "color": colours.ink},
            "bgcolor": colours.paper,
            "opacity": 0.9,
        },
        annotation_position="top left",
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
    found: list[Stretch] = []
    end, now = until, phase
    for event in events:
        # An hour stands at its end: what it brought began an hour before.
        start = datetime.fromisoformat(event["at"]) - HOUR
        if now in ("firing", "unknown") and start < end:
            found.append(Stretch(start=max(start, after), end=end, phase=now))
        end, now = start, event["before"]
    if now in ("firing", "unknown") and after < end:
        found.append(Stretch(start=after, end=end, phase=now))
    return found[::-1]
