"""When the law lets the authority act: the criteria of advisories on the hours of a zone.

Clean Air Conservation Act, Enforcement Rule, Table 7, as quoted by air.daegu.go.kr and
gyeongnam.go.kr (read November 2026). The authority may act, it need not: weather counts too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from aq.domain.clock import from_hour_number, kst_day
from aq.domain.model import Advisory
from aq.domain.pollutants import Exact, pollutants, rounded, to_scaled


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Of a pollutant while `until` (inclusive) has not passed: `issue` is the value from which on
    each level may be issued after `hours` in a row, `clear` the one below which level 1 ends;
    a higher level of fine dust ends below the `issue` of the level under it, of ozone below its own
    [the pollutant's unit]."""

    issue: tuple[str, ...]
    clear: str
    hours: int
    digits: int
    until: date | None = None


# The first line that has not ended is the one in force. PM2.5 had 90 and 180 until 2018-06-30: the
# ministry announced on 2018-03-20 that the amended rule (75 and 150) would hold from 1 July on
# (newspim.com/news/view/20180320000064, read November 2026). The gazette was not read, so that acts
# of June and July 2018 are not certain by the day; nor is it confirmed that they ended below 50.
# The limits before 2015 differed by province and are not told here.
CRITERIA: dict[str, tuple[Criteria, ...]] = {
    "pm10": (Criteria(issue=("150", "300"), clear="100", hours=2, digits=0),),
    "pm25": (
        Criteria(issue=("90", "180"), clear="50", hours=2, digits=0, until=date(2018, 6, 30)),
        Criteria(issue=("75", "150"), clear="35", hours=2, digits=0),
    ),
    "o3": (Criteria(issue=("0.12", "0.3", "0.5"), clear="0.12", hours=1, digits=4),),
}
TOLD_SINCE = date(2015, 1, 1)


def criteria_on(key: str, day: date) -> Criteria | None:
    """The criteria of a day; None before `TOLD_SINCE`."""
    if day < TOLD_SINCE:
        return None
    return next(
        criterion
        for criterion in CRITERIA[key]
        if criterion.until is None or day <= criterion.until
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a zone stands at an hour's end: the level the criteria have reached and not left, and
    how many hours in a row the value was at or above the issue value of the level after that (of
    the highest level: of its own)."""

    hour: int
    level: int
    reached: int


def standings(key: str, values: Iterable[tuple[int, Exact | None]]) -> list[Standing]:
    """The standing of each hour, in order; values at the store's scale, None for an hour without.

    An hour without a value ends a run of hours and changes no level. A value is rounded to the
    digits the authority prints (fine dust whole, ozone four) before it is compared.
    """
    pollutant = pollutants()[key]
    level, runs, before = 0, [0, 0, 0], None
    made = []
    for hour, value in values:
        rule = criteria_on(key, kst_day(from_hour_number(hour)))
        if rule is None:
            continue
        if before is not None and hour != before + 1:
            runs = [0, 0, 0]
        before = hour
        if value is None:
            runs = [0, 0, 0]
        else:
            shown = to_scaled(rounded(value, pollutant, rule.digits), pollutant)
            limits = [to_scaled(Decimal(text), pollutant) for text in rule.issue]
            runs = [run + 1 if shown >= at else 0 for run, at in zip(runs, limits, strict=False)]
            clear = to_scaled(Decimal(rule.clear), pollutant)
            level = _after(level, shown, runs, limits, rule, clear)
        following = min(level, len(rule.issue) - 1)
        made.append(Standing(hour=hour, level=level, reached=runs[following]))
    return made


def _after(
    level: int, shown: int, runs: Sequence[int], limits: Sequence[int], rule: Criteria, clear: int
) -> int:
    """The level after an hour: the highest that its run lets be issued, else lowered step by
    step."""
    issued = max((n for n, run in enumerate(runs, start=1) if run >= rule.hours), default=0)
    if issued > level:
        return issued
    # A warning of fine dust ends below the issue value of the advisory, one of ozone below its own.
    under = 2 if rule.hours > 1 else 1
    while level > issued and shown < (clear if level == 1 else limits[level - under]):
        level -= 1
    return level


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A stretch in which the criteria were met: the hour from which on, the hour at which they
    ended (None: not yet), the highest level."""

    begin: int
    end: int | None
    level: int


def crossings(course: Sequence[Standing]) -> list[Crossing]:
    """The stretches of one zone's standings, which must follow each other in time."""
    stretches: list[Crossing] = []
    begin, level = None, 0
    for standing in course:
        if standing.level and begin is None:
            begin = standing.hour
        level = max(level, standing.level)
        if not standing.level and begin is not None:
            stretches.append(Crossing(begin=begin, end=standing.hour, level=level))
            begin, level = None, 0
    if begin is not None:
        stretches.append(Crossing(begin=begin, end=None, level=level))
    return stretches


# An act follows its hour's publication; one from so long before to so long after the criteria's
# first hour is of it.
EARLY, LATE = timedelta(hours=2), timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Acts against criteria: those that met them, acts without, criteria without an act."""

    met: tuple[tuple[Advisory, Crossing], ...]
    without: tuple[Advisory, ...]
    not_come: tuple[Crossing, ...]


def matching(acts: Iterable[Advisory], stretches: Iterable[Crossing]) -> Matching:
    """Pair the acts of a zone with its stretches: each with the first one that it is near to, or in
    which it was issued. A second act in the same stretch (a raised level) is of it too."""
    met: list[tuple[Advisory, Crossing]] = []
    without: list[Advisory] = []
    stretches = list(stretches)
    for act in sorted(acts, key=lambda act: act.issued_at):
        near = next((stretch for stretch in stretches if _near(act.issued_at, stretch)), None)
        if near is None:
            without.append(act)
        else:
            met.append((act, near))
    matched = {stretch.begin for _, stretch in met}
    rest = tuple(stretch for stretch in stretches if stretch.begin not in matched)
    return Matching(met=tuple(met), without=tuple(without), not_come=rest)


def _near(issued: datetime, crossing: Crossing) -> bool:
    begin = from_hour_number(crossing.begin)
    end = from_hour_number(crossing.end) if crossing.end is not None else None
    return begin - EARLY <= issued and (issued <= begin + LATE or end is None or issued < end)
