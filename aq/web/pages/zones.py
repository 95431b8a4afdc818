"""The page of the zones of a province: each one's value now, its members, acts, its last day."""

from html import escape
from urllib.parse import urlencode

import streamlit as st

from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst_day
from aq.domain.criteria import Standing
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.zones import KINDS, PM, Zone
from aq.i18n import Text
from aq.queries.criteria import ZoneYear, standings_now, year_of
from aq.queries.official import advisories_now
from aq.queries.zones import ZoneHour, zone_hours, zones_now
from aq.web.base_path import below
from aq.web.parts import cache, live_view, page
from aq.web.parts.tables import titled
from aq.web.wording.advisories import act_word
from aq.web.wording.korean import N_, long_hour, province_name, told_hour, zone_place
from aq.web.wording.zones import criterion_words, value_of
from aq.zones_file import zone_by_id, zone_of_act

HOURS = 24
PROOFS = {
    "official": N_("official page"),
    "press": N_("press"),
    "inferred": N_("inferred"),
    "unknown": N_("not known"),
}


def render() -> None:
    """Headline, the zones of the chosen province, the last day of the chosen zone."""
    page.top("zones")
    text, pollutant = page.words(), page.pollutant()
    picked = live_view.strip(pollutant, None)
    key = pollutant if pollutant in KINDS else "pm25"
    view = page.view().province
    province = view or PROVINCES[0]
    name = province_name(province, text.lang)
    title = text("{who}: zones of advisories of {what}", who=name, what=text.pollutant(key))
    note = text(
        "An advisory of fine dust is judged on the mean of a zone's stations, one of ozone on its"
        " highest station. Zones and their members are from public texts; the authority's list"
        " decides. Only urban stations are counted here."
    )
    page.html(f"<h1>{escape(title)}</h1><p>{escape(note)}</p>")
    with page.controls():
        page.switches(pollutant)
    now: list[ZoneHour] = cache.kept(zones_now, key, cache.moment())
    own = [hour for hour in now if hour.zone.province == province]
    standing = cache.kept(standings_now, key, cache.moment())
    with page.picture():
        page.html(_table(own, standing, key, text))
    page.html(_year(key, kst_day(cache.moment()).year, text))
    zone = zone_by_id(st.query_params.get("z", ""))
    if zone is not None and zone.kind == KINDS[key] and zone.province == province:
        page.html(_last_day(zone, key, text))
    page.bottom()
    page.pulse()
    if picked in BY_CODE:
        page.change(p=picked)


def _year(key: str, year: int, text: Text) -> str:
    """The year's acts against the criteria, in one sentence and by zone."""
    years = cache.kept(year_of, key, year, cache.moment())
    if not years:
        return ""
    rows = [_year_row(year, text) for year in years]
    head = [
        *(text("Zone"), text("Acts compared"), text("Criteria met")),
        *(text("Act without criteria"), text("Criteria without act")),
    ]
    note = text(
        "The law's criteria (Clean Air Conservation Act, Enforcement Rule, Table 7) on the hours of"
        " our zones. The authority may act, it need not; a difference is no error of either."
    )
    caption = text("Acts of {year} against the criteria", year=year)
    body = titled(caption, head, rows, text, numbers=True)
    return f'{body}<p class="muted">{escape(note)}</p>'


def _year_row(year: ZoneYear, text: Text) -> list[str]:
    found = year.matching
    counts = (year.compared, len(found.met), len(found.without), len(found.not_come))
    place = zone_place(year.zone.province, year.zone.name, text)
    return [escape(place), *(f"{count:,}" for count in counts)]


def _table(own: list[ZoneHour], standing: dict[str, Standing], key: str, text: Text) -> str:
    acts: dict[str, list[str]] = {}
    for act in cache.kept(advisories_now, cache.moment()):
        zone = zone_of_act(act)
        if zone is not None and act.pollutant == key:
            acts.setdefault(zone.id, []).append(act_word(act, text))
    rows = []
    for hour in own:
        criterion = criterion_words(standing.get(hour.zone.id), text)
        rows.append(_row(hour, key, ", ".join(acts.get(hour.zone.id, ())), criterion, text))
    value = text("Mean now") if KINDS[key] == PM else text("Highest station now")
    head = [
        *(text("Zone"), value, text("Hour"), text("Stations"), text("Act in force")),
        *(text("Criteria"), text("Members"), text("Known by")),
    ]
    return titled(text("Zones"), head, rows, text)


def _row(newest: ZoneHour, key: str, acts: str, criterion: str, text: Text) -> list[str]:
    zone = newest.zone
    address = urlencode({"p": zone.province.code, "x": key, "z": zone.id})
    hour = told_hour(text, from_hour_number(newest.hour), cache.moment()) if newest.value else "–"
    heard = newest.value.heard if newest.value else 0
    members = ", ".join(
        text.name(" ".join(member.name) or zone.province.ko) for member in zone.members
    )
    cells = (
        value_of(newest),
        hour,
        text("{n} of {all}", n=heard, all=max(newest.expected, heard)),
        acts or "–",
        criterion or "–",
    )
    link = f'<a href="?{escape(address)}" target="_self">{escape(text.zone(zone.name))}</a>'
    members = f'<span class="prose">{escape(members or text("not known"))}</span>'
    return [link, *map(escape, cells), members, escape(text(PROOFS[zone.proof]))]


def _last_day(zone: Zone, key: str, text: Text) -> str:
    end = hour_number(floor_hour(cache.moment()))
    hours: list[ZoneHour] = cache.kept(zone_hours, (zone,), key, end - HOURS, end)
    rows = []
    for hour in reversed(hours):
        heard = hour.value.heard if hour.value else 0
        cells = (
            long_hour(text, from_hour_number(hour.hour)),
            value_of(hour),
            text("{n} of {all}", n=heard, all=max(hour.expected, heard)),
        )
        rows.append([escape(cell) for cell in cells])
    caption = text("{zone}: the last {n} hours", zone=text.zone(zone.name), n=HOURS)
    since = kst_day(from_hour_number(end - HOURS)).isoformat()
    asked = urlencode({"pollutant": key, "since": since})
    address = f"{below(f'/api/v1/zones/{zone.id}/history')}?{asked}"
    link = f'<p class="muted"><a href="{escape(address)}">JSON</a></p>'
    head = [text("Hour"), text("Value"), text("Stations")]
    return titled(caption, head, rows, text, numbers=True) + link


if __name__ == "__main__":
    render()
