"""How good a forecast was: hits, misses and false alarms for bad air (나쁨) and worse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from aq.domain.forecasts import BAD, last_of_each_lead, outlooks
from aq.domain.model import ForecastNotice
from aq.domain.provinces import Province

LEADS = (0, 1, 2)
HIT, MISS, FALSE_ALARM, CALM = "hit", "miss", "false_alarm", "calm"
# (bad air was forecast, it came) -> what the day was
OUTCOMES = {
    (True, True): HIT,
    (False, True): MISS,
    (True, False): FALSE_ALARM,
    (False, False): CALM,
}


@dataclass(slots=True, kw_only=True)
class Score:
    """Days of a province, pollutant and lead, counted by what was forecast and what came.

    A hit is bad air forecast and come; a miss is bad air come and not forecast; a false alarm is
    bad air forecast and not come. `bad` is the lowest grade of bad air in the forecast's own words.
    `outcomes` has one of `OUTCOMES` for each day.
    """

    province: Province
    pollutant: str
    lead: int
    bad: int = BAD
    days: int = 0
    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    same_grade: int = 0
    outcomes: dict[date, str] = field(default_factory=dict)

    def count(self, day: date, forecast: int, observed: int) -> None:
        """Add a day."""
        foretold, came = forecast >= self.bad, observed >= self.bad
        self.outcomes[day] = OUTCOMES[foretold, came]
        self.days += 1
        self.hits += foretold and came
        self.misses += came and not foretold
        self.false_alarms += foretold and not came
        self.same_grade += forecast == observed


def scores(
    notices: Iterable[ForecastNotice],
    observed: Mapping[tuple[str, str, date], int],
    bad: int = BAD,
) -> list[Score]:
    """Compare notices of one kind with observed grades by (province code, pollutant, day).

    Of each day of issue the last notice counts. A day without an observed grade, and a province
    without a forecast grade, is not counted.
    """
    by_place: dict[tuple[str, str, int], Score] = {}
    for (key, day, lead), notice in sorted(
        last_of_each_lead(notices).items(), key=lambda entry: entry[0]
    ):
        if lead not in LEADS:
            continue
        for outlook in outlooks(notice):
            came = observed.get((outlook.province.code, key, day))
            if outlook.grade is None or came is None:
                continue
            place = (outlook.province.code, key, lead)
            if place not in by_place:
                by_place[place] = Score(
                    province=outlook.province, pollutant=key, lead=lead, bad=bad
                )
            by_place[place].count(day, outlook.grade, came)
    return sorted(
        by_place.values(), key=lambda score: (score.province.id, score.pollutant, score.lead)
    )


def total(many: Iterable[Score]) -> dict[tuple[str, int], tuple[int, int, int, int, int]]:
    """(days, hits, misses, false alarms, same grade) of all provinces by pollutant and lead."""
    sums: dict[tuple[str, int], tuple[int, int, int, int, int]] = {}
    for score in many:
        before = sums.get((score.pollutant, score.lead), (0, 0, 0, 0, 0))
        own = (score.days, score.hits, score.misses, score.false_alarms, score.same_grade)
        added = tuple(a + b for a, b in zip(before, own, strict=True))
        sums[score.pollutant, score.lead] = (added[0], added[1], added[2], added[3], added[4])
    return sums
