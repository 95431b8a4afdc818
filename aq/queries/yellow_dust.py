"""Acts of yellow dust from the store: the recent ones, those of a year, as a route gives them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from aq.context import Context
from aq.domain.clock import day_bounds, kst_day, kst_iso
from aq.domain.model import YellowDust
from aq.domain.provinces import provinces_named
from aq.store.yellow_dust import yellow_dust_acts

# An act has no end: it is shown on its own day and the next.
SHOWN_DAYS = 2


def recent_yellow_dust(
    context: Context, now: datetime, days: int = SHOWN_DAYS
) -> tuple[YellowDust, ...]:
    """The acts of today and the days before it (KST), newest first."""
    first = day_bounds(kst_day(now) - timedelta(days=days - 1))[0]
    with context.store.read() as connection:
        return tuple(reversed(yellow_dust_acts(connection, first, now)))


def yellow_dust_of(context: Context, year: int, now: datetime) -> tuple[YellowDust, ...]:
    """The acts of a KST year as known now, newest first."""
    first, last = day_bounds(date(year, 1, 1))[0], day_bounds(date(year, 12, 31))[1]
    with context.store.read() as connection:
        acts = yellow_dust_acts(connection, first, min(last - timedelta(microseconds=1), now))
    return tuple(reversed(acts))


def yellow_dust_over(
    context: Context,
    codes: tuple[str, ...],
    after: datetime,
    until: datetime,
    as_of: int | None = None,
) -> tuple[YellowDust, ...]:
    """The acts of ``after < t <= until`` whose text names one of some provinces, newest first; as
    known now, or at the store version `as_of`."""
    tick = timedelta(microseconds=1)
    with context.store.read() as connection:
        acts = yellow_dust_acts(connection, after + tick, until, as_of)
    return tuple(
        act
        for act in reversed(acts)
        if any(province.code in codes for province in provinces_named(act.areas))
    )


def yellow_dust_items(acts: Iterable[YellowDust]) -> list[dict[str, Any]]:
    """Acts in JSON's types; `provinces` are those that the text of areas names."""
    return [
        {
            "issued_at": kst_iso(act.at),
            "told": act.told,
            "round": act.sequence or None,
            "areas": act.areas,
            "provinces": [province.ko for province in provinces_named(act.areas)],
            "codes": [province.code for province in provinces_named(act.areas)],
            "feed": "airkorea_alarm",
        }
        for act in acts
    ]
