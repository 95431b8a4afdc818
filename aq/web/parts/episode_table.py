"""Episodes on the alerts page: by the hours as they are now, as told, and why the two differ."""

from collections.abc import Sequence
from html import escape
from typing import Any

from aq.alerts import status
from aq.alerts.episodes import Episode, episodes, hour_of
from aq.alerts.log import in_unit, unit_of
from aq.alerts.points import reader_of
from aq.alerts.wording import rule_title
from aq.context import Context
from aq.domain.clock import from_hour_number
from aq.i18n import N_, Text
from aq.web.parts import cache, page
from aq.web.wording.alerts import amount, place_name
from aq.web.wording.korean import told_hour

# A table of more is no reading.
SHOWN = 60
DAYS = 7
WHY = {
    "revised": N_("later data changed the hours"),
    "rule_changed": N_("the rule has been changed since"),
    "before_rule": N_("before the rule was as it is"),
    "silenced": N_("silenced"),
    "milder": N_("the more severe alert was on"),
    "over": N_("over when it became known"),
}


def found(
    context: Context, after: int, until: int, rule: str | None, province: int | None,
    _newest: tuple[str, ...],
) -> list[Episode]:  # fmt: skip
    """The episodes of a choice, the newest first; `_newest` is the newest entry of the log, which
    changes without a new store version."""
    return episodes(context.store, reader_of(context), after, until, rule=rule, province=province)


def draw(asked: dict[str, Any], text: Text) -> None:
    """The episodes of the days chosen, else of the last week."""
    last = hour_of(cache.this_hour().isoformat())
    after, until = asked.get("hours") or (last - 24 * DAYS, last)
    newest = tuple(entry["id"] for entry in status.log(cache.context().store, limit=1))
    rows: Sequence[Episode] = cache.kept(
        found, after, min(until, last), asked["rule"], asked["province"], newest
    )
    title = text("Episodes, by the hours as they are now and as told")
    page.html(f"<h3>{escape(title)}</h3>")
    if not rows:
        page.html(f"<p>{escape(text('No alert in these days, by the hours or as told.'))}</p>")
        return
    heads = [text("Where"), text("By the hours now"), text("Told")]
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in heads)
    body = "".join(_row(episode, text) for episode in rows[:SHOWN])
    page.html(
        '<div class="scroll whole" tabindex="0"><table class="stacked">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>",
        "episodes",
    )
    if len(rows) > SHOWN:
        words = text("The newest {n} of {all} are shown; choose a place or a rule.",
                     n=SHOWN, all=len(rows))  # fmt: skip
        page.html(f'<p class="muted">{escape(words)}</p>')


def _row(episode: Episode, text: Text) -> str:
    rule, hours = episode.saved.rule, episode.hours
    span = escape(text("no alert"))
    if hours is not None:
        fields = {"peak": in_unit(rule, hours.peak), "unit": unit_of(rule)}
        peak = text("at most {value}", value=amount(fields, "peak", text))
        span = f"{escape(_between(hours.fired, hours.end, text))}<small>{escape(peak)}</small>"
    told = escape(_told(episode, text))
    if episode.why:
        told += f"<small>{escape(text(WHY[episode.why]))}</small>"
    row = f"<td>{span}</td><td>{told}</td>"
    name = escape(rule_title(rule.id, rule.name, text))
    where = escape(place_name(episode.place, text))
    return f'<tr><th scope="row">{where}<small>{name}</small></th>{row}</tr>'


def _told(episode: Episode, text: Text) -> str:
    """From when to when people were told of it, and who; nobody where nobody was."""
    told = [entry for entry in episode.told if entry["receivers"]]
    if not told:
        return text("nobody")
    ends = [entry for entry in told if entry["after"] == "clear"]
    end = hour_of(ends[-1]["at"]) if ends else None
    names = dict.fromkeys(name for entry in told for name in entry["receivers"])
    return f"{_between(hour_of(told[0]['at']), end, text)} · {', '.join(names)}"


def _between(begin: int, end: int | None, text: Text) -> str:
    first = told_hour(text, from_hour_number(begin), cache.moment())
    if end is None:
        return text("{hour} on", hour=first)
    return f"{first} – {told_hour(text, from_hour_number(end), cache.moment())}"
