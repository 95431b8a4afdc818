"""The pages' own elements, without frames: masthead, switch, table, drawings with clicks."""

import json
import zlib
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from aq.web.kept_files import COMPONENTS, address

# The framework sends a component's script with each drawing of it: this one fetches the module,
# once a page, from beside the page. Pages stand directly below the root, wherever that is.
_SCRIPT = """const module = import(new URL("%s", location.href));
export default async (part) => {
  const { sheet, default: draw } = await module;
  part.parentElement.adoptedStyleSheets = [sheet];
  return draw(part);
};"""
# Level of compression of drawings: a fifth of their size for a millisecond; more takes twice that
# for a tenth.
PACKED = 3
_BY_NAME: dict[str, ComponentRenderer] = {
    name: st.components.v2.component(
        f"aq_{name}", js=_SCRIPT % address(f"{name}.js").removeprefix("/")
    )
    for name in COMPONENTS
}


def _nothing() -> None:
    """A trigger is read from the result of the run it starts."""


def masthead(data: dict[str, Any]) -> tuple[str | None, str | None]:
    """Draw the masthead; gives the page and the language asked for by a click, if any."""
    draw = _BY_NAME["header"]
    result = draw(key="masthead", data=data, on_page_change=_nothing, on_lang_change=_nothing)
    return result.page, result.lang


def drawing(
    key: str,
    html: str,
    say: str = "",
    chosen: Callable[[str, str], None] | None = None,
) -> tuple[str, str] | None:
    """Show a drawing; gives what was chosen in it, if anything: its kind (`pick` a province, `sort`
    an order, `x` a pollutant, `std` a standard, `more` what is folded) and the value.

    Rules and alerts add `open` (a row), `ack` and `hush` (an alert) and `level` (a level's name and
    its number). A browser may send anything as a choice: whoever acts on one looks it up among what
    was shown. With `chosen` that is called instead, before the run. `say` is read out where it
    differs from what was said before.
    """

    def call() -> None:
        choice = _parted(st.session_state[key].choice)
        if chosen and choice:
            chosen(*choice)

    data = zlib.compress(json.dumps({"html": html, "say": say}).encode(), PACKED)
    draw = _BY_NAME["drawing"]
    result = draw(key=key, data=data, on_choice_change=call if chosen else _nothing)
    return None if chosen else _parted(result.choice)


def _parted(choice: str | None) -> tuple[str, str] | None:
    name, _, value = (choice or "").partition(" ")
    return (name, value) if name else None


def switch(key: str, data: dict[str, Any]) -> str | None:
    """Draw a row of choices; gives the one clicked, if any."""
    picked: str | None = _BY_NAME["switch"](key=key, data=data, on_pick_change=_nothing).pick
    return picked


def table(data: dict[str, Any]) -> tuple[str | None, str | None]:
    """Draw the table of provinces; gives the province and the order asked for, if any."""
    result = _BY_NAME["table"](
        key="table", data=data, on_pick_change=_nothing, on_sort_change=_nothing
    )
    return result.pick, result.sort


def playback(data: dict[str, Any]) -> tuple[str | None, str | None]:
    """Draw the map at one hour of many; gives the province and the hour picked, if any."""
    result = _BY_NAME["playback"](
        key="playback", data=data, on_pick_change=_nothing, on_hour_change=_nothing
    )
    return result.pick, result.hour
