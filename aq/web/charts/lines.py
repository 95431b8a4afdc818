"""Lines of several places in one chart, by hour, day or month, each named at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from aq.context import Context
from aq.domain.pollutants import pollutants
from aq.domain.standards import Level, Standard
from aq.domain.windows import OVERALL
from aq.i18n import Text, text_in
from aq.queries.frames import line, pooled
from aq.web.charts import line_style as line_kinds
from aq.web.charts import province_line as charts
from aq.web.charts.advisory_bands import act_bands
from aq.web.charts.advisory_bands import draw as draw_acts
from aq.web.charts.downsample import Floats, kept, stretches
from aq.web.charts.theme import FONT, Palette, palette
from aq.web.charts.time_axis import hover, stamp, stamp_of, stamps, wall_clock
from aq.web.drawings.bands import level_bands

Mark = tuple[datetime, str]
Spot = tuple[str, int, str]  # level (province or station), id in the store, name at the line
AVERAGING = {"hour": "1h", "day": "1d", "month": "1mo"}
# Beyond these a line by the hour, or by the day, holds more than anyone can see.
MOST_HOURLY_DAYS, MOST_DAILY_DAYS = 92, 5 * 366
HEIGHT = 380
MARGINS = {"l": 44, "r": 104, "t": 26, "b": 28}
LABEL_PIXELS = 16
# Share of the plot's height a band needs for its name.
NAMED_BAND = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What every line of a chart has in common."""

    pollutant: str
    since: date
    last: date
    after: datetime
    until: datetime
    grain: str
    standard: str
    as_of: int | None = None


def frame_of(context: Context, level: str, place: int, asked: Ask) -> pd.DataFrame:
    """The values of a place as `aq.queries.frames` gives them, by the grain asked for."""
    rules = context.standards[asked.standard]
    if asked.grain == "hour":
        return line(
            context,
            place,
            asked.pollutant,
            asked.after,
            asked.until,
            level=level,
            standard=rules,
            as_of=asked.as_of,
        )
    return pooled(
        context,
        place,
        asked.pollutant,
        asked.since,
        asked.last,
        grain=asked.grain,
        level=level,
        standard=rules,
        as_of=asked.as_of,
    )


def figure_of(
    context: Context,
    spots: tuple[Spot, ...],
    asked: Ask,
    digits: int,
    lang: str,
    dark: bool,
    marks: tuple[Mark, ...] = (),
) -> go.Figure:
    """The chart of some places, from the store; `marks` are (time, words) to stand at the line."""
    named = [(name, frame_of(context, level, place, asked)) for level, place, name in spots]
    provinces = [place for level, place, _ in spots if level == "province"]
    bounds = asked.after, asked.until
    acts = act_bands(context, provinces, asked.pollutant, bounds, asked.as_of, text_in(lang))
    style = charts.LineStyle(
        standard=context.standards[asked.standard],
        pollutant=asked.pollutant,
        unit=unit_of(asked.pollutant, text_in(lang)),
        digits=digits,
        revision=f"{asked.pollutant} {asked.grain} {asked.since} {asked.last}",
        acts=acts,
    )
    figure = lines(named, style, asked.grain, text_in(lang), palette(dark))
    for at, words in marks:
        if asked.after <= at <= asked.until:
            _mark(figure, at, words, palette(dark))
    return figure


def _mark(figure: go.Figure, at: datetime, words: str, colours: Palette) -> None:
    """A thin upright line with words at its top: what changed there."""
    place = stamp_of(at)
    figure.add_vline(x=place, line={"color": colours.muted, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=place,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="left",
        text=escape(words),
        showarrow=False,
        font={"size": 11, "color": colours.muted},
    )


def unit_of(pollutant: str, text: Text) -> str:
    """µg/m³, ppm, or the word for an index."""
    return text("index") if pollutant == OVERALL else pollutants()[pollutant].unit


def lines(
    named: Sequence[tuple[str, pd.DataFrame]],
    style: charts.LineStyle,
    grain: str,
    text: Text,
    colours: Palette,
) -> go.Figure:
    """Lines over the bands made for their averaging time; gaps stay gaps.

    `named` are names with frames of one range: at (aware), value, kind, status. What a model made
    is dashed; a single line has a rule under what is confirmed.
    """
    bands = bands_for(style.standard, style.pollutant, grain)
    values = [frame["value"].to_numpy(dtype="float64") for _, frame in named]
    top = charts.axis_top(np.concatenate(values), [high for _, high, _ in bands])
    figure = go.Figure()
    for number, ((name, frame), line_values) in enumerate(zip(named, values, strict=True)):
        tone = colours.tones[number % len(colours.tones)]
        at = wall_clock(frame["at"])
        for dash, mask in line_kinds.parts(frame):
            part = np.where(mask, line_values, np.nan)
            if np.isnan(part).all():
                continue
            figure.add_trace(_trace(at, part, (name, tone, dash), style, grain, text))
    at = wall_clock(named[0][1]["at"])
    if len(named) == 1:
        line_kinds.draw_status(figure, at, named[0][1], text, colours)
    charts.lay_out(figure, at, top, style, colours, text)
    room = {"r": 16} if len(named) == 1 else {}
    figure.update_layout(height=HEIGHT, margin={**MARGINS, **room})
    step = (at[1] - at[0]) / 2 if len(at) > 1 else charts.HOUR_MS
    figure.update_xaxes(range=[stamp(at[0] - step), stamp(at[-1] + step)])
    _bands(figure, bands, top, text, colours)
    draw_acts(figure, style.acts, (at[0], at[-1]), top, text, colours)
    if len(named) > 1:
        _end_labels(
            figure,
            [(name, one) for (name, _), one in zip(named, values, strict=True)],
            top,
            colours,
        )
    return figure


def bands_for(standard: Standard, pollutant: str, grain: str) -> list[tuple[float, float, Level]]:
    """(low, high, level) of the breakpoints made for a grain's averaging time; none where none."""
    if pollutant != OVERALL:
        return level_bands(standard, pollutant, AVERAGING[grain])
    edges = [level.index for level in standard.levels]
    if grain != "hour" or any(edge is None for edge in edges):
        return []
    highs = [float(edge[1]) for edge in edges if edge is not None]
    lows = [0.0, *highs[:-1]]
    return list(zip(lows, highs, standard.levels, strict=True))


def _trace(
    at: Floats,
    values: Floats,
    look: tuple[str, str, str],
    style: charts.LineStyle,
    grain: str,
    text: Text,
) -> go.Scatter:
    name, tone, dash = look
    keep = kept(values)
    lone = np.isin(keep, [first for first, last in stretches(values) if last - first == 1])
    note = f" · {text('modelled')}" if dash == "dash" else ""
    amount = f"<b>%{{y:.{style.digits}f}}</b> {style.unit}{note}"
    return go.Scatter(
        x=stamps(at[keep]),
        y=values[keep],
        mode="lines+markers" if lone.any() else "lines",
        marker={"size": np.where(lone, 4, 0), "color": tone} if lone.any() else None,
        line={
            "color": tone,
            "width": 1.2 if len(keep) > 800 else 1.8,
            "dash": dash if dash == "solid" else "5px,3px",
        },
        connectgaps=False,
        name=name,
        hovertemplate=f"{escape(name)} · {hover(text, grain)}<br>{amount}<extra></extra>",
    )


def _bands(
    figure: go.Figure,
    bands: Sequence[tuple[float, float, Level]],
    top: float,
    text: Text,
    colours: Palette,
) -> None:
    """Pale bands, named inside at the left: the right edge is for the lines' own names."""
    for low, high, level in bands:
        if low >= top:
            break
        end = min(high, top)
        charts.shade(figure, low, end, level, colours)
        if end - low >= top * NAMED_BAND:
            figure.add_annotation(
                xref="paper",
                x=0,
                xanchor="left",
                xshift=6,
                y=end,
                yanchor="top",
                text=f"<b>{level.letter}</b> {level.label(text.lang)}",
                showarrow=False,
                font={"size": 11, "color": colours.muted},
            )


def _end_labels(
    figure: go.Figure, named: Sequence[tuple[str, Floats]], top: float, colours: Palette
) -> None:
    """Each line's name beside its last value, moved apart where they would cover each other."""
    height = HEIGHT - MARGINS["t"] - MARGINS["b"]
    placed = []
    for number, (name, values) in enumerate(named):
        present = np.flatnonzero(~np.isnan(values))
        if present.size:
            placed.append((float(values[present[-1]]) / top * height, number, name))
    floor = 0.0
    for wanted, number, name in sorted(placed):
        pixel, tone = max(wanted, floor), colours.tones[number % len(colours.tones)]
        floor = pixel + LABEL_PIXELS
        figure.add_annotation(
            xref="paper",
            yref="paper",
            x=1,
            y=0,
            xanchor="left",
            yanchor="middle",
            xshift=6,
            yshift=pixel,
            text=f'<span style="color:{tone}">━</span> {escape(name)}',
            showarrow=False,
            font={"family": FONT, "size": 12.5, "color": colours.ink},
        )
