"""`restore`: a copy made by `backup` in the store's place."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from aq.cli.backup import name_store, sentence
from aq.cli.common import json_option, print_json
from aq.settings import load
from aq.store import backup as copies


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask where no store was.")
@json_option
def command(file: Path, yes: bool, as_json: bool) -> int:
    """Put the copy FILE in the store's place.

    The copy is checked page by page first. The store that was there is kept beside it under
    another name. Stop the server and workers before.
    """
    settings = load()
    name_store(settings)
    place = copies.store_file(settings.database_url)
    if not place.exists() and not yes and sys.stdin.isatty():
        click.confirm("No store is there yet. Is this the right place?", abort=True, err=True)
    made = copies.restore(settings.database_url, file, settings.the_clock.now())
    if as_json:
        print_json(asdict(made))
    else:
        click.echo(sentence(made))
        if made.kept:
            click.echo(f"the store that was there is kept as {made.kept}")
    return 0
