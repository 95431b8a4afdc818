"""What the hours say now beside what was told: agreement, and each reason for a difference."""

from datetime import timedelta

from aq.alerts.engine import watch
from aq.alerts.episodes import Episode, episodes
from aq.alerts.rules import load_rules
from aq.alerts.silences import silence
from aq.store import Store
from tests.alerts.test_engine import KNOWN, READER, SEOUL, H, at, put, setup
from tests.alerts.test_evaluate import BODY

CHANNEL = {**BODY, "channels": ["journal"], "provinces": ["서울"]}


def dusty(store: Store, first: int, last: int, until: int) -> None:
    """Hours at 160 from `first` to `last`, others at 50, each looked at as it comes."""
    for hour in range(until):
        put(store, H + hour, {SEOUL: 160 if first <= hour <= last else 50})
        watch(at(store, H + hour), READER)


def only(store: Store, until: int = 24) -> Episode:
    (episode,) = episodes(store, READER, H - 1, H + until)
    return episode


def told(episode: Episode) -> list[str]:
    return [entry["change"] for entry in episode.told if entry["receivers"]]


def test_what_was_told_as_it_was_differs_in_nothing(store: Store) -> None:
    setup(store, CHANNEL)
    dusty(store, 2, 5, 10)
    episode = only(store)
    assert episode.hours is not None
    assert (episode.hours.since, episode.hours.fired, episode.hours.end) == (H + 2, H + 3, H + 6)
    assert (episode.hours.peak, told(episode), episode.why) == (1600, ["first", "resolved"], None)


def test_an_alert_that_later_hours_take_back_stands_as_told_alone(store: Store) -> None:
    setup(store, CHANNEL)
    dusty(store, 2, 4, 5)
    for hour in range(2, 5):
        put(store, H + hour, {SEOUL: 40})
    watch(at(store, H + 5), READER)
    episode = only(store)
    assert (episode.hours, episode.why) == (None, "revised")
    assert told(episode) == ["first", "resolved"]


def test_an_end_that_moved_is_named(store: Store) -> None:
    setup(store, CHANNEL)
    dusty(store, 2, 5, 10)
    put(store, H + 6, {SEOUL: 120})
    watch(at(store, H + 10), READER)
    episode = only(store)
    assert episode.hours is not None
    assert (episode.hours.end, episode.why) == (H + 7, "revised")


def test_what_nobody_was_told_says_why(store: Store) -> None:
    setup(store, CHANNEL)
    until = at(store, H + 20).clock.now()
    silence(at(store, H), who="t", why="훈련", until=until + timedelta(hours=1), province="서울")
    dusty(store, 2, 5, 7)
    assert only(store, 7).why == "silenced"
    assert told(only(store, 7)) == []


def test_hours_that_came_after_their_end_were_told_to_nobody(store: Store) -> None:
    setup(store, CHANNEL)
    put(store, H, {SEOUL: 50})
    watch(at(store, H), READER)
    for hour in range(1, 9):
        put(store, H + hour, {SEOUL: 160 if hour < 5 else 50})
    watch(at(store, H + 8), READER)
    assert (only(store).why, only(store).told) == ("over", ())


def test_a_rule_that_was_changed_is_the_reason(store: Store) -> None:
    setup(store, CHANNEL)
    dusty(store, 2, 9, 6)
    load_rules(at(store, H + 6), [{**CHANNEL, "threshold": 200}], KNOWN, "test")
    watch(at(store, H + 6), READER)
    episode = only(store)
    assert (episode.hours, episode.why) == (None, "rule_changed")
