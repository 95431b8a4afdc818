"""The authority's word from the store: forecasts as of an instant, advisories of now or a year."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

from aq.context import Context
from aq.domain import advisories as story
from aq.domain.clock import day_bounds, day_number, from_day_number, kst, kst_day, kst_iso
from aq.domain.forecast_measures import SEASONS, Measures, Pair, measures, pairs
from aq.domain.forecast_skill import LEADS, Score, scores, total
from aq.domain.forecasts import (
    DayAhead,
    Outlook,
    days_ahead,
    in_force,
    lead_days,
    outlooks,
    three_days,
)
from aq.domain.model import DAILY, OVER_50, Advisory, Day, ForecastNotice
from aq.domain.pollutants import from_scaled, pollutants, rounded
from aq.domain.provinces import BY_CODE, PROVINCES, Province, district_provinces
from aq.domain.report import plain
from aq.feeds.registry import part_of
from aq.store import Connection
from aq.store import notices as official
from aq.store.reads import days as day_rows
from aq.store.rollups import day_grade
from aq.store.runs import feed_states

# Notices of so many days back can still speak of today.
_AHEAD = timedelta(days=7)
# Of these there are forecasts, in four grades of so many days after today.
FORECAST_KEYS = ("pm10", "pm25", "o3")
DAYS_AHEAD = 2
# The authority forecasts daily means of these; of ozone it forecasts the day's highest hour.
VERIFIED = ("pm10", "pm25")
STANDARD = "airkorea"
# The feed of the authority's acts, and its lists by part, each with the pollutants it is of.
ACTS = "airkorea_alarm"
ACT_LISTS = {"dust": {"pm10", "pm25"}, "ozone": {"o3"}}
OVER = 50  # µg/m³
ABOVE = 2  # the grade of a notice of PM2.5 above 50 µg/m³


def forecast_notices(context: Context, issued: datetime) -> list[ForecastNotice]:
    """The notices that counted at an instant, for its KST day and the days after it."""
    today = kst_day(issued)
    with context.store.read() as connection:
        notices = official.forecasts(connection, (today, today + _AHEAD), issued_until=issued)
    return in_force(notice for notice in notices if notice.kind != OVER_50)


def over_50_notices(context: Context, issued: datetime) -> tuple[ForecastNotice, ...]:
    """Where PM2.5 was forecast above 50 µg/m³ at an instant, for its KST day and the days after."""
    today = kst_day(issued)
    with context.store.read() as connection:
        notices = official.forecasts(
            connection, (today, today + _AHEAD), kind=OVER_50, issued_until=issued
        )
    return tuple(in_force(notices))


def over_50_codes(context: Context, now: datetime) -> dict[str, frozenset[str]]:
    """By day (ISO) the codes of the provinces forecast above 50 µg/m³ by now."""
    return {
        notice.day.isoformat(): frozenset(
            outlook.province.code for outlook in outlooks(notice) if outlook.grade == ABOVE
        )
        for notice in over_50_notices(context, now)
    }


def coming_days(
    context: Context, now: datetime, pollutant: str, count: int = DAYS_AHEAD
) -> tuple[DayAhead, ...]:
    """Tomorrow and the day after as forecast by now; no days of what is never forecast."""
    if pollutant not in FORECAST_KEYS:
        return ()
    return days_ahead(forecast_notices(context, now), pollutant, kst(now).date(), count)


def next_days(context: Context, now: datetime, pollutant: str) -> tuple[DayAhead, ...]:
    """The three days a reader asks for now, today first until the evening; none of what is never
    forecast and none where no notice speaks of any of them."""
    if pollutant not in FORECAST_KEYS:
        return ()
    days = three_days(forecast_notices(context, now), pollutant, now)
    return days if any(day.notice for day in days) else ()


def forecast_answer(
    context: Context, issued: datetime, provinces: Sequence[Province], keys: Sequence[str]
) -> dict[str, Any]:
    """What was forecast at an instant: an item per notice and province, and the notices' texts."""
    every = (*forecast_notices(context, issued), *over_50_notices(context, issued))
    notices = [notice for notice in every if notice.pollutant in keys]
    simulated = context.store.simulated()
    items = [
        {**_item(outlook), "simulated": simulated}
        for notice in notices
        for outlook in outlooks(notice)
        if outlook.province in provinces
    ]
    return {
        "issued": kst_iso(issued),
        "items": items,
        "notices": [_notice(notice) for notice in notices],
    }


def _item(outlook: Outlook) -> dict[str, Any]:
    daily = outlook.notice.kind == DAILY
    return {
        "province": outlook.province.ko,
        "code": outlook.province.code,
        "pollutant": outlook.notice.pollutant,
        "day": outlook.notice.day.isoformat(),
        "lead_days": lead_days(outlook.notice),
        "issued_at": kst_iso(outlook.notice.issued_at),
        "grade": outlook.grade,
        "levels": 4 if daily else 2,
        "letter": "ABCD"[outlook.grade - 1] if outlook.grade and daily else None,
        "label": outlook.word,
        "parts": [
            {"region": part.region, "label": part.word, "grade": part.grade}
            for part in outlook.parts
        ],
        "feed": "airkorea_forecast",
        "kind": outlook.notice.kind,
    }


def _notice(notice: ForecastNotice) -> dict[str, Any]:
    return {
        "kind": notice.kind,
        "pollutant": notice.pollutant,
        "day": notice.day.isoformat(),
        "issued_at": kst_iso(notice.issued_at),
        "overall": notice.overall,
        "cause": notice.cause,
        "confidence": notice.confidence or None,
    }


def advisories_now(context: Context, now: datetime) -> list[Advisory]:
    """What is in force: one per zone, worst first."""
    with context.store.read() as connection:
        acts = official.advisories(connection, now - timedelta(hours=1), now)
    return story.in_force(acts, now)


def advisories_over(
    context: Context,
    codes: tuple[str, ...],
    pollutant: str,
    after: datetime,
    until: datetime,
    as_of: int | None = None,
) -> tuple[Advisory, ...]:
    """A pollutant's advisories in force at any time of a range in some provinces, oldest first.

    Known now, or at the store version `as_of`.
    """
    with context.store.read() as connection:
        acts = official.advisories(connection, after, until, version=as_of)
    return tuple(
        act
        for act in acts
        if act.pollutant == pollutant
        and any(place.code in codes for place in district_provinces(act.district))
    )


def marked(context: Context, now: datetime) -> dict[str, tuple[Advisory, ...]]:
    """By province code what is in force there, of any pollutant, worst first."""
    by_code: dict[str, tuple[Advisory, ...]] = {}
    for act in advisories_now(context, now):
        for province in district_provinces(act.district):
            by_code[province.code] = (*by_code.get(province.code, ()), act)
    return by_code


@dataclass(frozen=True, slots=True)
class Year:
    """The advisories issued in a KST year, newest first, and how many by province."""

    year: int
    rows: tuple[Advisory, ...]

    @property
    def counts(self) -> dict[Province, Counter[str]]:
        """Advisories by province and kind, in page-header order; all 17."""
        by_province: dict[Province, Counter[str]] = {province: Counter() for province in PROVINCES}
        for act in self.rows:
            for province in district_provinces(act.district):
                by_province[province][act.word] += 1
        return by_province


def advisories_of(context: Context, year: int, now: datetime) -> Year:
    """The list of a year as known now."""
    after = day_bounds(date(year, 1, 1))[0]
    until = min(day_bounds(date(year, 12, 31))[1], now)
    acts: list[Advisory] = []
    if after < until:
        with context.store.read() as connection:
            acts = official.advisories(
                connection, after, until, issued_after=after - timedelta(microseconds=1)
            )
    return Year(year, tuple(act for act in reversed(acts) if kst(act.issued_at).year == year))


def lists_lacking(context: Context, rows: Iterable[Advisory]) -> list[str]:
    """Which of the authority's lists of acts (`ACT_LISTS`) have never been received: none of their
    acts is known, which is not to say that there was none."""
    states = feed_states(context.store)
    known = {row.pollutant for row in rows}
    return [
        part
        for part, keys in ACT_LISTS.items()
        if not known & keys and getattr(states.get(part_of(ACTS, part)), "last_ok", None) is None
    ]


def advisory_years(context: Context) -> list[int]:
    """The years there are advisories of, newest first."""
    with context.store.read() as connection:
        bounds = official.advisory_span(connection)
    if bounds is None:
        return []
    first, last = (kst(bound).year for bound in bounds)
    return list(range(last, first - 1, -1))


def advisory_items(rows: Iterable[Advisory], now: datetime) -> list[dict[str, Any]]:
    """Advisories in JSON's types."""
    return [
        {
            "provinces": [province.ko for province in district_provinces(row.district)],
            "codes": [province.code for province in district_provinces(row.district)],
            "district": row.district,
            "zone": row.zone,
            "pollutant": row.pollutant,
            "level": story.known_level(row),
            "label": row.word,
            "issued_at": kst_iso(row.issued_at),
            "issue_value": value(row, row.issue_value),
            "cleared_at": kst_iso(row.cleared_at) if row.cleared_at else None,
            "clear_value": value(row, row.clear_value),
            "max_value": value(row, row.max_value),
            "unit": pollutants()[row.pollutant].unit,
            "in_force": story.holds(row, now),
            "feed": "airkorea_alarm",
        }
        for row in rows
    ]


def value(row: Advisory, scaled: int | None) -> float | None:
    """A value of an advisory in its pollutant's unit."""
    if scaled is None:
        return None
    return float(from_scaled(scaled, pollutants()[row.pollutant]))


def forecast_scores(context: Context, first: date, last: date) -> list[Score]:
    """How good the forecasts of some days were, by province, pollutant and lead."""
    with context.store.read() as connection:
        notices = official.forecasts(connection, (first, last), kind=DAILY)
        observed = _observed(context, connection, first, last)
    return scores([notice for notice in notices if notice.pollutant in VERIFIED], observed)


def over_50_scores(context: Context, first: date, last: date) -> list[Score]:
    """How good the notices of PM2.5 above 50 µg/m³ of some days were, by province and lead: bad is
    a daily mean above 50, whole as it is printed, of a day with enough hours."""
    with context.store.read() as connection:
        notices = official.forecasts(connection, (first, last), kind=OVER_50)
        rolls = _day_rolls(context, connection, ("pm25",), first, last)
    needed = ceil(context.standards[STANDARD].complete * 24)
    observed = {}
    for place, roll in rolls.items():
        if roll.values and roll.hours >= needed:
            mean = rounded(Fraction(roll.total, roll.values), pollutants()["pm25"], 0)
            observed[place] = ABOVE if mean > OVER else 1
    return scores(notices, observed, ABOVE)


def over_50_items(context: Context, first: date, last: date) -> list[dict[str, Any]]:
    """`over_50_scores` of all provinces together, by lead, in JSON's types."""
    names = ("days", "hits", "misses", "false_alarms", "same")
    return [
        {"pollutant": key, "lead_days": lead, **dict(zip(names, counts, strict=True))}
        for (key, lead), counts in sorted(total(over_50_scores(context, first, last)).items())
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The measures of a pollutant and lead: of all provinces, of one, or of one season."""

    pollutant: str
    lead: int
    province: Province | None
    season: str | None
    measures: Measures


def forecast_groups(context: Context, first: date, last: date) -> list[Group]:
    """The measures of some days' forecasts by pollutant and lead: together, by season, by
    province."""
    with context.store.read() as connection:
        notices = official.forecasts(connection, (first, last), kind=DAILY)
        before = first - timedelta(days=max(LEADS) + 1)
        observed = _observed(context, connection, before, last)
    groups: dict[tuple[str, int, str | None, str | None], list[Pair]] = {}
    for pair in pairs([notice for notice in notices if notice.pollutant in VERIFIED], observed):
        season = SEASONS[pair.day.month]
        for place in ((None, None), (None, season), (pair.province, None)):
            groups.setdefault((pair.pollutant, pair.lead, *place), []).append(pair)
    return [
        Group(
            pollutant=key,
            lead=lead,
            province=BY_CODE[code] if code else None,
            season=season,
            measures=measures(those),
        )
        for (key, lead, code, season), those in groups.items()
    ]


def group_items(groups: Iterable[Group]) -> list[dict[str, Any]]:
    """The measures in JSON's types."""
    return [
        {
            "pollutant": group.pollutant,
            "lead_days": group.lead,
            "province": group.province.ko if group.province else None,
            "season": group.season,
            **plain(group.measures),
        }
        for group in groups
    ]


def _observed(
    context: Context, connection: Connection, first: date, last: date
) -> dict[tuple[str, str, date], int]:
    """By province code, pollutant and day the grade of the day's mean by the forecast's own cut
    points (standard `airkorea`, daily means), of the most preferred feed that has the day and is
    no model."""
    standard = context.standards[STANDARD]
    observed = {}
    for place, roll in _day_rolls(context, connection, VERIFIED, first, last).items():
        grade = day_grade(standard, place[1], roll.total, roll.values, roll.hours)
        if grade is not None:
            observed[place] = grade
    return observed


def _day_rolls(
    context: Context, connection: Connection, keys: Sequence[str], first: date, last: date
) -> dict[tuple[str, str, date], Day]:
    """By province code, pollutant and day the pooled day of the most preferred feed that has it and
    is no model."""
    measured = context.settings.selection.measured
    rolls: dict[tuple[str, str, date], Day] = {}
    everywhere = [province.id for province in PROVINCES]
    for key in keys:
        rows = day_rows(connection, key, everywhere, day_number(first), day_number(last))
        for (province, day), roll in measured.of_days(rows).items():
            rolls[PROVINCES[province - 1].code, key, from_day_number(day)] = roll
    return rolls
