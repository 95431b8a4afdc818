"""What commands share: printing JSON, a progress bar, the choice of feeds."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from aq.errors import InputError

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """JSON for machines: UTF-8 as it is, one document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def known_feeds(asked: Sequence[str], live: Sequence[str]) -> Sequence[str]:
    """The feeds asked for, or all live ones; raises `InputError` for one that is not polled."""
    for name in asked:
        if name not in live:
            raise InputError(
                f"feed {name!r} is not polled; live feeds are {', '.join(live) or 'none'}"
                " (airkorea needs AQ_FEEDS__AIRKOREA__KEY)",
                "feed",
            )
    return list(dict.fromkeys(asked)) or list(live)
