"""Runs above a level as a timeline: a row for each of the 17, in page-header order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import plotly.graph_objects as go

from aq.domain.clock import HOUR, from_hour_number, kst
from aq.domain.episodes import Run
from aq.domain.pollutants import Exact
from aq.domain.provinces import PROVINCES
from aq.i18n import Text
from aq.web.charts.theme import FONT, Palette, plain_layout, province_rows
from aq.web.charts.time_axis import tick_forms
from aq.web.wording.korean import long_hour, province_name

ROW_HEIGHT = 24
HOUR_MS = 3_600_000
# No bar is narrower than this share of the range, or an hour of a year could not be seen.
LEAST_SHARE = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineStyle:
    """How a run is coloured and how its highest value is told."""

    after: datetime
    until: datetime
    colour: Callable[[Run], str]
    value: Callable[[Exact], str]


def timeline(
    runs: Mapping[int, Sequence[Run]], style: TimelineStyle, text: Text, colours: Palette
) -> go.Figure:
    """The timeline; `runs` by province id. Bridged hours are hatched over their bar, and a
    question mark stands at an end that is not known."""
    figure = go.Figure()
    names = {province.id: province_name(province, text.lang) for province in PROVINCES}
    placed = [(names[place], run) for place in names for run in runs.get(place, ())]
    figure.add_trace(_bars(placed, style, text))
    for trace in (_bridged(placed, colours), _open_ends(placed, colours)):
        if trace is not None:
            figure.add_trace(trace)
    figure.update_layout(
        height=ROW_HEIGHT * len(names) + 40,
        margin={"l": 8, "r": 12, "t": 4, "b": 40},
        barmode="overlay",
        bargap=0.35,
        **plain_layout(colours),
        hovermode="closest",
        dragmode="zoom",
        uirevision=f"{style.after} {style.until}",
    )
    figure.update_xaxes(
        type="date",
        range=[_wall(style.after), _wall(style.until)],
        showgrid=True,
        gridcolor=colours.rule,
        ticks="",
        tickangle=0,
        nticks=6,
        tickformatstops=tick_forms(text),
    )
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=list(names.values()),
        range=[len(names) - 0.5, -0.5],
        showgrid=True,
        gridcolor=colours.rule,
        gridwidth=0.5,
        **province_rows(colours),
    )
    return figure


def _wall(moment: datetime) -> datetime:
    """The Korean wall clock: Plotly's date axis knows no zones."""
    return kst(moment).replace(tzinfo=None)


def _begin(hour: int) -> datetime:
    """Where an hour begins; it is named by its end."""
    return _wall(from_hour_number(hour) - HOUR)


def _bars(placed: Sequence[tuple[str, Run]], style: TimelineStyle, text: Text) -> go.Bar:
    whole = (style.until - style.after).total_seconds() * 1000
    tones = [style.colour(run) for _, run in placed]
    return go.Bar(
        orientation="h",
        y=[name for name, _ in placed],
        base=[_begin(run.first) for _, run in placed],
        x=[max(run.length * HOUR_MS, LEAST_SHARE * whole) for _, run in placed],
        marker={"color": tones, "line": {"width": 0}},
        customdata=[about(run, style.value, text) for _, run in placed],
        hovertemplate="<b>%{y}</b> %{customdata}<extra></extra>",
    )


def about(run: Run, value: Callable[[Exact], str], text: Text) -> str:
    """A run in the words of a hover."""
    first, last = (long_hour(text, from_hour_number(hour)) for hour in (run.first, run.last))
    lines = [
        text("{first} to {last}", first=first, last=last),
        text("{n} hours, highest {value}", n=f"{run.hours:,}", value=value(run.peak)),
    ]
    if run.bridged:
        lines.append(text("{n} missing hours bridged", n=len(run.bridged)))
    return "<br>".join(lines)


def _bridged(placed: Sequence[tuple[str, Run]], colours: Palette) -> go.Bar | None:
    """The bridged hours, an hour a bar."""
    hours = [(name, hour) for name, run in placed for hour in run.bridged]
    if not hours:
        return None
    return go.Bar(
        orientation="h",
        y=[name for name, _ in hours],
        base=[_begin(hour) for _, hour in hours],
        x=[HOUR_MS] * len(hours),
        marker={
            "color": colours.missing,
            "line": {"width": 0},
            "pattern": {"shape": "/", "size": 4, "fgcolor": colours.ink, "solidity": 0.3},
        },
        hoverinfo="skip",
    )


def _open_ends(placed: Sequence[tuple[str, Run]], colours: Palette) -> go.Scatter | None:
    """A question mark before a beginning and after an end that missing hours hide."""
    marks = [
        *((name, _begin(run.first), "middle left") for name, run in placed if not run.begins_known),
        *(
            (name, _begin(run.last + 1), "middle right")
            for name, run in placed
            if not run.ends_known
        ),
    ]
    if not marks:
        return None
    return go.Scatter(
        y=[name for name, _, _ in marks],
        x=[at for _, at, _ in marks],
        mode="text",
        text=["?"] * len(marks),
        textposition=[side for _, _, side in marks],
        textfont={"family": FONT, "size": 12, "color": colours.ink},
        hoverinfo="skip",
        cliponaxis=False,
    )
