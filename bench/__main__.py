"""`python -m bench [NAME…]`: run benches, print a table, write results.json.

A whole run also puts its table into docs/performance.md.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from bench import (
    browser,
    commands,
    data,
    export,
    flood,
    memory,
    pages,
    public,
    published,
    publishing,
    routes,
    standby,
    stored,
    wire,
    workbooks,
)
from bench.data import Stores
from bench.report import Case, below, document, faster, keep, table


def _exports(_stores: Stores) -> list[Case]:
    cases = []
    for one in export.run(1):
        plain, plain_mb = one.plain_seconds or 0.0, one.plain_peak_mb or 0.0
        goals = [faster("pandas", plain, one.seconds, 3)]
        if "csv" in one.case:
            goals.append(below("MB", one.peak_mb, 250))
        cases.append(
            Case(
                bench=one.bench,
                case=one.case,
                runs=one.runs,
                ours=one.seconds,
                ours_mb=one.peak_mb,
                plain=plain,
                plain_mb=plain_mb,
                goals=tuple(goals),
            )
        )
    return cases


BENCHES: dict[str, Callable[[Stores], list[Case]]] = {
    "store": stored.run,
    "wire": wire.run,
    "command": commands.run,
    "import": workbooks.run,
    "route": routes.run,
    "flood": flood.run,
    "page": pages.run,
    "publish": publishing.run,
    "standby": standby.run,
    "browser": browser.run,
    "memory": memory.run,
    "export": _exports,
    "published": published.run,
    "public": public.run,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option(
    "--data",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the stores built here, or use those that are there [a temporary folder].",
)
def main(names: tuple[str, ...], folder: Path | None) -> None:
    """Run the named benches, all without a name."""
    say = partial(print, file=sys.stderr, flush=True)
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as temporary:
        where = folder or Path(temporary)
        where.mkdir(parents=True, exist_ok=True)
        say("building stores …")
        stores = data.build(where)
        for name in names or tuple(BENCHES):
            say(f"bench {name} …")
            cases += BENCHES[name](stores)
            keep(cases)
    if not names:
        document(cases)
    print(table(cases))


if __name__ == "__main__":
    main()
