"""Open-Meteo's own indices against ours, where a recording carries what they are computed from.

`us_aqi` follows our table over 24 hours. `european_aqi` does not follow ours: it takes the hour and
the revised European table, of which only the PM2.5 part is known here, second-hand; the test shows
that this alone explains the difference. Values: Open-Meteo (CAMS), CC BY 4.0.
"""

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path

from aq.domain.averages import mean_at
from aq.domain.pollutants import pollutants, to_scaled
from aq.paths import ROOT
from aq.standards_file import load_standards

STANDARDS = load_standards(ROOT / "config" / "standards")
US, EUROPE = STANDARDS["us_epa_2024"], STANDARDS["eu_eaqi"]
SAMPLES = Path(os.environ.get("AQ_SAMPLES", ROOT.parent / "shared" / "feeds" / "samples"))
PM25 = pollutants()["pm25"]
# Ends of PM2.5 [µg/m³] and of european_aqi: the revised table of 2024/25, second-hand.
REVISED = ((0, 0), (5, 20), (15, 40), (50, 60), (90, 80), (140, 100))
# (PM2.5 of the hour, european_aqi), Lahore, 2026-10-08, where PM2.5 is the worst.
RECORDED_HOURS = [("72.9", 71), ("69.8", 70), ("79.6", 75), ("108.0", 87), ("57.3", 64)]


def _revised(pm25: str) -> int:
    value = Fraction(pm25)
    for (low, bottom), (high, top) in pairwise(REVISED):
        if value <= high:
            exact = bottom + (top - bottom) * (value - low) / (high - low)
            return floor(exact + Fraction(1, 2))
    raise AssertionError("above the table")


def _recorded() -> Iterator[tuple[list[str], list[int], list[int]]]:
    """PM2.5, european_aqi and us_aqi of every recording with hours."""
    for path in sorted((SAMPLES / "openmeteo").glob("hourly_*.json")):
        hourly = json.loads(path.read_text("utf-8"), parse_float=str)["hourly"]
        yield [str(one) for one in hourly["pm2_5"]], hourly["european_aqi"], hourly["us_aqi"]


def test_us_aqi_of_24_hours_is_ours() -> None:
    # Lahore, 2026-10-08 hours 00-23: mean 72.55, cut to 72.5; (200-151)/(125.4-55.5) x 17 + 151.
    assert US.index("pm25", 725, "24h") == 163
    for pm25, _, us_aqi in _recorded():
        day = [to_scaled(Decimal(value), PM25) for value in pm25[:24]]
        mean = mean_at(day, "24h", "pm25", US.complete).value
        assert mean is not None
        assert US.index("pm25", mean, "24h") == us_aqi[23]


def test_us_aqi_is_not_the_nowcast_we_show() -> None:
    for pm25, _, us_aqi in _recorded():
        hours = [to_scaled(Decimal(value), PM25) for value in pm25[:24]]
        now = mean_at(hours, "nowcast", "pm25").value
        assert now is not None
        assert US.index("pm25", now, "nowcast") != us_aqi[23]


def test_european_aqi_is_the_hour_on_the_revised_table() -> None:
    for value, index in RECORDED_HOURS:
        assert _revised(value) == index
    for pm25, european, _ in _recorded():
        # A gas may be worse than PM2.5, never better.
        gaps = [index - _revised(value) for value, index in zip(pm25, european, strict=True)]
        assert min(gaps) == 0
        assert gaps.count(0) * 2 > len(gaps)


def test_so_european_aqi_differs_from_our_table_in_force_before() -> None:
    # 57.3 µg/m³: level 4 there (60-80), 5 by the table before the revision (50-75).
    assert -(-_revised("57.3") // 20) == 4
    assert EUROPE.grade("pm25", 573, "24h") == 5


def test_a_european_index_from_before_the_revision_agrees() -> None:
    # Berlin, 2024-02-21 16:00: european_aqi 22. Ozone 54.0 µg/m³ alone gives 20 + 20 x 4/50 = 21.6,
    # and its level is our second; NO2 17.7 and SO2 1.3 are far below. PM has no recorded window.
    ozone, nitrogen = pollutants()["o3"], pollutants()["no2"]
    volume = Decimal("24.055") / 1000
    in_ppm = Decimal("54.0") * volume / Decimal("48.00")
    assert EUROPE.grade("o3", to_scaled(in_ppm, ozone), "1h") == 2
    assert EUROPE.grade("no2", to_scaled(Decimal("17.7") * volume / 46, nitrogen), "1h") == 1
    assert round(20 + 20 * (54.0 - 50) / 50) == 22
