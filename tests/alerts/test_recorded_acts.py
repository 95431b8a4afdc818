"""The dust of 1 December 2025 in 전북: zone rules fire at all six acts, the province's at none.

The acts (advisories of PM10 and PM2.5 in 서부, 중부, 동부) and the values of the hours they rest on
were published (press; docs/alerts.md names them). The hours are AirKorea's as they were recorded,
where the recording is there; else hours made here, as the recording may not be handed on: a station
of our own in each zone, at the published values and about as high in the hour before, clean air
around them.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from aq.alerts import parse_rule
from aq.alerts.backtest import backtest
from aq.alerts.points import reader_of
from aq.alerts.rules import known_to, shipped_rules
from aq.alerts.state import Reason
from aq.context import Context
from aq.domain.clock import from_hour_number, kst, parse_instant
from aq.domain.model import URBAN, Answer, Station
from aq.feeds.airkorea.readings import read_rows
from aq.ingest.collect import list_stations, station_rule
from aq.paths import SHIPPED
from aq.store.stations import Directory
from tests.feeds.test_airkorea_notices import SAMPLES
from tests.queries.test_zones import RECORDED
from tests.recordings import row
from tests.serving import make_runtime, write

SINCE, UNTIL = (parse_instant(f"{day}:00:00+09:00") for day in ("2025-11-30T12", "2025-12-02T06"))
ADDRESSES = {
    "바람동": ("전북 군산시 바람동", URBAN),
    "구름동": ("전북 전주시 구름동", URBAN),
    "노을동": ("전북 남원시 노을동", URBAN),
}
# By zone: the two hours of each act on the Korean clock; the second value is the published one.
PM10 = {
    "바람동": {3: "168", 4: "161"},
    "구름동": {4: "162", 5: "197"},
    "노을동": {7: "163", 8: "154"},
}
PM25 = {"바람동": {3: "96", 4: "94"}, "구름동": {4: "92", 5: "114"}, "노을동": {6: "82", 7: "90"}}
SECOND_HOURS = {
    "pm10-warning": {"pm-45-01": 4, "pm-45-02": 5, "pm-45-03": 8},
    "pm25-warning": {"pm-45-01": 4, "pm-45-02": 5, "pm-45-03": 7},
}


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def made_here() -> tuple[list[dict[str, Any]], dict[str, tuple[str, str]]]:
    """The day's rows in upstream's form, and the stations' addresses and networks."""
    rows = [
        row(name, hour, "전북", pm10Value=PM10[name].get(kst(hour).hour, "40"),
            pm25Value=PM25[name].get(kst(hour).hour, "20"))
        for name in ADDRESSES
        for hour in (SINCE + timedelta(hours=step) for step in range(1, 24))
    ]  # fmt: skip
    return rows, ADDRESSES


def recorded() -> tuple[list[dict[str, Any]], dict[str, tuple[str, str]]] | None:
    """The same of the recording; None where it is not there."""
    lists = list(SAMPLES.glob("airkorea/stationInfo_hansan529_derived.json"))
    months = [RECORDED / f"{month}.parquet" for month in ("2025-11", "2025-12")]
    if not lists or not all(month.exists() for month in months):
        return None
    from pyarrow import parquet

    rows = []
    for month, bound in zip(
        months, ((">=", "2025-11-30 12"), ("<=", "2025-12-02 06")), strict=True
    ):
        filters = [("sidoName", "==", "전북"), ("dataTime", *bound)]
        rows += parquet.read_table(month, filters=filters).to_pylist()
    addresses = {
        station["stationName"]: (station["addr"], station["mangName"])
        for station in json.loads(lists[0].read_text("utf-8"))
        if station["cityShort"] == "전북"
    }
    return rows, addresses


@pytest.mark.parametrize("hours", [made_here, recorded])
def test_rules_on_zones_fire_at_all_six_acts_and_on_the_province_at_none(
    context: Context, hours: Any
) -> None:
    rows, addresses = hours() or made_here()
    latest = {
        (each["stationName"], each["dataTime"]): each
        for each in sorted(rows, key=lambda each: each["fetched_at"])
        if each["stationName"] in addresses
    }
    with context.store.write("list") as txn:
        listed = [
            Station(name=name, sido="전북", address=address, network=network)
            for name, (address, network) in addresses.items()
        ]
        directory = Directory(txn, station_rule(context.settings.provinces))
        answer = Answer(rows=len(listed), stations=listed)
        list_stations(txn, answer, directory, context.stored_standards)
    plain = [
        {name: each[name] for name in each if name != "fetched_at"} for each in latest.values()
    ]
    write(context, *read_rows(plain, UNTIL).readings)
    shipped = {body["id"]: body for body in shipped_rules(SHIPPED)}
    fired = {
        (name, over): {
            place: [
                kst(from_hour_number(change.hour))
                for change in course.transitions
                if change.reason == Reason.FIRST
            ]
            for place, course in trial(context, {**shipped[name], "over": over}).items()
        }
        for name in SECOND_HOURS
        for over in ("zone", "mean")
    }
    for name, by_zone in SECOND_HOURS.items():
        assert fired[name, "mean"] == {"KR-45": []}
        found = {place: [begin.hour for begin in begins]
                 for place, begins in fired[name, "zone"].items() if begins}  # fmt: skip
        assert found == {zone: [hour] for zone, hour in by_zone.items()}


def trial(context: Context, body: dict[str, Any]) -> dict[str, Any]:
    """The courses of a shipped rule in 전북."""
    rule = parse_rule({**body, "provinces": ["전북"]}, known_to(context))
    return dict(backtest(context.store, reader_of(context), rule, SINCE, UNTIL).courses)
