"""The map of the 17 provinces in the colours of their levels, with names, letters and marks."""

from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go

from aq.domain.colour import lightness
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.web.charts.province_line import hover_label
from aq.web.charts.theme import FONT, Palette
from aq.web.wording.korean import grade_word, item_name, missing_short, number, shown

# Nothing is loaded: without this, Plotly asks a content network for the outlines of the world.
EMPTY_TOPOLOGY = 'data:application/json,{"type":"Topology","objects":{},"arcs":[]}#'


MAP_CONFIG: Mapping[str, Any] = {
    "topojsonURL": EMPTY_TOPOLOGY,
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
}


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
