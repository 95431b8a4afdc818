"""Yellow dust acts in the store: every content that was seen, by time and round."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, String, Table, Text, func, insert, select

from aq.domain.model import YellowDust
from aq.store.engine import Txn
from aq.store.instant import Instant
from aq.store.schema import metadata
from aq.store.upsert import Written

yellow_dust = Table(
    "yellow_dust",
    metadata,
    Column("at", Instant, primary_key=True),
    Column("sequence", String(80), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("told", String(80), nullable=False),
    Column("areas", Text, nullable=False),
    Column("seen", Instant, nullable=False),
)


def put_yellow_dust(txn: Txn, acts: Iterable[YellowDust]) -> Written:
    """Keep acts whose content is not what is held of the same time and round."""
    offered = {(act.at, act.sequence): act for act in acts}
    if not offered:
        return Written()
    first, last = min(at for at, _ in offered), max(at for at, _ in offered)
    stored = {(act.at, act.sequence): act for act in _latest(txn.connection, first, last, None)}
    fresh = [act for key, act in offered.items() if stored.get(key) != act]
    changed = sum((act.at, act.sequence) in stored for act in fresh)
    rows = [
        {
            "at": act.at,
            "sequence": act.sequence,
            "version": txn.version,
            "told": act.told,
            "areas": act.areas,
            "seen": txn.now,
        }
        for act in fresh
    ]
    if rows:
        txn.connection.execute(insert(yellow_dust), rows)
    return Written(len(fresh) - changed, changed, len(offered) - len(fresh))


def _latest(
    connection: Connection, first: datetime, last: datetime, version: int | None
) -> list[YellowDust]:
    table = yellow_dust
    query = select(table).where(table.c.at >= first, table.c.at <= last)
    if version is not None:
        query = query.where(table.c.version <= version)
    rows = connection.execute(query.order_by(table.c.version)).mappings()
    latest = {(row["at"], row["sequence"]): row for row in rows}
    return [
        YellowDust(at=row["at"], told=row["told"], sequence=row["sequence"], areas=row["areas"])
        for _, row in sorted(latest.items())
    ]


def yellow_dust_acts(
    connection: Connection, first: datetime, last: datetime, version: int | None = None
) -> list[YellowDust]:
    """Acts of ``first <= t <= last``, oldest first; as known at a store version."""
    return _latest(connection, first, last, version)


def areas_at_first(
    connection: Connection, first: datetime, last: datetime
) -> dict[tuple[datetime, str], str]:
    """The areas with which each act of ``first <= t <= last`` was seen first, by time and round."""
    table = yellow_dust
    query = select(table).where(table.c.at >= first, table.c.at <= last)
    rows = connection.execute(query.order_by(table.c.version.desc()))
    return {(row.at, row.sequence): row.areas for row in rows}


def yellow_dust_span(connection: Connection) -> tuple[datetime, datetime] | None:
    """When the first and the last act held were."""
    first, last = connection.execute(
        select(func.min(yellow_dust.c.at), func.max(yellow_dust.c.at))
    ).one()
    return None if first is None else (first, last)


def newest_yellow_dust(connection: Connection) -> datetime | None:
    """When the newest act was."""
    newest: datetime | None = connection.scalar(select(func.max(yellow_dust.c.at)))
    return newest
