"""A model's hours to come for the pages: never a value of now, never one of the past."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from aq.context import Context
from aq.domain.clock import from_hour_number
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import BY_CODE, BY_ID
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
    return all_hours_ahead(context, now, [code]).get(code, {}).get(pollutant)


def all_hours_ahead(
    context: Context, now: datetime, codes: Iterable[str] = tuple(BY_CODE)
) -> dict[str, dict[str, Ahead]]:
    """`hours_ahead` of some provinces, by code and pollutant; those without any are left out."""
    every: dict[str, dict[str, Ahead]] = {}
    numbers = [BY_CODE[code].id for code in codes]
    with context.store.read() as connection:
        for feed in context.settings.selection.modelled.feeds:
            rows = ahead(connection, feed, numbers, now)
            for place, of_place in groupby(rows, key=attrgetter("province")):
                hours = list(of_place)
                own = every.setdefault(BY_ID[place].code, {})
                for key in KEYS:
                    valued = [hour for hour in hours if getattr(hour, key) is not None]
                    if key in own or not valued or now - valued[0].asked > FRESH:
                        continue
                    scale = pollutants()[key].scale
                    own[key] = Ahead(
                        feed=feed,
                        asked_at=valued[0].asked,
                        hours=tuple(
                            (from_hour_number(hour.hour), getattr(hour, key) / scale)
                            for hour in valued
                        ),
                    )
    return every
