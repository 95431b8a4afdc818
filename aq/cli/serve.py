"""`serve`: the dashboard, its routes and the scheduler, on one port."""

import gc
import os
from pathlib import Path

import click

from aq import memory as heap
from aq.paths import ROOT, home


@click.command()
@click.option("--host", help="Address to listen on [setting server.host, 127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port [setting server.port, 8501].")
def command(host: str | None, port: int | None) -> None:
    """Serve the dashboard and poll the feeds (AQ_SCHEDULER=off: pages only)."""
    heap.for_a_server()
    gc.disable()  # nothing loaded at the start is garbage; `dashboard.py` turns it on again
    from aq.alerts.channels import outlets
    from aq.context import shared

    outlets()  # a wrong channel or setting is refused here, in one line
    server = shared().settings.server
    for name in ("AQ_CONFIG", "AQ_HOME"):
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).absolute())
    os.environ.setdefault("AQ_HOME", str(home()))
    os.chdir(ROOT)  # Streamlit finds its configuration beside what it serves
    run_streamlit(host or server.host, port or server.port)


def run_streamlit(host: str, port: int) -> None:
    """Serve until stopped: in this process, which has the store open and its parts loaded."""
    from streamlit.web.cli import main

    arguments = [
        "run",
        str(ROOT / "dashboard.py"),
        "--server.address",
        host,
        "--server.port",
        str(port),
    ]
    click.echo(f"http://{host}:{port}", err=True)
    main([*arguments, "--server.headless", "true"], prog_name="streamlit", standalone_mode=False)
