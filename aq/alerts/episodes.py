"""Episodes: what the hours say now, beside what people were told of it, and why the two differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aq.alerts.backtest import courses
from aq.alerts.points import Reader
from aq.alerts.rules import Saved, saved_rules
from aq.alerts.state import Course
from aq.alerts.status import log
from aq.alerts.verification import RUN_UP
from aq.domain.clock import hour_number, parse_instant
from aq.store import Store

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """An alert by the hours as they are now; hours as numbers, the value as in `Point`.

    Attributes
    ----------
    since, fired : the first hour over the threshold; the one at which the alert began
    end : the hour that ended it; None while it is on
    """

    since: int
    fired: int
    end: int | None
    peak: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An alert of a rule in a place: by the hours (None: there is none), as told (oldest first).

    `why` names how the two differ: ``revised`` (later data), ``rule_changed``, ``before_rule``
    (before the rule was as it is), ``silenced``, ``milder`` (a more severe alert spoke for it),
    ``over`` (it had ended when it became known); None where they agree.
    """

    saved: Saved
    place: str
    hours: Span | None
    told: tuple[Entry, ...]
    why: str | None

    @property
    def begin(self) -> int:
        """The hour it is listed by."""
        return self.hours.fired if self.hours else hour_of(self.told[0]["at"])


def hour_of(iso: str) -> int:
    """The number of an hour as the log writes it."""
    return hour_number(parse_instant(iso))


def spans(course: Course) -> list[Span]:
    """The alerts of a course; one that was on at its start is left out."""
    alerts: list[Span] = []
    for transition in course.transitions:
        state = transition.state
        if state.fired is not None and state.since is not None:
            on = Span(since=state.since, fired=state.fired, end=None, peak=state.peak)
            alerts = [*(span for span in alerts if span.fired != on.fired), on]
        elif alerts and alerts[-1].end is None:
            last = alerts[-1]
            peak = last.peak if transition.peak is None else transition.peak
            alerts[-1] = Span(since=last.since, fired=last.fired, end=transition.hour, peak=peak)
    last_state = course.state
    if alerts and alerts[-1].end is None and last_state.fired == alerts[-1].fired:
        last = alerts[-1]
        alerts[-1] = Span(since=last.since, fired=last.fired, end=None, peak=last_state.peak)
    return alerts


def told_alerts(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The log of a rule in a place (oldest first) in parts, one for each alert people knew of."""
    alerts: list[list[Entry]] = []
    for entry in entries:
        if not alerts or alerts[-1][-1]["after"] == "clear":
            alerts.append([])
        alerts[-1].append(entry)
    return alerts


def beside(
    saved: Saved, place: str, hours: Sequence[Span], entries: Iterable[Entry]
) -> list[Episode]:
    """Each alert by the hours with what was told of it; what was told of none stands alone."""
    left = told_alerts(entries)
    found: list[tuple[Span | None, Sequence[Entry]]] = []
    for span in hours:
        told = next((alert for alert in left if _same(span, alert)), [])
        left = [alert for alert in left if alert is not told]
        found.append((span, told))
    found += [(None, alert) for alert in left]
    return [
        Episode(saved=saved, place=place, hours=span, told=tuple(told), why=_why(saved, span, told))
        for span, told in found
    ]


def _same(span: Span, alert: Sequence[Entry]) -> bool:
    """Whether they are of one alert: what was told began within it, or it within what was told."""
    first, last = _bounds(alert)
    return first <= (last if span.end is None else span.end) and last >= span.since


def _bounds(alert: Sequence[Entry]) -> tuple[int, int]:
    begins = [hour_of(entry["since"] or entry["at"]) for entry in alert]
    return min(begins), max(hour_of(entry["at"]) for entry in alert)


def _why(saved: Saved, span: Span | None, told: Sequence[Entry]) -> str | None:
    changed = any(entry["revision"] != saved.revision or entry["ended"] for entry in told)
    if span is None:
        return "rule_changed" if changed else "revised"
    if not told:
        before = span.end is not None and span.end <= saved.since
        return "before_rule" if before else "over"
    ends = [entry for entry in told if entry["after"] == "clear"]
    moved = hour_of(told[0]["since"] or told[0]["at"]) != span.since
    moved |= bool(ends) and hour_of(ends[-1]["at"]) != span.end
    if moved:
        return "rule_changed" if changed else "revised"
    muted = next((entry["muted_by"] for entry in told if entry["muted_by"]), None)
    if muted is None or any(entry["receivers"] for entry in told):
        return None
    return "silenced" if muted.startswith("silence:") else "milder"


def episodes(
    store: Store, reader: Reader, after: int, until: int, *,
    rule: str | None = None, province: int | None = None,
) -> list[Episode]:  # fmt: skip
    """The alerts of measured air of ``after < hour <= until``, the newest first, of the rules that
    are on; `rule` and `province` (its id) narrow them."""
    start = after - RUN_UP // timedelta(hours=1)
    entries: dict[tuple[str, str], list[Entry]] = {}
    told = log(store, limit=None, rule=rule, province=province, hours=(start + 1, until))
    for entry in reversed(told):
        entries.setdefault((entry["rule"], entry["place"]), []).append(entry)
    found: list[Episode] = []
    with store.read() as connection:
        for saved in saved_rules(connection):
            watched = saved.rule.kind == "air" and saved.rule.enabled
            if not watched or rule not in (None, saved.rule.id):
                continue
            by_place = courses(reader, connection, saved.rule, start, until, province)
            for place in reader.places(saved.rule, start, until, province):
                hours = spans(by_place[place]) if place in by_place else []
                found += beside(saved, place, hours, entries.get((saved.rule.id, place), []))
    return sorted((each for each in found if _within(each, after)), key=lambda each: -each.begin)


def _within(episode: Episode, after: int) -> bool:
    if episode.hours is not None:
        return episode.hours.end is None or episode.hours.end > after
    return _bounds(episode.told)[1] > after
