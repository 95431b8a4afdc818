"""A grade and an index can be found again from the exported figure by the published table."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.pollutants import pollutants
from aq.domain.standards import AVERAGING, PERIODS, Breakpoints
from aq.paths import ROOT
from aq.standards_file import load_standards

STANDARDS = load_standards(ROOT / "config" / "standards") | load_standards(ROOT / "config/limits")
TABLES = sorted((name, *key) for name, standard in STANDARDS.items() for key in standard.tables)
# Exact means: of few values, of many, and of stations within stations.
COUNTS = st.integers(1, 40) | st.sampled_from([24 * 97, 8 * 9 * 11 * 7, 10**6 - 1])


def looked_up(points: Breakpoints, figure: Decimal) -> tuple[int | None, int | None]:
    """(grade, index) of a printed figure [the pollutant's unit], as a reader finds them in the
    printed table: into the table's unit, to its digits, along its rows."""
    step = Decimal(1).scaleb(-points.digits)
    # Exact: the conversion of a gas, where there is one, is a fraction.
    scaled = Fraction(figure) * _unit(points) / Fraction(step)
    whole = floor(scaled + Fraction(1, 2)) if points.rounding == "half_up" else floor(scaled)
    value = whole * step
    if value < points.rows[0].low:
        return None, None
    row = next((row for row in points.rows if row.high is None or value <= row.high), None)
    row = row or points.rows[-1]
    if row.index is None or row.high is None:
        return row.grade, None
    value, (low, high) = min(value, row.high), row.index
    share = Fraction(value - row.low) / Fraction(row.high - row.low)
    return row.grade, floor((high - low) * share + low + Fraction(1, 2))


def _unit(points: Breakpoints) -> Fraction:
    """How much of the table's unit one of the pollutant's unit is."""
    key = next(k for one in STANDARDS.values() for (k, _), it in one.tables.items() if it is points)
    return points.step * pollutants()[key].scale / 10**points.digits


@pytest.mark.parametrize("table", TABLES, ids="-".join)
@given(count=COUNTS, data=st.data())
def test_a_grade_is_found_again_from_the_exported_figure(
    table: tuple[str, str, str], count: int, data: st.DataObject
) -> None:
    name, key, averaging = table
    standard, points = STANDARDS[name], STANDARDS[name].tables[table[1:]]
    # Near where a row begins as often as anywhere.
    begin = Fraction(data.draw(st.sampled_from(points.begins)), points.parts)
    near = floor(begin * count) + data.draw(st.integers(-count, count))
    total = max(0, data.draw(st.sampled_from([near]) | st.integers(0, 20_000 * count)))
    exact = Fraction(total, count)
    figure = standard.figure(key, exact, averaging)
    assert (
        standard.grade(key, exact, averaging),
        standard.index(key, exact, averaging),
    ) == looked_up(points, figure)
    digits = pollutants()[key].digits + (2 if averaging in PERIODS else 0)
    assert abs(Fraction(figure) * pollutants()[key].scale - exact) <= Fraction(
        pollutants()[key].scale, 10**digits
    )
    assert -figure.as_tuple().exponent >= digits


@given(st.sampled_from(sorted(pollutants())), st.sampled_from(AVERAGING), st.integers(0, 10**7))
def test_a_mean_that_nothing_grades_has_the_plain_digits(
    key: str, averaging: str, total: int
) -> None:
    standard = STANDARDS["airkorea_1h"]
    if (key, averaging) not in standard.tables:
        digits = pollutants()[key].digits + (2 if averaging in PERIODS else 0)
        figure = standard.figure(key, Fraction(total, 7), averaging)
        assert -figure.as_tuple().exponent == digits
