"""Export of ten years by the hour: time and memory, ours and a data frame's `to_csv`."""

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from aq.domain.clock import Clock, day_bounds, hour_number
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS
from aq.store import open_store
from aq.store.engine import migrate
from bench.data import Bulk
from bench.report import Result, measured

LAST = date(2025, 12, 31)
YEARS, FORMATS = 10, ("csv", "parquet")
STATIONS = 12
# Typical hourly means [the pollutant's unit]; only their magnitude matters here.
TYPICAL = {"pm10": 42, "pm25": 21, "o3": 0.031, "no2": 0.017, "so2": 0.003, "co": 0.4}
CHUNK_HOURS = 24 * 61
CHUNK_ROWS = 200_000
SUMS = tuple(f"{key}_{part}" for key in KEYS for part in ("sum", "n", "exp"))


def run(runs: int) -> list[Result]:
    """Ten years of 17 provinces and six pollutants, as CSV and Parquet; a month to compare rows."""
    since = date(LAST.year - YEARS + 1, 1, 1)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        _build(url, since)
        month = Path(folder) / "month.csv"
        _written(url, month, LAST.replace(day=1), 1)
        _same(month, _plain(month))
        return [_case(url, Path(folder) / f"out.{form}", since, runs) for form in FORMATS]


def _plain(path: Path) -> Path:
    """Where the plain way writes."""
    return path.with_stem("plain")


def _written(
    url: str, path: Path, since: date, runs: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """(median seconds, largest memory [MB]) of our way and of the plain one."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AQ_")},
        "AQ_DATABASE_URL": url,
    }
    ask = ["-m", "aq", "export", "--since", since.isoformat(), "--until", LAST.isoformat()]
    print(f"  {path.name} since {since} …", file=sys.stderr, flush=True)
    form = path.suffix.removeprefix(".")
    ours = measured([*ask, "--format", form, "-o", str(path)], environment, runs)
    after, until = hour_number(day_bounds(since)[0]), hour_number(day_bounds(LAST)[1])
    arguments = ["-m", "bench.plain_export", url, str(after), str(until), str(_plain(path))]
    return ours, measured(arguments, environment, runs)


def _case(url: str, path: Path, since: date, runs: int) -> Result:
    (seconds, peak), (plain_seconds, plain_peak) = _written(url, path, since, runs)
    _plain(path).unlink()
    path.unlink()
    return Result(
        bench="export",
        case=f"{YEARS} years × 17 × 6, {path.suffix.removeprefix('.')}",
        runs=runs,
        seconds=seconds,
        peak_mb=peak,
        plain_seconds=plain_seconds,
        plain_peak_mb=plain_peak,
    )


def _same(ours: Path, plain: Path) -> None:
    """Stop where the two files do not hold the same rows."""
    for mine, theirs in zip(
        pd.read_csv(ours, chunksize=CHUNK_ROWS),
        pd.read_csv(plain, chunksize=CHUNK_ROWS),
        strict=True,
    ):
        pd.testing.assert_frame_equal(mine, theirs, check_dtype=False)


def _build(url: str, since: date) -> None:
    """Years of province hours, written as the store keeps them."""
    store = open_store(url, Clock())
    migrate(store)
    first, last = hour_number(day_bounds(since)[0]), hour_number(day_bounds(LAST)[1])
    with store.write("bench") as txn:
        version = txn.version
    store.close()
    names = ("province", "hour", "feed", "version", *SUMS)
    sql = f"INSERT INTO province_hour ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    with Bulk(Path(url.removeprefix("sqlite:///"))) as connection:
        connection.executemany(sql, _rows(first, last, version))


def _rows(first: int, last: int, version: int) -> Iterator[tuple[int, ...]]:
    generator = np.random.default_rng(17)
    for start in range(first, last, CHUNK_HOURS):
        hours = range(start + 1, min(start + CHUNK_HOURS, last) + 1)
        shape = (len(hours), len(PROVINCES))
        levels = [
            np.rint(
                generator.gamma(4, TYPICAL[key] / 4, shape) * pollutants()[key].scale * STATIONS
            )
            .astype(int)
            .tolist()
            for key in KEYS
        ]
        for row, hour in enumerate(hours):
            for column, province in enumerate(PROVINCES):
                counts = [n for one in levels for n in (one[row][column], STATIONS, STATIONS + 1)]
                yield (province.id, hour, FEED_IDS["archive"], version, *counts)
