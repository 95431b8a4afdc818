"""The trend page: whether a province's air has become better or worse, and how sure that is."""

from datetime import datetime
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from aq.context import Context
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.domain.trend import LEAST_MONTHS, Stretch, Trend
from aq.i18n import Text, text_in
from aq.queries.months import monthly_trend
from aq.web.charts.theme import palette
from aq.web.charts.trend import trend_chart
from aq.web.parts import attribution as origin
from aq.web.parts import cache, page, ranges
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked
from aq.web.parts.tables import opened
from aq.web.wording.facts import fact
from aq.web.wording.korean import month_words, number, province_name
from aq.web.wording.trend import amount_words, rules, verdict

DEFAULT = "all"


def render() -> None:
    """The months, their trend and what it rests on."""
    frame.show("trend", _headline, _body, default=DEFAULT, everywhere=False)


def _found(asked: Asked) -> tuple[pd.DataFrame, Trend | None, list[Stretch]]:
    span = asked.range
    return cache.kept(monthly_trend, asked.pollutant, asked.code, span.after, span.until)


def _headline(asked: Asked) -> str:
    text, (table, one, _) = asked.text, _found(asked)
    who = province_name(BY_CODE[asked.code or ""], text.lang)
    title = text("{who} · {what}", who=who, what=text.pollutant(asked.pollutant))
    return f"{title}: {verdict(table, one, asked.pollutant, text)}"


def _body(asked: Asked) -> None:
    text, (table, one, stretches) = asked.text, _found(asked)
    if not table["hours"].sum():
        ranges.nothing(asked.code, asked.range, asked.spans, text)
        return
    with page.picture():
        page.chart(
            cache.kept(
                figure,
                asked.pollutant,
                asked.code,
                asked.range.after,
                asked.range.until,
                text.lang,
                page.dark(),
            ),
            key="trend",
            alt=text("Monthly means and their trend; the table below has the numbers."),
        )
    if one is None:
        page.html(too_few(table, text))
    _facts(table, one, asked)
    lines = rules(one, stretches, text)
    page.html("".join(f'<p class="muted">{escape(line)}</p>' for line in lines))
    title = text("The months as a table")
    opened(title, "months", lambda: months_table(table, stretches, asked.pollutant, text), text)
    of_place = {"pollutant": asked.pollutant, "province": asked.code or ""}
    page.take_away({"trend": text("every month")}, **of_place)
    origin.downloads([asked.code or ""], [asked.pollutant], asked.range, "month")


def too_few(table: pd.DataFrame, text: Text) -> str:
    """Why there is no test and what would fill what lacks, as markup."""
    line = text(
        "A trend needs {least} months with three quarters of their hours; this range has {n}.",
        least=LEAST_MONTHS,
        n=int(table["counts"].sum()),
    )
    how = escape(
        text(
            "Confirmed files of AirKorea fill past months; read them in with {command}.",
            command="\0",
        )
    ).replace("\0", "<code>python -m aq import FILE…</code>")
    return f'<div class="notice"><p>{escape(line)}</p><p>{how}</p></div>'


def _facts(table: pd.DataFrame, one: Trend | None, asked: Asked) -> None:
    text, key = asked.text, asked.pollutant
    facts = []
    if one is not None:
        unit = pollutants()[key].unit
        facts.append(fact(escape(f"{_signed(one.slope, key)} {unit}"), text("each year")))
        low, high = _signed(one.low, key), _signed(one.high, key)
        words = text("95% interval of it")
        facts.append(fact(escape(text("{low} to {high}", low=low, high=high)), words))
        chance = "<0.001" if one.p < 0.001 else number(one.p, 3)
        facts.append(fact(escape(chance), text("probability of as much without a trend (p)")))
    words = text("months that count, of {all}", all=len(table))
    facts.append(fact(str(int(table["counts"].sum())), words))
    hours, expected = int(table["hours"].sum()), int(table["expected"].sum())
    facts.append(fact(f"{number(100 * hours / expected, 1)}%", text("of the hours have a value")))
    facts += origin.facts(table.loc[table["feed"].notna(), ["feed", "kind", "status"]], text)
    page.html(f'<dl class="facts">{"".join(facts)}</dl>')


def _signed(value: float, key: str) -> str:
    sign = "−" if value < 0 else "+"
    return f"{sign}{amount_words(abs(value), key)}"


def figure(
    context: Context,
    key: str,
    code: str,
    after: datetime,
    until: datetime,
    lang: str,
    dark: bool,
) -> go.Figure:
    """The chart of a province's months."""
    table, one, stretches = monthly_trend(context, key, code, after, until)
    unit, digits = pollutants()[key].unit, pollutants()[key].digits
    return trend_chart(table, stretches, one, unit, digits, text_in(lang), palette(dark))


def months_table(
    table: pd.DataFrame, stretches: list[Stretch], key: str, text: Text
) -> pd.DataFrame:
    """The months as a reader's table, newest first."""
    pollutant = pollutants()[key]
    course: dict[int, float] = {
        stretche.first + place: float(value)
        for stretche in stretches
        for place, value in enumerate(stretche.trend)
    }
    rows: list[Any] = list(table.itertuples(index=False))
    order = range(len(rows) - 1, -1, -1)
    return pd.DataFrame(
        {
            text("Month"): [month_words(text, rows[n].month) for n in order],
            pollutant.unit: [number(rows[n].value, pollutant.digits) for n in order],
            text("Smoothed (STL)"): [number(course.get(n), pollutant.digits) for n in order],
            text("Hours with a value"): [f"{rows[n].hours} / {rows[n].expected}" for n in order],
            text("For the trend"): [
                text("included") if rows[n].counts else text("does not count") for n in order
            ],
            text("Source"): [text.feed(rows[n].feed) if rows[n].feed else "" for n in order],
        }
    )


if __name__ == "__main__":
    render()
