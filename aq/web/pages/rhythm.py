"""The rhythm page: medians by hour of day and weekday, and by month, of one province."""

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.i18n import Text
from aq.queries.rhythm import (
    HOURS,
    LEAST,
    MONTHS,
    WEEKDAYS,
    Moment,
    Rhythm,
    curves,
    extremes,
    rhythm,
    stands_out,
)
from aq.web.charts.calendar import hatch, lay_out
from aq.web.charts.heat_map import KEY_SHARES, tone
from aq.web.charts.theme import palette
from aq.web.parts import attribution as origin
from aq.web.parts import cache, daily, page, ranges
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked
from aq.web.parts.tables import opened
from aq.web.wording.facts import fact
from aq.web.wording.korean import N_, number, provenance, province_name
from aq.web.wording.korean import WEEKDAYS as WEEKDAY_NAMES

DEFAULT = "90d"
MONTH_NAMES = (
    N_("Jan"),
    N_("Feb"),
    N_("Mar"),
    N_("Apr"),
    N_("May"),
    N_("Jun"),
    N_("Jul"),
    N_("Aug"),
    N_("Sep"),
    N_("Oct"),
    N_("Nov"),
    N_("Dec"),
)
ROW, COURSE = 26, 220  # pixels
COURSE_NAMES = {False: N_("weekdays"), True: N_("weekends"), None: N_("all days")}
# Every sixth hour is named: 24 names do not fit a phone.
TICKS = (1, 6, 12, 18, 24)


def render() -> None:
    """The rhythm of a province."""
    frame.show("rhythm", _headline, _body, default=DEFAULT, everywhere=False)


def _found(asked: Asked, as_of: int | None) -> Rhythm:
    after = min(asked.range.after, asked.range.until)
    code = asked.code or ""
    return cache.kept(rhythm, code, asked.pollutant, after, asked.range.until, as_of)


def _headline(asked: Asked) -> str:
    text, pollutant = asked.text, pollutants()[asked.pollutant]
    names = {
        "who": province_name(BY_CODE[asked.code or ""], text.lang),
        "what": text.pollutant(asked.pollutant),
    }
    ends = extremes(_found(asked, None))
    if ends is None:
        return text("{who} · {what}", **names)
    digits = cache.shown_digits(asked.pollutant, page.standard().id)
    high, low = (number(moment.value, digits) for moment in ends)
    if not stands_out(*ends):
        return text("{who}, {what}: no hour of the day stands out", **names)
    return text(
        "{who}, {what}: highest {when} ({high}), lowest {then} ({low} {unit})",
        **names,
        when=_moment(ends[0], text),
        then=_moment(ends[1], text),
        high=high,
        low=low,
        unit=pollutant.unit,
    )


def _moment(moment: Moment, text: Text) -> str:
    """평일 8시, or on weekdays at 8:00."""
    if moment.weekend is None:
        return text("at {hour}:00", hour=moment.hour)
    if moment.weekend:
        return text("on weekends at {hour}:00", hour=moment.hour)
    return text("on weekdays at {hour}:00", hour=moment.hour)


def _body(asked: Asked) -> None:
    text = asked.text
    known, as_of = daily.known_then(text)
    if not known:
        return
    found = _found(asked, as_of)
    if not found.hours:
        ranges.nothing(asked.code, asked.range, asked.spans, text)
        return
    with page.picture():
        _courses(found, asked)
    _facts(found, text)
    ends = _ends(found)
    _key(ends, asked)
    drawn = [
        (text("By weekday and hour"), found.week, list(WEEKDAYS), "week"),
        (text("By month and hour"), found.year, _months(found), "year"),
    ]
    for title, cells, rows, name in drawn:
        page.html(f"<h2>{escape(title)}</h2>")
        if name == "week" and cells["hours"].max() < LEAST:
            few = text("No cell has {n} hours: choose {n} weeks or more.", n=LEAST)
            page.html(f'<p class="notice">{escape(few)}</p>')
        page.chart(
            figure(cells, rows, ends, asked),
            key=f"rhythm {name}",
            alt=text("{title}: medians as a heat map; the tables below have them.", title=title),
        )
    for title, cells, rows, name in drawn:
        made = partial(cells_table, cells, rows, asked)
        opened(text("{title}, as a table", title=title), name, made, text, numbers=True)
    of_place = {"pollutant": asked.pollutant, "province": asked.code or ""}
    page.take_away({"rhythm": text("the last 90 days")}, **of_place)
    origin.downloads([asked.code or ""], [asked.pollutant], asked.range, "hour")


def _courses(found: Rhythm, asked: Asked) -> None:
    """The course of a day on weekdays and on weekends, with the middle half of the days."""
    text, drawn = asked.text, [course for course in curves(found) if len(course) > 1]
    if not drawn:
        return
    page.html(f"<h2>{escape(text('The course of a day'))}</h2>")
    page.chart(
        course_figure(drawn, asked),
        key="rhythm course",
        alt=text("The course of a day: medians by hour, with the middle half of the days"),
    )
    digits = cache.shown_digits(asked.pollutant, page.standard().id)
    peak = max((moment for course in drawn for moment in course), key=lambda moment: moment.value)
    spread = text(
        "Days differ: {when} half of them lay between {low} and {high} {unit}.",
        when=_moment(peak, text),
        low=number(peak.low, digits),
        high=number(peak.high, digits),
        unit=pollutants()[asked.pollutant].unit,
    )
    page.html(f'<p class="muted">{escape(spread)}</p>')


def course_figure(drawn: Sequence[Sequence[Moment]], asked: Asked) -> go.Figure:
    """A line of medians for each kind of day over the band of its middle half."""
    text, colours = asked.text, palette(page.dark())
    made = go.Figure()
    highest = max(course[-1].value for course in drawn)
    for course, colour in zip(drawn, (colours.tones[0], colours.tones[2]), strict=False):
        hours = [moment.hour for moment in course]
        name = text(COURSE_NAMES[course[0].weekend])
        band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        made.add_trace(go.Scatter(x=hours, y=[moment.low for moment in course], **band))
        made.add_trace(
            go.Scatter(
                x=hours,
                y=[moment.high for moment in course],
                fill="tonexty",
                fillcolor=faint(colour),
                **band,
            )
        )
        made.add_trace(
            go.Scatter(
                x=hours,
                y=[moment.value for moment in course],
                mode="lines",
                line={"color": colour, "width": 2},
                name=name,
                showlegend=False,
                hovertemplate=f"{name} %{{x}}: %{{y:.0f}}<extra></extra>",
            )
        )
        made.add_annotation(
            x=hours[-1],
            y=course[-1].value,
            text=name,
            showarrow=False,
            xanchor="left",
            xshift=6,
            yshift=7 if course[-1].value == highest else -7,
            font={"size": 12, "color": colour},
        )
    lay_out(made, COURSE, colours)
    made.update_layout(margin={"l": 40, "r": 72, "t": 8, "b": 28})
    made.update_xaxes(
        range=[0.5, 24.5],
        tickvals=list(TICKS),
        ticktext=[text("{hour}:00", hour=hour) for hour in TICKS],
        showgrid=False,
        zeroline=False,
        ticklabelstandoff=6,
    )
    made.update_yaxes(rangemode="tozero", zeroline=False, gridcolor=colours.rule)
    return made


def faint(colour: str) -> str:
    """A colour (#RRGGBB) so thin that a line and a grid show through it."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.12)"


def _months(found: Rhythm) -> list[int]:
    """The calendar months that have any hour."""
    there = set(found.year.loc[found.year["hours"] > 0, "row"])
    return [one for one in MONTHS if one in there]


def _facts(found: Rhythm, text: Text) -> None:
    label = text(
        "hours with a value, {n} of {all}", n=f"{found.hours:,}", all=f"{found.expected:,}"
    )
    share = 100 * found.hours / found.expected
    # 100.0 % only where not one hour is missing.
    shown = "100%" if found.hours == found.expected else f"{min(share, 99.9):.1f}%"
    facts = [fact(shown, label)]
    sources: list[Any] = list(found.sources.itertuples(index=False))
    for source in sources:
        words = provenance(
            text, source.kind, source.status if isinstance(source.status, str) else None
        )
        where = text("{feed}, {n} hours", feed=text.feed(source.feed), n=f"{source.hours:,}")
        facts.append(fact(escape(words), where, meta=True))
    page.html(f'<dl class="facts">{"".join(facts)}</dl>')


def _ends(found: Rhythm) -> tuple[float, float] | None:
    """The lowest and highest median of both maps that rests on enough hours."""
    cells = pd.concat([found.week, found.year])
    values = cells.loc[cells["hours"] >= LEAST, "value"]
    return (float(values.min()), float(values.max())) if len(values) else None


def _key(ends: tuple[float, float] | None, asked: Asked) -> None:
    """What the greys, the hatching and the hours mean."""
    text, colours = asked.text, palette(page.dark())
    unit = pollutants()[asked.pollutant].unit
    parts = []
    if ends:
        digits = cache.shown_digits(asked.pollutant, page.standard().id)
        low, high = ends
        parts = [
            f'<span class="item"><span class="badge" style="background:{tone(share, colours)}">'
            f"&nbsp;</span> {escape(number(low + share * (high - low), digits))}</span>"
            for share in (KEY_SHARES if high > low else KEY_SHARES[:1])
        ]
        parts[-1] = parts[-1].removesuffix("</span>") + f" {escape(unit)}</span>"
    few = escape(text("fewer than {n} hours", n=LEAST))
    parts.append(f'<span class="item"><span class="badge none">–</span> {few}</span>')
    page.html(f'<p class="key">{"".join(parts)}</p>')
    rule = text(
        "A cell is the median of its hourly means; an hour is named by its end, so 8 is from 7:00"
        " to 8:00. The tones are of this range and are no levels."
    )
    page.html(f'<p class="muted">{escape(rule)}</p>')


def row_name(name: int, weekly: bool, text: Text) -> str:
    """월, or Mon; 5월, or May."""
    return text(WEEKDAY_NAMES[name] if weekly else MONTH_NAMES[name - 1])


def figure(
    cells: pd.DataFrame, rows: Sequence[int], ends: tuple[float, float] | None, asked: Asked
) -> go.Figure:
    """A heat map of 24 columns and `rows`; cells of too few hours are hatched."""
    text, colours = asked.text, palette(page.dark())
    weekly = len(cells) == len(WEEKDAYS) * len(HOURS)
    own: list[Any] = list(cells[cells["row"].isin(rows)].itertuples(index=False))
    lines = [own[place : place + len(HOURS)] for place in range(0, len(own), len(HOURS))]
    names = [row_name(row, weekly, text) for row in rows]
    low, high = ends or (0.0, 1.0)
    enough = [[one.hours >= LEAST for one in line] for line in lines]
    notes = [
        [_note(one, name, asked) for one in line] for line, name in zip(lines, names, strict=True)
    ]
    drawn = [[one.value if one.hours >= LEAST else None for one in line] for line in lines]
    scale = tone(0, colours), tone(1, colours)
    made = go.Figure(_map(drawn, notes, (low, high if high > low else low + 1), scale))
    # What is hatched has words too; plotly gives none for a cell without a value.
    hidden = [[None if one else 0.0 for one in line] for line in enough]
    made.add_trace(_map(hidden, notes, (0, 1), ("rgba(0,0,0,0)",) * 2))
    few = [
        (float(hour), float(at))
        for at, line in enumerate(enough)
        for hour, there in zip(HOURS, line, strict=True)
        if not there
    ]
    hatch(made, few, colours)
    lay_out(made, ROW * len(rows) + 32, colours)
    _axes(made, names, text)
    return made


def _map(
    values: Sequence[Sequence[float | None]],
    notes: Sequence[Sequence[str]],
    ends: tuple[float, float],
    scale: tuple[str, ...],
) -> go.Heatmap:
    return go.Heatmap(
        x=list(HOURS),
        y=list(range(len(values))),
        z=[list(line) for line in values],
        customdata=[list(line) for line in notes],
        zmin=ends[0],
        zmax=ends[1],
        colorscale=[[0, scale[0]], [1, scale[1]]],
        showscale=False,
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _axes(made: go.Figure, names: Sequence[str], text: Text) -> None:
    made.update_layout(margin={"l": 36, "r": 16, "t": 4, "b": 28})
    shared: dict[str, Any] = {"showgrid": False, "zeroline": False, "ticks": ""}
    made.update_xaxes(
        range=[0.5, 24.5],
        tickvals=list(TICKS),
        ticktext=[text("{hour}:00", hour=hour) for hour in TICKS],
        tickangle=0,
        **shared,
    )
    made.update_yaxes(
        range=[len(names) - 0.5, -0.5],
        tickvals=list(range(len(names))),
        ticktext=list(names),
        ticklabelstandoff=4,
        tickfont={"size": 12, "color": palette(page.dark()).ink},
        **shared,
    )


def _note(one: Any, name: str, asked: Asked) -> str:
    """What is said of a cell on hover, as lines of markup."""
    text, unit = asked.text, pollutants()[asked.pollutant].unit
    digits = cache.shown_digits(asked.pollutant, page.standard().id)
    lines = [f"<b>{name} {text('{hour}:00', hour=one.hour)}</b>"]
    if one.hours:
        lines.append(text("median {value} {unit}", value=number(one.value, digits), unit=unit))
    lines.append(text("of {n} hours", n=f"{one.hours:,}") if one.hours else text("no hours"))
    if 0 < one.hours < LEAST:
        lines.append(text("too few to show"))
    return "<br>".join(lines)


def cells_table(cells: pd.DataFrame, rows: Sequence[int], asked: Asked) -> pd.DataFrame:
    """Medians with the hours they rest on in brackets: a row an hour, a column a weekday or
    month."""
    text = asked.text
    digits = cache.shown_digits(asked.pollutant, page.standard().id)
    weekly = len(cells) == len(WEEKDAYS) * len(HOURS)
    head = text("Hour, {unit} (hours)", unit=pollutants()[asked.pollutant].unit)
    out = pd.DataFrame({head: [text("{hour}:00", hour=hour) for hour in HOURS]})
    for row in rows:
        own: list[Any] = list(cells[cells["row"] == row].itertuples(index=False))
        out[row_name(row, weekly, text)] = [
            f"{number(one.value, digits)} ({one.hours:,})" for one in own
        ]
    return out


if __name__ == "__main__":
    render()
