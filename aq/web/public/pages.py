"""The content of the plain pages: the country, a province, a zone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from html import escape

from aq.domain.clock import from_hour_number, kst_day
from aq.domain.forecasts import DayAhead
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES, Province, provinces_named
from aq.domain.zones import KINDS, Member, Zone
from aq.i18n import Text
from aq.queries.official import lists_lacking
from aq.queries.zones import ZoneHour, zone_item
from aq.web import linked_data
from aq.web.drawings import lead
from aq.web.drawings.chips import strip
from aq.web.drawings.hours_line import Line, hours_line
from aq.web.drawings.map import map_svg
from aq.web.drawings.marks import badge, forecast, framed, unseen, word
from aq.web.drawings.paint import BY_THEME
from aq.web.drawings.place import card
from aq.web.drawings.table import table
from aq.web.drawings.view import View
from aq.web.drawings.zones import zone_tiles
from aq.web.public.card import card_of
from aq.web.public.document import Content, Place
from aq.web.public.moment import WEEK_HOURS, Moment
from aq.web.public.paths import Page, slug
from aq.web.wording import summary
from aq.web.wording.korean import (
    missing_short,
    provenance,
    province_name,
    shown,
    told_hour,
    zone_place,
)
from aq.web.wording.zones import absent_words, value_of

MOST_ACTS = 5  # told one by one
FORECAST = ("pm10", "pm25", "o3")


def country(place: Place, moment: Moment) -> Content:
    """The 17 provinces now: strip, acts, headline, map, table, the days to come."""
    text, answer = place.text, moment.live
    view = view_of(place, moment)
    parts = [
        lead.acts(view, MOST_ACTS),
        lead.title(view),
        lead.deck(view),
        f'<div class="two-up"><div class="country">{map_svg(view, step=3)}</div>'
        f'<div class="scroll">{table(view)}</div></div>',
        _outlook(view),
    ]
    body = f"{framed(view, strip(view, None))}{framed(view, ''.join(parts))}"
    described = summary.description(view.items, answer.standard, text)
    return Content(
        title=lead.sentence(view),
        description=described,
        main=body,
        image=card_of(place.site, moment, text),
        data=(
            linked_data.dataset(place.site, answer.country, text),
            *linked_data.announcements(place.site, answer, text, MOST_ACTS),
        ),
    )


def view_of(place: Place, moment: Moment, code: str | None = None) -> View:
    """The view the drawings are made for: links lead to plain pages, all else to the dashboard."""

    def link(name: str, changes: Mapping[str, str]) -> str:
        chosen = changes.get("p")
        if not name and chosen and set(changes) == {"p"}:
            return place.way(Page(slug(chosen)))
        return place.dashboard(name, **{"x": place.pollutant, **changes})

    return View(
        answer=moment.live,
        text=place.text,
        pollutant=place.pollutant,
        place=code or "",
        mine=False,
        sort="order" if code is None else "value",
        descending=False,
        link=link,
        ahead=moment.ahead[code] if code else {},
        feeds=moment.feeds,
        polled=moment.context.settings.scheduler != "off",
    )


def _outlook(view: View, code: str | None = None) -> str:
    """The days to come as AirKorea forecasts them, each of the three pollutants a table."""
    text, today = view.text, kst_day(view.answer.now)
    rows = ""
    for key in FORECAST:
        days = view.answer.days.get(key, ())
        if any(day.by_code for day in days):
            rows += _outlook_row(view, key, days, code)
    if not rows:
        return ""
    days = next(iter(view.answer.days.values()))
    head = "".join(
        f'<th scope="col">{escape(text.day_ahead(day.day, (day.day - today).days))}</th>'
        for day in days
    )
    title = escape(text("The days ahead, as AirKorea forecasts them"))
    note = escape(text("Issued {when}", when=_issued(view, days)))
    return (
        f'<h2>{title}</h2><div class="scroll"><table class="outlook"><thead><tr>'
        f'<th scope="col">{escape(text("Pollutant"))}</th>'
        f'{head}</tr></thead><tbody>{rows}</tbody></table></div><p class="meta">{note}</p>'
    )


def _issued(view: View, days: Sequence[DayAhead]) -> str:
    notice = next((day.notice for day in days if day.notice), None)
    return told_hour(view.text, notice.issued_at, view.answer.now) if notice else "–"


def _outlook_row(view: View, key: str, days: Sequence[DayAhead], code: str | None) -> str:
    """A row of a pollutant; of the whole country each day is told as how many are of each word."""
    seen = replace(view, pollutant=key)
    cells = ""
    for day in days:
        if code is not None:
            sign = forecast(seen, day, code)
            cells += f"<td>{sign.badge}{unseen(' ' + sign.words)}</td>"
        else:
            cells += f"<td>{_counted(seen, day)}</td>"
    name = escape(view.text.pollutant(key))
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _counted(view: View, day: DayAhead) -> str:
    """The provinces of a day by forecast word: the badge and how many."""
    signs: dict[str, int] = {}
    for province in PROVINCES:
        badge_of = forecast(view, day, province.code).badge
        signs[badge_of] = signs.get(badge_of, 0) + 1
    told = sorted(signs.items(), key=lambda entry: -entry[1])
    return " ".join(f"<span>{sign} {count}</span>" for sign, count in told)


def province(place: Place, moment: Moment, chosen: Province) -> Content:
    """A province now: the six pollutants, what to do, a week of each fine dust, its stations."""
    text, code = place.text, chosen.code
    view = view_of(place, moment, code)
    item = moment.live.item(code, place.pollutant)
    title = summary.province_title(item, view.standard, view.value(item), text)
    own = _of_province(view, code)
    parts = [
        lead.acts(own),
        f"<h1>{escape(title)}</h1>",
        card(view, choose=False),
        _six(view, code),
        _outlook(view, code),
        _week(place, moment, view, code),
        _stations(place, moment, view, code),
        _others(place, code),
    ]
    items = moment.live.items_of(code)
    described = summary.province_description(items, view.standard, view.value, text)
    return Content(
        title=title,
        description=described,
        main=framed(view, "".join(parts)),
        image=card_of(place.site, moment, text),
        data=tuple(linked_data.announcements(place.site, own.answer, text)),
    )


def _of_province(view: View, code: str) -> View:
    """The view with the acts of one province alone."""
    kept = view.acts.get(code, ())
    pairs = zip(view.answer.acts, view.answer.zone_hours, strict=True)
    chosen = [(act, zone) for act, zone in pairs if act in kept]
    dust = tuple(
        act for act in view.answer.yellow_dust if BY_CODE[code] in provinces_named(act.areas)
    )
    answer = replace(
        view.answer,
        acts=tuple(act for act, _ in chosen),
        zone_hours=tuple(zone for _, zone in chosen),
        yellow_dust=dust,
    )
    return replace(view, answer=answer)


def _six(view: View, code: str) -> str:
    text = view.text
    rows = ""
    for item in view.answer.items_of(code):
        if item.pollutant not in pollutants():
            continue
        seen = replace(view, pollutant=item.pollutant)
        value = escape(seen.value(item)) + f" <small>{escape(item.unit or '')}</small>"
        if shown(item) is None:
            value = f'<span class="absent">{escape(missing_short(text, item))}</span>'
        heard = "–" if item.stations is None else f"{item.stations}/{item.stations_expected}"
        rows += (
            f'<tr><th scope="row">{escape(text.pollutant(item.pollutant))}</th>'
            f'<td class="lv">{badge(item)}<span class="w">{escape(word(seen, item))}</span></td>'
            f'<td class="n">{value}</td><td class="n">{heard}</td></tr>'
        )
    heads = (text("Pollutant"), text("Level"), text("Value"), text("Stations"))
    kinds = ("", "", ' class="n"', ' class="n"')
    head = "".join(
        f'<th scope="col"{kind}>{escape(one)}</th>' for one, kind in zip(heads, kinds, strict=True)
    )
    title = escape(text("The six pollutants now"))
    return (
        f'<h2>{title}</h2><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _week(place: Place, moment: Moment, view: View, code: str) -> str:
    """The last week of both fine dusts and ozone, each a line on the bands of its levels."""
    text, hour = view.text, moment.hour
    if hour is None:
        return ""
    body = ""
    for key in FORECAST:
        values = moment.week.get(key, {}).get(code, [])
        if not any(value is not None for value in values):
            continue
        what = f"{text.pollutant(key)} {pollutants()[key].unit}"
        words = text("{who} · {what}, last {n} days", who=view.name(code), what=what, n=7)
        line = Line(values=values, until=hour, pollutant=key, standard=view.standard, words=words)
        body += f"<div><h3>{escape(what)}</h3>{hours_line(line, text, BY_THEME)}</div>"
    if not body:
        return ""
    title = escape(text("The last {n} days, hour by hour", n=WEEK_HOURS // 24))
    more = escape(place.dashboard("past", p=code, x=view.pollutant))
    words = escape(text("Past of {who}", who=view.name(code)))
    item = view.answer.item(code, view.pollutant)
    source = escape(f"{text.feed(item.feed or '')}, {provenance(text, item.kind, item.status)}")
    source = f'<p class="meta">{source} · <a href="{more}">{words}</a></p>' if item.feed else ""
    return f'<h2>{title}</h2><div class="lines">{body}</div>{source}'


def _stations(place: Place, moment: Moment, view: View, code: str) -> str:
    """Where its stations stand, and the values of its zones now."""
    text = view.text
    zones = "".join(
        zone_tiles(view, key, hours, lambda zone: place.way(Page(f"zone/{zone.id}")))
        for key, hours in moment.zones_of(code, KINDS).items()
    )
    where = escape(place.dashboard("stations", p=code, x=view.pollutant))
    stations = escape(text("The stations of {who}", who=view.name(code)))
    found = f'<p><a href="{where}">{stations}</a></p>'
    if zones:
        found += f"<h2>{escape(text('Zones'))}</h2>{zones}"
    return found


def _others(place: Place, code: str) -> str:
    text = place.text
    ways = [
        (place.way(Page(slug(province.code))), province)
        for province in PROVINCES
        if province.code != code
    ]
    links = "".join(
        f'<a href="{way}">{escape(province_name(other, text.lang))}</a>' for way, other in ways
    )
    return f"<h2>{escape(text('Other provinces'))}</h2><nav class='others'>{links}</nav>"


def zone(place: Place, moment: Moment, chosen: Zone) -> Content:
    """A zone now: its values, the acts in force in it, what it consists of."""
    text = place.text
    province_title = province_name(chosen.province, text.lang)
    view, answer = view_of(place, moment), moment.live
    acts = moment.acts_by_zone.get(chosen.id, [])
    own = replace(
        answer,
        acts=tuple(act for act, _ in acts),
        zone_hours=tuple(hour for _, hour in acts),
        yellow_dust=(),
    )
    keys = [key for key, kind in KINDS.items() if kind == chosen.kind]
    rows = "".join(_zone_row(moment, view, chosen, key) for key in keys)
    heads = (text("Pollutant"), text("Level"), text("Value"), text("Stations"), text("Hour"))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    kind = text("Zone of fine dust advisories") if chosen.kind == "PM" else text("Zone of ozone")
    past = escape(place.dashboard("zones", p=chosen.province.code, x=keys[-1], z=chosen.id))
    title = zone_place(chosen.province, chosen.name, text)
    members = ", ".join(_member(member, chosen, text) for member in chosen.members)
    lacking = moment.shared("lists lacking", lambda: lists_lacking(moment.context, ()))
    quiet = text("No official advisory is in force in this zone.")
    if ("dust" if chosen.kind == "PM" else "ozone") in lacking:
        quiet = text("No list of official advisories was received so far, so none is known.")
    parts = [
        lead.acts(replace(view, answer=own)) or f"<p>{escape(quiet)}</p>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="meta">{escape(kind)}</p>',
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>",
        _members(place, members),
        f'<p><a href="{place.way(Page(slug(chosen.province.code)))}">'
        f"{escape(text('The air of {who} now', who=province_title))}</a> · "
        f'<a href="{past}">'
        f"{escape(text('The past of this zone'))}</a></p>",
    ]
    values = ", ".join(
        f"{text.pollutant(key)} {value_of(hour)}"
        for key in keys
        if (hour := moment.zones[key].get(chosen.id))
    )
    return Content(
        title=title,
        description=f"{kind}: {title}. {values}".strip(),
        main=framed(view, "".join(parts)),
        image=card_of(place.site, moment, text),
        data=tuple(linked_data.announcements(place.site, own, text)),
    )


def _member(member: Member, chosen: Zone, text: Text) -> str:
    """A district as people write it, with the parts of it that are meant."""
    name = text.name(" ".join(member.name) or chosen.province.names[-1])
    if member.only:
        name += f" ({text.name('·'.join(member.only))})"
    if member.without:
        name += " " + text("(without {parts})", parts=text.name("·".join(member.without)))
    return name


def _members(place: Place, members: str) -> str:
    if not members:
        return ""
    text = place.text
    return f"<p>{escape(text('Consists of:'))} {escape(members)}</p>"


def _zone_row(moment: Moment, view: View, chosen: Zone, key: str) -> str:
    text = view.text
    hour: ZoneHour | None = moment.zones[key].get(chosen.id)
    name = f'<th scope="row">{escape(text.pollutant(key))}</th>'
    if hour is None or hour.value is None:
        words = absent_words(hour, text)
        return f'<tr>{name}<td><b class="bd g0">–</b></td><td colspan="3">{escape(words)}</td></tr>'
    item = moment.shared(("zone", chosen.id, key), partial(zone_item, hour, view.standard))
    level = view.standard.level(item["grade"]) if item["grade"] else None
    label = escape(level.label(text.lang)) if level else escape(text("no level"))
    when = escape(told_hour(text, from_hour_number(hour.hour), moment.now))
    sign = f'<b class="bd g{item["grade"] or 0}">{item["letter"] or "–"}</b>'
    return (
        f"<tr>{name}<td>{sign} {label}</td>"
        f"<td>{escape(value_of(hour))}</td><td>{item['stations']}/{item['stations_expected']}</td>"
        f"<td>{when}</td></tr>"
    )
