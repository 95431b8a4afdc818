"""`python -m bench [NAME…]`: run benches, print a table, write results.json."""

import sys
from collections.abc import Callable
from functools import partial

import click

from bench import export
from bench.report import Result, keep, table

# name -> function of the number of runs
BENCHES: dict[str, Callable[[int], list[Result]]] = {"export": export.run}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True)
def main(names: tuple[str, ...], runs: int) -> None:
    """Run the named benches, all without a name."""
    say = partial(print, file=sys.stderr, flush=True)
    results: list[Result] = []
    for name in names or tuple(BENCHES):
        say(f"bench {name} …")
        results += BENCHES[name](runs)
    keep(results)
    print(table(results))


if __name__ == "__main__":
    main()
