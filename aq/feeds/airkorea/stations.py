"""AirKorea's station list and its table of province means as stations and readings."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from aq.domain.clock import HOUR, parse_hour
from aq.domain.model import Answer, Reading, RowIssue, Station
from aq.domain.pollutants import pollutants
from aq.domain.provinces import MERGED_NAMES, PROVINCES, by_address
from aq.feeds.airkorea.readings import LONGEST_CODE, LONGEST_NAME
from aq.feeds.base import BadValueError, concentration, number_of, shown, text_of

Row = Mapping[str, object]
_LONGEST_ADDRESS = 300
_ITEM_KEYS = {"PM10": "pm10", "PM2.5": "pm25", "O3": "o3", "NO2": "no2", "SO2": "so2", "CO": "co"}
# Korea's latitudes and longitudes [degrees]: which of dmX and dmY is which depends on `ver`, so the
# range decides. They do not overlap.
_LATITUDES, _LONGITUDES = (33, 39), (124, 132)


def read_stations(items: Iterable[object]) -> Answer:
    """Read the station list (getMsrstnList)."""
    stations: list[Station] = []
    issues: list[RowIssue] = []
    rows = 0
    for item in items:
        rows += 1
        if not isinstance(item, Mapping) or not text_of(item.get("stationName"), LONGEST_NAME):
            issues.append(RowIssue(kind="bad_station", where=f"row {rows}", detail=shown(item)))
            continue
        stations.append(_station(item, rows, issues))
    return Answer(rows=rows, stations=tuple(stations), issues=tuple(issues))


def _station(row: Row, number: int, issues: list[RowIssue]) -> Station:
    name = text_of(row.get("stationName"), LONGEST_NAME)
    address = text_of(row.get("addr"), _LONGEST_ADDRESS)
    latitude, longitude = _position(row)
    if latitude is None and text_of(row.get("dmX")):
        detail = f"dmX {shown(row.get('dmX'))}, dmY {shown(row.get('dmY'))}"
        issues.append(RowIssue(kind="bad_position", where=f"row {number} {name}", detail=detail))
    year = text_of(row.get("year"))
    code = text_of(row.get("stationCode"), LONGEST_CODE)
    return Station(
        name=name,
        sido=_sido(address),
        code=code if code.isascii() and code.isalnum() else None,
        network="".join(text_of(row.get("mangName")).split()) or None,
        address=address or None,
        latitude=latitude,
        longitude=longitude,
        year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
        items=_measured(text_of(row.get("item"))),
    )


def _sido(address: str) -> str:
    """The label real-time rows carry for an address: the short name, or 전남광주 unsplit."""
    first = address.split(maxsplit=1)[0] if address else ""
    if first in MERGED_NAMES:
        return MERGED_NAMES[0]
    province = by_address(address)
    return province.ko if province else first


def _measured(text: str) -> tuple[str, ...] | None:
    words = (word.strip().upper() for word in text.split(","))
    return tuple(_ITEM_KEYS[word] for word in words if word in _ITEM_KEYS) or None


def _position(row: Row) -> tuple[float | None, float | None]:
    """(latitude, longitude) in WGS84 degrees, whichever way round they stand; else None twice."""
    try:
        x, y = number_of(row.get("dmX")), number_of(row.get("dmY"))
    except BadValueError:
        return None, None
    for latitude, longitude in ((x, y), (y, x)):
        if _within(latitude, _LATITUDES) and _within(longitude, _LONGITUDES):
            return float(latitude or 0), float(longitude or 0)
    return None, None


def _within(number: Decimal | None, bounds: tuple[int, int]) -> bool:
    return number is not None and bounds[0] <= number <= bounds[1]


def read_province_means(items: Iterable[object], item_code: str, now: datetime) -> Answer:
    """Read getCtprvnMesureLIst: one row per hour, one key per province, one pollutant a call."""
    key = item_code.casefold()
    readings: dict[tuple[str, datetime], Reading] = {}
    issues: list[RowIssue] = []
    rows = 0
    for item in items:
        rows += 1
        row = item if isinstance(item, Mapping) else {}
        try:
            hour = parse_hour(text_of(row.get("dataTime")))
        except (ValueError, OverflowError):
            issues.append(RowIssue(kind="bad_time", where=f"row {rows}", detail=shown(item)))
            continue
        if hour > now + HOUR:
            detail = shown(row.get("dataTime"))
            issues.append(RowIssue(kind="future", where=f"row {rows}", detail=detail))
            continue
        for province in PROVINCES:
            cell = row.get(province.key)
            try:
                value = concentration(cell, pollutants()[key])
            except BadValueError as error:
                where = f"row {rows} {province.key}"
                issues.append(RowIssue(kind=error.kind, where=where, detail=shown(cell)))
                continue
            if value is not None:
                readings[province.code, hour] = Reading(
                    hour=hour, values={key: value}, province=province.code
                )
    return Answer(rows=rows, readings=tuple(readings.values()), issues=tuple(issues))
