"""The authority's word on the live page: advisories in force, and the days ahead by province."""

from collections.abc import Iterable
from datetime import timedelta
from html import escape

from aq.domain.clock import kst, kst_day, kst_iso
from aq.domain.forecasts import DayAhead, Outlook, outlooks
from aq.domain.model import DAILY, Advisory, ForecastNotice
from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.official import (
    advisories_now,
    advisories_over,
    coming_days,
    forecast_notices,
    marked,
)
from aq.web.charts.country import ACT_MARK
from aq.web.charts.lines import Ask
from aq.web.parts import cache, page
from aq.web.wording.advisories import GRADE_WORDS, act_word, place_words, value_words
from aq.web.wording.korean import day_words, exact, long_hour, province_name, told_hour

# The forecast's four words are those of this standard, whatever standard the page shows.
STANDARD = "airkorea"


def marks(text: Text) -> tuple[tuple[str, str], ...]:
    """By province code what is in force there, in words: 초미세먼지 주의보 남부권."""
    found = cache.kept(marked, cache.moment())
    return tuple(
        (
            code,
            ", ".join(
                f"{text.pollutant(one.pollutant)} {act_word(one, text)} {one.zone}".strip()
                for one in rows
            ),
        )
        for code, rows in found.items()
    )


def legend(text: Text) -> str:
    """What the mark on map and table means, as markup."""
    words = text("official advisory in force in a zone of the province")
    return f'<p class="muted legend"><span aria-hidden="true">{ACT_MARK}</span> {escape(words)}</p>'


def coming(pollutant: str) -> tuple[DayAhead, ...]:
    """Tomorrow and the day after; none where no notice speaks of either."""
    days: tuple[DayAhead, ...] = cache.kept(coming_days, cache.moment(), pollutant)
    return days if any(one.notice for one in days) else ()


def coming_badges(code: str, days: tuple[DayAhead, ...], text: Text) -> list[dict[str, str | None]]:
    """A badge per day to come for the table: letter, colours, and the words behind it."""
    rules = cache.context().standards[STANDARD]
    return [_coming_badge(one, code, rules, text) for one in days]


def _coming_badge(day: DayAhead, code: str, rules: Standard, text: Text) -> dict[str, str | None]:
    said = day.by_code.get(code)
    level = rules.level(said.grade) if said and said.grade else None
    word = level.label(text.lang) if level else text(GRADE_WORDS["예보없음"])
    words = f"{day_words(text, day.day)}: {word}"
    if said and len(said.parts) > 1:
        words += f" ({', '.join(f'{part.region} {part.word}' for part in said.parts)})"
    return {
        "letter": level.letter if level else None,
        "colour": level.colour if level else None,
        "ink": level.text_colour if level else None,
        "words": words,
    }


def in_force() -> None:
    """The advisories that hold now: zone, since when, value at issue."""
    text, now = page.words(), cache.moment()
    rows = cache.kept(advisories_now, now)
    if not rows:
        return
    lines = "".join(f"<li>{_line(row, text)}</li>" for row in rows)
    title = escape(text("Official advisories in force"))
    page.html(f"<h2>{title}</h2><ul>{lines}</ul>", "acts")


def _line(row: Advisory, text: Text) -> str:
    since = told_hour(text, row.issued_at, cache.moment())
    words = text(
        "{place}: {what} {act}, since {since}, {value} at issue",
        place=place_words(row, text, "\0"),
        what=text.pollutant(row.pollutant),
        act=act_word(row, text),
        since=since,
        value=value_words(row, row.issue_value),
    )
    stamp = f'<time datetime="{kst_iso(row.issued_at)}" title="{escape(exact(row.issued_at))}">'
    zone = f'<span lang="ko">{escape(row.zone)}</span>'
    return f"{stamp}{escape(words)}</time>".replace("\0", zone)


def ahead(pollutant: str) -> None:
    """Tomorrow and the day after by province, the outlook in words, the week to come."""
    text, now = page.words(), cache.moment()
    notices = cache.kept(forecast_notices, now)
    own = [one for one in notices if one.pollutant == pollutant]
    days = [one for one in own if one.kind == DAILY and one.day > kst_day(now)]
    # A day in four grades needs no older notice in two.
    last = max((one.day for one in days), default=kst_day(now))
    weekly = [one for one in own if one.kind != DAILY and one.day > last]
    if not days and not weekly:
        return
    title = text(
        "The days ahead, as AirKorea forecasts them: {what}", what=text.pollutant(pollutant)
    )
    outlook = "".join(_outlook(one, text) for one in days[:1])
    page.html(f"<h2>{escape(title)}</h2>{outlook}{_table([*days, *weekly], text)}{_rule(text)}")


def _outlook(one: ForecastNotice, text: Text) -> str:
    issued = text("Issued {when}", when=long_hour(text, kst(one.issued_at)))
    said = "<br>".join(escape(line) for line in one.overall.splitlines())
    return f'<p lang="ko">{said}</p><p class="muted">{escape(issued)}</p>'


def _table(notices: list[ForecastNotice], text: Text) -> str:
    """A row per day, the 17 in page-header order beside each other, as in the strip."""
    names = (province_name(province, text.lang) for province in PROVINCES)
    head = "".join(f"<th scope='col'>{escape(one)}</th>" for one in (text("Day"), *names))
    rules = cache.context().standards[STANDARD]
    rows = "".join(
        f"<tr><th scope='row'>{escape(day_words(text, notice.day))}</th>"
        + "".join(f"<td>{_cell(one, rules, text)}</td>" for one in outlooks(notice))
        + "</tr>"
        for notice in notices
    )
    label = escape(text("Forecast by province"))
    return (
        f"<div class='scroll whole outlook' tabindex='0' role='region' aria-label='{label}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(one: Outlook, rules: Standard, text: Text) -> str:
    if one.word is None:
        return "–"
    halves = ", ".join(f"{part.region} {part.word}" for part in one.parts)
    title = f' title="{escape(halves)}"' if len(one.parts) > 1 else ""
    if one.grade is None or one.notice.kind != DAILY:
        word = text(GRADE_WORDS[one.word]) if one.word in GRADE_WORDS else one.word
        return f"<span{title}>{escape(word)}</span>"
    level = rules.level(one.grade)
    badge = (
        f'<span class="badge" style="background:{level.colour};color:{level.text_colour}">'
        f"{escape(level.letter)}</span>"
    )
    return f"<span{title}>{badge} {escape(level.label(text.lang))}</span>"


def _rule(text: Text) -> str:
    words = text(
        "Gyeonggi and Gangwon show the worse of their two forecast regions. From the third day on"
        " the forecast is of PM2.5 alone, low or high."
    )
    return f'<p class="muted">{escape(words)}</p>'


def act_grid(caption: str, rows: Iterable[Advisory], text: Text) -> str:
    """Advisories as a table: zone, kind of act, when issued and at what value, when cleared."""
    head = [text("Zone"), text("Act"), text("Issued"), text("At issue"), text("Cleared")]
    return grid(caption, head, "".join(_act_row(one, text) for one in rows))


def _act_row(one: Advisory, text: Text) -> str:
    cleared = long_hour(text, one.cleared_at) if one.cleared_at else text("in force")
    cells = (
        f"{text.pollutant(one.pollutant)} {act_word(one, text)}",
        long_hour(text, one.issued_at),
        value_words(one, one.issue_value),
        cleared,
    )
    body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th scope='row'>{escape(place_words(one, text))}</th>{body}</tr>"


def grid(caption: str, head: Iterable[str], rows: str, *, numbers: bool = False) -> str:
    """A table under its heading, as markup; with `numbers` all columns but the first are counts."""
    first, *others = head
    kind = " class='num'" if numbers else ""
    titles = f"<th scope='col'>{escape(first)}</th>"
    titles += "".join(f"<th scope='col'{kind}>{escape(one)}</th>" for one in others)
    return table(caption, f"<tr>{titles}</tr>", rows, whole=numbers)


def table(caption: str, head: str, rows: str, *, whole: bool = True) -> str:
    """Rows under their heads; scrolls where too wide, or too long if not `whole`."""
    label, kind = escape(caption), "scroll whole" if whole else "scroll"
    return (
        f"<h2>{label}</h2><div class='{kind}' tabindex='0' role='region' aria-label='{label}'>"
        f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )


def over_line(codes: tuple[str, ...], asked: Ask) -> None:
    """The advisories drawn over a line, as a table; nothing where there was none."""
    text = page.words()
    bounds = asked.after, asked.until
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


RECENT = timedelta(days=90)
# Rows of the table under a line.
MOST_ACTS = 100
