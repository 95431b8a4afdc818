"""The page that asks how good the forecast was: hits, misses, false alarms by lead and province."""

from datetime import timedelta
from html import escape

from aq.bulletin import VERIFIED, forecast_scores
from aq.clock import kst_day
from aq.official.skill import Score, total
from aq.text import Text
from aq.views import cache, page
from aq.views.official import RECENT, grid
from aq.views.words import N_, province_name

LEAD_NAMES = {0: N_("same day"), 1: N_("one day ahead"), 2: N_("two days ahead")}


def render() -> None:
    """Headline, all 17 together, each province."""
    page.top("forecasts")
    text, pollutant = page.words(), page.pollutant()
    page.strip(cache.snapshot(pollutant, page.standard().id), pollutant, None)
    last = kst_day(cache.moment()) - timedelta(days=1)
    found: list[Score] = cache.kept(forecast_scores, last - RECENT, last)
    if not found:
        title = text("No forecast can be checked yet")
        why = text("A day is checked when it is over and was forecast.")
        page.html(f"<h1>{escape(title)}</h1><p>{escape(why)}</p>")
    else:
        page.html(_head(found, text) + _all(found, text) + _each(found, text))
    page.bottom()
    page.pulse()


def _head(found: list[Score], text: Text) -> str:
    days, hits, misses, false_alarms, _ = total(found).get(("pm25", 1), (0, 0, 0, 0, 0))
    title = text(
        "Of {bad} bad PM2.5 days {hits} were forecast the day before; {false_alarms} false alarms",
        bad=hits + misses,
        hits=hits,
        false_alarms=false_alarms,
    )
    note = text(
        "The last {n} days, each province counted by itself. Bad is grade C or worse of the day's"
        " mean by AirKorea's own cut points; the last notice of each day counts.",
        n=RECENT.days,
    )
    del days
    return f"<h1>{escape(title)}</h1><p>{escape(note)}</p>"


def _grid(caption: str, first: str, rows: str, text: Text) -> str:
    head = (
        *(first, text("Pollutant"), text("Lead"), text("Days")),
        *(text("Hits"), text("Misses"), text("False alarms"), text("Same grade")),
    )
    return grid(caption, head, rows)


def _row(name: str, pollutant: str, lead: int, counts: tuple[int, ...], text: Text) -> str:
    cells = (text.pollutant(pollutant), text(LEAD_NAMES[lead]), *(f"{one:,}" for one in counts))
    body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th scope='row'>{escape(name)}</th>{body}</tr>"


def _all(found: list[Score], text: Text) -> str:
    sums = total(found)
    rows = "".join(
        _row(text("all 17"), key, lead, sums[key, lead], text)
        for key in VERIFIED
        for lead in LEAD_NAMES
        if (key, lead) in sums
    )
    return _grid(text("All provinces"), text("Where"), rows, text)


def _each(found: list[Score], text: Text) -> str:
    rows = "".join(
        _row(
            province_name(one.province, text.lang),
            one.pollutant,
            one.lead,
            (one.days, one.hits, one.misses, one.false_alarms, one.same_grade),
            text,
        )
        for one in found
    )
    return _grid(text("Each province"), text("Province"), rows, text)


if __name__ == "__main__":
    render()
