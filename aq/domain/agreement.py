"""Our province means against upstream's own: how often, how far and which way they differ."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

from aq.domain.clock import from_day_number, from_hour_number, kst_iso
from aq.domain.model import CITY_HOUR, STATION_MONTH, ProvinceHour, Reading
from aq.domain.pollutants import from_scaled, pollutants
from aq.domain.provinces import BY_ID
from aq.domain.standards import Standard

# The series of `airkorea_means`; the others are those of `OfficialMean`.
PROVINCE_HOUR = "province_hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One pollutant over all places and periods that both series have.

    Attributes
    ----------
    series : what is compared: hours of provinces or cities, days or months of stations
    hours : pairs compared, whatever their period is
    bias : mean of ours minus upstream's [unit], half-up with one digit more than the store's
    largest : largest difference, ours minus upstream's [unit], with `where` and `at` (the number of
        the hour, of the day, of the month's first day)
    same : pairs in which both are equal in the digits that upstream prints
    """

    series: str = PROVINCE_HOUR
    pollutant: str
    unit: str
    hours: int
    same: int
    bias: Decimal | None
    largest: Decimal | None
    where: str | None
    at: int | None

    @property
    def period(self) -> str | None:
        """`at` as an instant, a day or a month."""
        if self.at is None:
            return None
        if self.series in (PROVINCE_HOUR, CITY_HOUR):
            return kst_iso(from_hour_number(self.at))
        day = from_day_number(self.at).isoformat()
        return day[:7] if self.series == STATION_MONTH else day

    def as_dict(self) -> dict[str, Any]:
        """The line in JSON's types."""
        return {
            "pollutant": self.pollutant,
            "unit": self.unit,
            "hours": self.hours,
            "same": self.same,
            "bias": None if self.bias is None else float(self.bias),
            "largest": None if self.largest is None else float(self.largest),
            "where": self.where,
            "at": self.period,
        }


# Our grade of a station's hour stands against the grade upstream gives for the same hour.
HOURLY_FIELDS = {
    "pm10": "pm10_1h",
    "pm25": "pm25_1h",
    **{key: key for key in ("o3", "no2", "so2", "co")},
}


def upstream_grade(key: str, grades: Mapping[str, int]) -> int | None:
    """Upstream's grade of a pollutant's hourly value, where it gave one."""
    return grades.get(HOURLY_FIELDS.get(key, ""))


def disagreements(readings: Iterable[Reading], standard: Standard) -> tuple[int, Counter[str]]:
    """(values compared, values graded otherwise by upstream, by pollutant), of hourly grades.

    Only values that count are compared; what upstream says is kept and never used as ours.
    """
    compared = 0
    differ: Counter[str] = Counter()
    for reading in readings:
        for key, value in reading.values.items():
            theirs = upstream_grade(key, reading.upstream.grades) if reading.upstream else None
            ours = standard.grade(key, value, "1h")
            if theirs is None or ours is None or key in reading.flags:
                continue
            compared += 1
            differ[key] += theirs != ours
    return compared, +differ


def compare(ours: Iterable[ProvinceHour], theirs: Iterable[ProvinceHour]) -> list[Agreement]:
    """Compare two series of province hours, a line per pollutant."""
    by_place = {(row.place, row.hour): row for row in theirs}
    pairs = [
        (row, by_place[row.place, row.hour]) for row in ours if (row.place, row.hour) in by_place
    ]
    return [_one(key, pairs) for key in pollutants()]


def _one(key: str, pairs: list[tuple[ProvinceHour, ProvinceHour]]) -> Agreement:
    scaled = [
        (our.means[key].scaled, their.means[key].scaled, BY_ID[our.place].ko, our.hour)
        for our, their in pairs
    ]
    both = [
        (Fraction(ours), theirs, where, hour)
        for ours, theirs, where, hour in scaled
        if ours is not None and theirs is not None
    ]
    # Upstream prints province means with a digit less than stations: PM whole, gases 3, CO 1.
    return agreement(PROVINCE_HOUR, key, both, 10)


# Our exact mean, upstream's printed one (both at the store's scale), the place, the period.
MeanPair = tuple[Fraction, int, str, int]


def printed_step(values: Iterable[int]) -> int:
    """The step of the digits that upstream prints, at the store's scale: 10 where no value has the
    last digit, as trailing zeros may be left out of any one of them."""
    return 1 if any(value % 10 for value in values) else 10


def agreement(series: str, key: str, pairs: Sequence[MeanPair], step: int) -> Agreement:
    """How the means of a pollutant agree; ours are rounded half-up to upstream's digits."""
    pollutant = pollutants()[key]
    empty = Agreement(
        series=series, pollutant=key, unit=pollutant.unit, hours=0, same=0,
        bias=None, largest=None, where=None, at=None,
    )  # fmt: skip
    if not pairs:
        return empty
    same = sum(
        _rounded(ours, step) == _rounded(Fraction(theirs), step) for ours, theirs, *_ in pairs
    )
    differences = [(ours - theirs, where, at) for ours, theirs, where, at in pairs]
    total = sum((difference for difference, _, _ in differences), Fraction())
    bias = total / len(differences) / pollutant.scale
    farthest, where, at = max(differences, key=lambda difference: abs(difference[0]))
    return replace(
        empty,
        hours=len(pairs),
        same=same,
        bias=round(Decimal(bias.numerator) / bias.denominator, pollutant.digits + 1),
        largest=from_scaled(floor(farthest + Fraction(1, 2)), pollutant),
        where=where,
        at=at,
    )


def _rounded(value: Fraction, step: int) -> int:
    return floor(value / step + Fraction(1, 2))
