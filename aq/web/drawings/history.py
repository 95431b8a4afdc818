"""Small pictures of the past: forecasts as signs, acts as ticks, days in colours, shares."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from html import escape

from aq.domain.advisories import known_level
from aq.domain.clock import kst, kst_day
from aq.domain.forecast_skill import CALM, FALSE_ALARM, HIT, MISS, Score
from aq.domain.model import Advisory
from aq.web.drawings.map import hatch
from aq.web.drawings.marks import svg_text
from aq.web.drawings.view import View
from aq.web.wording.advisories import place_words
from aq.web.wording.korean import N_, day_words, month_name

OUTCOME_WORDS = {
    HIT: N_("hit"),
    MISS: N_("miss"),
    FALSE_ALARM: N_("false alarm"),
    CALM: N_("not bad, as forecast"),
}
WIDTH, NAMES, ROW, HEAD = 640, 86, 17, 20  # [units]
ACT_KEYS, ACT_ROW = ("pm25", "pm10", "o3"), 40  # [units]
PHONE = 358  # the width of the same on a phone, where a unit is a pixel


def forecast_dots(view: View, scores: Sequence[Score]) -> str:
    """A row a province, a column a day: filled for a hit, a ring for a miss, a cross for a false
    alarm, a point for a day that was not bad and was not said to be."""
    text = view.text
    key = " ".join(_key(view, outcome) for outcome in (HIT, MISS, FALSE_ALARM, CALM))
    alt = text("Forecasts of the day before, by province and day")
    high = HEAD + len(scores) * ROW + 4
    return _two_widths(alt, high, lambda width: _dots(view, scores, width), key)


def _dots(view: View, scores: Sequence[Score], width: int) -> str:
    text = view.text
    days = sorted(set[date]().union(*(score.outcomes for score in scores)))
    first, last = days[0], days[-1]
    step = (width - NAMES) / max((last - first).days + 1, 14)
    drawn = ""
    for row, score in enumerate(scores):
        y = HEAD + row * ROW + ROW / 2
        drawn += svg_text(NAMES - 8, y + 4, view.name(score.province.code), "end")
        for day, outcome in score.outcomes.items():
            x = NAMES + ((day - first).days + 0.5) * step
            words = f"{view.name(score.province.code)}, {day_words(text, day)}:"
            title = f"{words} {text(OUTCOME_WORDS[outcome])}"
            drawn += _sign(outcome, x, y, min(step * 0.42, 5.2), title)
    for day in _labelled(first, last, step):
        drawn += svg_text(NAMES + ((day - first).days + 0.5) * step, 12, text.day(day))
    return drawn


def _two_widths(alt: str, high: float, draw: Callable[[int], str], note: str) -> str:
    """A picture with its note (markup), drawn for wide pages and for a phone."""
    wide = small_svg(alt, WIDTH, high, draw(WIDTH), "wide")
    narrow = small_svg(alt, PHONE, high, draw(PHONE), "narrow")
    return f'<figure class="dots">{wide}{narrow}<p class="meta">{note}</p></figure>'


def _sign(outcome: str, x: float, y: float, radius: float, title: str = "") -> str:
    about = f"<title>{escape(title)}</title>" if title else ""
    if outcome == FALSE_ALARM:
        r = radius * 0.8
        path = f"M{x - r:.1f} {y - r:.1f}l{2 * r:.1f} {2 * r:.1f}m0 {-2 * r:.1f}"
        return f'<path class="sign" d="{path}l{-2 * r:.1f} {2 * r:.1f}">{about}</path>'
    kind = {HIT: "full", MISS: "sign", CALM: "calm"}[outcome]
    r = min(radius, 1.3) if outcome == CALM else radius
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}">{about}</circle>'


def _key(view: View, outcome: str) -> str:
    sign = _sign(outcome, 7, 7, 5)
    return (
        '<span class="sign-key"><svg viewBox="0 0 14 14" width="14" height="14"'
        ' aria-hidden="true">'
        f"{sign}</svg> {escape(view.text(OUTCOME_WORDS[outcome]))}</span>"
    )


def _labelled(first: date, last: date, step: float) -> list[date]:
    """Days far enough from each other for their names."""
    every = max(1, -(-96 // max(1, int(step))))
    return [first + timedelta(days=n) for n in range(every // 2, (last - first).days + 1, every)]


def act_ticks(view: View, year: int, acts: Sequence[Advisory]) -> str:
    """A year from left to right, a row a pollutant, a tick an act; a warning's is tall."""
    text = view.text
    alt = text("Acts over the year {year}, by pollutant", year=year)
    note = escape(text("A tick is an act at the hour it was issued; tall ones are warnings."))
    high = HEAD + len(ACT_KEYS) * ACT_ROW + 6
    return _two_widths(alt, high, lambda width: _ticks(view, year, acts, width), note)


def _ticks(view: View, year: int, acts: Sequence[Advisory], width: int) -> str:
    text, begin = view.text, date(year, 1, 1)
    length = (date(year + 1, 1, 1) - begin).days
    step, drawn = (width - NAMES) / length, ""
    for row, key in enumerate(ACT_KEYS):
        base = HEAD + (row + 1) * ACT_ROW
        drawn += svg_text(NAMES - 8, base - 3, text.pollutant(key), "end")
        drawn += f'<path class="rule" d="M{NAMES} {base}H{width}"/>'
        for act in acts:
            if act.pollutant != key:
                continue
            x = (
                NAMES
                + ((kst_day(act.issued_at) - begin).days + kst(act.issued_at).hour / 24) * step
            )
            high = ACT_ROW - 8 if known_level(act) not in (None, 1) else ACT_ROW / 2.4
            about = f"{place_words(act, text)} {text.advisory(act.word)}"
            title = escape(f"{text.hour(act.issued_at)}: {about}")
            drawn += (
                f'<path class="tick" d="M{x:.1f} {base}v{-high:.1f}"><title>{title}</title></path>'
            )
    for month in range(1, 13, 2):
        x = NAMES + ((date(year, month, 1) - begin).days) * step
        drawn += svg_text(x, 12, month_name(text, month)[:3], "start")
        drawn += f'<path class="rule" d="M{x:.1f} {HEAD}v{len(ACT_KEYS) * ACT_ROW}"/>'
    return drawn


def day_cells(view: View, grades: Mapping[date, int | None], first: date, last: date) -> str:
    """Days from left to right in the colours of their levels, hatched without one."""
    count = (last - first).days + 1
    step, drawn = WIDTH / count, hatch("gap-days")
    for place in range(count):
        grade = grades.get(first + timedelta(days=place))
        fill = f'style="fill:var(--g{grade})"' if grade else 'fill="url(#gap-days)"'
        drawn += f'<rect {fill} x="{place * step:.1f}" width="{step + 0.2:.1f}" height="54"/>'
    drawn += svg_text(0, 70, view.text.day(first), "start")
    drawn += svg_text(WIDTH, 70, view.text.day(last), "end")
    return small_svg(view.text("Days in the colours of their levels"), WIDTH, 76, drawn)


def shares(view: View, counts: Mapping[int, int], modelled: Mapping[int, int] | None = None) -> str:
    """How many of the days were of each level, as one bar; the numbers stand in it. As many as are
    `modelled` have a dashed line below them."""
    total, x, drawn = max(1, sum(counts.values())), 0.0, hatch("gap-shares")
    for grade, days in sorted(counts.items(), key=lambda pair: pair[0] or 99):
        wide = WIDTH * days / total
        fill = f'style="fill:var(--g{grade})"' if grade else 'fill="url(#gap-shares)"'
        drawn += f'<rect {fill} x="{x:.1f}" width="{wide:.1f}" height="54"/>'
        if part := (modelled or {}).get(grade):
            drawn += f'<path class="sign" stroke-dasharray="5 3" d="M{x:.1f} 57h'
            drawn += f'{WIDTH * part / total:.1f}"/>'
        if wide > 40:
            ink = f' style="fill:var(--i{grade})"' if grade else ""
            drawn += f'<text x="{x + wide / 2:.0f}" y="33"{ink} font-weight="700">{days:,}</text>'
        word = view.standard.level(grade).label(view.text.lang) if grade else view.text("no level")
        if wide > 64:
            drawn += svg_text(x + wide / 2, 70, word)
        x += wide
    return small_svg(view.text("Days by level"), WIDTH, 76, drawn)


def completeness_bars(view: View, known: Sequence[float]) -> str:
    """Day by day the share of the hours with a value, as bars."""
    step, drawn = WIDTH / max(1, len(known)), ""
    for place, share in enumerate(known):
        high = 54 * share
        box = f'x="{place * step:.1f}" y="{54 - high:.1f}" width="{max(step - 0.6, 0.6):.1f}"'
        drawn += f'<rect class="bar" {box} height="{high:.1f}"/>'
    drawn += '<path class="rule" d="M0 54.5H640"/>' + svg_text(0, 70, "0–100 %", "start")
    return small_svg(view.text("Hours with a value, day by day"), WIDTH, 76, drawn)


def small_svg(alt: str, width: float, height: float, body: str, kind: str = "") -> str:
    """A drawing with its words for who cannot see it."""
    return (
        f'<svg class="small {kind}" viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{escape(alt)}">{body}</svg>'
    )
