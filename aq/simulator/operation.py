"""What an AirKorea operation is to the server, and how it reads its parameters and pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from aq.simulator.envelope import Item, Page
from aq.simulator.view import View

Params = Mapping[str, str]
# All items an operation has for a call, and the count it claims. A module that adds operations
# gives a mapping from ``Service/operation`` to these; the server joins the mappings.
Operation = Callable[[Params, datetime, View], tuple[Sequence[Item], int]]

T = TypeVar("T")


class BadParameterError(Exception):
    """A required parameter is missing or none of the known words: gateway code 10."""


def page_of(operation: Operation, params: Params, now: datetime, view: View) -> Page:
    """The page of an operation's items that was asked for. Raises `BadParameterError`."""
    number, size = positive(params, "pageNo", 1), positive(params, "numOfRows", 10)
    items, total = operation(params, now, view)
    page = items[(number - 1) * size : number * size]
    return Page(items=page, total=total, number=number, rows=size)


def required(params: Params, name: str) -> str:
    """A parameter that must be there."""
    if not params.get(name):
        raise BadParameterError(name)
    return params[name]


def one_of(params: Params, name: str, choices: Mapping[str, T]) -> T:
    """What a parameter's word stands for."""
    try:
        return choices[params[name]]
    except KeyError:
        raise BadParameterError(name) from None


def positive(params: Params, name: str, default: int) -> int:
    """A whole number from 1 on."""
    text = params.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) > 0):
        raise BadParameterError(name)
    return int(text)
