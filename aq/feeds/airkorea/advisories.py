"""The `airkorea_alarm` feed: official advisories of fine dust and ozone, by zone and year."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from aq.domain.advisories import LEVELS
from aq.domain.clock import day_bounds, kst, parse_day
from aq.domain.model import Advisory, Answer, Payload, RowIssue
from aq.domain.pollutants import pollutants
from aq.domain.sources import AIRKOREA_ALARM, DUST, OZONE
from aq.feeds.airkorea.client import pages
from aq.feeds.airkorea.paging import CODES, NoticeService, Part, first_of
from aq.feeds.base import BadValueError, Get, concentration, shown, text_of

_CLOCK = re.compile(r"(\d{1,2}):?(\d{2})(?::\d{2})?")
_LONGEST_NAME = 60


class AirKoreaAlarm(NoticeService):
    """Reads both advisory services; stateless. Each needs its own approval upstream."""

    info = AIRKOREA_ALARM

    def parts(self, get: Get, since: datetime, until: datetime) -> list[Part]:
        """The list of every year that the period touches: an advisory that lasts over New Year
        stands in the list of the year it was issued in."""
        years = range(kst(since).year, kst(until).year + 1)
        return [(operation, _asked(get, operation, years)) for operation in (DUST, OZONE)]

    def read(self, payload: Payload, items: list[object]) -> Answer:
        """Advisories of either service."""
        return read_advisories(items, "O3" if payload.operation == OZONE else "")


def _asked(get: Get, operation: str, years: range) -> Iterator[Payload]:
    for year in years:
        yield from pages(get, operation, {"year": str(year)})


def read_advisories(items: list[object], item_code: str = "") -> Answer:
    """Read a list of advisories; `item_code` stands in where the rows name no pollutant.

    A row whose place, kind or time of issue cannot be read is left out with an issue. A clear
    field that is absent, null, empty or a dash means that the advisory is in force; one that says
    something else and cannot be read leaves the row out: in force or not is not guessed.
    """
    found: list[Advisory] = []
    issues: list[RowIssue] = []
    for number, item in enumerate(items, start=1):
        row = item if isinstance(item, Mapping) else {}
        where = f"row {number} {shown(row.get('districtName'))} {shown(row.get('moveName'))}"
        advisory = _advisory(row, item_code, where, issues)
        if advisory is None:
            issues.append(RowIssue(kind="bad_notice", where=where, detail=shown(item)))
            continue
        if advisory.word not in LEVELS:
            issues.append(RowIssue(kind="unknown_grade", where=where, detail=advisory.word))
        found.append(advisory)
    return Answer(rows=len(items), advisories=tuple(found), issues=tuple(issues))


def _advisory(
    row: Mapping[str, object], item_code: str, where: str, issues: list[RowIssue]
) -> Advisory | None:
    code = text_of(row.get("itemCode")).upper() or item_code
    pollutant = CODES.get(code)
    district = text_of(row.get("districtName"), _LONGEST_NAME)
    word = "".join(first_of(row, "issueGbn", "issueLvl", read=text_of).split())
    try:
        issued = _instant(row, "issue", "dataDate")
        cleared = _instant(row, "clear")
    except ValueError:
        return None
    if pollutant is None or not district or not word or issued is None:
        return None
    return Advisory(
        pollutant=pollutant,
        district=district,
        zone=text_of(row.get("moveName"), _LONGEST_NAME),
        word=word,
        issued_at=issued,
        issue_value=_value(row, "issueVal", pollutant, where, issues),
        cleared_at=cleared,
        clear_value=_value(row, "clearVal", pollutant, where, issues),
        number=text_of(row.get("sn")),
    )


def _instant(row: Mapping[str, object], name: str, other_day: str = "") -> datetime | None:
    """The instant of two fields, ``issueDate`` and ``issueTime``; 24:00 is the next day's 00:00.

    None when both are empty; raises ``ValueError`` when they name no instant.
    """
    day_text = text_of(row.get(f"{name}Date")) or text_of(row.get(other_day))
    time_text = text_of(row.get(f"{name}Time"))
    if not day_text and not time_text:
        return None
    day = parse_day(day_text)
    match = _CLOCK.fullmatch(time_text)
    if day is None or match is None:
        raise ValueError(f"no day and time of day: {day_text!r} {time_text!r}")
    since_midnight = timedelta(hours=int(match[1]), minutes=int(match[2]))
    if since_midnight > timedelta(days=1) or int(match[2]) > 59:
        raise ValueError(f"no time of day: {time_text!r}")
    return day_bounds(day)[0] + since_midnight


def _value(
    row: Mapping[str, object], name: str, pollutant: str, where: str, issues: list[RowIssue]
) -> int | None:
    try:
        return concentration(row.get(name), pollutants()[pollutant])
    except BadValueError as error:
        detail = f"{name} {shown(row.get(name))}"
        issues.append(RowIssue(kind=error.kind, where=where, detail=detail))
        return None
