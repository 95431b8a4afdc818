"""The live page: what the air is like now, from the whole country down to one province."""

from datetime import timedelta
from functools import partial

import streamlit as st

from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.domain.windows import OVERALL
from aq.queries.live import Week
from aq.queries.map_hours import frames
from aq.queries.week import week
from aq.web import components
from aq.web.drawings import live
from aq.web.drawings.carpet import HOURS, carpet
from aq.web.drawings.chips import strip
from aq.web.drawings.marks import framed, more
from aq.web.drawings.view import View
from aq.web.parts import cache, live_view, page, why

LINE_DAYS = 7
# kind of a choice in a drawing -> the address's parameter it changes
CHANGES = {"pick": "p", "sort": "s", "x": "x", "std": "std"}


def render() -> None:
    """Strip, acts, headline and place, map and table, then the chosen province's past."""
    page.top("live")
    pollutant = page.pollutant()
    view = live_view.view(pollutant)
    is_open = st.session_state.get("why") == view.place
    chosen = partial(_choose, view.place)
    components.drawing("strip", framed(view, strip(view, view.place)), "", chosen)
    components.drawing("now", live.now(view, page.standards()), live.said(view), chosen)
    components.drawing("past", _past(view, is_open=is_open), "", chosen)
    if is_open:
        _evidence(view)
    if view.answer.country.hour is not None:  # without any hour there is nothing to draw
        kinds = {"map": view.text("the map"), "carpet": view.text("three days")}
        if pollutant in pollutants():
            kinds |= {"line": view.text("the week"), "bars": view.text("the six pollutants")}
        page.take_away(kinds, pollutant=pollutant, province=view.place)
    live_view.ahead(view)
    page.bottom()
    page.pulse()


def _choose(place: str, kind: str, value: str) -> None:
    """What was chosen in a drawing goes into the address before the page is drawn anew; what is
    unknown changes nothing."""
    if kind == "more":
        st.session_state["why"] = None if st.session_state.get("why") == place else place
    elif kind in CHANGES and (kind != "pick" or value in BY_CODE):
        st.query_params[CHANGES[kind]] = value


def _past(view: View, *, is_open: bool) -> str:
    """The last three days of all 17, the place's week, and the way to what its grade rests on."""
    until = view.answer.country.hour or cache.this_hour()
    hours = cache.kept(frames, view.pollutant, view.standard.id, until, HOURS)
    drawn = carpet(view, hours) + live.province(view, _week(view))
    item = view.answer.item(view.place, view.pollutant)
    if item.grade and item.observed_at:
        drawn += more(view.text("Why this grade"), is_open)
    return framed(view, drawn)


def _week(view: View) -> Week | None:
    """The place's week, up to the hour shown: a younger one of another feed is not its
    continuation."""
    if view.pollutant not in (*pollutants(), OVERALL):
        return None
    until = view.answer.country.hour or cache.this_hour()
    after = until - timedelta(days=LINE_DAYS)
    hours: Week = cache.kept(week, view.place, view.pollutant, after, until, view.standard.id)
    return hours


def _evidence(view: View) -> None:
    """What stands behind the place's grade, where there is one."""
    item = view.answer.item(view.place, view.pollutant)
    if item.grade and item.observed_at:
        evidence = cache.evidence(item.code, view.pollutant, item.observed_at, view.standard.id)
        page.html(why.markup(evidence, view.text))


if __name__ == "__main__":
    render()
