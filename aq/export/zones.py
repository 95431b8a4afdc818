"""The rows of zones (권역): every zone's hours, worked out from its stations' hours."""

from collections.abc import Iterator
from datetime import timedelta

from aq.domain.clock import day_bounds, from_hour_number, hour_number, kst_day, kst_iso
from aq.domain.zones import KINDS, PM
from aq.export.reader import Cells, Piece, Reader, listed
from aq.queries.zones import why
from aq.store.blocks import station_span, stations_of
from aq.store.zones import ZoneHour, zone_hours_of
from aq.zones_file import zones_on

TINY = timedelta(microseconds=1)


def _hours(reader: Reader) -> tuple[int, int] | None:
    """(after, until): the hours asked for, where the store can have any."""
    provinces = [province.id for province in reader.question.provinces]
    numbers = [station.id for station in stations_of(reader.connection, provinces)]
    held = station_span(reader.connection, numbers) if numbers else None
    if held is None:
        return None
    after, until = reader.question.hours
    after, until = max(after, held[0] - 1), min(until, held[1])
    return (after, until) if after < until else None


def most_rows(reader: Reader) -> int:
    """The most rows there can be: every zone of the newest day, in every hour."""
    hours = _hours(reader)
    if hours is None:
        return 0
    day = kst_day(from_hour_number(hours[1]))
    wanted = [zone for zone in zones_on(day) if zone.province in reader.question.provinces]
    kinds = [KINDS[key] for key in reader.question.keys]
    return (hours[1] - hours[0]) * sum(kinds.count(zone.kind) for zone in wanted)


def pieces(reader: Reader) -> Iterator[Piece]:
    """Every hour of the range with the zones that have a value, a Korean day at a time."""
    hours = _hours(reader)
    if hours is None:
        return
    after, until = hours
    start = after
    while start < until:
        day = kst_day(from_hour_number(start + 1) - TINY)
        end = min(hour_number(day_bounds(day)[1]), until)
        rows = _rows(reader, start, end)
        if rows:
            yield listed(day.isoformat(), rows, (end - after) / (until - after))
        start = end


def _rows(reader: Reader, after: int, until: int) -> list[Cells]:
    question = reader.question
    there = zones_on(kst_day(from_hour_number(until) - TINY))
    wanted = [zone for zone in there if zone.province in question.provinces]
    found: list[tuple[tuple[int, int, str, int], Cells]] = []
    for place, key in enumerate(question.keys):
        own = [zone for zone in wanted if zone.kind == KINDS[key]]
        hours = zone_hours_of(
            reader.connection, question.selection, own, key, after, until, reader.as_of
        )
        for hour in hours:
            if hour.value is not None or hour.expected:
                order = (hour.hour, hour.zone.province.id, hour.zone.id, place)
                found.append((order, _cells(reader, hour)))
    return [cells for _, cells in sorted(found, key=lambda pair: pair[0])]


def _cells(reader: Reader, hour: ZoneHour) -> Cells:
    standard = reader.question.standard
    exact, info = hour.exact, hour.info
    grade = None if exact is None else standard.grade(hour.key, exact, "1h")
    level = standard.level(grade) if grade else None
    return (
        hour.zone.province.ko,
        hour.zone.province.code,
        hour.zone.name,
        hour.zone.id,
        hour.key,
        kst_iso(from_hour_number(hour.hour)),
        None if exact is None else str(standard.figure(hour.key, exact, "1h")),
        hour.unit,
        "mean" if hour.zone.kind == PM else "highest",
        standard.id,
        grade,
        level.letter if level else None,
        hour.feed,
        info.kind if info else None,
        info.status if info else None,
        hour.value.heard if hour.value else 0,
        hour.expected,
        why(hour) if hour.value is None else None,
    )
