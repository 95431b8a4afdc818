"""One upsert for both engines, and the comparison that writes only what is distinct."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.dialects import postgresql, sqlite

from aq.store.engine import Txn

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows were new, how many changed, how many were there already, unchanged."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.new + other.new, self.changed + other.changed, self.same + other.same)


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows or, where the primary key is there, set their other columns."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), rows)


def write_distinct(
    txn: Txn,
    table: Table,
    rows: Iterable[Row],
    existing: Mapping[Hashable, Row],
    history: Table | None = None,
) -> tuple[Written, list[Row]]:
    """Write the rows that differ from `existing` (by primary key); returns counts and those rows.

    With a `history` table the rows carry the transaction's version, which is only taken when
    something is written, and what they replace is kept there.
    """
    keys = [column.name for column in table.primary_key]
    written: list[Row] = []
    replaced: list[Row] = []
    same = 0
    for row in rows:
        before = existing.get(tuple(row[key] for key in keys))
        if before is None:
            written.append(row)
        elif all(before[name] == value for name, value in row.items()):
            same += 1
        else:
            replaced.append(before)
            written.append(row)
    if written and history is not None:
        if replaced:
            old = [{**row, "superseded": txn.version} for row in replaced]
            txn.connection.execute(insert(history), old)
        upsert(txn.connection, table, [{**row, "version": txn.version} for row in written])
    elif written:
        upsert(txn.connection, table, written)
    return Written(len(written) - len(replaced), len(replaced), same), written
