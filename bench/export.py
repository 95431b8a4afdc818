"""Export of ten years by the hour: time and memory, ours and a data frame's `to_csv`."""

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from aq.clock import Clock, day_bounds, hour_number
from aq.regions import PROVINCES
from aq.schema import FEED_IDS, KEYS
from aq.store import open_store
from aq.store.engine import migrate
from aq.units import pollutants
from bench.data import Bulk
from bench.report import Result, measured

LAST = date(2025, 12, 31)
YEARS = (1, 10)
STATIONS = 12
# Typical hourly means [the pollutant's unit]; only their magnitude matters here.
TYPICAL = {"pm10": 42, "pm25": 21, "o3": 0.031, "no2": 0.017, "so2": 0.003, "co": 0.4}
CHUNK_HOURS = 24 * 61
CHUNK_ROWS = 200_000
SUMS = tuple(f"{key}_{part}" for key in KEYS for part in ("sum", "n", "exp"))


def run(runs: int) -> list[Result]:
    """1 and 10 years of 17 provinces and six pollutants, as CSV and Parquet."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        _build(url)
        return [
            _case(url, Path(folder) / f"out.{form}", years, form, runs)
            for form, spans in (("csv", YEARS), ("parquet", YEARS[-1:]))
            for years in spans
        ]


def _case(url: str, path: Path, years: int, form: str, runs: int) -> Result:
    since = date(LAST.year - years + 1, 1, 1)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AQ_")},
        "AQ_DATABASE_URL": url,
    }
    ask = ["-m", "aq", "export", "--since", since.isoformat(), "--until", LAST.isoformat()]
    print(f"  {years} years, {form} …", file=sys.stderr, flush=True)
    seconds, peak = measured([*ask, "--format", form, "-o", str(path)], environment, runs)
    after, until = hour_number(day_bounds(since)[0]), hour_number(day_bounds(LAST)[1])
    plain_path = path.with_stem("plain")
    arguments = ["-m", "bench.plain_export", url, str(after), str(until), str(plain_path)]
    plain_seconds, plain_peak = measured(arguments, environment, runs)
    if form == "csv" and years == min(YEARS):
        _same(path, plain_path)
    plain_path.unlink()
    path.unlink()
    return Result(
        bench="export",
        case=f"{years} years × 17 × 6, {form}",
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


def _build(url: str) -> None:
    """Ten years of province hours, written as the store keeps them."""
    store = open_store(url, Clock())
    migrate(store)
    first = hour_number(day_bounds(date(LAST.year - max(YEARS) + 1, 1, 1))[0])
    last = hour_number(day_bounds(LAST)[1])
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
