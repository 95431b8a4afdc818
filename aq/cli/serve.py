"""`serve`: the dashboard, its routes and the scheduler, on one port."""

import gc
import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from aq import memory as heap
from aq.logs import JSON, set_up
from aq.paths import ROOT, home
from aq.settings import Settings

log = logging.getLogger(__name__)


@click.command()
@click.option("--host", help="Address to listen on [setting server.host, 127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port [setting server.port, 8501].")
def command(host: str | None, port: int | None) -> int:
    """Serve the dashboard and poll the feeds (AQ_SCHEDULER=off: pages only)."""
    heap.for_a_server()
    gc.disable()  # nothing loaded at the start is garbage; `dashboard.py` turns it on again
    from aq.alerts.channels import outlets
    from aq.context import shared

    outlets()  # a wrong channel or setting is refused here, in one line
    settings = shared().settings
    for name in ("AQ_CONFIG", "AQ_HOME"):
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).absolute())
    os.environ.setdefault("AQ_HOME", str(home()))
    os.chdir(ROOT)  # Streamlit finds its configuration where it is started
    return serve(settings, host or settings.server.host, port or settings.server.port)


def serve(settings: Settings, host: str, port: int) -> int:
    """Serve until stopped: in this process, which has the store open and its parts loaded."""
    # The framework reads its options when it is first imported.
    os.environ |= {"STREAMLIT_SERVER_ADDRESS": host, "STREAMLIT_SERVER_PORT": str(port)}
    from aq.web import server

    set_up(settings.logs.format)
    descriptors = server.raise_descriptors()
    fitted = server.fitted(settings.server, descriptors)
    if fitted != settings.server:
        log.warning(
            "the system gives %d files: %d pages and %d connections are served at once, not %d and"
            " %d (raise LimitNOFILE, or ulimit -n)",
            *(descriptors, fitted.pages, fitted.connections),
            *(settings.server.pages, settings.server.connections),
        )
    if settings.public_doubt:
        log.warning("%s", settings.public_doubt)
    listener = server.bound(host, port)
    server.quiet_framework()
    server.lock_by_session()
    application = _application()
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if settings.logs.format == JSON:
        log.info("listening on %s", address)
    else:
        click.echo(address, err=True)
    _offer_link(settings, host, port)
    return 0 if server.run(application, listener, server.room(fitted)) else 1


def _application() -> Any:
    """What `dashboard.py` makes; it stands beside the package, or within an installed one."""
    sys.path.insert(0, str(ROOT))
    return importlib.import_module("dashboard").app


def _offer_link(settings: Settings, host: str, port: int) -> None:
    """Print, on a terminal and nowhere else, the link that makes its reader administrator."""
    from aq.web.admin import LINK, LINK_PATH, local_counts

    if not local_counts(settings) or not sys.stderr.isatty():
        return

    def announce(key: str) -> None:
        here = "[::1]" if host == "::1" else "127.0.0.1"
        address = f"http://{here}:{port}{LINK_PATH}?key={key}"
        click.echo(f"To change rules in a browser of this machine, open once: {address}", err=True)

    LINK.announce = announce
    LINK.renew()
