"""The nouns of the line: stations, readings, answers, reports. Frozen; no behaviour beyond them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from aq.domain.pollutants import mean_half_up

# Networks of AirKorea's stations (mangName). Only urban air counts for a province mean.
URBAN = "도시대기"

# Languages that words are kept in.
LANGUAGES = ("ko", "en")
OBSERVED, MODELLED = "observed", "modelled"
# A forecast and an act of the authority are neither.
FORECAST, OFFICIAL = "forecast", "official"
PRELIMINARY, CONFIRMED = "preliminary", "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedInfo:
    """What a feed is: printed beside every value that comes from it.

    number : its number in the store, never used again for another; None for notices
    status : None where telling preliminary from confirmed makes no sense (a model)
    pooled : whether its province hours are our means of its stations
    means_of : the feed whose upstream publishes this series as its own means of provinces
    """

    name: str
    number: int | None = None
    title: str
    kind: str
    status: str | None
    attribution: str
    licence: str
    link: str
    resolution: str = ""
    pooled: bool = False
    means_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A measuring station as a feed names it. `code` is the six-digit station code where known."""

    name: str
    sido: str
    code: str | None = None
    network: str | None = None
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    year: int | None = None
    items: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What AirKorea itself said of the hour, kept as given and never used as our own result.

    `grades` holds upstream's grade by field: so2 co o3 no2 pm10 pm25 (PM: 24 h) pm10_1h pm25_1h.
    """

    khai: int | None = None
    khai_grade: int | None = None
    pm10_24h: int | None = None
    pm25_24h: int | None = None
    grades: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One place and one hour: scaled integers by pollutant, flags by pollutant.

    Exactly one of `station` and `province` is set; `province` (KR-11 …) is for series that are of
    a whole province by themselves. A missing value is absent from `values`, never zero. A value
    with an entry in `flags` is kept and does not count.
    """

    hour: datetime
    values: Mapping[str, int]
    station: Station | None = None
    province: str | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    upstream: Upstream | None = None


class HourMean(NamedTuple):
    """An exact mean of an hour: the sum of the valid values at the store's scale, how many there
    are, and of how many stations one was expected (None where there are no stations)."""

    total: int
    valid: int
    expected: int | None = None

    @property
    def scaled(self) -> int | None:
        """The mean at the store's scale, half-up; None without a value."""
        return mean_half_up(self.total, self.valid) if self.valid else None

    @property
    def exact(self) -> Fraction:
        """The mean at the store's scale; raises ``ZeroDivisionError`` without a value."""
        return Fraction(self.total, self.valid)

    def over(self, other: "HourMean") -> bool:
        """Whether the mean is higher than another's; both have a value."""
        return self.total * other.valid > other.total * self.valid

    @property
    def thin(self) -> bool:
        """Whether fewer than half of the expected stations have a value, but some have."""
        return bool(self.valid and self.expected and 2 * self.valid < self.expected)


class ProvinceHour(NamedTuple):
    """A feed's hour (number of its end) of a province (id), as the store keeps it.

    `why` is JSON: the reason by pollutant where there is no value. `committed_at` is when it was
    stored, where that was asked for.
    """

    place: int
    hour: int
    feed: str
    means: Mapping[str, HourMean]
    why: str | None = None
    version: int = 0
    committed_at: datetime | None = None


class StationHour(NamedTuple):
    """A feed's hour (number of its end) of a station (id), as the store keeps it.

    A value that counts is a mean of one; `values` are all values at the store's scale, `why` is
    JSON: the flag by pollutant for which a value does not count.
    """

    place: int
    hour: int
    feed: str
    means: Mapping[str, HourMean]
    why: str | None
    values: Mapping[str, int | None]
    version: int = 0


PlaceHour = ProvinceHour | StationHour


class Day(NamedTuple):
    """A feed's day (its number) of a province (id) and pollutant, pooled from its hours.

    `total` and `values` are the sum and number of all valid values at the store's scale, `hours`
    the hours with one, `highest` the highest hourly mean (half-up), of the hour `highest_hour`;
    `top` is that mean exact, where it was asked for and its hour is there.
    """

    pollutant: str
    province: int
    day: int
    feed: str
    total: int = 0
    values: int = 0
    hours: int = 0
    highest: int | None = None
    highest_hour: int | None = None
    top: HourMean | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIssue:
    """A row, or a part of one, that was not stored: what kind, where, upstream's own text."""

    kind: str
    where: str
    detail: str = ""


# Kinds of forecast notices: of one day in four grades, of a day of the week to come in two, and
# whether a day's mean of PM2.5 is to be above 50 µg/m³.
DAILY, WEEKLY, OVER_50 = "daily", "weekly", "over50"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastNotice:
    """What the authority said at `issued_at` of one `day` and pollutant.

    `words` holds each forecast region with the grade's word exactly as upstream wrote both, in
    upstream's order; nothing of them is translated or left out here. `confidence` is the word
    that comes with a weekly notice.
    """

    kind: str
    pollutant: str
    issued_at: datetime
    day: date
    words: tuple[tuple[str, str], ...]
    overall: str = ""
    cause: str = ""
    confidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """An official act over a zone: from `issued_at` on, in force until `cleared_at` (None: still).

    `district` and `zone` are upstream's own words, and so is `word` (the kind of act). Values are
    integers at the store's scale of the pollutant, None where upstream gave none; `max_value`, the
    highest while it was in force, comes with ozone alone.
    """

    pollutant: str
    district: str
    zone: str
    word: str
    issued_at: datetime
    issue_value: int | None = None
    cleared_at: datetime | None = None
    clear_value: int | None = None
    max_value: int | None = None
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class YellowDust:
    """An act of yellow dust: its time, as an instant and as upstream `told` it, the round of the
    day, the areas as text. Upstream gives no level, no value and no end, and none is made up."""

    at: datetime
    told: str
    sequence: str
    areas: str


# Means that upstream publishes beside the measurements, by what and how long they are of.
CITY_HOUR, STATION_DAY, STATION_MONTH = "city_hour", "station_day", "station_month"
OFFICIAL_SERIES = (CITY_HOUR, STATION_DAY, STATION_MONTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialMean:
    """A mean that upstream publishes itself, of a city's hour or of a station's day or month.

    place : the city, by the code of its `province`, or the station, whose province is not told
    period : the hour number, the day number, or the day number of the month's first day
    values : by pollutant at the store's scale; those that came with a number
    """

    series: str
    province: str
    place: str
    period: int
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """The keys of an answer against what is known of its operation: by key the rows in which a
    documented one is missing (all of them), and those in which one came that nobody documents."""

    operation: str
    gone: Mapping[str, int] = field(default_factory=dict)
    new: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKey:
    """A documented key that came in no row (gone), or one that nobody documents (new)."""

    operation: str
    change: str
    name: str
    rows: int
    since: datetime
    seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one payload said: `rows` read, what was in it, and what was skipped. `keys` is None
    where nothing is known of the operation's keys, or nothing came."""

    rows: int
    readings: Sequence[Reading] = ()
    stations: Sequence[Station] = ()
    forecasts: Sequence[ForecastNotice] = ()
    advisories: Sequence[Advisory] = ()
    yellow_dust: Sequence[YellowDust] = ()
    official_means: Sequence[OfficialMean] = ()
    issues: Sequence[RowIssue] = ()
    keys: KeyCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A body as it came from upstream, with the operation and `params` (no key) asked for."""

    operation: str
    text: str
    fetched_at: datetime
    simulated: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
