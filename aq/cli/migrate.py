"""`migrate`: bring the store's schema up to date, as every start does."""

import click

from aq.cli.common import json_option, print_json
from aq.settings import load
from aq.store import open_store
from aq.store.engine import migrate


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Bring the store's schema up to date."""
    settings = load()
    before, after = migrate(open_store(settings.database_url, settings.the_clock))
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        click.echo(f"the schema is up to date ({after})")
    else:
        click.echo(f"the schema went from {before or 'nothing'} to {after}")
    return 0
