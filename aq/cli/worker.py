"""`worker`: the scheduler alone, for machines that poll and serve no page."""

import signal
import threading

import click

from aq import heap
from aq.errors import InputError
from aq.logs import set_up
from aq.runtime import start


@click.command()
def command() -> int:
    """Poll the feeds without a page, until stopped (SIGTERM or Ctrl-C)."""
    heap.for_a_server()
    runtime = start()
    if not runtime.settings.live_feeds:
        raise InputError("no feed is live; set AQ_FEEDS__AIRKOREA__KEY or enable openmeteo")
    set_up(runtime.settings.logs.format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = runtime.scheduler()
    scheduler.start()
    click.echo(f"polling {', '.join(runtime.settings.live_feeds)}", err=True)
    stop.wait()
    scheduler.stop()
    return 0
