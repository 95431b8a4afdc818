"""The places a page of the past draws: provinces and stations, from the address and by choice."""

from dataclasses import dataclass

import streamlit as st

from aq.domain.provinces import BY_CODE, BY_ID, PROVINCES
from aq.i18n import Text
from aq.queries import stations as roster
from aq.web.parts import cache, page
from aq.web.parts.view_state import MOST_PLACES, View
from aq.web.wording.korean import province_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A province or a station: how the store and the address know it, and its name.

    `code` is its province's; `ref` is the province's code, or the station's.
    """

    level: str
    id: int
    code: str
    ref: str
    name: str


def read(view: View, text: Text) -> list[Place]:
    """The places of the address, provinces first; the province of the view where it names none."""
    found = [_province(code, text) for code in view.places]
    found += [one for ref in view.stations if (one := _station(ref, text))]
    if not found:
        found = [_province(view.province.code if view.province else PROVINCES[0].code, text)]
    return found[:MOST_PLACES]


def _province(code: str, text: Text) -> Place:
    one = BY_CODE[code]
    name = province_name(one, text.lang)
    return Place(level="province", id=one.id, code=code, ref=code, name=name)


def _station(ref: str, text: Text) -> Place | None:
    kept = cache.kept(roster.station_of, ref)
    if kept is None or kept.province is None:
        return None
    code = BY_ID[kept.province].code
    return Place(level="station", id=kept.id, code=code, ref=ref, name=text.name(kept.name))


def choose(chosen: list[Place], text: Text) -> None:
    """Up to six places: the provinces, and the stations of those chosen."""
    names = {province.code: province_name(province, text.lang) for province in PROVINCES}
    for code in dict.fromkeys(place.code for place in chosen):
        for ref, name in cache.kept(roster.named, BY_CODE[code].id):
            names.setdefault(ref, f"{text.name(name)} ({province_name(BY_CODE[code], text.lang)})")
    refs = [place.ref for place in chosen]
    given = st.multiselect(
        text("Places, up to {n}", n=MOST_PLACES),
        list(names),
        refs,
        format_func=lambda ref: names.get(ref, ref),
        max_selections=MOST_PLACES,
        key=f"places {refs} {text.lang}",
        placeholder=text("Choose a province or a station"),
    )
    if given != refs:
        put(given)


def put(refs: list[str]) -> None:
    """Write places into the address; one province alone is the view's own."""
    provinces = [ref for ref in refs if ref in BY_CODE]
    stations = [ref for ref in refs if ref not in BY_CODE]
    if len(provinces) == 1 and not stations:
        page.change(p=provinces[0], ps=None, st=None)
    page.change(ps=",".join(provinces) or None, st=",".join(stations) or None)
