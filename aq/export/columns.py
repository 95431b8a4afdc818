"""The columns of an export: name, kind of content, and what they say, for every format alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aq.domain.errors import InputError
from aq.domain.standards import Standard
from aq.i18n import Text, text_in

# Kinds of cells. A `number` travels as its exact decimal text, so that no format rounds it anew.
TEXT, NUMBER, INTEGER, BOOLEAN, TIME = "text", "number", "integer", "boolean", "time"
DAY, INSTANT = "day", "instant"
# What can be exported: values with their grades, forecast notices, advisories.
READINGS, FORECAST, ADVISORY = "readings", "forecast", "advisory"
ZONE_LEVEL = "zone"  # readings at the level of the zones of acts
KINDS = (READINGS, FORECAST, ADVISORY)
ZONE = "KST, hour end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    `message` says what it holds, with the level or percentile `n` where it has one; `standard` is
    the one it is of. `foreign` text comes from outside and may look like a spreadsheet formula.
    """

    name: str
    kind: str
    message: str
    foreign: bool = False
    standard: str | None = None
    n: int | None = None

    @property
    def about(self) -> str:
        """What it says, in English."""
        return self.described(text_in("en"))

    def described(self, text: Text) -> str:
        """What it says, in a language."""
        words = text(self.message) if self.n is None else text(self.message, n=self.n)
        return f"{self.standard}: {words}" if self.standard else words


def _string(name: str, message: str, *, foreign: bool = False) -> Column:
    return Column(name=name, kind=TEXT, message=message, foreign=foreign)


def _number(name: str, message: str, n: int | None = None) -> Column:
    return Column(name=name, kind=NUMBER, message=message, n=n)


def _integer(name: str, message: str, n: int | None = None) -> Column:
    return Column(name=name, kind=INTEGER, message=message, n=n)


PLACE = (
    _string("province", "Korean short name of the province"),
    _string("code", "ISO 3166-2 code of the province"),
    _string("station", "name of the station (level station)", foreign=True),
    _string("station_code", "AirKorea's six-digit code of the station, where known", foreign=True),
    _string("network", "network of the stations the value rests on", foreign=True),
)
WHAT = (
    _string("pollutant", "pm10 pm25 o3 no2 so2 co, or overall"),
    Column(name="at", kind=TIME, message="end of the hour with +09:00, or the KST day or month"),
    _number("value", "mean over the averaging period, in `unit`; null is missing, never zero"),
    _string("unit", "µg/m³ or ppm"),
    _string("averaging", "averaging period of the value"),
    _string("zone", "clock of `at`, and that hours are named by their end"),
)
JUDGED = (
    _integer("index", "the standard's index, where it has one"),
    _string("dominant", "pollutant that decided `overall`"),
    _integer("grade", "level of the standard from 1, null where it has no breakpoints for this"),
    _string("letter", "this product's letter of the grade", foreign=True),
    _string("label", "the standard's Korean word for the grade", foreign=True),
    _string("standard", "grade standard"),
    _string("standard_version", "version of the standard's file", foreign=True),
    Column(name="in_force", kind=BOOLEAN, message="whether the standard was in force then"),
)
SOURCE = (
    _string("feed", "feed the value comes from"),
    _string("kind", "observed or modelled"),
    _string("status", "preliminary or confirmed; null for a model"),
    _string(
        "flag",
        "the flag for which a value is withheld or does not count; of an overall without a result"
        " the pollutants it lacks",
        foreign=True,
    ),
    _integer("stations", "stations with a valid value in this hour"),
    _integer("stations_expected", "stations that should have had one"),
    _number("coverage", "share of the expected stations, or of the hours of the day or month"),
    Column(name="thin", kind=BOOLEAN, message="under half of the expected stations"),
    _string("missing_reason", "why there is no value that counts"),
)


_FEED = _string("feed", "feed the row comes from")
_WHICH = _string("pollutant", "the pollutant it is of")
FORECASTS = (
    *PLACE[:2],
    _WHICH,
    Column(name="day", kind=DAY, message="KST day that is forecast"),
    Column(name="issued_at", kind=INSTANT, message="when the notice was issued, with +09:00"),
    _integer("lead_days", "days from the day of issue to the day that is forecast"),
    Column(
        name="latest",
        kind=BOOLEAN,
        message="the last notice of this kind, pollutant and day; the earlier ones are rows too",
    ),
    _integer("grade", "worst grade of the province's regions from 1; null for none"),
    _integer("levels", "how many grades there are: 4 of a daily notice, 2 of a weekly one"),
    _string("letter", "this product's letter of a grade of four"),
    _string("label", "upstream's own word of the grade", foreign=True),
    _string("regions", "forecast regions of the province, each with its word", foreign=True),
    _string("overall", "the notice's outlook in words", foreign=True),
    _string("cause", "what the notice gives as the cause", foreign=True),
    _string("confidence", "upstream's word of confidence, of a weekly notice", foreign=True),
    _FEED,
    _string("kind", "daily (today to the day after tomorrow) or weekly (the days after that)"),
)
ADVISORIES = (
    _string("provinces", "Korean short names, by comma where the district is two provinces"),
    _string("codes", "their ISO 3166-2 codes"),
    _string("district", "upstream's own word for the district", foreign=True),
    _string("zone", "the zone it holds for, a part of the district", foreign=True),
    _WHICH,
    _integer("level", "1 advisory, 2 warning, 3 severe warning"),
    _string("label", "upstream's own word for the act", foreign=True),
    Column(name="issued_at", kind=INSTANT, message="when it was issued, with +09:00"),
    _number("issue_value", "value at issue, in `unit`; null where upstream gave none"),
    Column(name="cleared_at", kind=INSTANT, message="when it was cleared; null is not cleared"),
    _number("clear_value", "value at its clearing, in `unit`"),
    _number("max_value", "highest value of the act, in `unit`; ozone only"),
    _string("unit", "µg/m³ or ppm"),
    _FEED,
)


ZONES = (
    _string("province", "short Korean name"),
    _string("code", "KR-11 …"),
    _string("zone_name", "zone of the authority's acts (권역)"),
    _string("zone_id", "its id in zones.csv"),
    _string("pollutant", "pm10, pm25, o3"),
    Column(name="at", kind=INSTANT, message="end of the hour, with +09:00"),
    _number("value", "mean of the zone's stations, of ozone the highest, in `unit`"),
    _string("unit", "µg/m³ or ppm"),
    _string("basis", "mean or highest"),
    _string("standard", "the grade's standard"),
    _integer("grade", "1 is the best; by the hour's breakpoints"),
    _string("letter", "the grade's letter"),
    _FEED,
    _string("kind", "observed"),
    _string("status", "preliminary or confirmed"),
    _integer("stations", "urban stations with a valid value"),
    _integer("stations_expected", "urban stations in service"),
    _string("missing_reason", "why there is no value"),
)


# Of the hourly means of a day, month or year [`unit`], linear between neighbours as numpy's
# default; only where they are asked for by name.
PERCENTILES = {"median": 50, "p95": 95, "p98": 98, "p99": 99}
SPREAD = tuple(
    _number(name, "{n}th percentile of the hourly means, in `unit`", percent)
    for name, percent in PERCENTILES.items()
)


# The highest mean of 8 hours, as `SPREAD` only where it is asked for.
MAX_8H = _number(
    "max_8h", "highest mean of 8 hours that end in it, of 6 of them at least, in `unit`"
)


# How sure a province's own mean of an hour or day is, see `aq.domain.confidence`; only by name.
SURE = (
    _number("standard_error", "standard error of the mean over its stations, in `unit`"),
    _number("mean_low", "lowest mean when any one station is left out, in `unit`"),
    _number("mean_high", "highest mean when any one station is left out, in `unit`"),
    _integer("grade_low", "lowest grade the mean can have, by the first standard"),
    _integer("grade_high", "highest grade the mean can have, by the first standard"),
    Column(name="one_station", kind=BOOLEAN, message="whether its grade depends on one station"),
)
SURE_GRAINS = ("hour", "day")


def columns_of(
    kind: str,
    grain: str,
    standards: Sequence[Standard],
    *,
    apart: bool,
    named: bool = False,
) -> tuple[Column, ...]:
    """All columns of a kind; the others matter to readings alone.

    With `apart` each standard has its own columns, named after it, and `value` is of none; days and
    months count their hours by each of a standard's levels. The columns of `time_columns` are there
    with `apart`, they and `SPREAD` where columns are asked for by name (`named`).
    """
    if kind == ZONE_LEVEL:
        return ZONES
    if kind != READINGS:
        return FORECASTS if kind == FORECAST else ADVISORIES
    hourly = grain == "hour"
    spread = (*SPREAD, MAX_8H) if named else ()
    sure = SURE if named and grain in SURE_GRAINS else ()
    what = (*WHAT[:2], *(time_columns(grain) if apart or named else ()), *WHAT[2:])
    hours = _integer("hours", "hours with a valid value")
    largest = _number("max", "largest hourly mean, in `unit`")
    if apart:
        judged = [
            column
            for standard in standards
            for column in _of_standard(standard, hourly=hourly, named=named)
        ]
        counted = () if hourly else (hours, largest, *spread)
        return (*PLACE, *what, *judged, *SOURCE, *counted, *sure)
    counted = () if hourly else (hours, *_counted(standards[0], named=named), largest, *spread)
    return (*PLACE, *what, *JUDGED, *SOURCE, *counted, *sure)


def time_columns(grain: str) -> tuple[Column, ...]:
    """`at` in two columns that a database takes as they are."""
    by_grain = {
        "hour": (
            Column(name="day", kind=DAY, message="KST day of the hour; hour 24 is its last"),
            Column(name="hour_end", kind=INSTANT, message="end of the hour, as `at`"),
        ),
        "day": (Column(name="day", kind=DAY, message="KST day, as `at`"),),
    }
    return by_grain.get(grain, ())


def _counted(standard: Standard, *, named: bool) -> tuple[Column, ...]:
    """Hours of each grade; above each limit only where columns are asked for by name."""
    levels = range(1, len(standard.levels) + 1)
    above = levels[:-1] if named else ()
    return (
        *(_integer(f"hours_above_{n}", "hours above the limit of grade {n}", n) for n in above),
        *(_integer(f"hours_{n}", "hours of grade {n}", n) for n in levels),
        _integer("worst_grade", "worst grade of an hour"),
    )


def _of_standard(standard: Standard, *, hourly: bool, named: bool) -> tuple[Column, ...]:
    """The columns of one of several standards, named after it."""
    feed = _string("feed", "feed its mean is of: the first with hours enough")
    columns = (
        _number("value", "mean it judges, in `unit`; null where hours are too few"),
        _string("averaging", "averaging period of its value"),
        _integer("index", "its index, where it has one"),
        _string("dominant", "pollutant that decides its `overall`"),
        _integer("grade", "level from 1, null without breakpoints for this mean"),
        _string("letter", "this product's letter of the grade", foreign=True),
        _string("label", "its Korean word for the grade", foreign=True),
        Column(name="in_force", kind=BOOLEAN, message="whether it was in force then"),
        *((feed,) if hourly else _counted(standard, named=named)),
    )
    return tuple(
        replace(column, name=f"{standard.id}.{column.name}", standard=standard.id)
        for column in columns
    )


def pick(all_columns: tuple[Column, ...], names: list[str] | None) -> tuple[Column, ...]:
    """The named columns in the order given, all by default; `InputError` names the known."""
    if not names:
        return all_columns
    by_name = {column.name: column for column in all_columns}
    for name in names:
        if name not in by_name:
            raise InputError(f"unknown column {name!r}; known are {', '.join(by_name)}", "columns")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f"column {twice!r} is asked for twice", "columns")
    return tuple(by_name[name] for name in names)
