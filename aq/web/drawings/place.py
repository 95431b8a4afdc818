"""A province as a card: one number, what to do, the days to come, how it was come by."""

from html import escape

from aq.domain.clock import day_bounds, kst_day
from aq.domain.pollutants import pollutants
from aq.domain.provinces import PROVINCES
from aq.domain.windows import OVERALL
from aq.queries.current import CurrentItem
from aq.web.drawings.marks import act_mark, acts_words, badge, forecast, stamp, unseen, word
from aq.web.drawings.view import View, shown_digits
from aq.web.drawings.zones import opened_zones
from aq.web.wording import advice
from aq.web.wording.korean import (
    averaging_words,
    item_edge,
    missing_short,
    number,
    provenance,
    short_hour,
    told_hour,
)


def card(view: View, *, choose: bool = True) -> str:
    """The chosen province on top of the page; with `choose` another can be taken there."""
    item = view.answer.item(view.place, view.pollutant)
    body = (
        f"{_head(view) if choose else ''}{_figure(view, item)}{_advice(view)}{_days(view)}"
        f'<p class="meta">{origin(view, item)}</p>{opened_zones(view) if choose else ""}'
    )
    name = escape(view.name(view.place))
    return f'<section class="mine" id="mine" aria-label="{name}">{body}</section>'


def _head(view: View) -> str:
    text = view.text
    options = "".join(
        f'<option value="{province.code}"{" selected" if province.code == view.place else ""}>'
        f"{escape(view.name(province.code))}</option>"
        for province in PROVINCES
    )
    label = text("My place") if view.mine else text("Worst now; choose your place")
    acts = view.acts.get(view.place, ())
    told = f'<span class="act">{act_mark(view, view.place)} ' if acts else ""
    told += f"{escape(acts_words(acts[:1], text))}</span>" if acts else ""
    return (
        f'<div class="mh"><label>{escape(label)} <select data-choose="pick" data-focus="mine">'
        f"{options}</select></label>{told}</div>"
    )


def _figure(view: View, item: CurrentItem) -> str:
    text = view.text
    name = text.pollutant(view.pollutant)
    unit = f" {item.unit}" if item.unit else ""
    mean = averaging_words(text, item.averaging) if item.averaging else ""
    if item.dominant:
        mean = text("decided by {what}", what=text.pollutant(item.dominant))
    about = " · ".join(part for part in (name + unit, mean) if part)
    return (
        f'<div class="big">'
        f'<span class="num">{escape(view.value(item))}</span>'
        f'<span class="gw"><b class="bd g{item.grade or 0}">{item.letter or "–"}'
        f" {escape(word(view, item))}</b><small>{escape(about)}</small></span></div>"
    )


def _advice(view: View) -> str:
    """What to do: by the worst of the province's pollutants and the acts in force there."""
    answer, text = view.answer, view.text
    items, acts = answer.items_of(view.place), view.acts.get(view.place, ())
    level = advice.severity(items, acts, view.standard)
    worst = max((item.grade or 0 for item in items), default=0)
    makers = [item.pollutant for item in items if item.grade == worst and worst]
    makers += [act.pollutant for act in acts]
    lines = advice.everyone(level, answer.advice_standard, text)
    markup = f'<p class="do">{escape(" ".join(lines))}</p>' if lines else ""
    later = tonight(view, makers)
    markup += f'<p class="tonight">{escape(later)}</p>' if later else ""
    groups = advice.by_group(level, makers, text)
    if groups:
        rows = "".join(f"<dt>{escape(who)}</dt><dd>{escape(what)}</dd>" for who, what in groups)
        summary = escape(text("Advice by group"))
        markup += (
            f'<details data-keep="groups"><summary>{summary}</summary>'
            f'<dl class="groups">{rows}</dl></details>'
        )
    return markup


def tonight(view: View, makers: list[str]) -> str | None:
    """What the rest of the day brings by the model, with its hour; None where no model says it."""
    text, now = view.text, view.answer.now
    for pollutant in makers:
        ahead = view.ahead.get(pollutant)
        hours = [
            (at, amount)
            for at, amount in (ahead.hours if ahead else ())
            if now < at <= day_bounds(kst_day(now))[1]
        ]
        if hours and ahead:
            at, amount = max(hours, key=lambda entry: entry[1])
            return text(
                "Rest of today: {what} up to {value} {unit} at {hour} by the model ({feed}).",
                what=text.pollutant(pollutant),
                value=number(amount, shown_digits(view.standard, pollutant)),
                unit=pollutants()[pollutant].unit,
                hour=short_hour(text, at),
                feed=text.feed(ahead.feed),
            )
    return None


def _days(view: View) -> str:
    """The three days to come in AirKorea's words; of a gas it never forecasts, those of PM2.5."""
    text, today = view.text, kst_day(view.answer.now)
    own = view.days
    days = own or view.answer.days.get("pm25", ())
    if not days:
        return ""
    what = text.pollutant(view.pollutant if own else "pm25")
    if own and view.pollutant == OVERALL:
        what = text("worst of PM10, PM2.5 and ozone")
    cells = ""
    for day in days:
        sign = forecast(view, day, view.place)
        title = escape(text.day_ahead(day.day, (day.day - today).days))
        heard = unseen(sign.words)
        cells += f'<li title="{escape(sign.words)}"><span>{title}</span>{sign.badge}{heard}</li>'
    label = escape(text("AirKorea forecast: {what}", what=what))
    return f'<p class="meta ahead">{label}</p><ol class="next">{cells}</ol>'


def origin(view: View, item: CurrentItem) -> str:
    """How an item was come by: hour, feed, observed or modelled, received when, of how many
    stations; without a value why there is none, and the last one there was."""
    text = view.text
    if item.observed_at is None:
        return escape(why_absent(view, item))
    hour = text.hour(item.observed_at)
    if item.stale:
        hour = text("last data, {hour}", hour=hour)
    parts = [stamp(item.observed_at, escape(hour), text), escape(text.feed(item.feed or ""))]
    parts.append(escape(provenance(text, item.kind, item.status)))
    if item.fetched_at:
        parts.append(escape(text("received {when}", when=text.minute(item.fetched_at))))
    if item.stations is not None and item.stations_expected:
        told = text("stations {n} of {all}", n=item.stations, all=item.stations_expected)
        if item.thin:
            told += f" ({text('few, read with care')})"
        parts.append(f'<a href="{view.href("stations", p=item.code)}">{escape(told)}</a>')
    edge = item_edge(text, item, view.standard)
    if edge:
        parts.append(escape(edge))
    if item.simulated:
        parts.append(escape(text("SIMULATED data")))
    return " · ".join(parts)


def why_absent(view: View, item: CurrentItem) -> str:
    """Why there is no value, and the last one there was."""
    why = missing_short(view.text, item)
    if item.last_at is None:
        return why
    last = number(item.last_value, shown_digits(view.standard, item.pollutant))
    when = told_hour(view.text, item.last_at, view.answer.now)
    return view.text("{why}; last {value} at {hour}", why=why, value=last, hour=when)


def opened(view: View, code: str) -> str:
    """A province in place, where it was tapped: all its pollutants and how they were come by."""
    text = view.text
    cells = "".join(
        f"<li><span>{escape(text.pollutant(item.pollutant))}</span> {badge(item)}"
        f" {escape(view.value(item))} <small>{escape(item.unit or '')}</small></li>"
        for item in view.answer.items_of(code)
        if item.pollutant != OVERALL
    )
    item = view.answer.item(code, view.pollutant)
    past = escape(text("Past of {who}", who=view.name(code)))
    return (
        f'<ul class="all">{cells}</ul><p class="meta">{origin(view, item)} · '
        f'<a href="{view.href("past", p=code)}">{past}</a> · '
        f'<a href="{view.href("zones", p=code)}">{escape(text("Zones"))}</a></p>'
    )
