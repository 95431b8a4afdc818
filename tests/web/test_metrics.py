"""Metrics and logs: what Prometheus reads, one line an event, whatever form."""

import json
import logging
from collections.abc import Iterator

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from aq import app
from aq.context import Context, start
from aq.domain.clock import Clock
from aq.domain.errors import FeedError, FeedReason
from aq.logs import JsonLines, RedactSecrets, TextLines, register
from aq.settings import load
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import runs
from aq.web.metrics import observe, scrape
from tests.conftest import NOW
from tests.serving import served


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(World(34), Clock(NOW)) as server:
        yield server


@pytest.fixture
def context(database_url: str, simulator: SimulatorServer) -> Iterator[Context]:
    made = start(
        load(
            {
                "AQ_DATABASE_URL": database_url,
                "AQ_CLOCK": NOW.isoformat(),
                "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
                "AQ_FEEDS__AIRKOREA__KEY": "any-key",
                "AQ_FEEDS__OPENMETEO__ENABLED": "false",
            }
        )
    )
    yield made
    made.store.close()


def measured(context: Context) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(scrape(context).decode())
        for sample in family.samples
    }


def test_a_scrape_tells_polls_hours_quota_and_errors(
    context: Context, simulator: SimulatorServer
) -> None:
    collector = app.collector(context)
    report = collector.poll("airkorea", NOW)
    runs.record(context.store, "poll:airkorea", NOW, report.ok, report.as_dict())
    found = measured(context)
    assert found["aq_feed_up", "airkorea"] == 1
    assert found["aq_newest_hour_age_seconds", "KR-11", "airkorea"] == 25 * 60
    assert len([one for one in found if one[0] == "aq_newest_hour_age_seconds"]) == 17
    assert found["aq_calls_today", "airkorea", "getCtprvnRltmMesureDnsty"] == 1
    assert found["aq_calls_limit", "airkorea"] == 500
    assert found["aq_runs_24h", "done", "poll:airkorea"] == 1
    simulator.scenario = parse('[[fault]]\nfeed = "airkorea"\nkind = "gateway_30"\n')
    failed = collector.poll("airkorea", NOW, force=True)
    runs.record(context.store, "poll:airkorea", NOW, failed.ok, failed.as_dict())
    found = measured(context)
    assert found["aq_feed_up", "airkorea"] == 0
    assert found["aq_run_errors_24h", "key_not_registered", "poll:airkorea"] == 1
    assert found["aq_feed_failures", "airkorea"] == 1


def test_the_routes_give_metrics_and_what_is_stale(context: Context) -> None:
    observe("/strip", 200, 0.02)
    error = FeedError("airkorea", "", FeedReason.UNREACHABLE)
    runs.record_failure(context.store, "airkorea", NOW, error)
    with served(context) as base:
        answer = requests.get(f"{base}/metrics", timeout=60)
        health = requests.get(f"{base}/healthz", timeout=60).json()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'aq_http_request_seconds_count{route="/strip",status="2xx"}' in answer.text
    assert health["status"] == "ok"
    assert health["stale"] == ["airkorea"]
    assert health["feeds"]["airkorea"]["reason"] == "unreachable"


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()])
def test_an_event_is_one_line_and_holds_no_secret(formatter: logging.Formatter) -> None:
    register(["a-planted-secret"])
    try:
        raise ValueError("first\nsecond: a-planted-secret")
    except ValueError as error:
        trouble = (type(error), error, error.__traceback__)
    record = logging.LogRecord("aq.x", logging.ERROR, "", 1, "a\nb %s", ("서울",), trouble)
    RedactSecrets().filter(record)
    line = formatter.format(record)
    assert "\n" not in line
    assert "a-planted-secret" not in line
    assert "서울" in line
    assert "ValueError" in line
    if isinstance(formatter, JsonLines):
        event = json.loads(line)
        assert (event["level"], event["logger"], event["message"]) == ("error", "aq.x", "a\nb 서울")
