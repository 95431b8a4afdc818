"""The table of 17: both fine dusts side by side, the last day as a line, the days to come."""

from html import escape

from aq.domain.clock import kst_day
from aq.domain.pollutants import pollutants
from aq.queries.current import CurrentItem
from aq.web.drawings.marks import act_mark, badge, forecast, least_span, stamp, unseen, word
from aq.web.drawings.place import opened, why_absent
from aq.web.drawings.sparkline import sparkline
from aq.web.drawings.view import View, shown_digits
from aq.web.wording.korean import item_edge, number, provenance, shown

# Stands behind a level that could be its neighbour.
EDGE = "≈"
# heading -> whether its first click sorts the highest first
FIRST_DESCENDING = {"order": False, "value": True, "grade": True, "stations": True}


def beside(view: View) -> str | None:
    """The pollutant of the second column: the other fine dust, of the rest PM2.5."""
    other = "pm10" if view.pollutant == "pm25" else "pm25"
    return other if other in view.standard.pollutants else None


def table(view: View) -> str:
    """The 17 in the order asked for; the chosen one is open in its place."""
    rows = "".join(_row(view, item) for item in ordered(view))
    head = f"<caption>{caption(view)}</caption><thead><tr>{_head(view)}</tr></thead>"
    body = f"<tbody data-roving>{rows}</tbody>"
    return f'<table class="t17">{head}{body}</table>'


def ordered(view: View) -> list[CurrentItem]:
    """The items by the view's sort; what is missing stands last in either direction."""
    places = {item.code: place for place, item in enumerate(view.items)}

    def amount(item: CurrentItem) -> float | None:
        if view.sort == "order":
            return places[item.code]
        if view.sort == "grade":
            return item.grade
        return item.stations if view.sort == "stations" else shown(item)

    sign = -1 if view.descending else 1
    return sorted(
        view.items,
        key=lambda item: (
            (value := amount(item)) is None,
            sign * (value or 0.0),
            places[item.code],
        ),
    )


def caption(view: View) -> str:
    """What is the same in all rows: the pollutant with its unit, hour, feed and kind."""
    text, country = view.text, view.answer.country
    unit = view.unit(view.pollutant)
    parts = [escape(f"{text.pollutant(view.pollutant)} {unit}".rstrip())]
    if country.hour:
        item = view.items[0]
        parts.append(stamp(country.hour, escape(text.hour(country.hour)), text))
        parts.append(escape(text.feed(country.feed or "")))
        parts.append(escape(provenance(text, item.kind, item.status)))
    if view.days:
        parts.append(escape(text("days to come: AirKorea")))
    return " · ".join(parts)


def headings(view: View) -> list[tuple[str, str]]:
    """The columns that can be sorted by: key and words."""
    text = view.text
    return [
        ("order", text("Province")),
        ("value", text.pollutant(view.pollutant)),
        ("grade", text("Level")),
        ("stations", text("Stations")),
    ]


def _head(view: View) -> str:
    text, today = view.text, kst_day(view.answer.now)
    other = beside(view)
    words = dict(headings(view))
    cells = _heading(view, "order", words["order"])
    cells += _heading(view, "value", words["value"], "n")
    cells += _heading(view, "grade", words["grade"])
    cells += f'<th scope="col" class="two">{escape(text.pollutant(other))}</th>' if other else ""
    cells += f'<th scope="col" class="trend">{escape(text("Last 24 hours"))}</th>'
    for day in view.days:
        title = escape(text.day_ahead(day.day, (day.day - today).days))
        cells += f'<th scope="col" class="c">{title}</th>'
    return cells + _heading(view, "stations", words["stations"], "n heard")


def _heading(view: View, key: str, words: str, kind: str = "") -> str:
    active = view.sort == key
    descending = not view.descending if active else FIRST_DESCENDING[key]
    sort = f"{'-' if descending else ''}{key}"
    arrow = ("▾" if view.descending else "▴") if active else ""
    order = "descending" if view.descending else "ascending"
    state = f' aria-sort="{order}"' if active else ""
    return (
        f'<th scope="col" class="{kind}"{state}><a href="{view.href(s=sort)}" data-sort="{sort}"'
        f' data-focus="by-{key}">{escape(words)}<span aria-hidden="true">{arrow}</span></a></th>'
    )


def _row(view: View, item: CurrentItem) -> str:
    chosen = item.code == view.place
    name = escape(view.name(item.code))
    cells = (
        f'<th scope="row"><a href="{view.href(p=item.code)}" data-focus="row-{item.code}"'
        f"{' aria-current=true' if chosen else ''}>{name}</a>{act_mark(view, item.code)}</th>"
        f'<td class="n val">{escape(view.value(item))}</td>'
        f'<td class="lv">{badge(item)}<span class="w">{escape(word(view, item))}</span>'
        f"{_edge(view, item)}</td>"
        f"{_second(view, item.code)}{_trend(view, item)}"
    )
    for day in view.days:
        sign = forecast(view, day, item.code)
        cells += f'<td class="c" title="{escape(sign.words)}">{sign.badge}{unseen(sign.words)}</td>'
    heard = "–" if item.stations is None else f"{item.stations}/{item.stations_expected}"
    title = escape(view.text("stations reporting, of all stations"))
    cells += f'<td class="n heard" title="{title}">{heard}</td>'
    row = f'<tr data-pick="{item.code}" data-code="{item.code}"'
    more = _why_below(view, item)
    if not chosen:
        return f"{row}>{cells}</tr>{more}"
    if view.mine:
        more += f'<tr class="open"><td colspan="9">{opened(view, item.code)}</td></tr>'
    return f'{row} class="me">{cells}</tr>{more}'


def _edge(view: View, item: CurrentItem) -> str:
    """A quiet sign at a grade that hangs on one station; the words say between which."""
    if not item.one_station or not item.grade:
        return ""
    words = item_edge(view.text, item, view.standard) or ""
    sign = f'<span class="edge" aria-hidden="true" title="{escape(words)}">{EDGE}</span>'
    return f"{sign}{unseen(' ' + words)}"


def _second(view: View, code: str) -> str:
    other = beside(view)
    if other is None:
        return ""
    item = view.answer.item(code, other)
    return (
        f'<td class="two"><span class="v2">{escape(view.value(item))}</span>{badge(item)}'
        f"{unseen(' ' + word(view, item))}</td>"
    )


def _why_below(view: View, item: CurrentItem) -> str:
    """The same on a row of its own, for a phone, whose table has no column of lines."""
    if shown(item) is not None:
        return ""
    always = 3 + len(view.days)  # columns that are there at any width
    why = f'<span class="absent">{escape(why_absent(view, item))}</span>'
    return f'<tr class="why"><td colspan="{always}">{why}</td></tr>'


def _trend(view: View, item: CurrentItem) -> str:
    """The last day as a line; without a value, why."""
    text, digits = view.text, shown_digits(view.standard, item.pollutant)
    if shown(item) is None:
        return (
            f'<td class="trend"><span class="absent">{escape(why_absent(view, item))}</span></td>'
        )
    if item.pollutant not in pollutants():
        words = (
            text("decided by {what}", what=text.pollutant(item.dominant)) if item.dominant else ""
        )
        return f'<td class="trend"><span class="absent">{escape(words)}</span></td>'
    values = view.answer.trends.get(item.pollutant, {}).get(item.code, [])
    present = [value for value in values if value is not None]
    words = text("no values in the last 24 hours")
    if present:
        words = text(
            "between {low} and {high} in the last 24 hours",
            low=number(min(present), digits),
            high=number(max(present), digits),
        )
    line = sparkline(values, least_span(view, item.pollutant), item.grade or 0, words)
    return f'<td class="trend">{line}</td>'
