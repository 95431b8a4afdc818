"""Ink, paper and grey as attributes of an SVG: of a picture, or as the page's theme has it."""

from dataclasses import dataclass

from aq.web.charts.theme import FONT, palette


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """What a drawing is coloured with, each as an attribute takes it; `band` is an opacity."""

    ink: str
    paper: str
    muted: str
    rule: str
    hatch: str
    band: str
    font: str


# Within the drawings' stylesheet (`.dw`), which follows the theme.
BY_THEME = Paint(
    ink="var(--ink)",
    paper="var(--paper)",
    muted="var(--muted)",
    rule="var(--rule)",
    hatch="var(--gap1)",
    band="var(--band)",
    font="inherit",
)


def fixed(*, dark: bool) -> Paint:
    """The colours of a theme, for a picture that stands alone."""
    colours = palette(dark)
    return Paint(
        ink=colours.ink,
        paper=colours.paper,
        muted=colours.muted,
        rule=colours.rule,
        hatch=colours.hatch,
        band=str(colours.band),
        font=FONT.replace("'", "").replace(", ", ","),
    )


def hatching(paint: Paint, name: str) -> str:
    """The pattern of what is missing, to be filled with `url(#name)`."""
    return (
        f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate(45)"><rect width="6" height="6" fill="{paint.paper}"/>'
        f'<rect width="2" height="6" fill="{paint.hatch}"/></pattern>'
    )
