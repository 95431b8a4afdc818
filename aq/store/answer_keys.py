"""Keys of answers that are not as documented, operation by operation, as of its last answer."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, delete, insert, select

from aq.domain.model import AnswerKey
from aq.store.engine import Store
from aq.store.instant import Instant
from aq.store.schema import metadata

answer_key = Table(
    "answer_key",
    metadata,
    Column("operation", String(80), primary_key=True),
    Column("change", String(8), primary_key=True),  # gone, new
    Column("name", String(64), primary_key=True),
    Column("rows", Integer, nullable=False),  # of the last answer
    Column("since", Instant, nullable=False),
    Column("seen", Instant, nullable=False),
)


def record_keys(
    store: Store, operations: Mapping[str, Mapping[str, Mapping[str, int]]], now: datetime
) -> None:
    """Keep what the answers of these operations lacked and had beside the documents, in place of
    what was held of them; nothing is written where nothing is to be said."""
    stored = [key for key in odd_keys(store) if key.operation in operations]
    if not stored and not any(any(changes.values()) for changes in operations.values()):
        return
    since = {(key.operation, key.change, key.name): key.since for key in stored}
    rows = [
        {
            "operation": operation,
            "change": change,
            "name": name,
            "rows": count,
            "since": since.get((operation, change, name), now),
            "seen": now,
        }
        for operation, changes in operations.items()
        for change, names in changes.items()
        for name, count in names.items()
    ]
    with store.book() as connection:
        connection.execute(delete(answer_key).where(answer_key.c.operation.in_(operations)))
        if rows:
            connection.execute(insert(answer_key), rows)


def odd_keys(store: Store) -> list[AnswerKey]:
    """All that is held, operation by operation, the gone before the new."""
    order = (answer_key.c.operation, answer_key.c.change, answer_key.c.name)
    with store.read() as connection:
        rows = connection.execute(select(answer_key).order_by(*order)).mappings()
        return [AnswerKey(**row) for row in rows]
