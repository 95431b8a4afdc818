"""`backfill`: fills the gaps found in the store, as far as upstream and today's quota allow."""

import sys
from collections.abc import Callable
from datetime import datetime

import click

from aq import app
from aq.app import start
from aq.cli.common import advance, json_option, judge, known_feeds, print_json
from aq.domain.clock import parse_since, parse_until
from aq.domain.errors import InputError
from aq.ingest.backfill import FillReport


@click.command()
@click.option("--since", required=True, help="First day (KST) or instant with offset.")
@click.option("--until", required=True, help="Last day (KST), inclusive, or instant.")
@click.option("--feed", "asked", multiple=True, help="Only this feed; may be repeated.")
@json_option
def command(since: str, until: str, asked: tuple[str, ...], as_json: bool) -> int:
    """Fill the gaps between two days.

    Only what the store lacks is asked for, the newest hours first, within today's quota and with
    calls kept back for the live polls. Stopped at any point, it goes on where it was when run
    again. What upstream can no longer give is recorded with the reason.
    """
    after = _parsed_bound(parse_since, since, "since")
    end = _parsed_bound(parse_until, until, "until")
    if after >= end:
        raise InputError("--since must lie before --until", "since")
    context = start()
    if after >= context.clock.now():
        raise InputError("--since lies in the future", "since")
    names = known_feeds(asked, context.settings.live_feeds)
    if not names:
        raise InputError("no feed is live; set AQ_FEEDS__AIRKOREA__KEY or enable openmeteo")
    filler = app.filler(context)
    reports = []
    for name in names:
        with click.progressbar(length=1, label=name, file=sys.stderr) as bar:
            report = filler.run(
                name, context.clock.now(), after=after, until=end, progress=advance(bar)
            )
        reports.append(report)
        if not as_json:
            click.echo(sentence(report), err=not report.ok)
    ok = all(report.ok for report in reports)
    alerts = judge(context)
    if as_json:
        feeds = [report.as_dict() for report in reports]
        print_json({"ok": ok, "feeds": feeds, "alerts": alerts})
    return 0 if ok else 1


def _parsed_bound(read: Callable[[str], datetime], given: str, name: str) -> datetime:
    try:
        return read(given)
    except ValueError as error:
        raise InputError(f"--{name}: {error}", name) from None


def sentence(report: FillReport) -> str:
    """What was missing, what came, what waits and what is lost, for people."""
    gone = ", ".join(f"{count} {why}" for why, count in report.lost.items()) or "none"
    line = (
        f"{report.feed}: {report.gaps} province hours missing, {report.filled} filled,"
        f" {report.open} still to be had, lost: {gone}; {report.calls_made} calls made,"
        f" {report.calls_waiting} wait; {report.stored} rows stored, {report.changed} changed"
    )
    line += f" ({report.note})" if report.note else ""
    return f"{line}\n{report.feed}: failed: {report.error}" if report.error else line
