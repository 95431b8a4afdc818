"""Open-Meteo's air-quality protocol: a coarse, 3-hourly model of the simulated air."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np

from aq.domain.clock import HOUR, KST, floor_hour, hour_number
from aq.domain.provinces import PROVINCES
from aq.simulator.noise import Floats, smooth
from aq.simulator.places import points
from aq.simulator.view import View
from aq.simulator.weather import POLLUTANTS, Hours
from aq.simulator.world import World

UNIT = "\N{GREEK SMALL LETTER MU}g/m³"
GRID, STEP, RUN_HOURS = 0.4, 3, 12  # degrees, hours, hours
_DRIFT, _FORECAST = 21, 23  # salts of the noise
MAX_PAST_DAYS, MAX_FORECAST_DAYS, DEFAULT_FORECAST_DAYS = 92, 7, 5
HORIZON = timedelta(days=5)  # of the model; later hours are null
FIRST_DAY = date(2013, 1, 1)  # accepted; for Korea there are values from August 2022 on
GLOBAL_SINCE = datetime(2022, 8, 1, tzinfo=UTC)

# Variable -> (pollutant, µg/m³ per its unit, model's bias, decimals). ppm -> µg/m³ at 25 °C,
# 1 atm: 1000 x molar mass / 24.45. Biases are ours: coarse models know no street.
_SERVED: Mapping[str, tuple[str, float, float, int]] = {
    "pm10": ("pm10", 1, 0.85, 1),
    "pm2_5": ("pm25", 1, 1.1, 1),
    "carbon_monoxide": ("co", 1000 * 28.01 / 24.45, 0.8, 0),
    "nitrogen_dioxide": ("no2", 1000 * 46.01 / 24.45, 0.85, 1),
    "sulphur_dioxide": ("so2", 1000 * 64.07 / 24.45, 1.3, 1),
    "ozone": ("o3", 1000 * 48.00 / 24.45, 1.1, 0),
}
# Known variables that are always null in Korea.
_EUROPE_ONLY: Mapping[str, str] = {
    "ammonia": UNIT,
    **{
        f"{plant}_pollen": "grains/m³"
        for plant in ("alder", "birch", "grass", "mugwort", "olive", "ragweed")
    },
}
_ZONES = {"GMT": UTC, "UTC": UTC, "Asia/Seoul": KST, "auto": KST}
_KNOWN = frozenset(
    {
        *("latitude", "longitude", "cell_selection", "apikey", "domains"),
        *("hourly", "current", "timezone", "timeformat"),
        *("past_days", "forecast_days", "start_date", "end_date"),
    }
)


class RequestError(Exception):
    """What Open-Meteo answers with status 400: its reason."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point asked for and the grid cell that answers."""

    latitude: float
    longitude: float
    zone: str

    @property
    def cell(self) -> tuple[int, int]:
        """Row and column of the nearest grid point."""
        return round(self.latitude / GRID), round(self.longitude / GRID)


def answer(world: World, params: Mapping[str, str], now: datetime, view: View) -> object:
    """The JSON value for a request: an object, or a list for several points.

    Raises `RequestError`.
    """
    for name in params:
        if name not in _KNOWN:
            raise RequestError(f"Parameter '{name}' is not served by this simulator.")
    hourly, current = _variables(params, "hourly"), _variables(params, "current")
    unix = _choice(params, "timeformat", ("iso8601", "unixtime")) == "unixtime"
    _choice(params, "domains", ("auto", "cams_global", "cams_europe"))
    model = _Model(world, now, view)
    out = []
    for number, place in enumerate(_asked_places(params)):
        body = _place_head(place)
        if number:
            body["location_id"] = number
        clock = _Clock(_ZONES[place.zone], unix)
        if current:
            body |= _current(model, place, current, clock)
        if hourly:
            body |= _hourly(model, place, hourly, clock, _local_hours(params, now, clock.zone))
        out.append(body)
    return out if len(out) > 1 else out[0]


@dataclass(frozen=True, slots=True)
class _Clock:
    zone: timezone
    unix: bool

    def text(self, number: int) -> str | int:
        """An hour as the answer prints it: local without offset, or unix seconds."""
        if self.unix:
            return number * 3600
        return datetime.fromtimestamp(number * 3600, self.zone).strftime("%Y-%m-%dT%H:%M")

    @property
    def unit(self) -> str:
        """What stands in the units beside `time`."""
        return "unixtime" if self.unix else "iso8601"


def _place_head(place: Place) -> dict[str, Any]:
    row, column = place.cell
    offset = 9 * 3600 if _ZONES[place.zone] is KST else 0
    # The grid is kept in single precision upstream, which shows in the digits.
    return {
        "latitude": float(str(np.float32(row) * np.float32(GRID))),
        "longitude": float(str(np.float32(column) * np.float32(GRID))),
        "generationtime_ms": 0.25,
        "utc_offset_seconds": offset,
        "timezone": "Asia/Seoul" if offset else "GMT",
        "timezone_abbreviation": "GMT+9" if offset else "GMT",
        "elevation": float(20 + (row * 7 + column * 13) % 60),
    }


def _hourly(
    model: "_Model", place: Place, names: Sequence[str], clock: _Clock, hours: Hours
) -> dict[str, Any]:
    times = [clock.text(number) for number in hours.tolist()]
    return {
        "hourly_units": {"time": clock.unit, **{name: _unit_of(name) for name in names}},
        "hourly": {"time": times, **model.series(place, names, hours)},
    }


def _current(model: "_Model", place: Place, names: Sequence[str], clock: _Clock) -> dict[str, Any]:
    number = hour_number(floor_hour(model.now))
    series = model.series(place, names, np.array([number], np.int64))
    units = {"time": clock.unit, "interval": "seconds", **{name: _unit_of(name) for name in names}}
    first = {name: values[0] for name, values in series.items()}
    return {
        "current_units": units,
        "current": {"time": clock.text(number), "interval": 3600, **first},
    }


def _unit_of(name: str) -> str:
    return _EUROPE_ONLY.get(name, UNIT)


@dataclass(frozen=True, slots=True)
class _Model:
    """The model as it stands at `now`: three-hourly states of a province's air, joined by lines."""

    world: World
    now: datetime
    view: View

    def series(
        self, place: Place, names: Sequence[str], hours: Hours
    ) -> dict[str, list[float | None]]:
        """Values by variable; null for what Korea does not have and beyond the horizon."""
        row, column = place.cell
        cell = row * 1000 + column
        steps = np.arange(hours.min() // STEP * STEP, hours.max() + STEP + 1, STEP, dtype=np.int64)
        levels = self.world.weather.levels(steps)
        nearest = _nearest(row * GRID, column * GRID)
        error = self._forecast_error(steps, cell)
        out: dict[str, list[float | None]] = {}
        for name in names:
            if name in _EUROPE_ONLY:
                out[name] = [None] * len(hours)
                continue
            key, mass, bias, decimals = _SERVED[name]
            states = levels[key][:, nearest] * mass * bias * self.view.factor
            states *= self._drift(key, steps, cell) * error
            out[name] = self._bounded(np.round(np.interp(hours, steps, states), decimals), hours)
        return out

    def _drift(self, key: str, steps: Hours, cell: int) -> Floats:
        """The model's own error: days of too much or too little, by cell and pollutant."""
        salt = POLLUTANTS.index(key)
        out: Floats = np.exp(0.14 * smooth(steps, 36, self.world.seed, _DRIFT, salt, cell))
        return out

    def _forecast_error(self, steps: Hours, cell: int) -> Floats:
        """What the newest run gets wrong ahead of it, more the further; each run errs anew."""
        run = hour_number(floor_hour(self.now)) // RUN_HOURS
        lead = np.maximum(0, steps - run * RUN_HOURS)
        wrong = smooth(steps, 18, self.world.seed, _FORECAST, run, cell)
        out: Floats = np.exp(0.003 * lead * wrong)
        return out

    def _bounded(self, series: Floats, hours: Hours) -> list[float | None]:
        first, last = hour_number(GLOBAL_SINCE), hour_number(floor_hour(self.now + HORIZON))
        return [
            value if first <= hour <= last else None
            for value, hour in zip(series.tolist(), hours.tolist(), strict=True)
        ]


def _nearest(latitude: float, longitude: float) -> int:
    """Place of the province whose point lies nearest to a grid point."""
    at = np.array([points()[province.code] for province in PROVINCES])
    # A degree of longitude is about 0.8 of one of latitude in Korea.
    distance = (at[:, 0] - latitude) ** 2 + (0.8 * (at[:, 1] - longitude)) ** 2
    return int(np.argmin(distance))


def _asked_places(params: Mapping[str, str]) -> list[Place]:
    latitudes = _coordinates(params, "latitude", 90)
    longitudes = _coordinates(params, "longitude", 180)
    if len(latitudes) != len(longitudes):
        raise RequestError(
            "Parameter 'latitude' and 'longitude' must have the same number of elements"
        )
    zones = params.get("timezone", "GMT").split(",")
    if len(zones) == 1:
        zones *= len(latitudes)
    if len(zones) != len(latitudes):
        raise RequestError("Parameter 'timezone' must have the same number of elements")
    for zone in zones:
        if zone not in _ZONES:
            raise RequestError("Invalid timezone")
    return [Place(*point) for point in zip(latitudes, longitudes, zones, strict=True)]


def _coordinates(params: Mapping[str, str], name: str, bound: int) -> list[float]:
    if not params.get(name):
        raise RequestError(f"Parameter '{name}' is required")
    out = []
    for text in params[name].split(","):
        try:
            value = float(text)
        except ValueError:
            raise RequestError(f"Parameter '{name}' is no number: {text[:20]}") from None
        if not -bound <= value <= bound:
            words = f"{name.capitalize()} must be in range of -{bound} to {bound}°."
            raise RequestError(f"{words} Given: {value}.")
        out.append(value)
    return out


def _variables(params: Mapping[str, str], name: str) -> list[str]:
    names = [word for word in params.get(name, "").split(",") if word]
    for word in names:
        if word not in _SERVED and word not in _EUROPE_ONLY:
            raise RequestError(f"Data corrupted at path ''. Cannot initialize from '{word}'.")
    return list(dict.fromkeys(names))


def _choice(params: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    word = params.get(name, known[0])
    if word not in known:
        raise RequestError(f"Parameter '{name}' must be one of {', '.join(known)}")
    return word


def _local_hours(params: Mapping[str, str], now: datetime, zone: timezone) -> Hours:
    """The local days asked for, hour by hour from 00:00."""
    today = now.astimezone(zone).date()
    if "start_date" in params or "end_date" in params:
        if "past_days" in params:
            raise RequestError(
                "Parameter 'past_days' is mutually exclusive with 'start_date' and 'end_date'"
            )
        if "forecast_days" in params:
            raise RequestError(
                "Parameter 'forecast_days' is mutually exclusive with 'start_date' and 'end_date'"
            )
        first, last = _dates(params, today)
    else:
        past = _day_count(params, "past_days", 0, MAX_PAST_DAYS)
        ahead = _day_count(params, "forecast_days", DEFAULT_FORECAST_DAYS, MAX_FORECAST_DAYS)
        first, last = today - timedelta(days=past), today + timedelta(days=ahead - 1)
    start = hour_number(datetime(first.year, first.month, first.day, tzinfo=zone))
    count = max(0, (last - first).days + 1) * int(timedelta(days=1) / HOUR)
    if count == 0:
        raise RequestError("No hour lies in the time asked for")
    return np.arange(start, start + count, dtype=np.int64)


def _dates(params: Mapping[str, str], today: date) -> tuple[date, date]:
    latest = today + timedelta(days=MAX_FORECAST_DAYS)
    dates = []
    for name in ("start_date", "end_date"):
        if name not in params:
            raise RequestError("Both 'start_date' and 'end_date' must be set")
        try:
            day = date.fromisoformat(params[name])
        except ValueError:
            raise RequestError(f"Parameter '{name}' must be a date like 2022-07-01") from None
        if not FIRST_DAY <= day <= latest:
            raise RequestError(
                f"Parameter '{name}' is out of allowed range from {FIRST_DAY} to {latest}"
            )
        dates.append(day)
    if dates[1] < dates[0]:
        raise RequestError("End-date must be larger or equals than start-date")
    return dates[0], dates[1]


def _day_count(params: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= most):
        words = name.replace("_", " ").capitalize()
        raise RequestError(f"{words} is invalid. Allowed range 0 to {most}. Given {text[:20]}.")
    return int(text)
