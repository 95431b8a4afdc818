"""The `airkorea_alarm` feed: official advisories of fine dust and ozone, by zone and year."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta

from aq.domain.advisories import LEVELS
from aq.domain.call_plan import REREAD
from aq.domain.clock import (
    EARLIEST,
    LATEST,
    kst,
    kst_day,
    kst_iso,
    written_day,
    written_moment,
)
from aq.domain.model import Advisory, Answer, Payload, RowIssue
from aq.domain.pollutants import pollutants
from aq.feeds.airkorea import AIRKOREA_ALARM, DUST, OZONE, YELLOW, rereads_last_year
from aq.feeds.airkorea.client import pages
from aq.feeds.airkorea.paging import CODES, NoticeService, Part
from aq.feeds.airkorea.yellow_dust import read_yellow_dust
from aq.feeds.base import BadValueError, Get, concentration, is_missing, shown, text_of

_DIGITS = re.compile(r"(\d{1,2})(\d{2})", re.ASCII)
# A number without a unit: 10 is ten o'clock, or 00:10 that lost its zeros.
_AMBIGUOUS = re.compile(r"\d{1,2}", re.ASCII)
# A day beside the time: by its distance from the act's, or without its year.
_NEXT_DAYS = {"당일": 0, "익일": 1, "다음날": 1, "다음 날": 1}
_NEXT_DAY = re.compile(rf"\(?({'|'.join(_NEXT_DAYS)})\)?\s*(.+)")
_MONTH_DAY = re.compile(r"(\d{1,2})\s*(?:월|[-/.])\s*(\d{1,2})(?:\s*일\s*|[.\s]\s*)(.+)", re.ASCII)
# A time that is not there yet, in forms beside those of every field: dashes of any kind, the word.
_NO_TIME = re.compile(r"[\s:‐-―-]*|null", re.IGNORECASE)
_LONGEST_NAME = 60
_DAY = timedelta(days=1)
# issueLvl of an ozone act (service 15073872, field table read in November 2026).
_OZONE_LEVELS = {str(level): word for word, level in LEVELS.items()}


class AirKoreaAlarm(NoticeService):
    """Reads the services of acts; stateless. Dust and ozone need an approval each; yellow dust goes
    with ozone."""

    info = AIRKOREA_ALARM

    def parts(self, get: Get, since: datetime, until: datetime) -> list[Part]:
        """The list of every year that the period touches: an advisory that lasts over New Year
        stands in the list of the year it was issued in. Where the period is no longer than what is
        read again, last year's ozone and yellow dust are asked for in some hours of the day."""
        first, last = kst(since).year, kst(until).year
        whole = since < until - REREAD or rereads_last_year(until)
        years = {DUST: first, OZONE: first if whole else last, YELLOW: first if whole else last}
        return [
            (operation, _asked(get, operation, range(year, last + 1)))
            for operation, year in years.items()
        ]

    def read(self, payload: Payload, items: list[object]) -> Answer:
        """Advisories of fine dust or ozone, or acts of yellow dust."""
        if payload.operation == YELLOW:
            return read_yellow_dust(items)
        return read_ozone(items) if payload.operation == OZONE else read_dust(items)


def _asked(get: Get, operation: str, years: range) -> Iterator[Payload]:
    for year in years:
        yield from pages(get, operation, {"year": str(year)})


class _UnreadableError(ValueError):
    """A row that cannot be kept as an advisory."""


def read_dust(items: list[object]) -> Answer:
    """Read getUlfptcaAlarmInfo: advisories of PM10 and PM2.5.

    A row whose place, kind or time of issue cannot be read is left out with an issue. A clear
    field that is absent, null, empty or a dash means that the advisory is in force; one that says
    something else and cannot be read leaves the row out: in force or not is not guessed.
    """
    return _read(items, _dust)


def read_ozone(items: list[object]) -> Answer:
    """Read getOzAdvsryOccrrncInfo: acts of ozone, one day field for issue and clear.

    The clear instant is the act's day and `clearTime`, on the next day when that is not after the
    issue; where `clearTime` names its own day, it is that. Rows that cannot be read are left out as
    in `read_dust`, so are those that end before they begin; an act without a known level is kept
    with upstream's own text as its kind, and reported.
    """
    return _read(items, _ozone)


def _read(items: list[object], read: "_Reader") -> Answer:
    advisories: list[Advisory] = []
    issues: list[RowIssue] = []
    for number, item in enumerate(items, start=1):
        row = item if isinstance(item, Mapping) else {}
        where = f"row {number} {shown(row.get('districtName'))} {shown(row.get('moveName'))}"
        try:
            advisory = read(row, where, issues)
        except _UnreadableError as error:
            issues.append(RowIssue(kind="bad_notice", where=where, detail=str(error)))
            continue
        if advisory.word not in LEVELS:
            issues.append(RowIssue(kind="unknown_grade", where=where, detail=advisory.word))
        advisories.append(advisory)
    kept, twice = _latest_ends(advisories)
    issues += twice
    return Answer(rows=len(items), advisories=tuple(kept), issues=tuple(issues))


def _latest_ends(advisories: list[Advisory]) -> tuple[list[Advisory], list[RowIssue]]:
    """Without the rows of an act that another row of it ends later (an end is later than none), and
    an issue for each of those."""
    ends: dict[Advisory, datetime | None] = {}
    for advisory in advisories:
        act = _act(advisory)
        instants = [end for end in (ends.get(act), advisory.cleared_at) if end is not None]
        ends[act] = max(instants, default=None)
    kept = [each for each in advisories if each.cleared_at == ends[_act(each)]]
    left_out = [each for each in advisories if each.cleared_at != ends[_act(each)]]
    where = (f"{each.district} {each.zone} {kst_iso(each.issued_at)}" for each in left_out)
    return kept, [RowIssue(kind="duplicate", where=place) for place in where]


def _act(advisory: Advisory) -> Advisory:
    """What makes two rows one act: place, pollutant, kind and time of issue."""
    return Advisory(
        pollutant=advisory.pollutant,
        district=advisory.district,
        zone=advisory.zone,
        word=advisory.word,
        issued_at=advisory.issued_at,
    )


_Row = Mapping[str, object]
_Reader = Callable[[_Row, str, list[RowIssue]], Advisory]


def _dust(row: _Row, where: str, issues: list[RowIssue]) -> Advisory:
    pollutant = CODES.get(text_of(row.get("itemCode")).upper())
    word = "".join(text_of(row.get("issueGbn")).split())
    if pollutant is None or not word:
        raise _unreadable(row, "itemCode", "issueGbn")
    issued = _on_day(row, _named(row, "issueDate", "dataDate"), "issueTime")
    ended = _told(row.get("clearDate")) or _told(row.get("clearTime"))
    cleared = _on_day(row, "clearDate", "clearTime") if ended else None
    if cleared is not None and cleared < issued:
        raise _unreadable(row, "issueTime", "clearDate", "clearTime")
    return Advisory(
        pollutant=pollutant,
        district=_district(row),
        zone=_zone(row),
        word=word,
        issued_at=issued,
        issue_value=_value(row, "issueVal", pollutant, where, issues),
        cleared_at=cleared,
        clear_value=_value(row, "clearVal", pollutant, where, issues),
        number=text_of(row.get("sn")),
    )


def _ozone(row: _Row, where: str, issues: list[RowIssue]) -> Advisory:
    # Clients of the old host read the day from dataTime.
    day = _named(row, "dataDate", "dataTime")
    issued = _on_day(row, day, "issueTime")
    cleared = None
    if _told(row.get("clearTime")):
        cleared, names_day = _instant(row, day, "clearTime")
        if cleared <= issued and names_day:
            raise _unreadable(row, day, "issueTime", "clearTime")
        cleared += _DAY if cleared <= issued else timedelta(0)
    level = _level(row.get("issueLvl"))
    return Advisory(
        pollutant="o3",
        district=_district(row),
        zone=_zone(row),
        word=_OZONE_LEVELS.get(level, level),
        issued_at=issued,
        issue_value=_value(row, "issueVal", "o3", where, issues),
        cleared_at=cleared,
        clear_value=_value(row, "clearVal", "o3", where, issues),
        max_value=_value(row, "maxVal", "o3", where, issues),
        number=text_of(row.get("sn")),
    )


def _level(cell: object) -> str:
    """The level's digit as text, also where it came as a number or in wide digits; another text as
    it stands."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    text = "".join(unicodedata.normalize("NFKC", text_of(cell)).split())
    return str(int(text)) if text.isascii() and text.isdigit() else text


def _told(cell: object) -> object:
    """A cell of a time; "" where it says that there is none."""
    return "" if cell is None or (isinstance(cell, str) and _NO_TIME.fullmatch(cell)) else cell


def _zone(row: _Row) -> str:
    """The zone's name, "" where none is told; one that no name is leaves the row out, as without
    it the act would be the whole district's."""
    cell = row.get("moveName")
    zone = text_of(cell, _LONGEST_NAME)
    if not zone and not is_missing(cell):
        raise _unreadable(row, "moveName")
    return zone


def _district(row: _Row) -> str:
    district = text_of(row.get("districtName"), _LONGEST_NAME)
    if not district:
        raise _unreadable(row, "districtName")
    return district


def _unreadable(row: _Row, *names: str) -> _UnreadableError:
    """Why a row is left out: the fields that say it."""
    return _UnreadableError(" ".join(f"{name}={shown(row.get(name))}" for name in names))


def _named(row: _Row, *names: str) -> str:
    """The first of several names of a field under which there is text; else the first."""
    return next((name for name in names if text_of(row.get(name))), names[0])


def _on_day(row: _Row, day_name: str, time_name: str) -> datetime:
    """The instant of two fields, which must not name different days."""
    moment, names_day = _instant(row, day_name, time_name)
    day = written_day(_text(row, day_name))
    if names_day and day not in (None, kst(moment).date(), kst_day(moment)):
        raise _unreadable(row, day_name, time_name)
    return moment


def _instant(row: _Row, day_name: str, time_name: str) -> tuple[datetime, bool]:
    """The instant of a field of a day and one of a time, and whether the time names its own day.

    24:00 is the next day's 00:00. Where there is no time the field of the day may hold both.
    Raises `_UnreadableError` for what is no instant, or might be more than one.
    """
    day_text, text = _text(row, day_name), _text(row, time_name)
    try:
        moment, names_day = _moment(day_text, text) if text else (written_moment(day_text), True)
    except (ValueError, OverflowError):
        moment, names_day = None, False
    if moment is None or not EARLIEST <= moment < LATEST:
        raise _unreadable(row, day_name, time_name)
    return moment, names_day


def _text(row: _Row, name: str) -> str:
    """A cell of a day or time as text, wide digits as plain ones; "" where it tells nothing."""
    return unicodedata.normalize("NFKC", text_of(_told(row.get(name)))).strip()


def _moment(day_text: str, text: str) -> tuple[datetime | None, bool]:
    """The moment that a text names, or a time of the day; and whether it names its own day."""
    moment, day = written_moment(text), written_day(day_text)
    if moment is not None or day is None:
        return moment, True
    if distant := _NEXT_DAY.fullmatch(text):
        day, text = day + _NEXT_DAYS[distant[1]] * _DAY, distant[2]
    elif dated := _MONTH_DAY.fullmatch(text):
        month, text = int(dated[1]), dated[3]
        day = date(day.year + (month < day.month), month, int(dated[2]))
    names_day = bool(distant or dated)
    if _AMBIGUOUS.fullmatch(text):
        return None, names_day
    digits = _DIGITS.fullmatch(text)
    return written_moment(
        f"{day} {digits[1]}:{digits[2]}" if digits else f"{day} {text}"
    ), names_day


def _value(
    row: Mapping[str, object], name: str, pollutant: str, where: str, issues: list[RowIssue]
) -> int | None:
    try:
        return concentration(row.get(name), pollutants()[pollutant])
    except BadValueError as error:
        detail = f"{name} {shown(row.get(name))}"
        issues.append(RowIssue(kind=error.kind, where=where, detail=detail))
        return None
