"""What an export is asked for: checked parameters, a pinned store version, and the form kept in a
manifest."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aq.context import Context, family_of, find_standard, selection_of
from aq.domain.clock import HOUR, floor_hour, kst_day, kst_iso, parse_since, parse_until
from aq.domain.errors import InputError
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL, window_hours
from aq.export.columns import (
    ADVISORY,
    FORECAST,
    KINDS,
    MAX_8H,
    READINGS,
    SPREAD,
    SURE,
    ZONE_LEVEL,
    Column,
    columns_of,
    pick,
    time_columns,
)
from aq.feeds.registry import INFO
from aq.queries.question import GRAINS as PAST_GRAINS
from aq.queries.question import Given, Question, no_index_of_days

# A year is a grain of exports alone.
GRAINS = (*PAST_GRAINS, "year")
LEVELS = ("province", "station", "zone")
FORMATS = ("csv", "parquet", "xlsx", "json", "jsonl")
# How a file is laid out, where later releases write the same rows otherwise: 2 has words on
# rounding, and in XLSX real dates and notes.
LAYOUT = 2
LAID_OUT = ("parquet", "xlsx", "json")
# At most four digits: a range of centuries is a slip.
LAST = re.compile(r"([1-9]\d{0,3})([dh])")
PARAMETERS = (
    *("since", "until", "last", "province", "pollutant", "grain", "standard", "level", "feed"),
    *("as_of", "format", "columns", "bom", "kind", "zip"),
)
ZONE_KEYS = ("pm10", "pm25", "o3")
# Kinds of the authority's word -> (feed, pollutants there are): such rows have neither grain nor
# level, one source, and the grades of one standard.
OFFICIAL = {
    FORECAST: ("airkorea_forecast", ("pm10", "pm25", "o3")),
    ADVISORY: ("airkorea_alarm", ("pm10", "pm25", "o3")),
}
OF_READINGS = ("grain", "standard", "level", "feed")
OFFICIAL_STANDARD = "airkorea"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuestion(Question):
    """What a file is to hold.

    Attributes
    ----------
    kind : readings; or the authority's forecasts (of the days), advisories (issued on the days)
    standards : those asked for, in the order of their `place`; `standard` is the first
    apart : whether each standard has its own columns and `value` is of none
    version : the store version the answer is of, whatever was written since
    layout : 1 of a file by an earlier release, see `LAYOUT`
    all_columns, columns : those the question has, and those picked of them
    """

    level: str
    standards: tuple[Standard, ...]
    apart: bool = False
    version: int
    format: str
    kind: str = READINGS
    bom: bool = False
    layout: int = LAYOUT
    all_columns: tuple[Column, ...]
    columns: tuple[Column, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The question in JSON's types, from which `from_dict` makes it again.

        `kind` stands there only for other rows than readings, `standards` only where each has its
        columns, and `layout` only where a format has several, so that files of earlier releases
        keep their bytes.
        """
        return {
            **({"kind": self.kind} if self.kind != READINGS else {}),
            "since": kst_iso(self.after),
            "until": kst_iso(self.until),
            "grain": self.grain,
            "level": self.level,
            "provinces": [province.code for province in self.provinces],
            "pollutants": list(self.keys),
            **(
                {"standards": [standard.id for standard in self.standards]}
                if self.apart
                else {"standard": self.standard.id}
            ),
            "feeds": list(self.selection.feeds),
            "version": self.version,
            "format": self.format,
            "bom": self.bom,
            **({"layout": self.layout} if self.format in LAID_OUT and self.layout > 1 else {}),
            "columns": [column.name for column in self.columns],
            **({"family": [member.id for member in self.family]} if self.family else {}),
        }

    @property
    def timed(self) -> bool:
        """Whether `time_columns` are among all of its columns."""
        return all(column in self.all_columns for column in time_columns(self.grain))

    @property
    def spread(self) -> bool:
        """Whether percentiles are asked for."""
        return any(column in SPREAD for column in self.columns)

    @property
    def named(self) -> bool:
        """Whether the columns are there that only their names bring."""
        return MAX_8H in self.all_columns

    @property
    def eight_hours(self) -> bool:
        """Whether highest means of 8 hours are asked for."""
        return MAX_8H in self.columns

    @property
    def sure(self) -> bool:
        """Whether it is asked for how sure means of provinces are."""
        return self.level == "province" and any(column in SURE for column in self.columns)

    @property
    def tag(self) -> str:
        """A short digest of the question, its store version and its standards' content."""
        hashes = [standard.hash for standard in (*self.standards, *self.family)]
        text = json.dumps([self.as_dict(), *hashes], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def ask(context: Context, texts: Mapping[str, str]) -> ExportQuestion:
    """A question from parameters as text; raises `InputError` naming the parameter.

    Several provinces, pollutants, standards or columns are separated by commas. Without `as_of` the
    store's present version is pinned.
    """
    given = _with_range(Given(texts, named=True), context.clock.now())
    kind = given.one_of("kind", KINDS, READINGS)
    if kind != READINGS:
        return _ask_official(context, given, kind)
    after, until = given.range(context.clock.now())
    if given.get("level") == ZONE_LEVEL:
        return _ask_zones(context, given, after, until)
    grain = given.one_of("grain", GRAINS, "hour")
    standards = _standards(context, given.listed("standard") or [None])
    apart = len(standards) > 1 or (grain == "hour" and of_longer_windows(standards[0]))
    return ExportQuestion(
        grain=grain,
        level=given.one_of("level", LEVELS, "province"),
        selection=context.settings.selection.only(given.feed()),
        family=() if apart or "standard" in given else _family(context, standards[0]),
        **_judged(standards, grain, given.pollutants(), given.listed("columns"), apart),
        **_common(context, given, after, until),
    )


def of_grains(
    context: Context, texts: Mapping[str, str], grains: Sequence[str]
) -> list[ExportQuestion]:
    """The question by each grain, all of the store version of the first."""
    each = [{**texts, "grain": grain} for grain in dict.fromkeys(grains)] or [dict(texts)]
    questions = [ask(context, given) for given in each]
    return [replace(question, version=questions[0].version) for question in questions]


def _with_range(given: Given, now: datetime) -> Given:
    """`since` and `until` of a range that is told by `last`: the KST days that end with today's, or
    the full hours that end with the newest."""
    if "last" not in given:
        return given
    other = next((name for name in ("since", "until") if name in given), None)
    if other:
        raise InputError(f"last tells the whole range; leave {other} out", other)
    match = LAST.fullmatch(given["last"])
    if match is None:
        raise InputError("last is a number of days or hours like 90d or 48h", "last")
    count, until = int(match[1]), floor_hour(now)
    if match[2] == "h":
        given["since"], given["until"] = kst_iso(until - count * HOUR), kst_iso(until)
    else:
        today = kst_day(now)
        given["since"] = (today - timedelta(days=count - 1)).isoformat()
        given["until"] = today.isoformat()
    return given


def _standards(context: Context, names: Sequence[str | None]) -> tuple[Standard, ...]:
    """The standards of some names, each once; the configured one for None."""
    standards = {
        standard.id: standard for standard in (find_standard(context, name) for name in names)
    }
    return tuple(sorted(standards.values(), key=lambda standard: (standard.place, standard.id)))


def of_longer_windows(standard: Standard) -> bool:
    """Whether a standard judges some pollutant's hour by more than the hour itself."""
    return any(window_hours(standard, key) > 1 for key in standard.pollutants)


def _judged(
    standards: tuple[Standard, ...],
    grain: str,
    keys: list[str] | None,
    columns: list[str] | None,
    apart: bool,
) -> dict[str, Any]:
    """The parts of a question that follow from its standards."""
    all_columns = columns_of(READINGS, grain, standards, apart=apart)
    if columns and not {column.name for column in all_columns}.issuperset(columns):
        all_columns = columns_of(READINGS, grain, standards, apart=apart, named=True)
    return {
        "keys": _pollutants(standards, grain, keys or list(KEYS)),
        "standard": standards[0],
        "standards": standards,
        "apart": apart,
        "all_columns": all_columns,
        "columns": pick(all_columns, columns),
    }


def _family(context: Context, standard: Standard) -> tuple[Standard, ...]:
    """The standards an hour is graded by, the one in force then; none where there is but one.

    Rows of one question have the same columns, so all of them have as many levels.
    """
    family = family_of(context, standard)
    alike = all(len(member.levels) == len(standard.levels) for member in family)
    return family if len(family) > 1 and alike else ()


def _common(context: Context, given: Given, after: datetime, until: datetime) -> dict[str, Any]:
    """What all kinds of rows are asked for by."""
    provinces = given.provinces()
    return {
        # In page-header order, however asked, so that the same question has one answer.
        "provinces": tuple(province for province in PROVINCES if province in provinces),
        "after": after,
        "until": until,
        "version": given.version(context, context.clock.now()) or context.store.version(),
        "format": given.one_of("format", FORMATS, "csv"),
        "bom": given.flag("bom"),
    }


def _ask_zones(context: Context, given: Given, after: datetime, until: datetime) -> ExportQuestion:
    """A question of zones: their hours, graded by one standard."""
    if given.one_of("grain", GRAINS, "hour") != "hour":
        raise InputError("zones have hours alone", "grain")
    names = given.listed("standard") or []
    if len(names) > 1:
        raise InputError("zones are graded by one standard", "standard")
    return _zones(
        context,
        names[0] if names else None,
        given.pollutants(),
        given.listed("columns"),
        selection=context.settings.selection.only(given.feed()),
        **_common(context, given, after, until),
    )


def _zones(
    context: Context,
    standard: str | None,
    keys: list[str] | None,
    columns: list[str] | None,
    **more: Any,
) -> ExportQuestion:
    for key in keys or ():
        if key not in ZONE_KEYS:
            raise InputError(f"zones have {', '.join(ZONE_KEYS)}", "pollutant")
    judge = find_standard(context, standard)
    all_columns = columns_of(ZONE_LEVEL, "hour", (judge,), apart=False)
    return ExportQuestion(
        kind=ZONE_LEVEL,
        keys=tuple(key for key in ZONE_KEYS if not keys or key in keys),
        grain="hour",
        level=ZONE_LEVEL,
        standard=judge,
        standards=(judge,),
        apart=False,
        all_columns=all_columns,
        columns=pick(all_columns, columns),
        **more,
    )


def _ask_official(context: Context, given: Given, kind: str) -> ExportQuestion:
    """A question of the authority's word; forecasts may be of days to come."""
    meant = next((name for name in OF_READINGS if name in given), None)
    if meant:
        raise InputError(f"{meant} says nothing of kind {kind}; leave it out", meant)
    bounds = given.range(context.clock.now(), timedelta(days=7 if kind == FORECAST else 0))
    more = _common(context, given, *bounds)
    return _official(context, kind, given.pollutants(), given.listed("columns"), **more)


def _official(
    context: Context, kind: str, keys: list[str] | None, columns: list[str] | None, **more: Any
) -> ExportQuestion:
    feed, there = OFFICIAL[kind]
    for key in keys or ():
        if key not in there:
            raise InputError(f"of kind {kind} there are {', '.join(there)}", "pollutant")
    standard = context.standards[OFFICIAL_STANDARD]
    all_columns = columns_of(kind, "day", (standard,), apart=False)
    return ExportQuestion(
        kind=kind,
        keys=tuple(key for key in there if not keys or key in keys),
        grain="day",
        level="province",
        standard=standard,
        standards=(standard,),
        selection=selection_of(feed),
        all_columns=all_columns,
        columns=pick(all_columns, columns),
        **more,
    )


def from_dict(context: Context, data: Mapping[str, Any]) -> ExportQuestion:
    """The question a manifest keeps. Raises ``KeyError``, ``TypeError``, ``ValueError`` or
    `InputError` for what is none."""
    if not data["columns"] or not data["pollutants"] or not data["provinces"]:
        raise ValueError("columns, pollutants and provinces must not be empty")
    kind = _known(data.get("kind", READINGS), (*KINDS, ZONE_LEVEL))
    keys, columns = ([str(name) for name in data[of]] for of in ("pollutants", "columns"))
    common: dict[str, Any] = {
        "provinces": tuple(BY_CODE[code] for code in data["provinces"]),
        "after": parse_since(data["since"]),
        "until": parse_until(data["until"]),
        "version": int(data["version"]),
        "format": _known(data["format"], FORMATS),
        "bom": bool(data["bom"]),
        "layout": int(data.get("layout", 1)),
    }
    if kind not in (READINGS, ZONE_LEVEL):
        return _official(context, kind, keys, columns, **common)
    common["selection"] = selection_of(*(_known(name, tuple(INFO)) for name in data["feeds"]))
    if kind == ZONE_LEVEL:
        return _zones(context, str(data["standard"]), keys, columns, **common)
    apart = "standards" in data
    names = [str(name) for name in data["standards"]] if apart else [str(data["standard"])]
    grain = _known(data["grain"], GRAINS)
    return ExportQuestion(
        grain=grain,
        level=_known(data["level"], LEVELS),
        family=tuple(find_standard(context, str(name)) for name in data.get("family", ())),
        **_judged(_standards(context, names), grain, keys, columns, apart),
        **common,
    )


def _known(value: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise ValueError(f"{value!r} is none of {', '.join(words)}")
    return value


def _pollutants(
    standards: Sequence[Standard], grain: str, wanted: Sequence[str]
) -> tuple[str, ...]:
    """In the table's order. All have values, also where no standard grades them."""
    there = (*KEYS, OVERALL) if any(standard.overall for standard in standards) else KEYS
    for key in wanted:
        if key not in there:
            names = ", ".join(standard.id for standard in standards)
            raise InputError(
                f"unknown pollutant {key!r} for {names}; known are {', '.join(there)}",
                "pollutant",
            )
    no_index_of_days(grain, wanted)
    return tuple(key for key in there if key in wanted)
