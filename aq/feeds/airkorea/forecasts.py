"""The `airkorea_forecast` feed: the authority's notices of the days ahead, by forecast region."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from aq.domain.clock import day_bounds, kst, parse_day, written_moment
from aq.domain.forecasts import GRADES
from aq.domain.model import DAILY, OVER_50, WEEKLY, Answer, ForecastNotice, Payload, RowIssue
from aq.domain.provinces import FORECAST_REGIONS, PROVINCES
from aq.feeds.airkorea import AIRKOREA_FORECAST, DAYS, OVER, WEEK
from aq.feeds.airkorea.client import pages
from aq.feeds.airkorea.paging import CODES, NoticeService, Part, first_of, long_text
from aq.feeds.base import Get, shown, text_of

CONFIDENCE = "신뢰도"  # stands among the regions of a weekly notice and is none
# Issued about 17:30; the notice itself names only its day.
WEEK_ISSUED = timedelta(hours=17, minutes=30)
_ISSUED = re.compile(r"[^시발]*시?")
_OVER = "50Over"
# The lower-case word of a field before `_OVER`, as in province tables -> region.
REGION_KEYS = {province.key: province.ko for province in PROVINCES}
_LONGEST_GRADES = 2000
_LONGEST_WORD = 32
_MOST_REGIONS = 60


class AirKoreaForecast(NoticeService):
    """Reads the forecast operations; stateless."""

    info = AIRKOREA_FORECAST

    def parts(self, get: Get, since: datetime, until: datetime) -> list[Part]:
        """A call a day of issue for each operation; the weekly one only once it can be there."""
        days = list(_days(kst(since).date(), kst(until).date()))
        weekly = [day for day in days if day_bounds(day)[0] + WEEK_ISSUED <= until]
        asked = ((DAYS, days), (WEEK, weekly), (OVER, days))
        return [(operation, _asked(get, operation, those)) for operation, those in asked]

    def read(self, payload: Payload, items: list[object]) -> Answer:
        """Notices of any of the operations."""
        readers = {WEEK: read_weeks, OVER: read_over_50}
        return readers.get(payload.operation, read_days)(items)


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _asked(get: Get, operation: str, days: list[date]) -> Iterator[Payload]:
    # InformCode is left out: upstream ignores it, all pollutants come.
    for day in days:
        yield from pages(get, operation, {"searchDate": day.isoformat()})


def read_days(items: list[object]) -> Answer:
    """Read getMinuDustFrcstDspth: one row per issue, pollutant and day."""
    notices: list[ForecastNotice] = []
    issues: list[RowIssue] = []
    for number, item in enumerate(items, start=1):
        row = item if isinstance(item, Mapping) else {}
        where = f"row {number} {shown(row.get('dataTime'))} {shown(row.get('informCode'))}"
        pollutant = CODES.get(text_of(row.get("informCode")).upper())
        issued = issue_time(text_of(row.get("dataTime")))
        day = _day(row.get("informData"))
        words = split_grades(row.get("informGrade"))
        if pollutant is None or issued is None or day is None or not words:
            issues.append(RowIssue(kind="bad_notice", where=where, detail=_lacks(row)))
            continue
        issues += unknown_words(DAILY, words, where)
        notices.append(
            ForecastNotice(
                kind=DAILY,
                pollutant=pollutant,
                issued_at=issued,
                day=day,
                words=words,
                overall=first_of(row, "informOverall", "infornOverall", read=long_text),
                cause=long_text(row.get("informCause")),
            )
        )
    return Answer(rows=len(items), forecasts=tuple(notices), issues=tuple(issues))


def _lacks(row: Mapping[str, object]) -> str:
    return shown({name: row.get(name) for name in ("informData", "informGrade")})


def read_weeks(items: list[object]) -> Answer:
    """Read getMinuDustWeekFrcstDspth: one row a day of issue, four days of PM2.5 in it."""
    notices: list[ForecastNotice] = []
    issues: list[RowIssue] = []
    for number, item in enumerate(items, start=1):
        row = item if isinstance(item, Mapping) else {}
        said = first_of(row, "presnatnDt", "presnatnDT", read=text_of)
        where = f"row {number} {said}"
        issued = _day(said)
        found = [] if issued is None else _week(row, issued, where, issues)
        if not found:
            issues.append(RowIssue(kind="bad_notice", where=where, detail=shown(item)))
        notices += found
    return Answer(rows=len(items), forecasts=tuple(notices), issues=tuple(issues))


def _week(
    row: Mapping[str, object], issued: date, where: str, issues: list[RowIssue]
) -> list[ForecastNotice]:
    found = []
    for name in ("One", "Two", "Three", "Four"):
        day, words = _day(row.get(f"frcst{name}Dt")), split_grades(row.get(f"frcst{name}Cn"))
        regions = tuple(pair for pair in words if pair[0] != CONFIDENCE)
        if day is None or not regions:
            continue
        issues += unknown_words(WEEKLY, regions, where)
        found.append(
            ForecastNotice(
                kind=WEEKLY,
                pollutant="pm25",
                issued_at=day_bounds(issued)[0] + WEEK_ISSUED,
                day=day,
                words=regions,
                overall=long_text(row.get("gwthcnd")),
                confidence=dict(words).get(CONFIDENCE, ""),
            )
        )
    return found


def read_over_50(items: list[object]) -> Answer:
    """Read getMinuDustFrcstDspth50Over: where a day's mean of PM2.5 is forecast above 50 µg/m³.

    A field for each region holds the letter O where it is, else null; every key of that ending is
    read, as 17 and 19 have been counted. Another text than O is kept as it came, and reported.
    """
    notices: list[ForecastNotice] = []
    issues: list[RowIssue] = []
    for number, item in enumerate(items, start=1):
        row = item if isinstance(item, Mapping) else {}
        where = f"row {number} {shown(row.get('dataTime'))}"
        issued, day = issue_time(text_of(row.get("dataTime"))), _day(row.get("informData"))
        words = tuple(
            (REGION_KEYS.get(key.removesuffix(_OVER), key), _over(row.get(key)))
            for key in map(str, row)
            if key.endswith(_OVER) and len(key) <= _LONGEST_WORD
        )[:_MOST_REGIONS]
        if issued is None or day is None or not words:
            issues.append(RowIssue(kind="bad_notice", where=where, detail=shown(item)))
            continue
        issues += unknown_words(OVER_50, words, where)
        notices.append(
            ForecastNotice(
                kind=OVER_50,
                pollutant="pm25",
                issued_at=issued,
                day=day,
                words=words,
                overall=long_text(row.get("informOverall")),
                cause=long_text(row.get("informCause")),
            )
        )
    return Answer(rows=len(items), forecasts=tuple(notices), issues=tuple(issues))


def _over(cell: object) -> str:
    word = text_of(cell, _LONGEST_WORD)
    return {"": "50 이하", "O": "50 초과"}.get(word, word)


def issue_time(text: str) -> datetime | None:
    """``2023-06-03 23시 발표`` as an instant; None for what names no day and hour."""
    match = _ISSUED.match(text)
    try:
        return written_moment(match[0].strip()) if match else None
    except (ValueError, OverflowError):
        return None


def _day(cell: object) -> date | None:
    try:
        return parse_day(text_of(cell))
    except ValueError:
        return None


def split_grades(cell: object) -> tuple[tuple[str, str], ...]:
    """``서울 : 보통,제주 : 나쁨`` as pairs, with or without blanks; what is no pair is left out."""
    text = cell if isinstance(cell, str) and len(cell) <= _LONGEST_GRADES else ""
    found: dict[str, str] = {}
    for part in text.split(","):
        region, colon, word = part.partition(":")
        region = text_of(region, _LONGEST_WORD)
        word = "".join(text_of(word, _LONGEST_WORD).split())
        if colon and region and word:
            found.setdefault(region, word)
    return tuple(found.items())[:_MOST_REGIONS]


def unknown_words(kind: str, words: tuple[tuple[str, str], ...], where: str) -> list[RowIssue]:
    """Regions and grades this program has no meaning for: kept as text, and reported."""
    known = GRADES[kind]
    return [
        RowIssue(kind="unknown_region", where=where, detail=region)
        for region, _ in words
        if region not in FORECAST_REGIONS
    ] + [
        RowIssue(kind="unknown_grade", where=where, detail=f"{region} {word}")
        for region, word in words
        if word not in known
    ]
