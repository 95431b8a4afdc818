"""Means that upstream publishes, in the store: every content that was seen, by period and place."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    case,
    func,
    insert,
    select,
)

from aq.domain.model import OfficialMean
from aq.domain.pollutants import KEYS
from aq.feeds.registry import FEED_IDS
from aq.store.engine import Txn
from aq.store.schema import metadata, station_hour
from aq.store.upsert import Written

official_mean = Table(
    "official_mean",
    metadata,
    Column("series", String(16), primary_key=True),
    Column("period", Integer, primary_key=True, autoincrement=False),
    Column("province", String(8), primary_key=True),
    Column("place", String(80), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    *(Column(key, Integer) for key in KEYS),
)
# (sum, count) by pollutant of the hours that count.
Sums = Mapping[str, tuple[int, int]]


def put_official_means(txn: Txn, means: Iterable[OfficialMean], *, keep: bool = False) -> Written:
    """Keep means whose values are not what is held of the same place and period.

    With `keep`, what is held stays: a value whose key did not come is not known.
    """
    offered = {_slot(mean): mean for mean in means}
    stored = {
        _slot(mean): mean
        for series in {series for series, *_ in offered}
        for mean in official_means(
            txn.connection, series, {period for name, period, *_ in offered if name == series}
        )
    }
    fresh = [mean for slot, mean in offered.items() if stored.get(slot) != mean]
    if keep:
        fresh = [mean for mean in fresh if _slot(mean) not in stored]
    changed = sum(_slot(mean) in stored for mean in fresh)
    rows = [
        {
            "series": mean.series,
            "period": mean.period,
            "province": mean.province,
            "place": mean.place,
            "version": txn.version,
            **{key: mean.values.get(key) for key in KEYS},
        }
        for mean in fresh
    ]
    if rows:
        txn.connection.execute(insert(official_mean), rows)
    return Written(len(fresh) - changed, changed, len(offered) - len(fresh))


def _slot(mean: OfficialMean) -> tuple[str, int, str, str]:
    return mean.series, mean.period, mean.province, mean.place


def official_means(
    connection: Connection, series: str, periods: Iterable[int]
) -> list[OfficialMean]:
    """What is held now of a series in some periods, by period and place."""
    table = official_mean
    order = (table.c.period, table.c.province, table.c.place)
    query = (
        select(table)
        .where(table.c.series == series, table.c.period.in_(sorted(periods)))
        .order_by(*order, table.c.version)
    )
    rows = connection.execute(query).mappings()
    newest = [
        list(group)[-1]
        for _, group in groupby(rows, key=lambda row: tuple(row[column.name] for column in order))
    ]
    return [
        OfficialMean(
            series=series,
            province=row["province"],
            place=row["place"],
            period=row["period"],
            values={key: row[key] for key in KEYS if row[key] is not None},
        )
        for row in newest
    ]


def newest_periods(connection: Connection, series: str, count: int) -> list[int]:
    """The newest periods held of a series, at most so many, oldest first."""
    query = (
        select(official_mean.c.period)
        .where(official_mean.c.series == series)
        .distinct()
        .order_by(official_mean.c.period.desc())
        .limit(count)
    )
    return sorted(connection.scalars(query))


def station_sums(
    connection: Connection, feed: str, after: int, until: int
) -> Iterator[tuple[int, Sums]]:
    """(station, sums) of a feed's hours ``after < hour <= until`` that are in the store; months in
    the archive are not read."""
    table = station_hour
    columns = []
    for place, key in enumerate(KEYS):
        counts = table.c[key].is_not(None) & (table.c.bad.bitwise_and(1 << place) == 0)
        columns += [func.sum(case((counts, table.c[key]), else_=0))]
        columns += [func.sum(case((counts, 1), else_=0))]
    query = (
        select(table.c.station, *columns)
        .where(table.c.hour > after, table.c.hour <= until, table.c.feed == FEED_IDS[feed])
        .group_by(table.c.station)
    )
    for row in connection.execute(query):
        sums = row[1:]
        pairs = zip(KEYS, sums[::2], sums[1::2], strict=True)
        yield row[0], {key: (int(total), int(count)) for key, total, count in pairs}
