"""`retain`: old station hours into the archive, a month at a time, and the archive checked."""

import sys

import click

from aq.app import start
from aq.cli.common import advance, json_option, print_json
from aq.context import Context
from aq.domain.clock import kst_iso
from aq.ingest.retention import RetainReport, check, retain
from aq.settings import LEAST_MONTHS
from aq.store import runs


@click.command()
@click.option(
    "--older-than",
    "months",
    type=click.IntRange(LEAST_MONTHS),
    help="Months of station hours to keep [setting retention.station_months].",
)
@click.option("--check", "checking", is_flag=True, help="Only read the archive and compare it.")
@json_option
def command(months: int | None, checking: bool, as_json: bool) -> int:
    """Put months of station hours into the archive and drop them from the store.

    Each month is written to a Parquet file with a manifest, read back and compared before its rows
    go. Province hours, days and grades stay. Stopped at any point, it goes on where it was when run
    again; `aq import FILE` brings a month back.
    """
    context = start()
    if checking:
        return _report_checked(context, as_json)
    with click.progressbar(length=1, label="retain", file=sys.stderr) as bar:
        settings = context.settings
        report = retain(
            context.store,
            settings.archive_folder,
            months or settings.retention.station_months,
            context.clock.now(),
            progress=advance(bar),
        )
    runs.record(context.store, "retain", report.at, report.ok, report.as_dict())
    if as_json:
        print_json(report.as_dict())
    else:
        for line in lines(report):
            click.echo(line, err=not report.ok)
    return 0 if report.ok else 1


def lines(report: RetainReport) -> list[str]:
    """What was archived, for people."""
    lines = [
        f"{month['month']}: {month['rows']} rows ({month['replaced_rows']} replaced ones) in"
        f" {month['file']}, {month['bytes']:,} bytes"
        for month in report.months
    ]
    if report.error:
        return [*lines, f"failed: {report.error}"]
    return lines or [report.note or "nothing is old enough to be archived"]


def _report_checked(context: Context, as_json: bool) -> int:
    checked = check(context.store, whole=True)
    if as_json:
        print_json(
            {
                "folder": str(context.settings.archive_folder),
                "months": [
                    {
                        "month": month.month.name,
                        "file": month.month.file,
                        "rows": month.month.rows,
                        "replaced_rows": month.month.replaced,
                        "sha256": month.month.sha256,
                        "version": month.month.version,
                        "retained_at": kst_iso(month.month.retained_at),
                        "state": month.state,
                    }
                    for month in checked
                ],
            }
        )
    else:
        for month in checked:
            click.echo(f"{month.month.name} {month.state}: {month.path}")
        if not checked:
            click.echo("no month is archived")
    return 0 if all(month.state == "fine" for month in checked) else 1
