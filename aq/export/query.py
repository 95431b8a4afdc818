"""What an export is asked for: checked parameters, a pinned store version, and the form kept in a
manifest."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aq.context import Context, find_standard
from aq.domain.clock import floor_hour, hour_number, kst_iso, parse_since, parse_until
from aq.domain.errors import InputError
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE, PROVINCES, Province, find_province
from aq.domain.selection import Selection
from aq.domain.sources import INFO
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL
from aq.export.columns import (
    ADVISORY,
    FORECAST,
    KINDS,
    READINGS,
    Column,
    columns_for,
    columns_of,
    pick,
)
from aq.store.engine import version_at

GRAINS = ("hour", "day", "month")
LEVELS = ("province", "station")
FORMATS = ("csv", "parquet", "xlsx", "json", "jsonl")
PARAMETERS = (
    *("since", "until", "province", "pollutant", "grain", "standard", "level", "feed", "as_of"),
    *("format", "columns", "bom", "kind"),
)
# Kinds of the authority's word -> (feed, pollutants there are): such rows have neither grain nor
# level, one source, and the grades of one standard.
OFFICIAL = {
    FORECAST: ("airkorea_forecast", ("pm10", "pm25", "o3")),
    ADVISORY: ("airkorea_alarm", ("pm10", "pm25", "o3")),
}
OF_READINGS = ("grain", "standard", "level", "feed")
OFFICIAL_STANDARD = "airkorea"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. Hours are ``after < hour end <= until``; days and months those they touch.

    Attributes
    ----------
    kind : readings; or the authority's forecasts (of the days), advisories (issued on the days)
    selection : the choice among feeds; of one alone when a feed was asked for
    version : the store version the answer is of, whatever was written since
    all_columns, columns : those the question has, and those picked of them
    """

    provinces: tuple[Province, ...]
    keys: tuple[str, ...]
    after: datetime
    until: datetime
    grain: str
    level: str
    standard: Standard
    selection: Selection
    version: int
    format: str
    kind: str = READINGS
    bom: bool = False
    all_columns: tuple[Column, ...]
    columns: tuple[Column, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The question in JSON's types, from which `from_dict` makes it again.

        `kind` stands there only for other rows than readings, so that files of earlier releases
        keep their bytes.
        """
        return {
            **({"kind": self.kind} if self.kind != READINGS else {}),
            "since": kst_iso(self.after),
            "until": kst_iso(self.until),
            "grain": self.grain,
            "level": self.level,
            "provinces": [one.code for one in self.provinces],
            "pollutants": list(self.keys),
            "standard": self.standard.id,
            "feeds": list(self.selection.feeds),
            "version": self.version,
            "format": self.format,
            "bom": self.bom,
            "columns": [one.name for one in self.columns],
        }

    @property
    def tag(self) -> str:
        """A short digest of the question, its store version and its standard's content."""
        text = json.dumps([self.as_dict(), self.standard.hash], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def hours(self) -> tuple[int, int]:
        """(after, until) as hour numbers: full hours that end within the range."""
        return hour_number(floor_hour(self.after)), hour_number(floor_hour(self.until))


def ask(context: Context, given: Mapping[str, str]) -> Question:
    """A question from parameters as text; raises `InputError` naming the parameter.

    Several provinces, pollutants or columns are separated by commas. Without `as_of` the store's
    present version is pinned.
    """
    kind = _one_of(given, "kind", KINDS, READINGS)
    if kind != READINGS:
        return _ask_official(context, given, kind)
    now = context.clock.now()
    after, until = _range(given, now)
    grain = _one_of(given, "grain", GRAINS, "hour")
    standard = find_standard(context, given.get("standard"))
    keys = _pollutants(standard, grain, _listed(given.get("pollutant")) or list(KEYS))
    feed = given.get("feed")
    if feed is not None and feed not in INFO:
        raise InputError(f"unknown feed {feed!r}; known are {', '.join(INFO)}", "feed")
    names = _listed(given.get("province"))
    all_columns = columns_for(grain, len(standard.levels))
    return Question(
        provinces=_in_order([find_province(name) for name in names or ()]),
        keys=keys,
        after=after,
        until=until,
        grain=grain,
        level=_one_of(given, "level", LEVELS, "province"),
        standard=standard,
        selection=context.settings.selection.only(feed),
        version=_version(context, given, now),
        format=_one_of(given, "format", FORMATS, "csv"),
        bom=_one_of(given, "bom", ("true", "false"), "false") == "true",
        all_columns=all_columns,
        columns=pick(all_columns, _listed(given.get("columns"))),
    )


def _ask_official(context: Context, given: Mapping[str, str], kind: str) -> Question:
    """A question of the authority's word; forecasts may be of days to come."""
    meant = next((name for name in OF_READINGS if name in given), None)
    if meant:
        raise InputError(f"{meant} says nothing of kind {kind}; leave it out", meant)
    now = context.clock.now()
    after, until = _range(given, now, timedelta(days=7 if kind == FORECAST else 0))
    asked = _listed(given.get("pollutant"))
    names = _listed(given.get("province"))
    form = _one_of(given, "format", FORMATS, "csv")
    provinces = _in_order([find_province(name) for name in names or ()])
    return _official(
        context,
        kind,
        asked,
        _listed(given.get("columns")),
        provinces=provinces,
        after=after,
        until=until,
        version=_version(context, given, now),
        format=form,
        bom=_one_of(given, "bom", ("true", "false"), "false") == "true",
    )


def _official(
    context: Context, kind: str, keys: list[str] | None, columns: list[str] | None, **more: Any
) -> Question:
    feed, known = OFFICIAL[kind]
    for key in keys or ():
        if key not in known:
            raise InputError(f"of kind {kind} there are {', '.join(known)}", "pollutant")
    standard = context.standards[OFFICIAL_STANDARD]
    all_columns = columns_of(kind, "day", len(standard.levels))
    return Question(
        kind=kind,
        keys=tuple(key for key in known if not keys or key in keys),
        grain="day",
        level="province",
        standard=standard,
        selection=Selection((feed,)),
        all_columns=all_columns,
        columns=pick(all_columns, columns),
        **more,
    )


def from_dict(context: Context, data: Mapping[str, Any]) -> Question:
    """The question a manifest keeps. Raises ``KeyError``, ``TypeError``, ``ValueError`` or
    `InputError` for what is none."""
    if not data["columns"] or not data["pollutants"] or not data["provinces"]:
        raise ValueError("columns, pollutants and provinces must not be empty")
    kind = _known(data.get("kind", READINGS), KINDS)
    if kind != READINGS:
        return _official(
            context,
            kind,
            [str(key) for key in data["pollutants"]],
            [str(name) for name in data["columns"]],
            provinces=tuple(BY_CODE[code] for code in data["provinces"]),
            after=parse_since(data["since"]),
            until=parse_until(data["until"]),
            version=int(data["version"]),
            format=_known(data["format"], FORMATS),
            bom=bool(data["bom"]),
        )
    standard = find_standard(context, str(data["standard"]))
    all_columns = columns_for(_known(data["grain"], GRAINS), len(standard.levels))
    return Question(
        provinces=tuple(BY_CODE[code] for code in data["provinces"]),
        keys=_pollutants(standard, data["grain"], [str(key) for key in data["pollutants"]]),
        after=parse_since(data["since"]),
        until=parse_until(data["until"]),
        grain=data["grain"],
        level=_known(data["level"], LEVELS),
        standard=standard,
        selection=Selection(tuple(_known(name, tuple(INFO)) for name in data["feeds"])),
        version=int(data["version"]),
        format=_known(data["format"], FORMATS),
        bom=bool(data["bom"]),
        all_columns=all_columns,
        columns=pick(all_columns, [str(name) for name in data["columns"]]),
    )


def _known(value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(known)}")
    return value


def _listed(text: str | None) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] if text else None


def _in_order(asked: list[Province]) -> tuple[Province, ...]:
    """In page-header order, however asked, so that the same question has one answer."""
    return tuple(one for one in PROVINCES if not asked or one in asked)


def _pollutants(standard: Standard, grain: str, asked: list[str]) -> tuple[str, ...]:
    """In the table's order. All have values, also where the standard does not grade them."""
    known = (*KEYS, OVERALL) if standard.overall else KEYS
    for key in asked:
        if key not in known:
            raise InputError(
                f"unknown pollutant {key!r} for {standard.id}; known are {', '.join(known)}",
                "pollutant",
            )
    if grain != "hour" and OVERALL in asked:
        raise InputError("an index is of an hour; there is none of a day or month", "pollutant")
    return tuple(key for key in known if key in asked)


def _one_of(given: Mapping[str, str], name: str, known: tuple[str, ...], default: str) -> str:
    value = given.get(name, default)
    if value not in known:
        raise InputError(f"{value!r} is none of {', '.join(known)}", name)
    return value


def _time(read: Callable[[str], datetime], given: Mapping[str, str], name: str) -> datetime:
    if name not in given:
        raise InputError(f"{name} is needed: a day like 2026-11-23 or an instant with offset", name)
    try:
        return read(given[name])
    except (ValueError, OverflowError) as error:
        raise InputError(f"{name}: {error}", name) from None


def _range(
    given: Mapping[str, str], now: datetime, ahead: timedelta = timedelta(0)
) -> tuple[datetime, datetime]:
    """(after, until) of a question whose first time lies at most `ahead` of now."""
    after, until = _time(parse_since, given, "since"), _time(parse_until, given, "until")
    if after >= until:
        raise InputError("since must lie before until", "since")
    if after > now + ahead:
        raise InputError(f"since lies in the future; it is {kst_iso(now)}", "since")
    return after, until


def _version(context: Context, given: Mapping[str, str], now: datetime) -> int:
    if "as_of" not in given:
        return context.store.version()
    if _time(parse_since, given, "as_of") > now:
        raise InputError(f"as_of lies in the future; it is {kst_iso(now)}", "as_of")
    # Of a time that still runs, what is known now.
    moment = min(_time(parse_until, given, "as_of"), now + timedelta(microseconds=1))
    with context.store.read() as connection:
        version = version_at(connection, moment)
    if version is None:
        raise InputError(f"nothing was known at {kst_iso(moment)} yet", "as_of")
    return version
