"""A province's last days as a line over the bands of its levels, and the model's hours to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from math import ceil

from aq.domain import advisories
from aq.domain.clock import HOUR, day_bounds, kst_day
from aq.domain.model import MODELLED
from aq.domain.pollutants import pollutants
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.live import LineHour, Week
from aq.queries.model_hours import Ahead
from aq.web.drawings.bands import Band, level_bands, limit_below
from aq.web.drawings.map import hatch
from aq.web.drawings.marks import svg_text
from aq.web.drawings.view import View
from aq.web.wording.advisories import act_word
from aq.web.wording.korean import (
    averaging_words,
    gap_word,
    long_hour,
    month_name,
    number,
    told_hour,
)

HEAD, LEFT, RIGHT, FOOT = 26, 44, 100, 24
NARROW_RIGHT = {"ko": 62, "en": 78}  # for the bands' names
NAMED_BAND = 14  # units of height a band's name needs
DAY_NAME, NARROW_DAY = 76, 12  # units a day's name needs; up to which midnights have no rule
NAMED_GAP = 0.05  # share of the width from which a gap is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Where hours and values stand [units] in a picture of a width and height."""

    width: float
    height: float
    begin: datetime
    end: datetime
    top: float
    right: float

    def x(self, moment: datetime) -> float:
        share = (moment - self.begin) / (self.end - self.begin)
        return LEFT + share * (self.width - LEFT - self.right)

    def y(self, value: float) -> float:
        share = min(value, self.top) / self.top
        return HEAD + (1 - share) * (self.height - HEAD - FOOT)


def line(view: View, week: Week) -> str:
    """The line, wide and narrow, with what is said below it."""
    text, name = view.text, view.name(view.place)
    if not any(hour.value is not None for hour in week.hours):
        days = (week.hours[-1].at - week.hours[0].at).days + 1 if week.hours else 0
        nothing = text("{who} has no values of the last {n} days.", who=name, n=days)
        return f"<p>{escape(nothing)}</p>"
    drawn = _picture(view, week, "wide", 1180, 280) + _picture(view, week, "narrow", 390, 240)
    return f'{drawn}<p class="meta">{escape(" ".join(_said(view, week)))}</p>'


def _picture(view: View, week: Week, kind: str, width: float, height: float) -> str:
    axes, bands = _axes(view, week, width, height)
    text = view.text
    alt = text(
        "{who} · {what}, last {n} days",
        who=view.name(view.place),
        what=text.pollutant(view.pollutant),
        n=round((axes.end - axes.begin) / timedelta(days=1)),
    )
    unit = svg_text(LEFT, 12, view.unit(view.pollutant), "unit")
    return (
        f'<svg class="week {kind}" data-place="{view.place}" viewBox="0 0 {width:g} {height:g}"'
        f' role="img" aria-label="{escape(alt)}">{hatch(f"gap-week-{kind}")}'
        f"{level_marks(bands, axes, view.standard, view.digits(view.pollutant), text)}"
        f"{_usual(week, axes)}{day_marks(axes, text)}{gaps(week.hours, axes, kind, text)}"
        f"{_acts(view, week, axes)}{lines(week.hours, axes)}{_ahead(view, axes)}"
        f"{_marks(view, week.hours, axes)}{unit}</svg>"
    )


def _axes(view: View, week: Week, width: float, height: float) -> tuple[Axes, list[Band]]:
    ahead = view.ahead.get(view.pollutant)
    values = [hour.value for hour in week.hours if hour.value is not None]
    values += [value for _, value in ahead.hours] if ahead else []
    bands = _level_bands(view)
    least = bands[0][1] * 1.5 if bands else 1e-3
    end = max(week.hours[-1].at, ahead.hours[-1][0] if ahead else week.hours[-1].at)
    axes = Axes(
        width=width,
        height=height,
        begin=week.hours[0].at - HOUR,
        end=end,
        top=max(max(values) * 1.15, least),
        right=RIGHT if width > 500 else NARROW_RIGHT[view.text.lang],
    )
    return axes, bands


def _level_bands(view: View) -> list[Band]:
    """The bands of hourly means, or of the composite index."""
    if view.pollutant in pollutants():
        return level_bands(view.standard, view.pollutant)
    edges = [level.index for level in view.standard.levels]
    return [
        (edge[0], edge[1] + 1, level)
        for edge, level in zip(edges, view.standard.levels, strict=True)
        if edge
    ]


def level_marks(
    bands: Sequence[Band], axes: Axes, standard: Standard, digits: int, text: Text
) -> str:
    """A pale band per level with its name at the right; the limits are the ticks of the axis."""
    drawn = ""
    right = axes.width - axes.right
    for low, high, level in bands:
        if low >= axes.top:
            break
        top, bottom = axes.y(high), axes.y(low)
        grade = standard.levels.index(level) + 1
        box = f'x="{LEFT}" y="{top:.1f}" width="{right - LEFT:.0f}" height="{bottom - top:.1f}"'
        drawn += f'<rect class="band g{grade}" {box}/>'
        if low:
            drawn += f'<path class="limit" d="M{LEFT} {bottom:.1f}H{right:.0f}"/>'
            drawn += svg_text(LEFT - 6, bottom + 4, limit_below(low, digits), "tick")
        if bottom - top >= NAMED_BAND:
            words = f"{level.letter} {level.label(text.lang)}"
            drawn += svg_text(right + 6, (top + bottom) / 2 + 4, words, "level")
    return drawn + svg_text(LEFT - 6, axes.y(0) + 4, "0", "tick")


def _usual(week: Week, axes: Axes) -> str:
    """Between which values eight of ten hours of the month lie, over the years there are."""
    if week.usual is None:
        return ""
    top, bottom = axes.y(week.usual.high), axes.y(week.usual.low)
    wide = axes.width - axes.right - LEFT
    box = f'x="{LEFT}" y="{top:.1f}" width="{wide:.0f}" height="{bottom - top:.1f}"'
    return f'<rect class="usual" {box}/>'


def day_marks(axes: Axes, text: Text) -> str:
    """A rule at midnights, a day's name at its noon, as many as have room."""
    drawn, day = "", kst_day(axes.begin)
    bottom = axes.height - FOOT
    wide = (axes.width - axes.right - LEFT) * timedelta(days=1) / (axes.end - axes.begin)
    step = ceil(DAY_NAME / wide)
    while (midnight := day_bounds(day)[0]) < axes.end:
        named = (day.toordinal() + 1) % step == 0
        if midnight > axes.begin and (named or wide > NARROW_DAY):
            x = axes.x(midnight)
            drawn += f'<path class="midnight" d="M{x:.0f} {HEAD}V{bottom:.0f}"/>'
        noon = midnight + 12 * HOUR
        half = DAY_NAME / 2 if wide < DAY_NAME / 2 else 0
        if named and axes.x(axes.begin) + half < axes.x(noon) < axes.x(axes.end) - half:
            drawn += svg_text(axes.x(noon), axes.height - 7, text.day(day), "date")
        day += timedelta(days=1)
    return drawn


def _stretches(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """(first, end) of each run of true."""
    found: list[tuple[int, int]] = []
    for place, flag in enumerate(flags):
        if not flag:
            continue
        if found and found[-1][1] == place:
            found[-1] = found[-1][0], place + 1
        else:
            found.append((place, place + 1))
    return found


def gaps(hours: Sequence[LineHour], axes: Axes, kind: str, text: Text) -> str:
    """Hours without a value, hatched, the long ones with their reason."""
    drawn = ""
    for first, end in _stretches([hour.value is None for hour in hours]):
        left, right = axes.x(hours[first].at - HOUR), axes.x(hours[end - 1].at)
        why = gap_word(text, hours[first].reason, hours[first].detail)
        words = text("{why}, {n} hours", why=why, n=end - first)
        tall = axes.height - HEAD - FOOT
        box = f'x="{left:.1f}" y="{HEAD}" width="{right - left:.1f}" height="{tall:.0f}"'
        drawn += f'<rect fill="url(#gap-week-{kind})" {box}><title>{escape(words)}</title></rect>'
        if right - left >= NAMED_GAP * axes.width:
            drawn += svg_text((left + right) / 2, HEAD + 14, words, "why")
    return drawn


def _acts(view: View, week: Week, axes: Axes) -> str:
    """The acts in force as bars of ink over the line, a warning's thicker."""
    drawn = ""
    for act in week.acts:
        begin = max(act.issued_at, axes.begin)
        end = min(act.cleared_at or week.hours[-1].at, week.hours[-1].at)
        if begin >= end:
            continue
        left, right = axes.x(begin), axes.x(end)
        tall = 3 if advisories.level(act) == 1 else 6
        words = f"{act_word(act, view.text)} {view.text.zone(act.zone)}"
        box = f'x="{left:.1f}" y="{HEAD - 7}" width="{max(2, right - left):.1f}" height="{tall}"'
        drawn += f'<rect class="act" {box}><title>{escape(words)}</title></rect>'
    return drawn


def lines(hours: Sequence[LineHour], axes: Axes) -> str:
    """Solid where observed, dashed where a model made the values; a thin rule under what is
    confirmed."""
    drawn = ""
    for modelled in (False, True):
        flags = [hour.value is not None and (hour.kind == MODELLED) == modelled for hour in hours]
        path = ""
        for first, end in _stretches(flags):
            points = [
                f"{axes.x(hour.at):.1f} {axes.y(hour.value or 0):.1f}" for hour in hours[first:end]
            ]
            path += f"M{'L'.join(points)}" + ("h.1" if len(points) == 1 else "")
        drawn += f'<path class="line{" dashed" if modelled else ""}" d="{path}"/>' if path else ""
    bottom = axes.height - FOOT + 2
    confirmed = "".join(
        f"M{axes.x(hours[first].at - HOUR):.1f} {bottom:g}H{axes.x(hours[end - 1].at):.1f}"
        for first, end in _stretches([hour.status == "confirmed" for hour in hours])
    )
    return drawn + (f'<path class="confirmed" d="{confirmed}"/>' if confirmed else "")


def _ahead(view: View, axes: Axes) -> str:
    """The model's hours to come: not joined to the line, which may be measured."""
    ahead = view.ahead.get(view.pollutant)
    if ahead is None:
        return ""
    points = "L".join(f"{axes.x(at):.1f} {axes.y(value):.1f}" for at, value in ahead.hours)
    begin = axes.x(ahead.hours[0][0] - HOUR / 2)
    words = view.text("forecast of the model {feed}", feed=view.text.feed(ahead.feed))
    near = axes.x(axes.end) - begin > 130
    name = svg_text(begin + 6, 12, words if near else view.text("model"), "model")
    return (
        f'<path class="begin" d="M{begin:.1f} {HEAD}V{axes.height - FOOT:g}"/>'
        f'<path class="line to-come" d="M{points}"/>{name}'
    )


def _marks(view: View, hours: Sequence[LineHour], axes: Axes) -> str:
    """The newest value and the peak, each with its number."""
    digits = view.digits(view.pollutant)
    known = [hour for hour in hours if hour.value is not None]
    peak, last = max(known, key=lambda hour: hour.value or 0), hours[-1]
    drawn = ""
    if peak is not known[-1]:
        when = told_hour(view.text, peak.at, view.answer.now)
        words = view.text("peak {value}, {when}", value=number(peak.value, digits), when=when)
        side = "end" if axes.x(peak.at) > axes.width / 2 else "start"
        step = -6 if side == "end" else 6
        x, y = axes.x(peak.at) + step, axes.y(peak.value or 0) - 5
        drawn += svg_text(x, y, words, f"peak {side}")
    if last.value is not None:
        x, y = axes.x(last.at), axes.y(last.value)
        drawn += f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        drawn += svg_text(x - 8, y - 8, number(last.value, digits), "peak end")
    return drawn


def _said(view: View, week: Week) -> list[str]:
    """What is usual, why there are no bands, what is dashed."""
    text, sentences = view.text, []
    last = next((hour.value for hour in reversed(week.hours) if hour.value is not None), None)
    if week.usual and last is not None:
        years = f"{week.usual.years[0]}–{week.usual.years[-1]}"
        sentences.append(
            text(
                "Higher than {n} of 100 hours of {month} in {years}; the grey ribbon holds the"
                " middle 80.",
                n=week.usual.percentile(last),
                month=month_name(text, week.usual.month),
                years=years,
            )
        )
    if (view.pollutant, "1h") not in view.standard.tables and view.pollutant in pollutants():
        mean = averaging_words(text, view.standard.averaging(view.pollutant) or "1h")
        sentences.append(
            text(
                "The line shows hourly means, without bands: {standard} grades by {mean}.",
                standard=view.standard.titles[text.lang],
                mean=mean,
            )
        )
    if any(hour.kind == MODELLED for hour in week.hours):
        sentences.append(text("Dashed hours are a model's, not measured."))
    ahead = view.ahead.get(view.pollutant)
    return [*sentences, *([note(ahead, text)] if ahead else [])]


def note(ahead: Ahead, text: Text) -> str:
    """What the dashed continuation is, in a sentence."""
    return text(
        "The dashed continuation is what the model of {feed} computes for the hours to come, as of"
        " {when}: no measurement, and not AirKorea's forecast. What it said before is not kept.",
        feed=text.feed(ahead.feed),
        when=long_hour(text, ahead.asked_at),
    )
