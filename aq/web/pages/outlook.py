"""The days ahead: AirKorea's forecasts of the 17, and how good they have been."""

from html import escape

from aq.domain.provinces import BY_CODE
from aq.i18n import Text
from aq.queries.official import FORECAST_KEYS
from aq.web.base_path import below
from aq.web.parts import live_view, page


def render() -> None:
    """The forecasts of a pollutant; links to how good they were."""
    page.top("outlook")
    text: Text = page.words()
    picked = live_view.strip(page.pollutant(), None)
    key = page.pollutant() if page.pollutant() in FORECAST_KEYS else "pm25"
    view = live_view.view(key)
    title = text("The days ahead: {what}", what=text.pollutant(key))
    days = [day for day in view.days if day.notice]
    note = text("AirKorea has not issued a forecast yet; it comes at 5, 11, 17 and 23 h.")
    if days:
        note = text("AirKorea forecasts {n} days by province.", n=len(days))
    page.html(f"<h1>{escape(title)}</h1><p>{escape(note)}</p>")
    with page.controls():
        page.pollutant_switch(key)
    with page.picture():
        live_view.ahead(view, headed=False)
    right = escape(text("Were the forecasts right?"))
    link = escape(f"{below('/forecasts')}?{page.query()}")
    page.html(f'<p><a href="{link}" target="_self">{right}</a></p>')
    page.bottom()
    page.pulse()
    if picked in BY_CODE:
        page.go("live", p=picked)


if __name__ == "__main__":
    render()
