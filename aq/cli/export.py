"""`export`: values and grades of any range as CSV, Parquet, XLSX, JSON or JSON lines."""

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from aq import memory as heap
from aq.app import start
from aq.cli.common import json_option, print_json
from aq.export.columns import KINDS
from aq.export.command import Done, export, export_zip, verify
from aq.export.package import check_packaged
from aq.export.pipeline import Progress
from aq.export.query import FORMATS, GRAINS, LEVELS, of_grains

_LISTS = ("province", "pollutant", "standard")
_PATH = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--since", help="First KST day, or an instant with offset (exclusive).")
@click.option("--until", help="Last KST day, or an instant with offset (inclusive).")
@click.option("--last", help="Instead of both: so many days up to today or hours, 90d, 48h.")
@click.option("--kind", type=click.Choice(KINDS), help="[readings]")
@click.option("--province", multiple=True, help="Name or code; repeatable [all].")
@click.option("--pollutant", multiple=True, help="Key or name: pm25, PM2.5; repeatable.")
@click.option(
    "--grain",
    multiple=True,
    type=click.Choice(GRAINS),
    help="[hour]; of several each has its own file, FILE-day.csv.",
)
@click.option(
    "--standard",
    multiple=True,
    help="Grade standard; of several each has its own columns [setting display.standard, of its"
    " family the one in force then].",
)
@click.option("--level", type=click.Choice(LEVELS), help="[province]")
@click.option("--feed", help="One feed alone [each hour from the most preferred that has it].")
@click.option("--as-of", help="What was known by this day or instant [now].")
@click.option("--format", type=click.Choice(FORMATS), help="[csv]")
@click.option("--columns", help="Columns to write, in this order, separated by commas [all].")
@click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel.")
@click.option(
    "--zip",
    "zipped",
    is_flag=True,
    help="One zip of all grains, with manifests and datapackage.json; csv or parquet.",
)
@click.option("-o", "--output", help="FILE, or - for standard output.")
@click.option("--manifest", type=_PATH, help="Where the manifest goes [FILE.manifest.json].")
@click.option("--verify", "verified", type=_PATH, metavar="FILE", help="Ask again and compare.")
@json_option
def command(
    output: str | None,
    manifest: Path | None,
    verified: Path | None,
    zipped: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Write the rows of a question to a file, with a manifest beside it that tells what they are.

    One row per place, pollutant and hour, day or month; of kind forecast one per notice and
    province, of kind advisory one per advisory. With --verify FILE the question of FILE's
    manifest is asked again of the store as it stood: exit 0 when the bytes are the same.
    """
    heap.for_a_command()
    grains = tuple(dict.fromkeys(given.pop("grain")))
    asked = _texts(given)
    if verified is not None:
        if asked or output or grains or zipped:
            raise click.UsageError("--verify FILE takes its question from the manifest")
        return _verify(verified, manifest, as_json)
    if not output:
        raise click.UsageError("-o FILE is needed, or -o - for standard output")
    if as_json and output == "-":
        raise click.UsageError("--json needs -o FILE: standard output holds the data")
    if zipped and manifest:
        raise click.UsageError("--zip has the manifests inside; leave --manifest out")
    if len(grains) > 1 and not zipped and (output == "-" or manifest):
        raise click.UsageError("several --grain need -o FILE, and have a manifest beside each file")
    context = start(reader=True)
    with closing(context.store):
        # All are checked before the first is written, and are of one version of the store.
        questions = of_grains(context, asked, grains)
        if zipped:
            check_packaged(questions)
            target = None if output == "-" else Path(output)
            with _stoppable(), _bar() as progress:
                written = export_zip(context, questions, target, sys.stdout.buffer, progress)
        else:
            written = []
            for target, question in zip(_targets(output, grains), questions, strict=True):
                with _stoppable(), _bar() as progress:
                    written.append(
                        export(context, question, target, manifest, sys.stdout.buffer, progress)
                    )
    if as_json:
        reports = [done.as_dict() for done in written]
        print_json(reports[0] if len(reports) == 1 else {"files": reports})
    else:
        click.echo("\n".join(_written_sentence(done) for done in written), err=True)
    return 0


def _targets(output: str, grains: tuple[str, ...]) -> list[Path | None]:
    """Where each grain is written; None for standard output."""
    if output == "-":
        return [None]
    path = Path(output)
    if len(grains) < 2:
        return [path]
    return [path.with_name(f"{path.stem}-{grain}{path.suffix}") for grain in grains]


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """Options as the route's parameters; those not given are absent."""
    texts: dict[str, str] = {}
    for name, value in given.items():
        if name in _LISTS and value:
            texts[name] = ",".join(value)
        elif name == "bom" and value:
            texts[name] = "true"
        elif isinstance(value, str):
            texts[name] = value
    return texts


def _verify(file: Path, manifest: Path | None, as_json: bool) -> int:
    context = start(reader=True)
    with closing(context.store), _stoppable(), _bar() as progress:
        verdict = verify(context, file, manifest, progress)
    if as_json:
        print_json(
            {
                "file": str(file),
                "same": verdict.same,
                "what": verdict.what,
                "rules": verdict.rules,
            }
        )
    click.echo(verdict.text, err=as_json or not verdict.same)
    if verdict.what == "grades_changed":
        return GRADES_CHANGED
    return 0 if verdict.same else 1


# A file whose values stand, and whose grades corrected rules give otherwise.
GRADES_CHANGED = 3


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1000, file=sys.stderr, hidden=hidden) as bar:
        yield lambda share: bar.update(max(0, int(1000 * share) - bar.pos))


@contextmanager
def _stoppable() -> Iterator[None]:
    """End on SIGTERM as on Ctrl-C, so that what was begun is cleared away."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _written_sentence(done: Done) -> str:
    """What was written, for people."""
    words = done.content
    where = f" to {done.file}" if done.file else ""
    if not words["rows"]:
        return (
            f"0 rows{where}: the store has nothing of this range, these places and feeds."
            " `import` reads confirmed files, `poll` asks the live feeds"
        )
    return (
        f"{words['rows']} rows{where}, {words['min_time']} to {words['max_time']},"
        f" store version {words['as_of']['version']}"
    )
