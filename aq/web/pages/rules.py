"""The rules page: what is watched, and a form that tries a rule on the past as its sliders move."""

from datetime import datetime
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from aq.alerts import Problem, Rule, problems
from aq.alerts import rules as alerting
from aq.alerts.channels import outlets
from aq.alerts.delivery import try_channel
from aq.alerts.rule import WEEKDAYS
from aq.alerts.rules import known_to, reached, tell_nobody
from aq.alerts.webhook import DeliveryError
from aq.alerts.wording import rule_title
from aq.domain.errors import InputError
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE
from aq.i18n import Text
from aq.logs import redact
from aq.web.base_path import below
from aq.web.parts import admin, against, cache, live_view, page, periods, rule_guide
from aq.web.parts.backtests import Trials
from aq.web.parts.rule_form import KIND_NAMES, Form
from aq.web.wording.alerts import SEVERITY_WORDS, rule_sentence
from aq.web.wording.korean import N_, long_minute

Fields = dict[str, Any]
NEW = "new"
# How much earlier than the authority a rule of the preset rings [share of its levels].
EARLIER = 0.8
KINDS = tuple(KIND_NAMES)
# What this session keeps: the copy being made, the settings held to compare.
COPY, HELD, OPENED = "rule copied", "rule held", "rule copies opened"
DIGESTS = {
    None: N_("at once"),
    "daily": N_("daily at 8, as one summary"),
    "weekly": N_("on Mondays at 8, as one summary"),
}
TAKEN = N_("There is a rule of this short name already; choose another.")


def render() -> None:
    """The rules as a table, then the chosen one as a form with its back-test."""
    page.top("rules")
    text = page.words()
    picked = live_view.strip(page.pollutant(), None)
    saved = sorted(alerting.rules(cache.context().store), key=_order)
    title = text("What raises an alert")
    words = text(
        "The levels are those at which authorities call advisories; calling one is theirs alone."
        " Move a slider and see when the rule would have fired."
    )
    page.html(f"<h1>{escape(title)}</h1><p>{escape(words)}</p>")
    name = admin.panel()
    with st.container():  # there for readers too: a fragment is known by its place on the page
        rule_guide.draw(name, saved, text)
    _table(saved, text)
    chosen = _choose(saved, text)
    _edit(chosen, saved, name)
    if chosen is not None:
        _history(chosen.rule.id, name, text)
    _removed({one.rule.id for one in saved}, name, text)
    _channels(name, text)
    page.bottom()
    if picked in BY_CODE:
        page.go("live", p=picked)


def _order(saved: alerting.Saved) -> tuple[int, int, int, str]:
    """By pollutant and severity, then official acts; late data last."""
    rule = saved.rule
    place = KEYS.index(rule.pollutant) if rule.pollutant in KEYS else len(KEYS)
    return KINDS.index(rule.kind), place, rule.rank, rule.id


def _table(saved: list[alerting.Saved], text: Text) -> None:
    """A rule in a row: its name and sentence, how severe, where to, whether it is on."""
    # A link loads the page anew, which would end a sign-in by password.
    linked = admin.stays()
    there = outlets().channels
    heads = [text("Rule"), text("Severity"), text("Told to"), text("On")]
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = ""
    for one in saved:
        rule = one.rule
        cells = [
            escape(text(SEVERITY_WORDS[rule.severity])),
            escape(", ".join(reached(rule, there)) or text("nobody")),
            escape(text("on") if rule.enabled else text("off")),
        ]
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        link = f"{below('/rules')}?{page.query(rule=rule.id)}"
        name = escape(rule_title(rule.id, rule.name, text))
        if linked:
            name = f'<a href="{escape(link)}" target="_self">{name}</a>'
        sentence = escape(rule_sentence(rule.as_body(), text))
        body += f'<tr><th scope="row"><b>{name}</b><small>{sentence}</small></th>{row}</tr>'
    page.html(
        '<div class="scroll whole" tabindex="0"><table class="stacked">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>",
        "rules",
    )
    silent = len(tell_nobody([one.rule for one in saved], there))
    if silent:
        words = text(
            "{n} rules that are on tell nobody: they stand on these pages and in the Atom feed"
            " alone. Give them a channel, or make one with aq rules new.",
            n=silent,
        )
        page.html(f'<p class="notice">{escape(words)}</p>')


def _channels(name: str | None, text: Text) -> None:
    """Where messages may go and when they leave, folded up; their addresses are nobody's here."""
    found = outlets().channels
    if not found:
        return
    with st.expander(text("Channels ({n})", n=len(found))):
        heads = [text("Channel"), text("Kind"), text("Language of messages"), text("Sent")]
        head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
        body = ""
        for one in found.values():
            cells = (one.kind, page.OTHER_NAMES[one.lang], text(DIGESTS[one.digest]))
            row = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            body += f'<tr><th scope="row">{escape(one.name)}</th>{row}</tr>'
        page.html(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        for channel in found if name is not None else ():
            if st.button(text("Send a test to {channel}", channel=channel), key=f"try {channel}"):
                admin.write(partial(_try_channel, channel), text("The test was taken."))


def _try_channel(channel: str, _who: str) -> None:
    try:
        try_channel(outlets(), channel, cache.context().clock.now())
    except DeliveryError as error:
        raise InputError(redact(str(error)), "channel") from None


def _choose(saved: list[alerting.Saved], text: Text) -> alerting.Saved | None:
    """The rule in the form; None for a new one."""
    known = {one.rule.id: one for one in saved}
    titles = {key: rule_title(key, one.rule.name, text) for key, one in known.items()}
    names = {NEW: text("A new rule"), **titles}
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
        st.session_state.pop(COPY, None)
        page.change(rule=picked)
    return known.get(options[index])


@st.fragment
def _edit(chosen: alerting.Saved | None, saved: list[alerting.Saved], name: str | None) -> None:
    """The form and its back-test; only this part is drawn anew while a slider moves."""
    text = page.words()
    known = known_to(cache.context())
    body, version = _opened(chosen, saved, text)
    form = Form(body, version, text)
    left, right = st.columns([1, 1.5], gap="large")
    with left:
        said = form.watching(new=chosen is None)
    said |= form.telling(sorted(known.channels), repeats=said["kind"] != "official")
    rule, found = problems(said, known)
    if chosen is None and any(one.rule.id == said["id"] for one in saved):
        found = [*found, Problem("id", TAKEN)]
    form.tell(found)
    if name is not None:
        _buttons(chosen, saved, said, None if found else rule)
        if chosen is not None and rule is not None and rule != chosen.rule:
            page.html(_changes(chosen.rule, rule, text))
        _presets(said, saved, text)
    with right:
        page.html(f"<h2>{escape(text('Tried on the past'))}</h2>")
        if rule is None:
            words = text("The back-test appears when the fields are right.")
            page.html(f'<p class="notice">{escape(words)}</p>')
            return
        trials = Trials(periods.choose(text), text)
        place = trials.show(rule, "form")
        _keep(rule, text)
    trials.flapping(rule)
    _compare(trials, rule, chosen, place, text)
    against.show(rule, trials.period.after, trials.period.until)
    trials.places(rule)


def _opened(
    chosen: alerting.Saved | None, saved: list[alerting.Saved], text: Text
) -> tuple[Fields, str]:
    """(body, version) that the form begins with: a saved rule's, a copy's, or that of a new one."""
    if chosen is not None:
        return chosen.rule.as_body(), f"{chosen.rule.id}.{chosen.revision}"
    copied: tuple[str, Fields] | None = st.session_state.get(COPY)
    if copied is not None:
        return copied[1], f"{NEW} {copied[0]}"
    body = {
        "id": _free("my-rule", saved),
        "name": text("My rule"),
        "pollutant": page.pollutant() if page.pollutant() != "overall" else "pm10",
        "severity": "notice",
        "for": 2,
    }
    return body, f"{NEW} {text.lang} {len(saved)}"


def _buttons(
    chosen: alerting.Saved | None,
    saved: list[alerting.Saved],
    said: Fields,
    rule: Rule | None,
) -> None:
    """What an administrator may do: `rule` is None while the form (`said`) is wrong somewhere."""
    text = page.words()
    with st.container(horizontal=True):
        # A form that says what is saved already has nothing to save.
        same = chosen is not None and rule == chosen.rule
        if st.button(text("Save"), type="primary", disabled=rule is None or same):
            _save(said, chosen.revision if chosen else 0, text("Saved."))
        if chosen is not None and st.button(text("Copy as a new rule")):
            _copy(said, saved)
        if chosen is not None and st.button(
            text("Switch off") if chosen.rule.enabled else text("Switch on")
        ):
            switched = {**chosen.rule.as_body(), "enabled": not chosen.rule.enabled}
            _save(
                switched,
                chosen.revision,
                text("Switched on.") if switched["enabled"] else text("Switched off."),
            )


def _changes(before: Rule, after: Rule, text: Text) -> str:
    """What saving would change, before it is saved."""
    change = {"before": before.as_body(), "after": after.as_body()}
    words = escape(text("Saving changes:"))
    return f'<p class="muted" role="status">{words} {_difference(change)}</p>'


def _presets(said: Fields, saved: list[alerting.Saved], text: Text) -> None:
    """New rules to begin from: the authority's levels, earlier than it, quiet at night."""
    if said["kind"] != "air" or said.get("watch") != "value":
        return
    bodies = [one.rule.as_body() for one in saved]
    official = next((body for body in bodies if body["id"] == f"{said['pollutant']}-warning"), None)
    presets: dict[str, Fields] = {}
    if official is not None:
        levels = {key: float(official[key]) for key in ("threshold", "clear_below")}
        earlier = {key: round(level * EARLIER, 3) for key, level in levels.items()}
        hours = {key: official.get(key, 1) for key in ("for", "clear_for")}
        presets[text("As the authorities do")] = {**said, **levels, **hours}
        presets[text("Earlier")] = {**said, **earlier}
    quiet = {"start": "22:00", "end": "07:00", "days": list(WEEKDAYS), "then": "hold"}
    presets[text("Quiet at night")] = {**said, "quiet": quiet}
    page.html(f'<p class="muted">{escape(text("Begin a new rule from:"))}</p>')
    with st.container(horizontal=True):
        for label, body in presets.items():
            if st.button(label, key=f"preset {label}"):
                _copy(body, saved)


def _free(name: str, saved: list[alerting.Saved]) -> str:
    """An id like `name` that no rule has."""
    taken = {one.rule.id for one in saved}
    names = (name, *(f"{name[:36]}-{n}" for n in range(2, 1000)))
    return next(made for made in names if made not in taken)


def _copy(said: Fields, saved: list[alerting.Saved]) -> None:
    """Open the form of a new rule with what stands in this one; nothing is saved yet."""
    name = _free(said["id"], saved)
    copied = {**said, "id": name, "name": f"{said['name']} 2", "enabled": True}
    # Fields are kept by the opening they belong to: each copy opens anew.
    opened = st.session_state[OPENED] = st.session_state.get(OPENED, 0) + 1
    st.session_state[COPY] = (f"{name} {len(saved)} {opened}", copied)
    page.change(rule=NEW)


def _save(body: Fields, expected: int, done: str) -> None:
    context = cache.context()

    def save(who: str) -> None:
        made = alerting.save_rule(context.store, body, known_to(context), who, expected=expected)
        st.session_state.pop(COPY, None)
        st.query_params["rule"] = made.id

    admin.write(save, done)


def _keep(rule: Rule, text: Text) -> None:
    """Hold the present settings, to compare them with what the sliders say next."""
    with st.container(horizontal=True):
        if st.button(text("Hold these settings to compare")):
            st.session_state[HELD] = rule.as_body()
        if st.session_state.get(HELD) and st.button(text("Let go")):
            del st.session_state[HELD]
            st.rerun(scope="fragment")
    held = st.session_state.get(HELD)
    if held:
        words = text("Held: {sentence}", sentence=rule_sentence(held, text))
        page.html(f'<p class="muted">{escape(words)}</p>')


def _compare(
    trials: Trials, rule: Rule, chosen: alerting.Saved | None, place: str | None, text: Text
) -> None:
    """The rule of the form beside the held settings, else beside the saved rule it was."""
    held = st.session_state.get(HELD)
    other = Rule.model_validate(held) if held else chosen.rule if chosen else None
    if other is None or other == rule:
        return
    title = text("Settings held") if held else text("As saved")
    page.html(f"<h2>{escape(text('Side by side'))}</h2>")
    left, right = st.columns(2, gap="large")
    for column, name, one in ((left, text("As in the form"), rule), (right, title, other)):
        with column:
            sentence = rule_sentence(one.as_body(), text)
            page.html(f"<h3>{escape(name)}</h3><p class='muted'>{escape(sentence)}</p>")
            trials.show(one, f"compared {name}", place if place in one.places else None)


def _history(rule: str, name: str | None, text: Text) -> None:
    """Who changed the rule and when; an administrator may take an earlier state again."""
    context = cache.context()
    found = alerting.history(context.store, rule)
    with st.expander(text("Changes of this rule ({n})", n=len(found))):
        for one in found:
            words = text(
                "{when}, {who}: {what}, revision {n}",
                when=long_minute(text, datetime.fromisoformat(one["at"])),
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


def _removed(known: set[str], name: str | None, text: Text) -> None:
    """Rules that were taken away; an administrator may take their last state again."""
    last: dict[str, Fields] = {}
    for fields in alerting.history(cache.context().store):
        if fields["rule"] not in known and fields["after"] is not None:
            last.setdefault(fields["rule"], fields)
    if not last:
        return
    with st.expander(text("Removed rules ({n})", n=len(last))):
        for rule, one in last.items():
            sentence = f"{one['after']['name']}: {rule_sentence(one['after'], text)}"
            page.html(f"<p>{escape(sentence)}</p>")
            label = text("Take {rule} again", rule=one["after"]["name"])
            if name is not None and st.button(label, key=f"take {rule}"):
                _restore(rule, one["revision"])


def _restore(rule: str, revision: int) -> None:
    context = cache.context()
    admin.write(
        lambda who: alerting.restore_rule(context.store, rule, revision, known_to(context), who)
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
