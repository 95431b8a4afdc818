"""Upstream's own means of cities and stations: read, kept apart, compared, in the plan."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from aq import app
from aq.cli.checks import checks
from aq.context import Context, start
from aq.domain.clock import Clock, day_number, hour_number, kst_iso
from aq.domain.model import CITY_HOUR, STATION_DAY, STATION_MONTH, Payload
from aq.feeds.airkorea import CITY_MEANS, STATION_DAYS, STATION_MONTHS
from aq.feeds.airkorea.client import AirKorea
from aq.feeds.airkorea.official_means import read_city_means, read_station_days, read_station_months
from aq.feeds.base import Get
from aq.i18n import text_in
from aq.ingest.official_means import official_means_of_day, poll_official_means
from aq.ingest.schedule import jobs
from aq.queries.feed_status import planned_calls
from aq.queries.official_means import (
    official_agreement,
    official_left_out,
    official_services,
)
from aq.settings import load
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World, history
from aq.store.official_means import newest_periods, official_means, put_official_means
from aq.store.quota import budget_of
from aq.store.runs import CallLedger, record
from aq.web.parts.official_means import section
from tests.feeds.test_airkorea_contracts import fixture_rows
from tests.feeds.test_airkorea_notices import SAMPLES
from tests.serving import make_runtime, served, write

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 KST
OCTOBER = day_number(date(2026, 10, 1))


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(World(34, seed=17), Clock(NOW), parse("")) as running:
        yield running


@pytest.fixture
def context(database_url: str, server: SimulatorServer) -> Iterator[Context]:
    environment = {
        "AQ_DATABASE_URL": database_url,
        "AQ_CLOCK": kst_iso(NOW),
        "AQ_FEEDS__AIRKOREA__URL": server.airkorea_url,
        "AQ_FEEDS__AIRKOREA__KEY": "k",
        "AQ_FEEDS__OPENMETEO__ENABLED": "false",
    }
    made = start(load(environment))
    yield made
    made.store.close()


def test_a_row_is_read_in_any_form_it_has_come_in() -> None:
    cities = read_city_means(fixture_rows("airkorea/city_means.json"), "인천", NOW)
    by_place = {(mean.province, mean.place): mean for mean in cities.official_means}
    assert cities.issues == ()
    assert by_place["KR-28", "연수구"].values == {
        "pm10": 130, "pm25": 40, "o3": 250, "no2": 70, "so2": 30, "co": 30,
    }  # fmt: skip
    assert by_place["KR-28", "옹진군"].values == {"no2": 110, "pm10": 270}
    # 광주 and 전남 have one label since they merged: the district tells.
    assert by_place["KR-29", "북구"].period == hour_number(datetime(2026, 11, 22, 15, tzinfo=UTC))
    days = read_station_days(fixture_rows("airkorea/station_days.json"), NOW)
    assert days.official_means[0].values["no2"] == 82
    assert days.official_means[0].values["co"] == 30
    months = read_station_months(fixture_rows("airkorea/station_months.json"), NOW)
    assert {mean.period for mean in months.official_means} == {OCTOBER}


def test_recorded_answers_beside_the_project_are_read_whole() -> None:
    for path in SAMPLES.glob("contracts/getMsrstnAcctoRDyrg*_REAL.json"):
        answer = AirKorea().parse(
            Payload(operation=STATION_DAYS, text=path.read_text("utf-8"), fetched_at=NOW), NOW
        )
        assert (answer.rows, len(answer.official_means), answer.issues) == (2, 2, ())
        assert answer.official_means[0].values["no2"] == 82
    for path in SAMPLES.glob("contracts/getCtprvnMesureSidoLIst*_REAL.json"):
        items = json.loads(path.read_text("utf-8"))["items"]
        (mean,) = read_city_means(items, "인천", NOW).official_means
        assert (mean.place, mean.values["pm10"]) == ("연수구", 130)


def test_what_cannot_be_read_is_counted_and_the_key_is_never_told() -> None:
    good = fixture_rows("airkorea/station_days.json")[0]
    rows = [
        good,
        {**good, "pm10Value": "13"},
        {**good, "msrstnName": ""},
        {**good, "msurDt": "yesterday", "serviceKey": "secret"},
        {**good, "msurDt": "2027-01-01"},
        {**good, "msrstnName": "종로구", "pm10Value": "a lot"},
        "no row",
    ]
    answer = read_station_days(rows, NOW)
    # Two rows of one name that differ: nothing tells which is which, so neither is taken.
    assert [mean.place for mean in answer.official_means] == ["종로구"]
    assert sorted(issue.kind for issue in answer.issues) == [
        "bad_station", "bad_time", "bad_time", "bad_value", "duplicate", "future",
    ]  # fmt: skip
    assert "secret" not in repr(answer.issues)


def test_a_total_without_items_and_further_pages_are_said() -> None:
    def parsed(operation: str, total: int, items: Sequence[object], **params: str) -> list[str]:
        body = {"header": {"resultCode": "00"}, "body": {"totalCount": total, "items": items}}
        payload = Payload(
            operation=operation, text=json.dumps({"response": body}), fetched_at=NOW, params=params
        )
        return [issue.kind for issue in AirKorea().parse(payload, NOW).issues]

    assert parsed(STATION_MONTHS, 2692, []) == ["total_only"]
    assert parsed(STATION_MONTHS, 0, []) == ["outside_window"]
    assert parsed(STATION_DAYS, 0, [], pageNo="2") == []
    assert parsed(CITY_MEANS, 0, [], sidoName="인천") == []
    rows = list(fixture_rows("airkorea/city_means.json"))
    assert parsed(CITY_MEANS, 3, rows, sidoName="인천") == []
    assert parsed(CITY_MEANS, 1500, rows, sidoName="인천") == ["later_pages"]


def test_a_day_of_means_is_kept_apart_compared_and_in_the_plan(
    context: Context, server: SimulatorServer
) -> None:
    world = World(34, seed=17)
    readings = [*history(world, NOW - timedelta(days=3), NOW)]
    for batch in readings:
        write(context, *batch, feed="airkorea")
    collector = app.collector(context)
    report = poll_official_means(collector, "airkorea", NOW)
    assert report.ok, report.error
    assert report.failed == {}
    assert report.odd_keys == {}
    spent = {operation: n for (_, operation), n in CallLedger(context.store).spent(NOW).items()}
    assert (spent[CITY_MEANS], spent[STATION_DAYS], spent[STATION_MONTHS]) == (17, 2, 1)
    again = poll_official_means(collector, "airkorea", NOW)
    assert (again.stored, again.changed, again.unchanged) == (0, 0, report.stored)
    lines = {(line.series, line.pollutant): line for line in official_agreement(context)}
    hours, days = lines[CITY_HOUR, "pm10"], lines[STATION_DAY, "no2"]
    assert hours.hours > 24 * 17
    assert (hours.same, days.same) == (hours.hours, days.hours)
    # A store of three days has no month to set beside upstream's.
    assert (STATION_MONTH, "pm10") not in lines
    with context.store.read() as connection:
        assert newest_periods(connection, STATION_MONTH, 5) == [OCTOBER]
        (period,) = newest_periods(connection, STATION_DAY, 1)
        held = official_means(connection, STATION_DAY, [period])
    # One of upstream's is changed: the comparison shows by how much, and where.
    with context.store.write("t") as txn:
        far = type(held[0])(
            series=STATION_DAY, province="", place=held[0].place, period=period,
            values={**held[0].values, "no2": 9000},
        )  # fmt: skip
        assert put_official_means(txn, [far]).changed == 1
    changed = {(line.series, line.pollutant): line for line in official_agreement(context)}
    line = changed[STATION_DAY, "no2"]
    assert (line.same, line.where, line.period) == (line.hours - 1, held[0].place, "2026-11-22")
    assert line.largest is not None
    assert line.largest < -0.8
    plan = planned_calls(context, "airkorea", NOW)
    assert all(calls <= 500 for calls in plan.values())
    # Together they keep a limit that is the key's for all operations, in the days of New Year too.
    assert plan.total() <= 500
    new_year = planned_calls(context, "airkorea", datetime(2027, 1, 1, 1, tzinfo=UTC))
    assert plan.total() < new_year.total() <= 500
    assert (plan[CITY_MEANS], plan[STATION_DAYS], plan[STATION_MONTHS]) == (17, 2, 1)
    findings = {finding.check: finding.found for finding in checks(context.settings)}
    assert findings["plan airkorea"].startswith(f"{plan.total()} calls a day")
    assert "the limit is meant for each operation; were it" in findings["plan airkorea"]
    assert "as printed, largest difference" in findings["means station_day no2"]
    with served(context) as base:
        answer = requests.get(f"{base}/api/v1/feeds", timeout=60).json()
    told = {(one["series"], one["pollutant"]): one for one in answer["official_means"]}
    assert told[STATION_DAY, "no2"]["at"] == "2026-11-22"
    for lang, words in (("en", "days of stations"), ("ko", "측정소 일평균")):
        page = section(
            official_agreement(context),
            official_services(context),
            official_left_out(context),
            NOW,
            text_in(lang),
        )
        assert words in page
    assert any(job.name == "official:airkorea" for job in jobs(collector, (20,)))


def test_a_day_outside_of_upstream_s_window_is_counted_and_named(context: Context) -> None:
    """Upstream answers a day or month that it does not keep with no row and no error."""
    collector = app.collector(context)
    empty = {"header": {"resultCode": "00"}, "body": {"totalCount": 0, "items": []}}

    class Short(AirKorea):
        def pull_official_means(self, get: Get, now: datetime) -> list[tuple[str, Any]]:
            del get
            params = {"inqBginDt": "20261122", "inqEndDt": "20261122", "pageNo": "1"}
            text = json.dumps({"response": empty})
            day = Payload(operation=STATION_DAYS, text=text, fetched_at=now, params=params)
            return [(STATION_DAYS, iter([day]))]

    short = replace(collector, feeds={**collector.feeds, "airkorea": Short()})
    report = poll_official_means(short, "airkorea", NOW)
    assert report.ok
    (issue,) = report.as_dict()["issues"]
    assert issue["where"] == "getMsrstnAcctoRDyrg 20261122"
    record(context.store, "manual:airkorea_official", NOW, True, report.as_dict())
    left_out = official_left_out(context)
    assert left_out == {"outside_window": 1}
    page = section([], official_services(context), left_out, NOW, text_in("ko"))
    assert "에어코리아가 보관하지 않아 자료 없이 온 날·달 1" in page
    found = {finding.check: finding.found for finding in checks(context.settings)}
    assert "outside_window 1 (a day or month that upstream does not keep" in found["means"]


def test_one_that_fails_leaves_the_others(context: Context, server: SimulatorServer) -> None:
    server.scenario = parse('[[fault]]\noperation = "getMsrstnAcctoRDyrg"\nkind = "gateway_20"\n')
    try:
        report = poll_official_means(app.collector(context), "airkorea", NOW)
    finally:
        server.scenario = parse("")
    assert not report.ok
    assert set(report.failed) == {"getMsrstnAcctoRDyrg"}
    assert report.stored > 0
    states = {service.operation: service for service in official_services(context)}
    assert states[STATION_DAYS].failing_since is not None
    assert states[CITY_MEANS].failing_since is None
    page = section([], list(states.values()), {}, NOW, text_in("en"))
    assert "station days" in page


def test_missing_hours_come_before_comparing(context: Context, server: SimulatorServer) -> None:
    collector = app.collector(context)

    def left(limit: int, *, filling: bool) -> int | None:
        return budget_of(
            context.store, "airkorea", NOW, limit=limit, minutes=(20,), filling=filling
        ).left

    kept, free = left(500, filling=False), left(500, filling=True)
    assert kept is not None
    assert free is not None
    assert free == kept + 20
    record(context.store, "backfill:airkorea", NOW, True, {"gaps": 9, "calls_waiting": free - 19})
    asked = server.calls.total()
    report = official_means_of_day(collector, "airkorea", NOW, limit=500, minutes=(20,))
    assert report.ok
    assert report.note == f"not asked: of {free} calls left today, filling gaps needs {free - 19}"
    assert server.calls.total() == asked
    later = NOW + timedelta(minutes=1)
    record(context.store, "backfill:airkorea", later, True, {"gaps": 9, "calls_waiting": free - 20})
    report = official_means_of_day(collector, "airkorea", NOW, limit=500, minutes=(20,))
    assert (report.note, report.calls.total()) == (None, 20)


def test_a_context_without_the_feed_compares_nothing(database_url: str) -> None:
    made = make_runtime(database_url)
    try:
        assert official_agreement(made) == []
    finally:
        made.store.close()
