"""The Korean wall clock on a chart's date axis, the same for readers everywhere."""

from datetime import datetime

import numpy as np
import pandas as pd

from aq.domain.clock import kst
from aq.web.charts.downsample import Floats


def wall_clock(at: pd.Series) -> Floats:
    """Milliseconds of the Korean wall clock, to reckon with; a figure gets them as `stamps`."""
    naive = pd.DatetimeIndex(at).tz_localize(None).as_unit("ms")
    return naive.asi8.astype("float64")


def stamps(at: Floats) -> list[str]:
    """What a figure is given for milliseconds of the wall clock, to the minute.

    Plotly takes a number on a date axis for an instant and draws it by the reader's own zone; a
    text without a zone stands where it says, wherever it is read.
    """
    minutes = np.datetime_as_string(at.astype("datetime64[ms]"), unit="m")
    return [one.replace("T", " ") for one in minutes.tolist()]


def stamp(at: float) -> str:
    """One of them."""
    return stamps(np.array([at]))[0]


def stamp_of(moment: datetime) -> str:
    """What a figure is given for an instant."""
    return kst(moment).strftime("%Y-%m-%d %H:%M")
