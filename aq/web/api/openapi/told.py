"""What the routes of the authority's word, alerts and feeds answer, as types; see `answers`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NotRequired, TypedDict

from aq.domain.forecast_measures import Measures
from aq.domain.model import AnswerKey
from aq.queries.feed_status import FeedStatus, NoticeStatus


class Region(TypedDict):
    region: str
    label: str
    grade: int | None


class ForecastItem(TypedDict):
    province: str
    code: str
    pollutant: str
    day: date
    lead_days: int
    issued_at: datetime
    grade: int | None
    levels: int
    letter: str | None
    label: str | None
    parts: list[Region]
    feed: str
    kind: str
    simulated: bool


class Notice(TypedDict):
    kind: str
    pollutant: str
    day: date
    issued_at: datetime
    overall: str | None
    cause: str | None
    confidence: str | None


class Forecast(TypedDict):
    issued: datetime
    items: list[ForecastItem]
    notices: list[Notice]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillItem(Measures):
    pollutant: str
    lead_days: int
    province: str | None
    season: str | None


class Over50(TypedDict):
    pollutant: str
    lead_days: int
    days: int
    hits: int
    misses: int
    false_alarms: int
    same: int


class Skill(TypedDict):
    as_of: datetime
    items: list[SkillItem]
    over_50: list[Over50]


class ValueNow(TypedDict):
    value: float | None
    at: datetime
    stations: int
    stations_expected: int


class Advisory(TypedDict):
    provinces: list[str]
    codes: list[str]
    district: str
    zone: str
    pollutant: str
    level: int | None
    label: str
    issued_at: datetime
    issue_value: float | None
    cleared_at: datetime | None
    clear_value: float | None
    max_value: float | None
    unit: str
    in_force: bool
    feed: str
    zone_id: str | None
    zone_now: NotRequired[ValueNow | None]


class YellowDust(TypedDict):
    issued_at: datetime
    told: str
    round: str | None
    areas: str
    provinces: list[str]
    codes: list[str]
    feed: str


class Advisories(TypedDict):
    as_of: datetime
    simulated: bool
    items: list[Advisory]
    yellow_dust: list[YellowDust]


class Seen(TypedDict):
    who: str
    at: datetime
    note: str


class Act(TypedDict):
    act: str
    at: datetime
    level: int | None
    label: str | None
    district: str | None
    zone: str | None
    round: NotRequired[str | None]
    areas: NotRequired[str]
    told_until: NotRequired[datetime]


class AlertState(TypedDict):
    rule: str
    rule_name: str
    kind: str
    severity: str
    rank: int
    place: str
    province: str | None
    code: str | None
    zone: str | None
    pollutant: str | None
    watch: str
    phase: str
    alert: bool
    since: datetime | None
    fired: datetime | None
    at: datetime
    value: float | None
    peak: float | None
    unit: str | None
    threshold: float | None
    clear_below: float | None
    official: list[Act] | None
    event: str | None
    muted_by: str | None
    acknowledged: Seen | None


# `for` is a word of Python, so this one is written as a call.
Transition = TypedDict(
    "Transition",
    {
        "id": str,
        "rule": str,
        "rule_name": str,
        "rule_kind": str,
        "revision": int,
        "place": str,
        "province": str | None,
        "code": str | None,
        "zone": str | None,
        "pollutant": str | None,
        "watch": str,
        "standard": str | None,
        "over": str,
        "threshold": float | None,
        "clear_below": float | None,
        "for": int,
        "value": float | None,
        "peak": float | None,
        "unit": str | None,
        "at": datetime | None,
        "since": datetime | None,
        "decided_at": datetime,
        "reason": str,
        "change": str,
        "kind": str,
        "severity": str,
        "before": str,
        "after": str,
        "back": bool,
        "station": str | None,
        "ended": str | None,
        "muted_by": str | None,
        "stations": int | None,
        "stations_expected": int | None,
        "feed": str | None,
        "feed_kind": str | None,
        "status": str | None,
        "official": Act | None,
        "note": str,
        "message": str | None,
        "retracted_at": datetime | None,
        "acknowledged": Seen | None,
        "receivers": list[str],
    },
)


class Alerts(TypedDict):
    as_of: datetime
    simulated: bool
    state: list[AlertState]
    items: list[Transition]
    next: str | None


class Agreement(TypedDict):
    pollutant: str
    unit: str
    hours: int
    same: int
    bias: float | None
    largest: float | None
    where: str | None
    at: str | None


class OfficialMeans(Agreement):
    series: str


class Feeds(TypedDict):
    as_of: datetime
    items: list[FeedStatus]
    notices: list[NoticeStatus]
    agreement: list[Agreement]
    official_means: list[OfficialMeans]
    keys: list[AnswerKey]


class FeedHealth(TypedDict):
    failing_since: datetime | None
    reason: str | None
    paused_until: datetime | None
    late: bool
    gaps_open: int
    gaps_lost: int


class FailingJob(TypedDict):
    since: datetime
    error: str


class Standby(TypedDict):
    state: str
    reason: str | None
    version: int | None
    lag_seconds: float | None
    behind_since: datetime | None


class Health(TypedDict):
    status: str
    store: str
    version: int
    simulated: bool
    age_hours: dict[str, float]
    stale: list[str]
    feeds: dict[str, FeedHealth]
    failing_jobs: dict[str, FailingJob]
    standby: Standby | None
