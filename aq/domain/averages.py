"""Means over windows, days and months, exact and with the hours they rest on.

A series is a sequence of consecutive hours, each named by its end: the store's scaled integer, or
None where nothing valid was measured; a missing hour is never zero. A window ends with its hour.
Every result says how many hours it rests on and how many there could be. Running time is linear in
the length of a series, whatever the window.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil

from aq.domain.clock import HOUR, kst_day
from aq.domain.pollutants import mean_half_up

Values = Sequence[int | None]
# Exact sum and count of one hour: of a province, its valid stations.
Pair = tuple[int, int]
Pairs = Sequence[Pair | None]

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
    """A mean at the store's scale, None where too few hours have a value."""

    value: int | None
    hours: int
    expected: int


@dataclass(frozen=True, slots=True)
class Pooled:
    """Exact sum and count of a day, month or year, and the hours with a value of all its hours."""

    total: int
    count: int
    hours: int
    expected: int

    @property
    def mean(self) -> int | None:
        """The mean at the store's scale, half-up; None without any hour."""
        return mean_half_up(self.total, self.count) if self.count else None

    @property
    def fine(self) -> int | None:
        """The mean with two decimal digits more than the store's scale, half-up."""
        return mean_half_up(100 * self.total, self.count) if self.count else None

    @property
    def coverage(self) -> Fraction:
        """The share of hours with a value, 0 to 1."""
        return Fraction(self.hours, self.expected)

    def complete(self, share: Fraction = THREE_QUARTERS) -> bool:
        """Whether at least this share of hours has a value."""
        return self.coverage >= share

    def __add__(self, other: "Pooled") -> "Pooled":
        """Both together: longer means are pooled, not means of rounded means."""
        return Pooled(
            self.total + other.total,
            self.count + other.count,
            self.hours + other.hours,
            self.expected + other.expected,
        )


def averaged(
    values: Values,
    averaging: str,
    pollutant: str,
    complete: Fraction = THREE_QUARTERS,
    rounding: str = "half_up",
) -> list[Mean]:
    """The mean of each hour's window, by averaging time; one result an hour.

    Raises ``ValueError`` for an averaging time that is no window ending with an hour, and for the
    two that are made for PM only where another pollutant is asked for.
    """
    _check(averaging, pollutant)
    if averaging == "24h-predicted":
        return predicted(values, _FIRM[pollutant], complete)
    if averaging == "nowcast":
        return nowcast(values)
    return rolling(values, WINDOW_HOURS[averaging], complete, rounding)


def _check(averaging: str, pollutant: str) -> None:
    if averaging not in WINDOW_HOURS:
        raise ValueError(f"averaging {averaging!r}; windows are {', '.join(WINDOW_HOURS)}")
    if averaging in ("24h-predicted", "nowcast") and pollutant not in _FIRM:
        raise ValueError(f"{averaging} is made for PM only, not for {pollutant}")


def mean_at(
    values: Values,
    averaging: str,
    pollutant: str,
    complete: Fraction = THREE_QUARTERS,
    rounding: str = "half_up",
) -> Mean:
    """The mean of the one window that ends with the last of `values`, as `averaged` gives it.

    Hours before the window are not looked at; where fewer are given, the rest are missing. Raises
    ``ValueError`` as `averaged` does.
    """
    _check(averaging, pollutant)
    hours = WINDOW_HOURS[averaging]
    window = values[-hours:]
    if averaging == "24h-predicted":
        return _predicted_at(window, _FIRM[pollutant], complete)
    if averaging == "nowcast":
        return _nowcast_at(window)
    known = [value for value in window if value is not None]
    enough = known and len(known) >= ceil(complete * hours)
    return Mean(_divide(sum(known), len(known), rounding) if enough else None, len(known), hours)


def _predicted_at(window: Values, firm: int, complete: Fraction) -> Mean:
    known = [value for value in window if value is not None]
    newest = [value for value in window[-4:] if value is not None]
    enough = len(known) >= ceil(complete * 12) and len(newest) >= ceil(complete * 4)
    if not enough or window[-1] is None:
        return Mean(None, len(known), 12)
    return Mean(_predicted(sum(known), len(known), newest, firm), len(known), 12)


def _nowcast_at(window: Values) -> Mean:
    newest_first: Values = [*reversed(window), *(12 - len(window)) * [None]]
    there = sum(value is not None for value in window)
    recent = sum(value is not None for value in newest_first[:3])
    return Mean(_nowcast(newest_first) if recent >= 2 else None, there, 12)


def rolling(
    values: Values, hours: int, complete: Fraction = THREE_QUARTERS, rounding: str = "half_up"
) -> list[Mean]:
    """Plain mean of the window of `hours` that ends with each hour.

    Hours before the series are missing. `rounding` is ``half_up`` or ``truncate``.
    """
    pairs = [None if value is None else (value, 1) for value in values]
    return rolling_pooled(pairs, hours, complete, rounding)


def rolling_pooled(
    pairs: Pairs, hours: int, complete: Fraction = THREE_QUARTERS, rounding: str = "half_up"
) -> list[Mean]:
    """As `rolling`, over the exact sums and counts of each hour: sum of sums by sum of counts."""
    least = ceil(complete * hours)
    found: list[Mean] = []
    total = count = there = 0
    for place, pair in enumerate(pairs):
        if pair is not None and pair[1]:
            total, count, there = total + pair[0], count + pair[1], there + 1
        gone = pairs[place - hours] if place >= hours else None
        if gone is not None and gone[1]:
            total, count, there = total - gone[0], count - gone[1], there - 1
        enough = there >= least and count
        found.append(Mean(_divide(total, count, rounding) if enough else None, there, hours))
    return found


def _divide(total: int, count: int, rounding: str) -> int:
    return total // count if rounding == "truncate" else mean_half_up(total, count)


def predicted(values: Values, firm: int, complete: Fraction = THREE_QUARTERS) -> list[Mean]:
    """AirKorea's 24 h predicted moving mean: C24E = (12 C12 + 12 C4) / 24.

    C12 is the mean of the last 12 hours, C4 of the last 4, in which an hour C counts 0.75 C when
    C >= `firm` [store's scale] and 0.9 <= C / C12 <= 1.7. Source: airkorea.or.kr/web/caiCalculator,
    read 2026-11. Not published, ours: the share `complete` of the 12 and of the 4 hours must be
    there, and the newest, so that nothing is said of an hour in which nothing was measured.
    """
    long, short = ceil(complete * 12), ceil(complete * 4)
    found: list[Mean] = []
    total = there = 0
    for place, value in enumerate(values):
        if value is not None:
            total, there = total + value, there + 1
        gone = values[place - 12] if place >= 12 else None
        if gone is not None:
            total, there = total - gone, there - 1
        newest = [one for one in values[max(0, place - 3) : place + 1] if one is not None]
        enough = value is not None and there >= long and len(newest) >= short
        made = _predicted(total, there, newest, firm) if enough else None
        found.append(Mean(made, there, 12))
    return found


def _predicted(total: int, there: int, newest: Sequence[int], firm: int) -> int:
    """One predicted mean in integers. `total` and `there` are of the 12 hours."""
    quarters = sum(
        # 0.9 <= C / (total / there) <= 1.7, without a division.
        3 * one if one >= firm and 9 * total <= 10 * one * there <= 17 * total else 4 * one
        for one in newest
    )
    # Half of total/there and half of quarters/(4 n).
    n = len(newest)
    return mean_half_up(total * 4 * n + quarters * there, 8 * there * n)


def nowcast(values: Values) -> list[Mean]:
    """The US NowCast of PM over the last 12 hours, truncated at the store's scale (0.1 µg/m³).

    Weights are powers of w = max(least / largest, 1/2), the newest hour first; missing hours are in
    neither sum; two of the newest three hours must be there. Source: AirMonitor documentation
    (CRAN), read 2026-11.
    """
    return [_nowcast_at(values[max(0, end - 12) : end]) for end in range(1, len(values) + 1)]


def _nowcast(window: Values) -> int:
    """One NowCast in integers; `window` has the newest hour first and at least one value."""
    known = [value for value in window if value is not None]
    least, largest = min(known), max(known)
    over, under = (least, largest) if 2 * least > largest else (1, 2)
    weights = [over**age * under ** (len(window) - age) for age in range(len(window))]
    total = weight = 0
    for value, share in zip(window, weights, strict=True):
        if value is not None:
            total, weight = total + value * share, weight + share
    return total // weight


def daily(first: datetime, pairs: Pairs) -> dict[date, Pooled]:
    """KST days of a series whose first hour ends at `first`; a day is its hours 01-24.

    Every day that an hour of the series lies in is there, with 24 expected hours.
    """
    days: dict[date, Pooled] = {}
    end = first
    for pair in pairs:
        day = kst_day(end)
        before = days.get(day) or Pooled(0, 0, 0, 24)
        days[day] = before + Pooled(*pair, 1, 0) if pair is not None and pair[1] else before
        end += HOUR
    return days


def monthly(days: Mapping[date, Pooled]) -> dict[date, Pooled]:
    """Months (by their first day) pooled from days; days that are not given are expected too."""
    pooled: dict[date, Pooled] = defaultdict(lambda: Pooled(0, 0, 0, 0))
    for day, one in sorted(days.items()):
        pooled[day.replace(day=1)] += one
    return {
        month: Pooled(one.total, one.count, one.hours, 24 * _days_in(month))
        for month, one in pooled.items()
    }


def _days_in(month: date) -> int:
    after = (month + timedelta(days=31)).replace(day=1)
    return (after - month).days


def pool(parts: Iterable[Pooled]) -> Pooled | None:
    """Everything together; None of nothing."""
    found: Pooled | None = None
    for part in parts:
        found = part if found is None else found + part
    return found
