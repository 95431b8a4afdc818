"""Means over windows of hours, exact and with the hours they rest on.

A series is a sequence of consecutive hours, each named by its end: a number at the store's scale,
exact, or None where nothing valid was measured; a missing hour is never zero. A window ends with
its hour. Nothing is rounded here: a standard rounds a mean once, when it grades it.
Every result says how many hours it rests on and how many there could be. Running time is linear in
the length of a series, whatever the window.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm

from aq.domain.pollutants import Exact

Values = Sequence[Exact | None]
# Share of a window's hours that must have a value; a standard may say otherwise.
THREE_QUARTERS = Fraction(3, 4)
# Hours of a window, by averaging time.
WINDOW_HOURS: Mapping[str, int] = {
    "1h": 1,
    "8h": 8,
    "24h": 24,
    "24h-predicted": 12,
    "nowcast": 12,
}
# Hours at or above these [0.1 µg/m³] and near the 12 h mean count three quarters in the predicted
# mean: M = 70 (PM10) and 30 µg/m³ (PM2.5), airkorea.or.kr/web/caiCalculator, read 2026-11.
_FIRM: Mapping[str, int] = {"pm10": 700, "pm25": 300}


@dataclass(frozen=True, slots=True)
class Mean:
    """The exact mean at the store's scale, None where too few hours have a value."""

    value: Fraction | None
    hours: int
    expected: int


def averaged(
    values: Values, averaging: str, pollutant: str, complete: Fraction = THREE_QUARTERS
) -> list[Mean]:
    """The exact mean of each hour's window, by averaging time; one result an hour.

    Raises ``ValueError`` for an averaging time that is no window ending with an hour, and for the
    two that are made for PM only where another pollutant is asked for.
    """
    _check(averaging, pollutant)
    if averaging == "24h-predicted":
        return predicted(values, _FIRM[pollutant], complete)
    if averaging == "nowcast":
        return nowcast(values)
    return rolling(values, WINDOW_HOURS[averaging], complete)


def _check(averaging: str, pollutant: str) -> None:
    if averaging not in WINDOW_HOURS:
        raise ValueError(f"averaging {averaging!r}; windows are {', '.join(WINDOW_HOURS)}")
    if averaging in ("24h-predicted", "nowcast") and pollutant not in _FIRM:
        raise ValueError(f"{averaging} is made for PM only, not for {pollutant}")


def mean_at(
    values: Values, averaging: str, pollutant: str, complete: Fraction = THREE_QUARTERS
) -> Mean:
    """The mean of the one window that ends with the last of `values`, as `averaged` gives it.

    Hours before the window are not looked at; where fewer are given, the rest are missing. Raises
    ``ValueError`` as `averaged` does.
    """
    _check(averaging, pollutant)
    hours = WINDOW_HOURS[averaging]
    window, parts = _whole(values[-hours:])
    valued = [value for value in window if value is not None]
    if averaging == "24h-predicted":
        newest = [value for value in window[-4:] if value is not None]
        enough = len(valued) >= ceil(complete * 12) and len(newest) >= ceil(complete * 4)
        made = _predicted(sum(valued), len(valued), newest, _FIRM[pollutant] * parts)
    elif averaging == "nowcast":
        enough = sum(value is not None for value in window[-3:]) >= 2
        made = _nowcast(window) if enough else (0, 1)
    else:
        enough = len(valued) >= ceil(complete * hours)
        made = sum(valued), len(valued)
    return Mean(_fraction(made, parts) if enough and valued else None, len(valued), hours)


def _whole(values: Values) -> tuple[list[int | None], int]:
    """(the values times their common denominator, that denominator): exact and in integers."""
    parts = lcm(*{value.denominator for value in values if value is not None})
    return [
        None if value is None else value.numerator * (parts // value.denominator)
        for value in values
    ], parts


def _fraction(made: tuple[int, int], parts: int) -> Fraction:
    return Fraction(made[0], made[1] * parts)


def rolling(values: Values, hours: int, complete: Fraction = THREE_QUARTERS) -> list[Mean]:
    """Plain mean of the window of `hours` that ends with each hour.

    Hours before the series are missing.
    """
    least = ceil(complete * hours)
    series, parts = _whole(values)
    return [
        Mean(_fraction((total, there), parts) if there >= least and there else None, there, hours)
        for total, there in _sums(series, hours)
    ]


def _sums(series: Sequence[int | None], hours: int) -> Iterator[tuple[int, int]]:
    """Sum and number of the values in the window of `hours` that ends with each hour."""
    total = there = 0
    for place, value in enumerate(series):
        if value is not None:
            total, there = total + value, there + 1
        gone = series[place - hours] if place >= hours else None
        if gone is not None:
            total, there = total - gone, there - 1
        yield total, there


def predicted(values: Values, firm: int, complete: Fraction = THREE_QUARTERS) -> list[Mean]:
    """AirKorea's 24 h predicted moving mean: C24E = (12 C12 + 12 C4) / 24.

    C12 is the mean of the last 12 hours, C4 of the last 4, in which an hour C counts 0.75 C when
    C >= `firm` [store's scale] and 0.9 <= C / C12 <= 1.7. Source: airkorea.or.kr/web/caiCalculator,
    read 2026-11. The share `complete` of the 12 and of the 4 hours must be there, the newest need
    not be: so AirKorea's own grades have it (recorded April 2025 to March 2026; of 2,309 hours with
    11 of 12 and the newest missing, 99.9 % are graded).
    """
    long, short = ceil(complete * 12), ceil(complete * 4)
    series, parts = _whole(values)
    means: list[Mean] = []
    for place, (total, there) in enumerate(_sums(series, 12)):
        newest = [value for value in series[max(0, place - 3) : place + 1] if value is not None]
        mean = None
        if there >= long and len(newest) >= short:
            mean = _fraction(_predicted(total, there, newest, firm * parts), parts)
        means.append(Mean(mean, there, 12))
    return means


def _predicted(total: int, there: int, newest: Sequence[int], firm: int) -> tuple[int, int]:
    """(sum, count) of one predicted mean. `total` and `there` are of the 12 hours."""
    quarters = sum(
        # 0.9 <= C / (total / there) <= 1.7, without a division.
        3 * value if value >= firm and 9 * total <= 10 * value * there <= 17 * total else 4 * value
        for value in newest
    )
    # Half of total/there and half of quarters/(4 n).
    n = len(newest)
    return total * 4 * n + quarters * there, 8 * there * n


def nowcast(values: Values) -> list[Mean]:
    """The US NowCast of PM over the last 12 hours.

    Weights are powers of w = max(least / largest, 1/2), the newest hour first; missing hours are in
    neither sum; two of the newest three hours must be there. Source: AirMonitor documentation
    (CRAN), read 2026-11.
    """
    ends = range(1, len(values) + 1)
    return [mean_at(values[max(0, end - 12) : end], "nowcast", "pm10") for end in ends]


def _nowcast(window: Sequence[int | None]) -> tuple[int, int]:
    """(weighted sum, weight) of one NowCast; `window` ends with the newest hour."""
    valued = [value for value in window if value is not None]
    least, largest = min(valued), max(valued)
    over, under = (least, largest) if 2 * least > largest else (1, 2)
    last = len(window) - 1
    total = weight = 0
    for age, value in enumerate(reversed(window)):
        if value is not None:
            share = over**age * under ** (last - age)
            total, weight = total + value * share, weight + share
    return total, weight
