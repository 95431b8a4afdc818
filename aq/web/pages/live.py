"""The live page: what the air is like now, from the whole country down to one province."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Any

import streamlit as st

from aq.context import Context
from aq.domain.clock import kst_day, kst_iso
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.i18n import Text
from aq.queries.current import CurrentItem, Snapshot, current
from aq.queries.official import advisories_now, marked
from aq.web import components
from aq.web.charts.country_map import MAP_CONFIG
from aq.web.charts.province_line import LINE_CONFIG, level_bands
from aq.web.parts import cache, official, page, why
from aq.web.wording import advice, headline, lead
from aq.web.wording.facts import item_facts
from aq.web.wording.feeds import failures
from aq.web.wording.korean import (
    Noun,
    exact,
    item_name,
    listed,
    missing_short,
    number,
    provenance,
    province_name,
    short_hour,
    shown,
    told_hour,
)

LINE_DAYS = 7
# Advice is worded for this standard's four levels, whatever standard the page shows.
KOREAN = "airkorea_1h"


def render() -> None:
    """Strip, headline, map and table, then the chosen province."""
    page.top("live")
    pollutant = page.pollutant()
    found = cache.snapshot(pollutant, page.standard().id)
    chosen = _chosen(found, pollutant)
    picked = page.strip(found, pollutant, chosen)
    official.in_force()
    _lead(found, pollutant)
    page.switches(pollutant)
    marks = official.marks(page.words())
    left, right = st.columns([1.05, 1], gap="medium")
    with left:
        _map(found, pollutant, chosen, marks)
    with right:
        from_table, order = components.table(_table(found, pollutant, chosen, dict(marks)))
    official.ahead(pollutant)
    _province(found, pollutant, chosen)
    page.bottom()
    page.pulse()
    picked = picked or from_table
    if picked in BY_CODE:
        page.change(p=picked)
    if order:
        page.change(s=order)


def _chosen(found: Snapshot, pollutant: str) -> str:
    """The province the address names; without one, the worst when the session first saw it."""
    asked = page.view().province
    if asked:
        return asked.code
    items = found.of(pollutant)
    worst = max(items, key=_badness)
    first: str = st.session_state.setdefault(f"first {pollutant}", worst.code)
    return first


def _badness(item: CurrentItem) -> tuple[int, float]:
    number = shown(item)
    return item.grade or 0, -1.0 if number is None else number


def _everything(context: Context, now: datetime, standard: str) -> Snapshot:
    """All pollutants of a standard now."""
    return current(context, now, standard=standard)


def _lead(found: Snapshot, pollutant: str) -> None:
    text, items, standard = page.words(), found.of(pollutant), page.standard()
    country: Snapshot = cache.kept(_everything, cache.moment(), standard.id)
    polled = cache.context().settings.scheduler != "off"
    first_start = lead.welcome(country.items, cache.feeds(), polled, text)
    if first_start:
        sentence, when = first_start
        failing = failures(cache.feeds(), text, stored=False)
        body = "".join(f'<p class="notice">{escape(words)}</p>' for words in failing)
        page.html(f"<h1>{escape(sentence)}</h1><p>{escape(when)}</p>{body}")
        return
    first = lead.leading(country.items, pollutant)
    acts = cache.kept(advisories_now, cache.moment())
    sentence = lead.title(country.of(first), acts, standard, text)
    deck = " ".join(escape(words) for words in _deck(country, first, text))
    parts = []
    if found.hour:
        stamp = (
            f'<time datetime="{kst_iso(found.hour)}" title="{escape(exact(found.hour))}">'
            f"{escape(text.hour(found.hour))}</time>"
        )
        parts.append(escape(text("As of {hour}.", hour="\0")).replace("\0", stamp))
        parts.append(escape(headline.coverage(items, text)))
    parts += [escape(absence) for absence in headline.absences(items, text)]
    deck = f'<p class="deck">{deck}</p>' if deck else ""
    body = f"<h1>{escape(sentence)}</h1>{deck}<p>{' '.join(parts)}</p>"
    notices = "".join(
        f'<p class="notice">{escape(notice)}</p>' for notice in _notices(found, items, text)
    )
    page.html(body + notices)


def _deck(country: Snapshot, first: str, text: Text) -> list[str]:
    """Which way the headline's pollutant goes, and what is forecast of it for tomorrow."""
    sentences: list[str | None] = []
    if country.hour and first in pollutants() and not any(item.stale for item in country.of(first)):
        trends = cache.sparklines(first, country.hour, country.feed)
        sentences.append(lead.direction(trends, _least_span(first) / 10, text))
    sentences += [lead.tomorrow(day, official.rules(), text) for day in official.tomorrow(first)]
    return [sentence for sentence in sentences if sentence]


def _notices(found: Snapshot, items: tuple[CurrentItem, ...], text: Text) -> list[str]:
    """What changes how the numbers are to be read: modelled, late, a feed that fails."""
    notes = []
    if found.hour and any(item.kind == "modelled" for item in items):
        notes.append(
            text(
                "These are values of a weather model ({feed}), not measurements."
                " The grid is about 45 km wide, so neighbouring provinces may share a value.",
                feed=text.feed(found.feed or ""),
            )
        )
    late = headline.late(items, text)
    if late:
        notes.append(late)
    return notes + failures(cache.feeds(), text, found.feed if found.hour else None)


def _map(found: Snapshot, pollutant: str, chosen: str, marks: tuple[tuple[str, str], ...]) -> None:
    text = page.words()
    figure = cache.map_figure(found, pollutant, text.lang, page.dark(), chosen, marks)
    alt = text(
        "Map of the 17 provinces coloured by level of {what}", what=text.pollutant(pollutant)
    )
    if marks:
        names = listed((province_name(BY_CODE[code], text.lang) for code, _ in marks), text.lang)
        alt += ". " + text("Official advisories in force: {names}", names=names)
    # The box has its height from the style sheet: a phone's map is as high as it is wide.
    box = st.container(key="map-box")
    box.plotly_chart(
        figure,
        theme=None,
        height="stretch",
        key="map",
        on_select=_map_picked,
        selection_mode="points",
        config=dict(MAP_CONFIG),
        alt=alt,
    )
    if marks:
        page.html(official.legend(text))


def _map_picked() -> None:
    """A click on a province; a click on the sea or a second one on the same changes nothing."""
    points = st.session_state["map"]["selection"]["points"]
    code = points[0].get("location") if points else None
    if code in BY_CODE:
        st.query_params["p"] = code


def _table(
    found: Snapshot, pollutant: str, chosen: str, marks: Mapping[str, str]
) -> dict[str, Any]:
    text, view, days = page.words(), page.view(), official.coming(pollutant)
    today = kst_day(cache.moment())
    unit = pollutants()[pollutant].unit if pollutant in pollutants() else text("index")
    trends: dict[str, list[float | None]] = {}
    if found.hour and pollutant in pollutants():
        trends = cache.sparklines(pollutant, found.hour, found.feed)
    # What is the same in all rows stands once above them.
    mixed = len({_source(item, text) for item in found.of(pollutant) if item.observed_at}) > 1
    rows = [
        {
            **({"source": _source(item, text)} if mixed else {}),
            **_row(item, text, place, item.code == chosen, trends.get(item.code, [])),
            "mark": marks.get(item.code),
            "ahead": official.coming_badges(item.code, days, text),
        }
        for place, item in enumerate(found.of(pollutant))
    ]
    return {
        "lang": text.lang,
        "kind": "with-ahead" if days else "",
        "caption": _caption(found, pollutant, text),
        "sort": {"key": view.sort, "descending": view.descending},
        "columns": [
            {"key": "order", "text": text("Province")},
            {"key": "grade", "text": text("Level"), "first_descending": True},
            {"key": "value", "text": unit, "class": "num", "first_descending": True},
            {"text": text("Last 24 hours"), "class": "trend-head"},
            *(
                {"text": text.day_ahead(day.day, (day.day - today).days), "class": "ahead"}
                for day in days
            ),
            {
                "key": "stations",
                "text": text("Stations"),
                "class": "num stations",
                "first_descending": True,
            },
            *([{"text": text("Hour, kind"), "class": "source"}] if mixed else []),
        ],
        "rows": rows,
        "least_span": _least_span(pollutant),
    }


def _least_span(pollutant: str) -> float:
    """What a sparkline spans at least [the pollutant's unit]: the first level's width.

    Else the noise of a calm day would look like drama.
    """
    rules = page.standard()
    bands = level_bands(rules, pollutant, rules.averaging(pollutant) or "1h")
    return bands[0][1] if bands else 1.0


def _caption(found: Snapshot, pollutant: str, text: Text) -> str:
    what = text.pollutant(pollutant)
    if not found.hour:
        return what
    item = found.of(pollutant)[0]
    kind = provenance(text, item.kind, item.status)
    return " · ".join((what, text.hour(found.hour), text.feed(found.feed or ""), kind))


def _row(
    item: CurrentItem, text: Text, place: int, chosen: bool, trend: list[float | None]
) -> dict[str, Any]:
    digits = cache.shown_digits(item.pollutant, item.standard)
    amount = shown(item)
    known = [value for value in trend if value is not None]
    heard = item.stations if item.stations is not None else None
    return {
        **page.badge_data(item, text),
        "code": item.code,
        "name": item_name(item, text.lang),
        "chosen": chosen,
        "value": number(amount, digits),
        "trend": trend if item.value is not None else [],
        "trend_words": _trend_words(item, known, digits, text),
        "stations": "–" if heard is None else f"{heard}/{item.stations_expected}",
        "stations_title": text("stations heard of stations expected"),
        "source_title": _source_title(item, text),
        "sorts": {"order": place, "grade": item.grade, "value": amount, "stations": heard},
    }


def _trend_words(item: CurrentItem, known: list[float], digits: int, text: Text) -> str:
    if item.dominant:
        return text("decided by {what}", what=text.pollutant(item.dominant))
    if item.value is None:
        why = missing_short(text, item)
        if item.last_at is None:
            return why
        last = number(item.last_value, digits)
        return text("{why}; last {value} at {hour}", why=why, value=last, hour=_at(item, text))
    if not known:
        return text("no values in the last 24 hours")
    return text(
        "between {low} and {high} in the last 24 hours",
        low=number(min(known), digits),
        high=number(max(known), digits),
    )


def _at(item: CurrentItem, text: Text) -> str:
    return told_hour(text, item.last_at, cache.moment()) if item.last_at else ""


def _source(item: CurrentItem, text: Text) -> str:
    if item.observed_at is None:
        return "–"
    kind = provenance(text, item.kind, None)
    return f"{short_hour(text, item.observed_at)} {kind}"


def _source_title(item: CurrentItem, text: Text) -> str:
    if item.observed_at is None:
        return missing_short(text, item)
    feed = text.feed(item.feed or "")
    return f"{exact(item.observed_at)} · {feed} · {provenance(text, item.kind, item.status)}"


def _province(found: Snapshot, pollutant: str, chosen: str) -> None:
    text = page.words()
    item = next(one for one in found.of(pollutant) if one.code == chosen)
    name = province_name(BY_CODE[chosen], text.lang)
    if pollutant not in pollutants():
        page.html(f"<h2>{escape(name)}</h2>{item_facts(item, text)}{_advice(chosen, text)}")
        _why(item)
        return
    what = text.pollutant(pollutant)
    title = text("{who} · {what}, last {n} days", who=name, what=what, n=LINE_DAYS)
    page.html(f"<h2>{escape(title)}</h2>{item_facts(item, text)}{_advice(chosen, text)}")
    _why(item)
    # Up to the hour shown: a younger one of another feed is not its continuation.
    until = found.hour or cache.this_hour()
    after = until - timedelta(days=LINE_DAYS)
    frame = cache.line(chosen, pollutant, after, until, page.standard().id)
    if frame["value"].isna().all():
        nothing = text("{who} has no values of the last {n} days.", who=Noun(name), n=LINE_DAYS)
        page.html(f"<p>{escape(nothing)}</p>")
        return
    st.plotly_chart(
        cache.line_figure(
            chosen,
            pollutant,
            after,
            until,
            page.standard().id,
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
    page.told_ahead(chosen, pollutant)


def _advice(code: str, text: Text) -> str:
    """What to do in a province: by the worst of its pollutants and the acts in force there."""
    country: Snapshot = cache.kept(_everything, cache.moment(), page.standard().id)
    items = [item for item in country.items if item.code == code]
    acts = cache.kept(marked, cache.moment()).get(code, ())
    level = advice.severity(items, acts, page.standard())
    worst = max((item.grade or 0 for item in items), default=0)
    makers = [item.pollutant for item in items if item.grade == worst]
    makers += [act.pollutant for act in acts]
    lines = [*advice.everyone(level, cache.context().standards[KOREAN], text)]
    tonight = official.tonight(code, makers, text)
    markup = f'<p class="advice">{escape(" ".join(lines))}</p>' if lines else ""
    markup += f"<p>{escape(tonight)}</p>" if tonight else ""
    groups = advice.by_group(level, makers, text)
    if groups:
        rows = "".join(f"<dt>{escape(who)}</dt><dd>{escape(what)}</dd>" for who, what in groups)
        summary = escape(text("For whom what"))
        markup += f"<details><summary>{summary}</summary><dl class='groups'>{rows}</dl></details>"
    return markup


def _why(item: CurrentItem) -> None:
    """What stands behind a grade, where there is one."""
    if item.grade and item.observed_at:
        why.panel(item.code, item.pollutant, item.observed_at)


if __name__ == "__main__":
    render()
