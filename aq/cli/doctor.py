"""`doctor`: checks the set-up from the configuration to the newest hour and says what to do."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from aq.cli.checks import FAIL, OK, Finding
from aq.cli.common import json_option, print_json
from aq.domain.errors import AqError


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Check configuration, store, feeds, quota, clock and disk; say what to do.

    Nothing is changed: a store that is not there is not made, an old one stays as it is.
    """
    findings = list(examine())
    if as_json:
        print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            advice = f"\n       -> {finding.do}" if finding.do else ""
            click.echo(f"{finding.state:5} {finding.check}: {finding.found}{advice}")
    return 1 if any(finding.state == FAIL for finding in findings) else 0


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
