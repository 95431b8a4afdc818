"""The live page: what the air is like now, from the whole country down to one province."""

from datetime import timedelta
from html import escape

import streamlit as st

from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.web import components
from aq.web.charts.province_line import LINE_CONFIG
from aq.web.drawings import live
from aq.web.drawings.lead import sentence
from aq.web.drawings.table import caption
from aq.web.drawings.view import View
from aq.web.parts import cache, live_view, official, page, why
from aq.web.sections import PAGES
from aq.web.wording.korean import Noun

LINE_DAYS = 7
# kind of a choice in a drawing -> the address's parameter it changes
CHANGES = {"pick": "p", "sort": "s", "x": "x", "std": "std"}


def render() -> None:
    """Strip, acts, headline and place, map and table, then the chosen province's past."""
    page.top("live")
    pollutant = page.pollutant()
    view = live_view.view(pollutant)
    picked = live_view.strip(pollutant, view.place)
    choices = [
        ("pick", picked) if picked else None,
        components.drawing("lead", live.top(view), sentence(view)),
        components.drawing("choices", live.choices(view, page.standards())),
        components.drawing("country", live.country(view), caption(view)),
    ]
    official.ahead(pollutant)
    _province(view)
    page.bottom()
    page.pulse()
    for choice in choices:
        if choice:
            _act_on(*choice)


def _act_on(kind: str, value: str) -> None:
    """What was chosen in a drawing goes into the address; what is unknown changes nothing."""
    if kind == "go" and value in PAGES:
        page.go(value)
    elif kind in CHANGES and (kind != "pick" or value in BY_CODE):
        page.change(**{CHANGES[kind]: value})


def _province(view: View) -> None:
    """The evidence of the place's grade, and its week."""
    text, pollutant, name = view.text, view.pollutant, view.name(view.place)
    item = view.answer.item(view.place, pollutant)
    what = text.pollutant(pollutant)
    title = text("{who} · {what}, last {n} days", who=name, what=what, n=LINE_DAYS)
    page.html(f"<h2>{escape(title)}</h2>")
    if item.grade and item.observed_at:
        why.panel(item.code, pollutant, item.observed_at)
    if pollutant not in pollutants():
        return
    # Up to the hour shown: a younger one of another feed is not its continuation.
    until = view.answer.country.hour or cache.this_hour()
    after = until - timedelta(days=LINE_DAYS)
    frame = cache.line(view.place, pollutant, after, until, view.standard.id)
    if frame["value"].isna().all():
        nothing = text("{who} has no values of the last {n} days.", who=Noun(name), n=LINE_DAYS)
        page.html(f"<p>{escape(nothing)}</p>")
        return
    st.plotly_chart(
        cache.line_figure(
            view.place,
            pollutant,
            after,
            until,
            view.standard.id,
            text.lang,
            page.dark(),
            ahead_of=cache.this_hour(),
        ),
        theme=None,
        key="week",
        config=dict(LINE_CONFIG),
        alt=title,
    )
    page.bandless(pollutant)
    page.told_ahead(view.place, pollutant)


if __name__ == "__main__":
    render()
