"""`doctor`: checks the set-up from the configuration to the newest hour and says what to do."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from aq.cli.common import json_option, print_json
from aq.cli.finding import FAIL, OK, Finding
from aq.domain.errors import AqError, InputError
from aq.domain.report import plain


@click.command()
@click.option("--ask", "operation", help="Instead: call one operation of AirKorea once.")
@click.option("--with", "pairs", multiple=True, help="A parameter of it, NAME=VALUE.")
@json_option
def command(operation: str | None, pairs: tuple[str, ...], as_json: bool) -> int:
    """Check configuration, store, feeds, quota, clock and disk; say what to do.

    Nothing is changed: a store that is not there is not made, an old one stays as it is. With
    --ask one call is made with your key and counted; what came is held against the contract in
    config/contracts and kept in var/recordings without the key.
    """
    if operation is not None:
        return _ask(operation, pairs, as_json)
    findings = list(examine())
    if as_json:
        print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            advice = f"\n       -> {finding.do}" if finding.do else ""
            click.echo(f"{finding.state:5} {finding.check}: {finding.found}{advice}")
    return 1 if any(finding.state == FAIL for finding in findings) else 0


def _ask(operation: str, pairs: tuple[str, ...], as_json: bool) -> int:
    from aq.cli.ask_operation import run, told
    from aq.settings import load

    given = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise InputError(f"NAME=VALUE, not {pair!r}", "--with")
        given[name] = value
    asked = run(load(), operation, given)
    if as_json:
        print_json(plain(asked))
    else:
        click.echo("\n".join(told(asked)))
    return 0


def examine() -> Iterator[Finding]:
    """All checks; none goes on where the configuration cannot be read."""
    try:
        # The pollutant table is read by what is imported here, and may be what is wrong.
        from aq.app import read_configuration
        from aq.cli.checks import checks
        from aq.settings import load

        settings = load()
        read_configuration(settings)
        yield Finding("configuration", OK, "read")
        yield from checks(settings)
    except AqError as error:
        do = "mend what is named; config/aq.toml holds every setting with its default"
        yield Finding("configuration", FAIL, str(error), do)
