"""The Korean wall clock on a chart's date axis, the same for readers everywhere."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from aq.domain.clock import kst
from aq.i18n import WEEKDAYS_KO, Text
from aq.web.charts.downsample import Floats

# How a date reads in a figure, in the letters of d3-time-format: as `aq/web/wording/korean.py`
# writes it in a sentence. `%a` is the weekday of the figure's locale, see `chart_config`.
HOUR_FORMS = {"ko": "%-H시", "en": "%H:00"}
DAY_FORMS = {"ko": "%-m월 %-d일(%a)", "en": "%a %-d %b"}
MONTH_FORMS = {"ko": "%Y년 %-m월", "en": "%b %Y"}
# Weeks apart, days stand on two lines: a phone has room for their names then.
NARROW_DAY_FORMS = {"ko": "%-m월 %-d일<br>(%a)", "en": "%-d %b<br>%a"}
HALF_DAY_MS, WEEK_MS = 43_200_000, 604_800_000


def chart_config(text: Text) -> dict[str, Any]:
    """What Plotly is told beside a figure: no tool bar, weekdays in the reader's language."""
    config: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False}
    if text.lang == "ko":
        days = [WEEKDAYS_KO[(number - 1) % 7] for number in range(7)]  # from Sunday, as d3 counts
        config |= {"locale": "ko", "locales": {"ko": {"format": {"shortDays": days}}}}
    return config


def hover(text: Text, grain: str = "hour") -> str:
    """The date of a point in a hover template; `grain` is hour, day or month."""
    return f"%{{x|{hover_form(text, grain)}}}"


def hover_form(text: Text, grain: str = "hour") -> str:
    """2026년 5월 8일(금) 20시, or Fri 8 May 2026 20:00."""
    if grain == "month":
        return MONTH_FORMS[text.lang]
    day = DAY_FORMS[text.lang]
    day = f"%Y년 {day}" if text.lang == "ko" else f"{day} %Y"
    return f"{day} {HOUR_FORMS[text.lang]}" if grain == "hour" else day


def tick_forms(text: Text) -> list[dict[str, Any]]:
    """Names of ticks by how far they are apart: hours (below the first its day), days, weeks,
    months."""
    day = DAY_FORMS[text.lang]
    return [
        {"dtickrange": [None, HALF_DAY_MS], "value": f"{HOUR_FORMS[text.lang]}\n{day}"},
        {"dtickrange": [HALF_DAY_MS + 1, WEEK_MS - 1], "value": day},
        {"dtickrange": [WEEK_MS, "M1"], "value": NARROW_DAY_FORMS[text.lang]},
        {"dtickrange": ["M1", None], "value": MONTH_FORMS[text.lang]},
    ]


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
