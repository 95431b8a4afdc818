"""`rules`: alert rules listed, loaded, checked, tried on the past, restored; channels tried."""

import getpass
import sys
from pathlib import Path
from typing import Any

import click

from aq.alerts import parse_rule
from aq.alerts import rules as alerting
from aq.alerts.backtest import backtest
from aq.alerts.channels import outlets
from aq.alerts.delivery import try_channel
from aq.alerts.matching import WITHIN_HOURS
from aq.alerts.points import reader_of
from aq.alerts.rules import known_to, ship_rules
from aq.alerts.verification import against_official
from aq.alerts.webhook import DeliveryError
from aq.app import start
from aq.cli.common import json_option, print_json
from aq.context import Context
from aq.domain.clock import parse_since, parse_until
from aq.domain.errors import InputError
from aq.logs import redact
from aq.paths import config_dir


def _who() -> str:
    try:
        return f"{getpass.getuser()} (command)"
    except (OSError, KeyError):
        return "command"


def _started() -> Context:
    context = start()
    ship_rules(context.store, config_dir(), known_to(context))
    return context


def _bodies(file: str) -> list[dict[str, object]]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}", "file") from None
    return alerting.from_toml(text, file)


@click.group()
def command() -> None:
    """Alert rules."""


@command.command("list")
@json_option
def list_rules(as_json: bool) -> int:
    """All rules, with their revision."""
    found = alerting.rules(_started().store)
    if as_json:
        print_json({"rules": [{**one.rule.as_body(), "revision": one.revision} for one in found]})
        return 0
    for one in found:
        mark = " " if one.rule.enabled else "off"
        name = f"{one.rule.id:24} {mark:4} r{one.revision:<3} {one.rule.severity:10}"
        click.echo(f"{name} {one.rule.name}")
    return 0


@command.command()
@click.argument("file")
def check(file: str) -> int:
    """Check the rules of a TOML file; nothing is written."""
    context = start()
    bodies = _bodies(file)
    for body in bodies:
        parse_rule(body, known_to(context), file)
    click.echo(f"{file}: {len(bodies)} rules, all right")
    return 0


@command.command()
@click.argument("file")
@click.option("--replace", is_flag=True, help="Remove the rules that are not in the file.")
def load(file: str, replace: bool) -> int:
    """Write the rules of a TOML file (- reads standard input): all of them or none."""
    context = _started()
    changed = alerting.load_rules(
        context.store, _bodies(file), known_to(context), _who(), replace=replace
    )
    click.echo(f"changed: {', '.join(changed) or 'none'}")
    return 0


@command.command()
def dump() -> int:
    """All rules as TOML that `load` reads back unchanged."""
    click.echo(alerting.to_toml(one.rule for one in alerting.rules(_started().store)), nl=False)
    return 0


@command.command()
@click.argument("rule")
@click.option("--revision", type=int, required=True, help="The revision to go back to.")
def restore(rule: str, revision: int) -> int:
    """Make a rule say again what it said at an earlier revision."""
    context = _started()
    alerting.restore_rule(context.store, rule, revision, known_to(context), _who())
    click.echo(f"{rule} is as it was at revision {revision}")
    return 0


@command.command("backtest")
@click.argument("rule")
@click.option("--since", required=True, help="KST day or ISO instant.")
@click.option("--until", required=True, help="KST day (inclusive) or ISO instant.")
@click.option("--against", type=click.Choice(["official"]), help="Hold it against advisories.")
@click.option("--within", type=int, help="Hours around an advisory in which it counts as met.")
@json_option
def try_rule(
    rule: str, since: str, until: str, against: str | None, within: int | None, as_json: bool
) -> int:
    """What a rule would have done in a stored period, or beside what authorities did in it."""
    context = _started()
    try:
        first, last = parse_since(since), parse_until(until)
    except ValueError as error:
        raise InputError(str(error), "since") from None
    if last <= first:
        raise InputError("--until must come after --since", "until")
    saved = alerting.rule(context.store, rule).rule
    if against is not None:
        asked = WITHIN_HOURS if within is None else within
        beside = against_official(context.store, reader_of(context), saved, first, last, asked)
        return _say_beside(saved.name, beside.as_dict(), as_json)
    if within is not None:
        raise InputError("--within belongs to --against", "within")
    found = backtest(context.store, reader_of(context), saved, first, last).as_dict()
    if as_json:
        print_json(found)
        return 0
    click.echo(
        f"{saved.name}: would have fired {found['fired']} times, {found['night']} at night,"
        f" longest {found['longest_hours']} h; escalated {found['escalated']},"
        f" cleared {found['cleared']}, unknown {found['unknown']},"
        f" back within six hours of its end {found['flapped']}"
    )
    for one in found["places"]:
        if one["fired"]:
            click.echo(f"  {one['province'] or one['place']}: {one['fired']}")
    return 0


def _say_beside(name: str, found: dict[str, Any], as_json: bool) -> int:
    if as_json:
        print_json(found)
        return 0
    leads = found["lead_hours"]
    early = f", {leads['median']:g} h before it in the median" if leads else ""
    click.echo(
        f"{name} beside {found['label']} within {found['within_hours']} h:"
        f" {found['official']} issued, {found['met']} met{early}, {found['missed']} missed;"
        f" fired {found['alerts']} times, {found['added']} without one"
    )
    for one in found["places"]:
        if one["official"] or one["alerts"]:
            numbers = f"{one['official']} issued, {one['met']} met, {one['missed']} missed"
            click.echo(f"  {one['province']}: {numbers}, {one['added']} added")
    for sentence in found["why"]:
        click.echo(f"  {sentence}")
    return 0


@command.command("test-channel")
@click.argument("name")
@json_option
def test_channel(name: str, as_json: bool) -> int:
    """Send a message marked as a test to a channel of config/alerts.toml now."""
    context = start()
    error = number = None
    try:
        number = try_channel(outlets(), name, context.clock.now())
    except DeliveryError as failure:
        error = redact(str(failure))
    if as_json:
        print_json({"channel": name, "sent": error is None, "id": number, "error": error})
    elif error is None:
        click.echo(f"{name}: test message {number} was taken")
    else:
        advice = "see [channels] in config/alerts.toml and the variables it names"
        click.echo(f"{name}: not sent: {error}; {advice}", err=True)
    return 0 if error is None else 1
