"""A model's hours to come for the pages: never a value of now, never one of the past."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aq.context import Context
from aq.domain.clock import from_hour_number
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.store.model_hours import ahead

# What was asked for longer ago is no forecast any more.
FRESH = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Hours to come as (hour end, value [the pollutant's unit]), of which feed, asked for when."""

    feed: str
    asked_at: datetime
    hours: tuple[tuple[datetime, float], ...]


def hours_ahead(context: Context, code: str, pollutant: str, now: datetime) -> Ahead | None:
    """The hours after `now` of the first model that has them; None without any, or with old ones.

    Only the newest the model said is kept: what it said earlier of the same hours is not.
    """
    scaled_by = pollutants().get(pollutant)
    if scaled_by is None:
        return None
    with context.store.read() as connection:
        for feed in context.settings.selection.modelled.feeds:
            rows, asked_at = ahead(connection, feed, BY_CODE[code].id, pollutant, now)
            if rows and asked_at is not None and now - asked_at <= FRESH:
                hours = tuple((from_hour_number(n), value / scaled_by.scale) for n, value in rows)
                return Ahead(feed=feed, asked_at=asked_at, hours=hours)
    return None
