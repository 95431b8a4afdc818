"""`serve`: the dashboard, its routes and the scheduler, on one port."""

import os
import sys

import click

from aq.paths import ROOT
from aq.settings import load
from aq.store import open_store
from aq.store.engine import migrate


@click.command()
@click.option("--host", help="Address to listen on [setting server.host, 127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port [setting server.port, 8501].")
def command(host: str | None, port: int | None) -> None:
    """Serve the dashboard and poll the feeds (AQ_SCHEDULER=off: pages only)."""
    settings = load()  # refuse a wrong setting here, in one line, before the server starts
    store = open_store(settings.database_url, settings.the_clock)
    migrate(store)
    store.close()
    run_streamlit(host or settings.server.host, port or settings.server.port)


def run_streamlit(host: str, port: int) -> None:
    """Become the server process."""
    os.chdir(ROOT)
    arguments = ["-m", "streamlit", "run", "dashboard.py"]
    arguments += ["--server.address", host, "--server.port", str(port)]
    arguments += ["--server.headless", "true"]
    click.echo(f"http://{host}:{port}", err=True)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
