"""Narrow reads of province hours: without a value and why, at or above a level."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from aq.schema import province_day, province_hour

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


def days_reaching(
    connection: Connection, key: str, scaled: int, first: int, last: int
) -> dict[int, set[int]]:
    """Days ``first <= day <= last`` with an hourly mean of at least `scaled`, by province id."""
    table = province_day
    query = select(table.c.province, table.c.day).where(
        table.c.pollutant == key, table.c.day.between(first, last), table.c.max >= scaled
    )
    out: dict[int, set[int]] = {}
    for row in connection.execute(query):
        out.setdefault(row.province, set()).add(row.day)
    return out


def pairs(
    connection: Connection, key: str, province: int, after: int, until: int
) -> dict[int, dict[int, tuple[int, int]]]:
    """(sum, count) of a province's hours with ``after < hour <= until``, by feed id and hour;
    hours without a valid value are left out."""
    table = province_hour
    count = table.c[f"{key}_n"]
    query = select(table.c.hour, table.c.feed, table.c[f"{key}_sum"], count).where(
        table.c.province == province, table.c.hour > after, table.c.hour <= until, count > 0
    )
    out: dict[int, dict[int, tuple[int, int]]] = {}
    for hour, feed, total, n in connection.execute(query):
        out.setdefault(feed, {})[hour] = (total, n)
    return out
