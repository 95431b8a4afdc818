"""The parts of a line by what its values are: confirmed, preliminary or modelled."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from aq.i18n import Text
from aq.web.charts.downsample import Floats
from aq.web.charts.theme import Palette
from aq.web.charts.time_axis import stamp
from aq.web.wording.korean import KINDS, STATUSES


def parts(frame: pd.DataFrame, told_apart: bool) -> Iterator[tuple[str, np.ndarray, str]]:
    """(dash, mask, word) of each part; observed values are one part unless `told_apart`."""
    modelled = (frame["kind"] == "modelled").to_numpy()
    preliminary = np.zeros(len(frame), dtype=bool)
    if told_apart:
        preliminary = (frame["status"] == "preliminary").to_numpy() & ~modelled
    yield "solid", ~modelled & ~preliminary, STATUSES["confirmed"]
    yield "dot", preliminary, STATUSES["preliminary"]
    yield "dash", modelled, KINDS["modelled"]


def label(
    figure: go.Figure, at: Floats, values: Floats, word: str, text: Text, colours: Palette
) -> None:
    """The part's name above its middle value."""
    present = np.flatnonzero(~np.isnan(values))
    if not present.size:
        return
    middle = present[present.size // 2]
    figure.add_annotation(
        x=stamp(at[middle]),
        y=values[middle],
        text=text(word),
        showarrow=False,
        yshift=14,
        bgcolor=colours.paper,
        opacity=0.9,
        borderpad=1,
        font={"size": 12, "color": colours.ink},
    )
