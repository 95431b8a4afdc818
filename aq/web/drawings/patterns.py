"""Charts as pictures that stand alone: six pollutants as bars, hours by weekday, months' trend."""

from collections.abc import Sequence
from datetime import date
from math import ceil, floor, isfinite, log10, nan

from aq.domain.stl import YEAR
from aq.domain.trend import Stretch, Trend, slope_line
from aq.domain.windows import OVERALL
from aq.web.drawings.bars import position
from aq.web.drawings.history import HEAD, NAMES, WIDTH, small_svg
from aq.web.drawings.map import hatch
from aq.web.drawings.marks import svg_text, told, word
from aq.web.drawings.view import View
from aq.web.wording.korean import month_words, number

BAR_ROW, CELL_ROW, MONTHS_HIGH = 40, 26, 280  # [units]
HOURS = 24
BAR_RIGHT = 470  # where a bar ends and its words begin
PALEST = 0.08  # of the ink, for the lowest value
KEY_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
LEAST_YEAR, LEAST_MONTH = 40, 90  # units the names of a year and of a month need


def bars_alone(view: View) -> str:
    """A row a pollutant: its levels side by side, a mark where the value lies, value and word."""
    text, levels = view.text, len(view.standard.levels)
    items = [item for item in view.answer.items_of(view.place) if item.pollutant != OVERALL]
    wide, drawn = (BAR_RIGHT - NAMES) / levels, ""
    for row, item in enumerate(items):
        y = row * BAR_ROW + BAR_ROW / 2
        drawn += svg_text(NAMES - 8, y + 4, text.pollutant(item.pollutant), "end")
        for grade in range(1, levels + 1):
            x, faint = NAMES + (grade - 1) * wide, "" if grade == item.grade else ' opacity=".35"'
            box = f'x="{x:.1f}" y="{y - 7:g}" width="{wide - 1:.1f}" height="14"'
            drawn += f'<rect style="fill:var(--g{grade})" {box}{faint}/>'
        place = position(view, item)
        if place is not None:
            x = NAMES + place * (BAR_RIGHT - NAMES)
            drawn += f'<path class="tick" d="M{x:.1f} {y - 12:g}v24"/>'
        words = f"{item.letter or '–'} {word(view, item)} · {told(view, item)}"
        drawn += svg_text(BAR_RIGHT + 10, y + 4, words, "start day")
    alt = text("{who} · {what}", who=view.name(view.place), what=text("The six pollutants now"))
    return small_svg(alt, WIDTH, len(items) * BAR_ROW, drawn)


def week_alone(
    view: View, medians: Sequence[Sequence[float | None]], names: Sequence[str], gap: str
) -> str:
    """A row a weekday, a cell an hour of day, darker where its median is higher [pollutant's unit];
    hatched where there is none. Its key stands below, where `gap` says why there is none."""
    values = [value for row in medians for value in row if value is not None]
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    step, drawn = (WIDTH - NAMES) / HOURS, hatch("gap-week")
    for place, (name, row) in enumerate(zip(names, medians, strict=True)):
        y = HEAD + place * CELL_ROW
        drawn += svg_text(NAMES - 8, y + CELL_ROW / 2 + 4, name, "end")
        for column, value in enumerate(row):
            share = (value - low) / ((high - low) or 1) if value is not None else None
            box = (
                f'x="{NAMES + column * step:.1f}" y="{y}" width="{step - 1:.1f}"'
                f' height="{CELL_ROW - 1}"'
            )
            drawn += f"<rect {tone(share)} {box}/>"
    for hour in (1, *range(3, 25, 3)):
        drawn += svg_text(NAMES + (hour - 0.5) * step, 12, view.text("{hour}:00", hour=hour))
    y = HEAD + len(names) * CELL_ROW + 12
    for place, share in enumerate(KEY_SHARES if values else ()):
        x = NAMES + place * 90
        words = number(low + share * (high - low), view.digits(view.pollutant))
        drawn += f'<rect {tone(share)} x="{x}" y="{y}" width="18" height="16"/>'
        drawn += svg_text(x + 24, y + 13, f"{words} {view.unit(view.pollutant)}", "start")
    if any(None in row for row in medians):
        x = NAMES + (90 * len(KEY_SHARES) if values else 0)
        drawn += f'<rect {tone(None)} x="{x}" y="{y}" width="18" height="16"/>'
        drawn += svg_text(x + 24, y + 13, gap, "start")
    return small_svg(view.text("By weekday and hour"), WIDTH, y + 20, drawn)


def tone(share: float | None) -> str:
    """How a cell is filled by a share of the darkest tone, 0 to 1; hatched where there is none."""
    if share is None:
        return 'fill="url(#gap-week)"'
    return f'class="full" fill-opacity="{PALEST + (1 - PALEST) * share:.3f}"'


def months_alone(
    view: View,
    first: date,
    values: Sequence[float],
    counts: Sequence[bool],
    courses: Sequence[Stretch],
    trend: Trend | None,
    modelled: Sequence[bool] = (),
) -> str:
    """Monthly means as dots, hollow where one does not count, their smooth course, Sen's slope;
    a dash for a month that is `modelled`, pale where it does not count."""
    present = [value for value in values if isfinite(value)]
    top = max(present, default=1.0) * 1.1 or 1.0
    left, foot = 44, 24
    step = (WIDTH - left - 8) / max(1, len(values))

    def at(place: float, value: float) -> str:
        y = HEAD + (1 - value / top) * (MONTHS_HIGH - HEAD - foot)
        return f"{left + (place + 0.5) * step:.1f} {y:.1f}"

    drawn = svg_text(left, 12, view.unit(view.pollutant), "start")
    between = _round_step(top)
    for tick in range(int(top / between) + 1):
        y = float(at(0, tick * between).split()[1])
        drawn += f'<path class="rule" d="M{left} {y}H{WIDTH}"/>'
        words = number(tick * between, view.digits(view.pollutant))
        drawn += svg_text(left - 6, y + 4, words, "end")
    begin, every = (1 - first.month) % YEAR, YEAR * ceil(LEAST_YEAR / (step * YEAR))
    is_short = len(values) <= 2 * YEAR
    if is_short:
        begin, every = 0, ceil(LEAST_MONTH / step)
    for place in range(begin, len(values), every):
        year, month = divmod(first.year * YEAR + first.month - 1 + place, YEAR)
        words = month_words(view.text, date(year, month + 1, 1)) if is_short else f"{year}"
        drawn += svg_text(left + place * step, MONTHS_HIGH - 6, words, "start")
    for place, (value, included) in enumerate(zip(values, counts, strict=True)):
        if isfinite(value):
            cx, cy = at(place, value).split()
            kind = "calm" if included else 'rule" style="stroke:var(--muted)'
            if any(modelled[place : place + 1]):
                tone = "sign" if included else kind
                drawn += f'<path class="{tone}" d="M{float(cx) - 4:.1f} {cy}h8"/>'
            else:
                drawn += f'<circle class="{kind}" cx="{cx}" cy="{cy}" r="2.4"/>'
    for course in courses:
        points = (at(course.first + place, value) for place, value in enumerate(course.trend))
        drawn += f'<path class="sign" d="M{"L".join(points)}"/>'
    if trend is not None:
        counted = [v if c else nan for v, c in zip(values, counts, strict=True)]
        ends = "L".join(at(*end) for end in slope_line(counted, trend.slope))
        drawn += f'<path class="sign" stroke-dasharray="6 4" d="M{ends}"/>'
    alt = view.text("Monthly means and their trend")
    return small_svg(alt, WIDTH, MONTHS_HIGH, drawn)


def _round_step(top: float) -> float:
    """A step of 1, 2 or 5 and noughts that stands at most five times below a value."""
    tens = 10.0 ** floor(log10(top))
    return next(share * tens for share in (0.2, 0.5, 1.0, 2.0) if top / (share * tens) <= 5)
