"""How sure a province's mean and its grade are, from the stations it is the mean of.

The delete-one jackknife (Quenouille 1956, Tukey 1958; Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, chapter 11) with the finite population correction (Cochran, Sampling Techniques,
1977, chapter 2): a mean rests on n of the N stations of a network, and were all N heard there would
be nothing left to guess about the mean of the network. Of single hours it is s / √n · √(1 - n/N).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from aq.domain.pollutants import Exact

# A grade is sure where it holds this many standard errors to either side: 95 % of a normal
# distribution.
ERRORS = 2
Part = tuple[int, int]  # a station's sum and count, at the store's scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """How sure a mean of stations is [store's scale].

    Attributes
    ----------
    standard_error : of the mean of the network; None of one station of several
    low, high : the range of the mean when any one station is left out; None of one station
    grades : the grades that it has within both, ascending; empty where nothing grades it
    one_station : the grade hangs on one station: without it it is another, or there is no other
    """

    standard_error: float | None
    low: Exact | None
    high: Exact | None
    grades: tuple[int, ...]
    one_station: bool

    @property
    def sure(self) -> bool:
        """Whether neither a station less nor the standard error gives another grade."""
        return len(self.grades) == 1 and not self.one_station


def confidence(
    parts: Sequence[Part], expected: int | None, grade: Callable[[Exact], int | None]
) -> Confidence | None:
    """How sure the mean of some stations is; None of no station.

    Parameters
    ----------
    parts : the sum and count of each station's valid hourly values, of an hour its value and 1
    expected : the stations of the network, N; as many as are there where it is not known
    grade : the grade of a mean, which must not fall as the mean rises
    """
    there = [(total, count) for total, count in parts if count]
    if not there:
        return None
    total, count = (sum(column) for column in zip(*there, strict=True))
    mean, number = Fraction(total, count), len(there)
    own = grade(mean)
    if number == 1:
        error = 0.0 if expected == 1 else None
        known = () if own is None else (own,)
        return Confidence(
            standard_error=error, low=None, high=None, grades=known, one_station=bool(known)
        )
    without = [(total - some) / (count - hours) for some, hours in there]
    center = sum(without) / number
    spread = sum((mean_without - center) ** 2 for mean_without in without) * (number - 1) / number
    heard = number / max(number, expected or number)
    error = sqrt(spread * (1 - heard))
    ends = [without.index(end(without)) for end in (min, max)]
    low, high = (Fraction(total - there[at][0], count - there[at][1]) for at in ends)
    margin = Fraction(ERRORS * error)
    within = [grade(low), own, grade(high), grade(max(Fraction(0), mean - margin))]
    within.append(grade(mean + margin))
    graded = [level for level in within if level is not None]
    return Confidence(
        standard_error=error,
        low=low,
        high=high,
        grades=tuple(range(min(graded), max(graded) + 1)) if graded else (),
        one_station=bool(graded) and {grade(low), grade(high)} != {own},
    )
