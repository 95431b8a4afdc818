"""Outages and what is done about them, over the real socket: simulator, quota, store."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from aq import app
from aq.context import Context, start
from aq.domain.backfill_plan import NOT_GIVEN, OUT_OF_REACH
from aq.domain.clock import HOUR, Clock, hour_number, kst
from aq.domain.provinces import PROVINCES, find_province
from aq.feeds.registry import FEED_IDS
from aq.paths import ROOT
from aq.queries.items import page
from aq.queries.question import Given, past_question
from aq.settings import load
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store.schema import calls, gap_call, province_hour, station, station_hour, station_hour_rev
from tests.conftest import NOW
from tests.ingest.gaps import known_gaps
from tests.waiting import wait_until

WORLD = World(36)
LIMIT = 110
EVERYWHERE = [one.id for one in PROVINCES]


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(WORLD, Clock(NOW)) as server:
        yield server


@pytest.fixture
def settings(database_url: str, simulator: SimulatorServer) -> dict[str, str]:
    return {
        "AQ_DATABASE_URL": database_url,
        "AQ_CLOCK": NOW.isoformat(),
        "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
        "AQ_FEEDS__AIRKOREA__KEY": "any-key",
        "AQ_FEEDS__AIRKOREA__TIMEOUT_SECONDS": "5",
        "AQ_FEEDS__OPENMETEO__URL": simulator.openmeteo_url,
        "AQ_FEEDS__OPENMETEO__PAST_DAYS": "4",
    }


@pytest.fixture
def context(settings: dict[str, str]) -> Iterator[Context]:
    made = start(load(settings))
    yield made
    made.store.close()


def at(context: Context, simulator: SimulatorServer, moment: datetime, name: str) -> Any:
    simulator.clock = Clock(moment)
    report = app.collector(context).poll(name, moment, force=True)
    assert report.error is None
    return report


def held(context: Context, feed: str, after: datetime, until: datetime) -> set[tuple[int, int]]:
    query = select(station_hour.c.station, station_hour.c.hour).where(
        station_hour.c.feed == FEED_IDS[feed],
        station_hour.c.hour > hour_number(after),
        station_hour.c.hour <= hour_number(until),
    )
    with context.store.read() as connection:
        return {tuple(row) for row in connection.execute(query)}


def spent_by_day(context: Context) -> list[int]:
    query = select(func.sum(calls.c.calls)).where(calls.c.feed == "airkorea").group_by(calls.c.day)
    with context.store.read() as connection:
        return [int(n) for n in connection.scalars(query)]


def test_three_days_out_come_back_within_the_quota_of_two(
    context: Context, simulator: SimulatorServer
) -> None:
    began = NOW.replace(minute=0)
    at(context, simulator, NOW, "airkorea")
    back = NOW + timedelta(days=3)
    at(context, simulator, back, "airkorea")
    filler = app.filler(context)
    filler.limits = {"airkorea": LIMIT}
    first = filler.scheduled("airkorea", back)
    assert first.error is None
    assert first.gaps == 17 * 70
    assert 6 <= first.calls_made < 12  # the means first, all six, and little more at a time
    after, until = began, began + timedelta(days=3)
    means = known_gaps(context, EVERYWHERE, after, until)
    assert {gap.cause for gap in means} == {"not_running"}
    with context.store.read() as connection:
        theirs = connection.scalar(
            select(func.count()).where(
                province_hour.c.feed == FEED_IDS["airkorea_means"],
                province_hour.c.hour > hour_number(after),
            )
        )
    assert theirs >= 17 * 71

    everything = {
        (number, hour)
        for number in _numbers(context)
        for hour in range(hour_number(began) + 1, hour_number(until) - 1)
    }
    moment = back
    for _ in range(2):
        filler.run("airkorea", moment)
        moment = (kst(moment) + timedelta(days=1)).replace(hour=0, minute=10)
        at(context, simulator, moment, "airkorea")
    assert everything <= held(context, "airkorea", began, until)
    assert max(spent_by_day(context)) <= LIMIT
    assert not known_gaps(context, EVERYWHERE, after, until - 2 * HOUR)


def _numbers(context: Context) -> list[int]:
    """Stations that still report and whose name finds them: there are two called 고성, and
    upstream, asked by name, only ever gives the first."""
    reporting = select(station_hour.c.station).where(
        station_hour.c.hour >= hour_number(NOW.replace(minute=0))
    )
    query = select(func.min(station.c.id)).where(station.c.id.in_(reporting))
    with context.store.read() as connection:
        found = connection.scalars(query.group_by(station.c.name)).all()
        assert len(found) == len(set(connection.scalars(reporting))) - 1
    return sorted(found)


def test_filled_hours_are_those_that_polls_would_have_brought(
    context: Context, simulator: SimulatorServer
) -> None:
    at(context, simulator, NOW, "airkorea")
    for hours in (1, 2, 3, 4, 5, 6):
        at(context, simulator, NOW + hours * HOUR, "airkorea")
    end = hour_number(NOW.replace(minute=0)) + 3

    def hour() -> list[dict[str, Any]]:
        with context.store.read() as connection:
            query = select(station_hour).where(
                station_hour.c.hour == end, station_hour.c.station.in_(_numbers(context))
            )
            rows = connection.execute(query.order_by(station_hour.c.station)).mappings()
            means = connection.execute(
                select(province_hour)
                .where(
                    province_hour.c.hour == end,
                    province_hour.c.feed == FEED_IDS["airkorea"],
                    province_hour.c.province != find_province("강원").id,
                    province_hour.c.province != find_province("경남").id,
                )
                .order_by(province_hour.c.province)
            ).mappings()
            both = [dict(row) for row in (*rows, *means)]
        return [{k: v for k, v in row.items() if k != "version"} for row in both]

    before = hour()
    with context.store.book() as connection:
        for table in (station_hour, province_hour):
            connection.execute(delete(table).where(table.c.hour == end))
    assert not hour()
    moment = NOW + 6 * HOUR
    report = app.filler(context).run("airkorea", moment)
    assert report.error is None
    assert hour() == before
    again = app.filler(context).run("airkorea", moment)
    assert (again.gaps, again.calls_made, again.stored, again.changed) == (0, 0, 0, 0)
    with context.store.read() as connection:
        assert not connection.scalar(select(func.count()).select_from(station_hour_rev))


def test_what_upstream_no_longer_has_is_recorded_as_lost(
    context: Context, simulator: SimulatorServer
) -> None:
    at(context, simulator, NOW, "airkorea")
    long_after = NOW + timedelta(days=100)
    at(context, simulator, long_after, "airkorea")
    simulator.scenario = parse(
        '[[fault]]\noperation = "getMsrstnAcctoRltmMesureDnsty"\nkind = "empty_items"\n'
        '[[fault]]\noperation = "getCtprvnMesureLIst"\nkind = "empty_items"\n'
    )
    since = NOW.replace(minute=0)
    filler = app.filler(context)
    filler.limits = {"airkorea": None}
    report = filler.run("airkorea", long_after, after=since, until=long_after)
    assert report.open == 0
    assert set(report.lost) == {OUT_OF_REACH, NOT_GIVEN}
    assert report.lost[OUT_OF_REACH] == 17 * 24 * 10
    found = known_gaps(context, [1], since, long_after)
    assert [gap.lost for gap in found] == [OUT_OF_REACH, NOT_GIVEN]
    assert filler.run("airkorea", long_after, after=since, until=long_after).calls_made == 0


def test_a_models_gap_is_filled_by_date(context: Context, simulator: SimulatorServer) -> None:
    at(context, simulator, NOW, "openmeteo")
    end = hour_number(NOW.replace(minute=0))
    with context.store.book() as connection:
        hours = province_hour.c.hour.between(end - 50, end - 30)
        connection.execute(delete(province_hour).where(hours))
    report = app.filler(context).scheduled("openmeteo", NOW)
    assert (report.gaps, report.filled, report.calls_made) == (17 * 21, 17 * 21, 1)
    assert report.open == 0


def test_what_is_refused_or_fails_once_keeps_nothing_else_from_being_filled(
    context: Context, simulator: SimulatorServer
) -> None:
    """The means have an approval of their own; one station's answer cannot be read."""
    at(context, simulator, NOW - 9 * HOUR, "airkorea")
    at(context, simulator, NOW, "airkorea")
    simulator.scenario = parse(
        '[[fault]]\noperation = "getCtprvnMesureLIst"\nkind = "gateway_20"\n'
        '[[fault]]\noperation = "getMsrstnAcctoRltmMesureDnsty"\nkind = "garbage"\ncalls = [1, 2]\n'
    )
    filler = app.filler(context)
    report = filler.run("airkorea", NOW)
    assert report.as_dict()["error"]["reason"] == "key_not_approved"
    lacking = filler.run("airkorea", NOW).stations
    assert (report.stations, lacking) == (len(_numbers(context)) + 1, 1)


@pytest.mark.parametrize("kind", ["empty_items", "gateway_10_http400", "old_hour"])
def test_an_answer_that_lacks_hours_is_asked_for_again_after_six_hours(
    context: Context, simulator: SimulatorServer, kind: str
) -> None:
    at(context, simulator, NOW - 9 * HOUR, "airkorea")
    at(context, simulator, NOW, "airkorea")
    simulator.scenario = parse(
        f'[[fault]]\noperation = "getMsrstnAcctoRltmMesureDnsty"\nkind = "{kind}"\n'
        + ("hours = 5\n" if kind == "old_hour" else "")
    )
    filler, until = app.filler(context), NOW.replace(minute=0) - 2 * HOUR
    missing = {
        (number, hour_number(until - back * HOUR))
        for number in _numbers(context)
        for back in range(7)
    }
    assert filler.run("airkorea", NOW, until=until).stations
    given = held(context, "airkorea", until - 7 * HOUR, until)
    assert not missing <= given
    assert bool(given) == (kind == "old_hour")
    assert filler.run("airkorea", NOW + 5 * HOUR, until=until).calls_made == 0
    simulator.scenario = parse("")
    simulator.clock = Clock(NOW + 6 * HOUR)
    filler.run("airkorea", NOW + 6 * HOUR, until=until)
    assert missing <= held(context, "airkorea", until - 7 * HOUR, until)


def test_a_refused_backfill_leaves_the_live_feed_alone(
    context: Context, simulator: SimulatorServer
) -> None:
    at(context, simulator, NOW - 9 * HOUR, "airkorea")
    at(context, simulator, NOW, "airkorea")
    simulator.scenario = parse(
        '[[fault]]\noperation = "getMsrstnAcctoRltmMesureDnsty"\nkind = "gateway_22"\n'
    )
    moment = NOW
    report = app.filler(context).run("airkorea", moment)
    assert report.error is not None
    assert report.as_dict()["error"]["reason"] == "quota_used_up"
    made = simulator.calls.total()
    again = app.filler(context).run("airkorea", moment + HOUR)
    assert again.error is not None
    assert simulator.calls.total() == made  # none until midnight
    simulator.scenario = parse("")
    at(context, simulator, moment + HOUR, "airkorea")


def test_the_command_can_be_killed_and_goes_on(
    settings: dict[str, str], context: Context, simulator: SimulatorServer
) -> None:
    at(context, simulator, NOW, "airkorea")
    moment = NOW + 30 * HOUR
    at(context, simulator, moment, "airkorea")
    simulator.scenario = parse(
        '[[fault]]\noperation = "getMsrstnAcctoRltmMesureDnsty"\nkind = "slow_headers"\n'
        "seconds = 0.1\n"
    )
    environment = {**os.environ, **settings, "AQ_CLOCK": moment.isoformat()}
    day = kst(NOW).date().isoformat()
    command = [sys.executable, "-m", "aq", "backfill", "--since", day, "--until"]
    command += [kst(moment).date().isoformat(), "--feed", "airkorea", "--json"]

    def asked() -> int:
        with context.store.read() as connection:
            query = select(func.count()).select_from(gap_call).where(gap_call.c.target != "means")
            return int(connection.scalar(query) or 0)

    child = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_until(lambda: asked() >= 5)
    child.send_signal(signal.SIGKILL)
    child.wait()
    done = asked()
    assert done >= 5
    simulator.scenario = parse("")
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (report,) = json.loads(ended.stdout)["feeds"]
    with context.store.read() as connection:
        stations = connection.scalar(select(func.count()).select_from(station))
    assert report["calls_made"] <= stations - done + 7
    assert report["open"] == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--since", "2026-11-23", "--until", "2026-11-20"],
        ["--since", "yesterday", "--until", "2026-11-20"],
        ["--since", "2026-11-20", "--until", "2026-11-21", "--feed", "archive"],
        ["--since", "2027-11-20", "--until", "2027-11-21"],
    ],
)
def test_a_wrong_question_is_misuse(options: list[str], settings: dict[str, str]) -> None:
    command = [sys.executable, "-m", "aq", "backfill", *options]
    ended = subprocess.run(
        command, env={**os.environ, **settings}, cwd=ROOT, capture_output=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"error: ")


def test_upstreams_means_stand_in_by_their_name_until_ours_are_there(
    context: Context, simulator: SimulatorServer
) -> None:
    at(context, simulator, NOW - 9 * HOUR, "airkorea")
    at(context, simulator, NOW, "airkorea")
    hour = (NOW - 4 * HOUR).replace(minute=0)

    def item() -> dict[str, Any]:
        given = {"since": kst(hour - HOUR).isoformat(), "until": kst(hour).isoformat()}
        asked = past_question(context, Given({**given, "province": "서울", "pollutant": "pm10"}))
        (found,) = page(context.store, asked, 10, None)[0]
        return dict(found)

    filler = app.filler(context)
    assert filler.collector.poll_means("airkorea", NOW).error is None
    stands_in = item()
    assert (stands_in["feed"], stands_in["stations"]) == ("airkorea_means", None)
    assert stands_in["value"] is not None
    assert stands_in["status"] == "preliminary"
    filler.limits = {"airkorea": None}
    filler.run("airkorea", NOW)
    ours = item()
    assert ours["feed"] == "airkorea"
    assert ours["stations"] >= 1
