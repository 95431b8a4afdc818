"""Silences: who has muted what until when, and whether one holds for a rule in a place now."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aq.alerts.places import province_of
from aq.alerts.rule import Rule
from aq.domain.clock import kst_iso
from aq.domain.errors import InputError
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_ID, find_province
from aq.store import Store
from aq.store import alerts as rows

Fields = dict[str, Any]


def covers(silence: Any, rule: Rule, province: int | None) -> bool:
    """Whether a silence is of this rule and province."""
    return (
        silence.rule in (None, rule.id)
        and silence.province in (None, province)
        and silence.pollutant in (None, rule.pollutant_told or "")
    )


def silenced_by(silences: Iterable[Any], rule: Rule, place: str, now: datetime) -> str | None:
    """``silence:ID`` of the first silence that holds at `now`; None without one.

    Every silence begins when it is made, so its begin is not asked for: a clock that was set back
    since does not lift it.
    """
    for silence in silences:
        province = province_of(place)
        if now < silence.until and covers(silence, rule, province.id if province else None):
            return f"silence:{silence.id}"
    return None


def silences(store: Store, *, over: bool = False) -> list[Fields]:
    """Silences that hold or will, newest first; `over`: past ones too."""
    now = store.clock.now()
    with store.read() as connection:
        found = rows.silences(connection, after=None if over else now)
    return [
        {
            "id": row.id,
            "rule": row.rule,
            "province": BY_ID[row.province].ko if row.province else None,
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
        if rule_id is not None and rule_id not in {row.id for row in rows.rules(connection)}:
            raise InputError(f"there is no rule {rule_id!r}", "rule", unknown=True)
        return rows.add_silence(connection, values)


def unsilence(store: Store, number: int, who: str) -> None:
    """End a silence now; raises `InputError` when there is none that holds."""
    with store.book() as connection:
        if not rows.end_silence(connection, number, store.clock.now(), who):
            raise InputError(f"there is no silence {number} that holds", "silence", unknown=True)
