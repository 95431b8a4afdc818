"""Recorded days through the worker's own jobs, by a clock that is moved: every hour is kept as it
came, over the turn of the year, and province hours are the pooled urban stations."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aq import app
from aq.alerts.rules import load_rules
from aq.context import start
from aq.domain.clock import HOUR, KST, Clock, from_hour_number, hour_number, kst_iso
from aq.domain.pollutants import pollutants
from aq.feeds.registry import FEED_IDS
from aq.paths import ROOT
from aq.settings import load
from aq.simulator.recording import Recording
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store.schema import province_hour, station, station_hour
from tests.alerts.test_evaluate import BODY, KNOWN
from tests.recordings import row, write_month

RECORDED = Path(os.environ.get("AQ_RECORDED") or ROOT.parent / "shared" / "feeds" / "recorded")
JOBS = ("poll:airkorea", "backfill:airkorea", "watch", "tidy")
KEYS = ("pm10", "pm25", "o3")
# Half a day on both sides of New Year.
TURN = datetime(2026, 1, 1, tzinfo=KST)
NOT_RECORDED = TURN - 4 * HOUR
NETWORKS = {
    ("서울", "가온동"): "도시대기",
    ("서울", "나래동"): "도시대기",
    ("서울", "큰길"): "도로변대기",
    ("부산", "바다동"): "도시대기",
}
Values = dict[tuple[str, str, int], tuple[int | None, ...]]


def own_days(folder: Path) -> tuple[Recording, int, int]:
    """A day of four stations: no two hours alike, some without a value, one not recorded."""
    rows = []
    for number, end in enumerate(TURN + n * HOUR for n in range(-11, 13)):
        for place, (sido, name) in enumerate(NETWORKS):
            broken = (number * 7 + place) % 11 == 0
            gone: dict[str, str | None] = {"pm10Value": "-", "pm10Flag": "통신장애"}
            fields: dict[str, str | None] = {
                "pm10Value": str(30 + number % 24 + 3 * place),
                "pm25Value": str(10 + number % 9 + place),
                "o3Value": f"0.0{20 + (number + 5 * place) % 13}",
                **(gone if broken else {}),
            }
            if end != NOT_RECORDED:
                rows.append(row(name, end, sido, **fields))
    write_month(folder, rows, silent=[("경북", "화북면")], networks=NETWORKS)
    return Recording(folder), hour_number(TURN) - 11, hour_number(TURN) + 12


def days() -> Iterator[Any]:
    """Our own days, and hours of a recorded month where there is one."""
    yield pytest.param(None, id="own")
    if list(RECORDED.glob("2025-12.parquet")):
        yield pytest.param(datetime(2025, 12, 15, 20, tzinfo=KST), id="recorded")


@dataclass(slots=True)
class Hand:
    """The hand of a clock: seconds since its start."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def work(env: dict[str, str], clock: Clock, hand: Hand, hours: int) -> tuple[Any, list[Any]]:
    """(context, failed reports) after the worker's jobs have run through some hours."""
    context = start(load(env))
    # One rule, as a store without any gets all that are shipped.
    load_rules(context.store, [{**BODY, "provinces": ["서울"]}], KNOWN, "test")
    scheduler = app.scheduler(context)
    jobs = [job for job in scheduler._jobs if job.name in JOBS]
    failed = []
    for hour in range(hours):
        for minute in (21, 36):
            hand.seconds = hour * 3600 + minute * 60
            reports = [(job.name, scheduler.tick(job)) for job in jobs]
            failed += [(name, one.as_dict()) for name, one in reports if one and not one.ok]
    return context, failed


def scaled(item: dict[str, Any], key: str) -> int | None:
    text = item[f"{key}Value"]
    missing = text in (None, "", "-")
    return None if missing else int(Decimal(text) * pollutants()[key].scale)


def expected(recording: Recording, hours: Sequence[int]) -> Values:
    """What was recorded of each hour as it was known at the first poll after it."""
    values: Values = {}
    for hour in hours:
        moment = from_hour_number(hour) + timedelta(minutes=21)
        for item in recording.items(hour, moment):
            if item["dataTime"] is not None:
                place = str(item["sidoName"]), str(item["stationName"]), hour
                values[place] = tuple(scaled(dict(item), key) for key in KEYS)
    return values


def kept(context: Any) -> Values:
    columns = [station_hour.c[key] for key in KEYS]
    query = select(station.c.sido, station.c.name, station_hour.c.hour, *columns)
    with context.store.read() as connection:
        found = connection.execute(query.join(station, station.c.id == station_hour.c.station))
        return {(sido, name, hour): tuple(values) for sido, name, hour, *values in found}


@pytest.mark.parametrize("since", list(days()))
def test_recorded_days_through_the_worker_s_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: datetime | None
) -> None:
    if since is None:
        recording, first, last = own_days(tmp_path / "r")
    else:
        recording, first, last = Recording(RECORDED), hour_number(since), hour_number(since) + 5
    hand = Hand()
    clock = Clock(from_hour_number(first), 1.0, 0.0, hand)
    monkeypatch.setattr(Clock, "from_text", classmethod(lambda _cls, _text: clock))
    with SimulatorServer(World(34), clock, recording=recording) as server:
        env = {
            "AQ_DATABASE_URL": f"sqlite:///{tmp_path}/aq.db",
            "AQ_CLOCK": kst_iso(from_hour_number(first)),
            "AQ_FEEDS__AIRKOREA__URL": server.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "k",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
        }
        context, failed = work(env, clock, hand, last - first + 1)
    assert failed == []
    stored = {key: values for key, values in kept(context).items() if key[2] >= first}
    assert stored == expected(recording, range(first, last + 1))
    if since is None:
        assert hour_number(NOT_RECORDED) not in {hour for *_, hour in stored}
        pooled(context, stored)
    context.store.close()


def pooled(context: Any, stored: Values) -> None:
    """Fails unless province hours are sums and counts of the urban stations' values."""
    sums: dict[tuple[int, int], list[int]] = defaultdict(list)
    for (sido, name, hour), (pm10, *_) in stored.items():
        if NETWORKS[sido, name] == "도시대기" and pm10 is not None:
            sums[1 if sido == "서울" else 8, hour].append(pm10)
    table = province_hour
    query = select(table.c.province, table.c.hour, table.c.pm10_sum, table.c.pm10_n)
    query = query.where(table.c.feed == FEED_IDS["airkorea"], table.c.pm10_n > 0)
    with context.store.read() as connection:
        found = {(p, hour): (total, n) for p, hour, total, n in connection.execute(query)}
    assert found == {key: (sum(values), len(values)) for key, values in sums.items()}
