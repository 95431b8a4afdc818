"""Highest 8 h means and hours above each limit equal numpy's on the same hours, in every grain."""

import csv
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from aq.context import Context
from aq.domain.clock import HOUR, day_bounds, kst_iso
from aq.domain.model import URBAN, Reading, Station
from tests.exporting import export, use
from tests.serving import make_runtime, write

SINCE = ("--since", "2025-12-28", "--until", "2026-01-04")
FIRST = day_bounds(date(2025, 12, 28))[0] + HOUR
HOURS = 24 * 7
LIMITS = {"pm25": (15, 35, 75), "o3": (0.03, 0.09, 0.15)}
SCALE = {"pm25": 10, "o3": 10_000}
STATIONS = (
    Station(name="중구", sido="서울", code="111121", network=URBAN),
    Station(name="연동", sido="제주", code="339111", network=URBAN),
)
CUTS = {"day": 10, "month": 7, "year": 4}


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    yield made
    made.store.close()


def walks(seed: int) -> dict[str, dict[str, list[float]]]:
    """By province and pollutant a week's hours as stored numbers, a quarter of them missing."""
    chance = random.Random(seed)
    every: dict[str, dict[str, list[float]]] = {}
    for station in STATIONS:
        for key, limits in LIMITS.items():
            top = int(limits[-1] * SCALE[key] * 1.2)
            values = [float(chance.randrange(top)) for _ in range(HOURS)]
            for _ in range(6):
                start, count = chance.randrange(HOURS), chance.randrange(1, 12)
                values[start : start + count] = [np.nan] * len(values[start : start + count])
            every.setdefault(station.sido, {})[key] = values
    return every


def printed(value: float, key: str) -> float:
    """Half up, with two digits more than the store's."""
    return np.floor(value * 100 + 0.5) / 100 / SCALE[key]


@pytest.mark.parametrize("seed", range(3))
def test_they_are_numpys(context: Context, tmp_path: Path, seed: int) -> None:
    every = walks(seed)
    write(
        context,
        *(
            Reading(
                station=station,
                hour=FIRST + hour * HOUR,
                values={
                    key: int(values[hour])
                    for key, values in every[station.sido].items()
                    if np.isfinite(values[hour])
                },
            )
            for station in STATIONS
            for hour in range(HOURS)
        ),
        feed="archive",
    )
    ends = [kst_iso(FIRST + hour * HOUR) for hour in range(HOURS)]
    for grain, cut in CUTS.items():
        path = tmp_path / f"{grain}.csv"
        columns = "province,pollutant,at,max_8h,hours_above_1,hours_above_2,hours_above_3"
        more = ("--grain", grain, "--pollutant", "pm25", "--pollutant", "o3")
        assert export(path, *more, "--columns", columns, since=SINCE) == 0
        rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
        expected = {
            (place, key, at): told
            for place, keys in every.items()
            for key, values in keys.items()
            for at, told in _by_numpy(np.array(values), ends, cut, key).items()
        }
        assert {(row["province"], row["pollutant"], row["at"]) for row in rows} == set(expected)
        for row in rows:
            highest, above = expected[row["province"], row["pollutant"], row["at"]]
            assert [int(row[f"hours_above_{n}"]) for n in (1, 2, 3)] == above
            if highest is None:
                assert row["max_8h"] == ""
            else:
                assert float(row["max_8h"]) == pytest.approx(highest, abs=1e-9), row


def _by_numpy(
    values: np.ndarray, ends: list[str], cut: int, key: str
) -> dict[str, tuple[float | None, list[int]]]:
    padded = np.concatenate([np.full(7, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 8)
    heard = np.isfinite(windows).sum(axis=1)
    means = np.where(heard >= 6, np.nansum(windows, axis=1) / np.maximum(heard, 1), np.nan)
    whole = np.floor(values / 10 + 0.5) if key == "pm25" else values
    of: defaultdict[str, list[int]] = defaultdict(list)
    for place, end in enumerate(ends):
        # Hour 24 belongs to the day it ends.
        of[(datetime.fromisoformat(end) - HOUR).isoformat()[:cut]].append(place)
    limits = [limit * (1 if key == "pm25" else SCALE[key]) for limit in LIMITS[key]]
    told = {}
    for at, places in of.items():
        inside = means[places]
        highest = None if np.isnan(inside).all() else printed(float(np.nanmax(inside)), key)
        told[at] = highest, [int((whole[places] > limit).sum()) for limit in limits]
    return told
