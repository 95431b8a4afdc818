"""TOML files: read, and refused with file and line where something is wrong."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from aq.domain.errors import ConfigError

T = TypeVar("T")
# No quantity here has more digits; a slip such as 1e999999 would otherwise be worked out exactly.
_MOST_DIGITS = 12


class TomlTable:
    """A table of a configuration file.

    Parameters
    ----------
    data : what stands there; anything but a table is refused
    allowed : the keys a table may have
    text, where : the whole file and its name, for messages
    path : the table's dotted place; `item` counts the tables of an array, from 0
    """

    def __init__(
        self,
        data: object,
        allowed: Collection[str],
        text: str,
        where: str,
        *path: str,
        item: int | None = None,
    ) -> None:
        self.text, self.where, self.path, self.item = text, where, path, item
        if not isinstance(data, dict):
            raise self.refuse("a table is needed here")
        self.data: Mapping[str, object] = data
        for key in data:
            if key not in allowed:
                raise self.refuse(
                    f"unknown key {key!r}; known are {', '.join(sorted(allowed))}", key
                )

    @classmethod
    def read(cls, text: str, where: str, allowed: Collection[str]) -> "TomlTable":
        """The top of a file. Raises `ConfigError` where the text is no TOML."""
        return cls(parse(text, where, parse_float=Decimal), allowed, text, where)

    def refuse(self, message: str, *more: str) -> ConfigError:
        """The error to raise for this table or a key in it, with its line."""
        item = () if self.item is None else (self.item,)
        return ConfigError(message, located(self.text, self.where, (*self.path, *item, *more)))

    def need(self, key: str, kind: type[T]) -> T:
        """A field that must be there, of its kind."""
        if key not in self.data:
            raise self.refuse(f"{key} is missing")
        value = self.data[key]
        # A bool is an int to Python, and a datetime a date.
        other = isinstance(value, bool | datetime) and type(value) is not kind
        if not isinstance(value, kind) or other:
            raise self.refuse(f"{key} must be of kind {kind.__name__}", key)
        return value

    def get(self, key: str, kind: type[T]) -> T | None:
        """A field that may be absent."""
        return self.need(key, kind) if key in self.data else None

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.need(key, int)
        if not low <= value <= high:
            raise self.refuse(f"{key} must be from {low} to {high}", key)
        return value

    def number(self, key: str) -> Decimal:
        """A whole or decimal number, exact."""
        if key not in self.data:
            raise self.refuse(f"{key} is missing")
        return self.exact(self.data[key], key)

    def exact(self, value: object, key: str) -> Decimal:
        """A number found under a key, exact; refuses anything else."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.refuse(f"{key} holds {value!r}, which is not a number", key)
        made = Decimal(value)
        if not made.is_finite() or abs(made.adjusted()) > _MOST_DIGITS:
            raise self.refuse(f"{key} holds {value}, which is not finite or far too long", key)
        return made

    def one_of(self, key: str, allowed: Collection[str]) -> str:
        """A word that must be one of the known."""
        value = self.need(key, str)
        if value not in allowed:
            raise self.refuse(f"{key} {value!r}; known are {', '.join(allowed)}", key)
        return value

    def some_of(self, key: str, allowed: Collection[str]) -> tuple[str, ...]:
        """A list of allowed words, empty where it is absent."""
        values = tuple(self.get(key, list) or ())
        for value in values:
            if not isinstance(value, str) or value not in allowed:
                raise self.refuse(f"{key} {value!r}; known are {', '.join(allowed)}", key)
        return values

    def words(self, key: str, languages: Collection[str]) -> Mapping[str, str]:
        """A text in every language."""
        values = self.need(key, dict)
        if set(values) != set(languages) or not all(
            isinstance(text, str) and text.strip() for text in values.values()
        ):
            raise self.refuse(f"{key} needs a text for each of {', '.join(languages)}", key)
        return MappingProxyType(values)

    def inner(self, key: str, allowed: Collection[str]) -> "TomlTable":
        """The table under a key, which must be there."""
        if key not in self.data:
            raise self.refuse(f"{key} is missing")
        return TomlTable(self.data[key], allowed, self.text, self.where, *self.path, key)

    def array(self, key: str, allowed: Collection[str]) -> list["TomlTable"]:
        """The tables of an array, none where it is absent."""
        values = self.get(key, list) or []
        return [
            TomlTable(table, allowed, self.text, self.where, *self.path, key, item=number)
            for number, table in enumerate(values)
        ]


def canonical(value: object) -> str:
    """The content as text in one form: keys sorted, numbers without trailing zeros."""

    def plain(one: object) -> object:
        if isinstance(one, Mapping):
            return {key: plain(inner) for key, inner in one.items()}
        if isinstance(one, list):
            return [plain(inner) for inner in one]
        if isinstance(one, int | Decimal) and not isinstance(one, bool):
            return f"{Decimal(one).normalize():f}"
        return one

    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False, default=str)


def read_text(path: Path) -> str:
    """A configuration file's text; raises `ConfigError` in words."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8 text", str(path)) from None


def parse(text: str, where: str, parse_float: Callable[[str], object] = float) -> dict[str, Any]:
    """The tables of a text; raises `ConfigError` with the line that is no TOML."""
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        place = f"{where}:{line.group(1)}" if line else where
        raise ConfigError(f"not readable as TOML: {error}", place) from None


def first_problem(error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """(path to the field, what is wrong in words) of the first thing that pydantic refused."""
    first = error.errors(include_url=False, include_input=False)[0]
    extra = first["type"] == "extra_forbidden"
    return first["loc"], "unknown key" if extra else first["msg"].removeprefix("Value error, ")


def located(text: str, where: str, path: tuple[str | int, ...]) -> str:
    """``file:line`` of what stands at a path, or of the table it should stand in; the file alone
    where no line is any nearer."""
    line = line_of(text, path)
    return f"{where}:{line}" if line else where


def line_of(text: str, path: tuple[str | int, ...]) -> int | None:
    """The line of a TOML key, or of the nearest table around it; None if there is none.

    `path` holds the names from the top and, where a ``[[table]]`` stands many times, its place
    among them from 0.
    """
    counts: Counter[tuple[str | int, ...]] = Counter()
    table: tuple[str | int, ...] = ()
    best, nearest = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[+)\s*([^\]]+?)\s*\]+\s*(#.*)?$", line)
        key = re.match(r'\s*"?([\w-]+)"?\s*[=.]', line)
        if header:
            names = tuple(part.strip().strip('"') for part in header.group(2).split("."))
            table = _placed(names, counts)
            if header.group(1) == "[[":
                counts[table] += 1
                table = (*table, counts[table] - 1)
            shared = _shared(table, path)
        elif key:
            place = (*table, key.group(1))
            shared = len(place) if path[: len(place)] == place else 0
        else:
            continue
        if shared > nearest:
            best, nearest = number, shared
    return best


def _placed(
    names: tuple[str, ...], counts: Mapping[tuple[str | int, ...], int]
) -> tuple[str | int, ...]:
    """The path of a header: tables within one that stands many times are of its newest."""
    path: tuple[str | int, ...] = ()
    for name in names[:-1]:
        path = (*path, name)
        if counts.get(path):
            path = (*path, counts[path] - 1)
    return (*path, names[-1])


def _shared(table: tuple[str | int, ...], path: tuple[str | int, ...]) -> int:
    """How many parts of a path a table's has from its beginning on."""
    return next(
        (place for place, (a, b) in enumerate(zip(table, path, strict=False)) if a != b),
        min(len(table), len(path)),
    )
