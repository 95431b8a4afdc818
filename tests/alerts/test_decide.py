"""Decisions: a table of every reason, any split into batches alike, levels that refuse."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.alerts import (
    Decision,
    Known,
    Mute,
    Phase,
    Point,
    Reason,
    Rule,
    Series,
    State,
    decide,
    parse_rule,
    problems,
    replay,
    replay_family,
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


def all_decisions(one: Rule, series: Series, hours: int, start: int = H0) -> list[Decision]:
    state, out = State(hour=start - 1), []
    for hour in range(start, start + hours):
        out.append(decide(one, series, state, from_hour_number(hour)))
        state = out[-1].state
    return out


QUIET = {"start": "09:00", "end": "18:00"}
# name -> (rule's changes, values from 09:00 on, other fields of the series, reasons by hour)
REASONS: Mapping[str, tuple[dict[str, Any], Sequence[float | None], dict[str, Any], str]] = {
    "nothing": ({}, [10, None, 149], {}, "nothing nothing nothing"),
    "pending then first": ({}, [150, 150], {}, "pending first"),
    "pending that ends": ({}, [150, 149, 150], {}, "pending nothing pending"),
    "no hysteresis, no end": ({}, [150, 160, 120, 100], {}, "pending first nothing nothing"),
    "resolved": ({}, [150, 160, 120, 99.9], {}, "pending first nothing resolved"),
    "clear for two hours": (
        {"clear_for": 2},
        [150, 160, 90, 120, 90, 90],
        {},
        "pending first nothing nothing nothing resolved",
    ),
    "unknown once, then back": (
        {},
        [150, 160, None, None, 155, 20],
        {},
        "pending first unknown nothing repeat resolved",
    ),
    "unknown, then clear": ({}, [150, 160, None, 20], {}, "pending first unknown resolved"),
    "missing data do not end what is pending": ({}, [150, None, 150], {}, "pending unknown first"),
    "repeat": (
        {"repeat": 0, "repeat_hours": 2},
        [150, 150, 150, 150, 150, 150],
        {},
        "pending first nothing repeat nothing repeat",
    ),
    "worse and better by grade": (
        {"watch": "grade", "threshold": 3, "clear_below": 3, "for": 1},
        [3, 4, 4, 3, 2],
        {},
        "first worse nothing better resolved",
    ),
    "worse after the lower level": ({}, [150, 160], {"below": range(H0, H0 + 9)}, "pending worse"),
    "better to the lower level": (
        {},
        [150, 160, 20],
        {"below": frozenset({H0 + 2})},
        "pending first better",
    ),
    "muted by a silence, told when it ends": (
        {},
        [150, 160, 170, 180],
        {"mutes": [Mute(id="1", since=H0, until=H0 + 3)]},
        "pending muted nothing first",
    ),
    "muted to the end": (
        {},
        [150, 160, 20],
        {"mutes": [Mute(id="1", since=H0, until=H0 + 2)]},
        "pending muted muted",
    ),
    "muted by the alarm, then one level down": (
        {},
        [150, 160, 170],
        {"above": {H0 + 1: "pm10-alarm"}},
        "pending muted better",
    ),
    "held in quiet hours": ({"quiet": QUIET}, [150, 160, 20], {}, "pending held held"),
    "quiet ends": ({"quiet": {**QUIET, "end": "10:00"}}, [150, 160], {}, "pending first"),
    "too severe to hold": (
        {"severity": "alarm", "quiet": {**QUIET, "then": "send_above", "above": "alarm"}},
        [150, 160],
        {},
        "pending first",
    ),
    "not severe enough": (
        {"quiet": {**QUIET, "then": "send_above", "above": "alarm"}},
        [150, 160],
        {},
        "pending held",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_reason(name: str) -> None:
    changes, values, extra, expected = REASONS[name]
    one = rule(**{key: value for key, value in changes.items() if key != "repeat"})
    series = Series(points=points(*values, scale=one.scale), **extra)
    found = all_decisions(one, series, len(values))
    assert " ".join(decision.reason for decision in found) == expected


def test_the_table_has_every_reason() -> None:
    seen = {word for *_, expected in REASONS.values() for word in expected.split()}
    assert seen == set(Reason)


def test_missing_data_never_end_an_alert() -> None:
    found = all_decisions(rule(), Series(points=points(150, 160)), 500)
    assert found[-1].state.firing
    assert found[-1].after == Phase.UNKNOWN
    assert [one.reason for one in found].count(Reason.UNKNOWN) == 1


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
FAMILY = (rule(repeat_hours=5), parse_rule(ALARM, KNOWN))


@given(values=VALUES, cuts=st.sets(st.integers(1, 39)))
def test_any_split_into_batches_gives_the_same(values: list[float | None], cuts: set[int]) -> None:
    series = points(*values)
    last = H0 + len(values) - 1
    start = [(one, State(hour=H0 - 1)) for one in FAMILY]
    whole = replay_family(start, series, {}, last)
    states = dict(start_states())
    parts: dict[str, list[Decision]] = {one.id: [] for one in FAMILY}
    for until in [*(H0 + cut for cut in sorted(cuts) if H0 + cut < last), last]:
        batch = replay_family([(one, states[one.id]) for one in FAMILY], series, {}, until)
        for name, (found, state) in batch.items():
            parts[name] += found
            states[name] = state
    assert {name: (parts[name], states[name]) for name in parts} == whole


def start_states() -> list[tuple[str, State]]:
    return [(one.id, State(hour=H0 - 1)) for one in FAMILY]


@given(values=VALUES)
def test_stepping_over_quiet_hours_changes_nothing(values: list[float | None]) -> None:
    series = Series(points=points(*values))
    slow = all_decisions(rule(), series, len(values))
    fast, state = replay(rule(), series, State(hour=H0 - 1), H0 + len(values) - 1)
    assert fast == [one for one in slow if one.notable]
    assert state == slow[-1].state


def test_the_warning_is_muted_while_the_alarm_is_on_and_comes_back_after() -> None:
    series = points(160, 170, 310, 320, 330, 140, 90)
    found = replay_family([(one, State(hour=H0 - 1)) for one in FAMILY], series, {}, H0 + 6)
    alarm = [(one.hour - H0, str(one.reason)) for one in found["pm10-alarm"][0]]
    warning = [(one.hour - H0, str(one.reason)) for one in found["pm10-warning"][0]]
    assert alarm == [(2, "pending"), (3, "worse"), (5, "better")]
    assert warning == [(0, "pending"), (1, "first"), (6, "resolved")]


def test_both_levels_at_once_say_the_higher_and_then_the_step_down() -> None:
    series = points(310, 320, 140, 90)
    found = replay_family([(one, State(hour=H0 - 1)) for one in FAMILY], series, {}, H0 + 3)
    warning = {one.hour - H0: one for one in found["pm10-warning"][0]}
    assert warning[1].reason == Reason.MUTED
    assert warning[1].muted_by == "rule:pm10-alarm"
    assert warning[2].reason == Reason.BETTER


def test_state_survives_json() -> None:
    state = replace(State(hour=H0), phase=Phase.UNKNOWN, under=Phase.FIRING, fired=H0, told=1)
    assert State.from_dict(state.as_dict()) == state


BAD = {
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


def test_a_rule_is_its_body_again() -> None:
    one = rule(provinces=["Seoul", "KR-50", "부산"], quiet=QUIET, channels=["journal"])
    assert one.provinces == ("KR-11", "KR-26", "KR-50")
    assert parse_rule(one.as_body(), KNOWN) == one
    assert rule(pollutant="o3", threshold=0.12, clear_below=0.12).levels == (1200, 1200)
