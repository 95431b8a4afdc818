"""Official advisories on a line's chart: grey stretches under a bar of ink, with their words."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

import pandas as pd
import plotly.graph_objects as go

from aq.context import Context
from aq.domain.advisories import Span, spans
from aq.domain.clock import KST
from aq.domain.model import Advisory
from aq.domain.provinces import BY_ID
from aq.i18n import Text
from aq.queries.official import advisories_over
from aq.web.charts.theme import Palette
from aq.web.charts.time_axis import stamp, wall_clock
from aq.web.wording.advisories import act_word, place_words
from aq.web.wording.korean import long_hour

# Height of the bar above a stretch [share of the plot], by level; a warning's is the heavier.
BAR = {1: 0.022, 2: 0.045, 3: 0.065}
# Room a name needs [share of the range]: names that would stand in one another are left out.
ROOM = 0.07
OPACITY = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class ActBand:
    """A stretch of the Korean wall clock [ms] with its level and its words, short and whole."""

    begin: float
    end: float
    level: int
    name: str
    words: str


def act_bands(
    context: Context,
    provinces: Iterable[int],
    pollutant: str,
    bounds: tuple[datetime, datetime],
    as_of: int | None,
    text: Text,
) -> list[ActBand]:
    """The advisories over some provinces (their ids) in a range, zones taken together."""
    codes = tuple(BY_ID[number].code for number in provinces)
    after, until = bounds
    if after >= until or not codes:
        return []
    rows = advisories_over(context, codes, pollutant, after, until, as_of)
    return [_band(span, text) for span in spans(rows, after, until)]


def _band(span: Span, text: Text) -> ActBand:
    begin, end = wall_clock(pd.Series(pd.DatetimeIndex([span.begin, span.end]).tz_convert(KST)))
    name = act_word(span.advisories[0], text)
    lines = [_words(row, text) for row in span.advisories]
    return ActBand(begin=begin, end=end, level=span.level, name=name, words="<br>".join(lines))


def _words(row: Advisory, text: Text) -> str:
    since = long_hour(text, row.issued_at)
    when = text("in force since {first}", first=since)
    if row.cleared_at:
        when = text("{first} to {last}", first=since, last=long_hour(text, row.cleared_at))
    return (
        f"<b>{escape(act_word(row, text))}</b> {escape(place_words(row, text))}<br>{escape(when)}"
    )


def draw(
    figure: go.Figure,
    bands: Sequence[ActBand],
    bounds: tuple[float, float],
    top: float,
    text: Text,
    colours: Palette,
) -> None:
    """Add the stretches. `bounds` are the ends of the time axis [wall clock ms], `top` the other's.

    Ink and grey only, and bounded in time: grade bands are coloured and run through.
    """
    for band in bands:
        left, right = stamp(band.begin), stamp(band.end)
        span = {"type": "rect", "x0": left, "x1": right, "line_width": 0, "fillcolor": colours.ink}
        figure.add_shape(**span, y0=0, y1=top, opacity=OPACITY, layer="below")
        height = BAR.get(band.level, BAR[1])
        figure.add_shape(**span, yref="paper", y0=1 - height, y1=1, layer="above")
        figure.add_trace(_hover(band, top, text))
    _name(figure, bands, bounds, colours)


def _name(
    figure: go.Figure,
    bands: Sequence[ActBand],
    bounds: tuple[float, float],
    colours: Palette,
) -> None:
    """The worst act of each run of stretches that meet, at its beginning, where there is room."""
    room = ROOM * (bounds[1] - bounds[0])
    free = -math.inf
    for begin, worst in _runs(bands):
        if begin < free:
            continue
        free = begin + room
        ends = begin + room > bounds[1]
        figure.add_annotation(
            x=stamp(begin),
            xanchor="right" if ends else "left",
            xshift=-3 if ends else 2,
            yref="paper",
            y=1 - BAR.get(worst.level, BAR[1]),
            yanchor="top",
            text=escape(worst.name),
            showarrow=False,
            font={"size": 11, "color": colours.ink},
        )


def _runs(bands: Sequence[ActBand]) -> list[tuple[float, ActBand]]:
    """(begin, worst stretch) of stretches that follow one another without a gap."""
    found: list[tuple[float, ActBand]] = []
    end = -math.inf
    for band in bands:
        if band.begin == end and band.level > found[-1][1].level:
            found[-1] = (found[-1][0], band)
        elif band.begin != end:
            found.append((band.begin, band))
        end = band.end
    return found


def _hover(band: ActBand, top: float, text: Text) -> go.Scatter:
    left, right = stamp(band.begin), stamp(band.end)
    return go.Scatter(
        x=[left, right, right, left, left],
        y=[0, 0, top, top, 0],
        mode="lines",
        line_width=0,
        fill="toself",
        fillcolor="rgba(0,0,0,0)",
        hoveron="fills",
        hoverinfo="text",
        text=band.words,
        name=text("Official advisories"),
    )
