"""The past at a glance: its four questions, each with a computed sentence and a small picture."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Any

import pandas as pd

from aq.domain.clock import kst_day
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.i18n import Text
from aq.queries.days import days, judged
from aq.web import components
from aq.web.base_path import below
from aq.web.drawings import history as small
from aq.web.drawings.marks import framed
from aq.web.drawings.view import View
from aq.web.pages import forecasts
from aq.web.parts import cache, daily, live_view, page
from aq.web.wording.korean import N_, number, province_name

DAYS = 90
TITLES = {
    "when": N_("When was it bad?"),
    "days": N_("How often?"),
    "forecasts": N_("Were the forecasts right?"),
    "past": N_("The data themselves"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The last days of a province: `found` as `aq.queries.days` gives them, and their levels."""

    view: View
    code: str
    key: str
    first: date
    last: date
    found: pd.DataFrame
    grades: dict[date, int | None]


def render() -> None:
    """The sentence and the picture of each question."""
    page.top("history")
    text, view, pollutant = page.words(), page.view(), page.pollutant()
    code = view.province.code if view.province else PROVINCES[0].code
    picked = live_view.strip(pollutant, code)
    who = province_name(BY_CODE[code], text.lang)
    title = text("{who}: what the last {n} days were like", who=who, n=DAYS)
    page.html(f"<h1>{escape(title)}</h1>")
    with page.controls():
        page.switches(pollutant)
    key = pollutant if pollutant in pollutants() else "pm25"
    past = _past(code, key)
    blocks = (_when(past, text), _often(past, text), _right(past, text), _data(past, text))
    whole = "".join(
        _block(page_name, sentence, picture, text)
        for page_name, (sentence, picture) in zip(TITLES, blocks, strict=True)
    )
    with page.picture():
        drawn = framed(past.view, f'<div class="questions">{whole}</div>')
        choice = components.drawing("questions", drawn)
    page.bottom()
    page.pulse()
    if choice and choice[0] == "go" and choice[1] in TITLES:
        page.go(choice[1])
    if picked in BY_CODE:
        page.change(p=picked)


def _past(code: str, key: str) -> Past:
    last = kst_day(cache.this_hour())
    first = last - timedelta(days=DAYS - 1)
    table: pd.DataFrame = cache.kept(days, (code,), key, first, last, page.standard().id, None)
    way = daily.way(key)
    grades: dict[date, int | None] = {}
    if way:
        levels = zip(table["day"], judged(table, way), strict=True)
        grades = {day: None if pd.isna(grade) else int(grade) for day, grade in levels}
    view = live_view.view(key, code)
    return Past(view=view, code=code, key=key, first=first, last=last, found=table, grades=grades)


def _block(name: str, sentence: str, picture: str, text: Text) -> str:
    title = escape(text(TITLES[name]))
    address = escape(f"{below('/' + name)}?{page.query()}")
    link = f'<a href="{address}" data-go="{name}">{title}</a>'
    return f'<section class="question"><h2>{link}</h2><p>{escape(sentence)}</p>{picture}</section>'


def _when(past: Past, text: Text) -> tuple[str, str]:
    """The worst day, and the days as cells."""
    picture = small.day_cells(past.view, past.grades, past.first, past.last)
    valued = past.found[past.found["value"].notna()]
    if valued.empty:
        return text("There are no values in this range."), picture
    worst: Any = valued.iloc[int(valued["value"].argmax())]
    digits = cache.shown_digits(past.key, page.standard().id)
    sentence = text(
        "{what} was highest on {day}: {value} {unit} over the day.",
        what=text.pollutant(past.key),
        day=text.day(worst["day"]),
        value=number(worst["value"], digits),
        unit=pollutants()[past.key].unit,
    )
    return sentence, picture


def _often(past: Past, text: Text) -> tuple[str, str]:
    """How many of the days were bad, and how many of each level."""
    counts = Counter(grade or 0 for grade in past.grades.values())
    graded = sum(n for grade, n in counts.items() if grade)
    rules = page.standard()
    bad = len(rules.levels) // 2 + 1
    if not graded:
        return text("No day has a level yet."), small.shares(past.view, counts)
    sentence = text(
        "{n} of {all} days were {word} or worse.",
        n=sum(n for grade, n in counts.items() if grade >= bad),
        all=graded,
        word=rules.level(bad).label(text.lang),
    )
    return sentence, small.shares(past.view, counts)


def _right(past: Past, text: Text) -> tuple[str, str]:
    """How the forecasts did, and each of them of the last fortnight as a sign."""
    scores = forecasts.recent()
    if not scores:
        return text("A day is checked when it is over and was forecast."), ""
    key = forecasts.headed(scores)
    lead = [score for score in scores if (score.pollutant, score.lead) == (key, 1)]
    own = [score for score in lead if score.province.code == past.code]
    picture = small.forecast_dots(past.view, own) if own else ""
    return f"{forecasts.verdict(scores, text)}.", picture


def _data(past: Past, text: Text) -> tuple[str, str]:
    """How many of the hours have a value, and which days lack some."""
    hours: dict[date, int] = dict(zip(past.found["day"], past.found["hours"], strict=True))
    span = [past.first + timedelta(days=n) for n in range(DAYS)]
    shares = [min(1.0, int(hours.get(day, 0)) / 24) for day in span]
    share = min(99.9, 100 * sum(shares) / DAYS) if min(shares) < 1 else 100
    sentence = text("{share} % of the hours have a value.", share=number(share, 1))
    return sentence, small.completeness_bars(past.view, shares)


if __name__ == "__main__":
    render()
