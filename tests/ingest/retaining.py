"""Old hours of a store on both sides of a month's turn, and what is asked of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from aq.context import Context
from aq.domain.clock import HOUR, hour_number
from aq.domain.model import URBAN, Reading, Station, Upstream
from aq.domain.provinces import find_province
from aq.ingest import retention
from aq.ingest.retention import retain
from aq.queries.completeness import completeness
from aq.queries.evidence import evidence
from aq.queries.revisions import trail_items
from aq.queries.stations import roster
from aq.store.reads import highest_stations, station_hours
from aq.store.schema import metadata, station_hour
from tests.conftest import NOW
from tests.serving import make_runtime, write

SEOUL = find_province("서울")
PLACES = [
    Station(name="중구", sido="서울", code="111121", network=URBAN, address="서울 중구", year=1995),
    Station(name="강남구", sido="서울", code="111261", network=URBAN, items=("pm10", "pm25")),
    Station(name="강남대로", sido="서울", code="111273", network="도로변대기"),
]
# 23 November less six months: April is the last month that goes, its last hour 1 May 00:00.
MONTHS = 6
TURN = datetime(2026, 4, 30, 15, tzinfo=UTC)
# All that must be the same whether a month is archived or not.
PAST = ("station_statement", "station_period", "station_silence")
DERIVED = ("province_hour", "province_hour_rev", "province_day", "province_day_grade")
MEASURED = ("station_hour", "station_hour_rev")


def old_hours(context: Context, *, around: datetime = TURN, hours: int = 60) -> None:
    """Hours on both sides of a month's turn, some flagged, some corrected, and a few of now."""
    readings = [
        Reading(
            station=one,
            hour=around + back * HOUR,
            values={"pm10": 300 + 10 * n + back, "o3": 250, "co": 40 + n},
            flags={"o3": "implausible"} if back % 7 == 0 else {},
            upstream=Upstream(khai=60 + n, khai_grade=2, pm10_24h=31, grades={"pm10": 2}),
        )
        for n, one in enumerate(PLACES)
        for back in range(-hours, hours)
    ]
    write(context, *readings)
    write(
        context,
        *(
            Reading(station=PLACES[0], hour=around - back * HOUR, values={"pm10": 999})
            for back in range(1, 6)
        ),
    )
    write(context, *(Reading(station=one, hour=NOW_HOUR, values={"pm10": 400}) for one in PLACES))


NOW_HOUR = NOW.replace(minute=0)


@pytest.fixture
def context(database_url: str, tmp_path: Path) -> Iterator[Context]:
    made = make_runtime(database_url, AQ_RETENTION__FOLDER=str(tmp_path / "archive"))
    yield made
    made.store.close()


def tables(context: Context, *names: str) -> dict[str, list[Any]]:
    with context.store.read() as connection:
        return {
            name: sorted(
                (tuple(row) for row in connection.execute(select(metadata.tables[name]))), key=repr
            )
            for name in names
        }


def go(context: Context, months: int = MONTHS) -> retention.RetainReport:
    return retain(context.store, context.settings.archive_folder, months, NOW)


def old_rows(context: Context) -> int:
    query = select(func.count()).select_from(station_hour)
    with context.store.read() as connection:
        return connection.scalar(query.where(station_hour.c.hour <= hour_number(TURN))) or 0


def asked(context: Context) -> list[Any]:
    """Everything that is asked of old station hours."""
    hour = hour_number(TURN)
    place, standard = PLACES[0], context.standards["airkorea_1h"]
    with context.store.read() as connection:
        found: list[Any] = [
            [tuple(row) for row in station_hours(connection, [1, 2, 3], hour - 99, hour + 9)],
            [tuple(r) for r in station_hours(connection, [1, 3], hour - 9, hour, as_of=1)],
            sorted(
                map(tuple, highest_stations(connection, "pm10", [(SEOUL.id, hour - 9, hour + 9)]))
            ),
        ]
    found += [
        trail_items(context.store, place.code or "", "pm10", TURN - 3 * HOUR, standard),
        evidence(context, SEOUL, "pm10", TURN - HOUR, standard).as_dict(),
        roster(context, SEOUL.id, "pm10", TURN - 90 * HOUR, TURN, standard),
        completeness(context, "pm10", TURN - 90 * HOUR, TURN).days.to_dict(),
    ]
    return found
