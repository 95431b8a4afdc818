"""What is on as a table, on narrow screens as cards: a row opens its alert, and may hold deeds."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from aq.alerts.wording import rule_title
from aq.i18n import Text
from aq.web.base_path import below
from aq.web.parts import cache, page
from aq.web.wording.alerts import (
    PHASE_WORDS,
    SEVERITY_WORDS,
    amount,
    moment,
    now_words,
    official_words,
    place_name,
)
from aq.web.wording.korean import exact, told_hour

Fields = dict[str, Any]


def alert_table(rows: Mapping[str, Fields], text: Text, *, chosen: str, writes: bool) -> str:
    """Rows by the key of their alert (`folded`); with `writes` those that are on have a button to
    acknowledge and one to silence."""
    heads = [
        *(text("Where"), text("State"), text("Since"), text("Now"), text("Peak")),
        text("Seen by"),
    ]
    if writes:
        heads.append("")
    head = "".join(f'<th scope="col">{escape(words)}</th>' for words in heads)
    body = "".join(
        _row(key, fields, heads, text, chosen=key == chosen, writes=writes)
        for key, fields in rows.items()
    )
    return f'<table class="standing"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _row(
    key: str, fields: Fields, heads: Sequence[str], text: Text, *, chosen: bool, writes: bool
) -> str:
    since = moment(fields["since"])
    told = (
        f'<span title="{escape(exact(since, text))}">'
        f"{escape(told_hour(text, since, cache.moment()))}</span>"
        if since
        else "–"
    )
    state = official_words(fields, text) or text(PHASE_WORDS[fields["phase"]])
    if fields["muted_by"]:
        state = text("{state}, silenced", state=state)
    cells = [
        f"<b>{escape(state)}</b>" if fields["alert"] else escape(state),
        told,
        escape(now_words(fields, text)),
        escape(amount(fields, "peak", text)),
        escape(fields["acknowledged"]["who"] if fields["acknowledged"] else "–"),
    ]
    row = "".join(
        f'<td{" class=none" if cell == "–" else ""} data-head="{escape(head)}">{cell}</td>'
        for head, cell in zip(heads[1:], cells, strict=False)
    )
    row += f'<td class="do">{_deeds(key, fields, text)}</td>' if writes else ""
    under = [rule_title(each["rule"], each["rule_name"], text) for each in fields["milder"]]
    levels = [
        rule_title(fields["rule"], fields["rule_name"], text),
        text(SEVERITY_WORDS[fields["severity"]]),
        *(text("with {rule}", rule=each) for each in under),
    ]
    mark = ' class="chosen" aria-current="true"' if chosen else ""
    link = escape(f"{below('/alerts')}?{page.query(a=key)}")
    name = escape(place_name(fields["place"], text))
    return (
        f'<tr data-open="{escape(key)}"{mark}><th scope="row">'
        f'<a href="{link}" data-open="{escape(key)}" data-focus="open {escape(key)}">{name}</a>'
        f"<small>{escape(' · '.join(levels))}</small></th>{row}</tr>"
    )


def _deeds(key: str, fields: Fields, text: Text) -> str:
    """A button each to acknowledge and to silence what is on, where that is not done."""
    if not fields["alert"]:
        return ""
    who = place_name(fields["place"], text)
    deeds = []
    if not fields["acknowledged"] and fields["event"] is not None:
        deeds.append(("ack", text("Acknowledge")))
    if not fields["muted_by"]:
        deeds.append(("hush", text("Silence until 8 tomorrow morning")))
    return "".join(
        f'<button type="button" data-{kind}="{escape(key)}" data-focus="{kind} {escape(key)}"'
        f' aria-label="{escape(f"{who}: {words}")}">{escape(words)}</button>'
        for kind, words in deeds
    )


def key_of(fields: Fields) -> str:
    """Rule and place, as the address names an alert."""
    return f"{fields['rule']}:{fields['place']}"


def folded(standing: Sequence[Fields]) -> list[Fields]:
    """What is on, a milder level within the more severe one of its place and kind (`milder`)."""
    rows: list[Fields] = []
    tops: dict[tuple[str, ...], Fields] = {}
    for fields in standing:  # the most severe first
        kind = tuple(str(fields[name]) for name in ("place", "kind", "pollutant", "watch"))
        top = tops.get(kind)
        if top is not None and top["alert"] and top["rank"] > fields["rank"]:
            top["milder"].append(fields)
            continue
        row = {**fields, "milder": []}
        tops.setdefault(kind, row)
        rows.append(row)
    return rows
