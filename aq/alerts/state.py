"""The nouns of alerts: an hour's point, a state, a transition with its reason. Frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple

from aq.domain.advisories import Act
from aq.domain.model import YellowDust


class Reason(StrEnum):
    """Why something changes in an hour, or why somebody is told, or is not.

    pending : over the threshold, not yet for long enough
    first : for long enough now; an alert begins
    worse : a higher level than before
    repeat : goes on, and the repeat interval has passed or data came back
    better : a lower level than before, still an alert
    resolved : below the clear level for long enough; the alert ends
    unknown : goes on as far as known; no data
    correction : by later data, what was told did not happen
    muted : one of the others, silenced by a person or by the more severe alert
    held : one of the others, in quiet hours
    nothing : nothing has changed
    """

    PENDING = "pending"
    FIRST = "first"
    WORSE = "worse"
    REPEAT = "repeat"
    BETTER = "better"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"
    CORRECTION = "correction"
    MUTED = "muted"
    HELD = "held"
    NOTHING = "nothing"


REASONS = tuple(Reason)


class Phase(StrEnum):
    """Where a rule stands in a place."""

    CLEAR = "clear"
    PENDING = "pending"
    FIRING = "firing"
    UNKNOWN = "unknown"


PHASES = tuple(Phase)


class Point(NamedTuple):
    """What a rule watches in one hour of one place.

    Attributes
    ----------
    value : scaled integer of the pollutant, grade, index, or hours of lateness; None when missing
    stations, expected : heard and expected; None where they mean nothing (a model, a feed)
    feed : the store's feed id; `station` the id of the station that decided, for `any_station`
    """

    value: int | None
    stations: int | None = None
    expected: int | None = None
    feed: int | None = None
    station: int | None = None


MISSING = Point(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A rule in one place after `hour`, by the hours alone. Hours are hour numbers; values as in
    `Point`.

    Attributes
    ----------
    phase : and `under`, the phase it was in before data went missing
    over, below : hours in a row at or over the threshold, below the clear level
    since : the first hour of the present run over the threshold
    fired : the hour at which the alert began; None when there is none
    value, peak : of the last hour with data, the highest since `since`
    level : how bad it is: the grade where grades are watched, else 1; 0 while no alert is on. It
        rises at once and falls after `clear_for` hours lower.
    lower : hours in a row with a lower grade than `level`
    """

    hour: int
    phase: Phase = Phase.CLEAR
    under: Phase = Phase.CLEAR
    over: int = 0
    below: int = 0
    since: int | None = None
    fired: int | None = None
    value: int | None = None
    peak: int | None = None
    level: int = 0
    lower: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON's types; the level under the name by which version 0.1 reads one."""
        whole = {name: getattr(self, name) for name in self.__slots__}
        return {**whole, "told": whole.pop("level") or None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "State":
        """Inverse of `as_dict`; what version 0.1 kept beside it is left out."""
        kept = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        phases = {"phase": Phase(data["phase"]), "under": Phase(data["under"])}
        return cls(**{**kept, **phases, "level": data.get("told") or 0})

    @property
    def firing(self) -> bool:
        """Whether an alert is on, data or no data."""
        return self.fired is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What changes in one hour and why, and the state after it.

    `since` and `peak` are of the alert that is spoken of, also when it ends here. `back` marks the
    first hour with data after `unknown`. `act` is the authority's, where a rule watches that.
    """

    hour: int
    reason: Reason
    before: Phase
    state: State
    point: Point
    since: int | None = None
    peak: int | None = None
    back: bool = False
    act: Act | YellowDust | None = None

    @property
    def after(self) -> Phase:
        """The phase it leaves."""
        return self.state.phase

    @property
    def key(self) -> tuple[int, str, str, str]:
        """What makes two transitions of a rule in a place the same."""
        return self.hour, str(self.reason), str(self.before), str(self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a rule went in a place: from which state, by which transitions, to which state."""

    start: State
    transitions: tuple[Transition, ...]
    state: State

    def happened(self, since: int, hour: int) -> bool:
        """Whether an alert was on at any time from `since` to `hour`; of hours up to the start
        nothing else is known than that it was."""
        on = (begin <= hour and end > since for begin, end in self.spans())
        return hour <= self.start.hour or any(on)

    def spans(self) -> list[tuple[int, int]]:
        """(hour it began, hour it ended) of each alert; the last may go on to the end. What is told
        once begins and is over in its hour."""
        found, began = [], self.start.hour if self.start.firing else None
        for transition in self.transitions:
            if began is None and transition.state.firing:
                began = transition.hour
            elif began is None and transition.reason == Reason.FIRST:
                found.append((transition.hour, transition.hour))
            elif began is not None and not transition.state.firing:
                found.append((began, transition.hour))
                began = None
        return [*found, (began, self.state.hour)] if began is not None else found
