"""The page of official advisories: every act of a year, and how many by province."""

from html import escape

import streamlit as st

from aq.bulletin import Year, advisories_of, advisory_years
from aq.text import Text
from aq.views import cache, page
from aq.views.official import act_grid, grid
from aq.views.words import province_name

MOST_ROWS = 500


def render() -> None:
    """Headline, choice of the year, counts by province, the list."""
    page.top("advisories")
    text, pollutant = page.words(), page.pollutant()
    page.strip(cache.snapshot(pollutant, page.standard().id), pollutant, None)
    years = cache.kept(advisory_years)
    if not years:
        title, why = text("No advisories yet"), text("None has been received so far.")
        page.html(f"<h1>{escape(title)}</h1><p>{escape(why)}</p>")
    else:
        slot = st.container()
        year = st.selectbox(text("Year"), years, key="year")
        found: Year = cache.kept(advisories_of, year, cache.moment())
        with slot:
            title = text("{n} official advisories in {year}", n=f"{len(found.rows):,}", year=year)
            note = text("Advisories hold for zones, which are parts of provinces.")
            page.html(f"<h1>{escape(title)}</h1><p>{escape(note)}</p>")
        caption = text("Every advisory, newest first")
        page.html(_counts(found, text) + act_grid(caption, found.rows[:MOST_ROWS], text))
    page.bottom()
    page.pulse()


def _counts(found: Year, text: Text) -> str:
    rows = ""
    for province, counts in found.counts.items():
        mild = counts["주의보"]
        name = escape(province_name(province, text.lang))
        rows += f"<tr><th scope='row'>{name}</th><td class='num'>{mild:,}</td>"
        rows += f"<td class='num'>{counts.total() - mild:,}</td></tr>"
    head = [text("Province"), text("Advisories"), text("Warnings")]
    return grid(text("By province"), head, rows, numbers=True)


if __name__ == "__main__":
    render()
