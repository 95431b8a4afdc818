"""The store's months: a province's pooled monthly means, how complete, and which count."""

from datetime import date, datetime
from typing import Any

import pandas as pd

from aq.context import Context
from aq.domain.averages import THREE_QUARTERS
from aq.domain.clock import (
    HOUR,
    day_number,
    from_day_number,
    kst_day,
    month_end,
    month_start,
    next_month,
)
from aq.domain.model import OBSERVED
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.domain.selection import heard
from aq.domain.trend import Stretch, Trend, smooth, trend
from aq.feeds.registry import INFO
from aq.queries.items import pooled_value
from aq.store import reads

COLUMNS = ("month", "value", "hours", "expected", "feed", "kind", "status", "counts")


def months(
    context: Context, key: str, province: int, after: datetime, until: datetime
) -> pd.DataFrame:
    """Every month from that of the first hour to that of the last, given whole.

    Columns: month (first day), value [pollutant's unit] (NaN without any hour), hours, expected
    (all of the month), feed (the most preferred with any of it), kind, status, counts. A month
    counts for a trend with three quarters of its hours, and where any month of the range is
    measured only measured ones do: a change of the source's kind is no trend of the air.
    """
    if after >= until:
        return pd.DataFrame(columns=list(COLUMNS))
    first, last = month_start(kst_day(after + HOUR)), month_start(kst_day(until))
    pooled = _pooled(context, key, province, first, month_end(last))
    rows = []
    month = first
    while month <= last:
        rows.append(_row(context, key, month, pooled.get(month, {})))
        month = next_month(month)
    measured = any(row["enough"] and row["kind"] == OBSERVED for row in rows)
    for row in rows:
        row["counts"] = row.pop("enough") and (row["kind"] == OBSERVED or not measured)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["value"] = frame["value"].astype("float64")
    return frame


def monthly_trend(
    context: Context, key: str, code: str, after: datetime, until: datetime
) -> tuple[pd.DataFrame, Trend | None, list[Stretch]]:
    """The months of a range, their trend (None with too few), and their smooth course."""
    table = months(context, key, BY_CODE[code].id, after, until)
    counted = [
        value if counts else float("nan")
        for value, counts in zip(table["value"], table["counts"], strict=True)
    ]
    return table, trend(counted), smooth(counted)


def _pooled(
    context: Context, key: str, province: int, first: date, last: date
) -> dict[date, dict[str, tuple[int, int, int]]]:
    """(sum, count, hours) by month and feed."""
    by_month: dict[date, dict[str, tuple[int, int, int]]] = {}
    with context.store.read() as connection:
        for day in reads.days(connection, key, [province], day_number(first), day_number(last)):
            feeds = by_month.setdefault(month_start(from_day_number(day.day)), {})
            total, count, hours = feeds.get(day.feed, (0, 0, 0))
            feeds[day.feed] = (total + day.total, count + day.values, hours + day.hours)
    return by_month


def _row(
    context: Context, key: str, month: date, feeds: dict[str, tuple[int, int, int]]
) -> dict[str, Any]:
    expected = 24 * month_end(month).day
    taken = context.settings.selection.of_period(
        {name: heard(*part[1:]) for name, part in feeds.items()}
    )
    total, count, hours = feeds[taken] if taken else (0, 0, 0)
    taken = taken if hours else None
    return {
        "month": month,
        "value": pooled_value(total, count, pollutants()[key]) if count else None,
        "hours": hours,
        "expected": expected,
        "feed": taken,
        "kind": INFO[taken].kind if taken else None,
        "status": INFO[taken].status if taken else None,
        "enough": hours >= THREE_QUARTERS * expected,
    }
