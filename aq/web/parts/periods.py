"""The period on which a rule is tried: the last days, a calendar year, or days of one's own."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import streamlit as st

from aq.domain.clock import day_bounds, kst_day
from aq.i18n import Text
from aq.queries.frames import span
from aq.web.parts import cache
from aq.web.wording.korean import N_, day_words

LAST_DAYS = {30: N_("the last 30 days"), 90: N_("the last 90 days"), 365: N_("the last year")}
DEFAULT = "90"
OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """KST days, both inclusive, the hours they hold (``after < hour end <= until``), in words."""

    since: date
    last: date
    after: datetime
    until: datetime
    words: str


def choose(text: Text) -> Period:
    """Draw the choice; gives the period chosen."""
    now = cache.this_hour()
    today = kst_day(now)
    first = min((kst_day(start) for _, start, _ in cache.kept(span)), default=today)
    names = {str(days): text(words) for days, words in LAST_DAYS.items()}
    names |= {
        str(year): text("the year {year}", year=year)
        for year in range(today.year, first.year - 1, -1)
    }
    names[OWN] = text("days of your choice")
    picked = st.selectbox(
        text("Period"),
        list(names),
        index=list(names).index(DEFAULT),
        format_func=names.__getitem__,
        key=f"period {text.lang}",
        width=260,
    )
    since, last = _days(picked, first, today, text)
    words = names[picked]
    if picked == OWN:
        first_day, last_day = day_words(text, since), day_words(text, last)
        words = text("the days from {first} to {last}", first=first_day, last=last_day)
    after, until = day_bounds(since)[0], min(day_bounds(last)[1], now)
    return Period(since=since, last=last, after=after, until=max(after, until), words=words)


def _days(picked: str, first: date, today: date, text: Text) -> tuple[date, date]:
    if picked == OWN:
        given = st.date_input(
            text("Days, first and last"),
            (max(first, today - timedelta(days=6)), today),
            min_value=min(first, today),
            max_value=today,
            key=f"period days {text.lang}",
            format="YYYY-MM-DD",
            width=260,
        )
        # While only the first day is picked, that day alone.
        days = [*given]
        return days[0], days[-1]
    number = int(picked)
    if number in LAST_DAYS:
        return today - timedelta(days=number - 1), today
    return date(number, 1, 1), min(date(number, 12, 31), today)
