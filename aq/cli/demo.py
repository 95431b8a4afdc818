"""`demo`: the dashboard against our own simulator, with days of simulated history."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta

import click

from aq import app
from aq.app import start
from aq.context import Context
from aq.domain.clock import floor_hour, from_hour_number
from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS
from aq.ingest.collect import ingest, station_rule
from aq.paths import ROOT, home
from aq.settings import load
from aq.simulator.notices import Story, YellowStory
from aq.simulator.scenario import Scenario
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World, history
from aq.store.reads import span
from aq.store.stations import Directory

FEED = "airkorea"


@click.command()
@click.option("--host", help="Address to listen on [setting server.host, 127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port [setting server.port, 8501].")
@click.option("--stations", type=click.IntRange(34, 2000), default=200, show_default=True)
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=17, show_default=True)
def command(host: str | None, port: int | None, stations: int, days: int, seed: int) -> int:
    """Serve the dashboard against simulated feeds, every page marked SIMULATED.

    The data stand in var/demo.db (or AQ_DATABASE_URL), never beside real ones.
    """
    world = World(stations, seed)
    clock = load().the_clock
    with SimulatorServer(
        world, clock, Scenario(stories=stories(clock.now()), yellow=yellow_dust(clock.now()))
    ) as simulator:
        environment = {
            "AQ_HOME": str(home()),
            "AQ_DATABASE_URL": f"sqlite:///{home() / 'var' / 'demo.db'}",
            **os.environ,
            "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "demo",
            "AQ_FEEDS__OPENMETEO__URL": simulator.openmeteo_url,
        }
        context = start(load(environment))
        fill(context, world, days)
        fill_notices(context)
        context.store.close()
        return _serve(environment, host, port)


def stories(now: datetime) -> tuple[Story, ...]:
    """An advisory in force at the start that is raised, lowered and cleared in the next hours, and
    one that appears half an hour later and stays."""

    def later(minutes: int) -> datetime:
        return floor_hour(now) + timedelta(minutes=minutes)

    return (
        Story(
            pollutant="pm25",
            district="경기",
            zone="남부권",
            issued=later(-60),
            raised=later(60),
            lowered=later(120),
            cleared=later(180),
        ),
        Story(pollutant="pm10", district="충남", zone="북부권역", issued=later(90)),
    )


def yellow_dust(now: datetime) -> tuple[YellowStory, ...]:
    """An act of yellow dust of some hours ago."""
    return (
        YellowStory(floor_hour(now) - timedelta(hours=6), "1", "서울, 인천, 경기, 충남(서해안)"),
    )


def fill_notices(context: Context) -> None:
    """Ask the simulator for the forecasts and advisories there have been."""
    collector = app.notice_collector(context)
    for name in context.settings.notice_feeds:
        report = collector.poll(name, context.clock.now())
        if report.error is not None:
            raise report.error


def fill(context: Context, world: World, days: int) -> int:
    """Write the simulated hours the store lacks up to the last full hour; returns how many rows."""
    until = floor_hour(context.clock.now()) - timedelta(hours=1)
    since = until - timedelta(days=days)
    with context.store.read() as connection:
        stored = span(connection, [PROVINCES[0].id]).get(FEED_IDS[FEED])
    if stored is not None:
        since = max(since, from_hour_number(stored[1]))
    rows = 0
    batches = history(world, since, until)
    whole_days = max(1, round((until - since) / timedelta(days=1)))
    with click.progressbar(
        batches, length=whole_days, label="simulated history", file=sys.stderr
    ) as shown:
        for readings in shown:
            with context.store.write("simulated history") as txn:
                txn.mark_simulated(True)
                directory = Directory(txn, station_rule(context.settings.provinces))
                rows += ingest(txn, FEED, readings, directory, context.stored_standards).new
    return rows


def _serve(environment: Mapping[str, str], host: str | None, port: int | None) -> int:
    """Run `serve` beside the simulator until one of them is stopped."""
    arguments = ["--host", host] if host else []
    arguments += ["--port", str(port)] if port else []
    child = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "aq", "serve", *arguments], env=dict(environment), cwd=ROOT
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: child.terminate())
    return child.wait()
