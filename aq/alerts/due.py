"""What to say now: what was said last and what stands, to a reason to speak or none. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from aq.alerts.state import Phase, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a receiver was told last of a rule in a place.

    Attributes
    ----------
    level : of the alert it knows of; 0 that none is on
    unknown : it was told that data are missing
    hour, moment : what it was told was so at this hour number, at this instant
    since : the first hour of the alert it knows of
    reached : the message has left or will at once; False while quiet hours hold it, or when it
        failed
    """

    level: int = 0
    unknown: bool = False
    hour: int = 0
    moment: datetime | None = None
    since: int | None = None
    reached: bool = True

    @property
    def phase(self) -> Phase:
        """How the receiver thinks it stands."""
        if not self.level:
            return Phase.CLEAR
        return Phase.UNKNOWN if self.unknown else Phase.FIRING

    def within(self, *, reached: bool) -> "Said":
        """The same, said by a message that reaches its receiver at once, or not."""
        return replace(self, reached=reached)


NOTHING_SAID = Said()


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What stands now.

    Attributes
    ----------
    level : 0 while no alert is on
    unknown : data are missing; `stale` that they have been for so long that what was before is
        no news to who was never told
    hour : as of which it stands so
    once : it has no end, so that it is told and nothing is said after it
    clocked : it goes by the clock alone; what was told of a later hour, a clock that was ahead told
    """

    level: int
    once: bool = False
    clocked: bool = False
    unknown: bool = False
    stale: bool = False
    hour: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What else decides whether a receiver is told.

    Attributes
    ----------
    repeat_hours : after so many hours an alert that goes on is told again; None: never
    silenced : a person has silenced it
    inhibited : the receiver has been told of a more severe alert of the same kind that is on
    undone : what the receiver was told did not happen, by the hours as they are now
    step_up, step_down : it follows a milder alert of the same kind that the receiver knows of, or
        gives way to one; or follows a more severe one that has just ended
    """

    repeat_hours: int | None = None
    silenced: bool = False
    inhibited: bool = False
    undone: bool = False
    step_up: bool = False
    step_down: bool = False


PLAIN = Circumstances()


def due(said: Said, now: Now, given: Circumstances = PLAIN) -> Reason | None:
    """Why a receiver is to be told now; None when it knows how things stand, or is not to be told.

    A more severe alert speaks for the milder ones; once it is over they are told as they stand. A
    silence mutes what begins and goes on; that an alert it was told of is over, a receiver learns
    at once. What is told once is told to whoever has heard nothing of it, and no more.
    """
    if now.once:
        return None if given.silenced or said.moment is not None else Reason.FIRST
    if given.inhibited:
        return None
    if given.undone and now.level != said.level and not (given.silenced and now.level):
        return Reason.CORRECTION
    if not now.level:
        return _over(given) if said.level else None
    if given.silenced or (now.stale and not said.level):
        return None
    return _on(said, now, given)


def _over(given: Circumstances) -> Reason:
    return Reason.BETTER if given.step_down else Reason.RESOLVED


def _on(said: Said, now: Now, given: Circumstances) -> Reason | None:
    """An alert is on, and nothing keeps it from being told."""
    reason = step(said.level, now.level)
    if reason == Reason.FIRST:
        reason = Reason.WORSE if given.step_up else Reason.BETTER if given.step_down else reason
    elif reason is None and now.unknown != said.unknown:
        reason = Reason.UNKNOWN if now.unknown else Reason.REPEAT
    elif reason is None and not now.unknown and given.repeat_hours:
        passed = now.hour - said.hour
        again = passed >= given.repeat_hours or (now.clocked and passed < 0)
        reason = Reason.REPEAT if again else None
    return reason


def step(before: int, after: int) -> Reason | None:
    """What a change of level is; None for none."""
    if before == after:
        return None
    if not before:
        return Reason.FIRST
    if not after:
        return Reason.RESOLVED
    return Reason.WORSE if after > before else Reason.BETTER
