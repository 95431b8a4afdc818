"""Scheduled minutes of an hour and instants of a day: the newest due and the next to come."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from aq.domain.clock import HOUR, day_bounds, floor_hour, kst


def latest_slot(now: datetime, minutes: Sequence[int]) -> datetime:
    """The newest scheduled minute at or before `now`, in UTC."""
    hour = floor_hour(now)
    slots = [h + timedelta(minutes=m) for h in (hour - HOUR, hour) for m in minutes]
    return max(slot for slot in slots if slot <= now)


def next_slot(now: datetime, minutes: Sequence[int]) -> datetime:
    """The first scheduled minute after `now`, in UTC."""
    hour = floor_hour(now)
    slots = [h + timedelta(minutes=m) for h in (hour, hour + HOUR) for m in minutes]
    return min(slot for slot in slots if slot > now)


def daily_slot(now: datetime, at: timedelta) -> datetime:
    """The newest instant at or before `now` that is `at` after a KST midnight, in UTC."""
    slot = day_bounds(kst(now).date())[0] + at
    return slot if slot <= now else slot - timedelta(days=1)


def latest_daily(now: datetime, times: Sequence[timedelta]) -> datetime:
    """The newest of several instants of every KST day at or before `now`, in UTC."""
    return max(daily_slot(now, at) for at in times)


def feed_table(
    states: Mapping[str, Any], names: Sequence[str], now: datetime, minutes: Sequence[int]
) -> dict[str, datetime]:
    """When each feed is polled next: the next slot, or after upstream's or our own waiting time."""
    upcoming = {}
    for name in names:
        state = states.get(name)
        waits = (state.retry_at, state.pause_until) if state else ()
        start = max((moment for moment in waits if moment), default=now)
        # A slot that falls on the very end of a wait is taken.
        start = max(start - timedelta(microseconds=1), now)
        upcoming[name] = next_slot(start, minutes)
    return upcoming
