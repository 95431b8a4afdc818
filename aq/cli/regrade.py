"""`regrade`: rebuild stored grades after a standard's file has changed."""

import sys

import click

from aq.app import start
from aq.cli.common import advance, json_option, print_json
from aq.ingest.regrade import regrade


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Rebuild stored grades after a standard's file has changed.

    It may be stopped and run again at any time; the server does the same by itself at its start.
    """
    context = start()
    with click.progressbar(length=1, label="regrade", file=sys.stderr) as bar:
        report = regrade(context.store, context.stored_standards, advance(bar))
    if as_json:
        print_json(report.as_dict())
    else:
        click.echo(f"{report.days} province days graded anew")
    return 0
