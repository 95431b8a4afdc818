"""What is now, at its edges: a true zero, and a clock that lies behind the data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aq.cli.current import table
from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Reading, Station
from aq.queries.current import current
from tests.serving import HOUR_20, make_runtime, write


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}")
    yield made
    made.store.close()


def test_a_true_zero_is_printed(context: Context) -> None:
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    write(context, Reading(station=station, hour=HOUR_20, values={"so2": 0, "co": 0}))
    lines = table(current(context, context.clock.now(), wanted=["so2", "co"])).splitlines()
    assert [line.split()[2] for line in lines if line.startswith("서울")] == ["0.0", "0.0"]
    assert [line.split()[2] for line in lines if line.startswith("부산")] == ["–", "–"]


def test_hours_that_all_lie_ahead_of_the_clock_are_no_empty_store(context: Context) -> None:
    now = context.clock.now()
    before = current(context, now, wanted=["pm10"])
    assert {item.missing_reason for item in before.items} == {"no_history"}
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    write(context, Reading(station=station, hour=HOUR_20, values={"pm10": 400}))
    behind = current(context, now - 30 * 24 * HOUR, wanted=["pm10"])
    assert {item.missing_reason for item in behind.items} == {"clock_behind"}
