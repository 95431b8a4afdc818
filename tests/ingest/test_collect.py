"""The whole line over a real socket: simulator, session, feeds, store, now and then, on both
engines."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from aq import app
from aq.context import Context, start
from aq.domain.clock import HOUR, KST, Clock, floor_hour, hour_number
from aq.domain.errors import FeedError, FeedReason, StoreError
from aq.domain.provinces import PROVINCES
from aq.domain.slots import daily_slot, latest_slot, next_slot
from aq.feeds import http
from aq.ingest.collect import RunReport
from aq.ingest.confirmed_files import import_file
from aq.ingest.schedule import Scheduler, jobs
from aq.paths import ROOT
from aq.queries.current import current
from aq.queries.feed_status import agreement
from aq.settings import load
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import runs
from aq.store.schema import province_hour, run, station, station_hour
from tests.archive_files import HEADER, row, write_xlsx
from tests.conftest import NOW

WORLD = World(120)
AT_2025 = NOW  # 20:25 KST


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once; their time-outs stay those of the product."""
    monkeypatch.setattr(http, "FIRST_BACKOFF", 0.01)


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(WORLD, Clock(AT_2025)) as server:
        yield server


def environment(url: str, simulator: SimulatorServer) -> dict[str, str]:
    return {
        "AQ_DATABASE_URL": url,
        "AQ_CLOCK": AT_2025.isoformat(),
        "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
        "AQ_FEEDS__AIRKOREA__KEY": "any-key",
        "AQ_FEEDS__OPENMETEO__URL": simulator.openmeteo_url,
    }


@pytest.fixture
def context(database_url: str, simulator: SimulatorServer) -> Iterator[Context]:
    made = start(load(environment(database_url, simulator)))
    yield made
    made.store.close()


def poll(
    context: Context, simulator: SimulatorServer, at: datetime = AT_2025, name: str = "airkorea"
) -> RunReport:
    simulator.clock = Clock(at)
    return app.collector(context).poll(name, at, force=True)


def count(context: Context, table: Any) -> int:
    with context.store.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def test_one_call_brings_the_hour_and_the_second_changes_nothing(
    context: Context, simulator: SimulatorServer
) -> None:
    first = poll(context, simulator)
    assert first.error is None
    assert first.calls["getCtprvnRltmMesureDnsty"] == 1
    assert first.rows == first.stored == 120
    assert first.grades_compared > 600
    assert sum(first.grades_differ.values()) < 0.05 * first.grades_compared
    version = context.store.version()
    second = poll(context, simulator)
    assert (second.rows, second.stored, second.changed) == (120, 0, 0)
    assert second.unchanged == 120
    assert context.store.version() == version
    snapshot = current(context, AT_2025)
    for key in ("pm10", "pm25", "o3", "no2", "so2", "co"):
        assert [item.province for item in snapshot.of(key)] == [one.ko for one in PROVINCES]
    assert snapshot.simulated
    assert sum(item.value is not None for item in snapshot.items) > 90


def test_t01_gwangju_and_jeonnam_come_from_the_merged_rows(
    context: Context, simulator: SimulatorServer
) -> None:
    poll(context, simulator)
    with context.store.read() as connection:
        labels = connection.execute(
            select(station.c.province, func.count())
            .where(station.c.sido == "전남광주")
            .group_by(station.c.province)
        ).all()
    assert {province for province, _ in labels} == {4, 13}
    shown = {item.province: item for item in current(context, AT_2025).of("pm10")}
    assert shown["광주"].stations_expected
    assert shown["전남"].stations_expected


def test_t01_without_a_station_list_the_names_known_in_2024_serve(
    context: Context, simulator: SimulatorServer
) -> None:
    simulator.scenario = parse('[[fault]]\noperation = "getMsrstnList"\nkind = "gateway_20"\n')
    report = poll(context, simulator)
    assert report.error is None
    assert report.skipped["station_list"] == 1
    assert report.stored == 120
    shown = {item.province: item for item in current(context, AT_2025).of("pm10")}
    assert shown["광주"].stations_expected
    assert shown["전남"].stations_expected


def test_t26_polling_stops_when_the_hour_is_in(
    context: Context, simulator: SimulatorServer
) -> None:
    poll(context, simulator, AT_2025 - HOUR)
    assert poll(context, simulator).complete
    calls = simulator.calls["getCtprvnRltmMesureDnsty"]
    again = app.collector(context).poll("airkorea", AT_2025 + timedelta(minutes=10))
    assert (again.complete, again.note) == (True, "the hour is in")
    assert simulator.calls["getCtprvnRltmMesureDnsty"] == calls


def test_t26_a_late_hour_is_polled_again_and_never_written_under_a_new_time(
    context: Context, simulator: SimulatorServer
) -> None:
    poll(context, simulator, AT_2025 - HOUR)
    simulator.scenario = parse('[[fault]]\nkind = "late_hour"\nminutes = 30\n')
    late = poll(context, simulator)
    assert late.newest_hour == AT_2025 - HOUR - timedelta(minutes=25)
    assert late.stored <= 1  # the one that publishes ahead
    assert not late.complete
    assert current(context, AT_2025).hour == late.newest_hour
    later = AT_2025 + timedelta(minutes=25)
    assert poll(context, simulator, later).newest_hour == AT_2025 - timedelta(minutes=25)


def test_t27_a_changed_value_is_counted_and_kept(
    context: Context, simulator: SimulatorServer
) -> None:
    poll(context, simulator)
    simulator.scenario = parse('[[fault]]\nkind = "changed_values"\nfactor = 1.5\n')
    report = poll(context, simulator)
    assert report.changed > 100
    assert report.stored == 0


def test_a_missing_province_has_a_reason_and_the_others_stay(
    context: Context, simulator: SimulatorServer
) -> None:
    poll(context, simulator, AT_2025 - HOUR)
    simulator.scenario = parse('[[fault]]\nkind = "missing_provinces"\nprovinces = ["세종"]\n')
    poll(context, simulator)
    items = {item.province: item for item in current(context, AT_2025).of("pm10")}
    assert (items["세종"].value, items["세종"].missing_reason) == (None, "not_received")
    assert items["세종"].last_at == AT_2025 - HOUR - timedelta(minutes=25)
    assert items["서울"].value is not None


FAULTS = [
    ('kind = "gateway_30"', FeedReason.KEY_NOT_REGISTERED, True),
    ('kind = "gateway_20"', FeedReason.KEY_NOT_APPROVED, True),
    ('kind = "gateway_22"', FeedReason.QUOTA_USED_UP, False),
    ('kind = "gateway_10_http400"', FeedReason.BAD_REQUEST, True),
    ('kind = "http_429"', FeedReason.RATE_LIMITED, False),
    ('kind = "http_503_html"', FeedReason.UPSTREAM_DOWN, False),
    ('kind = "garbage"', FeedReason.NOT_UNDERSTOOD, False),
    ('kind = "cut_body"', FeedReason.NOT_UNDERSTOOD, False),
    ('kind = "gzip_bomb"', FeedReason.NOT_UNDERSTOOD, False),
    ('kind = "empty_items"', FeedReason.UPSTREAM_DOWN, False),
]


@pytest.mark.parametrize(("fault", "reason", "permanent"), FAULTS)
def test_t15_t16_each_fault_has_its_reason_and_leaves_the_store_as_it_was(
    context: Context,
    simulator: SimulatorServer,
    fault: str,
    reason: FeedReason,
    permanent: bool,
) -> None:
    poll(context, simulator)
    version, rows = context.store.version(), count(context, station_hour)
    simulator.scenario = parse(f"[[fault]]\n{fault}\n")
    report = poll(context, simulator)
    assert isinstance(report.error, FeedError)
    assert (report.error.reason, report.error.permanent) == (reason, permanent)
    assert (context.store.version(), count(context, station_hour)) == (version, rows)
    known = runs.feed_states(context.store)["airkorea"]
    assert (known.failing_since, known.reason) == (AT_2025, str(reason))
    assert "any-key" not in json.dumps(report.as_dict())
    simulator.scenario = parse("")
    if reason is FeedReason.QUOTA_USED_UP:
        assert known.retry_at.astimezone(KST).isoformat() == "2026-11-24T00:00:00+09:00"
        calls = sum(simulator.calls.values())
        assert poll(context, simulator).error is not None
        assert sum(simulator.calls.values()) == calls  # not asked before midnight
    elif reason is not FeedReason.RATE_LIMITED:
        assert poll(context, simulator).error is None
        assert runs.feed_states(context.store)["airkorea"].failing_since is None


def test_an_unreachable_feed_is_named_and_what_is_stored_is_shown(
    context: Context, simulator: SimulatorServer, database_url: str
) -> None:
    poll(context, simulator)
    gone = environment(database_url, simulator)
    gone["AQ_FEEDS__AIRKOREA__URL"] = "http://127.0.0.1:9/B552584"
    other = start(load(gone))
    report = app.collector(other).poll("airkorea", AT_2025, force=True)
    assert isinstance(report.error, FeedError)
    assert report.error.reason is FeedReason.UNREACHABLE
    assert sum(one.value is not None for one in current(other, AT_2025).of("pm10")) > 14
    other.store.close()


@pytest.mark.parametrize("off", [-timedelta(days=1), timedelta(days=1)], ids=["behind", "ahead"])
def test_a_clock_wrong_by_a_day_stores_no_hour_under_a_wrong_time(
    context: Context, simulator: SimulatorServer, off: timedelta
) -> None:
    report = app.collector(context).poll("airkorea", AT_2025 + off, force=True)
    wrongly = stored_hours(context)
    if off < timedelta(0):  # what the source has is still to come
        assert report.skipped["future"] > 100
        assert max(wrongly, default=0) <= hour_number(floor_hour(AT_2025 + off)) + 1
    else:
        assert current(context, AT_2025 + off).of("pm10")[0].missing_reason == "stale"
    assert not report.complete
    assert poll(context, simulator).error is None  # the clock was set
    assert wrongly <= stored_hours(context)
    assert count(context, station_hour) == 120


def stored_hours(context: Context) -> set[int]:
    with context.store.read() as connection:
        return set(connection.scalars(select(station_hour.c.hour)))


def test_the_model_feed_brings_its_past_days_at_first_start(
    context: Context, simulator: SimulatorServer
) -> None:
    report = poll(context, simulator, name="openmeteo")
    assert report.error is None
    assert count(context, province_hour) == report.stored > 17 * 24 * 91
    item = current(context, AT_2025).of("o3")[0]
    assert (item.feed, item.kind, item.status, item.unit) == ("openmeteo", "modelled", None, "ppm")
    assert 0 < (item.value or 0) < 0.3
    assert poll(context, simulator, name="openmeteo").stored == 0


def test_upstreams_own_means_stand_apart_and_are_compared(
    context: Context, simulator: SimulatorServer
) -> None:
    poll(context, simulator)
    before = current(context, AT_2025).of("pm10")
    report = app.collector(context).poll_means("airkorea", AT_2025)
    assert report.error is None
    assert report.calls["getCtprvnMesureLIst"] == 6
    assert report.stored > 17 * 24
    assert app.collector(context).poll_means("airkorea", AT_2025).stored == 0
    assert current(context, AT_2025).of("pm10") == before
    compared = {one.pollutant: one for one in agreement(context, AT_2025)}
    pm10 = compared["pm10"]
    assert pm10.hours > 14
    assert pm10.same > 0.9 * pm10.hours
    assert abs(pm10.bias or 0) < 1


def test_means_are_stored_whole_or_not_at_all(context: Context, simulator: SimulatorServer) -> None:
    simulator.scenario = parse(
        '[[fault]]\noperation = "getCtprvnMesureLIst"\ncalls = [4, 5, 6]\nkind = "gateway_30"\n'
    )
    report = app.collector(context).poll_means("airkorea", AT_2025)
    assert isinstance(report.error, FeedError)
    assert count(context, province_hour) == 0
    assert runs.feed_states(context.store)["airkorea_means"].reason == "key_not_registered"


def test_archive_is_preferred_and_does_not_overwrite(database_url: str, tmp_path: Path) -> None:
    made = start(load({"AQ_DATABASE_URL": database_url, "AQ_CLOCK": AT_2025.isoformat()}))
    path = tmp_path / "확정.xlsx"
    write_xlsx(path, {"대전": [HEADER, row("2026112320", pm10=40)]})
    report = import_file(made, path)
    assert (report.rows, report.stored) == (1, 1)
    assert import_file(made, path).unchanged == 1
    item = current(made, AT_2025).of("pm10")[4]
    assert (item.province, item.value, item.feed, item.status) == (
        "대전",
        40.0,
        "archive",
        "confirmed",
    )
    made.store.close()


def test_slots_are_minutes_of_the_hour() -> None:
    minutes = (20, 35, 50)
    assert latest_slot(AT_2025, minutes) == AT_2025 - timedelta(minutes=5)
    assert latest_slot(AT_2025 - timedelta(minutes=10), minutes) == AT_2025 - timedelta(minutes=35)
    assert next_slot(AT_2025, minutes) == AT_2025 + timedelta(minutes=10)
    assert next_slot(AT_2025 + timedelta(minutes=30), minutes) == AT_2025 + timedelta(minutes=55)
    at = timedelta(hours=2, minutes=40)
    assert daily_slot(AT_2025, at) == AT_2025 - timedelta(hours=17, minutes=45)
    at_0225 = AT_2025 - timedelta(hours=18)
    assert daily_slot(at_0225, at) == AT_2025 - timedelta(hours=41, minutes=45)


def test_two_schedulers_on_one_store_do_each_run_once(
    context: Context, simulator: SimulatorServer
) -> None:
    def scheduler() -> Scheduler:
        return Scheduler(context.store, (), Clock(AT_2025), lease=timedelta(minutes=5))

    job = jobs(app.collector(context), (20, 35, 50))[0]
    one, other = scheduler(), scheduler()
    assert one.tick(job) is not None
    assert other.tick(job) is None
    assert one.tick(job) is None
    assert simulator.calls["getCtprvnRltmMesureDnsty"] == 1
    assert count(context, run) == 1


def test_the_commands_speak_json(database_url: str, simulator: SimulatorServer) -> None:
    given = {**os.environ, **environment(database_url, simulator)}

    def aq(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aq", *arguments]
        return subprocess.run(
            command, env=given, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )

    polled = aq("poll", "--feed", "airkorea", "--json")
    assert polled.returncode == 0, polled.stderr
    report = json.loads(polled.stdout)
    assert (report["ok"], report["rows"], report["stored"]) == (True, 120, 120)
    shown = json.loads(aq("current", "--json").stdout)
    assert len(shown["items"]) == 17 * 6
    assert aq("doctor").returncode == 0
    assert aq("poll", "--feed", "waqi").returncode == 2
    assert aq("poll", "--fed", "airkorea").returncode == 2
    assert aq("import", "/nowhere.xlsx").returncode == 2
    simulator.scenario = parse('[[fault]]\nkind = "gateway_30"\n')
    failed = aq("poll", "--feed", "airkorea")
    assert failed.returncode == 1
    assert "key_not_registered" in failed.stderr
    assert "any-key" not in failed.stderr + failed.stdout


def test_a_wrong_setting_stops_every_command() -> None:
    given = {**os.environ, "AQ_SERVR__PORT": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "aq", "current"],
        env=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 2
    assert "AQ_SERVR__PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_answer_with_invented_stations_is_refused_and_reported(
    context: Context, simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.ingest.collect.MOST_STATIONS", 20)
    report = app.collector(context).poll("airkorea", context.clock.now(), force=True)
    assert report.error is not None
    assert "names" in str(report.error)
    assert runs.feed_states(context.store)["airkorea"].reason == FeedReason.NOT_UNDERSTOOD
    assert count(context, station_hour) == 0


def test_a_store_takes_no_more_stations_than_a_page_can_list(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aq.store.stations.MOST_STATIONS", 20)
    report = app.collector(context).poll("airkorea", context.clock.now(), force=True)
    assert isinstance(report.error, StoreError)
    assert "invents names" in str(report.error)
    assert count(context, station_hour) == 0
