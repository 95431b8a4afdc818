"""Reading and writing the store: a year, ten years of days, an hour of stations, now, a back-test.

Each function but `run` sets up one way of a piece of work and gives the work itself.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from aq.alerts.points import reader_of
from aq.alerts.rules import known_to, rules_folder, shipped_rules
from aq.domain.clock import HOUR, day_bounds, floor_hour, hour_number
from aq.domain.pollutants import KEYS
from aq.feeds.registry import FEED_IDS
from bench import data
from bench.data import Stores, environment, open_runtime
from bench.report import Case, Goal, below, faster
from bench.way import Timed, timed

Work = Callable[[], Any]
PROVINCE, YEAR, KEY = 1, 2025, "pm10"
ARCHIVE = FEED_IDS["archive"]
DECADE = date(2016, 4, 1), data.CONFIRMED_UNTIL


def year_hours(year: int = YEAR) -> tuple[int, int]:
    """(after, until) of a year's hours."""
    last = day_bounds(date(year, 12, 31))[1]
    return hour_number(day_bounds(date(year - 1, 12, 31))[1]), hour_number(last)


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def province_year(url: str) -> Work:
    """Ours: what the chart of a year reads of the store."""
    from aq.store.blocks import province_block

    context = open_runtime(url)

    def work() -> int:
        with context.store.read() as connection:
            rows = province_block(connection, [PROVINCE], [KEY], ["archive"], *year_hours(), None)
        return len(rows)

    return work


def table_pandas(url: str) -> Work:
    """The plain way: the table as a data frame, then what is wanted of it: a province-year, or the
    newest row of each province. Reading is all but a tenth of a second of either."""
    import pandas as pd

    after, until = year_hours()

    def work() -> list[int]:
        with sqlite3.connect(_path(url)) as connection:
            frame = pd.read_sql("SELECT * FROM province_hour", connection)
        mine = (frame.province == PROVINCE) & (frame.feed == ARCHIVE)
        latest = frame.sort_values("hour").groupby("province").tail(1)
        return [
            len(frame[mine & (frame.hour > after) & (frame.hour <= until)]),
            sum(len(latest[f"{key}_sum"] / latest[f"{key}_n"]) for key in KEYS),
        ]

    return work


COLUMNS = f"province, hour, feed, why, {KEY}_sum, {KEY}_n, {KEY}_exp"
ASKED = (
    f"SELECT {COLUMNS} FROM {{table}} WHERE province = ? AND feed = ? AND hour > ? AND hour <= ?"
)


def province_year_sqlite(url: str) -> Work:
    """The limit: a cursor on the clustered table."""
    connection = sqlite3.connect(_path(url))
    query = ASKED.format(table="province_hour")
    return lambda: len(connection.execute(query, (PROVINCE, ARCHIVE, *year_hours())).fetchall())


def province_year_duckdb(parquet: str) -> Work:
    """The limit: DuckDB over Parquet."""
    import duckdb

    connection = duckdb.connect()
    query = ASKED.format(table=f"'{parquet}'")
    return lambda: len(connection.execute(query, [PROVINCE, ARCHIVE, *year_hours()]).fetchall())


def _year(stores: Stores, pandas: Timed) -> Case:
    url = stores.url(data.YEARS)
    pandas = replace(pandas, result=pandas.result[0])
    ours = _timed("province_year", url)
    raw, duck = _timed("province_year_sqlite", url), _timed("province_year_duckdb", stores.parquet)
    _same(ours, pandas, raw, duck)
    return Case(
        bench="store",
        case="a province-year of hours",
        runs=5,
        **_three(ours, pandas, min(raw, duck, key=lambda one: one.seconds)),
        goals=(
            faster("pandas", pandas.seconds, ours.seconds, 500),
            below("× the bare cursor", ours.seconds / raw.seconds, 1.4),
        ),
    )


def decade(url: str) -> Work:
    """Ours: days by grade and year of the 17 from their roll-up."""
    from aq.domain.provinces import PROVINCES
    from aq.queries.days import MEAN, by_grade

    context = open_runtime(url)
    codes = tuple(one.code for one in PROVINCES)

    def work() -> list[int]:
        return _sums(by_grade(context, codes, KEY, *DECADE, "airkorea", MEAN, "year"))

    return work


def _sums(counts: dict[Any, dict[int, int]]) -> list[int]:
    """Days without a grade and of each grade over all provinces and years."""
    return [sum(cell.get(grade, 0) for cell in counts.values()) for grade in range(5)]


def _cuts() -> list[int]:
    from aq.paths import SHIPPED
    from aq.standards_file import load_standards

    points = load_standards(SHIPPED / "standards")["airkorea"].tables[KEY, "1d"]
    return list(points.cuts)


SCAN = """
SELECT province, (hour + 8) / 24 AS day, sum({key}_sum) AS total, sum({key}_n) AS n,
    count(CASE WHEN {key}_n > 0 THEN 1 END) AS hours
FROM {table} WHERE feed = ? AND hour > ? AND hour <= ? GROUP BY province, 2
"""


def _scanned(rows: list[tuple[Any, ...]], cuts: list[int]) -> list[int]:
    """Days by grade from (province, day, sum, n, hours)."""
    from bisect import bisect_left

    out = [0] * 5
    for _province, _day, total, count, hours in rows:
        whole = count and hours >= 18
        out[bisect_left(cuts, (2 * total + count) // (2 * count)) + 1 if whole else 0] += 1
    return out


def _decade_hours() -> tuple[int, int]:
    return hour_number(day_bounds(DECADE[0])[0]), hour_number(day_bounds(DECADE[1])[1])


def decade_scan(url: str) -> Work:
    """The plain way in SQL: every hour is read and pooled."""
    connection, cuts = sqlite3.connect(_path(url)), _cuts()
    query = SCAN.format(key=KEY, table="province_hour")
    arguments = (ARCHIVE, *_decade_hours())
    return lambda: _scanned(connection.execute(query, arguments).fetchall(), cuts)


def decade_duckdb(parquet: str) -> Work:
    """The limit: DuckDB scans the hours."""
    import duckdb

    connection, cuts = duckdb.connect(), _cuts()
    query = SCAN.format(key=KEY, table=f"'{parquet}'").replace(" / ", " // ")
    arguments = [ARCHIVE, *_decade_hours()]
    return lambda: _scanned(connection.execute(query, arguments).fetchall(), cuts)


def _decade(stores: Stores) -> Case:
    url = stores.url(data.YEARS)
    ours, scan = _timed("decade", url), _timed("decade_scan", url, runs=3)
    duck = _timed("decade_duckdb", stores.parquet)
    _same(ours, scan, duck)
    return Case(
        bench="store",
        case="10 years of days by grade, 17 provinces",
        runs=5,
        **_three(ours, scan, duck),
        goals=(
            faster("scanning hours", scan.seconds, ours.seconds, 30),
            below("ms", 1000 * ours.seconds, 50),
        ),
    )


def now(url: str) -> Work:
    """Ours: the live snapshot, 17 × 6 with reasons."""
    from aq.queries.current import current

    context = open_runtime(url)
    moment = context.clock.now()
    return lambda: len(current(context, moment, wanted=list(KEYS)).items)


def now_sqlite(url: str) -> Work:
    """The limit: a cursor over the last 31 hours."""
    connection = sqlite3.connect(_path(url))
    last = hour_number(floor_hour(open_runtime(url).clock.now()))
    query = "SELECT * FROM province_hour WHERE hour > ? AND hour <= ?"

    def work() -> int:
        connection.execute(query, (last - 31, last)).fetchall()
        return 17 * len(KEYS)

    return work


def _now(stores: Stores, pandas: Timed) -> Case:
    pandas = replace(pandas, result=pandas.result[1])
    # In turns: a machine's own pace wanders by more than what is looked for.
    tries = [[_timed("now", stores.url(years), runs=31) for years in (1, 10)] for _ in range(3)]
    short, long = (min(ways, key=lambda one: one.seconds) for ways in zip(*tries, strict=True))
    raw = _timed("now_sqlite", stores.url(10))
    _same(short, long, pandas, raw)
    growth = long.seconds / short.seconds
    return Case(
        bench="store",
        case="live snapshot, 17 × 6, over ten years",
        runs=31,
        **_three(long, pandas, raw),
        goals=(below("ten years ÷ one year", growth, 1.15),),
    )


def _readings(count: int) -> list[Any]:
    """Hours of all stations after those of the store, one list an hour."""
    from aq.simulator.world import World, history

    world = World(data.STATIONS, data.SEED)
    start = day_bounds(data.TODAY)[0] + 19 * HOUR
    found = next(iter(history(world, start, start + count * HOUR)))
    hours = sorted({one.hour for one in found})
    return [[one for one in found if one.hour == hour] for hour in hours]


def hour_new(url: str) -> Work:
    """Ours: hours of 650 stations stored, pooled, graded, rolled up; a new one each run."""
    from aq.ingest.collect import ingest, station_rule
    from aq.store.stations import Directory

    context = open_runtime(url)
    coming = iter(_readings(5))
    rule = station_rule(context.settings.provinces)

    def work() -> int:
        with context.store.write("hour") as txn:
            done = ingest(
                txn, "airkorea", next(coming), Directory(txn, rule), context.stored_standards
            )
        return done.new > 0

    return work


def hour_again(url: str) -> Work:
    """Ours: the same hour once more, in which nothing has changed."""
    from aq.ingest.collect import ingest, station_rule
    from aq.store.stations import Directory

    context = open_runtime(url)
    readings = _readings(1)[0]
    rule = station_rule(context.settings.provinces)

    def work() -> int:
        with context.store.write("hour") as txn:
            done = ingest(txn, "airkorea", readings, Directory(txn, rule), context.stored_standards)
            return (done.new + done.changed) or int(txn.changed)

    return work


def hour_to_sql(url: str) -> Work:
    """The plain way: a data frame of each station's row written with `to_sql`, and province means
    of the hour with it, in a database with SQLite's defaults."""
    import pandas as pd
    from sqlalchemy import create_engine

    coming = iter(_readings(3))
    engine = create_engine(url.replace("hours.db", "to_sql.db"))

    def work() -> int:
        rows = [
            {"station": one.station.code, "sido": one.station.sido, "hour": one.hour, **one.values}
            for one in next(coming)
        ]
        for row in rows:
            pd.DataFrame([row]).to_sql("plain_station", engine, if_exists="append", index=False)
        frame = pd.read_sql("SELECT * FROM plain_station", engine)
        means = frame[frame.hour == frame.hour.max()].groupby("sido")[list(KEYS)].mean()
        means.reset_index().to_sql("plain_province", engine, if_exists="append", index=False)
        return 1

    return work


def hour_sqlite(url: str) -> Work:
    """The limit: a cursor inserts the rows and nothing else."""
    connection = sqlite3.connect(_path(url))
    connection.execute(
        "CREATE TABLE bare (station INTEGER, hour INTEGER, pm10, pm25, o3, no2, so2, co,"
        " PRIMARY KEY (station, hour)) WITHOUT ROWID"
    )
    coming = iter(_readings(5))

    def work() -> int:
        rows = [
            (int(one.station.code), hour_number(one.hour), *(one.values.get(key) for key in KEYS))
            for one in next(coming)
        ]
        with connection:
            places = ", ".join("?" * 8)
            connection.executemany(f"INSERT INTO bare VALUES ({places})", rows)
        return 1

    return work


def _hour(stores: Stores) -> list[Case]:
    url = stores.copy(data.YEARS, "hours.db")
    new = _timed("hour_new", url, runs=4)
    again = _timed("hour_again", url, runs=7)
    plain, raw = _timed("hour_to_sql", url, runs=1), _timed("hour_sqlite", url, runs=4)
    written = Goal(text="rows written ≤ 0", found=again.result, bound=0, at_most=True)
    return [
        Case(
            bench="store",
            case="an hour of 650 stations stored, graded, rolled up",
            runs=4,
            **_three(new, plain, raw),
            goals=(faster("row-by-row to_sql", plain.seconds, new.seconds, 50),),
        ),
        Case(
            bench="store",
            case="the same hour again, unchanged",
            runs=7,
            **_three(again, None, None),
            goals=(written, faster("the hour when new", new.seconds, again.seconds, 4)),
        ),
    ]


def rule_year(url: str, rule: str, over: str) -> Work:
    """Ours: a shipped rule over a year of the 17, watched over the mean, stations or zones."""
    from aq.alerts import parse_rule
    from aq.alerts.backtest import backtest

    context = open_runtime(url)
    shipped = {body["id"]: body for body in shipped_rules(rules_folder())}
    asked = parse_rule({**shipped[rule], "over": over}, known_to(context))
    # A year that both the provinces and the stations have.
    until = day_bounds(data.TODAY - timedelta(days=1))[1]

    def work() -> int:
        since = until - timedelta(days=365)
        trial = backtest(context.store, reader_of(context), asked, since, until)
        return int(trial.as_dict()["fired"])

    return work


def _backtests(stores: Stores) -> list[Case]:
    cases = []
    for rule, over, words, goal in (
        ("pm10-warning", "mean", "17 provinces", 0.5),
        ("o3-warning", "any_station", "any of 650 stations", 1.5),
        ("pm10-warning", "zone", "every zone of fine dust", 2),
    ):
        ours = _timed("rule_year", stores.url(data.YEARS), rule, over, runs=3)
        cases.append(
            Case(
                bench="store",
                case=f"back-test of a year, {words}",
                runs=3,
                **_three(ours, None, None),
                goals=(below("s", ours.seconds, goal),),
            )
        )
    return cases


def _timed(name: str, *arguments: object, runs: int = 5, warm: bool = True) -> Timed:
    given = environment("sqlite://")
    found = timed(f"stored:{name}", *arguments, runs=runs, warm=warm, environment=given)
    words = name.replace("_", " ")
    data.say(f"{words}: {1000 * found.seconds:.1f} ms ({1000 * found.processor:.1f} of processor)")
    return found


def _three(ours: Timed, plain: Timed | None, limit: Timed | None) -> dict[str, Any]:
    return {
        "ours": ours.seconds,
        "ours_mb": ours.peak_mb,
        "plain": plain and plain.seconds,
        "plain_mb": plain and plain.peak_mb,
        "limit": limit and limit.seconds,
        "limit_mb": limit and limit.peak_mb,
    }


def _same(*ways: Timed) -> None:
    """All ways must have done the same."""
    results = [way.result for way in ways]
    if any(one != results[0] for one in results):
        raise SystemExit(f"the ways differ: {results}")


def run(stores: Stores) -> list[Case]:
    """All cases of the store."""
    pandas = _timed("table_pandas", stores.url(data.YEARS), runs=1, warm=False)
    return [
        _year(stores, pandas),
        _decade(stores),
        *_hour(stores),
        _now(stores, pandas),
        *_backtests(stores),
    ]
