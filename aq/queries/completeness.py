"""How complete the store is over a range: hours by province and day, and why the others lack."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from aq.context import Context
from aq.domain.backfill_plan import NOT_PUBLISHED, NOT_RUNNING, REACH
from aq.domain.clock import (
    day_hours,
    day_of,
    floor_hour,
    from_day_number,
    hour_number,
)
from aq.domain.missing import NETWORK_UNKNOWN, gap_reason, reasons
from aq.domain.model import ProvinceHour
from aq.domain.provinces import PROVINCES
from aq.domain.selection import Selection
from aq.feeds.registry import INFO
from aq.store import Connection, gaps, reads

NOT_RECEIVED, SOURCE_FLAG, QUALITY_FLAG = "not_received", "source_flag", "quality_flag"
TOO_FEW, FEED_DOWN = "too_few_stations", "feed_down"
OWN_OUTAGE, NOT_IMPORTED = "own_outage", "not_imported"
CAUSES = (
    NOT_RECEIVED,
    SOURCE_FLAG,
    QUALITY_FLAG,
    NETWORK_UNKNOWN,
    TOO_FEW,
    FEED_DOWN,
    OWN_OUTAGE,
    NOT_IMPORTED,
)
# What may bring a missing hour: a call to upstream, or a confirmed file.
BACKFILL, IMPORT = "backfill", "import"
_EVERYWHERE = [province.id for province in PROVINCES]
_OF_REASON = {
    "not_received": NOT_RECEIVED,
    "source_flag": SOURCE_FLAG,
    "quality_flag": QUALITY_FLAG,
    "not_measured": TOO_FEW,
    NETWORK_UNKNOWN: NETWORK_UNKNOWN,
}
DAY_COLUMNS = ("province", "day", "feed", "hours", "expected")
LACK_COLUMNS = ("province", "day", "feed", "cause", "detail", "fills", "hours")
Place = tuple[int, int]  # (province id, days since 1970)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """Completeness of a range for a pollutant.

    Attributes
    ----------
    days : a row for each of the 17 and each day: province (id), day (date), feed (the most
        preferred that has any of the day; None without), hours (with a value), expected (24, fewer
        on a day that is not over)
    lacks : a row for each province, day and cause: feed, cause (`CAUSES`), detail (upstream's own
        flag, or the reason of failed polls), fills (`backfill` or `import`), hours
    """

    days: pd.DataFrame
    lacks: pd.DataFrame


def completeness(
    context: Context, key: str, after: datetime, until: datetime, feed: str | None = None
) -> Completeness:
    """How complete ``after < hour end <= until`` is for a pollutant; of one feed where given.

    Hours come from the day roll-ups; the hours themselves are read only where a day lacks some.
    """
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    selection = context.settings.selection.only(feed)
    with context.store.read() as connection:
        days = _days(connection, key, selection, first, last)
        look = _Look.of(connection, context, key, selection, (first, last))
        short = [day for day in days if day[3] < day[4]]
        lacks = list(_lacks(connection, look, short))
    frame = pd.DataFrame(days, columns=list(DAY_COLUMNS))
    frame["day"] = [from_day_number(day) for day in frame["day"]]
    missing = pd.DataFrame(lacks, columns=list(LACK_COLUMNS))
    missing["day"] = [from_day_number(day) for day in missing["day"]]
    return Completeness(days=frame, lacks=missing)


def _days(
    connection: Connection, key: str, selection: Selection, first: int, last: int
) -> list[tuple[int, int, str | None, int, int]]:
    """A row of `DAY_COLUMNS` for each province and day, the days as numbers."""
    if first >= last:
        return []
    begin, end = day_of(first + 1), day_of(last)
    chosen = selection.of_days(reads.days(connection, key, _EVERYWHERE, begin, end))
    out = []
    for province in _EVERYWHERE:
        for day in range(begin, end + 1):
            start, stop = day_hours(day)
            expected = min(stop, last) - max(start, first)
            roll = chosen.get((province, day))
            feed, hours = (roll.feed, min(roll.hours, expected)) if roll else (None, 0)
            out.append((province, day, feed, hours, expected))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What tells why an hour is missing."""

    key: str
    first: int
    last: int
    newest: int
    begins: Mapping[str, int]  # first hour of each live feed, the most preferred first
    recorded: Mapping[tuple[str, int, int], tuple[str, str | None]]
    live: tuple[str, ...]
    polls: dict[str, dict[int, str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        connection: Connection,
        context: Context,
        key: str,
        selection: Selection,
        bounds: tuple[int, int],
    ) -> "_Look":
        live = tuple(name for name in context.settings.live_feeds if name in selection.feeds)
        firsts = {name: gaps.first_hour(connection, name) for name in live}
        recorded = {
            (gap.feed, gap.province, hour): (gap.cause, gap.lost)
            for gap in gaps.known(connection, _EVERYWHERE, *bounds)
            for hour in range(hour_number(gap.first), hour_number(gap.last) + 1)
        }
        return cls(
            key=key,
            first=bounds[0],
            last=bounds[1],
            newest=hour_number(floor_hour(context.clock.now())),
            begins={name: hour for name, hour in firsts.items() if hour is not None},
            recorded=recorded,
            live=live,
        )

    def expected_feed(self, hour: int) -> str | None:
        """The live feed that should have had an hour of which there is nothing."""
        return next((name for name, begin in self.begins.items() if hour >= begin), None)


def _lacks(
    connection: Connection, look: _Look, short: Iterable[tuple[int, int, str | None, int, int]]
) -> Iterator[tuple[Any, ...]]:
    """Rows of `LACK_COLUMNS` of the days that lack hours, the days as numbers."""
    by_day: dict[int, list[tuple[int, str | None, int]]] = {}
    for province, day, feed, _hours, expected in short:
        by_day.setdefault(day, []).append((province, feed, expected))
    for days in _runs(sorted(by_day)):
        after, until = day_hours(days[0])[0], day_hours(days[-1])[1]
        rows: dict[tuple[str, int], dict[int, ProvinceHour]] = {}
        if any(feed or look.expected_feed(until) for d in days for _, feed, _ in by_day[d]):
            for row in reads.province_hours(connection, _EVERYWHERE, after, until, keys=[look.key]):
                rows.setdefault((row.feed, row.hour), {})[row.place] = row
        for day in days:
            for province, feed, _expected in by_day[day]:
                counted = _of_day(connection, look, rows, (province, day), feed)
                for (name, cause, detail, fills), hours in sorted(counted.items(), key=str):
                    yield province, day, name, cause, detail, fills, hours


def _runs(days: list[int], most: int = 31) -> Iterator[list[int]]:
    """Consecutive days together, so that the hours are read in few narrow ranges."""
    run: list[int] = []
    for day in days:
        if run and (day != run[-1] + 1 or len(run) >= most):
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _of_day(
    connection: Connection,
    look: _Look,
    rows: Mapping[tuple[str, int], Mapping[int, ProvinceHour]],
    place: Place,
    feed: str | None,
) -> Counter[tuple[str | None, str, str | None, str]]:
    """The missing hours of a province's day by (feed, cause, detail, what fills)."""
    province, day = place
    start, stop = day_hours(day)
    start, stop = max(start, look.first), min(stop, look.last)
    lacks: Counter[tuple[str | None, str, str | None, str]] = Counter()
    if feed is None and look.expected_feed(stop) is None:
        lacks[None, NOT_IMPORTED, None, IMPORT] = stop - start
        return lacks
    for hour in range(start + 1, stop + 1):
        name = feed or look.expected_feed(hour)
        if name is None:
            lacks[None, NOT_IMPORTED, None, IMPORT] += 1
            continue
        of_hour = rows.get((name, hour), {})
        row = of_hour.get(province)
        if row is not None and row.means[look.key].valid:
            continue
        if INFO[name].means_of:  # they stand in for the stations, which should have had it
            name = look.expected_feed(hour) or name
            of_hour = rows.get((name, hour), {})
            row = of_hour.get(province)
        if row is not None:
            reason, detail = gap_reason(reasons(row).get(look.key, "not_received"))
            lacks[name, _OF_REASON[reason], detail, IMPORT] += 1
            continue
        cause, detail, lost = _absent(connection, look, name, province, hour, bool(of_hour))
        again = name in look.live and lost is None and hour > look.newest - REACH
        can = again and cause != NOT_IMPORTED
        lacks[name, cause, detail, BACKFILL if can else IMPORT] += 1
    return lacks


def _absent(
    connection: Connection, look: _Look, feed: str, province: int, hour: int, others: bool
) -> tuple[str, str | None, str | None]:
    """(cause, detail, why lost) of an hour a feed has no row of; `others`: it has of others."""
    gap = look.recorded.get((feed, province, hour))
    if gap:
        return (*_cause(gap[0]), gap[1])
    if feed not in look.live or hour < look.begins[feed]:
        return NOT_IMPORTED, None, None
    if others:
        return NOT_RECEIVED, None, None
    if feed not in look.polls:
        wanted = range(max(look.first + 1, look.begins[feed]), look.last + 1)
        look.polls[feed] = gaps.causes(connection, feed, wanted)
    return (*_cause(look.polls[feed][hour]), None)


def _cause(word: str) -> tuple[str, str | None]:
    """The cause of a gap by the record of the polls, with the failure's own reason."""
    if word == NOT_RUNNING:
        return OWN_OUTAGE, None
    if word == NOT_PUBLISHED:
        return NOT_RECEIVED, None
    return FEED_DOWN, word


def monthly(days: pd.DataFrame) -> pd.DataFrame:
    """Hours and expected hours by month (``YYYY-MM``, newest first) and province (id), from the
    `days` of a `Completeness`; province 0 is all 17 together."""
    frame = days.assign(month=[f"{day:%Y-%m}" for day in days["day"]])
    parts = frame.groupby(["month", "province"], as_index=False)[["hours", "expected"]].sum()
    whole = frame.groupby("month", as_index=False)[["hours", "expected"]].sum()
    both = pd.concat([parts, whole.assign(province=0)], ignore_index=True)
    return both.sort_values(["month", "province"], ascending=[False, True], ignore_index=True)
