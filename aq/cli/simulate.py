"""`simulate`: a feed server that speaks AirKorea's and Open-Meteo's protocols."""

import os
import socket
import time
from pathlib import Path

import click

from aq.domain.clock import Clock, kst_iso, parse_instant, parse_since
from aq.domain.errors import ConfigError
from aq.simulator.places import FEWEST, MOST
from aq.simulator.recording import Recording
from aq.simulator.replay import start_of
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
@click.option(
    "--recording",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of recorded answers of AirKorea: they are served instead of invented ones.",
)
@click.option(
    "--since",
    help="Where the clock of a recording starts: a KST day or an ISO instant [its first hour].",
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
    recording: Path | None,
    since: str | None,
    key: str | None,
) -> None:
    """Serve simulated feeds on a socket, until stopped.

    Without --now and --speed the clock is AQ_CLOCK, or the system's. With --recording AirKorea's
    operations give what was recorded at the clock's hour, which then starts at --since; Open-Meteo
    stays invented. Every answer carries X-AQ-Simulated: 1.
    """
    if since is not None and (recording is None or start is not None):
        raise click.UsageError("--since goes with --recording, and not with --now")
    recorded = Recording(recording) if recording else None
    clock = the_clock(since_of(recorded, since) if recorded and start is None else start, speed)
    faults = load(scenario) if scenario else Scenario()
    simulator = Simulator(World(stations, seed), clock, faults, key, recorded)
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
        if recorded is not None:
            click.echo(f"AQ_CLOCK={clock.as_text()}")
        make_server(simulator.app()).run(sockets=[listening])


def since_of(recorded: Recording, since: str | None) -> str | None:
    """Where a recording's clock starts: as said, by ``AQ_CLOCK``, or with its first hour."""
    if since is None:
        return None if os.environ.get("AQ_CLOCK") else kst_iso(start_of(recorded))
    try:
        return kst_iso(parse_since(since))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from None


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
