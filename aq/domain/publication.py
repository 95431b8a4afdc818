"""How often a failing feed is asked, and what its past says of when an hour appears."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from aq.domain.clock import HOUR, floor_hour, kst

# Three polls an hour: after two hours of failures a feed is asked once an hour, later every second
# hour. A single success ends it.
PATIENCE = 6
LONGEST = 2 * HOUR
# The poll that ends a pause must not miss its slot by seconds.
EARLY = timedelta(minutes=5)
# What is learned of publication: from so many hours at least, and what is late by this much more
# than nineteen of twenty hours were.
LEARNED_FROM = 24
LEARNING = timedelta(days=14)
LEEWAY = 15
LEAST_BOUND = 45


def pause_until(failures: int, now: datetime) -> datetime | None:
    """When a feed that failed `failures` times in a row is asked next; None for as usual."""
    if failures < PATIENCE:
        return None
    wait = HOUR if failures == PATIENCE else LONGEST
    return now + wait - EARLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """When a feed's hours appear, in minutes after the hour's end, as far as polls can tell.

    Attributes
    ----------
    usual : median over the hours seen
    bound : later than this is late
    by_hour : median by hour of day (KST, of the hour's end)
    hours : how many hours this is learned from
    """

    usual: int
    bound: int
    by_hour: dict[int, int]
    hours: int


def learn(seen: Iterable[tuple[datetime, datetime]]) -> Publication | None:
    """From (hour end, first seen) of some weeks; None while there are too few to say anything."""
    lags = [(end, _minutes(end, moment)) for end, moment in seen]
    if len(lags) < LEARNED_FROM:
        return None
    ordered = sorted(lag for _, lag in lags)
    ninety_fifth = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    hours: dict[int, list[int]] = {}
    for end, lag in lags:
        hours.setdefault(kst(end).hour, []).append(lag)
    return Publication(
        usual=round(median(ordered)),
        bound=max(LEAST_BOUND, ninety_fifth + LEEWAY),
        by_hour={hour: round(median(minutes)) for hour, minutes in sorted(hours.items())},
        hours=len(ordered),
    )


def overdue(newest: datetime | None, publication: Publication | None, now: datetime) -> bool:
    """Whether the hour that should be there by now is not: by the learned bound, without one by
    two hours."""
    if newest is None:
        return False
    bound = publication.bound if publication else 120
    due = floor_hour(now - timedelta(minutes=bound))
    return newest < due


def _minutes(end: datetime, moment: datetime) -> int:
    return max(0, int((moment - end).total_seconds() // 60))


def lateness(newest: datetime, seen: Sequence[tuple[datetime, datetime]]) -> int | None:
    """Minutes after its end at which the newest hour was first seen; None when not recorded."""
    return next((_minutes(end, moment) for end, moment in seen if end == newest), None)
