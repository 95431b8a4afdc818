"""`serve`: the dashboard, its routes and the scheduler, on one port."""

import os
import sys

import click

from aq.paths import ROOT
from aq.runtime import start


@click.command()
@click.option("--host", help="Address to listen on [setting server.host, 127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port [setting server.port, 8501].")
def command(host: str | None, port: int | None) -> None:
    """Serve the dashboard and poll the feeds (AQ_SCHEDULER=off: pages only)."""
    runtime = start()  # refuse a wrong setting here, in one line, before the server starts
    runtime.store.close()
    server = runtime.settings.server
    run_streamlit(host or server.host, port or server.port)


def run_streamlit(host: str, port: int) -> None:
    """Become the server process."""
    os.chdir(ROOT)
    arguments = ["-m", "streamlit", "run", "dashboard.py"]
    arguments += ["--server.address", host, "--server.port", str(port)]
    arguments += ["--server.headless", "true"]
    click.echo(f"http://{host}:{port}", err=True)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
