"""One item of AirKorea's real-time answers as a reading, and what of it could not be read."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from aq.domain.clock import HOUR, parse_hour
from aq.domain.missing import source_word
from aq.domain.model import Answer, Reading, RowIssue, Station, Upstream
from aq.feeds.base import BadValueError, concentrations, is_missing, number_of, shown, text_of

Row = Mapping[str, object]
# Keys of the answer by the product's pollutant.
FIELDS = {"pm10": "pm10", "pm25": "pm25", "o3": "o3", "no2": "no2", "so2": "so2", "co": "co"}
_GRADES = {key: f"{name}Grade" for key, name in FIELDS.items()} | {
    "pm10_1h": "pm10Grade1h",
    "pm25_1h": "pm25Grade1h",
}
# Fields that say which station a row is of.
_WHO = frozenset({"sidoName", "stationName", "stationCode", "mangName"})
LONGEST_NAME = 60  # the request takes 30 characters; a page of text is no name
LONGEST_CODE = 12  # six digits so far
_WORST_GRADE = 4


def read_rows(items: Iterable[object], now: datetime, station_name: str = "") -> Answer:
    """Read real-time rows; `station_name` stands in where a one-station answer omits it.

    Rows that name no station or no hour, and hours that end more than an hour after `now`, are
    skipped with an issue; so is a row whose every field but the names is null, a station that
    reported nothing. Of two rows of one station and instant (24:00 and 00:00 are the same)
    the later one stands; when they differ an issue says so.
    """
    found: dict[tuple[str, str, datetime], Reading] = {}
    issues: list[RowIssue] = []
    rows = 0
    for item in items:
        rows += 1
        if not isinstance(item, Mapping):
            issues.append(RowIssue(kind="bad_row", where=f"row {rows}", detail=shown(item)))
            continue
        reading = _reading(item, now, station_name, rows, issues)
        if reading is None or reading.station is None:
            continue
        station = reading.station
        key = (station.code or station.sido, "" if station.code else station.name, reading.hour)
        before = found.get(key)
        if before is not None and before != reading:
            issues.append(RowIssue(kind="duplicate", where=_where(item, rows), detail="differs"))
        found[key] = reading
    readings = tuple(found.values())
    stations = dict.fromkeys(reading.station for reading in readings if reading.station is not None)
    return Answer(rows=rows, readings=readings, stations=tuple(stations), issues=tuple(issues))


def _where(row: Row, number: int) -> str:
    parts = (row.get("sidoName"), row.get("stationName"), row.get("dataTime"))
    return f"row {number} " + " ".join(shown(part) for part in parts if part)


def _reading(
    row: Row, now: datetime, station_name: str, number: int, issues: list[RowIssue]
) -> Reading | None:
    where = _where(row, number)
    station = _station(row, station_name)
    if station is None:
        issues.append(RowIssue(kind="bad_station", where=where, detail="no station name"))
        return None
    if all(is_missing(cell) for name, cell in row.items() if name not in _WHO):
        issues.append(RowIssue(kind="silent_station", where=where))
        return None
    try:
        hour = parse_hour(text_of(row.get("dataTime")))
    except (ValueError, OverflowError):
        detail = shown(row.get("dataTime"))
        issues.append(RowIssue(kind="bad_time", where=where, detail=detail))
        return None
    if hour > now + HOUR:
        issues.append(RowIssue(kind="future", where=where, detail=shown(row.get("dataTime"))))
        return None
    cells = {key: row.get(f"{name}Value") for key, name in FIELDS.items()}
    words = {key: word for key, cell in cells.items() if (word := source_word(cell))}
    return Reading(
        hour=hour,
        values=concentrations(cells | dict.fromkeys(words), where, issues),
        station=station,
        flags={key: f"source:{word}" for key, word in words.items()} | _flags(row),
        upstream=_upstream(row, where, issues),
    )


def _station(row: Row, fallback: str) -> Station | None:
    name = text_of(row.get("stationName"), LONGEST_NAME) or fallback
    if not name:
        return None
    code = text_of(row.get("stationCode"), LONGEST_CODE)
    return Station(
        name=name,
        sido=text_of(row.get("sidoName")),
        code=code if code.isascii() and code.isalnum() else None,
        network="".join(text_of(row.get("mangName")).split()) or None,
    )


def _flags(row: Row) -> dict[str, str]:
    """Upstream's own flags. Spaces are left out: tables print 점검 및 교정, answers 점검및교정."""
    flags: dict[str, str] = {}
    for key, name in FIELDS.items():
        cell = row.get(f"{name}Flag")
        if not is_missing(cell):
            flags[key] = "source:" + "".join(shown(cell).split())
    return flags


def _upstream(row: Row, where: str, issues: list[RowIssue]) -> Upstream:
    def whole(name: str, worst: int | None = None) -> int | None:
        """A count or grade upstream gave; -1 and a dash are missing."""
        cell = row.get(name)
        try:
            number = number_of(cell)
        except BadValueError:
            number = None
            issues.append(RowIssue(kind="bad_value", where=where, detail=f"{name} {shown(cell)}"))
        if number is None or number == -1:
            return None
        if number != int(number) or not 0 <= number <= (worst or 10_000):
            issues.append(RowIssue(kind="bad_value", where=where, detail=f"{name} {shown(cell)}"))
            return None
        return int(number)

    grades = {key: whole(name, _WORST_GRADE) for key, name in _GRADES.items()}
    return Upstream(
        khai=whole("khaiValue"),
        khai_grade=whole("khaiGrade", _WORST_GRADE),
        pm10_24h=whole("pm10Value24"),
        pm25_24h=whole("pm25Value24"),
        grades={key: grade for key, grade in grades.items() if grade},
    )
