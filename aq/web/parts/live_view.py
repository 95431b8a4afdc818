"""The view of the drawings as this reader's address, browser and language have it."""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from aq.domain.provinces import BY_CODE
from aq.queries.live import Live, live
from aq.queries.model_hours import hours_ahead
from aq.queries.official import forecast_notices, over_50_notices
from aq.queries.zones import zones_now
from aq.web import components
from aq.web.base_path import below
from aq.web.drawings import outlook
from aq.web.drawings.chips import strip as strip_drawing
from aq.web.drawings.marks import framed
from aq.web.drawings.view import View, worst
from aq.web.drawings.zones import zone_keys
from aq.web.parts import cache, page
from aq.web.parts.view_state import PLACE_COOKIE, shared_params


def answer() -> Live:
    """The moment by the view's standard."""
    return cache.kept(live, cache.moment(), page.standard().id)


def home() -> str | None:
    """The province this browser remembers, as it was when the page was opened."""
    code = st.context.cookies.get(PLACE_COOKIE)
    return code if code in BY_CODE else None


def view(pollutant: str, place: str | None = None) -> View:
    """The view of a pollutant; without a place the address's, the remembered or the worst one."""
    asked = page.view()
    chosen = place or (asked.province.code if asked.province else home())
    code = chosen or _worst(pollutant)
    now = cache.this_hour()
    zones = {
        key: [
            zone_hour
            for zone_hour in cache.kept(zones_now, key, cache.moment())
            if zone_hour.zone.province.code == code
        ]
        for key in zone_keys(pollutant)
    }
    hours = {key: cache.kept(hours_ahead, code, key, now) for key in page.standard().pollutants}
    return View(
        answer=answer(),
        text=page.words(),
        pollutant=pollutant,
        place=code,
        mine=chosen is not None,
        home=home(),
        sort=asked.sort,
        descending=asked.descending,
        dark=page.dark(),
        link=_link,
        ahead={key: ahead for key, ahead in hours.items() if ahead},
        zones=zones,
        feeds=tuple(cache.feeds()),
        polled=cache.context().settings.scheduler != "off",
    )


def _link(name: str, changes: Mapping[str, str]) -> str:
    """The address of a page with this view and some changes of it."""
    kept = st.query_params.to_dict() if name == "" else shared_params(st.query_params.to_dict())
    return f"{below('/')}{name}?{urlencode({**kept, **changes})}"


def _worst(pollutant: str) -> str:
    """The worst province when the session first saw this pollutant."""
    first: str = st.session_state.setdefault(f"first {pollutant}", worst(answer(), pollutant))
    return first


def ahead(view: View, *, headed: bool = True) -> None:
    """Draw the days to come as AirKorea forecasts them, where it forecasts the pollutant."""
    now = cache.moment()
    notices = cache.kept(forecast_notices, now), cache.kept(over_50_notices, now)
    if body := outlook.ahead(view, *notices, headed=headed):
        components.drawing("ahead", framed(view, body))


def strip(pollutant: str, code: str | None) -> str | None:
    """Draw the strip; gives the province clicked, if any. `code` is the one the page is about."""
    seen = view(pollutant, code)
    choice = components.drawing("strip", framed(seen, strip_drawing(seen, code)))
    return choice[1] if choice else None
