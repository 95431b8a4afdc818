"""A model's hours to come in the store: the newest that was asked for, and nothing older."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from aq.domain.clock import floor_hour, hour_number
from aq.domain.model import Reading
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE
from aq.feeds.registry import FEED_IDS
from aq.store.engine import Txn
from aq.store.schema import model_ahead

Hour = tuple[int, int]  # hour number, value at the store's scale


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
    connection: Connection, feed: str, province: int, key: str, after: datetime
) -> tuple[list[Hour], datetime | None]:
    """The hours after an instant that have a value of a pollutant, and when they were asked for."""
    column = model_ahead.c[key]
    query = select(model_ahead.c.hour, column, model_ahead.c.asked).where(
        model_ahead.c.feed == FEED_IDS[feed],
        model_ahead.c.province == province,
        model_ahead.c.hour > hour_number(floor_hour(after)),
        column.is_not(None),
    )
    rows = connection.execute(query.order_by(model_ahead.c.hour)).all()
    return [(row[0], row[1]) for row in rows], rows[0][2] if rows else None
