"""How good forecasts were, in the measures of the field, with intervals by block bootstrap.

Hit rate is the share of days whose grade was forecast. Of bad air (나쁨 or worse) there are the
usual four of a two-by-two table: POD hits/(hits + misses), FAR false alarms/(hits + false alarms),
CSI hits/(hits + misses + false alarms), bias (hits + false alarms)/(hits + misses) (Wilks,
Statistical Methods in the Atmospheric Sciences, 2011, chapter 8). Skill is of the hit rate,
(own - reference)/(1 - reference).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from aq.domain.forecast_skill import LEADS
from aq.domain.forecasts import BAD, last_of_each_lead, outlooks
from aq.domain.model import ForecastNotice

Counts = NDArray[np.float64]
SEASONS = {12: "winter", 1: "winter", 2: "winter", 3: "spring", 4: "spring", 5: "spring"} | {
    6: "summer", 7: "summer", 8: "summer", 9: "autumn", 10: "autumn", 11: "autumn",
}  # fmt: skip
# Days that follow each other are alike, so whole weeks are drawn; all provinces of a day together.
BLOCK_DAYS = 7
DRAWS = 1000
SEED = 20_170_101
# With fewer days an interval would pretend to know.
LEAST_DAYS = 28
# Columns of the counts of a day.
_DAYS, _RIGHT, _HITS, _MISSES, _FALSE, _USUAL, _BOTH, _RIGHT_OF_BOTH, _PERSISTED = range(9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A day of a province as forecast and as it came; grades. `before` is the grade of the last
    whole day before the issue, None where it is not known; `usual` the commonest of the season."""

    day: date
    province: str
    pollutant: str
    lead: int
    forecast: int
    observed: int
    before: int | None
    usual: int


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure and its 95 % interval; None where it is not defined, or days are too few."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The measures of a group of pairs; `days` are pairs, `bad` those with bad air."""

    days: int
    bad: int
    hit_rate: Measure
    pod: Measure
    far: Measure
    csi: Measure
    bias: Measure
    skill_persistence: Measure
    skill_climatology: Measure


def pairs(
    notices: Iterable[ForecastNotice], observed: Mapping[tuple[str, str, date], int]
) -> list[Pair]:
    """The last daily notice of each issue day, province by province, with what came.

    Persistence is the grade of the day before the day of issue, the last that was whole then;
    climatology the commonest observed grade of the province, pollutant and season.
    """
    usual = _usual(observed)
    made = []
    for (key, day, lead), notice in last_of_each_lead(notices).items():
        if lead not in LEADS:
            continue
        for outlook in outlooks(notice):
            code = outlook.province.code
            came = observed.get((code, key, day))
            if outlook.grade is None or came is None:
                continue
            before = observed.get((code, key, day - timedelta(days=lead + 1)))
            made.append(
                Pair(
                    day=day,
                    province=code,
                    pollutant=key,
                    lead=lead,
                    forecast=outlook.grade,
                    observed=came,
                    before=before,
                    usual=usual[code, key, SEASONS[day.month]],
                )
            )
    return made


def _usual(observed: Mapping[tuple[str, str, date], int]) -> dict[tuple[str, str, str], int]:
    counts: dict[tuple[str, str, str], dict[int, int]] = {}
    for (code, key, day), grade in observed.items():
        there = counts.setdefault((code, key, SEASONS[day.month]), {})
        there[grade] = there.get(grade, 0) + 1
    return {
        place: min(there, key=lambda grade: (-there[grade], grade))
        for place, there in counts.items()
    }


def measures(group: Sequence[Pair]) -> Measures:
    """The measures of pairs of one lead and pollutant, whatever provinces and days."""
    days = sorted({pair.day for pair in group})
    place = {day: number for number, day in enumerate(days)}
    counts = np.zeros((len(days), 9))
    for pair in group:
        row = counts[place[pair.day]]
        foretold, came = pair.forecast >= BAD, pair.observed >= BAD
        row[_DAYS] += 1
        row[_RIGHT] += pair.forecast == pair.observed
        row[_HITS] += foretold and came
        row[_MISSES] += came and not foretold
        row[_FALSE] += foretold and not came
        row[_USUAL] += pair.usual == pair.observed
        if pair.before is not None:
            row[_BOTH] += 1
            row[_RIGHT_OF_BOTH] += pair.forecast == pair.observed
            row[_PERSISTED] += pair.before == pair.observed
    total = counts.sum(axis=0)
    own = _values(total[None, :])[0]
    drawn = _values(_resampled(counts)) if len(days) >= LEAST_DAYS else None

    def of(column: int) -> Measure:
        value = None if np.isnan(own[column]) else float(own[column])
        if value is None or drawn is None or np.isnan(drawn[:, column]).all():
            return Measure(value)
        low, high = np.nanpercentile(drawn[:, column], (2.5, 97.5))
        return Measure(value, float(low), float(high))

    return Measures(
        days=int(total[_DAYS]),
        bad=int(total[_HITS] + total[_MISSES]),
        hit_rate=of(0),
        pod=of(1),
        far=of(2),
        csi=of(3),
        bias=of(4),
        skill_persistence=of(5),
        skill_climatology=of(6),
    )


def _resampled(counts: Counts) -> Counts:
    """Sums over as many days, drawn in blocks of days that follow each other (circular)."""
    number = len(counts)
    blocks = -(-number // BLOCK_DAYS)
    starts = np.random.default_rng(SEED).integers(0, number, (DRAWS, blocks))
    days = (starts[:, :, None] + np.arange(BLOCK_DAYS)) % number
    chosen: Counts = counts[days.reshape(DRAWS, -1)[:, :number]].sum(axis=1)
    return chosen


def _values(sums: Counts) -> Counts:
    """The seven measures of rows of sums; NaN where one is not defined."""
    days, right, hits, misses, false, usual, both, right_of_both, persisted = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        columns: Counts = np.column_stack(
            [
                right / days,
                hits / (hits + misses),
                false / (hits + false),
                hits / (hits + misses + false),
                (hits + false) / (hits + misses),
                (right_of_both - persisted) / (both - persisted),
                (right - usual) / (days - usual),
            ]
        )
    columns[~np.isfinite(columns)] = np.nan
    return columns
