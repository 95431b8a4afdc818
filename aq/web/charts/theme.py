"""Ink, paper and grey of the light and the dark page; colours of grades stand in the standards."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parents[1] / "components"
FONT = (
    "Pretendard, 'Apple SD Gothic Neo', 'Malgun Gothic', 'Noto Sans KR', 'Noto Sans CJK KR',"
    " sans-serif"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours (#RRGGBB) of everything that is not a grade.

    `missing` and `missing_ink` are for places without data; `band` is the opacity of the grade
    bands behind a line, `tones` of several lines in one chart: ink, grey and the one accent, each
    light and dark.
    """

    paper: str
    ink: str
    muted: str
    rule: str
    missing: str
    missing_ink: str
    hatch: str
    band: float
    tones: tuple[str, ...]


LIGHT = Palette(
    paper="#FFFFFF",
    ink="#16191D",
    muted="#59616B",
    rule="#D9DCE0",
    missing="#D4D7DB",
    missing_ink="#16191D",
    hatch="#B4BAC1",
    band=0.16,
    tones=("#16191D", "#5B4FCF", "#767E88", "#A79BF0", "#2E2870", "#A3ABB4"),
)
DARK = Palette(
    paper="#14171A",
    ink="#E8EAED",
    muted="#AAB2BB",
    rule="#3A4047",
    missing="#4A5058",
    missing_ink="#FFFFFF",
    hatch="#5A626B",
    band=0.26,
    tones=("#E8EAED", "#A79BF0", "#8D959F", "#6F63D9", "#D5CFFF", "#5F6771"),
)


def palette(dark: bool) -> Palette:
    """The colours of a theme."""
    return DARK if dark else LIGHT


def plain_layout(colours: Palette) -> dict[str, Any]:
    """What the layouts of our figures share: no ground, the page's letters, no legend."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": colours.muted},
        "hoverlabel": hover_label(colours),
        "showlegend": False,
    }


def hover_label(colours: Palette) -> dict[str, Any]:
    """How the words look that stand at the pointer."""
    return {
        "bgcolor": colours.paper,
        "bordercolor": colours.rule,
        "font": {"family": FONT, "size": 13, "color": colours.ink},
    }


def hatching(colours: Palette, size: int, solidity: float) -> dict[str, Any]:
    """The pattern of what is missing; `size` [pixels] is between its lines."""
    return {
        "shape": "/",
        "size": size,
        "solidity": solidity,
        "fgcolor": colours.hatch,
        "bgcolor": colours.paper,
        "fillmode": "overlay",
    }


def province_rows(colours: Palette) -> dict[str, Any]:
    """How an axis names each of its rows."""
    return {
        "ticks": "",
        "dtick": 1,
        "fixedrange": True,
        "automargin": True,
        "ticklabelstandoff": 6,
        "tickfont": {"size": 12, "color": colours.ink},
    }


def unit_above(unit: str, colours: Palette) -> dict[str, Any]:
    """The annotation that names the unit above the upright axis."""
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xanchor": "right",
        "yanchor": "bottom",
        "yshift": 3,
        "text": unit,
        "showarrow": False,
        "font": {"size": 11, "color": colours.muted},
    }


@cache
def page_css() -> str:
    """The style sheet of the pages, as a `style` element."""
    return f"<style>{(ASSETS / 'page.css').read_text('utf-8')}</style>"
