"""What follows from province hours: their grades, and the days pooled from them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from aq.grade import Standard
from aq.schema import KEYS, province_day, province_day_grade, province_grade, province_hour
from aq.schema import standard as standard_table
from aq.store.engine import Txn
from aq.store.hours import Slot
from aq.store.upsert import Row, upsert
from aq.units import mean_half_up

# Day 0 is 1970-01-01 KST; its hour 01 ends at 16:00 UTC the day before.
_KST_OFFSET = 9
GRADES_KEPT = 4


def day_of(hour: int) -> int:
    """The KST day (hours 01-24) an hour number belongs to."""
    return (hour + _KST_OFFSET - 1) // 24


def day_hours(day: int) -> tuple[int, int]:
    """(after, until): the hour numbers of a day are ``after < hour <= until``."""
    return day * 24 - _KST_OFFSET, (day + 1) * 24 - _KST_OFFSET


def standard_id(connection: Connection, standard: Standard) -> int:
    """The store's number of this very content of a standard; made when first seen."""
    query = select(standard_table.c.id).where(standard_table.c.hash == standard.hash)
    found: int | None = connection.scalar(query)
    if found is not None:
        return found
    values = {"name": standard.id, "version": standard.version, "hash": standard.hash}
    statement = insert(standard_table).values(values).returning(standard_table.c.id)
    made: int = connection.execute(statement).scalar_one()
    return made


def refresh(txn: Txn, feed_id: int, changed: Iterable[Slot], standards: Sequence[Standard]) -> None:
    """Bring grades and days in line with province hours that changed in this transaction."""
    days = {(province, day_of(hour)) for province, hour in changed}
    if not days:
        return
    numbers = {standard_id(txn.connection, one): one for one in standards}
    for block in _day_blocks(days):
        hours = _hours(txn.connection, feed_id, block)
        values = {slot: hour_values(row) for slot, row in hours.items()}
        upsert(txn.connection, province_day, pool_days(hours.values()))
        for number, one in numbers.items():
            _write_grades(txn.connection, feed_id, number, one, values)


def hour_values(row: Any) -> dict[str, int]:
    """Province means of one hour at the store's scale, half-up; absent where nothing is valid."""
    return {
        key: mean_half_up(row[f"{key}_sum"], row[f"{key}_n"]) for key in KEYS if row[f"{key}_n"]
    }


def _day_blocks(days: set[tuple[int, int]]) -> list[set[tuple[int, int]]]:
    blocks: dict[int, set[tuple[int, int]]] = {}
    for province, day in days:
        blocks.setdefault(day // 31, set()).add((province, day))
    return [blocks[number] for number in sorted(blocks)]


def _hours(connection: Connection, feed_id: int, block: set[tuple[int, int]]) -> dict[Slot, Any]:
    days = [day for _, day in block]
    after, until = day_hours(min(days))[0], day_hours(max(days))[1]
    query = select(province_hour).where(
        province_hour.c.feed == feed_id,
        province_hour.c.province.in_({province for province, _ in block}),
        province_hour.c.hour > after,
        province_hour.c.hour <= until,
    )
    rows = connection.execute(query.order_by(province_hour.c.hour)).mappings()
    return {
        (row["province"], row["hour"]): row
        for row in rows
        if (row["province"], day_of(row["hour"])) in block
    }


def pool_days(hours: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Day rows (a row per pollutant, province, day and feed) pooled from province hours."""
    days: dict[tuple[str, int, int, int], Row] = {}
    for row in hours:
        values = hour_values(row)
        for key in KEYS:
            place = (key, row["province"], day_of(row["hour"]), row["feed"])
            pooled = days.get(place)
            if pooled is None:
                names = ("pollutant", "province", "day", "feed")
                empty = {"sum": 0, "n": 0, "hours": 0, "max": None, "max_hour": None}
                pooled = days[place] = {**dict(zip(names, place, strict=True)), **empty}
            value = values.get(key)
            if value is None:
                continue
            pooled["sum"] += row[f"{key}_sum"]
            pooled["n"] += row[f"{key}_n"]
            pooled["hours"] += 1
            if pooled["max"] is None or value > pooled["max"]:
                pooled["max"], pooled["max_hour"] = value, row["hour"]
    return list(days.values())


def _write_grades(
    connection: Connection,
    feed_id: int,
    number: int,
    standard: Standard,
    values: dict[Slot, dict[str, int]],
) -> None:
    hour_rows: list[Row] = []
    days: dict[tuple[str, int, int], Row] = {}
    for (province, hour), found in values.items():
        grades = {key: standard.grade(key, value, "1h") for key, value in found.items()}
        place = {"province": province, "feed": feed_id, "standard": number}
        overall = {"overall": None, "idx": None, "dominant": None}
        hour_rows.append({**place, "hour": hour, **{k: grades.get(k) for k in KEYS}, **overall})
        for key in KEYS:
            day = days.setdefault((key, province, day_of(hour)), _empty_day())
            grade = grades.get(key)
            if grade is not None:
                day[f"h{grade}"] += 1
                day["worst"] = max(grade, day["worst"] or 0)
    upsert(connection, province_grade, hour_rows)
    day_rows = [
        {"standard": number, "pollutant": key, "province": province, "day": day, "feed": feed_id}
        | counts
        for (key, province, day), counts in days.items()
    ]
    upsert(connection, province_day_grade, day_rows)


def _empty_day() -> Row:
    return {**{f"h{n}": 0 for n in range(1, GRADES_KEPT + 1)}, "worst": None, "grade": None}
