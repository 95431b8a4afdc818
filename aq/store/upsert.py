"""One upsert for both engines, and the comparison that writes only what is distinct."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, CursorResult, Dialect, Table, insert

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


def as_rows(result: CursorResult[Any]) -> list[Row]:
    """What a query gave as rows to write."""
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result.all()]


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows or, where the primary key is there, set their other columns."""
    if not rows:
        return
    names = tuple(rows[0])
    if any(_converted(table.c[name], connection.dialect) for name in names):
        connection.execute(_statement(table, names, connection.dialect.name), rows)
        return
    # Numbers and texts go to the driver as they are, without a look at each cell.
    text, order = _text(table, names, connection.dialect)
    if order is None:
        connection.exec_driver_sql(text, list(rows))
    else:
        connection.exec_driver_sql(text, [tuple([row[name] for name in order]) for row in rows])


def upsert_cells(
    connection: Connection, table: Table, columns: Mapping[str, Iterable[Any]], rows: int
) -> None:
    """`upsert` of columns of numbers and texts, `rows` long (constants may go on for ever)."""
    names = tuple(columns)
    text, order = _text(table, names, connection.dialect)
    cells = islice(zip(*(columns[name] for name in order or names), strict=False), rows)
    if order is None:
        connection.exec_driver_sql(text, [dict(zip(names, row, strict=True)) for row in cells])
    else:
        connection.exec_driver_sql(text, list(cells))


def insert_of(engine: str) -> Any:
    """The engine's own `insert`, which knows conflicts; the other engine's is not loaded."""
    return import_module(f"sqlalchemy.dialects.{engine}").insert


def _statement(table: Table, names: Sequence[str], engine: str) -> Any:
    statement = insert_of(engine)(table)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


def _converted(column: Column[Any], dialect: Dialect) -> bool:
    """Whether SQLAlchemy changes a cell of this column on its way to the driver."""
    return column.type.dialect_impl(dialect).bind_processor(dialect) is not None


@lru_cache(maxsize=64)
def _text(
    table: Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[str, ...] | None]:
    """The SQL of an upsert, and the order its parameters stand in where they have no names."""
    statement = _statement(table, names, dialect.name)
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    return str(compiled), tuple(compiled.positiontup) if compiled.positional else None


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
    key = itemgetter(*(column.name for column in table.primary_key))
    written: list[Row] = []
    replaced: list[Row] = []
    same = 0
    for row in rows:
        before = existing.get(key(row))
        if before is None:
            written.append(row)
        elif row.items() <= before.items():
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
