"""Days to figures: a year's days coloured by level, and days by level of the 17. No Streamlit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go

from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.web.charts.theme import Palette, hatching, plain_layout
from aq.web.wording.korean import WEEKDAYS, province_name

_ROW = 17  # pixels of a weekday
_BETWEEN = 2.6  # rows between two years, for their names
_BAR_ROW = 46  # pixels of a province's row of bars


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCell:
    """A day as it is drawn: its grade (None is missing) and what is said of it on hover."""

    day: date
    grade: int | None
    about: str


def calendar(
    cells: Sequence[DayCell], standard: Standard, text: Text, colours: Palette
) -> go.Figure:
    """Years below each other, the newest first; a column is a week from Monday, a cell a day.

    Days without a grade are hatched, days that are not among `cells` are not drawn.
    """
    years = sorted({cell.day.year for cell in cells}, reverse=True)
    base = {year: place * (7 + _BETWEEN) for place, year in enumerate(years)}
    places = [_place(cell.day, base) for cell in cells]
    figure = go.Figure()
    figure.add_trace(_cells(cells, places, standard))
    hatch(figure, [at for at, cell in zip(places, cells, strict=True) if not cell.grade], colours)
    for year in years:
        _name_year(figure, year, base[year], text, colours)
    _months(figure, [cell.day for cell in cells], base, colours)
    rows = len(years) * (7 + _BETWEEN)
    lay_out(figure, round(rows * _ROW) + 12, colours)
    figure.update_layout(margin={"l": 30, "r": 4, "t": 4, "b": 4})
    figure.update_xaxes(range=[-0.6, 53.6], visible=False)
    figure.update_yaxes(
        range=[rows - _BETWEEN, -_BETWEEN],
        showgrid=False,
        zeroline=False,
        tickvals=[base[year] + row for year in years for row in (0, 2, 4, 6)],
        ticktext=[text(WEEKDAYS[row]) for _ in years for row in (0, 2, 4, 6)],
        tickfont={"size": 11, "color": colours.muted},
        ticklabelstandoff=4,
    )
    return figure


def lay_out(figure: go.Figure, height: int, colours: Palette) -> None:
    """What the figures of days and hours share: no ground, no legend, nothing to drag."""
    figure.update_layout(
        height=height,
        **plain_layout(colours),
        dragmode=False,
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)


def _place(day: date, base: Mapping[int, float]) -> tuple[float, float]:
    """(column, row) of a day."""
    first = date(day.year, 1, 1)
    number = (day - first).days + first.weekday()
    return number // 7, base[day.year] + day.weekday()


def _cells(
    cells: Sequence[DayCell], places: Sequence[tuple[float, float]], standard: Standard
) -> go.Bar:
    """Each day as a bar of one row's height: unlike an image, it stays sharp and has its own
    colour."""
    return go.Bar(
        x=[x for x, _ in places],
        y=[0.92] * len(places),
        base=[y - 0.46 for _, y in places],
        width=0.92,
        marker={
            "color": [
                standard.level(cell.grade).colour if cell.grade else "rgba(0,0,0,0)"
                for cell in cells
            ],
            "line": {"width": 0},
        },
        customdata=[cell.about for cell in cells],
        hovertemplate="%{customdata}<extra></extra>",
    )


def hatch(figure: go.Figure, places: Sequence[tuple[float, float]], colours: Palette) -> None:
    """Hatch the cells (column, row) that have nothing to show."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for x, y in places:
        xs += [x - 0.46, x + 0.46, x + 0.46, x - 0.46, x - 0.46, None]
        ys += [y - 0.46, y - 0.46, y + 0.46, y + 0.46, y - 0.46, None]
    if not xs:
        return
    figure.add_trace(
        go.Scatter(
            x=xs,
            y=ys,
            mode="lines",
            line_width=0,
            fill="toself",
            fillcolor=colours.paper,
            fillpattern=hatching(colours, 5, 0.3),
            hoverinfo="skip",
        )
    )


def _name_year(figure: go.Figure, year: int, base: float, text: Text, colours: Palette) -> None:
    """The year and its months above its cells."""
    same = {"showarrow": False, "xanchor": "left", "yanchor": "bottom"}
    figure.add_annotation(
        x=-0.5,
        y=base - 1.25,
        text=f"<b>{year}</b>",
        font={"size": 14, "color": colours.ink},
        **same,
    )
    for month in range(1, 13):
        name = f"{month}월" if text.lang == "ko" else f"{date(year, month, 1):%b}"
        column, row = _place(date(year, month, 1), {year: 0})
        figure.add_annotation(
            x=column + (0.5 if row else -0.5),
            y=base - 0.45,
            text=name,
            font={"size": 11, "color": colours.muted},
            **same,
        )


def _months(
    figure: go.Figure, days: Sequence[date], base: Mapping[int, float], colours: Palette
) -> None:
    """A thin step between two months of the days."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for first in days:
        if first.day != 1 or first.month == 1:
            continue
        top = base[first.year] - 0.5
        x, y = _place(first, base)
        xs += [x - 0.5, x - 0.5, x + 0.5, x + 0.5, None]
        ys += [top + 7, y - 0.5, y - 0.5, top, None]
    line = {"width": 1, "color": colours.muted}
    figure.add_trace(go.Scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip"))


def totals(
    counts: Mapping[str, Mapping[int, int]], standard: Standard, text: Text, colours: Palette
) -> go.Figure:
    """Days by level of a whole range: a bar for each of the 17 in page-header order.

    `counts` has grade -> days by province code; 0 are days without a grade, hatched at the end.
    """
    names = [province_name(province, text.lang) for province in PROVINCES]
    figure = go.Figure()
    for grade in (*range(1, len(standard.levels) + 1), 0):
        days = [counts[province.code].get(grade, 0) for province in PROVINCES]
        if not any(days):
            continue
        word, letter = level_words(standard, grade, text)
        ink = standard.level(grade).text_colour if grade else colours.ink
        total = [sum(counts[province.code].values()) for province in PROVINCES]
        figure.add_trace(
            go.Bar(
                x=days,
                y=names,
                orientation="h",
                marker=_fill(standard, grade, colours),
                # A number stands where its bar has room for it.
                text=[
                    str(n) if n >= 0.09 * whole else ""
                    for n, whole in zip(days, total, strict=True)
                ],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"size": 12, "color": ink if grade else "rgba(0,0,0,0)"},
                name=f"{letter} {word}".strip(),
                hovertemplate="<b>%{y}</b> "
                + text("{level}: {n} days", level=f"{letter} {word}".strip(), n="%{x}")
                + "<extra></extra>",
            )
        )
    lay_out(figure, 17 * 25 + 12, colours)
    figure.update_layout(
        barmode="stack",
        bargap=0.2,
        margin={"l": 8, "r": 4, "t": 4, "b": 4},
        uniformtext={"mode": "hide", "minsize": 10},
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(
        autorange="reversed",
        automargin=True,
        ticklabelstandoff=6,
        tickfont={"size": 12, "color": colours.ink},
        dtick=1,
    )
    return figure


def level_words(standard: Standard, grade: int, text: Text) -> tuple[str, str]:
    """(word, letter) of a grade; 0 is a day without one."""
    if not grade:
        return text("no level"), "–"
    level = standard.level(grade)
    return level.label(text.lang), level.letter


def _fill(standard: Standard, grade: int, colours: Palette) -> dict[str, Any]:
    if grade:
        return {"color": standard.level(grade).colour, "line": {"width": 0}}
    return {"color": colours.paper, "pattern": hatching(colours, 5, 0.3), "line": {"width": 0}}


def by_period(
    counts: Mapping[tuple[str, date], Mapping[int, int]],
    by: str,
    standard: Standard,
    text: Text,
    colours: Palette,
) -> go.Figure:
    """A row for each of the 17, in it a column for each month or year: the share of its days by
    level, the worst on top. `counts` has grade -> days by province code and first day."""
    begins = sorted({one for _, one in counts})
    step = 1.3
    top = {one.code: place * step for place, one in enumerate(PROVINCES)}
    figure = go.Figure()
    names = [period_words(begin, by, text) for begin in begins]
    shares = {cell: _stack(found) for cell, found in counts.items()}
    for grade in (*range(1, len(standard.levels) + 1), 0):
        cells = [cell for cell in counts if counts[cell].get(grade)]
        if not cells:
            continue
        figure.add_trace(
            go.Bar(
                x=[begins.index(cell[1]) for cell in cells],
                y=[shares[cell][grade][1] - shares[cell][grade][0] for cell in cells],
                base=[top[cell[0]] + 1 - shares[cell][grade][1] for cell in cells],
                width=0.86 if len(begins) < 40 else 1,
                marker=_fill(standard, grade, colours),
                customdata=[_about(cell, counts[cell], by, standard, text) for cell in cells],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    lay_out(figure, 17 * _BAR_ROW // 2 + 40, colours)
    figure.update_layout(barmode="overlay", margin={"l": 8, "r": 8, "t": 4, "b": 26})
    every = max(1, -(-len(begins) // 6))
    figure.update_xaxes(
        range=[-0.5, max(len(begins), 4) - 0.5],
        showgrid=False,
        zeroline=False,
        tickvals=list(range(0, len(begins), every)),
        ticktext=names[::every],
        tickangle=0,
        tickfont={"size": 11, "color": colours.muted},
    )
    figure.update_yaxes(
        range=[17 * step - 0.2, -0.1],
        showgrid=False,
        zeroline=False,
        automargin=True,
        tickvals=[top[province.code] + 0.5 for province in PROVINCES],
        ticktext=[province_name(province, text.lang) for province in PROVINCES],
        ticklabelstandoff=6,
        tickfont={"size": 12, "color": colours.ink},
    )
    return figure


def _stack(found: Mapping[int, int]) -> dict[int, tuple[float, float]]:
    """grade -> (from, to) in shares of all days, the best at the bottom, days without above."""
    whole, done = sum(found.values()) or 1, 0
    out = {}
    for grade in (*sorted(one for one in found if one), 0):
        days = found.get(grade, 0)
        out[grade] = done / whole, (done + days) / whole
        done += days
    return out


def period_words(begins: date, by: str, text: Text) -> str:
    """2026, or 26년 5월 / May 26."""
    if by == "year":
        return str(begins.year)
    if text.lang == "ko":
        return f"{begins:%y}년 {begins.month}월"
    return f"{begins:%b %y}"


def _about(
    cell: tuple[str, date], found: Mapping[int, int], by: str, standard: Standard, text: Text
) -> str:
    code, begins = cell
    name = next(
        province_name(province, text.lang) for province in PROVINCES if province.code == code
    )
    lines = [f"<b>{name}</b> {period_words(begins, by, text)}"]
    for grade in (*range(1, len(standard.levels) + 1), 0):
        if found.get(grade):
            word, letter = level_words(standard, grade, text)
            lines.append(
                text("{level}: {n} days", level=f"{letter} {word}".strip(), n=found[grade])
            )
    return "<br>".join(lines)


def all_days(first: date, last: date) -> list[date]:
    """Every day from first to last, both in."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
