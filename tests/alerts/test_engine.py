"""The live engine on both stores: one message a step, late and revised hours, several instances."""

import json
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from aq.alerts import Known
from aq.alerts.engine import watch
from aq.alerts.points import Reader
from aq.alerts.rule_file import from_toml, to_toml
from aq.alerts.rules import history, load_rules, remove_rule, restore_rule, rules, save_rule
from aq.alerts.silences import silence
from aq.alerts.status import acknowledge, log, standing
from aq.domain.clock import Clock, from_hour_number, hour_number, kst_iso
from aq.domain.errors import InputError
from aq.domain.provinces import PROVINCES
from aq.domain.selection import Selection
from aq.feeds.registry import FEED_IDS, INFO
from aq.paths import ROOT
from aq.standards_file import load_standards
from aq.store import Store, open_store
from aq.store.schema import alert_event, alert_state, outbox, province_hour
from tests.alerts.test_evaluate import ALARM, BODY
from tests.conftest import NOW

STANDARDS = load_standards(ROOT / "config" / "standards")
KNOWN = Known(standards=STANDARDS, channels=("journal",))
READER = Reader(
    standards=STANDARDS,
    selection=Selection.preferring(("archive", "airkorea", "openmeteo"), INFO.values()),
    live=("airkorea",),
)
H = hour_number(NOW.replace(minute=0)) - 20
SEOUL = 1


def at(store: Store, hour: int) -> Store:
    """The same store, 25 minutes after an hour."""
    return Store(store.engine, Clock(from_hour_number(hour) + timedelta(minutes=25)))


def put(store: Store, hour: int, values: Mapping[int, float | None]) -> None:
    """Province means of PM10 [µg/m³] for an hour; None for one that has no value any more."""
    with store.write("test") as txn:
        for province, value in values.items():
            here = (province_hour.c.province == province) & (province_hour.c.hour == hour)
            scaled, n = int((value or 0) * 10), int(value is not None)
            fields = {"pm10_sum": scaled, "pm10_n": n, "version": txn.version}
            if not txn.connection.execute(
                update(province_hour).where(here).values(fields)
            ).rowcount:
                key = {"province": province, "hour": hour, "feed": FEED_IDS["airkorea"]}
                txn.connection.execute(insert(province_hour).values({**key, **fields}))
        txn.touch([hour])


def setup(store: Store, *bodies: Mapping[str, Any]) -> None:
    given = [{**body, "channels": ["journal"]} for body in bodies or (BODY, ALARM)]
    load_rules(at(store, H - 60), given, KNOWN, "test")
    watch(at(store, H - 60), READER)


def messages(store: Store) -> list[dict[str, Any]]:
    with store.read() as connection:
        found = connection.execute(select(outbox).order_by(outbox.c.id)).all()
    return [json.loads(row.body) for row in found]


def reasons(store: Store) -> list[tuple[int, str, str]]:
    with store.read() as connection:
        query = select(alert_event).where(alert_event.c.retracted_at.is_(None))
        found = connection.execute(query.order_by(alert_event.c.hour, alert_event.c.id)).all()
    return [(row.hour - H, row.rule, row.reason) for row in found if row.kind != "correction"]


def bodies(store: Store) -> dict[tuple[str, str], str]:
    with store.read() as connection:
        return {(r.rule, r.place): r.body for r in connection.execute(select(alert_state))}


def known_to_people(store: Store) -> set[str]:
    """The rules of which the last message to the journal said that an alert is on."""
    last = {event["rule"]: event["after"] for one in messages(store) for event in one["events"]}
    return {rule for rule, after in last.items() if after != "clear"}


EPISODE = (50, 160, 170, 310, 320, 140, 90)


def everywhere(value: float) -> dict[int, float]:
    return dict.fromkeys(range(1, 18), value)


def test_17_provinces_are_one_message_a_step(store: Store) -> None:
    setup(store)
    for step, value in enumerate(EPISODE):
        put(store, H + step, everywhere(value))
        watch(at(store, H + step), READER)
        watch(at(store, H + step), READER)
    sent = messages(store)
    assert [len(one["events"]) for one in sent] == [17, 17, 17, 17]
    assert [one["events"][0]["reason"] for one in sent] == ["first", "worse", "better", "resolved"]
    order = [event["province"] for event in sent[0]["events"]]
    assert order == [province.ko for province in PROVINCES]
    assert len({one["id"] for one in sent}) == 4
    named = {one["id"]: one["message"] for one in log(store)}
    assert all(named[event["id"]] == one["id"] for one in sent for event in one["events"])


@pytest.mark.parametrize("sizes", [[7], [1, 6], [3, 2, 2], [2, 5]])
def test_batches_end_with_people_knowing_how_it_stands(store: Store, sizes: list[int]) -> None:
    setup(store)
    hour = H
    for size in sizes:
        for _ in range(size):
            put(store, hour, {SEOUL: EPISODE[hour - H]})
            hour += 1
        watch(at(store, hour - 1), READER)
        on = {row["rule"] for row in standing(at(store, hour - 1)) if row["alert"]}
        assert on == known_to_people(store)
        assert watch(at(store, hour - 1), READER).events == 0


def test_a_late_hour_leads_where_it_would_have_led_in_time(store: Store) -> None:
    setup(store, BODY)
    for step in (0, 1, 3, 4):
        put(store, H + step, {SEOUL: EPISODE[step]})
        watch(at(store, H + step), READER)
    put(store, H + 2, {SEOUL: EPISODE[2]})
    watch(at(store, H + 4), READER)
    assert reasons(store) == [(3, "pm10-warning", "first")]
    assert log(store)[0]["since"] == kst_iso(from_hour_number(H + 1))
    assert len(messages(store)) == 1


def test_a_revision_that_undoes_an_alert_sends_a_correction(store: Store) -> None:
    setup(store, BODY)
    for step in range(3):
        put(store, H + step, {SEOUL: EPISODE[step]})
        watch(at(store, H + step), READER)
    put(store, H + 2, {SEOUL: 60})
    watch(at(store, H + 2), READER)
    last = messages(store)[-1]["events"]
    assert [(one["kind"], one["reason"]) for one in last] == [("correction", "resolved")]
    assert standing(at(store, H + 2)) == []
    assert [one["reason"] for one in log(store) if one["retracted_at"]] == ["first"]


def test_old_hours_are_no_news(store: Store) -> None:
    setup(store, BODY)
    put(store, H, {SEOUL: 20})
    watch(at(store, H), READER)
    for step, value in enumerate(EPISODE):
        put(store, H - 50 + step, {SEOUL: value})
    watch(at(store, H), READER)
    assert messages(store) == log(store) == []


def test_what_began_while_nobody_watched_is_told_when_it_still_goes_on(store: Store) -> None:
    setup(store, BODY)
    for step in range(12):
        put(store, H + step, {SEOUL: 200})
    watch(at(store, H + 11), READER)
    events = messages(store)[0]["events"]
    assert [(one["kind"], one["reason"]) for one in events] == [("catch_up", "first")]


def test_missing_data_say_so_once_and_never_resolve(store: Store) -> None:
    setup(store, BODY)
    for step in range(3):
        put(store, H + step, {SEOUL: EPISODE[step]})
        watch(at(store, H + step), READER)
    for step in range(3, 12):
        watch(at(store, H + step), READER)
    assert [one["events"][0]["reason"] for one in messages(store)] == ["first", "unknown"]
    assert [one["phase"] for one in standing(at(store, H + 11))] == ["unknown"]


def test_a_silence_mutes_and_its_end_tells(store: Store) -> None:
    setup(store, BODY)
    put(store, H, {SEOUL: 160})
    watch(at(store, H), READER)
    until = from_hour_number(H + 3)
    silence(at(store, H), who="kim", why="훈련", until=until, province="서울")
    for step in range(1, 4):
        put(store, H + step, {SEOUL: 160})
        watch(at(store, H + step), READER)
    assert [one[2] for one in reasons(store)] == ["muted", "first"]
    assert len(messages(store)) == 1
    name = standing(at(store, H + 3))[0]["event"]
    assert acknowledge(store, name, "kim")
    assert not acknowledge(store, name, "lee")


def test_quiet_hours_hold_and_a_digest_gathers(store: Store) -> None:
    quiet = {"start": "00:00", "end": "23:59", "then": "digest"}
    setup(store, {**BODY, "quiet": quiet})
    for step, value in enumerate((160, 170, 20)):
        put(store, H + step, everywhere(value))
        watch(at(store, H + step), READER)
    assert {one[2] for one in reasons(store)} == {"held"}
    with store.read() as connection:
        kept = connection.execute(select(outbox)).all()
    assert [row.state for row in kept] == ["held"]
    assert json.loads(kept[0].body)["kind"] == "digest"
    assert len(json.loads(kept[0].body)["events"]) == 34


def test_two_instances_at_once_write_each_transition_once(store: Store, database_url: str) -> None:
    setup(store)
    other = open_store(database_url, store.clock)
    for step, value in enumerate(EPISODE):
        put(store, H + step, everywhere(value))
        together = [
            threading.Thread(target=watch, args=(at(one, H + step), READER))
            for one in (store, other)
        ]
        for thread in together:
            thread.start()
        for thread in together:
            thread.join()
    other.close()
    assert len(messages(store)) == 4
    found = reasons(store)
    assert len(found) == 4 * 17
    assert set(bodies(store)) == {
        (name, one.code) for name in ("pm10-warning", "pm10-alarm") for one in PROVINCES
    }


def test_rules_are_kept_with_their_history_and_restored(store: Store) -> None:
    save_rule(store, BODY, KNOWN, "kim")
    save_rule(store, {**BODY, "threshold": 200}, KNOWN, "lee", expected=1)
    with pytest.raises(InputError, match="meanwhile"):
        save_rule(store, {**BODY, "threshold": 250}, KNOWN, "park", expected=1)
    restore_rule(store, "pm10-warning", 1, KNOWN, "park")
    found = [(one["revision"], one["who"], one["what"]) for one in history(store)]
    assert found == [(3, "park", "restored"), (2, "lee", "changed"), (1, "kim", "created")]
    assert [int(one.rule.threshold) for one in rules(store)] == [150]
    again = from_toml(to_toml(one.rule for one in rules(store)), "x")
    assert load_rules(store, again, KNOWN, "kim") == []


def test_a_rule_taken_away_and_made_again_goes_on_counting_its_events(store: Store) -> None:
    setup(store, BODY)
    for step in range(2):
        put(store, H + step, {SEOUL: 170})
        watch(at(store, H + step), READER)
    first = [one["id"] for one in log(store)]
    remove_rule(at(store, H + 1), "pm10-warning", "kim")
    watch(at(store, H + 1), READER)
    load_rules(at(store, H + 1), [{**BODY, "channels": ["journal"]}], KNOWN, "kim")
    put(store, H + 2, {SEOUL: 180})
    watch(at(store, H + 2), READER)
    assert len({one["id"] for one in log(store)}) > len(first) > 0


def test_loading_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(InputError, match="threshold"):
        load_rules(store, [BODY, {**ALARM, "threshold": 1}], KNOWN, "kim")
    assert rules(store) == []


def told(store: Store, channel: str) -> list[tuple[str, str]]:
    """(rule, change) of all that went to a channel, in order."""
    with store.read() as connection:
        query = select(outbox).where(outbox.c.channel == channel).order_by(outbox.c.id)
        found = connection.execute(query).all()
    return [(e["rule"], e["change"]) for row in found for e in json.loads(row.body)["events"]]


OWN = {**BODY, "id": "own", "threshold": 75, "clear_below": 50, "provinces": ["경기"]}
GYEONGGI = 2
BOTH = Known(standards=STANDARDS, channels=("mail", "hook", "journal"))


def hours(store: Store, first: int, *values: float) -> None:
    for step, value in enumerate(values, start=first):
        put(store, H + step, {GYEONGGI: value})
        watch(at(store, H + step), READER)


def test_t60_a_rule_that_tells_nobody_mutes_nobody(store: Store) -> None:
    """At 212 µg/m³ the shipped rules, on and without channels, left an operator's rule unsaid."""
    own = {**OWN, "channels": ["mail", "hook"], "severity": "notice"}
    load_rules(at(store, H - 60), [BODY, ALARM, own], BOTH, "test")
    hours(store, 0, 60, 212, 212, 340, 345, 212, 40)
    for channel in ("mail", "hook"):
        assert told(store, channel) == [("own", "first"), ("own", "resolved")]
    entries = {(one["rule"], one["change"]): one["receivers"] for one in log(store)}
    assert entries["own", "first"] == ["mail", "hook"]
    assert entries["pm10-alarm", "worse"] == []


def test_a_more_severe_alert_mutes_only_where_it_was_told(store: Store) -> None:
    mild = {**BODY, "channels": ["mail", "hook"]}
    severe = {**ALARM, "channels": ["hook"]}
    load_rules(at(store, H - 60), [mild, severe], BOTH, "test")
    hours(store, 0, 310, 310, 310, 140, 90)
    assert told(store, "hook") == [
        ("pm10-alarm", "first"),
        ("pm10-alarm", "better"),
        ("pm10-warning", "better"),
        ("pm10-warning", "resolved"),
    ]
    assert told(store, "mail") == [("pm10-warning", "first"), ("pm10-warning", "resolved")]


@pytest.mark.parametrize("fate", ["failed", "held"])
def test_t60_a_message_that_did_not_arrive_mutes_nothing(store: Store, fate: str) -> None:
    quiet = {"quiet": {"start": "00:00", "end": "23:59"}} if fate == "held" else {}
    rules_here = [{**BODY, "channels": ["mail"]}, {**ALARM, **quiet, "channels": ["mail"]}]
    load_rules(at(store, H - 60), rules_here, BOTH, "test")
    hours(store, 0, 310, 310)
    with store.book() as connection:
        connection.execute(update(outbox).where(outbox.c.state == "queued").values(state=fate))
    hours(store, 2, 310)
    assert ("pm10-warning", "first") in told(store, "mail")


def test_t61_what_was_told_is_ended_aloud_within_a_silence(store: Store) -> None:
    setup(store, {**BODY, "provinces": ["경기"]})
    hours(store, 0, 160, 170)
    until = from_hour_number(H + 30)
    silence(at(store, H + 1), who="kim", why="훈련", until=until, province="경기")
    hours(store, 2, 180, 60)
    assert told(store, "journal") == [("pm10-warning", "first"), ("pm10-warning", "resolved")]


def test_a_channel_that_left_the_rule_still_learns_of_the_end(store: Store) -> None:
    rules_here = [{**OWN, "channels": ["mail", "hook"]}]
    load_rules(at(store, H - 60), rules_here, BOTH, "test")
    hours(store, 0, 90, 90)
    load_rules(at(store, H + 1), [{**OWN, "channels": ["hook"]}], BOTH, "test")
    hours(store, 2, 95, 30)
    assert told(store, "mail") == told(store, "hook") == [("own", "first"), ("own", "resolved")]


def test_t62_a_late_end_is_an_end_and_no_correction(store: Store) -> None:
    setup(store, {**BODY, "provinces": ["경기"]})
    hours(store, 0, 160, 170)
    for step in (2, 3, 4, 5):
        watch(at(store, H + step), READER)
    put(store, H + 2, {GYEONGGI: 60})
    watch(at(store, H + 5), READER)
    assert [change for _, change in told(store, "journal")] == ["first", "unknown", "resolved"]
    assert log(store)[0]["kind"] == "live"
    assert log(store)[0]["at"] == kst_iso(from_hour_number(H + 2))
    assert log(store)[0]["peak"] == 170


def test_a_clock_set_back_or_ahead_unsays_nothing(store: Store) -> None:
    setup(store, {**BODY, "provinces": ["경기"], "repeat_hours": 3})
    hours(store, 0, 160, 170)
    for wrong in (-6, -30, 1):
        assert watch(at(store, H + wrong), READER).events == 0
    hours(store, 2, 180, 60)
    assert [change for _, change in told(store, "journal")] == ["first", "resolved"]


def test_a_rule_off_ends_what_it_told_and_its_places_are_clear(store: Store) -> None:
    setup(store, {**BODY, "provinces": ["경기"]})
    hours(store, 0, 160, 170)
    save_rule(at(store, H + 1), {**BODY, "enabled": False}, KNOWN, "kim")
    watch(at(store, H + 1), READER)
    assert [(one["kind"], one["ended"]) for one in log(store)] == [
        ("withdrawn", "off"),
        ("live", None),
    ]
    assert standing(at(store, H + 1)) == []
    assert watch(at(store, H + 1), READER).events == 0
