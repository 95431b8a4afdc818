"""`explain`: why a province has its grade, with the readings behind it."""

import click

from aq.cli.common import json_option, print_json
from aq.clock import parse_instant
from aq.current import current, find_standard
from aq.errors import InputError
from aq.evidence import evidence
from aq.regions import find_province
from aq.runtime import start
from aq.text import text_in


@click.command()
@click.option("--province", required=True, help="서울, KR-11 or Seoul.")
@click.option("--pollutant", required=True, help="pm10 pm25 o3 no2 so2 co, or overall.")
@click.option("--at", "at", help="Hour end, ISO with offset [the hour shown now].")
@click.option("--standard", help="Grade standard [setting display.standard].")
@json_option
def command(
    province: str, pollutant: str, at: str | None, standard: str | None, as_json: bool
) -> int:
    """Why a province has its grade: stations, window, breakpoint, formula, standard."""
    runtime = start()
    chosen = find_standard(runtime, standard)
    if at is not None:
        try:
            moment = parse_instant(at)
        except ValueError as error:
            raise InputError(str(error), "at") from None
    else:
        shown = current(runtime, runtime.clock.now(), standard=chosen.id)
        if shown.hour is None:
            raise InputError("nothing is shown now; give --at", "at")
        moment = shown.hour
    found = evidence(runtime, find_province(province), pollutant, moment, chosen)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(found.as_text(text_in(runtime.settings.lang)))
    return 0
