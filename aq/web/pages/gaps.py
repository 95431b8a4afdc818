"""The gaps page: which hours are missing where, why, and what would fill them."""

from datetime import date
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aq.context import Context
from aq.domain.provinces import BY_ID, PROVINCES
from aq.feeds.registry import INFO
from aq.i18n import Text, text_in
from aq.queries.completeness import (
    BACKFILL,
    CAUSES,
    FEED_DOWN,
    SOURCE_FLAG,
    Completeness,
    completeness,
    monthly,
)
from aq.queries.frames import archived_months
from aq.web.charts.heat_map import KEY_SHARES, heat_map, tone
from aq.web.charts.theme import palette
from aq.web.parts import attribution as origin
from aq.web.parts import cache, page
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked
from aq.web.parts.tables import opened, titled
from aq.web.wording.facts import fact, missing_words, percent
from aq.web.wording.korean import N_, day_words, flag_word, month_words, province_name

CAUSE_NAMES = {
    "not_received": N_("not received"),
    "source_flag": N_("withheld by the source"),
    "quality_flag": N_("doubtful values left out"),
    "network_unknown": N_("network of its stations not known"),
    "too_few_stations": N_("too few stations with a value"),
    "feed_down": N_("source out of reach"),
    "own_outage": N_("this service was not running"),
    "not_imported": N_("not yet imported"),
}
FILL_NAMES = {
    "backfill": N_("{command} asks the source again"),
    "import": N_("confirmed files of AirKorea, read in with {command}"),
}
ALL, AUTO = "all", "auto"
DEFAULT = "90d"
# A longer range is drawn by month: a day would be narrower than a dot.
MOST_DAYS = 200


def render() -> None:
    """The share that is missing, where and why."""
    frame.show("gaps", _headline, _body, default=DEFAULT)


def _feed() -> str | None:
    """The feed the address asks for; None for each day's most preferred one."""
    asked = st.query_params.get("feed")
    return asked if asked in INFO else None


def _cause() -> str | None:
    asked = st.query_params.get("cause")
    return asked if asked in CAUSES else None


def _found(asked: Asked) -> Completeness:
    span = asked.range
    after = min(span.after, span.until)
    return cache.kept(completeness, asked.pollutant, after, span.until, _feed())


def _headline(asked: Asked) -> str:
    days = _found(asked).days
    expected, hours = int(days["expected"].sum()), int(days["hours"].sum())
    return missing_words(hours, expected, asked.pollutant, asked.text)


def _body(asked: Asked) -> None:
    text, found = asked.text, _found(asked)
    with asked.controls:
        _choose(asked, found)
    if found.days.empty:
        words = text("This range lies in the future.")
        page.html(f'<p class="notice">{escape(words)}</p>')
        return
    with page.picture():
        page.chart(
            cache.kept(
                figure,
                asked.pollutant,
                asked.range.after,
                asked.range.until,
                _feed(),
                _cause(),
                text.lang,
                page.dark(),
            ),
            key="gaps",
            alt=text(
                "Heat map of missing hours by province and day; the tables below have the numbers."
            ),
        )
    _key(text)
    _facts(found, text)
    page.html(causes_table(found, text))
    _archived(asked)
    _tables(found, text)
    page.take_away({"gaps": text("the last 90 days")}, pollutant=asked.pollutant)
    codes = [province.code for province in PROVINCES]
    origin.downloads(codes, [asked.pollutant], asked.range, "day")


def _archived(asked: Asked) -> None:
    """That old station hours are in the archive, and so not missing."""
    span, text = asked.range, asked.text
    months = cache.kept(archived_months, min(span.after, span.until), span.until)
    if months:
        words = text(
            "The hours of single stations of {months} stand in the archive. They are not missing,"
            " and the provinces' hours are all here.",
            months=" – ".join(dict.fromkeys((months[0], months[-1]))),
        )
        page.html(f'<p class="notice">{escape(words)}</p>')


def _choose(asked: Asked, found: Completeness) -> None:
    """Which feed is looked at, and which cause is drawn."""
    text = asked.text
    feeds = {AUTO: text("most preferred")}
    feeds |= {name: text.feed(name) for name, _, _ in asked.spans if name in _named()}
    if len(feeds) > 2 or _feed():
        frame.choice("feed", text("Source"), feeds, _feed() or AUTO, AUTO)
    there = [cause for cause in CAUSES if cause in set(found.lacks["cause"])]
    if len(there) > 1 or _cause():
        options = {ALL: text("every cause"), **{one: text(CAUSE_NAMES[one]) for one in there}}
        frame.choice("cause", text("Cause"), options, _cause() or ALL, ALL)


def _named() -> set[str]:
    """Feeds that values are shown of."""
    return set(cache.context().settings.selection.feeds)


def _facts(found: Completeness, text: Text) -> None:
    days, lacks = found.days, found.lacks
    expected, hours = int(days["expected"].sum()), int(days["hours"].sum())
    words = text("province hours with a value, {n} of {all}", n=f"{hours:,}", all=f"{expected:,}")
    facts = [fact(percent(hours, expected), words)]
    if len(lacks):
        most, _hours = _largest(lacks, "cause")
        facts.append(fact(escape(text(CAUSE_NAMES[most])), text("most frequent cause")))
        worst, count = _largest(lacks, "province")
        name = province_name(BY_ID[worst], text.lang)
        label = text("lacks most, {n} hours", n=f"{count:,}")
        facts.append(fact(escape(name), label))
    facts += origin.facts(_sources(days), text)
    page.html(f'<dl class="facts">{"".join(facts)}</dl>')
    rule = text(
        "A day is counted for the most preferred source that has any of it; a value of another"
        " source does not fill its gaps."
    )
    page.html(f'<p class="muted">{escape(rule)}</p>')


def _largest(lacks: pd.DataFrame, column: str) -> tuple[Any, int]:
    """The value of a column that most missing hours have, and how many."""
    totals = lacks.groupby(column)["hours"].sum()
    most: Any = totals.idxmax()
    return most, int(totals.max())


def _sources(days: pd.DataFrame) -> pd.DataFrame:
    feeds = [fromkey for fromkey in dict.fromkeys(days["feed"]) if isinstance(fromkey, str)]
    rows = [(feed, INFO[feed].kind, INFO[feed].status) for feed in feeds]
    return pd.DataFrame(rows, columns=["feed", "kind", "status"])


def _key(text: Text) -> None:
    """What the greys mean."""
    colours = palette(page.dark())
    swatches = "".join(
        f'<span style="white-space:nowrap;margin-right:14px"><i style="display:inline-block;'
        f"width:14px;height:14px;vertical-align:-2px;margin-right:5px;"
        f'background:{tone(share, colours)}"></i>{share:.0%}</span>'
        for share in KEY_SHARES
    )
    page.html(f"<p>{escape(text('Share of the hours that is missing:'))} {swatches}</p>")


def figure(
    context: Context,
    pollutant: str,
    after: Any,
    until: Any,
    feed: str | None,
    cause: str | None,
    lang: str,
    dark: bool,
) -> go.Figure:
    """The heat map of a range, of one cause where given; by month where the range is long."""
    text = text_in(lang)
    found = completeness(context, pollutant, after, until, feed)
    by_day = len(set(found.days["day"])) <= MOST_DAYS

    def column(day: date) -> date:
        return day if by_day else day.replace(day=1)

    days = found.days.assign(column=[column(day) for day in found.days["day"]])
    lacks = found.lacks.assign(column=[column(day) for day in found.lacks["day"]])
    if cause:
        lacks = lacks[lacks["cause"] == cause]
    grouped: Any = days.groupby(["province", "column"])["expected"].sum().to_dict()
    expected: dict[tuple[int, date], int] = grouped
    why: dict[tuple[int, date], dict[str, int]] = {}
    rows: list[Any] = list(lacks.itertuples(index=False))
    for row in rows:
        words = cause_words(row.cause, row.detail, text)
        of_cell = why.setdefault((row.province, row.column), {})
        of_cell[words] = of_cell.get(words, 0) + row.hours
    columns = sorted({one for _, one in expected})
    shares: list[list[float | None]] = []
    notes: list[list[str]] = []
    for province in PROVINCES:
        cells = [(province.id, one) for one in columns]
        shares.append([_share(sum(why.get(cell, {}).values()), expected[cell]) for cell in cells])
        notes.append([_note(cell[1], by_day, why.get(cell), text) for cell in cells])
    names = [one.isoformat() for one in columns]
    return heat_map(names, shares, notes, text, palette(dark))


def _share(missing: int, expected: int) -> float | None:
    return missing / expected if expected else None


def _note(when: date, by_day: bool, why: dict[str, int] | None, text: Text) -> str:
    name = day_words(text, when) if by_day else month_words(text, when)
    if not why:
        return f"{name}<br>{text('nothing missing')}"
    parts = sorted(why.items(), key=lambda item: -item[1])
    lines = [text("{why}, {n} hours", why=words, n=f"{hours:,}") for words, hours in parts]
    return "<br>".join([name, *lines])


def cause_words(cause: str, detail: object, text: Text) -> str:
    """A cause, with the source's own flag where it gave one."""
    words = text(CAUSE_NAMES[cause])
    known = detail if isinstance(detail, str) else None
    return f"{words} ({flag_word(text, known)})" if cause == SOURCE_FLAG and known else words


def causes_table(found: Completeness, text: Text) -> str:
    """Hours by cause and what would fill them, as markup; nothing where nothing is missing."""
    lacks = found.lacks
    if lacks.empty:
        return ""
    head = [text("Cause"), text("Missing hours"), text("Provinces"), text("What would fill them")]
    rows = []
    for cause in CAUSES:
        own = lacks[lacks["cause"] == cause]
        for fills in (BACKFILL, "import"):
            part = own[own["fills"] == fills]
            if part.empty:
                continue
            detail = f" ({_reasons(part)})" if cause == FEED_DOWN else ""
            rows.append(
                [
                    escape(text(CAUSE_NAMES[cause]) + detail),
                    f"{int(part['hours'].sum()):,}",
                    str(part["province"].nunique()),
                    f'<span class="prose">{_fill(part, fills, text)}</span>',
                ]
            )
    return titled(text("Missing hours by cause"), head, rows, text)


def _reasons(part: pd.DataFrame) -> str:
    return ", ".join(sorted({one for one in part["detail"] if isinstance(one, str)}))


def _fill(part: pd.DataFrame, fills: str, text: Text) -> str:
    """The command that may bring the hours of a cause, as markup."""
    command = "python -m aq import FILE…"
    if fills == BACKFILL:
        since, until = part["day"].min(), part["day"].max()
        command = f"python -m aq backfill --since {since} --until {until}"
    words = escape(text(FILL_NAMES[fills], command="\0"))
    return words.replace("\0", f"<code>{escape(command)}</code>")


def _tables(found: Completeness, text: Text) -> None:
    """Completeness by month and the gaps, each sent only once a reader opens it."""
    title = text("Completeness by month as a table")
    opened(title, "months", lambda: months_table(found, text), text, numbers=True)
    opened(text("The gaps as a table"), "lacks", lambda: lacks_table(found, text), text)


def months_table(found: Completeness, text: Text) -> pd.DataFrame:
    """Completeness in per cent: a row a month, newest first; all 17 and each of them."""
    frame = monthly(found.days)
    frame["share"] = 100 * frame["hours"] / frame["expected"]
    wide = frame.pivot(index="month", columns="province", values="share")
    wide = wide.sort_index(ascending=False)
    names = {0: text("all 17"), **{n: province_name(one, text.lang) for n, one in BY_ID.items()}}
    months = [date.fromisoformat(f"{month}-01") for month in wide.index]
    out = pd.DataFrame({text("Month"): [month_words(text, month) for month in months]})
    for place in [0, *BY_ID]:
        # 100.0 % only where not one hour is missing.
        values = np.floor(10 * wide[place].to_numpy(dtype="float64")) / 10
        out[names[place]] = [f"{value:.1f}%" for value in values]
    return out


def lacks_table(found: Completeness, text: Text) -> pd.DataFrame:
    """The gaps as a reader's table: province, day, hours, cause, source; newest first."""
    lacks = found.lacks.sort_values(["day", "province"], ascending=[False, True])
    rows: list[Any] = list(lacks.itertuples(index=False))
    return pd.DataFrame(
        {
            text("Province"): [province_name(BY_ID[row.province], text.lang) for row in rows],
            text("Day"): [day_words(text, row.day) for row in rows],
            text("Missing hours"): [row.hours for row in rows],
            text("Cause"): [cause_words(row.cause, row.detail, text) for row in rows],
            text("Source"): [text.feed(row.feed) if row.feed else "" for row in rows],
        }
    )


if __name__ == "__main__":
    render()
