"""Advisories over time: which level holds in a zone, and when it was issued, raised, cleared."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from aq.domain.model import Advisory

ISSUED, RAISED, LOWERED, CLEARED = "issued", "raised", "lowered", "cleared"
# A kind of act nobody knows ranks as the lowest: something holds, how much is not known.
UNKNOWN_LEVEL = 1
Zone = tuple[str, str, str]  # pollutant, district, zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A change of the level in force in a zone. `advisory` is the one in force from then on, or
    the one that was cleared last."""

    kind: str
    at: datetime
    level: int
    advisory: Advisory


def known_level(one: Advisory) -> int | None:
    """1 advisory (주의보), 2 warning (경보), 3 severe warning (중대경보); None for other words."""
    return LEVELS.get(one.word)


def level(one: Advisory) -> int:
    """The level by which acts are ranked and rules judge: `known_level`, or the lowest."""
    return known_level(one) or UNKNOWN_LEVEL


def zone_of(one: Advisory) -> Zone:
    """What an advisory holds for."""
    return one.pollutant, one.district, one.zone


def holds(one: Advisory, moment: datetime) -> bool:
    """Whether it is in force at an instant: issued, and its clear time is not reached."""
    return one.issued_at <= moment and (one.cleared_at is None or moment < one.cleared_at)


def in_force(advisories: Iterable[Advisory], moment: datetime) -> list[Advisory]:
    """What holds at an instant, one per zone: the highest, of those the latest; worst first."""
    found: dict[Zone, Advisory] = {}
    for one in advisories:
        if holds(one, moment):
            before = found.get(zone_of(one))
            if before is None or _rank(one) > _rank(before):
                found[zone_of(one)] = one
    return sorted(found.values(), key=lambda one: (-level(one), one.issued_at, zone_of(one)))


def _rank(one: Advisory) -> tuple[int, datetime]:
    return level(one), one.issued_at


def acts(advisories: Iterable[Advisory]) -> list[Act]:
    """Every change of the level in force, zone by zone, in the order of time.

    Rows of one zone that overlap or meet are one story: a warning over an advisory raises it; when
    the warning is cleared and the advisory still holds, it is lowered. What begins and ends at the
    same instant changes nothing.
    """
    by_zone: dict[Zone, list[Advisory]] = {}
    for one in advisories:
        by_zone.setdefault(zone_of(one), []).append(one)
    found = [act for rows in by_zone.values() for act in _story(rows)]
    return sorted(found, key=lambda act: (act.at, zone_of(act.advisory)))


def _story(rows: list[Advisory]) -> list[Act]:
    moments = {one.issued_at for one in rows} | {
        one.cleared_at for one in rows if one.cleared_at is not None
    }
    found: list[Act] = []
    before: Advisory | None = None
    for moment in sorted(moments):
        now = next(iter(in_force(rows, moment)), None)
        was, is_ = (level(one) if one else 0 for one in (before, now))
        told = now or before
        if was != is_ and told is not None:
            kind = ISSUED if not was else CLEARED if not is_ else RAISED if is_ > was else LOWERED
            found.append(Act(kind=kind, at=moment, level=is_, advisory=told))
        before = now
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time with one set of advisories in force, the worst first."""

    begin: datetime
    end: datetime
    advisories: tuple[Advisory, ...]

    @property
    def level(self) -> int:
        """The highest level in force."""
        return level(self.advisories[0])


def spans(advisories: Iterable[Advisory], after: datetime, until: datetime) -> list[Span]:
    """The stretches of ``after`` to ``until`` in which anything holds, zones taken together."""
    rows = list(advisories)
    edges = {after, until}
    for one in rows:
        ends = (one.issued_at, one.cleared_at or until)
        edges |= {min(max(edge, after), until) for edge in ends}
    moments = sorted(edges)
    found = []
    for begin, end in pairwise(moments):
        there = in_force(rows, begin)
        if there:
            found.append(Span(begin=begin, end=end, advisories=tuple(there)))
    return found


# Acts from the mildest on; 중대경보 is known for ozone only.
LEVELS: Mapping[str, int] = {"주의보": 1, "경보": 2, "중대경보": 3}
