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


def known_level(advisory: Advisory) -> int | None:
    """1 advisory (주의보), 2 warning (경보), 3 severe warning (중대경보); None for other words."""
    return LEVELS.get(advisory.word)


def level(advisory: Advisory) -> int:
    """The level by which acts are ranked and rules judge: `known_level`, or the lowest."""
    return known_level(advisory) or UNKNOWN_LEVEL


def zone_of(advisory: Advisory) -> Zone:
    """What an advisory holds for."""
    return advisory.pollutant, advisory.district, advisory.zone


def holds(advisory: Advisory, moment: datetime) -> bool:
    """Whether it is in force at an instant: issued, and its clear time is not reached."""
    return advisory.issued_at <= moment and (
        advisory.cleared_at is None or moment < advisory.cleared_at
    )


def in_force(advisories: Iterable[Advisory], moment: datetime) -> list[Advisory]:
    """What holds at an instant, one per zone: the highest, of those the latest; worst first."""
    by_zone: dict[Zone, Advisory] = {}
    for advisory in advisories:
        if holds(advisory, moment):
            before = by_zone.get(zone_of(advisory))
            if before is None or _rank(advisory) > _rank(before):
                by_zone[zone_of(advisory)] = advisory
    return sorted(
        by_zone.values(),
        key=lambda advisory: (-level(advisory), advisory.issued_at, zone_of(advisory)),
    )


def _rank(advisory: Advisory) -> tuple[int, datetime]:
    return level(advisory), advisory.issued_at


def acts(advisories: Iterable[Advisory]) -> list[Act]:
    """Every change of the level in force, zone by zone, in the order of time.

    Rows of one zone that overlap or meet are one story: a warning over an advisory raises it; when
    the warning is cleared and the advisory still holds, it is lowered. What begins and ends at the
    same instant changes nothing.
    """
    by_zone: dict[Zone, list[Advisory]] = {}
    for advisory in advisories:
        by_zone.setdefault(zone_of(advisory), []).append(advisory)
    acts_made = [act for rows in by_zone.values() for act in _story(rows)]
    return sorted(acts_made, key=lambda act: (act.at, zone_of(act.advisory)))


def _story(rows: list[Advisory]) -> list[Act]:
    moments = {advisory.issued_at for advisory in rows} | {
        advisory.cleared_at for advisory in rows if advisory.cleared_at is not None
    }
    acts_made: list[Act] = []
    before: Advisory | None = None
    for moment in sorted(moments):
        now = next(iter(in_force(rows, moment)), None)
        was, is_ = (level(state) if state else 0 for state in (before, now))
        told = now or before
        if was != is_ and told is not None:
            kind = ISSUED if not was else CLEARED if not is_ else RAISED if is_ > was else LOWERED
            acts_made.append(Act(kind=kind, at=moment, level=is_, advisory=told))
        before = now
    return acts_made


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
    for advisory in rows:
        ends = (advisory.issued_at, advisory.cleared_at or until)
        edges |= {min(max(edge, after), until) for edge in ends}
    moments = sorted(edges)
    stretches = []
    for begin, end in pairwise(moments):
        there = in_force(rows, begin)
        if there:
            stretches.append(Span(begin=begin, end=end, advisories=tuple(there)))
    return stretches


# Acts from the mildest on; 중대경보 is known for ozone only.
LEVELS: Mapping[str, int] = {"주의보": 1, "경보": 2, "중대경보": 3}
