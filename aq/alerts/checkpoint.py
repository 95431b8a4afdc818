"""Where an evaluation may begin: a settled state that no later write has made wrong.

A checkpoint spares long replays and decides nothing: without it the same hours give the same.
"""

import json
from typing import Any

from aq.alerts.evaluate import evaluate
from aq.alerts.rule import Rule
from aq.alerts.rules import Saved
from aq.alerts.state import Course, Point, State
from aq.feeds.registry import FEED_IDS
from aq.store import Connection
from aq.store.reads import changed_hours, newest_hours

# Hours newer than this may still come late or be revised; a checkpoint lies before them.
SETTLE_HOURS = 72
# How far before its making a rule looks back to see what is going on.
LOOK_BACK_HOURS = 48


def first_hour(saved: Saved, present: int) -> int:
    """The hour after which a revision of a rule is evaluated."""
    back = 1 if saved.rule.kind == "data_late" else max(LOOK_BACK_HOURS, saved.rule.for_hours)
    return min(saved.since, present) - back


class Checkpoints:
    """Finds the state to begin from, as of one store version."""

    def __init__(self, connection: Connection, version: int, present: int) -> None:
        self.connection, self.version, self.present = connection, version, present
        self._written: dict[tuple[int, int], int | None] = {}

    def start(self, saved: Saved, row: Any) -> State:
        """The checkpoint of a rule in a place (`row` of its state, or None) where it still holds,
        else nothing on at the rule's first hour."""
        first = first_hour(saved, self.present)
        if row is None or row.revision != saved.revision:
            return State(hour=first)
        state = State.from_dict(json.loads(row.settled))
        if saved.rule.kind == "data_late":
            return State(hour=self.present - 1) if self._was_ahead(state, row.place) else state
        written = self._last_written(int(json.loads(row.said).get("seen", 0)), state.hour)
        return state if written is None or written <= first else State(hour=first)

    def _was_ahead(self, state: State, feed: str) -> bool:
        """Whether a clock that was ahead has evaluated hours that have not come yet; where a feed
        has such hours, it is today's clock that is behind."""
        if state.hour <= self.present:
            return False
        return newest_hours(self.connection).get(FEED_IDS[feed], 0) <= self.present

    def _last_written(self, seen: int, settled: int) -> int | None:
        """The newest hour up to `settled` that was written after a store version; None for none."""
        key = seen, settled
        if key not in self._written:
            span = None if seen >= self.version else changed_hours(self.connection, seen, settled)
            self._written[key] = None if span is None else span[1]
        return self._written[key]


def settled(rule: Rule, points: dict[int, Point], start: State, until: int) -> tuple[Course, State]:
    """(the course to `until`, the state to begin from the next time)."""
    if rule.kind == "data_late":
        course = evaluate(rule, points, start, until)
        return course, course.state
    older = evaluate(rule, points, start, max(start.hour, until - SETTLE_HOURS))
    newer = evaluate(rule, points, older.state, until)
    transitions = older.transitions + newer.transitions
    return Course(start=start, transitions=transitions, state=newer.state), older.state
