"""Episodes: runs hold what is known, missing hours prove nothing, the store equals a plain look."""

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.context import Context
from aq.domain.clock import HOUR, hour_number
from aq.domain.episodes import BRIDGE, Run, episodes, runs
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import PROVINCES, find_province
from aq.domain.windows import evaluate, windowed
from aq.i18n import text_in
from aq.queries.exceedances import Level, level_of, spells
from aq.store.reads import province_hours
from aq.web.pages.episodes import episodes_table, figure, order_words, runs_table
from tests.serving import HOUR_20, fill, make_runtime, write

SEOUL, BUSAN, JEJU = (find_province(name).id for name in ("서울", "부산", "제주"))
LEVEL = 10
SERIES = st.lists(st.one_of(st.none(), st.integers(0, 20)), max_size=80)


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url, AQ_FEEDS__AIRKOREA__KEY="any")
    yield made
    made.store.close()


@given(SERIES, st.integers(0, 8))
def test_runs_hold_every_hour_above_and_none_below(values: list[int | None], bridge: int) -> None:
    found = runs(100, values, LEVEL, bridge)
    covered = [hour - 100 for run in found for hour in range(run.first, run.last + 1)]
    assert len(covered) == len(set(covered))
    above = {place for place, value in enumerate(values) if value is not None and value >= LEVEL}
    assert above <= set(covered)
    for run in found:
        inside = values[run.first - 100 : run.last - 99]
        known = [value for value in inside if value is not None]
        assert min(known) >= LEVEL
        assert (inside[0], inside[-1]) != (None, None)
        assert run.hours + len(run.bridged) == run.length
        assert run.hours == len(known)
        assert run.peak == max(known) == values[run.peak_hour - 100]


@given(SERIES, st.integers(0, 8))
def test_runs_are_apart_and_no_bridge_is_too_long(values: list[int | None], bridge: int) -> None:
    found = runs(0, values, LEVEL, bridge)
    for before, after in pairwise(found):
        between = values[before.last + 1 : after.first]
        assert len(between) > bridge or any(value is not None for value in between)
    for run in found:
        length = 0
        for value in values[run.first : run.last + 1]:
            length = length + 1 if value is None else 0
            assert length <= bridge


@given(SERIES)
def test_an_end_is_known_only_by_an_hour_below(values: list[int | None]) -> None:
    for run in runs(0, values, LEVEL):
        before = values[run.first - 1] if run.first else None
        after = values[run.last + 1] if run.last + 1 < len(values) else None
        assert run.begins_known == (before is not None)
        assert run.ends_known == (after is not None)


@given(st.dictionaries(st.integers(1, 17), SERIES, max_size=5))
def test_every_run_is_in_one_episode_and_episodes_are_apart(
    series: dict[int, list[int | None]],
) -> None:
    by_place = {place: runs(0, values, LEVEL) for place, values in series.items()}
    found = episodes(by_place)
    parts = [part for one in found for part in one.parts]
    assert sorted(parts, key=str) == sorted(
        [(place, run) for place, own in by_place.items() for run in own], key=str
    )
    for one, after in pairwise(found):
        assert one.last + 1 < after.first
    for one in found:
        hours = {hour for _, run in one.parts for hour in range(run.first, run.last + 1)}
        assert hours == set(range(one.first, one.last + 1))
        assert [hour for _, hour in one.places] == sorted(hour for _, hour in one.places)


def test_missing_hours_are_bridged_up_to_six_and_then_cut() -> None:
    (bridged,) = runs(1, [1, 12, *[None] * BRIDGE, 13, 1], LEVEL)
    assert (bridged.first, bridged.last, bridged.hours) == (2, 9, 2)
    assert bridged.bridged == tuple(range(3, 9))
    first, second = runs(1, [1, 12, *[None] * (BRIDGE + 1), 13, 1], LEVEL)
    assert (first.begins_known, first.ends_known) == (True, False)
    assert (second.begins_known, second.ends_known) == (False, True)


def wave(context: Context, days: int = 6, seed: int = 5) -> None:
    """Hours of three provinces that wander around the levels, some without a row."""
    chance = random.Random(seed)
    readings = []
    for name in ("서울", "부산", "제주"):
        value = 700.0
        for back in range(24 * days, -1, -1):
            value = min(2200.0, max(100.0, value * chance.uniform(0.75, 1.34)))
            if chance.random() < 0.12:
                continue
            station = Station(name=f"{name} 하나", sido=name, network=URBAN)
            values = {"pm10": round(value)}
            readings.append(Reading(station=station, hour=HOUR_20 - back * HOUR, values=values))
    write(context, *readings)


@pytest.mark.parametrize(
    ("name", "grade"), [("airkorea_1h", 3), ("airkorea", 3), ("eu_eaqi", 4), ("us_epa_2024", 3)]
)
def test_runs_of_the_store_equal_a_plain_look_at_every_hour(
    context: Context, name: str, grade: int
) -> None:
    wave(context)
    rules = context.standards[name]
    level = level_of(rules, "pm10", grade)
    assert level is not None
    after = HOUR_20 - 5 * 24 * HOUR
    found = spells(context, "pm10", after, HOUR_20, level).runs
    first, last = hour_number(after), hour_number(HOUR_20)
    with context.store.read() as connection:
        rows = province_hours(connection, [SEOUL, BUSAN, JEJU], first - 24, last)
    total = 0
    for place in (SEOUL, BUSAN, JEJU):
        own = {row.hour: row for row in rows if row.place == place}
        hours = range(first + 1, last + 1)
        graded = [evaluate(rules, "pm10", own, hour) for hour in hours]
        values = [windowed(rules, "pm10", own, hour).value for hour in hours]
        assert [one.grade is not None and one.grade >= grade for one in graded] == [
            value is not None and value >= level.least for value in values
        ]
        plain = tuple(runs(first + 1, values, level.least))
        total += len(plain)
        assert found[place] == plain
    assert total > 3


def test_a_value_counts_by_the_hourly_mean(context: Context) -> None:
    fill(context, hours=20)
    at, over = (Level(least=least, averaging="1h") for least in (620, 621))
    after = HOUR_20 - 20 * HOUR
    found = spells(context, "pm10", after, HOUR_20, at)
    assert found.feeds == ("airkorea",)
    (seoul,) = found.runs[SEOUL]
    assert (seoul.hours, seoul.begins_known, seoul.ends_known) == (20, False, False)
    assert not any(spells(context, "pm10", after, HOUR_20, over).runs.values())
    assert list(found.runs) == [one.id for one in PROVINCES]
    assert not any(spells(context, "pm10", HOUR_20, HOUR_20, at).runs.values())


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_words_of_an_episode(context: Context, lang: str) -> None:
    fill(context, hours=20)
    after, level = HOUR_20 - 20 * HOUR, Level(least=620, averaging="1h")
    found, text = spells(context, "pm10", after, HOUR_20, level), text_in(lang)
    (one,) = episodes(found.runs)
    table = episodes_table([one], "pm10", text)
    begin = "2026년 11월 23일(월) 1시 ?" if lang == "ko" else "Mon 23 Nov 2026 01:00 ?"
    assert begin in table
    assert "62.0 µg/m³" in table
    assert len(runs_table(found, "pm10", text)) == 17
    drawn = figure(context, "pm10", after, HOUR_20, level, 1, "airkorea_1h", lang, False)
    assert len(drawn.data[0].y) == 17
    assert drawn.layout.yaxis.categoryarray[0] == ("서울" if lang == "ko" else "Seoul")


def test_the_order_is_that_of_reaching_the_level() -> None:
    def run(first: int, last: int) -> Run:
        return Run(
            first=first,
            last=last,
            hours=last - first + 1,
            bridged=(),
            peak=first,
            peak_hour=first,
            begins_known=True,
            ends_known=True,
        )

    (one,) = episodes({SEOUL: [run(12, 14)], BUSAN: [run(11, 13)], JEJU: [run(15, 15)]})
    assert order_words(one, text_in("en")) == "Busan 20:00 → Seoul 21:00 → Jeju 00:00"
    assert (one.first, one.last, one.length) == (11, 15, 5)
