"""A decision as a row of the log, and a row of the log as everyone reads it."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from aq.alerts import SEVERITIES, Decision, Rule, severity
from aq.domain.advisories import Act
from aq.domain.clock import from_hour_number, kst_iso
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, BY_ID
from aq.feeds.airkorea import AIRKOREA_ALARM
from aq.feeds.registry import FEED_NAMES, INFO

Fields = dict[str, Any]


def event_id(rule: str, place: str, number: int) -> str:
    """The stable name of a place's `number`-th event under a rule."""
    return f"{rule}.{place}.{number}"


def in_unit(rule: Rule, value: int | None) -> float | None:
    """A point's integer in what the rule's threshold is given in."""
    return None if value is None else value / rule.scale


def unit_of(rule: Rule) -> str | None:
    """µg/m³, ppm, h; None for grades and indices."""
    if rule.kind == "data_late":
        return "h"
    return pollutants()[rule.pollutant].unit if rule.watch == "value" else None


def level_number(level: Decimal | None) -> float | None:
    """A level of a rule for JSON; None of a rule that has none."""
    return None if level is None else float(level)


def act_dict(act: Act) -> Fields:
    """An authority's act in JSON's types; `level` is what is in force from then on, 0 nothing."""
    row = act.advisory
    return {
        "act": act.kind,
        "at": kst_iso(act.at),
        "level": act.level,
        "label": row.word,
        "district": row.district,
        "zone": row.zone,
    }


def event_row(
    rule: Rule, revision: int, place: str, decision: Decision, *, number: int, kind: str,
    now: datetime, station: str | None = None, ended: str | None = None,
) -> Fields:  # fmt: skip
    """The log's row of a decision; it carries what its rule said, so that it stands alone.

    `station` is the name of the one that decided; `ended` says what became of the rule where that
    and not the air ended an alert: ``off``, ``removed`` or ``changed``.
    """
    province = BY_CODE.get(place)
    detail = {
        "name": rule.name,
        "rule_kind": rule.kind,
        "pollutant": None if rule.kind == "data_late" else rule.pollutant,
        "watch": rule.watch,
        "standard": rule.standard if rule.watch != "value" else None,
        "over": rule.over,
        "threshold": level_number(rule.threshold),
        "clear_below": level_number(rule.clear_below),
        "for": rule.for_hours,
        "unit": unit_of(rule),
        "note": rule.note,
        "muted_by": decision.muted_by,
        "back": decision.back,
        "station": station,
        "ended": ended,
        **({"official": act_dict(decision.act)} if decision.act else {}),
    }
    return {
        "id": event_id(rule.id, place, number),
        "rule": rule.id,
        "revision": revision,
        "place": place,
        "province": province.id if province else None,
        "hour": decision.hour,
        "decided_at": now,
        "reason": str(decision.reason),
        "change": str(decision.change),
        "kind": kind,
        "severity": severity(rule, decision.act),
        "before": str(decision.before),
        "after": str(decision.after),
        "value": in_unit(rule, decision.point.value),
        "peak": in_unit(rule, decision.peak),
        "since": decision.since,
        "stations": decision.point.stations,
        "stations_expected": decision.point.expected,
        "feed": decision.point.feed,
        "message": None,
        "retracted_at": None,
        "detail": json.dumps(detail, ensure_ascii=False),
    }


def _hour(number: int | None) -> str | None:
    return None if number is None else kst_iso(from_hour_number(number))


def event_dict(row: Mapping[str, Any]) -> Fields:
    """An event as messages, routes and pages show it; times with +09:00, values in their unit."""
    detail = json.loads(row["detail"])
    province = BY_ID[row["province"]] if row["province"] else None
    feed = FEED_NAMES.get(row["feed"]) if row["feed"] else None
    info = INFO.get(feed) if feed else None
    official = detail.get("official")
    if official:
        feed, info = AIRKOREA_ALARM.name, AIRKOREA_ALARM
    retracted = row["retracted_at"]
    return {
        "id": row["id"],
        "rule": row["rule"],
        "rule_name": detail["name"],
        "rule_kind": detail["rule_kind"],
        "revision": row["revision"],
        "place": row["place"],
        "province": province.ko if province else None,
        "code": province.code if province else None,
        "pollutant": detail["pollutant"],
        "watch": detail["watch"],
        "standard": detail["standard"],
        "over": detail["over"],
        "threshold": detail["threshold"],
        "clear_below": detail["clear_below"],
        "for": detail["for"],
        "value": row["value"],
        "peak": row["peak"],
        "unit": detail["unit"],
        "at": _hour(row["hour"]),
        "since": _hour(row["since"]),
        "decided_at": kst_iso(row["decided_at"]),
        "reason": row["reason"],
        "change": row["change"],
        "kind": row["kind"],
        "severity": SEVERITIES[row["severity"] - 1],
        "before": row["before"],
        "after": row["after"],
        "back": detail["back"],
        "station": detail.get("station"),
        "ended": detail.get("ended"),
        "muted_by": detail["muted_by"],
        "stations": row["stations"],
        "stations_expected": row["stations_expected"],
        "feed": feed,
        "feed_kind": info.kind if info else None,
        "status": info.status if info else None,
        "official": official,
        "note": detail["note"],
        "message": row["message"],
        "retracted_at": kst_iso(retracted) if retracted else None,
    }
