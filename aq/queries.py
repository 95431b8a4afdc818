"""The store as data frames for charts: every hour of a range, gaps with their reason."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, func, select, union

from aq.clock import day_bounds, floor_hour, from_hour_number, hour_number
from aq.feeds.infos import INFO
from aq.lines import line
from aq.regions import BY_ID, PROVINCES
from aq.runtime import Runtime
from aq.schema import FEED_IDS, FEED_NAMES, province_hour, province_hour_rev
from aq.status import agreement, feed_status
from aq.store import gaps, reads, retained
from aq.store.engine import version_at
from aq.store.gaps import KnownGap
from aq.units import mean_half_up, pollutants

__all__ = [
    "KnownGap",
    "agreement",
    "archived_months",
    "feed_status",
    "known_gaps",
    "line",
    "revised_hours",
    "span",
    "sparklines",
    "version_on",
]


def sparklines(
    runtime: Runtime,
    pollutant: str,
    until: datetime,
    *,
    hours: int = 24,
    feed: str | None = None,
) -> dict[str, list[float | None]]:
    """The last `hours` hourly means [pollutant's unit] by province code, None where missing."""
    last = hour_number(floor_hour(until))
    scale = pollutants()[pollutant].scale
    numbers = [province.id for province in PROVINCES]
    with runtime.store.read() as connection:
        rows = reads.province_hours(connection, numbers, last - hours, last, feed=feed)
    out: dict[str, list[float | None]] = {one.code: [None] * hours for one in PROVINCES}
    rank = {FEED_IDS[name]: place for place, name in enumerate(runtime.settings.feeds.prefer)}
    for row in sorted(rows, key=lambda one: -rank[one.feed]):
        count = getattr(row, f"{pollutant}_n")
        if count:
            place = row.hour - (last - hours) - 1
            value = mean_half_up(getattr(row, f"{pollutant}_sum"), count) / scale
            out[BY_ID[row.province].code][place] = value
    return out


def version_on(runtime: Runtime, day: date) -> int | None:
    """The store version at the end of a KST day; None before the first knowledge."""
    with runtime.store.read() as connection:
        return version_at(connection, day_bounds(day)[1])


def revised_hours(
    runtime: Runtime, province_id: int, after: datetime, until: datetime
) -> list[datetime]:
    """Hours a feed has changed, or that several observing feeds have; newest first.

    A model's hour beside an observed one is no second knowledge of it.
    """
    observing = [FEED_IDS[name] for name, info in INFO.items() if info.kind == "observed"]
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))

    def chosen(table: Table) -> Any:
        here = (table.c.province == province_id, table.c.hour > first, table.c.hour <= last)
        return select(table.c.hour).where(*here)

    several = (
        chosen(province_hour)
        .where(province_hour.c.feed.in_(observing))
        .group_by(province_hour.c.hour)
        .having(func.count() > 1)
    )
    with runtime.store.read() as connection:
        found = connection.scalars(union(several, chosen(province_hour_rev))).all()
    return [from_hour_number(hour) for hour in sorted(found, reverse=True)]


def span(runtime: Runtime, province_id: int) -> list[tuple[str, datetime, datetime]]:
    """(feed, first hour, last hour) of what is stored of a province."""
    with runtime.store.read() as connection:
        found = reads.span(connection, [province_id])
    return [
        (FEED_NAMES[feed], from_hour_number(first), from_hour_number(last))
        for feed, (first, last) in found.items()
    ]


def archived_months(runtime: Runtime, after: datetime, until: datetime) -> tuple[str, ...]:
    """Months (2025-01) with an hour in ``after < hour end <= until`` whose station hours stand in
    the archive."""
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    with runtime.store.read() as connection:
        return tuple(one.name for one in retained.months(connection, first + 1, last))


def known_gaps(
    runtime: Runtime, provinces: Sequence[int], after: datetime, until: datetime
) -> list[KnownGap]:
    """Stretches of hours with ``after < hour end <= until`` that a live feed should have of a
    province (by id) and has not: why it was missed, and whether it can still be had."""
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    with runtime.store.read() as connection:
        return gaps.known(connection, provinces, first, last)
