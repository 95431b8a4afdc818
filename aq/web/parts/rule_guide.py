"""Guided set-up on the rules page: place, pollutant, level, quiet hours, channel; tried, tested,
written, switched on. `draw` is the entry; what is asked is what `aq rules new` asks."""

import json
import secrets
from collections.abc import Sequence
from datetime import time, timedelta
from html import escape
from typing import Any

import streamlit as st

from aq.alerts import Problem, Rule, problems
from aq.alerts import rules as alerting
from aq.alerts.channels import FILE, SCHEMES, WEBHOOK, add_channel, outlets
from aq.alerts.delivery import try_channel
from aq.alerts.guide import free_id, free_name, usual_clear, usual_hours, usual_level
from aq.alerts.rule_file import to_toml
from aq.alerts.rules import known_to
from aq.alerts.webhook import DeliveryError
from aq.domain.clock import kst_day
from aq.domain.errors import ConfigError, InputError
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.zones import KINDS
from aq.i18n import Text
from aq.logs import redact
from aq.web.parts import admin, cache, page
from aq.web.parts.backtests import trial
from aq.web.wording.alerts import zone_name
from aq.web.wording.korean import province_name
from aq.zones_file import zones_on

Fields = dict[str, Any]
NEW, NOBODY = "\0new", ""
YEAR = timedelta(days=365)


def draw(name: str | None, saved: Sequence[alerting.Saved], text: Text) -> None:
    """The questions, folded up, for the administrator `name`; nothing for a reader."""
    if name is None:
        return
    folded = st.expander(text("Set up an alert step by step"), key="guide", on_change="rerun")
    if not folded.open:
        return
    with folded:
        _guide(saved)


@st.fragment
def _guide(saved: Sequence[alerting.Saved]) -> None:
    text = page.words()
    body = _watched(text) | _quiet(text)
    body["id"] = free_id(body, {each.rule.id for each in saved})
    name = free_name(body, {each.rule.name for each in saved}, text)
    body["name"] = st.text_input(text("Its name in messages"), name, key=f"guide name {name}")
    rule, wrong = problems(body, known_to(cache.context()))
    if rule is None:
        _tell(wrong, text)
        return
    _past_year(rule, text)
    channel = _channel(text)
    if channel != NEW:
        channels = (channel,) if channel else ()
        _finish(rule.model_copy(update={"channels": channels}), channel, text)


def _watched(text: Text) -> Fields:
    """Place, pollutant, level and hours."""
    key = st.selectbox(
        text("Pollutant"), list(pollutants()), index=1, format_func=text.pollutant, key="guide x"
    )
    zones = {
        zone.full_name: zone_name(zone.full_name, text)
        for zone in zones_on(kst_day(cache.moment()), KINDS.get(key, ""))
    }
    names = {each.code: province_name(each, text.lang) for each in PROVINCES} | zones
    places = st.multiselect(
        text("Where (provinces, or zones; none: all 17)"),
        list(names),
        format_func=names.__getitem__,
        key=f"guide where {KINDS.get(key)} {text.lang}",
        placeholder=text("all 17"),
    )
    unit, usual = pollutants()[key].unit, usual_level(key)
    one, two, three = st.columns(3)
    with one:
        level = st.number_input(
            f"{text('Fires at or above')} [{unit}]", 0.0, value=usual, key=f"guide level {key}",
            format="%g",
        )  # fmt: skip
    with two:
        hours = st.number_input(
            text("Hours in a row before it fires"), 1, 24, usual_hours(key), key=f"guide for {key}"
        )
    with three:
        clears = usual_clear(key, level) if level else None
        clear = st.number_input(
            f"{text('Clears below')} [{unit}]", 0.0, value=clears, format="%g",
            key=f"guide clear {key} {level}",
        )  # fmt: skip
    own_zones = [place for place in places if place not in BY_CODE]
    provinces = [place for place in places if place in BY_CODE]
    where: Fields = {"provinces": provinces}
    if own_zones:
        where |= {"over": "zone", "zones": own_zones}
    levels = {"threshold": level, "clear_below": clear}
    given = {name: value for name, value in levels.items() if value is not None}
    return {"pollutant": key, **where, **given, "for": int(hours)}


def _quiet(text: Text) -> Fields:
    if not st.toggle(text("Quiet hours"), key="guide quiet"):
        return {}
    one, two = st.columns(2)
    with one:
        start = st.time_input(text("from"), time(22), key="guide start")
    with two:
        end = st.time_input(text("until"), time(7), key="guide end")
    return {"quiet": {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "then": "hold"}}


def _channel(text: Text) -> str:
    """The channel chosen; `NEW` while a new one is being made."""
    names = {name: name for name in outlets().channels}
    names |= {NEW: text("a new channel"), NOBODY: text("none: on these pages and in the feed")}
    chosen: str = st.selectbox(
        text("Channel"), list(names), format_func=names.__getitem__, key=f"guide ch {len(names)}"
    )
    if chosen == NEW:
        _new_channel(text)
    return chosen


def _new_channel(text: Text) -> None:
    kinds = [kind for kind in SCHEMES if kind != FILE]
    with st.form("guide channel", border=True):
        one, two = st.columns(2)
        with one:
            name = st.text_input(text("Name of the channel"), "duty")
        with two:
            kind = st.selectbox(text("Kind"), kinds)
        url = st.text_input(text("Its address"), type="password")
        words = text(
            "docs/alerts.md shows an address of every kind. It is kept on the server alone."
        )
        page.html(f'<p class="muted">{escape(words)}</p>')
        pressed = st.form_submit_button(text("Make the channel"), type="primary")
    if not pressed:
        return

    def make(_who: str) -> None:
        if name in outlets().channels:
            raise InputError(f"there is a channel {name!r} already", "channel")
        values = {"url": url.strip()}
        if kind == WEBHOOK:
            values["secret"] = secrets.token_urlsafe(24)
        try:
            add_channel(name, kind, values)
        except ConfigError as error:
            raise InputError(redact(str(error)), "channel") from None

    admin.write(make, text("The channel {name} is there.", name=name))


def _tell(wrong: Sequence[Problem], text: Text) -> None:
    for problem in wrong:
        words = f"{problem.field}: {text(problem.message, **problem.values)}"
        page.html(f'<p class="notice">{escape(words)}</p>')


def _past_year(rule: Rule, text: Text) -> None:
    """What it would have done in the past year."""
    until = cache.this_hour()
    found: Fields = cache.kept(trial, json.dumps(rule.as_body()), until - YEAR, until)
    words = text(
        "In the past year it would have fired {n} times, {night} of them at night (22–7 h);"
        " the longest lasted {longest} h.",
        n=f"{found['fired']:,}",
        night=f"{found['night']:,}",
        longest=f"{found['longest_hours']:,}",
    )
    page.html(f'<p class="trial">{escape(words)}</p>')


def _finish(rule: Rule, channel: str, text: Text) -> None:
    """A test, the file, and the switch."""
    context = cache.context()

    def test(_who: str) -> None:
        try:
            try_channel(outlets(), channel, context.clock.now())
        except DeliveryError as error:
            raise InputError(redact(str(error)), "channel") from None

    def save(who: str) -> None:
        alerting.save_rule(context.store, rule.as_body(), known_to(context), who, expected=0)

    with st.container(horizontal=True):
        if channel and st.button(
            text("Send a test to {channel}", channel=channel), key="guide try"
        ):
            admin.write(test, text("The test was taken."))
        if st.button(text("Switch it on"), type="primary", key="guide on"):
            admin.write(save, text("{name} is on.", name=rule.name))
        st.download_button(
            text("The rule as TOML"), to_toml([rule]), f"{rule.id}.toml", "application/toml",
            key="guide toml", on_click="ignore",
        )  # fmt: skip
    if not context.settings.server.public_url:
        words = text(
            "Messages carry a link to the page once server.public_url is set in aq.toml;"
            " aq rules new asks for it."
        )
        page.html(f'<p class="muted">{escape(words)}</p>')
