"""The calendar: each day of a province coloured by its level, years below each other."""

from collections import Counter
from datetime import date, timedelta
from html import escape
from statistics import fmean
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from aq.context import Context
from aq.domain.clock import HOUR, day_bounds
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.i18n import Text, text_in
from aq.queries.completeness import completeness
from aq.queries.days import days, judged
from aq.web.charts.calendar import DayCell, all_days, calendar, level_words
from aq.web.charts.theme import palette
from aq.web.pages.gaps import cause_words
from aq.web.parts import attribution as origin
from aq.web.parts import cache, daily, page, ranges
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked
from aq.web.parts.tables import opened
from aq.web.wording.facts import fact
from aq.web.wording.korean import day_words, number, provenance, province_name, short_hour

DEFAULT = "all"
WEEK_DAYS = 5  # days with a value that a week needs to be compared


def render() -> None:
    """The days of a province."""
    frame.show("year", _headline, _body, default=DEFAULT, everywhere=False)


def _found(asked: Asked, as_of: int | None) -> pd.DataFrame:
    found: pd.DataFrame = cache.kept(
        days,
        (asked.code,),
        asked.pollutant,
        asked.range.since,
        daily.last_day(asked),
        page.standard().id,
        as_of,
    )
    return found


def _counts(found: pd.DataFrame, asked: Asked, way: str) -> Counter[int]:
    """Days by grade; 0 are those without one."""
    grades = [int(one) for one in judged(found, way).dropna()]
    counts = Counter(grades)
    counts[0] = len(all_days(asked.range.since, daily.last_day(asked))) - len(grades)
    return counts


def _headline(asked: Asked) -> str:
    text, way = asked.text, daily.way(asked.pollutant)
    name = province_name(BY_CODE[asked.code or ""], text.lang)
    what = text.pollutant(asked.pollutant)
    known, as_of = daily.version()
    counts = _counts(_found(asked, as_of), asked, way) if way and known else Counter[int]()
    graded = sum(days for grade, days in counts.items() if grade)
    if not graded:
        return text("{who} · {what}", who=name, what=what)
    most = max((grade for grade in counts if grade), key=lambda grade: (counts[grade], grade))
    return text(
        "{who}, {what}: ‘{word}’ on {n} of {all} days",
        who=name,
        what=what,
        word=level_words(page.standard(), most, text)[0],
        n=f"{counts[most]:,}",
        all=f"{graded:,}",
    )


def _body(asked: Asked) -> None:
    text, code = asked.text, asked.code or ""
    with asked.controls:
        way = daily.choose_way(asked)
    known, as_of = daily.known_then(text)
    if way is None or not known:
        return
    if asked.range.since > daily.last_day(asked):
        ranges.nothing(code, asked.range, asked.spans, text)
        return
    found = _found(asked, as_of)
    if found.empty or not found["hours"].sum():
        ranges.nothing(code, asked.range, asked.spans, text)
        return
    ends = asked.range.since, daily.last_day(asked)
    rules = page.standard().id
    with page.picture():
        page.chart(
            cache.kept(
                figure, code, asked.pollutant, *ends, rules, way, as_of, text.lang, page.dark()
            ),
            key="calendar",
            alt=text("Calendar of days coloured by level; the table below has the numbers."),
        )
    daily.key(_counts(found, asked, way), page.standard(), text)
    _facts(found, asked)
    _table(found, asked)
    page.take_away({"calendar": text("a year")}, pollutant=asked.pollutant, province=code)
    origin.downloads([code], [asked.pollutant], asked.range, "day")


def figure(
    context: Context,
    code: str,
    key: str,
    first: date,
    last: date,
    standard: str,
    way: str,
    as_of: int | None,
    lang: str,
    dark: bool,
) -> go.Figure:
    """The calendar of a range of days."""
    text, rules = text_in(lang), context.standards[standard]
    found = days(context, (code,), key, first, last, standard, as_of)
    reasons = causes(context, code, key, first, last, text)
    days_found: list[Any] = list(found.itertuples(index=False))
    rows: dict[date, Any] = {row.day: row for row in days_found}
    grades = dict(zip(found["day"], judged(found, way), strict=True))
    cells = []
    for day in all_days(first, last):
        grade = grades.get(day)
        known = None if grade is None or pd.isna(grade) else int(grade)
        about = _about(day, rows.get(day), known, rules.id, key, reasons.get(day), text)
        cells.append(DayCell(day=day, grade=known, about=about))
    return calendar(cells, rules, text, palette(dark))


def causes(
    context: Context, code: str, key: str, first: date, last: date, text: Text
) -> dict[date, str]:
    """Why hours of a day have no value: the commonest cause in words, by day."""
    until = min(day_bounds(last)[1], cache.this_hour())
    lacks = completeness(context, key, day_bounds(first)[0], until).lacks
    own = lacks[lacks["province"] == BY_CODE[code].id].sort_values("hours")
    rows: list[Any] = list(own.itertuples(index=False))
    return {row.day: cause_words(row.cause, row.detail, text) for row in rows}


def _about(
    day: date, row: Any, grade: int | None, standard: str, key: str, reason: str | None, text: Text
) -> str:
    """What is said of a day on hover, as lines of markup."""
    rules, unit = cache.context().standards[standard], pollutants()[key].unit
    lines = [f"<b>{day_words(text, day)}</b>"]
    if grade:
        word, letter = level_words(rules, grade, text)
        lines[0] += f"  {letter} {word}"
    if row is not None and row.hours:
        digits = cache.shown_digits(key, standard)
        lines += [
            text("mean {value} {unit}", value=number(row.value, digits), unit=unit),
            text(
                "highest hour {hour}: {value} {unit}",
                hour=short_hour(text, row.highest_at),
                value=number(row.highest, digits),
                unit=unit,
            ),
            text("{n} of 24 hours with a value", n=row.hours),
            f"<span style='font-size:11px'>{text.feed(row.feed)} ·"
            f" {provenance(text, row.kind, row.status)}</span>",
        ]
    if not grade:
        lines.append(text("no level: {why}", why=reason or text("not enough hours")))
    return "<br>".join(lines)


def _facts(found: pd.DataFrame, asked: Asked) -> None:
    text, unit = asked.text, pollutants()[asked.pollutant].unit
    digits = cache.shown_digits(asked.pollutant, page.standard().id)
    top: Any = found.iloc[int(found["value"].argmax())]
    hours = int(found["hours"].sum())
    whole = round((asked.range.until - asked.range.after) / HOUR)
    label = text("hours with a value, {n} of {all}", n=f"{hours:,}", all=f"{whole:,}")
    amount = f"{number(top['value'], digits)} {unit}"
    highest = text("highest day's mean, {day}", day=day_words(text, top["day"]))
    facts = [
        fact(escape(amount), highest),
        *_week_fact(worst_week(found), digits, unit, text),
        fact(f"{number(100 * hours / whole, 1)}%", label),
        *daily.sources(found, text),
    ]
    page.html(f'<dl class="facts">{"".join(facts)}</dl>')


def worst_week(found: pd.DataFrame) -> tuple[date, float] | None:
    """The Monday and the mean of the week whose daily means are highest; None without two weeks of
    `WEEK_DAYS` days with a value."""
    days = found.loc[found["value"].notna()]
    mondays = [day - timedelta(days=day.weekday()) for day in days["day"]]
    weeks: dict[date, list[float]] = {}
    for monday, value in zip(mondays, days["value"], strict=True):
        weeks.setdefault(monday, []).append(value)
    means = {monday: fmean(days) for monday, days in weeks.items() if len(days) >= WEEK_DAYS}
    worst = max(means, key=means.__getitem__, default=None)
    return (worst, means[worst]) if worst and len(means) > 1 else None


def _week_fact(week: tuple[date, float] | None, digits: int, unit: str, text: Text) -> list[str]:
    if week is None:
        return []
    monday, mean = week
    last = monday + timedelta(days=6)
    when = text("{first} to {last}", first=day_words(text, monday), last=text.day(last))
    amount = f"{number(mean, digits)} {unit}"
    return [fact(escape(amount), text("worst week, {when}", when=when))]


def _table(found: pd.DataFrame, asked: Asked) -> None:
    text = asked.text
    title = text("The days as a table")
    opened(title, "days", lambda: days_table(found, asked.pollutant, text), text)


def days_table(found: pd.DataFrame, pollutant: str, text: Text) -> pd.DataFrame:
    """The days as a reader's table, the newest first."""
    rules, unit = page.standard(), pollutants()[pollutant].unit
    digits = cache.shown_digits(pollutant, rules.id)
    rows: list[Any] = list(found.iloc[::-1].itertuples(index=False))
    return pd.DataFrame(
        {
            text("Day"): [day_words(text, row.day) for row in rows],
            text("Mean, {unit}", unit=unit): [number(row.value, digits) for row in rows],
            text("Level of the mean"): [daily.level_cell(rules, row.grade, text) for row in rows],
            text("Highest hour, {unit}", unit=unit): [number(row.highest, digits) for row in rows],
            text("Level of the highest hour"): [
                daily.level_cell(rules, row.highest_grade, text) for row in rows
            ],
            text("Hours with a value"): [f"{row.hours}/24" for row in rows],
            text("Source"): [
                f"{text.feed(row.feed)} · {provenance(text, row.kind, row.status)}"
                if row.hours
                else ""
                for row in rows
            ],
        }
    )


if __name__ == "__main__":
    render()
