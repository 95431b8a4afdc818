"""Whatever stands in a confirmed file, no value is invented and none is changed."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aq.domain.pollutants import from_scaled, pollutants
from tests.archive_files import (
    HEADER,
    parsed,
    row,
)

ROW_ISSUES = frozenset(
    {
        *("bad_row", "bad_station", "unknown_province", "bad_time"),
        *("future_hour", "duplicate", "conflict"),
    }
)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(),
    st.text(max_size=12),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.sampled_from(
        ["2024100124", 2024100101.0, "525001", "대전 가상구", "-999", "1e9", "٣", "１"]
    ),
)


def shifted(value: Decimal, digits: int) -> int:
    return int(value.scaleb(digits).quantize(Decimal(1), ROUND_HALF_UP))


@given(st.lists(st.lists(CELLS, min_size=10, max_size=13), max_size=6))
@settings(max_examples=150, deadline=None)
def test_garbage_never_crashes_and_no_value_is_invented(rows: list[list[Any]]) -> None:
    usual = row()
    mixed = [
        [usual[i] if i in {0, 3} and n % 2 else cell for i, cell in enumerate(cells)]
        for n, cells in enumerate(rows)
    ]
    hours = [[*cells[:4], f"20241001{n + 1:02}", *cells[5:]] for n, cells in enumerate(mixed)]
    for table in (rows, mixed, hours):
        answer = parsed(*table)
        lost = [issue for issue in answer.issues if issue.kind in ROW_ISSUES]
        assert len(answer.readings) + len(lost) == answer.rows <= len(table)
        for reading in answer.readings:
            for key, scaled in reading.values.items():
                index = HEADER.index(key.upper())
                digits = pollutants()[key].digits
                cells = [one[index] for one in table if len(one) > index]
                numbers = [c for c in cells if isinstance(c, int | float | str) and c is not True]
                possible = set()
                for cell in numbers:
                    try:
                        possible.add(shifted(Decimal(repr(float(cell))), digits))
                    except (ValueError, ArithmeticError):
                        continue
                assert scaled in possible


@given(
    st.dictionaries(
        st.sampled_from(sorted(pollutants())), st.integers(0, 30_000), min_size=1, max_size=6
    ),
    st.sampled_from(["text", "float", "noisy"]),
)
@settings(deadline=None)
def test_values_come_back_as_they_were_written(values: dict[str, int], form: str) -> None:
    cells: dict[str, object] = dict.fromkeys(pollutants(), "")
    for key, scaled in values.items():
        exact = from_scaled(scaled, pollutants()[key])
        cells[key] = {"text": str(exact), "float": float(exact), "noisy": f"{float(exact):.17g}"}[
            form
        ]
    (one,) = parsed(row(**cells)).readings
    assert one.values == values
