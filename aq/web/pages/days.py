"""Days by level: the 17 side by side, by month or year, and the days above limits."""

from collections.abc import Mapping
from datetime import date
from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aq.context import Context
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.standards import HIGHEST_8H, Standard
from aq.i18n import Text, text_in
from aq.queries.days import by_grade, days, exceedances, highest_8h, limit, limits
from aq.web.charts.calendar import by_period, level_words, period_words, totals
from aq.web.charts.theme import palette
from aq.web.parts import attribution as origin
from aq.web.parts import cache, daily, page
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked
from aq.web.parts.tables import cards, opened
from aq.web.wording.korean import N_, day_words, province_name

DEFAULT = "all"
CODES = tuple(one.code for one in PROVINCES)
PERIODS = {"month": N_("by month"), "year": N_("by year")}
# A longer range is shown by year: more months are narrower than a phone can show.
MOST_MONTHS = 40
SHORT_HEADS = 6  # so many columns under short heads stand side by side on a phone
Counts = dict[tuple[str, date], dict[int, int]]


def render() -> None:
    """Days by level of all 17."""
    frame.show("days", _headline, _body, default=DEFAULT)


def _found(asked: Asked, as_of: int | None) -> pd.DataFrame:
    ends = asked.range.since, daily.last_day(asked)
    rules = page.standard().id
    found: pd.DataFrame = cache.kept(days, CODES, asked.pollutant, *ends, rules, as_of)
    return found


def _counts(asked: Asked, way: str, as_of: int | None) -> Counts:
    ends = asked.range.since, daily.last_day(asked)
    rules = page.standard().id
    asking = (CODES, asked.pollutant, *ends, rules, way, _by(asked), as_of)
    counts: Counts = cache.kept(by_grade, *asking)
    return counts


def _months(asked: Asked) -> int:
    since, last = asked.range.since, daily.last_day(asked)
    return 12 * (last.year - since.year) + last.month - since.month + 1


def _by(asked: Asked) -> str:
    """Month or year, as the address asks and the range has room for."""
    if _months(asked) > MOST_MONTHS:
        return "year"
    wanted = st.query_params.get("by")
    return wanted if wanted in PERIODS else "month"


def whole(counts: Counts) -> dict[str, dict[int, int]]:
    """Days by grade over all periods, by province code."""
    out: dict[str, dict[int, int]] = {code: {} for code in CODES}
    for (code, _), found in counts.items():
        for grade, number in found.items():
            out[code][grade] = out[code].get(grade, 0) + number
    return out


def _bad(rules: Standard) -> int:
    """The first grade of the worse half of a standard's levels."""
    return len(rules.levels) // 2 + 1


def _headline(asked: Asked) -> str:
    text, rules, way = asked.text, page.standard(), daily.way(asked.pollutant)
    what, plain = text.pollutant(asked.pollutant), text("Days by level")
    known, as_of = daily.version()
    if way is None or not known or asked.range.since > daily.last_day(asked):
        return text("{who} · {what}", who=plain, what=what)
    every = whole(_counts(asked, way, as_of))
    bad = {
        code: sum(n for grade, n in of.items() if grade >= _bad(rules))
        for code, of in every.items()
    }
    if not any(n for of in every.values() for grade, n in of.items() if grade):
        return text("{who} · {what}", who=plain, what=what)
    word = level_words(rules, _bad(rules), text)[0]
    if not any(bad.values()):
        return text("{what}: no day ‘{word}’ or worse in any province", what=what, word=word)
    worst = max(bad, key=lambda code: bad[code])
    name = province_name(BY_CODE[worst], text.lang)
    return text(
        "{what}: {who} had the most days ‘{word}’ or worse, {n}",
        what=what,
        who=name,
        word=word,
        n=bad[worst],
    )


def _body(asked: Asked) -> None:
    text, rules = asked.text, page.standard()
    with asked.controls:
        way = daily.choose_way(asked)
    known, as_of = daily.known_then(text)
    if way is None or not known:
        return
    found = _found(asked, as_of) if asked.range.since <= daily.last_day(asked) else pd.DataFrame()
    if found.empty or not found["hours"].sum():
        daily.nothing(asked)
        return
    if _months(asked) <= MOST_MONTHS:
        names = {one: text(words) for one, words in PERIODS.items()}
        with asked.controls:
            frame.choice("by", text("Columns"), names, _by(asked), "month")
    counts = _counts(asked, way, as_of)
    every = whole(counts)
    sums: dict[int, int] = {0: 0}
    for of in every.values():
        for grade, number in of.items():
            sums[grade] = sums.get(grade, 0) + number
    with page.picture():
        _charts(asked, way, as_of)
    daily.key(sums, rules, text)
    page.html(f'<dl class="facts">{"".join(daily.sources(found, text))}</dl>')
    _table(counts, _by(asked), rules, text)
    _limits(found, asked)
    place = page.view().province or PROVINCES[0]
    label = f"{province_name(place, text.lang)}, {text('a year')}"
    page.take_away({"days": label}, pollutant=asked.pollutant, province=place.code)
    origin.downloads(CODES, [asked.pollutant], asked.range, "day")


def _charts(asked: Asked, way: str, as_of: int | None) -> None:
    """The whole range on the left, its months or years on the right."""
    text = asked.text
    ends = asked.range.since, daily.last_day(asked)
    asking = (asked.pollutant, *ends, page.standard().id, way, _by(asked), as_of)
    first, second = cache.kept(figures, *asking, text.lang, page.dark())
    left, right = st.columns(2, gap="medium")
    with left:
        page.html(f"<h3>{escape(text('The whole range, in days'))}</h3>")
        page.chart(
            first,
            key="totals",
            alt=text("Days by level of each province; the table below has the numbers."),
        )
    with right:
        page.html(f"<h3>{escape(text('In time, as a share of the days'))}</h3>")
        page.chart(
            second,
            key="periods",
            alt=text("Days by level in time; the table below has the numbers."),
        )


def figures(
    context: Context,
    key: str,
    first: date,
    last: date,
    standard: str,
    way: str,
    by: str,
    as_of: int | None,
    lang: str,
    dark: bool,
) -> tuple[go.Figure, go.Figure]:
    """Days by level of the whole range, and in time."""
    rules, text, colours = context.standards[standard], text_in(lang), palette(dark)
    counts = by_grade(context, CODES, key, first, last, standard, way, by, as_of)
    return (
        totals(whole(counts), rules, text, colours),
        by_period(counts, by, rules, text, colours),
    )


def _table(counts: Counts, by: str, rules: Standard, text: Text) -> None:
    title = text("Days by level as a table")
    opened(title, "counts", lambda: counts_table(counts, by, rules, text), text, numbers=True)


def counts_table(counts: Counts, by: str, rules: Standard, text: Text) -> pd.DataFrame:
    """A row for each province and month or year, a column for each level."""
    rows = sorted(counts, key=lambda cell: (BY_CODE[cell[0]].id, cell[1]))
    out = pd.DataFrame(
        {
            text("Province"): [province_name(BY_CODE[code], text.lang) for code, _ in rows],
            text("Period"): [period_words(begins, by, text) for _, begins in rows],
        }
    )
    for grade in (*range(1, len(rules.levels) + 1), 0):
        word, letter = level_words(rules, grade, text)
        out[f"{letter} {word}"] = [counts[cell].get(grade, 0) for cell in rows]
    return out


def _limits(found: pd.DataFrame, asked: Asked) -> None:
    """Days of a year above each limit made for days, beside how many it allows."""
    text, key = asked.text, asked.pollutant
    page.html(f"<h2>{escape(text('Days above limits'))}</h2>")
    rules = limits(cache.context(), key)
    if not rules:
        words = text("No limit made for days is known here for {what}.", what=text.pollutant(key))
        page.html(f"<p>{escape(words)}</p>")
        return
    years = sorted({day.year for day in found["day"]}, reverse=True)
    wanted = st.query_params.get("y", "")
    year = int(wanted) if wanted in {str(one) for one in years} else years[0]
    if len(years) > 1:
        frame.choice(
            "y", text("Year"), {str(one): str(one) for one in years}, str(year), str(years[0])
        )
    by_8h = any((key, HIGHEST_8H) in rule.tables for rule in rules)
    known, as_of = daily.version()
    highest = cache.kept(highest_8h, CODES, key, year, as_of) if by_8h and known else {}
    above = exceedances(found, key, rules, year, highest)
    page.html(limits_table(above, rules, key, year, text))


def limits_table(
    above: Mapping[str, tuple[int, Mapping[str, int]]],
    rules: list[Standard],
    key: str,
    year: int,
    text: Text,
) -> str:
    """The days above each limit as markup, and where each limit comes from."""
    heads = [
        *(text("Province"), text("Days with enough hours")),
        *(rule.short_titles[text.lang] for rule in rules),
    ]
    rows = []
    for province in PROVINCES:
        counted_days, found = above.get(province.code, (0, {}))
        cells = (_cell(found.get(rule.id), rule, key, counted_days, text) for rule in rules)
        name = escape(province_name(province, text.lang))
        rows.append([name, str(counted_days), *cells])
    by_8h = any((key, HIGHEST_8H) in rule.tables for rule in rules)
    caption = text("Days of {year} above limits on the day's mean", year=year)
    if by_8h:
        caption = text("Days of {year} above limits on the day's highest 8-hour mean", year=year)
    said = " ".join(_limit(rule, key, text) for rule in rules)
    notes = "".join(_source(rule, text) for rule in rules)
    told = escape(text("Where the limits were read, and what is not verified"))
    return (
        f'<p class="muted">{escape(caption)}. {said}</p>'
        f"{cards(caption, heads, rows, text, numbers=True, narrow=SHORT_HEADS)}"
        f"<details><summary>{told}</summary>{notes}</details>"
    )


def _limit(rules: Standard, key: str, text: Text) -> str:
    """What the short head of a limit stands for, as markup."""
    points = limit(rules, key)
    short = rules.short_titles[text.lang]
    words = rules.titles[text.lang].removeprefix(f"{short} ")
    if points is not None:
        allowed = text(
            "{value} {unit}, {n} days allowed",
            value=points.rows[0].high,
            unit=points.unit,
            n=points.allowed_per_year,
        )
        words = f"{words}: {allowed}"
    return f"<b>{escape(short)}</b> {escape(words)}."


def _cell(above: int | None, rules: Standard, key: str, days_counted: int, text: Text) -> str:
    if above is None or not days_counted:
        return f"– <small>{escape(text('no data'))}</small>"
    points = limit(rules, key)
    allowed = (points.allowed_per_year if points else None) or 0
    if above > allowed:
        words = escape(text("over"))
        return f"<small>{words}</small> <b>{above}</b>"
    return str(above)


def _source(rules: Standard, text: Text) -> str:
    """Where a limit was read and when, and what in it is not verified."""
    read = "; ".join(f"{source.where} ({day_words(text, source.read)})" for source in rules.sources)
    words = text("{standard}, read from {where}.", standard=rules.titles[text.lang], where=read)
    if rules.unverified:
        words += " " + text(
            "Not verified: {what}", what=" ".join(text(doubt) for doubt in rules.unverified)
        )
    return f'<p class="muted" style="overflow-wrap:anywhere">{escape(words)}</p>'


if __name__ == "__main__":
    render()
