"""Items and frames for tests of pages, made by hand, and how their markup is looked through."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from aq.domain.clock import KST
from aq.domain.pollutants import half_up, pollutants
from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.paths import SHIPPED
from aq.queries.current import CurrentItem
from aq.standards_file import load_standards

HOUR = datetime(2026, 11, 23, 11, tzinfo=UTC)  # 20시
STANDARD: Standard = load_standards(SHIPPED / "standards")["airkorea_1h"]


def item(province: str, value: float | None, pollutant: str = "pm10") -> CurrentItem:
    """A province's item as a poll would make it; None is an hour that did not come."""
    place = next(one for one in PROVINCES if one.ko == province)
    known = pollutants()[pollutant]
    made = CurrentItem(
        province=place.ko,
        code=place.code,
        pollutant=pollutant,
        value=value,
        unit=known.unit,
        grade=None,
        levels=4,
        letter=None,
        label=None,
        index=None,
        dominant=None,
        averaging="1h",
        standard=STANDARD.id,
        observed_at=HOUR,
        fetched_at=HOUR + timedelta(minutes=20),
        feed="airkorea",
        kind="observed",
        status="preliminary",
        stations=5,
        stations_expected=5,
        thin=False,
        simulated=True,
        age_hours=0.4,
        stale=False,
        missing_reason=None,
        missing_detail=None,
        last_value=None,
        last_at=None,
    )
    if value is None:
        return replace(made, observed_at=None, stations=None, missing_reason="not_received")

    grade = STANDARD.grade(pollutant, half_up(Decimal(str(value)) * known.scale), "1h")
    level = STANDARD.level(grade) if grade else None
    return replace(
        made,
        grade=grade,
        letter=level.letter if level else None,
        label=level.label("ko") if level else None,
    )


def country(default: float | None = 50.0, **values: float | None) -> list[CurrentItem]:
    """The 17 in page-header order, `default` [µg/m³ of PM10] but where told otherwise."""
    return [item(one.ko, values.get(one.ko, default)) for one in PROVINCES]


def flagged(one: CurrentItem, words: str) -> CurrentItem:
    """An item whose value the source withheld with a flag."""
    return replace(one, missing_reason="source_flag", missing_detail=words)


def hours(values: list[float | None], *, kind: str = "observed") -> pd.DataFrame:
    """A frame as `aq.queries.line` gives it, ending at `HOUR`."""
    numbers = np.array([np.nan if one is None else one for one in values])
    at = pd.date_range(end=HOUR, periods=len(values), freq="h").tz_convert(KST)
    gone = np.isnan(numbers)
    return pd.DataFrame(
        {
            "at": at,
            "value": numbers,
            "grade": pd.array([None] * len(values), dtype="Int64"),
            "feed": ["airkorea"] * len(values),
            "kind": [kind] * len(values),
            "status": ["preliminary"] * len(values),
            "stations": pd.array([None if one else 5 for one in gone], dtype="Int64"),
            "stations_expected": pd.array([5] * len(values), dtype="Int64"),
            "reason": ["source_flag" if one else None for one in gone],
            "detail": ["통신장애" if one else None for one in gone],
        }
    )


def xpath(selector: str) -> str:
    """A selector of CSS (tags, classes, attributes, descendants) as XPath."""
    steps = []
    for part in selector.split():
        tag = re.match(r"[a-z0-9]+", part)
        step = f"//{tag[0] if tag else '*'}"
        for name in re.findall(r"\.([\w-]+)", part):
            step += f"[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"
        step += "".join(f"[@{condition}]" for condition in re.findall(r"\[([^]]+)\]", part))
        steps.append(step)
    return "".join(steps)
