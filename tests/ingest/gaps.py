"""The gaps that a store knows of, by instants."""

from collections.abc import Sequence
from datetime import datetime

from aq.context import Context
from aq.domain.clock import floor_hour, hour_number
from aq.store import gaps


def known_gaps(
    context: Context, provinces: Sequence[int], after: datetime, until: datetime
) -> list[gaps.KnownGap]:
    """Stretches with ``after < hour end <= until`` that a live feed has not of provinces (ids)."""
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    with context.store.read() as connection:
        return gaps.known(connection, provinces, first, last)
