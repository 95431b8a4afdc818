"""Forecasts and advisories over the simulated air: what the authority would have said by `now`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np

from aq.domain.clock import (
    KST,
    day_bounds,
    floor_hour,
    from_hour_number,
    hour_number,
    kst,
    kst_day,
    parse_day,
)
from aq.domain.provinces import FORECAST_REGIONS, PROVINCES, Province, district_provinces
from aq.domain.zones import KINDS
from aq.simulator.envelope import Item
from aq.simulator.noise import Floats, gauss
from aq.simulator.operation import BadParameterError, Operation, Params, required
from aq.simulator.view import View
from aq.simulator.weather import Weather
from aq.simulator.world import DIGITS, World, hour_range
from aq.zones_file import zones

_FORECAST, _ZONE = 41, 42
_ISSUES = (5, 11, 17, 23)
_DELAY = timedelta(minutes=8)  # a notice is out some minutes after the hour it names
OVER_50 = 50  # daily mean of PM2.5 [µg/m³]
_WEEK_ISSUE = timedelta(hours=17, minutes=30)
_CODES = {"PM10": "pm10", "PM25": "pm25", "O3": "o3"}
_OZONE_MONTHS = range(4, 11)
_WORDS = ("좋음", "보통", "나쁨", "매우나쁨")
# Upper ends of the grades: daily means of PM [µg/m³], the highest hour of ozone [ppm].
_CUTS = {"pm10": (30, 80, 150), "pm25": (15, 35, 75), "o3": (0.03, 0.09, 0.15)}
# The two halves of a province against its mean.
_HALVES = {"경기남부": 1.06, "경기북부": 0.94, "영서": 1.12, "영동": 0.78}
_NORTH = ("서울", "인천", "경기북부", "경기남부")
_SOUTH = (
    *(
        "대전",
        "세종",
        "충남",
        "충북",
        "광주",
        "전북",
        "전남",
        "부산",
        "대구",
        "울산",
        "경북",
        "경남",
    ),
    "제주",
)
_DAYS = (*_NORTH, "영서", "영동", *_SOUTH)
_WEEK = (*_NORTH, "강원영서", "강원영동", *_SOUTH)
_NAMES = {"PM10": "미세먼지", "PM25": "초미세먼지", "O3": "오존"}
# (advisory, warning, clear) by pollutant: two hours in a row at or above; cleared below the last.
# The Korean criteria for PM of 2018 and for ozone, as every province publishes them.
_LIMITS = {"pm25": (75, 150, 35), "pm10": (150, 300, 100), "o3": (0.12, 0.3, 0.12)}
# The first and the last zone of a province's table against the province's air; one alone is the
# last.
_FACTORS = (0.9, 1.12)
_LEVEL_WORDS = ("", "주의보", "경보")  # a digit in the list of ozone


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An advisory told by hand: issued, perhaps raised and lowered again, perhaps cleared."""

    pollutant: str
    district: str
    zone: str
    issued: datetime
    raised: datetime | None = None
    lowered: datetime | None = None
    cleared: datetime | None = None
    value: int | float = 0

    def stretches(self, now: datetime) -> Iterator["Stretch"]:
        """The advisory and, once raised, the warning, as they stand at `now`."""
        ends = [(1, self.issued, self.cleared)]
        if self.raised is not None:
            ends.append((2, self.raised, self.lowered or self.cleared))
        for level, start, end in ends:
            if start <= now:
                ended = end if end is not None and end <= now else None
                value = (self.value or _LIMITS[self.pollutant][0] * 1.08) * (2 if level > 1 else 1)
                yield Stretch(
                    self.pollutant, self.district, self.zone, level, start, ended, value,
                    value / 3 if ended else None, value,
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stretch:
    """A row of the list of advisories."""

    pollutant: str
    district: str
    zone: str
    level: int
    issued: datetime
    cleared: datetime | None
    value: float
    clear_value: float | None
    highest: float


@dataclass(frozen=True, slots=True)
class YellowStory:
    """An act of yellow dust told by hand: when, the round, the areas as text."""

    at: datetime
    sequence: str
    areas: str


class Notices:
    """Operations that answer with forecasts and advisories."""

    def __init__(
        self, world: World, stories: Sequence[Story] = (), yellow: Sequence[YellowStory] = ()
    ) -> None:
        self.world, self.stories, self.yellow = world, stories, yellow
        self.operations: Mapping[str, Operation] = {
            "ArpltnInforInqireSvc/getMinuDustFrcstDspth": self.days,
            "ArpltnInforInqireSvc/getMinuDustWeekFrcstDspth": self.weeks,
            "UlfptcaAlarmInqireSvc/getUlfptcaAlarmInfo": self.dust,
            "OzYlwsndOccrrncInforInqireSvc/getOzAdvsryOccrrncInfo": self.ozone,
            "OzYlwsndOccrrncInforInqireSvc/getYlwsndAdvsryOccrrncInfo": self.yellow_dust,
            "MinuDustFrcstDspthSvc/getMinuDustFrcstDspth50Over": self.over_50,
        }

    def days(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Notices issued on a day, newest first; all pollutants, whatever InformCode says."""
        del view
        items: list[Item] = []
        day = _search_date(params)
        for hour in reversed(_ISSUES):
            if day_bounds(day)[0] + timedelta(hours=hour) + _DELAY > now:
                continue
            for code in _CODES:
                ahead = 3 if hour >= 17 else 2
                if code != "O3" or day.month in _OZONE_MONTHS:
                    items += [self._notice(day, hour, code, lead) for lead in range(ahead)]
        return items, len(items)

    def _notice(self, day: date, hour: int, code: str, lead: int) -> Item:
        target = day + timedelta(days=lead)
        said = self._said(day, hour, code, target)
        bad = [region for region, word in said if word in _WORDS[2:]]
        what = f"○ [{_NAMES[code]}]"
        rest = (
            f"{'·'.join(bad)}은(는) '나쁨' 이상, 그 밖의 권역은 '보통' 이하로"
            if bad
            else "전 권역이 '좋음'∼'보통'으로"
        )
        return {
            **{f"imageUrl{number}": None for number in range(1, 7)},
            "informCode": code,
            "actionKnack": None,
            "informCause": f"{what} 모의 자료: 대기 정체와 국외 유입의 정도에 따라 나타남.",
            "informOverall": f"{what} {rest} 예상됨.",
            "informData": target.isoformat(),
            "informGrade": ",".join(f"{region} : {word}" for region, word in said),
            "dataTime": f"{day.isoformat()} {hour:02d}시 발표",
        }

    def _said(self, day: date, hour: int, code: str, target: date) -> list[tuple[str, str]]:
        key = _CODES[code]
        return [
            (region, _WORDS[int(np.searchsorted(_CUTS[key], guess, side="left"))])
            for region, _, guess in self._guesses(day, hour, key, target)
        ]

    def _guesses(
        self, day: date, hour: int, key: str, target: date
    ) -> list[tuple[str, Province, float]]:
        """What the forecaster takes each region's day for."""
        truth = _day_levels(self.world.weather, key, target)
        ahead = (target - day).days + (24 - hour) / 24
        number = hour_number(day_bounds(day)[0]) + hour
        found = []
        for region in _DAYS:
            (province,) = FORECAST_REGIONS[region]
            noise = float(
                gauss(self.world.seed, _FORECAST, number, province.id, target.toordinal())
            )
            guess = truth[province.id - 1] * _HALVES.get(region, 1.0)
            guess *= float(np.exp(0.08 * (0.5 + ahead) * noise))
            found.append((region, province, guess))
        return found

    def weeks(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """The weekly notice of a day, once it is out."""
        del view
        day = _search_date(params)
        if day_bounds(day)[0] + _WEEK_ISSUE + _DELAY > now:
            return [], 0
        item: dict[str, object] = {"presnatnDt": day.isoformat()}
        high: list[str] = []
        for number, name in enumerate(("One", "Two", "Three", "Four")):
            target = day + timedelta(days=3 + number)
            truth = _day_levels(self.world.weather, "pm25", target)
            words = []
            for region in _WEEK:
                (province,) = FORECAST_REGIONS[region]
                dice = gauss(self.world.seed, _FORECAST, day.toordinal(), province.id, number)
                half = _HALVES.get(region.removeprefix("강원"), 1.0)
                guess = truth[province.id - 1] * half * float(np.exp(0.3 * float(dice)))
                words.append(f"{region} : {'높음' if guess > _CUTS['pm25'][1] else '낮음'}")
                if guess > _CUTS["pm25"][1]:
                    high.append(f"{target.day}일 {region}")
            confidence = "높음" if number < 2 else "보통"
            item[f"frcst{name}Dt"] = target.isoformat()
            item[f"frcst{name}Cn"] = ", ".join([*words, f"신뢰도 : {confidence}"])
        told = f"{', '.join(high)}에서 '높음'" if high else "전 권역에서 '낮음'"
        item["gwthcnd"] = f"모의 자료: 초미세먼지 농도는 {told}으로 예상됩니다."
        return [item], 1

    def over_50(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Where PM2.5 is forecast above 50 µg/m³, of the notices issued on a day, newest first."""
        del view
        day = _search_date(params)
        items: list[Item] = [
            self._over(day, hour, day + timedelta(days=lead))
            for hour in reversed(_ISSUES)
            if day_bounds(day)[0] + timedelta(hours=hour) + _DELAY <= now
            for lead in range(3 if hour >= 17 else 2)
        ]
        return items, len(items)

    def _over(self, day: date, hour: int, target: date) -> Item:
        guesses = self._guesses(day, hour, "pm25", target)
        above = {province for region, province, guess in guesses if guess > OVER_50}
        above |= self._told_above(day, target)
        names = "·".join(province.ko for province in PROVINCES if province in above)
        told = f"{names}에서 일평균 50 ㎍/㎥ 초과" if names else "전 권역에서 일평균 50 ㎍/㎥ 이하"
        return {
            "dataTime": f"{day.isoformat()} {hour:02d}시 발표",
            "informData": target.isoformat(),
            "informOverall": f"○ [초미세먼지] {told}로 예상됨.",
            "informCause": "○ [초미세먼지] 모의 자료: 대기 정체와 국외 유입의 정도에 따라 나타남.",
            "actionKnack": None,
            "imageUrl1": None,
            "imageUrl2": None,
            **{
                f"{province.key}50Over": "O" if province in above else None
                for province in PROVINCES
            },
        }

    def _told_above(self, day: date, target: date) -> set[Province]:
        """Where an advisory of PM2.5 is told by hand of the day of issue, for the day after it: the
        episode goes on."""
        return {
            province
            for story in self.stories
            if story.pollutant == "pm25"
            and kst_day(story.issued) == day == target - timedelta(days=1)
            for province in district_provinces(story.district)
        }

    def yellow_dust(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Acts of yellow dust of a year, newest first: those told by hand."""
        del view
        year = _year(params)
        acts = [act for act in self.yellow if act.at <= now and kst(act.at).year == year]
        items: list[Item] = [
            {
                "dataTime": kst(act.at).strftime("%Y-%m-%d %H:%M"),
                "tmCnt": act.sequence,
                "tmArea": act.areas,
            }
            for act in sorted(acts, key=lambda act: act.at, reverse=True)
        ]
        return items, len(items)

    def dust(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Advisories of PM10 and PM2.5 issued in a year, newest first."""
        del view
        code = params.get("itemCode")
        if code and code not in ("PM10", "PM25"):
            raise BadParameterError("itemCode")
        keys = [_CODES[code]] if code else ["pm10", "pm25"]
        return self._list(_year(params), keys, now)

    def ozone(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Ozone advisories issued in a year, newest first."""
        del view
        return self._list(_year(params), ["o3"], now)

    def _list(self, year: int, keys: Sequence[str], now: datetime) -> tuple[Sequence[Item], int]:
        found = [
            stretch
            for key in keys
            for stretch in (
                *_told(self.world.weather, key, year, hour_number(floor_hour(now))),
                *(
                    part
                    for story in self.stories
                    if story.pollutant == key
                    for part in story.stretches(now)
                ),
            )
            if kst(stretch.issued).year == year
        ]
        found.sort(
            key=lambda stretch: (stretch.issued, stretch.pollutant, stretch.district, stretch.zone)
        )
        row = _ozone_item if keys == ["o3"] else _dust_item
        items = [row(stretch, number) for number, stretch in enumerate(found, start=1)]
        return items[::-1], len(items)


def _search_date(params: Params) -> date:
    try:
        day = parse_day(required(params, "searchDate"))
    except ValueError:
        day = None
    if day is None:
        raise BadParameterError("searchDate")
    return day


def _year(params: Params) -> int:
    text = required(params, "year")
    if not (text.isascii() and text.isdigit() and len(text) == 4 and int(text) >= 2000):
        raise BadParameterError("year")
    return int(text)


@lru_cache(256)
def _day_levels(weather: Weather, key: str, day: date) -> Floats:
    """The air of a day in the 17 provinces: the mean, of ozone the highest hour."""
    levels = weather.levels(hour_range(*day_bounds(day)))[key]
    out: Floats = levels.max(axis=0) if key == "o3" else levels.mean(axis=0)
    return out


@lru_cache(32)
def _told(weather: Weather, key: str, year: int, last: int) -> tuple[Stretch, ...]:
    """Advisories that the air of a year brings, up to the hour `last`."""
    first = hour_number(datetime(year, 1, 1, tzinfo=KST))
    end = min(last, hour_number(datetime(year + 1, 1, 1, tzinfo=KST)))
    if end <= first:
        return ()
    hours = np.arange(first, end + 1, dtype=np.int64)
    levels = weather.levels(hours)[key]
    found: list[Stretch] = []
    day = from_hour_number(first).date()
    for province in PROVINCES:
        for zone, factor in _zones_of(province, key, day):
            series = levels[:, province.id - 1] * factor
            found += _stretches(series, first, (key, province.ko, zone))
    return tuple(found)


def _zones_of(province: Province, key: str, day: date) -> list[tuple[str, float]]:
    """(zone, its air against the province's); of a day before the table's, the zones of later."""
    own = [zone for zone in zones() if zone.kind == KINDS[key] and zone.province == province]
    names = [zone.name for zone in own if zone.holds_on(day)] or [zone.name for zone in own]
    chosen = dict.fromkeys((names[0], names[-1]))
    return list(zip(chosen, _FACTORS[-len(chosen) :], strict=True))


def _stretches(series: Floats, first: int, zone: tuple[str, str, str]) -> Iterator[Stretch]:
    """Advisory and warning of a zone, hour by hour."""
    advisory, warning, clear = _LIMITS[zone[0]]
    open_: dict[int, tuple[int, float]] = {}
    high: list[int] = np.flatnonzero(series >= clear).tolist()
    for hour in sorted({*high, *(hour + 1 for hour in high)}):
        if hour == 0 or hour >= len(series):
            continue
        before, now = float(series[hour - 1]), float(series[hour])
        for level, limit, end in ((2, warning, warning), (1, advisory, clear)):
            if level in open_ and now < end:
                start, value = open_.pop(level)
                highest = float(series[start:hour].max())
                yield _stretch(zone, level, (first + start, first + hour), (value, now, highest))
            elif level not in open_ and min(before, now) >= limit:
                open_[level] = (hour, now)
    for level, (start, value) in open_.items():
        highest = float(series[start:].max())
        yield _stretch(zone, level, (first + start, None), (value, None, highest))


def _stretch(
    zone: tuple[str, str, str],
    level: int,
    hours: tuple[int, int | None],
    values: tuple[float, float | None, float],
) -> Stretch:
    cleared = from_hour_number(hours[1]) if hours[1] is not None else None
    return Stretch(*zone, level, from_hour_number(hours[0]), cleared, *values)


def _dust_item(stretch: Stretch, number: int) -> Item:
    """A row of getUlfptcaAlarmInfo; clear fields are null while the advisory holds."""
    day, time = _clock(stretch.issued)
    row: dict[str, object] = {
        "sn": str(number),
        "dataDate": day,
        "districtName": stretch.district,
        "moveName": stretch.zone,
        "itemCode": stretch.pollutant.upper(),
        "issueGbn": _LEVEL_WORDS[stretch.level],
        "issueDate": day,
        "issueTime": time,
        "issueVal": _printed(stretch.value, stretch.pollutant),
        "clearDate": None,
        "clearTime": None,
        "clearVal": None,
    }
    if stretch.cleared is not None:
        row["clearDate"], row["clearTime"] = _clock(stretch.cleared)
        row["clearVal"] = _printed(stretch.clear_value or 0, stretch.pollutant)
    return row


def _ozone_item(stretch: Stretch, number: int) -> Item:
    """A row of getOzAdvsryOccrrncInfo: one day, two times of day, the level as a digit.

    What is given while an act is in force is not documented; here it is empty.
    """
    day, time = _clock(stretch.issued)
    ended = stretch.cleared is not None
    return {
        "sn": str(number),
        "dataDate": day,
        "districtName": stretch.district,
        "moveName": stretch.zone,
        "issueTime": time,
        "issueVal": _printed(stretch.value, "o3"),
        "clearTime": _clock(stretch.cleared)[1] if stretch.cleared is not None else "",
        "clearVal": _printed(stretch.clear_value or 0, "o3") if ended else "",
        "maxVal": _printed(stretch.highest, "o3"),
        "issueLvl": str(stretch.level),
    }


def _clock(moment: datetime) -> tuple[str, str]:
    """Day and time of day; midnight is 24:00 of the day before."""
    local = kst(moment)
    if local.hour or local.minute:
        return local.strftime("%Y-%m-%d"), local.strftime("%H:%M")
    return (local - timedelta(days=1)).strftime("%Y-%m-%d"), "24:00"


def _printed(value: float, key: str) -> str:
    return f"{value:.{DIGITS[key]}f}"
