"""A poll reads of the hours before what can matter, and doubts as if it had read them all."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from aq import app
from aq.context import Context
from aq.domain import quality
from aq.domain.clock import HOUR, hour_number
from aq.domain.model import URBAN, Reading, Station
from aq.store.reads import station_readings
from tests.conftest import NOW
from tests.serving import make_runtime, write

HOUR_20 = NOW - timedelta(minutes=25)
PLACES = [Station(name=f"서울 {n}", sido="서울", network=URBAN) for n in range(8)]
DAYS_BACK = 76


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def weather(seed: int) -> list[Reading]:
    """Hours of stations that stand still for long, each pollutant from an hour of its own on, with
    single hours missing and whole hours that come again."""
    dice = random.Random(seed)
    found: list[Reading] = []
    for place in PLACES:
        began = {key: dice.choice([7, 12, 23, 25, 30, 70, 71, 72, 75]) for key in quality.LIMITS}
        began["pm10"] = dice.choice([0, 30])
        lacks = {dice.randrange(1, DAYS_BACK) for _ in range(dice.choice([0, 0, 1]))}
        for back in range(DAYS_BACK):
            values = {
                key: 77 if back < since else dice.randrange(1, 9) + 10 * dice.randrange(9)
                for key, since in began.items()
            }
            if back not in lacks:
                found.append(Reading(station=place, hour=HOUR_20 - back * HOUR, values=values))
    return found


def doubted(readings: Sequence[Reading], before: Sequence[Reading]) -> list[dict[str, str]]:
    return [dict(one.flags) for one in quality.flag(readings, NOW, before)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("hours", [1, 3, 50])
def test_doubts_are_those_of_all_hours(context: Context, seed: int, hours: int) -> None:
    found = weather(seed)
    answer = [one for one in found if one.hour > HOUR_20 - hours * HOUR]
    write(context, *(one for one in found if one.hour <= HOUR_20 - HOUR))
    until = hour_number(HOUR_20) - 1
    after = until - quality.HISTORY_HOURS
    with context.store.read() as connection:
        all_hours = station_readings(connection, "airkorea", after, until, since=after, still=())
    read = app.collector(context)._hours_before("airkorea", answer, NOW)
    assert doubted(answer, read) == doubted(answer, all_hours)
    assert any("stuck" in flags.get("so2", "") for flags in doubted(answer, read))
    if hours == 1:
        assert len(read) < len(all_hours)
