"""Calls a day that are planned beside the polls of hours."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aq.domain.clock import day_bounds, kst

# Rows of a list are asked for again for so long: an advisory may be corrected.
REREAD = timedelta(days=7)


def every_hour(minutes: Sequence[int]) -> tuple[timedelta, ...]:
    """The times of day at which a clock shows one of these minutes."""
    return tuple(timedelta(hours=hour, minutes=minute) for hour in range(24) for minute in minutes)


def moments_left(
    now: datetime, times: Sequence[timedelta], of: datetime | None = None
) -> list[datetime]:
    """These times of the KST day of `of` (else of `now`) that are still to come."""
    midnight = day_bounds(kst(of or now).date())[0]
    return [midnight + at for at in times if now < midnight + at]


def times_left(now: datetime, times: Sequence[timedelta], of: datetime | None = None) -> int:
    """How many of these times of the KST day of `of` (else of `now`) are still to come."""
    return len(moments_left(now, times, of))


def day_start(now: datetime) -> datetime:
    """The last instant before the KST day of `now`: all its times are still to come."""
    return day_bounds(kst(now).date())[0] - timedelta(microseconds=1)
