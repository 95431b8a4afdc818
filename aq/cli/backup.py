"""`backup`: a verified copy of the embedded store, taken while it is in use."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from aq.cli.common import advance, json_option, print_json
from aq.settings import Settings, load
from aq.store import backup as copies


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def command(file: Path, as_json: bool) -> int:
    """Copy the store into FILE as of one instant, and read the copy back.

    The server and workers go on. FILE appears only when the copy is whole; an older copy there is
    replaced. PostgreSQL is copied by pg_dump.
    """
    settings = load()
    name_store(settings)
    with click.progressbar(length=1, label="backup", file=sys.stderr) as bar:
        made = copies.backup(settings.database_url, file, advance(bar))
    if as_json:
        print_json(asdict(made))
    else:
        click.echo(sentence(made))
    return 0


def name_store(settings: Settings) -> None:
    """Say which store a command works on, before it does."""
    click.echo(f"store: {settings.store_file or settings.store_address}", err=True)


def sentence(made: copies.Copy) -> str:
    """What the copy holds, for people."""
    return (
        f"{made.path}: {made.size:,} bytes, store version {made.version}, schema {made.schema},"
        f" {sum(made.rows.values()):,} rows; read back without a fault"
    )
