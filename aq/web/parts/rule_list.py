"""The list of rules beside the one that is open: name, level, severity, whether it is on."""

from collections.abc import Collection, Sequence
from html import escape

from aq.alerts import Rule
from aq.alerts import rules as alerting
from aq.alerts.channels import outlets
from aq.alerts.rules import reached, tell_nobody
from aq.alerts.wording import rule_title
from aq.i18n import Text
from aq.web import components
from aq.web.base_path import below
from aq.web.drawings.marks import framed_in
from aq.web.parts import page
from aq.web.wording.alerts import SEVERITY_WORDS, level_words

NEW = "new"


def choose(
    saved: Sequence[alerting.Saved], chosen: str, drafted: Collection[str], text: Text
) -> str | None:
    """Draw the list; gives the rule that a click asks for, if any."""
    titles = {each.rule.id: rule_title(each.rule.id, each.rule.name, text) for each in saved}
    titles[NEW] = text("A new rule")
    facts = {each.rule.id: _facts(each.rule, text) for each in saved}
    off = {each.rule.id for each in saved if not each.rule.enabled}
    rows = ""
    for rule, title in titles.items():
        tags = [text("off")] if rule in off else []
        tags += [text("not saved")] if rule in drafted else []
        name = f"+ {title}" if rule == NEW else title
        rows += _row(rule, name, facts.get(rule, ""), tags, chosen=rule == chosen)
    label = escape(text("Rules"))
    body = f'<nav aria-label="{label}"><ul class="rules" data-roving>{rows}</ul></nav>'
    choice = components.drawing(
        "rules",
        framed_in(page.standard(), text.lang, page.dark(), body),
        text("Opened: {rule}", rule=titles[chosen]),
    )
    _told_to_nobody(saved, text)
    return choice[1] if choice and choice[0] == "open" and choice[1] in titles else None


def _facts(rule: Rule, text: Text) -> str:
    facts = [
        level_words(rule.as_body(), text),
        text(SEVERITY_WORDS[rule.severity]),
        ", ".join(reached(rule, outlets().channels)),
    ]
    return " · ".join(fact for fact in facts if fact)


def _row(rule: str, name: str, facts: str, tags: Sequence[str], *, chosen: bool) -> str:
    link = escape(f"{below('/rules')}?{page.query(rule=rule)}")
    here = ' aria-current="true"' if chosen else ""
    marks = "".join(f'<span class="tag">{escape(tag)}</span>' for tag in tags)
    return (
        f'<li><a href="{link}" data-open="{escape(rule)}" data-focus="rule {escape(rule)}"{here}>'
        f"<b>{escape(name)}</b>{marks}<small>{escape(facts)}</small></a></li>"
    )


def _told_to_nobody(saved: Sequence[alerting.Saved], text: Text) -> None:
    silent = len(tell_nobody([each.rule for each in saved], outlets().channels))
    if silent:
        words = text(
            "{n} rules that are on tell nobody: they stand on these pages and in the Atom feed"
            " alone. Give them a channel, or make one with aq rules new.",
            n=silent,
        )
        page.html(f'<p class="notice">{escape(words)}</p>')
