"""Alerts as pages, routes and commands use them: rules with their history, what is on, the log,
silences. Everything that changes says who did it."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import tomli_w
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from aq.alerts import SEVERITIES, Known, Rule, State, parse_rule
from aq.alerts.events import event_dict, in_unit, level_number, unit_of
from aq.context import Context
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst_iso
from aq.domain.errors import ConfigError, InputError
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, find_province
from aq.feeds.registry import PREFERRED
from aq.paths import config_dir
from aq.store import Store
from aq.store import alerts as rows

Fields = dict[str, Any]
PHASE_ORDER = ("firing", "unknown", "pending", "clear")


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
        Saved(
            rule=Rule.model_validate(_body(row.body)),
            revision=row.revision,
            since=row.since,
            changed_at=row.changed_at,
        )
        for row in rows.rules(connection)
    ]


def _body(text: str) -> Fields:
    found: Fields = json.loads(text, parse_float=Decimal)
    return found


def rules(store: Store) -> list[Saved]:
    """All rules, by id."""
    with store.read() as connection:
        return saved_rules(connection)


def rule(store: Store, name: str) -> Saved:
    """One rule; raises `InputError` when there is none of that id."""
    found = next((one for one in rules(store) if one.rule.id == name), None)
    if found is None:
        raise InputError(f"there is no rule {name!r}", "rule", unknown=True)
    return found


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
            raise InputError(f"there is no rule {name!r}", "rule", unknown=True)
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
    return Saved(
        rule=Rule.model_validate(_body(row.before)),
        revision=row.revision,
        since=hour_number(floor_hour(row.at)),
        changed_at=row.at,
    )


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
    if expected is not None and expected != (before.revision if before else 0):
        raise InputError(f"rule {made.id!r} was changed meanwhile; look at it again", "revision")
    if before is not None and Rule.model_validate(_body(before.body)) == made:
        return False
    revision = rows.last_revision(connection, made.id) + 1
    body = rows.dumps(made.as_body())
    values = {
        "id": made.id,
        "name": made.name,
        "body": body,
        "revision": revision,
        "enabled": made.enabled,
        "since": hour_number(floor_hour(now)),
        "changed_at": now,
    }
    conflict = InputError(f"rule {made.id!r} was changed meanwhile; look at it again", "revision")
    try:
        if not rows.put_rule(connection, values, expected=before.revision if before else None):
            raise conflict
        change = {
            "rule": made.id,
            "revision": revision,
            "at": now,
            "who": who,
            "what": what or ("changed" if before else "created"),
            "before": before.body if before else None,
            "after": body,
        }
        rows.add_change(connection, change)
    except IntegrityError:
        raise conflict from None
    return True


def _remove(connection: Connection, row: Any, who: str, now: datetime) -> None:
    change = {
        "rule": row.id,
        "revision": rows.last_revision(connection, row.id) + 1,
        "at": now,
        "who": who,
        "what": "removed",
        "before": row.body,
        "after": None,
    }
    rows.add_change(connection, change)
    rows.remove_rule(connection, row.id)


def to_toml(found: Iterable[Rule]) -> str:
    """Rules as a file that `from_toml` reads back to the same rules."""
    return tomli_w.dumps({"rules": [one.as_body() for one in found]})


def from_toml(text: str, where: str) -> list[Fields]:
    """The bodies under ``[[rules]]``; raises `InputError` for what is not TOML or has none."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not readable as TOML: {error}", "file") from None
    found = data.get("rules")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError(f"{where}: no [[rules]] in it", "rules")
    return found


def standing(store: Store, *, all_places: bool = False) -> list[Fields]:
    """What is firing, unknown and pending now, the most severe first; `all_places`: clear ones too.

    `muted_by` says ``silence:ID`` where a silence holds now; `acknowledged` who has seen it.
    """
    now = store.clock.now()
    with store.read() as connection:
        known = {one.rule.id: one for one in saved_rules(connection)}
        found = [
            row
            for row in rows.states(connection).values()
            if row.rule in known
            and known[row.rule].rule.enabled
            and (all_places or row.phase != "clear")
        ]
        quiet = rows.silences(connection, after=now)
        seen = rows.acknowledgements(connection, [row.last_event for row in found])
    out = [
        _standing(known[row.rule].rule, row, quiet, seen.get(row.last_event), now) for row in found
    ]
    places = [*BY_CODE]
    return sorted(
        out,
        key=lambda one: (
            PHASE_ORDER.index(one["phase"]),
            -one["rank"],
            places.index(one["place"]) if one["place"] in BY_CODE else len(places),
            one["rule"],
        ),
    )


def _standing(one: Rule, row: Any, quiet: Sequence[Any], seen: Any, now: datetime) -> Fields:
    state = State.from_dict(json.loads(row.body))
    province = BY_CODE.get(row.place)
    number = province.id if province else None
    acts = json.loads(row.said).get("in_force")
    rank = one.rank if not acts else min(one.rank + acts[0]["level"] - 1, len(SEVERITIES))
    hushed = next((s.id for s in quiet if s.since <= now and holds(s, one, number)), None)
    return {
        "rule": one.id,
        "rule_name": one.name,
        "kind": one.kind,
        "severity": SEVERITIES[rank - 1],
        "rank": rank,
        "place": row.place,
        "province": province.ko if province else None,
        "code": province.code if province else None,
        "pollutant": None if one.kind == "data_late" else one.pollutant,
        "watch": one.watch,
        "phase": str(state.phase),
        "alert": state.firing,
        "since": kst_iso(from_hour_number(state.since)) if state.since is not None else None,
        "fired": kst_iso(from_hour_number(state.fired)) if state.fired is not None else None,
        "at": kst_iso(from_hour_number(state.hour)),
        "value": in_unit(one, state.value),
        "peak": in_unit(one, state.peak),
        "unit": unit_of(one),
        "threshold": level_number(one.threshold),
        "clear_below": level_number(one.clear_below),
        "official": acts,
        "event": row.last_event,
        "muted_by": f"silence:{hushed}" if hushed is not None else None,
        "acknowledged": {"who": seen.who, "at": kst_iso(seen.at), "note": seen.note}
        if seen
        else None,
    }


def _seen(row: Any) -> Fields | None:
    return {"who": row.who, "at": kst_iso(row.at), "note": row.note} if row else None


def holds(silence: Any, one: Rule, province: int | None) -> bool:
    """Whether a silence is of this rule and province."""
    return (
        silence.rule in (None, one.id)
        and silence.province in (None, province)
        and silence.pollutant in (None, "" if one.kind == "data_late" else one.pollutant)
    )


def log(store: Store, *, limit: int = 200, **filters: Any) -> list[Fields]:
    """The log, newest first. Filters as in `aq.store.alerts.events`; `place` by any name."""
    with store.read() as connection:
        found = rows.events(connection, limit=limit, **filters)
        seen = rows.acknowledgements(connection, [row.id for row in found])
    out = [event_dict(row._mapping) for row in found]
    for one in out:
        one["acknowledged"] = _seen(seen.get(one["id"]))
    return out


def event(store: Store, name: str) -> Fields:
    """One entry of the log; raises `InputError` for an unknown id."""
    with store.read() as connection:
        found = rows.event(connection, name)
    if found is None:
        raise InputError(f"there is no alert {name!r}", "id", unknown=True)
    return event_dict(found._mapping)


def place_in_log(store: Store, name: str) -> tuple[datetime, str]:
    """Where in the log an event stands, to go on after it; raises `InputError` for none."""
    with store.read() as connection:
        found = rows.event(connection, name)
    if found is None:
        raise InputError("not a cursor that an earlier answer gave", "cursor")
    return found.decided_at, found.id


def known_rule(store: Store, name: str) -> str:
    """The id of a rule there is or once was; raises `InputError` for any other."""
    with store.read() as connection:
        if not rows.last_revision(connection, name):
            raise InputError(f"there is no rule {name!r}", "rule")
    return name


def same_alert_before(store: Store, one: Fields, *, told: bool = True) -> list[Fields]:
    """Entries of the log about the same alert that were decided before this one, oldest first.

    Those that went into a message; with ``told=False`` all of them.
    """
    with store.read() as connection:
        here = rows.event(connection, one["id"])
        found = rows.events(
            connection,
            rule=one["rule"],
            place=one["place"],
            before=(here.decided_at, here.id) if here else None,
        )
    same = [event_dict(row._mapping) for row in found][::-1]
    return [
        each
        for each in same
        if each["since"] == one["since"]
        and _zone(each) == _zone(one)
        and (each["message"] or not told)
    ]


def _zone(one: Fields) -> tuple[str, str] | None:
    """The zone an official act is of; a province may have several advisories at once."""
    act = one["official"]
    return (act["district"], act["zone"]) if act else None


def acknowledge(store: Store, name: str, who: str, note: str = "") -> bool:
    """Write down that `who` has seen an event; False when someone had before."""
    event(store, name)
    values = {"event": name, "who": who, "at": store.clock.now(), "note": note.strip()}
    with store.book() as connection:
        return rows.acknowledge(connection, values)


def silences(store: Store, *, over: bool = False) -> list[Fields]:
    """Silences that hold or will, newest first; `over`: past ones too."""
    now = store.clock.now()
    with store.read() as connection:
        found = rows.silences(connection, after=None if over else now)
    return [
        {
            "id": row.id,
            "rule": row.rule,
            "province": next((p.ko for p in BY_CODE.values() if p.id == row.province), None),
            "pollutant": row.pollutant,
            "since": kst_iso(row.since),
            "until": kst_iso(row.until),
            "why": row.why,
            "who": row.who,
            "ended_at": kst_iso(row.ended_at) if row.ended_at else None,
            "ended_by": row.ended_by,
        }
        for row in found
    ]


def silence(
    store: Store, *, who: str, why: str, until: datetime, rule_id: str | None = None,
    province: str | None = None, pollutant: str | None = None,
) -> int:  # fmt: skip
    """Mute a rule, a province, a pollutant, or what all of those given have in common, from now on.

    Raises `InputError` for an end that is past, a missing reason, or names that are not known.
    """
    now = store.clock.now()
    if until <= now:
        raise InputError("a silence must end after now", "until")
    if not why.strip():
        raise InputError("say why it is silenced", "why")
    if rule_id is None and province is None and pollutant is None:
        raise InputError("name a rule, a province or a pollutant", "rule")
    if rule_id is not None:
        rule(store, rule_id)
    if pollutant is not None and pollutant not in (*pollutants(), "overall"):
        raise InputError(f"unknown pollutant {pollutant!r}", "pollutant")
    values = {
        "rule": rule_id,
        "province": find_province(province).id if province else None,
        "pollutant": pollutant,
        "since": now,
        "until": until,
        "why": why.strip(),
        "who": who,
        "created_at": now,
    }
    with store.book() as connection:
        return rows.add_silence(connection, values)


def unsilence(store: Store, number: int, who: str) -> None:
    """End a silence now; raises `InputError` when there is none that holds."""
    with store.book() as connection:
        if not rows.end_silence(connection, number, store.clock.now(), who):
            raise InputError(f"there is no silence {number} that holds", "silence", unknown=True)


FILE_NAME = "alerts.toml"


SHIPPED_BY = "shipped"


def _read(folder: Path) -> dict[str, Any]:
    path = folder / FILE_NAME
    try:
        return tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", str(path)) from None


def channel_names(folder: Path) -> tuple[str, ...]:
    """The channels that rules may name."""
    found = _read(folder).get("channels", {})
    return tuple(found) if isinstance(found, dict) else ()


def shipped_rules(folder: Path) -> list[dict[str, Any]]:
    """The bodies under ``[[rules]]``."""
    found: list[dict[str, Any]] = _read(folder).get("rules", [])
    return found


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


def known_to(context: Context) -> Known:
    """What a rule may speak of here: the standards and the channels of the configuration."""
    return Known(standards=context.standards, channels=channel_names(config_dir()), feeds=PREFERRED)
