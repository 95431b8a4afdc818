"""The `airkorea` feed: hourly station values of Korea's Ministry network, from data.go.kr."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aq.domain.clock import kst
from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import Answer, KeyCheck, Payload, RowIssue
from aq.domain.provinces import PROVINCES
from aq.feeds.airkorea import (
    AIRKOREA,
    CALL_COUNTS,
    CITY_MEANS,
    PROVINCE_MEANS,
    REALTIME,
    STATION_DAYS,
    STATION_HISTORY,
    STATION_MONTHS,
    STATIONS,
)
from aq.feeds.airkorea.contracts import check
from aq.feeds.airkorea.errors import NAME, Body, read_body, refusal
from aq.feeds.airkorea.official_means import (
    DAYS_BACK,
    read_city_means,
    read_station_days,
    read_station_months,
)
from aq.feeds.airkorea.readings import read_rows
from aq.feeds.airkorea.stations import read_province_means, read_stations
from aq.feeds.base import Get, shown, text_of

TERMS = ("DAILY", "MONTH", "3MONTH")
MEAN_TERMS = ("WEEK", "MONTH")

# Below 1.5 the gases lose a digit, below 1.2 the network, below 1.0 PM2.5 altogether.
VERSION = "1.5"
# About 650 stations report; the default of 10 or 100 would cut provinces off.
PAGE_ROWS = 1000
# No list of AirKorea is near this long: upstream that never ends is stopped here.
MAX_PAGES = 30
LONGEST_COUNT = 9  # digits


class AirKorea:
    """Reads AirKorea's services; stateless."""

    info = AIRKOREA

    def pull(self, get: Get, since: datetime, until: datetime) -> Iterator[Payload]:
        """The newest hour of every station, whatever the bounds: this service knows no other."""
        del since, until
        yield from pages(get, REALTIME, {"sidoName": "전국", "ver": VERSION})

    def pull_stations(self, get: Get) -> Iterator[Payload]:
        """The list of all stations: addresses, networks, positions."""
        yield from pages(get, STATIONS, {})

    def pull_station_history(self, get: Get, station_name: str, term: str) -> Iterator[Payload]:
        """One station's hours of the last day, month or three (`TERMS`).

        The answer carries no province label; the name is exact, brackets included.
        """
        params = {"stationName": station_name, "dataTerm": _one_of(term, TERMS), "ver": VERSION}
        yield from pages(get, STATION_HISTORY, params)

    def pull_province_means(self, get: Get, item: str, term: str) -> Iterator[Payload]:
        """Upstream's own hourly province means of one pollutant (`pm10` …) over `MEAN_TERMS`."""
        params = {"itemCode": item.upper(), "dataGubun": "HOUR"}
        params["searchCondition"] = _one_of(term, MEAN_TERMS)
        yield from pages(get, PROVINCE_MEANS, params)

    def pull_official_means(self, get: Get, now: datetime) -> list[tuple[str, Iterator[Payload]]]:
        """(operation, payloads) of the means that upstream publishes of cities' newest hours, of
        the stations' last days and of their last month.

        Of a province's cities one page is asked for, which holds a day of hours of the most cities
        there are (31), as the calls of a day must be known. Of stations it is a day or month a
        call: a range of months has a total and no items, and days that are not kept any more are
        left out without an error.
        """
        today = kst(now).date()
        days = [today - timedelta(days=back) for back in range(1, DAYS_BACK + 1)]
        month = today.replace(day=1) - timedelta(days=1)

        def of_cities() -> Iterator[Payload]:
            for province in PROVINCES:
                params = {"sidoName": province.ko, "searchCondition": "HOUR", "pageNo": "1"}
                yield get(CITY_MEANS, params | {"returnType": "json", "numOfRows": str(PAGE_ROWS)})

        def of_days() -> Iterator[Payload]:
            for day in days:
                asked = f"{day:%Y%m%d}"
                yield from pages(get, STATION_DAYS, {"inqBginDt": asked, "inqEndDt": asked})

        asked = f"{month:%Y%m}"
        months = pages(get, STATION_MONTHS, {"inqBginMm": asked, "inqEndMm": asked})
        return [(CITY_MEANS, of_cities()), (STATION_DAYS, of_days()), (STATION_MONTHS, months)]

    def pull_call_counts(self, get: Get, now: datetime) -> Payload:
        """How many calls of the key upstream counted on the KST day of `now`, by service."""
        params = {"searchDate": kst(now).date().isoformat(), "numOfRows": "100", "pageNo": "1"}
        return get(CALL_COUNTS, {"returnType": "json", **params})

    def read_call_counts(self, payload: Payload, now: datetime) -> dict[str, int]:
        """Calls of the day of `now` (KST) by upstream's own Korean name of the service; rows that
        cannot be read are left out."""
        error = self.refusal(payload.operation, 200, {}, payload.text, now)
        if error is not None:
            raise error
        today = kst(now).date().isoformat()
        counts: dict[str, int] = {}
        for row in read_body(payload.text).items:
            if not isinstance(row, Mapping) or text_of(row.get("conectDe")) != today:
                continue
            name, count = text_of(row.get("conectOprtinNm")), text_of(row.get("conectCo"))
            if name and count.isascii() and count.isdigit() and len(count) < LONGEST_COUNT:
                counts[name] = int(count)
        return counts

    def parse(self, payload: Payload, now: datetime) -> Answer:
        """Read any of the feed's payloads. Pure.

        Raises
        ------
        FeedError : the body is a refusal or not readable, or no real-time row has a PM2.5 key
            although it was asked for
        """
        error = self.refusal(payload.operation, 200, {}, payload.text, now)
        if error is not None:
            raise error
        body = read_body(payload.text)
        keys = check(payload.operation, body.items)
        answer = replace(self._read(payload, body.items, now, keys), keys=keys)
        return replace(answer, issues=(*answer.issues, *_unread(payload, body)))

    def _read(
        self, payload: Payload, items: Sequence[object], now: datetime, keys: KeyCheck | None
    ) -> Answer:
        if payload.operation == STATIONS:
            return read_stations(items)
        if payload.operation == PROVINCE_MEANS:
            return read_province_means(items, payload.params["itemCode"], now)
        if payload.operation == CITY_MEANS:
            return read_city_means(items, payload.params["sidoName"], now)
        if payload.operation == STATION_DAYS:
            return read_station_days(items, now)
        if payload.operation == STATION_MONTHS:
            return read_station_months(items, now)
        if items and not any(isinstance(row, Mapping) and "pm25Value" in row for row in items):
            detail = f"no row has pm25Value although ver={VERSION} was asked for"
            if keys and keys.new:
                detail += f"; new are {', '.join(keys.new)}"
            raise FeedError(NAME, payload.operation, FeedReason.NOT_UNDERSTOOD, shown(detail, 200))
        return read_rows(items, now, payload.params.get("stationName", ""))

    def refusal(
        self, operation: str, status: int, headers: Mapping[str, str], text: str, now: datetime
    ) -> FeedError | None:
        """The error an answer is, in any of the forms AirKorea's gateway gives one."""
        del headers
        return refusal(operation, status, text, now)


def _unread(payload: Payload, body: Body) -> Iterator[RowIssue]:
    """Rows that an answer counts and does not give: a total without items, which is seen where a
    range of months is asked for, and hours of cities beyond the one page; and a day or month that
    upstream does not keep, which it answers with neither rows nor an error."""
    first = payload.params.get("pageNo", "1") == "1"
    if first and payload.operation in (STATION_DAYS, STATION_MONTHS) and not body.total:
        if not body.items:
            period = payload.params.get("inqBginDt") or payload.params.get("inqBginMm", "")
            where = f"{payload.operation.rpartition('/')[2]} {period}".rstrip()
            yield RowIssue(kind="outside_window", where=where, detail="neither rows nor an error")
        return
    if first and body.total and not body.items:
        yield RowIssue(kind="total_only", where=payload.operation, detail=str(body.total))
    elif payload.operation == CITY_MEANS and body.total > len(body.items):
        left = body.total - len(body.items)
        yield RowIssue(kind="later_pages", where=payload.operation, detail=f"{left} rows")


def _one_of(term: str, known: tuple[str, ...]) -> str:
    if term not in known:
        raise ValueError(f"term {term!r} is none of {', '.join(known)}")
    return term


def pages(get: Get, operation: str, params: Mapping[str, str]) -> Iterator[Payload]:
    """Ask page after page, led by the rows that really come.

    A totalCount of 0 beside rows has been seen since 광주 and 전남 merged, so it ends nothing; a
    server may also give fewer rows a page than asked for, so one larger than seen goes on.
    """
    seen = 0
    last: str | None = None
    for page in range(1, MAX_PAGES + 1):
        asked = {"returnType": "json", "numOfRows": str(PAGE_ROWS), "pageNo": str(page)}
        payload = get(operation, {**params, **asked})
        if payload.text == last:  # pageNo was ignored
            return
        yield payload
        last = payload.text
        body = _readable(payload.text)
        rows = len(body.items) if body else 0
        seen += rows
        if body is None or not rows or not _goes_on(body, seen):
            return


def _readable(text: str) -> Body | None:
    """The body, or None for one that `parse` will refuse in words."""
    try:
        return read_body(text)
    except ValueError:
        return None


def _goes_on(body: Body, seen: int) -> bool:
    if body.total > seen or len(body.items) >= PAGE_ROWS:
        return True
    return not body.total and 0 < body.page_size <= len(body.items)
