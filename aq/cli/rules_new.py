"""`rules new`: a rule by questions, tried on the past, its channel tried, switched on."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from aq.alerts import Known, Rule, problems
from aq.alerts import rules as alerting
from aq.alerts.backtest import backtest
from aq.alerts.channels import FILE, SCHEMES, WEBHOOK, add_channel, outlets
from aq.alerts.delivery import try_channel
from aq.alerts.guide import free_id, free_name, usual_clear, usual_hours, usual_level
from aq.alerts.points import reader_of
from aq.alerts.rule import LONGEST_HOURS
from aq.alerts.rule_file import to_toml
from aq.alerts.rules import known_to, reached
from aq.alerts.webhook import DeliveryError
from aq.context import Context
from aq.domain.errors import ConfigError, InputError
from aq.domain.pollutants import pollutants
from aq.domain.provinces import find_province
from aq.domain.zones import KINDS, zones_named
from aq.i18n import text_in
from aq.logs import redact
from aq.settings import set_public_url
from aq.zones_file import zones_on

QUIET = re.compile(r"(\d\d:\d\d)\s*-\s*(\d\d:\d\d)")


def ask(context: Context, who: str, output: str | None) -> int:
    """The whole conversation; what is answered with a blank line is what stands in brackets."""
    body = _watched()
    body |= _quiet()
    body["channels"] = [_channel()]
    rule = _named(context, body)
    _try_on_the_past(context, rule)
    _send_a_test(context, rule)
    path = Path(output or f"{rule.id}.toml")
    path.write_text(to_toml([rule]), "utf-8")
    click.echo(f"written to {path}")
    if click.confirm("Switch it on now?", default=True):
        alerting.save_rule(context.store, rule.as_body(), known_to(context), who)
        click.echo(f"{rule.id} is on; aq rules list shows it")
    if not context.settings.server.public_url:
        _public_url()
    return 0


def _public_url() -> None:
    """Where people open the page, so that messages carry a link; a blank answer leaves it unset."""
    click.echo(
        "Messages carry a link once it is known where people open the page. From then on the"
        " terminal prints no link to sign in with; docs/alerts.md has the other ways."
    )

    def read(given: str) -> Path | None:
        return set_public_url(given) if given != "none" else None

    try:
        written = _asked("Where do people open the page? (https://…; none)", "none", read)
    except click.Abort:  # the rule is made all the same
        return
    if written is not None:
        click.echo(f"written to {written}; it counts from the next start")


def _asked(words: str, default: str, read: Callable[[str], Any]) -> Any:
    """Ask until the answer can be read."""
    while True:
        given = click.prompt(words, default=default, show_default=bool(default))
        try:
            return read(str(given).strip())
        except (InputError, ConfigError, ValueError) as error:
            click.echo(f"  {error}", err=True)


def _watched() -> dict[str, Any]:
    """Place, pollutant, level and hours."""

    def key(given: str) -> str:
        if given not in pollutants():
            raise ValueError(f"one of {', '.join(pollutants())}")
        if where.get("zones") and not _zones_of(where["zones"], given):
            raise ValueError(f"{', '.join(where['zones'])} is no zone of {given}")
        return given

    words = "Where? (provinces, or zones like 경기 중부권; parted by commas; all: all 17)"
    where = _asked(words, "all", _places)
    pollutant = _asked(f"What? ({' '.join(pollutants())})", "pm25", key)
    unit = pollutants()[pollutant].unit
    usual = usual_level(pollutant)
    level = _asked(f"From which level on? [{unit}]", f"{usual:g}" if usual else "", _number)
    hours = _asked("For how many hours in a row?", str(usual_hours(pollutant)), _hours)
    clears = f"{usual_clear(pollutant, level):g}"
    clear = _asked(f"Below which level is it over? [{unit}]", clears, _number)
    return {
        **where,
        "pollutant": pollutant,
        "threshold": level,
        "for": hours,
        "clear_below": clear,
    }


def _places(given: str) -> dict[str, Any]:
    """Provinces by code, or zones with how they are watched."""
    try:
        names = [name for name in re.split(r"[,\s]+", given) if name and name != "all"]
        return {"provinces": [find_province(name).code for name in names]}
    except InputError:
        names = [name.strip() for name in given.split(",")]
        if not all(zones_named(zones_on(None), name) for name in names):
            raise
        return {"provinces": [], "over": "zone", "zones": names}


def _zones_of(names: list[str], pollutant: str) -> bool:
    there = zones_on(None, KINDS.get(pollutant, ""))
    return all(zones_named(there, name) for name in names)


def _number(given: str) -> float:
    try:
        number = Decimal(given)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ValueError("a number, like 75")
    return int(number) if number == number.to_integral_value() else float(number)


def _hours(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= LONGEST_HOURS:
        raise ValueError(f"whole hours from 1 to {LONGEST_HOURS}, like 2")
    return int(given)


def _quiet() -> dict[str, Any]:
    def read(given: str) -> dict[str, Any]:
        if given == "none":
            return {}
        found = QUIET.fullmatch(given)
        if found is None:
            raise ValueError("like 22:00-07:00, or none")
        quiet = {"start": found.group(1), "end": found.group(2), "then": "hold"}
        return {"quiet": quiet}

    words = "Quiet hours, in which messages wait? (like 22:00-07:00; none)"
    made: dict[str, Any] = _asked(words, "none", read)
    return made


def _channel() -> str:
    """A channel that is there, or a new one: its kind, its address, kept outside the file."""
    there = outlets().channels
    names = ", ".join(there) or "none so far"

    def read(given: str) -> str:
        if given not in there:
            _new_channel(given)
        return given

    words = f"By which channel? ({names}; another name makes a new one)"
    name: str = _asked(words, next(iter(there), "duty"), read)
    return name


def _new_channel(name: str) -> None:
    kinds = [kind for kind in SCHEMES if kind != FILE]
    kind = click.prompt("  Of which kind?", type=click.Choice(kinds), default="mail")
    click.echo(f"  Its address begins with {SCHEMES[kind][0]}://; docs/alerts.md shows one each.")
    values = {"url": str(click.prompt("  Its address", hide_input=True)).strip()}
    if kind == WEBHOOK:
        values["secret"] = secrets.token_urlsafe(24)
        click.echo(f"  The key its messages are signed with: {values['secret']}")
    config = add_channel(name, kind, values)
    click.echo(f"  written to {config}; the address is kept in var/channels.env alone")


def _named(context: Context, body: dict[str, Any]) -> Rule:
    """The rule, with a name that is free."""
    known: Known = known_to(context)
    taken = {saved.rule.id for saved in alerting.rules(context.store)}
    free = free_id(body, taken)

    def read(given: str) -> Rule:
        name, found = problems({**body, "id": given, "name": given}, known)
        if name is None:
            raise ValueError("; ".join(str(problem) for problem in found))
        if given in taken:
            raise ValueError("there is a rule of this name")
        return name

    rule: Rule = _asked("Its short name?", free, read)
    names = {saved.rule.name for saved in alerting.rules(context.store)}
    usual = free_name(rule.as_body(), names, text_in(rule.language))
    title = click.prompt("Its name in messages?", default=usual)
    return rule.model_copy(update={"name": str(title).strip() or usual})


def _try_on_the_past(context: Context, rule: Rule) -> None:
    from aq.cli.rules import say_trial

    now = context.clock.now()
    trial = backtest(context.store, reader_of(context), rule, now - timedelta(days=365), now)
    click.echo("On the past year:")
    say_trial(rule.name, {**trial.as_dict(), "receivers": reached(rule, outlets().channels)})


def _send_a_test(context: Context, rule: Rule) -> None:
    for name in rule.channels:
        if not click.confirm(f"Send a test to {name}?", default=True):
            continue
        try:
            number = try_channel(outlets(), name, context.clock.now())
            click.echo(f"{name}: test message {number} was taken")
        except DeliveryError as failure:
            click.echo(f"{name}: not sent: {redact(str(failure))}", err=True)
