"""Recorded answers made by us, in the form of the recordings: a row per station, hour and content.

Values are ours; AirKorea's grades and indices beside them are worked out by hand from the published
tables, so that a recording that agrees and one that does not can both be made.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from aq.domain.clock import HOUR, KST, kst

FIELDS = (
    *("sidoName", "stationName", "dataTime"),
    *(f"{key}Value" for key in ("pm10", "pm25", "o3", "no2", "so2", "co")),
    *("khaiValue", "khaiGrade"),
    *(f"{key}Grade" for key in ("pm10", "pm25", "o3", "no2", "so2", "co")),
    *(f"{key}Flag" for key in ("pm10", "pm25", "o3", "no2", "so2", "co")),
)
FIRST = datetime(2025, 12, 1, 1, tzinfo=KST)
# Steady air: PM10 40 is 보통 (40-31)/(80-31) x 49 + 51 = 60; PM2.5 20 is (20-16)/(35-16) x 49 + 51
# = 61.3; O3 0.020 is 33, NO2 0.015 is 25.
STEADY = {
    "pm10Value": "40",
    "pm25Value": "20",
    "o3Value": "0.020",
    "no2Value": "0.015",
    "so2Value": "0.003",
    "coValue": "0.4",
    "khaiValue": "61",
    "khaiGrade": "2",
    "pm10Grade": "2",
    "pm25Grade": "2",
    "o3Grade": "1",
    "no2Grade": "1",
    "so2Grade": "1",
    "coGrade": "1",
}
Row = dict[str, str | datetime | None]


def data_time(hour: datetime) -> str:
    """An hour's end as upstream writes it: midnight is the 24:00 of the day before."""
    local = kst(hour)
    if local.hour == 0:
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def row(
    station: str = "가온동",
    hour: datetime = FIRST,
    sido: str = "서울",
    *,
    fetched: datetime | None = None,
    **fields: str | None,
) -> Row:
    """A station's hour of steady air, but for the fields given."""
    named: Row = dict.fromkeys(FIELDS)
    named |= {"sidoName": sido, "stationName": station, "dataTime": data_time(hour)}
    return {**named, **STEADY, **fields, "fetched_at": fetched or hour + timedelta(minutes=30)}


def steady(station: str = "가온동", hours: int = 24, sido: str = "서울") -> list[Row]:
    """Hours of steady air from `FIRST` on."""
    return [row(station, FIRST + number * HOUR, sido) for number in range(hours)]


def write_month(
    folder: Path,
    rows: Iterable[Row],
    *,
    name: str = "2025-12",
    silent: Iterable[tuple[str, str]] = (),
    networks: Mapping[tuple[str, str], str] = {},
) -> Path:
    """A folder with one recorded month; stations (sido, name) that are silent, and networks."""
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), folder / f"{name}.parquet")
    items = [
        dict.fromkeys(FIELDS) | {"sidoName": sido, "stationName": station}
        for sido, station in silent
    ]
    answer = gzip.compress(json.dumps(items, ensure_ascii=False).encode())
    (folder / "answer_midnight.json.gz").write_bytes(answer)
    with (folder / "networks_2025.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("sido", "station", "network"))
        lines.writerows((*station, network) for station, network in networks.items())
    return folder
