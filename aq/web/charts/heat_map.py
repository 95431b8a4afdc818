"""Hours that are missing as a heat map: 17 rows in page-header order, darker where more lack."""

from collections.abc import Sequence

import plotly.graph_objects as go

from aq.domain.provinces import PROVINCES
from aq.i18n import Text
from aq.web.charts.theme import Palette, plain_layout, province_rows
from aq.web.charts.time_axis import DAY_FORMS, MONTH_FORMS
from aq.web.wording.korean import province_name

ROW_HEIGHT = 22
# Shares of missing hours that the key beside the chart names.
KEY_SHARES = (0.0, 0.25, 0.5, 1.0)


def tone(share: float, colours: Palette) -> str:
    """The grey (#RRGGBB) of a share of missing hours, 0 to 1: no colour of any grade."""
    pale, dark = _ends(colours)
    mixed = [round(low + (high - low) * share) for low, high in zip(pale, dark, strict=True)]
    return "#" + "".join(f"{part:02X}" for part in mixed)


def _ends(colours: Palette) -> tuple[tuple[int, ...], tuple[int, ...]]:
    def parts(colour: str) -> tuple[int, ...]:
        return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))

    paper, ink = parts(colours.paper), parts(colours.ink)
    # A complete cell is told from the page, but only just.
    pale = tuple(round(a + (b - a) * 0.08) for a, b in zip(paper, ink, strict=True))
    return pale, ink


def heat_map(
    columns: Sequence[str],
    shares: Sequence[Sequence[float | None]],
    notes: Sequence[Sequence[str]],
    text: Text,
    colours: Palette,
) -> go.Figure:
    """The heat map.

    Parameters
    ----------
    columns : ``YYYY-MM-DD`` of days, or of the first days of months
    shares : 17 rows in page-header order, a share of missing hours (0 to 1) a column; None where
        nothing is asked
    notes : the words of each cell on hover
    """
    names = [province_name(province, text.lang) for province in PROVINCES]
    days = len(columns) > 20
    figure = go.Figure(
        go.Heatmap(
            x=list(columns),
            y=names,
            z=[list(row) for row in shares],
            customdata=[list(row) for row in notes],
            zmin=0,
            zmax=1,
            colorscale=[[0, tone(0, colours)], [1, tone(1, colours)]],
            showscale=False,
            xgap=1 if len(columns) <= 120 else 0,
            ygap=2,
            hoverongaps=False,
            hovertemplate="<b>%{y}</b> %{customdata}<extra></extra>",
        )
    )
    figure.update_layout(
        height=ROW_HEIGHT * len(names) + 40,
        margin={"l": 8, "r": 8, "t": 4, "b": 28},
        **plain_layout(colours),
        dragmode=False,
    )
    figure.update_xaxes(
        type="date",
        showgrid=False,
        ticks="",
        tickangle=0,
        nticks=5 if days else 4,
        fixedrange=True,
        tickformatstops=[
            {"dtickrange": [None, "M1"], "value": DAY_FORMS[text.lang]},
            {"dtickrange": ["M1", None], "value": MONTH_FORMS[text.lang]},
        ],
    )
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        **province_rows(colours),
    )
    return figure
