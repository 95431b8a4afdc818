"""`poll`: one pass over the feeds now, with a report of what was read and stored."""

from collections import Counter
from typing import Any

import click

from aq import app
from aq.app import start
from aq.cli.common import json_option, known_feeds, print_json
from aq.domain.errors import InputError
from aq.ingest.collect import RunReport
from aq.store import runs


@click.command()
@click.option("--feed", "asked", multiple=True, help="Only this feed; may be repeated.")
@json_option
def command(asked: tuple[str, ...], as_json: bool) -> int:
    """One pass over the feeds now.

    Without --feed all live feeds are polled, and the command fails when the most preferred of
    them failed; with --feed it fails when any feed asked for failed.
    """
    context = start()
    notices = context.settings.notice_feeds
    names = known_feeds(asked, (*context.settings.live_feeds, *notices))
    if not names:
        raise InputError("no feed is live; set AQ_FEEDS__AIRKOREA__KEY or enable openmeteo")
    collector, official = app.collector(context), app.notice_collector(context)
    reports = []
    for name in names:
        now = context.clock.now()
        if name in notices:
            report = official.poll(name, now, force=True)
        else:
            report = collector.poll(name, now, force=True)
        runs.record(context.store, f"manual:{name}", now, report.ok, report.as_dict())
        reports.append(report)
    ok = all(report.ok for report in (reports if asked else reports[:1]))
    if as_json:
        print_json(totals(reports, ok))
    else:
        for report in reports:
            click.echo(sentence(report), err=not report.ok)
    return 0 if ok else 1


def totals(reports: list[RunReport], ok: bool) -> dict[str, Any]:
    """The run report: sums over the feeds, then each feed's own."""
    errors: Counter[str] = Counter()
    for report in reports:
        errors += report.skipped
        if report.error is not None:
            errors[str(getattr(report.error, "reason", "store"))] += 1
    counted = ("rows", "stored", "changed", "unchanged", "flagged")
    sums = {name: sum(getattr(report, name) for report in reports) for name in counted}
    feeds = [report.as_dict() for report in reports]
    return {"ok": ok, **sums, "errors": dict(errors), "feeds": feeds}


def sentence(report: RunReport) -> str:
    """A line for people."""
    if report.error is not None and not (report.failed and report.rows):
        return f"{report.feed}: failed: {report.error}"
    failed = "".join(f"; {name} failed: {reason}" for name, reason in report.failed.items())
    hour = report.as_dict()["newest_hour"] or report.note or "no hour"
    skipped = ", ".join(f"{count} {kind}" for kind, count in report.skipped.items()) or "none"
    return (
        f"{report.feed}: {hour}; {report.rows} rows read, {report.stored} stored,"
        f" {report.changed} changed, {report.unchanged} unchanged, {report.flagged} flagged;"
        f" skipped: {skipped}{failed}"
    )
