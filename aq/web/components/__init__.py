"""The pages' own elements, without frames: masthead, switch, table, drawings with clicks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from aq.web.drawings.style import sheet

_HERE = Path(__file__).parent


def _register(name: str) -> ComponentRenderer:
    """A component from its script and style; both shared parts stand before its own."""
    script = "\n".join((_HERE / part).read_text("utf-8") for part in ("dom.js", f"{name}.js"))
    style = "\n".join((_HERE / part).read_text("utf-8") for part in ("common.css", f"{name}.css"))
    return st.components.v2.component(f"aq_{name}", css=style, js=script)


def _nothing() -> None:
    """A trigger is read from the result of the run it starts."""


_MASTHEAD, _SWITCH, _TABLE = (_register(name) for name in ("header", "switch", "table"))
_DRAWING = st.components.v2.component(
    "aq_drawing",
    css=sheet(),
    js="\n".join((_HERE / part).read_text("utf-8") for part in ("dom.js", "drawing.js")),
)


def masthead(data: dict[str, Any]) -> tuple[str | None, str | None]:
    """Draw the masthead; gives the page and the language asked for by a click, if any."""
    result = _MASTHEAD(key="masthead", data=data, on_page_change=_nothing, on_lang_change=_nothing)
    return result.page, result.lang


def drawing(
    key: str, html: str, say: str = "", chosen: Callable[[str, str], None] | None = None
) -> tuple[str, str] | None:
    """Show a drawing; gives what was chosen in it, if anything: its kind (`pick` a province, `sort`
    an order, `x` a pollutant, `std` a standard, `more` what is folded) and the value.

    With `chosen` that is called instead, before the run. `say` is read out where it differs from
    what was said before.
    """

    def call() -> None:
        choice = _parted(st.session_state[key].choice)
        if chosen and choice:
            chosen(*choice)

    data = {"html": html, "say": say}
    result = _DRAWING(key=key, data=data, on_choice_change=call if chosen else _nothing)
    return None if chosen else _parted(result.choice)


def _parted(choice: str | None) -> tuple[str, str] | None:
    name, _, value = (choice or "").partition(" ")
    return (name, value) if name else None


def switch(key: str, data: dict[str, Any]) -> str | None:
    """Draw a row of choices; gives the one clicked, if any."""
    picked: str | None = _SWITCH(key=key, data=data, on_pick_change=_nothing).pick
    return picked


def table(data: dict[str, Any]) -> tuple[str | None, str | None]:
    """Draw the table of provinces; gives the province and the order asked for, if any."""
    result = _TABLE(key="table", data=data, on_pick_change=_nothing, on_sort_change=_nothing)
    return result.pick, result.sort


_PLAYBACK = _register("playback")


def playback(data: dict[str, Any]) -> tuple[str | None, str | None]:
    """Draw the map at one hour of many; gives the province and the hour picked, if any."""
    result = _PLAYBACK(key="playback", data=data, on_pick_change=_nothing, on_hour_change=_nothing)
    return result.pick, result.hour
