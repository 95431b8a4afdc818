"""Station hours in, province hours out: distinct rows only, what they replace kept as history."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from aq.domain.clock import hour_number
from aq.domain.model import URBAN, Reading
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE
from aq.feeds.registry import FEED_IDS, FEED_NAMES
from aq.store.archive import months as retained
from aq.store.engine import Txn
from aq.store.schema import (
    UPSTREAM_GRADES,
    province_hour,
    province_hour_rev,
    station,
    station_hour,
    station_hour_rev,
)
from aq.store.stations import EXPECTED_FOR_HOURS, Directory, extend_ranges, reported_ranges
from aq.store.upsert import Row, Written, as_rows, write_distinct

BLOCK_HOURS = 24
Slot = tuple[int, int]  # (province id, hour number)


def put_station_hours(
    txn: Txn,
    feed: str,
    readings: Sequence[Reading],
    directory: Directory,
    *,
    only_new: bool = False,
) -> tuple[Written, set[Slot]]:
    """Write station readings; returns the counts and the province hours they touch.

    With `only_new`, rows that are there with another content are left as they are and not counted.
    An archived month of which a row changes is brought back first; raises `ArchiveError` where it
    cannot be.
    """
    feed_id = FEED_IDS[feed]
    numbers = directory.resolve(r.station for r in readings if r.station is not None)
    rows: dict[tuple[int, int, int], Row] = {}
    for number, reading in zip(numbers, readings, strict=True):
        row = {"station": number, "feed": feed_id, **_measured(reading)}
        rows[number, row["hour"], feed_id] = row
    touched: set[Slot] = set()
    counts = Written()
    for offered in _blocks(rows.values()):
        existing, block = _held(txn, feed_id, offered, only_new)
        done, written = write_distinct(txn, station_hour, block, existing, station_hour_rev)
        counts += done
        txn.touch(row["hour"] for row in written)
        touched |= {
            (province, row["hour"])
            for row in written
            if (province := directory.province(row["station"])) is not None
        }
    extend_ranges(txn.connection, feed_id, _ranges(rows.values()))
    return counts, touched


def _held(
    txn: Txn, feed_id: int, block: list[Row], only_new: bool
) -> tuple[dict[Any, Row], list[Row]]:
    """What is stored of the rows of a block, and the rows to write; see `put_station_hours`."""

    existing = _existing(txn.connection, station_hour, "station", feed_id, block)
    hours = [row["hour"] for row in block]
    months = retained.months(txn.connection, min(hours), max(hours))
    if months:
        existing |= retained.present(txn.connection, months, feed_id, block)
    if only_new:
        block = [row for row in block if _differs(row, existing.get(_key(row))) is not True]
    if not months:
        return existing, block
    changed = [row for row in block if _differs(row, existing.get(_key(row))) is not False]
    touched = [
        month
        for month in months
        if any(month.first_hour <= row["hour"] <= month.last_hour for row in changed)
    ]
    for month in touched:
        retained.bring_back(txn, month)
    return existing, block


def _key(row: Row) -> tuple[int, int, int]:
    return row["station"], row["hour"], row["feed"]


def _differs(row: Row, before: Row | None) -> bool | None:
    """Whether a row is there with another content; None when it is not there."""
    if before is None:
        return None
    return not row.items() <= before.items()


def moved_slots(
    connection: Connection, moved: Mapping[int, int | None], directory: Directory
) -> dict[str, set[Slot]]:
    """By feed all hours of stations that count otherwise now, in the province they counted for and
    in the present one."""
    if not moved:
        return {}
    table = station_hour
    query = select(table.c.station, table.c.hour, table.c.feed)
    slots: dict[str, set[Slot]] = {}
    for number, hour, feed in connection.execute(query.where(table.c.station.in_(moved.keys()))):
        for province in (moved[number], directory.province(number)):
            if province is not None:
                slots.setdefault(FEED_NAMES[feed], set()).add((province, hour))
    return slots


def put_province_series(
    txn: Txn, feed: str, readings: Sequence[Reading]
) -> tuple[Written, set[Slot]]:
    """Write a feed that gives a province's value itself (a model point): one value, no stations."""
    feed_id = FEED_IDS[feed]
    rows: dict[Slot, Row] = {}
    for reading in readings:
        place = BY_CODE[reading.province or ""].id
        row = _no_values(place, hour_number(reading.hour), feed_id)
        for key, value in reading.values.items():
            if key not in reading.flags:
                row[f"{key}_sum"], row[f"{key}_n"] = value, 1
        row["why"] = _json({key: "no_value" for key in KEYS if not row[f"{key}_n"]})
        rows[place, row["hour"]] = row
    return _write_province_hours(txn, feed_id, list(rows.values()))


def aggregate(txn: Txn, feed: str, touched: set[Slot], directory: Directory) -> set[Slot]:
    """Pool the valid values of urban stations anew for `touched`; returns what changed."""
    changed: set[Slot] = set()
    if not touched:
        return changed
    feed_id = FEED_IDS[feed]
    ranges = reported_ranges(txn.connection, feed_id)
    for block in _slot_blocks(touched):
        pooled = _pool(txn.connection, feed_id, block)
        expected = _expected(block, ranges, directory)
        rows = []
        for slot in sorted(block):
            row = pooled.get(slot) or _no_values(*slot, feed_id)
            for key in KEYS:
                row[f"{key}_exp"] = expected[slot][key]
            rows.append(row)
        _explain_gaps(txn.connection, feed_id, rows)
        changed |= _write_province_hours(txn, feed_id, rows)[1]
    return changed


def _measured(reading: Reading) -> Row:
    upstream, flags, value = reading.upstream, reading.flags, reading.values.get
    grades = upstream.grades if upstream else {}
    return {
        "hour": hour_number(reading.hour),
        **{key: value(key) for key in KEYS},
        "bad": sum(1 << bit for bit, key in enumerate(KEYS) if key in flags) if flags else 0,
        "flags": _json(flags),
        "khai": upstream.khai if upstream else None,
        "khai_grade": upstream.khai_grade if upstream else None,
        "pm10_24h": upstream.pm10_24h if upstream else None,
        "pm25_24h": upstream.pm25_24h if upstream else None,
        "grades": "".join(str(grades.get(key, "-")) for key in UPSTREAM_GRADES) if grades else None,
    }


def _json(mapping: Mapping[str, str]) -> str | None:
    return json.dumps(mapping, ensure_ascii=False, sort_keys=True) if mapping else None


def _no_values(province: int, hour: int, feed_id: int) -> Row:
    row: Row = {"province": province, "hour": hour, "feed": feed_id}
    for key in KEYS:
        row |= {f"{key}_sum": 0, f"{key}_n": 0, f"{key}_exp": None}
    row["why"] = None
    return row


def _blocks(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows by stretches of hours, so that what is compared is read in narrow ranges."""
    blocks: dict[int, list[Row]] = {}
    for row in rows:
        blocks.setdefault(row["hour"] // BLOCK_HOURS, []).append(row)
    return [blocks[number] for number in sorted(blocks)]


def _slot_blocks(slots: set[Slot]) -> list[set[Slot]]:
    blocks: dict[int, set[Slot]] = {}
    for province, hour in slots:
        blocks.setdefault(hour // (BLOCK_HOURS * 31), set()).add((province, hour))
    return [blocks[number] for number in sorted(blocks)]


def _existing(
    connection: Connection, table: Table, place: str, feed_id: int, rows: Sequence[Row]
) -> dict[Any, Row]:
    hours = [row["hour"] for row in rows]
    places = {row[place] for row in rows}
    query = select(table).where(
        table.c.feed == feed_id,
        table.c.hour.between(min(hours), max(hours)),
        table.c[place].in_(places),
    )
    key = itemgetter(*(column.name for column in table.primary_key))
    return {key(row): row for row in as_rows(connection.execute(query))}


def _ranges(rows: Iterable[Row]) -> dict[int, tuple[int, int]]:
    ranges: dict[int, tuple[int, int]] = {}
    for row in rows:
        first, last = ranges.get(row["station"], (row["hour"], row["hour"]))
        ranges[row["station"]] = (min(first, row["hour"]), max(last, row["hour"]))
    return ranges


def _counts(key: str) -> ColumnElement[bool]:
    bit = 1 << KEYS.index(key)
    value = station_hour.c[key]
    return value.is_not(None) & (station_hour.c.bad.bitwise_and(bit) == 0)


def _span(block: set[Slot]) -> tuple[set[int], int, int]:
    hours = [hour for _, hour in block]
    return {province for province, _ in block}, min(hours), max(hours)


def _urban_rows(block: set[Slot], feed_id: int) -> list[ColumnElement[bool]]:
    provinces, first, last = _span(block)
    return [
        station_hour.c.feed == feed_id,
        station_hour.c.hour.between(first, last),
        station.c.network == URBAN,
        station.c.province.in_(provinces),
    ]


def _pool(connection: Connection, feed_id: int, block: set[Slot]) -> dict[Slot, Row]:
    sums = []
    for key in KEYS:
        valid = case((_counts(key), station_hour.c[key]))
        sums += [
            func.coalesce(func.sum(valid), 0).label(f"{key}_sum"),
            func.count(valid).label(f"{key}_n"),
        ]
    query = (
        select(station.c.province, station_hour.c.hour, *sums)
        .join_from(station_hour, station, station.c.id == station_hour.c.station)
        .where(*_urban_rows(block, feed_id))
        .group_by(station.c.province, station_hour.c.hour)
    )
    rows = {}
    for row in as_rows(connection.execute(query)):
        slot = (row["province"], row["hour"])
        if slot in block:
            rows[slot] = _no_values(*slot, feed_id) | row
    return rows


def _expected(
    block: set[Slot], ranges: Mapping[int, tuple[int, int]], directory: Directory
) -> dict[Slot, dict[str, int]]:
    """Urban stations expected per slot and pollutant: in service, silent no longer than a week."""
    out = {slot: dict.fromkeys(KEYS, 0) for slot in block}
    by_province: dict[int, list[int]] = {}
    for province, hour in block:
        by_province.setdefault(province, []).append(hour)
    for number, province in directory.urban():
        if number not in ranges or province not in by_province:
            continue
        first, last = ranges[number]
        items = directory.items(number)
        keys = [key for key in KEYS if items is None or key in items]
        for hour in by_province[province]:
            if first <= hour <= last + EXPECTED_FOR_HOURS:
                counts = out[province, hour]
                for key in keys:
                    counts[key] += 1
    return out


def _explain_gaps(connection: Connection, feed_id: int, rows: Sequence[Row]) -> None:
    """Give each pollutant without a value its reason: the commonest flag, or plainly no value."""
    empty = {
        (row["province"], row["hour"]): row
        for row in rows
        if any(not row[f"{key}_n"] for key in KEYS)
    }
    if not empty:
        return
    slots = set(empty)
    query = (
        select(station.c.province, station_hour.c.hour, station_hour.c.flags)
        .join_from(station_hour, station, station.c.id == station_hour.c.station)
        .where(*_urban_rows(slots, feed_id))
    )
    flags: dict[Slot, dict[str, Counter[str]]] = {}
    heard: Counter[Slot] = Counter()
    for row_of_station in connection.execute(query):
        slot = (row_of_station.province, row_of_station.hour)
        heard[slot] += 1
        if slot in slots and row_of_station.flags:
            for key, word in json.loads(row_of_station.flags).items():
                flags.setdefault(slot, {}).setdefault(key, Counter())[word] += 1
    for slot, row in empty.items():
        why = {}
        for key in KEYS:
            if row[f"{key}_n"]:
                continue
            seen = flags.get(slot, {}).get(key)
            if seen:
                why[key] = min(seen, key=lambda word: (-seen[word], word))
            else:
                why[key] = "no_value" if heard[slot] else "not_received"
        row["why"] = _json(why)


def _write_province_hours(txn: Txn, feed_id: int, rows: Sequence[Row]) -> tuple[Written, set[Slot]]:
    counts = Written()
    changed: set[Slot] = set()
    for block in _blocks(rows):
        existing = _existing(txn.connection, province_hour, "province", feed_id, block)
        done, written = write_distinct(txn, province_hour, block, existing, province_hour_rev)
        counts += done
        txn.touch(row["hour"] for row in written)
        changed |= {(row["province"], row["hour"]) for row in written}
    return counts, changed
