"""The line of a province: hourly means over the bands of their grades, gaps hatched and named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from aq.domain.standards import Level, Standard
from aq.i18n import Text
from aq.queries.model_hours import Ahead
from aq.queries.week import cell_text
from aq.web.charts import line_style as line_kinds
from aq.web.charts import model_line as ahead_line
from aq.web.charts.advisory_bands import ActBand
from aq.web.charts.advisory_bands import draw as draw_acts
from aq.web.charts.downsample import MOST_POINTS, Floats, kept, stretches
from aq.web.charts.theme import Palette, hatching, plain_layout, unit_above
from aq.web.charts.time_axis import hover, hover_form, stamp, stamps, tick_forms, wall_clock
from aq.web.drawings.bands import level_bands
from aq.web.wording.korean import gap_word

LINE_HEIGHT = 300

HOUR_MS = 3600 * 1000
# A gap is named on the chart where it is at least this share of the range; shorter ones on hover.
NAMED_GAP = 0.045
# Hours without a time of their own, in four bytes each, are less than a quarter as many with one.
WHOLE_HOURS = 366 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStyle:
    """What a line needs besides its data: how values are graded, printed and called."""

    standard: Standard
    pollutant: str
    unit: str
    digits: int
    revision: str
    acts: Sequence[ActBand] = ()
    ahead: Ahead | None = None


def province_line(frame: pd.DataFrame, style: LineStyle, text: Text, colours: Palette) -> go.Figure:
    """Hourly means of one province over its grade bands; gaps stay gaps, hatched and named.

    `frame` has a row for every hour: at (aware), value, kind, reason, detail. What a model made is
    dashed. More points than a screen has pixels are thinned, extremes kept.
    """
    at = wall_clock(frame["at"])
    values = frame["value"].to_numpy(dtype="float64")
    bands = level_bands(style.standard, style.pollutant)
    further = ahead_line.ends(style.ahead)
    highest = [further[1]] if further else []
    top = axis_top(np.append(values, highest), [high for _, high, _ in bands])
    figure = go.Figure()
    _add_gaps(figure, frame, at, values, top, text, colours)
    for dash, mask in line_kinds.parts(frame):
        trace = _line(at, np.where(mask, values, np.nan), dash, style, text, colours)
        if trace is not None:
            figure.add_trace(trace)
    line_kinds.draw_status(figure, at, frame, text, colours)
    add_bands(figure, bands, text, colours, top)
    draw_acts(figure, style.acts, (at[0], at[-1]), top, text, colours)
    lay_out(figure, at, top, style, colours, text)
    if style.ahead and further:
        ahead_line.draw(figure, style.ahead, style.unit, style.digits, text, colours)
        figure.update_xaxes(range=[stamp(at[0] - HOUR_MS), stamp(further[0] + HOUR_MS)])
    # Last, so that it lies on all else.
    _mark_last(figure, at, values, colours)
    return figure


def axis_top(values: Floats, cuts: Sequence[float]) -> float:
    """The axis' end: room above the peak, and never less than the first level and a half."""
    present = values[~np.isnan(values)]
    peak = float(present.max()) if present.size else 0.0
    return max(peak * 1.15, cuts[0] * 1.5 if cuts else 0.0, 1e-3)


def _line(
    at: Floats, values: Floats, dash: str, style: LineStyle, text: Text, colours: Palette
) -> go.Scatter | None:
    if np.isnan(values).all():
        return None
    keep = kept(values)
    thin = len(keep) >= MOST_POINTS / 3
    few = len(keep) == len(values)
    lone = [first for first, last in stretches(values) if last - first == 1] if few else []
    if len(values) <= WHOLE_HOURS:
        placed: dict[str, Any] = {"x0": stamp(at[0]), "dx": HOUR_MS}
        drawn = values if few else values.astype("float32")
    else:
        placed, drawn = {"x": stamps(at[keep])}, values[keep]
    note = f" · {text('modelled')}" if dash == "dash" else ""
    # Over months a long dash would leave out whole days.
    pattern = dash if dash == "solid" else "2px,1.5px" if thin else "5px,3px"
    return go.Scatter(
        **placed,
        y=drawn,
        mode="lines+markers" if lone else "lines",
        marker={
            "size": np.where(np.isin(keep, lone), 4, 0) if lone else None,
            "color": colours.ink,
        },
        line={
            "color": colours.ink,
            "width": 1 if thin else 1.6,
            "dash": pattern,
        },
        connectgaps=False,
        hovertemplate=f"{hover(text)}<br><b>%{{y:.{style.digits}f}}</b> {style.unit}{note}"
        "<extra></extra>",
    )


def _mark_last(figure: go.Figure, at: Floats, values: Floats, colours: Palette) -> None:
    """A dot at the newest hour, when it has a value."""
    if np.isnan(values[-1]):
        return
    figure.add_trace(
        go.Scatter(
            x=[stamp(at[-1])],
            y=[values[-1]],
            mode="markers",
            marker={
                "size": 7,
                "color": colours.ink,
                "line": {"width": 1.5, "color": colours.paper},
            },
            cliponaxis=False,
            hoverinfo="skip",
        )
    )


def add_bands(
    figure: go.Figure,
    bands: Sequence[tuple[float, float, Level]],
    text: Text,
    colours: Palette,
    top: float,
) -> None:
    """A pale band per level, its letter and word at the right edge."""
    for low, high, level in bands:
        if low >= top:
            break
        shade(figure, low, min(high, top), level, colours)
        if min(high, top) - low < top * 0.07:
            continue
        figure.add_annotation(
            xref="paper",
            x=1.0,
            xanchor="left",
            xshift=6,
            y=(low + min(high, top)) / 2,
            text=f"<b>{level.letter}</b> {level.label(text.lang)}",
            showarrow=False,
            align="left",
            font={"size": 12, "color": colours.muted},
        )


def shade(figure: go.Figure, low: float, high: float, level: Level, colours: Palette) -> None:
    """A pale band in a level's colour, from edge to edge."""
    figure.add_shape(
        type="rect",
        xref="paper",
        x0=0,
        x1=1,
        y0=low,
        y1=high,
        fillcolor=level.colour,
        opacity=colours.band,
        line_width=0,
        layer="below",
    )


def _add_gaps(
    figure: go.Figure,
    frame: pd.DataFrame,
    at: Floats,
    values: Floats,
    top: float,
    text: Text,
    colours: Palette,
) -> None:
    """Hatch the hours without a value, one trace per reason, and name the long ones."""
    corners: dict[str, tuple[list[str | None], list[float | None]]] = {}
    reasons, details = frame["reason"].to_numpy(), frame["detail"].to_numpy()
    for first, last in stretches(np.where(np.isnan(values), 0.0, np.nan)):
        word = gap_word(text, cell_text(reasons[first]), cell_text(details[first]))
        # An hour stands at its end: the gap begins where the last value's hour ended.
        begin, end = at[first] - HOUR_MS, at[last - 1]
        left, right = stamp(begin), stamp(end)
        xs, ys = corners.setdefault(word, ([], []))
        xs += [left, right, right, left, left, None]
        ys += [0, 0, top, top, 0, None]
        if last - first >= NAMED_GAP * len(values):
            named = text("{why}, {n} hours", why=word, n=f"{last - first:,}")
            _name_gap(figure, (begin + end) / 2, named, colours)
    for word, (xs, ys) in corners.items():
        figure.add_trace(
            go.Scatter(
                x=xs,
                y=ys,
                mode="lines",
                line_width=0,
                fill="toself",
                fillpattern=hatching(colours, 6, 0.25),
                fillcolor=colours.paper,
                hoveron="fills",
                hoverinfo="text",
                text=text("no data: {why}", why=word),
                name=text("no data: {why}", why=word),
            )
        )


def _name_gap(figure: go.Figure, middle: float, words: str, colours: Palette) -> None:
    figure.add_annotation(
        x=stamp(middle),
        yref="paper",
        y=0.97,
        yanchor="top",
        text=words,
        showarrow=False,
        bgcolor=colours.paper,
        borderpad=2,
        font={"size": 12, "color": colours.muted},
    )


def lay_out(
    figure: go.Figure, at: Floats, top: float, style: LineStyle, colours: Palette, text: Text
) -> None:
    figure.update_layout(
        height=LINE_HEIGHT,
        margin={"l": 44, "r": 84, "t": 24, "b": 40},
        **plain_layout(colours),
        hovermode="closest",
        uirevision=style.revision,
        dragmode="zoom",
    )
    figure.update_xaxes(
        type="date",
        range=[stamp(at[0] - HOUR_MS), stamp(at[-1] + HOUR_MS)],
        showgrid=True,
        gridcolor=colours.rule,
        gridwidth=1,
        ticks="",
        ticklabelmode="period",
        tickangle=0,
        tickformatstops=tick_forms(text),
        hoverformat=hover_form(text),
    )
    figure.add_annotation(unit_above(style.unit, colours))
    figure.update_yaxes(
        range=[0, top],
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        nticks=5,
        tickfont_size=11,
    )
