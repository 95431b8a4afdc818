"""SVG to PNG, with our own fonts and nothing of the machine's.

Drawn by a process of its own, which this file is too: the library lets no other thread of a
process run while it draws, which takes up to one and a half seconds.
"""

import os
import re
import subprocess
import sys
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
    command = (sys.executable, "-P", __file__, *([] if width is None else [str(width)]))
    drawn = subprocess.run(command, input=svg.encode(), capture_output=True, check=False)  # noqa: S603 - our own command
    if drawn.returncode:
        said = drawn.stderr.decode(errors="replace").strip().splitlines() or ["no reason was given"]
        raise ValueError(f"the picture could not be drawn ({drawn.returncode}): {said[-1]}")
    return drawn.stdout


def _drawn(svg: str, width: int | None) -> bytes:
    import resvg_py  # noqa: PLC0415 - only the process that draws needs it

    return resvg_py.svg_to_bytes(
        svg_string=_SMALL_TWO.sub(lambda words: words[0].replace("₂", _LOWERED), svg),
        width=width,
        skip_system_fonts=True,
        font_files=_fonts(),
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(5)  # who reads a page goes before who takes a picture away
    width = int(sys.argv[1]) if len(sys.argv) > 1 else None
    sys.stdout.buffer.write(_drawn(sys.stdin.buffer.read().decode(), width))
