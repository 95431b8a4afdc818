"""`import`: AirKorea's confirmed workbooks and CSV files into the store."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aq import memory as heap
from aq.app import start
from aq.cli.common import json_option, judge, print_json
from aq.ingest.confirmed_files import ImportReport, import_archive, import_file


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@json_option
def command(files: tuple[Path, ...], as_json: bool) -> int:
    """Read AirKorea's confirmed workbooks and CSV FILES (xlsx, csv, zip of them), or archives of
    station hours that `retain` wrote (parquet).

    Each file is stored whole or not at all, so an import that was stopped is simply run again;
    rows that are there already are left alone. Alert rules judge the hours at the end: what they
    would have said long ago is put in the log and not sent.
    """
    heap.for_a_command()
    context = start()
    reports = []
    for path in files:
        with click.progressbar(length=path.stat().st_size, label=path.name, file=sys.stderr) as bar:
            read = import_archive if path.suffix == ".parquet" else import_file
            report = read(context, path, _mover(bar))
        reports.append(report)
        if not as_json:
            click.echo(sentence(report))
    alerts = judge(context)
    if as_json:
        print_json({"files": [report.as_dict() for report in reports], "alerts": alerts})
    elif alerts.get("events"):
        click.echo(f"alert rules: {alerts['events']} entries in the log")
    return 0


def _mover(bar: Any) -> Callable[[float], None]:
    def move(share: float) -> None:
        bar.update(max(0, int((bar.length or 0) * share) - bar.pos))

    return move


def sentence(report: ImportReport) -> str:
    """What was read, stored and skipped, for people."""
    skipped = ", ".join(f"{count} {kind}" for kind, count in report.skipped.items()) or "none"
    return (
        f"{report.file}: {report.rows} rows read, {report.stored} stored, {report.changed} changed,"
        f" {report.unchanged} unchanged; skipped: {skipped}"
    )
