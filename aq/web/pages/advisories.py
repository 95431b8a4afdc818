"""The page of official advisories: every act of a year, and how many by province."""

from datetime import date
from html import escape
from urllib.parse import urlencode

import streamlit as st

from aq.domain.advisories import known_level
from aq.domain.clock import kst_day
from aq.i18n import Text
from aq.queries.official import Year, advisories_of, advisory_years
from aq.queries.yellow_dust import yellow_dust_of
from aq.web import components
from aq.web.base_path import below
from aq.web.drawings.history import act_ticks
from aq.web.drawings.marks import framed
from aq.web.parts import cache, live_view, page
from aq.web.parts.attribution import FORMATS
from aq.web.parts.official import act_grid, yellow_dust_grid
from aq.web.parts.tables import titled
from aq.web.wording.korean import province_name

MOST_ROWS = 500
YEAR_WIDTH = 160  # pixels


def render() -> None:
    """Headline, choice of the year, counts by province, the list."""
    page.top("advisories")
    text, pollutant = page.words(), page.pollutant()
    live_view.strip(pollutant, None)
    years = cache.kept(advisory_years)
    if not years:
        title, why = text("No advisories yet"), text("None has been received so far.")
        page.html(f"<h1>{escape(title)}</h1><p>{escape(why)}</p>")
    else:
        slot = st.container()
        year = st.selectbox(text("Year"), years, key="year", width=YEAR_WIDTH)
        found: Year = cache.kept(advisories_of, year, cache.moment())
        with slot:
            title = text("{n} official advisories in {year}", n=f"{len(found.rows):,}", year=year)
            note = text("Advisories hold for zones, which are parts of provinces.")
            page.html(f"<h1>{escape(title)}</h1><p>{escape(note)}</p>")
        acts = cache.kept(yellow_dust_of, year, cache.moment())
        caption = text("Every advisory, newest first")
        listed = act_grid(caption, found.rows[:MOST_ROWS], text)
        with page.picture():
            view = live_view.view(pollutant)
            components.drawing("acts", framed(view, act_ticks(view, year, found.rows)))
            if year == kst_day(cache.moment()).year:
                page.take_away({"acts": str(year)})
        page.html(
            _counts(found, text) + listed + _whole(found, text) + yellow_dust_grid(acts, text)
        )
    page.bottom()
    page.pulse()


def _whole(found: Year, text: Text) -> str:
    """Links to the whole year as files; that the list was cut, where it was."""
    last = min(date(found.year, 12, 31), kst_day(cache.moment()))
    asked = {"kind": "advisory", "since": f"{found.year}-01-01", "until": last.isoformat()}
    export = below("/api/v1/export")
    links = " · ".join(
        f'<a href="{export}?{escape(urlencode({**asked, "format": key}))}" download>'
        f"{escape(name)}</a>"
        for key, name in FORMATS.items()
    )
    words = text("All advisories of {year} as a file:", year=found.year)
    if len(found.rows) > MOST_ROWS:
        cut = text("The list shows the newest {n}.", n=MOST_ROWS)
        words = f"{cut} {words}"
    return f'<p class="muted">{escape(words)} {links}</p>'


def _counts(found: Year, text: Text) -> str:
    head = [text("Province"), text("Advisories"), text("Warnings")]
    unknown = any(known_level(row) is None for row in found.rows)
    rows = []
    for province, counts in found.counts.items():
        mild, severe = counts["주의보"], counts["경보"] + counts["중대경보"]
        numbers = [mild, severe, *([counts.total() - mild - severe] if unknown else [])]
        name = escape(province_name(province, text.lang))
        rows.append([name, *(f"{number:,}" for number in numbers)])
    if unknown:
        head.append(text("Unknown level"))
    return titled(text("By province"), head, rows, text, numbers=True)


if __name__ == "__main__":
    render()
