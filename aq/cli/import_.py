"""`import`: AirKorea's confirmed workbooks and CSV files into the store."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aq import memory as heap
from aq.app import start
from aq.cli.common import json_option, judge, print_json
from aq.ingest.confirmed_files import ImportReport, import_archive, import_file

SHOWN = 5  # issues printed of a file
CELL_KINDS = frozenset({"bad_value", "negative_value"})


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--check", is_flag=True, help="Read and report, store nothing.")
@click.option(
    "--partial",
    is_flag=True,
    help="Take what can be read of a file of which over one row in twenty cannot.",
)
@json_option
def command(files: tuple[Path, ...], check: bool, partial: bool, as_json: bool) -> int:
    """Read AirKorea's confirmed workbooks and CSV FILES (xlsx, xls, csv, zip of them), or archives
    of station hours that `retain` wrote (parquet).

    Each file is stored whole or not at all, so an import that was stopped is simply run again;
    rows that are there already are left alone. A file of which under 95 % of the rows can be taken
    is refused: nothing of it is stored and the command exits with 1. Alert rules judge the hours
    at the end: what they would have said long ago is put in the log and not sent.
    """
    heap.for_a_command()
    context = start()
    reports = []
    for path in files:
        with click.progressbar(length=path.stat().st_size, label=path.name, file=sys.stderr) as bar:
            if path.suffix == ".parquet":
                report = import_archive(context, path, _share_read(bar))
            else:
                report = import_file(context, path, _share_read(bar), partial=partial, check=check)
        reports.append(report)
        if not as_json:
            click.echo("\n".join(sentences(report)))
    alerts = {} if check else judge(context)
    if as_json:
        print_json({"files": [report.as_dict() for report in reports], "alerts": alerts})
    elif alerts.get("events"):
        click.echo(f"alert rules: {alerts['events']} entries in the log")
    return 1 if any(report.refused for report in reports) else 0


def _share_read(bar: Any) -> Callable[[float], None]:
    def move(share: float) -> None:
        bar.update(max(0, int((bar.length or 0) * share) - bar.pos))

    return move


def sentences(report: ImportReport) -> list[str]:
    """What was read, stored and left out of a file, every row accounted for, for people."""
    if report.refused:
        return [f"{report.file}: refused: {report.refused}"]
    told = _by_reason(report.left_out)
    if report.checked:
        taken = f"{report.readable} can be taken; nothing is stored, as asked"
    else:
        taken = (
            f"{report.stored} stored, {report.changed} changed, {report.unchanged} unchanged,"
            f" {report.left_out.total()} not taken"
        )
    lines = [f"{report.file}: {report.rows} rows read: {taken}{told}"]
    rest = report.skipped - report.left_out
    cells = Counter({kind: rest.pop(kind) for kind in CELL_KINDS & rest.keys()})
    if cells:
        lines.append(f"  cells without a value{_by_reason(cells)}; the rest of their rows counts")
    if report.flagged:
        lines.append(f"  rows with a value that is kept and does not count: {report.flagged}")
    if rest:
        lines.append(f"  also{_by_reason(rest)}")
    lines += [
        f"  {issue.kind} {issue.where}{': ' if issue.detail else ''}{issue.detail}"
        for issue in report.issues[:SHOWN]
    ]
    if report.skipped.total() > SHOWN:
        lines.append(f"  and {report.skipped.total() - SHOWN} more; --json names the first of them")
    return lines


def _by_reason(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{n} {kind}' for kind, n in counts.items())})" if counts else ""
