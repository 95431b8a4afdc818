"""Frames for other sites: strip, map, province, calendar and line, each whole under 40 kB."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from pathlib import Path

from aq.context import Context, asked_pollutants
from aq.domain.errors import InputError
from aq.domain.model import LANGUAGES
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES, Province, find_province
from aq.feeds.registry import EVERY
from aq.i18n import N_, Text, pollutant_key, text_in
from aq.queries.current import CurrentItem, current
from aq.web.drawings.days_calendar import days_calendar
from aq.web.drawings.lead import LISTED, NO_BREAK
from aq.web.drawings.map import tiles
from aq.web.drawings.marks import badge, framed, stamp, told, word
from aq.web.drawings.outline_map import outline_map
from aq.web.drawings.paint import BY_THEME
from aq.web.drawings.style import sheet
from aq.web.drawings.view import View
from aq.web.head import GROUND, oembed_link
from aq.web.public.document import compact, pruned, said_once
from aq.web.public.frame_heights import height as frame_height
from aq.web.public.moment import Moment
from aq.web.public.paths import Page, slug
from aq.web.public.pictures import (
    chosen_words,
    judged_words,
    measured,
    round_days,
    week_line,
    year_of_days,
)
from aq.web.site import Site
from aq.web.wording import headline, lead, summary
from aq.web.wording.korean import province_name, shown

OFFICIAL = "airkorea_means"
# AirKorea's means are hourly values: of its own four grades by the hour alone are they unchanged.
OFFICIAL_STANDARD = "airkorea_1h"
THEMES, LAYOUTS = ("auto", "light", "dark"), ("wrap", "list", "scroll")
SOURCES = ("own", "official")
MOST_LINES, MOST_PICTURED = 4, 6
MAP_STEP = 2  # units of the grid its outlines lie on, so that no day of acts makes it too large
REFRESH_SECONDS = 300
PARAMETERS = (
    *("province", "provinces", "pollutant", "standard", "lang", "theme", "layout", "source"),
)
WIDTHS = (320, 390, 768)  # pixels, in which an editor sees a frame
KINDS: Mapping[str, str] = {
    "strip": N_("Strip of provinces"),
    "map": N_("Map"),
    "province": N_("A province"),
    "calendar": N_("A year of days"),
    "line": N_("A week as a line"),
}
_STYLES = compact((Path(__file__).parent / "embed.css").read_text("utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a frame shows, checked: of which provinces, pollutant and means, in which dress."""

    kind: str
    site: Site
    lang: str
    theme: str
    layout: str
    official: bool
    pollutant: str
    standard: str
    provinces: tuple[Province, ...]
    query: Mapping[str, str]

    @property
    def text(self) -> Text:
        """The words of its language."""
        return text_in(self.lang)

    @property
    def address(self) -> str:
        """Its own whole address."""
        return self.site.url(f"embed/{self.kind}", self.query)


def read(
    context: Context, kind: str, site: Site, query: Mapping[str, str], known: Collection[str] = ()
) -> Frame:
    """The frame a query asks for. Raises `InputError` naming the parameter that is wrong."""
    if kind not in (known or KINDS):
        raise InputError(f"known are {', '.join(known or KINDS)}", "kind", unknown=True)
    source = _one_of(query, "source", SOURCES)
    standard = _standard(context, query.get("standard"), source)
    rules = context.standards[standard]
    wanted = pollutant_key(query.get("pollutant") or rules.keys[0])
    (pollutant,) = asked_pollutants(rules, [wanted])
    names = [part for part in _names(query) if part.strip()]
    provinces = tuple(dict.fromkeys(find_province(name.strip()) for name in names))
    if source == "official" and (kind in ("calendar", "line") or pollutant not in pollutants()):
        raise InputError("AirKorea's own means are shown as strip, map or province", "source")
    if kind in ("province", "calendar") and len(provinces) > 1:
        raise InputError("one province at a time", "provinces")
    most, where = (MOST_PICTURED, "picture") if known else (MOST_LINES, "frame")
    if kind == "line" and len(provinces) > most:
        raise InputError(f"at most {most} lines in a {where}", "provinces")
    return Frame(
        kind=kind,
        site=site,
        lang=_one_of(query, "lang", LANGUAGES, context.settings.lang),
        theme=_one_of(query, "theme", THEMES),
        layout=_one_of(query, "layout", LAYOUTS),
        official=source == "official",
        pollutant=pollutant,
        standard=standard,
        provinces=provinces,
        query=dict(query),
    )


def _standard(context: Context, asked: str | None, source: str) -> str:
    """The standard asked for. AirKorea's own means take none that would convert or average them."""
    default = OFFICIAL_STANDARD if source == "official" else context.settings.display.standard
    standard = asked or default
    if standard not in context.standards:
        raise InputError(f"known are {', '.join(sorted(context.standards))}", "standard")
    if source == "official" and standard != OFFICIAL_STANDARD:
        raise InputError(
            f"AirKorea's own means are shown unchanged, so by {OFFICIAL_STANDARD} alone;"
            " leave out standard, or source=official",
            "standard",
        )
    return standard


def _names(query: Mapping[str, str]) -> Sequence[str]:
    if "province" in query and "provinces" in query:
        raise InputError("give either province or provinces", "provinces")
    return (query.get("provinces") or query.get("province") or "").split(",")


def _one_of(
    query: Mapping[str, str], name: str, known: Sequence[str], default: str | None = None
) -> str:
    value = query.get(name) or default or known[0]
    if value not in known:
        raise InputError(f"known are {', '.join(known)}", name)
    return value


def page(context: Context, frame: Frame, moment: Moment) -> bytes:
    """The frame's page."""
    main, view = _main(context, frame, moment)
    return _document(frame, frame.text(KINDS[frame.kind]), main, view)


def _main(context: Context, frame: Frame, moment: Moment) -> tuple[str, View]:
    """What stands in the frame, and the view it is drawn of."""
    if frame.official:
        snapshot = current(context, moment.now, standard=frame.standard, only=OFFICIAL)
        moment = replace(moment, live=replace(moment.live, country=snapshot))
    view = View(
        answer=moment.live, text=frame.text, pollutant=frame.pollutant, place="", descending=False
    )
    main = MAKERS[frame.kind](frame, moment, view)
    return said_once(main + _foot(frame, moment)), view


def _document(frame: Frame, title: str, main: str, view: View | None) -> bytes:
    dress = "" if frame.theme == "auto" else f' data-theme="{frame.theme}"'
    body = f'<div class="dw embed" lang="{frame.lang}"{dress}>{main}</div>'
    if view is not None:
        dark = {"dark": True, "light": False}.get(frame.theme)
        body = framed(replace(view, dark=dark), main).replace('class="dw"', 'class="dw embed"', 1)
    return (
        f'<!doctype html>\n<html lang="{frame.lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}"><meta name="robots"'
        f' content="noindex"><title>{escape(title)}</title>'
        f"{oembed_link(frame.site, frame.address, title)}"
        f"<style>{pruned(sheet(), body)}{_STYLES}{_ground(frame.theme)}</style></head>"
        f"<body>{body}</body></html>\n"
    ).encode()


def _ground(theme: str) -> str:
    """The ground below the frame's content in its theme, so that no bar of another colour stands
    in a dark page."""
    rule = ":root{{color-scheme:{}}}body{{background:{}}}"
    if theme != "auto":
        return rule.format(theme, GROUND[theme])
    dark = rule.format("dark", GROUND["dark"])
    return f"{rule.format('light', GROUND['light'])}@media (prefers-color-scheme:dark){{{dark}}}"


def refusal(kind: str, query: Mapping[str, str], site: Site, lang: str, words: str) -> bytes:
    """The frame of a parameter that is wrong: said in the frame, in its theme where it has one."""
    theme = query.get("theme", "auto")
    frame = Frame(
        kind=kind if kind in KINDS else "strip",
        site=site,
        lang=query.get("lang", lang) if query.get("lang", lang) in LANGUAGES else lang,
        theme=theme if theme in THEMES else "auto",
        layout="wrap",
        official=False,
        pollutant="pm10",
        standard="",
        provinces=(),
        query={},
    )
    text = frame.text
    main = (
        f'<p role="alert"><b>{escape(text("This frame cannot be shown as it is asked for."))}</b>'
        f'</p><p><code>{escape(words)}</code></p><footer><p><a href="{escape(site.url("embed"))}"'
        f' target="_blank" rel="noopener">{escape(text("Choose a frame"))}</a></p></footer>'
    )
    return _document(frame, text("Error"), main, None)


def _items(frame: Frame, view: View) -> list[CurrentItem]:
    wanted = {province.code for province in frame.provinces} or set(BY_CODE)
    return [item for item in view.items if item.code in wanted]


def _strip(frame: Frame, _moment: Moment, view: View) -> str:
    text = frame.text
    chips = ""
    for item in _items(frame, view):
        name = escape(province_name(BY_CODE[item.code], text.lang))
        cell = "span" if frame.layout == "list" else "small"
        value = escape(told(view, item))
        said = f'<{cell} class="missing">{value}</{cell}>'
        if shown(item) is not None:
            said = f"<{cell}>{escape(word(view, item))}</{cell}><{cell}>{value}</{cell}>"
        chips += f'<li><b class="name">{name}</b>{badge(item)}{said}</li>'
    what = escape(text.pollutant(frame.pollutant))
    kind = "" if frame.layout == "wrap" else f"{frame.layout} "
    # What scrolls can be reached and moved by keys.
    reached = f' tabindex="0" aria-label="{what}"' if frame.layout == "scroll" else ""
    return f'<h1>{what}</h1><ol class="{kind}chips"{reached}>{chips}</ol>{_scale(view)}'


def _scale(view: View) -> str:
    """The scale in words, so that no mouse is needed to know a letter."""
    levels = view.standard.levels
    cells = "".join(
        f'<li><b class="bd g{place}">{level.letter}</b> {escape(level.label(view.text.lang))}</li>'
        for place, level in enumerate(levels, start=1)
    )
    return f'<ol class="scale">{cells}</ol>'


def _map(frame: Frame, moment: Moment, view: View) -> str:
    text = frame.text
    items = _items(frame, view)
    title = lead.title(view.items, () if frame.official else view.answer.acts, view.standard, text)
    if frame.provinces:
        title = chosen_words(frame.provinces, frame.pollutant, text)
    drawing = outline_map(items, view.standard, text, BY_THEME, title, MAP_STEP)
    words = re.sub(LISTED, NO_BREAK, escape(title))
    # In a narrow column the names on the outlines would be too small to read.
    narrow = _tiles(frame, moment, view, {item.code for item in items})
    return f'<h1>{words}</h1><div class="outlined">{drawing}</div>{narrow}{_scale(view)}'


def _tiles(frame: Frame, moment: Moment, view: View, chosen: Collection[str]) -> str:
    def link(_page: str, changes: Mapping[str, str]) -> str:
        path = Page(slug(changes["p"])).path(frame.lang, moment.context.settings.lang)
        return frame.site.url(path)

    acts = view.answer.acts if view.acts.keys() & set(chosen) else ()
    answer = replace(view.answer, trends={}, acts=acts)
    drawn = tiles(replace(view, link=link, answer=answer), chosen)
    return drawn.replace('<a class="tile', '<a target="_blank" rel="noopener" class="tile')


def _only(frame: Frame) -> Province:
    return frame.provinces[0] if frame.provinces else PROVINCES[0]


def _province(frame: Frame, _moment: Moment, view: View) -> str:
    text, place = frame.text, _only(frame)
    item = view.answer.item(place.code, frame.pollutant)
    number = escape(view.value(item))
    unit = escape(item.unit or "")
    absent = "".join(f"<p>{escape(words)}</p>" for words in headline.absences([item], text))
    six = "".join(
        f"<li><span>{escape(text.pollutant(one.pollutant))}</span><span>{badge(one)}"
        f" {escape(view.value(one))} <small>{escape(one.unit or '')}</small></span></li>"
        for one in view.answer.items_of(place.code)
        if one.pollutant in pollutants()
    )
    acts = "".join(
        f"<p><b>▲ {escape(text.pollutant(act.pollutant))} {escape(text.advisory(act.word))}</b>"
        f" {escape(text.zone(act.zone))}</p>"
        for act in view.acts.get(place.code, ())
    )
    name = escape(province_name(place, text.lang))
    what = escape(text.pollutant(frame.pollutant))
    return (
        f'<h1>{name} · {what}</h1>{acts}<div class="now"><span class="num">{number}</span>'
        f'<span><b class="bd g{item.grade or 0}">{item.letter or "–"} {escape(word(view, item))}'
        f'</b><br/><small>{unit}</small></span></div>{absent}<ol class="six">{six}</ol>'
    )


def _calendar(frame: Frame, moment: Moment, view: View) -> str:
    text, place = frame.text, _only(frame)
    year = year_of_days(moment, place, frame.pollutant)
    first, last = year.first, year.last
    who, what = province_name(place, text.lang), text.pollutant(frame.pollutant)
    title = text("{who} · {what}, day by day", who=who, what=what)
    # Two halves below each other, so that a day can be seen in a narrow column.
    middle = first + (last - first) / 2
    halves = ((first, middle), (middle + timedelta(days=1), last))
    drawing = "".join(
        days_calendar(
            year.grades,
            begin,
            end,
            view.standard,
            text,
            BY_THEME,
            title,
            round_days=year.modelled,
        )
        for begin, end in halves
    )
    how = f"{judged_words(view.standard, frame.pollutant, text)}."
    how = escape(" ".join([how, *round_days(year, text)]))
    return f"<h1>{escape(title)}</h1>{drawing}{_scale(view)}<p><small>{how}</small></p>"


def _line(frame: Frame, moment: Moment, _view: View) -> str:
    text, key = frame.text, frame.pollutant
    measured(key)
    body = ""
    for place in frame.provinces or PROVINCES[:1]:
        who = escape(province_name(place, text.lang))
        what = escape(f"{text.pollutant(key)} {pollutants()[key].unit}")
        drawing = week_line(moment, place, key, text, BY_THEME, (400, 170))
        body += f"<h1>{who} · {what}</h1>{drawing}"
    return body


Maker = Callable[[Frame, Moment, View], str]
MAKERS: Mapping[str, Maker] = {
    "strip": _strip,
    "map": _map,
    "province": _province,
    "calendar": _calendar,
    "line": _line,
}


def _feeds(frame: Frame, moment: Moment) -> tuple[str, ...]:
    """All feeds that a frame's values are of."""
    if frame.kind != "calendar":
        return moment.sources
    return year_of_days(moment, _only(frame), frame.pollutant).feeds


def _foot(frame: Frame, moment: Moment) -> str:
    """Hour, source, whose means they are, the licence and the way back."""
    text, country = frame.text, moment.live.country
    items = country.of(frame.pollutant)
    parts = []
    if moment.simulated:
        parts.append(f'<b class="sim">{escape(text("SIMULATED data"))}</b>')
    hour = escape(summary.stands(country.hour, moment.newest, text))
    shown_of = country.hour or moment.newest
    parts.append(stamp(shown_of, hour, text) if shown_of else hour)
    if country.hour:
        # A calendar ends with yesterday, however old the newest hour is.
        late = headline.late(items, text) if frame.kind != "calendar" else ""
        parts += [f"<b>{escape(late)}</b>"] if late else []
    feeds = _feeds(frame, moment)
    parts.append(escape(summary.sources(feeds, text)))
    if frame.official:
        means = text(
            "These are AirKorea's own province means, unchanged; the level is given here, by"
            " {standard}.",
            standard=moment.live.standard.titles[text.lang],
        )
    else:
        means = text("Province means are ours, of AirKorea's urban stations.")
    licence = " ".join(f"{words}." for words in summary.licences(feeds, text))
    only = frame.provinces[0] if len(frame.provinces) == 1 else None
    back = Page(slug(only.code)) if only else Page()
    way = frame.site.url(back.path(frame.lang, moment.context.settings.lang))
    own = frame.official or any(EVERY[feed].pooled for feed in feeds)
    return (
        f"<footer><p>{' '.join(parts)}</p><p>{escape(means) if own else ''} {escape(licence)}</p>"
        f'<p><a href="{escape(way)}" target="_blank" rel="noopener">'
        f"{escape(text('Air Quality 17'))}</a></p></footer>"
    )


def height(context: Context, frame: Frame, moment: Moment, width: int) -> int:
    """How high the frame is in a column of a width [pixels], with room for what may come."""
    main, _ = _main(context, frame, moment)
    return frame_height(main, width)


def iframe(address: str, title: str, high: int) -> str:
    """The element an editor pastes."""
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="100%" height="{high}"'
        ' style="border:0" loading="lazy"></iframe>'
    )
