"""A model's hours to come on a line's chart: a dashed continuation that says what it is."""

from html import escape

import pandas as pd
import plotly.graph_objects as go

from aq.domain.clock import KST
from aq.i18n import Text
from aq.queries.model_hours import Ahead
from aq.web.charts.downsample import Floats
from aq.web.charts.theme import Palette
from aq.web.charts.time_axis import hover, stamp, stamps, wall_clock

# The accent, light or dark: neither the ink of what was measured nor the dots of its parts.
TONE = 1
HALF_HOUR_MS = 1800 * 1000


def ends(ahead: Ahead | None) -> tuple[float, float] | None:
    """(last hour [wall clock ms], largest value): how far the axes must reach."""
    if ahead is None:
        return None
    at = _clock(ahead)
    return float(at[-1]), max(value for _, value in ahead.hours)


def draw(
    figure: go.Figure, ahead: Ahead, unit: str, digits: int, text: Text, colours: Palette
) -> None:
    """Add the hours to come, a rule where they begin, and their name.

    They are not joined to the line: its last hour may be measured, and these never are.
    """
    at, tone = _clock(ahead), colours.tones[TONE]
    values = [value for _, value in ahead.hours]
    name = text("forecast of the model {feed}", feed=text.feed(ahead.feed))
    figure.add_trace(
        go.Scatter(
            x=stamps(at),
            y=values,
            mode="lines",
            line={"color": tone, "width": 1.6, "dash": "5px,3px"},
            name=name,
            hovertemplate=f"{hover(text)} · {escape(name)}<br><b>%{{y:.{digits}f}}</b> {unit}"
            "<extra></extra>",
        )
    )
    begin = stamp(at[0] - HALF_HOUR_MS)
    figure.add_shape(
        type="line",
        x0=begin,
        x1=begin,
        yref="paper",
        y0=0,
        y1=1,
        line={"color": colours.muted, "width": 1, "dash": "1px,2px"},
    )
    figure.add_annotation(
        x=begin,
        xanchor="left",
        xshift=3,
        yref="paper",
        y=1,
        yanchor="bottom",
        text=text("model, to come"),
        showarrow=False,
        font={"size": 11, "color": tone},
    )


def _clock(ahead: Ahead) -> Floats:
    moments = pd.DatetimeIndex([hour for hour, _ in ahead.hours]).tz_convert(KST)
    return wall_clock(pd.Series(moments))
