"""What to say now: one table of what was said, what stands and what else counts; inhibition."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.alerts.due import Circumstances, Now, Said, due
from aq.alerts.inhibition import Level, steps
from aq.alerts.state import Reason

NOBODY, KNOWS = Said(), Said(level=1, hour=10)
CLEAR, ON, LATER = Now(level=0, hour=11), Now(level=1, hour=11), Now(level=1, hour=16)
LOST = Now(level=1, unknown=True, hour=12)
TOLD_LOST = Said(level=1, unknown=True, hour=11)
SILENT, INHIBITED = Circumstances(silenced=True), Circumstances(inhibited=True)
UNDONE, EVERY_6 = Circumstances(undone=True), Circumstances(repeat_hours=6)
UP, DOWN = Circumstances(step_up=True), Circumstances(step_down=True)
PLAIN = Circumstances()

# name -> (what was said, what stands, what else counts, the reason to speak)
DUE: Mapping[str, tuple[Said, Now, Circumstances, str | None]] = {
    "nothing on, nothing said": (NOBODY, CLEAR, PLAIN, None),
    "begins": (NOBODY, ON, PLAIN, "first"),
    "goes on": (KNOWS, ON, PLAIN, None),
    "ends": (KNOWS, CLEAR, PLAIN, "resolved"),
    "grows worse": (KNOWS, Now(level=2, hour=11), PLAIN, "worse"),
    "eases": (Said(level=3, hour=10), Now(level=2, hour=11), PLAIN, "better"),
    "loses its data": (KNOWS, LOST, PLAIN, "unknown"),
    "goes on without data": (TOLD_LOST, LOST, PLAIN, None),
    "has data again": (TOLD_LOST, ON, PLAIN, "repeat"),
    "ends when data are back": (TOLD_LOST, CLEAR, PLAIN, "resolved"),
    "nobody was told of it, and it is over": (NOBODY, CLEAR, SILENT, None),
    "nobody was told of it, and its data are lost": (NOBODY, LOST, PLAIN, "first"),
    "nobody was told of it, and its data were lost long ago": (
        NOBODY,
        replace(LOST, stale=True),
        PLAIN,
        None,
    ),
    "its data were lost long ago": (TOLD_LOST, replace(LOST, stale=True), PLAIN, None),
    "told of, and its data were lost long ago": (
        KNOWS,
        replace(LOST, stale=True),
        PLAIN,
        "unknown",
    ),
    "not long enough to repeat": (KNOWS, Now(level=1, hour=15), EVERY_6, None),
    "long enough to repeat": (KNOWS, LATER, EVERY_6, "repeat"),
    "never repeated": (KNOWS, Now(level=1, hour=99), PLAIN, None),
    "no repeat without data": (TOLD_LOST, Now(level=1, unknown=True, hour=99), EVERY_6, None),
    "a clock set back repeats nothing": (KNOWS, Now(level=1, hour=4), EVERY_6, None),
    "silenced before it begins": (NOBODY, ON, SILENT, None),
    "silenced while it grows worse": (KNOWS, Now(level=2, hour=11), SILENT, None),
    "silenced while it would repeat": (KNOWS, LATER, replace(EVERY_6, silenced=True), None),
    "told of, silenced, and over": (KNOWS, CLEAR, SILENT, "resolved"),
    "did not happen": (KNOWS, CLEAR, UNDONE, "correction"),
    "did not happen, silenced": (KNOWS, CLEAR, replace(UNDONE, silenced=True), "correction"),
    "happened otherwise, silenced": (KNOWS, Now(level=2), replace(UNDONE, silenced=True), None),
    "did not happen, and goes on alike": (KNOWS, ON, UNDONE, None),
    "inhibited before it begins": (NOBODY, ON, INHIBITED, None),
    "inhibited when it ends": (KNOWS, CLEAR, INHIBITED, None),
    "inhibited when it did not happen": (KNOWS, CLEAR, replace(UNDONE, inhibited=True), None),
    "after a milder one": (NOBODY, ON, UP, "worse"),
    "after a more severe one": (NOBODY, ON, DOWN, "better"),
    "gives way to a milder one": (KNOWS, CLEAR, DOWN, "better"),
}


@pytest.mark.parametrize("name", DUE)
def test_due(name: str) -> None:
    said, now, given, expected = DUE[name]
    assert due(said, now, given) == expected


def test_the_table_has_every_reason_there_is_to_speak() -> None:
    hours_only = {Reason.PENDING, Reason.MUTED, Reason.HELD, Reason.NOTHING}
    assert {expected for *_, expected in DUE.values()} - {None} == set(Reason) - hours_only


SAID = st.builds(
    lambda level, unknown, hour: Said(level=level, unknown=unknown and level > 0, hour=hour),
    st.integers(0, 4),
    st.booleans(),
    st.integers(0, 20),
)
NOW = st.builds(
    lambda level, unknown, hour: Now(level=level, unknown=unknown and level > 0, hour=hour),
    st.integers(0, 4),
    st.booleans(),
    st.integers(0, 20),
)


@given(said=SAID, now=NOW, undone=st.booleans(), step=st.booleans())
def test_who_is_not_to_be_spared_is_told_until_he_knows_how_it_stands(
    said: Said, now: Now, undone: bool, step: bool
) -> None:
    given = Circumstances(undone=undone, step_up=step, step_down=step)
    agrees = said.level == now.level and said.unknown == now.unknown
    assert (due(said, now, given) is None) == agrees
    then = Said(level=now.level, unknown=now.unknown, hour=now.hour)
    assert due(then, now, given) is None


ALARM = Level(rule="alarm", rank=3, on=True, told_here=True, before=NOBODY, after=KNOWS)
WARNING = Level(rule="warning", rank=2, on=True, told_here=True, before=NOBODY, after=NOBODY)


def test_a_more_severe_alert_inhibits_only_whom_it_was_delivered_to() -> None:
    assert steps(WARNING, [ALARM]).inhibited_by == "alarm"
    assert steps(ALARM, [WARNING]).inhibited_by is None
    assert steps(WARNING, [replace(ALARM, after=NOBODY)]).inhibited_by is None
    held = replace(ALARM, after=KNOWS.within(reached=False))
    assert steps(WARNING, [held]).inhibited_by is None
    assert steps(WARNING, [replace(ALARM, on=False)]).inhibited_by is None
    assert steps(WARNING, [replace(ALARM, rank=2)]).inhibited_by is None


def test_a_step_is_one_that_the_receiver_saw_both_ends_of() -> None:
    known = replace(WARNING, before=KNOWS, after=KNOWS)
    assert steps(ALARM, [known]).step_up
    assert not steps(ALARM, [WARNING]).step_up
    over = replace(ALARM, on=False, before=KNOWS)
    assert steps(WARNING, [over]).step_down
    assert steps(over, [WARNING]).step_down
    assert not steps(over, [replace(WARNING, told_here=False)]).step_down
    assert not steps(WARNING, [replace(ALARM, on=False)]).step_down
