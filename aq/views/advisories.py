"""The page of official advisories: every act of a year, and how many by province."""

from html import escape

import streamlit as st

from aq.bulletin import Year, advisories_of, advisory_years
from aq.model import Advisory
from aq.text import Text
from aq.views import cache, page
from aq.views.official import act_word, place_words, value_words
from aq.views.words import long_hour, province_name

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
        page.html(_counts(found, text) + _list(found, text))
    page.bottom()
    page.pulse()


def _grid(caption: str, head: list[str], rows: str) -> str:
    titles = "".join(f"<th scope='col'>{escape(one)}</th>" for one in head)
    label = escape(caption)
    return (
        f"<h2>{label}</h2><div class='scroll' tabindex='0' role='region' aria-label='{label}'>"
        f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _counts(found: Year, text: Text) -> str:
    rows = ""
    for province, counts in found.counts.items():
        mild = counts["주의보"]
        name = escape(province_name(province, text.lang))
        rows += f"<tr><th scope='row'>{name}</th><td>{mild:,}</td>"
        rows += f"<td>{counts.total() - mild:,}</td></tr>"
    head = [text("Province"), text("Advisories"), text("Warnings")]
    return _grid(text("By province"), head, rows)


def _list(found: Year, text: Text) -> str:
    rows = "".join(_row(one, text) for one in found.rows[:MOST_ROWS])
    head = [text("Zone"), text("Act"), text("Issued"), text("At issue"), text("Cleared")]
    return _grid(text("Every advisory, newest first"), head, rows)


def _row(one: Advisory, text: Text) -> str:
    cleared = long_hour(text, one.cleared_at) if one.cleared_at else text("in force")
    cells = (
        f"{text.pollutant(one.pollutant)} {act_word(one, text)}",
        long_hour(text, one.issued_at),
        value_words(one, one.issue_value),
        cleared,
    )
    body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th scope='row'>{escape(place_words(one, text))}</th>{body}</tr>"


if __name__ == "__main__":
    render()
