"""What follows from province hours: their grades, and the days pooled from them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from aq.domain.clock import day_hours, day_of
from aq.domain.grading import overall
from aq.domain.model import Day, ProvinceHour
from aq.domain.pollutants import KEYS
from aq.domain.selection import FULL_PARTS
from aq.domain.standards import Standard
from aq.domain.windows import means_of, window_hours
from aq.feeds.registry import FEED_IDS, FEED_NAMES, INFO
from aq.store.engine import Txn
from aq.store.reads import DAY_PARTS, of_highest_hour, province_hours, span
from aq.store.schema import province_day, province_day_grade, province_grade, province_hour
from aq.store.schema import standard as standard_table
from aq.store.stations import Slot
from aq.store.upsert import Row, upsert

GRADES_KEPT = 4
# As many changed hours as a poll brings after an outage of two days.
FEW_SLOTS = 17 * 48
DayOf = tuple[int, int]  # (province id, days since 1970)
_DAY_COLUMNS = ("pollutant", "province", "day", "feed", *DAY_PARTS)


def stored_id(connection: Connection, standard: Standard) -> int:
    """The store's number of this very content of a standard; 0, which none has, for none yet."""
    query = select(standard_table.c.id).where(standard_table.c.hash == standard.hash)
    return int(connection.scalar(query) or 0)


def standard_id(connection: Connection, standard: Standard) -> int:
    """The store's number of this very content of a standard; made when first seen."""
    number = stored_id(connection, standard)
    if number:
        return number
    values = {"name": standard.id, "version": standard.version, "hash": standard.hash}
    statement = insert(standard_table).values(values).returning(standard_table.c.id)
    made: int = connection.execute(statement).scalar_one()
    return made


def refresh(txn: Txn, feed_id: int, changed: Iterable[Slot], standards: Sequence[Standard]) -> None:
    """Bring grades and days in line with province hours that changed in this transaction.

    A changed hour also changes the grades of later hours whose window it lies in. Of few changed
    hours, as a poll brings them, no other grade is reckoned anew.
    """
    slots = set(changed)
    if not slots:
        return
    connection = txn.connection
    days = {(province, day_of(hour)) for province, hour in slots}
    reached: list[tuple[Standard, int, set[DayOf], set[Slot] | None]] = []
    for standard in standards:
        reach = window_hours_of(standard) - 1
        further = {(province, day_of(hour + reach)) for province, hour in slots}
        touched = None
        if len(slots) <= FEW_SLOTS:
            touched = {(province, hour + k) for province, hour in slots for k in range(reach + 1)}
        reached.append((standard, standard_id(connection, standard), days | further, touched))
    back = max((window_hours_of(standard) - 1 for standard in standards), default=0)
    for block in _day_blocks(days.union(*(further for _, _, further, _ in reached))):
        hours = _hours(connection, feed_id, block, back)
        pooled = pool_days(row for slot, row in hours.items() if _day(slot) in block)
        _drop_empty(connection, feed_id, block & days - {day[1:3] for day in pooled})
        upsert(connection, province_day, [_day_row(day) for day in pooled if day[1:3] in days])
        for standard, number, further, touched in reached:
            _grade(connection, feed_id, number, standard, hours, pooled, block & further, touched)


def _drop_empty(connection: Connection, feed_id: int, days: set[DayOf]) -> None:
    """Take out days of which no hour is left."""
    for table in (province_day, province_day_grade):
        for province, day in days:
            own = (table.c.province == province, table.c.day == day, table.c.feed == feed_id)
            connection.execute(delete(table).where(*own))


def _day(slot: Slot) -> DayOf:
    return slot[0], day_of(slot[1])


def _day_row(day: Day) -> Row:
    """A day as a row of its table."""
    values = dict(zip(_DAY_COLUMNS, day, strict=False))
    return values | {"feed": FEED_IDS[day.feed]}


def window_hours_of(standard: Standard) -> int:
    """The longest window of a standard [h]."""
    return max(window_hours(standard, key) for key in standard.keys)


def day_grade(standard: Standard, key: str, total: int, count: int, hours: int) -> int | None:
    """The grade of a day's mean, where the standard has breakpoints made for it and enough of the
    day's hours have a value."""
    if not count or hours < ceil(standard.complete * 24):
        return None
    return standard.grade(key, Fraction(total, count), "1d")


def _day_blocks(days: set[DayOf]) -> list[set[DayOf]]:
    blocks: dict[int, set[DayOf]] = {}
    for province, day in days:
        blocks.setdefault(day // 31, set()).add((province, day))
    return [blocks[number] for number in sorted(blocks)]


def _hours(
    connection: Connection, feed_id: int, block: set[DayOf], back: int
) -> dict[Slot, ProvinceHour]:
    """Province hours of whole days, and of `back` hours before the first of them."""
    days = [day for _, day in block]
    after, until = day_hours(min(days))[0] - back, day_hours(max(days))[1]
    provinces = {province for province, _ in block}
    rows = province_hours(connection, provinces, after, until, feeds=[FEED_NAMES[feed_id]])
    return {(row.place, row.hour): row for row in rows}


def pool_days(hours: Iterable[ProvinceHour], keys: Sequence[str] = KEYS) -> list[Day]:
    """The days (one per pollutant, province, day and feed) pooled from province hours, which come
    in the order of time."""
    days: dict[tuple[int, int, str], list[ProvinceHour]] = {}
    for hour in hours:
        days.setdefault((hour.place, day_of(hour.hour), hour.feed), []).append(hour)
    return [
        Day(key, province, day, feed, *_pooled(key, rows))
        for (province, day, feed), rows in days.items()
        for key in keys
    ]


def _pooled(key: str, hours: Sequence[ProvinceHour]) -> tuple[Any, ...]:
    """Sum and count of all values of a day, its hours with a value, and the highest of these (the
    first of equals): rounded, its hour, and exact."""
    valued = [(mean, hour.hour) for hour in hours if (mean := hour.means[key]).valid]
    if not valued:
        return 0, 0, 0, None, None, None
    highest, at = valued[0]
    for mean, hour in valued:
        if mean.over(highest):
            highest, at = mean, hour
    total, values = sum(mean.total for mean, _ in valued), sum(mean.valid for mean, _ in valued)
    return total, values, len(valued), highest.scaled, at, highest


def grade_days(
    connection: Connection, feed_id: int, number: int, standard: Standard, block: set[DayOf]
) -> None:
    """Write the grades of all hours of some days, and the days' counts of hours by grade.

    The days are pooled anew too: which hour is the highest is told by its exact mean.
    """
    hours = _hours(connection, feed_id, block, window_hours_of(standard) - 1)
    pooled = pool_days(row for slot, row in hours.items() if _day(slot) in block)
    upsert(connection, province_day, [_day_row(day) for day in pooled])
    _grade(connection, feed_id, number, standard, hours, pooled, block, None)


def _grade(
    connection: Connection,
    feed_id: int,
    number: int,
    standard: Standard,
    hours: Mapping[Slot, ProvinceHour],
    pooled: Iterable[Day],
    block: set[DayOf],
    touched: Collection[Slot] | None,
) -> None:
    """Write what a standard makes of some days, of their hours and of those before them.

    With `touched` only those hours are graded, and any that have no grade yet; the others count in
    their day by the grades they have.
    """
    own = {slot: row for slot, row in hours.items() if _day(slot) in block}
    days = {
        day[:3]: {
            "standard": number,
            "pollutant": day.pollutant,
            "province": day.province,
            "day": day.day,
            "feed": feed_id,
            **_empty_day(),
            "grade": day_grade(standard, day.pollutant, day.total, day.values, day.hours),
        }
        for day in pooled
        if day[1:3] in block
    }
    others = [] if touched is None else [slot for slot in own if slot not in touched]
    graded = _stored_grades(connection, feed_id, number, others)
    anew = {slot: row for slot, row in own.items() if slot not in graded}
    hour_rows: list[Row] = []
    for (province, hour), values in _window_means(standard, hours, anew).items():
        whole = overall(standard, values)
        grades: dict[str, int | None] = dict.fromkeys(KEYS)
        grades |= {part.pollutant: part.grade for part in whole.parts}
        place = {"province": province, "hour": hour, "feed": feed_id, "standard": number}
        result = {"overall": whole.grade, "idx": whole.index, "dominant": whole.dominant}
        hour_rows.append({**place, **grades, **result})
        graded[province, hour] = grades
    for (province, hour), grades_of_hour in graded.items():
        for key, grade in grades_of_hour.items():
            if grade is not None:
                day = days[key, province, day_of(hour)]
                day[f"h{grade}"] += 1
                day["worst"] = max(grade, day["worst"] or 0)
    upsert(connection, province_grade, hour_rows)
    upsert(connection, province_day_grade, list(days.values()))


def _stored_grades(
    connection: Connection, feed_id: int, number: int, slots: Sequence[Slot]
) -> dict[Slot, dict[str, int | None]]:
    """The grades by pollutant that some hours have."""
    if not slots:
        return {}
    table, wanted = province_grade, set(slots)
    hours = [hour for _, hour in slots]
    query = select(table.c.province, table.c.hour, *(table.c[key] for key in KEYS)).where(
        table.c.feed == feed_id,
        table.c.standard == number,
        table.c.province.in_({province for province, _ in slots}),
        table.c.hour.between(min(hours), max(hours)),
    )
    return {
        (row[0], row[1]): dict(zip(KEYS, row[2:], strict=True))
        for row in connection.execute(query)
        if (row[0], row[1]) in wanted
    }


def _window_means(
    standard: Standard, hours: Mapping[Slot, ProvinceHour], own: Collection[Slot]
) -> dict[Slot, dict[tuple[str, str], Fraction | None]]:
    """The means a standard takes each pollutant by, for the hours of `own`: what
    `aq.domain.windows.windowed` gives one by one, in one pass over each province's series."""
    series: dict[int, dict[int, ProvinceHour]] = {}
    for (province, hour), row in hours.items():
        series.setdefault(province, {})[hour] = row
    means_by_slot: dict[Slot, dict[tuple[str, str], Fraction | None]] = {slot: {} for slot in own}
    firsts: dict[int, int] = {}
    for province, hour in own:
        firsts[province] = min(hour, firsts.get(province, hour))
    for province, first in firsts.items():
        rows = series[province]
        # No window reaches further back than this before the first hour asked for.
        start = max(min(rows), first - window_hours_of(standard) + 1)
        span = range(start, max(rows) + 1)
        for way, means in means_of(standard, rows, span).items():
            for hour, mean in zip(span, means, strict=True):
                if (province, hour) in means_by_slot:
                    means_by_slot[province, hour][way] = mean.value
    return means_by_slot


def _empty_day() -> Row:
    return {**{f"h{n}": 0 for n in range(1, GRADES_KEPT + 1)}, "worst": None, "grade": None}


def ungraded_days(connection: Connection, number: int) -> list[tuple[int, int, int]]:
    """(feed, day, province) of the days that lack grades by the standard of this number."""
    table, graded = province_day, province_day_grade
    has = exists().where(
        graded.c.standard == number,
        graded.c.pollutant == table.c.pollutant,
        graded.c.province == table.c.province,
        graded.c.day == table.c.day,
        graded.c.feed == table.c.feed,
    )
    query = (
        select(table.c.feed, table.c.day, table.c.province)
        .where(~has)
        .distinct()
        .order_by(table.c.feed, table.c.day.desc(), table.c.province)
    )
    return [(row.feed, row.day, row.province) for row in connection.execute(query)]


def forget_grades(connection: Connection, standard: Standard, number: int) -> int:
    """Drop the grades of all other contents of a standard; returns how many contents those were."""
    table = standard_table
    query = select(table.c.id).where(table.c.name == standard.id, table.c.id != number)
    stale = list(connection.scalars(query))
    for dropped, column in (
        (province_grade, province_grade.c.standard),
        (province_day_grade, province_day_grade.c.standard),
        (table, table.c.id),
    ):
        connection.execute(delete(dropped).where(column.in_(stale)))
    return len(stale)


Counted = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How a day's value becomes a grade.

    `begins` are where each row of the table begins [1 / `parts` of a stored integer]; with
    `of_highest` the highest hourly mean is graded, else the mean of a day that has `least_hours`
    hours with a value.
    """

    begins: tuple[int, ...]
    parts: int
    grades: tuple[int, ...]
    of_highest: bool
    least_hours: int


def days_by_grade(
    connection: Connection,
    key: str,
    provinces: Sequence[int],
    periods: Sequence[tuple[int, int]],
    feeds: Sequence[str],
    scale: Scale,
) -> list[Counted]:
    """(province, first day of the period, grade, days) where there are any.

    `periods` are (first, last) days since 1970. A day is of the first of `feeds` with an hour that
    has a value, after those with under half of another's stations, as `Selection.of_period` has it.
    """
    counts: dict[tuple[int, int, int], int] = {}
    # A feed is asked of no period it has nothing of: the walk would find that out day by day.
    spans = span(connection, provinces)
    numbers = [FEED_IDS[name] for name in feeds if FEED_IDS[name] in spans]
    for place, number in enumerate(numbers):
        # A statement a period: each walks its days in the order of the key, so nothing is sorted.
        query = _counts(key, provinces, numbers, place, scale)
        begin, end = (day_of(hour) for hour in spans[number])
        for first, last in periods:
            if last < begin or first > end:
                continue
            period = {"first": first, "last": last}
            for province, days, *under in connection.execute(query, period):
                for grade, (low, high) in zip(
                    scale.grades, pairwise([0, *under, days]), strict=True
                ):
                    if high > low:
                        cell = province, first, grade
                        counts[cell] = counts.get(cell, 0) + high - low
    return [(*cell, days) for cell, days in counts.items()]


def _rivals(feeds: Sequence[int], place: int) -> Iterator[ColumnElement[bool]]:
    """Whether another feed has the day instead: a better one that is no less than half as full, or
    one of stations that is more than twice as full."""
    table = province_day
    pooled = {number for number in feeds if INFO[FEED_NAMES[number]].pooled}
    here = feeds[place] in pooled
    for rank, number in enumerate(feeds):
        other = province_day.alias()
        same = [other.c[name] == table.c[name] for name in ("pollutant", "province", "day")]
        fuller = [other.c.feed == number, other.c.hours > 0]
        if here and number in pooled:
            own = cast(table.c.n, BigInteger) * other.c.hours
            its = cast(other.c.n, BigInteger) * table.c.hours
            fuller.append(its * FULL_PARTS >= own if rank < place else own * FULL_PARTS < its)
        elif rank > place:
            continue
        if rank != place:
            yield exists().where(and_(*same, *fuller))


def _counts(
    key: str,
    provinces: Sequence[int],
    feeds: Sequence[int],
    place: int,
    scale: Scale,
) -> Select[Any]:
    """(province, days, days up to each cut) of a period, of one of the feeds in their order."""
    table, hour = province_day, province_hour
    # The highest hour by its exact sum and count; a day row stands for it where it is not there.
    value: tuple[ColumnElement[Any], ColumnElement[Any]] = table.c.sum, table.c.n
    if scale.of_highest:
        own = func.coalesce(hour.c[f"{key}_n"], 0) > 0
        value = (
            case((own, hour.c[f"{key}_sum"]), else_=table.c.max),
            case((own, hour.c[f"{key}_n"]), else_=1),
        )

    def below(begin: int) -> ColumnElement[bool]:
        return value[0] * scale.parts < begin * value[1]

    under = [func.count(case((below(begin), 1))) for begin in scale.begins[1:]]
    here = [
        table.c.pollutant == key,
        table.c.province.in_(list(provinces)),
        table.c.day.between(bindparam("first"), bindparam("last")),
        table.c.feed == feeds[place],
        table.c.hours >= max(1, scale.least_hours),
        ~below(scale.begins[0]),
        *(~rival for rival in _rivals(feeds, place)),
    ]
    query = select(table.c.province, func.count(), *under).where(*here)
    if scale.of_highest:
        query = query.select_from(table.outerjoin(hour, of_highest_hour()))
    return query.group_by(table.c.province)
