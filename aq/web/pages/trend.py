"""The trend page: whether a province's air has become better or worse, and how sure that is."""

from datetime import datetime
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aq.context import Context
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.domain.trend import DRAWS, LEAST_MONTHS, LEAST_STRETCH, Stretch, Trend, smooth, trend
from aq.i18n import Text, text_in
from aq.queries.months import months
from aq.web.charts.theme import palette
from aq.web.charts.trend import TREND_CONFIG, trend_chart
from aq.web.parts import attribution as origin
from aq.web.parts import cache, page, ranges
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked
from aq.web.parts.tables import date_column, dates
from aq.web.wording.facts import fact
from aq.web.wording.korean import number, province_name

DEFAULT = "all"
# Under ten years, weather that stays for some years looks like a trend.
FEW_YEARS = 10


def render() -> None:
    """The months, their trend and what it rests on."""
    frame.show("trend", _headline, _body, default=DEFAULT, everywhere=False)


def found(
    context: Context, key: str, code: str, after: datetime, until: datetime
) -> tuple[pd.DataFrame, Trend | None, list[Stretch]]:
    """The months of a range, their trend (None with too few), and their smooth course."""
    table = months(context, key, BY_CODE[code].id, after, until)
    counted = [
        value if counts else float("nan")
        for value, counts in zip(table["value"], table["counts"], strict=True)
    ]
    return table, trend(counted), smooth(counted)


def _found(asked: Asked) -> tuple[pd.DataFrame, Trend | None, list[Stretch]]:
    span = asked.range
    return cache.kept(found, asked.pollutant, asked.code, span.after, span.until)


def _headline(asked: Asked) -> str:
    text, (table, one, _) = asked.text, _found(asked)
    who = province_name(BY_CODE[asked.code or ""], text.lang)
    title = text("{who} · {what}", who=who, what=text.pollutant(asked.pollutant))
    return f"{title}: {verdict(table, one, asked.pollutant, text)}"


def verdict(table: pd.DataFrame, one: Trend | None, key: str, text: Text) -> str:
    """The trend in a citizen's words."""
    if one is None:
        return text("too few months to tell a trend")
    years = _years(table)
    if not one.certain:
        return text("over {n} years no change that stands out from chance", n=years)
    amount = f"{_amount(abs(one.slope), key)} {pollutants()[key].unit}"
    if one.slope < 0:
        return text(
            "over {n} years lower by {amount} each year, hardly by chance", n=years, amount=amount
        )
    return text(
        "over {n} years higher by {amount} each year, hardly by chance", n=years, amount=amount
    )


def _years(table: pd.DataFrame) -> str:
    """Years from the first to the last month that counts, as `10` or `3.5`."""
    places = [place for place, counts in enumerate(table["counts"]) if counts]
    years = number((places[-1] - places[0] + 1) / 12, 1)
    return years.removesuffix(".0")


def _amount(value: float, key: str) -> str:
    """A change a year: a digit more than values have."""
    return number(value, pollutants()[key].digits + 1)


def _body(asked: Asked) -> None:
    text, (table, one, stretches) = asked.text, _found(asked)
    if not table["hours"].sum():
        ranges.nothing(asked.code, asked.range, asked.spans, text)
        return
    with page.picture():
        st.plotly_chart(
            cache.kept(
                figure,
                asked.pollutant,
                asked.code,
                asked.range.after,
                asked.range.until,
                text.lang,
                page.dark(),
            ),
            theme=None,
            key="trend",
            config=dict(TREND_CONFIG),
            alt=text("Monthly means and their trend; the table below has the numbers."),
        )
    if one is None:
        page.html(too_few(table, text))
    _facts(table, one, asked)
    _rules(one, stretches, text)
    opened = st.expander(text("The months as a table"), key="months", on_change="rerun")
    if opened.open:
        shown = months_table(table, stretches, asked.pollutant, text)
        opened.dataframe(
            shown,
            hide_index=True,
            width="stretch",
            height=420,
            column_config=date_column(text("Month"), "month", text),
        )
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
    return f"{sign}{_amount(abs(value), key)}"


def _rules(one: Trend | None, stretches: list[Stretch], text: Text) -> None:
    """How the trend was found, in a few sentences."""
    lines = [
        text(
            "A month counts with three quarters of its hours of one source; hollow dots do not"
            " count. Measured and modelled months are not mixed."
        )
    ]
    if one is not None:
        lines.append(
            text(
                "Dashed: Sen's slope with the seasonal Mann–Kendall test, each calendar month"
                " compared with itself. The interval is of {n} series resampled in blocks of"
                " {block} months.",
                n=DRAWS,
                block=one.block,
            )
        )
        if one.months < 12 * FEW_YEARS:
            lines.append(
                text(
                    "Under ten years, weather of some years can look like a trend; read with care."
                )
            )
    if stretches:
        lines.append(
            text(
                "Solid: smoothed by STL, only over {n} months or more without one that does not"
                " count.",
                n=LEAST_STRETCH,
            )
        )
    page.html("".join(f'<p class="muted">{escape(line)}</p>' for line in lines))


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
    table, one, stretches = found(context, key, code, after, until)
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
            text("Month"): dates((rows[n].month for n in order), "month", text),
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
