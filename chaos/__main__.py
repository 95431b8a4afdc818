"""The table on the terminal: `python -m chaos [--quick] [--only PART]…`."""

import shutil
import sys
import tempfile
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import click

from chaos import QUICK, Line, Scale, read_parts

HEADS = ("tried", "survived", "hours lost", "counted twice")
WIDTH = 44


def _row(first: str, cells: Sequence[object]) -> str:
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in first)
    return first.ljust(WIDTH - wide) + "".join(f"{cell!s:>14}" for cell in cells)


def _show(line: Line) -> None:
    numbers = [f"{number:,}" for number in (line.tried, line.survived, line.lost, line.twice)]
    note = f"   {line.note}" if line.note else ""
    click.echo(_row(line.what, numbers) + note)


@click.command()
@click.option("--quick", is_flag=True, help="A twentieth of it, in a few minutes.")
@click.option("--only", multiple=True, help="A part by its name; may be given more than once.")
@click.option("--kills", type=click.IntRange(0), help="Of each action on the embedded store.")
@click.option("--payloads", type=click.IntRange(0), help="Spoiled answers of each feed.")
@click.option("--files", type=click.IntRange(0), help="Spoiled files.")
@click.option("--days", type=click.IntRange(1), help="Simulated days of many instances.")
@click.option("--seed", type=int, help="Of the storm, to have the same one again.")
def main(quick: bool, only: Sequence[str], **counts: int | None) -> None:
    """Kill, fault and fuzz the product and count what was lost (0) or counted twice (0)."""
    parts = read_parts()
    unknown = set(only) - set(parts)
    if unknown:
        raise click.BadParameter(f"no part {', '.join(unknown)}; there are {', '.join(parts)}")
    given = {name: count for name, count in counts.items() if count is not None}
    assert set(given) <= {field.name for field in fields(Scale)}
    scale = replace(QUICK if quick else Scale(), **given)
    bad, began, total = 0, time.monotonic(), Line(what="all", tried=0, survived=0)
    click.echo(_row("", HEADS))
    for name, run in parts.items():
        if only and name not in only:
            continue
        folder = Path(tempfile.mkdtemp(prefix="aq-chaos-"))
        try:
            for line in run(scale, folder):
                _show(line)
                bad += not line.ok
                total = replace(
                    total,
                    tried=total.tried + line.tried,
                    survived=total.survived + line.survived,
                    lost=total.lost + line.lost,
                    twice=total.twice + line.twice,
                )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    _show(replace(total, note=f"in {(time.monotonic() - began) / 60:.0f} min"))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
