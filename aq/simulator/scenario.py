"""Scenario files: which fault happens to which call, when; read from TOML and checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aq.domain.clock import parse_instant
from aq.domain.errors import ConfigError
from aq.domain.provinces import PROVINCES
from aq.simulator.notices import Story, YellowStory

AIRKOREA, OPENMETEO = "airkorea", "openmeteo"
FEEDS = (AIRKOREA, OPENMETEO)

Value = float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: the feeds that can have it, its own fields with their defaults."""

    feeds: tuple[str, ...] = FEEDS
    fields: Mapping[str, Value | None] = field(default_factory=dict)


_ONLY_AIRKOREA = Kind((AIRKOREA,))
KINDS: Mapping[str, Kind] = {
    "gateway_30": _ONLY_AIRKOREA,
    "gateway_20": _ONLY_AIRKOREA,
    "gateway_22": _ONLY_AIRKOREA,
    "gateway_10_http400": _ONLY_AIRKOREA,
    "provider_error": _ONLY_AIRKOREA,
    "http_403": Kind(),
    "http_429": Kind(fields={"retry_after": None}),
    "http_503_html": Kind(),
    "http_504": Kind(),
    "garbage": Kind(),
    "gzip_bomb": Kind(fields={"megabytes": 200.0}),
    "slow_headers": Kind(fields={"seconds": 30.0}),
    "slow_body": Kind(fields={"seconds": 60.0}),
    "cut_body": Kind(),
    "wrong_length": Kind(),
    "xml_instead_of_json": _ONLY_AIRKOREA,
    "wrong_shapes": Kind(),
    "empty_items": _ONLY_AIRKOREA,
    "missing_provinces": Kind((AIRKOREA,), {"provinces": ()}),
    "late_hour": Kind((AIRKOREA,), {"minutes": 30.0}),
    "old_hour": Kind((AIRKOREA,), {"hours": 3.0}),
    "future_hour": Kind((AIRKOREA,), {"hours": 24.0}),
    "changed_values": Kind(fields={"factor": 1.2}),
}
_COMMON = frozenset({"kind", "feed", "operation", "from", "until", "calls"})
_WHOLE = frozenset({"hours"})
_STORY_TEXTS = ("district", "zone", "pollutant")
_STORY_TIMES = ("issued", "raised", "lowered", "cleared")
_SHORT_NAMES = frozenset(province.ko for province in PROVINCES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry. Without times and calls it always happens.

    `since`/`until` bound the simulator's clock (since <= now < until); `calls` are the places, from
    1 on, among the calls that this entry's feed and operation select.
    """

    kind: str
    feed: str | None = None
    operation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    calls: frozenset[int] = frozenset()
    options: Mapping[str, Value | None] = field(default_factory=dict)

    def selects(self, feed: str, operation: str) -> bool:
        """Whether a call is one of those this entry counts."""
        if feed not in KINDS[self.kind].feeds or self.feed not in (None, feed):
            return False
        return self.operation in (None, operation)

    def happens(self, now: datetime, call: int) -> bool:
        """Whether the `call`-th selected call, at `now`, meets the fault."""
        if (self.since and now < self.since) or (self.until and now >= self.until):
            return False
        return not self.calls or call in self.calls

    def number(self, name: str) -> float:
        """A numeric field of the kind; 0 where it was left out and has no default."""
        value = self.options.get(name, KINDS[self.kind].fields[name])
        return value if isinstance(value, float) else 0.0

    @property
    def provinces(self) -> frozenset[str]:
        """Short Korean names of the field `provinces`."""
        value = self.options.get("provinces")
        return frozenset(value) if isinstance(value, tuple) else frozenset()


@dataclass(frozen=True, slots=True)
class Scenario:
    """The faults of a run, in the order of the file, the acts told by hand."""

    faults: tuple[Fault, ...] = ()
    stories: tuple[Story, ...] = ()
    yellow: tuple[YellowStory, ...] = ()


def load(path: Path) -> Scenario:
    """Read a scenario file; raises `ConfigError` naming file and entry."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", str(path)) from None
    return parse(text, str(path))


def parse(text: str, where: str = "scenario") -> Scenario:
    """Read scenario text; raises `ConfigError` naming `where` and the entry."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not readable as TOML: {error}", where) from None
    unknown = sorted(set(data) - {"fault", "advisory", "yellow_dust"})
    if unknown:
        known = "[[fault]], [[advisory]] and [[yellow_dust]] are known"
        raise ConfigError(f"unknown table {unknown[0]!r}; only {known}", where)
    return Scenario(
        tuple(_fault(entry, place) for entry, place in _tables(data, "fault", where)),
        tuple(_story(entry, place) for entry, place in _tables(data, "advisory", where)),
        tuple(_yellow(entry, place) for entry, place in _tables(data, "yellow_dust", where)),
    )


def _tables(data: Mapping[str, Any], name: str, where: str) -> list[tuple[Mapping[str, Any], str]]:
    entries = data.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{name} entries are written as [[{name}]] tables", where)
    return [(entry, f"{where}: {name} {n}") for n, entry in enumerate(entries, start=1)]


def _story(entry: Mapping[str, Any], where: str) -> Story:
    """An advisory: district, zone, pollutant, issued; raised, lowered, cleared where they come."""
    known = (*_STORY_TEXTS, *_STORY_TIMES)
    for key in entry:
        if key not in known:
            raise ConfigError(f"unknown field {key!r}; known are {', '.join(known)}", where)
    texts = {key: _text(entry, key, where) for key in _STORY_TEXTS}
    times = {key: _instant(entry, key, where) for key in _STORY_TIMES}
    district, zone, issued = texts["district"], texts["zone"], times["issued"]
    pollutant = texts["pollutant"] or "pm25"
    if pollutant not in ("pm10", "pm25", "o3"):
        raise ConfigError(f"'pollutant' is pm10, pm25 or o3, not {pollutant!r}", where)
    if district not in _SHORT_NAMES or zone is None or issued is None:
        raise ConfigError("'district' (such as 서울), 'zone' and 'issued' are needed", where)
    present = [time for time in times.values() if time is not None]
    if present != sorted(present):
        raise ConfigError("issued, raised, lowered, cleared must follow each other", where)
    if pollutant == "o3" and present[-1] - issued > timedelta(days=1):
        raise ConfigError("an ozone act lasts a day at most: its list has no day of the end", where)
    return Story(
        pollutant=pollutant,
        district=district,
        zone=zone,
        issued=issued,
        raised=times["raised"],
        lowered=times["lowered"],
        cleared=times["cleared"],
    )


def _yellow(entry: Mapping[str, Any], where: str) -> YellowStory:
    """An act of yellow dust: issued, round, areas."""
    for key in entry:
        if key not in ("issued", "round", "areas"):
            raise ConfigError(f"unknown field {key!r}; known are issued, round, areas", where)
    issued, areas = _instant(entry, "issued", where), _text(entry, "areas", where)
    if issued is None or areas is None:
        raise ConfigError("'issued' and 'areas' (such as \"서울, 인천\") are needed", where)
    return YellowStory(issued, _text(entry, "round", where) or "1", areas)


def _fault(entry: Mapping[str, Any], where: str) -> Fault:
    name = entry.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        raise ConfigError(f"unknown kind {name!r}; known are {', '.join(KINDS)}", where)
    kind, where = KINDS[name], f"{where} ({name})"
    for key in entry:
        if key not in _COMMON and key not in kind.fields:
            known = ", ".join((*sorted(_COMMON), *kind.fields))
            raise ConfigError(f"unknown field {key!r}; known are {known}", where)
    since, until = _instant(entry, "from", where), _instant(entry, "until", where)
    if since and until and until <= since:
        raise ConfigError("'until' must be later than 'from'", where)
    options = {key: _option(entry[key], key, where) for key in kind.fields if key in entry}
    if "provinces" in kind.fields and not options.get("provinces"):
        raise ConfigError("'provinces' is needed, e.g. [\"서울\"]", where)
    return Fault(
        kind=name,
        feed=_feed(entry, kind, where),
        operation=_text(entry, "operation", where),
        since=since,
        until=until,
        calls=_calls(entry, where),
        options=options,
    )


def _feed(entry: Mapping[str, Any], kind: Kind, where: str) -> str | None:
    feed = _text(entry, "feed", where)
    if feed is not None and feed not in kind.feeds:
        raise ConfigError(f"no such fault of feed {feed!r}; known: {', '.join(kind.feeds)}", where)
    return feed


def _text(entry: Mapping[str, Any], key: str, where: str) -> str | None:
    value = entry.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise ConfigError(f"{key!r} must be a text, not {value!r}", where)
    return value


def _instant(entry: Mapping[str, Any], key: str, where: str) -> datetime | None:
    value = entry.get(key)
    if value is None:
        return None
    try:
        # TOML has instants of its own; both ways of writing one are taken.
        return parse_instant(value.isoformat() if isinstance(value, datetime) else str(value))
    except ValueError as error:
        raise ConfigError(f"{key!r}: {error}", where) from None


def _calls(entry: Mapping[str, Any], where: str) -> frozenset[int]:
    value = entry.get("calls")
    if value is None:
        return frozenset()
    numbers = value if isinstance(value, list) else [value]
    if not numbers or not all(type(n) is int and n > 0 for n in numbers):
        raise ConfigError(f"'calls' must be whole numbers from 1 on, not {value!r}", where)
    return frozenset(numbers)


def _option(value: Any, key: str, where: str) -> Value:
    if key == "provinces":
        names = value if isinstance(value, list) else [None]
        if not all(isinstance(name, str) and name in _SHORT_NAMES for name in names):
            raise ConfigError(f"'provinces' must be short names such as 서울, not {value!r}", where)
        return tuple(names)
    if type(value) not in (int, float) or not 0 <= value < 1e6:
        raise ConfigError(f"{key!r} must be a number from 0 on, not {value!r}", where)
    if key in _WHOLE and value != int(value):
        raise ConfigError(f"{key!r} must be a whole number, not {value!r}", where)
    return float(value)
