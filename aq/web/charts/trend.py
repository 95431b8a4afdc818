"""Monthly means with their course: dots, the smooth line of STL, Sen's slope."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from aq.domain.trend import Stretch, Trend, slope_line
from aq.i18n import Text
from aq.web.charts.theme import Palette, plain_layout, unit_above
from aq.web.charts.time_axis import MONTH_FORMS, hover

HEIGHT = 340
# From so many months on, dots are drawn smaller.
MANY = 60


def trend_chart(
    frame: pd.DataFrame,
    smooth: Sequence[Stretch],
    found: Trend | None,
    unit: str,
    digits: int,
    text: Text,
    colours: Palette,
) -> go.Figure:
    """The chart of a frame of `aq.queries.months.months`; months that do not count are hollow."""
    at = [one.isoformat() for one in frame["month"]]
    values = frame["value"].to_numpy(dtype="float64")
    counts = frame["counts"].to_numpy(dtype=bool)
    figure = go.Figure()
    figure.add_trace(_dots(frame, at, unit, digits, text, colours))
    for stretch in smooth:
        place = slice(stretch.first, stretch.first + len(stretch.trend))
        figure.add_trace(
            go.Scatter(
                x=at[place],
                y=stretch.trend,
                mode="lines",
                line={"color": colours.ink, "width": 2},
                hoverinfo="skip",
            )
        )
    if found is not None:
        ends = slope_line(np.where(counts, values, np.nan), found.slope)
        figure.add_trace(
            go.Scatter(
                x=[at[place] for place, _ in ends],
                y=[height for _, height in ends],
                mode="lines",
                line={"color": colours.ink, "width": 1.5, "dash": "6px,4px"},
                hoverinfo="skip",
            )
        )
    _lay_out(figure, values, unit, text, colours)
    return figure


def _dots(
    frame: pd.DataFrame, at: Sequence[str], unit: str, digits: int, text: Text, colours: Palette
) -> go.Scatter:
    notes = [
        text("{share}% of the hours", share=f"{100 * hours / expected:.0f}")
        + ("" if counts else f" · {text('does not count')}")
        for hours, expected, counts in zip(
            frame["hours"], frame["expected"], frame["counts"], strict=True
        )
    ]
    return go.Scatter(
        x=list(at),
        y=frame["value"].to_numpy(dtype="float64"),
        mode="markers",
        marker={
            "size": 7 if len(at) < MANY else 5,
            "color": [colours.muted if one else colours.paper for one in frame["counts"]],
            "line": {"width": 1.5, "color": colours.muted},
        },
        customdata=notes,
        hovertemplate=f"{hover(text, 'month')}<br><b>%{{y:.{digits}f}}</b> {unit}"
        "<br>%{customdata}"
        "<extra></extra>",
        cliponaxis=False,
    )


def _lay_out(
    figure: go.Figure, values: np.ndarray, unit: str, text: Text, colours: Palette
) -> None:
    present = values[np.isfinite(values)]
    year = "%Y년" if text.lang == "ko" else "%Y"
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 44, "r": 16, "t": 24, "b": 28},
        **plain_layout(colours),
        hovermode="closest",
        dragmode=False,
    )
    figure.update_xaxes(
        type="date",
        showgrid=True,
        gridcolor=colours.rule,
        ticks="",
        tickangle=0,
        ticklabelstandoff=6,
        nticks=5,
        fixedrange=True,
        tickformatstops=[
            {"dtickrange": [None, "M11"], "value": MONTH_FORMS[text.lang]},
            {"dtickrange": ["M12", None], "value": year},
        ],
    )
    figure.update_yaxes(
        range=[0, float(present.max()) * 1.15 if present.size else 1],
        showgrid=True,
        gridcolor=colours.rule,
        gridwidth=0.5,
        zeroline=False,
        nticks=5,
        fixedrange=True,
    )
    figure.add_annotation(unit_above(unit, colours))
