"""The one stylesheet of the drawings, with ink, paper and grey of the light and the dark page."""

from functools import cache
from pathlib import Path

from aq.web.charts.theme import DARK, FONT, LIGHT, Palette

# The one quiet accent and the soft ground, as `.streamlit/config.toml` has them.
ACCENTS = {"light": ("#3B5573", "#F3F4F6"), "dark": ("#A9BED6", "#20252A")}


def _tokens(theme: str, palette: Palette) -> str:
    accent, soft = ACCENTS[theme]
    values = {
        "font": FONT,
        "ink": palette.ink,
        "paper": palette.paper,
        "muted": palette.muted,
        "rule": palette.rule,
        "soft": soft,
        "accent": accent,
        "gap0": palette.paper,
        "gap1": palette.hatch,
        "band": str(palette.band),
        "tone": palette.tones[1],
    }
    return ";".join(f"--{name}:{value}" for name, value in values.items())


@cache
def sheet() -> str:
    """The stylesheet: the theme a drawing names, else the browser's own."""
    light, dark = _tokens("light", LIGHT), _tokens("dark", DARK)
    return (
        f".dw{{{light}}}"
        f"@media (prefers-color-scheme:dark){{.dw{{{dark}}}}}"
        f".dw[data-theme=light]{{{light}}}.dw[data-theme=dark]{{{dark}}}\n"
        + (Path(__file__).parent / "drawings.css").read_text("utf-8")
    )
