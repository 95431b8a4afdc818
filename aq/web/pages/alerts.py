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
from aq.web import components
from aq.web.admin import LOCAL
from aq.web.drawings.marks import framed_in
from aq.web.drawings.rule_line import stretches
from aq.web.parts import admin, alert_log, cache, deliveries, live_view, page, silences
from aq.web.parts.alert_table import alert_table, folded, key_of
from aq.web.parts.backtests import draw_line, trial
from aq.web.wording.alerts import (
    headline,
    moment,
    place_name,
)
from aq.zones_file import zone_by_id

Fields = dict[str, Any]
CHART_DAYS = 5
# Who signs in by the password or the link is asked for a name: what stands there at first.
NAMELESS = {"admin": "", LOCAL: LOCAL}
SEEN_BY = "seen by"


def render() -> None:
    """A sentence, what is on, the chosen one with its line, silences, unsent messages, the log."""
    page.top("alerts")
    text = page.words()
    standing = status.standing(cache.context().store)
    picked = live_view.strip(page.pollutant(), None)
    _lead(standing, text)
    name = admin.panel()
    chosen = _standing(standing, name, text) if standing else None
    if chosen is not None:
        with st.container(key="detail"):
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
        "“Advisory level” is this page's own calculation for provinces, zones or single"
        " stations. It is not an authority's advisory, which is called for zones and weighs"
        " the weather."
    )
    page.html(f"<h1>{escape(headline(standing, text))}</h1><p>{escape(words)}</p>")


def _standing(standing: Sequence[Fields], name: str | None, text: Text) -> Fields:
    """What is on, unknown and building up; gives the one looked at. An administrator acknowledges
    and silences in its row."""
    by_key = {key_of(fields): fields for fields in standing}
    chosen = by_key.get(st.query_params.get("a", ""), standing[0])
    rows = {key_of(row): row for row in folded(_filtered(standing, text))}
    person = name or ""
    if name in NAMELESS and any(fields["alert"] for fields in standing):
        person = st.text_input(text("Your name"), NAMELESS[name], key=SEEN_BY, width=260)
    table = alert_table(rows, text, chosen=key_of(chosen), writes=name is not None)
    drawn = framed_in(page.standard(), text.lang, page.dark(), table)
    choice = components.drawing("standing", drawn, headline(standing, text))
    kind, key = choice or ("", "")
    if key in rows and kind == "ack":
        _acknowledge([rows[key], *rows[key]["milder"]], person, text)
    elif key in rows and kind == "hush":
        silences.until_morning([rows[key], *rows[key]["milder"]], text)
    elif key in by_key and kind == "open" and key != key_of(chosen):
        page.change(a=key)
    return chosen


def _acknowledge(alerts: Sequence[Fields], person: str, text: Text, note: str = "") -> None:
    """Write down who has seen a row's alerts, the milder ones within it too."""
    events = [each["event"] for each in alerts if each["event"] and not each["acknowledged"]]

    def act(_who: str) -> None:
        for event in events:
            status.acknowledge(cache.context().store, event, person, note)

    admin.write(act, text("Acknowledged."))


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
            hour=text.minute(at) if at else "–",
        )
        page.html(f"<p>{escape(' '.join([words, seen['note']]).strip())}</p>")
    elif name is not None and fields["event"] is not None:
        _acknowledge_with_note(fields, name, text)


def _chart(fields: Fields, text: Text) -> None:
    pollutant = fields["pollutant"]
    if pollutant not in pollutants():
        return
    until = cache.this_hour()
    after = until - timedelta(days=CHART_DAYS)
    zone = zone_by_id(fields["place"])
    rule = alerting.rule(cache.context().store, fields["rule"]).rule
    where = {"zones": [zone.full_name]} if zone else {"provinces": [fields["code"]]}
    here = json.dumps({**rule.as_body(), "provinces": [], "zones": [], **where})
    course = cache.kept(trial, here, after - RUN_UP, until)["transitions"][::-1]
    changes = [change for change in course if change["place"] == fields["place"]]
    spans = stretches(changes, fields["phase"], after, until)
    title = text("{who}: the last {n} days", who=place_name(fields["place"], text), n=CHART_DAYS)
    if draw_line(rule, fields["place"], (after, until), spans, changes, title, "alert-line", text):
        note = text("The bar under the line: solid while the alert is on, pale while data lack.")
        page.html(f'<p class="muted">{escape(note)}</p>')


def _acknowledge_with_note(fields: Fields, signed_in: str, text: Text) -> None:
    with st.expander(text("Acknowledge with a note")), st.form("acknowledge", border=False):
        person = st.session_state.get(SEEN_BY, "") if signed_in in NAMELESS else signed_in
        note = st.text_input(text("Note (may be empty)"))
        pressed = st.form_submit_button(text("Acknowledge"), type="primary")
    if pressed:
        _acknowledge([fields], person, text, note)


if __name__ == "__main__":
    render()
