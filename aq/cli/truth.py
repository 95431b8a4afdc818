"""`truth`: recorded months of AirKorea through our own line, against its own grades and indices."""

import sys
from pathlib import Path

import click

from aq.cli.common import json_option, print_json
from aq.domain.errors import ConfigError
from aq.paths import SHIPPED, own_config
from aq.queries.sure import SureHours
from aq.queries.truth import Line, Truth, truth
from aq.standards_file import load_standards

STANDARD, HOURLY = "airkorea", "airkorea_1h"


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def command(folder: Path, as_json: bool) -> int:
    """Replay the recorded months of FOLDER and count how many of AirKorea's own grades and indices
    are ours; what differs is counted by cause, with examples.

    FOLDER holds Parquet files of recorded real-time answers (docs/grading.md says their form).
    Nothing is stored.
    """
    standards = load_standards(SHIPPED / "standards", own_config() / "standards")
    if STANDARD not in standards:
        raise ConfigError(f"holds no standard {STANDARD!r}", str(SHIPPED / "standards"))
    with click.progressbar(length=1000, label="replay", file=sys.stderr) as bar:
        found = truth(
            folder,
            standards[STANDARD],
            lambda share: bar.update(int(1000 * share) - bar.pos),
            hourly=standards.get(HOURLY),
        )
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo("\n".join(_lines(found)))
    return 0


def _lines(found: Truth) -> list[str]:
    """The comparison as a person reads it."""
    head = f"{found.hours:,} station hours of {found.stations} stations ({', '.join(found.files)})"
    lines = [head]
    if found.not_compared:
        lines.append(
            f"{found.not_compared:,} of them have a window that was not recorded whole: their 24 h"
            " grades and indices are not compared"
        )
    for text, count in found.unreadable.most_common():
        lines.append(f"not readable, taken as missing: {text} ({count:,} times)")
    for line in found.lines.values():
        lines += ["", _line(line)]
        for cause, hours in line.causes.most_common():
            lines.append(f"    {hours:>9,}  {cause}")
            lines += [f"               {example}" for example in line.examples.get(cause, ())]
    return lines + _sure_lines(found.sure)


def _sure_lines(every: list[SureHours]) -> list[str]:
    """How many grades held when a fifth of the stations was taken away."""
    if not every:
        return []
    sure, kept = sum(line.sure for line in every), sum(line.sure_kept for line in every)
    return [
        "",
        f"grades of province hours called sure, a fifth of the stations away: {kept:,} of {sure:,}"
        f" keep their grade ({100 * kept / max(1, sure):.2f} %)",
        *(
            f"    {line.pollutant}: sure {line.sure_kept:,} of {line.sure:,}"
            f" ({100 * line.share:.2f} %), not sure {line.unsure_kept:,} of {line.unsure:,}"
            f" ({line.one_station:,} hang on one station)"
            for line in every
        ),
    ]


def _line(line: Line) -> str:
    hidden = f", of which {line.hidden:,} for a digit that is not shown" if line.hidden else ""
    equal = line.equal + line.hidden
    return f"{line.what}: {100 * line.share:.3f} %, {equal:,} of {line.compared:,} equal{hidden}"
