"""What the pages about days share: how a day is judged, what the colours say, whose it is."""

from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from aq.domain.clock import kst_day
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.days import MEAN, WORST, ways
from aq.queries.frames import version_on
from aq.web.charts.calendar import level_words
from aq.web.parts import attribution as origin
from aq.web.parts import cache, page
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked
from aq.web.wording.korean import N_, day_words

WAY_NAMES = {MEAN: N_("by the day's mean"), WORST: N_("by the worst hour")}


def way(pollutant: str) -> str | None:
    """The way the address asks for; the first the standard has without one; None where it has
    levels neither for days nor for hours."""
    known = ways(page.standard(), pollutant)
    asked = st.query_params.get("d")
    if asked in known:
        return asked
    return known[0] if known else None


def choose_way(asked: Asked) -> str | None:
    """The choice between the mean and the worst hour, and in words what it means."""
    rules, text = page.standard(), asked.text
    known, chosen = ways(rules, asked.pollutant), way(asked.pollutant)
    what, title = text.pollutant(asked.pollutant), rules.titles[text.lang]
    if chosen is None:
        words = text(
            "{standard} has levels neither for a day's mean nor for an hour of {what}."
            " Choose another standard or pollutant.",
            standard=title,
            what=what,
        )
        page.html(f'<p class="notice">{escape(words)}</p>')
        return None
    if len(known) > 1:
        options = {one: text(WAY_NAMES[one]) for one in known}
        frame.choice("d", text("A day is coloured"), options, chosen, known[0])
    hours = -(-rules.complete.numerator * 24 // rules.complete.denominator)
    if chosen == MEAN:
        line = text(
            "A day's colour is the level of its mean (hours 1 to 24) by {standard};"
            " at least {n} hours must have a value.",
            standard=title,
            n=hours,
        )
    else:
        line = text(
            "A day's colour is the level of its highest hourly mean by {standard}.", standard=title
        )
    page.html(f'<p class="muted">{escape(line)}</p>')
    return chosen


def version() -> tuple[bool, int | None]:
    """(whether anything was known, the store version) of the day the address asks to be known on;
    no version is the present."""
    day = page.view().as_of
    found = version_on(cache.context(), day) if day else None
    return day is None or found is not None, found


def known_then(text: Text) -> tuple[bool, int | None]:
    """As `version`, and says on the page which day that is."""
    day = page.view().as_of
    known, found = version()
    if day and not known:
        words = text("Nothing was known yet on {day}.", day=day_words(text, day))
        page.html(f'<p class="notice">{escape(words)}</p>')
        return known, found
    if day:
        words = text("As known on {day}.", day=day_words(text, day))
        page.html(f'<p class="notice">{escape(words)}</p>')
    return known, found


def last_day(asked: Asked) -> date:
    """The last day of the range that has begun."""
    return min(asked.range.last, kst_day(cache.this_hour()))


def nothing(asked: Asked) -> None:
    """Why there is nothing, and what would fill it."""
    text = asked.text
    line = text("No province has values in this range.")
    if asked.range.since > last_day(asked):
        line = text("This range lies in the future.")
    empty(line, text)


def empty(line: str, text: Text) -> None:
    """That there is nothing, and what would fill it."""
    filling = text(
        "Confirmed files of AirKorea fill past months ({first}); {second} asks the sources"
        " again for recent days.",
        first="python -m aq import FILE…",
        second="python -m aq backfill --since D --until D",
    )
    body = "".join(f"<p>{escape(sentence)}</p>" for sentence in (line, filling))
    page.html(f'<div class="notice">{body}</div>')


def key(counts: Mapping[int, int], rules: Standard, text: Text) -> None:
    """What the colours mean, each with its letter, word and number of days; 0 is without level."""
    parts = []
    for grade in (*range(1, len(rules.levels) + 1), 0):
        word, letter = level_words(rules, grade, text)
        days = text("{n} days", n=f"{counts.get(grade, 0):,}")
        style, kind = "", "badge none"
        if grade:
            level = rules.level(grade)
            style, kind = f' style="background:{level.colour};color:{level.text_colour}"', "badge"
        parts.append(
            f'<span class="item"><span class="{kind}"{style}>{escape(letter)}</span> '
            f"{escape(word)} <b>{escape(days)}</b></span>"
        )
    page.html(f'<p class="key">{" ".join(parts)}</p>')


def sources(days: pd.DataFrame, text: Text) -> list[str]:
    """Facts about whose the days are."""
    there = days.loc[days["hours"] > 0, ["feed", "kind", "status"]]
    return origin.facts(there, text)


def level_cell(rules: Standard, grade: Any, text: Text) -> str:
    """C 나쁨; nothing without a grade (None or a data frame's nothing)."""
    if pd.isna(grade):
        return ""
    word, letter = level_words(rules, int(grade), text)
    return f"{letter} {word}"
