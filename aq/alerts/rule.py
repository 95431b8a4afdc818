"""What a rule says and what it must not say: fields, checks with field and reason, TOML's form."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aq.domain.clock import kst
from aq.domain.errors import InputError
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, find_province
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL
from aq.domain.zones import KINDS, Zone, zones_named
from aq.i18n import N_

LONGEST_HOURS = 168
# Upstream lists advisories of these; fields by which hours are judged mean nothing there.
OFFICIAL = ("pm10", "pm25", "o3")
# An official rule may also tell acts of yellow dust, which upstream lists apart.
YELLOW_DUST = "yellow_dust"
HOURLY = (
    *("feed", "watch", "standard", "over", "zones"),
    *("threshold", "for", "clear_below", "clear_for"),
)
# Kinds that speak of the program itself and of no place or pollutant.
# Fields by which the others are judged.
DECIDING = frozenset({"kind", "pollutant", "watch", "standard", "over", "rule"})
PLACELESS = ("data_late", "watchdog")
_CLOCK_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
Severity = Literal["notice", "warning", "alarm", "emergency"]
# The least first. CAP calls them Minor, Moderate, Severe, Extreme.
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


def _number(value: object) -> object:
    """Floats by their printed digits: 0.12 is 0.12."""
    return Decimal(repr(value)) if isinstance(value, float) else value


Number = Annotated[Decimal, BeforeValidator(_number), Field(allow_inf_nan=False)]


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, str_strip_whitespace=True
    )


class Quiet(_Model):
    """Hours of rest on the Korean clock, from `start` to `end`, over midnight when end is earlier.

    `days` are the weekdays on which they start. `then` says what becomes of messages: `hold` sends
    each when the quiet ends, `digest` one summary of all, `send_above` sends at once what is at
    least as severe as `above` and holds the rest.
    """

    start: str = Field(pattern=_CLOCK_TIME)
    end: str = Field(pattern=_CLOCK_TIME)
    days: tuple[Weekday, ...] = WEEKDAYS
    then: Literal["hold", "digest", "send_above"] = "hold"
    above: Severity = "alarm"

    def until(self, moment: datetime) -> datetime | None:
        """The end of the quiet that `moment` lies in; None outside."""
        local = kst(moment)
        start, end = time.fromisoformat(self.start), time.fromisoformat(self.end)
        for day in (local.date(), local.date() - timedelta(days=1)):
            if WEEKDAYS[day.weekday()] not in self.days:
                continue
            begins = datetime.combine(day, start, local.tzinfo)
            ends = datetime.combine(day + timedelta(days=end <= start), end, local.tzinfo)
            if begins <= local < ends:
                return ends
        return None


class Rule(_Model):
    """A rule as a person writes it. The value fires at or over `threshold`, clears below
    `clear_below`; both in the pollutant's unit, as a grade, as an index, or in hours.

    A rule of kind `official` watches what the authority itself does, and has neither; with
    ``pollutant = "yellow_dust"`` it tells each act of yellow dust once. A rule of kind `watchdog`
    always fires, and is told again every `repeat_hours`: who misses it knows that the alerts have
    died.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    name: str = Field(min_length=1, max_length=80)
    kind: Literal["air", "data_late", "official", "watchdog"] = "air"
    provinces: tuple[str, ...] = ()
    feed: str = ""
    pollutant: str = "pm10"
    watch: Literal["value", "grade", "index"] = "value"
    standard: str = "airkorea_1h"
    over: Literal["mean", "any_station", "zone"] = "mean"
    zones: tuple[str, ...] = ()
    threshold: Number | None = None
    for_hours: int = Field(1, alias="for", ge=1, le=LONGEST_HOURS)
    clear_below: Number | None = None
    clear_for: int = Field(1, ge=1, le=LONGEST_HOURS)
    severity: Severity = "warning"
    quiet: Quiet | None = None
    repeat_hours: int | None = Field(None, ge=1, le=LONGEST_HOURS)
    channels: tuple[str, ...] = ()
    language: Literal["ko", "en"] = "ko"
    enabled: bool = Field(True, strict=True)
    note: str = Field("", max_length=2000)

    @property
    def rank(self) -> int:
        """The severity as a number, 1 the least."""
        return SEVERITIES.index(self.severity) + 1

    @property
    def places(self) -> tuple[str, ...]:
        """Codes of the provinces it judges, in page-header order; none for a feed."""
        if self.kind in PLACELESS:
            return ()
        return tuple(code for code in BY_CODE if not self.provinces or code in self.provinces)

    @property
    def one_shot(self) -> bool:
        """Whether what it tells has no end: an act of yellow dust is told once, and that is all."""
        return self.kind == "official" and self.pollutant == YELLOW_DUST

    @property
    def pollutant_told(self) -> str | None:
        """The pollutant it is about; None of a feed, of the program, and of yellow dust."""
        return None if self.kind in PLACELESS or self.one_shot else self.pollutant

    @property
    def family(self) -> tuple[str, ...]:
        """Rules of one family watch the same thing at different levels: the higher mutes."""
        standard = "" if self.watch == "value" else self.standard
        return self.kind, self.pollutant, self.watch, standard, self.over, self.feed

    @cached_property
    def levels(self) -> tuple[int, int]:
        """(threshold, clear level) in the integers of `Point.value`; none of an official rule."""
        if self.threshold is None or self.clear_below is None:
            raise ValueError(f"rule {self.id} watches official acts: it has no levels")
        return self.scaled(self.threshold), self.scaled(self.clear_below)

    @property
    def scale(self) -> int:
        """Integers per unit of what is watched."""
        pollutant = self.pollutant_told if self.watch == "value" else None
        return pollutants()[pollutant].scale if pollutant else 1

    def scaled(self, value: Decimal) -> int:
        """The smallest integer at or over a level of this rule."""
        return int((value * self.scale).to_integral_value(ROUND_CEILING))

    def as_body(self) -> dict[str, Any]:
        """All fields in JSON's and TOML's types, in the order above, absent ones left out."""
        fields = self.model_dump(mode="python", by_alias=True, exclude_none=True)
        for key in ("threshold", "clear_below") if "threshold" in fields else ():
            whole = fields[key] == fields[key].to_integral_value()
            fields[key] = int(fields[key]) if whole else float(fields[key])
        for key in ("provinces", "zones", "channels"):
            fields[key] = list(getattr(self, key))
        if not self.zones:
            del fields["zones"]
        if self.quiet:
            fields["quiet"]["days"] = list(self.quiet.days)
        alien: tuple[str, ...] = HOURLY if self.kind in ("official", "watchdog") else ()
        if self.kind == "watchdog":
            alien = (*alien, "pollutant", "provinces")
        return {key: value for key, value in fields.items() if key not in alien}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a rule may speak of: standards by name, names of channels and of feeds, zones."""

    standards: Mapping[str, Standard] = dataclasses.field(default_factory=dict)
    channels: Collection[str] = ()
    feeds: Collection[str] = ("archive", "airkorea", "openmeteo")
    zones: Collection[Zone] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field: an English message for the catalogue, and what fills it."""

    field: str
    message: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.field}: {self.message.format(**self.values)}"


# The form that a field is expected in.
FORMS: Mapping[str, str] = {
    "id": N_("must be small letters, digits and -, at most 40, like pm10-gyeonggi"),
    "name": N_("must be a text of 1 to 80 characters"),
    "note": N_("must be a text of at most 2,000 characters"),
    "kind": N_('must be "air", "data_late", "official" or "watchdog"'),
    "provinces": N_('must be a list of names or codes, like ["서울", "KR-41"]; [] is all 17'),
    "feed": N_('must be the name of a feed, like "airkorea"'),
    "pollutant": N_('must be a pollutant, like "pm25"'),
    "watch": N_('must be "value", "grade" or "index"'),
    "standard": N_('must be the name of a standard, like "airkorea_1h"'),
    "over": N_('must be "mean", "any_station" or "zone"'),
    "zones": N_('must be a list of zones, like ["경기 중부권", "pm-41-02"]; [] is every zone'),
    "threshold": N_("must be a number, like 75"),
    "clear_below": N_("must be a number, like 35"),
    "for": N_("must be hours in a row from 1 to 168, like 2"),
    "clear_for": N_("must be hours in a row from 1 to 168, like 2"),
    "repeat_hours": N_("must be hours from 1 to 168, like 6; without the line nothing is repeated"),
    "severity": N_('must be "notice", "warning", "alarm" or "emergency"'),
    "channels": N_('must be a list of channel names, like ["duty"]'),
    "language": N_('must be "ko" or "en"'),
    "enabled": N_("must be true or false"),
    "quiet": N_('must be a table, like { start = "22:00", end = "07:00" }'),
    "quiet.start": N_('must be a time of day, like "22:00"'),
    "quiet.end": N_('must be a time of day, like "07:00"'),
    "quiet.days": N_('must be a list of weekdays, like ["mon", "fri"]'),
    "quiet.then": N_('must be "hold", "digest" or "send_above"'),
    "quiet.above": N_('must be "notice", "warning", "alarm" or "emergency"'),
}


def parse_rule(body: Mapping[str, Any], known: Known, where: str = "") -> Rule:
    """The rule a body says; raises `InputError` with the first field that is wrong and why."""
    rule, found = problems(body, known)
    if rule is None or found:
        name = body.get("id")
        place = where or (f"rule {name!r}" if name else "rule")
        raise InputError("; ".join([f"{place}: {one}" for one in found]), found[0].field)
    return rule


def problems(body: Mapping[str, Any], known: Known) -> tuple[Rule | None, list[Problem]]:
    """(the rule, nothing), or (None, everything that is wrong), field by field."""
    given, found = _with_codes(body)
    given, unknown = _with_zones(given, known)
    found += unknown
    try:
        rule = Rule.model_validate(given)
    except ValidationError as error:
        translated = (_translated(one) for one in error.errors(include_url=False))
        wrong = {problem.field: problem for problem in translated}
        return None, [*found, *wrong.values(), *_beside(given, wrong, known)]
    found += _judged(rule, known)
    return (None if found else rule), found


def _judged(rule: Rule, known: Known) -> list[Problem]:
    """What is wrong with a rule whose fields each have their form."""
    found = [*_names(rule, known), *_zone_problems(rule), *_quiet_problems(rule)]
    kinds = {"official": _official, "watchdog": _watchdog}
    return found + (kinds[rule.kind](rule) if rule.kind in kinds else _levels(rule, known))


def _beside(body: Mapping[str, Any], wrong: Collection[str], known: Known) -> list[Problem]:
    """What else is wrong beside fields without their form, so that every wrong line is named at
    once; nothing where one of those says what the others mean."""
    fields = {field.partition(".")[0] for field in wrong}
    if fields & DECIDING:
        return []
    rest = {name: value for name, value in body.items() if name not in fields}
    rule = Rule.model_validate({"id": "rule", "name": "rule", **rest})
    return [problem for problem in _judged(rule, known) if problem.field not in fields]


def _with_codes(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """(the body with provinces as codes, names that are none); `all` becomes none named."""
    given = body.get("provinces", ())
    if given == "all":
        return {**body, "provinces": ()}, []
    if isinstance(given, str) or not isinstance(given, Collection):
        return {**body, "provinces": given}, []
    codes, wrong = set(), []
    for name in given:
        try:
            codes.add(find_province(str(name)).code)
        except InputError as error:
            wrong.append(Problem("provinces", "{reason}", {"reason": str(error)}))
    return {**body, "provinces": tuple(code for code in BY_CODE if code in codes)}, wrong


def _with_zones(body: dict[str, Any], known: Known) -> tuple[dict[str, Any], list[Problem]]:
    """(the body with zones by province and name, names of none or of several)."""
    given, kind = body.get("zones"), KINDS.get(str(body.get("pollutant", "pm10")))
    if isinstance(given, str) or not isinstance(given, Collection) or kind is None:
        return body, []
    names, wrong = [], []
    for text in given:
        there = zones_named((zone for zone in known.zones if zone.kind == kind), str(text))
        found = sorted({zone.full_name for zone in there})
        if len(found) == 1:
            names.append(found[0])
        elif found:
            values = {"name": text, "zones": ", ".join(found)}
            wrong.append(Problem("zones", N_("several zones are called {name}: {zones}"), values))
        else:
            form = N_('unknown zone {name}: province and name are expected, like "경기 중부권"')
            wrong.append(Problem("zones", form, {"name": text}))
    return {**body, "zones": tuple(dict.fromkeys(names))}, wrong


def _translated(error: Any) -> Problem:
    where = ".".join(str(part) for part in error["loc"] if not isinstance(part, int)) or "rule"
    if error["type"] == "missing":
        return Problem(where, N_("is missing"))
    if error["type"] == "extra_forbidden":
        return Problem(where, N_("is not a field of a rule"))
    if where in FORMS:
        return Problem(where, FORMS[where])
    return Problem(where, "{reason}", {"reason": error["msg"].removeprefix("Value error, ")})


# What a rule names that is not there.
UNKNOWN: Mapping[str, str] = {
    "channels": N_("unknown channel {name}; known are {known}"),
    "feed": N_("unknown feed {name}; known are {known}"),
    "pollutant": N_("unknown pollutant {name}; known are {known}"),
    "standard": N_("unknown standard {name}; known are {known}"),
}


def _unknown(field: str, names: Iterable[str], known: Collection[str]) -> list[Problem]:
    """The names that are none of the known."""
    told = ", ".join(known) or "–"
    return [
        Problem(field, UNKNOWN[field], {"name": name, "known": told})
        for name in names
        if name not in known
    ]


def _names(rule: Rule, known: Known) -> list[Problem]:
    wrong = _unknown("channels", rule.channels, sorted(known.channels))
    if len(set(rule.channels)) < len(rule.channels):
        wrong.append(Problem("channels", N_("names a channel twice")))
    if rule.kind == "data_late":
        wrong += _unknown("feed", [rule.feed] if rule.feed else [], known.feeds)
    if rule.kind in PLACELESS:
        return wrong
    if rule.kind != "official":
        wrong += _unknown("pollutant", [rule.pollutant], (*pollutants(), OVERALL))
    if rule.watch != "value":
        wrong += _unknown("standard", [rule.standard], known.standards)
    return wrong


def _zone_problems(rule: Rule) -> list[Problem]:
    wrong: list[Problem] = []
    if rule.kind != "air":
        return wrong
    if rule.over == "zone" and rule.pollutant not in KINDS:
        values = {"known": ", ".join(KINDS)}
        wrong.append(Problem("over", N_("there are zones of {known} alone"), values))
    if rule.zones and rule.over != "zone":
        wrong.append(Problem("zones", N_('belongs to a rule with over = "zone"')))
    if rule.zones and rule.provinces:
        wrong.append(Problem("zones", N_("name provinces or zones, not both")))
    return wrong


def _quiet_problems(rule: Rule) -> list[Problem]:
    quiet = rule.quiet
    if quiet is None:
        return []
    wrong = []
    if quiet.start == quiet.end:
        wrong.append(Problem("quiet.end", N_("is the same as the start: the quiet has no end")))
    if not quiet.days:
        wrong.append(Problem("quiet.days", N_("names no weekday")))
    return wrong


def _official(rule: Rule) -> list[Problem]:
    """An authority's acts come as they are, each told once: nothing there is measured by hours."""
    given = {"for" if name == "for_hours" else name for name in rule.model_fields_set}
    alien = N_("does not belong to a rule that watches official acts")
    if rule.one_shot:
        alien = N_("an act of yellow dust has no level and no end, and is told once")
    wrong = [Problem(name, alien) for name in (*HOURLY, "repeat_hours") if name in given]
    if rule.pollutant not in OFFICIAL and not rule.one_shot:
        values = {"known": ", ".join((*OFFICIAL, YELLOW_DUST))}
        wrong.append(Problem("pollutant", N_("official advisories are of {known}"), values))
    return wrong


def _watchdog(rule: Rule) -> list[Problem]:
    """It needs its interval; nothing else of it can be watched."""
    given = {"for" if name == "for_hours" else name for name in rule.model_fields_set}
    wrong = [
        Problem(name, N_("does not belong to a watchdog"))
        for name in (*HOURLY, "provinces", "pollutant")
        if name in given and (name != "provinces" or rule.provinces)
    ]
    if rule.repeat_hours is None:
        wrong.append(Problem("repeat_hours", N_("is missing")))
    return wrong


def _levels(rule: Rule, known: Known) -> list[Problem]:
    if rule.threshold is None or rule.clear_below is None:
        names = ("threshold", "clear_below")
        return [Problem(name, N_("is missing")) for name in names if getattr(rule, name) is None]
    if rule.clear_below > rule.threshold:
        return [
            Problem(
                "threshold",
                N_("{threshold} lies below the clear level {clear}"),
                {"threshold": rule.threshold, "clear": rule.clear_below},
            )
        ]
    if rule.kind == "data_late":
        return _bounds(rule, Decimal(1), Decimal(LONGEST_HOURS))
    if rule.watch != "value":
        standard = known.standards.get(rule.standard)
        return _graded_levels(rule, standard) if standard else []
    if rule.pollutant == OVERALL:
        return [Problem("pollutant", N_("the index has no value of its own: watch its grade"))]
    one = pollutants().get(rule.pollutant)
    return _bounds(rule, one.low, one.high) if one else []


def _graded_levels(rule: Rule, standard: Standard) -> list[Problem]:
    if rule.pollutant not in standard.keys:
        return [Problem("pollutant", N_("is not graded by this standard"))]
    if rule.over != "mean" and standard.averaging(rule.pollutant) != "1h":
        return [Problem("over", N_("single stations and zones are graded by hourly values only"))]
    if rule.watch == "grade":
        return _bounds(rule, Decimal(1), Decimal(len(standard.levels)))
    tops = [level.index[1] for level in standard.levels if level.index]
    if not tops:
        return [Problem("watch", N_("this standard has no index"))]
    return _bounds(rule, Decimal(0), Decimal(max(tops)))


def _bounds(rule: Rule, low: Decimal, high: Decimal) -> list[Problem]:
    """`low` and `high` are the least and the highest that what is watched can be."""
    if rule.threshold is None or rule.clear_below is None:
        return []
    limits = (
        ("threshold", rule.threshold > high, N_("can never fire: at most {high} is possible")),
        ("threshold", rule.threshold <= low, N_("would always fire: {low} is the least")),
        ("clear_below", rule.clear_below <= low, N_("can never clear: nothing is below {low}")),
    )
    values = {"low": low, "high": high}
    return [Problem(field, message, values) for field, wrong, message in limits if wrong]
