"""Rules in the store, with their history. Everything that changes says who did it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from aq.alerts.rule import Known, Rule, parse_rule
from aq.context import Context
from aq.domain.clock import floor_hour, hour_number, kst_iso
from aq.domain.errors import ConfigError, InputError
from aq.feeds.registry import PREFERRED
from aq.paths import SHIPPED, config_file, own_config
from aq.store import Connection, IntegrityError, Store
from aq.store import alerts as rows
from aq.toml import parse, read_text
from aq.zones_file import zones

Fields = dict[str, Any]
FILE_NAME = "alerts.toml"
SHIPPED_BY = "shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A rule as the store has it."""

    rule: Rule
    revision: int
    since: int  # hours after this one are judged by it
    changed_at: datetime


def saved_rules(connection: Connection) -> list[Saved]:
    """All rules of the store, by id."""
    return [
        Saved(rule=_rule(row.body), revision=row.revision, since=row.since,
              changed_at=row.changed_at)
        for row in rows.rules(connection)
    ]  # fmt: skip


def _body(text: str) -> Fields:
    found: Fields = json.loads(text, parse_float=Decimal)
    return found


def _rule(text: str) -> Rule:
    return Rule.model_validate(_body(text))


def rules(store: Store) -> list[Saved]:
    """All rules, by id."""
    with store.read() as connection:
        return saved_rules(connection)


def rule(store: Store, name: str) -> Saved:
    """One rule; raises `InputError` when there is none of that id."""
    found = next((one for one in rules(store) if one.rule.id == name), None)
    if found is None:
        raise no_rule(name)
    return found


def no_rule(name: str) -> InputError:
    """The error for a rule that is not there."""
    return InputError(f"there is no rule {name!r}", "rule", unknown=True)


def save_rule(
    store: Store, body: Mapping[str, Any], known: Known, who: str, *, expected: int | None = None
) -> Rule:
    """Write a new rule, or a new revision of a known one; one that says the same changes nothing.

    `expected` is the revision the editor saw, 0 for none; raises `InputError` when there is
    another, or when the body is wrong (with its field).
    """
    made = parse_rule(body, known)
    with store.book() as connection:
        _write(connection, made, who, store.clock.now(), expected=expected)
    return made


def load_rules(
    store: Store, bodies: Sequence[Mapping[str, Any]], known: Known, who: str, *,
    replace: bool = False,
) -> list[str]:  # fmt: skip
    """Write all rules of a file or none; the ids of those that changed.

    With `replace` the rules that are not in the file are removed.
    """
    made = [parse_rule(body, known) for body in bodies]
    names = [one.id for one in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f"two rules have the id {twice!r}", "id")
    now = store.clock.now()
    with store.book() as connection:
        changed = [one.id for one in made if _write(connection, one, who, now)]
        for row in rows.rules(connection) if replace else ():
            if row.id not in names:
                _remove(connection, row, who, now)
                changed.append(row.id)
    return changed


def remove_rule(store: Store, name: str, who: str) -> None:
    """Take a rule away; its history and its part of the log stay."""
    with store.book() as connection:
        row = next((one for one in rows.rules(connection) if one.id == name), None)
        if row is None:
            raise no_rule(name)
        _remove(connection, row, who, store.clock.now())


def restore_rule(store: Store, name: str, revision: int, known: Known, who: str) -> Rule:
    """Make a rule say again what it said at `revision`; that is a change like any other."""
    with store.book() as connection:
        found = next(
            (row for row in rows.changes(connection, name) if row.revision == revision), None
        )
        if found is None or found.after is None:
            raise InputError(f"rule {name!r} has no revision {revision}", "revision", unknown=True)
        made = parse_rule(_body(found.after), known)
        _write(connection, made, who, store.clock.now(), what="restored")
    return made


def last_rule(connection: Connection, name: str) -> Saved:
    """A rule as it was when it was taken away."""
    row = rows.changes(connection, name)[0]
    since = hour_number(floor_hour(row.at))
    return Saved(rule=_rule(row.before), revision=row.revision, since=since, changed_at=row.at)


def history(store: Store, name: str | None = None) -> list[Fields]:
    """Changes of a rule or of all, the newest first: who, when, before, after."""
    with store.read() as connection:
        return [
            {
                "rule": row.rule,
                "revision": row.revision,
                "at": kst_iso(row.at),
                "who": row.who,
                "what": row.what,
                "before": json.loads(row.before) if row.before else None,
                "after": json.loads(row.after) if row.after else None,
            }
            for row in rows.changes(connection, name)
        ]


def _write(
    connection: Connection, made: Rule, who: str, now: datetime, *,
    expected: int | None = None, what: str | None = None,
) -> bool:  # fmt: skip
    before = next((row for row in rows.rules(connection) if row.id == made.id), None)
    conflict = InputError(f"rule {made.id!r} was changed meanwhile; look at it again", "revision")
    if expected is not None and expected != (before.revision if before else 0):
        raise conflict
    if before is not None and _rule(before.body) == made:
        return False
    body = rows.dumps(made.as_body())
    values = {
        "id": made.id,
        "name": made.name,
        "body": body,
        "revision": rows.last_revision(connection, made.id) + 1,
        "enabled": made.enabled,
        "since": hour_number(floor_hour(now)),
        "changed_at": now,
    }
    what = what or ("changed" if before else "created")
    try:
        if not rows.put_rule(connection, values, expected=before.revision if before else None):
            raise conflict
        _note(connection, made.id, who, now, what, before.body if before else None, body)
    except IntegrityError:
        raise conflict from None
    return True


def _remove(connection: Connection, row: Any, who: str, now: datetime) -> None:
    _note(connection, row.id, who, now, "removed", row.body, None)
    rows.remove_rule(connection, row.id)


def _note(
    connection: Connection, name: str, who: str, now: datetime, what: str,
    before: str | None, after: str | None,
) -> None:  # fmt: skip
    """Write a change into the history, under the revision that follows."""
    change = {"rule": name, "at": now, "who": who, "what": what, "before": before, "after": after}
    rows.add_change(connection, {**change, "revision": rows.last_revision(connection, name) + 1})


def known_rule(store: Store, name: str) -> str:
    """The id of a rule there is or once was; raises `InputError` for any other."""
    with store.read() as connection:
        if not rows.last_revision(connection, name):
            raise InputError(f"there is no rule {name!r}", "rule")
    return name


def _read(folder: Path) -> Fields:
    path = folder / FILE_NAME
    return parse(read_text(path), str(path), Decimal) if path.exists() else {}


def channel_names(folder: Path) -> tuple[str, ...]:
    """The channels that rules may name."""
    found = _read(folder).get("channels", {})
    return tuple(found) if isinstance(found, dict) else ()


def shipped_rules(folder: Path) -> list[Fields]:
    """The bodies under ``[[rules]]``."""
    return list(_read(folder).get("rules", []))


def rules_folder() -> Path:
    """Where the rules of a new store stand: the site's own file if it has any, else the shipped."""
    own = own_config()
    return own if (own / FILE_NAME).exists() and shipped_rules(own) else SHIPPED


def ship_rules(store: Store, folder: Path, known: Known) -> list[str]:
    """Load the shipped rules into a store that never had one; their ids, none where another
    instance was first.

    Raises `ConfigError` when one of them is wrong: the file is the program's own.
    """
    if history(store):
        return []
    try:
        return load_rules(store, shipped_rules(folder), known, SHIPPED_BY)
    except InputError as error:
        if history(store):
            return []
        raise ConfigError(str(error), str(folder / FILE_NAME)) from None


def reached(rule: Rule, channels: Collection[str]) -> tuple[str, ...]:
    """The channels a rule's messages can leave by: its own that are configured."""
    return tuple(name for name in rule.channels if name in channels)


def tell_nobody(rules: Iterable[Rule], channels: Collection[str]) -> list[Rule]:
    """The rules that are on and whose messages reach nobody: they stand on the pages and in the
    Atom feed alone."""
    return [rule for rule in rules if rule.enabled and not reached(rule, channels)]


def known_to(context: Context) -> Known:
    """What a rule may speak of here: the standards and the channels of the configuration."""
    return Known(
        standards=context.standards,
        channels=channel_names(config_file(FILE_NAME).parent),
        feeds=PREFERRED,
        zones=zones(),
    )
