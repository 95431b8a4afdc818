"""How good a forecast was: hits, misses and false alarms for bad air (나쁨) and worse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from aq.domain.forecasts import BAD, last_of_each_lead, outlooks
from aq.domain.model import ForecastNotice
from aq.domain.provinces import Province

LEADS = (0, 1, 2)


@dataclass(slots=True, kw_only=True)
class Score:
    """Days of a province, pollutant and lead, counted by what was forecast and what came.

    A hit is bad air forecast and come; a miss is bad air come and not forecast; a false alarm is
    bad air forecast and not come.
    """

    province: Province
    pollutant: str
    lead: int
    days: int = 0
    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    same_grade: int = 0

    def count(self, forecast: int, observed: int) -> None:
        """Add a day."""
        said, came = forecast >= BAD, observed >= BAD
        self.days += 1
        self.hits += said and came
        self.misses += came and not said
        self.false_alarms += said and not came
        self.same_grade += forecast == observed


def scores(
    notices: Iterable[ForecastNotice], observed: Mapping[tuple[str, str, date], int]
) -> list[Score]:
    """Compare daily notices with observed grades by (province code, pollutant, day).

    Of each day of issue the last notice counts. A day without an observed grade, and a province
    without a forecast grade, is not counted.
    """
    found: dict[tuple[str, str, int], Score] = {}
    for (key, day, lead), notice in sorted(
        last_of_each_lead(notices).items(), key=lambda one: one[0]
    ):
        if lead not in LEADS:
            continue
        for one in outlooks(notice):
            came = observed.get((one.province.code, key, day))
            if one.grade is None or came is None:
                continue
            place = (one.province.code, key, lead)
            if place not in found:
                found[place] = Score(province=one.province, pollutant=key, lead=lead)
            found[place].count(one.grade, came)
    return sorted(found.values(), key=lambda one: (one.province.id, one.pollutant, one.lead))


def total(many: Iterable[Score]) -> dict[tuple[str, int], tuple[int, int, int, int, int]]:
    """(days, hits, misses, false alarms, same grade) of all provinces by pollutant and lead."""
    found: dict[tuple[str, int], tuple[int, int, int, int, int]] = {}
    for one in many:
        held = found.get((one.pollutant, one.lead), (0, 0, 0, 0, 0))
        own = (one.days, one.hits, one.misses, one.false_alarms, one.same_grade)
        added = tuple(a + b for a, b in zip(held, own, strict=True))
        found[one.pollutant, one.lead] = (added[0], added[1], added[2], added[3], added[4])
    return found
