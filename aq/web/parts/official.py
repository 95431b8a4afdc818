"""The authority's word on the live page: advisories in force, and the days ahead by province."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape

from aq.domain.clock import kst, kst_day
from aq.domain.forecasts import Outlook, outlooks
from aq.domain.model import DAILY, Advisory, ForecastNotice, YellowDust
from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.official import (
    advisories_over,
    forecast_notices,
)
from aq.queries.yellow_dust import yellow_dust_over
from aq.web.charts.lines import Ask
from aq.web.parts import cache, page
from aq.web.parts.more_notices import over_50, yellow_dust_rows
from aq.web.parts.tables import table
from aq.web.wording.advisories import GRADE_WORDS, act_word, halves_words, place_words, value_words
from aq.web.wording.korean import (
    day_words,
    long_hour,
    province_name,
)

# The forecast's four words are those of this standard, whatever standard the page shows.
STANDARD = "airkorea"
FIRST_BULLETIN = (
    5  # hour of the day (KST) of the first notice that speaks of the day after tomorrow
)
# What the bulletin sets before its sentences: a mark and the pollutant in brackets.
MARKS = re.compile(r"^[\s○◦·\-]*(\[[^\]]*\])?\s*")


def rules() -> Standard:
    """The standard of the forecast's own four words."""
    return cache.context().standards[STANDARD]


def _word(outlook: Outlook, text: Text) -> str:
    """The forecast's own word: never a letter, since those are of the scale the page shows."""
    if outlook.notice.kind == DAILY and outlook.grade:
        return rules().level(outlook.grade).label(text.lang)
    word = outlook.word or ""
    return text(GRADE_WORDS[word]) if word in GRADE_WORDS else word


def _colours(outlook: Outlook) -> tuple[str | None, str | None]:
    """The level's colour and its text's, where the page's own scale has that level in it."""
    if outlook.notice.kind != DAILY or not outlook.grade:
        return None, None
    level = rules().level(outlook.grade)
    if all(level.colour != shown.colour for shown in page.standard().levels):
        return None, None
    return level.colour, level.text_colour


def ahead(pollutant: str) -> None:
    """Tomorrow and the day after by province, the outlook in words, the week to come."""
    text, now = page.words(), cache.moment()
    notices = cache.kept(forecast_notices, now)
    own = [notice for notice in notices if notice.pollutant == pollutant]
    days = [one for one in own if one.kind == DAILY and one.day >= kst_day(now)]
    # A day in four grades needs no older notice in two.
    last = max((day.day for day in days), default=kst_day(now))
    weekly = [one for one in own if one.kind != DAILY and one.day > last]
    if not days and not weekly:
        return
    title = text(
        "The days ahead, as AirKorea forecasts them: {what}", what=text.pollutant(pollutant)
    )
    outlook = "".join(_outlook(day, text) for day in days[:1])
    page.html(f"<h2>{escape(title)}</h2>{outlook}{_table([*days, *weekly], text)}{_rule(text)}")
    over_50(pollutant)


def _outlook(notice: ForecastNotice, text: Text) -> str:
    issued = text("Issued {when}", when=long_hour(text, kst(notice.issued_at)))
    lines = (MARKS.sub("", line) for line in notice.overall.splitlines())
    said = "<br>".join(escape(line) for line in lines if line)
    day = escape(text.day_ahead(notice.day, max(0, (notice.day - kst_day(cache.moment())).days)))
    return f'<p lang="ko"><b>{day}</b> {said}</p><p class="muted">{escape(issued)}</p>'


def _table(notices: list[ForecastNotice], text: Text) -> str:
    """A row per day, the 17 in page-header order beside each other, as in the strip."""
    names = (province_name(province, text.lang) for province in PROVINCES)
    head = "".join(f"<th scope='col'>{escape(one)}</th>" for one in (text("Day"), *names))
    rows = "".join(
        f"<tr><th scope='row'>{escape(day_words(text, notice.day))}</th>"
        + "".join(f"<td>{_cell(outlook, text)}</td>" for outlook in outlooks(notice))
        + "</tr>"
        for notice in notices
    )
    label = escape(text("Forecast by province"))
    return (
        f"<div class='scroll outlook' tabindex='0' role='region' aria-label='{label}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(outlook: Outlook, text: Text) -> str:
    if outlook.word is None:
        return "–"
    halves = halves_words(outlook.parts, text)
    title = f' title="{escape(halves)}"' if len(outlook.parts) > 1 else ""
    colour, ink = _colours(outlook)
    word = escape(_word(outlook, text))
    if colour is None:
        return f"<span{title}>{word}</span>"
    return f'<span class="badge" style="background:{colour};color:{ink}"{title}>{word}</span>'


def _rule(text: Text) -> str:
    words = text(
        "Gyeonggi and Gangwon show the worse of their two forecast regions. From the third day on"
        " the forecast is of PM2.5 alone, low or high."
    )
    return f'<p class="muted">{escape(words)}</p>'


def act_grid(caption: str, rows: Iterable[Advisory], text: Text) -> str:
    """Advisories as a table: zone, kind of act, when issued and at what value, when cleared."""
    head = [text("Zone"), text("Act"), text("Issued"), text("At issue"), text("Cleared")]
    return grid(caption, head, "".join(_act_row(row, text) for row in rows))


def _act_row(advisory: Advisory, text: Text) -> str:
    cleared = long_hour(text, advisory.cleared_at) if advisory.cleared_at else text("in force")
    cells = (
        f"{text.pollutant(advisory.pollutant)} {act_word(advisory, text)}",
        long_hour(text, advisory.issued_at),
        value_words(advisory, advisory.issue_value),
        cleared,
    )
    body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th scope='row'>{escape(place_words(advisory, text))}</th>{body}</tr>"


def grid(caption: str, head: Iterable[str], rows: str, *, numbers: bool = False) -> str:
    """A table under its heading, as markup; with `numbers` all columns but the first are counts."""
    first, *others = head
    kind = " class='num'" if numbers else ""
    titles = f"<th scope='col'>{escape(first)}</th>"
    titles += "".join(f"<th scope='col'{kind}>{escape(other)}</th>" for other in others)
    body = table(caption, f"<tr>{titles}</tr>", rows, page.words())
    return f"<h2>{escape(caption)}</h2>{body}"


def over_line(codes: tuple[str, ...], asked: Ask) -> None:
    """The advisories drawn over a line, as a table; nothing where there was none."""
    text = page.words()
    bounds = asked.after, asked.until
    _yellow_dust(codes, asked, text)
    rows = cache.kept(advisories_over, codes, asked.pollutant, *bounds, asked.as_of)
    if not rows:
        return
    caption = text("Official advisories of these days, newest first")
    words = text(
        "Grey stretches under a bar are official advisories of AirKorea; a warning's bar is"
        " thicker. They hold for zones, which are parts of provinces."
    )
    body = act_grid(caption, tuple(reversed(rows))[:MOST_ACTS], text)
    if len(rows) > MOST_ACTS:
        words += " " + text(
            "The first {n} of {all}; the export has them all.", n=MOST_ACTS, all=len(rows)
        )
    page.html(f'{body}<p class="muted">{escape(words)}</p>')


def _yellow_dust(codes: tuple[str, ...], asked: Ask, text: Text) -> None:
    """The acts of yellow dust of a range of fine dust over these provinces."""
    if asked.pollutant not in ("pm10", "pm25"):
        return
    bounds = asked.after, asked.until
    page.html(yellow_dust_grid(cache.kept(yellow_dust_over, codes, *bounds, asked.as_of), text))


def yellow_dust_grid(acts: Sequence[YellowDust], text: Text) -> str:
    """Acts of yellow dust as a table; nothing without one."""
    if not acts:
        return ""
    head = [text("Time"), text("Round"), text("Areas"), text("Provinces named")]
    note = text("An act of yellow dust has no level and no end in the service.")
    body = grid(text("Yellow dust"), head, yellow_dust_rows(acts, text))
    return f'{body}<p class="muted">{escape(note)}</p>'


RECENT = timedelta(days=90)
# Rows of the table under a line.
MOST_ACTS = 100
