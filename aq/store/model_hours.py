"""A model's hours to come in the store: the newest that was asked for, and nothing older."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from aq.domain.clock import floor_hour, hour_number
from aq.domain.model import Reading
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE
from aq.feeds.registry import FEED_IDS
from aq.store.engine import Txn
from aq.store.schema import model_ahead


def replace_ahead(txn: Txn, feed: str, asked: datetime, readings: Iterable[Reading]) -> int:
    """Put a model's hours to come in the place of those asked for before; returns how many."""
    number = FEED_IDS[feed]
    rows = [
        {
            "feed": number,
            "province": BY_CODE[reading.province].id,
            "hour": hour_number(reading.hour),
            **{key: reading.values.get(key) for key in KEYS},
            "asked": asked,
            "version": txn.version,
        }
        for reading in readings
        if reading.province is not None and reading.values
    ]
    txn.connection.execute(delete(model_ahead).where(model_ahead.c.feed == number))
    if rows:
        txn.connection.execute(insert(model_ahead), rows)
    return len(rows)


def ahead(
    connection: Connection, feed: str, provinces: Iterable[int], after: datetime
) -> Sequence[Row[Any]]:
    """The hours of a model after an instant: province, hour number, when they were asked for, and
    the value of each pollutant at the store's scale; by province and hour."""
    table = model_ahead
    query = (
        select(table.c.province, table.c.hour, table.c.asked, *(table.c[key] for key in KEYS))
        .where(
            table.c.feed == FEED_IDS[feed],
            table.c.province.in_(list(provinces)),
            table.c.hour > hour_number(floor_hour(after)),
        )
        .order_by(table.c.province, table.c.hour)
    )
    return connection.execute(query).all()
