"""A rule beside the authority's own advisories: how many it would have met, missed and added."""

import json
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from aq.alerts import Rule
from aq.alerts.points import reader_of
from aq.alerts.rule import OFFICIAL
from aq.alerts.verification import against_official
from aq.context import Context
from aq.i18n import Text
from aq.web.parts import cache, page, tables
from aq.web.wording.alerts import place_name
from aq.web.wording.facts import fact
from aq.web.wording.korean import exact, long_hour

Fields = dict[str, Any]


def compared(context: Context, body: str, after: datetime, until: datetime) -> Fields:
    """The rule of a body (JSON) against the advisories issued in ``after < t <= until``."""
    rule = Rule.model_validate(json.loads(body))
    return against_official(context.store, reader_of(context), rule, after, until).as_dict()


def show(rule: Rule, after: datetime, until: datetime) -> None:
    """Counts, a row for each province with any, and why the two cannot agree fully."""
    if rule.kind != "air" or rule.pollutant not in OFFICIAL:
        return
    text = page.words()
    found: Fields = cache.kept(compared, json.dumps(rule.as_body()), after, until)
    label = text.advisory(found["label"])
    title = text("Beside the official acts: {label}", label=label)
    page.html(f"<h3>{escape(title)}</h3>{_counts(found, text)}{_known(found, text)}")
    rows = [one for one in found["places"] if one["official"] or one["alerts"]]
    if rows:
        page.html(_table(rows, title, text), "acts-met")
    why = " ".join(text(sentence) for sentence in found["why"])
    page.html(
        f'<p class="muted">{escape(text("Why the two never agree fully:"))} {escape(why)}</p>'
    )


def _counts(found: Mapping[str, Any], text: Text) -> str:
    if not found["official"]:
        words = text(
            "The authority issued none in this period; the rule would have fired {n} times.",
            n=f"{found['alerts']:,}",
        )
        return f"<p>{escape(words)}</p>"
    words = text(
        "Of {n} official acts the rule would have met {met} within {hours} hours.",
        n=f"{found['official']:,}",
        met=f"{found['met']:,}",
        hours=found["within_hours"],
    )
    facts = [
        fact(f"{found['met']:,}", text("met")),
        fact(f"{found['missed']:,}", text("missed")),
        fact(f"{found['added']:,}", text("fired without one")),
        fact(escape(lead(found["lead_hours"], text)), text("the rule against the act, median")),
    ]
    return f'<p>{escape(words)}</p><dl class="facts">{"".join(facts)}</dl>'


def _known(found: Mapping[str, Any], text: Text) -> str:
    """Where the list of advisories begins within the period, or there is none."""
    since = found["official_since"]
    if since is None:
        words = text("No official advisory has been received so far, so none can be met.")
    elif since > found["since"]:
        moment = datetime.fromisoformat(since)
        words = text("The list held begins on {when}.", when=long_hour(text, moment))
        return f'<p class="muted" title="{escape(exact(moment, text))}">{escape(words)}</p>'
    else:
        return ""
    return f'<p class="muted">{escape(words)}</p>'


def lead(found: Mapping[str, float] | None, text: Text) -> str:
    """How long before the authority a rule fires: 1.5 h earlier, 2 h later."""
    if found is None:
        return "–"
    hours = found["median"]
    number = f"{abs(hours):.1f}".removesuffix(".0")
    if not hours:
        return text("at the same time")
    return text("{n} h earlier", n=number) if hours > 0 else text("{n} h later", n=number)


def _table(rows: list[Fields], title: str, text: Text) -> str:
    heads = [
        *(text("Where"), text("official acts"), text("met"), text("missed")),
        *(text("fired without one"), text("median lead")),
    ]
    counts = ("official", "met", "missed", "added")
    body = [
        (
            escape(place_name(row["code"], text)),
            *(f"{row[name]:,}" for name in counts),
            escape(lead(row["lead_hours"], text)),
        )
        for row in rows
    ]
    return tables.cards(title, heads, body, text)
