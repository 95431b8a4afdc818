"""How sure means are, in exports by name: of hours as /api/v1/current says it, of days by numpy."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Reading, Station
from aq.queries.current import current
from tests.exporting import RANGE, export, read_back, use
from tests.serving import HOUR_20, make_runtime, write

FIELDS = ("standard_error", "mean_low", "mean_high", "grade_low", "grade_high", "one_station")
COLUMNS = ("--columns", ",".join(("province", "at", "value", "grade", *FIELDS)))
VALUES = ((300, 310, 290), (280, 400, None), (350, 900, 200))  # of three hours by station


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    write(
        made,
        *(
            Reading(
                station=Station(name=f"구{n}", sido="서울", network=URBAN),
                hour=HOUR_20 - back * HOUR,
                values={} if value is None else {"pm10": value},
            )
            for n in range(3)
            for back, value in enumerate(hours[n] for hours in reversed(VALUES))
        ),
        Reading(
            station=Station(name="큰길", sido="서울", network="도로변대기"),
            hour=HOUR_20,
            values={"pm10": 2000},
        ),
    )
    yield made
    made.store.close()


def rows(path: Path, *more: str) -> list[dict[str, object]]:
    asked = ("--province", "서울", "--pollutant", "pm10", *COLUMNS)
    assert export(path, *asked, *more, since=RANGE) == 0
    return read_back(path)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_hours_say_what_the_live_table_says(context: Context, tmp_path: Path, form: str) -> None:
    found = rows(tmp_path / f"h.{form}")
    (item,) = (
        one for one in current(context, HOUR_20 + HOUR / 4).of("pm10") if one.province == "서울"
    )
    assert item.one_station
    assert {name: found[-1][name] for name in FIELDS} == {
        name: getattr(item, name) for name in FIELDS
    }
    # 28.0 and 40.0 of two stations: without the latter it is another grade.
    assert (found[-2]["mean_low"], found[-2]["mean_high"]) == (28, 40)
    assert found[-2]["one_station"] is True


def test_days_leave_whole_stations_out(context: Context, tmp_path: Path) -> None:
    (day,) = rows(tmp_path / "d.csv", "--grain", "day")
    stations = [[hour[n] for hour in VALUES if hour[n] is not None] for n in range(3)]
    sums, counts = (np.array([made(one) for one in stations]) for made in (sum, len))
    without = (sums.sum() - sums) / (counts.sum() - counts) / 10
    assert (day["mean_low"], day["mean_high"]) == pytest.approx(
        (without.min(), without.max()), abs=0.001
    )
    assert day["standard_error"] == 0  # the whole network was heard
    assert (day["grade_low"], day["grade_high"]) == (1, 2)


def test_stations_have_none_of_it(context: Context, tmp_path: Path) -> None:
    found = rows(tmp_path / "s.csv", "--level", "station")
    assert {row[name] for row in found for name in FIELDS} == {None}
