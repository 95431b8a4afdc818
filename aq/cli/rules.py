"""`rules`: alert rules listed, loaded, checked, tried on the past, restored; channels tried."""

import getpass
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from aq.alerts import Rule
from aq.alerts import rules as alerting
from aq.alerts.backtest import backtest
from aq.alerts.channels import outlets
from aq.alerts.delivery import try_channel
from aq.alerts.points import reader_of
from aq.alerts.rule_file import read_rules, to_toml
from aq.alerts.rules import known_to, reached, rules_folder, ship_rules, tell_nobody
from aq.alerts.verification import WITHIN_HOURS, against_official
from aq.alerts.webhook import DeliveryError
from aq.app import start
from aq.cli.common import json_option, print_json
from aq.context import Context
from aq.domain.clock import parse_since, parse_until
from aq.domain.errors import InputError
from aq.logs import redact

TELL = "give them channels (channels = [...]), or make a rule with aq rules new"


def _who() -> str:
    try:
        return f"{getpass.getuser()} (command)"
    except (OSError, KeyError):
        return "command"


def _started() -> Context:
    context = start()
    ship_rules(context.store, rules_folder(), known_to(context))
    return context


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}", "file") from None


@click.group()
def command() -> None:
    """Alert rules."""


@command.command("list")
@json_option
def list_rules(as_json: bool) -> int:
    """All rules, with their revision, and whom each tells."""
    found, channels = alerting.rules(_started().store), outlets().channels
    if as_json:
        print_json(
            {
                "rules": [
                    {
                        **one.rule.as_body(),
                        "revision": one.revision,
                        "tells": list(reached(one.rule, channels)),
                    }
                    for one in found
                ]
            }
        )
        return 0
    for one in found:
        mark = " " if one.rule.enabled else "off"
        name = f"{one.rule.id:24} {mark:4} r{one.revision:<3} {one.rule.severity:10}"
        whom = ", ".join(reached(one.rule, channels))
        click.echo(f"{name} {one.rule.name}: {f'tells {whom}' if whom else 'TELLS NOBODY'}")
    silent = tell_nobody([one.rule for one in found], channels)
    if silent:
        click.echo(f"{len(silent)} rules that are on tell nobody: {TELL}")
    return 0


@command.command()
@click.argument("file")
def check(file: str) -> int:
    """Check the rules of a TOML file and name every wrong line; nothing is written."""
    found = read_rules(_text(file), file, known_to(start()))
    click.echo(f"{file}: {len(found)} rules, all right")
    for rule in tell_nobody(found, outlets().channels):
        click.echo(f"{file}: rule {rule.id!r} would tell nobody: {TELL}")
    return 0


@command.command()
@click.argument("file")
@click.option("--replace", is_flag=True, help="Remove the rules that are not in the file.")
def load(file: str, replace: bool) -> int:
    """Write the rules of a TOML file (- reads standard input): all of them or none."""
    context = _started()
    made = read_rules(_text(file), file, known_to(context))
    changed = alerting.load_rules(
        context.store, [rule.as_body() for rule in made], known_to(context), _who(), replace=replace
    )
    click.echo(f"changed: {', '.join(changed) or 'none'}")
    return 0


@command.command()
def dump() -> int:
    """All rules as TOML that `load` reads back unchanged."""
    click.echo(to_toml(rule.rule for rule in alerting.rules(_started().store)), nl=False)
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
@click.option("--since", help="KST day or ISO instant; without it a year back.")
@click.option("--until", help="KST day (inclusive) or ISO instant; without it now.")
@click.option("--against", type=click.Choice(["official"]), help="Hold it against advisories.")
@click.option("--within", type=int, help="Hours around an advisory in which it counts as met.")
@json_option
def try_rule(
    rule: str, since: str | None, until: str | None, against: str | None, within: int | None,
    as_json: bool,
) -> int:  # fmt: skip
    """What a saved rule, or the rules of a TOML FILE (- reads standard input), would have done in a
    stored period, or beside what authorities did in it."""
    context = _started()
    first, last = _period(since, until, context.clock.now())
    if within is not None and against is None:
        raise InputError("--within belongs to --against", "within")
    from_file = rule == "-" or rule.endswith(".toml") or Path(rule).is_file()
    asked = (
        read_rules(_text(rule), rule, known_to(context))
        if from_file
        else [alerting.rule(context.store, rule).rule]
    )
    if against is not None:
        hours = WITHIN_HOURS if within is None else within
        reader = reader_of(context)
        answers = [
            against_official(context.store, reader, one, first, last, hours).as_dict()
            for one in asked
        ]
    else:
        answers = [_tried(context, one, first, last) for one in asked]
    if as_json:
        print_json({"rules": answers} if from_file else answers[0])
        return 0
    for one, answer in zip(asked, answers, strict=True):
        say = _say_beside if against is not None else say_trial
        say(one.name, answer)
    return 0


def _period(since: str | None, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    try:
        last = parse_until(until) if until else now
        first = parse_since(since) if since else last - timedelta(days=365)
    except ValueError as error:
        raise InputError(str(error), "since") from None
    if last <= first:
        raise InputError("--until must come after --since", "until")
    return first, last


def _tried(context: Context, rule: Rule, first: datetime, last: datetime) -> dict[str, Any]:
    found = backtest(context.store, reader_of(context), rule, first, last).as_dict()
    whom = reached(rule, outlets().channels)
    return {**found, "receivers": list(whom), "tells_nobody": not whom}


def say_trial(name: str, found: dict[str, Any]) -> None:
    """A back-test in words: how often, how long, where, and whom it would have told."""
    whom = ", ".join(found["receivers"])
    course = (
        f", longest {found['longest_hours']} h; escalated {found['escalated']},"
        f" cleared {found['cleared']}, unknown {found['unknown']},"
        f" back within six hours of its end {found['flapped']}"
    )
    click.echo(
        f"{name}: would have fired {found['fired']} times, {found['night']} at night"
        f"{', each told once' if found['one_shot'] else course};"
        f" {f'would have told {whom}' if whom else 'would have told nobody'}"
    )
    for one in found["places"]:
        if one["fired"]:
            click.echo(f"  {one['province'] or one['place']}: {one['fired']}")


def _say_beside(name: str, found: dict[str, Any]) -> None:
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


@command.command("new")
@click.option("-o", "--output", help="The TOML file to write; without it RULE.toml.")
def new_rule(output: str | None) -> int:
    """Ask for place, pollutant, level, quiet hours and channel; try the rule on the past year, send
    a test, write the rule and switch it on."""
    from aq.cli.rules_new import ask

    return ask(_started(), _who(), output)
