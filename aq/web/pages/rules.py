"""The rules page: the list, and beside it a rule that is tried on the past as its levels move."""

from datetime import datetime
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from aq.alerts import Problem, Rule, problems
from aq.alerts import rules as alerting
from aq.alerts.channels import outlets
from aq.alerts.delivery import try_channel
from aq.alerts.places import province_of
from aq.alerts.rule import WEEKDAYS
from aq.alerts.rules import known_to
from aq.alerts.webhook import DeliveryError
from aq.alerts.wording import rule_title
from aq.domain.errors import InputError
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE
from aq.i18n import Text
from aq.logs import redact
from aq.web.parts import (
    admin,
    against,
    cache,
    live_view,
    page,
    periods,
    rule_drafts,
    rule_guide,
    rule_list,
)
from aq.web.parts.backtests import Move, Trials
from aq.web.parts.rule_form import FIELD_WORDS, KIND_NAMES, LEVEL_NAMES, Form, span, usual_levels
from aq.web.parts.rule_list import NEW
from aq.web.wording.alerts import rule_sentence
from aq.web.wording.korean import N_, long_minute

Fields = dict[str, Any]
# The parts of the open rule above its fields, each drawn when the fields below it are known.
PARTS = ("verdict", "trial", "rule-levels", "presets", "deeds")
# How much earlier than the authority a rule of the preset rings [share of its levels].
EARLIER = 0.8
KINDS = tuple(KIND_NAMES)
HELD = "rule held"  # the settings that this session holds to compare
DIGESTS = {
    None: N_("at once"),
    "daily": N_("daily at 8, as one summary"),
    "weekly": N_("on Mondays at 8, as one summary"),
}
TAKEN = N_("There is a rule of this short name already; choose another.")


def render() -> None:
    """The list of rules; beside it the open one: its verdict on the past, its line, its form."""
    page.top("rules")
    text = page.words()
    picked = live_view.strip(page.pollutant(), None)
    saved = sorted(alerting.rules(cache.context().store), key=_order)
    title = text("What raises an alert")
    words = text(
        "The levels are those at which authorities call advisories; calling one is theirs alone."
        " Move a level and see when the rule would have fired."
    )
    page.html(f"<h1>{escape(title)}</h1><p>{escape(words)}</p>")
    name = admin.panel()
    with st.container():  # there for readers too: a fragment is known by its place on the page
        rule_guide.draw(name, saved, text)
    by_id = {each.rule.id: each for each in saved}
    wanted = st.query_params.get("rule", "")
    opened = wanted if wanted in (*by_id, NEW) else next(iter(by_id), NEW)
    with st.container(key="desk"):
        with st.container(key="list"):
            clicked = rule_list.choose(saved, opened, rule_drafts.drafts(), text)
        with st.container(key="detail"):
            _edit(by_id.get(opened), saved, name)
    if by_id.get(opened) is not None:
        _history(opened, name, text)
    _removed(set(by_id), name, text)
    _channels(name, text)
    page.bottom()
    if clicked and clicked != opened:
        page.change(rule=clicked)
    if picked in BY_CODE:
        page.go("live", p=picked)


def _order(saved: alerting.Saved) -> tuple[int, int, int, str]:
    """By pollutant and severity, then official acts; late data last."""
    rule = saved.rule
    place = KEYS.index(rule.pollutant) if rule.pollutant in KEYS else len(KEYS)
    return KINDS.index(rule.kind), place, rule.rank, rule.id


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


@st.fragment
def _edit(chosen: alerting.Saved | None, saved: list[alerting.Saved], name: str | None) -> None:
    """The open rule; only this part is drawn anew while its fields change."""
    text, known = page.words(), known_to(cache.context())
    own = chosen.rule.id if chosen else NEW
    before = chosen.rule.as_body() if chosen else _blank(saved, text)
    version = f"{own}.{chosen.revision}" if chosen else f"{NEW} {text.lang} {len(saved)}"
    body, version = rule_drafts.begin(own, version, before)
    form = Form(body, version, text)
    title = rule_title(chosen.rule.id, chosen.rule.name, text) if chosen else text("A new rule")
    page.html(f"<h2>{escape(title)}</h2>")
    verdict, trial, levels, presets, deeds = (st.container(key=key) for key in PARTS)
    page.html(f"<h3>{escape(text('What it watches'))}</h3>")
    said = form.watching(new=chosen is None)
    with levels:
        said |= form.levels(said)
    page.html(f"<h3>{escape(text('Who is told, and when'))}</h3>")
    said |= form.telling(sorted(known.channels), repeats=said["kind"] != "official")
    rule, found = problems(said, known)
    if chosen is None and any(each.rule.id == said["id"] for each in saved):
        found = [*found, Problem("id", TAKEN)]
    form.tell(found)
    changes = rule_drafts.keep(own, before, said)
    with deeds:
        _draft(own, before, changes, saved, text)
        with st.container(horizontal=True):
            if name is not None:
                _buttons(chosen, saved, said, None if found else rule)
            if changes and st.button(text("Discard the changes")):
                rule_drafts.put(own, {}, anew=True)
                st.rerun()
    if name is not None:
        with presets:
            _presets(own, said, saved, text)
    with trial:
        period = periods.choose(text)
    with verdict:
        if rule is None:
            words = text("The back-test appears when the fields are right.")
            page.html(f'<p class="notice">{escape(words)}</p>')
            return
        trials = Trials(period, text)
        trials.verdict(rule)
    with trial:
        place = trials.line(rule, "trial-line", move=_move(form, said))
        _take_away(None if changes else chosen, place, text)
    page.html(f"<h3>{escape(text('Tried on the past'))}</h3>")
    trials.facts(rule)
    _keep(rule, text)
    trials.flapping(rule)
    _compare(trials, rule, chosen, place, text)
    against.show(rule, trials.period.after, trials.period.until)
    trials.places(rule)


def _take_away(saved: alerting.Saved | None, place: str | None, text: Text) -> None:
    """The line as a picture, which is of a rule as it is saved."""
    province = province_of(place) if place else None
    if saved and province:
        of_rule = {"rule": saved.rule.id, "province": province.code}
        page.take_away({"rule": text("the last 30 days")}, **of_rule)


def _blank(saved: list[alerting.Saved], text: Text) -> Fields:
    """A new rule as its form begins."""
    pollutant = page.pollutant() if page.pollutant() != "overall" else "pm10"
    watched = {"kind": "air", "pollutant": pollutant, "watch": "value"}
    fires, clears = usual_levels(watched)
    return {
        **watched,
        "id": _free("my-rule", saved),
        "name": text("My rule"),
        "over": "mean",
        "threshold": fires,
        "for": 2,
        "clear_below": clears,
        "clear_for": 1,
        "severity": "notice",
        "language": "ko",
        "enabled": True,
    }


def _move(form: Form, said: Fields) -> Move:
    """Levels moved on the picture are numbers of the form; one that meets the other takes it
    along, as a rule clears no higher than it fires."""
    most, step = span(said)

    def moved(name: str, level: float) -> None:
        numbers = {each: float(said[each]) for each in LEVEL_NAMES} | {name: level}
        bound = min if name == "threshold" else max
        for each, number in numbers.items():
            st.session_state[form.level_key(said, each)] = bound(number, level)

    return Move(step, most, moved)


def _draft(
    own: str, before: Fields, changes: Fields, saved: list[alerting.Saved], text: Text
) -> None:
    """Keep the drafts in the address, and say what saving would change."""
    kept = rule_drafts.write({NEW, *(each.rule.id for each in saved)})
    if changes and own != NEW:
        words = escape(text("Saving changes:"))
        shown = _difference({"before": before, "after": {**before, **changes}}, text)
        page.html(f'<p class="muted" role="status">{words} {shown}</p>')
    if not kept:
        words = text("This draft is too long for the page's address: a reload would lose it.")
        page.html(f'<p class="notice">{escape(words)}</p>')


def _buttons(
    chosen: alerting.Saved | None,
    saved: list[alerting.Saved],
    said: Fields,
    rule: Rule | None,
) -> None:
    """What an administrator may do: `rule` is None while the form (`said`) is wrong somewhere."""
    text = page.words()
    # A form that says what is saved already has nothing to save.
    same = chosen is not None and rule == chosen.rule
    if st.button(text("Save"), type="primary", disabled=rule is None or same):
        revision, own = (chosen.revision, chosen.rule.id) if chosen else (0, NEW)
        _save(said, revision, text("Saved."), own)
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


def _presets(own: str, said: Fields, saved: list[alerting.Saved], text: Text) -> None:
    """Settings to take into the form: the authority's levels, earlier than it, quiet at night."""
    if said["kind"] != "air" or said.get("watch") != "value":
        return
    bodies = [each.rule.as_body() for each in saved]
    official = next((body for body in bodies if body["id"] == f"{said['pollutant']}-warning"), None)
    presets: dict[str, Fields] = {}
    if official is not None:
        levels = {key: float(official[key]) for key in LEVEL_NAMES}
        hours = {key: official.get(key, 1) for key in ("for", "clear_for")}
        presets[text("As the authorities do")] = {**levels, **hours}
        presets[text("Earlier")] = {k: round(v * EARLIER, 3) for k, v in levels.items()}
    quiet = {"start": "22:00", "end": "07:00", "days": list(WEEKDAYS), "then": "hold"}
    presets[text("Quiet at night")] = {"quiet": quiet}
    page.html(f'<p class="muted">{escape(text("Take over:"))}</p>')
    with st.container(horizontal=True):
        for label, fields in presets.items():
            if st.button(label, key=f"preset {label}"):
                rule_drafts.put(own, {**rule_drafts.drafts().get(own, {}), **fields}, anew=True)
                st.rerun()


def _free(name: str, saved: list[alerting.Saved]) -> str:
    """An id like `name` that no rule has."""
    taken = {each.rule.id for each in saved}
    names = (name, *(f"{name[:36]}-{n}" for n in range(2, 1000)))
    return next(made for made in names if made not in taken)


def _copy(said: Fields, saved: list[alerting.Saved]) -> None:
    """Open the form of a new rule with what stands in this one; nothing is saved yet."""
    name = _free(said["id"], saved)
    copied = {**said, "id": name, "name": f"{said['name']} 2", "enabled": True}
    rule_drafts.put(NEW, copied, anew=True)
    page.change(rule=NEW)


def _save(body: Fields, expected: int, done: str, draft: str = "") -> None:
    """Save a body; what was the draft of the rule `draft` is none any more then."""
    context = cache.context()

    def save(who: str) -> None:
        made = alerting.save_rule(context.store, body, known_to(context), who, expected=expected)
        rule_drafts.put(draft, {})
        st.query_params["rule"] = made.id

    admin.write(save, done)


def _keep(rule: Rule, text: Text) -> None:
    """Hold the present settings, to compare them with what the form says next."""
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
            trials.verdict(one)
            trials.line(one, f"compared {name}", place if place in one.places else None)
            trials.facts(one)


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
            page.html(f"<p>{escape(words)} {_difference(one, text)}</p>")
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


def _told(value: Any) -> str:
    """A field's value as a change names it; quiet hours as 22:00–07:00 and what holds in them."""
    if isinstance(value, dict):
        days = [] if len(value["days"]) == len(WEEKDAYS) else value["days"]
        return " ".join([f"{value['start']}–{value['end']}", *days, value["then"]])
    if isinstance(value, list):
        return ", ".join(value) or "–"
    return "–" if value is None else str(value)


def _difference(change: Fields, text: Text) -> str:
    """Fields that a change changed, old and new, as markup."""
    before, after = change["before"] or {}, change["after"] or {}
    if not before:
        return ""
    parts = [
        f"{escape(text(FIELD_WORDS.get(key, key)))}: {escape(_told(before.get(key)))}"
        f" → {escape(_told(after.get(key)))}"
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]
    return f"<small>({'; '.join(parts)})</small>" if parts else ""


if __name__ == "__main__":
    render()
