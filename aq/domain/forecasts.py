"""Forecast notices as the 17 provinces: which notice counts, and the grade of a province."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aq.domain.clock import kst
from aq.domain.model import DAILY, OVER_50, WEEKLY, ForecastNotice
from aq.domain.provinces import FORECAST_REGIONS, PROVINCES, Province

# From this hour of the day (KST) on a reader asks for tomorrow first.
EVENING = 18
# Three grades are enough to say "bad and worse".
BAD = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A forecast region with its grade's word; `grade` is None for none and for unknown words."""

    region: str
    word: str
    grade: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a notice says of a province: the worst of its parts, and the parts."""

    province: Province
    notice: ForecastNotice
    parts: tuple[Part, ...]

    @property
    def grade(self) -> int | None:
        """The worst grade of the parts that have one; of a weekly notice 1 low, 2 high; of
        one of PM2.5 above 50 µg/m³ 1 not above, 2 above."""
        return max((part.grade for part in self.parts if part.grade is not None), default=None)

    @property
    def word(self) -> str | None:
        """The grade's word, or without one upstream's own; None where nothing was said."""
        chosen = next((part for part in self.parts if part.grade == self.grade), None)
        return chosen.word if chosen else None


def parts(notice: ForecastNotice) -> Mapping[Province, tuple[Part, ...]]:
    """The regions of each province; regions that lie nowhere we know are left out."""
    grades = GRADES[notice.kind]
    by_province: dict[Province, list[Part]] = {}
    for region, word in notice.words:
        for province in FORECAST_REGIONS.get(region, ()):
            by_province.setdefault(province, []).append(Part(region, word, grades.get(word)))
    return {province: tuple(regions) for province, regions in by_province.items()}


def unplaced(notice: ForecastNotice) -> list[tuple[str, str]]:
    """Regions that lie nowhere we know, with their words."""
    return [word for word in notice.words if word[0] not in FORECAST_REGIONS]


def outlooks(notice: ForecastNotice) -> list[Outlook]:
    """A notice as all 17 provinces in page-header order."""
    halves = parts(notice)
    return [
        Outlook(province=province, notice=notice, parts=halves.get(province, ()))
        for province in PROVINCES
    ]


def in_force(notices: Iterable[ForecastNotice]) -> list[ForecastNotice]:
    """Of several notices of one kind, pollutant and day the one issued last."""
    newest: dict[tuple[str, str, date], ForecastNotice] = {}
    for notice in sorted(notices, key=lambda notice: notice.issued_at):
        newest[notice.kind, notice.pollutant, notice.day] = notice
    return sorted(newest.values(), key=lambda notice: (notice.kind, notice.pollutant, notice.day))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAhead:
    """A day to come: its notice, None where none speaks of it, and what that says by code."""

    day: date
    notice: ForecastNotice | None
    by_code: Mapping[str, Outlook]


def days_ahead(
    notices: Iterable[ForecastNotice], pollutant: str, today: date, count: int
) -> tuple[DayAhead, ...]:
    """The `count` days after `today` in four grades, from the notices that count."""
    daily = _by_day(notices, pollutant, DAILY)
    return tuple(_ahead(today + timedelta(days=n), daily) for n in range(1, count + 1))


def three_days(
    notices: Iterable[ForecastNotice], pollutant: str, now: datetime
) -> tuple[DayAhead, ...]:
    """Three days beginning with today, from `EVENING` on with tomorrow, from the notices that
    count; a day that no notice in four grades speaks of has the weekly one, where there is one."""
    notices = tuple(notices)
    by_day = _by_day(notices, pollutant, WEEKLY) | _by_day(notices, pollutant, DAILY)
    moment = kst(now)
    first = moment.date() + timedelta(days=moment.hour >= EVENING)
    return tuple(_ahead(first + timedelta(days=n), by_day) for n in range(3))


def _by_day(
    notices: Iterable[ForecastNotice], pollutant: str, kind: str
) -> dict[date, ForecastNotice]:
    return {
        notice.day: notice
        for notice in notices
        if notice.kind == kind and notice.pollutant == pollutant
    }


def _ahead(day: date, by_day: Mapping[date, ForecastNotice]) -> DayAhead:
    notice = by_day.get(day)
    provinces = outlooks(notice) if notice else []
    return DayAhead(
        day=day, notice=notice, by_code={outlook.province.code: outlook for outlook in provinces}
    )


def lead_days(notice: ForecastNotice) -> int:
    """Days from the KST day of issue to the day it is of; a notice of 24:00 is of the day after."""
    return (notice.day - kst(notice.issued_at).date()).days


def last_of_each_lead(
    notices: Iterable[ForecastNotice],
) -> dict[tuple[str, date, int], ForecastNotice]:
    """By pollutant, day and lead the last notice issued on the day that is so far ahead."""
    by_lead: dict[tuple[str, date, int], ForecastNotice] = {}
    for notice in sorted(notices, key=lambda notice: notice.issued_at):
        by_lead[notice.pollutant, notice.day, lead_days(notice)] = notice
    return by_lead


# Words that stand for a grade; 예보없음 (no forecast) is known and is none.
GRADES: Mapping[str, Mapping[str, int | None]] = {
    DAILY: {"좋음": 1, "보통": 2, "나쁨": 3, "매우나쁨": 4, "예보없음": None},
    WEEKLY: {"낮음": 1, "높음": 2, "예보없음": None},
    OVER_50: {"50 이하": 1, "50 초과": 2},
}
