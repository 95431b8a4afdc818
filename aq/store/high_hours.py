"""Hours in which some station was high: where a mean of stations can have been."""

from sqlalchemy import Connection, select

from aq.domain.pollutants import KEYS
from aq.store.schema import station_hour


def hours_reaching(
    connection: Connection, key: str, at_least: int, after: int, until: int
) -> list[int]:
    """The hours (``after < hour <= until``) in which any station's value counts and is at least so
    high, in the order of time; archived months are not looked at."""
    table, bit = station_hour, 1 << KEYS.index(key)
    query = select(table.c.hour).where(
        table.c.hour > after,
        table.c.hour <= until,
        table.c[key] >= at_least,
        table.c.bad.bitwise_and(bit) == 0,
    )
    return list(connection.scalars(query.distinct().order_by(table.c.hour)))
