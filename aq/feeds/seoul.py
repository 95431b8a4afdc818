"""The `seoul` feed: the 25 districts of Seoul by the city's own service, beside AirKorea's.

RealtimeCityAir of data.seoul.go.kr. All its fields were renamed: both spellings are read, the old
one as recorded on 2021-05-11, the new one as observed by others in 2026. Refusals come as XML
though JSON was asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree

from aq.domain.clock import HOUR, KST
from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import (
    OBSERVED,
    PRELIMINARY,
    URBAN,
    Answer,
    FeedInfo,
    Payload,
    Reading,
    RowIssue,
    Station,
    Upstream,
)
from aq.domain.pollutants import KEYS
from aq.feeds.base import (
    BadValueError,
    Feed,
    Get,
    concentrations,
    load_json,
    number_of,
    shown,
    text_of,
)
from aq.feeds.spec import FeedSettings, FeedSpec, Operation, Places

INFO = FeedInfo(
    name="seoul",
    number=5,
    title="Seoul, its 25 districts",
    kind=OBSERVED,
    status=PRELIMINARY,
    attribution="서울특별시 열린데이터광장 (Seoul Open Data Plaza)",
    licence="KOGL type 1 (attribution)",
    link="https://data.seoul.go.kr",
    resolution="station, 1 h",
    pooled=True,
)
# Rows 1 to 100 of 25; the path is positional.
OPERATION = "RealtimeCityAir/1/100/"
# The product's name -> the service's, new and old.
FIELDS = {
    "time": ("MSRMT_DT", "MSRDT"),
    "district": ("MSRSTN_NM", "MSRSTE_NM"),
    "pm10": ("PM", "PM10"),
    "pm25": ("FPM", "PM25"),
    "o3": ("OZON", "O3"),
    "no2": ("NTDX", "NO2"),
    "co": ("CBMX", "CO"),
    "so2": ("SPDX", "SO2"),
    "word": ("CAI_GRD", "IDEX_NM"),
    "index": ("CAI_IDX", "IDEX_MVL"),
}
GRADES = {"좋음": 1, "보통": 2, "나쁨": 3, "매우나쁨": 4}
# Codes of data.seoul.go.kr's message list, read November 2026.
CODES = {
    "INFO-100": FeedReason.KEY_NOT_REGISTERED,
    "INFO-300": FeedReason.KEY_NOT_APPROVED,
    "ERROR-337": FeedReason.QUOTA_USED_UP,
    "ERROR-500": FeedReason.UPSTREAM_DOWN,
    "ERROR-600": FeedReason.UPSTREAM_DOWN,
    "ERROR-601": FeedReason.UPSTREAM_DOWN,
}
OK, NOTHING = "INFO-000", "INFO-200"
_LONGEST_NAME = 60
Row = Mapping[str, object]


class SeoulSettings(FeedSettings):
    """Where the city's service is; the key is a part of the address, in place of ``{key}``."""

    url: str = "http://openapi.seoul.go.kr:8088/{key}/json"


class Seoul:
    """Reads the newest hour of the 25 districts; stateless."""

    info = INFO

    def pull(self, get: Get, since: datetime, until: datetime) -> Iterator[Payload]:
        """The newest hour, whatever the bounds: the service knows no other."""
        del since, until
        yield get(OPERATION, {})

    def parse(self, payload: Payload, now: datetime) -> Answer:
        """Read an answer. Pure. Raises `FeedError` for a refusal and for what cannot be read."""
        error = self.refusal(payload.operation, 200, {}, payload.text, now)
        if error is not None:
            raise error
        _, rows = _body(payload.text)
        issues: list[RowIssue] = []
        readings = [
            reading
            for number, row in enumerate(rows, start=1)
            if (reading := _reading(row, number, now, issues)) is not None
        ]
        stations = tuple(reading.station for reading in readings if reading.station is not None)
        return Answer(
            rows=len(rows), readings=tuple(readings), stations=stations, issues=tuple(issues)
        )

    def refusal(
        self, operation: str, status: int, headers: Mapping[str, str], text: str, now: datetime
    ) -> FeedError | None:
        """The error an answer is, in JSON or XML, whatever its status; None for one with data."""
        del headers, now
        if status >= 500:
            return FeedError(INFO.name, operation, FeedReason.UPSTREAM_DOWN, f"HTTP {status}")
        try:
            (code, message), _ = _body(text)
        except ValueError as error:
            reason = FeedReason.NOT_UNDERSTOOD if status < 300 else FeedReason.BAD_REQUEST
            return FeedError(INFO.name, operation, reason, f"HTTP {status}: {error}")
        if code in (OK, NOTHING) and status < 300:
            return None
        reason = CODES.get(code, FeedReason.BAD_REQUEST)
        return FeedError(INFO.name, operation, reason, shown(f"code {code} {message}".strip()))


def _body(text: str) -> tuple[tuple[str, str], Sequence[object]]:
    """((code, message), rows) of JSON or XML. Raises ``ValueError`` for what is neither."""
    text = text.lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return _xml(text)
    data = _table(load_json(text) if text else None)
    inner = _table(data.get("RealtimeCityAir", data))
    result = _table(inner.get("RESULT"))
    if not result:
        raise ValueError("no RESULT" if text else "empty body")
    rows = inner.get("row", [])
    said = str(result.get("CODE") or ""), str(result.get("MESSAGE") or "")
    return said, rows if isinstance(rows, list) else [rows]


def _table(data: object) -> Row:
    return data if isinstance(data, Mapping) else {}


def _xml(text: str) -> tuple[tuple[str, str], Sequence[object]]:
    try:
        root = ElementTree.fromstring(text)
        result = root if root.tag == "RESULT" else root.find("RESULT")
        rows = [{cell.tag: cell.text for cell in row} for row in root.iter("row")]
    except (ParseError, RecursionError):
        raise ValueError("neither JSON nor XML") from None
    if result is None:
        raise ValueError("no RESULT")
    return (result.findtext("CODE") or "", result.findtext("MESSAGE") or ""), rows


def _cell(row: Row, name: str) -> object:
    """A field by its new or its old name."""
    return next((row[key] for key in FIELDS[name] if row.get(key) is not None), None)


def _hour(text: str) -> datetime:
    """``202105111500`` as the hour's end; 24:00 is the next day's 00:00. Raises ``ValueError``."""
    if len(text) != 12 or not text.isascii() or not text.isdigit() or text[10:] != "00":
        raise ValueError(f"no hour: {text!r}")
    day, hour = datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=KST), int(text[8:10])
    if hour > 24:
        raise ValueError(f"no hour: {text!r}")
    return (day + timedelta(hours=hour)).astimezone(UTC)


def _reading(item: object, number: int, now: datetime, issues: list[RowIssue]) -> Reading | None:
    row: Row = item if isinstance(item, Mapping) else {}
    name = text_of(_cell(row, "district"), _LONGEST_NAME)
    where = f"row {number} {name}"
    if not name:
        issues.append(RowIssue(kind="bad_station", where=where, detail=shown(item)))
        return None
    told = text_of(_cell(row, "time"))
    try:
        hour = _hour(told)
    except ValueError:
        issues.append(RowIssue(kind="bad_time", where=where, detail=shown(told)))
        return None
    if hour > now + HOUR:
        issues.append(RowIssue(kind="future", where=where, detail=shown(told)))
        return None
    cells = {key: _cell(row, key) for key in KEYS}
    values = concentrations(cells, where, issues)
    word = "".join(text_of(_cell(row, "word")).split())
    # 점검중 and the like stand in the grade's place: numbers beside it are not to be trusted.
    flags = dict.fromkeys(values, f"source:{word}") if word and word not in GRADES else {}
    return Reading(
        hour=hour,
        values=values,
        station=Station(name=name, sido="서울", network=URBAN),
        flags=flags,
        upstream=Upstream(khai=_index(row, where, issues), khai_grade=GRADES.get(word)),
    )


def _index(row: Row, where: str, issues: list[RowIssue]) -> int | None:
    cell = _cell(row, "index")
    try:
        number = number_of(cell)
    except BadValueError as error:
        issues.append(RowIssue(kind=error.kind, where=where, detail=f"index {shown(cell)}"))
        return None
    return None if number is None or number < 0 else int(number)


def _make(places: Places) -> Feed:
    del places
    return Seoul()


SPECS = (
    FeedSpec(
        info=INFO,
        words={"en": "Seoul’s own service", "ko": "서울시 실시간 대기환경"},
        make=_make,
        settings=SeoulSettings,
        key_parameter="KEY",
        key_from={"en": "data.seoul.go.kr", "ko": "서울 열린데이터광장(data.seoul.go.kr)"},
        operations=(
            Operation(name=OPERATION, words={"en": "the 25 districts", "ko": "25개 자치구"}),
        ),
    ),
)
