"""Alerts as pages, routes and commands read them: what is on, the log, who has seen what."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aq.alerts.log import event_dict, in_unit, level_number, number_of, unit_of
from aq.alerts.places import province_of, zone_of_place
from aq.alerts.rule import SEVERITIES, Rule
from aq.alerts.rules import saved_rules
from aq.alerts.silences import silenced_by
from aq.alerts.state import State
from aq.domain.clock import from_hour_number, kst_iso
from aq.domain.errors import InputError
from aq.domain.provinces import BY_CODE
from aq.store import Connection, Store
from aq.store import alerts as rows

Fields = dict[str, Any]
PHASE_ORDER = ("firing", "unknown", "pending", "clear")


def standing(store: Store, *, all_places: bool = False) -> list[Fields]:
    """What is firing, unknown and pending now, the most severe first; `all_places`: clear ones too.

    `muted_by` says ``silence:ID`` where a silence holds now; `acknowledged` who has seen it.
    """
    now = store.clock.now()
    with store.read() as connection:
        known = {rule.rule.id: rule for rule in saved_rules(connection)}
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
            places.index(one["code"]) if one["code"] else len(places),
            one["place"],
            one["rule"],
        ),
    )


def _standing(rule: Rule, row: Any, quiet: Sequence[Any], seen: Any, now: datetime) -> Fields:
    state = State.from_dict(json.loads(row.body))
    province, zone = province_of(row.place), zone_of_place(row.place)
    acts = json.loads(row.said).get("in_force")
    rank = rule.rank if not acts else min(rule.rank + acts[0]["level"] - 1, len(SEVERITIES))
    return {
        "rule": rule.id,
        "rule_name": rule.name,
        "kind": rule.kind,
        "severity": SEVERITIES[rank - 1],
        "rank": rank,
        "place": row.place,
        "province": province.ko if province else None,
        "code": province.code if province else None,
        "zone": zone.name if zone else None,
        "pollutant": rule.pollutant_told,
        "watch": rule.watch,
        "phase": str(state.phase),
        "alert": state.firing,
        "since": kst_iso(from_hour_number(state.since)) if state.since is not None else None,
        "fired": kst_iso(from_hour_number(state.fired)) if state.fired is not None else None,
        "at": kst_iso(from_hour_number(state.hour)),
        "value": in_unit(rule, state.value),
        "peak": in_unit(rule, state.peak),
        "unit": unit_of(rule),
        "threshold": level_number(rule.threshold),
        "clear_below": level_number(rule.clear_below),
        "official": acts,
        "event": row.last_event,
        "muted_by": silenced_by(quiet, rule, row.place, now),
        "acknowledged": {"who": seen.who, "at": kst_iso(seen.at), "note": seen.note}
        if seen
        else None,
    }


def _seen(row: Any) -> Fields | None:
    return {"who": row.who, "at": kst_iso(row.at), "note": row.note} if row else None


def log(store: Store, *, limit: int | None = 200, **filters: Any) -> list[Fields]:
    """The log, newest first. Filters as in `aq.store.alerts.events`; `place` by any name."""
    with store.read() as connection:
        found = rows.events(connection, limit=limit, **filters)
        names = [row.id for row in found]
        seen = rows.acknowledgements(connection, names)
        told = rows.receivers(connection, names)
        taken_back = _taken_back(connection, found)
    return [
        {
            **event_dict({**row._mapping, "retracted_at": taken_back.get(row.id)}),
            "acknowledged": _seen(seen.get(row.id)),
            "receivers": told.get(row.id, []),
        }
        for row in found
    ]


def _taken_back(connection: Connection, found: Sequence[Any]) -> dict[str, datetime]:
    """When a later correction took an entry back: that of an alert its whole alert, that of an
    act's end the end."""
    corrected: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows.corrections(connection, list({row.rule for row in found})):
        corrected.setdefault((row.rule, row.place, row.since), []).append(row)
    out = {row.id: row.retracted_at for row in found if row.retracted_at is not None}
    for row in found:
        later = corrected.get((row.rule, row.place, row.since), [])
        moments = [
            one.decided_at
            for one in later
            if number_of(one.id) > number_of(row.id) and "resolved" in (one.change, row.change)
        ]
        if moments and row.kind != "correction":
            out.setdefault(row.id, min(moments))
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


def same_alert_before(store: Store, fields: Fields, *, told: bool = True) -> list[Fields]:
    """Entries of the log about the same alert that were decided before this one, oldest first.

    Those that went into a message; with ``told=False`` all of them.
    """
    with store.read() as connection:
        here = rows.event(connection, fields["id"])
        found = rows.events(
            connection,
            rule=fields["rule"],
            place=fields["place"],
            before=(here.decided_at, here.id) if here else None,
        )
    same = [event_dict(row._mapping) for row in found][::-1]
    return [
        each
        for each in same
        if each["since"] == fields["since"]
        and _zone(each) == _zone(fields)
        and (each["message"] or not told)
    ]


def _zone(fields: Fields) -> tuple[str, str] | None:
    """The zone an official act is of; a province may have several advisories at once."""
    act = fields["official"]
    return (act["district"], act["zone"]) if act else None


def acknowledge(store: Store, name: str, who: str, note: str = "") -> bool:
    """Write down that `who` has seen an event; False when someone had before."""
    event(store, name)
    if not who.strip():
        raise InputError("say who you are", "who")
    values = {"event": name, "who": who.strip(), "at": store.clock.now(), "note": note.strip()}
    with store.book() as connection:
        return rows.acknowledge(connection, values)
