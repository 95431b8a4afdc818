"""A rule beside the authority's acts: equal to one held by hand, and to a plain recomputation."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.__main__ import run
from aq.alerts import parse_rule
from aq.alerts.rule_file import to_toml
from aq.alerts.verification import Span, against_official, level_of, match, spells
from aq.domain.clock import Clock, from_hour_number, kst_iso
from aq.domain.errors import InputError
from aq.domain.provinces import find_province
from aq.store import Store, open_store
from aq.store.engine import migrate
from aq.store.notices import put_advisories
from tests.alerts.test_engine import KNOWN, READER, H, at, put
from tests.alerts.test_evaluate import ALARM, BODY
from tests.alerts.test_official_rules import act
from tests.conftest import NOW

# Hours over the level of 150 µg/m³; all others are at 50. Fires in the second hour of a run.
OVER = {"서울": range(1, 4), "경기": (*range(10, 13), 30, 31), "부산": range(5, 7)}
ACTS = (
    ("서울", "", "주의보", 3, 5),
    ("서울", "", "경보", 4, 5),
    ("서울", "", "주의보", 20, 22),
    ("경기", "남부권", "주의보", 9, 14),
    ("경기", "북부권", "주의보", 18, 19),
)
# (issued, met, missed, fired, without an act, lead hours) by hand: Seoul's first is met an hour
# early; Gyeonggi's south two hours late; the other two are missed. Gyeonggi's second alert and
# Busan's have no act near them.
BY_HAND = {
    "서울": (2, 1, 1, 1, 0, 1.0),
    "경기": (2, 1, 1, 2, 1, -2.0),
    "부산": (0, 0, 0, 1, 1, None),
}
PERIOD = (from_hour_number(H - 1), from_hour_number(H + 40))


@pytest.fixture
def table(store: Store) -> Store:
    return fill(store)


def fill(store: Store) -> Store:
    for hour in range(41):
        values = {find_province(name).id: 160 if hour in on else 50 for name, on in OVER.items()}
        put(store, H + hour, values)
    with store.write("t") as txn:
        put_advisories(
            txn,
            [
                *(
                    act(begin, end, word, district=district, zone=zone, pollutant="pm10")
                    for district, zone, word, begin, end in ACTS
                ),
                act(2, 9, district="서울", zone="", pollutant="pm25"),
            ],
        )
    return at(store, H + 60)


def held(store: Store, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    rule = parse_rule({**body, "provinces": list(OVER)}, KNOWN)
    return against_official(store, READER, rule, *PERIOD, **more).as_dict()


def test_it_equals_one_held_by_hand(table: Store) -> None:
    found = held(table, BODY)
    assert {
        one["province"]: (
            *(one[name] for name in ("official", "met", "missed", "alerts", "added")),
            one["lead_hours"]["median"] if one["lead_hours"] else None,
        )
        for one in found["places"]
    } == BY_HAND
    assert [found[name] for name in ("official", "met", "missed", "alerts", "added")] == [
        *(4, 2, 2, 4, 2)
    ]
    assert found["lead_hours"] == {"median": -0.5, "least": -2.0, "most": 1.0}
    assert (found["level"], found["label"], found["within_hours"]) == (1, "주의보", 3)
    assert [(one["zone"], one["met"]) for one in found["advisories"]] == [
        *(("", True), ("", False), ("남부권", True), ("북부권", False))
    ]
    assert [one["at"] for one in found["added_alerts"]] == [
        kst_iso(from_hour_number(H + hour)) for hour in (31, 6)
    ]
    assert len(found["why"]) == 3


def test_wider_hours_meet_more_and_a_higher_rule_is_held_against_warnings(table: Store) -> None:
    wide = held(table, BODY, within=5)
    assert [one["met"] for one in wide["places"]] == [1, 2, 0]
    high = held(table, ALARM)
    assert (high["level"], high["official"], high["met"]) == (2, 1, 0)


def test_only_rules_of_what_has_advisories_can_be_held(table: Store) -> None:
    for body in (
        {**BODY, "pollutant": "no2", "threshold": 0.2, "clear_below": 0.1},
        {"id": "x", "name": "x", "kind": "official"},
    ):
        with pytest.raises(InputError):
            held(table, body)
    with pytest.raises(InputError):
        held(table, BODY, within=-1)


@pytest.mark.parametrize(
    ("pollutant", "threshold", "level"),
    [("pm10", 150, 1), ("pm10", 80, 1), ("pm10", 299, 1), ("pm10", 300, 2), ("pm25", 150, 2),
     ("o3", 0.5, 3), ("o3", None, 1)],
)  # fmt: skip
def test_the_level_a_rule_is_held_against(
    pollutant: str, threshold: float | None, level: int
) -> None:
    assert level_of(pollutant, None if threshold is None else Decimal(str(threshold))) == level


NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)


def spans(pairs: list[tuple[int, int]]) -> list[Span]:
    return [
        Span(begin=NOON + timedelta(hours=begin), end=NOON + timedelta(hours=begin + length))
        for begin, length in pairs
    ]


PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=6)


@given(official=PAIRS, alerts=PAIRS, within=st.integers(0, 6))
def test_it_equals_a_plain_recomputation(
    official: list[tuple[int, int]], alerts: list[tuple[int, int]], within: int
) -> None:
    period = (NOON - timedelta(hours=1), NOON + timedelta(hours=60))
    found = match(spans(official), spans(alerts), period, timedelta(hours=within))
    on = {hour for begin, length in alerts for hour in range(begin, begin + length + 1)}
    met = [bool(on & set(range(begin - within, begin + within + 1))) for begin, _ in official]
    assert [one.alert is not None for one in found.matches] == met
    assert found.counts["met"] + found.counts["missed"] == len(official)
    acted = {hour for begin, length in official for hour in range(begin, begin + length + 1)}
    lonely = [
        (begin, length)
        for begin, length in alerts
        if not acted & set(range(begin - within, begin + length + within + 1))
    ]
    assert list(found.added) == spans(lonely)


def test_a_spell_of_a_level_goes_over_raising_and_lowering() -> None:
    rows = [act(0, 5), act(1, 3, "경보"), act(7, None)]
    first, second = spells(rows, 1)
    assert (first.end, second.end) == (from_hour_number(H + 5), None)
    (high,) = spells(rows, 2)
    assert (high.begin, high.end) == (from_hour_number(H + 1), from_hour_number(H + 3))


def test_the_command_says_it_in_words_and_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'aq.db'}"
    store = open_store(url, Clock(NOW))
    migrate(store)
    fill(store)
    store.close()
    monkeypatch.setenv("AQ_DATABASE_URL", url)
    rule = tmp_path / "rule.toml"
    rule.write_text(to_toml([parse_rule(BODY, KNOWN)]), "utf-8")
    assert run(["rules", "load", str(rule)]) == 0
    capsys.readouterr()
    day = kst_iso(from_hour_number(H))[:10]
    asked = ["rules", "backtest", "pm10-warning", "--since", day, "--until", "2026-11-24"]
    assert run([*asked, "--against", "official", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["official"] == 4
    assert run([*asked, "--against", "official", "--within", "3"]) == 0
    said = capsys.readouterr().out
    assert "주의보 within 3 h: 4 issued, 2 met" in said
    assert "경기: 2 issued, 1 met, 1 missed, 1 added" in said
    assert "mean of a zone" in said
    assert run([*asked, "--within", "3"]) == 2
    assert run([*asked, "--against", "nobody"]) == 2
    assert run([*asked, "--against", "official", "--within", "-2"]) == 2
