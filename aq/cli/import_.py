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
from aq.ingest.station_lists import ListReport, import_list

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
@click.option("--year", type=click.IntRange(1990, 2999), help="Year of a list without one.")
@click.option("--network", help="Network of all stations of a list without one, as 도시대기.")
@json_option
def command(
    files: tuple[Path, ...],
    check: bool,
    partial: bool,
    year: int | None,
    network: str | None,
    as_json: bool,
) -> int:
    """Read AirKorea's confirmed workbooks and CSV FILES (xlsx, xls, csv, zip of them), lists of
    stations by year (AirKorea's, NIER's), or archives of station hours that `retain` wrote
    (parquet).

    A file is read whole before any of it is stored, table by table; an import that was stopped goes
    on when it is run again;
    rows that are there already are left alone. A file of which under 95 % of the rows can be taken
    is refused: nothing of it is stored and the command exits with 1. Alert rules judge the hours
    at the end: what they would have said long ago is put in the log and not sent.
    """
    heap.for_a_command()
    context = start()
    reports = []
    for path in files:
        with click.progressbar(length=path.stat().st_size, label=path.name, file=sys.stderr) as bar:
            report: ImportReport | ListReport | None
            if path.suffix == ".parquet":
                report = import_archive(context, path, _share_read(bar))
            else:
                report = import_list(context, path, year=year, network=network, check=check)
            if report is None:
                report = import_file(context, path, _share_read(bar), partial=partial, check=check)
        reports.append(report)
        if not as_json:
            if isinstance(report, ListReport):
                click.echo("\n".join(list_sentences(report)))
            else:
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
    if report.unknown:
        lines.append(_unknown(report))
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


def _unknown(report: ImportReport) -> str:
    """That rows count for no province mean because nothing tells their stations' network."""
    names = ", ".join(
        f"{station.name} {station.code or ''}".rstrip() for station in report.unknown[:SHOWN]
    )
    more = f" and {len(report.unknown) - SHOWN} more" if len(report.unknown) > SHOWN else ""
    return (
        f"  network unknown: {sum(station.rows for station in report.unknown)} rows of"
        f" {len(report.unknown)} stations count for no province mean ({names}{more}); import a list"
        " of stations that names them, or a file with their 망"
    )


def list_sentences(report: ListReport) -> list[str]:
    """What was read of a list of stations, for people."""
    content = report.content
    years = "–".join(str(year) for year in sorted({report.years[0], report.years[-1]}))
    left = f", {content.left_out.total()} left out{_by_reason(content.left_out)}"
    done = "nothing is stored, as asked" if report.checked else f"{report.kept} new or changed"
    lines = [
        f"{report.file}: a list of stations of {years}: {content.rows} rows read,"
        f" {len(content.stations)} name a network; {done}{left if content.left_out else ''}"
    ]
    if report.unmatched:
        lines.append(f"  {report.unmatched} rows without a code name no station of this store")
    return [*lines, *(f"  {remark}" for remark in content.remarks)]


def _by_reason(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{n} {kind}' for kind, n in counts.items())})" if counts else ""
