"""The `openmeteo` feed: modelled hours (CAMS global, 45 km) at one point per province."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pydantic import Field

from aq.domain.clock import KST
from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import MODELLED, Answer, FeedInfo, Payload, Reading, RowIssue
from aq.domain.pollutants import MICROGRAM, pollutants
from aq.feeds.base import BadValueError, Get, concentration, load_json, shown
from aq.feeds.spec import FeedSettings, FeedSpec, Places

# Terms as stated on open-meteo.com, read November 2026.
OPENMETEO = FeedInfo(
    name="openmeteo",
    number=3,
    title="Open-Meteo",
    kind=MODELLED,
    status=None,
    attribution="Air quality data by Open-Meteo (CAMS)",
    licence="CC BY 4.0; the free service is for non-commercial use",
    link="https://open-meteo.com",
    resolution="45 km grid, 3-hourly steps interpolated to hours",
)
NAME = OPENMETEO.name
# Keys of the answer by the product's pollutant; all are in µg/m³.
FIELDS = {
    "pm10": "pm10",
    "pm25": "pm2_5",
    "o3": "ozone",
    "no2": "nitrogen_dioxide",
    "so2": "sulphur_dioxide",
    "co": "carbon_monoxide",
}
# The micro sign U+00B5 and the Greek mu U+03BC look alike; upstream sends the Greek one.
# A tuple: what is compared comes from outside and may be no text at all.
_UNITS = ("\N{MICRO SIGN}g/m³", "\N{GREEK SMALL LETTER MU}g/m³")
_KST_OFFSET = 9 * 3600
# CAMS global at Open-Meteo begins here (its documentation, read 2026-11-23).
FIRST_DAY = date(2022, 8, 1)
DAYS_PER_CALL = 31
# Of the hours to come the rest of today and two days more are asked for.
AHEAD = timedelta(days=2)
# The model runs at 00 and 12 UTC and takes some hours; its hours to come are asked for four times.
AHEAD_AT = tuple(timedelta(hours=hour, minutes=42) for hour in (1, 7, 13, 19))


class OpenMeteoSettings(FeedSettings):
    """Open-Meteo needs no key; one of a paid plan is sent along."""

    url: str = "https://air-quality-api.open-meteo.com/v1/air-quality"
    enabled: bool = True
    daily_limit: int = Field(580, ge=1)
    past_days: int = Field(92, ge=0, le=92)

    @property
    def live(self) -> bool:
        """Whether the feed is polled: unless it is switched off."""
        return self.enabled

    @property
    def first_days(self) -> int:
        """Days of the past that the first poll of an empty store asks for."""
        return self.past_days


@dataclass(frozen=True, slots=True)
class OpenMeteo:
    """One call for all `points`: province codes and where each is taken."""

    points: Places

    @property
    def info(self) -> FeedInfo:
        """What the feed is."""
        return OPENMETEO

    def pull(self, get: Get, since: datetime, until: datetime) -> Iterator[Payload]:
        """Ask for the hours with ``since < end <= until``, a month of KST days a call."""
        for first, last in _chunks(since, until):
            yield self._ask(get, first, last)

    def _ask(self, get: Get, first: date, last: date) -> Payload:
        return get(
            "",
            {
                "latitude": ",".join(str(latitude) for _, latitude, _ in self.points),
                "longitude": ",".join(str(longitude) for _, _, longitude in self.points),
                "hourly": ",".join(FIELDS.values()),
                "timezone": "Asia/Seoul",
                "timeformat": "iso8601",
                "start_date": first.isoformat(),
                "end_date": last.isoformat(),
            },
        )

    def pull_ahead(self, get: Get, now: datetime) -> Payload:
        """Ask for the hours to come, in one call."""
        today = now.astimezone(KST).date()
        return self._ask(get, today, today + AHEAD)

    def parse_ahead(self, payload: Payload, now: datetime) -> Answer:
        """Read the hours after `now`, as far as they hold any value; raises as `parse` does."""
        return self._read(payload, now, lambda hour: hour > now)

    def parse(self, payload: Payload, now: datetime) -> Answer:
        """Read an answer. Hours after `now` are forecasts: by design they are no rows of ours.

        Raises `FeedError` (not understood) when the places, the zone, the units or the shape are
        not those that were asked for.
        """
        return self._read(payload, now, lambda hour: hour <= now)

    def _read(self, payload: Payload, now: datetime, wanted: Callable[[datetime], bool]) -> Answer:
        error = self.refusal(payload.operation, 200, {}, payload.text, now)
        if error is not None:
            raise error
        places = load_json(payload.text)
        places = places if isinstance(places, list) else [places]
        if len(places) != len(self.points):
            raise _not_understood(f"{len(places)} places came, {len(self.points)} were asked for")
        readings: list[Reading] = []
        issues: list[RowIssue] = []
        rows = 0
        for (code, _, _), place in zip(self.points, places, strict=True):
            hours, series = _series(place, code)
            rows += sum(
                instant is None or wanted(instant) for instant in map(_label_instant, hours)
            )
            readings += _place_readings(code, hours, series, wanted, issues)
        return Answer(rows=rows, readings=tuple(readings), issues=tuple(issues))

    def refusal(
        self, operation: str, status: int, headers: Mapping[str, str], text: str, now: datetime
    ) -> FeedError | None:
        """The error an answer is: ``{"error": true, "reason": …}``, or no JSON."""
        del headers
        try:
            data = load_json(text)
        except ValueError:
            data = None
        words = ""
        if isinstance(data, Mapping) and data.get("error"):
            words = shown(data.get("reason") or "no reason given")
        if status == 200 and not words:
            return None if isinstance(data, list | Mapping) else _not_understood("not JSON")
        reason, retry_at = _refusal_reason(status, words, now)
        return FeedError(
            NAME, operation, reason, f"HTTP {status} {words}".strip(), retry_at=retry_at
        )


def _chunks(since: datetime, until: datetime) -> Iterator[tuple[date, date]]:
    """(first, last) label days that cover ``since < hour <= until``, none before `FIRST_DAY`.

    Upstream's day is its labels 00:00-23:00 and its 00:00 is our hour 24 of the day before, so the
    last day asked for is that of `until` on the clock.
    """
    first = max(since.astimezone(KST).date(), FIRST_DAY)
    last = until.astimezone(KST).date()
    while first <= last and since < until:
        end = min(first + timedelta(days=DAYS_PER_CALL - 1), last)
        yield first, end
        first = end + timedelta(days=1)


def _not_understood(detail: str) -> FeedError:
    return FeedError(NAME, "", FeedReason.NOT_UNDERSTOOD, detail)


def _refusal_reason(status: int, words: str, now: datetime) -> tuple[FeedReason, datetime | None]:
    """The named reason of an error, and when its limit begins anew."""
    limit = words.casefold()
    if "limit exceeded" not in limit and status != 429:
        if status >= 500:
            return FeedReason.UPSTREAM_DOWN, None
        bad = bool(words) or 400 <= status < 500
        return (FeedReason.BAD_REQUEST if bad else FeedReason.NOT_UNDERSTOOD), None
    moment = now.astimezone(UTC)
    if limit.startswith("daily"):
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        return FeedReason.QUOTA_USED_UP, midnight + timedelta(days=1)
    if limit.startswith("hourly"):
        full = moment.replace(minute=0, second=0, microsecond=0)
        return FeedReason.RATE_LIMITED, full + timedelta(hours=1)
    if limit.startswith("minutely"):
        return FeedReason.RATE_LIMITED, moment + timedelta(minutes=1)
    return FeedReason.RATE_LIMITED, None


def _series(place: object, code: str) -> tuple[list[object], dict[str, list[object]]]:
    """Times and the series by pollutant of one place, once zone, units and lengths are right."""
    data = place if isinstance(place, Mapping) else {}
    if str(data.get("utc_offset_seconds")) != str(_KST_OFFSET):
        raise _not_understood(
            f"{code}: hours at offset {shown(data.get('utc_offset_seconds'))} s, not Korean time"
        )
    hourly, units = data.get("hourly"), data.get("hourly_units")
    if not isinstance(hourly, Mapping) or not isinstance(units, Mapping):
        raise _not_understood(f"{code}: no hourly series")
    times = hourly.get("time")
    if not isinstance(times, list):
        raise _not_understood(f"{code}: no times")
    series: dict[str, list[object]] = {}
    for key, name in FIELDS.items():
        values = hourly.get(name)
        if not isinstance(values, list) or len(values) != len(times):
            raise _not_understood(f"{code}: {name} has not one value for each hour")
        if units.get(name) not in _UNITS:
            raise _not_understood(f"{code}: {name} is in {shown(units.get(name))}, not µg/m³")
        series[key] = values
    return times, series


def _place_readings(
    code: str,
    times: Sequence[object],
    series: Mapping[str, Sequence[object]],
    wanted: Callable[[datetime], bool],
    issues: list[RowIssue],
) -> Iterable[Reading]:
    table = pollutants()
    for index, label in enumerate(times):
        hour = _label_instant(label)
        if hour is None:
            issues.append(RowIssue(kind="bad_time", where=code, detail=shown(label)))
            continue
        if not wanted(hour):
            continue
        values: dict[str, int] = {}
        for key, cells in series.items():
            try:
                value = concentration(cells[index], table[key], MICROGRAM)
            except BadValueError as error:
                detail = f"{key} {shown(cells[index])}"
                where = f"{code} {shown(label)}"
                issues.append(RowIssue(kind=error.kind, where=where, detail=detail))
                continue
            if value is not None:
                values[key] = value
        yield Reading(hour=hour, values=values, province=code)


def _label_instant(label: object) -> datetime | None:
    """A label such as ``2026-10-08T00:00``, Korean clock without an offset, in UTC."""
    try:
        moment = datetime.strptime(str(label), "%Y-%m-%dT%H:%M").replace(tzinfo=KST)
        return None if moment.minute else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


SPECS = (
    FeedSpec(
        info=OPENMETEO,
        words={"en": "Open-Meteo", "ko": "Open-Meteo"},
        make=OpenMeteo,
        settings=OpenMeteoSettings,
        key_parameter="apikey",
        ahead_at=AHEAD_AT,
    ),
)
