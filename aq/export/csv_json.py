"""CSV, JSON and JSON lines, as bytes in pieces."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from aq.export.about import about
from aq.export.columns import BOOLEAN, INTEGER, NUMBER, Column
from aq.export.query import ExportQuestion
from aq.export.reader import Cells, Part, Piece

Pieces = Iterable[Piece]
BOM = b"\xef\xbb\xbf"
# What a spreadsheet may take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Rows whose text is made together.
TOGETHER = 1 << 11
_FLAGS = {True: "true", False: "false", None: ""}


def csv_bytes(question: ExportQuestion, pieces: Pieces) -> Iterator[bytes]:
    """A header and a line per row; an empty cell is null."""
    if question.bom:
        yield BOM
    yield csv_line([column.name for column in question.columns]).encode()

    def part(columns: tuple[Column, ...], cells: Cells) -> str:
        given = _harmless_cells(columns, cells)
        if columns == question.columns:
            return csv_line(given)[:-1]
        # A line of one empty cell is written as "", which none of several parts is.
        return csv_line([*given, None])[:-2]

    texts = Texts(question.columns, part)
    for piece in pieces:
        for rows in texts.of_rows(piece, ","):
            yield "".join([f"{row}\n" for row in rows]).encode()


def csv_line(cells: Iterable[Any]) -> str:
    """A line of CSV with its end."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def plain_cells(columns: tuple[Column, ...], cells: Cells) -> Iterator[Any]:
    """The cells as they are, booleans in small letters."""
    return (
        _FLAGS[cell] if column.kind == BOOLEAN else cell
        for column, cell in zip(columns, cells, strict=True)
    )


def _harmless_cells(columns: tuple[Column, ...], cells: Cells) -> Iterator[Any]:
    for column, cell in zip(columns, plain_cells(columns, cells), strict=True):
        yield harmless(cell) if column.foreign else cell


class Texts:
    """The text of rows, that of each part made once and remembered."""

    def __init__(
        self, columns: tuple[Column, ...], encode: Callable[[tuple[Column, ...], Cells], str]
    ) -> None:
        self._columns, self._encode = columns, encode
        self._known: dict[int, tuple[Sequence[Cells], list[str]]] = {}

    def of_part(self, part: Part, start: int) -> list[str]:
        """The texts of the cells of a part that begins with the column `start`."""
        cells, texts = self._known.get(start, (None, []))
        if cells is not part.cells:
            texts = []
            self._known[start] = part.cells, texts
        of = self._columns[start : start + part.width]
        texts += [self._encode(of, cell) for cell in part.cells[len(texts) :]]
        return texts

    def of_rows(self, piece: Piece, between: str) -> Iterator[list[str]]:
        """The rows' texts, some at a time."""
        columns = [
            np.array(self.of_part(part, start), dtype=object)[part.which]
            for start, part in piece.placed()
        ]
        for first in range(0, len(piece), TOGETHER):
            some = [numbers[first : first + TOGETHER].tolist() for numbers in columns]
            yield list(map(between.join, zip(*some, strict=True)))


def harmless(text: str | None) -> str | None:
    """Text that no spreadsheet takes for a formula: a leading apostrophe makes it text."""
    return f"'{text}" if text and text.startswith(FORMULA) else text


def jsonl_bytes(question: ExportQuestion, pieces: Pieces) -> Iterator[bytes]:
    """One object a line."""
    for rows in _objects(question.columns, pieces):
        yield "".join([f"{row}\n" for row in rows]).encode()


def json_bytes(question: ExportQuestion, pieces: Pieces) -> Iterator[bytes]:
    """One document: the question, what the columns say, the items."""
    head = {
        "question": question.as_dict(),
        **({"about": about(question)} if question.layout > 1 else {}),
        "columns": {column.name: column.about for column in question.columns},
    }
    text = json.dumps(head, ensure_ascii=False)
    yield f'{text[:-1]}, "items": ['.encode()
    first = True
    for rows in _objects(question.columns, pieces):
        yield (("\n" if first else ",\n") + ",\n".join(rows)).encode()
        first = False
    yield b"\n]}\n"


def _objects(columns: tuple[Column, ...], pieces: Pieces) -> Iterator[list[str]]:
    """Rows as objects, some at a time. Numbers stand in JSON as their exact decimal text."""

    def part(of: tuple[Column, ...], given: Cells) -> str:
        return ", ".join(
            f"{json.dumps(column.name)}: {_WAYS.get(column.kind, _quoted)(cell)}"
            for column, cell in zip(of, given, strict=True)
        )

    texts = Texts(columns, part)
    for piece in pieces:
        for rows in texts.of_rows(piece, ", "):
            yield [f"{{{row}}}" for row in rows]


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def _bare(cell: Any) -> str:
    return "null" if cell is None else str(cell)


def _flag(cell: bool | None) -> str:
    return _FLAGS[cell] or "null"


_WAYS: dict[str, Callable[[Any], str]] = {NUMBER: _bare, INTEGER: _bare, BOOLEAN: _flag}
