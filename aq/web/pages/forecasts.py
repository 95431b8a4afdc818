"""The page that asks how good the forecast was: hits, misses, false alarms by lead and province."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from html import escape

from aq.domain.clock import kst_day
from aq.domain.forecast_skill import Score, total
from aq.domain.provinces import PROVINCES
from aq.i18n import Text
from aq.queries.official import VERIFIED, Group, forecast_groups, forecast_scores, over_50_scores
from aq.web import components
from aq.web.drawings.history import forecast_dots
from aq.web.drawings.marks import framed
from aq.web.parts import cache, live_view, page
from aq.web.parts import forecast_skill as skill
from aq.web.parts.forecast_skill import LEADS
from aq.web.parts.official import RECENT
from aq.web.parts.tables import cards, titled
from aq.web.wording.advisories import forecasts_words
from aq.web.wording.korean import day_words, province_name


def render() -> None:
    """Headline, all 17 together, each province."""
    page.top("forecasts")
    text, pollutant = page.words(), page.pollutant()
    live_view.strip(pollutant, None)
    scores = recent()
    if not scores:
        title = text("No forecast can be checked yet")
        why = text("A day is checked when it is over and was forecast.")
        page.html(f"<h1>{escape(title)}</h1><p>{escape(why)}</p>")
    else:
        last = kst_day(cache.moment()) - timedelta(days=1)
        groups: list[Group] = cache.kept(forecast_groups, last - RECENT, last)
        page.html(_head(scores, text))
        with page.picture():
            _dots(scores)
        page.html(_terms(text))
        body = (
            skill.in_words(groups, text) + _all(scores, text) + _over_50(text) + _each(scores, text)
        )
        page.html(body + skill.in_numbers(groups, text))
    page.bottom()
    page.pulse()


def headed(found: list[Score]) -> str:
    """The pollutant the headline speaks of: the view's where its forecasts can be checked."""
    pollutants = {score.pollutant for score in found if score.lead == 1}
    return next((key for key in (page.pollutant(), "pm25", *VERIFIED) if key in pollutants), "pm25")


def recent() -> list[Score]:
    """The forecasts that can be checked of the last days."""
    last = kst_day(cache.moment()) - timedelta(days=1)
    found: list[Score] = cache.kept(forecast_scores, last - RECENT, last)
    return found


def verdict(found: list[Score], text: Text) -> str:
    """How the forecasts of the day before did, in one sentence."""
    return forecasts_words(found, headed(found), text)


def _head(found: list[Score], text: Text) -> str:
    """The sentence, and what it counts: days of single provinces, between which days."""
    title, key = verdict(found, text), headed(found)
    lead = [score for score in found if (score.pollutant, score.lead) == (key, 1)]
    counted = sum(score.days for score in lead)
    days = sorted(set[date]().union(*(score.outcomes for score in lead or found)))
    note = text(
        "A province-day is one day of one province: {n} of them, over {days} days from {first} to"
        " {last} that have both a forecast and a daily mean.",
        n=f"{counted:,}" if lead else f"{sum(score.days for score in found):,}",
        days=len(days),
        first=day_words(text, days[0]),
        last=day_words(text, days[-1]),
    )
    return f"<h1>{escape(title)}</h1><p>{escape(note)}</p>"


def _terms(text: Text) -> str:
    """What the signs of the picture mean."""
    terms = text(
        "Bad is grade C or worse of the day's mean by AirKorea's own cut points; the last notice of"
        " each day counts. Hit: bad air was forecast and came. Miss: it came and was not forecast."
        " False alarm: it was forecast and did not come."
    )
    return f'<p class="muted">{escape(terms)}</p>'


def _dots(found: list[Score]) -> None:
    """Each province-day of the headline's pollutant as a sign: the forecast of the day before."""
    key = headed(found)
    lead = [score for score in found if (score.pollutant, score.lead) == (key, 1)]
    if lead:
        view = live_view.view(key)
        components.drawing("forecast dots", framed(view, forecast_dots(view, lead)))
        page.take_away({"forecasts": view.text("the last 30 days")}, pollutant=key)


def _all(found: list[Score], text: Text) -> str:
    """All provinces together: a row per pollutant and lead."""
    sums = total(found)
    rows = [
        _row(f"{text.pollutant(key)}, {text(word)}", sums[key, lead])
        for key in VERIFIED
        for lead, word in LEADS.items()
        if (key, lead) in sums
    ]
    return _counts(text("All provinces"), text("Same grade"), rows, text)


def _over_50(text: Text) -> str:
    """The notices of PM2.5 above 50 µg/m³, all provinces together: a row per lead."""
    last = kst_day(cache.moment()) - timedelta(days=1)
    sums = total(cache.kept(over_50_scores, last - RECENT, last))
    rows = [_row(text(LEADS[lead]), counts) for (_, lead), counts in sorted(sums.items())]
    title = text("PM2.5 above 50 µg/m³: forecast and come")
    return _counts(title, text("Right"), rows, text) if rows else ""


def _counts(title: str, right: str, rows: Sequence[Sequence[str]], text: Text) -> str:
    head = [
        *(text("Forecast"), text("Province-days"), text("Hits"), text("Misses")),
        *(text("False alarms"), right),
    ]
    return titled(title, head, rows, text, numbers=True)


def _row(name: str, counts: Iterable[int | None]) -> list[str]:
    return [escape(name), *("–" if count is None else f"{count:,}" for count in counts)]


def _each(found: list[Score], text: Text) -> str:
    """A table per pollutant: the 17 in page-header order, hits, misses and false alarms by lead."""
    return "".join(_of(key, found, text) for key in VERIFIED)


def _of(key: str, found: list[Score], text: Text) -> str:
    known = {(score.province, score.lead): score for score in found if score.pollutant == key}
    if not known:
        return ""
    rows = []
    for province in PROVINCES:
        scores = (known.get((province, lead)) for lead in LEADS)
        cells = (
            f"{score.hits} · {score.misses} · {score.false_alarms}" if score else "–"
            for score in scores
        )
        rows.append([escape(province_name(province, text.lang)), *cells])
    caption = text("Each province: {what}", what=text.pollutant(key))
    head = [text("Province"), *(text(word) for word in LEADS.values())]
    signs = " · ".join((text("Hits"), text("Misses"), text("False alarms")))
    body = cards(caption, head, rows, text, numbers=True)
    return f'<h2>{escape(caption)}</h2><p class="muted">{escape(signs)}</p>{body}'


if __name__ == "__main__":
    render()
