"""How a line tells what its values are: solid observed, dashed modelled, a rule under confirmed."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from aq.i18n import Text
from aq.web.charts.downsample import Floats, stretches
from aq.web.charts.theme import Palette
from aq.web.charts.time_axis import stamp
from aq.web.wording.korean import KINDS, STATUSES

RULE = 3  # pixels, upwards from the axis


def parts(frame: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """(dash, mask) of what is observed and of what a model made."""
    modelled = (frame["kind"] == "modelled").to_numpy()
    yield "solid", ~modelled
    yield "dash", modelled


def draw_status(
    figure: go.Figure, at: Floats, frame: pd.DataFrame, text: Text, colours: Palette
) -> None:
    """The rule under each confirmed stretch, named once, and the name of a model's part."""
    confirmed = np.where((frame["status"] == "confirmed").to_numpy(), 0.0, np.nan)
    runs = stretches(confirmed)
    for first, last in runs:
        figure.add_shape(
            type="line",
            yref="paper",
            x0=stamp(at[first]),
            x1=stamp(at[last - 1]),
            y0=0,
            y1=0,
            line={"color": colours.ink, "width": RULE},
        )
    if runs:
        first, last = max(runs, key=lambda run: run[1] - run[0])
        _name(figure, at[(first + last - 1) // 2], 0, "paper", text(STATUSES["confirmed"]), colours)
    modelled = (frame["kind"] == "modelled").to_numpy() & frame["value"].notna().to_numpy()
    if modelled.any():
        places = np.flatnonzero(modelled)
        middle = places[places.size // 2]
        value = float(frame["value"].iloc[middle])
        _name(figure, at[middle], value, "y", text(KINDS["modelled"]), colours)


def _name(
    figure: go.Figure, at: float, height: float, axis: str, word: str, colours: Palette
) -> None:
    """A word above a point."""
    figure.add_annotation(
        x=stamp(at),
        y=height,
        yref=axis,
        text=word,
        showarrow=False,
        yshift=14,
        bgcolor=colours.paper,
        opacity=0.9,
        borderpad=1,
        font={"size": 12, "color": colours.ink},
    )
