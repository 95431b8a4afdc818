"""Which alerts keep quiet for a more severe one of the same kind, towards one receiver. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from aq.alerts.due import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """An alert of a family as one receiver sees it.

    Attributes
    ----------
    rank : of its severity
    on : whether it is on now
    told_here : whether the receiver is one of its rule's
    before, after : what the receiver had been told before this pass, and after it as far as decided
    """

    rule: str
    rank: int
    on: bool
    told_here: bool
    before: Said
    after: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What the other levels mean for one alert: who inhibits it, and whether it is a step."""

    inhibited_by: str | None
    step_up: bool
    step_down: bool


def steps(own: Level, others: Sequence[Level]) -> Steps:
    """How the other alerts of a family bear on `own`, towards one receiver.

    A more severe alert that is on inhibits where the receiver was told of it by a message that has
    left or is about to. An alert is a step up from a milder one the receiver knows of; a step down
    when a milder one goes on after it, or when it goes on after a more severe one.
    """
    severer = [other for other in others if other.rank > own.rank]
    milder = [other for other in others if other.rank < own.rank]
    inhibits = [one for one in severer if one.on and one.after.level and one.after.reached]
    if own.on:
        down = any(not one.on and one.before.level for one in severer)
    else:
        down = any(one.on and one.told_here for one in milder)
    return Steps(
        inhibited_by=max(inhibits, key=lambda inhibit: inhibit.rank).rule if inhibits else None,
        step_up=any(one.on and one.before.level for one in milder),
        step_down=down,
    )
