"""A file of rules: read, every wrong line named at once, and written."""

import tomllib
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import tomli_w

from aq.alerts.rule import Known, Rule, problems
from aq.domain.errors import InputError
from aq.toml import TomlTable

Fields = dict[str, Any]


def to_toml(rules: Iterable[Rule]) -> str:
    """Rules as a file that `from_toml` reads back to the same rules."""
    return tomli_w.dumps({"rules": [rule.as_body() for rule in rules]})


def from_toml(text: str, where: str) -> list[Fields]:
    """The bodies under ``[[rules]]``; raises `InputError` for what is not TOML or has none."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not readable as TOML: {error}", "file") from None
    found = data.get("rules")
    if not isinstance(found, list) or not all(isinstance(body, dict) for body in found):
        raise InputError(f"{where}: no [[rules]] in it; docs/alerts.md has whole examples", "rules")
    return found


def read_rules(text: str, where: str, known: Known) -> list[Rule]:
    """The rules of a file. Raises `InputError` with every wrong line: file, line, rule, field, what
    is wrong and the form expected."""
    bodies = from_toml(text, where)
    rules, wrong, first = [], [], None
    for number, body in enumerate(bodies):
        table = TomlTable(body, body, text, where, "rules", item=number)
        rule, found = problems(body, known)
        rules += [rule] if rule is not None else []
        for problem in found:
            line = table.refuse("", problem.field.partition(".")[0]).where
            wrong.append(f"{line}: rule {body.get('id', number + 1)!r}: {problem}")
            first = first or problem.field
    counts = Counter(str(body.get("id")) for body in bodies)
    twice = [name for name, count in counts.items() if count > 1]
    wrong += [f"{where}: two rules have the id {name!r}" for name in twice]
    if wrong:
        raise InputError("\n".join(wrong), first or "id")
    return rules
