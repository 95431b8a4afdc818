"""The stations of a province: on a map and in a table, each with its history and its part in the
mean."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

import plotly.graph_objects as go
import streamlit as st

from aq.context import Context
from aq.domain.clock import from_hour_number
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, BY_ID, PROVINCES
from aq.domain.station_history import Change
from aq.feeds.registry import INFO
from aq.i18n import Text, text_in
from aq.queries import stations as rosters
from aq.queries.evidence import COUNTS
from aq.queries.stations import Member, Roster
from aq.web import components, kept_files
from aq.web.base_path import below
from aq.web.charts import lines as lines_chart
from aq.web.charts.lines import Ask
from aq.web.charts.map_names import districts
from aq.web.charts.station_map import MAP_CONFIG, station_map
from aq.web.charts.theme import palette
from aq.web.drawings.bands import level_bands
from aq.web.parts import attribution as origin
from aq.web.parts import cache, live_view, page, ranges
from aq.web.parts.ranges import Range, Spans
from aq.web.parts.why import NETWORKS, flag_words
from aq.web.wording.explanation import PARTS
from aq.web.wording.facts import fact
from aq.web.wording.korean import N_, exact, long_hour, number, provenance, province_name

# How a station takes part -> words; those of a station with a row stand in `aq.queries.evidence`.
WHY: Mapping[str, str] = {
    **PARTS,
    rosters.NOT_LISTED: N_("does not count: by the station list it does not measure this"),
    rosters.NOT_RECEIVED: N_("does not count: nothing received of this hour"),
    rosters.SILENT: N_("does not count: silent for over seven days, not expected any more"),
    rosters.NEVER: N_("does not count: no hour received by then"),
}

# What of a station became another -> words.
CHANGES: Mapping[str, str] = {
    "province": N_("counted in {before}, now in {after}"),
    "network": N_("network {before}, now {after}"),
    "name": N_("called {before}, now {after}"),
}


def render() -> None:
    """Choices, the headline, map and table side by side, then the chosen station."""
    page.top("stations")
    view, pollutant = page.view(), page.pollutant()
    code = view.province.code if view.province else PROVINCES[0].code
    picked = live_view.strip(pollutant, code)
    spans = cache.span(code)
    asked = ranges.read(view, spans)
    text = page.words()
    if pollutant not in pollutants():
        _title(code, text)
        page.switches(pollutant)
        words = text("An index is of a province; a station has none. Choose a pollutant.")
        page.html(f"<p class='notice'>{escape(words)}</p>")
    else:
        _show(code, pollutant, asked, spans)
    page.bottom()
    page.pulse()
    if picked in BY_CODE:
        page.change(p=picked, st=None)


def _title(code: str, text: Text, sentence: str = "") -> None:
    """The head; `sentence` is markup."""
    name = province_name(BY_CODE[code], text.lang)
    title = text("{who}: its stations", who=name)
    page.html(f"<h1>{escape(title)}</h1>{sentence}")


def _show(code: str, pollutant: str, asked: Range, spans: Spans) -> None:
    text, rules = page.words(), page.standard()
    found: Roster | None = None
    if asked.after < asked.until:
        args = (code, pollutant, asked.after, asked.until, rules.id)
        found = cache.kept(roster_of, *args)
    whole = found is not None and found.at is not None
    _title(code, text, _sentence(found, text) if found and whole else "")
    with page.controls():
        page.switches(pollutant)
        ranges.choose(code, page.view(), asked, spans)
    if found is None or not whole:
        _nothing(code, asked, spans, text)
        return
    why = {member.ref: why_words(member, text) for member in found.members}
    chosen = _chosen(found)
    placed = any(member.latitude is not None for member in found.members)
    # Without a place of any, the table has the whole width.
    with page.picture():
        left, right = st.columns([1, 1.15], gap="medium") if placed else (st.container(),) * 2
    with left:
        _map(code, pollutant, asked, chosen, found, text)
    with right:
        picked, order = components.table(_table(found, pollutant, chosen, why, text))
    _station(found, chosen, pollutant, asked, why, text)
    if placed:
        page.take_away({"stations": text("now")}, pollutant=pollutant, province=code)
    origin.downloads([code], [pollutant], asked, "hour", level="station")
    if picked and found.find(picked):
        page.change(st=picked)
    if order:
        page.change(s=order)


def roster_of(
    context: Context, code: str, pollutant: str, after: datetime, until: datetime, standard: str
) -> Roster:
    """A province's stations; kept by the pages' cache."""
    rules = context.standards[standard]
    return rosters.roster(context, BY_CODE[code].id, pollutant, after, until, rules)


def map_of(
    context: Context,
    code: str,
    pollutant: str,
    after: datetime,
    until: datetime,
    standard: str,
    chosen: str,
    lang: str,
    dark: bool,
    district: str = "",
) -> go.Figure:
    """The map of a province's stations; kept by the pages' cache."""
    found, text = roster_of(context, code, pollutant, after, until, standard), text_in(lang)
    return station_map(
        found.members,
        below(kept_files.address(kept_files.OUTLINES)),
        code,
        context.standards[standard],
        text,
        palette(dark),
        chosen=chosen,
        digits=cache.shown_digits(pollutant, standard),
        unit=pollutants()[pollutant].unit,
        why={member.ref: why_words(member, text) for member in found.members},
        district=district,
    )


def why_words(member: Member, text: Text) -> str:
    """Whether a station counts in the mean, and for which reason it does not."""
    reason = text(WHY[member.part])
    flags = flag_words(member.flag, text)
    return f"{reason}: {flags}" if flags else reason


def _sentence(found: Roster, text: Text) -> str:
    counting = sum(member.part == COUNTS for member in found.members)
    info = INFO[found.feed or ""]
    hour = long_hour(text, found.at) if found.at else ""
    words = text(
        "{hour}: {n} of {all} stations count in the province's mean.",
        hour=hour,
        n=counting,
        all=len(found.members),
    )
    origin = f"{text.feed(info.name)} · {provenance(text, info.kind, info.status)}"
    return f'<p>{escape(words)} <span class="meta">{escape(origin)}</span></p>'


def _nothing(code: str, asked: Range, spans: Spans, text: Text) -> None:
    observed = [span for span in spans if INFO[span[0]].kind == "observed"]
    if spans and not observed:
        name = province_name(BY_CODE[code], text.lang)
        words = text(
            "There is no station of {who} in the store yet: what there is comes from a model, which"
            " has none.",
            who=name,
        )
        page.html(f'<p class="notice">{escape(words)}</p>')
    ranges.nothing(code, asked, spans, text)


def _chosen(found: Roster) -> Member:
    """The station the address names; else the highest that counts."""
    asked = next((one for ref in page.view().stations if (one := found.find(ref))), None)
    order = sorted(
        found.members,
        key=lambda member: (member.part != COUNTS, -(member.value or 0.0), member.name),
    )
    return asked or order[0]


def _map(
    code: str, pollutant: str, asked: Range, chosen: Member, found: Roster, text: Text
) -> None:
    placed = sum(member.latitude is not None for member in found.members)
    if placed:
        name = province_name(BY_CODE[code], text.lang)
        district = ""
        choices = districts(found.members)
        if len(choices) > 1:
            district = st.selectbox(
                text("Zoom in on"),
                ["", *choices],
                format_func=lambda choice: (
                    text.name(choice) or text("the whole of {who}", who=name)
                ),
                key=f"district {code} {text.lang}",
            )
        with st.container(key="station-map-box"):
            page.chart(
                cache.kept(
                    map_of,
                    *(code, pollutant, asked.after, asked.until, page.standard().id),
                    *(chosen.ref, text.lang, page.dark(), district),
                ),
                height="stretch",
                key="station-map",
                on_select=_map_picked,
                selection_mode="points",
                config=dict(MAP_CONFIG),
                alt=text("Map of the stations of {who} by level", who=name),
            )
        key = text("Circles count in the mean, squares do not.")
        page.html(f'<p class="muted">{escape(key)}</p>')
    if placed < len(found.members):
        words = text(
            "{n} stations are not on the map: where they stand is told by AirKorea's station list"
            ", which needs an approval of its own.",
            n=len(found.members) - placed,
        )
        page.html(f'<p class="muted">{escape(words)}</p>')


def _map_picked() -> None:
    """A click on a station."""
    points = st.session_state["station-map"]["selection"]["points"]
    ref = points[0].get("customdata") if points else None
    if isinstance(ref, list):
        ref = ref[0] if ref else None
    if isinstance(ref, str):
        st.query_params["st"] = ref


def _table(
    found: Roster, pollutant: str, chosen: Member, why: Mapping[str, str], text: Text
) -> dict[str, Any]:
    view, rules = page.view(), page.standard()
    unit = pollutants()[pollutant].unit
    bands = level_bands(rules, pollutant)
    rows = [
        _row(one, place, one.ref == chosen.ref, found.hours, why[one.ref], text)
        for place, one in enumerate(found.members)
    ]
    caption = text.pollutant(pollutant)
    if found.at:
        caption = f"{caption} · {long_hour(text, found.at)}"
    return {
        "lang": text.lang,
        "kind": "stations-list",
        "caption": caption,
        "sort": {"key": view.sort, "descending": view.descending},
        "columns": [
            {"key": "order", "text": text("Station")},
            {"key": "grade", "text": text("Level"), "first_descending": True},
            {"key": "value", "text": unit, "class": "num", "first_descending": True},
            {"text": text("Last 24 hours")},
            {
                "key": "stations",
                "text": text("Complete"),
                "class": "num",
                "first_descending": True,
            },
            {"text": text("Network"), "class": "source"},
            {"text": text("Counted?")},
        ],
        "rows": rows,
        "least_span": bands[0][1] if bands else 1.0,
    }


def _row(
    member: Member, place: int, chosen: bool, hours: int, why: str, text: Text
) -> dict[str, Any]:
    rules, key = page.standard(), page.pollutant()
    level = rules.level(member.grade) if member.grade else None
    share = 100 * member.valid / hours if hours else 0.0
    known = [value for value in member.trend if value is not None]
    return {
        "letter": level.letter if level else None,
        "colour": level.colour if level else None,
        "ink": level.text_colour if level else None,
        "word": level.label(text.lang) if level else text("no level"),
        "code": member.ref,
        "name": text.name(member.name),
        "chosen": chosen,
        "value": number(member.value, cache.shown_digits(key, rules.id)),
        "trend": list(member.trend) if known else [],
        "trend_words": text("no values in the last 24 hours"),
        "stations": f"{number(share, 0)}%",
        "stations_title": text(
            "hours with a value, {n} of {all}", n=f"{member.valid:,}", all=f"{hours:,}"
        ),
        "source": network_word(member.network, text),
        "source_title": _heard(member, text),
        "note": why,
        "sorts": {
            "order": place,
            "grade": member.grade,
            "value": member.value,
            "stations": member.valid,
        },
    }


def network_word(network: str | None, text: Text) -> str:
    """A network in the reader's language."""
    return text(NETWORKS.get(network or "", network or "")) or "–"


def _heard(member: Member, text: Text) -> str:
    if member.heard is None:
        return ""
    return text("last hour received: {hour}", hour=long_hour(text, member.heard))


def _station(
    found: Roster,
    chosen: Member,
    pollutant: str,
    asked: Range,
    why: Mapping[str, str],
    text: Text,
) -> None:
    """The chosen station: what it is, and its own line."""
    what = text.pollutant(pollutant)
    title = text("{who} · {what}", who=text.name(chosen.name), what=what)
    page.html(f"<h2>{escape(title)}</h2>")
    changes = cache.kept(rosters.changes, chosen.id)
    facts = [*_facts(found, chosen, pollutant, why, text), *_past(changes, text)]
    page.html(f'<dl class="facts">{"".join(facts)}</dl>')
    if chosen.valid:
        page.chart(
            cache.kept(
                lines_chart.figure_of,
                (("station", chosen.id, text.name(chosen.name)),),
                Ask(
                    pollutant=pollutant,
                    since=asked.since,
                    last=asked.last,
                    after=asked.after,
                    until=asked.until,
                    grain="hour" if asked.days <= lines_chart.MOST_HOURLY_DAYS else "day",
                    standard=page.standard().id,
                ),
                cache.shown_digits(pollutant, page.standard().id),
                text.lang,
                page.dark(),
                tuple(
                    (from_hour_number(change.hour - 1), change_words(change, text))
                    for change in changes
                ),
            ),
            key="station-line",
            alt=title,
        )
    else:
        words = text("{who} has no value that counts in this range.", who=chosen.name)
        page.html(f"<p>{escape(words)}</p>")
    params = {**page.shared(), "st": chosen.ref, **ranges.address(page.view())}
    link = f'<a href="{below("/past")}?{escape(urlencode(params))}" target="_self">'
    words = escape(text("Beside other places, on the page {page}", page=text("Line")))
    page.html(f'<p class="muted">{link}{words}</a></p>')


def change_words(change: Change, text: Text) -> str:
    """What of a station became another: moved, reclassified or renamed, from what to what."""
    before, after = change.before, change.after
    if change.what == "province":
        before, after = (province_name(BY_ID[one], text.lang) for one in (before, after))
    elif change.what == "network":
        before, after = network_word(before, text), network_word(after, text)
    return text(CHANGES[change.what], before=before, after=after)


def _past(changes: Sequence[Change], text: Text) -> list[str]:
    """A fact for each change of what the station is, the newest first."""
    return [
        fact(
            escape(change_words(change, text)),
            text("from {hour}", hour=long_hour(text, from_hour_number(change.hour))),
            exact(from_hour_number(change.hour), text),
        )
        for change in reversed(changes)
    ]


def _facts(
    found: Roster, member: Member, pollutant: str, why: Mapping[str, str], text: Text
) -> list[str]:
    unit = pollutants()[pollutant].unit
    digits = cache.shown_digits(pollutant, page.standard().id)
    facts = []
    if member.value is not None and found.at is not None:
        amount = f"{number(member.value, digits)} {unit}"
        facts.append(fact(escape(amount), long_hour(text, found.at), exact(found.at, text)))
    facts.append(fact(escape(network_word(member.network, text)), text("Network")))
    facts.append(fact(escape(why[member.ref]), text("In the province's mean")))
    hours = text("hours with a value, {n} of {all}", n=f"{member.valid:,}", all=f"{found.hours:,}")
    share = 100 * member.valid / found.hours if found.hours else 0.0
    facts.append(fact(f"{number(share, 1)}%", hours))
    if member.heard:
        facts.append(
            fact(
                escape(long_hour(text, member.heard)),
                text("last hour received"),
                exact(member.heard, text),
            )
        )
    if member.first:
        facts.append(fact(escape(long_hour(text, member.first)), text("first hour received")))
    if member.address:
        facts.append(fact(escape(text.name(member.address)), text("Address")))
    return facts


if __name__ == "__main__":
    render()
