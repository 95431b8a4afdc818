"""The rules page: what is watched, and a form that tries a rule on the past as its sliders move."""

from datetime import timedelta
from html import escape
from typing import Any

import streamlit as st

from aq import alerting
from aq.alerts import Problem, Rule, problems
from aq.regions import BY_CODE
from aq.schema import KEYS
from aq.text import Text
from aq.views import admin, backtests, cache, page
from aq.views.alert_words import SEVERITY_WORDS, rule_sentence
from aq.views.rule_form import KIND_NAMES, Form
from aq.views.words import N_

Fields = dict[str, Any]
NEW = "new"
KINDS = tuple(KIND_NAMES)
PERIODS = {30: N_("30 days"), 90: N_("90 days"), 365: N_("1 year")}


def render() -> None:
    """The rules as a table, then the chosen one as a form with its back-test."""
    page.top("rules")
    text = page.words()
    picked = page.strip(
        cache.snapshot(page.pollutant(), page.standard().id), page.pollutant(), None
    )
    saved = sorted(alerting.rules(cache.runtime().store), key=_order)
    title = text("What raises an alert")
    words = text(
        "The levels are those at which authorities call advisories; calling one is theirs alone."
        " Move a slider and see below when the rule would have fired."
    )
    page.html(f"<h1>{escape(title)}</h1><p>{escape(words)}</p>")
    name = admin.panel()
    _table(saved, text)
    chosen = _choose(saved, text)
    _edit(chosen, name)
    if chosen is not None:
        _history(chosen.rule.id, name, text)
    page.bottom()
    if picked in BY_CODE:
        page.go("live", p=picked)


def _order(one: alerting.Saved) -> tuple[int, int, int, str]:
    """By pollutant and severity, then official acts; late data last."""
    rule = one.rule
    place = KEYS.index(rule.pollutant) if rule.pollutant in KEYS else len(KEYS)
    return KINDS.index(rule.kind), place, rule.rank, rule.id


def _table(saved: list[alerting.Saved], text: Text) -> None:
    heads = [text("Rule"), text("What it watches"), text("Severity"), text("Channels"), text("On")]
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = ""
    for one in saved:
        rule = one.rule
        cells = [
            escape(rule_sentence(rule.as_body(), text)),
            escape(text(SEVERITY_WORDS[rule.severity])),
            escape(", ".join(rule.channels) or "–"),
            escape(text("on") if rule.enabled else text("off")),
        ]
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        link = f"/rules?{page.query(rule=rule.id)}"
        body += (
            f'<tr><th scope="row"><a href="{escape(link)}">{escape(rule.name)}</a></th>{row}</tr>'
        )
    page.html(
        f'<div class="scroll whole" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>",
        "rules",
    )


def _choose(saved: list[alerting.Saved], text: Text) -> alerting.Saved | None:
    """The rule in the form; None for a new one."""
    known = {one.rule.id: one for one in saved}
    names = {NEW: text("A new rule"), **{key: one.rule.name for key, one in known.items()}}
    options = [*known, NEW]
    asked = st.query_params.get("rule", options[0])
    index = options.index(asked) if asked in options else 0
    picked = st.selectbox(
        text("Rule"),
        options,
        index=index,
        format_func=names.__getitem__,
        key=f"which {options[index]} {len(options)} {text.lang}",
        width=460,
    )
    if picked != options[index]:
        page.change(rule=picked)
    return known.get(options[index])


@st.fragment
def _edit(chosen: alerting.Saved | None, name: str | None) -> None:
    """The form and its back-test; only this part is drawn anew while a slider moves."""
    text = page.words()
    known = cache.runtime().known
    version = f"{chosen.rule.id}.{chosen.revision}" if chosen else f"{NEW} {text.lang}"
    body = chosen.rule.as_body() if chosen else _blank(text)
    form = Form(body, version, text)
    said = form.draw(sorted(known.channels), new=chosen is None)
    rule, found = problems(said, known)
    form.tell(found)
    if name is not None:
        _buttons(chosen, said, found)
    if rule is not None:
        _preview(rule, chosen, text)
    else:
        words = text("The back-test appears when the fields are right.")
        page.html(f'<p class="notice">{escape(words)}</p>')


def _blank(text: Text) -> Fields:
    return {
        "id": "my-rule",
        "name": text("My rule"),
        "pollutant": page.pollutant() if page.pollutant() != "overall" else "pm10",
        "threshold": 80,
        "for": 2,
        "clear_below": 50,
        "clear_for": 1,
        "severity": "notice",
    }


def _buttons(chosen: alerting.Saved | None, said: Fields, found: list[Problem]) -> None:
    text = page.words()
    with st.container(horizontal=True):
        if st.button(text("Save"), type="primary", disabled=bool(found)):
            _save(said, chosen.revision if chosen else None, new=chosen is None)
        if chosen is not None and st.button(text("Copy as a new rule")):
            _save({**said, "id": _free(said["id"]), "name": f"{said['name']} 2"}, None, new=True)
        if chosen is not None and st.button(
            text("Switch off") if chosen.rule.enabled else text("Switch on")
        ):
            switched = {**chosen.rule.as_body(), "enabled": not chosen.rule.enabled}
            _save(switched, chosen.revision, new=False)


def _free(name: str) -> str:
    """An id like `name` that no rule has."""
    taken = {one.rule.id for one in alerting.rules(cache.runtime().store)}
    return next(made for n in range(2, 1000) if (made := f"{name[:36]}-{n}") not in taken)


def _save(body: Fields, expected: int | None, *, new: bool) -> None:
    text, runtime = page.words(), cache.runtime()
    taken = {one.rule.id for one in alerting.rules(runtime.store)}
    if new and body["id"] in taken:
        st.error(text("There is a rule of this short name already; choose another."))
        return

    def save(who: str) -> None:
        made = alerting.save_rule(runtime.store, body, runtime.known, who, expected=expected)
        st.query_params["rule"] = made.id

    admin.write(save)


def _preview(rule: Rule, chosen: alerting.Saved | None, text: Text) -> None:
    """When the rule would have fired, beside the saved one where they differ."""
    page.html(f"<h2>{escape(text('Tried on the past'))}</h2>")
    days = st.segmented_control(
        text("Period"),
        list(PERIODS),
        default=90,
        format_func=lambda n: text(PERIODS[n or 90]),
        key="backtest period",
        required=True,
    )
    until = cache.this_hour()
    after = until - timedelta(days=int(days or 90))
    saved = chosen.rule if chosen and chosen.rule != rule else None
    backtests.show(rule, saved, after, until)


def _history(rule: str, name: str | None, text: Text) -> None:
    """Who changed the rule and when; an administrator may take an earlier state again."""
    runtime = cache.runtime()
    found = alerting.history(runtime.store, rule)
    with st.expander(text("Changes of this rule ({n})", n=len(found))):
        for one in found:
            words = text(
                "{when}, {who}: {what}, revision {n}",
                when=one["at"][:16].replace("T", " "),
                who=one["who"],
                what=text(WHAT[one["what"]]),
                n=one["revision"],
            )
            page.html(f"<p>{escape(words)} {_difference(one)}</p>")
            restorable = name is not None and one["after"] is not None and one is not found[0]
            if restorable and st.button(
                text("Take revision {n} again", n=one["revision"]), key=f"take {one['revision']}"
            ):
                _restore(rule, one["revision"])


def _restore(rule: str, revision: int) -> None:
    runtime = cache.runtime()
    admin.write(
        lambda who: alerting.restore_rule(runtime.store, rule, revision, runtime.known, who)
    )


WHAT = {
    "created": N_("made"),
    "changed": N_("changed"),
    "restored": N_("taken again"),
    "removed": N_("removed"),
}


def _difference(change: Fields) -> str:
    """Fields that a change changed, old and new, as markup."""
    before, after = change["before"] or {}, change["after"] or {}
    if not before:
        return ""
    parts = [
        f"{escape(key)}: {escape(str(before.get(key, '–')))} → {escape(str(after.get(key, '–')))}"
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]
    return f"<small>({'; '.join(parts)})</small>" if parts else ""


if __name__ == "__main__":
    render()
