"""`publish`: the public answers and the history as a folder that any web server can give out."""

from contextlib import closing

import click

from aq import memory as heap
from aq.app import start
from aq.cli.common import json_option, print_json
from aq.context import again
from aq.domain.errors import AqError, InputError


@click.command()
@click.argument("folder", required=False)
@json_option
def command(folder: str | None, as_json: bool) -> int:
    """Write strips, data, feeds and the history to FOLDER (a path, or s3://… where s3fs is).

    Without FOLDER to the setting publish.folder. What has not changed is left as it is; every file
    is there whole or not at all.
    """
    heap.for_a_command()
    from aq.web.publish.run import failed, publish

    context = start(reader=True)
    with closing(context.store):
        address = folder or context.settings.publish.folder
        if not address:
            raise InputError("name a FOLDER, or set publish.folder")
        try:
            report = again(lambda: publish(context, address))
        except AqError as error:
            if as_json:
                print_json(failed(context, error).as_dict())
            raise
    if as_json:
        print_json(report.as_dict())
    else:
        click.echo(
            f"{address}: {report.files} files of store version {report.version},"
            f" {report.written} written ({report.bytes:,} bytes), {report.unchanged} unchanged,"
            f" {report.removed} removed",
            err=True,
        )
        if report.note:
            click.echo(f"note: {report.note}", err=True)
    return 0
