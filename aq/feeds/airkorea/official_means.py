"""Means that AirKorea publishes itself: of cities by hour, of stations by day and by month.

They are series apart: compared with ours, never shown in their place and never mixed with them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from aq.domain.clock import day_number, floor_hour, hour_number, kst_day, parse_hour
from aq.domain.model import (
    CITY_HOUR,
    STATION_DAY,
    STATION_MONTH,
    Answer,
    OfficialMean,
    RowIssue,
)
from aq.domain.pollutants import KEYS
from aq.domain.provinces import by_address
from aq.feeds.airkorea.readings import LONGEST_NAME
from aq.feeds.base import concentrations, shown, text_of

# Of six weeks asked for only the last two days came (an answer of 2021-09).
DAYS_BACK = 2
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_MONTH = re.compile(r"(\d{4})-?(\d{2})")
Row = Mapping[str, object]
# The period a row is of, its province and its place. Raises ``ValueError`` for no period, and
# gives an empty place where none is named.
Where = Callable[[Row], tuple[int, str, str]]


def read_city_means(items: Sequence[object], asked: str, now: datetime) -> Answer:
    """Read hourly means of a province's cities and counties (getCtprvnMesureSidoLIst).

    The province is told by the row's own label and the city, as 광주 and 전남 have one label since
    they merged; without a label it is the one that was `asked` for.
    """

    def where(row: Row) -> tuple[int, str, str]:
        city = text_of(row.get("cityName"), LONGEST_NAME)
        province = by_address(f"{text_of(row.get('sidoName')) or asked} {city}")
        hour = parse_hour(text_of(row.get("dataTime")))
        return hour_number(hour), province.code if province else "", city if province else ""

    return _read(items, CITY_HOUR, where, hour_number(floor_hour(now)) + 1)


def read_station_days(items: Sequence[object], now: datetime) -> Answer:
    """Read the stations' daily means (getMsrstnAcctoRDyrg)."""

    def where(row: Row) -> tuple[int, str, str]:
        return _day(row.get("msurDt"), _DAY), "", text_of(row.get("msrstnName"), LONGEST_NAME)

    return _read(items, STATION_DAY, where, day_number(kst_day(now)))


def read_station_months(items: Sequence[object], now: datetime) -> Answer:
    """Read the stations' monthly means (getMsrstnAcctoRMmrg); a month is written 2026-06 or
    202606."""

    def where(row: Row) -> tuple[int, str, str]:
        return _day(row.get("msurMm"), _MONTH), "", text_of(row.get("msrstnName"), LONGEST_NAME)

    return _read(items, STATION_MONTH, where, day_number(kst_day(now)))


def _day(cell: object, form: re.Pattern[str]) -> int:
    """A day, or the first of a month, as its number. Raises ``ValueError``."""
    match = form.fullmatch(text_of(cell))
    if match is None:
        raise ValueError(f"no period: {cell!r}")
    return day_number(date(*(int(part) for part in (*match.groups(), "1")[:3])))


def _read(items: Sequence[object], series: str, where: Where, last: int) -> Answer:
    """The means of an answer. A row without place or period, or of a period after `last`, is left
    out with an issue, as are rows of one place and period that differ: names of stations are not
    unique, and nothing tells which is which."""
    means: dict[tuple[int, str, str], OfficialMean | None] = {}
    issues: list[RowIssue] = []
    for number, item in enumerate(items, start=1):
        row: Row = item if isinstance(item, Mapping) else {}
        try:
            slot = where(row)
        except (ValueError, OverflowError):
            issues.append(
                RowIssue(kind="bad_time", where=f"row {number}", detail=shown(_bare(row)))
            )
            continue
        name = f"row {number} {slot[2]}"
        if not slot[2]:
            issues.append(RowIssue(kind="bad_station", where=name, detail=shown(_bare(row))))
        elif slot[0] > last:
            issues.append(RowIssue(kind="future", where=name))
        else:
            period, province, place = slot
            cells = {key: row.get(f"{key}Value") for key in KEYS}
            values = concentrations(cells, name, issues)
            mean = OfficialMean(
                series=series, province=province, place=place, period=period, values=values
            )
            if slot in means and means[slot] != mean:
                issues.append(RowIssue(kind="duplicate", where=name))
                means[slot] = None
            else:
                means[slot] = mean
    return Answer(
        rows=len(items),
        official_means=tuple(mean for mean in means.values() if mean is not None),
        issues=tuple(issues),
    )


def _bare(row: Row) -> Row:
    """A row as it may be reported: the key that some answers echo is left out."""
    return {key: cell for key, cell in row.items() if key != "serviceKey"}
