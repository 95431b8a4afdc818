"""The past page: one province, one pollutant, one range; gaps as gaps, numbers as a table."""

from datetime import date
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from aq.clock import kst_day
from aq.regions import BY_CODE, PROVINCES
from aq.text import Text
from aq.units import pollutants
from aq.views import cache, origin, page, ranges, revisions
from aq.views.charts import LINE_CONFIG
from aq.views.facts import fact
from aq.views.ranges import Range, Spans
from aq.views.state import View
from aq.views.words import (
    N_,
    Noun,
    day_words,
    exact,
    gap_word,
    long_hour,
    number,
    provenance,
    province_name,
)


def render() -> None:
    """Choices, the line, where it comes from, and its table."""
    page.top("past")
    view, pollutant = page.view(), page.pollutant()
    code = view.province.code if view.province else PROVINCES[0].code
    found = cache.snapshot(pollutant, page.standard().id)
    picked = page.strip(found, pollutant, code)
    spans = cache.span(code)
    asked = ranges.read(view, spans)
    _title(code, pollutant, asked)
    page.switches(pollutant)
    ranges.choose(code, view, asked, spans)
    _known_on(view)
    _show(code, pollutant, asked, spans)
    page.bottom()
    page.pulse()
    if picked in BY_CODE:
        page.change(p=picked)


def _title(code: str, pollutant: str, asked: Range) -> None:
    text = page.words()
    name, what = province_name(BY_CODE[code], text.lang), text.pollutant(pollutant)
    title = text("{who} · {what}", who=name, what=what)
    days = text(
        "{first} to {last}", first=day_words(text, asked.since), last=day_words(text, asked.last)
    )
    page.html(f"<h1>{escape(title)}</h1><p>{escape(days)}</p>")


def _known_on(view: View) -> None:
    """The day whose knowledge is shown; empty is now."""
    text = page.words()
    given = st.date_input(
        text("As known on (empty: now)"),
        view.as_of,
        max_value=kst_day(cache.moment()),
        min_value=date(2000, 1, 1),
        key=f"as known {view.as_of} {text.lang}",
        format="YYYY-MM-DD",
        width=300,
    )
    if given != view.as_of:
        page.change(asof=given.isoformat() if given else None)


def _show(code: str, pollutant: str, asked: Range, spans: Spans) -> None:
    text = page.words()
    if pollutant not in pollutants():
        page.html(f"<p class='notice'>{escape(text('The index has no line of its own yet.'))}</p>")
        return
    if asked.after >= asked.until:
        ranges.nothing(code, asked, spans, text)
        return
    day = page.view().as_of
    as_of = cache.version_on(day) if day else None
    if day and as_of is None:
        words = text("Nothing was known yet on {day}.", day=Noun(day_words(text, day)))
        page.html(f'<p class="notice">{escape(words)}</p>')
        return
    rules = page.standard().id
    frame = cache.line(code, pollutant, asked.after, asked.until, rules, as_of)
    if frame["value"].isna().all():
        ranges.nothing(code, asked, spans, text)
        return
    name, what = province_name(BY_CODE[code], text.lang), text.pollutant(pollutant)
    st.plotly_chart(
        cache.line_figure(
            code,
            pollutant,
            asked.after,
            asked.until,
            page.standard().id,
            text.lang,
            page.dark(),
            as_of=as_of,
            told_apart=True,
        ),
        theme=None,
        key="past",
        config=dict(LINE_CONFIG),
        alt=text("Line of the hourly means: {who}, {what}", who=name, what=what),
    )
    page.bandless(pollutant)
    _facts(frame, pollutant, text)
    revisions.show(code, pollutant, asked.after, asked.until)
    _table(frame, pollutant, text)
    origin.downloads([code], [pollutant], asked, "hour")


def _facts(frame: pd.DataFrame, pollutant: str, text: Text) -> None:
    """How complete the range is, its extremes, and whose the values are."""
    values = frame["value"]
    known, total = int(values.notna().sum()), len(frame)
    hours = text("hours with a value, {n} of {all}", n=f"{known:,}", all=f"{total:,}")
    facts = [
        _extreme(frame, int(values.argmax()), N_("highest hour, {hour}"), pollutant, text),
        _extreme(frame, int(values.argmin()), N_("lowest hour, {hour}"), pollutant, text),
        fact(f"{number(100 * known / total, 1)}%", hours),
    ]
    facts += origin.facts(frame.loc[values.notna(), ["feed", "kind", "status"]], text)
    page.html(f'<dl class="facts">{"".join(facts)}</dl>')
    line = text("Solid: confirmed. Dotted: unconfirmed. Dashed: values of a model.")
    page.html(f'<p class="muted">{escape(line)}</p>')


def _extreme(frame: pd.DataFrame, place: int, label: str, pollutant: str, text: Text) -> str:
    at, value = frame["at"].iloc[place], frame["value"].iloc[place]
    digits = cache.shown_digits(pollutant, page.standard().id)
    amount = f"{number(value, digits)} {pollutants()[pollutant].unit}"
    return fact(escape(amount), text(label, hour=long_hour(text, at)), exact(at))


def _table(frame: pd.DataFrame, pollutant: str, text: Text) -> None:
    """The hours as a table, newest first; sent only once a reader opens it."""
    label = text("The hours as a table")
    opened = st.expander(label, key="hours", on_change="rerun")
    if not opened.open:
        return
    with opened:
        st.dataframe(
            hours_table(frame, pollutant, text), hide_index=True, width="stretch", height=420
        )


def hours_table(frame: pd.DataFrame, pollutant: str, text: Text) -> pd.DataFrame:
    """The hours of a line as a reader's table: text columns, newest hour first."""
    digits = cache.shown_digits(pollutant, page.standard().id)
    hours: list[Any] = list(frame.iloc[::-1].itertuples(index=False))
    return pd.DataFrame(
        {
            text("Hour (end, KST)"): [f"{one.at:%Y-%m-%d %H:%M}" for one in hours],
            pollutants()[pollutant].unit: [number(one.value, digits) for one in hours],
            text("Level"): [_level_words(one.grade, text) for one in hours],
            text("Stations"): [_heard(one.stations, one.stations_expected) for one in hours],
            text("Source"): [_source(one.feed, one.kind, one.status, text) for one in hours],
            text("Why nothing"): [_gap(one.reason, one.detail, text) for one in hours],
        }
    )


def _heard(stations: int | None, expected: int | None) -> str:
    return "" if pd.isna(stations) else f"{stations}/{expected}"


def _source(feed: object, kind: object, status: object, text: Text) -> str:
    if not isinstance(feed, str) or not isinstance(kind, str):
        return ""
    known = status if isinstance(status, str) else None
    return f"{text.feed(feed)} · {provenance(text, kind, known)}"


def _gap(reason: object, detail: object, text: Text) -> str:
    if not isinstance(reason, str):
        return ""
    return gap_word(text, reason, detail if isinstance(detail, str) else None)


def _level_words(grade: int | None, text: Text) -> str:
    if grade is None or pd.isna(grade):
        return ""
    level = page.standard().level(int(grade))
    return f"{level.letter} {level.label(text.lang)}"


if __name__ == "__main__":
    render()
