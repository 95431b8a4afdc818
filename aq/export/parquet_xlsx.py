"""Parquet and XLSX, the same bytes for the same rows whenever they are made."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from aq.export.about import about, note
from aq.export.columns import BOOLEAN, DAY, INSTANT, INTEGER, NUMBER, TIME, Column
from aq.export.csv_json import Pieces, csv_line, plain_cells
from aq.export.query import ExportQuestion
from aq.export.reader import Cells, Numbers, Part, Piece

PIECE = 1 << 18
# Rows in a row group of Parquet, of which few are in memory at once.
GROUP_ROWS = 1 << 15
# Rows of a worksheet, its header included (Excel's own limit).
SHEET_ROWS = 1 << 20
NOTE = {"x_scale": 2, "author": "aq"}
DATE_WIDTH = 22  # characters; a narrower cell shows ####


def _from_spool(spool: BinaryIO) -> Iterator[bytes]:
    spool.seek(0)
    while piece := spool.read(PIECE):
        yield piece


_TIMES = {INSTANT: pa.timestamp("ms", tz="+09:00"), DAY: pa.date32()}


def _type(column: Column, grain: str) -> Any:
    if column.kind == TIME:
        by_grain = {"hour": _TIMES[INSTANT], "day": _TIMES[DAY]}
        return by_grain.get(grain, pa.string())
    by_kind = {**_TIMES, NUMBER: pa.float64(), INTEGER: pa.int32(), BOOLEAN: pa.bool_()}
    return by_kind.get(column.kind, pa.string())


def parquet_bytes(question: ExportQuestion, pieces: Pieces) -> Iterator[bytes]:
    """Typed columns; what the file is stands in the schema's metadata, each column's in its own."""
    schema = pa.schema(
        [
            pa.field(column.name, _type(column, question.grain), metadata={"about": column.about})
            for column in question.columns
        ],
        metadata=about(question),
    )
    tables = _Tables(question.columns, schema)
    with tempfile.TemporaryFile() as spool:
        # A group is written while the next is read: Arrow does not hold Python's lock.
        with (
            pq.ParquetWriter(spool, schema, compression="zstd") as writer,
            ThreadPoolExecutor(1) as pool,
        ):
            writing = None
            for group in _groups(pieces):
                if writing is not None:
                    writing.result()
                writing = pool.submit(lambda group: writer.write_table(tables.of(group)), group)
            if writing is not None:
                writing.result()
        yield from _from_spool(spool)


def _groups(pieces: Pieces) -> Iterator[list[Piece]]:
    """Rows in groups of one size, so that it does not matter in what pieces they came."""
    group: list[Piece] = []
    room = GROUP_ROWS
    for piece in pieces:
        start = 0
        while start < len(piece):
            group.append(piece.rows_from(start, room))
            start += len(group[-1])
            room -= len(group[-1])
            if room == 0:
                yield group
                group, room = [], GROUP_ROWS
    if group:
        yield group


class _Tables:
    """Rows as typed columns: those of a part's cells are made once, and taken by number."""

    def __init__(self, columns: tuple[Column, ...], schema: Any) -> None:
        self._columns, self._schema = columns, schema
        self._known: dict[int, tuple[Sequence[Cells] | None, Any]] = {}

    def of(self, pieces: Iterable[Piece]) -> Any:
        """One table of some pieces."""
        return pa.concat_tables([self._of_one(piece) for piece in pieces])

    def _of_one(self, piece: Piece) -> Any:
        columns: list[Any] = []
        for start, part in piece.placed():
            columns += self._cells(start, part).take(_array(part.which)).columns
        return pa.Table.from_arrays(columns, schema=self._schema)

    def _cells(self, start: int, part: Part) -> Any:
        """The cells of a part that begins with the column `start`."""
        of = slice(start, start + part.width)
        schema = pa.schema(list(self._schema)[of])
        cells, table = self._known.get(start, (None, None))
        done = len(table) if table is not None and cells is part.cells else 0
        if done < len(part.cells):
            more = _table(schema, _lines(self._columns[of], part.cells[done:]))
            table = pa.concat_tables([table, more]).combine_chunks() if done else more
            self._known[start] = part.cells, table
        return table


def _lines(columns: tuple[Column, ...], rows: Sequence[Cells]) -> bytes:
    return "".join([csv_line(plain_cells(columns, cells)) for cells in rows]).encode()


def _array(which: Numbers) -> Any:
    """Numbers for Arrow without a copy; `pyarrow.array` would load pandas."""
    numbers = np.ascontiguousarray(which, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def _table(schema: Any, lines: bytes) -> Any:
    """A typed table of CSV lines; an empty cell is null, a number the nearest double.

    Arrow's own reader, since building its arrays from lists would load pandas: 50 MB that a
    process of one export does not need.
    """
    return read_csv(
        pa.BufferReader(lines),
        ReadOptions(column_names=schema.names, use_threads=False, block_size=len(lines) + 1),
        ParseOptions(newlines_in_values=True),
        ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
        ),
    ).cast(schema)


def xlsx_bytes(question: ExportQuestion, pieces: Pieces) -> Iterator[bytes]:
    """The data, on as many sheets as their rows need, and a last sheet that explains."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as spool:
        options = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        book = xlsxwriter.Workbook(spool, options)
        # The clock would make other bytes of the same answer.
        book.set_properties({"title": "Air quality", "created": question.until})
        try:
            _data(book, question, (row for piece in pieces for row in piece.rows()))
            _explain(book, question)
            book.close()
        finally:
            # The rows of each sheet wait in a file; a stopped export leaves none open.
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
        yield from _from_spool(spool)


def _data(book: Any, question: ExportQuestion, rows: Iterator[Cells]) -> None:
    dates = _dates(book, question) if question.layout > 1 else {}
    kinds = [column.kind for column in question.columns]
    sheet, line = _sheet(book, question, "data"), 1
    sheets = 1
    for row in rows:
        if line == SHEET_ROWS:
            sheets += 1
            sheet, line = _sheet(book, question, f"data {sheets}"), 1
        for place, (kind, cell) in enumerate(zip(kinds, row, strict=True)):
            if cell is None:
                continue
            if kind in (NUMBER, INTEGER):
                sheet.write_number(line, place, float(cell))
            elif kind in dates:
                sheet.write_datetime(line, place, _naive(cell), dates[kind])
            elif kind == BOOLEAN:
                sheet.write_boolean(line, place, cell)
            else:
                sheet.write_string(line, place, cell)
        line += 1


def _dates(book: Any, question: ExportQuestion) -> dict[str, Any]:
    """By kind of column how Excel shows its dates: instants by the clock of Korea."""
    instant, day, month, year = (
        book.add_format({"num_format": form})
        for form in ('yyyy-mm-dd hh:mm "KST"', "yyyy-mm-dd", "yyyy-mm", "yyyy")
    )
    of_grain = {"hour": instant, "day": day, "month": month, "year": year}[question.grain]
    return {INSTANT: instant, DAY: day, TIME: of_grain}


@lru_cache(4096)
def _naive(text: str) -> datetime:
    """An instant by the clock of Korea, the first moment of a day, month or year, without offset:
    Excel knows none."""
    whole = text if len(text) > 7 else f"{text}-01-01"[:10]
    return datetime.fromisoformat(whole).replace(tzinfo=None)


def _sheet(book: Any, question: ExportQuestion, name: str) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(question.columns):
        sheet.write_string(0, place, column.name)
        if question.layout > 1:
            sheet.write_comment(0, place, note(question, column), NOTE)
            if column.kind in (TIME, INSTANT, DAY):
                sheet.set_column(place, place, DATE_WIDTH)
    return sheet


def _explain(book: Any, question: ExportQuestion) -> None:
    sheet = book.add_worksheet("about")
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 90)
    lines = [
        *about(question).items(),
        ("", ""),
        *((column.name, column.about) for column in question.columns),
    ]
    for number, (name, text) in enumerate(lines):
        sheet.write_string(number, 0, name)
        sheet.write_string(number, 1, text)
