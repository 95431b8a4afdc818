"""Our province means against upstream's own: how often, how far and which way they differ."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aq.domain.clock import from_hour_number, kst_iso
from aq.domain.model import ProvinceHour, Reading
from aq.domain.pollutants import from_scaled, pollutants
from aq.domain.provinces import BY_ID
from aq.domain.standards import Standard


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One pollutant over all provinces and hours that both series have.

    Attributes
    ----------
    hours : province hours compared
    bias : mean of ours minus upstream's [unit], half-up with one digit more than the store's
    largest : largest difference, ours minus upstream's [unit], with `where` and `at` (hour number)
    same : province hours in which both are equal at the coarser precision of upstream's
    """

    pollutant: str
    unit: str
    hours: int
    same: int
    bias: Decimal | None
    largest: Decimal | None
    where: str | None
    at: int | None

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
            "at": None if self.at is None else kst_iso(from_hour_number(self.at)),
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
    pollutant = pollutants()[key]
    # Upstream prints province means with a digit less than stations: PM whole, gases 3, CO 1.
    step = 10
    differences: list[tuple[int, int, int]] = []
    same = 0
    for our, their in pairs:
        ours, theirs = our.means[key].scaled, their.means[key].scaled
        if ours is None or theirs is None:
            continue
        differences.append((ours - theirs, our.place, our.hour))
        same += (2 * ours + step) // (2 * step) == (2 * theirs + step) // (2 * step)
    if not differences:
        return Agreement(
            pollutant=key, unit=pollutant.unit, hours=0, same=0,
            bias=None, largest=None, where=None, at=None,
        )  # fmt: skip
    total = sum(difference for difference, _, _ in differences)
    bias = Decimal(total) / len(differences) / pollutant.scale
    farthest, province, hour = max(differences, key=lambda difference: abs(difference[0]))
    return Agreement(
        pollutant=key,
        unit=pollutant.unit,
        hours=len(differences),
        same=same,
        bias=round(bias, pollutant.digits + 1),
        largest=from_scaled(farthest, pollutant),
        where=BY_ID[province].ko,
        at=hour,
    )
