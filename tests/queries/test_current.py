"""What is now, at its edges: a true zero, and a clock that lies behind the data."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aq.cli.current import table
from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import BY_CODE
from aq.i18n import text_in
from aq.queries.current import current
from aq.queries.evidence import evidence
from aq.web.wording.explanation import evidence_text
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


def test_how_sure_an_hour_is_by_its_stations_in_items_and_explained(context: Context) -> None:
    values = (300, 310, 290, 330, 520)  # 35.0 µg/m³; 30.75 without the highest, in grade 2 too
    named = [Station(name=f"구{n}", sido="서울", network=URBAN) for n in range(len(values) + 3)]
    roadside = Station(name="큰길", sido="서울", network="도로변대기")
    for hour, more in ((HOUR_20 - HOUR, {}), (HOUR_20, {"pm25": 200})):
        readings = [
            Reading(station=station, hour=hour, values={"pm10": value, **more})
            for station, value in zip(named, values, strict=False)
        ]
        if hour != HOUR_20:
            readings += [Reading(station=one, hour=hour, values={"pm10": 400}) for one in named[5:]]
        readings.append(Reading(station=roadside, hour=hour, values={"pm10": 2000}))
        write(context, *readings)
    item, fine = (
        next(one for one in current(context, HOUR_20 + HOUR / 4).of(key) if one.province == "서울")
        for key in ("pm10", "pm25")
    )
    error = np.std(values, ddof=1) / np.sqrt(5) * np.sqrt(1 - 5 / item.stations_expected) / 10
    assert item.stations_expected == 8
    assert item.standard_error == pytest.approx(error, abs=0.001)
    assert (item.mean_low, item.mean_high) == (30.75, 36.5)
    # Two standard errors below 35 lies 29.7: the grade could be the better one.
    assert (item.grade, item.grade_low, item.grade_high, item.one_station) == (2, 1, 2, False)
    assert (fine.grade_low, fine.grade_high, fine.standard_error) == (2, 2, 0)
    rules = context.standards["airkorea_1h"]
    found = evidence(context, BY_CODE["KR-11"], "pm10", HOUR_20, rules)
    told = found.as_dict()["confidence"]
    assert {name: getattr(item, name) for name in told} == told
    assert "경계: 좋음~보통" in evidence_text(found, text_in("ko"))
    # The 24 h mean of another standard is not the hour's own.
    longer = current(context, HOUR_20 + HOUR / 4, standard="airkorea").of("pm10")
    assert {one.standard_error for one in longer} == {None}
