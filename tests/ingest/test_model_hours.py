"""A model's hours to come: asked for apart, the newest alone kept, never a value of now or then."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from aq import app
from aq.context import Context, start
from aq.domain.backfill_plan import live_reserve
from aq.domain.call_plan import times_left
from aq.domain.clock import HOUR, Clock, floor_hour, kst_iso
from aq.domain.provinces import PROVINCES
from aq.feeds.openmeteo import AHEAD_AT
from aq.i18n import text_in
from aq.ingest.model_hours import poll_ahead
from aq.ingest.schedule import jobs
from aq.queries import frames as queries
from aq.queries.current import current
from aq.queries.model_hours import hours_ahead
from aq.settings import load
from aq.simulator.scenario import Scenario, parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store.quota import budget_of
from aq.web.charts import province_line as charts
from aq.web.charts.theme import LIGHT
from tests.pages import STANDARD

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 KST
SEOUL = "KR-11"


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(World(34, seed=17), Clock(NOW), Scenario()) as running:
        yield running


@pytest.fixture
def context(database_url: str, server: SimulatorServer) -> Iterator[Context]:
    server.clock, server.scenario = Clock(NOW), Scenario()
    environment = {
        "AQ_DATABASE_URL": database_url,
        "AQ_CLOCK": kst_iso(NOW),
        "AQ_FEEDS__OPENMETEO__URL": server.openmeteo_url,
    }
    made = start(load(environment))
    yield made
    made.store.close()


def test_hours_to_come_are_kept_and_are_the_newest_alone(
    context: Context, server: SimulatorServer
) -> None:
    collector = app.collector(context)
    report = poll_ahead(collector, "openmeteo", NOW)
    assert report.ok, report.error
    # The rest of today and two days more: 21:00 of the 23rd to 23:00 of the 25th.
    assert report.stored == 17 * 51
    found = hours_ahead(context, SEOUL, "pm10", NOW)
    assert found is not None
    assert (found.feed, found.asked_at, len(found.hours)) == ("openmeteo", NOW, 51)
    assert found.hours[0][0] == floor_hour(NOW) + HOUR
    assert all(value > 0 for _, value in found.hours)
    later = NOW + 13 * HOUR  # another run of the model
    server.clock = Clock(later)
    assert poll_ahead(collector, "openmeteo", later).ok
    again = hours_ahead(context, SEOUL, "pm10", later)
    assert again is not None
    assert again.asked_at == later
    assert again.hours[0][0] > later
    assert dict(again.hours).keys() != dict(found.hours).keys()
    assert dict(again.hours).items() != dict(found.hours).items()


def test_hours_that_have_been_are_no_forecast_and_old_ones_neither(context: Context) -> None:
    assert poll_ahead(app.collector(context), "openmeteo", NOW).ok
    found = hours_ahead(context, SEOUL, "pm25", NOW + 5 * HOUR)
    assert found is not None
    assert found.hours[0][0] == floor_hour(NOW) + 6 * HOUR
    assert hours_ahead(context, SEOUL, "pm25", NOW + 25 * HOUR) is None
    assert hours_ahead(context, SEOUL, "overall", NOW) is None


def test_hours_to_come_are_no_value_of_now_nor_of_the_past(context: Context) -> None:
    assert poll_ahead(app.collector(context), "openmeteo", NOW).ok
    for moment in (NOW, NOW + 5 * HOUR):
        shown = current(context, moment, standard="airkorea_1h", wanted=["pm10"])
        assert {item.value for item in shown.items} == {None}
        assert {item.last_value for item in shown.items} == {None}
    line = queries.line(context, 1, "pm10", NOW - 5 * HOUR, NOW + 40 * HOUR, standard=STANDARD)
    assert line["value"].isna().all()
    assert queries.span(context, 1) == []


def test_a_failure_leaves_what_is_held(context: Context, server: SimulatorServer) -> None:
    collector = app.collector(context)
    assert poll_ahead(collector, "openmeteo", NOW).ok
    version = context.store.version()
    server.scenario = parse('[[fault]]\nkind = "garbage"\nfeed = "openmeteo"\n')
    report = poll_ahead(collector, "openmeteo", NOW + HOUR)
    assert not report.ok
    assert report.error is not None
    assert context.store.version() == version
    assert hours_ahead(context, SEOUL, "pm10", NOW) is not None


def test_a_job_asks_four_times_a_day_and_only_of_a_model(context: Context) -> None:
    made = {job.name: job for job in jobs(app.collector(context), (20,))}
    assert [name for name in made if name.startswith("ahead:")] == ["ahead:openmeteo"]
    midnight = datetime(2026, 11, 22, 15, tzinfo=UTC)
    slots = {made["ahead:openmeteo"].slot(midnight + n * HOUR) for n in range(24)}
    assert len({one for one in slots if one >= midnight}) == 4


def test_the_continuation_is_dashed_named_and_not_joined_to_the_line(context: Context) -> None:
    assert poll_ahead(app.collector(context), "openmeteo", NOW).ok
    ahead = hours_ahead(context, SEOUL, "pm10", NOW)
    frame = queries.line(
        context, 1, "pm10", NOW - timedelta(days=1), floor_hour(NOW), standard=STANDARD
    )
    frame["value"] = 20.0
    frame["kind"] = "observed"
    style = charts.LineStyle(
        standard=STANDARD, pollutant="pm10", unit="µg/m³", digits=0, revision="", ahead=ahead
    )
    figure = charts.province_line(frame, style, text_in("ko"), LIGHT)
    (trace,) = [one for one in figure.data if one.name == "Open-Meteo 모델 예측"]
    assert trace.line.dash == "5px,3px"
    assert trace.line.color != LIGHT.ink
    assert (trace.x[0], trace.x[-1]) == ("2026-11-23 21:00", "2026-11-25 23:00")
    others = [one for one in figure.data if one is not trace and one.x is not None]
    assert all(x < trace.x[0] for one in others for x in one.x if x)
    assert figure.layout.xaxis.range[1] == "2026-11-26 00:00"
    assert "모델 예측" in [one.text for one in figure.layout.annotations]
    assert ahead is not None
    assert figure.layout.yaxis.range[1] >= max(value for _, value in ahead.hours)
    plain = charts.LineStyle(
        standard=STANDARD, pollutant="pm10", unit="µg/m³", digits=0, revision=""
    )
    without = charts.province_line(frame, plain, text_in("ko"), LIGHT)
    assert len(without.data) == len(figure.data) - 1


def test_the_17_have_hours_of_every_pollutant(context: Context) -> None:
    assert poll_ahead(app.collector(context), "openmeteo", NOW).ok
    for province in PROVINCES:
        for key in ("pm10", "pm25", "o3", "no2", "so2", "co"):
            assert hours_ahead(context, province.code, key, NOW)


def test_its_calls_are_kept_back_from_filling_gaps(context: Context) -> None:
    midnight = datetime(2026, 11, 22, 15, tzinfo=UTC)
    for hours, calls in ((1, 4), (8, 2), (20, 0)):
        now = midnight + hours * HOUR
        assert times_left(now, AHEAD_AT) == calls
        kept = budget_of(context.store, "openmeteo", now, limit=580, minutes=(20,)).reserved
        assert kept == live_reserve(now, (20,), 580, calls)
