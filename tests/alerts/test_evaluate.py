"""What the hours say: a table of every reason, any split alike, and rules that are refused."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.alerts import (
    Course,
    Known,
    Phase,
    Point,
    Reason,
    Rule,
    State,
    evaluate,
    parse_rule,
    problems,
)
from aq.domain.clock import from_hour_number
from aq.domain.errors import InputError
from aq.paths import ROOT
from aq.standards_file import load_standards

KNOWN = Known(standards=load_standards(ROOT / "config" / "standards"), channels=("journal",))
# 24 November 2026, 00:00 UTC: 09:00 in Korea.
H0 = 498744
BODY = {
    "id": "pm10-warning",
    "name": "PM10 주의보 수준",
    "pollutant": "pm10",
    "threshold": 150,
    "for": 2,
    "clear_below": 100,
}
ALARM = {**BODY, "id": "pm10-alarm", "threshold": 300, "clear_below": 150, "severity": "alarm"}


def rule(**changes: Any) -> Rule:
    return parse_rule({**BODY, **changes}, KNOWN)


def points(*values: float | None, scale: int = 10, start: int = H0) -> dict[int, Point]:
    return {
        start + n: Point(None if value is None else int(value * scale))
        for n, value in enumerate(values)
    }


def course(one: Rule, *values: float | None) -> Course:
    series = points(*values, scale=one.scale)
    return evaluate(one, series, State(hour=H0 - 1), H0 + len(values) - 1)


GRADE = {"watch": "grade", "threshold": 3, "clear_below": 3, "for": 1}
# name -> (rule's changes, values from 09:00 on, reasons by hour; - where nothing changes)
REASONS: Mapping[str, tuple[dict[str, Any], Sequence[float | None], str]] = {
    "nothing": ({}, [10, None, 149], "- - -"),
    "pending then first": ({}, [150, 150], "pending first"),
    "pending that ends": ({}, [150, 149, 150], "pending nothing pending"),
    "no hysteresis, no end": ({}, [150, 160, 120, 100], "pending first - -"),
    "resolved": ({}, [150, 160, 120, 99.9], "pending first - resolved"),
    "clear for two hours": (
        {"clear_for": 2},
        [150, 160, 90, 120, 90, 90],
        "pending first - - - resolved",
    ),
    "unknown once, then back": (
        {},
        [150, 160, None, None, 155, 20],
        "pending first unknown - repeat resolved",
    ),
    "unknown, then clear": ({}, [150, 160, None, 20], "pending first unknown resolved"),
    "missing data do not end what is pending": ({}, [150, None, 150], "pending unknown first"),
    "missing data while pending, then below": ({}, [150, None, 20], "pending unknown nothing"),
    "worse and better by grade": (GRADE, [3, 4, 4, 3, 2], "first worse - better resolved"),
    "better only after as many hours as it takes to clear": (
        {**GRADE, "clear_for": 2},
        [4, 3, 4, 3, 3, 2, 2],
        "first - - - better - resolved",
    ),
    "a higher grade when data are back": (GRADE, [3, None, 4], "first unknown worse"),
    "begins again": ({"for": 1}, [150, 20, 150], "first resolved first"),
}


@pytest.mark.parametrize("name", REASONS)
def test_reason(name: str) -> None:
    changes, values, expected = REASONS[name]
    found = {one.hour - H0: str(one.reason) for one in course(rule(**changes), *values).transitions}
    assert " ".join(found.get(hour, "-") for hour in range(len(values))) == expected


def test_the_table_has_every_reason_the_hours_give() -> None:
    seen = {word for *_, expected in REASONS.values() for word in expected.split()} - {"-"}
    said = {Reason.CORRECTION, Reason.MUTED, Reason.HELD}
    assert seen == set(Reason) - said


def test_a_transition_carries_since_when_and_how_high() -> None:
    changes = course(rule(), 20, 150, 210, 180, 260, None, 90).transitions
    told = [(str(one.reason), one.since and one.since - H0, one.peak) for one in changes]
    assert told == [
        ("pending", 1, 1500),
        ("first", 1, 2100),
        ("unknown", 1, 2600),
        ("resolved", 1, 2600),
    ]


def test_missing_data_never_end_an_alert() -> None:
    found = evaluate(rule(), points(150, 160), State(hour=H0 - 1), H0 + 500)
    assert found.state.firing
    assert found.state.phase == Phase.UNKNOWN
    assert [one.reason for one in found.transitions].count(Reason.UNKNOWN) == 1


def test_what_happened_is_asked_of_the_spans_and_the_start() -> None:
    found = course(rule(), 20, 160, 170, 90, 20)
    assert found.spans() == [(H0 + 2, H0 + 3)]
    assert found.happened(H0 + 1, H0 + 2)
    assert found.happened(H0 + 1, H0 + 9)  # told late of what was over before
    assert not found.happened(H0 + 3, H0 + 4)
    assert not found.happened(H0, H0 + 1)
    assert found.happened(H0 - 5, H0 - 1)  # before the start nothing is known against it


def test_quiet_hours_over_midnight_and_weekdays() -> None:
    quiet = rule(quiet={"start": "22:00", "end": "07:00", "days": ["fri"]}).quiet
    assert quiet is not None
    friday_23 = from_hour_number(H0 + 3 * 24 + 14)  # 27 November, 23:00 KST
    assert quiet.until(friday_23) == from_hour_number(H0 + 3 * 24 + 22)
    assert quiet.until(friday_23 + timedelta(hours=7)) is not None
    assert quiet.until(friday_23 + timedelta(hours=8)) is None
    assert quiet.until(friday_23 + timedelta(days=1)) is None


VALUES = st.lists(
    st.one_of(st.none(), st.sampled_from([20, 99, 100, 149, 150, 200, 299, 300, 400])),
    min_size=1,
    max_size=40,
)
GRADES = st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=1, max_size=40)
KINDS = (rule(), rule(clear_for=3), parse_rule(ALARM, KNOWN))


def in_steps(one: Rule, series: Mapping[int, Point], cuts: Sequence[int]) -> Course:
    """The course asked for piece by piece, each from where the one before ended."""
    whole = Course(start=State(hour=H0 - 1), transitions=(), state=State(hour=H0 - 1))
    for until in cuts:
        piece = evaluate(one, series, whole.state, until)
        whole = replace(whole, transitions=whole.transitions + piece.transitions, state=piece.state)
    return whole


@given(values=VALUES, cuts=st.sets(st.integers(0, 38)), one=st.sampled_from(KINDS))
def test_any_split_gives_the_same(values: list[float | None], cuts: set[int], one: Rule) -> None:
    last = H0 + len(values) - 1
    ends = [*(H0 + cut for cut in sorted(cuts) if H0 + cut < last), last]
    assert in_steps(one, points(*values), ends) == course(one, *values)


@given(values=GRADES, cuts=st.sets(st.integers(0, 38)))
def test_any_split_of_grades_gives_the_same(values: list[int | None], cuts: set[int]) -> None:
    one, last = rule(**GRADE, clear_for=2), H0 + len(values) - 1
    ends = [*(H0 + cut for cut in sorted(cuts) if H0 + cut < last), last]
    assert in_steps(one, points(*values, scale=1), ends) == course(one, *values)


@given(values=VALUES, one=st.sampled_from(KINDS))
def test_an_alert_ends_by_a_value_alone(values: list[float | None], one: Rule) -> None:
    for change in course(one, *values).transitions:
        if change.reason == Reason.RESOLVED:
            assert change.point.value is not None
            assert change.point.value < one.levels[1]


def test_state_survives_json() -> None:
    state = replace(State(hour=H0), phase=Phase.UNKNOWN, under=Phase.FIRING, fired=H0, level=3)
    assert State.from_dict(state.as_dict()) == state


QUIET = {"start": "09:00", "end": "18:00"}
BAD = {
    "switched on by a word": ({"enabled": "yes"}, "enabled"),
    "threshold below the clear level": ({"threshold": 90}, "threshold"),
    "unknown province": ({"provinces": ["평양"]}, "provinces"),
    "unknown channel": ({"channels": ["nobody"]}, "channels"),
    "quiet hours without end": ({"quiet": {"start": "22:00"}}, "quiet.end"),
    "quiet hours that end at their start": ({"quiet": {**QUIET, "end": "09:00"}}, "quiet.end"),
    "no such time": ({"quiet": {**QUIET, "end": "25:00"}}, "quiet.end"),
    "no weekday": ({"quiet": {**QUIET, "days": []}}, "quiet.days"),
    "can never fire": ({"threshold": 3001}, "threshold"),
    "would always fire": ({"threshold": 0, "clear_below": 0}, "threshold"),
    "can never clear": ({"clear_below": 0}, "clear_below"),
    "no such grade": ({"watch": "grade", "threshold": 5, "clear_below": 3}, "threshold"),
    "no lower grade": ({"watch": "grade", "threshold": 3, "clear_below": 1}, "clear_below"),
    "unknown standard": ({"watch": "grade", "standard": "x", "threshold": 3}, "standard"),
    "unknown pollutant": ({"pollutant": "pm1"}, "pollutant"),
    "no value of the index": ({"pollutant": "overall"}, "pollutant"),
    "unknown field": ({"treshold": 5}, "treshold"),
    "for no hour": ({"for": 0}, "for"),
    "not a number": ({"threshold": float("nan")}, "threshold"),
    "unknown severity": ({"severity": "bad"}, "severity"),
    "no identifier": ({"id": "PM 10"}, "id"),
    "later than ever": ({"kind": "data_late", "threshold": 999, "clear_below": 2}, "threshold"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_rule_is_refused_with_its_field(name: str) -> None:
    changes, field = BAD[name]
    body = {**BODY, **({"clear_below": 3} if "standard" in changes else {}), **changes}
    parsed, found = problems(body, KNOWN)
    assert parsed is None
    assert field in [one.field for one in found]
    with pytest.raises(InputError) as caught:
        parse_rule(body, KNOWN)
    assert str(found[0]) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"severity": "bad", "channels": ["nobody"]}, {"severity", "channels"}),
        ({"for": 0, "pollutant": "pm99", "bogus": 1}, {"for", "pollutant", "bogus"}),
        ({"for_hours": "x", "clear_below": 200}, {"for_hours", "threshold"}),
        ({"quiet": {"start": "25:00"}}, {"quiet.start", "quiet.end"}),
        ({"watch": "grades", "threshold": 1, "clear_below": 2}, {"watch"}),
        (
            {"kind": "official", "pollutant": "no2", "name": ""},
            {"name", "pollutant", "threshold", "for", "clear_below"},
        ),
    ],
)
def test_every_wrong_field_is_named_at_once(changes: dict[str, Any], fields: set[str]) -> None:
    parsed, found = problems({**BODY, **changes}, KNOWN)
    assert parsed is None
    assert {problem.field for problem in found} == fields
    assert len(found) == len(fields)


def test_a_rule_is_its_body_again() -> None:
    one = rule(provinces=["Seoul", "KR-50", "부산"], quiet=QUIET, channels=["journal"])
    assert one.provinces == ("KR-11", "KR-26", "KR-50")
    assert parse_rule(one.as_body(), KNOWN) == one
    assert rule(pollutant="o3", threshold=0.12, clear_below=0.12).levels == (1200, 1200)
