"""The notification log: what was said of a rule in a place, to whom; written once, never changed.

An entry stands alone: it carries what its rule said. Each receiver it went to has a row of its own;
the receiver ``""`` is the public record, which the page, the Atom feed and the CAP documents read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from aq.alerts.official import OfficialAct, act_dict, severity
from aq.alerts.places import province_of, zone_of_place
from aq.alerts.rule import SEVERITIES, Rule
from aq.alerts.state import Phase, Point, Reason
from aq.domain.clock import from_hour_number, kst_iso
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_ID
from aq.feeds.airkorea import AIRKOREA_ALARM
from aq.feeds.registry import FEED_NAMES, INFO

Fields = dict[str, Any]
RECORD = ""
# A repeated or late word is news; what began longer ago than this is marked as caught up [hours].
FRESH_HOURS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is said of a rule in a place, as of an hour.

    Attributes
    ----------
    change : what happened; `reason` the same, or ``muted`` or ``held``
    kind : live, catch_up, correction or withdrawn
    before, after : the phase people knew of, and the one they know of now
    muted_by : ``silence:ID`` or ``rule:ID``
    ended : what became of the rule where that ended the alert: off, removed or changed
    """

    change: Reason
    reason: Reason
    kind: str
    hour: int
    before: Phase
    after: Phase
    point: Point
    since: int | None = None
    peak: int | None = None
    muted_by: str | None = None
    back: bool = False
    ended: str | None = None
    act: OfficialAct | None = None


def event_id(rule: str, place: str, number: int) -> str:
    """The stable name of a place's `number`-th entry under a rule."""
    return f"{rule}.{place}.{number}"


def number_of(event: str) -> int:
    """Which entry of its rule and place it is."""
    return int(event.rpartition(".")[2])


def in_unit(rule: Rule, value: int | None) -> float | None:
    """A point's integer in what the rule's threshold is given in."""
    return None if value is None else value / rule.scale


def unit_of(rule: Rule) -> str | None:
    """µg/m³, ppm, h; None for grades and indices."""
    if rule.kind == "data_late":
        return "h"
    pollutant = rule.pollutant_told if rule.watch == "value" else None
    return pollutants()[pollutant].unit if pollutant else None


def level_number(level: Decimal | None) -> float | None:
    """A level of a rule for JSON; None of a rule that has none."""
    return None if level is None else float(level)


def event_row(
    rule: Rule, revision: int, place: str, entry: Entry, *, number: int, now: datetime,
    station: str | None = None,
) -> Fields:  # fmt: skip
    """The log's row of an entry; `station` is the name of the one that decided."""
    province, zone = province_of(place), zone_of_place(place)
    detail = {
        "name": rule.name,
        "rule_kind": rule.kind,
        "pollutant": rule.pollutant_told,
        "watch": rule.watch,
        "standard": rule.standard if rule.watch != "value" else None,
        "over": rule.over,
        "threshold": level_number(rule.threshold),
        "clear_below": level_number(rule.clear_below),
        "for": rule.for_hours,
        "unit": unit_of(rule),
        "note": rule.note,
        "muted_by": entry.muted_by,
        "back": entry.back,
        "station": station,
        **({"zone": zone.name} if zone else {}),
        "ended": entry.ended,
        **({"official": act_dict(entry.act)} if entry.act else {}),
    }
    return {
        "id": event_id(rule.id, place, number),
        "rule": rule.id,
        "revision": revision,
        "place": place,
        "province": province.id if province else None,
        "hour": entry.hour,
        "decided_at": now,
        "reason": str(entry.reason),
        "change": str(entry.change),
        "kind": entry.kind,
        "severity": severity(rule, entry.act),
        "before": str(entry.before),
        "after": str(entry.after),
        "value": in_unit(rule, entry.point.value),
        "peak": in_unit(rule, entry.peak),
        "since": entry.since,
        "stations": entry.point.stations,
        "stations_expected": entry.point.expected,
        "feed": entry.point.feed,
        "message": None,
        "retracted_at": None,
        "detail": json.dumps(detail, ensure_ascii=False),
    }


def _hour(number: int | None) -> str | None:
    return None if number is None else kst_iso(from_hour_number(number))


# What messages, routes and pages show of an entry, in this order.
SHOWN = (
    *("id", "rule", "rule_name", "rule_kind", "revision", "place", "province", "code", "zone"),
    *("pollutant", "watch", "standard", "over", "threshold", "clear_below", "for", "value", "peak"),
    *("unit", "at", "since", "decided_at", "reason", "change", "kind", "severity", "before"),
    *("after", "back", "station", "ended", "muted_by", "stations", "stations_expected", "feed"),
    *("feed_kind", "status", "official", "note", "message", "retracted_at"),
)


def event_dict(row: Mapping[str, Any]) -> Fields:
    """An event as messages, routes and pages show it; times with +09:00, values in their unit."""
    detail = json.loads(row["detail"])
    province = BY_ID[row["province"]] if row["province"] else None
    info = INFO.get(FEED_NAMES.get(row["feed"] or 0, ""))
    if detail.get("official"):
        info = AIRKOREA_ALARM
    fields = {
        **detail,
        **row,
        "rule_name": detail["name"],
        "province": province.ko if province else None,
        "code": province.code if province else None,
        "at": _hour(row["hour"]),
        "since": _hour(row["since"]),
        "decided_at": kst_iso(row["decided_at"]),
        "severity": SEVERITIES[row["severity"] - 1],
        "feed": info.name if info else None,
        "feed_kind": info.kind if info else None,
        "status": info.status if info else None,
        "retracted_at": kst_iso(row["retracted_at"]) if row["retracted_at"] else None,
    }
    return {name: fields.get(name) for name in SHOWN}
