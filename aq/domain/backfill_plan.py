"""Which calls would fill the gaps: from what is missing, what upstream keeps and what a day's quota
leaves, to calls in order, the newest hours first."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aq.domain.call_plan import every_hour, times_left

# Why an hour was missed, beside the reasons of a failed poll.
NOT_RUNNING, NOT_PUBLISHED = "not_running", "not_published"
# Why it can no longer be had.
OUT_OF_REACH, NOT_GIVEN = "out_of_reach", "not_given"

HISTORY, MEANS, RANGE = "history", "means", "range"
DAY = 24
# A run of many calls may take hours, and a term reaches back from the moment of its call.
SLACK = 12
# AirKorea's station history (getMsrstnAcctoRltmMesureDnsty): term, hours it reaches back, pages of
# 1,000 rows it takes. About 24, 720 and 2,200 rows.
TERMS = (("DAILY", DAY - SLACK, 1), ("MONTH", 30 * DAY - SLACK, 1), ("3MONTH", 90 * DAY, 3))
REACH = TERMS[-1][1]
# Upstream's own province means (getCtprvnMesureLIst): six pollutants, a call each.
MEAN_TERMS = (("WEEK", 7 * DAY - SLACK, 6), ("MONTH", 30 * DAY - 2, 6))
MEANS_REACH = MEAN_TERMS[-1][1]
# Open-Meteo: a call gives 31 days of all provinces; a range may begin and end within a day.
RANGE_HOURS = 29 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class StationLack:
    """A station and the hours (numbers, ascending) a feed lacks of it and was not asked for."""

    station: int
    name: str
    code: str | None
    sido: str
    province: int | None
    urban: bool
    hours: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Something to ask upstream for: `cost` calls that give the hours ``first..last``.

    `target` is a station's id, ``means`` or ``range``; `term` is upstream's word for how far back.
    """

    kind: str
    target: str
    first: int
    last: int
    cost: int
    term: str = ""
    lack: StationLack | None = None


def history_calls(lacks: Iterable[StationLack], now: int) -> list[Call]:
    """A station history call for each station whose missing hours upstream still has.

    The shortest term that reaches its oldest missing hour; the newest hours first, then the
    stations that count for a province's mean, then those with the most to gain.
    """
    calls = []
    for lack in lacks:
        hours = [hour for hour in lack.hours if hour > now - REACH]
        if not hours:
            continue
        term, _reach, pages = next(terms for terms in TERMS if hours[0] > now - terms[1])
        call = Call(
            kind=HISTORY,
            target=str(lack.station),
            first=hours[0],
            last=hours[-1],
            cost=pages,
            term=term,
            lack=lack,
        )
        calls.append((-hours[-1], not lack.urban, -len(hours), lack.station, call))
    return [call[-1] for call in sorted(calls, key=lambda call: call[:-1])]


def means_calls(hours: Iterable[int], now: int) -> list[Call]:
    """The one call (of six) for upstream's own means, where provinces lack hours it still has."""
    wanted = sorted(hour for hour in set(hours) if hour > now - MEANS_REACH)
    if not wanted:
        return []
    term, _reach, cost = next(terms for terms in MEAN_TERMS if wanted[0] > now - terms[1])
    first, last = wanted[0], wanted[-1]
    return [Call(kind=MEANS, target=MEANS, first=first, last=last, cost=cost, term=term)]


def range_calls(hours: Iterable[int]) -> list[Call]:
    """Calls by date for the hours missing anywhere, a month or less each, the newest first."""
    left = sorted(set(hours), reverse=True)
    calls: list[Call] = []
    while left:
        last = left[0]
        block = [hour for hour in left if hour > last - RANGE_HOURS]
        calls.append(Call(kind=RANGE, target=RANGE, first=block[-1], last=last, cost=1))
        left = left[len(block) :]
    return calls


def within(calls: Sequence[Call], budget: int | None) -> tuple[list[Call], list[Call]]:
    """(calls that a budget allows, in order, those that must wait)."""
    if budget is None:
        return list(calls), []
    spent = 0
    for place, call in enumerate(calls):
        if spent + call.cost > budget:
            return list(calls[:place]), list(calls[place:])
        spent += call.cost
    return list(calls), []


def lost(
    lacking: Mapping[int, Iterable[int]],
    open_hours: Iterable[tuple[int, int]],
    oldest_reach: int,
) -> dict[tuple[int, int], str | None]:
    """(province, hour) -> why it can no longer be had, None while a call may still bring it.

    `open_hours` are the (province, hour) that calls not yet made may bring; hours up to
    `oldest_reach` are older than upstream keeps.
    """
    still = set(open_hours)
    out: dict[tuple[int, int], str | None] = {}
    for province, hours in lacking.items():
        for hour in hours:
            if (province, hour) in still:
                out[province, hour] = None
            else:
                out[province, hour] = OUT_OF_REACH if hour <= oldest_reach else NOT_GIVEN
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A feed's calls of one KST day: made, kept back for live polls, left for backfill."""

    limit: int | None
    used: int
    reserved: int

    @property
    def left(self) -> int | None:
        """Calls that filling gaps may make today; None without a limit."""
        return None if self.limit is None else max(0, self.limit - self.used - self.reserved)

    def share(self, runs_left: int) -> int | None:
        """What one of `runs_left` more runs of today may spend, so that the day is used evenly."""
        return None if self.left is None else math.ceil(self.left / max(1, runs_left))


def slots_left(now: datetime, minutes: Iterable[int]) -> int:
    """Scheduled minutes of the hour still to come before KST midnight."""
    return times_left(now, every_hour(tuple(minutes)))


def live_reserve(now: datetime, minutes: Iterable[int], limit: int | None, extra: int) -> int:
    """Calls to keep for the rest of the day's live polls: one a slot, `extra` for what is asked
    once a day, and a twentieth of the limit for calls tried again."""
    return slots_left(now, minutes) + extra + math.ceil((limit or 0) / 20)
