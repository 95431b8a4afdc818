"""The embed page: an editor chooses a frame, sees it in three widths and copies it."""

from html import escape
from urllib.parse import urlencode, urljoin

import streamlit as st

from aq.domain.errors import InputError
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.i18n import N_
from aq.web.parts import cache, live_view, page
from aq.web.public.embeds import (
    KINDS,
    LAYOUTS,
    MOST_LINES,
    SOURCES,
    THEMES,
    WIDTHS,
    height,
    iframe,
    read,
)
from aq.web.public.moment import MOMENTS
from aq.web.public.picture_kinds import PICTURES
from aq.web.site import Site
from aq.web.wording.korean import province_name

THEME_NAMES = {"auto": N_("as the reader has it"), "light": N_("light"), "dark": N_("dark")}
LAYOUT_NAMES = {"wrap": N_("in rows"), "list": N_("below each other"), "scroll": N_("in one row")}
REFUSAL_HEIGHT = 160  # pixels
SOURCE_NAMES = {
    "own": N_("our means of urban stations"),
    "official": N_("AirKorea's own province means"),
}


def render() -> None:
    """Choices, the frame at 320, 390 and 768 pixels, and what to paste."""
    page.top("embed")
    text = page.words()
    picked = live_view.strip(page.pollutant(), None)
    page.html(
        f"<h1>{escape(text('A frame for your own page'))}</h1><p>"
        + escape(
            text(
                "It is whole by itself, asks nothing of your page, renews itself every five"
                " minutes, and says its hour, source and licence."
            )
        )
        + "</p>"
    )
    kind, query = _choices()
    root = _root()
    address = f"{root}embed/{kind}" + (f"?{urlencode(query)}" if query else "")
    title, high = text(KINDS[kind]), _heights(kind, Site(root), query)
    page.html(f"<h2>{escape(text('To paste'))}</h2>")
    st.code(iframe(address, title, max(high.values())), language=None, wrap_lines=True)
    for width in WIDTHS:
        page.html(f"<h2>{escape(text('{n} pixels wide', n=width))}</h2>")
        with st.container(key=f"frame-at-{width}"):
            st.iframe(address, width=width, height=high[width])
    if kind in PICTURES:
        _pictures(root, kind, query)
    page.bottom()
    if picked in BY_CODE:
        page.change(p=picked)


def _choices() -> tuple[str, dict[str, str]]:
    """(kind, query) of the frame chosen; what goes without saying is left out."""
    text = page.words()
    left, middle, right = st.container(key="frame-choices").columns(3)
    with left:
        kind = st.selectbox(
            text("Frame"), list(KINDS), format_func=lambda key: text(KINDS[key]), key="kind"
        )
        offered = {each.id: each for each in page.standards()}
        rules = offered[
            st.selectbox(
                text("Standard"),
                list(offered),
                list(offered).index(page.standard().id),
                format_func=lambda key: page.standard_name(offered[key], text),
                key="rules",
                disabled=st.session_state.get("source") == "official",
            )
        ]
        pollutant = st.selectbox(
            text("Pollutant"), rules.keys, format_func=text.pollutant, key="what"
        )
    with middle:
        places = _places(kind)
        theme = _one("theme", text("Theme"), THEMES, THEME_NAMES)
    layout, source = LAYOUTS[0], SOURCES[0]
    with right:
        if kind == "strip":
            layout = _one("layout", text("Layout"), LAYOUTS, LAYOUT_NAMES)
        if kind in ("strip", "map", "province"):
            source = _one("source", text("Values"), SOURCES, SOURCE_NAMES)
    display, is_official = cache.context().settings.display.standard, source == "official"
    chosen = {
        "provinces": ",".join(BY_CODE[code].ko for code in places),
        "pollutant": pollutant if is_official or pollutant != rules.keys[0] else "",
        "standard": rules.id if rules.id != display and not is_official else "",
        "theme": theme if theme != THEMES[0] else "",
        "layout": layout if layout != LAYOUTS[0] else "",
        "source": source if source != SOURCES[0] else "",
        "lang": text.lang if text.lang != cache.context().settings.lang else "",
    }
    return kind, {name: value for name, value in chosen.items() if value}


def _heights(kind: str, site: Site, query: dict[str, str]) -> dict[int, int]:
    """How high the frame is at each width [pixels]; one that is refused says why in few lines."""
    context = cache.context()
    try:
        frame = read(context, kind, site, query)
        moment = MOMENTS.of(context, frame.standard)
        return {width: height(context, frame, moment, width) for width in WIDTHS}
    except InputError:
        return dict.fromkeys(WIDTHS, REFUSAL_HEIGHT)


def _places(kind: str) -> list[str]:
    """Codes of the provinces chosen; none for all, or for the first where one is shown."""
    text = page.words()
    most = {"province": 1, "calendar": 1, "line": MOST_LINES}.get(kind)
    codes: list[str] = st.multiselect(
        text("Provinces (empty: all)") if most is None else text("Provinces"),
        [province.code for province in PROVINCES],
        format_func=lambda code: province_name(BY_CODE[code], text.lang),
        max_selections=most,
        placeholder=text("Provinces"),
        key=f"places {most}",
    )
    return codes


def _one(name: str, label: str, keys: tuple[str, ...], words: dict[str, str]) -> str:
    text = page.words()
    return str(st.selectbox(label, keys, format_func=lambda key: text(words[key]), key=name))


def _root() -> str:
    """Where readers find the site: its own setting, else the address this page was opened by."""
    public = cache.context().settings.public_root
    if public:
        return f"{public}/"
    return urljoin(st.context.url or "/", "./")


def _pictures(root: str, kind: str, query: dict[str, str]) -> None:
    """The same as a picture to take away."""
    text = page.words()
    kept = {name: value for name, value in query.items() if name not in ("layout", "source")}
    links = " · ".join(
        f'<a href="{escape(f"{root}picture/{kind}.{form}?{urlencode(kept)}")}" download>'
        f"{form.upper()}</a>"
        for form in ("png", "svg")
    )
    words = escape(text("As a picture, with title, hour, source and licence in it:"))
    page.html(f"<h2>{escape(text('Picture'))}</h2><p>{words} {links}</p>")


if __name__ == "__main__":
    render()
