"""A province's stations on its outline: level by colour and letter, square when not counted."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.evidence import COUNTS
from aq.queries.stations import Member
from aq.web.charts.map_names import LETTERS, MARK, district_of, names, window
from aq.web.charts.theme import FONT, Palette, hover_label
from aq.web.wording.korean import number

# Nothing is loaded: without this, Plotly asks a content network for the outlines of the world.
EMPTY_TOPOLOGY = 'data:application/json,{"type":"Topology","objects":{},"arcs":[]}#'
MAP_CONFIG: Mapping[str, Any] = {
    "topojsonURL": EMPTY_TOPOLOGY,
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
}
# The provinces in grey, the chosen one paler, so that grade colours mean grades and nothing else.
GROUND_SHARE = 0.45


def station_map(
    members: Sequence[Member],
    shapes: Mapping[str, Any] | str,
    code: str,
    standard: Standard,
    text: Text,
    colours: Palette,
    *,
    chosen: str | None,
    digits: int,
    unit: str,
    why: Mapping[str, str],
    district: str = "",
) -> go.Figure:
    """A marker for each station with a known place, and names where they have room.

    Parameters
    ----------
    members : the stations, of which those without coordinates are left out
    shapes : GeoJSON whose features' `id` is the province code, or where it is
    code : the province
    chosen : `ref` of the selected station
    why : by `ref`, whether it counts, in words
    district : the one to look at from near; "" for the whole province
    """
    placed = [
        member for member in members if member.latitude is not None and member.longitude is not None
    ]
    placed.sort(key=lambda one: one.ref == chosen)
    codes = [province.code for province in PROVINCES]
    figure = go.Figure(
        [
            go.Choropleth(
                geojson=shapes,
                locations=codes,
                z=[1 if one == code else 0 for one in codes],
                zmin=0,
                zmax=1,
                colorscale=[[0, _ground(colours)], [1, colours.paper]],
                showscale=False,
                marker_line={"color": colours.hatch, "width": 1},
                hoverinfo="skip",
            ),
            _markers(placed, standard, text, colours, chosen, digits, unit, why),
        ]
    )
    near = [member for member in placed if district in ("", district_of(member))] or placed
    east, north = window(near)
    figure.add_traces([_names(near[::-1], east, north, text, colours)])
    figure.update_geos(
        visible=False,
        bgcolor="rgba(0,0,0,0)",
        projection_type="mercator",
        lonaxis_range=east,
        lataxis_range=north,
        domain={"x": [0, 1], "y": [0, 1]},
    )
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode=False,
        clickmode="event+select",
        paper_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "color": colours.ink},
        hoverlabel=hover_label(colours),
        uirevision=f"{code} {district}",
        selectionrevision=f"{code} {chosen}",
        showlegend=False,
    )
    return figure


def _names(
    placed: Sequence[Member],
    east: Sequence[float],
    north: Sequence[float],
    text: Text,
    colours: Palette,
) -> go.Scattergeo:
    """Names of districts and stations; the chosen station first."""
    told = names(placed, east, north, text)
    return go.Scattergeo(
        lon=[name.longitude for name in told],
        lat=[name.latitude for name in told],
        mode="markers+text",
        # As large as a mark and unseen, so that a name stands clear of the mark below it.
        marker={"size": MARK, "opacity": 0},
        text=[f"<b>{name.words}</b>" if name.district else name.words for name in told],
        textposition=[name.side for name in told],
        textfont={
            "family": FONT,
            "size": [LETTERS if name.district else LETTERS - 1 for name in told],
            "color": [colours.ink if name.district else colours.muted for name in told],
        },
        hoverinfo="skip",
    )


def _ground(colours: Palette) -> str:
    """Between paper and the grey of what is missing."""
    return "#" + "".join(
        f"{round(GROUND_SHARE * int(grey, 16) + (1 - GROUND_SHARE) * int(paper, 16)):02X}"
        for grey, paper in zip(_pairs(colours.missing), _pairs(colours.paper), strict=True)
    )


def _pairs(colour: str) -> Iterator[str]:
    return (colour[place : place + 2] for place in (1, 3, 5))


def _markers(
    placed: Sequence[Member],
    standard: Standard,
    text: Text,
    colours: Palette,
    chosen: str | None,
    digits: int,
    unit: str,
    why: Mapping[str, str],
) -> go.Scattergeo:
    levels = [standard.level(member.grade) if member.grade else None for member in placed]
    counts = [member.part == COUNTS for member in placed]
    same = {"marker": {"opacity": 1}}
    return go.Scattergeo(
        lon=[member.longitude for member in placed],
        lat=[member.latitude for member in placed],
        mode="markers+text",
        text=[level.letter if level else "–" for level in levels],
        textfont={
            "family": FONT,
            "size": 11,
            "weight": 700,
            "color": [level.text_colour if level else colours.missing_ink for level in levels],
        },
        marker={
            "opacity": 1,
            "size": [24 if member.ref == chosen else 19 for member in placed],
            "symbol": ["circle" if count else "square" for count in counts],
            "color": [level.colour if level else colours.missing for level in levels],
            "line": {
                "color": [
                    colours.ink if member.ref == chosen else colours.paper for member in placed
                ],
                "width": [2.6 if member.ref == chosen else 1.2 for member in placed],
            },
        },
        selected=same,
        unselected=same,
        customdata=[member.ref for member in placed],
        hovertext=[
            _about(member, standard, text, digits, unit, why[member.ref]) for member in placed
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _about(member: Member, standard: Standard, text: Text, digits: int, unit: str, why: str) -> str:
    level = standard.level(member.grade) if member.grade else None
    head = f"<b>{escape(text.name(member.name))}</b>" + (
        f"  {level.letter} {level.label(text.lang)}" if level else ""
    )
    amount = "–" if member.value is None else f"{number(member.value, digits)} {unit}"
    return f"{head}<br>{amount}<br>{why}"
