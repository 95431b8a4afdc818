"""Old hours that were written since they were judged: from where on they are judged anew."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from aq.alert_account import Redo, Standing
from aq.alerts import Phase, State
from aq.alerts.rule import LONGEST_HOURS
from aq.store import alerting as rows
from aq.store.alert_hours import changed_hours

# How far a new rule looks back to see what is going on.
LOOK_BACK_HOURS = 48


class Backlog:
    """Finds the old hours of a place, as of one store version; says when none are left."""

    def __init__(self, connection: Connection, version: int) -> None:
        self.connection, self.version = connection, version
        self._changed: dict[tuple[int, int], tuple[int, int] | None] = {}

    def find(self, group: Sequence[Standing]) -> None:
        """Where settled hours of a place were written since, begin before them: all rules of a
        family at once, from an hour at which nothing was on."""
        if not group or group[0].rule.kind == "data_late":
            return
        spans = [self._written(one.seen, one.start.hour) for one in group]
        found = [span for span in spans if span is not None]
        if found:
            self._begin_before(group, found)
        for one in group:
            one.seen = self.version

    def _begin_before(self, group: Sequence[Standing], found: list[tuple[int, int]]) -> None:
        before = [one.redo for one in group if one.redo is not None]
        first = min([span[0] for span in found] + [one.first for one in before])
        last = max([span[1] for span in found] + [one.last for one in before])
        hour = min([first - 1] + [one.state.hour for one in before])
        while True:
            clear = min(self._last_clear(one, hour) for one in group)
            if clear == hour:
                break
            hour = clear
        for one in group:
            one.redo = Redo(state=State(hour=hour), first=first, last=last)

    def _last_clear(self, one: Standing, hour: int) -> int:
        """The newest hour up to `hour` at which a rule had nothing on in a place."""
        began = one.saved.since - max(LOOK_BACK_HOURS, one.rule.for_hours)
        found = rows.last_clear(self.connection, one.rule.id, one.place, one.saved.revision, hour)
        # Of the hours just before a rule came, only what was on then stands in the log.
        if found == rows.NEVER:
            return min(hour, began)
        if found is None:
            whole = hour <= began or hour > one.saved.since + LONGEST_HOURS
            return hour if whole else began
        return found

    def _written(self, seen: int, settled: int) -> tuple[int, int] | None:
        """The settled hours written since a store version: a file, a filled gap, a revision."""
        if (seen, settled) not in self._changed:
            none = seen >= self.version
            self._changed[seen, settled] = (
                None if none else changed_hours(self.connection, seen, settled)
            )
        return self._changed[seen, settled]

    def leave(self, group: Sequence[Standing], end: int) -> None:
        """What remains of old hours after a piece: nothing where all is as it was before."""
        same = all(
            end >= redo_of(one).last
            and one.state is not None
            and one.state.phase == Phase.CLEAR
            and self._last_clear(one, end) == end
            for one in group
        )
        for one in group:
            state = one.state or one.start
            one.redo = None if same else replace(redo_of(one), state=state)


def begin_anew(group: Sequence[Standing]) -> None:
    """Judge what is left of old hours together with the newest ones."""
    for one in group:
        if one.redo is not None:
            one.start, one.changed, one.redo = one.redo.state, one.redo.first, None


def redo_of(one: Standing) -> Redo:
    """The old hours a rule has left in a place; raises ``ValueError`` for none."""
    if one.redo is None:
        raise ValueError("no old hours are left")
    return one.redo
