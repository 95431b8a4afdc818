"""The choice of the feed: a table of candidates, the order, and many hours at once."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.selection import Selection
from aq.feeds.airkorea import AIRKOREA_MEANS
from aq.feeds.registry import FEED_NAMES, INFO

UPSTREAM_MEANS = AIRKOREA_MEANS.name
USUAL = Selection.preferring(("archive", "airkorea", "openmeteo"), INFO.values())


@pytest.mark.parametrize(
    ("stations", "feed"),
    [
        ({}, None),
        ({"archive": 25, "airkorea": 25, "openmeteo": 1}, "archive"),
        ({"airkorea": 25, UPSTREAM_MEANS: 1, "openmeteo": 1}, "airkorea"),
        # A file of under half of the stations does not stand for the province.
        ({"archive": 1, "airkorea": 40, "openmeteo": 1}, "airkorea"),
        ({"archive": 12, "airkorea": 25}, "airkorea"),
        ({"archive": 13, "airkorea": 25}, "archive"),
        ({"archive": 40, "airkorea": 1}, "archive"),
        ({"archive": 1, "airkorea": 0, UPSTREAM_MEANS: 1}, "archive"),
        # One station's value is enough for the means to stand back.
        ({"airkorea": 1, UPSTREAM_MEANS: 1}, "airkorea"),
        # A row without a value gives way to any feed with one …
        ({"archive": 0, "airkorea": 3}, "airkorea"),
        ({"airkorea": 0, UPSTREAM_MEANS: 1, "openmeteo": 1}, UPSTREAM_MEANS),
        ({"airkorea": 0, "openmeteo": 1}, "openmeteo"),
        # … and says why where there is none.
        ({"archive": 0, "airkorea": 0}, "archive"),
        ({UPSTREAM_MEANS: 0}, UPSTREAM_MEANS),
        ({UPSTREAM_MEANS: 1, "openmeteo": 1}, UPSTREAM_MEANS),
        ({"openmeteo": 1}, "openmeteo"),
    ],
)
def test_the_most_preferred_feed_with_a_value_is_read(
    stations: dict[str, int], feed: str | None
) -> None:
    assert USUAL.of_hour(stations) == feed
    assert USUAL.of_period(stations) == feed


@pytest.mark.parametrize("prefer", list(permutations(("archive", "airkorea", "openmeteo"))))
def test_upstreams_means_come_after_every_feed_of_stations(prefer: Sequence[str]) -> None:
    feeds = Selection.preferring(prefer, INFO.values()).feeds
    assert [feed for feed in feeds if feed != UPSTREAM_MEANS] == list(prefer)
    assert not any(INFO[feed].pooled for feed in feeds[feeds.index(UPSTREAM_MEANS) :])


def test_one_feed_alone_is_read_or_nothing() -> None:
    alone = USUAL.only("openmeteo")
    assert alone.of_hour({"airkorea": 3, "openmeteo": 1}) == "openmeteo"
    assert alone.of_hour({"airkorea": 3}) is None
    assert alone.ranked({"airkorea": 3}) == []
    assert USUAL.only(None) == USUAL


def test_a_windows_reader_tries_the_fuller_first_then_by_preference() -> None:
    stations = {"openmeteo": 1, "airkorea": 4, "archive": 2}
    assert USUAL.ranked(stations) == ["archive", "airkorea", "openmeteo"]
    stations["archive"] = 1
    assert USUAL.ranked(stations) == ["airkorea", "archive", "openmeteo"]


def test_narrower_choices_keep_the_order() -> None:
    assert USUAL.of_stations.feeds == ("archive", "airkorea")
    assert USUAL.measured.feeds == ("archive", "airkorea", UPSTREAM_MEANS)
    assert USUAL.modelled.feeds == ("openmeteo",)
    assert USUAL.present.feeds == ("archive", "airkorea", "openmeteo")
    assert [FEED_NAMES[number] for number in USUAL.ids] == list(USUAL.feeds)


candidates = st.dictionaries(st.sampled_from(sorted(USUAL.feeds)), st.integers(0, 40), min_size=1)


@given(
    st.permutations(("archive", "airkorea", "openmeteo")),
    st.lists(candidates, min_size=1, max_size=20),
)
def test_many_hours_at_once_are_chosen_as_one_by_one(
    prefer: Sequence[str], hours: list[dict[str, int]]
) -> None:
    selection = Selection.preferring(prefer, INFO.values())
    columns = np.array([[hour.get(feed, -1) for hour in hours] for feed in selection.feeds])
    taken = [selection.feeds[place] for place in selection.of_hours(columns)]
    assert taken == [selection.of_hour(hour) for hour in hours]
