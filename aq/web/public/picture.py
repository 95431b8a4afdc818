"""SVG to PNG, with our own fonts and nothing of the machine's."""

import re
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parents[1] / "fonts"
FAMILY = "Noto Sans CJK KR"
# The font that ships has no small two, as in NO₂.
_SMALL_TWO = re.compile(r">[^<]*₂")
_LOWERED = '<tspan font-size="70%" baseline-shift="sub">2</tspan>'


@cache
def _fonts() -> list[str]:
    return sorted(str(path) for path in FONTS.glob("*.otf"))


def png(svg: str, width: int | None = None) -> bytes:
    """A drawing as PNG, `width` pixels wide or as large as it says of itself.

    Raises ``ValueError`` for what is no SVG.
    """
    import resvg_py  # noqa: PLC0415 - most processes never draw a picture

    return resvg_py.svg_to_bytes(
        svg_string=_SMALL_TWO.sub(lambda words: words[0].replace("₂", _LOWERED), svg),
        width=width,
        skip_system_fonts=True,
        font_files=_fonts(),
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )
