"""Decides hour by hour: what a rule says of an hour, from its state and the hour's point alone."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aq.alerts.rule import SEVERITIES, Rule
from aq.alerts.state import Decision, Phase, Point, Reason, State
from aq.domain.clock import from_hour_number, hour_number

MISSING = Point(None)
SPOKEN = frozenset(
    {Reason.FIRST, Reason.WORSE, Reason.REPEAT, Reason.BETTER, Reason.RESOLVED, Reason.UNKNOWN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A silence that holds for a rule and place: hours with ``since <= hour < until``."""

    id: str
    since: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What a rule looks at in one place.

    Attributes
    ----------
    points : by hour number; an hour without one has no data
    above : hours in which a more severe rule of the family has an alert -> its id
    below : hours in which a less severe rule of the family has one
    mutes : silences for this rule and place
    """

    points: Mapping[int, Point]
    above: Mapping[int, str] = field(default_factory=dict)
    below: frozenset[int] = frozenset()
    mutes: Sequence[Mute] = ()

    def muted_by(self, hour: int) -> str | None:
        """Who mutes the hour: the more severe alert first, then the first silence."""
        if hour in self.above:
            return f"rule:{self.above[hour]}"
        return next((f"silence:{m.id}" for m in self.mutes if m.since <= hour < m.until), None)


def decide(rule: Rule, series: Series, state: State, now: datetime) -> Decision:
    """Judge the hour that ends at `now`, which is the one after `state.hour`.

    Missing data never end an alert. All that is used are the arguments: the same hours in the same
    order give the same decisions, whoever asks and however many hours at a time.
    """
    hour = hour_number(now)
    point = series.points.get(hour, MISSING)
    after = _advance(rule, state, hour, point)
    muted_by = series.muted_by(hour)
    change, back = _change(rule, series, state, after, muted=muted_by is not None)
    ended = state.firing and not after.firing
    if state.firing and state.told is None and (ended or change == Reason.UNKNOWN):
        muted_by = muted_by or "unsaid"
    alert = state.firing or after.firing
    reason = _reason(rule, change, muted_by, now) if alert else change
    return Decision(
        hour=hour,
        reason=reason,
        change=change,
        before=state.phase,
        state=_remember(rule, after, change, reason, hour),
        point=point,
        since=after.since if after.since is not None else state.since,
        peak=_highest(after.peak if after.since is not None else state.peak, point.value),
        muted_by=muted_by if reason == Reason.MUTED else None,
        back=back,
    )


def _advance(rule: Rule, state: State, hour: int, point: Point) -> State:
    """The phase after an hour; what was said is not looked at."""
    if point.value is None:
        if state.phase == Phase.CLEAR:
            return State(hour=hour)
        under = state.under if state.phase == Phase.UNKNOWN else state.phase
        return replace(state, hour=hour, phase=Phase.UNKNOWN, under=under)
    threshold, clear = rule.levels
    value = point.value
    over = state.over + 1 if value >= threshold else 0
    if not state.firing:
        return _running_up(rule, state, hour, value, over)
    below = state.below + 1 if value < clear else 0
    if below >= rule.clear_for:
        return State(hour=hour, value=value)
    lower = rule.watch == "grade" and state.told is not None and value < state.told
    return replace(
        state,
        hour=hour,
        phase=Phase.FIRING,
        over=over,
        below=below,
        value=value,
        peak=_highest(state.peak, value),
        lower=state.lower + 1 if lower else 0,
    )


def _running_up(rule: Rule, state: State, hour: int, value: int, over: int) -> State:
    """No alert so far: the hours over the threshold are counted."""
    if not over:
        return State(hour=hour, value=value)
    fires = over >= rule.for_hours
    return replace(
        state,
        hour=hour,
        phase=Phase.FIRING if fires else Phase.PENDING,
        over=over,
        since=state.since if state.since is not None else hour,
        fired=hour if fires else None,
        value=value,
        peak=_highest(state.peak, value),
    )


def _change(
    rule: Rule, series: Series, state: State, after: State, *, muted: bool
) -> tuple[Reason, bool]:
    """(what happened, whether data came back)."""
    hour = after.hour
    change = Reason.NOTHING
    if state.firing != after.firing:
        change = _edge(series, hour, began=after.firing)
    elif after.phase == Phase.UNKNOWN:
        change = Reason.NOTHING if state.phase == Phase.UNKNOWN else Reason.UNKNOWN
    elif after.phase == Phase.PENDING:
        change = Reason.PENDING
    elif after.firing and state.told is None:
        change = _unsaid(series, state, muted=muted)
    elif after.firing and state.phase == Phase.UNKNOWN:
        return Reason.REPEAT, True
    elif after.firing:
        change = _going_on(rule, state, after, muted=muted)
    return change, False


def _edge(series: Series, hour: int, *, began: bool) -> Reason:
    """An alert begins or ends; where the family's less severe one is on, it is a step."""
    if began:
        return Reason.WORSE if hour - 1 in series.below else Reason.FIRST
    return Reason.BETTER if hour in series.below else Reason.RESOLVED


def _unsaid(series: Series, state: State, *, muted: bool) -> Reason:
    """An alert goes on of which nobody was told: tell it as soon as nothing mutes it."""
    if muted:
        return Reason.NOTHING
    return Reason.BETTER if state.hour in series.above else Reason.FIRST


def _going_on(rule: Rule, state: State, after: State, *, muted: bool) -> Reason:
    told = state.told or 0
    hushed = muted and state.hushed
    if _level(rule, after) > told:
        return Reason.NOTHING if hushed else Reason.WORSE
    if after.lower >= rule.clear_for:
        return Reason.NOTHING if hushed else Reason.BETTER
    due = state.told_at if state.told_at is not None else after.hour
    if rule.repeat_hours and after.hour - due >= rule.repeat_hours:
        return Reason.REPEAT
    return Reason.NOTHING


def _reason(rule: Rule, change: Reason, muted_by: str | None, now: datetime) -> Reason:
    if change not in SPOKEN:
        return change
    if muted_by is not None:
        return Reason.MUTED
    quiet = rule.quiet
    if quiet is None or quiet.until(now) is None:
        return change
    loud = quiet.then == "send_above" and rule.rank > SEVERITIES.index(quiet.above)
    return change if loud else Reason.HELD


def _remember(rule: Rule, after: State, change: Reason, reason: Reason, hour: int) -> State:
    """What people have been told, after this hour."""
    if change not in SPOKEN or not after.firing:
        return after
    if reason == Reason.MUTED:
        repeated = change == Reason.REPEAT
        return replace(after, hushed=True, told_at=hour if repeated else after.told_at)
    told = after.told if change == Reason.UNKNOWN else _level(rule, after)
    return replace(after, told=told, told_at=hour, hushed=False, lower=0)


def _level(rule: Rule, state: State) -> int:
    """What getting worse is measured by: the grade where grades are watched, else nothing."""
    return state.value if rule.watch == "grade" and state.value is not None else 1


def _highest(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return max(known) if known else None


def replay(rule: Rule, series: Series, state: State, until: int) -> tuple[list[Decision], State]:
    """Judge the hours ``state.hour < hour <= until``; the decisions that are notable, the state.

    Hours below the threshold change nothing while nothing is going on, and are stepped over.
    """
    threshold = rule.levels[0]
    over = sorted(
        hour
        for hour, point in series.points.items()
        if point.value is not None and point.value >= threshold and hour <= until
    )
    found = []
    while state.hour < until:
        if state.phase == Phase.CLEAR:
            place = bisect_right(over, state.hour)
            if place == len(over):
                break
            state = replace(state, hour=over[place] - 1)
        decision = decide(rule, series, state, from_hour_number(state.hour + 1))
        state = decision.state
        if decision.notable:
            found.append(decision)
    if state.hour < until:
        state = State(hour=until, value=series.points.get(until, MISSING).value)
    return found, state


def on_hours(decisions: Sequence[Decision], start: State, end: State) -> Iterator[int]:
    """The hours after which an alert was on, from a replay and the states at both its ends."""
    began = start.hour + 1 if start.firing else None
    for one in decisions:
        if began is None and one.state.firing:
            began = one.hour
        elif began is not None and not one.state.firing:
            yield from range(began, one.hour)
            began = None
    if began is not None:
        yield from range(began, end.hour + 1)


def replay_family(
    family: Sequence[tuple[Rule, State]],
    points: Mapping[int, Point],
    mutes: Mapping[str, Sequence[Mute]],
    until: int,
) -> dict[str, tuple[list[Decision], State]]:
    """Rules of one family in one place together, by rule id: the more severe mutes the others.

    Whether an alert is on does not depend on the others; so that is found first, and what is said
    of it after.
    """
    ordered = sorted(family, key=lambda one: (one[0].rank, one[0].levels, one[0].id))
    on: list[frozenset[int]] = []
    if len(ordered) > 1:
        for rule, state in ordered:
            alone = replay(rule, Series(points=points), state, until)
            before = {state.hour} if state.firing else set()
            on.append(frozenset(on_hours(alone[0], state, alone[1])) | before)
    out = {}
    for rule, state in ordered:
        above: dict[int, str] = {}
        below: frozenset[int] = frozenset()
        for other, hours in enumerate(on):
            higher = ordered[other][0]
            if higher.rank > rule.rank:
                above |= dict.fromkeys(hours, higher.id)
            elif higher.rank < rule.rank:
                below |= hours
        series = Series(points=points, above=above, below=below, mutes=mutes.get(rule.id, ()))
        out[rule.id] = replay(rule, series, state, until)
    return out
