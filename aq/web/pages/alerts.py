"""The alerts page: what is on now and since when, the chosen one with its line."""

import json
from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import Any

import streamlit as st

from aq.alerts import rules as alerting
from aq.alerts import silences as muting
from aq.alerts import status
from aq.alerts.verification import RUN_UP
from aq.alerts.wording import rule_title
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.i18n import Text
from aq.web.base_path import below
from aq.web.charts.province_line import LineStyle
from aq.web.charts.rule_line import rule_line, stretches
from aq.web.charts.theme import palette
from aq.web.charts.time_axis import chart_config
from aq.web.parts import admin, alert_log, cache, deliveries, live_view, page, silences
from aq.web.parts.backtests import trial
from aq.web.wording.alerts import (
    PHASE_WORDS,
    SEVERITY_WORDS,
    amount,
    headline,
    moment,
    now_words,
    official_words,
    place_name,
)
from aq.web.wording.feeds import minute
from aq.web.wording.korean import exact, told_hour
from aq.zones_file import zone_by_id

Fields = dict[str, Any]
CHART_DAYS = 5
NAMELESS = "admin"  # who signs in by the password or the link is asked for a name


def render() -> None:
    """A sentence, what is on, the chosen one with its line, silences, unsent messages, the log."""
    page.top("alerts")
    text = page.words()
    standing = status.standing(cache.context().store)
    picked = live_view.strip(page.pollutant(), None)
    _lead(standing, text)
    name = admin.panel()
    chosen = _standing(standing, text) if standing else None
    if chosen is not None:
        _chosen(chosen, name, text)
    silences.draw(name, chosen, text)
    deliveries.draw(name, text)
    alert_log.draw(text)
    page.bottom()
    page.pulse(_news)
    if picked in BY_CODE:
        page.go("live", p=picked)


def _news() -> tuple[object, ...]:
    """Alerts change without a new store version: their phases are news of their own."""
    store = cache.context().store
    phases = (
        (
            fields["rule"],
            fields["place"],
            fields["phase"],
            fields["muted_by"],
            fields["acknowledged"] is not None,
        )
        for fields in status.standing(store)
    )
    hushed = (silence["id"] for silence in muting.silences(store))
    return (*page.news(), *phases, *hushed, *deliveries.news())


def _lead(standing: Sequence[Fields], text: Text) -> None:
    words = text(
        "“Advisory level” is this page's own reckoning over provinces, zones or single stations."
        " It is not an authority's advisory, which is called for zones and weighs the weather."
    )
    page.html(f"<h1>{escape(headline(standing, text))}</h1><p>{escape(words)}</p>")


def _standing(standing: Sequence[Fields], text: Text) -> Fields:
    """What is on, unknown and building up, as a table; gives the one looked at."""
    chosen = _look(standing, text)
    shown = folded(_filtered(standing, text))
    heads = [
        *(text("Where"), text("State"), text("Since"), text("Now"), text("Peak")),
        text("Seen by"),
    ]
    body = "".join(_standing_row(one, text, chosen=key_of(one) == key_of(chosen)) for one in shown)
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    page.html(
        '<div class="scroll whole" tabindex="0"><table class="stacked">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>",
        "standing",
    )
    return chosen


def _standing_row(fields: Fields, text: Text, *, chosen: bool) -> str:
    since = moment(fields["since"])
    told = (
        f'<span title="{escape(exact(since, text))}">'
        f"{escape(told_hour(text, since, cache.moment()))}</span>"
        if since
        else "–"
    )
    state = official_words(fields, text) or text(PHASE_WORDS[fields["phase"]])
    if fields["muted_by"]:
        state = text("{state}, silenced", state=state)
    seen = fields["acknowledged"]["who"] if fields["acknowledged"] else "–"
    cells = [
        f"<b>{escape(state)}</b>" if fields["alert"] else escape(state),
        told,
        escape(now_words(fields, text)),
        escape(amount(fields, "peak", text)),
        escape(seen),
    ]
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    rule = rule_title(fields["rule"], fields["rule_name"], text)
    severity = text(SEVERITY_WORDS[fields["severity"]])
    mark = ' class="chosen" aria-current="true"' if chosen else ""
    name = escape(place_name(fields["place"], text))
    if admin.stays():  # a link loads the page anew, which would end a sign-in by password
        link = f"{below('/alerts')}?{page.query(a=key_of(fields))}"
        name = f'<a href="{escape(link)}" target="_self">{name}</a>'
    under = [rule_title(each["rule"], each["rule_name"], text) for each in fields["milder"]]
    levels = " · ".join(
        [f"{rule} · {severity}", *(text("with {rule}", rule=each) for each in under)]
    )
    return f'<tr{mark}><th scope="row">{name}<small>{escape(levels)}</small></th>{row}</tr>'


def key_of(fields: Fields) -> str:
    """Rule and place, as the address names an alert."""
    return f"{fields['rule']}:{fields['place']}"


def folded(standing: Sequence[Fields]) -> list[Fields]:
    """What is on, a milder level within the more severe one of its place and kind (`milder`)."""
    found: list[Fields] = []
    tops: dict[tuple[str, ...], Fields] = {}
    for fields in standing:  # the most severe first
        kind = tuple(str(fields[name]) for name in ("place", "kind", "pollutant", "watch"))
        top = tops.get(kind)
        if top is not None and top["alert"] and top["rank"] > fields["rank"]:
            top["milder"].append(fields)
            continue
        row = {**fields, "milder": []}
        tops.setdefault(kind, row)
        found.append(row)
    return found


def _filtered(standing: Sequence[Fields], text: Text) -> Sequence[Fields]:
    """Those of the place or pollutant chosen; all of a short list."""
    places = {fields["place"]: place_name(fields["place"], text) for fields in standing}
    keys = {fields["pollutant"]: text.pollutant(fields["pollutant"]) for fields in standing
            if fields["pollutant"] in pollutants()}  # fmt: skip
    if len(places) < 2 and len(keys) < 2:
        return standing
    names = {"": text("everything"), **places, **keys}
    chosen = st.selectbox(
        text("Show in the list"),
        list(names),
        format_func=names.__getitem__,
        key=f"list {len(names)} {text.lang}",
        width=460,
    )
    return [
        fields
        for fields in standing
        if not chosen or chosen in (fields["place"], fields["pollutant"])
    ]


def _look(standing: Sequence[Fields], text: Text) -> Fields:
    """The entry looked at: the address's, else the first."""
    keys = [key_of(fields) for fields in standing]
    asked = st.query_params.get("a", keys[0])
    index = keys.index(asked) if asked in keys else 0
    if len(keys) == 1:
        return standing[0]
    names = [
        f"{place_name(fields['place'], text)} ·"
        f" {rule_title(fields['rule'], fields['rule_name'], text)}"
        for fields in standing
    ]
    picked = st.selectbox(
        text("Look at"),
        range(len(keys)),
        index=index,
        format_func=names.__getitem__,
        key=f"look {keys[index]} {len(keys)} {text.lang}",
        width=460,
    )
    if picked != index:
        page.change(a=keys[picked])
    return standing[index]


def _chosen(fields: Fields, name: str | None, text: Text) -> None:
    """The chosen alert: its line with the rule's levels, who has seen it, or that one has."""
    rule = rule_title(fields["rule"], fields["rule_name"], text)
    title = text("{who}: {rule}", who=place_name(fields["place"], text), rule=rule)
    page.html(f"<h2>{escape(title)}</h2>")
    if fields["code"]:
        _chart(fields, text)
    seen = fields["acknowledged"]
    if seen is not None:
        at = moment(seen["at"])
        words = text(
            "Seen by {who}, {hour}.",
            who=seen["who"],
            hour=minute(at, text) if at else "–",
        )
        page.html(f"<p>{escape(' '.join([words, seen['note']]).strip())}</p>")
    elif name is not None and fields["event"] is not None:
        _acknowledge(fields, name, text)
    if name is not None and not fields["muted_by"]:
        silences.until_morning(fields, text)


def _chart(fields: Fields, text: Text) -> None:
    pollutant = fields["pollutant"]
    if pollutant not in pollutants():
        return
    until = cache.this_hour()
    after = until - timedelta(days=CHART_DAYS)
    rules = cache.context().standards[cache.context().settings.display.standard]
    zone = zone_by_id(fields["place"])
    frame = cache.line(fields["place"], pollutant, after, until, rules.id)
    if frame["value"].isna().all():
        page.html(f"<p>{escape(text('There are no hours to draw.'))}</p>")
        return
    rule = alerting.rule(cache.context().store, fields["rule"]).rule
    where = {"zones": [zone.full_name]} if zone else {"provinces": [fields["code"]]}
    here = json.dumps({**rule.as_body(), "provinces": [], "zones": [], **where})
    course = cache.kept(trial, here, after - RUN_UP, until)["transitions"][::-1]
    found = [change for change in course if change["place"] == fields["place"]]
    style = LineStyle(
        standard=rules,
        pollutant=pollutant,
        unit=pollutants()[pollutant].unit,
        digits=cache.shown_digits(pollutant, rules.id),
        revision=f"alert {fields['rule']} {fields['place']}",
    )
    levels = None
    if fields["watch"] == "value" and fields["threshold"] is not None:
        levels = (fields["threshold"], fields["clear_below"])
    spans = stretches(found, fields["phase"], after, until)
    title = text("{who}: the last {n} days", who=place_name(fields["place"], text), n=CHART_DAYS)
    figure = rule_line(frame, style, levels, spans, text, palette(page.dark()))
    st.plotly_chart(figure, theme=None, key="alert", config=chart_config(text), alt=title)
    note = text("The bar under the line: solid while the alert is on, pale while data lack.")
    page.html(f'<p class="muted">{escape(note)}</p>')


def _acknowledge(fields: Fields, signed_in: str, text: Text) -> None:
    with st.form("acknowledge", border=False):
        first, left, right = st.columns([2, 3, 1], vertical_alignment="bottom")
        with first:
            own = "" if signed_in == NAMELESS else signed_in
            person = st.text_input(text("Your name"), own)
        with left:
            note = st.text_input(text("Note (may be empty)"))
        with right:
            pressed = st.form_submit_button(text("Acknowledge"), type="primary")
    if pressed:
        admin.write(
            lambda _: status.acknowledge(cache.context().store, fields["event"], person, note),
            text("Acknowledged."),
        )


if __name__ == "__main__":
    render()
