"""`worker`: the scheduler alone, for machines that poll and serve no page."""

import signal
import threading

import click

from aq import app
from aq import memory as heap
from aq.app import start
from aq.domain.errors import InputError
from aq.logs import set_up
from aq.web.publish.job import publishing


@click.command()
def command() -> int:
    """Poll the feeds without a page, until stopped (SIGTERM or Ctrl-C)."""
    heap.for_a_server()
    context = start(reader=True)
    if not context.settings.live_feeds:
        raise InputError("no feed is live; set AQ_FEEDS__AIRKOREA__KEY or enable openmeteo")
    set_up(context.settings.logs.format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = app.scheduler(context, publishing(context))
    scheduler.start()
    click.echo(f"polling {', '.join(context.settings.live_feeds)}", err=True)
    stop.wait()
    scheduler.stop()
    return 0
