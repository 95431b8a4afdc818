"""The stores a bench works on: a year of 650 stations, and one or ten years of province hours.

Half a month is simulated and taken in as polls would; the year is that stretch copied back in time
by SQL. The provinces' years come from the simulator's weather. All of it is SIMULATED.
"""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from aq.context import Context, start
from aq.domain.clock import day_bounds, floor_hour, hour_number
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import PROVINCES, Province
from aq.feeds.registry import FEED_IDS
from aq.ingest.collect import ingest, station_rule
from aq.settings import load
from aq.simulator.weather import Weather
from aq.simulator.world import World, history
from aq.store.stations import Directory

NOW = "2026-05-08T20:25:00+09:00"
TODAY = date(2026, 5, 8)
CONFIRMED_UNTIL = date(2026, 3, 31)  # confirmed files come months later
STATIONS, SEED = 650, 17
YEARS = 10
STRETCH_DAYS, COPIES = 15, 25  # 375 days
STATIONS_OF_A_PROVINCE = 12
MISSING_SHARE = 0.01
TABLES = ("station_hour", "province_hour", "province_grade")


@dataclass(frozen=True)
class Stores:
    """Where the stores of a run are: with one year of history, and with ten."""

    folder: Path

    def url(self, years: int) -> str:
        """The database address of a store."""
        return f"sqlite:///{self.path(years)}"

    def path(self, years: int) -> Path:
        """The file of a store."""
        return self.folder / f"years{years}.db"

    def copy(self, years: int, name: str) -> str:
        """A copy that may be written to; gives its address."""
        target = self.folder / name
        with sqlite3.connect(self.path(years)) as source, sqlite3.connect(target) as copied:
            source.backup(copied)
        return f"sqlite:///{target}"

    @property
    def parquet(self) -> Path:
        """The province hours of the ten years as one Parquet file."""
        return self.folder / "province_hour.parquet"


def open_runtime(url: str, **environment: str) -> Context:
    """A context on a store at the bench's own evening."""
    return start(load({"AQ_DATABASE_URL": url, "AQ_CLOCK": NOW, **environment}))


def build(folder: Path) -> Stores:
    """Build both stores unless the folder holds them."""
    stores = Stores(folder)
    done = folder / "done"
    if not done.exists():
        _stations(stores.url(1))
        shutil.copyfile(stores.path(1), stores.path(YEARS))
        for years in (1, YEARS):
            fill_provinces(stores.path(years), years)
        _archive(stores)
        done.touch()
    return stores


def say(words: str) -> None:
    """A line of progress."""
    print(f"  {words}", file=sys.stderr, flush=True)


def _stations(url: str) -> None:
    """A year of station hours and what follows from them."""
    say(f"a year of {STATIONS} stations …")
    context, world = open_runtime(url), World(STATIONS, SEED)
    midnight = day_bounds(TODAY)[0]
    since = midnight - timedelta(days=STRETCH_DAYS)
    now = floor_hour(context.clock.now()) - timedelta(hours=1)
    for readings in history(world, since, now):
        with context.store.write("simulated history") as txn:
            txn.mark_simulated(True)
            directory = Directory(txn, station_rule(context.settings.provinces))
            ingest(txn, "airkorea", readings, directory, context.stored_standards)
    path = Path(context.store.engine.url.database or "")
    context.store.close()
    first, last = hour_number(since), hour_number(midnight)
    with Bulk(path) as connection:
        for copy in range(1, COPIES):
            for table in TABLES:
                _shift(connection, table, "hour", (first, last), 24 * STRETCH_DAYS * copy)
        back = 24 * STRETCH_DAYS * (COPIES - 1)
        connection.execute("UPDATE station_feed SET first_hour = first_hour - ?", (back,))
        fill_days(connection, FEED_IDS["airkorea"])


def _shift(
    connection: sqlite3.Connection, table: str, name: str, span: tuple[int, int], back: int
) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    moved = ", ".join(f"{one} - {back}" if one == name else f'"{one}"' for one in columns)
    names = ", ".join(f'"{one}"' for one in columns)
    connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {moved} FROM {table}"
        f" WHERE {name} > ? AND {name} <= ?",
        span,
    )


def fill_provinces(path: Path, years: int, provinces: Sequence[Province] = PROVINCES) -> None:
    """Confirmed province hours of the last years, written as the store keeps them."""
    say(f"{years} × {len(provinces)} provinces × 6 pollutants by the hour …")
    last = hour_number(day_bounds(CONFIRMED_UNTIL)[1])
    begin = CONFIRMED_UNTIL.replace(year=CONFIRMED_UNTIL.year - years)
    first = hour_number(day_bounds(begin)[1])
    names = ["province", "hour", "feed", "version", "why"]
    names += [f"{key}_{part}" for key in KEYS for part in ("sum", "n", "exp")]
    places = ", ".join("?" * len(names))
    with Bulk(path) as connection:
        sql = f"INSERT INTO province_hour ({', '.join(names)}) VALUES ({places})"
        connection.executemany(sql, _province_rows(first, last, provinces))
        fill_days(connection, FEED_IDS["archive"])


def _province_rows(
    first: int, last: int, provinces: Sequence[Province]
) -> Iterator[tuple[Any, ...]]:
    generator = np.random.default_rng(SEED)
    hours = np.arange(first + 1, last + 1, dtype=np.int64)
    levels = Weather(SEED).levels(hours)
    feed, expected = FEED_IDS["archive"], STATIONS_OF_A_PROVINCE + 1
    why = '{"pm25": "통신장애"}'
    for province in provinces:
        column = PROVINCES.index(province)
        columns: list[list[Any]] = []
        for key in KEYS:
            scale = pollutants()[key].scale
            noise = generator.gamma(60, 1 / 60, len(hours))
            level = levels[key][:, column] * noise * scale * STATIONS_OF_A_PROVINCE
            counts = np.full(len(hours), STATIONS_OF_A_PROVINCE)
            if key == "pm25":
                counts[generator.random(len(hours)) < MISSING_SHARE] = 0
            sums = np.where(counts > 0, np.rint(level), 0).astype(np.int64)
            columns += [sums.tolist(), counts.tolist(), [expected] * len(hours)]
        absent = columns[3 * KEYS.index("pm25") + 1]
        for row, hour in enumerate(hours.tolist()):
            reason = None if absent[row] else why
            yield (province.id, hour, feed, 1, reason, *(values[row] for values in columns))


def fill_days(connection: sqlite3.Connection, feed: int) -> None:
    """Days of province hours as `aq.store.rollups.pool_days` pools them, in SQL."""
    for key in KEYS:
        value, total = f"(2 * {key}_sum + {key}_n) / (2 * {key}_n)", f"{key}_n > 0"
        connection.execute(
            f"""
            INSERT OR REPLACE INTO province_day
                (pollutant, province, day, feed, sum, n, hours, max, max_hour)
            SELECT '{key}', province, (hour + 8) / 24 AS day, feed, sum({key}_sum), sum({key}_n),
                sum({total}), max(CASE WHEN {total} THEN {value} END),
                (max(CASE WHEN {total} THEN ({value}) * 10000000 + 9999999 - hour END)
                    % 10000000 - 9999999) * -1
            FROM province_hour WHERE feed = ? GROUP BY province, 3
            """,
            (feed,),
        )


class Bulk:
    """A connection to fill a file quickly; indices that slow it down are made anew at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            self._connection.execute(f"PRAGMA {pragma}")
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        wanted = ("ix_province_hour", "ix_station_hour")
        found = self._connection.execute(query).fetchall()
        self._indices = [row for row in found if row[0].startswith(wanted)]
        self._connection.execute("BEGIN")
        for name, _ in self._indices:
            self._connection.execute(f"DROP INDEX {name}")
        return self._connection

    def __exit__(self, *error: object) -> None:
        for _, sql in self._indices:
            self._connection.execute(sql)
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.close()


def _archive(stores: Stores) -> None:
    """The province hours as Parquet, for what DuckDB reads."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    say("the same as Parquet …")
    with sqlite3.connect(stores.path(YEARS)) as source:
        cursor = source.execute("SELECT * FROM province_hour ORDER BY province, hour, feed")
        names = [one[0] for one in cursor.description]
        columns: list[Any] = list(zip(*cursor.fetchall(), strict=True))
    pq.write_table(pa.table(dict(zip(names, columns, strict=True))), stores.parquet)


def environment(url: str, **more: str) -> dict[str, str]:
    """This process's environment without settings of the product, and those given. Bytecode is kept
    as everywhere: where it may not be, each start compiles the whole program."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AQ_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**inherited, "AQ_DATABASE_URL": url, "AQ_CLOCK": NOW, **more}
