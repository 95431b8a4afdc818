"""Notices that the wall clock was set, or that the machine slept, by the monotonic clock."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from aq.domain.clock import Clock

# What time services correct in small steps is no jump.
LEAST_JUMP = timedelta(seconds=30)
CLOCK_JOB = "clock"  # the name under which jumps stand among the runs


class ClockWatch:
    """Compares the wall clock with the monotonic one from look to look."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._last: tuple[datetime, float] | None = None

    def look(self) -> timedelta | None:
        """How far the wall clock has jumped since the last look, below 0 back; None for no jump.

        A clock of ``AQ_CLOCK`` is counted on the monotonic one and cannot jump.
        """
        if self._clock.start is not None:
            return None
        wall, counted = self._clock.now(), self._monotonic()
        last, self._last = self._last, (wall, counted)
        if last is None:
            return None
        jump = (wall - last[0]) - timedelta(seconds=counted - last[1])
        return jump if abs(jump) >= LEAST_JUMP else None


def words_of(jump: timedelta) -> str:
    """``back by 6:00:00``, or ``ahead by 0:10:00 (set, or the machine slept)``."""
    whole = timedelta(seconds=round(abs(jump).total_seconds()))
    if jump < timedelta(0):
        return f"back by {whole}"
    return f"ahead by {whole} (set, or the machine slept)"
