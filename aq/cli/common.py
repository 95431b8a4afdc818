"""What commands share: printing JSON, a progress bar, the choice of feeds."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from aq import app
from aq.domain.errors import InputError, StoreError
from aq.feeds.registry import SPECS, needs_key

if TYPE_CHECKING:
    from aq.context import Context

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """JSON for machines: UTF-8 as it is, one document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def judge(context: "Context") -> dict[str, Any]:
    """Judge what was just written by the alert rules; a store that is busy is said, and the next
    look of a worker or server makes up for it."""
    try:
        return {"ok": True, **app.watch(context).as_dict()}
    except StoreError as error:
        click.echo(f"alert rules wait for the next look: {error}", err=True)
        return {"ok": False}


def known_feeds(asked: Sequence[str], live: Sequence[str]) -> Sequence[str]:
    """The feeds asked for, or all live ones; raises `InputError` for one that is not polled."""
    for name in asked:
        if name not in live:
            lacking = filter(needs_key, SPECS)
            keys = [f"{feed} needs AQ_FEEDS__{feed.upper()}__KEY" for feed in lacking]
            raise InputError(
                f"feed {name!r} is not polled; live feeds are {', '.join(live) or 'none'}"
                f" ({', '.join(keys)})",
                "feed",
            )
    return list(dict.fromkeys(asked)) or list(live)


def advance(bar: Any) -> Callable[[int, int], None]:
    """What a progress bar is told: how much is done, of how much."""

    def move(done: int, length: int) -> None:
        bar.length = max(length, 1)
        bar.update(done - bar.pos)

    return move
