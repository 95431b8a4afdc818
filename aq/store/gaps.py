"""What the store lacks of each feed and place, what was asked for again, and what is lost."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from aq.domain.backfill_plan import NOT_PUBLISHED, NOT_RUNNING, Call, StationLack
from aq.domain.clock import from_hour_number, hour_number
from aq.domain.model import URBAN
from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS, FEED_NAMES
from aq.store.archive.months import months
from aq.store.runs import FAILED
from aq.store.schema import gap, gap_call, province_hour, run, station, station_feed, station_hour
from aq.store.upsert import upsert

_HOUR = 3_600
# An answer without all that was asked for may be a fault of upstream, which is over by then. The
# store's word for it is that of answers without any row.
INCOMPLETE, ASKED_AGAIN = "empty", timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGap:
    """A stretch of hours a feed has not of a province; `first` and `last` are hour ends in UTC.

    `cause` says why it was missed: ``not_running`` (no poll was made), ``not_published`` (polls
    went well and upstream had not the hour) or the reason of the polls' failure. `lost` is None
    while upstream may still have the hours, else ``out_of_reach`` (older than upstream keeps) or
    ``not_given`` (asked for and not given).
    """

    feed: str
    province: int
    first: datetime
    last: datetime
    hours: int
    cause: str
    lost: str | None


def first_hour(connection: Connection, feed: str) -> int | None:
    """The first hour a feed has of any province."""
    table = province_hour
    hours: list[int] = []
    for province in PROVINCES:  # one by one: each is a look at an end of the clustered index
        here = [table.c.province == province.id, table.c.feed == FEED_IDS[feed]]
        query = select(table.c.hour).where(*here).order_by(table.c.hour).limit(1)
        hours += connection.scalars(query).all()
    return min(hours, default=None)


def province_lacks(
    connection: Connection, feed: str, after: int, until: int
) -> dict[int, list[int]]:
    """Hours with ``after < hour <= until`` of which a feed has no row of a province, by its id."""
    table = province_hour
    query = select(table.c.province, table.c.hour).where(
        table.c.feed == FEED_IDS[feed], table.c.hour > after, table.c.hour <= until
    )
    hours_of: dict[int, set[int]] = {province.id: set() for province in PROVINCES}
    for row in connection.execute(query):
        hours_of[row.province].add(row.hour)
    wanted = range(after + 1, until + 1)
    return {
        number: [hour for hour in wanted if hour not in have] for number, have in hours_of.items()
    }


def has_all(connection: Connection, feed: str, call: Call) -> bool:
    """Whether a feed has a row of every province in all hours that a call was made for."""
    return not any(province_lacks(connection, feed, call.first - 1, call.last).values())


def station_lacks(
    connection: Connection,
    feed: str,
    after: int,
    until: int,
    *,
    now: datetime,
    whole: bool = False,
) -> list[StationLack]:
    """Stations with hours missing between ``after < hour <= until``.

    A station's hours are expected from the first to the last that the feed has of it; with
    `whole`, for all of the time asked for. Hours asked for before are left out, and archived ones.
    """
    table, number = station_hour, FEED_IDS[feed]
    within = [table.c.feed == number, table.c.hour > after, table.c.hour <= until]
    held_hours = select(table.c.station, func.count().label("n")).where(*within)
    rows = connection.execute(held_hours.group_by(table.c.station))
    counted: dict[int, int] = {row.station: row.n for row in rows}
    query = select(station, station_feed.c.first_hour, station_feed.c.last_hour).join(
        station_feed, station_feed.c.station == station.c.id
    )
    ranges = asked_ranges(connection, feed, now)
    archived = [
        (month.first_hour, month.last_hour) for month in months(connection, after + 1, until)
    ]
    lacks = []
    for row in connection.execute(query.where(station_feed.c.feed == number)):
        first, last = max(row.first_hour, after + 1), min(row.last_hour, until)
        if whole and row.last_hour > after:
            first = after + 1
        if last - first + 1 <= counted.get(row.id, 0):
            continue
        stored = set(
            connection.scalars(select(table.c.hour).where(*within, table.c.station == row.id))
        )
        settled = (*ranges.get(str(row.id), ()), *archived)
        hours = tuple(
            hour
            for hour in range(first, last + 1)
            if hour not in stored
            and not any(stretch[0] <= hour <= stretch[1] for stretch in settled)
        )
        if hours:
            lacks.append(
                StationLack(
                    station=row.id,
                    name=row.name,
                    code=row.code,
                    sido=row.sido,
                    province=row.province,
                    urban=row.network == URBAN,
                    hours=hours,
                )
            )
    return lacks


def asked_ranges(
    connection: Connection, feed: str, now: datetime
) -> dict[str, list[tuple[int, int]]]:
    """(first, last) hours upstream was asked for again, by what was asked for."""
    table = gap_call
    query = select(table.c.target, table.c.first_hour, table.c.last_hour).where(
        table.c.feed == feed,
        (table.c.operation != INCOMPLETE) | (table.c.asked > now - ASKED_AGAIN),
    )
    out: dict[str, list[tuple[int, int]]] = {}
    for row in connection.execute(query):
        out.setdefault(row.target.partition(":")[0], []).append((row.first_hour, row.last_hour))
    return out


def remember(
    connection: Connection, feed: str, call: Call, now: datetime, *, is_complete: bool
) -> None:
    """Keep that a call was made and answered, so that it is not made again; one whose answer
    lacked hours that were asked for is made once more, after `ASKED_AGAIN`."""
    target = f"{call.target}:{call.first}"
    before = select(gap_call.c.asked).where(
        gap_call.c.feed == feed, gap_call.c.operation == INCOMPLETE, gap_call.c.target == target
    )
    is_settled = is_complete or connection.scalar(before) is not None
    row = {
        "feed": feed,
        "operation": call.kind if is_settled else INCOMPLETE,
        "target": target,
        "asked": now,
        "first_hour": call.first,
        "last_hour": call.last,
    }
    upsert(connection, gap_call, [row])


def causes(connection: Connection, feed: str, hours: Iterable[int]) -> dict[int, str]:
    """Why each hour was missed, from the record of the polls made in the hour after its end."""
    wanted = set(hours)
    if not wanted:
        return {}
    query = select(run.c.slot, run.c.state, run.c.report).where(
        run.c.job.in_([f"poll:{feed}", f"manual:{feed}"]),
        run.c.slot >= from_hour_number(min(wanted)),
        run.c.slot < from_hour_number(max(wanted) + 1),
    )
    out = dict.fromkeys(wanted, NOT_RUNNING)
    for row in connection.execute(query.order_by(run.c.slot)):
        hour = int(row.slot.timestamp()) // _HOUR
        if hour not in wanted:
            continue
        if row.state == FAILED:
            error = json.loads(row.report or "{}").get("error") or {}
            if out[hour] != NOT_PUBLISHED:
                out[hour] = str(error.get("reason", "failed"))[:32]
        else:
            out[hour] = NOT_PUBLISHED
    return out


def record(
    connection: Connection,
    feed: str,
    span: tuple[int, int],
    rows: Mapping[tuple[int, int], tuple[str, str | None]],
    now: datetime,
) -> None:
    """Write the gaps with ``span[0] < hour <= span[1]`` anew: (province, hour) -> (cause, lost)."""
    number = FEED_IDS[feed]
    connection.execute(
        delete(gap).where(gap.c.feed == number, gap.c.hour > span[0], gap.c.hour <= span[1])
    )
    fresh: list[dict[str, Any]] = [
        {
            "feed": number,
            "province": province,
            "hour": hour,
            "cause": cause,
            "lost": lost,
            "recorded": now,
        }
        for (province, hour), (cause, lost) in rows.items()
    ]
    if fresh:
        connection.execute(insert(gap), fresh)


def known(
    connection: Connection, provinces: Sequence[int], after: int, until: int
) -> list[KnownGap]:
    """Recorded gaps with ``after < hour <= until``, by province, feed and hour, as stretches."""
    query = select(gap).where(
        gap.c.province.in_(list(provinces)), gap.c.hour > after, gap.c.hour <= until
    )
    out: list[KnownGap] = []
    for row in connection.execute(query.order_by(gap.c.province, gap.c.feed, gap.c.hour)):
        end = from_hour_number(row.hour)
        same = out and (out[-1].feed, out[-1].province, out[-1].cause, out[-1].lost) == (
            FEED_NAMES[row.feed],
            row.province,
            row.cause,
            row.lost,
        )
        if same and hour_number(out[-1].last) == row.hour - 1:
            before = out.pop()
            first, hours = before.first, before.hours + 1
        else:
            first, hours = end, 1
        out.append(
            KnownGap(
                feed=FEED_NAMES[row.feed],
                province=row.province,
                first=first,
                last=end,
                hours=hours,
                cause=row.cause,
                lost=row.lost,
            )
        )
    return out


def gap_counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """(province hours still to be had, lost ones) by feed."""
    query = select(gap.c.feed, gap.c.lost.is_(None), func.count()).group_by(
        gap.c.feed, gap.c.lost.is_(None)
    )
    out: dict[str, tuple[int, int]] = {}
    for feed, is_open, count in connection.execute(query):
        kept = out.get(FEED_NAMES[feed], (0, 0))
        out[FEED_NAMES[feed]] = (count, kept[1]) if is_open else (kept[0], count)
    return out
