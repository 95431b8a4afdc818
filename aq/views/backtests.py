"""A rule tried on the past, as a reader sees it: how often, how long, where, what makes it flap."""

import json
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from aq.alerts import Rule
from aq.backtest import FLAP_HOURS, backtest
from aq.runtime import Runtime
from aq.text import Text
from aq.units import pollutants
from aq.views import against, cache, page
from aq.views.alert_words import place_name
from aq.views.charts import LINE_CONFIG, LineStyle
from aq.views.charts_alerts import rule_line, stretches
from aq.views.facts import fact
from aq.views.theme import palette

Fields = dict[str, Any]


def trial(runtime: Runtime, body: str, after: datetime, until: datetime) -> Fields:
    """What the rule of a body (JSON) would have done in ``after < hour end <= until``."""
    rule = Rule.model_validate(json.loads(body))
    return backtest(runtime.store, runtime.reader, rule, after, until).as_dict()


def _tried(rule: Rule, after: datetime, until: datetime) -> Fields:
    found: Fields = cache.kept(trial, json.dumps(rule.as_body()), after, until)
    return found


def show(rule: Rule, saved: Rule | None, after: datetime, until: datetime) -> None:
    """Counts of the rule in the form, beside those of the saved one where they differ; the place
    where it fires most, drawn; each place in a table."""
    text = page.words()
    found = _tried(rule, after, until)
    if saved is None:
        page.html(_counts(found, text))
    else:
        left, right = st.columns(2)
        with left:
            page.html(f"<h3>{escape(text('As in the form'))}</h3>{_counts(found, text)}")
        with right:
            before = _tried(saved, after, until)
            page.html(f"<h3>{escape(text('As saved'))}</h3>{_counts(before, text)}")
    if rule.kind != "official":
        _flapping(rule, found, after, until, text)
    if rule.kind != "data_late":
        _drawn(rule, found, after, until, text)
    _places(found, text)
    against.show(rule, after, until)


def _counts(found: Mapping[str, Any], text: Text) -> str:
    if not found["fired"] and not found["unknown"]:
        return f"<p>{escape(text('It would not have fired in this period.'))}</p>"
    line = text(
        "It would have fired {n} times, {night} of them at night (22–7 h).",
        n=f"{found['fired']:,}",
        night=f"{found['night']:,}",
    )
    facts = [
        fact(f"{found['fired']:,}", text("times fired")),
        fact(escape(text("{n} hours", n=f"{found['longest_hours']:,}")), text("longest")),
        fact(f"{found['cleared']:,}", text("times cleared")),
        fact(f"{found['unknown']:,}", text("times without data")),
        fact(
            f"{found['flapped']:,}",
            text("times back within {n} hours", n=FLAP_HOURS),
        ),
    ]
    return f'<p>{escape(line)}</p><dl class="facts">{"".join(facts)}</dl>'


def _flapping(
    rule: Rule, found: Mapping[str, Any], after: datetime, until: datetime, text: Text
) -> None:
    """Which settings of clearing would make it come back less often, tried on the same period."""
    if not found["flapped"]:
        return
    rows = []
    for body in variants(rule):
        other = _tried(Rule.model_validate(body), after, until)
        rows.append(
            {
                text("Clears below"): f"{float(body['clear_below']):g}",
                text("for this many hours in a row"): str(body.get("clear_for", 1)),
                text("times fired"): other["fired"],
                text("times back within {n} hours", n=FLAP_HOURS): other["flapped"],
                text("longest"): text("{n} hours", n=other["longest_hours"]),
            }
        )
    words = text(
        "It comes back soon after it has cleared: a lower clear level or a longer wait steadies it."
    )
    page.html(f'<p class="notice">{escape(words)}</p>')
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="content")


def variants(rule: Rule) -> list[Fields]:
    """Bodies of the rule as it is and with steadier clearing: a longer wait, a lower level."""
    body = rule.as_body()
    lower = float(body["clear_below"]) * 0.8
    places = 3 if lower < 1 else 0
    return [
        {**body, "clear_below": level, "clear_for": wait}
        for level in (body["clear_below"], round(lower, places))
        for wait in sorted({rule.clear_for, rule.clear_for + 2})
        if level > 0
    ]


def _drawn(
    rule: Rule, found: Mapping[str, Any], after: datetime, until: datetime, text: Text
) -> None:
    """The line of the place where it fires most, or of the one the reader looks at."""
    counts = {one["place"]: one["fired"] for one in found["places"]}
    view = page.view().province
    most = max(counts, key=lambda place: counts[place])
    code = view.code if view and view.code in counts else most
    pollutant = rule.pollutant
    if pollutant not in pollutants():
        return
    standard = cache.runtime().standards[cache.runtime().settings.display.standard]
    frame = cache.line(code, pollutant, after, until, standard.id)
    name = place_name(code, text)
    if frame["value"].isna().all():
        page.html(f"<p>{escape(text('There are no hours to draw.'))}</p>")
        return
    log = [{**one, "kind": "live"} for one in found["transitions"] if one["place"] == code][::-1]
    spans = stretches(log, log[0]["after"] if log else "clear", after, until)
    style = LineStyle(
        standard=standard,
        pollutant=pollutant,
        unit=pollutants()[pollutant].unit,
        digits=cache.shown_digits(pollutant, standard.id),
        revision=f"rule {code} {pollutant} {(until - after).days}",
    )
    levels = None
    if rule.watch == "value" and rule.threshold is not None and rule.clear_below is not None:
        levels = (float(rule.threshold), float(rule.clear_below))
    title = text("{who}: fired {n} times", who=name, n=counts[code])
    page.html(f"<h3>{escape(title)}</h3>")
    figure = rule_line(frame, style, levels, spans, text, palette(page.dark()))
    st.plotly_chart(figure, theme=None, key="trial", config=dict(LINE_CONFIG), alt=title)
    if rule.over == "any_station":
        note = text("The line is the province's mean; the rule looks at each station.")
        page.html(f'<p class="muted">{escape(note)}</p>')


def _places(found: Mapping[str, Any], text: Text) -> None:
    table = pd.DataFrame(
        {
            text("Where"): [place_name(one["place"], text) for one in found["places"]],
            text("times fired"): [one["fired"] for one in found["places"]],
            text("at night"): [one["night"] for one in found["places"]],
            text("longest"): [text("{n} hours", n=one["longest_hours"]) for one in found["places"]],
            text("times without data"): [one["unknown"] for one in found["places"]],
        }
    )
    opened = st.expander(text("By province, as a table"), key="by province", on_change="rerun")
    if opened.open:
        with opened:
            st.dataframe(table, hide_index=True, width="content", height=37 * (len(table) + 1))
    words = text("The command gives every transition: {command}", command="\0")
    name = found["rule"]
    since, last = found["since"][:10], found["until"][:10]
    command = f"python -m aq rules backtest {name} --since {since} --until {last} --json"
    page.html(
        f'<p class="muted">{escape(words)}</p>'.replace("\0", f"<code>{escape(command)}</code>")
    )
