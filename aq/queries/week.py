"""A province's last days by the hour, and whether an hour is usual for its month."""

import math
from collections import defaultdict
from datetime import date, datetime

import pandas as pd

from aq.context import Context
from aq.domain.clock import (
    day_hours,
    day_number,
    day_of,
    floor_hour,
    from_day_number,
    hour_number,
    kst_day,
    month_end,
)
from aq.domain.model import Advisory
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.queries.frames import line
from aq.queries.live import LineHour, Usual, Week
from aq.queries.official import advisories_over
from aq.queries.rhythm import hours_of
from aq.store.blocks import province_span

LEAST_YEARS = 2
LEAST_SHARE = 0.5  # of a month's hours, for its year to count
LOW, HIGH = 0.10, 0.90


def week(
    context: Context, code: str, pollutant: str, after: datetime, until: datetime, standard: str
) -> Week:
    """The hours of ``after < hour end <= until`` with the acts in force in them."""
    rules = context.standards[standard]
    frame = line(context, BY_CODE[code].id, pollutant, after, until, standard=rules)
    hours = line_hours(frame)
    acts: tuple[Advisory, ...] = advisories_over(context, (code,), pollutant, after, until)
    return Week(hours=hours, acts=acts, usual=usual(context, code, pollutant, until))


def line_hours(frame: pd.DataFrame) -> tuple[LineHour, ...]:
    """The rows of `aq.queries.frames.line` as hours."""
    words = (frame[name].map(cell_text) for name in ("kind", "status", "reason", "detail"))
    return tuple(
        LineHour(
            at=at.to_pydatetime(),
            value=None if math.isnan(value) else float(value),
            kind=kind,
            status=status,
            reason=reason,
            detail=detail,
        )
        for at, value, kind, status, reason, detail in zip(
            frame["at"], frame["value"], *words, strict=True
        )
    )


def cell_text(value: object) -> str | None:
    """A cell's text; None for the several nothings of a data frame."""
    return value if isinstance(value, str) and value else None


def usual(context: Context, code: str, pollutant: str, at: datetime) -> Usual | None:
    """The hours of the calendar month of `at` over the years there are; None under two years."""
    if pollutant not in pollutants():
        return None
    province, scale, month = BY_CODE[code].id, pollutants()[pollutant].scale, kst_day(at).month
    with context.store.read() as connection:
        stored = province_span(connection, [province])
    if stored is None:
        return None
    years = range(from_day_number(day_of(stored[0])).year, kst_day(at).year + 1)
    by_year: dict[int, list[float]] = defaultdict(list)
    last = hour_number(floor_hour(at))
    for year in years:
        first_day = date(year, month, 1)
        first = day_hours(day_number(first_day))[0]
        end = day_hours(day_number(month_end(first_day)))[1]
        found = hours_of(context, province, pollutant, first, min(end, last), None)
        values = [scaled / scale for _, scaled, _ in found]
        if len(values) >= LEAST_SHARE * (end - first) or (year == kst_day(at).year and values):
            by_year[year] = values
    whole = [year for year in by_year if year != kst_day(at).year]
    if len(whole) < LEAST_YEARS:
        return None
    values = sorted(value for year in by_year.values() for value in year)
    return Usual(
        years=tuple(sorted(by_year)),
        month=month,
        values=tuple(values),
        low=values[int(LOW * (len(values) - 1))],
        high=values[int(HIGH * (len(values) - 1))],
    )
