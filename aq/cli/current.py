"""`current`: what the live table shows, as a table or as JSON."""

import click

from aq.app import start
from aq.cli.common import json_option, print_json
from aq.domain.clock import kst_iso
from aq.queries.current import Snapshot, current


@click.command()
@click.option("--standard", help="Grade standard [setting display.standard].")
@click.option("--pollutant", "wanted", multiple=True, help="pm10 pm25 o3 no2 so2 co; repeatable.")
@json_option
def command(standard: str | None, wanted: tuple[str, ...], as_json: bool) -> int:
    """What the live table shows: 17 provinces, each with a value or a reason."""
    context = start()
    snapshot = current(context, context.clock.now(), standard=standard, wanted=wanted or None)
    if as_json:
        print_json(snapshot.as_dict())
    else:
        click.echo(table(snapshot))
    return 0


def table(snapshot: Snapshot) -> str:
    """The items as lines for people."""
    head = kst_iso(snapshot.hour) if snapshot.hour else "no current hour"
    lines = [f"{head}  {snapshot.feed or 'no feed'}  standard {snapshot.standard}"]
    if not snapshot.in_force:
        lines.append("this standard is not in force now")
    if snapshot.simulated:
        lines.append("SIMULATED")
    for item in snapshot.items:
        number = item.index if item.value is None else item.value
        shown = "–" if number is None else number
        why = f"{item.missing_reason} {item.missing_detail or ''}" if item.missing_reason else ""
        late = "late" if item.stale and not why else ""
        lines.append(
            f"{item.province}  {item.pollutant:7} {shown!s:>7} {item.unit or '':5}"
            f" {item.letter or '–'} {item.label or ''}  {why}{late}".rstrip()
        )
    return "\n".join(lines)
