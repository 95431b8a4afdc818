"""Scenario files: which fault happens to which call, when; read from TOML and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from aq.domain.clock import parse_instant
from aq.domain.errors import ConfigError
from aq.domain.provinces import PROVINCES
from aq.simulator.notices import Story, YellowStory
from aq.toml import first_problem, located, read_text
from aq.toml import parse as parse_toml

AIRKOREA, OPENMETEO = "airkorea", "openmeteo"
FEEDS = (AIRKOREA, OPENMETEO)
_SHORT_NAMES = frozenset(province.ko for province in PROVINCES)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: the feeds that can have it, its own numbers with their defaults."""

    feeds: tuple[str, ...] = FEEDS
    numbers: Mapping[str, float] = field(default_factory=dict)
    provinces: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of this kind alone."""
        return (*self.numbers, *(("provinces",) if self.provinces else ()))


_ONLY_AIRKOREA = Kind((AIRKOREA,))
KINDS: Mapping[str, Kind] = {
    "gateway_30": _ONLY_AIRKOREA,
    "gateway_20": _ONLY_AIRKOREA,
    "gateway_22": _ONLY_AIRKOREA,
    "gateway_10_http400": _ONLY_AIRKOREA,
    "provider_error": _ONLY_AIRKOREA,
    "http_403": Kind(),
    "http_429": Kind(numbers={"retry_after": 0.0}),
    "http_503_html": Kind(),
    "http_504": Kind(),
    "garbage": Kind(),
    "gzip_bomb": Kind(numbers={"megabytes": 200.0}),
    "slow_headers": Kind(numbers={"seconds": 30.0}),
    "slow_body": Kind(numbers={"seconds": 60.0}),
    "cut_body": Kind(),
    "wrong_length": Kind(),
    "xml_instead_of_json": _ONLY_AIRKOREA,
    "wrong_shapes": Kind(),
    "empty_items": _ONLY_AIRKOREA,
    "missing_provinces": Kind((AIRKOREA,), provinces=True),
    "late_hour": Kind((AIRKOREA,), {"minutes": 30.0}),
    "old_hour": Kind((AIRKOREA,), {"hours": 3.0}),
    "future_hour": Kind((AIRKOREA,), {"hours": 24.0}),
    "changed_values": Kind(numbers={"factor": 1.2}),
}
_OWN = frozenset(name for kind in KINDS.values() for name in kind.fields)


def _known_kind(value: object) -> object:
    if not isinstance(value, str) or value not in KINDS:
        raise ValueError(f"unknown kind {value or None!r}; known are {', '.join(KINDS)}")
    return value


def _some_text(value: object) -> object:
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be a text, not {value!r}")
    return value


def _scenario_instant(value: object) -> datetime:
    # TOML has instants of its own; both ways of writing one are taken.
    return parse_instant(value.isoformat() if isinstance(value, datetime) else str(value))


def _call_numbers(value: object) -> frozenset[int]:
    numbers = value if isinstance(value, list) else [value]
    if not numbers or not all(type(n) is int and n > 0 for n in numbers):
        raise ValueError(f"must be whole numbers from 1 on, not {value!r}")
    return frozenset(numbers)


def _short_name(value: object) -> object:
    if not isinstance(value, str) or value not in _SHORT_NAMES:
        raise ValueError(f"must be short names such as 서울, not {value!r}")
    return value


def _amount(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ValueError(f"must be a number from 0 on, not {value!r}")
    return float(value)


def _whole_amount(value: float) -> float:
    if not value.is_integer():
        raise ValueError(f"must be a whole number, not {value}")
    return value


Text = Annotated[str, BeforeValidator(_some_text)]
Instant = Annotated[datetime, BeforeValidator(_scenario_instant)]
ShortName = Annotated[str, BeforeValidator(_short_name)]
Number = Annotated[float, BeforeValidator(_amount)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Entry):
    """One entry. Without times and calls it always happens.

    `since`/`until` bound the simulator's clock (since <= now < until); `calls` are the places, from
    1 on, among the calls that this entry's feed and operation select.
    """

    kind: Annotated[str, BeforeValidator(_known_kind)] = Field("", validate_default=True)
    feed: Text | None = None
    operation: Text | None = None
    since: Instant | None = Field(None, alias="from")
    until: Instant | None = None
    calls: Annotated[frozenset[int], BeforeValidator(_call_numbers)] = frozenset()
    provinces: frozenset[ShortName] = frozenset()
    retry_after: Number | None = None
    megabytes: Number | None = None
    seconds: Number | None = None
    minutes: Number | None = None
    hours: Annotated[Number, AfterValidator(_whole_amount)] | None = None
    factor: Number | None = None

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        kind = KINDS[self.kind]
        for name in sorted(self.model_fields_set & _OWN - {*kind.fields}):
            raise ValueError(f"unknown field {name!r}; its own are {', '.join(kind.fields) or '-'}")
        if self.feed not in (None, *kind.feeds):
            known = ", ".join(kind.feeds)
            raise ValueError(f"no such fault of feed {self.feed!r}; known: {known}")
        if self.since and self.until and self.until <= self.since:
            raise ValueError("'until' must be later than 'from'")
        if kind.provinces and not self.provinces:
            raise ValueError("'provinces' is needed, e.g. [\"서울\"]")
        return self

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
        """A number of the kind, its default where it was left out."""
        value: float | None = getattr(self, name)
        return KINDS[self.kind].numbers[name] if value is None else value


class _Act(_Entry):
    """An advisory: raised, lowered, cleared where they come."""

    district: ShortName
    zone: Text
    pollutant: Literal["pm10", "pm25", "o3"] = "pm25"
    issued: Instant
    raised: Instant | None = None
    lowered: Instant | None = None
    cleared: Instant | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        times = [self.issued, self.raised, self.lowered, self.cleared]
        present = [time for time in times if time is not None]
        if present != sorted(present):
            raise ValueError("issued, raised, lowered, cleared must follow each other")
        if self.pollutant == "o3" and present[-1] - self.issued > timedelta(days=1):
            raise ValueError("an ozone act lasts a day at most: its list has no day of the end")
        return self


class _YellowDust(_Entry):
    """An act of yellow dust; `areas` such as "서울, 인천"."""

    issued: Instant
    round: Text = "1"
    areas: Text


class _File(_Entry):
    fault: tuple[Fault, ...] = ()
    advisory: tuple[_Act, ...] = ()
    yellow_dust: tuple[_YellowDust, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """The faults of a run, in the order of the file, the acts told by hand."""

    faults: tuple[Fault, ...] = ()
    stories: tuple[Story, ...] = ()
    yellow: tuple[YellowStory, ...] = ()


def load(path: Path) -> Scenario:
    """Read a scenario file; raises `ConfigError` naming file, line and entry."""
    return parse(read_text(path), str(path))


def parse(text: str, where: str = "scenario") -> Scenario:
    """Read scenario text; raises `ConfigError` naming `where`, the line and the entry."""
    data = parse_toml(text, where)
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        path, message = first_problem(error)
        place = located(text, where, path)
        raise ConfigError(_problem(data, path, message), place) from None
    return Scenario(
        faults=file.fault,
        stories=tuple(Story(**act.model_dump()) for act in file.advisory),
        yellow=tuple(YellowStory(act.issued, act.round, act.areas) for act in file.yellow_dust),
    )


def _problem(data: Mapping[str, Any], path: tuple[str | int, ...], message: str) -> str:
    """What is wrong, with the entry it is in: ``fault 2 (late_hour): unknown field 'minuts'``."""
    table = path[0]
    if table not in _File.model_fields:
        known = ", ".join(f"[[{name}]]" for name in _File.model_fields)
        return f"unknown table {table!r}; known are {known}"
    number = path[1] if len(path) > 1 else None
    if not isinstance(number, int) or not isinstance(data[str(table)], list):
        return f"{table} entries are written as [[{table}]] tables"
    entry = data[str(table)][number]
    kind = entry.get("kind") if isinstance(entry, dict) else None
    named = f" ({kind})" if isinstance(kind, str) and kind in KINDS else ""
    key = path[2] if len(path) > 2 else "kind"
    if message == "unknown key":
        message = f"unknown field {key!r}"
    elif key != "kind":
        message = f"{key}: {message}"
    return f"{table} {number + 1}{named}: {message}"
