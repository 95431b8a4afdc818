"""Ours against upstream's own: means over hours, grades of stations."""

from datetime import UTC, datetime
from decimal import Decimal

from aq.domain.agreement import compare, disagreements, upstream_grade
from aq.domain.model import HourMean, ProvinceHour, Reading, Station, Upstream
from aq.i18n import text_in
from aq.paths import ROOT
from aq.standards_file import load_standards
from aq.web.pages.feeds import compared

HOURLY = load_standards(ROOT / "config" / "standards")["airkorea_1h"]
KEYS = ("pm10", "pm25", "o3", "no2", "so2", "co")
NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)


def hour(number: int, total: int, count: int) -> ProvinceHour:
    """A province hour of 서울 with one value for PM10 and nothing else."""
    means = dict.fromkeys(KEYS, HourMean(0, 0)) | {"pm10": HourMean(total, count)}
    return ProvinceHour(1, number, "airkorea", means)


def test_means_are_compared_hour_by_hour() -> None:
    ours = [hour(10, 1202, 3), hour(11, 900, 3), hour(12, 500, 1), hour(13, 0, 0)]
    theirs = [hour(10, 400, 1), hour(11, 330, 1), hour(13, 100, 1), hour(14, 100, 1)]
    found = {one.pollutant: one for one in compare(ours, theirs)}
    pm10 = found["pm10"]
    assert (pm10.hours, pm10.same) == (2, 1)
    assert pm10.bias == Decimal("-1.45")
    assert (pm10.largest, pm10.where, pm10.at) == (Decimal("-3.0"), "서울", 11)
    assert (found["o3"].hours, found["o3"].bias) == (0, None)


def test_the_table_says_so_or_says_why_not() -> None:
    text = text_in("ko")
    lines = compare([hour(10, 1202, 3)], [hour(10, 400, 1)])
    table = compared(lines, text)
    assert "미세먼지" in table
    assert "µg/m³ (서울" in table
    assert table.count("<tr>") == 2
    nothing = compared(compare([], []), text)
    assert "<table" not in nothing
    assert "아직 받지 못했습니다" in nothing


def test_hourly_grades_are_held_against_upstreams_hourly_ones() -> None:
    station = Station(name="가동", sido="서울")
    upstream = Upstream(grades={"pm10": 1, "pm10_1h": 3, "o3": 2, "no2": 4})
    one = Reading(
        station=station,
        hour=NOON,
        values={"pm10": 900, "o3": 200, "no2": 100, "co": 30},
        flags={"no2": "source:장비점검"},
        upstream=upstream,
    )
    counted, differ = disagreements([one], HOURLY)
    assert (counted, dict(differ)) == (2, {"o3": 1})
    assert upstream_grade("pm10", upstream.grades) == 3
    assert upstream_grade("overall", upstream.grades) is None
