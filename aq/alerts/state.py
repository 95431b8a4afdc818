"""The nouns of alerts: an hour's point, a state, a decision with its reason. Frozen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from aq.domain.advisories import Act


class Reason(StrEnum):
    """Why something is said of an hour, or is not.

    pending : over the threshold, not yet for long enough
    first : for long enough now; an alert begins
    worse : a higher level than was said last
    repeat : goes on, and the repeat interval has passed or data came back
    better : a lower level than was said last, still an alert
    resolved : below the clear level for long enough; the alert ends
    unknown : goes on as far as known; no data
    muted : one of the others, silenced by a person or by the higher alert of its kind
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


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A rule in one place after `hour`. Hours are hour numbers; values as in `Point`.

    Attributes
    ----------
    phase : and `under`, the phase it was in before data went missing
    over, below : hours in a row at or over the threshold, below the clear level
    since : the first hour of the present run over the threshold
    fired : the hour at which the alert began; None when there is none
    value, peak : of the last hour with data, the highest since `since`
    told : the value last spoken of (the grade where grades are watched, else 1); None: nothing is
        on people's minds
    told_at : the hour of it, from which repeats are counted
    hushed : the alert began or changed while muted, which is on record once
    lower : hours in a row with a lower grade than told
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
    told: int | None = None
    told_at: int | None = None
    hushed: bool = False
    lower: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON's types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "State":
        """Inverse of `as_dict`."""
        return cls(**{**data, "phase": Phase(data["phase"]), "under": Phase(data["under"])})

    @property
    def firing(self) -> bool:
        """Whether an alert is on, data or no data."""
        return self.fired is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided of one hour: the reason, and the state after it.

    `change` is the reason that quiet hours, silences or a higher alert turned into `held` or
    `muted`; `muted_by` says which: ``silence:ID``, ``rule:ID``, or ``unsaid`` for the end of what
    nobody was told. `since` and `peak` are of the alert spoken of, also when it ends here. `back`
    marks the first hour with data after `unknown`. `act` is the authority's, where a rule watches
    that.
    """

    hour: int
    reason: Reason
    change: Reason
    before: Phase
    state: State
    point: Point
    since: int | None = None
    peak: int | None = None
    muted_by: str | None = None
    back: bool = False
    act: Act | None = None

    @property
    def after(self) -> Phase:
        """The phase it leaves."""
        return self.state.phase

    @property
    def notable(self) -> bool:
        """Whether it belongs in the log: something is said or muted, or the phase changes."""
        quiet = self.reason in (Reason.NOTHING, Reason.PENDING)
        return not quiet or self.before != self.after

    @property
    def key(self) -> tuple[int, str, str, str]:
        """What makes two decisions of a rule in a place the same transition."""
        return self.hour, str(self.change), str(self.before), str(self.after)
