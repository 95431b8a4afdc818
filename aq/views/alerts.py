"""The alerts page: what is on now and since when, who has seen it, what is silenced, the log."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from aq import alerting
from aq.clock import floor_hour, hour_number, kst, kst_day
from aq.regions import BY_CODE, PROVINCES
from aq.text import Text
from aq.units import pollutants
from aq.views import admin, cache, deliveries, page
from aq.views.alert_words import (
    PHASE_WORDS,
    REASON_WORDS,
    SEVERITY_WORDS,
    act_words,
    amount,
    headline,
    moment,
    official_words,
    place_name,
)
from aq.views.charts import LINE_CONFIG, LineStyle
from aq.views.charts_alerts import rule_line, stretches
from aq.views.theme import palette
from aq.views.words import exact, province_name, told_hour

Fields = dict[str, Any]
CHART_DAYS = 5
LOG_ROWS = 500
SILENCE_HOURS = {3: "3", 12: "12", 24: "24", 72: "72"}


def render() -> None:
    """A sentence, what is on, the chosen one with its chart, silences, unsent messages, the log."""
    page.top("alerts")
    text = page.words()
    store = cache.runtime().store
    standing = alerting.standing(store)
    picked = page.strip(
        cache.snapshot(page.pollutant(), page.standard().id), page.pollutant(), None
    )
    _lead(standing, text)
    name = admin.panel()
    if standing:
        _standing(standing, text)
        _one(_chosen(standing, text), name, text)
    _silences(name, text)
    deliveries.draw(name, text)
    _log(text)
    page.bottom()
    page.pulse(_news)
    if picked in BY_CODE:
        page.go("live", p=picked)


def _news() -> tuple[object, ...]:
    """Alerts change without a new store version: their phases are news of their own."""
    standing = alerting.standing(cache.runtime().store)
    phases = ((one["rule"], one["place"], one["phase"]) for one in standing)
    return (*page.news(), *phases, *deliveries.news())


def _lead(standing: Sequence[Fields], text: Text) -> None:
    words = text(
        "“Advisory level” is this page's own reckoning over province means or single stations."
        " It is not an authority's advisory, which is called for zones and weighs the weather."
    )
    page.html(
        f"<h1>{escape(headline(standing, text))}</h1>"
        f'<p>{escape(words)} <a href="/rules?{page.query()}">{escape(text("Rules"))}</a></p>'
    )


def _standing(standing: Sequence[Fields], text: Text) -> None:
    """What is on, unknown and building up, as a table."""
    heads = [
        *(text("Where"), text("Rule"), text("Severity"), text("State"), text("Since")),
        *(text("Now"), text("Peak"), text("Seen by")),
    ]
    body = "".join(_standing_row(one, text) for one in standing)
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    page.html(
        '<div class="scroll whole" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>",
        "standing",
    )


def _standing_row(one: Fields, text: Text) -> str:
    since = moment(one["since"])
    told = (
        f'<span title="{escape(exact(since))}">'
        f"{escape(told_hour(text, since, cache.moment()))}</span>"
        if since
        else "–"
    )
    state = official_words(one, text) or text(PHASE_WORDS[one["phase"]])
    if one["muted_by"]:
        state = text("{state}, silenced", state=state)
    seen = one["acknowledged"]["who"] if one["acknowledged"] else "–"
    cells = [
        escape(one["rule_name"]),
        escape(text(SEVERITY_WORDS[one["severity"]])),
        f"<b>{escape(state)}</b>" if one["alert"] else escape(state),
        told,
        escape(amount(one, "value", text)),
        escape(amount(one, "peak", text)),
        escape(seen),
    ]
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(place_name(one["place"], text))}</th>{row}</tr>'


def _chosen(standing: Sequence[Fields], text: Text) -> Fields:
    """The entry looked at: the address's, else the first."""
    keys = [f"{one['rule']}:{one['place']}" for one in standing]
    asked = st.query_params.get("a", keys[0])
    index = keys.index(asked) if asked in keys else 0
    names = [f"{place_name(one['place'], text)} · {one['rule_name']}" for one in standing]
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


def _one(one: Fields, name: str | None, text: Text) -> None:
    """The chosen alert: its line with the rule's levels, and what an administrator may do."""
    if one["code"]:
        _chart(one, text)
    if name is not None:
        _acts(one, text)


def _chart(one: Fields, text: Text) -> None:
    pollutant = one["pollutant"]
    if pollutant not in pollutants():
        return
    until = cache.this_hour()
    after = until - timedelta(days=CHART_DAYS)
    rules = cache.runtime().standards[cache.runtime().settings.display.standard]
    frame = cache.line(one["code"], pollutant, after, until, rules.id)
    if frame["value"].isna().all():
        page.html(f"<p>{escape(text('There are no hours to draw.'))}</p>")
        return
    window = (hour_number(after), hour_number(until))
    found = alerting.log(
        cache.runtime().store, rule=one["rule"], place=one["place"], hours=window, limit=LOG_ROWS
    )
    style = LineStyle(
        standard=rules,
        pollutant=pollutant,
        unit=pollutants()[pollutant].unit,
        digits=cache.shown_digits(pollutant, rules.id),
        revision=f"alert {one['rule']} {one['place']}",
    )
    levels = None
    if one["watch"] == "value" and one["threshold"] is not None:
        levels = (one["threshold"], one["clear_below"])
    spans = stretches(found, one["phase"], after, until)
    title = text("{who}: the last {n} days", who=place_name(one["place"], text), n=CHART_DAYS)
    page.html(f"<h2>{escape(title)}</h2>")
    figure = rule_line(frame, style, levels, spans, text, palette(page.dark()))
    st.plotly_chart(figure, theme=None, key="alert", config=dict(LINE_CONFIG), alt=title)
    note = text("The bar under the line: black while the alert is on, grey while data lack.")
    page.html(f'<p class="muted">{escape(note)}</p>')


def _acts(one: Fields, text: Text) -> None:
    left, right = st.columns(2)
    with left, st.form("acknowledge", border=False):
        note = st.text_input(text("Note (may be empty)"))
        seen = one["acknowledged"] is not None
        label = text("Acknowledged") if seen else text("Acknowledge")
        if st.form_submit_button(label, disabled=seen or one["event"] is None):
            admin.write(lambda who: alerting.acknowledge(_store(), one["event"], who, note))
    with right, st.form("silence", border=False):
        why = st.text_input(text("Silence: why"))
        hours = st.selectbox(
            text("for how long"),
            list(SILENCE_HOURS),
            format_func=lambda n: text("{n} hours", n=SILENCE_HOURS[n]),
        )
        wide = st.radio(
            text("what"),
            ["rule", "province"],
            format_func=lambda key: (
                text("this rule here")
                if key == "rule"
                else text("every rule in {who}", who=place_name(one["place"], text))
            ),
            horizontal=True,
        )
        if st.form_submit_button(text("Silence")):
            until = cache.runtime().clock.now() + timedelta(hours=hours)
            admin.write(
                lambda who: alerting.silence(
                    _store(),
                    who=who,
                    why=why,
                    until=until,
                    rule_id=one["rule"] if wide == "rule" or not one["code"] else None,
                    province=one["province"],
                )
            )


def _store() -> Any:
    return cache.runtime().store


def _silences(name: str | None, text: Text) -> None:
    found = alerting.silences(_store())
    if not found:
        return
    page.html(f"<h2>{escape(text('Silenced'))}</h2>")
    for one in found:
        parts = [
            one["rule"] or text("every rule"),
            one["province"] or text("everywhere"),
            text.pollutant(one["pollutant"]) if one["pollutant"] else "",
        ]
        until = moment(one["until"])
        words = text(
            "{what}, until {hour}: {why} ({who})",
            what=" · ".join(part for part in parts if part),
            hour=f"{kst(until):%Y-%m-%d %H:%M}" if until else "–",
            why=one["why"],
            who=one["who"],
        )
        page.html(f"<p>{escape(words)}</p>")
        number = one["id"]
        if name is not None and st.button(text("End this silence"), key=f"end {number}"):
            admin.write(partial(alerting.unsilence, _store(), number))


def _log(text: Text) -> None:
    """What happened, newest first, by choice; each row opens its readings."""
    page.html(f"<h2>{escape(text('What happened'))}</h2>")
    rules = {one.rule.id: one.rule.name for one in alerting.rules(_store())}
    where, what, why = st.columns(3)
    with where:
        place = st.selectbox(
            text("Where"),
            ["", *(one.code for one in PROVINCES)],
            format_func=lambda code: (
                province_name(BY_CODE[code], text.lang) if code else text("everywhere")
            ),
            key="log place",
        )
    with what:
        rule = st.selectbox(
            text("Rule"),
            ["", *rules],
            format_func=lambda key: rules.get(key) or text("every rule"),
            key="log rule",
        )
    with why:
        reasons = st.multiselect(
            text("What happened"),
            [key for key in REASON_WORDS if key != "nothing"],
            format_func=lambda key: text(REASON_WORDS[key]),
            key="log reason",
            placeholder=text("everything"),
        )
    found = alerting.log(
        _store(), rule=rule or None, place=place or None, reasons=reasons, limit=LOG_ROWS
    )
    if not found:
        page.html(f"<p>{escape(text('Nothing is in the log for this choice.'))}</p>")
        return
    table = log_table(found, text)
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        height=min(420, 37 * (len(table) + 1)),
        column_config={
            text("Readings"): st.column_config.LinkColumn(display_text=text("open")),
        },
    )
    feed = escape(text("Atom feed"))
    links = f'<a href="/api/v1/alerts">JSON</a> · <a href="/alerts.atom">{feed}</a>'
    page.html(f'<p class="muted">{escape(text("The whole log:"))} {links}</p>')
    st.download_button(
        text("These rows as CSV"),
        table.to_csv(index=False).encode("utf-8-sig"),
        file_name=f"alerts-{floor_hour(cache.moment()):%Y%m%d%H}.csv",
        mime="text/csv",
    )


def log_table(found: Sequence[Fields], text: Text) -> pd.DataFrame:
    """The log as a reader's table."""
    return pd.DataFrame(
        {
            text("Hour (end, KST)"): [_stamp(one["at"]) for one in found],
            text("Where"): [place_name(one["place"], text) for one in found],
            text("Rule"): [one["rule_name"] for one in found],
            text("What happened"): [_what(one, text) for one in found],
            text("Value"): [amount(one, "value", text) for one in found],
            text("Decided"): [_stamp(one["decided_at"]) for one in found],
            text("Readings"): [_readings(one) for one in found],
        }
    )


def _stamp(iso: str | None) -> str:
    at = moment(iso)
    return f"{kst(at):%Y-%m-%d %H:%M}" if at else "–"


def _what(one: Fields, text: Text) -> str:
    words = text(REASON_WORDS[one["reason"]])
    if one["official"]:
        said = act_words(one, text)
        words = said if one["reason"] == one["change"] else f"{said} ({words})"
    if one["kind"] == "correction":
        return text("correction: {what}", what=words)
    if one["kind"] == "backfill":
        return text("{what} (filled in later)", what=words)
    return words


def _readings(one: Fields) -> str | None:
    """The past page over the days that caused an entry."""
    at, since = moment(one["at"]), moment(one["since"])
    if not one["code"] or at is None or one["pollutant"] not in pollutants():
        return None
    first, last = kst_day(since or at), kst_day(at)
    return (
        f"/past?{page.query(p=one['code'], x=one['pollutant'])}"
        f"&since={first - timedelta(days=1)}&until={last}"
    )


if __name__ == "__main__":
    render()
