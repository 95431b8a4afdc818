"""Why a province has its grade: the stations, the window, the breakpoint, the formula."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aq.context import Context
from aq.domain.agreement import upstream_grade
from aq.domain.clock import hour_number, kst_day, kst_iso
from aq.domain.confidence import Confidence
from aq.domain.errors import ArchiveError, InputError
from aq.domain.explanation import Explanation, OverallExplanation, explain
from aq.domain.grading import in_force_on
from aq.domain.missing import reasons
from aq.domain.model import URBAN, ProvinceHour, StationHour
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import Province
from aq.domain.report import plain
from aq.domain.selection import Selection
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL, evaluate, window_hours
from aq.feeds.registry import INFO
from aq.queries.confidence import confidence_fields, of_hour
from aq.store import Connection
from aq.store.reads import province_hours, station_hours, upstream_grades
from aq.store.schema import UPSTREAM_GRADES
from aq.store.station_past import stations_at

COUNTS, ROADSIDE, FLAGGED, NO_VALUE = "counts", "other_network", "flagged", "no_value"
NO_NETWORK = "no_network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One station's part in an hour: its value [unit], its flag, whether and why it counts; our
    grade of its hourly value (airkorea_1h) beside upstream's own."""

    station: str
    code: str | None
    network: str | None
    value: float | None
    flag: str | None
    part: str
    grade: int | None
    upstream_grade: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The whole answer: whose hour, from which feed, the rule, and the stations behind it.

    `confidence` tells how sure an observed hour's own mean is.

    `archive` names the file that holds the stations where it cannot be read here; `in_force` says
    whether the standard was in force then.
    """

    province: Province
    at: datetime
    feed: str
    standard: Standard
    in_force: bool
    explanation: Explanation | OverallExplanation
    stations: tuple[Witness, ...]
    archive: str | None = None
    confidence: Confidence | None = None

    def as_dict(self) -> dict[str, Any]:
        """The evidence in JSON's types."""
        info = INFO[self.feed]
        return {
            "province": self.province.ko,
            "code": self.province.code,
            "at": kst_iso(self.at),
            "feed": self.feed,
            "in_force": self.in_force,
            "kind": info.kind,
            "status": info.status,
            "explanation": self.explanation.as_dict(),
            "stations": plain(self.stations),
            "archive": self.archive,
            "confidence": self._confidence(),
        }

    def _confidence(self) -> dict[str, Any] | None:
        """How sure the mean is, by the names of `/api/v1/current`."""
        if self.confidence is None or not isinstance(self.explanation, Explanation):
            return None
        return confidence_fields(self.explanation.pollutant, self.confidence)


def evidence(
    context: Context,
    province: Province,
    key: str,
    at: datetime,
    standard: Standard,
    *,
    as_of: int | None = None,
) -> Evidence:
    """Why a province has its grade for the hour ending at `at`, from the most preferred feed.

    Raises `InputError` where nothing is stored of that hour or the standard does not grade the
    pollutant.
    """
    if key not in standard.keys:
        keys = ", ".join(standard.keys)
        raise InputError(f"{standard.id} does not grade {key!r}; known are {keys}", "pollutant")
    try:
        hour = hour_number(at)
    except ValueError as error:
        raise InputError(str(error), "at") from None
    after = hour - window_hours(standard, key)
    with context.store.read() as connection:
        rows = province_hours(connection, [province.id], after, hour, as_of=as_of)
        by_feed: dict[str, dict[int, ProvinceHour]] = {}
        for row in rows:
            by_feed.setdefault(row.feed, {})[row.hour] = row
        feed = _feed(context.settings.selection, standard, key, by_feed, hour)
        if feed is None:
            raise InputError(f"nothing is stored of {province.ko} at {kst_iso(at)}", "at")
        here = stations_at(connection, province.id, feed, hour, as_of)
        readings, grades, archive = _readings(connection, here, hour, feed, as_of)
    window = by_feed[feed]
    by_station = {row.place: row for row in readings}
    hourly = context.standards["airkorea_1h"]
    shown = key if key in KEYS else _dominant(standard, window, hour)
    return Evidence(
        province=province,
        at=at,
        feed=feed,
        standard=standard,
        in_force=in_force_on(standard, kst_day(at)),
        explanation=explain(standard, key, window, hour),
        stations=tuple(
            _witness(station, by_station[station.id], grades.get(station.id), shown, hourly)
            for station in here
            if station.id in by_station
        ),
        archive=archive,
        confidence=_confidence(standard, key, window[hour], here, by_station),
    )


def _confidence(
    standard: Standard,
    key: str,
    row: ProvinceHour | None,
    stations: Sequence[Any],
    readings: Mapping[int, StationHour],
) -> Confidence | None:
    """How sure an hour's own mean is; None of other means and of what is not pooled."""
    if row is None or key not in KEYS or standard.averaging(key) != "1h":
        return None
    counting = [
        readings[station.id].means[key]
        for station in stations
        if station.network == URBAN and station.id in readings
    ]
    parts = [(mean.total, mean.valid) for mean in counting]
    return of_hour(standard, key, parts, row.means[key].expected)


def _readings(
    connection: Connection, stations: Sequence[Any], hour: int, feed: str, as_of: int | None
) -> tuple[Sequence[StationHour], Mapping[int, str], str | None]:
    """The stations' rows of an hour, upstream's own grades of them, and the archive that holds them
    where it cannot be read."""
    numbers = [station.id for station in stations]
    try:
        rows = station_hours(connection, numbers, hour - 1, hour, feeds=[feed], as_of=as_of)
        return rows, upstream_grades(connection, numbers, hour, feed, as_of), None
    except ArchiveError as error:
        return (), {}, error.file


def _feed(
    selection: Selection,
    standard: Standard,
    key: str,
    by_feed: Mapping[str, Mapping[int, ProvinceHour]],
    hour: int,
) -> str | None:
    """The feed the standard's value of the hour is of, as everywhere."""
    at_hour = {feed: rows[hour] for feed, rows in by_feed.items() if hour in rows}
    ranked = selection.of_rows(at_hour, standard, key)
    results = ((feed, evaluate(standard, key, by_feed[feed], hour)) for feed in ranked)
    valued = (f for f, result in results if result.value is not None or result.grade is not None)
    return next(valued, ranked[0] if ranked else None)


def _dominant(standard: Standard, window: Mapping[int, ProvinceHour], hour: int) -> str:
    """The pollutant whose stations stand behind a composite result."""
    explanation = explain(standard, OVERALL, window, hour)
    if isinstance(explanation, OverallExplanation) and explanation.result.dominant:
        return explanation.result.dominant
    return next(iter(standard.pollutants))


def _witness(
    station: Any, row: StationHour, given: str | None, key: str, hourly: Standard
) -> Witness:
    flag = reasons(row).get(key)
    scaled = row.values[key]
    if station.network != URBAN:
        part = ROADSIDE if station.network else NO_NETWORK
    elif flag:
        part = FLAGGED
    else:
        part = COUNTS if scaled is not None else NO_VALUE
    pairs = zip(UPSTREAM_GRADES, given or "", strict=False)
    theirs = {field: int(grade) for field, grade in pairs if grade.isdigit()}
    return Witness(
        grade=None if scaled is None or flag else hourly.grade(key, scaled, "1h"),
        upstream_grade=upstream_grade(key, theirs),
        station=station.name,
        code=station.code,
        network=station.network,
        value=None if scaled is None else scaled / pollutants()[key].scale,
        flag=flag,
        part=part,
    )
