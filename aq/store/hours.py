"""Station hours in, province hours out: distinct rows only, what they replace kept as history."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, case, delete, func, insert, select
from sqlalchemy.sql.elements import ColumnElement

from aq.domain.clock import hour_number
from aq.domain.missing import NETWORK_UNKNOWN
from aq.domain.model import URBAN, Reading, Station
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE
from aq.domain.station_history import KNOWN, merged_spans
from aq.feeds.registry import FEED_IDS, FEED_NAMES, INFO
from aq.store.archive import months as retained
from aq.store.engine import Txn
from aq.store.schema import (
    UPSTREAM_GRADES,
    province_grade,
    province_hour,
    province_hour_rev,
    station_feed,
    station_hour,
    station_hour_rev,
)
from aq.store.schema_stations import station_period
from aq.store.station_past import Moved
from aq.store.stations import Directory, Slot
from aq.store.upsert import Row, Written, as_rows, write_distinct

BLOCK_HOURS = 24


def put_station_hours(
    txn: Txn,
    feed: str,
    readings: Sequence[Reading],
    directory: Directory,
    *,
    only_new: bool = False,
) -> Written:
    """Write station readings and what they say of their stations; `pool` follows.

    With `only_new`, rows that are there with another content are left as they are and not counted.
    An archived month of which a row changes is brought back first; raises `ArchiveError` where it
    cannot be.
    """
    feed_id = FEED_IDS[feed]
    named = [reading.station for reading in readings if reading.station is not None]
    numbers = directory.resolve(named)
    rows: dict[tuple[int, int, int], Row] = {}
    words: dict[tuple[int, int], tuple[Station, set[int]]] = {}
    for number, station, reading in zip(numbers, named, readings, strict=True):
        row = {"station": number, "feed": feed_id, **_measured(reading)}
        rows[number, row["hour"], feed_id] = row
        words.setdefault((number, id(station)), (station, set()))[1].add(row["hour"])
    counts = Written()
    kept: dict[int, set[int]] = {}
    for offered in _blocks(rows.values()):
        existing, block = _held(txn, feed_id, offered, only_new)
        done, written = write_distinct(txn, station_hour, block, existing, station_hour_rev)
        counts += done
        txn.touch(row["hour"] for row in written)
        directory.touch(feed_id, [row["station"] for row in written], [r["hour"] for r in written])
        for row in block:
            kept.setdefault(row["station"], set()).add(row["hour"])
    for (number, _), (station, hours) in words.items():
        if hours := hours & kept.get(number, set()):
            directory.heard(feed_id, number, station, sorted(hours))
    directory.past.extend(feed_id, {number: sorted(hours) for number, hours in kept.items()})
    return counts


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


def pool(txn: Txn, directory: Directory) -> dict[str, set[Slot]]:
    """Pool anew what was written in this transaction, and the hours of stations that were found to
    have been another province's or network's; returns by feed the province hours that changed."""
    moved = directory.settle()
    touched = directory.slots()
    left: dict[int, set[Slot]] = {}
    for number, (before, after) in _moved_slots(txn, moved).items():
        slots = touched.setdefault(number, set())
        slots |= after
        left[number] = _empty(txn, number, before - slots)
        slots |= before & _there(txn.connection, number, before) - left[number]
    directory.touched.clear()
    changed = {
        FEED_NAMES[number]: aggregate(txn, FEED_NAMES[number], slots, directory)
        for number, slots in touched.items()
    }
    for number, slots in left.items():
        changed[FEED_NAMES[number]] |= slots
    for name, slots in _expect(txn, directory, moved, touched).items():
        changed.setdefault(name, set()).update(slots)
    return changed


def _moved_slots(txn: Txn, moved: Sequence[Moved]) -> dict[int, tuple[set[Slot], set[Slot]]]:
    """The hours of rows that count otherwise now, by feed: in the province they counted for, and in
    the one they do. Archived months among them are brought back."""
    table = station_hour
    found: dict[int, tuple[set[Slot], set[Slot]]] = {}
    for move in moved:
        first, last = move.after.first, move.after.last
        if move.feed == KNOWN or (span := _span_of(txn.connection, move)) is None:
            continue
        first, last = max(first, span[0]), min(last, span[1])
        for month in retained.months(txn.connection, first, last) if first <= last else ():
            retained.bring_back(txn, month)
        query = select(table.c.hour).where(
            table.c.station == move.station,
            table.c.feed == move.feed,
            table.c.hour.between(first, last),
        )
        hours = list(txn.connection.scalars(query))
        slots = found.setdefault(move.feed, (set(), set()))
        for place, period in zip(slots, (move.before, move.after), strict=True):
            if period.province is not None:
                place.update((period.province, hour) for hour in hours)
    return found


def _there(connection: Connection, feed_id: int, slots: set[Slot]) -> set[Slot]:
    """Those of some province hours that are stored."""
    if not slots:
        return set()
    provinces, first, last = _span(slots)
    table = province_hour
    query = select(table.c.province, table.c.hour).where(
        table.c.feed == feed_id,
        table.c.province.in_(provinces),
        table.c.hour.between(first, last),
    )
    return {(row.province, row.hour) for row in connection.execute(query)} & slots


def _empty(txn: Txn, feed_id: int, slots: set[Slot]) -> set[Slot]:
    """Take out the province hours for which no station of the feed counts any more, as if they had
    never been; they stay in the history. Returns them."""
    there = _there(txn.connection, feed_id, slots)
    if not there:
        return set()
    query = select(station_period.c.province, station_hour.c.hour).distinct()
    rows = txn.connection.execute(query.where(*_rows_of(there, feed_id)))
    gone = there - {(row.province, row.hour) for row in rows}
    for province, hour in sorted(gone):
        own = {"province": province, "hour": hour, "feed": feed_id}
        here = [province_hour.c[name] == value for name, value in own.items()]
        (old,) = as_rows(txn.connection.execute(select(province_hour).where(*here)))
        kept = insert(province_hour_rev).values({**old, "superseded": txn.version})
        txn.connection.execute(kept)
        for table in (province_hour, province_grade):
            where = [table.c[name] == value for name, value in own.items()]
            txn.connection.execute(delete(table).where(*where))
    txn.touch(hour for _, hour in gone)
    return gone


def _span_of(connection: Connection, moved: Moved) -> tuple[int, int] | None:
    table = station_feed
    query = select(table.c.first_hour, table.c.last_hour)
    own = (table.c.station == moved.station, table.c.feed == moved.feed)
    found = connection.execute(query.where(*own)).first()
    return None if found is None else (found[0], found[1])


def _expect(
    txn: Txn, directory: Directory, moved: Sequence[Moved], pooled: Mapping[int, set[Slot]]
) -> dict[str, set[Slot]]:
    """Count expected stations anew where other hours than the pooled ones have more or fewer."""
    wanted: dict[int, list[tuple[int, int]]] = {}
    for province, first, last in directory.widened(moved):
        wanted.setdefault(province, []).append((first, last))
    changed: dict[str, set[Slot]] = {}
    rows: dict[int, list[Row]] = {}
    table = province_hour
    for province, spans in wanted.items():
        for first, last in merged_spans(spans, 1):
            query = select(table).where(
                table.c.province == province, table.c.hour.between(first, last)
            )
            for row in as_rows(txn.connection.execute(query)):
                done = pooled.get(row["feed"], ())
                if INFO[FEED_NAMES[row["feed"]]].pooled and (province, row["hour"]) not in done:
                    rows.setdefault(row["feed"], []).append(row)
    for feed_id, found in rows.items():
        expected = directory.expected(feed_id, {(row["province"], row["hour"]) for row in found})
        for row in found:
            del row["version"]
            row |= {f"{k}_exp": n for k, n in expected[row["province"], row["hour"]].items()}
        changed[FEED_NAMES[feed_id]] = _write_province_hours(txn, feed_id, found)[1]
    return changed


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
    for block in _slot_blocks(touched):
        pooled = _pool(txn.connection, feed_id, block)
        expected = directory.expected(feed_id, block)
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


def _counts(key: str) -> ColumnElement[bool]:
    bit = 1 << KEYS.index(key)
    value = station_hour.c[key]
    return value.is_not(None) & (station_hour.c.bad.bitwise_and(bit) == 0)


def _span(block: set[Slot]) -> tuple[set[int], int, int]:
    hours = [hour for _, hour in block]
    return {province for province, _ in block}, min(hours), max(hours)


def _rows_of(block: set[Slot], feed_id: int) -> list[ColumnElement[bool]]:
    """The rows of a feed with the period each counts in, in the provinces and hours of a block."""
    provinces, first, last = _span(block)
    period = station_period
    return [
        period.c.feed == feed_id,
        period.c.superseded.is_(None),
        period.c.province.in_(provinces),
        period.c.first_hour <= last,
        period.c.last_hour >= first,
        station_hour.c.station == period.c.station,
        station_hour.c.feed == feed_id,
        station_hour.c.hour.between(first, last),
        station_hour.c.hour.between(period.c.first_hour, period.c.last_hour),
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
        select(station_period.c.province, station_hour.c.hour, *sums)
        .where(*_rows_of(block, feed_id), station_period.c.network == URBAN)
        .group_by(station_period.c.province, station_hour.c.hour)
    )
    rows = {}
    for row in as_rows(connection.execute(query)):
        slot = (row["province"], row["hour"])
        if slot in block:
            rows[slot] = _no_values(*slot, feed_id) | row
    return rows


def _explain_gaps(connection: Connection, feed_id: int, rows: Sequence[Row]) -> None:
    """Give each pollutant without a value its reason: the commonest flag, plainly no value, or
    that rows are there of stations whose network nothing tells."""
    empty = {
        (row["province"], row["hour"]): row
        for row in rows
        if any(not row[f"{key}_n"] for key in KEYS)
    }
    if not empty:
        return
    slots = set(empty)
    period = station_period
    query = select(
        period.c.province, station_hour.c.hour, station_hour.c.flags, period.c.network
    ).where(
        *_rows_of(slots, feed_id),
        (period.c.network == URBAN) | period.c.network.is_(None),
    )
    flags: dict[Slot, dict[str, Counter[str]]] = {}
    heard: Counter[Slot] = Counter()
    unknown: Counter[Slot] = Counter()
    for row_of_station in connection.execute(query):
        slot = (row_of_station.province, row_of_station.hour)
        if row_of_station.network is None:
            unknown[slot] += 1
            continue
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
                silent = NETWORK_UNKNOWN if unknown[slot] else "not_received"
                why[key] = "no_value" if heard[slot] else silent
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
