"""A standard is data: breakpoints, rounding, levels with their words and colours; here it grades.

Values come as the store's scaled integers. A value is first rounded to the standard's own precision
(80.4 µg/m³ of PM10 is 80, 80.5 is 81), which is folded into the cut points, so that grading a value
is one bisection over integers.
"""

import hashlib
import json
import tomllib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aq.colour import too_alike
from aq.errors import ConfigError
from aq.toml_lines import line_of
from aq.units import pollutants

AVERAGING = ("1h",)
ROUNDING = ("half_up", "truncate")
_STANDARD_KEYS = frozenset(
    {"id", "version", "family", "title", "valid_from", "valid_until", "source", "unverified"}
    | {"levels", "pollutants"}
)
_LEVEL_KEYS = frozenset({"letter", "label", "colour", "text_colour"})
_POLLUTANT_KEYS = frozenset({"unit", "averaging", "digits", "rounding", "upto"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of a standard, with its letter, words and colours (#RRGGBB)."""

    letter: str
    labels: Mapping[str, str]
    colour: str
    text_colour: str

    def label(self, lang: str) -> str:
        """The level's word in a language."""
        return self.labels[lang]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakpoints:
    """How one pollutant is graded.

    Attributes
    ----------
    unit, averaging : of the values that may be graded
    upto : the last value [unit] of each level but the highest, at `digits` decimals
    cuts : the largest stored integer of each of those levels, with the rounding folded in
    """

    unit: str
    averaging: str
    digits: int
    rounding: str
    upto: tuple[Decimal, ...]
    cuts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A grading standard, as its file says; `hash` is of the content, not of its layout."""

    id: str
    version: str
    family: str
    titles: Mapping[str, str]
    valid_from: date
    valid_until: date | None
    source: str
    unverified: str | None
    levels: tuple[Level, ...]
    pollutants: Mapping[str, Breakpoints]
    hash: str

    def grade(self, key: str, scaled: int, averaging: str) -> int | None:
        """1 … n for a stored integer of this averaging time; None where no breakpoints are made
        for it, and for a negative value."""
        points = self.pollutants.get(key)
        if points is None or points.averaging != averaging or scaled < 0:
            return None
        return bisect_left(points.cuts, scaled) + 1

    def level(self, grade: int) -> Level:
        """The level of a grade from 1 to n."""
        return self.levels[grade - 1]

    def averaging(self, key: str) -> str | None:
        """The averaging time of the values this standard grades for a pollutant."""
        points = self.pollutants.get(key)
        return points.averaging if points else None


def last_of_level(upto: Decimal, scale: int, digits: int, rounding: str) -> int:
    """The largest stored integer that, rounded to `digits` decimals, is not above `upto`.

    With halves up the next level begins at half a step above `upto`, truncated at a whole step.
    """
    step = Decimal(1).scaleb(-digits)
    begins = upto + (step / 2 if rounding == "half_up" else step)
    exact = begins * scale
    # The first integer of the next level is the ceiling of `exact`.
    return int(exact.to_integral_value("ROUND_CEILING")) - 1


def parse_standard(text: str, where: str) -> Standard:
    """A standard from TOML text; raises `ConfigError` with the line of what is wrong."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not readable as TOML: {error}", where) from None

    def refuse(message: str, *path: str) -> ConfigError:
        line = line_of(text, path)
        return ConfigError(message, f"{where}:{line}" if line else where)

    _check_keys(data, _STANDARD_KEYS, refuse)
    try:
        levels = tuple(_level(one, refuse) for one in data["levels"])
        points = {
            key: _breakpoints(key, one, len(levels), refuse)
            for key, one in data["pollutants"].items()
        }
        made = Standard(
            id=data["id"],
            version=data["version"],
            family=data.get("family", data["id"]),
            titles=MappingProxyType(data["title"]),
            valid_from=data["valid_from"],
            valid_until=data.get("valid_until"),
            source=data["source"].strip(),
            unverified=data.get("unverified"),
            levels=levels,
            pollutants=MappingProxyType(points),
            hash=hashlib.sha256(_canonical(data).encode()).hexdigest(),
        )
    except KeyError as error:
        raise refuse(f"{error.args[0]} is missing") from None
    _check_colours(levels, refuse)
    return made


def _canonical(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, default=str)


def _check_keys(found: Mapping[str, Any], known: frozenset[str], refuse: Any, *path: str) -> None:
    for key in found:
        if key not in known:
            raise refuse(f"unknown key {key!r}; known are {', '.join(sorted(known))}", *path, key)


def _level(data: Mapping[str, Any], refuse: Any) -> Level:
    _check_keys(data, _LEVEL_KEYS, refuse, "levels")
    return Level(
        letter=data["letter"],
        labels=MappingProxyType(data["label"]),
        colour=data["colour"],
        text_colour=data["text_colour"],
    )


def _breakpoints(key: str, data: Mapping[str, Any], levels: int, refuse: Any) -> Breakpoints:
    path = ("pollutants", key)
    pollutant = pollutants().get(key)
    if pollutant is None:
        raise refuse(f"unknown pollutant {key!r}; known are {', '.join(pollutants())}", *path)
    _check_keys(data, _POLLUTANT_KEYS, refuse, *path)
    if data["unit"] != pollutant.unit:
        raise refuse(f"{key} is kept in {pollutant.unit}", *path, "unit")
    for name, known in (("averaging", AVERAGING), ("rounding", ROUNDING)):
        if data[name] not in known:
            raise refuse(f"{name} {data[name]!r}; known are {', '.join(known)}", *path, name)
    upto = tuple(Decimal(value) for value in data["upto"])
    if len(upto) != levels - 1:
        raise refuse(f"{levels} levels need {levels - 1} values of upto", *path, "upto")
    if any(after <= before for before, after in zip((Decimal(-1), *upto), upto, strict=False)):
        raise refuse("upto must rise from level to level: gap or overlap", *path, "upto")
    digits, rounding = data["digits"], data["rounding"]
    if any(value != round(value, digits) for value in upto):
        raise refuse(f"upto has more than {digits} decimals", *path, "upto")
    cuts = tuple(last_of_level(value, pollutant.scale, digits, rounding) for value in upto)
    return Breakpoints(
        unit=data["unit"],
        averaging=data["averaging"],
        digits=digits,
        rounding=rounding,
        upto=upto,
        cuts=cuts,
    )


def _check_colours(levels: Sequence[Level], refuse: Any) -> None:
    problem = too_alike([level.colour for level in levels])
    if problem:
        raise refuse(problem, "levels")


def load_standards(folder: Path) -> dict[str, Standard]:
    """All standards of a folder by id; raises `ConfigError` naming file and line."""
    found: dict[str, Standard] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            one = parse_standard(path.read_text("utf-8"), str(path))
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from None
        if one.id != path.stem:
            raise ConfigError(f"id {one.id!r} differs from the file's name", str(path))
        found[one.id] = one
    if not found:
        raise ConfigError("holds no standard", str(folder))
    return found
