"""The store's months: a province's pooled monthly means, how complete, and which count."""

import calendar
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from aq.context import Context
from aq.domain.averages import THREE_QUARTERS
from aq.domain.clock import kst_day
from aq.domain.model import OBSERVED
from aq.domain.pollutants import pollutants
from aq.feeds.registry import FEED_NAMES, INFO
from aq.queries.items import pooled_value
from aq.store import reads

COLUMNS = ("month", "value", "hours", "expected", "feed", "kind", "status", "counts")
_EPOCH = date(1970, 1, 1)


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
    first = kst_day(after + timedelta(hours=1)).replace(day=1)
    last = kst_day(until).replace(day=1)
    pooled = _pooled(context, key, province, first, _end(last))
    rows = []
    month = first
    while month <= last:
        rows.append(_row(context, key, month, pooled.get(month, {})))
        month = (month + timedelta(days=31)).replace(day=1)
    measured = any(row["enough"] and row["kind"] == OBSERVED for row in rows)
    for row in rows:
        row["counts"] = row.pop("enough") and (row["kind"] == OBSERVED or not measured)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["value"] = frame["value"].astype("float64")
    return frame


def _end(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _pooled(
    context: Context, key: str, province: int, first: date, last: date
) -> dict[date, dict[str, tuple[int, int, int]]]:
    """(sum, count, hours) by month and feed."""
    found: dict[date, dict[str, tuple[int, int, int]]] = {}
    bounds = (first - _EPOCH).days, (last - _EPOCH).days
    with context.store.read() as connection:
        for row in reads.days(connection, key, [province], *bounds):
            month = (_EPOCH + timedelta(days=row.day)).replace(day=1)
            feeds = found.setdefault(month, {})
            total, count, hours = feeds.get(FEED_NAMES[row.feed], (0, 0, 0))
            feeds[FEED_NAMES[row.feed]] = (total + row.sum, count + row.n, hours + row.hours)
    return found


def _row(
    context: Context, key: str, month: date, feeds: dict[str, tuple[int, int, int]]
) -> dict[str, Any]:
    expected = 24 * _end(month).day
    taken = context.settings.selection.of_period({name: part[2] for name, part in feeds.items()})
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
