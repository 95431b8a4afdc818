"""Hours of Korea: hour-ending slots, 24:00, days of hours 01-24; UTC inside, KST outside."""

import calendar
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

KST = timezone(timedelta(hours=9), "KST")
HOUR = timedelta(hours=1)
# No air was measured before, and nobody asks after; what lies outside is a slip of the pen.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)

FASTEST = 1e6
_DAY_0 = date(1970, 1, 1).toordinal()
# Day 0 is of KST: its hour 01 ends at 16:00 UTC the day before.
_KST_HOURS = 9
# 2024100124, 202410012400, 20241001240000 and 20241001 24:00.
_DIGITS = re.compile(
    r"(\d{4})(\d{2})(\d{2})[ T]?(\d{2})(?::?(\d{2})(?::?(\d{2}))?)?", re.ASCII | re.IGNORECASE
)
_HALVES = {"오전": 0, "am": 0, "a.m.": 0, "오후": 12, "pm": 12, "p.m.": 12}
_HALF = r"(오전|오후|[ap]m|[ap]\.m\.)"
_DAY = r"(\d{4})\s*(?:[-/.]|년)\s*(\d{1,2})\s*(?:[-/.]|월)\s*(\d{1,2})\s*[.일]?"
_WRITTEN = re.compile(
    _DAY + rf"(?:\s*T\s*|\s+|(?<=일)|(?={_HALF[1:-1]}))"
    rf"{_HALF}?\s*(\d{{1,2}})(?:\s*시)?(?::(\d{{1,2}})(?::(\d{{1,2}}(?:\.\d+)?))?|\s*(\d{{1,2}})\s*분)?"
    rf"\s*{_HALF}?\s*(z|[+-]\d{{2}}:?\d{{2}})?",
    re.ASCII | re.IGNORECASE,
)
_WRITTEN_DAY = re.compile(
    rf"(?:{_DAY}|(\d{{4}})(\d{{2}})(\d{{2}})(?:\d{{2,6}})?)(?:[\sT].*|(?<=일).*)?",
    re.ASCII | re.IGNORECASE,
)


def require_aware(moment: datetime) -> datetime:
    """Refuse a time without an offset: every zone bug starts with one."""
    if moment.tzinfo is None:
        raise ValueError(f"time without an offset: {moment.isoformat()}; add +09:00 or Z")
    return moment


def written_moment(text: str) -> datetime | None:
    """A day and a time of day as people and spreadsheets write them, on the Korean clock unless an
    offset is told; None for what names no moment.

    Accepts ``2024100124``, ``2026-08-12 24:00`` (which is the next day's 00:00), ``2026. 8. 12.
    오후 4:00``, ``2026년 8월 12일 16시 30분`` and ISO's forms. Days that do not exist raise
    ``ValueError``, times beyond the calendar ``OverflowError``.
    """
    digits = _DIGITS.fullmatch(text)
    if digits:
        year, month, day, hour, minute, second = (int(part or 0) for part in digits.groups())
        return _at(datetime(year, month, day, tzinfo=KST), hour, minute, second)
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    year_, month_, day_, before, hour_, minute_, second_, minutes, after, offset = match.groups()
    half, hour = (before or after or "").lower(), int(hour_)
    if half:
        if (before and after) or not 1 <= hour <= (23 if _HALVES[half] else 12):
            return None
        hour = hour % 12 + _HALVES[half]  # 오후 16시 is 16:00, as 오후 4시 is
    zone = datetime.fromisoformat(f"2000-01-01T00{offset.upper()}").tzinfo if offset else KST
    start = datetime(int(year_), int(month_), int(day_), tzinfo=zone)
    return _at(start, hour, int(minute_ or minutes or 0), float(second_ or 0))


def _at(start: datetime, hour: int, minute: int, second: float) -> datetime | None:
    """A day's time; 24:00 is the next day's 00:00, and nothing comes after it."""
    if hour > 24 or minute > 59 or second >= 60 or (hour == 24 and (minute or second)):
        return None
    return start + timedelta(hours=hour, minutes=minute, seconds=second)


def written_day(text: str) -> date | None:
    """The day a text is or begins with, in any form of `written_moment`; None without one. Days
    that do not exist raise ``ValueError``."""
    match = _WRITTEN_DAY.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups() if part)
    return date(year, month, day)


def parse_hour(text: str) -> datetime:
    """Read a Korean hour label and give the hour's end in UTC.

    Accepts the forms of `written_moment`. Minutes other than 00, an hour above 24 and dates that do
    not exist raise ``ValueError``.
    """
    try:
        moment = written_moment(text.strip())
        full = moment is not None and moment == floor_hour(moment)
    except OverflowError:
        raise ValueError(f"outside the years 1 to 9999: {text!r}") from None
    if moment is None:
        raise ValueError(f"not an hour like 2026-08-12 24:00: {text!r}")
    if not full:
        raise ValueError(f"not a full hour between 00:00 and 24:00: {text!r}")
    return moment.astimezone(UTC)


def _in_utc(moment: datetime, more: timedelta, text: str) -> datetime:
    try:
        return (moment + more).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"outside the years 1 to 9999: {text!r}") from None


def hour_number(moment: datetime) -> int:
    """Hours since 1970-01-01T00:00Z of a full hour; the store's integer for an hour's end."""
    seconds, rest = divmod(int(require_aware(moment).timestamp()), 3600)
    if rest or moment.microsecond:
        raise ValueError(f"not a full hour: {moment.isoformat()}")
    return seconds


def from_hour_number(number: int) -> datetime:
    """Inverse of `hour_number`, in UTC."""
    return datetime.fromtimestamp(number * 3600, UTC)


def floor_hour(moment: datetime) -> datetime:
    """The end of the last complete hour at `moment`, in UTC."""
    return require_aware(moment).astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def floor_minute(moment: datetime) -> datetime:
    """The full minute at or before an instant."""
    return moment.replace(second=0, microsecond=0)


def kst(moment: datetime) -> datetime:
    """The same instant on the Korean clock."""
    return require_aware(moment).astimezone(KST)


def kst_iso(moment: datetime) -> str:
    """ISO text with +09:00, whole seconds: how every border prints an instant."""
    return kst(moment).isoformat(timespec="seconds")


def kst_day(hour_end: datetime) -> date:
    """The day an hour belongs to: hours 01-24, so an end at 00:00 counts for the day before."""
    return (kst(hour_end) - timedelta(microseconds=1)).date()


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """(after, until) of a KST day in UTC: its hours end in ``after < end <= until``."""
    start = datetime(day.year, day.month, day.day, tzinfo=KST)
    text = day.isoformat()
    return _in_utc(start, timedelta(0), text), _in_utc(start, 24 * HOUR, text)


def day_number(day: date) -> int:
    """Days since 1970-01-01; the store's integer for a KST day."""
    return day.toordinal() - _DAY_0


def from_day_number(number: int) -> date:
    """Inverse of `day_number`."""
    return date.fromordinal(number + _DAY_0)


def day_of(hour: int) -> int:
    """The number of the KST day (hours 01-24) an hour number belongs to."""
    return (hour + _KST_HOURS - 1) // 24


def day_hours(day: int) -> tuple[int, int]:
    """(after, until): the hour numbers of a day are ``after < hour <= until``."""
    return day * 24 - _KST_HOURS, (day + 1) * 24 - _KST_HOURS


def month_start(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return month_end(day) + timedelta(days=1)


def month_hours(year: int, month: int) -> tuple[int, int]:
    """(first, last) hour number of a KST month: its days' hours 01-24."""
    following = (year, month + 1) if month < 12 else (year + 1, 1)
    bounds = (datetime(*month_of, 1, tzinfo=KST) for month_of in ((year, month), following))
    start, end = (hour_number(bound) for bound in bounds)
    return start + 1, end


def year_hours(year: int) -> tuple[int, int]:
    """(first, last) hour number of a KST year."""
    return month_hours(year, 1)[0], month_hours(year, 12)[1]


def kst_midnight_after(moment: datetime) -> datetime:
    """The next 00:00 KST, when daily quotas begin anew (assumed by every public client)."""
    return day_bounds(kst(moment).date())[1]


def parse_instant(text: str) -> datetime:
    """An ISO instant with offset, in UTC. Raises ``ValueError`` for one without."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"not an ISO instant like 2026-11-23T20:00+09:00: {text!r}") from None
    moment = _in_utc(require_aware(moment), timedelta(0), text)
    if not EARLIEST <= moment < LATEST:
        raise ValueError(f"outside the years 1900 to 2999: {text!r}")
    return moment


def parse_day(text: str) -> date | None:
    """A plain ``YYYY-MM-DD``, or None when the text has another form; bad dates raise."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"no such day: {text!r}") from None
    if not EARLIEST.date() < day < LATEST.date():
        raise ValueError(f"outside the years 1900 to 2999: {text!r}")
    return day


def parse_since(text: str) -> datetime:
    """Lower bound, exclusive: a KST day begins before its hour 01; an instant is itself."""
    day = parse_day(text)
    return day_bounds(day)[0] if day else parse_instant(text)


def parse_until(text: str) -> datetime:
    """Upper bound, inclusive: a KST day ends with its hour 24; an instant is itself."""
    day = parse_day(text)
    return day_bounds(day)[1] if day else parse_instant(text)


@dataclass(frozen=True, slots=True)
class Clock:
    """Where `now` comes from: the system, or ``AQ_CLOCK=ISO[@speed[@since]]`` for demo and tests.

    Without ``@speed`` the clock stands still; with it, one real second is `speed` seconds. `since`
    is the real instant [s since 1970] at which it started, so that processes that start one after
    the other live at the same time; without it a clock starts with its process.
    """

    start: datetime | None = None
    speed: float = 0.0
    origin: float = 0.0
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def from_text(cls, text: str | None) -> "Clock":
        """Read ``AQ_CLOCK``; empty means the system clock. Raises ``ValueError``."""
        if not text:
            return cls()
        instant, _, rest = text.partition("@")
        speed, _, since = rest.partition("@")
        pace = float(speed) if speed else 0.0
        run = time.time() - float(since) if since else 0.0
        if not 0 <= pace <= FASTEST:
            raise ValueError(f"speed must lie between 0 and {FASTEST:,.0f}: {speed!r}")
        return cls(parse_instant(instant), pace, time.monotonic() - run)

    def as_text(self) -> str:
        """What ``AQ_CLOCK`` has to be for another process to live at the same time."""
        if self.start is None:
            return ""
        since = time.time() - (self.monotonic() - self.origin)
        return f"{kst_iso(self.start)}@{self.speed:g}@{since:.3f}"

    def now(self) -> datetime:
        """The present instant in UTC."""
        if self.start is None:
            return datetime.now(UTC)
        return self.start + timedelta(seconds=(self.monotonic() - self.origin) * self.speed)

    def minute(self) -> datetime:
        """The present minute: within it an unchanged store gives the same answers, byte by byte."""
        return floor_minute(self.now())
