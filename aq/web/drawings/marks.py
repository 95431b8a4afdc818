"""The signs of the drawings: letter on its colour, level's word, forecast's word, act, trend."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from aq.domain.clock import kst, kst_iso
from aq.domain.forecasts import DayAhead, Outlook
from aq.domain.model import DAILY, Advisory
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.web.drawings.bands import level_bands
from aq.web.drawings.view import View
from aq.web.wording.advisories import GRADE_WORDS, act_word, halves_words
from aq.web.wording.korean import N_, exact, grade_word, listed, missing_short, shown
from aq.web.wording.lead import HOURS_BACK, SHARE

# Stands beside a province with an official advisory in force, in ink: no colour of a grade.
ACT_MARK = "▲"
# hour of the day (KST) of the first notice that speaks of the day after tomorrow
FIRST_BULLETIN = 5
ARROWS = {
    1: ("↗", N_("higher than three hours ago")),
    0: ("→", N_("much as three hours ago")),
    -1: ("↘", N_("lower than three hours ago")),
}


def framed(view: View, body: str) -> str:
    """Drawings with the colours of the view's standard, ready to stand anywhere the sheet is."""
    return framed_in(view.standard, view.text.lang, view.dark, body)


def framed_in(standard: Standard, lang: str, dark: bool | None, body: str) -> str:
    """Drawings with the colours of a standard; `dark` is None where the browser's theme holds."""
    colours = [
        f"--g{place}:{level.colour};--i{place}:{level.text_colour}"
        for place, level in enumerate(standard.levels, start=1)
    ]
    theme = "" if dark is None else f' data-theme="{"dark" if dark else "light"}"'
    return f'<div class="dw" lang="{lang}"{theme} style="{";".join(colours)}">{body}</div>'


def more(words: str, is_open: bool) -> str:
    """A button that opens and closes what stands below it."""
    state = f'aria-expanded="{"true" if is_open else "false"}"'
    return (
        f'<button type="button" class="more" data-more="1" data-focus="more" {state}>'
        f"{escape(words)}</button>"
    )


def svg_text(x: float, y: float, words: str, kind: str = "", more: str = "") -> str:
    """Words in a picture; `more` are further attributes."""
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.0f}" y="{y:.1f}"{more}>{escape(words)}</text>'


def unseen(words: str) -> str:
    """Words for who hears the page."""
    return f'<span class="unseen">{escape(words)}</span>'


def badge(item: CurrentItem) -> str:
    """The letter on its level's colour; hatched grey with a dash where there is none."""
    return f'<b class="bd g{item.grade or 0}">{item.letter or "–"}</b>'


def word(view: View, item: CurrentItem) -> str:
    """The level's word; without a level, that data or a level lack."""
    absent = view.text("no data") if shown(item) is None else view.text("no level")
    return grade_word(item, view.standard, view.text.lang) or absent


def told(view: View, item: CurrentItem) -> str:
    """The value with its unit, or why there is none."""
    if shown(item) is None:
        return view.text("no data: {why}", why=missing_short(view.text, item))
    return f"{view.value(item)} {item.unit or ''}".rstrip()


def stamp(moment: datetime, words: str, text: Text) -> str:
    """A time (its words are markup) with its exact instant behind it."""
    return (
        f'<time datetime="{kst_iso(moment)}" title="{escape(exact(moment, text))}">{words}</time>'
    )


def acts_words(acts: Sequence[Advisory], text: Text) -> str:
    """What is in force, each kind with its zones: 초미세먼지 주의보 남부권·북부권."""
    zones: dict[str, list[str]] = {}
    for act in acts:
        kind = f"{text.pollutant(act.pollutant)} {act_word(act, text)}"
        zones.setdefault(kind, []).append(text.zone(act.zone))
    return ", ".join(
        f"{kind} {listed(filter(None, names), text.lang)}".strip() for kind, names in zones.items()
    )


def act_mark(view: View, code: str) -> str:
    """The mark of an act in force in a province; nothing without one."""
    acts = view.acts.get(code)
    if not acts:
        return ""
    return act_sign(acts_words(acts, view.text))


def act_sign(words: str) -> str:
    """The mark of an act with what is in force behind it."""
    return (
        f'<span class="mark" title="{escape(words)}"><span aria-hidden="true">{ACT_MARK}</span>'
        f"{unseen(' ' + words)}</span>"
    )


def least_span(view: View, pollutant: str) -> float:
    """What a small line spans at least [the pollutant's unit]: the first level's width.

    Else the noise of a calm day would look like drama.
    """
    bands = level_bands(view.standard, pollutant, view.standard.averaging(pollutant) or "1h")
    return bands[0][1] if bands else 1.0


def arrow(view: View, code: str, pollutant: str) -> str:
    """Which way the hourly means went in three hours; nothing where they cannot be compared."""
    values = view.answer.trends.get(pollutant, {}).get(code, [])
    if len(values) <= HOURS_BACK:
        return ""
    now, before = values[-1], values[-1 - HOURS_BACK]
    if now is None or before is None:
        return ""
    step = now - before
    moved = abs(step) >= max(least_span(view, pollutant) / 10, SHARE * before)
    sign, words = ARROWS[(step > 0) - (step < 0) if moved else 0]
    heard = unseen(" " + view.text(words))
    return f'<i class="arrow" title="{escape(view.text(words))}">{sign}</i>{heard}'


def outlook_word(view: View, outlook: Outlook) -> str:
    """The forecast's own word: never a letter, since those are of the scale the page shows."""
    text = view.text
    if outlook.notice.kind == DAILY and outlook.grade:
        return view.answer.forecast_standard.level(outlook.grade).label(text.lang)
    told = outlook.word or ""
    return text(GRADE_WORDS[told]) if told in GRADE_WORDS else told


@dataclass(frozen=True, slots=True)
class Sign:
    """A province's day to come: its word, what stands behind it, and the grade of the page's own
    scale that has its colour (0 for none)."""

    word: str
    words: str
    grade: int

    @property
    def badge(self) -> str:
        """The word on its colour."""
        kind = f" g{self.grade}" if self.grade else ""
        return f'<b class="fc{kind}">{escape(self.word)}</b>'


def forecast(view: View, day: DayAhead, code: str) -> Sign:
    """What AirKorea says of a province's day to come, or why it says nothing."""
    text, outlook = view.text, day.by_code.get(code)
    date = text.day(day.day)
    if outlook is None or outlook.word is None:
        early = kst(view.answer.now).hour < FIRST_BULLETIN
        why = text("not forecast before 05:00") if early else text(GRADE_WORDS["예보없음"])
        return Sign("–", f"{date}: {why}", 0)
    told = outlook_word(view, outlook)
    words = f"{date}: {told}"
    if len(outlook.parts) > 1:
        words += f" ({halves_words(outlook.parts, text)})"
    return Sign(told, words, _grade(view, outlook))


def _grade(view: View, outlook: Outlook) -> int:
    if outlook.notice.kind != DAILY or not outlook.grade:
        return 0
    colour = view.answer.forecast_standard.level(outlook.grade).colour
    colours = [level.colour for level in view.standard.levels]
    return colours.index(colour) + 1 if colour in colours else 0
