"""What the hours say: a rule over a series of points, from a state on. Pure; knows no messages.

The live pass, the back-test and the pages call the same function. Late, revised and imported hours
need no code of their own: the function is asked again over the hours as they are now.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace

from aq.alerts.rule import Rule
from aq.alerts.state import MISSING, Course, Phase, Point, Reason, State, Transition


def evaluate(rule: Rule, points: Mapping[int, Point], start: State, until: int) -> Course:
    """The course of a rule in one place over the hours ``start.hour < hour <= until``.

    An hour without a point, or with a point without a value, has no data; missing data never end an
    alert. The same hours give the same course however they are split. Hours below the threshold
    change nothing while nothing is going on, and are stepped over.
    """
    threshold = rule.levels[0]
    over = sorted(
        hour
        for hour, point in points.items()
        if point.value is not None and point.value >= threshold and start.hour < hour <= until
    )
    found, state = [], start
    while state.hour < until:
        if state.phase == Phase.CLEAR:
            place = bisect_left(over, state.hour + 1)
            if place == len(over):
                state = State(hour=until, value=points.get(until, MISSING).value)
                break
            state = State(hour=over[place] - 1)
        state = _unchanged(rule, points, state, until)
        if state.hour == until:
            break
        hour = state.hour + 1
        point = points.get(hour, MISSING)
        after = _advance(rule, state, hour, point)
        transition = _transition(state, after, point)
        if transition is not None:
            found.append(transition)
        state = after
    return Course(start=start, transitions=tuple(found), state=state)


def _unchanged(rule: Rule, points: Mapping[int, Point], state: State, until: int) -> State:
    """The state after the hours that follow in which an alert only goes on, or data are missing."""
    hour = state.hour
    if state.phase == Phase.UNKNOWN:
        while hour < until and points.get(hour + 1, MISSING).value is None:
            hour += 1
        return state if hour == state.hour else replace(state, hour=hour)
    if state.phase != Phase.FIRING:
        return state
    (threshold, clear), graded = rule.levels, rule.watch == "grade"
    over, last, peak = state.over, state.value, state.peak
    while hour < until:
        value = points.get(hour + 1, MISSING).value
        if value is None or value < clear or (graded and value != state.level):
            break
        hour, last, over = hour + 1, value, over + 1 if value >= threshold else 0
        peak = value if peak is None or value > peak else peak
    if hour == state.hour:
        return state
    return replace(state, hour=hour, over=over, below=0, value=last, peak=peak, lower=0)


def _advance(rule: Rule, state: State, hour: int, point: Point) -> State:
    """The state after an hour."""
    value = point.value
    if value is None:
        if state.phase == Phase.CLEAR:
            return State(hour=hour)
        under = state.under if state.phase == Phase.UNKNOWN else state.phase
        return replace(state, hour=hour, phase=Phase.UNKNOWN, under=under)
    over = state.over + 1 if value >= rule.levels[0] else 0
    if not state.firing:
        return _running_up(rule, state, hour, value, over)
    below = state.below + 1 if value < rule.levels[1] else 0
    if below >= rule.clear_for:
        return State(hour=hour, value=value)
    level, lower = _level(rule, state, value)
    return replace(
        state,
        hour=hour,
        phase=Phase.FIRING,
        over=over,
        below=below,
        value=value,
        peak=max(value, value if state.peak is None else state.peak),
        level=level,
        lower=lower,
    )


def _running_up(rule: Rule, state: State, hour: int, value: int, over: int) -> State:
    """No alert so far: the hours over the threshold are counted."""
    if not over:
        return State(hour=hour, value=value)
    fires = over >= rule.for_hours
    begin = value if rule.watch == "grade" else 1
    return replace(
        state,
        hour=hour,
        phase=Phase.FIRING if fires else Phase.PENDING,
        over=over,
        since=state.since if state.since is not None else hour,
        fired=hour if fires else None,
        value=value,
        peak=max(value, value if state.peak is None else state.peak),
        level=begin if fires else 0,
    )


def _level(rule: Rule, state: State, value: int) -> tuple[int, int]:
    """(level, hours in a row lower than it): up at once, down after `clear_for` hours."""
    if rule.watch != "grade":
        return 1, 0
    if value >= state.level:
        return value, 0
    if state.lower + 1 >= rule.clear_for:
        return value, 0
    return state.level, state.lower + 1


def _transition(state: State, after: State, point: Point) -> Transition | None:
    """What changed in an hour; None when nothing did."""
    reason, back = _reason(state, after)
    if reason is None:
        return None
    ended = after.since is None
    peaks = [value for value in (state.peak, after.peak, point.value) if value is not None]
    return Transition(
        hour=after.hour,
        reason=reason,
        before=state.phase,
        state=after,
        point=point,
        since=state.since if ended else after.since,
        peak=max(peaks, default=None),
        back=back,
    )


def _reason(state: State, after: State) -> tuple[Reason | None, bool]:
    """(why the hour is a transition, whether data came back)."""
    reason, back = None, False
    if state.firing != after.firing:
        reason = Reason.FIRST if after.firing else Reason.RESOLVED
    elif after.level != state.level:
        reason = Reason.WORSE if after.level > state.level else Reason.BETTER
    elif after.phase != state.phase:
        back = after.firing and after.phase == Phase.FIRING
        reason = {
            Phase.UNKNOWN: Reason.UNKNOWN,
            Phase.PENDING: Reason.PENDING,
            Phase.FIRING: Reason.REPEAT,
            Phase.CLEAR: Reason.NOTHING,
        }[after.phase]
    return reason, back
