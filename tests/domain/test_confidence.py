"""How sure a mean of stations is: against numpy, by hand, and at the limits of grades."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.confidence import confidence
from aq.domain.pollutants import Exact


def grade(value: Exact) -> int:
    """Two grades: up to 30 and above."""
    return 1 if value <= 30 else 2


@given(st.lists(st.integers(0, 3000), min_size=2, max_size=40), st.integers(0, 20))
def test_of_an_hour_it_is_the_textbook_standard_error(values: list[int], silent: int) -> None:
    n, expected = len(values), len(values) + silent
    result = confidence([(value, 1) for value in values], expected, grade)
    assert result is not None
    textbook = np.std(values, ddof=1) / np.sqrt(n) * np.sqrt(1 - n / expected)
    assert result.standard_error == pytest.approx(textbook, rel=1e-9, abs=1e-9)
    without = [Fraction(sum(values) - value, n - 1) for value in values]
    assert (result.low, result.high) == (min(without), max(without))
    assert grade(Fraction(sum(values), n)) in result.grades


@given(
    st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 24)), min_size=2, max_size=20),
    st.integers(0, 5),
)
def test_of_a_day_it_is_the_jackknife_of_whole_stations(
    parts: list[tuple[int, int]], silent: int
) -> None:
    n = len(parts)
    result = confidence(parts, n + silent, grade)
    assert result is not None
    totals, counts = np.array(parts).T
    without = (totals.sum() - totals) / (counts.sum() - counts)
    spread = (n - 1) / n * ((without - without.mean()) ** 2).sum() * (1 - n / (n + silent))
    assert result.standard_error == pytest.approx(np.sqrt(spread), rel=1e-9, abs=1e-9)


def test_a_grade_that_hangs_on_one_station_says_so() -> None:
    # The mean is 32.5; without the 70 it is 20.
    hangs = confidence([(20, 1), (20, 1), (20, 1), (70, 1)], 4, grade)
    assert hangs is not None
    assert (hangs.one_station, hangs.grades, hangs.sure) == (True, (1, 2), False)
    far = confidence([(10, 1), (11, 1), (12, 1), (13, 1)], 4, grade)
    assert far is not None
    # The whole network was heard: there is nothing to guess.
    assert (far.standard_error, far.grades, far.sure) == (0.0, (1,), True)


def test_a_network_half_unheard_may_have_the_neighbouring_grade() -> None:
    result = confidence([(24, 1), (32, 1), (26, 1), (30, 1)], 12, grade)
    assert result is not None
    assert (result.grades, result.sure) == ((1, 2), False)


def test_one_station_alone_is_never_sure_and_none_is_nothing() -> None:
    alone = confidence([(10, 1), (0, 0)], 3, grade)
    assert alone is not None
    assert (alone.standard_error, alone.low, alone.one_station, alone.sure) == (
        None,
        None,
        True,
        False,
    )
    assert confidence([(0, 0)], 3, grade) is None
    ungraded = confidence([(10, 1), (20, 1)], 3, lambda _value: None)
    assert ungraded is not None
    assert (ungraded.grades, ungraded.one_station) == ((), False)
