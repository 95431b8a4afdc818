"""Province hours without a value: which are there with their reason, which are not there at all."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from aq.schema import province_hour

Row = Any


def slots(connection: Connection, key: str, after: int, until: int) -> Sequence[Row]:
    """(province, hour, feed, n, why) of all province hours with ``after < hour <= until``.

    `n` is the number of valid values of a pollutant, `why` the store's JSON of reasons.
    """
    table = province_hour
    query = select(
        table.c.province, table.c.hour, table.c.feed, table.c[f"{key}_n"].label("n"), table.c.why
    ).where(table.c.hour > after, table.c.hour <= until)
    return connection.execute(query).all()
