"""Silences: what is silenced until when and why; an administrator makes one or ends it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from aq.alerts import rules as alerting
from aq.alerts import silences as muting
from aq.alerts.wording import rule_title
from aq.domain.clock import KST, kst
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.i18n import N_, Text
from aq.web.parts import admin, cache, page
from aq.web.wording.alerts import moment
from aq.web.wording.korean import long_minute, province_name

Fields = dict[str, Any]
HOURS = (3, 12, 24, 72)
OWN = 0
MORNING = -1
LENGTHS = {MORNING: N_("until tomorrow morning, 8:00"), OWN: N_("until a time I choose")}


def draw(name: str | None, fields: Fields | None, text: Text) -> None:
    """The silences in force, and for an administrator a form that begins with the alert looked at;
    nothing for others while nothing is silenced."""
    found = muting.silences(cache.context().store)
    if not found and name is None:
        return
    page.html(f"<h2>{escape(text('Silenced'))}</h2>")
    names = _rule_names(text)
    for silence in found:
        page.html(f"<p>{escape(_sentence(silence, names, text))}</p>")
        if name is not None and st.button(text("End this silence"), key=f"end {silence['id']}"):
            admin.write(
                partial(muting.unsilence, cache.context().store, silence["id"]),
                text("The silence is over."),
            )
    if name is not None:
        with st.expander(text("Silence alerts")):
            _form(fields, names, text)


def _rule_names(text: Text) -> dict[str, str]:
    rules = (one.rule for one in alerting.rules(cache.context().store))
    return {rule.id: rule_title(rule.id, rule.name, text) for rule in rules}


def _sentence(silence: Fields, names: dict[str, str], text: Text) -> str:
    province = next((one for one in PROVINCES if one.ko == silence["province"]), None)
    parts = [
        names.get(silence["rule"], silence["rule"]) if silence["rule"] else text("every rule"),
        province_name(province, text.lang) if province else text("everywhere"),
        text.pollutant(silence["pollutant"]) if silence["pollutant"] else "",
    ]
    until = moment(silence["until"])
    return text(
        "{what}, until {hour}: {why} ({who})",
        what=" · ".join(part for part in parts if part),
        hour=long_minute(text, until) if until else "–",
        why=silence["why"],
        who=silence["who"],
    )


@st.fragment
def _form(fields: Fields | None, names: dict[str, str], text: Text) -> None:
    """What is silenced, until when and why: all that the choices have in common."""
    about = f"{fields['rule']} {fields['place']}" if fields else "nothing"
    where, rule, what = st.columns(3)
    with where:
        codes = ["", *(each.code for each in PROVINCES)]
        code = st.selectbox(
            text("Where"),
            codes,
            index=codes.index(fields["code"]) if fields and fields["code"] in codes else 0,
            format_func=lambda key: (
                province_name(BY_CODE[key], text.lang) if key else text("everywhere")
            ),
            key=f"silence where {about} {text.lang}",
        )
    with rule:
        rules = ["", *names]
        chosen = st.selectbox(
            text("Rule"),
            rules,
            index=rules.index(fields["rule"]) if fields and fields["rule"] in rules else 0,
            format_func=lambda key: names.get(key) or text("every rule"),
            key=f"silence rule {about} {text.lang}",
        )
    with what:
        pollutant = st.selectbox(
            text("Pollutant"),
            ["", *pollutants()],
            format_func=lambda key: text.pollutant(key) if key else text("every pollutant"),
            key=f"silence pollutant {about} {text.lang}",
        )
    until = _until(about, text)
    why = st.text_input(text("Silence: why"), key=f"silence why {about}")
    if st.button(text("Silence"), key="silence"):
        admin.write(
            lambda who: muting.silence(
                cache.context().store,
                who=who,
                why=why,
                until=until,
                rule_id=chosen or None,
                province=BY_CODE[code].ko if code else None,
                pollutant=pollutant or None,
            ),
            text("Silenced."),
            "silence",
        )
    admin.refused("silence")


def until_morning(alerts: Sequence[Fields], text: Text) -> None:
    """Silence alerts of one place, there alone, until tomorrow morning."""
    context = cache.context()

    def act(who: str) -> None:
        for fields in alerts:
            place = BY_CODE.get(fields["code"] or "")
            muting.silence(
                context.store,
                who=who,
                why=text("seen on the alerts page"),
                until=tomorrow_morning(context.clock.now()),
                rule_id=fields["rule"],
                province=place.ko if place else None,
            )

    admin.write(act, text("Silenced."))


def tomorrow_morning(now: datetime) -> datetime:
    """Eight o'clock of the next day on the Korean clock."""
    day = kst(now) + timedelta(days=1)
    return day.replace(hour=8, minute=0, second=0, microsecond=0)


def _until(about: str, text: Text) -> datetime:
    """The end: some hours from now, or a time of one's own on the Korean clock."""
    now = cache.context().clock.now()
    left, right = st.columns(2)
    with left:
        hours = st.selectbox(
            text("for how long"),
            (*HOURS, MORNING, OWN),
            format_func=lambda n: text(LENGTHS[n]) if n in LENGTHS else text("{n} hours", n=n),
            key=f"silence hours {about} {text.lang}",
        )
    if hours == MORNING:
        return tomorrow_morning(now)
    if hours:
        return now + timedelta(hours=hours)
    with right:
        day = kst(now + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
        given = st.datetime_input(
            text("until"),
            day.replace(tzinfo=None),
            key=f"silence until {about}",
            format="YYYY-MM-DD",
        )
    return given.replace(tzinfo=KST) if given else now
