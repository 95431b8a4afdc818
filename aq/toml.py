"""A TOML table that knows its place: gives typed fields, or refuses with file and line."""

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from aq.domain.errors import ConfigError

T = TypeVar("T")
# No quantity here has more digits; a slip such as 1e999999 would otherwise be worked out exactly.
_MOST_DIGITS = 12


class TomlTable:
    """A table of a configuration file.

    Parameters
    ----------
    data : what stands there; anything but a table is refused
    known : the keys a table may have
    text, where : the whole file and its name, for messages
    path : the table's dotted place; `item` counts the tables of an array, from 0
    """

    def __init__(
        self,
        data: object,
        known: Collection[str],
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
            if key not in known:
                raise self.refuse(f"unknown key {key!r}; known are {', '.join(sorted(known))}", key)

    @classmethod
    def read(cls, text: str, where: str, known: Collection[str]) -> "TomlTable":
        """The top of a file. Raises `ConfigError` where the text is no TOML."""
        try:
            data = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+)", str(error))
            place = f"{where}:{found.group(1)}" if found else where
            raise ConfigError(f"not readable as TOML: {error}", place) from None
        return cls(data, known, text, where)

    def refuse(self, message: str, *more: str) -> ConfigError:
        """The error to raise for this table or a key in it, with its line."""
        line = self._item_line(*more) if self.item is not None else None
        line = line or line_of(self.text, (*self.path, *more))
        return ConfigError(message, f"{self.where}:{line}" if line else self.where)

    def _item_line(self, *more: str) -> int | None:
        """The line of a key in the counted table of an array, else of that table's header."""
        lines = self.text.splitlines()
        header = re.compile(r"\s*\[\[\s*" + re.escape(".".join(self.path)) + r"\s*\]\]")
        starts = [number for number, line in enumerate(lines, start=1) if header.match(line)]
        if self.item is None or self.item >= len(starts):
            return None
        start = starts[self.item]
        for number, line in enumerate(lines[start:], start=start + 1):
            if line.startswith("["):
                break
            if more and re.match(rf'\s*"?{re.escape(more[0])}"?\s*[=.]', line):
                return number
        return start

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

    def one_of(self, key: str, known: Collection[str]) -> str:
        """A word that must be one of the known."""
        value = self.need(key, str)
        if value not in known:
            raise self.refuse(f"{key} {value!r}; known are {', '.join(known)}", key)
        return value

    def some_of(self, key: str, known: Collection[str]) -> tuple[str, ...]:
        """A list of known words, empty where it is absent."""
        found = tuple(self.get(key, list) or ())
        for value in found:
            if not isinstance(value, str) or value not in known:
                raise self.refuse(f"{key} {value!r}; known are {', '.join(known)}", key)
        return found

    def words(self, key: str, languages: Collection[str]) -> Mapping[str, str]:
        """A text in every language."""
        found = self.need(key, dict)
        if set(found) != set(languages) or not all(
            isinstance(text, str) and text.strip() for text in found.values()
        ):
            raise self.refuse(f"{key} needs a text for each of {', '.join(languages)}", key)
        return MappingProxyType(found)

    def inner(self, key: str, known: Collection[str]) -> "TomlTable":
        """The table under a key, which must be there."""
        if key not in self.data:
            raise self.refuse(f"{key} is missing")
        return TomlTable(self.data[key], known, self.text, self.where, *self.path, key)

    def array(self, key: str, known: Collection[str]) -> list["TomlTable"]:
        """The tables of an array, none where it is absent."""
        found = self.get(key, list) or []
        return [
            TomlTable(one, known, self.text, self.where, *self.path, key, item=number)
            for number, one in enumerate(found)
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


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line of a dotted TOML key, found by its table header and its name; None if not there."""
    table: tuple[str, ...] = ()
    best = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            table = tuple(part.strip().strip('"') for part in header.group(1).split("."))
            if path[: len(table)] == table:
                best = number
            continue
        key = re.match(r'\s*"?([\w-]+)"?\s*=', line)
        if key and path[: len(table) + 1] == (*table, key.group(1)):
            best = number
    return best
