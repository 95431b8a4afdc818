"""The zones of a province as tiles, each with its value now; a tile leads to the zone's page."""

from collections.abc import Callable, Sequence
from html import escape

from aq.domain.clock import from_hour_number
from aq.domain.windows import OVERALL
from aq.domain.zones import KINDS, PM, Zone
from aq.queries.zones import ZoneHour, zone_item
from aq.web.drawings.marks import act_sign
from aq.web.drawings.view import View
from aq.web.wording.advisories import act_word
from aq.web.wording.korean import told_hour
from aq.web.wording.zones import absent_words, figure_of, value_of
from aq.zones_file import zone_of_act

Way = Callable[[Zone], str]  # the address of a zone's page, as an attribute's value


def zone_keys(pollutant: str) -> tuple[str, ...]:
    """The pollutants whose zones are shown for one: of the index both fine dusts, of a gas that has
    no advisories none."""
    if pollutant == OVERALL:
        return tuple(key for key, kind in KINDS.items() if kind == PM)
    return (pollutant,) if pollutant in KINDS else ()


def opened_zones(view: View) -> str:
    """The place's zones behind a line that opens; nothing where the pollutant has none."""
    text = view.text
    groups = [(key, view.zones.get(key, ())) for key in zone_keys(view.pollutant)]
    number = max((len(hours) for _, hours in groups), default=0)
    if not number:
        return ""

    def way(key: str) -> Way:
        return lambda zone: view.href("zones", p=zone.province.code, x=key, z=zone.id)

    body = "".join(zone_tiles(view, key, hours, way(key)) for key, hours in groups)
    summary = escape(text("By zone ({n})", n=number))
    return f'<details data-keep="zones"><summary>{summary}</summary>{body}</details>'


def zone_tiles(view: View, key: str, hours: Sequence[ZoneHour], way: Way) -> str:
    """The newest hour of each zone of a pollutant's kind, under what the values are."""
    if not hours:
        return ""
    text = view.text
    basis = text("Mean now") if KINDS[key] == PM else text("Highest station now")
    title = f"{text.pollutant(key)} {view.unit(key)} · {basis}"
    acts: dict[str, str] = {}
    for act in view.answer.acts:
        zone = zone_of_act(act) if act.pollutant == key else None
        if zone is not None:
            acts.setdefault(zone.id, act_word(act, text))
    newest = max((hour.hour for hour in hours if hour.value), default=0)
    body = "".join(_tile(view, hour, way, acts.get(hour.zone.id, ""), newest) for hour in hours)
    return (
        f'<p class="meta">{escape(title)}</p>'
        f'<ol class="tiles zones" aria-label="{escape(title)}">{body}</ol>'
    )


def _tile(view: View, hour: ZoneHour, way: Way, act: str, newest: int) -> str:
    text, item = view.text, zone_item(hour, view.standard)
    level = view.standard.level(item["grade"]) if item["grade"] else None
    words = level.label(text.lang) if level else text("no level")
    told = f"{value_of(hour)} · {item['stations']}/{item['stations_expected']}"
    if hour.value is None:
        told, words = absent_words(hour, text), text("no data")
    elif hour.hour != newest:
        words += f" · {told_hour(text, from_hour_number(hour.hour), view.answer.now)}"
    mark = act_sign(act) if act else ""
    absent = "" if item["grade"] else " none"
    return (
        f'<li><a class="tile g{item["grade"] or 0}{absent}" href="{way(hour.zone)}"'
        f' title="{escape(told)}"><span class="tn">{escape(text.zone(hour.zone.name))}'
        f'{mark}</span> <b class="tg">{item["letter"] or "–"}</b> '
        f'<span class="tv">{escape(figure_of(hour))}</span> '
        f'<span class="tw">{escape(words)}</span></a></li>'
    )
