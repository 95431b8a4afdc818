"""A rule tried on the past, as a reader sees it: how often, how long, where, what makes it flap."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from html import escape
from typing import Any

import pandas as pd

from aq.alerts import Rule
from aq.alerts.backtest import FLAP_HOURS, backtest
from aq.alerts.channels import outlets
from aq.alerts.places import place_to_draw
from aq.alerts.points import reader_of
from aq.alerts.rule import PLACELESS
from aq.alerts.rules import reached
from aq.context import Context
from aq.domain.pollutants import pollutants
from aq.i18n import Text
from aq.queries.week import line_hours
from aq.web import components
from aq.web.drawings.rule_line import (
    Level,
    RuleLine,
    Stretch,
    levels_of,
    rule_line,
    stretches,
)
from aq.web.parts import cache, page
from aq.web.parts.periods import Period
from aq.web.parts.rule_form import LEVEL_NAMES, MOST_LEVEL
from aq.web.parts.tables import opened, plain
from aq.web.wording.alerts import place_name
from aq.web.wording.facts import fact

Fields = dict[str, Any]


def trial(context: Context, body: str, after: datetime, until: datetime) -> Fields:
    """What the rule of a body (JSON) would have done in ``after < hour end <= until``."""
    rule = Rule.model_validate(json.loads(body))
    return backtest(context.store, reader_of(context), rule, after, until).as_dict()


@dataclass(frozen=True, slots=True)
class Move:
    """How levels may be moved: (step, most) [their unit], and what is told a name and a number."""

    step: float
    most: float
    moved: Callable[[str, float], None]

    def chosen(self, kind: str, value: str) -> None:
        """Take what a browser sent, if it is a level of a rule and a number."""
        name, _, number = value.partition(" ")
        try:
            level = float(number)
        except ValueError:
            return
        if kind == "level" and name in LEVEL_NAMES and 0 <= level <= MOST_LEVEL:
            self.moved(name, level)


def draw_line(
    rule: Rule,
    place: str,
    hours: tuple[datetime, datetime],
    spans: Sequence[Stretch],
    changes: Sequence[Mapping[str, Any]],
    alt: str,
    key: str,
    text: Text,
    move: Move | None = None,
) -> bool:
    """Draw a place's hours (``after < hour end <= until``) with what a rule did; says so and gives
    False where there are none."""
    standard = cache.context().standards[cache.context().settings.display.standard]
    frame = cache.line(place, rule.pollutant, *hours, standard.id)
    if frame["value"].isna().all():
        page.html(f"<p>{escape(text('There are no hours to draw.'))}</p>")
        return False
    levels: Sequence[Level] = ()
    if rule.watch == "value" and rule.threshold is not None and rule.clear_below is not None:
        levels = levels_of(float(rule.threshold), float(rule.clear_below), text)
    if move:
        levels = [replace(level, step=move.step, most=move.most) for level in levels]
    line = RuleLine(
        hours=line_hours(frame),
        pollutant=rule.pollutant,
        unit=pollutants()[rule.pollutant].unit,
        standard=standard,
        digits=cache.shown_digits(rule.pollutant, standard.id),
        levels=levels,
        stretches=spans,
        changes=changes,
        alt=alt,
    )
    picture = rule_line(line, text, dark=page.dark())
    components.drawing(key, picture, chosen=move.chosen if move else lambda *_: None)
    return True


class Trials:
    """Tries rules on one period."""

    def __init__(self, period: Period, text: Text) -> None:
        self.period, self.text = period, text

    def of(self, rule: Rule) -> Fields:
        """The counts and transitions of a rule; kept while the store stays as it is."""
        after, until = self.period.after, self.period.until
        found: Fields = cache.kept(trial, json.dumps(rule.as_body()), after, until)
        return found

    def verdict(self, rule: Rule) -> None:
        """Show how often it would have fired."""
        words = escape(self.sentence(self.of(rule)))
        page.html(f'<p class="trial" role="status">{words}</p>')

    def sentence(self, found: Mapping[str, Any]) -> str:
        """How often a rule would have fired by its back-test, in a sentence."""
        text, when = self.text, self.period.words
        words = text("In {when} it would not have fired.", when=when)
        n, night = f"{found['fired']:,}", f"{found['night']:,}"
        if found["one_shot"]:
            words = text(
                "In {when} it would have told of {n} acts, each in its province, {night} of them at"
                " night (22–7 h).", when=when, n=n, night=night,
            )  # fmt: skip
        elif found["fired"] or found["unknown"]:
            words = text(
                "In {when} it would have fired {n} times, {night} of them at night (22–7 h);"
                " the longest lasted {longest} h.",
                when=when,
                n=n,
                night=night,
                longest=f"{found['longest_hours']:,}",
            )
        return words

    def facts(self, rule: Rule) -> None:
        """The counts, and whom it would have told where that is nobody."""
        text, found = self.text, self.of(rule)
        counts = [
            fact(f"{found['fired']:,}", text("times fired")),
            fact(escape(text("{n} hours", n=f"{found['longest_hours']:,}")), text("longest")),
            fact(f"{found['escalated']:,}", text("times grown worse")),
            fact(f"{found['cleared']:,}", text("times cleared")),
            fact(f"{found['unknown']:,}", text("times without data")),
            fact(f"{found['flapped']:,}", text("times back within {n} hours", n=FLAP_HOURS)),
        ]
        shown = f'<dl class="facts">{"".join(counts)}</dl>'
        told = not found["one_shot"] and (found["fired"] or found["unknown"])
        page.html((shown if told else "") + self._whom(rule))

    def line(
        self, rule: Rule, key: str, place: str | None = None, move: Move | None = None
    ) -> str | None:
        """The line of one place with what the rule would have done; gives the place drawn.

        `place` is the place to draw; without it, that of the view where the rule judges it, else
        the one where it fires most. With `move` the rule's levels can be moved: their names with
        (step, most), and what is called with a level's name and number when one was.
        """
        if rule.kind in PLACELESS or rule.pollutant not in pollutants():
            return None
        found = self.of(rule)
        place = place or _place(found)
        self._drawn(rule, found, place, key, move)
        return place

    def _whom(self, rule: Rule) -> str:
        """Whom the rule would have told, where it is nobody."""
        if reached(rule, outlets().channels):
            return ""
        text = self.text
        words = text("It would have told nobody: none of its channels is configured.")
        return f'<p class="notice">{escape(words)}</p>'

    def _drawn(
        self, rule: Rule, found: Mapping[str, Any], place: str, key: str, move: Move | None
    ) -> None:
        text, after, until = self.text, self.period.after, self.period.until
        counts = {entry["place"]: entry["fired"] for entry in found["places"]}
        title = text("{who}: fired {n} times", who=place_name(place, text), n=counts[place])
        page.html(f"<h3>{escape(title)}</h3>")
        log = [change for change in found["transitions"] if change["place"] == place]
        phase = log[-1]["after"] if log else "clear"
        spans = stretches(log[::-1], phase, after, until)
        if not draw_line(rule, place, (after, until), spans, log, title, key, text, move):
            return
        signs = text("▲ began, ★ worse, ▽ better or ended, ✕ no data; hover for the hour.")
        page.html(f'<p class="muted">{escape(signs)}</p>')
        if rule.over == "any_station":
            note = text("The line is the province's mean; the rule looks at each station.")
            page.html(f'<p class="muted">{escape(note)}</p>')

    def flapping(self, rule: Rule) -> None:
        """Which settings of clearing would make it come back less often, tried on the period."""
        text = self.text
        if rule.kind == "official" or not self.of(rule)["flapped"]:
            return
        rows = []
        for body in variants(rule):
            other = self.of(Rule.model_validate(body))
            rows.append(
                {
                    text("Clears below"): f"{float(body['clear_below']):g}",
                    text("Hours in a row before it clears"): str(body.get("clear_for", 1)),
                    text("times fired"): other["fired"],
                    text("times back within {n} hours", n=FLAP_HOURS): other["flapped"],
                    text("longest"): text("{n} hours", n=other["longest_hours"]),
                }
            )
        words = text(
            "It comes back soon after it has cleared: a lower clear level or a longer wait"
            " steadies it."
        )
        tried = plain(words, pd.DataFrame(rows), text, numbers=True)
        page.html(f'<p class="notice">{escape(words)}</p>{tried}')

    def places(self, rule: Rule) -> None:
        """Counts by place, folded up, and the command that gives every transition."""
        text, found = self.text, self.of(rule)
        title = text("By place, as a table")
        made = partial(_by_place, found["places"], text)
        opened(title, "by province", made, text, numbers=True)
        words = text("The command gives every transition of a saved rule: {command}", command="\0")
        since, last = self.period.since.isoformat(), self.period.last.isoformat()
        name = found["rule"]
        command = f"python -m aq rules backtest {name} --since {since} --until {last} --json"
        page.html(
            f'<p class="muted">{escape(words)}</p>'.replace("\0", f"<code>{escape(command)}</code>")
        )


def _place(found: Mapping[str, Any]) -> str:
    """The place looked at where the rule judges it, else where it fires most."""
    view = page.view().province
    fired = {place["place"]: place["fired"] for place in found["places"]}
    return place_to_draw(fired, view.code if view else None)


def _by_place(places: Sequence[Mapping[str, Any]], text: Text) -> pd.DataFrame:
    return pd.DataFrame(
        {
            text("Where"): [place_name(place["place"], text) for place in places],
            text("times fired"): [place["fired"] for place in places],
            text("at night"): [place["night"] for place in places],
            text("longest"): [text("{n} hours", n=place["longest_hours"]) for place in places],
            text("times back within {n} hours", n=FLAP_HOURS): [
                place["flapped"] for place in places
            ],
            text("times without data"): [place["unknown"] for place in places],
        }
    )


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
