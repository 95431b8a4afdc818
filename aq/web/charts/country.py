"""Data to figures: the map of grades and the line of a province. No Streamlit, no store."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from aq.domain.colour import lightness
from aq.domain.pollutants import pollutants
from aq.domain.standards import Level, Standard
from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.queries.model_hours import Ahead
from aq.web.charts import line_style as line_kinds
from aq.web.charts import model_line as ahead_line
from aq.web.charts.advisory_bands import ActBand
from aq.web.charts.advisory_bands import draw as draw_acts
from aq.web.charts.downsample import MOST_POINTS, Floats, kept, stretches
from aq.web.charts.theme import FONT, Palette
from aq.web.charts.time_axis import stamp, stamps, wall_clock
from aq.web.wording.korean import gap_word, grade_word, item_name, missing_short, number, shown

# Nothing is loaded: without this, Plotly asks a content network for the outlines of the world.
EMPTY_TOPOLOGY = 'data:application/json,{"type":"Topology","objects":{},"arcs":[]}#'
MAP_CONFIG: Mapping[str, Any] = {
    "topojsonURL": EMPTY_TOPOLOGY,
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
}
LINE_CONFIG: Mapping[str, Any] = {"displayModeBar": False, "scrollZoom": False}
LINE_HEIGHT = 300

# Where a name stands [degrees east, north], by hand: inside large provinces, beside small ones,
# and never on a neighbour's.
LABELS: Mapping[str, tuple[float, float]] = {
    "KR-11": (126.99, 37.57),
    "KR-41": (127.30, 37.22),
    "KR-28": (126.32, 37.44),
    "KR-29": (126.84, 35.15),
    "KR-30": (127.46, 36.30),
    "KR-27": (128.60, 35.86),
    "KR-31": (129.50, 35.54),
    "KR-26": (129.27, 35.02),
    "KR-42": (128.30, 37.75),
    "KR-43": (127.78, 36.88),
    "KR-44": (126.78, 36.47),
    "KR-45": (127.10, 35.74),
    "KR-46": (126.94, 34.80),
    "KR-47": (128.75, 36.42),
    "KR-48": (128.25, 35.40),
    "KR-49": (126.55, 33.38),
    "KR-50": (127.27, 36.60),
}
# These stand on the sea beside their province, in the page's own ink, on this side of the point.
AT_SEA = {"KR-28": "middle left", "KR-31": "middle right", "KR-26": "middle right"}
SMALL = frozenset({"KR-11", "KR-28", "KR-29", "KR-30", "KR-27", "KR-31", "KR-26", "KR-50"})
# Stands beside a province with an official advisory in force, in ink: no colour of a grade.
ACT_MARK = "▲"
HOUR_MS = 3600 * 1000
# A gap is named on the chart where it is at least this share of the range; shorter ones on hover.
NAMED_GAP = 0.045
# Hours without a time of their own, in four bytes each, are less than a quarter as many with one.
WHOLE_HOURS = 366 * 24


def country_map(
    items: Sequence[CurrentItem],
    shapes: Mapping[str, Any] | str,
    standard: Standard,
    text: Text,
    colours: Palette,
    *,
    chosen: str | None,
    digits: int,
    marks: Mapping[str, str] = MappingProxyType({}),
) -> go.Figure:
    """The 17 provinces coloured by level, named with their letter; the chosen one outlined.

    Parameters
    ----------
    items : the 17 items of one pollutant
    shapes : GeoJSON whose features' `id` is the province code, or where it is
    chosen : code of the selected province
    digits : decimals of a value in the hover text
    marks : by code what the authority has in force there, in words
    """
    # The chosen province is drawn last, else its neighbours cover half of its outline.
    ordered = sorted(items, key=lambda item: item.code == chosen)
    figure = go.Figure(
        [
            _areas(
                ordered,
                shapes,
                standard,
                colours,
                chosen,
                [_about(item, standard, text, digits, marks.get(item.code)) for item in ordered],
            ),
            *_names(ordered, standard, text, colours, marks),
        ]
    )
    figure.update_geos(
        visible=False,
        bgcolor="rgba(0,0,0,0)",
        projection_type="mercator",
        lonaxis_range=[124.5, 132],
        lataxis_range=[33, 38.75],
        domain={"x": [0, 1], "y": [0, 1]},
    )
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode=False,
        clickmode="event+select",
        paper_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "color": colours.ink},
        hoverlabel=hover_label(colours),
        uirevision="map",
        selectionrevision=f"{items[0].pollutant} {chosen}",
        showlegend=False,
    )
    return figure


def _areas(
    items: Sequence[CurrentItem],
    shapes: Mapping[str, Any] | str,
    standard: Standard,
    colours: Palette,
    chosen: str | None,
    about: Sequence[str],
) -> go.Choropleth:
    steps = [colours.missing, *(level.colour for level in standard.levels)]
    scale = [
        edge
        for index, colour in enumerate(steps)
        for edge in ([index / len(steps), colour], [(index + 1) / len(steps), colour])
    ]
    outlined = [item.code == chosen for item in items]
    same = {"marker": {"opacity": 1}}
    return go.Choropleth(
        geojson=shapes,
        locations=[item.code for item in items],
        z=[item.grade or 0 for item in items],
        zmin=-0.5,
        zmax=len(steps) - 0.5,
        colorscale=scale,
        showscale=False,
        marker={
            "line": {
                "color": [colours.ink if one else colours.paper for one in outlined],
                "width": [2.4 if one else 1 for one in outlined],
            }
        },
        selected=same,
        unselected=same,
        selectedpoints=[index for index, one in enumerate(outlined) if one] or None,
        customdata=about,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _about(item: CurrentItem, standard: Standard, text: Text, digits: int, mark: str | None) -> str:
    name = f"<b>{item_name(item, text.lang)}</b>"
    value = shown(item)
    act = f"<br>{ACT_MARK} {escape(mark)}" if mark else ""
    if value is None:
        return f"{name}  –<br>{text('no data: {why}', why=missing_short(text, item))}{act}"
    word = grade_word(item, standard, text.lang)
    head = f"{name}  {item.letter} {word}" if word else name
    return f"{head}<br>{number(value, digits)} {item.unit or ''}".rstrip() + act


def _names(
    items: Sequence[CurrentItem],
    standard: Standard,
    text: Text,
    colours: Palette,
    marks: Mapping[str, str],
) -> list[go.Scattergeo]:
    """Names with their letter. One that reaches over its border has a rim in the other tone, so
    that it is legible on any two colours; those at sea are in the page's own ink."""
    groups: dict[tuple[int, str, str | None, str], list[CurrentItem]] = {}
    for item in items:
        ink = _name_ink(item, standard, colours)
        # White letters too: on a phone they reach over an island's shore.
        spills = item.code in SMALL or text.lang == "en" or lightness(ink) > 50
        reaches = spills and item.code not in AT_SEA
        size = 11 if item.code in SMALL or text.lang == "en" else 13
        side = AT_SEA.get(item.code, "middle center")
        groups.setdefault((size, ink, _rim(ink) if reaches else None, side), []).append(item)
    return [
        go.Scattergeo(
            lon=[LABELS[item.code][0] for item in here],
            lat=[LABELS[item.code][1] for item in here],
            mode="text",
            text=[
                f"{item_name(item, text.lang)} <b>{item.letter or '–'}</b>"
                + (f" {ACT_MARK}" if item.code in marks else "")
                for item in here
            ],
            textfont={"family": FONT, "size": size, "color": ink, "weight": 600, "shadow": rim},
            textposition=side,
            hoverinfo="skip",
        )
        for (size, ink, rim, side), here in groups.items()
    ]


def _rim(ink: str) -> str:
    """A text shadow all around: pale for dark letters, dark for pale ones."""
    tone = "0,0,0,.75" if lightness(ink) > 50 else "255,255,255,.9"
    steps = (-1, 0, 1)
    return ", ".join(f"{x}px {y}px 1.5px rgba({tone})" for x in steps for y in steps)


def _name_ink(item: CurrentItem, standard: Standard, colours: Palette) -> str:
    if item.code in AT_SEA:
        return colours.ink
    if item.code in SMALL:  # the name hides the province: its rim is the ground it stands on
        return "#000000"
    return standard.level(item.grade).text_colour if item.grade else colours.missing_ink


def hover_label(colours: Palette) -> dict[str, Any]:
    return {
        "bgcolor": colours.paper,
        "bordercolor": colours.rule,
        "font": {"family": FONT, "size": 13, "color": colours.ink},
    }


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


def level_bands(
    standard: Standard, pollutant: str, averaging: str = "1h"
) -> list[tuple[float, float, Level]]:
    """(low, high, level) of an averaging time's breakpoints [the pollutant's unit], if any.

    A band ends where the next level begins, its rounding folded in, so that a value's band is its
    grade.
    """
    points = standard.tables.get((pollutant, averaging))
    if points is None:
        return []
    scale = pollutants()[pollutant].scale
    bands: list[tuple[float, float, Level]] = []
    low = 0.0
    for begin, grade in zip((*points.begins[1:], math.inf), points.grades, strict=True):
        high, level = begin / points.parts / scale, standard.level(grade)
        if bands and bands[-1][2] == level:
            low = bands.pop()[0]
        bands.append((low, high, level))
        low = high
    return bands


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
    hour = "%{x|%-m월 %-d일 %-H시}" if text.lang == "ko" else "%{x|%-d %b %Y, %-H:00}"
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
        hovertemplate=f"{hour}<br><b>%{{y:.{style.digits}f}}</b> {style.unit}{note}<extra></extra>",
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
        figure.add_shape(
            type="rect",
            xref="paper",
            x0=0,
            x1=1,
            y0=low,
            y1=min(high, top),
            fillcolor=level.colour,
            opacity=colours.band,
            line_width=0,
            layer="below",
        )
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
        word = gap_word(text, _known(reasons[first]), _known(details[first]))
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
                fillpattern={
                    "shape": "/",
                    "size": 6,
                    "solidity": 0.25,
                    "fgcolor": colours.hatch,
                    "bgcolor": colours.paper,
                    "fillmode": "overlay",
                },
                fillcolor=colours.paper,
                hoveron="fills",
                hoverinfo="text",
                text=text("no data: {why}", why=word),
                name=text("no data: {why}", why=word),
            )
        )


def _known(word: object) -> str | None:
    """A cell's text; None for the several nothings of a data frame."""
    return word if isinstance(word, str) and word else None


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
    korean = text.lang == "ko"
    day, month = ("%-m월 %-d일", "%Y년 %-m월") if korean else ("%e %b", "%b %Y")
    figure.update_layout(
        height=LINE_HEIGHT,
        margin={"l": 44, "r": 84, "t": 24, "b": 28},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 12, "color": colours.muted},
        hoverlabel=hover_label(colours),
        hovermode="closest",
        showlegend=False,
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
        tickformatstops=[
            {"dtickrange": [None, 43_200_000], "value": "%-H시" if korean else "%-H:00"},
            {"dtickrange": [43_200_001, "M1"], "value": day},
            {"dtickrange": ["M1", None], "value": month},
        ],
        hoverformat="%-m월 %-d일 %-H시" if korean else "%-d %b %-H:00",
    )
    figure.add_annotation(
        xref="paper",
        yref="paper",
        x=0,
        y=1,
        xanchor="right",
        yanchor="bottom",
        yshift=3,
        text=style.unit,
        showarrow=False,
        font={"size": 11, "color": colours.muted},
    )
    figure.update_yaxes(
        range=[0, top],
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        nticks=5,
        tickfont_size=11,
    )
