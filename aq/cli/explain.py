"""`explain`: why a province has its grade, with the readings behind it."""

import click

from aq.app import start
from aq.cli.common import json_option, print_json
from aq.context import find_standard
from aq.domain.clock import parse_instant
from aq.domain.errors import InputError
from aq.domain.grading import in_force
from aq.domain.provinces import find_province
from aq.i18n import text_in
from aq.queries.current import current
from aq.queries.evidence import evidence
from aq.web.wording.explanation import evidence_text


@click.command()
@click.option("--province", required=True, help="서울, KR-11 or Seoul.")
@click.option("--pollutant", required=True, help="pm10 pm25 o3 no2 so2 co, or overall.")
@click.option("--at", "at", help="Hour end, ISO with offset [the hour shown now].")
@click.option(
    "--standard",
    help="Grade standard [setting display.standard, of its family the one in force then].",
)
@json_option
def command(
    province: str, pollutant: str, at: str | None, standard: str | None, as_json: bool
) -> int:
    """Why a province has its grade: stations, window, breakpoint, formula, standard."""
    context = start()
    chosen = find_standard(context, standard)
    if at is not None:
        try:
            moment = parse_instant(at)
        except ValueError as error:
            raise InputError(str(error), "at") from None
    else:
        shown = current(context, context.clock.now(), standard=chosen.id)
        if shown.hour is None:
            raise InputError("nothing is shown now; give --at", "at")
        moment = shown.hour
    if standard is None:
        chosen = in_force(context.standards, chosen.family, moment) or chosen
    answer = evidence(context, find_province(province), pollutant, moment, chosen)
    if as_json:
        print_json(answer.as_dict())
    else:
        click.echo(evidence_text(answer, text_in(context.settings.lang)))
    return 0
