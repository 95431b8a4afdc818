"""What each read route answers, as types; `aq.web.api.openapi.schema` makes their schemas.

Nouns of the program that are given out field by field stand as they are; a table here is the form
of an answer that is put together by hand. A time that may be a day or a month is a text.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NotRequired, TypedDict

from aq.domain.criteria import Standing
from aq.domain.explanation import Explanation, OverallExplanation
from aq.queries.current import CurrentItem
from aq.queries.evidence import Witness


class ErrorDetail(TypedDict):
    code: str
    message: str
    field: str | None


class Error(TypedDict):
    error: ErrorDetail


class Province(TypedDict):
    id: int
    code: str
    province: str
    name_en: str
    names: list[str]


class Provinces(TypedDict):
    items: list[Province]


class Confidence(TypedDict):
    standard_error: float | None
    mean_low: float | None
    mean_high: float | None
    grade_low: int | None
    grade_high: int | None
    one_station: bool | None


class Evidence(TypedDict):
    province: str
    code: str
    at: datetime
    feed: str
    in_force: bool
    kind: str
    status: str | None
    explanation: Explanation | OverallExplanation
    stations: list[Witness]
    archive: str | None
    confidence: Confidence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedItem(CurrentItem):
    explanation: Evidence | None


class Current(TypedDict):
    as_of: datetime
    standard: str
    in_force: bool
    hour: datetime | None
    feed: str | None
    simulated: bool
    version: int
    items: list[CurrentItem | ExplainedItem]


class ZoneItem(TypedDict):
    zone: str
    zone_id: str
    zone_kind: str
    province: str
    code: str
    pollutant: str
    at: datetime
    value: float | None
    unit: str
    basis: str
    grade: int | None
    letter: str | None
    label: str | None
    standard: str
    feed: str | None
    kind: str | None
    status: str | None
    stations: int
    stations_expected: int
    thin: bool
    missing_reason: str | None


class CurrentZones(TypedDict):
    as_of: datetime
    standard: str
    level: str
    simulated: bool
    items: list[ZoneItem]


class HistoryItem(TypedDict):
    province: str
    code: str
    pollutant: str
    at: str
    unit: str | None
    standard: str
    feed: str
    kind: str
    status: str | None
    in_force: bool
    value: float | None
    index: int | None
    dominant: str | None
    grade: int | None
    letter: str | None
    label: str | None
    averaging: str | None
    missing_reason: str | None
    missing_detail: str | None
    stations: int | None
    stations_expected: int | None
    coverage: float | None


class History(TypedDict):
    since: datetime
    until: datetime
    grain: str
    standard: str
    items: list[HistoryItem]
    next: str | None


class HistoryZones(TypedDict):
    since: datetime
    until: datetime
    grain: str
    standard: str
    level: str
    items: list[ZoneItem]
    next: str | None


class ZoneHours(TypedDict):
    since: datetime
    until: datetime
    grain: str
    items: list[ZoneItem]


class Zone(TypedDict):
    zone_id: str
    zone: str
    zone_kind: str
    province: str
    code: str
    members: list[str]
    proof: str
    valid_from: date | None
    valid_to: date | None
    note: str | None


class ZoneNow(ZoneItem):
    criterion: Standing | None


class Zones(TypedDict):
    as_of: datetime
    simulated: bool
    items: list[Zone | ZoneNow]


class ActCompared(TypedDict):
    issued_at: datetime
    label: str
    met: bool | None
    issue_value: float | None
    our_issue_value: float | None
    cleared_at: datetime | None
    clear_value: float | None
    our_clear_value: float | None


class Crossing(TypedDict):
    begin: datetime
    end: datetime | None
    level: int


class ZoneCriteria(TypedDict):
    zone_id: str
    zone: str
    province: str
    pollutant: str
    acts: int
    met: int
    without: int
    not_come: int
    rows: list[ActCompared]
    criteria_without_act: list[Crossing]


class Criteria(TypedDict):
    as_of: datetime
    year: int
    items: list[ZoneCriteria]


class Station(TypedDict):
    station: str
    station_code: str | None
    province: str | None
    code: str | None
    network: str | None
    counts: bool
    address: str | None
    latitude: float | None
    longitude: float | None
    since_year: int | None
    pollutants: list[str] | None
    first_at: datetime | None
    last_at: datetime | None


class Stations(TypedDict):
    as_of: datetime
    simulated: bool
    items: list[Station]
    next: str | None


class KnownState(TypedDict):
    value: float | None
    unit: str
    known_from: datetime
    known_until: datetime | None
    version: int
    feed: str
    kind: str
    status: str | None
    flag: str | None
    stations: int | None
    grade: int | None
    letter: str | None
    standard: str


class Trail(TypedDict):
    place: str
    at: datetime
    items: list[KnownState]


class ChipAhead(TypedDict):
    day: date
    grade: int | None
    letter: str | None
    label: str | None
    over_50: NotRequired[bool]


class Chip(TypedDict):
    province: str
    code: str
    letter: str | None
    grade: int | None
    label: str
    text: str
    missing_reason: str | None
    missing_detail: str | None
    stale: bool
    ahead: NotRequired[list[ChipAhead]]


class DayAhead(TypedDict):
    day: date
    issued_at: datetime | None
    feed: str
    kind: str


class Strip(TypedDict):
    as_of: datetime
    hour: datetime | None
    pollutant: str
    standard: str
    feed: str | None
    simulated: bool
    chips: list[Chip]
    ahead: NotRequired[list[DayAhead]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlined(CurrentItem):
    name_en: str
    colour: str | None


class Geometry(TypedDict):
    type: str
    coordinates: list[list[list[list[float]]]]


class Feature(TypedDict):
    type: str
    id: str
    properties: Outlined
    geometry: Geometry


class FeatureCollection(TypedDict):
    type: str
    name: str
    features: list[Feature]


class ExportDocument(TypedDict):
    question: dict[str, Any]
    about: NotRequired[dict[str, Any]]
    columns: dict[str, str]
    items: list[dict[str, Any]]


class OEmbed(TypedDict):
    version: str
    type: str
    provider_name: str
    provider_url: str
    title: str
    width: int
    height: int
    html: str
    cache_age: int
