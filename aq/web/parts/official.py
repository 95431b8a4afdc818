"""The authority's acts as tables: advisories over a range, and acts of yellow dust."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape

from aq.domain.model import Advisory, YellowDust
from aq.domain.provinces import provinces_named
from aq.i18n import Text
from aq.queries.official import advisories_over
from aq.queries.yellow_dust import yellow_dust_over
from aq.web.charts.lines import Ask
from aq.web.parts import cache, page
from aq.web.parts.tables import titled
from aq.web.wording.advisories import act_word, place_words, value_words
from aq.web.wording.korean import long_hour, province_name

RECENT = timedelta(days=90)
# Rows of the table under a line.
MOST_ACTS = 100


def act_grid(caption: str, rows: Iterable[Advisory], text: Text) -> str:
    """Advisories as a table: zone, kind of act, when issued and at what value, when cleared."""
    head = [text("Zone"), text("Act"), text("Issued"), text("At issue"), text("Cleared")]
    return titled(caption, head, [_act_row(row, text) for row in rows], text)


def _act_row(advisory: Advisory, text: Text) -> list[str]:
    cleared = long_hour(text, advisory.cleared_at) if advisory.cleared_at else text("in force")
    cells = (
        place_words(advisory, text),
        f"{text.pollutant(advisory.pollutant)} {act_word(advisory, text)}",
        long_hour(text, advisory.issued_at),
        value_words(advisory, advisory.issue_value),
        cleared,
    )
    return [escape(cell) for cell in cells]


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
    body = titled(text("Yellow dust"), head, [_yellow_dust_row(act, text) for act in acts], text)
    return f'{body}<p class="muted">{escape(note)}</p>'


def _yellow_dust_row(act: YellowDust, text: Text) -> list[str]:
    """When, the round, the areas, the provinces named in them."""
    names = [province_name(province, text.lang) for province in provinces_named(act.areas)]
    cells = (
        long_hour(text, act.at),
        act.sequence or "–",
        text.name(act.areas),
        ", ".join(names) or "–",
    )
    return [escape(cell) for cell in cells]
