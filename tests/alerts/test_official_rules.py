"""Rules that watch the authority's own acts: what is in force is told, once, on both stores."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from aq.alerts import parse_rule, problems
from aq.alerts.backtest import backtest
from aq.alerts.channels import CapSettings
from aq.alerts.documents import CAP, OFFICIAL_NOTE, atom, cap
from aq.alerts.engine import watch
from aq.alerts.rule_file import from_toml, to_toml
from aq.alerts.rules import load_rules, remove_rule, rules, save_rule
from aq.alerts.silences import silence
from aq.alerts.status import log, same_alert_before, standing
from aq.alerts.wording import compose
from aq.domain.clock import Clock, from_hour_number, hour_number, parse_instant
from aq.domain.errors import InputError
from aq.domain.model import Advisory
from aq.store import Store, open_store
from aq.store.notices import put_advisories
from aq.store.schema import (
    advisory,
    alert_event,
    alert_rule,
    alert_state,
    notification,
    outbox,
)
from tests.alerts.test_engine import KNOWN, READER, H, messages

BODY = {
    "id": "official-pm25",
    "name": "초미세먼지 공식 특보",
    "kind": "official",
    "pollutant": "pm25",
    "channels": ["journal"],
}
HOUR = timedelta(hours=1)


def act(issued: float, cleared: float | None, word: str = "주의보", **changes: Any) -> Advisory:
    """An advisory by hours after H."""
    begin = from_hour_number(H)
    given: dict[str, Any] = {
        "pollutant": "pm25",
        "district": "경기",
        "zone": "남부권",
        "word": word,
        "issued_at": begin + issued * HOUR,
        "issue_value": 780,
        "cleared_at": None if cleared is None else begin + cleared * HOUR,
        "clear_value": None if cleared is None else 330,
    }
    return Advisory(**given | changes)


# Issued at 0, raised at 1:10, lowered at 3, cleared at 5; a second zone's from 1 to 2.
STORY = (
    act(0, 5),
    act(7 / 6, 3, "경보"),
    act(1, 2, zone="북부권"),
)
TOLD = [
    ("남부권", "issued", 0),
    ("북부권", "issued", 1),
    ("남부권", "raised", 1),
    ("북부권", "cleared", 2),
    ("남부권", "lowered", 3),
    ("남부권", "cleared", 5),
]


def known_at(rows: Iterable[Advisory], hours: float) -> list[Advisory]:
    """The list of a time: what is not issued yet is not in it, what is not cleared yet is open."""
    now = from_hour_number(H) + hours * HOUR
    return [
        one
        if one.cleared_at is None or one.cleared_at <= now
        else replace(one, cleared_at=None, clear_value=None)
        for one in rows
        if one.issued_at <= now
    ]


def clocked(store: Store, hours: float) -> Store:
    """The same store, 25 minutes after an hour."""
    return Store(store.engine, Clock(from_hour_number(H) + hours * HOUR + timedelta(minutes=25)))


def begin(store: Store, hours: float = -60, **changes: Any) -> None:
    load_rules(clocked(store, hours), [{**BODY, **changes}], KNOWN, "test")
    watch(clocked(store, hours), READER)


def poll(store: Store, hours: float, rows: Sequence[Advisory] = STORY) -> None:
    """A poll 25 minutes after an hour, and the rules after it."""
    here = clocked(store, hours)
    with here.write("notices") as txn:
        put_advisories(txn, known_at(rows, hours + 25 / 60))
    watch(here, READER)


def _told(one: dict[str, Any]) -> tuple[str, str, int]:
    hour = hour_number(parse_instant(one["at"])) - H
    return one["official"]["zone"], one["official"]["act"], hour


def sent(store: Store) -> list[tuple[str, str, int]]:
    return [_told(one) for message in messages(store) for one in message["events"]]


def in_order(found: Iterable[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    return sorted(found, key=lambda one: (one[2], one))


def on_record(store: Store) -> list[tuple[str, str, int]]:
    with store.read() as connection:
        query = select(alert_event.c.id).where(alert_event.c.retracted_at.is_(None))
        names = set(connection.scalars(query.order_by(alert_event.c.id)))
    found = [one for one in log(store) if one["id"] in names and one["kind"] != "correction"]
    return in_order(_told(one) for one in found)


def test_each_act_is_told_once_and_says_whose_it_is(store: Store) -> None:
    begin(store)
    for hours in range(7):
        poll(store, hours)
        watch(clocked(store, hours), READER)
    # What happens in one hour is one message, the most severe first.
    assert sent(store) == [TOLD[place] for place in (0, 2, 1, 3, 4, 5)]
    events = [one for message in messages(store) for one in message["events"]]
    assert [(one["reason"], one["severity"]) for one in events] == [
        ("first", "warning"),
        ("worse", "alarm"),
        ("first", "warning"),
        ("resolved", "warning"),
        ("better", "warning"),
        ("resolved", "warning"),
    ]
    assert {one["feed"] for one in events} == {"airkorea_alarm"}
    assert standing(clocked(store, 6)) == []
    title, words = compose(messages(store)[1], "ko", "https://air.example.org")
    assert title == "초미세먼지 공식 특보: 경기"
    assert (
        "[공식 특보] 경기 남부권: 초미세먼지 경보 격상 · 78 µg/m³ · 11월 23일(월) 1시 10분" in words
    )
    assert "관할 기관이 발령한 공식 특보입니다" in words
    assert "수준" not in words
    _, words = compose(messages(store)[-1], "en")
    assert "Gyeonggi Nambu zone: PM2.5 advisory cleared · 33 µg/m³" in words


def test_what_is_in_force_stands_with_its_zones(store: Store) -> None:
    begin(store)
    poll(store, 1)
    (one,) = standing(clocked(store, 1))
    assert (one["province"], one["phase"], one["threshold"]) == ("경기", "firing", None)
    assert one["severity"] == "alarm"
    assert [(act["label"], act["zone"]) for act in one["official"]] == [
        ("경보", "남부권"),
        ("주의보", "북부권"),
    ]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(polls=st.sets(st.integers(0, 9), min_size=1), twice=st.booleans())
def test_polled_in_any_split_people_know_what_is_in_force(
    store: Store, polls: set[int], twice: bool
) -> None:
    with store.book() as connection:
        for table in (alert_event, alert_state, alert_rule, notification, outbox, advisory):
            connection.execute(delete(table))
    begin(store)
    for hours in sorted({*polls, 9}):
        poll(store, hours)
        told = {zone: act for zone, act, _ in sent(store)}
        known = {zone for zone, act in told.items() if act != "cleared"}
        in_force = {row.zone for row in known_at(STORY, hours + 25 / 60) if row.cleared_at is None}
        assert known == in_force
        if twice:
            watch(clocked(store, hours), READER)
    messages_sent = sent(store)
    assert set(messages_sent) <= set(TOLD)
    assert len(set(messages_sent)) == len(messages_sent)
    assert not [one for one in log(store) if one["kind"] == "correction" or one["retracted_at"]]


def test_acts_that_are_over_are_no_news(store: Store) -> None:
    begin(store)
    poll(store, 30)
    poll(store, 2000, [act(200, 205)])
    assert sent(store) == log(store) == []


def test_what_is_still_in_force_is_told_however_late(store: Store) -> None:
    begin(store)
    poll(store, 30, [act(0, None), act(2, None, "경보")])
    assert sent(store) == [("남부권", "raised", 2)]
    assert [one["kind"] for one in log(store)] == ["catch_up"]
    poll(store, 31, [act(0, 31), act(2, 31, "경보")])
    assert sent(store)[1:] == [("남부권", "cleared", 31)]


def test_a_new_rule_begins_with_what_is_in_force(store: Store) -> None:
    poll(store, 2, [act(-100, -90), act(-80, None)])
    begin(store, 2)
    assert sent(store) == [("남부권", "issued", -80)]
    assert on_record(store) == [("남부권", "issued", -80)]
    save_rule(clocked(store, 3), {**BODY, "note": "x"}, KNOWN, "test")
    watch(clocked(store, 3), READER)
    poll(store, 4, [act(-80, 4)])
    assert sent(store) == [("남부권", "issued", -80), ("남부권", "cleared", 4)]


def test_a_rule_made_again_goes_on_counting_and_leaves_the_old_log_alone(store: Store) -> None:
    begin(store)
    poll(store, 0, [act(0, 1)])
    poll(store, 1, [act(0, 1)])
    remove_rule(clocked(store, 2), BODY["id"], "test")
    begin(store, 2)
    poll(store, 3, [act(3, None)])
    assert [one["id"].rpartition(".")[2] for one in log(store)] == ["3", "2", "1"]
    assert not [one for one in log(store) if one["retracted_at"]]


def test_a_rule_switched_off_ends_its_alert_and_not_the_authority_s(store: Store) -> None:
    begin(store)
    poll(store, 0, [act(0, None)])
    save_rule(clocked(store, 1), {**BODY, "enabled": False}, KNOWN, "test")
    watch(clocked(store, 1), READER)
    assert standing(clocked(store, 1)) == []
    _, words = compose(messages(store)[-1], "ko")
    assert "[공식 특보] 경기: 규칙을 꺼서 더는 지켜보지 않음" in words
    assert "기관의 특보 자체는 계속될 수 있음" in words
    assert "수준" not in words
    _, words = compose(messages(store)[-1], "en")
    assert "no longer watched" in words
    last = log(store)[0]
    document = fromstring(
        cap(last, same_alert_before(store, last), CapSettings(), "", simulated=False)
    )
    assert document.findtext(f"{{{CAP}}}note") == OFFICIAL_NOTE
    save_rule(clocked(store, 2), BODY, KNOWN, "test")
    watch(clocked(store, 2), READER)
    poll(store, 3, [act(0, 3)])
    found = [one for message in messages(store)[2:] for one in message["events"]]
    assert [_told(one)[1] for one in found] == ["issued", "cleared"]


def test_two_instances_at_once_tell_each_act_once(store: Store, database_url: str) -> None:
    begin(store)
    with clocked(store, 1).write("notices") as txn:
        put_advisories(txn, known_at(STORY, 1 + 25 / 60))
    others = [open_store(database_url, clocked(store, 1).clock) for _ in range(3)]
    gate, errors = threading.Barrier(3), []

    def judge(mine: Store) -> None:
        try:
            gate.wait()
            watch(mine, READER)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=judge, args=[mine]) for mine in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in others:
        mine.close()
    assert not errors
    assert sorted(sent(store)) == sorted(TOLD[1:3])
    assert len(log(store)) == 2


def test_a_clear_time_taken_back_is_corrected(store: Store) -> None:
    begin(store)
    poll(store, 0, [act(0, None)])
    poll(store, 2, [act(0, 2)])
    poll(store, 3, [act(0, None)])
    assert [one["kind"] for one in log(store)] == ["correction", "live", "live"]
    assert [one["change"] for one in log(store) if one["retracted_at"]] == ["resolved"]
    _, words = compose(messages(store)[-1], "ko")
    assert "정정, 지금 확인된 내용: 경기 남부권: 초미세먼지 주의보 발령" in words
    poll(store, 4, [act(0, 4)])
    assert sent(store)[-1] == ("남부권", "cleared", 4)


def test_a_silence_mutes_acts_and_its_end_tells_what_is_in_force(store: Store) -> None:
    begin(store)
    silence(
        clocked(store, -1), who="kim", why="훈련", until=from_hour_number(H + 4), province="경기"
    )
    for hours in range(6):
        poll(store, hours)
    reasons = [(one["reason"], one["muted_by"]) for one in log(store)][::-1]
    assert [reason for reason, _ in reasons] == ["muted"] * 5 + ["first", "resolved"]
    assert sent(store) == [("남부권", "lowered", 3), ("남부권", "cleared", 5)]


def test_quiet_hours_hold_and_let_the_severe_through(store: Store) -> None:
    # H is midnight in Korea.
    quiet = {"start": "22:00", "end": "07:00", "then": "send_above", "above": "alarm"}
    begin(store, quiet=quiet)
    for hours in range(2):
        poll(store, hours)
    with store.read() as connection:
        found = connection.execute(select(outbox.c.state).order_by(outbox.c.id)).all()
    assert sorted(row.state for row in found) == ["held", "held", "queued"]
    reasons = [one["reason"] for one in log(store)]
    assert sorted(reasons) == ["held", "held", "worse"]


def test_other_pollutants_and_provinces_are_others(store: Store) -> None:
    begin(store, provinces=["서울"])
    poll(store, 0, [act(0, None), act(0, None, district="서울", zone="", pollutant="pm10")])
    assert log(store) == []
    poll(store, 1, [act(1, None, district="서울", zone="")])
    assert [one["province"] for one in log(store)] == ["서울"]


def test_documents_say_it_is_the_authority_s_act(store: Store) -> None:
    begin(store)
    for hours in range(6):
        poll(store, hours)
    last = log(store)[0]
    earlier = same_alert_before(store, last)
    assert [one["official"]["act"] for one in earlier] == ["issued", "raised", "lowered"]
    document = fromstring(cap(last, earlier, CapSettings(), "", simulated=False))
    assert document.findtext(f"{{{CAP}}}note") == OFFICIAL_NOTE
    assert document.findtext(f"{{{CAP}}}msgType") == "Cancel"
    area = document.findtext(f"{{{CAP}}}info/{{{CAP}}}area/{{{CAP}}}areaDesc")
    assert area == "경기 남부권"
    areas = [part.text for part in document.iter(f"{{{CAP}}}areaDesc")]
    assert areas == ["경기 남부권", "Gyeonggi Nambu zone"]
    feed = atom(log(store), "aq@example.org", "ko", "", store.clock.now(), simulated=False)
    assert feed.count(b"<entry>") == 6
    assert "주의보 해제" in feed.decode()


def test_a_back_test_is_the_live_log(store: Store) -> None:
    begin(store)
    for hours in range(7):
        poll(store, hours)
    since, until = from_hour_number(H - 30), from_hour_number(H + 6)
    trial = backtest(store, READER, rules(store)[0].rule, since, until).as_dict()
    tried = [_told(one) for one in trial["transitions"]]
    assert tried == TOLD
    assert (trial["fired"], trial["longest_hours"]) == (1, 5)


BAD = {
    "a threshold": ({"threshold": 150}, "threshold"),
    "a clear level": ({"clear_below": 150}, "clear_below"),
    "hours in a row": ({"for": 2}, "for"),
    "hours to clear": ({"clear_for": 2}, "clear_for"),
    "a standard": ({"standard": "airkorea"}, "standard"),
    "what is watched": ({"watch": "grade"}, "watch"),
    "over what": ({"over": "any_station"}, "over"),
    "a feed": ({"feed": "airkorea"}, "feed"),
    "a repeat": ({"repeat_hours": 3}, "repeat_hours"),
    "no such advisory": ({"pollutant": "no2"}, "pollutant"),
    "no advisory of the index": ({"pollutant": "overall"}, "pollutant"),
    "an unknown kind": ({"kind": "officious"}, "kind"),
    "a measured rule without levels": ({"kind": "air"}, "threshold"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_an_official_rule_cannot_say_is_refused_with_its_field(name: str) -> None:
    changes, field = BAD[name]
    parsed, found = problems({**BODY, **changes}, KNOWN)
    assert parsed is None
    assert next(one.field for one in found) == field
    with pytest.raises(InputError):
        parse_rule({**BODY, **changes}, KNOWN)


def test_a_round_trip_is_the_identity() -> None:
    quiet = {"start": "22:00", "end": "07:00", "days": ["mon"], "then": "hold"}
    one = parse_rule({**BODY, "provinces": ["서울"], "quiet": quiet}, KNOWN)
    text = to_toml([one])
    assert "threshold" not in text
    (body,) = from_toml(text, "dump")
    assert parse_rule(body, KNOWN) == one
    assert to_toml([parse_rule(body, KNOWN)]) == text
