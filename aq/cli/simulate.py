"""`simulate`: a feed server that speaks AirKorea's and Open-Meteo's protocols."""

import os
import socket
import time
from pathlib import Path

import click

from aq.domain.clock import Clock, parse_instant
from aq.domain.errors import ConfigError
from aq.simulator.places import FEWEST, MOST
from aq.simulator.scenario import Scenario, load
from aq.simulator.server import AIRKOREA_PATH, OPENMETEO_PATH, Simulator, make_server
from aq.simulator.world import World


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--stations",
    type=click.IntRange(FEWEST, MOST),
    default=650,
    show_default=True,
    help="How many stations there are.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=17,
    show_default=True,
    help="Another seed, another air.",
)
@click.option("--now", "start", help="Where the clock starts: an ISO instant with offset.")
@click.option(
    "--speed", type=click.FloatRange(0, 1e6), help="Simulated seconds a second; 0 stands."
)
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file of faults.",
)
@click.option("--key", help="The service key AirKorea calls must carry; any without it.")
def command(
    *,
    port: int,
    host: str,
    stations: int,
    seed: int,
    start: str | None,
    speed: float | None,
    scenario: Path | None,
    key: str | None,
) -> None:
    """Serve simulated feeds on a socket, until stopped.

    Without --now and --speed the clock is AQ_CLOCK, or the system's. Every answer carries
    X-AQ-Simulated: 1.
    """
    clock = the_clock(start, speed)
    faults = load(scenario) if scenario else Scenario()
    simulator = Simulator(World(stations, seed), clock, faults, key)
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port"
        ) from None
    with listening:
        base = f"http://{host}:{port}"
        click.echo(f"AQ_FEEDS__AIRKOREA__URL={base}{AIRKOREA_PATH}")
        click.echo(f"AQ_FEEDS__OPENMETEO__URL={base}{OPENMETEO_PATH}")
        make_server(simulator.app()).run(sockets=[listening])


def the_clock(start: str | None, speed: float | None) -> Clock:
    """The clock by the options, else by ``AQ_CLOCK``, else the system's."""
    if start is None and speed is None:
        try:
            return Clock.from_text(os.environ.get("AQ_CLOCK"))
        except ValueError as error:
            raise ConfigError(str(error), "AQ_CLOCK") from None
    try:
        moment = parse_instant(start) if start else Clock().now()
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--now") from None
    return Clock(moment, speed or 0.0, time.monotonic())
